"""`python -m service log`, and a log that moves from a file to a database and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attest.errors import AttestError, LogError
from service.__main__ import main
from service.founding import STORE, VERIFIER_KEYS
from service.places import DatabasePlace
from service.runtime import open_application
from tests.postgres import OWNER, SERVICE, Server
from tests.service.house import found_house, held, running
from tests.world import World

VARIABLE = "LOG_DATABASE"
PLACE = f"env:{VARIABLE}"


def invoke(*arguments: object, address: str = "") -> Result:
    """Run the command; what goes wrong is raised."""
    runner = CliRunner(env={VARIABLE: address})
    result = runner.invoke(main, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_log_moves_to_a_database_and_back(
    folder: Path, world: World, tmp_path: Path, address: str
) -> None:
    """Every byte: the exports are the same, and the service goes on where it was."""
    with running(folder, world) as house:
        answer = house.post(held(world)).json()
    file, vkeys = folder / STORE, folder / VERIFIER_KEYS
    assert invoke("log", "export", folder, tmp_path / "before").exit_code == 0
    moved = invoke("log", "copy", file, PLACE, "--log-keys", vkeys, address=address)
    size = int((tmp_path / "before" / "checkpoint").read_text().split("\n")[1])
    assert f"copied {size} entries" in moved.output
    again = invoke("log", "copy", file, PLACE, "--log-keys", vkeys, address=address)
    assert "copied 0 entries" in again.output
    with pytest.raises(LogError) as caught:
        invoke("log", "export", folder, tmp_path / "x", "--store", PLACE, address=address)
    assert caught.value.code == "store-exists"
    file.rename(tmp_path / "retired.sqlite")
    arguments = ("log", "export", folder, tmp_path / "after", "--store", PLACE)
    assert invoke(*arguments, address=address).exit_code == 0
    assert files(tmp_path / "before") == files(tmp_path / "after")
    with running(folder, world, place=DatabasePlace(address)) as house:
        assert house.post(held(world)).json()["decision"] == answer["decision"]
        assert house.post(held(world, 2)).status_code == 201
    back = invoke("log", "copy", PLACE, file, "--log-keys", vkeys, address=address)
    assert f"copied {size + 2} entries" in back.output
    with running(folder, world) as house:
        assert house.post(held(world, 2)).status_code == 200


def test_a_folder_with_a_log_of_its_own_is_not_served_from_a_database(
    folder: Path, address: str
) -> None:
    with (
        pytest.raises(LogError) as caught,
        open_application(folder, None, place=DatabasePlace(address)),
    ):
        pass
    assert caught.value.code == "store-exists"


def test_a_database_holds_one_log(tmp_path: Path, world: World, place: DatabasePlace) -> None:
    found_house(tmp_path / "one", world, place)
    with pytest.raises(LogError) as caught:
        found_house(tmp_path / "two", world, place)
    assert caught.value.code == "store-exists"
    assert not (tmp_path / "two").exists()


def test_another_log_is_not_copied_over(
    folder: Path, tmp_path: Path, world: World, place: DatabasePlace
) -> None:
    """Its first entries are the same here; whose log it is, the keys say."""
    found_house(tmp_path / "other", world, place)
    with running(folder, world) as house:
        house.post(held(world))
    arguments = ("log", "copy", folder / STORE, PLACE, "--log-keys", folder / VERIFIER_KEYS)
    with closing(place.open(read_only=True)) as store:
        before = store.head()
        with pytest.raises(LogError) as caught:
            invoke(*arguments, address=place.address)
        assert caught.value.code == "checkpoint-signature"
        assert store.head() == before


def test_a_log_of_other_keys_is_not_copied(
    folder: Path, tmp_path: Path, world: World, place: DatabasePlace
) -> None:
    found_house(tmp_path / "other", world)
    vkeys = tmp_path / "other" / VERIFIER_KEYS
    with pytest.raises(AttestError) as caught:
        invoke("log", "copy", folder / STORE, PLACE, "--log-keys", vkeys, address=place.address)
    assert caught.value.code == "checkpoint-signature"
    with closing(place.open()) as store:
        assert store.head().size == 0


def test_a_database_is_made_ready_by_its_owner(postgres_server: Server) -> None:
    postgres_server.run(f"CREATE DATABASE ready OWNER {OWNER}")
    owner = postgres_server.address("ready", OWNER)
    first = invoke("log", "migrate", PLACE, "--role", SERVICE, address=owner)
    assert "applied: 1, 2" in first.output
    second = invoke("log", "migrate", PLACE, "--role", SERVICE, address=owner)
    assert "none was missing" in second.output
    assert postgres_server.password not in first.output + second.output


def test_an_address_stands_on_no_command_line(folder: Path, tmp_path: Path) -> None:
    for address in ("postgresql://me:hunter2@host/log", "host=db password=hunter2"):
        for arguments in (
            ("run", folder, "--store", address),
            ("log", "migrate", address, "--role", SERVICE),
            ("log", "copy", address, tmp_path / "x", "--log-keys", folder / VERIFIER_KEYS),
        ):
            result = invoke(*arguments)
            assert result.exit_code == 2
            assert "hunter2" not in result.output
    assert invoke("run", folder, "--store", str(folder / STORE)).exit_code == 2
    assert "not set" in invoke("run", folder, "--store", PLACE).output
