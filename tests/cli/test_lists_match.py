"""`attest lists match`: whom of the listed a party may be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.screening.match import EDITION, HOLD_PERMILLE
from tests.cli.helpers import attest, succeeded
from tests.cli.pages import json_members
from tests.cli.test_lists import imported

ROWS = (
    "Huaxin Example Semiconductor Co.,HXES,CN,4,7",
    "Lumenora Photonics,,SG,,8",
)


def test_a_near_name_is_shown_with_its_reason(tmp_path: Path) -> None:
    snapshot = imported(tmp_path, *ROWS)
    told = attest("lists", "match", snapshot, "--name", "Huaxing Example", "--role", "consignee")
    assert told.exit_code == 5
    assert "HOLD" in told.stdout
    assert "Huaxin Example Semiconductor Co." in told.stdout
    assert "near-spelling" in told.stdout


def test_nobody_near_passes(tmp_path: Path) -> None:
    told = succeeded(attest("lists", "match", imported(tmp_path, *ROWS), "--name", "Nobody Else"))
    assert "PASS" in told.stdout


@pytest.mark.parametrize("name", ["...", "\u2665", "\u202e", "\U00011f10"])
def test_a_name_that_cannot_be_compared_does_not_pass(tmp_path: Path, name: str) -> None:
    told = succeeded(attest("lists", "match", imported(tmp_path, *ROWS), "--name", name), 5)
    assert "it has no name that can be compared" in told.stdout


def test_what_match_tells_a_machine(tmp_path: Path) -> None:
    snapshot = imported(tmp_path, *ROWS)
    told = attest("lists", "match", snapshot, "--name", "LUMENORA", "--json")
    assert told.exit_code == 5
    document = json.loads(told.stdout)
    assert set(document) == json_members("lists match")
    assert (document["edition"], document["threshold"]) == (EDITION, HOLD_PERMILLE)
    assert [each["list"] for each in document["lists"]] == ["SHTC"]
    (party,) = document["parties"]
    assert (party["verdict"], party["names"]) == ("HOLD", ["LUMENORA"])
    (candidate,) = party["candidates"]
    assert candidate == {
        "role": "party",
        "list": "SHTC",
        "entry": "8",
        "listed": "Lumenora Photonics",
        "matched": "Lumenora Photonics",
        "kind": "name",
        "reason": "part-of-name",
        "score_permille": 900,
    }


@pytest.mark.parametrize(("threshold", "code"), [("900", 5), ("901", 0), ("1000", 0), ("1", 5)])
def test_the_threshold_says_what_is_held(tmp_path: Path, threshold: str, code: int) -> None:
    snapshot = imported(tmp_path, *ROWS)
    told = attest("lists", "match", snapshot, "--name", "Lumenora", "--threshold", threshold)
    assert told.exit_code == code
    assert "Lumenora Photonics" in told.stdout


def test_parties_of_a_table(tmp_path: Path) -> None:
    table = tmp_path / "parties.csv"
    table.write_text(
        "role,names,addresses,country,identifiers\n"
        'osat,流明|LUMENORA PHOTONICS,"1 Example Road, Singapore",SG,uscc=1|lei=2\n'
        "payer,Nobody Else,,,\n",
        encoding="utf-8",
    )
    told = attest("lists", "match", imported(tmp_path, *ROWS), "--parties", table, "--json")
    assert told.exit_code == 5
    first, second = json.loads(told.stdout)["parties"]
    assert (first["role"], first["names"]) == ("osat", ["流明", "LUMENORA PHOTONICS"])
    assert first["identifiers"] == [["uscc", "1"], ["lei", "2"]]
    assert (first["addresses"], first["country"]) == (["1 Example Road, Singapore"], "SG")
    assert [each["verdict"] for each in (first, second)] == ["HOLD", "PASS"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("role\nosat\n", "csv-malformed"),
        ("names\n", "csv-malformed"),
        ("names,identifiers\nX,12\n", "csv-malformed"),
        ('names\n"X\n', "csv-malformed"),
        ("names,other\nX,Y\n", "csv-malformed"),
        ("names,role\n,osat\n", "csv-malformed"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, text: str, code: str) -> None:
    table = tmp_path / "parties.csv"
    table.write_text(text, encoding="utf-8")
    told = attest("lists", "match", imported(tmp_path, *ROWS), "--parties", table, "--json")
    assert (told.exit_code, json.loads(told.stdout)["code"]) == (2, code)


def test_a_table_that_is_not_text_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "parties.csv"
    table.write_bytes(b"names\n\xff\n")
    told = attest("lists", "match", imported(tmp_path, *ROWS), "--parties", table, "--json")
    assert (told.exit_code, json.loads(told.stdout)["code"]) == (2, "json-encoding")


@pytest.mark.parametrize("options", [(), ("--identifier", "12"), ("--identifier", "=12")])
def test_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert attest("lists", "match", imported(tmp_path, *ROWS), *options).exit_code == 1


def test_two_snapshots_of_a_list_are_refused(tmp_path: Path) -> None:
    first, second = imported(tmp_path, *ROWS), imported(tmp_path, *ROWS, name="b.json")
    told = attest("lists", "match", first, second, "--name", "X", "--json")
    assert (told.exit_code, json.loads(told.stdout)["code"]) == (2, "list-malformed")


def test_hidden_characters_of_a_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    told = attest("lists", "match", imported(tmp_path, *ROWS), "--name", "\u202eLumenora\x1b[31m")
    assert told.exit_code in (0, 5)
    assert "\x1b" not in told.stdout
    assert "\u202e" not in told.stdout
