"""Monitoring: what a reader saw of a log is held against what it shows now.

A reader keeps one checkpoint of a log and asks of every newer one that it extends that, by a
consistency proof made from the log's own tiles. `compare` says how two checkpoints stand to each
other; where they contradict, it gives the proof (`attest.log.misbehaviour`). `Memory` keeps the
checkpoint in a file, which is the checkpoint itself: one run at a time, and one state or the other
after a loss of power.

What a reader holds already, an old proof or case file, has a checkpoint in it and serves as well:

>>> from attest.log.proof import format_tlog_proof
>>> held_checkpoints(format_tlog_proof(index=0, hashes=[], checkpoint=b"the note"))
(b'the note',)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from attest import limits, schemas
from attest.encoding import Json, decode_base64, loads
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.merkle import (
    HASH_BYTES,
    NodeId,
    ReadNodes,
    consistency_path,
    root_of_packed,
    roots_of_path,
)
from attest.log.misbehaviour import prove_misbehaviour
from attest.log.proof import parse_tlog_proof
from attest.log.tiles import TILE_LEVELS, TILE_WIDTH, Tile

ReadTile = Callable[[Tile], bytes]


@dataclass(frozen=True)
class Comparison:
    """Two checkpoints of one log; `misbehaviour` is the proof that they contradict, if they do."""

    before: Checkpoint
    after: Checkpoint
    misbehaviour: bytes | None = None


def compare(before: bytes, after: bytes, *, keys: LogKeys, read_nodes: ReadNodes) -> Comparison:
    """Hold a checkpoint against one that was seen before.

    `read_nodes` reads the log of `after`; what it gives is not trusted.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature (of either);
            rolled-back (`after` is smaller, and nothing shows that it was signed later);
            tile-altered (what was read does not lead to the root of `after`); those of
            `read_nodes`.
    """
    one, other = (open_checkpoint(note, keys=keys) for note in (before, after))
    if one == other or one.size == 0 < other.size:
        return Comparison(one, other)
    if one.size >= other.size:
        proof = prove_misbehaviour(before, after, keys=keys.note_keys())
        if proof is None:
            why = "the checkpoint is older than the one held; a stale copy may show it"
            raise LogError("rolled-back", why)
        return Comparison(one, other, proof)
    path = consistency_path(one.size, other.size, read_nodes)
    old, new = roots_of_path(one.size, other.size, path)
    if new != other.root:
        raise LogError("tile-altered", "the log's tiles do not lead to its checkpoint")
    if old == one.root:
        return Comparison(one, other)
    keys_of = keys.note_keys()
    return Comparison(one, other, prove_misbehaviour(before, after, keys=keys_of, path=path))


def nodes_of_tiles(size: int, read_tile: ReadTile) -> ReadNodes:
    """Reads nodes of a log of `size` entries from its hash tiles, each tile once.

    Raises (when it reads):
        LogError: tile-altered (a tile is not of its width); those of `read_tile`.
    """
    read: dict[Tile, bytes] = {}

    def node(level: int, index: int) -> bytes:
        above, below = divmod(level, TILE_LEVELS)
        number, at = divmod(index << below, TILE_WIDTH)
        width = min((size >> above * TILE_LEVELS) - number * TILE_WIDTH, TILE_WIDTH)
        tile = Tile(above, number, width)
        if tile not in read:
            read[tile] = read_tile(tile)
        raw = read[tile]
        if len(raw) != width * HASH_BYTES:
            raise LogError("tile-altered", "a tile is not of its width", entry=tile.first_entry)
        return root_of_packed(raw[at * HASH_BYTES : (at + (1 << below)) * HASH_BYTES])

    def nodes(ids: Sequence[NodeId]) -> list[bytes]:
        return [node(level, index) for level, index in ids]

    return nodes


def held_checkpoints(raw: bytes) -> tuple[bytes, ...]:
    """The checkpoints in what a reader holds: a checkpoint, a proof, a case file.

    Nothing of it is verified.

    Raises:
        InputError: those of `loads`, schema-violation (a document of another kind), base64.
        LogError: proof-malformed.
    """
    if raw.startswith(b"c2sp.org/tlog-proof@"):
        return (parse_tlog_proof(raw).checkpoint,)
    if not raw.lstrip().startswith(b"{"):
        return (raw,)
    document = loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )
    if "trust" not in document:
        schemas.validate("proof", document)
        return (_checkpoint_of(document),)
    schemas.validate("casefile", document)
    parts = [document["trust"], document["submission"], document["decision"], *document["reviews"]]
    return tuple(dict.fromkeys(_checkpoint_of(part["proof"]) for part in parts))


def _checkpoint_of(proof: Json) -> bytes:
    return parse_tlog_proof(decode_base64(proof["tlog_proof"])).checkpoint


class Memory:
    """The newest checkpoint that was seen of a log, in a file; a context manager.

    Raises:
        InputError: file (on entering, and from each method: it cannot be read or written).
    """

    def __init__(self, path: Path) -> None:
        """Remember in the file at `path`; beside it lies a file that keeps a second run waiting."""
        self._path = path
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self._lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            raise _unusable(error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._lock)

    def read(self) -> bytes | None:
        """The checkpoint, None before the first."""
        try:
            with self._path.open("rb") as file:
                return file.read(limits.CHECKPOINT_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(error) from None

    def keep(self, note: bytes) -> None:
        """Keep another checkpoint, durably, in place of the one before."""
        partial = Path(f"{self._path}.partial")
        try:
            with partial.open("wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise _unusable(error) from None


def _unusable(error: OSError) -> InputError:
    return InputError("file", f"the memory cannot be used: {error.strerror}")
