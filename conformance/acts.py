"""Suite act: what a foundry's people and its decision key sign besides decisions and reviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from attest.encoding import Json, digest, loads
from attest.envelope import seal
from attest.models import ACKNOWLEDGEMENT_TYPE, ACTIVATION_TYPE, POLICY_TYPE
from conformance import keyset_changes, papers
from conformance.binary import Documents
from conformance.keys import LOG, OTHER_LOG, WITNESSES, StatementSigner, signed
from conformance.papers import AT, DECIDER, OSAT_DECIDER, REVIEWERS, STRANGER
from conformance.trees import small_log
from conformance.vectors import Vector, accept, refuse

SUITE = "act"
AFTER = papers.trust_document(mode="bis_practice")
LATER = "2026-11-24T14:00:01Z"
SUBMISSION = sha256(b"a submission").hexdigest()
HOLDERS = ["Ana Example", "Wei Example"]
Row = tuple[str, str, Json, Json]


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    rows = [
        *_activations(documents),
        *_changes(documents),
        *keyset_changes.rows(documents),
        *_acknowledgements(documents),
        *_policies(documents),
        *_witnessed(documents),
    ]
    under = {
        "trust": documents.write(papers.trust_document()),
        "documents": [documents.write(raw) for raw in (*papers.KEYSETS, papers.pack())],
    }
    for vector_id, about, asked, expect in rows:
        yield Vector(SUITE, vector_id, about, {**asked, **under}, expect)


def named(name: str, raw: bytes) -> Json:
    """The subject of a statement about bytes."""
    return [{"name": name, "digest": {"sha256": digest(raw).removeprefix("sha256:")}}]


def activation(
    *,
    signers: Sequence[StatementSigner] = REVIEWERS,
    subject: Json = None,
    kind: str = ACTIVATION_TYPE,
    **changes: Json,
) -> bytes:
    """A sealed activation of the snapshot with the other mode."""
    pack = loads(papers.pack())
    predicate = {
        "must_understand": [],
        "replaces": digest(papers.trust_document()),
        "mode": "bis_practice",
        "packs": [{"id": pack["id"], "edition": pack["edition"], "digest": digest(papers.pack())}],
        "reason": "The counsel has approved it.",
        "activated_at": AT,
        **changes,
    }
    subject = subject or named("trust", AFTER)
    return seal(papers.statement(kind, predicate, subject=subject), signers)


def _activations(documents: Documents) -> Iterator[Row]:
    opened = accept(snapshot=digest(AFTER), holders=HOLDERS)
    two = [*named("trust", AFTER), *named("trust", AFTER)]
    replaced = digest(AFTER)
    for vector_id, about, raw, expect in [
        ("good", "Two people activate a snapshot.", activation(), opened),
        (
            "one-person",
            "One person signed.",
            activation(signers=REVIEWERS[:1]),
            refuse("too-few-signers"),
        ),
        (
            "purpose",
            "Signed with a decision key.",
            activation(signers=[DECIDER]),
            refuse("key-purpose"),
        ),
        (
            "stranger",
            "A stranger signed too.",
            activation(signers=[*REVIEWERS, STRANGER]),
            refuse("unknown-key"),
        ),
        (
            "replaces",
            "It replaces another snapshot.",
            activation(replaces=replaced),
            refuse("activation-not-possible"),
        ),
        (
            "early",
            "Dated a second after it is entered.",
            activation(activated_at=LATER),
            refuse("not-yet-valid"),
        ),
        (
            "extension",
            "An extension is demanded.",
            activation(must_understand=["x"]),
            refuse("must-understand"),
        ),
        ("subject-two", "Two subjects.", activation(subject=two), refuse("schema-violation")),
        (
            "subject-name",
            "The subject is called otherwise.",
            activation(subject=named("pack", AFTER)),
            refuse("schema-violation"),
        ),
        (
            "type",
            "A statement of another type.",
            activation(kind=POLICY_TYPE),
            refuse("unknown-predicate-type"),
        ),
        ("mode", "A mode that is not known.", activation(mode="any"), refuse("schema-violation")),
    ]:
        asked = {
            "do": "open-activation",
            "activation": documents.write(raw),
            "at": AT,
            "after": None,
        }
        yield f"activation-{vector_id}", about, asked, expect


def _changes(documents: Documents) -> Iterator[Row]:
    """An activation beside the snapshot that follows: it has to be the one that was activated."""
    opened = accept(snapshot=digest(AFTER), holders=HOLDERS)
    newer = [{"id": "conformance", "edition": "2026-11-25", "digest": "sha256:" + "00" * 32}]
    refused = refuse("activation-not-possible")
    fewer = papers.trust_document(
        mode="bis_practice", keysets=sorted(map(digest, papers.KEYSETS[1:]))
    )
    strict = papers.trust_document(mode="bis_practice", review_threshold=3)
    other = papers.trust_document(mode="bis_practice", foundry="packager")
    empty = papers.trust_document(mode="bis_practice", packs=[])
    for vector_id, about, after, raw, expect in [
        ("good", "It follows.", AFTER, activation(), opened),
        ("unchanged", "The old snapshot follows.", papers.trust_document(), activation(), refused),
        ("mode", "The activation names another mode.", AFTER, activation(mode="cfr_text"), refused),
        ("packs", "The activation names other packs.", AFTER, activation(packs=newer), refused),
        ("keysets", "A keyset is gone.", fewer, activation(subject=named("trust", fewer)), refused),
        (
            "threshold",
            "The threshold is another.",
            strict,
            activation(subject=named("trust", strict)),
            refused,
        ),
        (
            "foundry",
            "The foundry is another.",
            other,
            activation(subject=named("trust", other)),
            refused,
        ),
        (
            "packs-gone",
            "The snapshot lacks the pack.",
            empty,
            activation(subject=named("trust", empty)),
            refused,
        ),
    ]:
        asked = {
            "do": "open-activation",
            "activation": documents.write(raw),
            "at": AT,
            "after": documents.write(after),
        }
        yield f"change-{vector_id}", about, asked, expect


def acknowledgement(
    signers: Sequence[StatementSigner] = (DECIDER,),
    *,
    kind: str = ACKNOWLEDGEMENT_TYPE,
    name: str = "submission",
    **changes: Json,
) -> bytes:
    """A sealed acknowledgement."""
    predicate = {
        "must_understand": [],
        "foundry": "formosa",
        "origin": LOG.name,
        "received_at": AT,
        "decide_by": "2026-11-24T14:10:00Z",
        **changes,
    }
    subject = [{"name": name, "digest": {"sha256": SUBMISSION}}]
    return seal(papers.statement(kind, predicate, subject=subject), signers)


def _acknowledgements(documents: Documents) -> Iterator[Row]:
    opened = accept(
        submission=f"sha256:{SUBMISSION}", origin=LOG.name, decide_by="2026-11-24T14:10:00Z"
    )
    gone = "2027-01-01T00:00:00Z"
    for vector_id, about, raw, expect in [
        ("good", "The foundry's decision key signed.", acknowledgement(), opened),
        (
            "other-party",
            "Another party's decision key.",
            acknowledgement([OSAT_DECIDER]),
            refuse("party-mismatch"),
        ),
        (
            "other-foundry",
            "Another foundry is named.",
            acknowledgement(foundry="packager"),
            refuse("party-mismatch"),
        ),
        (
            "purpose",
            "Signed with a review key.",
            acknowledgement(REVIEWERS[:1]),
            refuse("key-purpose"),
        ),
        ("stranger", "A stranger signed.", acknowledgement([STRANGER]), refuse("unknown-key")),
        (
            "key-over",
            "Received after the key's validity.",
            acknowledgement(received_at=gone),
            refuse("key-not-valid-then"),
        ),
        (
            "extension",
            "An extension is demanded.",
            acknowledgement(must_understand=["x"]),
            refuse("must-understand"),
        ),
        (
            "subject",
            "The subject is called otherwise.",
            acknowledgement(name="design"),
            refuse("schema-violation"),
        ),
        (
            "type",
            "A statement of another type.",
            acknowledgement(kind=POLICY_TYPE),
            refuse("unknown-predicate-type"),
        ),
        (
            "member",
            "A member that acknowledgements do not have.",
            acknowledgement(x=1),
            refuse("schema-violation"),
        ),
    ]:
        asked = {"do": "open-acknowledgement", "acknowledgement": documents.write(raw)}
        yield f"acknowledgement-{vector_id}", about, asked, expect


def policy(
    lines: Sequence[str],
    *,
    signers: Sequence[StatementSigner] = REVIEWERS,
    text: bytes | None = None,
    kind: str = POLICY_TYPE,
    **changes: Json,
) -> bytes:
    """A sealed policy of a log; `text` is what its subject is the digest of."""
    predicate = {
        "must_understand": [],
        "origin": LOG.name,
        "lines": list(lines),
        "valid_from": "2026-11-01T00:00:00Z",
        "valid_until": "2026-11-30T23:59:59Z",
        "reason": "Two auditors agreed to witness.",
        **changes,
    }
    raw = "".join(f"{line}\n" for line in lines).encode() if text is None else text
    return seal(papers.statement(kind, predicate, subject=named("policy", raw)), signers)


FIRST = (f"witness w1 {WITNESSES[0].ed25519.vkey}", "quorum w1")
SECOND = (f"witness w2 {WITNESSES[1].ed25519.vkey}", "quorum w2")


def _policies(documents: Documents) -> Iterator[Row]:
    opened = accept(holders=HOLDERS, quorum="w1")
    at_once = policy(FIRST, valid_from=AT, valid_until=AT)
    over = policy(FIRST, valid_until="2026-11-24T13:59:59Z")
    backwards = policy(FIRST, valid_from="2026-11-30T23:59:59Z", valid_until="2026-11-30T23:59:58Z")
    for vector_id, about, raw, expect in [
        ("good", "Two people name a witness.", policy(FIRST), opened),
        ("instant", "In force for one second, which is now.", at_once, opened),
        (
            "to-come",
            "In force from tomorrow.",
            policy(FIRST, valid_from="2026-11-25T14:00:00Z"),
            opened,
        ),
        ("over", "It ended a second ago.", over, refuse("expired")),
        ("backwards", "It ends before it begins.", backwards, refuse("expired")),
        (
            "origin",
            "For another log.",
            policy(FIRST, origin=OTHER_LOG.name),
            refuse("wrong-audience"),
        ),
        (
            "one-person",
            "One person signed.",
            policy(FIRST, signers=REVIEWERS[:1]),
            refuse("too-few-signers"),
        ),
        (
            "purpose",
            "Signed with a decision key.",
            policy(FIRST, signers=[DECIDER]),
            refuse("key-purpose"),
        ),
        ("lines", "No quorum.", policy(FIRST[:1]), refuse("policy-malformed")),
        (
            "subject",
            "The subject is another text.",
            policy(FIRST, text=b"quorum none\n"),
            refuse("schema-violation"),
        ),
        (
            "extension",
            "An extension is demanded.",
            policy(FIRST, must_understand=["x"]),
            refuse("must-understand"),
        ),
        (
            "type",
            "A statement of another type.",
            policy(FIRST, kind=ACTIVATION_TYPE),
            refuse("unknown-predicate-type"),
        ),
    ]:
        asked = {"do": "open-policy", "policy": documents.write(raw), "at": AT, "origin": LOG.name}
        yield f"policy-{vector_id}", about, asked, expect


def _witnessed(documents: Documents) -> Iterator[Row]:
    """Checkpoints under the policies of their log: which was in force counts."""
    checkpoint = small_log().tree.checkpoint()
    bare = signed(checkpoint, LOG)
    first = bare + WITNESSES[0].lines(checkpoint)
    november = policy(FIRST)
    december = policy(SECOND, valid_from="2026-12-01T00:00:00Z", valid_until="2026-12-31T23:59:59Z")
    both = [november, december]
    size = accept(size=checkpoint.size, witnesses=["w1"])
    missing = refuse("quorum-missing")
    for vector_id, about, note, given, at, expect in [
        ("good", "Cosigned as the policy in force asks.", first, both, AT, size),
        (
            "last-second",
            "The last second of the policy.",
            first,
            both,
            "2026-11-30T23:59:59Z",
            size,
        ),
        (
            "other-policy",
            "Another policy is in force by then.",
            first,
            both,
            "2026-12-01T00:00:00Z",
            missing,
        ),
        ("none-in-force", "No policy is in force.", first, both, "2026-10-31T23:59:59Z", missing),
        ("no-policy", "The log has none.", first, [], AT, missing),
        ("nobody", "Nobody cosigned.", bare, both, AT, missing),
    ]:
        asked = {
            "do": "open-witnessed",
            "note": documents.write(note),
            "policies": [documents.write(each) for each in given],
            "log": documents.write_lines(LOG.vkeys),
            "at": at,
        }
        yield f"witnessed-{vector_id}", about, asked, expect
