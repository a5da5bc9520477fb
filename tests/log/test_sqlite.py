"""The embedded store: the contract, and what is true of a file."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from attest.errors import InputError, LogError
from attest.log import sqlite
from attest.log.sqlite import SqliteStore
from attest.log.store import LogStore
from tests.log.store_contract import StoreContract, appended, batch_after, everything


class TestSqliteStore(StoreContract):
    """The contract, on a file."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "log.sqlite"

    def make(self) -> LogStore:
        return SqliteStore.create(self.path)

    def reopen(self, store: LogStore) -> LogStore:
        store.close()
        return SqliteStore.open(self.path)


def test_a_log_is_made_once(store: SqliteStore, tmp_path: Path) -> None:
    appended(store, 2)
    with pytest.raises(LogError) as caught:
        SqliteStore.create(tmp_path / "log.sqlite")
    assert caught.value.code == "store-exists"
    assert store.head().size == 2


def test_a_log_is_not_made_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        SqliteStore.create(tmp_path / "nowhere" / "log.sqlite")
    assert caught.value.code == "file"


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_log_is_not_opened(tmp_path: Path, *, read_only: bool) -> None:
    empty, other, text = (tmp_path / name for name in ("empty", "other", "text"))
    empty.touch()
    text.write_bytes(b"not a database, and longer than the header of one" * 9)
    apsw.Connection(str(other)).execute("CREATE TABLE t (x)").connection.close()
    for path in (tmp_path / "missing", tmp_path, empty, other, text):
        with pytest.raises(LogError) as caught:
            SqliteStore.open(path, read_only=read_only)
        assert caught.value.code == "store-missing", path.name
    assert not (tmp_path / "missing").exists()


def test_a_log_of_a_later_version_is_not_opened(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    with apsw.Connection(str(tmp_path / "log.sqlite")) as connection:
        connection.pragma("user_version", sqlite.SCHEMA_VERSION + 1)
    with pytest.raises(LogError) as caught:
        SqliteStore.open(tmp_path / "log.sqlite")
    assert caught.value.code == "store-missing"


def test_the_file_is_private_and_durable(store: SqliteStore, tmp_path: Path) -> None:
    appended(store, 2)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"), 0o600)
    connection = store._connection
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("page_size") == sqlite.PAGE_BYTES
    assert connection.pragma("application_id").to_bytes(4, "big") == b"atst"
    assert connection.pragma("integrity_check") == "ok"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = x'00'",
        "UPDATE entries SET entry = x'00' WHERE position = 1",
        "DELETE FROM entries",
        "DELETE FROM entries WHERE position = 4",
        "UPDATE nodes SET hash = zeroblob(32)",
        "DELETE FROM nodes WHERE position = 0",
        "UPDATE labels SET position = 0",
        "DELETE FROM labels",
        "REPLACE INTO entries VALUES (1, x'00', x'', x'')",
        "INSERT INTO entries VALUES (7, x'00', x'', x'')",
        "INSERT INTO entries VALUES (-1, x'00', x'', x'')",
        "INSERT INTO entries VALUES (NULL, x'00', x'', x'')",
        "INSERT INTO entries VALUES (5, 'text', x'', x'')",
        "REPLACE INTO nodes VALUES (0, zeroblob(32))",
        "INSERT INTO nodes VALUES (9, zeroblob(32))",
        "INSERT INTO nodes VALUES (8, zeroblob(31))",
        "INSERT INTO labels VALUES (zeroblob(31), 0)",
        "INSERT INTO checkpoint VALUES (2, 1, x'00')",
    ],
)
def test_the_file_refuses_to_change_what_it_keeps(
    store: SqliteStore, tmp_path: Path, statement: str
) -> None:
    head = store.head()
    store.append(head, batch_after(head, 5, ((b"L" * 32, 3),)))
    before = everything(store)
    with pytest.raises(apsw.ConstraintError):
        apsw.Connection(str(tmp_path / "log.sqlite")).execute(statement)
    assert everything(store) == before


def test_replacing_a_label_keeps_the_first(store: SqliteStore, tmp_path: Path) -> None:
    head = store.head()
    store.append(head, batch_after(head, 5, ((b"L" * 32, 3),)))
    other = apsw.Connection(str(tmp_path / "log.sqlite"))
    other.execute("REPLACE INTO labels VALUES (?, 4)", (b"L" * 32,))
    assert store.find(b"L" * 32) == 3


def test_readers_see_what_is_committed_and_cannot_write(store: SqliteStore, tmp_path: Path) -> None:
    reader = SqliteStore.open(tmp_path / "log.sqlite", read_only=True)
    assert reader.head().size == 0
    batch = appended(store, 3)
    assert list(reader.entries(0, 3)) == list(batch.entries)
    with pytest.raises(LogError) as caught:
        reader.append(reader.head(), batch_after(reader.head(), 1))
    assert caught.value.code == "log-stopped"
    with pytest.raises(LogError) as caught:
        reader.put_checkpoint(3, b"note")
    assert caught.value.code == "log-stopped"
    reader.close()
    assert store.head().size == 3


def test_a_reader_finds_a_log_that_nobody_has_open(store: SqliteStore, tmp_path: Path) -> None:
    appended(store, 3)
    store.close()
    reader = SqliteStore.open(tmp_path / "log.sqlite", read_only=True)
    assert reader.head().size == 3
    reader.close()


def test_a_closed_store_is_stopped(store: SqliteStore) -> None:
    store.close()
    with pytest.raises(LogError) as caught:
        store.head()
    assert caught.value.code == "log-stopped"


def test_a_writer_that_waits_too_long_has_lost(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 1)
    other = SqliteStore.open(tmp_path / "log.sqlite")
    store._connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogError) as caught:
        appended(other, 1)
    assert caught.value.code == "head-moved"
    store._connection.execute("ROLLBACK")
    assert appended(other, 1).entries
    other.close()


def test_many_writers_append_each_entry_once(store: SqliteStore, tmp_path: Path) -> None:
    """Four threads with connections of their own race; the head decides who was first."""
    lost = []

    def work() -> None:
        mine = SqliteStore.open(tmp_path / "log.sqlite")
        done = 0
        while done < 15:
            head = mine.head()
            try:
                mine.append(head, batch_after(head, 1))
            except LogError as error:
                lost.append(error.code)
            else:
                done += 1
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(lost) <= {"head-moved"}
    entries = [one.entry for one in store.entries(0, 99)]
    assert len(entries) == len(set(entries)) == store.head().size == 60
