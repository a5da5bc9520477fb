"""Monitoring: what was seen of a log is held against what it shows now."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import CheckpointSigner
from attest.log.export import Export, write_export
from attest.log.merkle import leaf_hash, root_of, root_of_packed
from attest.log.misbehaviour import open_misbehaviour
from attest.log.monitor import Memory, compare, held_checkpoints, nodes_of_tiles
from attest.log.proof import format_tlog_proof
from attest.log.tiles import Tile
from tests.log.sample import NOON, ORIGIN, filled, later, reader_of

LOG = CheckpointSigner.generate(ORIGIN)
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(600)]
FORKED = [*LEAVES[:7], leaf_hash(b"another"), *LEAVES[8:]]


def signed(size: int, leaves: list[bytes] = LEAVES, *, at: int = 0) -> bytes:
    root = root_of(leaves[:size])
    return LOG.sign(size=size, root=root, at=later(at))


def tile_of(leaves: list[bytes], tile: Tile) -> bytes:
    """A hash tile over leaves, of level 0 or 1."""
    first = tile.index * 256
    if tile.level == 0:
        return b"".join(leaves[first : first + tile.width])
    below = (Tile(0, first + at, 256) for at in range(tile.width))
    return b"".join(root_of_packed(tile_of(leaves, each)) for each in below)


@given(st.integers(1, 600), st.integers(0, 9), st.integers(0, 600))
def test_nodes_are_read_from_tiles(size: int, level: int, index: int) -> None:
    if (index + 1) << level > size:
        return
    read = nodes_of_tiles(size, lambda tile: tile_of(LEAVES, tile))
    assert read([(level, index)]) == reader_of(LEAVES[:size])([(level, index)])


def test_a_tile_is_read_once_and_held_to_its_width() -> None:
    asked: list[Tile] = []

    def read_tile(tile: Tile) -> bytes:
        asked.append(tile)
        return tile_of(LEAVES, tile)

    read = nodes_of_tiles(300, read_tile)
    read([(0, 1), (3, 2), (0, 290), (8, 0)])
    assert asked == [Tile(0, 0, 256), Tile(0, 1, 44), Tile(1, 0, 1)]
    for raw in (b"", bytes(31), bytes(33)):
        with pytest.raises(LogError) as caught:
            nodes_of_tiles(300, lambda tile, raw=raw: raw)([(8, 0)])  # type: ignore[misc]
        assert (caught.value.code, caught.value.entry) == ("tile-altered", 0)


@given(st.integers(1, 600), st.integers(1, 600))
def test_a_log_that_grows_extends(old: int, new: int) -> None:
    old, new = sorted((old, new))
    compared = compare(
        signed(old), signed(new, at=1), keys=LOG.keys, read_nodes=reader_of(LEAVES[:new])
    )
    assert (compared.before.size, compared.after.size) == (old, new)
    assert compared.misbehaviour is None


@given(st.integers(8, 600), st.integers(8, 600))
def test_a_log_that_was_rewritten_convicts_itself(old: int, new: int) -> None:
    """History rewritten, all hashes made anew, signed with the log's real keys, grown or cut."""
    compared = compare(
        signed(old), signed(new, FORKED, at=1), keys=LOG.keys, read_nodes=reader_of(FORKED[:new])
    )
    assert compared.misbehaviour is not None
    found = open_misbehaviour(compared.misbehaviour, keys=LOG.keys)
    assert found.kind == ("rewriting" if old < new else "fork" if old == new else "rollback")


def code_of(before: bytes, after: bytes, leaves: list[bytes]) -> str:
    with pytest.raises(AttestError) as caught:
        compare(before, after, keys=LOG.keys, read_nodes=reader_of(leaves))
    return caught.value.code


def test_an_older_copy_is_not_taken_and_convicts_nobody() -> None:
    assert code_of(signed(40, at=9), signed(30, at=8), LEAVES[:30]) == "rolled-back"
    assert code_of(signed(40, at=9), signed(30, at=9), LEAVES[:30]) == "rolled-back"


def test_tiles_that_do_not_lead_to_the_checkpoint_convict_nobody() -> None:
    """They may be another's: what is not signed proves nothing."""
    assert code_of(signed(20), signed(40), FORKED[:40]) == "tile-altered"
    assert code_of(signed(20), signed(40, FORKED), LEAVES[:40]) == "tile-altered"


def test_checkpoints_of_others_are_not_compared() -> None:
    stranger = CheckpointSigner.generate(ORIGIN).sign(size=9, root=bytes(32), at=NOON)
    assert code_of(stranger, signed(40), LEAVES[:40]) == "checkpoint-signature"
    assert code_of(signed(40), stranger, LEAVES[:40]) == "checkpoint-signature"


def test_an_empty_log_is_the_start_of_every_log() -> None:
    compared = compare(signed(0), signed(40), keys=LOG.keys, read_nodes=reader_of([]))
    assert (compared.before.size, compared.misbehaviour) == (0, None)


def test_the_tiles_of_an_export(tmp_path: Path) -> None:
    """An export, and a larger one of another log under the same keys."""
    store = filled(tmp_path / "a.sqlite", LOG, 300)
    write_export(store, tmp_path / "small")
    store.close()
    other = filled(tmp_path / "b.sqlite", LOG, 700, batch=50)
    write_export(other, tmp_path / "other")
    other.close()
    small, large = (Export.open(tmp_path / name, keys=LOG.keys) for name in ("small", "other"))
    nodes = nodes_of_tiles(700, large.tile)
    compared = compare(small.note, large.note, keys=LOG.keys, read_nodes=nodes)
    assert compared.misbehaviour is not None
    assert open_misbehaviour(compared.misbehaviour, keys=LOG.keys).kind == "rewriting"


def test_what_a_reader_holds() -> None:
    note = signed(9)
    assert held_checkpoints(note) == (note,)
    assert held_checkpoints(format_tlog_proof(index=1, hashes=[], checkpoint=note)) == (note,)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"c2sp.org/tlog-proof@v1\n", "proof-malformed"),
        (b"c2sp.org/tlog-proof@v2\nindex 0\n\nnote", "proof-malformed"),
        (b"{", "json-malformed"),
        (b"{}", "schema-violation"),
        (b'{"trust":{}}', "schema-violation"),
        (b'{"v":1,"entry":"AAAA","tlog_proof":"AAAA"}', "proof-malformed"),
    ],
)
def test_what_holds_no_checkpoint(raw: bytes, code: str) -> None:
    with pytest.raises(AttestError) as caught:
        held_checkpoints(raw)
    assert caught.value.code == code


def test_a_memory_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    with Memory(path) as memory:
        assert memory.read() is None
        memory.keep(b"one")
    path.with_name("seen.partial").write_bytes(b"left of a run that was killed, and longer")
    with Memory(path) as memory:
        assert memory.read() == b"one"
        memory.keep(b"another")
        assert memory.read() == b"another"
    assert {each.name for each in tmp_path.iterdir()} == {"seen", "seen.lock"}


def test_one_run_waits_for_the_other(tmp_path: Path) -> None:
    order: list[str] = []
    with Memory(tmp_path / "seen") as first:

        def second() -> None:
            with Memory(tmp_path / "seen") as memory:
                order.append((memory.read() or b"").decode())

        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
        first.keep(b"kept by the first")
    thread.join()
    assert order == ["first", "kept by the first"]


def test_a_memory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with Memory(tmp_path / "folder") as memory, pytest.raises(InputError) as caught:
        memory.read()
    assert caught.value.code == "file"
    (tmp_path / "seen.partial").mkdir()
    with Memory(tmp_path / "seen") as memory, pytest.raises(InputError) as caught:
        memory.keep(b"note")
    assert caught.value.code == "file"
    with pytest.raises(InputError) as missing, Memory(tmp_path / "nowhere" / "seen"):
        pass
    assert missing.value.code == "file"


_FULL = """
import resource, sys
from pathlib import Path
from attest.log.monitor import Memory
path = Path(sys.argv[1])
with Memory(path) as memory:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        memory.keep(bytes(5_000))
    except Exception as error:
        print(error.code)
    print(memory.read().decode())
"""


def test_a_full_disk_leaves_what_was_remembered(tmp_path: Path) -> None:
    assert errno.EFBIG  # what a file over its limit gives, as ENOSPC on a full disk
    (tmp_path / "seen").write_bytes(b"before")
    run = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "seen")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parents[2])},
    )
    assert run.stdout.split() == ["file", "before"], run.stderr
    assert not (tmp_path / "seen.partial").exists()
