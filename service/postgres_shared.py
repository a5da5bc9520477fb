"""What the processes of a service share beside the log, in its database.

log.waiting     what was acknowledged and is not decided yet: what one process that was killed
                leaves behind, the others take up
log.cosigned    the newest checkpoint that witnesses have cosigned, whoever asked them
"""

from __future__ import annotations

import threading
from typing import Any

from service.database import Database, failing


class _Table:
    """Statements on a connection of their own, from any thread."""

    def __init__(self, address: str) -> None:
        """Take the address of a database that has the schema."""
        self._database = Database(address)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._database.close()

    def _execute(self, statement: Any, *values: object) -> list[Any]:
        with self._lock, failing():
            cursor = self._database.connection().execute(statement, values, binary=True)
            return cursor.fetchall() if cursor.description else []


class PostgresSpool(_Table):
    """A `Spool` in a database."""

    def keep(self, submission_id: str, raw: bytes, acknowledgement: bytes) -> bytes:
        """See `Spool.keep`."""
        self._execute(
            "INSERT INTO log.waiting (id, raw, acknowledgement) VALUES (%s, %b, %b)"
            " ON CONFLICT (id) DO NOTHING",
            submission_id,
            raw,
            acknowledgement,
        )
        kept = self._execute("SELECT acknowledgement FROM log.waiting WHERE id = %s", submission_id)
        return kept[0][0] if kept else acknowledgement  # another process has decided it by now

    def waiting(self) -> list[tuple[str, bytes]]:
        """See `Spool.waiting`."""
        return self._execute("SELECT id, raw FROM log.waiting ORDER BY number")

    def forget(self, submission_id: str) -> None:
        """See `Spool.forget`."""
        self._execute("DELETE FROM log.waiting WHERE id = %s", submission_id)


class PostgresCosigned(_Table):
    """What `service.cosigning.Shared` asks for, in a database."""

    def read(self) -> bytes | None:
        """See `Shared.read`."""
        rows = self._execute("SELECT note FROM log.cosigned")
        return rows[0][0] if rows else None

    def keep(self, note: bytes, size: int) -> None:
        """See `Shared.keep`."""
        self._execute(
            "INSERT INTO log.cosigned AS kept (size, note) VALUES (%s, %b) ON CONFLICT (one)"
            " DO UPDATE SET size = excluded.size, note = excluded.note"
            " WHERE kept.size <= excluded.size",
            size,
            note,
        )
