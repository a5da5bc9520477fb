"""A connection to PostgreSQL that is made when it is needed, and made anew after it broke.

The address (a libpq connection string) may hold a password. It is kept here and shown to nobody:
errors say what kind of failure it was, by PostgreSQL's own five characters, and nothing that
PostgreSQL or libpq wrote. The library's own log is silent for the same reason.

>>> database = Database("host=127.0.0.1 port=1 user=me password=secret")
>>> with failing():
...     database.connection()
Traceback (most recent call last):
attest.errors.LogError: store-unavailable: the database does not answer, or lets nobody in
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from attest.errors import LogError

CONNECT_SECONDS: Final = 5
STATEMENT_MILLISECONDS: Final = 60_000
LOCK_MILLISECONDS: Final = 10_000
IDLE_MILLISECONDS: Final = 30_000
"""After how long within a transaction without a word PostgreSQL ends it: others wait for it."""

Connection = psycopg.Connection[tuple[Any, ...]]

_SETTINGS: Final = """
SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false),
    set_config('default_transaction_read_only', %s, false),
    set_config('default_transaction_isolation', 'read committed', false),
    CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
        THEN set_config('synchronous_commit', 'on', false) END
"""

_BUSY: Final = frozenset({"55P03", "40001", "40P01"})
"""A lock was not to be had, or another transaction was in the way: nothing was kept."""

_DENIED: Final = "42501"
_AWAY: Final = ("08", "25P03", "53", "57", "58")
"""The connection ended, the server is short of something or is stopping, the system failed it."""

_library = logging.getLogger("psycopg")
_library.addHandler(logging.NullHandler())
_library.propagate = False


class Database:
    """One connection at a time; one thread uses one object."""

    def __init__(self, address: str, *, read_only: bool = False) -> None:
        """Take an address; nothing is connected yet."""
        self._address = address
        self._read_only = read_only
        self._connection: Connection | None = None
        self._closed = False

    def connection(self) -> Connection:
        """The connection, outside any transaction: each statement is one of its own.

        Raises:
            LogError: log-stopped (it was closed).
            psycopg.Error: for `failing`.
        """
        if self._closed:
            raise LogError("log-stopped", "the store is closed")
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit what the block does, or nothing of it.

        Raises: as `connection`; after an error of the commit itself it is not known which.
        """
        connection = self.connection()
        connection.execute("BEGIN")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """Undo the transaction that is open, if there is one; a broken connection has undone it."""
        connection = self._connection
        if connection and connection.info.transaction_status is not TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the connection for good. Closing twice does nothing."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> Connection:
        connection = psycopg.connect(
            self._address,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="foundry-attest",
        )
        times = (STATEMENT_MILLISECONDS, LOCK_MILLISECONDS, IDLE_MILLISECONDS)
        read_only = "on" if self._read_only else "off"
        connection.execute(_SETTINGS, [*map(str, times), read_only])
        return connection


@contextmanager
def failing() -> Iterator[None]:
    """Turn failures of PostgreSQL into errors of the log.

    Raises:
        LogError: head-moved (a lock was not to be had; nothing was kept), store-unavailable (for
            the moment), log-stopped (for good).
    """
    try:
        yield
    except psycopg.Error as error:
        raise _failure(error) from None


def _failure(error: psycopg.Error) -> LogError:
    state = error.sqlstate
    if state is None:
        if isinstance(error, psycopg.OperationalError):
            return LogError("store-unavailable", "the database does not answer, or lets nobody in")
        return LogError("log-stopped", f"PostgreSQL failed: {type(error).__name__}")
    if state == _DENIED:
        return LogError("store-privileges", "the role may not do what the service has to")
    if state in _BUSY:
        return LogError("head-moved", "another writer held the log for too long")
    if state.startswith(_AWAY):
        return LogError("store-unavailable", f"PostgreSQL failed for the moment: {state}")
    return LogError("log-stopped", f"PostgreSQL failed: {state}")
