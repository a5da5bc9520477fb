"""Integrity of a copy: whatever is changed in it is found, and the entry named."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import LogError
from attest.log import chain, check, tiles
from attest.log.check import check_export
from attest.log.checkpoint import Checkpoint, CheckpointSigner
from attest.log.entry import Entry
from attest.log.export import export_paths, write_export
from attest.log.merkle import root_of_packed
from attest.log.tiles import Tile, bodies_path, bundle_path, tile_path
from tests.log.sample import ORIGIN, fault_of, filled

SIGNER = CheckpointSigner.generate(ORIGIN)
SIZE = 300
SMALL = 8
CHECKPOINT_CODES = {"checkpoint-malformed", "checkpoint-origin", "checkpoint-signature"}
ENTRY_CODES = {"entry-malformed", "entry-order", "entry-altered"}
BODY_CODES = {"commitment-mismatch", "bundle-malformed"}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Exports by size; whoever changes one puts it back."""
    folder = tmp_path_factory.mktemp("exports")
    for size in (SMALL, SIZE):
        store = filled(folder / f"{size}.sqlite", SIGNER, size)
        write_export(store, folder / str(size))
        store.close()
    return {size: folder / str(size) for size in (SMALL, SIZE)}


@contextmanager
def changed(path: Path, raw: bytes) -> Iterator[None]:
    """The file with other bytes, for the length of a block."""
    before = path.read_bytes()
    path.write_bytes(raw)
    try:
        yield
    finally:
        path.write_bytes(before)


def spans(folder: Path, path: str) -> list[int]:
    """Which entry each byte of a bundle, of bodies or of a tile belongs to."""
    raw = (folder / path).read_bytes()
    owners: list[int] = []
    first = 256 if "/001" in path else 0
    if path.startswith("tile/entries/"):
        sizes = [2 + len(entry) for entry in tiles.split_bundle(raw)[0]]
    elif path.startswith("bodies/"):
        sizes = body_sizes(raw)
    elif path.startswith("tile/0/"):
        sizes = [32] * (len(raw) // 32)
    else:
        sizes = [len(raw)]
    for entry, size in enumerate(sizes, first):
        owners += [entry] * size
    assert len(owners) == len(raw)
    return owners


def body_sizes(raw: bytes) -> list[int]:
    sizes = []
    at = 0
    while at < len(raw):
        length = at + 1 + raw[at]
        sizes.append(5 + raw[at] + int.from_bytes(raw[length : length + 4], "big"))
        at += sizes[-1]
    return sizes


def expected(path: str) -> set[str]:
    if path == "checkpoint":
        return CHECKPOINT_CODES
    if path.startswith("tile/entries/"):
        return ENTRY_CODES | {"bundle-malformed"}
    return BODY_CODES if path.startswith("bodies/") else {"tile-altered"}


def expect_fault(folder: Path, path: str, raw: bytes, entry: int | None) -> None:
    with changed(folder / path, raw):
        fault = fault_of(folder, SIGNER.keys)
    assert fault is not None, path
    assert fault[0] in expected(path), (path, fault)
    assert fault[1] == entry, (path, fault)


def test_good_exports_pass(pristine: dict[int, Path]) -> None:
    for size, folder in pristine.items():
        seen: list[int] = []
        checkpoint = check_export(folder, keys=SIGNER.keys, progress=seen.append)
        assert (checkpoint.origin, checkpoint.size) == (ORIGIN, size)
        assert seen == [size]


def test_most_entries_come_out_of_a_mould(
    pristine: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full check is for the first entry of its shape, and for reviews: each names another."""
    whole = chain.check_entry
    checked: list[int] = []

    def counted(index: int, *rest: bytes) -> Entry:
        entry = whole(index, *rest)
        if entry.kind != "review":
            checked.append(index)
        return entry

    monkeypatch.setattr(chain, "check_entry", counted)
    assert fault_of(pristine[SIZE], SIGNER.keys) is None
    assert checked[:6] == [0, 1, 2, 3, 4, 5]
    assert len(checked) < 20


def test_every_byte_of_a_small_export_counts(pristine: dict[int, Path]) -> None:
    """A flipped bit anywhere is found, and the entry that it belongs to is named."""
    folder = pristine[SMALL]
    for path in export_paths(SMALL):
        raw = (folder / path).read_bytes()
        owners = [None] * len(raw) if path == "checkpoint" else spans(folder, path)
        step = {"checkpoint": 41, bundle_path(0, SMALL): 3}.get(path, 1)
        for at in range(0, len(raw), step):
            flipped = raw[:at] + bytes([raw[at] ^ (1 << at % 8)]) + raw[at + 1 :]
            expect_fault(folder, path, flipped, owners[at])
    assert fault_of(folder, SIGNER.keys) is None


@given(st.data())
def test_any_byte_of_a_larger_export_counts(pristine: dict[int, Path], data: st.DataObject) -> None:
    folder = pristine[SIZE]
    path = data.draw(st.sampled_from(sorted(export_paths(SIZE))))
    raw = (folder / path).read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1))
    other = bytes([raw[at] ^ data.draw(st.integers(1, 255))])
    owner = None if path == "checkpoint" else spans(folder, path)[at]
    expect_fault(folder, path, raw[:at] + other + raw[at + 1 :], owner)


@given(st.data())
def test_a_file_that_is_cut_off_counts(pristine: dict[int, Path], data: st.DataObject) -> None:
    folder = pristine[SIZE]
    path = data.draw(st.sampled_from(sorted(export_paths(SIZE))))
    raw = (folder / path).read_bytes()
    at = data.draw(st.integers(0, len(raw) - 1))
    if path == "checkpoint":
        owner = None
    elif path.startswith("tile/") and "entries" not in path:
        owner = 256 if "/001" in path else 0
    else:
        owner = spans(folder, path)[at]
    expect_fault(folder, path, raw[:at], owner)


@pytest.mark.parametrize("path", sorted(export_paths(SIZE)))
@pytest.mark.parametrize("more", [b"\0", b"\n", b"\0\0", bytes(40)])
def test_a_file_that_goes_on_counts(pristine: dict[int, Path], path: str, more: bytes) -> None:
    folder = pristine[SIZE]
    with changed(folder / path, (folder / path).read_bytes() + more):
        fault = fault_of(folder, SIGNER.keys)
    assert fault is not None
    assert fault[0] in expected(path)


@pytest.mark.parametrize("path", sorted(export_paths(SIZE)))
def test_a_file_that_is_missing_counts(
    pristine: dict[int, Path], tmp_path: Path, path: str
) -> None:
    folder = tmp_path / "export"
    shutil.copytree(pristine[SIZE], folder)
    (folder / path).unlink()
    assert fault_of(folder, SIGNER.keys) == ("export-incomplete", None)
    (folder / path).mkdir()
    assert fault_of(folder, SIGNER.keys) == ("export-incomplete", None)


@pytest.mark.parametrize(
    "path",
    [
        "more",
        "tile/0/001",
        "tile/0/001.p/43",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/entries/001.p/43",
        "bodies/more/000",
        ".hidden",
    ],
)
def test_a_file_too_many_counts(pristine: dict[int, Path], tmp_path: Path, path: str) -> None:
    folder = tmp_path / "export"
    shutil.copytree(pristine[SIZE], folder)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).touch()
    assert fault_of(folder, SIGNER.keys) == ("export-incomplete", None)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 4), (6, 250), (100, 255), (254, 255)])
def test_two_entries_that_changed_places(pristine: dict[int, Path], one: int, other: int) -> None:
    folder = pristine[SIZE]
    path = bundle_path(0, 256)
    entries, _ = tiles.split_bundle((folder / path).read_bytes())
    entries[one], entries[other] = entries[other], entries[one]
    with changed(folder / path, tiles.format_bundle(entries)):
        assert fault_of(folder, SIGNER.keys) == ("entry-order", one)


@pytest.mark.parametrize(("one", "other"), [(5, 6), (5, 8), (100, 255)])
def test_two_bodies_that_changed_places(pristine: dict[int, Path], one: int, other: int) -> None:
    folder = pristine[SIZE]
    path = bodies_path(0, 256)
    raw = (folder / path).read_bytes()
    stops = list(itertools.accumulate(body_sizes(raw)))
    parts = [raw[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]
    parts[one], parts[other] = parts[other], parts[one]
    with changed(folder / path, b"".join(parts)):
        assert fault_of(folder, SIGNER.keys) == ("commitment-mismatch", one)


def test_a_salt_that_is_counted_to_the_body(pristine: dict[int, Path]) -> None:
    """The hash of salt and body is the same wherever the one ends; the length is what tells."""
    folder = pristine[SMALL]
    path = bodies_path(0, SMALL)
    raw = (folder / path).read_bytes()
    stops = list(itertools.accumulate(body_sizes(raw)))
    whole = raw[stops[4] : stops[5]]
    salt, body = whole[1:33], whole[37:]
    for cut in (0, 31, 33):
        moved = tiles.format_bodies([((salt + body)[:cut], (salt + body)[cut:])])
        with changed(folder / path, raw[: stops[4]] + moved + raw[stops[5] :]):
            assert fault_of(folder, SIGNER.keys) == ("commitment-mismatch", 5)


def test_keys_of_another_log(pristine: dict[int, Path]) -> None:
    for other, code in (
        (CheckpointSigner.generate(ORIGIN), "checkpoint-signature"),
        (CheckpointSigner.generate("another.example.org"), "checkpoint-origin"),
    ):
        with pytest.raises(LogError) as caught:
            check_export(pristine[SMALL], keys=other.keys)
        assert caught.value.code == code


def test_an_entry_and_another_tile_altered(pristine: dict[int, Path]) -> None:
    """With entries and tiles both at fault, the first entry that differs from its tile is named."""
    folder = pristine[SIZE]
    tile, bundle = tile_path(0, 0, 256), bundle_path(0, 256)
    hashes, entries = (folder / tile).read_bytes(), (folder / bundle).read_bytes()
    with (
        changed(folder / tile, hashes[:320] + bytes(32) + hashes[352:]),
        changed(folder / bundle, entries.replace(b'"index":7,', b'"index":8,')),
    ):
        assert fault_of(folder, SIGNER.keys) == ("entry-order", 7)


def test_the_first_of_two_altered_tiles(pristine: dict[int, Path]) -> None:
    folder = pristine[SIZE]
    one, other = (folder / tile_path(0, 0, 256), folder / tile_path(0, 1, 44))
    with changed(one, one.read_bytes()[:-32] + bytes(32)), changed(other, bytes(44 * 32)):
        assert fault_of(folder, SIGNER.keys) == ("tile-altered", 255)


class Hashes:
    """The tiles over any leaf hashes, without entries below them."""

    def __init__(self, leaves: bytes) -> None:
        self.levels = [leaves]
        while len(level := self.levels[-1]) >= 256 * 32:
            starts = range(0, len(level) - 256 * 32 + 1, 256 * 32)
            self.levels.append(b"".join(root_of_packed(level[at : at + 256 * 32]) for at in starts))

    def tile(self, tile: Tile) -> bytes:
        first = tile.index * 256 * 32
        return self.levels[tile.level][first : first + tile.width * 32]

    def bundle(self, tile: Tile) -> tuple[list[bytes], bool]:
        raise AssertionError("the tiles alone are checked")

    def bodies(self, tile: Tile) -> list[tuple[bytes, bytes]]:
        raise AssertionError("the tiles alone are checked")


def test_three_levels_of_tiles() -> None:
    """More entries than a test would append: 2 x 65536 + 256 + 7."""
    size = 2 * 65_536 + 256 + 7
    leaves = b"".join(sha256(number.to_bytes(4, "big")).digest() for number in range(size))
    checkpoint = Checkpoint(ORIGIN, size, root_of_packed(leaves))
    assert check._check_tiles(Hashes(leaves), checkpoint)
    assert not check._check_tiles(Hashes(bytes(32) + leaves[32:]), checkpoint)
    for level, at, entry in ((1, 0, 0), (1, 513 * 32 - 1, 131_072), (2, 0, 0), (2, 63, 0)):
        altered = Hashes(leaves)
        raw = bytearray(altered.levels[level])
        raw[at] ^= 1
        altered.levels[level] = bytes(raw)
        with pytest.raises(LogError) as caught:
            check._check_tiles(altered, checkpoint)
        assert (caught.value.code, caught.value.entry) == ("tile-altered", entry)


def test_a_log_of_many_tiles(tmp_path: Path) -> None:
    """Two levels of tiles, and a change in each of them."""
    store = filled(tmp_path / "log.sqlite", SIGNER, 1030, batch=515)
    write_export(store, tmp_path / "export")
    store.close()
    folder = tmp_path / "export"
    assert fault_of(folder, SIGNER.keys) is None
    for path, at, entry in (
        (tile_path(1, 0, 4), 33, 0),
        (tile_path(0, 3, 256), 40, 769),
        (tile_path(0, 4, 6), 0, 1024),
        (bundle_path(4, 6), 100, 1024),
    ):
        raw = (folder / path).read_bytes()
        expect_fault(folder, path, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], entry)
