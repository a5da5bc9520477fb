"""Integrity: does a copy of the log hold exactly what its checkpoint signed?

    1  the checkpoint bears both signatures, and the files are those that its size asks for
    2  the hash tiles lead to its root
    3  every entry hashes to its place in the tiles, is well formed, at its own index, chained to
       the one before, and not dated before it
    4  every body and salt is the one that its entry commits to
    5  the timestamps, where there are any, follow each other and are over this log; whether their
       tokens hold is asked for apart, since that needs authorities whom the reader trusts

Since the tiles are held to the root first, a difference between an entry and its hash convicts the
entry, and the error names it. Where the tiles do not lead to the root, the entries are hashed
without them: if those lead to the root, the first wrong tile is named, else the first wrong entry.
What the bodies say is not looked at; that is `attest.replay`.

The log is read once, in portions of 65,536 entries, each of which needs nothing of the others but
the end of the one before: so several processes share them, and memory does not grow with the log.
Only where that pass finds fault is the log read again, in order, to name the first one.

>>> import tempfile
>>> from datetime import UTC, datetime
>>> from attest.log.checkpoint import CheckpointSigner
>>> from attest.log.export import write_export
>>> from attest.log.sqlite import SqliteStore
>>> from attest.log.writer import Draft, LogWriter
>>> folder = tempfile.TemporaryDirectory()
>>> store = SqliteStore.create(Path(folder.name) / "log.sqlite")
>>> writer = LogWriter.open(store, CheckpointSigner.generate("example.org/log"))
>>> drafts = [Draft("genesis", b"the beginning"), Draft("submission", b"40 billion")]
>>> _ = writer.append(drafts, at=datetime(2026, 11, 24, tzinfo=UTC))
>>> export = Path(folder.name) / "export"
>>> write_export(store, export)
>>> check_export(export, keys=writer.keys).size
2
>>> bodies = export / "bodies/000.p/2"
>>> _ = bodies.write_bytes(bodies.read_bytes().replace(b"40", b"29"))
>>> check_export(export, keys=writer.keys)
Traceback (most recent call last):
attest.errors.LogError: commitment-mismatch (entry 1): the entry commits to another body or salt
>>> store.close(); folder.cleanup()
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

from attest.errors import InternalError, LogError
from attest.log.chain import Walk, first_difference, leaf_hashes
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.export import Export, export_paths, tile_of_store
from attest.log.merkle import HASH_BYTES, Frontier, root_of_packed
from attest.log.monitor import nodes_of_tiles
from attest.log.stamp_files import FOLDER, read_stamps
from attest.log.stamps import (
    OpenedStamp,
    check_times,
    check_trees,
    open_stamps,
)
from attest.log.store import LogStore
from attest.log.tiles import TILE_WIDTH, Tile, tiles_of_level
from attest.log.timestamp import Authorities

Progress = Callable[[int], None]
"""Told, after each portion, how many entries were just checked."""

_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_PORTION = TILE_WIDTH * TILE_WIDTH
"""Entries of a portion: the roots of their tiles are one tile of the next level."""


class _Source(Protocol):
    """A copy of the log in tiles and bundles."""

    def tile(self, tile: Tile) -> bytes: ...

    def bundle(self, tile: Tile) -> tuple[list[bytes], bool]: ...

    def bodies(self, tile: Tile) -> Iterable[tuple[bytes, bytes]]: ...


def check_export(
    folder: Path, *, keys: LogKeys, processes: int = 1, progress: Progress | None = None
) -> Checkpoint:
    """Check the integrity of an export and return its checkpoint.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature, export-incomplete,
            tile-altered, bundle-malformed, entry-malformed, entry-order, entry-altered,
            chain-broken, time-backwards, commitment-mismatch, root-mismatch, timestamp-malformed,
            timestamp-invalid, rolled-back (a timestamp is over a larger log). The attribute `entry`
            is the index of the first faulty entry, where one can be named.
        InputError: file.
    """
    export = Export.open(folder, keys=keys)
    _check_files(folder, export.checkpoint.size)
    if not _holds(export, export.checkpoint, processes, progress):
        _find_fault(export, export.checkpoint)
    check_stamps(export, keys=keys)
    return export.checkpoint


def check_stamps(
    export: Export, *, keys: LogKeys, authorities: Authorities | None = None
) -> tuple[OpenedStamp, ...]:
    """Check the timestamps of an export and return them.

    Raises:
        LogError: export-incomplete, rolled-back, root-mismatch, timestamp-contradicts, and those
            of `open_stamps`.
        TrustError: timestamp-expired.
        InputError: file.
    """
    stamps, asked = read_stamps(export.folder)
    if asked is not None:
        raise LogError("export-incomplete", "a timestamp has no token")
    opened = open_stamps(stamps, keys=keys, authorities=authorities)
    nodes = nodes_of_tiles(export.checkpoint.size, export.tile)
    check_trees(opened, export.checkpoint, read_nodes=nodes)
    check_times(opened, lambda index: _entry_of(export, index))
    return opened


def _entry_of(export: Export, index: int) -> bytes:
    number, at = divmod(index, TILE_WIDTH)
    width = min(export.checkpoint.size - number * TILE_WIDTH, TILE_WIDTH)
    entries, _ = export.bundle(Tile(0, number, width))
    if at >= len(entries):
        raise LogError("bundle-malformed", "entries are cut off", entry=index)
    return entries[at]


def check_store(store: LogStore, *, keys: LogKeys, progress: Progress | None = None) -> Checkpoint:
    """Check the integrity of a store, as far as its newest checkpoint covers it.

    Entries that are committed but not signed yet are not part of the log before they are.

    Raises:
        LogError: as `check_export`; checkpoint-malformed where there is no checkpoint.
    """
    note = store.head().checkpoint
    if note is None:
        raise LogError("checkpoint-malformed", "the log has no checkpoint yet")
    checkpoint = open_checkpoint(note, keys=keys)
    source = _StoreSource(store)
    if not _holds(source, checkpoint, 1, progress):
        _find_fault(source, checkpoint)
    _check_inner_nodes(store, checkpoint.size)
    return checkpoint


class _StoreSource:
    """A store, read in the portions of an export."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def tile(self, tile: Tile) -> bytes:
        return tile_of_store(self._store, tile)

    def bundle(self, tile: Tile) -> tuple[list[bytes], bool]:
        stored = self._store.entries(tile.first_entry, tile.first_entry + tile.width)
        return [one.entry for one in stored], True

    def bodies(self, tile: Tile) -> Iterable[tuple[bytes, bytes]]:
        stored = self._store.entries(tile.first_entry, tile.first_entry + tile.width)
        return ((one.salt, one.body) for one in stored)


def _check_inner_nodes(store: LogStore, size: int) -> None:
    """Check the nodes between the levels of tiles, which proofs and the next root are made from."""
    frontier = Frontier()
    for tile in tiles_of_level(size, 0):
        raw = tile_of_store(store, tile)
        leaves = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
        frontier, nodes = frontier.extend(leaves)
        kept = store.nodes([(level, index) for level, index, _ in nodes])
        for (level, index, value), other in zip(nodes, kept, strict=True):
            if value != other:
                raise LogError("tile-altered", "a node of the store is wrong", entry=index << level)


def _check_files(folder: Path, size: int) -> None:
    wanted = 0
    for path in export_paths(size):
        if not (folder / path).is_file():
            raise LogError("export-incomplete", f"{path} is missing")
        wanted += 1
    stamped = folder / FOLDER
    found = sum(len(names) for place, _, names in os.walk(folder) if Path(place) != stamped)
    if found != wanted:
        raise LogError(
            "export-incomplete", f"{abs(found - wanted)} files are not where they belong"
        )


def _holds(
    source: _Source, checkpoint: Checkpoint, processes: int, progress: Progress | None
) -> bool:
    """Whether everything is as it should be; what is not, `_find_fault` finds."""
    size = checkpoint.size
    numbers = range(-(-size // _PORTION))
    above = []
    try:
        for number, roots in enumerate(_checked(source, size, numbers, processes)):
            complete = min(size // TILE_WIDTH - number * TILE_WIDTH, TILE_WIDTH)
            if (
                complete
                and source.tile(Tile(1, number, complete)) != roots[: complete * HASH_BYTES]
            ):
                return False
            above.append(root_of_packed(roots))
            if progress is not None:
                progress(min(size - number * _PORTION, _PORTION))
        if root_of_packed(b"".join(above)) != checkpoint.root:
            return False
        _check_levels(source, size, 2, b"".join(above[: size // _PORTION]))
    except LogError:
        return False
    return True


def _checked(source: _Source, size: int, numbers: Iterable[int], processes: int) -> Iterator[bytes]:
    check = partial(_check_portion, source, size)
    if processes == 1:
        yield from map(check, numbers)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        try:
            yield from pool.map(check, numbers)
        except BrokenProcessPool:
            raise InternalError("internal", "a worker process died") from None


def _check_portion(source: _Source, size: int, number: int) -> bytes:
    """Check the entries of a portion against their tiles; returns the roots of the tiles."""
    first = number * TILE_WIDTH
    walk = Walk()
    if first:
        before = Tile(0, first - 1, TILE_WIDTH)
        entries, _ = source.bundle(before)
        if not entries:
            raise LogError("bundle-malformed", "entries are cut off", entry=before.first_entry)
        walk = Walk(source.tile(before)[-HASH_BYTES:], entries[-1][-28:-8])
    roots = []
    for index in range(first, min(first + TILE_WIDTH, -(-size // TILE_WIDTH))):
        tile = Tile(0, index, min(size - index * TILE_WIDTH, TILE_WIDTH))
        hashes = source.tile(tile)
        if len(hashes) != tile.width * HASH_BYTES:
            raise LogError("tile-altered", "a tile is not of its width", entry=tile.first_entry)
        walk.check_bundle(tile, hashes, source.bundle(tile), source.bodies(tile))
        roots.append(root_of_packed(hashes))
    return b"".join(roots)


def _find_fault(source: _Source, checkpoint: Checkpoint) -> None:
    """Raise the first fault, the tiles before the entries."""
    authentic = _check_tiles(source, checkpoint)
    if not authentic:
        _check_tiles_by_entries(source, checkpoint)
    walk = Walk()
    for tile in tiles_of_level(checkpoint.size, 0):
        walk.check_bundle(tile, source.tile(tile), source.bundle(tile), source.bodies(tile))
    if not authentic:
        raise LogError("root-mismatch", "entries and tiles agree, but not with the checkpoint")


def _check_tiles(source: _Source, checkpoint: Checkpoint) -> bool:
    """Whether the tiles of level 0 lead to the root; if they do, those above must follow them."""
    roots = []
    for tile in tiles_of_level(checkpoint.size, 0):
        raw = source.tile(tile)
        if len(raw) != tile.width * HASH_BYTES:
            raise LogError("tile-altered", "a tile is not of its width", entry=tile.first_entry)
        roots.append(root_of_packed(raw))
    if root_of_packed(b"".join(roots)) != checkpoint.root:
        return False
    _check_levels(source, checkpoint.size, 1, b"".join(roots[: checkpoint.size // TILE_WIDTH]))
    return True


def _check_levels(source: _Source, size: int, level: int, complete: bytes) -> None:
    """Check the tiles from a level on, whose hashes are all these."""
    while complete:
        for tile in tiles_of_level(size, level):
            at = tile.index * _TILE_BYTES
            if source.tile(tile) != complete[at : at + tile.width * HASH_BYTES]:
                raise LogError("tile-altered", "a tile is wrong", entry=tile.first_entry)
        whole = len(complete) // _TILE_BYTES * _TILE_BYTES
        complete = b"".join(
            root_of_packed(complete[at : at + _TILE_BYTES]) for at in range(0, whole, _TILE_BYTES)
        )
        level += 1


def _check_tiles_by_entries(source: _Source, checkpoint: Checkpoint) -> None:
    """If the entries lead to the root and the tiles do not, name the first wrong hash."""
    roots = []
    wrong = None
    for tile in tiles_of_level(checkpoint.size, 0):
        leaves = leaf_hashes(source.bundle(tile)[0])
        roots.append(root_of_packed(leaves))
        if wrong is None and leaves != (hashes := source.tile(tile)):
            wrong = tile.first_entry + first_difference(leaves, hashes)
    if root_of_packed(b"".join(roots)) == checkpoint.root:
        raise LogError("tile-altered", "a tile of the lowest level is wrong", entry=wrong)
