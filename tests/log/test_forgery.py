"""Integrity of the log itself: what its operator signs wrongly is found, and the entry named."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import LogError
from attest.log import tiles
from attest.log.checkpoint import CheckpointSigner
from attest.log.entry import NO_PREV, check_commitment, parse_entry
from attest.log.merkle import leaf_hash, root_of, root_of_packed
from attest.log.store import StoredEntry
from attest.log.tiles import bodies_path, bundle_path, tile_path
from tests.log.sample import NOON, ORIGIN, fault_of, filled

SIGNER = CheckpointSigner.generate(ORIGIN)


def write_files(folder: Path, stored: list[StoredEntry], note: bytes) -> None:
    """An export of any entries under any checkpoint, as an operator who cheats would make it."""
    hashes = [leaf_hash(one.entry) for one in stored]
    written = {"checkpoint": note}
    level = hashes
    for number in range(8):
        for tile in tiles.tiles_of_level(len(stored), number):
            first = tile.index * 256
            part = b"".join(level[first : first + tile.width])
            written[tile_path(number, tile.index, tile.width)] = part
        level = [
            root_of_packed(b"".join(level[at : at + 256])) for at in range(0, len(level) - 255, 256)
        ]
    for tile in tiles.tiles_of_level(len(stored), 0):
        part_of = stored[tile.first_entry : tile.first_entry + tile.width]
        written[bundle_path(tile.index, tile.width)] = tiles.format_bundle(
            one.entry for one in part_of
        )
        written[bodies_path(tile.index, tile.width)] = tiles.format_bodies(
            (one.salt, one.body) for one in part_of
        )
    for path, raw in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(raw)


def forge(folder: Path, stored: list[StoredEntry]) -> None:
    """An export of any entries, signed by the log."""
    root = root_of([leaf_hash(one.entry) for one in stored])
    write_files(folder, stored, SIGNER.sign(size=len(stored), root=root, at=NOON))


def plain_fault(stored: list[StoredEntry]) -> tuple[str, int] | None:
    """The check of entries and bodies in plain words, to hold the fast one to."""
    prev, newest = NO_PREV, None
    for index, one in enumerate(stored):
        try:
            entry = parse_entry(one.entry)
            if entry.index != index:
                return "entry-order", index
            if entry.prev != prev:
                return "chain-broken", index
            if newest is not None and entry.time < newest:
                return "time-backwards", index
            check_commitment(entry, one.body, one.salt)
        except LogError as error:
            return error.code, index
        prev, newest = leaf_hash(one.entry), entry.time
    return None


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> list[StoredEntry]:
    store = filled(tmp_path_factory.mktemp("honest") / "log.sqlite", SIGNER, 40, batch=7)
    stored = list(store.entries(0, 40))
    store.close()
    return stored


def test_an_honest_forgery_passes(honest: list[StoredEntry], tmp_path: Path) -> None:
    forge(tmp_path / "export", honest)
    assert plain_fault(honest) is None
    assert fault_of(tmp_path / "export", SIGNER.keys) is None


REPLACEMENTS = [
    (b'"v":1', b'"v":2'),
    (b'"v":1}', b'"v":1}\n'),
    (b":{", b": {"),
    (b'"index":', b'"index":0'),
    (b'"index":2', b'"index":3'),
    (b"true", b"false"),
    (b"false", b"true"),
    (b'"kind":"submission"', b'"kind":"genesis"'),
    (b'"kind":"schema"', b'"kind":"genesis"'),
    (b'"kind":"submission"', b'"kind":"decision"'),
    (b'"kind":"review"', b'"kind":"submission"'),
    (b'"kind":"decision"', b'"kind":"verdict"'),
    (b'"kind":"decision"', b'"kind":"pack"'),
    (b'"pack":[2]', b'"pack":[]'),
    (b'"pack":[2]', b'"pack":[02]'),
    (b'"pack":[2]', b'"pack":[2,1]'),
    (b'"pack":[2]', b'"pack":[1,2]'),
    (b'"pack":[2]', b'"pack":[99]'),
    (b'"pack":[2]', b'"pack":[%d]'),
    (b'"pack":[2],', b""),
    (b'"submission":[', b'"submission":[0,'),
    (b'"submission":[', b'"submission":[],"submission":['),
    (b'"submission":[', b'"review":['),
    (b'"decision":[', b'"submission":['),
    (b"2026", b"2025"),
    (b"2026", b"2027"),
    (b"-24T", b"-31T"),
    (b"T12", b"T24"),
    (b'"prev":"', b'"prev":"0'),
    (b"sha256:", b"SHA256:"),
]


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_an_operator_who_signs_a_wrong_entry_is_found(
    honest: list[StoredEntry], tmp_path: Path, replacement: tuple[bytes, bytes]
) -> None:
    """The tree and the signatures hold; only what the entry says does not."""
    altered = 0
    for at in (*range(14), 38, 39):
        old = honest[at].entry
        wrong = StoredEntry(old.replace(*replacement), honest[at].salt, honest[at].body)
        stored = [*honest[:at], wrong, *honest[at + 1 :]]
        forge(tmp_path / str(at), stored)
        fault = fault_of(tmp_path / str(at), SIGNER.keys)
        assert fault == plain_fault(stored)
        assert fault is not None or wrong.entry == old or at == 39
        altered += wrong.entry != old
    assert altered


@given(st.data())
def test_an_operator_who_signs_any_byte_is_found(
    honest: list[StoredEntry], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, 39))
    raw = honest[at].entry
    place = data.draw(st.integers(0, len(raw) - 1))
    other = raw[:place] + data.draw(st.binary(max_size=2)) + raw[place + 1 :]
    stored = [*honest[:at], StoredEntry(other, honest[at].salt, honest[at].body), *honest[at + 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        forge(Path(folder) / "export", stored)
        assert fault_of(Path(folder) / "export", SIGNER.keys) == plain_fault(stored)


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33), bytes(255)])
def test_an_operator_who_signs_without_the_salt_of_the_kind(
    honest: list[StoredEntry], tmp_path: Path, salt: bytes
) -> None:
    stored = [*honest]
    stored[20] = StoredEntry(honest[20].entry, salt, honest[20].body)
    forge(tmp_path / "export", stored)
    assert fault_of(tmp_path / "export", SIGNER.keys) == ("commitment-mismatch", 20)


def test_a_dropped_entry(honest: list[StoredEntry], tmp_path: Path) -> None:
    forge(tmp_path / "export", [*honest[:20], *honest[21:]])
    assert fault_of(tmp_path / "export", SIGNER.keys) == ("entry-order", 20)


def test_a_log_that_does_not_start_at_its_start(honest: list[StoredEntry], tmp_path: Path) -> None:
    forge(tmp_path / "export", honest[1:])
    assert fault_of(tmp_path / "export", SIGNER.keys) == ("entry-order", 0)


def test_an_entry_and_its_tiles_rewritten(honest: list[StoredEntry], tmp_path: Path) -> None:
    """Who rewrites one entry and all tiles breaks the chain after it."""
    root = root_of([leaf_hash(one.entry) for one in honest])
    note = SIGNER.sign(size=40, root=root, at=NOON)
    later_entry = honest[20].entry.replace(b"12:00:14Z", b"12:00:15Z")
    assert later_entry != honest[20].entry
    stored = [*honest]
    stored[20] = StoredEntry(later_entry, honest[20].salt, honest[20].body)
    write_files(tmp_path / "export", stored, note)
    assert fault_of(tmp_path / "export", SIGNER.keys) == ("chain-broken", 21)


def test_a_whole_other_history_under_the_checkpoint(
    honest: list[StoredEntry], tmp_path: Path
) -> None:
    other = filled(tmp_path / "other.sqlite", SIGNER, 40)
    note = SIGNER.sign(size=40, root=root_of([leaf_hash(one.entry) for one in honest]), at=NOON)
    write_files(tmp_path / "export", list(other.entries(0, 40)), note)
    assert fault_of(tmp_path / "export", SIGNER.keys) == ("root-mismatch", None)
