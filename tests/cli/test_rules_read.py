"""`attest rules` for readers: list, show and coverage."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from attest.cli import packs
from attest.cli.rules_show import value_text
from attest.encoding import digest
from tests.cli.helpers import ROOT, attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.rules.packs import changed, folder
from tests.world import pack_bytes

LIMITS = "params/limits.toml"


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    return folder(tmp_path / "mini")


def test_list_names_every_pack_with_its_digest() -> None:
    told = document(succeeded(attest("rules", "list", "--json")))
    assert all(set(each) == json_members("`rules list`") for each in told)
    by_id = {each["id"]: each for each in told}
    assert list(by_id) == sorted(packs.bundled())
    assert {"us-ear", "house-example"} <= set(by_id)
    assert "common" not in by_id
    assert by_id["us-ear"]["layer"] == "law"
    assert by_id["house-example"]["layer"] == "house"
    assert by_id["us-ear"]["digest"] == digest(pack_bytes("us-ear"))
    text = succeeded(attest("rules", "list")).stdout
    for each in told:
        assert each["title"] in text
        assert f"{each['digest']}  {each['id']}/{each['edition']}" in text


def test_show_a_rule_with_dates_citations_and_grounds() -> None:
    text = succeeded(attest("rules", "show", "us-ear", "n1_way_b", "--as-of", "2026-12-15")).stdout
    for part in (
        "n1_way_b (way): Way b",
        "citation     15 CFR 774 Supp. 1, ECCN 3A090, Note 1.b",
        "confidence   A (primary text), as of 2026-07-23",
        "from 2025-01-31 until further notice, by day of completion",
        "&& fabricator.aatc_attested < params.limit_no_hbm\n",
        "params on 2026-12-15",
        "value        30,000,000,000 transistors",
        "from         2025-01-31 until 2026-12-31, by day of completion",
        "macau_or_d5(country)",
        "AMB-01: No limit is given for 2028",
        "or           The 35 billion of 2027 last until the 40 billion of 2029 begin.",
    ):
        assert part in text
    assert "35,000,000,000" not in text
    cases = text[text.index("\ncases\n") :]
    assert re.search(r"\b78-below\b.*verdict", cases)
    order = [text.index(f"says {result}") for result in ("pass", "fail", "unknown")]
    assert order == sorted(order)


def test_the_values_are_those_of_today_without_a_day(mini: Path) -> None:
    text = succeeded(attest("rules", "show", mini, "way_count")).stdout
    assert re.search(r"params on 20[0-9]{2}-[0-9]{2}-[0-9]{2}\n", text)


def test_a_param_without_a_value_on_the_day_says_so(mini: Path) -> None:
    used = changed(
        "way_name.toml", "'Listed, Inc.'", "'Listed, Inc.' && params.cliff == params.cliff"
    )
    folder(mini, used)
    for day, value in (("2026-04-06", "none on this day"), ("2026-04-07", "2026-12-31")):
        text = succeeded(attest("rules", "show", mini, "way_name", "--as-of", day)).stdout
        assert f"cliff\n        value        {value}\n" in text


def test_show_a_pack_as_one_reading() -> None:
    told = document(succeeded(attest("rules", "show", "us-ear", "--json")))
    assert set(told) == json_members("`rules show`")
    names = {rule["name"] for rule in told["rules"]}
    text = succeeded(attest("rules", "show", "us-ear")).stdout
    for name in names:
        assert re.search(rf"^{name} \([a-z]+\): ", text, re.MULTILINE)
    assert "30,000,000,000 transistors" in text
    assert "40: AR; AT; AU;" in text
    assert re.search(r"and [0-9]+ more", text)
    assert all(len(line) <= 200 for line in text.splitlines())
    order = [rule["name"] for rule in told["rules"]]
    for earlier, later in (("n1_scope", "n1_way_a"), ("n1_way_c", "n1_presumption")):
        assert order.index(earlier) < order.index(later)
    (way,) = [rule for rule in told["rules"] if rule["name"] == "n1_way_b"]
    assert {"limit_no_hbm", "limit_hbm", "group_d5"} <= set(way["params"])
    assert "macau_or_d5" in way["definitions"]
    assert {"id", "title", "citation", "expected"} == set(way["cases"][0])
    listed = {each["name"] for each in told["params"]}
    assert listed == {name for rule in told["rules"] for name in rule["params"]}


def test_show_as_of_a_day() -> None:
    text = succeeded(attest("rules", "show", "us-ear", "--as-of", "2027-12-15")).stdout
    assert "35,000,000,000" in text
    assert "40,000,000,000" not in text
    assert "as in force on 2027-12-15" in text
    text = succeeded(attest("rules", "show", "us-ear", "--as-of", "2020-01-01")).stdout
    assert "not in force" in text
    told = document(succeeded(attest("rules", "show", "us-ear", "--as-of", "2020-01-01", "--json")))
    assert {tuple(rule["versions"]) for rule in told["rules"]} == {()}


def test_a_document_is_shown_without_cases(tmp_path: Path, mini: Path) -> None:
    built = tmp_path / "mini.json"
    built.write_bytes(succeeded(attest("rules", "show", mini, "--document")).stdout.encode())
    told = document(succeeded(attest("rules", "show", built, "scope", "--json")))
    assert told["rules"][0]["cases"] == []
    assert "cases" not in succeeded(attest("rules", "show", built, "scope")).stdout
    shown = succeeded(attest("rules", "show", mini, "scope")).stdout
    assert "cases" not in shown


def test_a_presumption_has_the_cases_that_state_its_outcome() -> None:
    told = document(succeeded(attest("rules", "show", "us-ear", "n1_presumption", "--json")))
    assert len(told["rules"][0]["cases"]) > 50


def test_what_cannot_be_shown() -> None:
    check_failed(attest("rules", "show", "us-ear", "nothing"), 2, "not-found")
    check_failed(attest("rules", "show", "nothing"), 2, "not-found")
    check_failed(attest("rules", "show", "common"), 2, "not-found")
    check_failed(attest("rules", "show", "us-ear", "--as-of", "soon"), 1, "usage")
    check_failed(attest("rules", "show"), 1, "usage")


@pytest.mark.parametrize(
    ("value", "unit", "columns", "text"),
    [
        (True, "", 0, "true"),
        (False, "", 0, "false"),
        (0, "", 0, "0"),
        (1_234_567, "dies", 0, "1,234,567 dies"),
        ("2026-12-31", "", 0, "2026-12-31"),
        ([], "", 40, "none"),
        (["CN"], "", 40, "CN"),
        (["CN", "MO"], "", 6, "2: CN; MO"),
        (["CN", "MO", "KP"], "", 9, "3: and 3 more"),
        (["CN", "MO", "KP"], "", 0, "3: CN; MO; KP"),
        (["CN"] * 30, "", 30, "30: CN; CN; CN; CN; and 26 more"),
    ],
)
def test_values_as_text(value: object, unit: str, columns: int, text: str) -> None:
    assert value_text(value, unit, columns=columns) == text


def test_coverage_of_all_that_ship() -> None:
    told = document(succeeded(attest("rules", "coverage", "us-ear", "house-example", "--json")))
    assert [each["id"] for each in told] == ["us-ear", "house-example"]
    assert set(told[0]) == json_members("`rules coverage`")
    assert told[0]["faults"] == []
    assert told[0]["days"][0] == told[0]["from"] == "2025-01-31"
    assert "2029-01-01" in told[0]["days"]
    assert {"name": "params.limit_no_hbm", "from": "2025-01-31", "until": None, "versions": 4} in (
        told[0]["spans"]
    )
    text = succeeded(attest("rules", "coverage", "us-ear")).stdout
    assert "PASS" in text
    assert "from 2025-01-31, without end" in text


def test_coverage_takes_every_pack_that_ships_by_default() -> None:
    told = json.loads(attest("rules", "coverage", "--json").stdout)
    assert [each["id"] for each in told] == packs.bundled()


def test_coverage_lists_what_begins_later_and_what_ends(mini: Path) -> None:
    text = succeeded(attest("rules", "coverage", mini)).stdout
    assert "        params.cliff: begins 2026-04-07\n" in text
    assert "        rule.test_hbm: begins 2026-01-01\n" in text
    assert "params.limit" not in text
    ended = changed("test_hbm.toml", "from = 2026-01-01", "from = 2026-01-01\nuntil = 2026-12-31")
    folder(mini, ended)
    text = succeeded(attest("rules", "coverage", mini)).stdout
    assert "rule.test_hbm: begins 2026-01-01\n        rule.test_hbm: ends 2026-12-31\n" in text
    text = succeeded(attest("rules", "coverage", mini, "--until", "2026-12-31")).stdout
    assert "rule.test_hbm: begins 2026-01-01\n" in text
    assert "from 2025-01-31, 2026-12-31" in text
    text = succeeded(attest("rules", "coverage", mini, "--until", "2025-06-30")).stdout
    assert "rule.test_hbm: begins 2026-01-01\n" in text


def test_coverage_fails_with_the_days_that_are_left_out(mini: Path) -> None:
    folder(
        mini,
        changed(LIMITS, "from = 2027-01-01", "from = 2027-01-01\nuntil = 2027-12-31"),
    )
    result = succeeded(attest("rules", "coverage", mini), 4)
    assert "FAIL" in result.stdout
    assert (
        "params.limit: no version, but rule.way_count uses it, from 2028-01-01 until further notice"
        in result.stdout
    )
    told = document(succeeded(attest("rules", "coverage", mini, "--json"), 4))
    assert told[0]["faults"] == [
        {
            "name": "params.limit",
            "why": "no version, but rule.way_count uses it",
            "from": "2028-01-01",
            "until": None,
        }
    ]
    succeeded(attest("rules", "coverage", mini, "--until", "2027-12-31"))
    succeeded(attest("rules", "coverage", mini, "--until", "2028-01-01"), 4)


def test_coverage_of_a_broken_pack_or_a_wrong_day(mini: Path) -> None:
    folder(mini, changed(LIMITS, "until = 2026-12-31", "until = 2026-12-30"))
    assert f"{LIMITS}, line 11" in check_failed(
        attest("rules", "coverage", mini), 2, "pack-invalid"
    )
    check_failed(attest("rules", "coverage", "us-ear", "--until", "soon"), 1, "usage")
    check_failed(attest("rules", "coverage", "nothing"), 2, "not-found")


def test_a_copied_pack_without_the_common_files_says_what_is_missing(tmp_path: Path) -> None:
    alone = Path(shutil.copytree(ROOT / "rules" / "us-ear", tmp_path / "mine"))
    told = check_failed(attest("rules", "show", alone), 2, "pack-invalid")
    assert "pack.toml, line 10" in told
    assert "the folder common beside the pack has no file countries.toml" in told
