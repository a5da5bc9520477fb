"""Integrity: does a copy of the log hold exactly what its checkpoint signed?

    1  the checkpoint bears both signatures, and the files are those that its size asks for
    2  the hash tiles lead to its root
    3  every entry hashes to its place in the tiles, is well formed, at its own index, chained to
       the one before, and not dated before it
    4  every body and salt is the one that its entry commits to

Since the tiles are held to the root first, a difference between an entry and its hash convicts the
entry, and the error names it. Where the tiles do not lead to the root, the entries are hashed
without them: if those lead to the root, the first wrong tile is named, else the first wrong entry.
What the bodies say is not looked at; that is `attest.replay`.

The loops run over whole bundles and make no object per entry: the check must stay below twice the
cost of its hashes.

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
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from attest.encoding import parse_instant
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.entry import (
    NO_PREV,
    SALT_BYTES,
    Entry,
    check_commitment,
    parse_entry,
)
from attest.log.export import Export, export_paths, tile_of_store
from attest.log.merkle import HASH_BYTES, Frontier, root_of_packed
from attest.log.store import LogStore
from attest.log.tiles import TILE_WIDTH, Tile, tiles_of_level

Progress = Callable[[int], None]
"""Told, after each bundle, how many entries are checked so far."""

_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_REFS = b'"refs":{'


class _Source(Protocol):
    """A copy of the log in tiles and bundles."""

    def tile(self, tile: Tile) -> bytes: ...

    def bundle(self, tile: Tile) -> tuple[list[bytes], bool]: ...

    def bodies(self, tile: Tile) -> Iterable[tuple[bytes, bytes]]: ...


def check_export(folder: Path, *, keys: LogKeys, progress: Progress | None = None) -> Checkpoint:
    """Check the integrity of an export and return its checkpoint.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature, export-incomplete,
            tile-altered, bundle-malformed, entry-malformed, entry-order, entry-altered,
            chain-broken, time-backwards, commitment-mismatch, root-mismatch. The attribute `entry`
            is the index of the first faulty entry, where one can be named.
        InputError: file.
    """
    export = Export.open(folder, keys=keys)
    _check_files(folder, export.checkpoint.size)
    _check(export, export.checkpoint, progress)
    return export.checkpoint


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
    _check(_StoreSource(store), checkpoint, progress)
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
    found = {
        (Path(place) / name).relative_to(folder).as_posix()
        for place, _, names in os.walk(folder)
        for name in names
    }
    for path in export_paths(size):
        if path not in found:
            raise LogError("export-incomplete", f"{path} is missing")
        found.remove(path)
    if found:
        raise LogError("export-incomplete", f"{len(found)} of the files do not belong there")


def _check(source: _Source, checkpoint: Checkpoint, progress: Progress | None) -> None:
    authentic = _check_tiles(source, checkpoint)
    if not authentic:
        _check_tiles_by_entries(source, checkpoint)
    walk = _Walk()
    for tile in tiles_of_level(checkpoint.size, 0):
        walk.check_bundle(tile, source)
        if progress is not None:
            progress(tile.first_entry + tile.width)
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
    level, complete = 1, b"".join(roots[: checkpoint.size // TILE_WIDTH])
    while complete:
        for tile in tiles_of_level(checkpoint.size, level):
            at = tile.index * _TILE_BYTES
            if source.tile(tile) != complete[at : at + tile.width * HASH_BYTES]:
                raise LogError("tile-altered", "a tile is wrong", entry=tile.first_entry)
        whole = len(complete) // _TILE_BYTES * _TILE_BYTES
        complete = b"".join(
            root_of_packed(complete[at : at + _TILE_BYTES]) for at in range(0, whole, _TILE_BYTES)
        )
        level += 1
    return True


def _check_tiles_by_entries(source: _Source, checkpoint: Checkpoint) -> None:
    """If the entries lead to the root and the tiles do not, name the first wrong hash."""
    roots = []
    wrong = None
    for tile in tiles_of_level(checkpoint.size, 0):
        leaves = _leaf_hashes(source.bundle(tile)[0])
        roots.append(root_of_packed(leaves))
        if wrong is None and leaves != (hashes := source.tile(tile)):
            wrong = tile.first_entry + _first_difference(leaves, hashes)
    if root_of_packed(b"".join(roots)) == checkpoint.root:
        raise LogError("tile-altered", "a tile of the lowest level is wrong", entry=wrong)


def _leaf_hashes(entries: list[bytes]) -> bytes:
    return b"".join([sha256(b"\x00" + raw).digest() for raw in entries])


def _first_difference(some: bytes, other: bytes) -> int:
    """How many hashes at the start are the same."""
    places = range(0, len(some), HASH_BYTES)
    same = (at for at in places if some[at : at + HASH_BYTES] != other[at : at + HASH_BYTES])
    return next(same, len(some)) // HASH_BYTES


class _Walk:
    """The walk along the entries, each held to the one before.

    `_check_entry` is the whole check. It is also slow, and most entries look like one before them,
    so each that passes leaves a mould behind, by its length: its bytes with gaps for the
    commitment, the index, the chain, the submission just before it, and the time. Filled with the
    right values, a mould gives the bytes of a faultless entry; one that is not these bytes is
    checked in full.
    """

    def __init__(self) -> None:
        self._prev = NO_PREV.hex().encode()
        self._time = b""
        self._moulds: dict[int, _Mould] = {}

    def check_bundle(self, tile: Tile, source: _Source) -> None:
        """Check the next bundle of entries and its bodies."""
        first = tile.first_entry
        entries, whole = source.bundle(tile)
        hashes, leaves = source.tile(tile), _leaf_hashes(entries[: tile.width])
        same = len(leaves) // HASH_BYTES
        if not hashes.startswith(leaves):
            same = _first_difference(leaves, hashes)
        bodies = iter(source.bodies(tile))
        self._check_entries(first, entries[:same], leaves, bodies)
        if same < min(len(entries), tile.width):
            index = _entry_at(first + same, entries[same]).index
            raise LogError("entry-altered", "the entry is not the one in the tree", entry=index)
        if len(entries) < tile.width:
            raise LogError("bundle-malformed", "entries are cut off", entry=first + len(entries))
        if len(entries) > tile.width or not whole or next(bodies, None) is not None:
            raise LogError("bundle-malformed", "a bundle goes on after its last entry")
        self._prev = leaves[-HASH_BYTES:].hex().encode()

    def _check_entries(
        self, first: int, entries: list[bytes], leaves: bytes, bodies: Iterator[tuple[bytes, bytes]]
    ) -> None:
        chain = self._prev + leaves.hex().encode()
        newest, moulds = self._time, self._moulds
        for index, (raw, (salt, body)) in enumerate(zip(entries, bodies, strict=False), first):
            at = 64 * (index - first)
            prev, time = chain[at : at + 64], raw[-28:-8]
            digest = sha256(salt)
            digest.update(body)
            commitment = digest.hexdigest().encode()
            shape, salt_bytes, answers = moulds.get(len(raw), _NO_MOULD)
            values = (
                (commitment, index, prev, index - 1, time)
                if answers
                else (commitment, index, prev, time)
            )
            if (
                len(salt) != salt_bytes
                or shape % values != raw
                or (time != newest and not _follows(time, newest))
            ):
                entry = _check_entry(index, raw, prev, newest, salt, body)
                moulds[len(raw)] = _mould_of(entry, raw)
            newest = time
        self._time = newest


_Mould = tuple[bytes, int, bool]
"""The bytes with gaps, the length of the salt, whether one gap is for the submission before."""

_NO_MOULD: _Mould = (b"", -1, False)


def _mould_of(entry: Entry, raw: bytes) -> _Mould:
    if entry.index == 0:
        return _NO_MOULD
    start = b'{"commit":"sha256:%%b","index":%%d,"kind":"%b","prev":"%%b","refs":{'
    refs = raw[raw.index(_REFS) + len(_REFS) : -28]
    before = b'"submission":[%d]' % (entry.index - 1)
    shape = start % entry.kind.encode() + refs.replace(before, b'"submission":[%d]') + b'%b","v":1}'
    return shape, SALT_BYTES if entry.salted else 0, before in refs


def _follows(time: bytes, newest: bytes) -> bool:
    try:
        parse_instant(time.decode(errors="replace"))
    except InputError:
        return False
    return time > newest


def _check_entry(
    index: int, raw: bytes, prev: bytes, newest: bytes, salt: bytes, body: bytes
) -> Entry:
    entry = _entry_at(index, raw)
    if entry.prev.hex().encode() != prev:
        raise LogError("chain-broken", "the entry does not name the one before", entry=index)
    if raw[-28:-8] < newest:
        raise LogError("time-backwards", "the entry is dated before the last", entry=index)
    check_commitment(entry, body, salt)
    return entry


def _entry_at(index: int, raw: bytes) -> Entry:
    try:
        entry = parse_entry(raw)
    except LogError as error:
        raise LogError(error.code, error.detail, entry=index) from None
    if entry.index != index:
        raise LogError("entry-order", "the entry says another index", entry=index)
    return entry
