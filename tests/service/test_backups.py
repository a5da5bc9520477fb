"""Backups: made while the service runs, restored, rehearsed; an older state is told by name."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from attest.errors import LogError
from attest.log.sqlite import SqliteStore
from service.founding import STORE, VERIFIER_KEYS
from service.places import DatabasePlace
from tests.postgres import Server
from tests.service.house import found_house, held, running
from tests.service.test_log_commands import PLACE, invoke
from tests.world import World


def entries(path: Path) -> int:
    with closing(SqliteStore.open(path, read_only=True)) as store:
        return store.head().size


@pytest.fixture
def served(folder: Path, world: World, tmp_path: Path) -> Path:
    """A folder that was backed up after one submission and took a second one since."""
    with running(folder, world) as house:
        assert house.post(held(world, 1)).status_code == 201
        assert invoke("log", "backup", folder, tmp_path / "backup").exit_code == 0
        assert house.post(held(world, 2)).status_code == 201
        (tmp_path / "newest").write_bytes(house.client.get("/v1/log/checkpoint").content)
    return folder


def test_a_backup_is_brought_up_to_date(served: Path, tmp_path: Path) -> None:
    backup, beside = tmp_path / "backup", tmp_path / "backup.checkpoint"
    assert (tmp_path / "newest").read_bytes() != beside.read_bytes()
    assert "copied 2 entries" in invoke("log", "backup", served, backup).output
    assert entries(backup) == entries(served / STORE)
    assert (tmp_path / "newest").read_bytes() == beside.read_bytes()
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_restored_log_goes_on(served: Path, world: World, tmp_path: Path) -> None:
    invoke("log", "backup", served, tmp_path / "backup")
    (served / STORE).unlink()
    for name in (f"{STORE}-wal", f"{STORE}-shm"):
        (served / name).unlink(missing_ok=True)
    told = invoke("log", "restore", tmp_path / "backup", served, "--held", tmp_path / "newest")
    assert told.exit_code == 0
    with running(served, world) as house:
        assert [house.post(held(world, number)).status_code for number in (1, 2, 3)] == [
            200,
            200,
            201,
        ]


@pytest.mark.parametrize("command", ["restore", "drill"])
def test_an_older_state_is_noticed_and_named(served: Path, tmp_path: Path, command: str) -> None:
    """The backup is older than a checkpoint that somebody kept: nothing is restored."""
    size = entries(tmp_path / "backup")
    (served / STORE).rename(tmp_path / "lost")
    place = (served,) if command == "restore" else ("--log-keys", served / VERIFIER_KEYS)
    with pytest.raises(LogError) as caught:
        invoke("log", command, tmp_path / "backup", *place, "--held", tmp_path / "newest")
    assert (caught.value.code, caught.value.entry) == ("rolled-back", size)
    assert f"holds {size} entries, and {size + 2} were signed" in caught.value.detail
    assert not (served / STORE).exists()


def test_what_witnesses_cosigned_is_held_against_it_unasked(served: Path, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "newest", served / "cosigned")
    (served / STORE).rename(tmp_path / "lost")
    with pytest.raises(LogError) as caught:
        invoke("log", "restore", tmp_path / "backup", served)
    assert caught.value.code == "rolled-back"


def test_a_log_that_went_on_without_its_end_is_not_backed_up(
    served: Path, world: World, tmp_path: Path
) -> None:
    """Restored by hand to an older state, and gone on from there: two histories."""
    older = tmp_path / "older"
    shutil.copytree(served, older)
    (older / STORE).unlink()
    shutil.copy(tmp_path / "backup", older / STORE)
    invoke("log", "backup", served, tmp_path / "backup")
    with running(older, world) as house:
        assert house.post(held(world, 8)).status_code == 201
    before = (tmp_path / "backup").read_bytes()
    with pytest.raises(LogError) as caught:
        invoke("log", "backup", older, tmp_path / "backup")
    assert caught.value.code == "log-forked"
    assert (tmp_path / "backup").read_bytes() == before


def test_a_drill_says_what_it_did(served: Path, tmp_path: Path) -> None:
    keys = ("--log-keys", served / VERIFIER_KEYS)
    old = invoke("log", "drill", tmp_path / "backup", *keys)
    assert "HOLD" in old.output
    assert "replayed  1 decisions" in old.output
    invoke("log", "backup", served, tmp_path / "backup")
    new = invoke("log", "drill", tmp_path / "backup", *keys, "--held", tmp_path / "newest")
    assert "HOLD" not in new.output
    assert new.output.count("PASS") == 3
    assert "replayed  2 decisions" in new.output


def test_a_database_is_backed_up_and_restored_into_an_empty_one(
    tmp_path: Path, world: World, place: DatabasePlace, postgres_server: Server
) -> None:
    data = tmp_path / "data"
    found_house(data, world, place)
    with running(data, world, place=place) as house:
        assert house.post(held(world)).status_code == 201
        backup = ("log", "backup", data, tmp_path / "backup", "--store", PLACE)
        assert invoke(*backup, address=place.address).exit_code == 0
    other = DatabasePlace(postgres_server.address(postgres_server.database()))
    restore = ("log", "restore", tmp_path / "backup", data, "--store", PLACE)
    held_too = ("--held", tmp_path / "backup.checkpoint")
    assert invoke(*restore, *held_too, address=other.address).exit_code == 0
    with running(data, world, place=other) as house:
        assert house.post(held(world)).status_code == 200
