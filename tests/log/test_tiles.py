"""Tiles and bundles against the words of tlog-tiles and against a log by other hands."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import LogError
from attest.log.merkle import leaf_hash, root_of
from attest.log.tiles import (
    Tile,
    bodies_path,
    bundle_path,
    format_bodies,
    format_bundle,
    hash_tiles,
    read_bodies,
    split_bundle,
    tile_at,
    tile_path,
    tiles_of_level,
)

pairs = st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.binary(max_size=90)), max_size=9)


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "000"),
        (0, 1, "000.p/1"),
        (999, 256, "999"),
        (1000, 255, "x001/000.p/255"),
        (1234067, 256, "x001/x234/067"),
        (1_000_000, 256, "x001/x000/000"),
    ],
)
def test_paths(index: int, width: int, path: str) -> None:
    assert tile_path(3, index, width) == f"tile/3/{path}"
    assert bundle_path(index, width) == f"tile/entries/{path}"
    assert bodies_path(index, width) == f"bodies/{path}"


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256), st.booleans())
def test_a_path_leads_back_to_its_tile(level: int, index: int, width: int, entries: bool) -> None:
    if entries:
        assert tile_at(bundle_path(index, width)) == (Tile(0, index, width), True)
    else:
        assert tile_at(tile_path(level, index, width)) == (Tile(level, index, width), False)


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/001/000"),
        *("tile/64/000", "tile/00/000", "tile/-1/000", "tile/0/000.p/0", "tile/0/000.p/256"),
        *("tile/0/000.p/01", "tile/0/000.p/", "tile/0/000/", "/tile/0/000", "tile/0/٠٠٠"),
        *("bodies/000", "tile/bodies/000", "tile/entries/../000", "tile/0/000\n"),
    ],
)
def test_no_other_path_leads_to_a_tile(path: str) -> None:
    with pytest.raises(LogError) as caught:
        tile_at(path)
    assert caught.value.code == "export-incomplete"


def widths(size: int, level: int) -> tuple[int, int | None]:
    """How many full tiles a level has, and the width of its partial one."""
    tiles = list(tiles_of_level(size, level))
    partial = [tile.width for tile in tiles if tile.width < 256]
    assert [tile.index for tile in tiles] == list(range(len(tiles)))
    return len(tiles) - len(partial), partial[0] if partial else None


def test_the_printed_tree_of_70000() -> None:
    assert [widths(70_000, level) for level in range(4)] == [
        (273, 112),
        (1, 17),
        (0, 1),
        (0, None),
    ]
    assert max(tile.level for tile in hash_tiles(70_000)) == 2


@pytest.mark.parametrize(
    ("size", "count"), [(0, 0), (1, 1), (255, 1), (256, 2), (257, 3), (65_536, 258)]
)
def test_sizes_around_a_full_tile(size: int, count: int) -> None:
    assert len(list(hash_tiles(size))) == count
    assert sum(tile.width for tile in tiles_of_level(size, 0)) == size


def test_the_first_entry_below_a_tile() -> None:
    assert Tile(0, 3, 256).first_entry == 768
    assert Tile(1, 1, 17).first_entry == 65_536
    assert Tile(2, 0, 1).first_entry == 0


@given(st.lists(st.binary(max_size=300), max_size=9), st.data())
def test_bundles_come_back_and_cut_ones_as_far_as_they_go(
    entries: list[bytes], data: st.DataObject
) -> None:
    raw = format_bundle(entries)
    assert split_bundle(raw) == (entries, True)
    cut = data.draw(st.integers(0, len(raw)))
    got, whole = split_bundle(raw[:cut])
    assert got == entries[: len(got)]
    assert whole is (format_bundle(got) == raw[:cut])


def test_the_longest_entry() -> None:
    entry = b"e" * 65_535
    assert split_bundle(format_bundle([entry])) == ([entry], True)


@given(pairs)
def test_bodies_come_back(bodies: list[tuple[bytes, bytes]]) -> None:
    bodies = [(salt if len(body) % 2 else b"", body) for salt, body in bodies]
    raw = format_bodies(bodies)
    assert list(read_bodies(io.BytesIO(raw), Tile(0, 0, len(bodies)))) == bodies


@given(pairs.filter(bool), st.data())
def test_bodies_that_are_cut_off_name_the_entry(
    bodies: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    raw = format_bodies(bodies)
    cut = data.draw(st.integers(0, len(raw) - 1))
    before = [len(format_bodies(bodies[:count])) for count in range(1, len(bodies))]
    faulty = sum(length <= cut for length in before)
    got: list[tuple[bytes, bytes]] = []
    with pytest.raises(LogError) as caught:
        got.extend(read_bodies(io.BytesIO(raw[:cut]), Tile(0, 2, len(bodies))))
    assert (caught.value.code, caught.value.entry) == ("bundle-malformed", 512 + faulty)


def test_bodies_that_go_on() -> None:
    with pytest.raises(LogError) as caught:
        list(read_bodies(io.BytesIO(format_bodies([(b"", b"body")]) + b"\0"), Tile(0, 0, 1)))
    assert caught.value.code == "bundle-malformed"


class Refusing(io.BytesIO):
    """A file that gives no more than a length at a time, as if the rest were terabytes."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size <= 32
        return super().read(size)


@pytest.mark.parametrize(
    "length", [b"\xff\xff\xff\xff", (limits.BODY_BYTES_MAX + 1).to_bytes(4, "big")]
)
def test_a_length_over_the_limit_is_not_read(length: bytes) -> None:
    with pytest.raises(LogError) as caught:
        list(read_bodies(Refusing(b"\0" + length + b"body"), Tile(0, 1, 256)))
    assert (caught.value.code, caught.value.entry) == ("bundle-malformed", 256)


def test_the_bytes_of_a_bundle_of_bodies() -> None:
    raw = format_bodies([(b"", b"ab"), (bytes(32), b"")])
    assert raw.hex() == "00" + "00000002" + "6162" + "20" + "00" * 32 + "00000000"


def test_the_worked_tile_and_bundle(shared_dir: Path) -> None:
    minilog: Any = json.loads((shared_dir / "vectors" / "c2sp" / "minilog.json").read_bytes())
    entries = [entry.encode() for entry in minilog["entries_utf8"]]
    assert bundle_path(0, 3) == minilog["entry_bundle"]["path"]
    assert format_bundle(entries).hex() == minilog["entry_bundle"]["hex"]
    assert tile_path(0, 0, 3) == minilog["hash_tile"]["path"]
    assert b"".join(map(leaf_hash, entries)).hex() == minilog["hash_tile"]["hex"]
    for size, root in minilog["roots_hex"].items():
        assert root_of([leaf_hash(entry) for entry in entries[: int(size)]]).hex() == root


def test_the_printed_path_and_widths(shared_dir: Path) -> None:
    examples = json.loads((shared_dir / "vectors" / "c2sp" / "spec_examples.json").read_bytes())
    printed = examples["tile_paths"]
    assert tile_path(0, 1234067, 256) == f"tile/0/{printed['index_1234067']}"
    for level, wanted in printed["size_70000"].items():
        assert widths(70_000, int(level)) == (wanted["full"], wanted["partial_width"])
