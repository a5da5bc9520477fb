"""Fixtures of the service's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.places import DatabasePlace
from service.postgres import PostgresStore
from tests.postgres import Server
from tests.service.house import House, found_house, running
from tests.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """Everybody."""
    return World()


@pytest.fixture(scope="session")
def founded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as it was founded; copy it, never use it."""
    folder = tmp_path_factory.mktemp("founded") / "data"
    found_house(folder, world)
    return folder


@pytest.fixture
def folder(founded: Path, tmp_path: Path) -> Path:
    """A data folder of one's own."""
    return Path(shutil.copytree(founded, tmp_path / "data"))


@pytest.fixture
def name(postgres_server: Server) -> str:
    """A database with an empty log."""
    return postgres_server.database()


@pytest.fixture
def address(postgres_server: Server, name: str) -> str:
    """Its address for the service."""
    return postgres_server.address(name)


@pytest.fixture
def place(address: str) -> DatabasePlace:
    """The same as a place."""
    return DatabasePlace(address)


@pytest.fixture
def store(address: str) -> Iterator[PostgresStore]:
    """The log in it."""
    with closing(PostgresStore.open(address)) as store:
        yield store


@pytest.fixture
def house(folder: Path, world: World) -> Iterator[House]:
    """A running service of one's own."""
    with running(folder, world) as house:
        yield house


@pytest.fixture(scope="module")
def shared_house(
    founded: Path, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A running service for the tests of one module that do not mind each other's entries."""
    folder = Path(shutil.copytree(founded, tmp_path_factory.mktemp("shared") / "data"))
    with running(folder, world) as house:
        yield house
