"""The log in PostgreSQL, for several processes: one database holds one log (service/sql).

Whoever appends locks the one row of `log.checkpoint` and compares the end of the log with the head
that its batch was made for, in the transaction that adds the batch: of two writers one is first,
the other gets `head-moved`, and nobody leads. Taking turns saves work but guards nothing: who loses
its turn (it was idle for too long, or its connection broke) is refused by that comparison.

A commit is durable when it returns (`synchronous_commit`); a checkpoint's need not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from attest.errors import InternalError, LogError
from attest.log.entry import NO_PREV, parse_entry
from attest.log.merkle import Frontier, NodeId, frontier_nodes, leaf_hash, node_count, position
from attest.log.store import Batch, Head, StoredEntry
from service.database import Connection, Database, failing
from service.migrate import VERSION, migrated

PAGE_ROWS: Final = 64
"""How many entries, with their bodies, are read at a time."""

LABEL_ROWS: Final = 4_096

_TURN: Final = 0x61747374
"""The number of the advisory lock that writers wait for each other at: `atst`."""

_NEWEST: Final = "SELECT position, entry FROM log.entries ORDER BY position DESC LIMIT 1"
_HEAD: Final = """
SELECT size, note, position, entry FROM log.checkpoint LEFT JOIN
    (SELECT position, entry FROM log.entries ORDER BY position DESC LIMIT 1) AS newest ON true
"""
_MAY_CHANGE: Final = """
SELECT bool_or(has_table_privilege(oid, 'DELETE, TRUNCATE, TRIGGER')
    OR has_any_column_privilege(oid, 'UPDATE') OR pg_has_role(relowner, 'MEMBER'))
FROM pg_class WHERE oid IN ('log.entries'::regclass, 'log.nodes'::regclass, 'log.labels'::regclass)
"""


class PostgresStore:
    """A `LogStore` in a database. One thread uses one object."""

    def __init__(self, address: str, *, read_only: bool = False) -> None:
        """Take the address of a database that has the schema; see `open`."""
        self._database = Database(address, read_only=read_only)
        self._turns = Database(address)

    @staticmethod
    def open(address: str, *, read_only: bool = False) -> PostgresStore:
        """Open the log at an address, a libpq connection string.

        Raises:
            LogError: store-missing (no log of this version), store-privileges (the role may do more
                than add to the log), store-unavailable, log-stopped.
        """
        store = PostgresStore(address, read_only=read_only)
        try:
            with failing():
                connection = store._database.connection()
                if migrated(connection) != VERSION:
                    raise LogError("store-missing", "the database holds no log of this version")
                if _value(connection, _MAY_CHANGE):
                    raise LogError("store-privileges", "the role could change what the log holds")
        except BaseException:
            store.close()
            raise
        return store

    def head(self) -> Head:
        """See `LogStore.head`."""
        with failing():
            ((signed, note, newest, entry),) = self._rows(_HEAD)
        size = 0 if newest is None else newest + 1
        return Head(
            frontier=Frontier(size, tuple(self.nodes(frontier_nodes(size)))),
            last_leaf=NO_PREV if entry is None else leaf_hash(entry),
            time=None if entry is None else parse_entry(entry).time,
            checkpoint=note,
            signed=signed,
        )

    def append(self, expected: Head, batch: Batch) -> None:
        """See `LogStore.append`."""
        size = expected.size
        first = node_count(size)
        positions = [position(level, index) for level, index, _ in batch.nodes]
        if positions != list(range(first, node_count(size + len(batch.entries)))):
            raise InternalError("internal", "the nodes are not those that the entries complete")
        with failing(), self._database.transaction() as connection:
            connection.execute("SELECT FROM log.checkpoint FOR UPDATE")
            if _end(connection) != (size, expected.last_leaf):
                raise LogError("head-moved", "another writer appended first")
            with (
                connection.cursor() as cursor,
                cursor.copy("COPY log.entries FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["int8", "bytea", "bytea", "bytea"])
                for place, stored in enumerate(batch.entries, size):
                    copy.write_row((place, stored.entry, stored.salt, stored.body))
            with (
                connection.cursor() as cursor,
                cursor.copy("COPY log.nodes FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["int8", "bytea"])
                for place, (_, _, value) in enumerate(batch.nodes, first):
                    copy.write_row((place, value))
            connection.execute(
                "INSERT INTO log.labels SELECT * FROM unnest(%b::bytea[], %b::bigint[])"
                " ON CONFLICT DO NOTHING",
                ([label for label, _ in batch.labels], [index for _, index in batch.labels]),
            )

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """See `LogStore.put_checkpoint`."""
        with failing(), self._database.transaction() as connection:
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute("SELECT FROM log.checkpoint FOR UPDATE")
            if not 0 < size <= _end(connection)[0]:
                raise InternalError("internal", "only a committed size can be signed")
            changed = connection.execute(
                "UPDATE log.checkpoint SET size = %s, note = %s WHERE size <= %s",
                (size, note, size),
            )
            if changed.rowcount == 0:
                raise LogError("head-moved", "a larger size is signed already")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """See `LogStore.turn`."""
        try:
            with failing():
                connection = self._turns.connection()
                connection.execute("BEGIN")
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))
            yield
        finally:
            self._turns.roll_back()

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """See `LogStore.entries`."""
        for first in range(max(start, 0), stop, PAGE_ROWS):
            with failing():
                rows = self._rows(
                    "SELECT entry, salt, body FROM log.entries"
                    " WHERE position >= %s AND position < %s ORDER BY position",
                    first,
                    min(first + PAGE_ROWS, stop),
                )
            for entry, salt, body in rows:
                yield StoredEntry(entry, salt, body)
            if len(rows) < PAGE_ROWS:
                return

    def nodes(self, ids: Sequence[NodeId]) -> list[bytes]:
        """See `LogStore.nodes`."""
        if not ids:
            return []
        places = [position(level, index) for level, index in ids]
        with failing():
            rows = self._rows(
                "SELECT position, hash FROM log.nodes WHERE position = ANY (%b::bigint[])", places
            )
        found = dict(rows)
        if any(place not in found for place in places):
            raise LogError("tile-altered", "the store lacks a node of the tree")
        return [found[place] for place in places]

    def find(self, label: bytes) -> int | None:
        """See `LogStore.find`."""
        return self.find_all([label]).get(label)

    def find_all(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        """See `LogStore.find_all`."""
        if not labels:
            return {}
        with failing():
            rows = self._rows(
                "SELECT label, position FROM log.labels WHERE label = ANY (%b::bytea[])", labels
            )
        return dict(rows)

    def labels(self, start: int) -> Iterator[tuple[bytes, int]]:
        """See `LogStore.labels`."""
        after = (start, b"")
        while True:
            with failing():
                rows = self._rows(
                    "SELECT label, position FROM log.labels WHERE (position, label) > (%s, %b)"
                    " ORDER BY position, label LIMIT %s",
                    *after,
                    LABEL_ROWS,
                )
            yield from rows
            if len(rows) < LABEL_ROWS:
                return
            after = rows[-1][1], rows[-1][0]

    def close(self) -> None:
        """See `LogStore.close`."""
        self._database.close()
        self._turns.close()

    def _rows(self, query: Any, *values: object) -> list[Any]:
        return self._database.connection().execute(query, values, binary=True).fetchall()


def _end(connection: Connection) -> tuple[int, bytes]:
    newest = connection.execute(_NEWEST, binary=True).fetchone()
    return (0, NO_PREV) if newest is None else (newest[0] + 1, leaf_hash(newest[1]))


def _value(connection: Connection, query: Any) -> Any:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]
