"""Suite act, keyset changes: who may bring keys into a log and take them out, and what stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from attest.encoding import Json, canonical, digest, encode_base64, loads
from attest.envelope import seal
from attest.models import KEYSET_CHANGE_TYPE, POLICY_TYPE
from conformance import papers
from conformance.binary import Documents
from conformance.keys import StatementSigner
from conformance.papers import AT, DECIDER, DESIGNER, KEYSETS, REVIEWERS, STRANGER
from conformance.vectors import accept, refuse

NEXT: Final = StatementSigner("designer, next key")
LATER: Final = "2026-11-24T14:00:01Z"
HOLDERS: Final = ["Ana Example", "Wei Example"]
SUPERSEDED: Final[Json] = {"reason": "superseded", "at": AT}
Row = tuple[str, str, Json, Json]


def _rotated(revoked: Json = SUPERSEDED, *, drop: int | None = None, **party: Json) -> bytes:
    """The designer's keyset: the first key is revoked, a further one is enrolled."""
    document: Any = loads(KEYSETS[0])
    document["party"].update(party)
    if revoked is not None:
        document["keys"][0]["revoked"] = revoked
    if drop is not None:
        del document["keys"][drop]
    document["keys"].append(papers.key_record(NEXT))
    return canonical(document)


def _snapshot(*keysets: bytes, **members: Json) -> bytes:
    names = sorted(digest(raw) for raw in (*keysets, *KEYSETS[1:]))
    return papers.trust_document(**{"keysets": names, **members})


def _change(
    keyset: bytes,
    *,
    revoked: Json = SUPERSEDED,
    after: bytes | None = None,
    signers: Sequence[StatementSigner] = REVIEWERS,
    name: str = "trust",
    kind: str = KEYSET_CHANGE_TYPE,
    **changes: Json,
) -> bytes:
    new = {"party": "tianqiu", "keyid": NEXT.keyid, "purpose": "statement"}
    gone = {"party": "tianqiu", "keyid": DESIGNER.keyid, "revoked": revoked}
    predicate = {
        "must_understand": [],
        "replaces": digest(papers.trust_document()),
        "keysets": [encode_base64(keyset)],
        "enrolled": [{**new, "holder": {"name": "Lin Example", "title": "Head of Compliance"}}],
        "revoked": [] if revoked is None else [gone],
        "reason": "The holder has a new key.",
        "changed_at": AT,
        **changes,
    }
    sha256 = digest(after or _snapshot(keyset)).removeprefix("sha256:")
    subject = [{"name": name, "digest": {"sha256": sha256}}]
    return seal(papers.statement(kind, predicate, subject=subject), signers)


def rows(documents: Documents) -> Iterator[Row]:
    """The questions; `after` is the snapshot that follows in the log."""
    for vector_id, about, raw, after, expect in [*_statements(), *_snapshots()]:
        yield (
            f"keyset-change-{vector_id}",
            about,
            {
                "do": "open-keyset-change",
                "change": documents.write(raw),
                "at": AT,
                "after": None if after is None else documents.write(after),
            },
            expect,
        )


def _statements() -> Iterator[tuple[str, str, bytes, bytes | None, Json]]:
    keyset, refused = _rotated(), refuse("keyset-change-not-possible")
    good = accept(snapshot=digest(_snapshot(keyset)), holders=HOLDERS)
    twice = [encode_base64(keyset), encode_base64(KEYSETS[0])]
    tried: list[tuple[str, str, dict[str, Any], Json]] = [
        ("good", "Two people revoke a key and enrol another.", {}, good),
        ("one-person", "One signed.", {"signers": REVIEWERS[:1]}, refuse("too-few-signers")),
        ("purpose", "A decision key signed.", {"signers": [DECIDER]}, refuse("key-purpose")),
        (
            "stranger",
            "A stranger signed too.",
            {"signers": [*REVIEWERS, STRANGER]},
            refuse("unknown-key"),
        ),
        ("replaces", "It replaces another snapshot.", {"replaces": digest(b"")}, refused),
        ("early", "Dated a second later.", {"changed_at": LATER}, refuse("not-yet-valid")),
        ("extension", "An extension.", {"must_understand": ["x"]}, refuse("must-understand")),
        ("type", "Another type.", {"kind": POLICY_TYPE}, refuse("unknown-predicate-type")),
        ("subject-name", "The subject is a pack.", {"name": "pack"}, refuse("schema-violation")),
        ("keysets-none", "No keyset.", {"keysets": []}, refuse("schema-violation")),
        ("keysets-two", "Two keysets of one party.", {"keysets": twice}, refused),
    ]
    for vector_id, about, changes, expect in tried:
        yield vector_id, about, _change(keyset, **changes), None, expect


def _snapshots() -> Iterator[tuple[str, str, bytes, bytes, Json]]:
    keyset, refused = _rotated(), refuse("keyset-change-not-possible")
    after = _snapshot(keyset)
    good = accept(snapshot=digest(after), holders=HOLDERS)
    yield "after-good", "It follows.", _change(keyset), after, good
    yield "after-old", "The old one follows.", _change(keyset), papers.trust_document(), refused
    for member, value in (("mode", "bis_practice"), ("review_threshold", 3)):
        other = _snapshot(keyset, **{member: value})
        about = f"The snapshot has another {member}."
        yield (
            f"after-{member.replace('_', '-')}",
            about,
            _change(keyset, after=other),
            other,
            refused,
        )
    missing = _snapshot(keyset, b"no keyset")
    about = "It names a keyset that is not there."
    raw = _change(keyset, after=missing)
    yield "after-missing", about, raw, missing, refuse("trust-incomplete")
    about = "It keeps silent on the key that is enrolled."
    yield "silent-enrolled", about, _change(keyset, enrolled=[]), after, refused
    about = "It keeps silent on the key that is revoked."
    yield "silent-revoked", about, _change(keyset, revoked=None), after, refused
    suspect = {"reason": "compromised", "at": AT, "suspect_from": "2026-11-01T00:00:00Z"}
    for vector_id, about, keyset, revoked, expect in [
        ("compromised", "A key was stolen.", _rotated(suspect), suspect, None),
        (
            "suspect-later",
            "Suspect from a second later.",
            _rotated({**suspect, "suspect_from": LATER}),
            {**suspect, "suspect_from": LATER},
            refused,
        ),
        (
            "dated-later",
            "Revoked a second later.",
            _rotated({**SUPERSEDED, "at": LATER}),
            {**SUPERSEDED, "at": LATER},
            refused,
        ),
        ("record-gone", "A valid key's record is gone.", _rotated(drop=1), SUPERSEDED, refused),
        ("renamed", "The party is renamed.", _rotated(name_latin="X"), SUPERSEDED, refused),
    ]:
        snapshot = _snapshot(keyset)
        found = accept(snapshot=digest(snapshot), holders=HOLDERS) if expect is None else expect
        yield vector_id, about, _change(keyset, revoked=revoked), snapshot, found
