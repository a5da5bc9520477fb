"""Exports: a log as a folder of static files, complete and nothing else (SPEC 16).

    checkpoint                 the signed note; its size says which files there are
    tile/<L>/<N>[.p/<W>]       hash tiles
    tile/entries/<N>[.p/<W>]   entry bundles
    bodies/<N>[.p/<W>]         salts and bodies, aligned with the entry bundles
    timestamps/…               where there are any: see `attest.log.stamps`

Two exports of one log at one checkpoint are the same bytes, whatever the store. `attest.log.check`
holds an export to its checkpoint; an `Export` by itself has verified the checkpoint only.

>>> list(export_paths(1))
['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1', 'bodies/000.p/1']
>>> len(list(export_paths(70_000))), "tile/1/000" in export_paths(70_000)
(826, True)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from attest.errors import InputError, LogError
from attest.log import tiles
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.stamp_files import stamp_files
from attest.log.stamps import (
    Stamp,
)
from attest.log.store import LogStore, StoredEntry
from attest.log.tiles import TILE_LEVELS, TILE_WIDTH, Tile

CHECKPOINT_PATH = "checkpoint"
_BUFFER_BYTES = 1 << 18


def export_paths(size: int) -> Iterator[str]:
    """The paths of all files of an export of `size` entries but its timestamps."""
    yield CHECKPOINT_PATH
    for tile in tiles.hash_tiles(size):
        yield tiles.tile_path(tile.level, tile.index, tile.width)
    for bundle in tiles.tiles_of_level(size, 0):
        yield tiles.bundle_path(bundle.index, bundle.width)
        yield tiles.bodies_path(bundle.index, bundle.width)


def tile_of_store(store: LogStore, tile: Tile) -> bytes:
    """The bytes of a hash tile, from the nodes of a store."""
    first = tile.index * TILE_WIDTH
    level = tile.level * TILE_LEVELS
    return b"".join(store.nodes([(level, first + at) for at in range(tile.width)]))


def write_export(store: LogStore, folder: Path, *, stamps: Sequence[Stamp] = ()) -> None:
    """Write a store's log, as far as its newest checkpoint covers it, into a new or empty folder.

    `stamps` are all that its checkpoints got so far.

    The checkpoint is written last: a folder without one is an export that was cut off.

    Raises:
        InputError: file (the folder is not empty, or cannot be written).
        LogError: export-incomplete (there is no checkpoint yet).
    """
    head = store.head()
    if head.checkpoint is None:
        raise LogError("export-incomplete", "the log has no checkpoint yet")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError("file", "the folder for the export is not empty")
        for tile in tiles.hash_tiles(head.signed):
            path = tiles.tile_path(tile.level, tile.index, tile.width)
            _write(folder / path, tile_of_store(store, tile))
        for tile in tiles.tiles_of_level(head.signed, 0):
            first = tile.first_entry
            stored = list(store.entries(first, first + tile.width))
            bundle = tiles.format_bundle(one.entry for one in stored)
            _write(folder / tiles.bundle_path(tile.index, tile.width), bundle)
            bodies = tiles.format_bodies((one.salt, one.body) for one in stored)
            _write(folder / tiles.bodies_path(tile.index, tile.width), bodies)
        for number, stamp in enumerate(stamps):
            for path, raw in stamp_files(number, stamp):
                _write(folder / path, raw)
        _write(folder / CHECKPOINT_PATH, head.checkpoint)
    except OSError as error:
        raise InputError("file", f"the export cannot be written: {error.strerror}") from None


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb", opener=_for_the_owner) as file:
        file.write(raw)


def _for_the_owner(path: str, flags: int) -> int:
    """Bodies are confidential, whatever the folder lets others read."""
    return os.open(path, flags, 0o600)


@dataclass(frozen=True)
class Export:
    """An export whose checkpoint is verified; nothing else is, see `attest.log.check`.

    `note` is the checkpoint as it was signed.
    """

    folder: Path
    checkpoint: Checkpoint
    note: bytes

    @staticmethod
    def open(folder: Path, *, keys: LogKeys) -> Export:
        """Open an export under the keys of its log.

        Raises:
            LogError: export-incomplete (no checkpoint), checkpoint-malformed, checkpoint-origin,
                checkpoint-signature.
            InputError: file.
        """
        note = _read(folder / CHECKPOINT_PATH)
        return Export(folder, open_checkpoint(note, keys=keys), note)

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a hash tile.

        Raises:
            LogError: export-incomplete.
            InputError: file.
        """
        return _read(self.folder / tiles.tile_path(tile.level, tile.index, tile.width))

    def bundle(self, tile: Tile) -> tuple[list[bytes], bool]:
        """The entries of a bundle, as far as they can be read, and whether that is all of it.

        Raises: as `tile`.
        """
        return tiles.split_bundle(_read(self.folder / tiles.bundle_path(tile.index, tile.width)))

    def bodies(self, tile: Tile) -> Iterator[tuple[bytes, bytes]]:
        """The salts and bodies of a bundle, one at a time.

        Raises: as `tile`, and LogError: bundle-malformed.
        """
        with _open(self.folder / tiles.bodies_path(tile.index, tile.width)) as file:
            yield from tiles.read_bodies(file, tile)

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """Entries `start` to `stop` - 1 in order, as many of them as there are.

        Raises:
            LogError: bundle-malformed, export-incomplete.
            InputError: file.
        """
        size = self.checkpoint.size
        for number in range(start // TILE_WIDTH, -(-min(stop, size) // TILE_WIDTH)):
            first = number * TILE_WIDTH
            tile = Tile(0, number, min(size - first, TILE_WIDTH))
            entries, whole = self.bundle(tile)
            if not whole or len(entries) != tile.width:
                raise LogError("bundle-malformed", "a bundle cannot be read", entry=first)
            wanted = zip(entries[: stop - first], self.bodies(tile), strict=False)
            for entry, (salt, body) in islice(wanted, max(start - first, 0), None):
                yield StoredEntry(entry, salt, body)


def _read(path: Path) -> bytes:
    with _open(path) as file:
        return file.read()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=_BUFFER_BYTES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise LogError("export-incomplete", "a file of the export is missing") from None
    except OSError as error:
        raise InputError("file", f"a file cannot be read: {error.strerror}") from None
