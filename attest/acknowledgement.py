"""Acknowledgements: a foundry's word, before it decides, that it will (SPEC 6.1).

    statement    subject: the submission, by digest
    predicate    {"must_understand": [], "foundry", "origin": the log's, "received_at", "decide_by"}
    signed by    a decision key of the foundry

Whoever holds one can show later that the log lacks the decision, and so that the foundry dropped a
submission: see `attest.omission`. An acknowledgement is given only once the submission is kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from attest import encoding, limits, schemas
from attest.envelope import open_envelope
from attest.errors import InputError, TrustError
from attest.models import ACKNOWLEDGEMENT_TYPE, STATEMENT_TYPE, Acknowledgement, parse
from attest.trust import Trust


@dataclass(frozen=True)
class OpenedAcknowledgement:
    """An acknowledgement that the foundry signed; `submission` is the digest of the submission."""

    submission: str
    acknowledgement: Acknowledgement


def acknowledge(
    submission: str, *, foundry: str, origin: str, at: dt.datetime, seconds: int
) -> bytes:
    """The statement that a submission (a digest) received at an instant is decided in time."""
    return encoding.canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {
                    "name": "submission",
                    "digest": {"sha256": submission.removeprefix("sha256:")},
                }
            ],
            "predicateType": ACKNOWLEDGEMENT_TYPE,
            "predicate": {
                "must_understand": [],
                "foundry": foundry,
                "origin": origin,
                "received_at": encoding.format_instant(at),
                "decide_by": encoding.format_instant(at + dt.timedelta(seconds=seconds)),
            },
        }
    )


def open_acknowledgement(raw: bytes, *, trust: Trust) -> OpenedAcknowledgement:
    """Open an acknowledgement under the trust that was active when it was given.

    Raises:
        InputError: the bytes are not an envelope, statement or acknowledgement of their schemas.
        TrustError: the signature does not hold, or is not the deciding foundry's.
    """
    envelope = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    schemas.validate("envelope", envelope)
    at = _received_at(envelope)
    opened = open_envelope(envelope, ring=trust.ring, at=at, purpose="decision")
    statement = encoding.loads(opened.payload)
    acknowledgement = parse(Acknowledgement, statement["predicate"])
    if any(key.party != trust.foundry for key in opened.signers):
        raise TrustError("party-mismatch", "the acknowledgement is signed by another party")
    if acknowledgement.foundry != trust.foundry.id:
        raise TrustError("party-mismatch", "the acknowledgement is another foundry's")
    (subject,) = statement["subject"]
    return OpenedAcknowledgement(f"sha256:{subject['digest']['sha256']}", acknowledgement)


def _received_at(envelope: encoding.Json) -> dt.datetime:
    """When it says that the submission came, which the signature then has to confirm."""
    payload = encoding.decode_base64(envelope["payload"], pointer="/payload", url_safe=True)
    statement = encoding.loads(payload)
    schemas.validate("statement", statement)
    if statement["predicateType"] != ACKNOWLEDGEMENT_TYPE:
        raise InputError(
            "unknown-predicate-type", "not an acknowledgement", pointer="/predicateType"
        )
    if statement["predicate"].get("must_understand"):
        raise InputError("must-understand", "version 1 knows no extension")
    schemas.validate("acknowledgement", statement["predicate"])
    if [each["name"] for each in statement["subject"]] != ["submission"]:
        raise InputError("schema-violation", "expected one subject", pointer="/subject")
    return encoding.parse_instant(statement["predicate"]["received_at"])
