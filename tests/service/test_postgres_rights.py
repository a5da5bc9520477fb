"""Who may do what to a log in PostgreSQL, and what nobody is told."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from attest.errors import InputError, LogError
from service.migrate import VERSION, migrate
from service.postgres import PostgresStore
from service.postgres_shared import PostgresSpool
from tests.log.store_contract import appended, batch_after, everything
from tests.postgres import ADMIN, OWNER, SERVICE, Server

CHANGES = [
    "UPDATE log.entries SET body = '\\x00'",
    "UPDATE log.entries SET entry = '\\x00' WHERE position = 1",
    "UPDATE log.entries SET body = '' WHERE position = 99",
    "DELETE FROM log.entries",
    "DELETE FROM log.entries WHERE position = 4",
    "TRUNCATE log.entries",
    "TRUNCATE log.entries, log.nodes, log.labels",
    "UPDATE log.nodes SET hash = sha256('')",
    "DELETE FROM log.nodes WHERE position = 0",
    "TRUNCATE log.nodes",
    "UPDATE log.labels SET position = 0",
    "DELETE FROM log.labels",
    "TRUNCATE log.labels",
    "DELETE FROM log.checkpoint",
    "TRUNCATE log.checkpoint",
    "DELETE FROM log.cosigned",
    "TRUNCATE log.cosigned",
    "INSERT INTO log.checkpoint (one, size) VALUES (false, 9)",
    "INSERT INTO log.labels VALUES (sha256('L'), 0) ON CONFLICT (label) DO UPDATE SET position = 1",
    "MERGE INTO log.labels USING (SELECT 1) ON true WHEN MATCHED THEN DELETE",
]
OUT_OF_ORDER = [
    "INSERT INTO log.entries VALUES (1, '', '', '')",
    "INSERT INTO log.entries VALUES (6, '', '', '')",
    "INSERT INTO log.entries VALUES (-1, '', '', '')",
    "INSERT INTO log.entries VALUES (NULL, '', '', '')",
    "INSERT INTO log.entries VALUES (5, '', '', ''), (7, '', '', '')",
    "INSERT INTO log.nodes VALUES (0, sha256(''))",
    "INSERT INTO log.nodes VALUES (9, sha256(''))",
    "INSERT INTO log.nodes VALUES (8, '\\x00')",
    "INSERT INTO log.labels VALUES ('\\x00', 0)",
    "INSERT INTO log.labels VALUES (sha256('L'), NULL)",
    "UPDATE log.checkpoint SET size = 4",
    "UPDATE log.checkpoint SET note = NULL",
]


@pytest.fixture
def filled(store: PostgresStore) -> PostgresStore:
    """A log of five entries."""
    head = store.head()
    store.append(head, batch_after(head, 5, ((b"L" * 32, 3),)))
    store.put_checkpoint(5, b"five")
    return store


@pytest.mark.parametrize("role", [OWNER, ADMIN])
def test_the_owner_cannot_change_what_is_kept(
    postgres_server: Server, filled: PostgresStore, name: str, role: str
) -> None:
    """Triggers refuse it, of whoever owns the tables and of a superuser."""
    before = everything(filled)
    for statement in CHANGES + OUT_OF_ORDER:
        with pytest.raises(psycopg.errors.IntegrityError):
            postgres_server.run(statement, name, role)
        assert everything(filled) == before, statement
    for statement in CHANGES:
        with pytest.raises(psycopg.errors.IntegrityError):
            postgres_server.run(f"SET session_replication_role = replica; {statement}", name, ADMIN)
    assert everything(filled) == before


def test_the_service_may_read_and_add_and_nothing_else(
    postgres_server: Server, filled: PostgresStore, name: str
) -> None:
    """The role itself lacks the right: no trigger is asked."""
    before = everything(filled)
    for statement in [
        *CHANGES,
        "ALTER TABLE log.entries DISABLE TRIGGER ALL",
        "DROP TRIGGER fixed ON log.entries",
        "DROP TABLE log.entries",
        "DROP SCHEMA log CASCADE",
        "CREATE TABLE log.more (x integer)",
        "CREATE OR REPLACE FUNCTION log.refuse() RETURNS trigger LANGUAGE sql AS ''",
        "ALTER TABLE log.entries OWNER TO log_service",
        "INSERT INTO log.migrations (number) VALUES (99)",
        "UPDATE log.checkpoint SET one = true",
        "UPDATE log.waiting SET raw = ''",
        "SET session_replication_role = replica",
        "SET ROLE log_owner",
    ]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgres_server.run(statement, name, SERVICE)
    for statement in OUT_OF_ORDER:
        with pytest.raises(psycopg.errors.IntegrityError):
            postgres_server.run(statement, name, SERVICE)
    postgres_server.run("GRANT ALL ON log.entries TO log_service", name, SERVICE)  # a warning only
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres_server.run("DELETE FROM log.entries", name, SERVICE)
    assert everything(filled) == before


@pytest.mark.parametrize("role", [OWNER, ADMIN])
def test_a_role_that_could_change_the_log_does_not_serve_it(
    postgres_server: Server, name: str, role: str
) -> None:
    with pytest.raises(LogError) as caught:
        PostgresStore.open(postgres_server.address(name, role))
    assert caught.value.code == "store-privileges"


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT DELETE ON log.entries TO log_service",
        "GRANT TRUNCATE ON log.nodes TO log_service",
        "GRANT TRIGGER ON log.labels TO log_service",
        "GRANT UPDATE (body) ON log.entries TO log_service",
        "GRANT UPDATE ON log.labels TO PUBLIC",
    ],
)
def test_a_grant_too_many_is_noticed(postgres_server: Server, name: str, grant: str) -> None:
    postgres_server.run(grant, name, OWNER)
    with pytest.raises(LogError) as caught:
        PostgresStore.open(postgres_server.address(name))
    assert caught.value.code == "store-privileges"
    assert migrate(postgres_server.address(name, OWNER), SERVICE) == []
    PostgresStore.open(postgres_server.address(name)).close()


def test_a_role_that_may_become_the_owner_does_not_serve(
    postgres_server: Server, name: str
) -> None:
    postgres_server.run(f"GRANT {OWNER} TO {SERVICE} WITH INHERIT FALSE")
    try:
        with pytest.raises(LogError) as caught:
            PostgresStore.open(postgres_server.address(name))
        assert caught.value.code == "store-privileges"
    finally:
        postgres_server.run(f"REVOKE {OWNER} FROM {SERVICE}")


def test_a_database_without_a_log_is_not_opened(postgres_server: Server) -> None:
    with pytest.raises(LogError) as caught:
        PostgresStore.open(postgres_server.address("postgres"))
    assert caught.value.code == "store-missing"


def test_a_database_of_a_later_version_is_not_opened(postgres_server: Server, name: str) -> None:
    newer = f"INSERT INTO log.migrations (number) VALUES ({VERSION + 1})"
    postgres_server.run(newer, name, OWNER)
    with pytest.raises(LogError) as caught:
        PostgresStore.open(postgres_server.address(name))
    assert caught.value.code == "store-missing"
    with pytest.raises(LogError) as caught:
        migrate(postgres_server.address(name, OWNER), SERVICE)
    assert caught.value.code == "store-missing"


def test_migrations_are_applied_once_however_many_ask(postgres_server: Server) -> None:
    postgres_server.run(f"CREATE DATABASE migrated OWNER {OWNER}")
    owner = postgres_server.address("migrated", OWNER)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(owner, SERVICE), range(4)))
    assert sorted(done) == [[], [], [], list(range(1, VERSION + 1))]
    PostgresStore.open(postgres_server.address("migrated")).close()


@pytest.mark.parametrize("role", [OWNER, ADMIN])
def test_the_owner_is_granted_nothing(postgres_server: Server, name: str, role: str) -> None:
    with pytest.raises(LogError) as caught:
        migrate(postgres_server.address(name, OWNER), role)
    assert caught.value.code == "store-privileges"


def test_a_role_that_is_not_there(postgres_server: Server, name: str) -> None:
    for role in ("nobody there", 'x"; DROP TABLE log.entries; --'):
        with pytest.raises(InputError) as caught:
            migrate(postgres_server.address(name, OWNER), role)
        assert caught.value.code == "not-found"


def test_who_does_not_own_the_database_migrates_nothing(postgres_server: Server) -> None:
    with pytest.raises(LogError) as caught:
        migrate(postgres_server.address("postgres"), SERVICE)
    assert caught.value.code == "store-privileges"


SECRETS = ["hunter2", "db.secret.example", "secret_user", "secret_log", "/secret/folder"]


@pytest.mark.parametrize(
    "secret",
    [
        "host=db.secret.example port=1 user=secret_user password=hunter2 dbname=secret_log",
        "postgresql://secret_user:hunter2@127.0.0.1:1/secret_log",
        "host=/secret/folder user=secret_user password=hunter2",
        "password=hunter2 nonsense",
        "user='secret_user",
        "hunter2",
    ],
)
def test_an_address_is_never_shown(
    secret: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in an error, its notes or its traceback, not in a repr, not in a log."""
    caplog.set_level(logging.DEBUG)
    acts: list[Callable[[], object]] = [
        lambda: PostgresStore.open(secret),
        lambda: PostgresStore(secret).head(),
        lambda: PostgresSpool(secret).waiting(),
        lambda: migrate(secret, SERVICE),
    ]
    for act in acts:
        with pytest.raises(LogError) as caught:
            act()
        assert caught.value.code in {"store-unavailable", "log-stopped"}
        told = "".join(traceback.format_exception(caught.value))
        told += repr(caught.value) + repr(PostgresStore(secret)) + repr(vars(caught.value))
        assert [word for word in SECRETS if word in told] == []
    written = capfd.readouterr()
    assert [word for word in SECRETS if word in caplog.text + written.out + written.err] == []


def test_a_wrong_password_is_told_without_it(postgres_server: Server, name: str) -> None:
    wrong = postgres_server.address(name).replace(postgres_server.password, "hunter2")
    with pytest.raises(LogError) as caught:
        PostgresStore.open(wrong)
    assert caught.value.code == "store-unavailable"
    assert SERVICE not in str(caught.value)


def test_what_the_server_says_of_a_row_is_not_repeated(
    postgres_server: Server, store: PostgresStore, name: str
) -> None:
    """PostgreSQL shows the row that it refuses; bodies are confidential."""
    postgres_server.run("ALTER TABLE log.entries ADD CHECK (octet_length(body) < 9)", name, OWNER)
    with pytest.raises(LogError) as caught:
        appended(store, 7)
    assert (caught.value.code, caught.value.detail) == (
        "log-stopped",
        "PostgreSQL failed: 23514",
    )
    assert "body" not in "".join(traceback.format_exception(caught.value)).replace("body)", "")
    assert store.head().size == 0
