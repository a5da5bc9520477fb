"""The log in PostgreSQL: the contract, and what is true of a database."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import count

import psycopg
import pytest

from attest.errors import LogError
from attest.log.check import check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.store import LogStore
from attest.log.writer import LogWriter
from service import database
from service.postgres import PAGE_ROWS, PostgresStore
from service.postgres_shared import PostgresSpool
from tests.log.sample import ORIGIN, drafts, later
from tests.log.store_contract import StoreContract, appended, batch_after
from tests.postgres import KILL, SERVICE, Server

LABEL = b"L" * 32


class TestPostgresStore(StoreContract):
    """The contract, on a database."""

    @pytest.fixture(autouse=True)
    def _address(self, postgres_server: Server) -> None:
        self.address = postgres_server.address(postgres_server.database())

    def make(self) -> LogStore:
        return PostgresStore.open(self.address)

    def reopen(self, store: LogStore) -> LogStore:
        store.close()
        return PostgresStore.open(self.address)


def test_the_settings_of_a_connection(store: PostgresStore) -> None:
    def setting(name: str) -> str:
        row = store._database.connection().execute(f"SHOW {name}".encode()).fetchone()
        assert row is not None
        return str(row[0])

    assert setting("synchronous_commit") == "on"
    assert setting("statement_timeout") == "1min"
    assert setting("lock_timeout") == "10s"
    assert setting("idle_in_transaction_session_timeout") == "30s"
    assert setting("fsync") == "on"


@pytest.mark.parametrize(
    ("role_has", "session_has"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
def test_a_commit_is_durable_whatever_the_role_is_set_to(
    postgres_server: Server, name: str, role_has: str, session_has: str
) -> None:
    postgres_server.run(f"ALTER ROLE {SERVICE} SET synchronous_commit = {role_has}")
    try:
        with closing(PostgresStore.open(postgres_server.address(name))) as store:
            shown = store._database.connection().execute("SHOW synchronous_commit").fetchone()
            assert shown == (session_has,)
    finally:
        postgres_server.run(f"ALTER ROLE {SERVICE} RESET synchronous_commit")


def test_readers_see_what_is_committed_and_cannot_write(store: PostgresStore, address: str) -> None:
    with closing(PostgresStore.open(address, read_only=True)) as reader:
        batch = appended(store, 3)
        assert list(reader.entries(0, 3)) == list(batch.entries)
        for act in (lambda: appended(reader, 1), lambda: reader.put_checkpoint(3, b"note")):
            with pytest.raises(LogError) as caught:
                act()
            assert caught.value.code == "log-stopped"
    assert store.head().size == 3


def test_pages_of_entries_follow_each_other(store: PostgresStore) -> None:
    stored = list(appended(store, 2 * PAGE_ROWS + 1).entries)
    for start, stop in ((0, 999), (1, PAGE_ROWS + 1), (0, 2 * PAGE_ROWS), (PAGE_ROWS, 999)):
        assert list(store.entries(start, stop)) == stored[start:stop]


def test_pages_of_labels_follow_each_other(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tuple((bytes([number]) * 32, number % 3) for number in range(9))
    store.append(store.head(), batch_after(store.head(), 3, labels))
    wanted = sorted(labels, key=lambda pair: (pair[1], pair[0]))
    for rows in (1, 2, 9, 10):
        monkeypatch.setattr("service.postgres.LABEL_ROWS", rows)
        assert list(store.labels(0)) == wanted
        assert list(store.labels(2)) == wanted[6:]


def test_a_closed_store_is_stopped(store: PostgresStore) -> None:
    store.close()
    for act in (store.head, lambda: store.find(LABEL), lambda: list(store.entries(0, 1))):
        with pytest.raises(LogError) as caught:
            act()
        assert caught.value.code == "log-stopped"


def test_many_writers_append_each_entry_once(store: PostgresStore, address: str) -> None:
    """Four threads with connections of their own race; the head decides who was first."""
    lost = []

    def work() -> None:
        with closing(PostgresStore.open(address)) as mine:
            done = 0
            while done < 15:
                head = mine.head()
                try:
                    mine.append(head, batch_after(head, 1))
                except LogError as error:
                    lost.append(error.code)
                else:
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(lost) <= {"head-moved"}
    entries = [one.entry for one in store.entries(0, 99)]
    assert len(entries) == len(set(entries)) == store.head().size == 60


def test_who_waits_too_long_for_a_lock_has_lost(
    store: PostgresStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_MILLISECONDS", 50)
    with closing(PostgresStore.open(address)) as other:
        with psycopg.connect(address) as holder:
            holder.execute("SELECT FROM log.checkpoint FOR UPDATE")
            with pytest.raises(LogError) as caught:
                appended(other, 1)
            assert caught.value.code == "head-moved"
        assert appended(other, 1).entries
        with store.turn():
            with pytest.raises(LogError) as caught, other.turn():
                pass
            assert caught.value.code == "head-moved"
        with other.turn():
            assert appended(other, 1).entries


def test_a_turn_that_lasts_too_long_ends_and_guards_nothing(
    store: PostgresStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hangs in its turn does not stop the others, and is refused when it goes on."""
    monkeypatch.setattr(database, "IDLE_MILLISECONDS", 50)
    with closing(PostgresStore.open(address)) as hanging:
        with hanging.turn():
            head = hanging.head()
            with store.turn():
                appended(store, 1)
            with pytest.raises(LogError) as caught:
                hanging.append(head, batch_after(head, 1))
            assert caught.value.code == "head-moved"
        with hanging.turn():
            assert appended(hanging, 1).entries


def test_a_connection_that_was_cut_is_made_anew(
    postgres_server: Server, store: PostgresStore, name: str
) -> None:
    head = store.head()
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    postgres_server.run(cut)
    with pytest.raises(LogError) as caught:
        store.append(head, batch_after(head, 1))
    assert caught.value.code == "store-unavailable"
    assert store.head() == head
    store.append(head, batch_after(head, 1))
    assert store.head().size == 1


def test_a_spool_in_the_database(address: str) -> None:
    with closing(PostgresSpool(address)) as one, closing(PostgresSpool(address)) as two:
        assert one.keep("b", b"second", b"promise") == b"promise"
        assert two.keep("b", b"second", b"another promise") == b"promise"
        assert two.keep("a", b"\0first", b"") == b""
        assert one.waiting() == two.waiting() == [("b", b"second"), ("a", b"\0first")]
        two.forget("b")
        two.forget("nothing")
        assert one.waiting() == [("a", b"\0first")]
    one.close()
    with pytest.raises(LogError) as caught:
        one.waiting()
    assert caught.value.code == "log-stopped"


def append_for_ever(
    address: str, signer: CheckpointSigner, acknowledged: list[int], appended: threading.Semaphore
) -> None:
    """Append until the database is gone."""
    with closing(PostgresStore.open(address)) as store:
        writer = LogWriter.open(store, signer)
        for turn in count():
            try:
                with writer.turn():
                    first = writer.head.size
                    writer.append(drafts(first, 1 + turn % 9), at=later(first))
            except LogError:
                return
            acknowledged.append(writer.head.size)
            appended.release()


def test_kill_nine_of_the_server_loses_no_committed_batch(own_server: Server) -> None:
    """Killed again and again while two writers append, it keeps what was acknowledged, whole."""
    signer = CheckpointSigner.generate(ORIGIN)
    address = own_server.address(own_server.database())
    acknowledged = [0]
    for kill in range(4):
        appended = threading.Semaphore(0)
        given = (address, signer, acknowledged, appended)
        threads = [threading.Thread(target=append_for_ever, args=given) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert all(appended.acquire(timeout=60) for _ in range(5 + 7 * kill))
        own_server.stop(KILL)
        for thread in threads:
            thread.join()
        own_server.start()
        with closing(PostgresStore.open(address)) as store:
            assert max(acknowledged) <= store.head().size
            writer = LogWriter.open(store, signer)
            assert check_store(store, keys=signer.keys).size == writer.head.size
