"""What a witness remembers, durably: one row per log, in a SQLite file of its own.

    seen    origin, size, root, note      the newest checkpoint that was cosigned, with the lines

A row only grows: a trigger refuses a smaller size, and another root for one size.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint

APPLICATION_ID: Final = 0x61747377
"""`atsw`: SQLite's mark of whose file this is."""

_SCHEMA: Final = """
CREATE TABLE seen (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER seen_grows BEFORE UPDATE ON seen
    WHEN NEW.origin IS NOT OLD.origin OR NEW.size < OLD.size
        OR (NEW.size = OLD.size AND NEW.root IS NOT OLD.root)
    BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER seen_stays BEFORE DELETE ON seen
    BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""


class SqliteSeen:
    """A `Seen` in one file; one thread uses one object."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Take over a connection to a file that has the schema; see `create` and `open`."""
        self._connection = connection

    @staticmethod
    def create(path: Path) -> None:
        """Make a new file in which nothing was seen.

        Raises:
            LogError: store-exists.
            InputError: file (it cannot be written).
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise LogError("store-exists", "the file exists already") from None
        except OSError as error:
            raise InputError("file", f"the file cannot be made: {error.strerror}") from None
        connection = apsw.Connection(str(path))
        connection.pragma("journal_mode", "wal")
        connection.execute(_SCHEMA)
        connection.pragma("application_id", APPLICATION_ID)
        connection.close()

    @staticmethod
    def open(path: Path) -> SqliteSeen:
        """Open a file that `create` made; never make one, since a witness must not forget.

        Raises:
            LogError: store-missing (there is none, or it is another kind of file), log-stopped.
        """
        try:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            connection.pragma("synchronous", "full")
            connection.set_busy_timeout(10_000)
            if connection.pragma("application_id") != APPLICATION_ID:
                raise LogError("store-missing", "the file is not a witness's")
        except apsw.Error:
            raise LogError("store-missing", "there is no file of a witness") from None
        return SqliteSeen(connection)

    def newest(self, origin: str) -> Checkpoint | None:
        """The newest checkpoint of a log, None before the first.

        Raises:
            LogError: log-stopped (the file cannot be read).
        """
        row = self._row("SELECT size, root FROM seen WHERE origin = ?", origin)
        return None if row is None else Checkpoint(origin, row[0], row[1])

    def note(self, origin: str) -> bytes | None:
        """The newest checkpoint as it was cosigned, None before the first.

        Raises:
            LogError: log-stopped.
        """
        row = self._row("SELECT note FROM seen WHERE origin = ?", origin)
        return None if row is None else row[0]

    def advance(self, before: Checkpoint | None, after: Checkpoint, note: bytes) -> bool:
        """Keep `after` with its note durably, if `before` still is the newest; whether it was.

        Raises:
            LogError: log-stopped (what is kept is known once the file is opened again).
        """
        with self._writing():
            if self.newest(after.origin) != before:
                return False
            self._connection.execute(
                "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE"
                " SET size = excluded.size, root = excluded.root, note = excluded.note",
                (after.origin, after.size, after.root, note),
            )
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that no other writer overlaps from its start."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except apsw.Error:
            raise LogError("log-stopped", "the witness's file failed") from None

    def _row(self, query: str, origin: str) -> tuple[Any, ...] | None:
        try:
            return self._connection.execute(query, (origin,)).fetchone()
        except apsw.Error:
            raise LogError("log-stopped", "the witness's file failed") from None
