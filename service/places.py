"""Where a log is kept: in a file, or in a database whose address an environment variable holds.

    foundry/log.sqlite       a SQLite file
    env:FOUNDRY_DATABASE     PostgreSQL; the variable holds a libpq connection string

An address may hold a password, so it stands neither on a command line nor in anything that is
printed.

>>> FilePlace(Path("log.sqlite"))
FilePlace(path=PosixPath('log.sqlite'))
>>> DatabasePlace("host=db.example password=secret")
DatabasePlace()
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from attest.errors import LogError
from attest.log.sqlite import SqliteStore
from attest.log.store import LogStore
from service.postgres import PostgresStore
from service.postgres_shared import PostgresCosigned, PostgresSpool
from service.spool import Spool, SqliteSpool

VARIABLE: Final = "env:"


@dataclass(frozen=True)
class FilePlace:
    """A log in a SQLite file."""

    path: Path

    def create(self) -> LogStore:
        """Make a new, empty log there.

        Raises:
            LogError: store-exists, log-stopped.
            InputError: file.
        """
        return SqliteStore.create(self.path)

    def open(self, *, read_only: bool = False) -> LogStore:
        """Open the log that is there.

        Raises:
            LogError: store-missing.
        """
        return SqliteStore.open(self.path, read_only=read_only)

    def begin(self) -> LogStore:
        """Open what is there to go on with it, or make it."""
        return self.open() if self.path.exists() else self.create()

    def spool(self) -> Spool:
        """What waits to be decided, beside the log."""
        return SqliteSpool(self.path.parent)

    def cosigned(self) -> PostgresCosigned | None:
        """None: one process has the file to itself."""
        return None


@dataclass(frozen=True)
class DatabasePlace:
    """A log in PostgreSQL, where `python -m service log migrate` has made room for one."""

    address: str = field(repr=False)

    def create(self) -> LogStore:
        """Open an empty log.

        Raises:
            LogError: store-exists, and what `open` raises.
        """
        store = self.open()
        if store.head().size:
            store.close()
            raise LogError("store-exists", "the database holds a log already")
        return store

    def open(self, *, read_only: bool = False) -> LogStore:
        """Open the log that is there.

        Raises:
            LogError: store-missing, store-privileges, store-unavailable, log-stopped.
        """
        return PostgresStore.open(self.address, read_only=read_only)

    def begin(self) -> LogStore:
        """Open what is there to go on with it."""
        return self.open()

    def spool(self) -> Spool:
        """What waits to be decided, in the same database, so that any process takes it up."""
        return PostgresSpool(self.address)

    def cosigned(self) -> PostgresCosigned | None:
        """The newest cosigned checkpoint of every process, in the same database."""
        return PostgresCosigned(self.address)


Place = FilePlace | DatabasePlace


class DatabaseType(click.ParamType[Place]):
    """A database on the command line."""

    name = "env:NAME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        """The database whose address stands in the variable that a text names."""
        if not value.startswith(VARIABLE):
            file = self._file(value)
            return file or self.fail("name the variable that holds the address", param, ctx)
        address = os.environ.get(value.removeprefix(VARIABLE))
        if not address:
            self.fail("that environment variable is not set", param, ctx)
        return DatabasePlace(address)

    def _file(self, _: str) -> FilePlace | None:
        return None


class PlaceType(DatabaseType):
    """A file or a database on the command line."""

    name = "place"

    def _file(self, value: str) -> FilePlace | None:
        is_address = "://" in value or "=" in value
        return None if is_address else FilePlace(Path(value))


store_option = click.option(
    "--store",
    "place",
    type=DatabaseType(),
    metavar="env:NAME",
    help="Keep the log in PostgreSQL: the environment variable that holds its address.",
)
