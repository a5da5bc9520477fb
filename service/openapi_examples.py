"""What the OpenAPI description shows: examples of the documents, and the answers' own schemas.

An example shows the shape; it is signed by nobody.
"""

from __future__ import annotations

from typing import Final

from attest.encoding import Json, canonical, digest, encode_base64
from attest.models import (
    DECISION_TYPE,
    DECLARATION_TYPE,
    IN_TOTO_PAYLOAD,
    REVIEW_TYPE,
    STATEMENT_TYPE,
)

HASH: Final = "sha256:" + "ab" * 32


def envelope_example(predicate_type: str) -> Json:
    """An envelope around the start of a statement."""
    statement = {"_type": STATEMENT_TYPE, "predicateType": predicate_type, "subject": []}
    return {
        "payload": encode_base64(canonical(statement)),
        "payloadType": IN_TOTO_PAYLOAD,
        "signatures": [{"keyid": HASH, "sig": encode_base64(bytes(64))}],
    }


EVALUATION: Final[Json] = {
    "facts": {
        "item": {
            "kind": "integrated-circuit",
            "precisions": [{"bit_length": 16, "dense_gops": 300_000}],
            "applicable_area_um2": 800_000_000,
            "datacenter": True,
        },
        "transaction": {"destinations": ["VN"], "completion_date": "2026-12-15"},
    },
    "packs": ["us-ear-chips"],
    "on": ["2027-01-01"],
}
"""A question: what is a chip of 4800 TPP, shipped to Vietnam."""


def bundle_example() -> Json:
    """A linked set of one envelope."""
    return {"v": 1, "envelopes": [envelope_example(DECLARATION_TYPE)]}


def _proof_example() -> Json:
    return {
        "v": 1,
        "entry": encode_base64(b'{"commit":"sha256:..."}'),
        "salt": encode_base64(bytes(32)),
        "tlog_proof": encode_base64(b"c2sp.org/tlog-proof@v1\nindex 18\n..."),
    }


def submission_example(*, reviews: bool = False) -> Json:
    """An answer to a submission."""
    shown: dict[str, Json] = {
        "id": digest(canonical(bundle_example())),
        "verdict": "HOLD",
        "submission_index": 17,
        "decision_index": 18,
        "decision": envelope_example(DECISION_TYPE),
        "proof": _proof_example(),
    }
    return shown | ({"reviews": []} if reviews else {})


def review_example() -> Json:
    """An answer to a review."""
    return {
        "id": digest(canonical(bundle_example())),
        "action": "release",
        "review_index": 21,
        "envelope": envelope_example(REVIEW_TYPE),
        "proof": _proof_example(),
    }


def keysets_example() -> Json:
    """An answer to a keyset change."""
    plain = {name: value for name, value in _proof_example().items() if name != "salt"}
    return {"change_index": 24, "proof": plain, "trust": HASH, "trust_index": 25}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_ID: Final[Json] = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_INDEX: Final[Json] = {"type": "integer", "minimum": 0}
_REVIEW_MEMBERS: Final[dict[str, Json]] = {
    "action": {"enum": ["release", "refuse", "ask"]},
    "envelope": _reference("envelope"),
    "proof": _reference("proof"),
    "review_index": _INDEX,
}
REVIEW_ANSWER: Final[Json] = {
    "type": "object",
    "required": ["id", *_REVIEW_MEMBERS],
    "properties": {"id": _ID} | _REVIEW_MEMBERS,
}
KEYSETS_ANSWER: Final[Json] = {
    "type": "object",
    "required": ["change_index", "proof", "trust", "trust_index"],
    "properties": {
        "change_index": _INDEX,
        "proof": {"description": "Of the change's entry.", "$ref": "#/components/schemas/proof"},
        "trust": _ID,
        "trust_index": _INDEX,
    },
}
SUBMISSION_ANSWER: Final[Json] = {
    "type": "object",
    "required": ["id", "verdict", "submission_index", "decision_index", "decision", "proof"],
    "properties": {
        "id": _ID,
        "verdict": {"enum": ["PASS", "HOLD", "FAIL"]},
        "refusal_code": {
            "type": "string",
            "description": "Why the submission could not be relied on; only with a refusal.",
        },
        "submission_index": _INDEX,
        "decision_index": _INDEX,
        "decision": _reference("envelope"),
        "proof": {"description": "Of the decision's entry.", "$ref": "#/components/schemas/proof"},
        "reviews": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [*_REVIEW_MEMBERS],
                "properties": _REVIEW_MEMBERS,
            },
        },
    },
}
