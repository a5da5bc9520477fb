"""The differences between two editions of a pack, and the cases that come out otherwise."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.encoding import Json
from attest.rules.cases import read_cases
from attest.rules.difference import CaseChange, Change, changes, compare_cases
from attest.rules.pack import read_pack_folder
from tests.rules.packs import changed, folder, pack_of
from tests.rules.test_cases import CASES, FILE


@pytest.fixture
def old(tmp_path: Path) -> Json:
    return json.loads(read_pack_folder(folder(tmp_path)))


def named(document: Json, section: str, name: str) -> Json:
    return next(each for each in document[section] if name in (each.get("name"), each.get("id")))


def put(section: str, name: str, member: str, value: Json) -> Callable[[Json], None]:
    """A change of a member of a part, or of its newest version where the part has versions."""

    def change(document: Json) -> None:
        part = named(document, section, name)
        part.get("versions", [part])[0][member] = value

    return change


def test_an_edition_differs_in_nothing_from_itself(old: Json) -> None:
    assert changes(old, copy.deepcopy(old)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda document: document.update(edition="2027-01-04"),
            Change("pack", "", "edition", "2026-11-24", "2027-01-04"),
        ),
        (
            lambda document: document["effective"].update(until="2028-12-31"),
            Change(
                *("pack", "", "effective", {"from": "2025-01-31"}),
                {"from": "2025-01-31", "until": "2028-12-31"},
            ),
        ),
        (
            put("params", "limit", "value", 36_000_000_000),
            Change("params.limit", "2027-01-01", "value", 35_000_000_000, 36_000_000_000),
        ),
        (
            put("params", "limit", "until", "2027-12-31"),
            Change("params.limit", "2027-01-01", "until", None, "2027-12-31"),
        ),
        (
            put("params", "limit", "citation", "Note 2"),
            Change("params.limit", "2027-01-01", "citation", "Note 1.b(b)(i)", "Note 2"),
        ),
        (
            lambda document: named(document, "params", "limit").update(unit="dies"),
            Change("params.limit", "", "unit", "transistors", "dies"),
        ),
        (
            put("definitions", "site_allowed", "value", "true"),
            Change(
                *("define.site_allowed", "", "value"),
                *("!(fabricator.packaging_country in params.prohibited)", "true"),
            ),
        ),
        (
            put("ambiguities", "AMB-01", "reading", "None."),
            Change("AMB-01", "", "reading", "The limit of 30 bn holds.", "None."),
        ),
        (
            put("rules", "way_name", "holds", "true"),
            Change(
                *("rule.way_name", "2025-01-31", "holds"),
                *("declared.designer_name == 'Listed, Inc.'", "true"),
            ),
        ),
        (
            lambda document: named(document, "rules", "way_name")["versions"][0]["says"].update(
                fail="No."
            ),
            Change("rule.way_name", "2025-01-31", "says fail", "Not listed.", "No."),
        ),
        (
            lambda document: named(document, "rules", "way_name").update(title="A name"),
            Change("rule.way_name", "", "title", "The name", "A name"),
        ),
    ],
)  # fmt: skip
def test_one_change(old: Json, change: Callable[[Json], None], expected: Change) -> None:
    new = copy.deepcopy(old)
    change(new)
    assert changes(old, new) == [expected]
    assert changes(new, old) == [expected._replace(old=expected.new, new=expected.old)]


def test_a_reading_is_compared_as_one(old: Json) -> None:
    new = copy.deepcopy(old)
    (reading,) = named(new, "rules", "way_count")["versions"][0]["readings"]
    reading["when"] = "true"
    (found,) = changes(old, new)
    assert (found.part, found.member) == ("rule.way_count", "reading the strict reading")
    assert (found.old["when"], found.new["when"]) == ("params.limit != params.strict_limit", "true")


def test_parts_and_versions_that_come_and_go(old: Json) -> None:
    new = copy.deepcopy(old)
    gone = named(new, "params", "cliff")
    new["params"].remove(gone)
    limit = named(new, "params", "limit")
    newest = {**limit["versions"][0], "from": "2029-01-01", "value": 40_000_000_000}
    limit["versions"].insert(0, newest)
    extra = {**named(new, "rules", "test_hbm"), "name": "test_more"}
    new["rules"].append(extra)
    assert changes(old, new) == [
        Change("params.cliff", "", "", gone, None),
        Change("params.limit", "2029-01-01", "", None, newest),
        Change("rule.test_more", "", "", None, extra),
    ]


def test_the_cases_that_come_out_otherwise(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / FILE).write_text(CASES, encoding="utf-8")
    old = pack_of(tmp_path)
    lower = changed("params/limits.toml", "value = 30_000_000_000", "value = 20_000_000_000")
    new = pack_of(tmp_path, lower)
    cases = read_cases(tmp_path)
    assert compare_cases(old, old, cases) == []
    assert compare_cases(old, new, cases) == [
        CaseChange(
            "1",
            "Below the limit",
            ("PASS", "FAIL"),
            {"way_count": ("pass", "fail"), "presumption": ("pass", "fail")},
        )
    ]
    assert compare_cases(new, old, cases)[0].verdicts == ("FAIL", "PASS")


def test_a_rule_that_only_one_edition_has_does_not_tell_cases_apart(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / FILE).write_text(CASES, encoding="utf-8")
    old = pack_of(tmp_path)
    added = {"test_more.toml": (tmp_path / "test_hbm.toml").read_text().replace("!f", "f")}
    moved = compare_cases(old, pack_of(tmp_path, added), read_cases(tmp_path))
    assert [(each.id, each.verdicts, dict(each.results)) for each in moved] == [
        ("1", ("PASS", "HOLD"), {}),
    ]
