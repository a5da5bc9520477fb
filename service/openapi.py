"""The OpenAPI 3.1 description of the interface, written by hand over the released schemas.

The schemas of documents are those of `schemas/v1/`; their inner references are rewritten to where
they stand here, because most readers of OpenAPI pass over `$id`. The examples show shapes; they are
of the schemas but signed by nobody. A test holds the paths to the application's routes and every
example to its schema.
"""

from __future__ import annotations

import json
from typing import Final

from attest import schemas
from attest.encoding import Json
from attest.errors import CODES
from attest.models import (
    ACKNOWLEDGEMENT_TYPE,
    DECLARATION_TYPE,
    KEYSET_CHANGE_TYPE,
    REVIEW_TYPE,
)
from attest.models.requests import EvaluationRequest
from service.openapi_examples import (
    EVALUATION,
    KEYSETS_ANSWER,
    REVIEW_ANSWER,
    SUBMISSION_ANSWER,
    bundle_example,
    envelope_example,
    keysets_example,
    review_example,
    submission_example,
)
from service.problems import MEDIA_TYPE, STATUS

_DSSE: Final = "application/vnd.dsse+json"
_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"


def openapi_document() -> Json:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "foundry-attest",
            "version": "1",
            "description": "Submit signed declarations, get recorded decisions with proofs. "
            "There is no authentication yet: listen on loopback only.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _submission_paths()
        | _trust_paths()
        | _log_paths()
        | _proof_paths()
        | _other_paths(),
        "components": {
            "schemas": {name: _embedded(name) for name in schemas.SCHEMAS}
            | {
                "submission-answer": SUBMISSION_ANSWER,
                "review-answer": REVIEW_ANSWER,
                "keysets-answer": KEYSETS_ANSWER,
            },
            "responses": {"problem": _problem_response()},
        },
    }


def _embedded(name: str) -> Json:
    text = schemas.SCHEMAS[name].decode()
    schema = json.loads(text.replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
    return {key: value for key, value in schema.items() if key not in ("$id", "$schema")}


def _submission_paths() -> dict[str, Json]:
    return {
        "/v1/submissions": {
            "post": _operation(
                "submit",
                "Submit a declaration, alone or with its determinations; it is decided, recorded "
                "and proven before the answer. A refusal is recorded too and is a 201. The same "
                "bytes get the decision that they got first.",
                {
                    "201": _recorded("Recorded now.", "submission-answer", submission_example()),
                    "200": _recorded("Recorded before.", "submission-answer", submission_example()),
                    "202": {
                        "description": "Kept and acknowledged, with `Prefer: respond-async`.",
                        "content": {
                            _DSSE: _content("envelope", envelope_example(ACKNOWLEDGEMENT_TYPE))
                        },
                    },
                },
                body={
                    _DSSE: _content("envelope", envelope_example(DECLARATION_TYPE)),
                    _JSON: _content("submission", bundle_example()),
                },
            ),
        },
        "/v1/submissions/{submission_id}": {
            "parameters": [_path_parameter("submission_id", "sha256:[0-9a-f]{64}")],
            "get": _operation(
                "getSubmission",
                "A submission's decision, its proof at the newest checkpoint, and its reviews.",
                {"200": _answer("Found.", "submission-answer", submission_example(reviews=True))},
            ),
        },
        "/v1/submissions/{submission_id}/casefile": {
            "parameters": [_path_parameter("submission_id", "sha256:[0-9a-f]{64}")],
            "get": _operation(
                "getCaseFile",
                "One file with everything to verify the submission offline.",
                {"200": _answer("Found.", "casefile", None)},
            ),
        },
        "/v1/submissions/{submission_id}/reviews": {
            "parameters": [_path_parameter("submission_id", "sha256:[0-9a-f]{64}")],
            "post": _operation(
                "review",
                "Record a review of a HOLD, signed by as many people as the policy asks for.",
                {
                    "201": _recorded("Recorded now.", "review-answer", review_example()),
                    "200": _recorded("Recorded before.", "review-answer", review_example()),
                },
                body={
                    _DSSE: _content("envelope", envelope_example(REVIEW_TYPE)),
                    _JSON: _content("envelope", envelope_example(REVIEW_TYPE)),
                },
            ),
        },
    }


def _trust_paths() -> dict[str, Json]:
    return {
        "/v1/trust": {
            "get": _operation(
                "getTrust",
                "The active trust snapshot, which an activation or a keyset change replaces.",
                {"200": _answer("The bytes that the snapshot's digest is of.", "trust", None)},
            )
        },
        "/v1/keysets/{party}": {
            "parameters": [_path_parameter("party", "[a-z0-9][a-z0-9-]{0,62}")],
            "get": _operation(
                "getKeyset",
                "The active keyset of a party, revoked keys included.",
                {"200": _answer("The bytes that the keyset's digest is of.", "keyset", None)},
            ),
        },
        "/v1/keyset-changes": {
            "post": _operation(
                "changeKeysets",
                "Enrol and revoke keys, signed by as many people as the policy asks for.",
                {
                    "201": _recorded("Recorded now.", "keysets-answer", keysets_example()),
                    "200": _recorded("Recorded before.", "keysets-answer", keysets_example()),
                },
                body={
                    _DSSE: _content("envelope", envelope_example(KEYSET_CHANGE_TYPE)),
                    _JSON: _content("envelope", envelope_example(KEYSET_CHANGE_TYPE)),
                },
            )
        },
    }


def _log_paths() -> dict[str, Json]:
    index = _path_parameter("index", "(0|[1-9][0-9]{0,12})")
    return {
        "/v1/log/checkpoint": {
            "get": _operation(
                "getCheckpoint",
                "The newest signed checkpoint (C2SP tlog-checkpoint); of a log with witnesses the "
                "newest cosigned one, and `not-ready` before the first.",
                {"200": _text("A signed note.")},
            )
        },
        "/v1/log/tile/{path}": {
            "parameters": [
                _path_parameter(
                    "path", "(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?"
                )
            ],
            "get": _operation(
                "getTile",
                "A hash tile or entry bundle (C2SP tlog-tiles); `/v1/log` is the prefix.",
                {"200": {"description": "Never changes.", "content": {_BYTES: {}}}},
            ),
        },
        "/v1/log/entries/{index}": {
            "parameters": [index],
            "get": _operation(
                "getEntry",
                "The bytes of a leaf.",
                {
                    "200": {
                        "description": "The entry, canonical JSON.",
                        "content": {_BYTES: {}},
                    }
                },
            ),
        },
    }


def _proof_paths() -> dict[str, Json]:
    index = _path_parameter("index", "(0|[1-9][0-9]{0,12})")
    size: Json = {"type": "integer", "minimum": 1}
    consistency: Json = {
        "type": "object",
        "required": ["from", "hashes", "to"],
        "additionalProperties": False,
        "properties": {
            "from": size,
            "to": size,
            "hashes": {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}},
        },
    }
    return {
        "/v1/log/proofs/{index}": {
            "parameters": [index],
            "get": _operation(
                "getProof",
                "The inclusion proof of an entry (c2sp.org/tlog-proof@v1).",
                {"200": _text("A proof with its checkpoint.")},
            ),
        },
        "/v1/log/consistency": {
            "parameters": [
                {"name": name, "in": "query", "required": True, "schema": size}
                for name in ("from", "to")
            ],
            "get": _operation(
                "getConsistency",
                "The proof that the tree of size `to` starts with the tree of size `from`.",
                {
                    "200": {
                        "description": "Hashes in the order of RFC 9162, section 2.1.4.",
                        "content": {
                            _JSON: {
                                "schema": consistency,
                                "examples": _examples({"from": 3, "hashes": [], "to": 3}),
                            }
                        },
                    }
                },
            ),
        },
    }


def _other_paths() -> dict[str, Json]:
    plain: Json = {"200": {"description": "An object.", "content": {_JSON: {}}}}
    return {
        "/v1/log/witnesses": {
            "get": _operation("getWitnesses", "How the log's witnesses stand.", plain)
        },
        "/v1/log/timestamps": {
            "get": _operation(
                "getTimestamps", "The log's timestamps, and how its authorities stand.", plain
            )
        },
        "/v1/log/timestamps/{number}": {
            "parameters": [_path_parameter("number", "(0|[1-9][0-9]{0,12})")],
            "get": _operation(
                "getTimestamp", "A timestamp: the token (RFC 3161) and what it is over.", plain
            ),
        },
        "/v1/rules": {"get": _operation("getRules", "The active packs.", plain)},
        "/v1/rules/{pack}": {
            "parameters": [_path_parameter("pack", "[a-z0-9-]+")],
            "get": _operation(
                "getPack",
                "One active pack with its rules and their citations.",
                {"200": _answer("The bytes that the pack's digest is of.", "pack", None)},
            ),
        },
        "/v1/rules/{pack}/{rule}": {
            "parameters": [
                _path_parameter("pack", "[a-z0-9-]+"),
                _path_parameter("rule", "[a-z0-9_]+"),
            ],
            "get": _operation("getRule", "One rule of an active pack, with its versions.", plain),
        },
        "/v1/evaluations": {
            "post": _operation(
                "evaluate",
                "Evaluate rules over bare facts, on one day or many. Nothing is recorded.",
                plain,
                body={
                    _JSON: {
                        "schema": EvaluationRequest.model_json_schema(),
                        "examples": _examples(EVALUATION),
                    }
                },
            )
        },
        "/v1/errors": {"get": _operation("getErrors", "Every code, with what mends it.", plain)},
        "/verify": {
            "get": _operation(
                "getVerifier",
                "A page that verifies case files in the browser and connects to nothing.",
                {"200": {"description": "One file.", "content": {"text/html": {}}}},
            )
        },
        "/openapi.json": {"get": _operation("getOpenApi", "This description.", plain)},
        "/healthz": {"get": _operation("getHealth", "The process answers.", plain)},
        "/readyz": {"get": _operation("getReadiness", "Submissions can be recorded.", plain)},
    }


def _operation(
    identifier: str, says: str, responses: dict[str, Json], *, body: Json = None
) -> dict[str, Json]:
    operation: dict[str, Json] = {
        "operationId": identifier,
        "summary": says,
        "responses": responses | {"default": {"$ref": "#/components/responses/problem"}},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _content(schema: str, example: Json) -> dict[str, Json]:
    content: dict[str, Json] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return content if example is None else content | {"examples": _examples(example)}


def _examples(value: Json) -> Json:
    return {"shape": {"summary": "Shows the shape; signed by nobody.", "value": value}}


def _answer(says: str, schema: str, example: Json) -> dict[str, Json]:
    return {"description": says, "content": {_JSON: _content(schema, example)}}


def _recorded(says: str, schema: str, example: Json) -> dict[str, Json]:
    text: Json = {"schema": {"type": "string"}}
    return _answer(says, schema, example) | {
        "headers": {
            "Location": text,
            "Idempotent-Replayed": text | {"description": "`true` with a 200."},
        }
    }


def _text(says: str) -> dict[str, Json]:
    return {"description": says, "content": {"text/plain": {"schema": {"type": "string"}}}}


def _path_parameter(name: str, pattern: str) -> dict[str, Json]:
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _problem_response() -> dict[str, Json]:
    code = "json-duplicate-key"
    example = {
        "type": f"urn:foundry-attest:problem:{code}",
        "title": CODES[code].title,
        "status": STATUS[code],
        "code": code,
        "detail": "a member name appears twice",
        "mend": CODES[code].mend,
    }
    return {
        "description": "Nothing was recorded, except where `code` is `log-stopped`.",
        "content": {MEDIA_TYPE: _content("problem", example)},
    }
