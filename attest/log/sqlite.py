"""The embedded store: one SQLite file in WAL mode, every batch durable (synchronous=FULL).

    entries      position, entry, salt, body        one row per entry, positions without a gap
    nodes        position, hash                     tree nodes in the order of `merkle.position`
    labels       label, position                    digests to find entries by
    checkpoint   size, note                         one row: the newest signed note

Triggers refuse to change or delete a row of the first three and to add one out of order. They guard
against mistakes; against the file's owner only the checkpoints that others hold do (`check_store`).
The file, and what SQLite puts beside it, holds confidential bodies: only its owner may read it.

>>> import tempfile
>>> folder = tempfile.TemporaryDirectory()
>>> store = SqliteStore.create(Path(folder.name) / "log.sqlite")
>>> store.head().size
0
>>> store.close()
>>> SqliteStore.create(Path(folder.name) / "log.sqlite")
Traceback (most recent call last):
attest.errors.LogError: store-exists: the file exists already
>>> folder.cleanup()
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import apsw

from attest.errors import InputError, InternalError, LogError
from attest.log.entry import NO_PREV, parse_entry
from attest.log.merkle import Frontier, NodeId, frontier_nodes, node_count, position
from attest.log.store import Batch, Head, StoredEntry

APPLICATION_ID: Final = 0x61747374
"""`atst`: SQLite's mark of whose file this is."""

SCHEMA_VERSION: Final = 1
PAGE_BYTES: Final = 8_192
"""Rows are 6 to 14 kB: on larger pages a third of the file would stay empty."""

BUSY_MILLISECONDS: Final = 10_000

_SPREAD_MAX: Final = 4
"""Nodes of which at least one in so many is asked for are read together: those of a tile."""

_SCHEMA: Final = """
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    entry BLOB NOT NULL,
    salt BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE nodes (
    position INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TABLE labels (
    label BLOB PRIMARY KEY CHECK (length(label) = 32),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    size INTEGER NOT NULL,
    note BLOB NOT NULL
) STRICT;
CREATE TRIGGER labels_first BEFORE INSERT ON labels
    WHEN EXISTS (SELECT 1 FROM labels WHERE label = NEW.label)
    BEGIN SELECT RAISE(IGNORE); END;
"""

_IN_ORDER: Final = """
CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table}
    WHEN NEW.position IS NOT (SELECT coalesce(max(position) + 1, 0) FROM {table})
    BEGIN SELECT RAISE(ABORT, 'the log only grows at its end'); END;
"""

_FIXED: Final = """
CREATE TRIGGER {table}_not_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
"""


class SqliteStore:
    """A `LogStore` in one file. One thread uses one object."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Take over a connection to a file that has the schema; see `create` and `open`."""
        self._connection = connection

    @staticmethod
    def create(path: Path) -> SqliteStore:
        """Make a new, empty log.

        Raises:
            LogError: store-exists, log-stopped.
            InputError: file (the folder cannot be written).
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise LogError("store-exists", "the file exists already") from None
        except OSError as error:
            raise InputError("file", f"the log cannot be made: {error.strerror}") from None
        with _stopping():
            connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
            connection.pragma("page_size", PAGE_BYTES)
            connection.pragma("journal_mode", "wal")
            store = SqliteStore(connection)
            with store._transaction():
                connection.execute(_SCHEMA)
                for table in ("entries", "nodes"):
                    connection.execute(_IN_ORDER.format(table=table))
                for table in ("entries", "nodes", "labels"):
                    for verb in ("update", "delete"):
                        connection.execute(_FIXED.format(table=table, verb=verb))
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", SCHEMA_VERSION)
        _sync_folder(path.parent)
        return store

    @staticmethod
    def open(path: Path, *, read_only: bool = False) -> SqliteStore:
        """Open a log that exists.

        Raises:
            LogError: store-missing (no file, or not a log of this version).
        """
        if not path.is_file():
            raise LogError("store-missing", "there is no such file")
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
        try:
            connection = _connect(path, flags)
            marks = connection.pragma("application_id"), connection.pragma("user_version")
        except apsw.Error as error:
            raise LogError("store-missing", f"not a log: {type(error).__name__}") from None
        if marks != (APPLICATION_ID, SCHEMA_VERSION):
            connection.close()
            raise LogError("store-missing", "the file is not a log of this version")
        return SqliteStore(connection)

    def head(self) -> Head:
        """See `LogStore.head`."""
        with _stopping(), self._connection:
            size, last_leaf = self._end()
            signed, note = self._row("SELECT size, note FROM checkpoint") or (0, None)
            hashes = self.nodes(frontier_nodes(size))
            newest = list(self.entries(size - 1, size))
        return Head(
            frontier=Frontier(size, tuple(hashes)),
            last_leaf=last_leaf,
            time=parse_entry(newest[0].entry).time if newest else None,
            checkpoint=note,
            signed=signed,
        )

    def _end(self) -> tuple[int, bytes]:
        newest = self._row("SELECT position FROM entries ORDER BY position DESC LIMIT 1")
        if newest is None:
            return 0, NO_PREV
        (last_leaf,) = self.nodes([(0, newest[0])])
        return newest[0] + 1, last_leaf

    def _row(self, query: str, *values: int | bytes) -> tuple[Any, ...] | None:
        return self._connection.execute(query, values).fetchone()

    def append(self, expected: Head, batch: Batch) -> None:
        """See `LogStore.append`."""
        size = expected.size
        first = node_count(size)
        positions = [position(level, index) for level, index, _ in batch.nodes]
        if positions != list(range(first, node_count(size + len(batch.entries)))):
            raise InternalError("internal", "the nodes are not those that the entries complete")
        with _stopping(), self._transaction():
            if self._end() != (size, expected.last_leaf):
                raise LogError("head-moved", "another writer appended first")
            self._connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?)",
                (
                    (place, stored.entry, stored.salt, stored.body)
                    for place, stored in enumerate(batch.entries, size)
                ),
            )
            self._connection.executemany(
                "INSERT INTO nodes VALUES (?, ?)",
                ((place, value) for place, (_, _, value) in enumerate(batch.nodes, first)),
            )
            self._connection.executemany("INSERT INTO labels VALUES (?, ?)", batch.labels)

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """See `LogStore.put_checkpoint`."""
        with _stopping(), self._transaction(synchronous="normal"):
            if not 0 < size <= self._end()[0]:
                raise InternalError("internal", "only a committed size can be signed")
            self._connection.execute(
                "INSERT INTO checkpoint VALUES (1, ?, ?) ON CONFLICT DO UPDATE"
                " SET size = excluded.size, note = excluded.note WHERE excluded.size >= size",
                (size, note),
            )
            if self._connection.changes() == 0:
                raise LogError("head-moved", "a larger size is signed already")

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """See `LogStore.entries`."""
        with _stopping():
            for entry, salt, body in self._connection.execute(
                "SELECT entry, salt, body FROM entries"
                " WHERE position >= ? AND position < ? ORDER BY position",
                (start, stop),
            ):
                yield StoredEntry(entry, salt, body)

    def nodes(self, ids: Sequence[NodeId]) -> list[bytes]:
        """See `LogStore.nodes`."""
        places = [position(level, index) for level, index in ids]
        first, last = min(places, default=0), max(places, default=0)
        query = "SELECT position, hash FROM nodes WHERE position BETWEEN ? AND ?"
        with _stopping():
            together = last - first < _SPREAD_MAX * len(places)
            spans = [(first, last)] if together else [(place, place) for place in places]
            found: dict[int, bytes] = {}
            for span in spans:
                found.update(self._connection.execute(query, span))
        try:
            return [found[place] for place in places]
        except KeyError:
            raise LogError("tile-altered", "the store lacks a node of the tree") from None

    def find(self, label: bytes) -> int | None:
        """See `LogStore.find`."""
        with _stopping():
            row = self._row("SELECT position FROM labels WHERE label = ?", label)
        return None if row is None else row[0]

    def find_all(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        """See `LogStore.find_all`."""
        found = ((label, self.find(label)) for label in labels)
        return {label: index for label, index in found if index is not None}

    def labels(self, start: int) -> Iterator[tuple[bytes, int]]:
        """See `LogStore.labels`."""
        with _stopping():
            yield from self._connection.execute(
                "SELECT label, position FROM labels WHERE position >= ? ORDER BY position, label",
                (start,),
            )

    def turn(self) -> AbstractContextManager[None]:
        """See `LogStore.turn`; whoever writes a file is expected to be alone with it."""
        return nullcontext()

    def close(self) -> None:
        """See `LogStore.close`."""
        self._connection.close()

    @contextmanager
    def _transaction(self, *, synchronous: str = "full") -> Iterator[None]:
        """Commit what the block does, or nothing of it; `full` survives a loss of power."""
        self._connection.pragma("synchronous", synchronous)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _connect(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection


@contextmanager
def _stopping() -> Iterator[None]:
    """Turn failures of SQLite into errors of the log."""
    try:
        yield
    except apsw.BusyError:
        raise LogError("head-moved", "another writer held the log for too long") from None
    except apsw.Error as error:
        raise LogError("log-stopped", f"SQLite failed: {type(error).__name__}") from error


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
