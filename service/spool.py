"""What was acknowledged and is not decided yet, kept on disk: beside the log, in a file of its own.

    waiting    id, raw, acknowledgement      a row per submission, in the order of receipt

A submission is kept before its acknowledgement is given, and forgotten once its decision is in the
log: a service that was killed in between takes it up again when it starts.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final, Protocol

import apsw

from attest.errors import LogError

FILE: Final = "spool.sqlite"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    raw BLOB NOT NULL,
    acknowledgement BLOB NOT NULL
) STRICT;
"""


class Spool(Protocol):
    """The submissions that wait; may be used by any thread.

    Where it is reached over a network, each of these may also raise `store-unavailable`.
    """

    def keep(self, submission_id: str, raw: bytes, acknowledgement: bytes) -> bytes:
        """Keep a submission durably; the acknowledgement that it was kept with first.

        Raises:
            LogError: log-stopped.
        """

    def waiting(self) -> list[tuple[str, bytes]]:
        """Identifiers and bytes of what waits, in the order of receipt.

        Raises:
            LogError: log-stopped.
        """

    def forget(self, submission_id: str) -> None:
        """Forget a submission whose decision is in the log.

        Raises:
            LogError: log-stopped.
        """

    def close(self) -> None:
        """Let go of the file or connection."""


class SqliteSpool:
    """A `Spool` in one file."""

    def __init__(self, folder: Path) -> None:
        """Open the spool of a data folder, or make it.

        Raises:
            LogError: log-stopped (the file cannot be read or written).
        """
        path = folder / FILE
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        try:
            self._connection = apsw.Connection(str(path))
            self._connection.pragma("journal_mode", "wal")
            self._connection.pragma("synchronous", "full")
            self._connection.execute(_SCHEMA)
        except apsw.Error:
            raise LogError("log-stopped", "the spool cannot be opened") from None

    def keep(self, submission_id: str, raw: bytes, acknowledgement: bytes) -> bytes:
        """See `Spool.keep`."""
        with self._lock:
            self._execute(
                "INSERT INTO waiting (id, raw, acknowledgement) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                submission_id,
                raw,
                acknowledgement,
            )
            ((kept,),) = self._execute(
                "SELECT acknowledgement FROM waiting WHERE id = ?", submission_id
            )
            return bytes(kept)

    def waiting(self) -> list[tuple[str, bytes]]:
        """See `Spool.waiting`."""
        with self._lock:
            return self._execute("SELECT id, raw FROM waiting ORDER BY number")

    def forget(self, submission_id: str) -> None:
        """See `Spool.forget`."""
        with self._lock:
            self._execute("DELETE FROM waiting WHERE id = ?", submission_id)

    def close(self) -> None:
        """See `Spool.close`."""
        with self._lock:
            self._connection.close()

    def _execute(self, statement: str, *values: str | bytes) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except apsw.Error:
            raise LogError("log-stopped", "the spool failed") from None
