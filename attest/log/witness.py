"""Witnessing: what a witness is asked, what it checks, and what it answers (SPEC 13.4).

    old 17                                            the size that the witness cosigned last
    PR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyI=      consistency proof, up to 63 lines
                                                      an empty line
    example.org/log                                   the checkpoint, as its log signed it
    …

The outside format is c2sp.org/tlog-witness. A witness keeps one thing of a log, the newest
checkpoint that it cosigned, and keeps it before it answers: a witness that forgets would cosign a
fork. `Witness` decides; where the checkpoint is kept is a `Seen`, which compares and sets.

>>> request = AddCheckpoint(old=1, proof=(bytes(32),), note=b"the note")
>>> parse_add_checkpoint(format_add_checkpoint(request)) == request
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from attest import limits
from attest.encoding import decode_base64, encode_base64
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, parse_checkpoint_text, signed_by
from attest.log.merkle import EMPTY_ROOT, check_consistency
from attest.log.note import NoteKey, parse_note

_REQUEST = re.compile(
    rb"old (0|[1-9][0-9]{0,12})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n(.+)", re.DOTALL
)


@dataclass(frozen=True)
class AddCheckpoint:
    """A request for cosignatures, taken apart; nothing of it is verified."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


class Behind(Exception):  # noqa: N818  an answer of the protocol, not an error
    """The request starts from another size than `size`, which the witness cosigned last."""

    def __init__(self, size: int) -> None:
        """Say which size it is."""
        super().__init__()
        self.size = size


class Seen(Protocol):
    """What a witness remembers: of each log the newest checkpoint that it cosigned."""

    def newest(self, origin: str) -> Checkpoint | None:
        """The newest checkpoint of a log, None before the first."""

    def advance(self, before: Checkpoint | None, after: Checkpoint, note: bytes) -> bool:
        """Keep `after` with its note durably, if `before` still is the newest; whether it was."""


def format_add_checkpoint(request: AddCheckpoint) -> bytes:
    """Write a request."""
    lines = [f"old {request.old}", *map(encode_base64, request.proof), "", ""]
    return "\n".join(lines).encode() + request.note


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """Take a request apart.

    Raises:
        LogError: checkpoint-malformed.
    """
    if len(raw) > limits.WITNESS_REQUEST_BYTES_MAX:
        raise LogError("checkpoint-malformed", f"over {limits.WITNESS_REQUEST_BYTES_MAX} bytes")
    match = _REQUEST.fullmatch(raw)
    if match is None:
        raise LogError("checkpoint-malformed", "not a size, hashes, an empty line, a checkpoint")
    try:
        proof = tuple(decode_base64(line) for line in match[2].decode().splitlines())
    except InputError:
        raise LogError("checkpoint-malformed", "a hash is not base64") from None
    return AddCheckpoint(old=int(match[1]), proof=proof, note=match[3])


def check_request(
    request: AddCheckpoint, *, logs: Mapping[str, Sequence[NoteKey]], seen: Seen
) -> tuple[Checkpoint | None, Checkpoint]:
    """Check that a checkpoint extends what was cosigned before.

    `logs` maps the origins that are witnessed to the keys of which at least one has to have signed.
    Returns what was newest and the checkpoint, ready for `Seen.advance`; only after that succeeded
    may it be cosigned.

    Raises:
        InputError: not-found (no such log is witnessed).
        LogError: checkpoint-malformed (among others: it starts from more than it ends with),
            checkpoint-signature, proof-malformed, proof-invalid.
        Behind: it does not start from what was cosigned last.
    """
    note = parse_note(request.note)
    checkpoint = parse_checkpoint_text(note.text)
    keys = logs.get(checkpoint.origin)
    if keys is None:
        raise InputError("not-found", "no log of that origin is witnessed")
    if not signed_by(note, keys):
        raise LogError("checkpoint-signature", "no signature by a known key of the log")
    if request.old > checkpoint.size:
        raise LogError("checkpoint-malformed", "the old size is over the new one")
    newest = seen.newest(checkpoint.origin)
    known = 0 if newest is None else newest.size
    if request.old != known:
        raise Behind(known)
    if newest is None or known == 0:
        _check_from_nothing(checkpoint, request.proof)
    else:
        check_consistency(
            size1=known,
            root1=newest.root,
            size2=checkpoint.size,
            root2=checkpoint.root,
            proof=request.proof,
        )
    return newest, checkpoint


def _check_from_nothing(checkpoint: Checkpoint, proof: Sequence[bytes]) -> None:
    if proof:
        raise LogError("proof-malformed", "nothing was cosigned before, so there is no proof")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise LogError("proof-invalid", "an empty log has one root")
