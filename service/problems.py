"""Errors as HTTP answers: one status per code, one document per error (RFC 9457, SPEC 17).

A problem names places and rules and never a value of the request:

>>> import json
>>> from attest.errors import InputError
>>> problem = Problem.of(InputError("json-float", "only whole numbers are allowed"))
>>> problem.status, json.loads(problem.body)["type"]
(422, 'urn:foundry-attest:problem:json-float')
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest.encoding import canonical
from attest.errors import CODES, AttestError, InternalError

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 1
"""What `Retry-After` says of a failure that passes by itself."""


def _status(status: int, *codes: str) -> dict[str, int]:
    return dict.fromkeys(codes, status)


STATUS: Final[Mapping[str, int]] = {
    **_status(400, "json-encoding", "json-malformed"),
    **_status(403, "host"),
    **_status(404, "not-found"),
    **_status(405, "method-not-allowed"),
    **_status(408, "timeout"),
    **_status(409, "activation-not-possible", "review-not-possible", "superseded"),
    **_status(409, "keyset-change-not-possible"),
    **_status(413, "too-large"),
    **_status(415, "media-type"),
    **_status(422, "json-duplicate-key", "json-float", "json-number-range", "json-text"),
    **_status(422, "json-too-deep", "base64", "schema-violation", "unknown-predicate-type"),
    **_status(422, "must-understand", "not-a-submission", "facts-malformed", "key-malformed"),
    **_status(422, "policy-malformed"),
    **_status(422, "csv-malformed", "toml-malformed", "not-in-force", "ledger-malformed"),
    **_status(422, "list-malformed", "list-implausible", "list-stale"),
    **_status(422, "unknown-key", "bad-signature", "key-not-valid-then", "key-purpose"),
    **_status(422, "key-revoked"),
    **_status(422, "signature-repeated", "payload-type", "role-not-permitted", "party-mismatch"),
    **_status(422, "wrong-audience", "not-yet-valid", "expired", "determination-not-linked"),
    **_status(422, "too-few-signers", "algorithm-missing", "function-missing"),
    **_status(422, "certificate-malformed", "certificate-mismatch", "certificate-unfit"),
    **_status(422, "certificate-not-valid-then", "certificate-revoked", "path-invalid"),
    **_status(422, "crl-missing", "crl-invalid", "crl-stale"),
    **_status(500, "file", "passphrase", "trust-incomplete", "decision-differs"),
    **_status(
        500,
        "pack-invalid",
        "expression-invalid",
        "engine-unknown",
        "edition-changed",
        "case-failed",
    ),
    **_status(500, "store-missing", "store-exists", "store-privileges", "log-stopped"),
    **_status(500, "entry-malformed", "entry-order", "entry-altered", "chain-broken"),
    **_status(500, "time-backwards", "commitment-mismatch", "body-missing", "tile-altered"),
    **_status(500, "bundle-malformed", "export-incomplete", "checkpoint-malformed"),
    **_status(500, "checkpoint-signature", "checkpoint-origin", "root-mismatch"),
    **_status(500, "proof-malformed", "proof-invalid", "decision-missing", "reference-broken"),
    **_status(500, "quorum-missing", "acknowledged-missing", "acknowledged-late"),
    **_status(500, "recorded-twice", "log-forked", "not-misbehaviour"),
    **_status(500, "timestamp-malformed", "timestamp-invalid", "timestamp-untrusted"),
    **_status(500, "timestamp-expired", "timestamp-lapsed", "timestamp-contradicts"),
    **_status(500, "internal", "signer"),
    **_status(502, "network", "remote"),
    **_status(503, "busy", "not-ready", "clock-backwards", "witnesses-late", "rolled-back"),
    **_status(503, "head-moved", "store-unavailable"),
}
"""The status of every code of `attest.errors.CODES`; a test holds the two together."""


@dataclass(frozen=True)
class Problem:
    """An answer that says what went wrong: `status` and the bytes of the document."""

    status: int
    body: bytes

    @classmethod
    def of(cls, error: AttestError, *, status: int | None = None) -> Problem:
        """The answer to an error of this library; its code has a status unless one is given."""
        code = CODES[error.code]
        status = status or STATUS[error.code]
        document: dict[str, str | int] = {
            "type": f"urn:foundry-attest:problem:{error.code}",
            "title": code.title,
            "status": status,
            "code": error.code,
            "detail": error.detail,
            "mend": code.mend,
        }
        if error.pointer is not None:
            document["pointer"] = error.pointer
        return cls(status, canonical(document))

    @classmethod
    def of_defect(cls) -> Problem:
        """The answer to an exception that nobody foresaw; it says nothing of the exception."""
        return cls.of(InternalError("internal", "the server failed in an unexpected way"))

    def headers(self) -> dict[str, str]:
        """The headers of the answer, `Retry-After` among them where trying again can help."""
        headers = {"content-type": MEDIA_TYPE, "content-length": str(len(self.body))}
        if self.status == 503:
            headers["retry-after"] = str(RETRY_SECONDS)
        return headers


def where(error: BaseException) -> str:
    """Where an exception arose, without its message: that may hold a value of a sender."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{f.name}:{f.lineno}" for f in frames[-8:])
