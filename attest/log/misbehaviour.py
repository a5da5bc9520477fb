"""Misbehaviour: two checkpoints that one log signed and no honest log signs (SPEC 18).

    {"v": 1, "first": base64 of a signed note, "second": of another, "path": [base64, …]}

    fork        one size, two roots
    rewriting   `second` is larger, and `path` leads to its root but not to that of `first`
    rollback    `second` is smaller, and was signed at a later time

Such a document convicts whoever holds the log's keys, offline and for ever. What it shows is not
stated in it: the reader finds out. A path belongs to a rewriting alone; it is a consistency proof
with nothing left out, made from the log's own tiles (`attest.log.merkle.consistency_path`).

>>> from attest.log.checkpoint import CheckpointSigner
>>> log = CheckpointSigner.generate("example.org/log")
>>> noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
>>> notes = [log.sign(size=3, root=bytes([number]) * 32, at=noon) for number in (1, 2)]
>>> raw = format_misbehaviour(*notes)
>>> open_misbehaviour(raw, keys=log.keys).kind
'fork'
>>> open_misbehaviour(format_misbehaviour(notes[0], notes[0]), keys=log.keys)
Traceback (most recent call last):
attest.errors.LogError: not-misbehaviour: one size, one root: that is the same checkpoint
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from attest import limits, schemas
from attest.encoding import canonical, decode_base64, encode_base64, loads
from attest.errors import LogError
from attest.log.checkpoint import (
    Checkpoint,
    LogKeys,
    open_checkpoint,
    parse_checkpoint_text,
    signed_by,
)
from attest.log.merkle import roots_of_path
from attest.log.note import ML_DSA_44_COSIGNATURE, NoteKey, parse_note

_SECONDS_MAX = int(dt.datetime(2999, 12, 31, 23, 59, 59, tzinfo=dt.UTC).timestamp())


@dataclass(frozen=True)
class Misbehaviour:
    """What a document proves: the kind, both checkpoints, and when the log signed them."""

    kind: str
    first: Checkpoint
    second: Checkpoint
    first_at: dt.datetime
    second_at: dt.datetime

    @property
    def says(self) -> str:
        """The contradiction in words."""
        first, second = self.first, self.second
        if self.kind == "fork":
            return f"two roots for one log of {first.size} entries"
        if self.kind == "rewriting":
            return f"the log of {second.size} entries does not start with that of {first.size}"
        return f"{second.size} entries signed after {first.size} had been"


def format_misbehaviour(first: bytes, second: bytes, *, path: Sequence[bytes] = ()) -> bytes:
    """Write the document: two signed notes, and for a rewriting the path."""
    document = {"v": 1, "first": encode_base64(first), "second": encode_base64(second)}
    return canonical(document | ({"path": list(map(encode_base64, path))} if path else {}))


def prove_misbehaviour(
    first: bytes, second: bytes, *, keys: Collection[NoteKey], path: Sequence[bytes] = ()
) -> bytes | None:
    """The document that two signed notes make; None where they do not contradict each other.

    `keys` are those of the log that count, of which both notes have to bear at least one signature.

    Raises:
        LogError: checkpoint-malformed, checkpoint-signature (one of them does not verify).
    """
    signed = [signed_by(parse_note(note), keys) for note in (first, second)]
    one, other = (parse_checkpoint_text(parse_note(note).text) for note in (first, second))
    common = signed[0] & signed[1]
    if not common or one.origin != other.origin:
        return None
    path = path if one.size < other.size else ()
    try:
        _kind(one, other, path, later=_later(first, second, common))
    except LogError:
        return None
    return format_misbehaviour(first, second, path=path)


def open_misbehaviour(raw: bytes, *, keys: LogKeys) -> Misbehaviour:
    """Check a document and find out what it proves.

    Raises:
        InputError: not a document of the schema `misbehaviour`.
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature (each note bears
            both signatures of the log), proof-malformed; not-misbehaviour (there is no
            contradiction).
    """
    document = loads(
        raw,
        bytes_max=limits.MISBEHAVIOUR_BYTES_MAX,
        string_bytes_max=limits.MISBEHAVIOUR_BYTES_MAX,
    )
    schemas.validate("misbehaviour", document)
    notes = [decode_base64(document[name], pointer=f"/{name}") for name in ("first", "second")]
    first, second = (open_checkpoint(note, keys=keys) for note in notes)
    path = [decode_base64(each, pointer="/path") for each in document.get("path", ())]
    kind = _kind(first, second, path, later=_later(notes[0], notes[1], keys.note_keys()))
    times = [_times(note, keys.note_keys()) for note in notes]
    return Misbehaviour(kind, first, second, _instant(min(times[0])), _instant(max(times[1])))


def _kind(first: Checkpoint, second: Checkpoint, path: Sequence[bytes], *, later: bool) -> str:
    if second.size > first.size:
        if not path:
            raise LogError("not-misbehaviour", "a log may grow, and no path shows a rewriting")
        roots = roots_of_path(first.size, second.size, path)
        if roots[1] != second.root:
            raise LogError("not-misbehaviour", "the path does not lead to the later root")
        if roots[0] == first.root:
            raise LogError("not-misbehaviour", "the later log starts with the earlier one")
        return "rewriting"
    if path:
        raise LogError("proof-malformed", "a path belongs to a rewriting alone")
    if second.size == first.size:
        if second.root == first.root:
            raise LogError("not-misbehaviour", "one size, one root: that is the same checkpoint")
        return "fork"
    if not later:
        raise LogError("not-misbehaviour", "the smaller checkpoint was not signed later")
    return "rollback"


def _later(first: bytes, second: bytes, keys: Collection[NoteKey]) -> bool:
    """Whether the log signed the second note at a time after one of the first."""
    one, other = _times(first, keys), _times(second, keys)
    return bool(one and other) and max(other) > min(one)


def _times(note: bytes, keys: Collection[NoteKey]) -> list[int]:
    """When a note was signed that was verified under keys, in seconds since 1970."""
    known = {(key.name, key.identifier) for key in keys if key.kind == ML_DSA_44_COSIGNATURE}
    return [
        int.from_bytes(signature[:8], "big")
        for name, identifier, signature in parse_note(note).signatures
        if (name, identifier) in known
    ]


def _instant(seconds: int) -> dt.datetime:
    """The instant as near as the calendar goes: what is signed may lie beyond it."""
    return dt.datetime.fromtimestamp(min(seconds, _SECONDS_MAX), dt.UTC)
