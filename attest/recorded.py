"""What a log recorded, checked against what the rules say: shared by case file and replay.

A decision counts when the foundry signed it and deciding again gives the same bytes.
"""

from __future__ import annotations

import datetime as dt

from attest import encoding, limits, schemas
from attest.decision import Decided, Prior, decide
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import InputError, TrustError
from attest.models import DECISION_TYPE
from attest.trust import Trust


def open_decision(envelope: bytes, *, trust: Trust, at: dt.datetime) -> bytes:
    """Open the envelope of a recorded decision; returns the payload.

    Raises:
        InputError: not an envelope.
        TrustError: the signature does not hold, or is not the deciding foundry's.
    """
    document = encoding.loads(
        envelope,
        bytes_max=limits.CASEFILE_BYTES_MAX,
        string_bytes_max=limits.CASEFILE_BYTES_MAX,
    )
    schemas.validate("envelope", document)
    opened = open_envelope(document, ring=trust.ring, at=at, purpose="decision")
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
    try:
        decided = decide(submission, trust=trust, at=at, prior=prior)
    except InputError:
        raise TrustError("decision-differs", "the recorded bytes are no submission") from None
    if decided.payload != decision:
        raise TrustError("decision-differs", "deciding again gives other bytes")
    return decided
