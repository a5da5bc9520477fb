"""Integrity of a store: what its owner changes in the file is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import LogError
from attest.log.check import check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.merkle import node_count, position
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from tests.log.sample import NOON, ORIGIN, drafts, filled, later

SIZE = 300


@pytest.fixture
def kept(tmp_path: Path, signer: CheckpointSigner) -> SqliteStore:
    """A store whose owner has taken the guards away."""
    store = filled(tmp_path / "log.sqlite", signer, SIZE)
    for table in ("entries", "nodes"):
        for verb in ("update", "delete"):
            store._connection.execute(f"DROP TRIGGER {table}_not_{verb}")
    return store


def fault_of(store: SqliteStore, signer: CheckpointSigner) -> tuple[str, int | None]:
    with pytest.raises(LogError) as caught:
        check_store(store, keys=signer.keys)
    return caught.value.code, caught.value.entry


def test_a_good_store_passes(kept: SqliteStore, signer: CheckpointSigner) -> None:
    seen: list[int] = []
    assert check_store(kept, keys=signer.keys, progress=seen.append).size == SIZE
    assert seen == [SIZE]


@pytest.mark.parametrize("size", [1, 2, 256, 257])
def test_good_stores_of_all_sizes_pass(tmp_path: Path, signer: CheckpointSigner, size: int) -> None:
    assert check_store(filled(tmp_path / "log", signer, size), keys=signer.keys).size == size


@pytest.mark.parametrize(
    ("statement", "code", "entry"),
    [
        ("UPDATE entries SET body = x'00' WHERE position = 7", "commitment-mismatch", 7),
        ("UPDATE entries SET salt = zeroblob(32) WHERE position = 7", "commitment-mismatch", 7),
        ("UPDATE entries SET salt = x'' WHERE position = 270", "commitment-mismatch", 270),
        ("UPDATE entries SET salt = x'00' WHERE position = 2", "commitment-mismatch", 2),
        ("UPDATE entries SET entry = x'7b7d' WHERE position = 7", "entry-malformed", 7),
        (
            "UPDATE entries SET entry = (SELECT entry FROM entries WHERE position = 8)"
            " WHERE position = 7",
            "entry-order",
            7,
        ),
        (
            "UPDATE entries SET entry ="
            " CAST(replace(CAST(entry AS TEXT), ':00Z', ':01Z') AS BLOB) WHERE position = 7",
            "entry-altered",
            7,
        ),
        ("DELETE FROM entries WHERE position = 7", "entry-order", 7),
        ("DELETE FROM entries WHERE position >= 280 AND position < 299", "entry-order", 280),
    ],
)
def test_changed_entries(
    kept: SqliteStore, signer: CheckpointSigner, statement: str, code: str, entry: int
) -> None:
    kept._connection.execute(statement)
    assert kept._connection.changes() > 0
    assert fault_of(kept, signer) == (code, entry)


def test_an_entry_that_is_missing_at_the_end(kept: SqliteStore, signer: CheckpointSigner) -> None:
    kept._connection.execute("DELETE FROM entries WHERE position >= 290")
    assert fault_of(kept, signer) == ("bundle-malformed", 290)


@pytest.mark.parametrize(
    ("level", "index"), [(0, 0), (0, 7), (0, 299), (1, 3), (4, 17), (7, 1), (8, 0), (5, 8), (2, 74)]
)
def test_every_node_counts(
    kept: SqliteStore, signer: CheckpointSigner, level: int, index: int
) -> None:
    place = position(level, index)
    kept._connection.execute("UPDATE nodes SET hash = zeroblob(32) WHERE position = ?", (place,))
    assert fault_of(kept, signer) == ("tile-altered", index << level)
    kept._connection.execute("DELETE FROM nodes WHERE position = ?", (place,))
    assert fault_of(kept, signer)[0] == "tile-altered"


def test_the_nodes_of_the_test_are_in_the_tree() -> None:
    assert max(position(5, 8), position(2, 74), position(0, 299)) < node_count(SIZE)


def test_a_store_without_a_checkpoint(store: SqliteStore, signer: CheckpointSigner) -> None:
    assert fault_of(store, signer) == ("checkpoint-malformed", None)


def test_keys_of_another_log(kept: SqliteStore) -> None:
    assert fault_of(kept, CheckpointSigner.generate(ORIGIN)) == ("checkpoint-signature", None)


def test_a_checkpoint_of_another_history(kept: SqliteStore, signer: CheckpointSigner) -> None:
    note = signer.sign(size=SIZE, root=bytes(32), at=NOON)
    kept._connection.execute("UPDATE checkpoint SET note = ?", (note,))
    assert fault_of(kept, signer) == ("root-mismatch", None)


def test_what_is_not_signed_yet_is_not_looked_at(
    kept: SqliteStore, signer: CheckpointSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter.open(kept, signer)
    monkeypatch.setattr(writer, "_sign", lambda at: b"")
    writer.append(drafts(SIZE, 3), at=later(SIZE))
    kept._connection.execute("UPDATE entries SET body = x'00' WHERE position = ?", (SIZE,))
    assert check_store(kept, keys=signer.keys).size == SIZE
    LogWriter.open(kept, signer)
    assert fault_of(kept, signer) == ("commitment-mismatch", SIZE)
