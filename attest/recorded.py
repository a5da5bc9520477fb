"""What a log recorded, checked against what the rules say: shared by case file and replay.

A decision counts when its entry follows its submission and rests on what it must, when the foundry
signed it, and when deciding again gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from attest import encoding, limits, schemas
from attest.decision import Decided, Prior, decide
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.entry import Entry, parse_entry
from attest.log.store import StoredEntry
from attest.models import DECISION_TYPE, DECLARATION_TYPE
from attest.screened import Clearance, Pair, Screened, recorded_screening
from attest.trust import STANDING, Trust


def open_decision(
    envelope: bytes, *, trust: Trust, at: dt.datetime, expected: bytes | None = None
) -> bytes:
    """Open the envelope of a recorded decision; returns the payload.

    An envelope that holds the `expected` payload is compared with it rather than decoded.

    Raises:
        TrustError: decision-differs (not an envelope at all), or what the signatures lack; the
            signature is not the deciding foundry's.
    """
    payload = None
    if expected is not None and len(envelope) <= limits.SUBMISSION_BYTES_MAX:
        start = _START + encoding.encode_base64(expected).encode()
        if envelope.startswith(start + b'"'):
            payload, envelope = expected, _START + b"AAAA" + envelope[len(start) :]
    try:
        document = encoding.loads(
            envelope,
            bytes_max=limits.CASEFILE_BYTES_MAX,
            string_bytes_max=limits.CASEFILE_BYTES_MAX,
        )
        schemas.validate("envelope", document)
        opened = open_envelope(
            document, ring=trust.ring, at=at, purpose="decision", payload=payload
        )
    except InputError:
        raise TrustError("decision-differs", "the recorded bytes are no decision") from None
    if any(key.party.id != trust.foundry.id for key in opened.signers):
        raise TrustError("party-mismatch", "the decision is signed by another party")
    return opened.payload


_START: Final = b'{"payload":"'
"""How canonical JSON begins an envelope."""


def read_decision(payload: bytes) -> Json:
    """Parse an opened decision statement and hold it to its schema.

    Raises:
        InputError: schema-violation, unknown-predicate-type, json-….
    """
    statement = encoding.loads(payload, bytes_max=limits.CASEFILE_BYTES_MAX)
    schemas.validate("statement", statement)
    if statement["predicateType"] != DECISION_TYPE:
        raise InputError("unknown-predicate-type", "not a decision", pointer="/predicateType")
    schemas.validate("decision", statement["predicate"])
    return statement


def decide_again(
    submission: bytes,
    decision: bytes,
    *,
    trust: Trust,
    at: dt.datetime,
    prior: Prior,
    screened: Screened | None = None,
) -> Decided:
    """Decide a recorded submission again and compare with the opened decision, byte for byte.

    `screened` is as in `decide`.

    Raises:
        TrustError: decision-differs.
    """
    outcome: Decided | Exception
    try:
        outcome = decide(submission, trust=trust, at=at, prior=prior, screened=screened)
    except InputError as error:
        outcome = error
    return check_same(outcome, decision)


def confirm(
    outcome: Decided | Exception, envelope: bytes, *, trust: Trust, at: dt.datetime
) -> Decided:
    """Open a recorded decision and hold what deciding again came to against it, byte for byte.

    Raises:
        TrustError: what `open_decision` raises; decision-differs.
    """
    expected = outcome.payload if isinstance(outcome, Decided) else None
    return check_same(outcome, open_decision(envelope, trust=trust, at=at, expected=expected))


def check_same(outcome: Decided | Exception, decision: bytes) -> Decided:
    """What deciding again came to, held to the opened decision, byte for byte.

    Raises:
        TrustError: decision-differs; or the outcome, where it is a defect of this program.
    """
    if isinstance(outcome, InputError):
        raise TrustError("decision-differs", "the recorded bytes are no submission")
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.payload != decision:
        raise TrustError("decision-differs", "deciding again gives other bytes")
    return outcome


def supersession_of(envelope: bytes) -> tuple[str, str] | None:
    """What a recorded decision says it supersedes, unverified: (party, statement digest).

    Most supersede nothing, which their base64 shows: JSON without a backslash holds the text of the
    payload as it is, and the word in any payload gives one of three texts.

    Raises:
        TrustError: decision-differs (not a decision).
    """
    if b"\\" not in envelope and not any(text in envelope for text in _SUPERSEDES):
        return None
    try:
        predicate = _predicate_of(envelope)
        for signed in predicate["statements"]:
            if "supersedes" in predicate and signed.get("predicate_type") == DECLARATION_TYPE:
                return signed["signers"][0]["party"], predicate["supersedes"]
    except (AttestError, KeyError, TypeError):
        raise TrustError("decision-differs", "not a decision") from None
    return None


def clearances_of(envelope: bytes) -> dict[Pair, Clearance]:
    """What a recorded review says it clears, unverified; nothing where it is no review."""
    try:
        document: Any = encoding.loads(envelope, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
        payload = encoding.decode_base64(document["payload"], url_safe=True)
        cleared: Any = encoding.loads(payload)
        review = encoding.digest(payload)
        return {
            (each["party"], each["entry"]): Clearance(review, encoding.parse_date(each["until"]))
            for each in cleared["predicate"].get("clears", ())
        }
    except (AttestError, AttributeError, KeyError, TypeError):
        return {}


def screening_of(envelope: bytes) -> Screened:
    """What a recorded decision says that screening found, unverified; nothing where it says none.

    Raises:
        TrustError: decision-differs (not a decision).
    """
    try:
        return recorded_screening(_predicate_of(envelope))
    except (AttestError, KeyError, TypeError):
        raise TrustError("decision-differs", "not a decision") from None


def _predicate_of(envelope: bytes) -> Json:
    document: Any = encoding.loads(
        envelope,
        bytes_max=limits.CASEFILE_BYTES_MAX,
        string_bytes_max=limits.CASEFILE_BYTES_MAX,
    )
    return read_decision(encoding.decode_base64(document["payload"]))["predicate"]


_SUPERSEDES: Final = tuple(
    encoding.encode_base64(bytes(before) + b'"supersedes"')[-(-before * 4 // 3) : 16].encode()
    for before in range(3)
)
"""What the word is in base64 after 0, 1 or 2 bytes of a group, without the characters at its ends
that depend on its neighbours."""


class Documents(Mapping[str, bytes]):
    """The documents that a trust snapshot's entry rests on, by digest, read when asked for.

    An entry whose commitment is not salted names its body, so only entries are read before.
    """

    def __init__(self, entries: Callable[[int, int], Iterable[StoredEntry]], trust: Entry) -> None:
        self._entries = entries
        self._places = {
            parse_entry(stored.entry).commit: index
            for kind in STANDING
            for index in trust.refs.get(kind, ())
            for stored in entries(index, index + 1)
        }

    def __getitem__(self, name: str) -> bytes:
        index = self._places[name]
        (stored,) = self._entries(index, index + 1)
        return stored.body

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def check_decision_entry(decision: Entry, *, submission: Entry, leaf: bytes, trust: Entry) -> None:
    """Check that a decision's entry follows its submission and rests on what it must (SPEC 12.6).

    `leaf` is the leaf hash of the submission's entry.

    Raises:
        LogError: reference-broken.
    """
    if decision.index != submission.index + 1 or decision.prev != leaf:
        raise LogError("reference-broken", "not after the submission", entry=decision.index)
    if decision.time != submission.time:
        raise LogError("reference-broken", "not decided on receipt", entry=decision.index)
    if decision.refs != {"submission": (submission.index,), **_standing(trust)}:
        raise LogError(
            "reference-broken",
            "does not rest on the submission and the trust snapshot",
            entry=decision.index,
        )


def check_review_entry(review: Entry, *, trust: Entry) -> int:
    """Check that a review's entry rests on one decision and a trust; returns the decision's index.

    Raises:
        LogError: reference-broken.
    """
    decision = review.refs.get("decision", ())
    if len(decision) != 1 or review.refs != {"decision": decision, **_standing(trust)}:
        raise LogError(
            "reference-broken",
            "does not rest on one decision and the trust snapshot",
            entry=review.index,
        )
    return decision[0]


def _standing(trust: Entry) -> Mapping[str, tuple[int, ...]]:
    kept = {kind: trust.refs[kind] for kind in STANDING if kind in trust.refs}
    return {"trust": (trust.index,), **kept}
