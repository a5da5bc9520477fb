"""The database's schema, made and brought up to date: the numbered files of service/sql, in order.

Whoever owns the schema runs this; the service runs as another role, which is granted what it needs
and no more: to read, to add, to move the checkpoint on, and to forget what waits no longer. All of
it is one transaction, and two at once wait for each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from attest.errors import InputError, LogError
from service.database import Connection, Database, failing

FILES: Final = sorted((Path(__file__).parent / "sql").glob("*.sql"))
VERSION: Final = len(FILES)
"""The number of the newest migration, and so of the schema that this code works with."""

_ALONE: Final = 0x6D696772
"""The number of the advisory lock of migrations: `migr`."""

_START: Final = """
CREATE SCHEMA IF NOT EXISTS log;
CREATE TABLE IF NOT EXISTS log.migrations (
    number integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now()
);
"""

_GRANTS: Final = """
REVOKE ALL ON SCHEMA log FROM PUBLIC, {role};
REVOKE ALL ON ALL TABLES IN SCHEMA log FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA log TO {role};
GRANT SELECT ON log.migrations TO {role};
GRANT SELECT, INSERT ON log.entries, log.nodes, log.labels TO {role};
GRANT SELECT, UPDATE (size, note) ON log.checkpoint TO {role};
GRANT SELECT, INSERT, DELETE ON log.waiting TO {role};
GRANT SELECT, INSERT, UPDATE (size, note) ON log.cosigned TO {role};
"""

_OWNS: Final = "SELECT pg_has_role(%s, current_user, 'MEMBER')"


def migrate(address: str, role: str) -> list[int]:
    """Bring the database at an address up to date, and grant a role what the service needs.

    `address` is a libpq connection string of whoever owns the schema. Returns the numbers of the
    migrations that were missing.

    Raises:
        InputError: not-found (there is no such role).
        LogError: store-privileges (the role owns the schema, or may act for its owner),
            store-missing (the database is of a later version), store-unavailable, head-moved,
            log-stopped.
    """
    database = Database(address)
    try:
        with failing(), database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ALONE,))
            connection.execute(_START)
            before = migrated(connection)
            if before > VERSION:
                raise LogError("store-missing", "the database is of a later version")
            for number in range(before + 1, VERSION + 1):
                connection.execute(FILES[number - 1].read_bytes())
                connection.execute("INSERT INTO log.migrations (number) VALUES (%s)", (number,))
            _grant(connection, role)
    finally:
        database.close()
    return list(range(before + 1, VERSION + 1))


def migrated(connection: Connection) -> int:
    """The number of the newest migration that a database has, 0 without any."""
    there = connection.execute("SELECT to_regclass('log.migrations') IS NOT NULL").fetchone()
    if there != (True,):
        return 0
    newest = connection.execute("SELECT coalesce(max(number), 0) FROM log.migrations").fetchone()
    return 0 if newest is None else newest[0]


def _grant(connection: Connection, role: str) -> None:
    try:
        owns = connection.execute(_OWNS, (role,)).fetchone()
    except psycopg.errors.UndefinedObject:
        raise InputError("not-found", "the database has no role of that name") from None
    if owns == (True,):
        raise LogError("store-privileges", "the service must not be the owner of the log")
    connection.execute(sql.SQL(_GRANTS).format(role=sql.Identifier(role)))
