"""What is inside a document, down to its statements, and every fault of shape on the way.

>>> from attest.cli.documents import recognise
>>> [pointer for pointer, _ in look_into(recognise(b'{"v": 1, "envelopes": []}')).faults]
['/envelopes']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from attest import encoding, limits, schemas
from attest.cli.documents import Recognised, recognise, unverified_payload
from attest.cli.statements import SCHEMA_OF
from attest.encoding import Json
from attest.errors import CODES, InputError, LogError
from attest.log.checkpoint import parse_checkpoint_text
from attest.log.note import parse_note
from attest.log.proof import parse_tlog_proof

_ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "answer": {"decision": "envelope", "proof": "proof"},
    "review-answer": {"envelope": "envelope", "proof": "proof"},
}
"""What the answers that `attest submit` saves hold, by member."""


@dataclass(frozen=True)
class Found:
    """A statement inside a document; `sound` when it follows the schema of its type."""

    digest: str
    statement: Json
    sound: bool


@dataclass
class Contents:
    """The statements in a document, none of them verified, and its faults as (pointer, why)."""

    statements: list[Found] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


def look_into(found: Recognised) -> Contents:
    """Look into a document as deep as its shape allows."""
    contents = Contents()
    if found.kind in schemas.SCHEMAS:
        _document(found.kind, found.content, "", contents)
    elif found.kind in _ANSWERS:
        for member, kind in _ANSWERS[found.kind].items():
            _document(kind, found.content[member], f"/{member}", contents)
    else:
        try:
            _check_text(found)
        except LogError as error:
            contents.faults.append(("", f"{error.code}: {error.detail}"))
    return contents


def _check_text(found: Recognised) -> None:
    note = found.raw
    if found.kind == "tlog-proof":
        note = parse_tlog_proof(found.raw).checkpoint
    parse_checkpoint_text(parse_note(note).text)


def _document(kind: str, content: Json, pointer: str, contents: Contents) -> None:
    if not _follows(kind, content, pointer, contents):
        return
    if kind == "statement":
        _statement(content, encoding.canonical(content), pointer, contents)
    elif kind == "envelope":
        _envelope(content, pointer, contents)
    elif kind == "submission":
        for position, envelope in enumerate(content["envelopes"]):
            _envelope(envelope, f"{pointer}/envelopes/{position}", contents)
    elif kind == "casefile":
        _body(content["submission"], "/submission", contents)
        _body(content["decision"], "/decision", contents)
        for position, review in enumerate(content["reviews"]):
            _body(review, f"/reviews/{position}", contents)


def _body(logged: Json, pointer: str, contents: Contents) -> None:
    try:
        inside = recognise(encoding.decode_base64(logged["body"]))
    except InputError as error:
        contents.faults.append((f"{pointer}/body", f"{error.code}: {error.detail}"))
        return
    if inside.kind in schemas.SCHEMAS:
        _document(inside.kind, inside.content, f"{pointer}/body", contents)
    else:
        contents.faults.append((f"{pointer}/body", f"a {inside.kind} cannot stand here"))


def _envelope(envelope: Json, pointer: str, contents: Contents) -> None:
    place = f"{pointer}/payload"
    try:
        payload = unverified_payload(envelope)
        statement = encoding.loads(payload, bytes_max=limits.CASEFILE_BYTES_MAX)
    except InputError as error:
        contents.faults.append((place, f"{error.code}: {error.detail}"))
        return
    if _follows("statement", statement, place, contents):
        _statement(statement, payload, place, contents)


def _statement(statement: Json, payload: bytes, pointer: str, contents: Contents) -> None:
    schema = SCHEMA_OF.get(statement["predicateType"])
    if schema is None:
        title = CODES["unknown-predicate-type"].title
        contents.faults.append((f"{pointer}/predicateType", title))
        sound = False
    else:
        sound = _follows(schema, statement["predicate"], f"{pointer}/predicate", contents)
    contents.statements.append(Found(encoding.digest(payload), statement, sound))


def _follows(schema: str, document: Json, pointer: str, contents: Contents) -> bool:
    faults = schemas.explain(schema, document)
    contents.faults += [(pointer + place, why) for place, why in faults]
    return not faults
