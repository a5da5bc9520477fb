"""Which document a file holds, and what is inside an envelope before anybody has verified it.

>>> recognise(b'{"v": 1, "envelopes": []}').kind
'submission'
>>> recognise(b"c2sp.org/tlog-proof@v1\\nindex 0\\n").kind
'tlog-proof'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest import encoding, limits, schemas
from attest.cli import files
from attest.cli.failures import about
from attest.cli.statements import SCHEMA_OF, check_statement
from attest.encoding import Json
from attest.errors import InputError

_MARKS: Final[Mapping[str, frozenset[str]]] = {
    "envelope": frozenset({"payload", "payloadType", "signatures"}),
    "statement": frozenset({"_type", "predicateType", "predicate"}),
    "submission": frozenset({"v", "envelopes"}),
    "keyset": frozenset({"v", "party", "keys"}),
    "trust": frozenset({"v", "foundry", "keysets"}),
    "pack": frozenset({"v", "engine", "rules"}),
    "mandate": frozenset({"v", "signatures", "roots", "crls"}),
    "casefile": frozenset({"v", "submission", "decision"}),
    "proof": frozenset({"v", "entry", "tlog_proof"}),
    "entry": frozenset({"v", "commit", "prev"}),
    "problem": frozenset({"code", "status", "mend"}),
    "answer": frozenset({"id", "decision", "proof"}),
    "review-answer": frozenset({"id", "envelope", "proof"}),
}


@dataclass(frozen=True)
class Recognised:
    """A file's kind and content: parsed JSON, or text for the two kinds that are not JSON."""

    kind: str
    raw: bytes
    content: Json


def recognise(raw: bytes) -> Recognised:
    """Tell which document the bytes are.

    Raises:
        InputError: unknown-predicate-type for JSON of no kind of ours, and the json codes.
    """
    if raw.startswith(b"c2sp.org/tlog-proof@v1\n"):
        return Recognised("tlog-proof", raw, raw.decode("utf-8", "replace"))
    if b"\n\n\xe2\x80\x94 " in raw and not raw.lstrip().startswith(b"{"):
        return Recognised("checkpoint", raw, raw.decode("utf-8", "replace"))
    content = loads(raw)
    members = set(content) if isinstance(content, dict) else set()
    for kind, marks in _MARKS.items():
        if marks <= members:
            return Recognised(kind, raw, content)
    raise InputError("not-found", "not a document of docs/SPEC.md")


def loads(raw: bytes) -> Json:
    """JSON that may carry base64 members of any length, such as envelopes and case files do.

    Raises:
        InputError: the json codes.
    """
    return encoding.loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )


def read(path: str) -> Recognised:
    """Read and recognise a file.

    Raises:
        InputError: file, and everything of `recognise`.
    """
    raw = files.read_bytes(path)
    with about(files.name_of(path)):
        return recognise(raw)


def read_keyset(path: str) -> dict[str, Json]:
    """Read a keyset that follows its schema.

    Raises:
        InputError: file, too-large, schema-violation, the json codes.
    """
    keyset: dict[str, Json] = files.read_json(path, bytes_max=limits.KEYSET_BYTES_MAX)
    with about(path):
        schemas.validate("keyset", keyset)
    return keyset


def unverified_payload(envelope: Json) -> bytes:
    """The payload of an envelope that follows its schema; no signature is looked at.

    Raises:
        InputError: schema-violation, base64.
    """
    schemas.validate("envelope", envelope)
    return encoding.decode_base64(envelope["payload"], pointer="/payload", url_safe=True)


def payload_of(path: str) -> bytes:
    """The bytes of the statement in a file: as signed in an envelope, else canonical.

    Raises:
        InputError: what is wrong with the file; unknown-predicate-type when it is no statement.
    """
    found = read(path)
    with about(files.name_of(path)):
        return payload_in(found)


def payload_in(found: Recognised) -> bytes:
    """The bytes of the statement in a recognised file, as `payload_of`.

    Raises:
        InputError: as `payload_of`.
    """
    if found.kind == "envelope":
        payload = unverified_payload(found.content)
        check_statement(loads(payload))
        return payload
    if found.kind == "statement":
        return encoding.canonical(check_statement(found.content))
    raise InputError("unknown-predicate-type", "neither a statement nor an envelope")


def predicate_word(statement: Json) -> str:
    """`declaration`, `determination`, `decision`, `review`, or `statement` for a foreign type."""
    return SCHEMA_OF.get(statement["predicateType"], "statement")
