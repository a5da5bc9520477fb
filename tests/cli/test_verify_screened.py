"""`attest verify` and `attest review` on a case that was screened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.encoding import digest
from attest.recorded import read_decision
from service.answers import casefile_answer
from service.records import payload_of
from tests.cli.helpers import attest, check_failed, succeeded
from tests.test_screened import NAMESAKE, PACKS, named, parties
from tests.test_screened_log import review
from tests.world import NOW, World
from tests.world_lists import ENTRIES, snapshot
from tests.world_log import world_log

LIST = snapshot()
WORLD = World(packs=PACKS, lists=[LIST])


RAWS = [
    WORLD.submission(
        {"parties": parties(**named(NAMESAKE)), "end_use": f"use {number}"}, fabricator={}
    )
    for number in (1, 2)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cases of one party, the second decided after a review had cleared it; and the list."""
    place = tmp_path_factory.mktemp("screened")
    with world_log(WORLD, place / "data") as log:
        log.register(RAWS[:1])
        log.registrar.review(digest(RAWS[0]), review(log, RAWS[0]), NOW)
        log.register(RAWS[1:])
        for number, raw in enumerate(RAWS, 1):
            written = casefile_answer(log.records, digest(raw))
            (place / f"case-{number}.json").write_bytes(written)
        decision = log.records.lookup(digest(RAWS[0])).decision.body
        (place / "decision.json").write_bytes(decision)
    (place / "csl.json").write_bytes(LIST)
    (place / "other.json").write_bytes(snapshot(ENTRIES[1]))
    return place


def verify(folder: Path, number: int, *options: object) -> str:
    keys = ("--log-keys", folder / "data" / "log.vkeys")
    code = 5 if number == 2 else 0
    return succeeded(attest("verify", folder / f"case-{number}.json", *keys, *options), code).stdout


def test_without_the_list_the_hits_are_taken_as_they_stand(folder: Path) -> None:
    shown = verify(folder, 1)
    assert "taken from the decision; give the lists to do it again (--list)" in shown
    assert "screened again" not in shown
    assert "Every party was looked for in: CSL of 2026-11-23." in shown
    assert f"may be       {ENTRIES[0].names[0]} (EL 1)" in shown


def test_with_the_list_they_are_found_again(folder: Path) -> None:
    shown = verify(folder, 1, "--list", folder / "csl.json")
    assert "screened again       the same 1 hits in CSL of 2026-11-23" in shown
    assert "taken from the decision" not in shown
    told = json.loads(verify(folder, 1, "--list", folder / "csl.json", "--json"))
    assert (told["screening_unchecked"], told["cleared_unchecked"]) == (False, [])


def test_another_list_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_bytes(LIST[:-9])
    keys = ("--log-keys", folder / "data" / "log.vkeys")
    for given in (folder / "other.json", tmp_path / "cut.json"):
        result = attest("verify", folder / "case-1.json", *keys, "--list", given)
        check_failed(result, 3, "trust-incomplete")


def test_the_review_that_cleared_is_named(folder: Path) -> None:
    told = json.loads(verify(folder, 2, "--json"))
    (hit,) = told["decision"]["screening"]["hits"]
    assert told["cleared_unchecked"] == [hit["cleared"]]
    assert f"; cleared by review {hit['cleared']}" in verify(folder, 2)


def test_a_review_clears_hits_by_their_numbers(folder: Path, tmp_path: Path) -> None:
    source, target = folder / "decision.json", tmp_path / "review.json"
    saying = ("--action", "release", "--reason-code", "other-party", "--reason", "Another one.")
    until = ("--clear", 1, "--clear-until", "2027-03-01")
    succeeded(attest("review", source, *saying, *until, "-o", target))
    written = json.loads(target.read_text("utf-8"))["predicate"]
    decided = read_decision(payload_of(source.read_bytes()))["predicate"]
    (hit,) = decided["screening"]["hits"]
    assert written["clears"] == [
        {"party": hit["party"], "entry": hit["entry"], "until": "2027-03-01"}
    ]
    missing = attest("review", source, *saying, "--clear", 2, "--clear-until", "2027-03-01")
    check_failed(missing, 2, "not-found")
    half = attest("review", source, *saying, "--clear", 1)
    assert "--clear and --clear-until need each other" in check_failed(half, 1, "usage")
