"""The case file: one JSON file with everything to verify one submission offline (SPEC 15).

It carries the submission, the decision and its reviews as they were logged, each with its proof,
and the trust snapshots of decision and reviews with keysets and packs. Whoever holds the log's
verifier keys needs nothing else:

    1 every proof leads from the entry to a checkpoint that the log signed
    2 every entry commits to its body
    3 the entries refer to each other as they must
    4 the trust snapshots are complete
    5 the foundry signed the decision
    6 deciding again gives the same bytes
    7 each review is signed by enough people and is of this HOLD
    8 the timestamps, where there are any, cover the decision; their tokens are opened if the reader
      names authorities

It does not carry the lists against which the parties were screened: they are some megabytes. The
decision says what was found in them, and step 6 takes that as it stands, unless the reader gives
the lists.

What only the whole log shows, by replay: that a declaration had been superseded or had not; that a
review had cleared what the decision takes for cleared; that the trust snapshot was the newest and
had been activated; that no later review is left out.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from attest import encoding, limits, schemas
from attest.decision import Prior
from attest.encoding import Json
from attest.errors import LogError, TrustError
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.entry import Entry, format_entry
from attest.log.merkle import leaf_hash
from attest.log.policy import Policy, open_cosigned
from attest.log.proof import open_proof_document, parse_tlog_proof
from attest.log.stamps import Link, OpenedStamp, Stamp, check_time, open_links
from attest.log.timestamp import Authorities
from attest.recorded import (
    check_decision_entry,
    check_review_entry,
    decide_again,
    open_decision,
    read_decision,
)
from attest.review import OpenedReview, open_review
from attest.screened import Clearance, Pair, Screened, recorded_screening
from attest.trust import Trust, load_trust


@dataclass(frozen=True)
class Logged:
    """A body as it was logged, with its proof (SPEC 14)."""

    body: bytes
    proof: Json


@dataclass(frozen=True)
class OpenedEntry:
    """An entry that a checkpoint covers, with the body that it commits to."""

    entry: Entry
    body: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Case:
    """A verified case.

    `decision` is the decision statement; `superseded_unchecked` tells that the refusal rests on an
    earlier supersession, which only the log can show, and `cleared_unchecked` are the digests of
    earlier reviews that cleared a hit, likewise. `screening_unchecked` tells that what was found in
    lists stands as the decision has it. The first of `timestamps` covers the
    decision, each further one renews the one before. `witnesses` cosigned the checkpoint of the
    decision, in the words of the policy that was asked for.
    """

    submission: OpenedEntry
    decision_entry: OpenedEntry
    decision: Json
    reviews: tuple[OpenedReview, ...]
    trust: Trust
    superseded_unchecked: bool
    screening_unchecked: bool = False
    cleared_unchecked: tuple[str, ...] = ()
    timestamps: tuple[OpenedStamp, ...] = ()
    witnesses: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """PASS, HOLD or FAIL, as decided."""
        return str(self.decision["predicate"]["verdict"])


class _Everything(Container[tuple[str, str]]):
    def __contains__(self, item: object) -> bool:
        return True


def make_casefile(
    *,
    submission: Logged,
    decision: Logged,
    reviews: Sequence[Logged],
    trust: Logged,
    keysets: Sequence[bytes],
    packs: Sequence[bytes],
    trusts: Sequence[Logged] = (),
    mandate: bytes | None = None,
    timestamps: Sequence[Link] = (),
) -> bytes:
    """Write a case file; `trusts` are the newer snapshots on which reviews rest."""
    encode = encoding.encode_base64
    stamped = [
        {
            "stamped": encode(link.stamp.stamped),
            "token": encode(link.stamp.token),
            "hashes": [encode(value) for value in link.hashes],
        }
        for link in timestamps
    ]
    return encoding.canonical(
        {
            "v": 1,
            "submission": _logged_json(submission),
            "decision": _logged_json(decision),
            "reviews": [_logged_json(review) for review in reviews],
            "trust": _logged_json(trust),
            "keysets": [encode(raw) for raw in keysets],
            "packs": [encode(raw) for raw in packs],
            **({"trusts": [_logged_json(each) for each in trusts]} if trusts else {}),
            **({} if mandate is None else {"mandate": encode(mandate)}),
            **({"timestamps": stamped} if stamped else {}),
        }
    )


def _logged_json(logged: Logged) -> Json:
    return {"body": encoding.encode_base64(logged.body), "proof": logged.proof}


def open_casefile(
    raw: bytes,
    *,
    log_keys: LogKeys,
    authorities: Authorities | None = None,
    policy: Policy | None = None,
    lists: Sequence[bytes] = (),
) -> Case:
    """Open a case file; returns only what all eight steps have verified.

    With a `policy` every checkpoint in it must have been cosigned by the quorum. With all the
    `lists` of the trust snapshot the parties are screened again.

    Raises:
        InputError: not a case file, or a document in it is not of its schema.
        LogError: a proof, commitment, reference or timestamp does not hold; quorum-missing.
        TrustError: the trust snapshot, the decision or a review does not hold; a timestamp is by
            none of the authorities, where any are given.
        RuleError: a pack is broken.
    """
    document = encoding.loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )
    schemas.validate("casefile", document)
    submission = _open_logged(document["submission"], "submission", log_keys, "/submission")
    decision = _open_logged(document["decision"], "decision", log_keys, "/decision")
    trust_entry = _open_logged(document["trust"], "trust", log_keys, "/trust")
    check_decision_entry(
        decision.entry,
        submission=submission.entry,
        leaf=leaf_hash(format_entry(submission.entry)),
        trust=trust_entry.entry,
    )
    given = {encoding.digest(raw): raw for raw in lists}
    trust = _open_trust(document, trust_entry.body, given)
    at = decision.entry.time
    payload = open_decision(decision.body, trust=trust, at=at)
    statement = read_decision(payload)
    premises = _premises(statement["predicate"], trust)
    apart = not given.keys() >= set(trust.documents["list"])
    decide_again(
        submission.body,
        payload,
        trust=trust,
        at=at,
        prior=premises.prior,
        screened=premises.screened if apart else None,
    )
    reviews = [
        _open_logged(logged, "review", log_keys, f"/reviews/{position}")
        for position, logged in enumerate(document["reviews"])
    ]
    newer = _open_newer(document, log_keys)
    timestamps = _open_timestamps(document, decision.entry, log_keys, authorities)
    _check_one_log([submission, decision, trust_entry, *newer, *reviews, *timestamps])
    standings = {each.entry.index: (each.entry, _open_trust(document, each.body)) for each in newer}
    standings[trust_entry.entry.index] = trust_entry.entry, trust
    return Case(
        submission=submission,
        decision_entry=decision,
        decision=statement,
        reviews=tuple(_open_reviews(reviews, decision, payload, standings)),
        trust=trust,
        superseded_unchecked=premises.superseded,
        screening_unchecked=apart and bool(premises.screened.lists),
        cleared_unchecked=tuple(sorted({each.review for each in premises.cleared.values()})),
        timestamps=timestamps,
        witnesses=() if policy is None else _witnesses(document, log_keys, policy),
    )


class _Premises(NamedTuple):
    """What a decision says of the log before it and of lists, which a case file does not carry."""

    superseded: bool
    screened: Screened

    @property
    def cleared(self) -> Mapping[Pair, Clearance]:
        """What earlier reviews had cleared, as the decision has it."""
        return self.screened.cleared

    @property
    def prior(self) -> Prior:
        """The past that would lead to the decision."""
        return Prior(_Everything() if self.superseded else frozenset(), self.cleared)


def _premises(decision: Json, trust: Trust) -> _Premises:
    screened = recorded_screening(decision)
    searched = sorted(each.digest for each in screened.lists)
    if searched and searched != list(trust.documents["list"]):
        raise TrustError("decision-differs", "it was screened against other lists")
    return _Premises(
        superseded=decision.get("refusal", {}).get("code") == "superseded",
        screened=screened,
    )


def _open_timestamps(
    document: Json, decision: Entry, log_keys: LogKeys, authorities: Authorities | None
) -> tuple[OpenedStamp, ...]:
    timestamps = open_links(
        _links(document),
        index=decision.index,
        leaf=leaf_hash(format_entry(decision)),
        keys=log_keys,
        authorities=authorities,
    )
    if timestamps and timestamps[0].timestamp is not None:
        check_time(decision, timestamps[0].timestamp)
    return timestamps


def _witnesses(document: Json, log_keys: LogKeys, policy: Policy) -> tuple[str, ...]:
    parts = (document["decision"], document["submission"], document["trust"])
    parts += (*document.get("trusts", ()), *document["reviews"])
    cosigned = []
    for part in parts:
        proof = parse_tlog_proof(encoding.decode_base64(part["proof"]["tlog_proof"]))
        cosigned.append(open_cosigned(proof.checkpoint, keys=log_keys, policy=policy))
    return cosigned[0].witnesses


def _links(document: Json) -> list[Link]:
    links = []
    for position, link in enumerate(document.get("timestamps", ())):
        at = f"/timestamps/{position}"
        stamp = Stamp(
            encoding.decode_base64(link["stamped"], pointer=f"{at}/stamped"),
            encoding.decode_base64(link["token"], pointer=f"{at}/token"),
        )
        hashes = (encoding.decode_base64(each, pointer=f"{at}/hashes") for each in link["hashes"])
        links.append(Link(stamp, tuple(hashes)))
    return links


def _open_logged(document: Json, kind: str, log_keys: LogKeys, pointer: str) -> OpenedEntry:
    body = encoding.decode_base64(document["body"], pointer=f"{pointer}/body")
    entry, checkpoint = open_proof_document(document["proof"], body=body, keys=log_keys)
    if entry.kind != kind:
        raise LogError("reference-broken", f"not an entry of kind {kind}", entry=entry.index)
    return OpenedEntry(entry=entry, body=body, checkpoint=checkpoint)


def _open_reviews(
    entries: Sequence[OpenedEntry],
    decision: OpenedEntry,
    payload: bytes,
    standings: Mapping[int, tuple[Entry, Trust]],
) -> Iterator[OpenedReview]:
    newest, closed = decision.entry.index, False
    (first,) = decision.entry.refs["trust"]
    for each in entries:
        resting = each.entry.refs.get("trust", ())
        trust_entry, trust = standings.get(resting[0] if resting else -1, standings[first])
        reviewed = check_review_entry(each.entry, trust=trust_entry)
        if trust_entry.index < first:
            raise LogError(
                "reference-broken", "rests on an older trust snapshot", entry=each.entry.index
            )
        if reviewed != decision.entry.index or each.entry.index <= newest:
            raise LogError(
                "reference-broken", "not the next review of the decision", entry=each.entry.index
            )
        opened = open_review(
            each.body, trust=trust, at=each.entry.time, decision=payload, closed=closed
        )
        newest, closed = each.entry.index, closed or opened.closes
        yield opened


def _check_one_log(entries: Sequence[OpenedEntry | OpenedStamp]) -> None:
    """Refuse proofs from two logs that were signed by the same keys."""
    roots: dict[int, bytes] = {}
    for each in entries:
        checkpoint = each.checkpoint
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise LogError("root-mismatch", "one size was signed with two roots: keep this file")


def _open_newer(document: Json, log_keys: LogKeys) -> list[OpenedEntry]:
    return [
        _open_logged(logged, "trust", log_keys, f"/trusts/{position}")
        for position, logged in enumerate(document.get("trusts", ()))
    ]


def _open_trust(document: Json, snapshot: bytes, lists: Mapping[str, bytes] | None = None) -> Trust:
    keysets, packs = (_bodies(document, name) for name in ("keysets", "packs"))
    mandate = encoding.decode_base64(document.get("mandate", ""), pointer="/mandate")
    bodies = {**keysets, **packs, **(lists or {}), encoding.digest(mandate): mandate}
    trust = load_trust(snapshot, bodies)
    for kind, bodies in (("keyset", keysets), ("pack", packs)):
        if not bodies.keys() >= set(trust.documents[kind]):
            raise TrustError("trust-incomplete", f"a {kind} is not in its list")
    return trust


def _bodies(document: Json, name: str) -> dict[str, bytes]:
    bodies = {}
    for position, text in enumerate(document[name]):
        body = encoding.decode_base64(text, pointer=f"/{name}/{position}")
        bodies[encoding.digest(body)] = body
    return bodies
