"""`attest lists impact`: which cases of a log other lists would touch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from attest.encoding import digest
from tests.cli.helpers import attest, check_failed, succeeded
from tests.cli.pages import json_members
from tests.test_screened import NAMESAKE, PACKS, named, parties
from tests.test_screened_log import review
from tests.world import NOW, World
from tests.world_lists import ENTRIES, named_list, snapshot
from tests.world_log import world_log

NUMBERED = ENTRIES[1].names[0]
OLD = snapshot(ENTRIES[1], as_of=NOW.date())
NEW = snapshot(as_of=NOW.date())
NAMES = ("Nordlicht Optik AG", NAMESAKE, NUMBERED, "Exampel Huaxin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose list did not have the first entry yet, its export, and the next list."""
    world, place = World(packs=PACKS, lists=[OLD]), tmp_path_factory.mktemp("impact")
    with world_log(world, place / "data") as log:
        raws = [world.submission({"parties": parties(**named(name))}) for name in NAMES]
        log.register(raws)
        log.registrar.review(digest(raws[2]), review(log, raws[2]), NOW)
        log.export(place / "export")
    (place / "new.json").write_bytes(NEW)
    (place / "old.json").write_bytes(OLD)
    return place


def impact(folder: Path, lists: str, log: str, *options: object) -> Result:
    keys = ("--log-keys", folder / "data" / "log.vkeys")
    return attest("lists", "impact", folder / lists, folder / log, *keys, *options)


def touched(result: Result) -> list[list[str]]:
    """The parties that are named, by case."""
    told: Any = json.loads(result.stdout)
    return [[hit["name"] for hit in each["found"]] for each in told["touched"]]


@pytest.mark.parametrize("log", ["data", "export"])
def test_who_was_listed_since_is_named(folder: Path, log: str) -> None:
    """The case set up before its party was listed; not the party that the old list had."""
    result = succeeded(impact(folder, "new.json", log, "--json"), 5)
    assert touched(result) == [[NAMESAKE], ["Exampel Huaxin"]]
    told = json.loads(result.stdout)
    assert set(told) == json_members("lists impact")
    assert told["lists"] == [named_list(NEW, as_of=NOW.date())]
    assert (told["products"], told["touched"][0]["found"][0]["list"]) == (4, "EL")
    assert json.loads(impact(folder, "new.json", log, "--json", "--processes", 2).stdout) == told


def test_the_same_list_touches_nobody(folder: Path) -> None:
    result = succeeded(impact(folder, "old.json", "export"))
    assert result.stdout.strip() == "0 of 4 cases are touched. Nothing is written."


def test_the_threshold_says_who_is_shown(folder: Path) -> None:
    result = succeeded(impact(folder, "new.json", "export", "--json", "--threshold", 1000), 5)
    assert touched(result) == [[NAMESAKE]]


def test_what_people_are_told(folder: Path) -> None:
    shown = succeeded(impact(folder, "new.json", "export"), 5).stdout
    assert f"may be       {ENTRIES[0].names[0]} (EL 1)" in shown
    assert "2 of 4 cases are touched. Nothing is written." in shown


def test_what_is_no_log_or_list_is_refused(folder: Path) -> None:
    check_failed(impact(folder, "new.json", "new.json"), 6, "store-missing")
    check_failed(impact(folder, "none.json", "export"), 2, "file")
