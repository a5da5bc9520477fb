"""Tiles and bundles: how a log lies in static files (C2SP tlog-tiles; SPEC 16).

A tile holds 256 neighbours. `tile/<L>/<N>` holds the nodes (8 L, 256 N …) of 32 bytes each;
`tile/entries/<N>` the entries 256 N …, each as u16 length and bytes; `bodies/<N>`, which is ours,
their bodies, each as u8 salt length, salt, u32 length and bytes. Integers are big-endian. The last
tile of a level that does not fill it is partial and named after its width; an empty one is no file.

>>> tile_path(0, 1234067, 256), tile_path(1, 0, 17)
('tile/0/x001/x234/067', 'tile/1/000.p/17')
>>> [(tile.level, tile.index, tile.width) for tile in hash_tiles(600)]
[(0, 0, 256), (0, 1, 256), (0, 2, 88), (1, 0, 2)]
>>> bundle = format_bundle([b"one", b"three"])
>>> split_bundle(bundle), split_bundle(bundle[:-1])
(([b'one', b'three'], True), ([b'one'], False))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from attest import limits
from attest.errors import LogError

TILE_WIDTH: Final = 256
TILE_LEVELS: Final = 8
"""How many levels of the tree one level of tiles spans."""
LEVEL_MAX: Final = 63

_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True)
class Tile:
    """A tile of hashes, or with level 0 the bundle of the same entries."""

    level: int
    index: int
    width: int

    @property
    def first_entry(self) -> int:
        """The index of the first entry below the tile."""
        return self.index * TILE_WIDTH << self.level * TILE_LEVELS


def tiles_of_level(size: int, level: int) -> Iterator[Tile]:
    """The tiles of one level in a tree of `size` leaves, from the left."""
    nodes = size >> level * TILE_LEVELS
    for index in range(nodes // TILE_WIDTH):
        yield Tile(level, index, TILE_WIDTH)
    if nodes % TILE_WIDTH:
        yield Tile(level, nodes // TILE_WIDTH, nodes % TILE_WIDTH)


def hash_tiles(size: int) -> Iterator[Tile]:
    """All hash tiles of a tree of `size` leaves, level by level."""
    level = 0
    while size >> level * TILE_LEVELS:
        yield from tiles_of_level(size, level)
        level += 1


def _numbered(index: int, width: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return "/".join(reversed(groups)) + partial


def tile_path(level: int, index: int, width: int) -> str:
    """The path of a hash tile, relative to the folder of the log."""
    return f"tile/{level}/{_numbered(index, width)}"


def bundle_path(index: int, width: int) -> str:
    """The path of an entry bundle."""
    return f"tile/entries/{_numbered(index, width)}"


def bodies_path(index: int, width: int) -> str:
    """The path of a body bundle."""
    return f"bodies/{_numbered(index, width)}"


def tile_at(path: str) -> tuple[Tile, bool]:
    """The tile at a path, and whether it is an entry bundle; each tile has one path.

    >>> tile_at("tile/entries/000.p/3")
    (Tile(level=0, index=0, width=3), True)

    Raises:
        LogError: export-incomplete (no tile has that path).
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        kind, groups, partial = match.groups()
        index, width = int(groups.replace("x", "").replace("/", "")), int(partial or TILE_WIDTH)
        level = 0 if kind == "entries" else int(kind)
        if level <= LEVEL_MAX and path == f"tile/{kind}/{_numbered(index, width)}":
            return Tile(level, index, width), kind == "entries"
    raise LogError("export-incomplete", "not the path of a tile")


def format_bundle(entries: Iterable[bytes]) -> bytes:
    """Write an entry bundle."""
    return b"".join(part for raw in entries for part in (len(raw).to_bytes(2, "big"), raw))


def format_bodies(bodies: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write a body bundle from pairs of salt (or nothing) and body."""
    return b"".join(
        part
        for salt, body in bodies
        for part in (bytes((len(salt),)), salt, len(body).to_bytes(4, "big"), body)
    )


def split_bundle(raw: bytes) -> tuple[list[bytes], bool]:
    """The entries of a bundle, up to the first that is cut off, and whether none is."""
    entries = []
    at, end = 0, len(raw)
    while at + 2 <= end:
        stop = at + 2 + (raw[at] << 8 | raw[at + 1])
        if stop > end:
            break
        entries.append(raw[at + 2 : stop])
        at = stop
    return entries, at == end


def read_bodies(file: BinaryIO, tile: Tile) -> Iterator[tuple[bytes, bytes]]:
    """The salts and bodies of a bundle, one at a time, since a bundle of bodies may be large.

    Raises:
        LogError: bundle-malformed (once the faulty body is reached).
    """
    read = file.read
    for index in range(tile.first_entry, tile.first_entry + tile.width):
        salt = read(int.from_bytes(read(1), "big"))
        header = read(4)
        body_bytes = int.from_bytes(header, "big")
        if body_bytes > limits.BODY_BYTES_MAX:
            raise LogError("bundle-malformed", "a body is over the limit", entry=index)
        body = read(body_bytes)
        if len(header) != 4 or len(body) != body_bytes:
            raise LogError("bundle-malformed", "bodies are cut off", entry=index)
        yield salt, body
    if read(1):
        raise LogError("bundle-malformed", "a bundle goes on after its last body")
