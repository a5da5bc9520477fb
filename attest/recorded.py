"""What a log recorded, checked against what the rules say: shared by case file and replay.

A decision counts when its entry follows its submission and rests on what it must, when the foundry
signed it, and when deciding again gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attest import encoding, limits, schemas
from attest.decision import Decided, Prior, decide_each
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import InputError, LogError, TrustError
from attest.log.entry import Entry
from attest.models import DECISION_TYPE, DECLARATION_TYPE
from attest.trust import Trust


def open_decision(envelope: bytes, *, trust: Trust, at: dt.datetime) -> bytes:
    """Open the envelope of a recorded decision; returns the payload.

    Raises:
        TrustError: decision-differs (not an envelope at all), or what the signatures lack; the
            signature is not the deciding foundry's.
    """
    try:
        document = encoding.loads(
            envelope,
            bytes_max=limits.CASEFILE_BYTES_MAX,
            string_bytes_max=limits.CASEFILE_BYTES_MAX,
        )
        schemas.validate("envelope", document)
        opened = open_envelope(document, ring=trust.ring, at=at, purpose="decision")
    except InputError:
        raise TrustError("decision-differs", "the recorded bytes are no decision") from None
    if any(key.party != trust.foundry for key in opened.signers):
        raise TrustError("party-mismatch", "the decision is signed by another party")
    return opened.payload


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
    submission: bytes, decision: bytes, *, trust: Trust, at: dt.datetime, prior: Prior
) -> Decided:
    """Decide a recorded submission again and compare with the opened decision, byte for byte.

    Raises:
        TrustError: decision-differs.
    """
    (outcome,) = decide_each([(submission, at, prior)], trust=trust)
    return check_same(outcome, decision)


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


def supersession_of(payload: bytes) -> tuple[str, str] | None:
    """What a recorded decision says it supersedes, unverified: (party, statement digest).

    Raises:
        InputError: those of `read_decision`.
    """
    if b'"supersedes"' not in payload:
        return None
    predicate = read_decision(payload)["predicate"]
    for signed in predicate["statements"]:
        if "supersedes" in predicate and signed.get("predicate_type") == DECLARATION_TYPE:
            return signed["signers"][0]["party"], predicate["supersedes"]
    return None


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
    kept = {kind: trust.refs[kind] for kind in ("keyset", "pack") if kind in trust.refs}
    return {"trust": (trust.index,), **kept}
