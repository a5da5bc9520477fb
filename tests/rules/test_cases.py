"""Worked cases: read from TOML, run against a pack, compared member by member."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import RuleError
from attest.rules.cases import Case, CaseResult, read_cases, run_cases
from tests.rules.packs import pack_of

FILE = "cases/a.toml"
CASES = """
[defaults.fabricator]
packages = true
packaging_country = "TW"
hbm = false
dies = [{ name = "core", units = 1, function = "logic", gds_transistors = 29_999_999_999 }]
[defaults.declared]
designer_name = "Someone Ltd."
[defaults.transaction]
completion_date = 2026-11-30

[[case]]
id = "1"
title = "Below the limit"
citation = "Note 1.b"
confidence = "H"
decided = 2026-11-24
[case.expect]
verdict = "PASS"
outcome = "overcome"
ways = ["way_count"]
results = { way_name = "fail", way_count = "pass" }

[[case]]
id = "2"
title = "Nobody knows where it is packaged"
citation = "Note 1.b"
confidence = "U"
decided = 2026-11-24
absent = ["fabricator.packaging_country"]
[case.facts.transaction]
completion_date = 2027-01-01
[case.expect]
verdict = "HOLD"
outcome = "presumed"
ways = []
flags = ["AMB-01"]

[[case]]
id = "3"
title = "Nothing attested"
citation = "Note 1"
confidence = "M"
decided = 2026-11-24
mode = "bis_practice"
absent = ["fabricator"]
[case.expect]
verdict = "HOLD"
"""


def cases_of(path: Path, text: str) -> tuple[Case, ...]:
    (path / "cases").mkdir(exist_ok=True)
    (path / FILE).write_text(text, encoding="utf-8")
    return read_cases(path)


def ran(path: Path, text: str) -> list[CaseResult]:
    return run_cases(pack_of(path), cases_of(path, text))


def test_cases_that_hold(tmp_path: Path) -> None:
    results = ran(tmp_path, CASES)
    assert [(result.id, result.ok, result.file) for result in results] == [
        ("1", True, "a.toml"),
        ("2", True, "a.toml"),
        ("3", True, "a.toml"),
    ]
    assert results[0].expected == results[0].got
    assert results[0].got == (
        "verdict PASS, outcome overcome, ways way_count, way_count pass, way_name fail"
    )
    assert results[1].got == "verdict HOLD, outcome presumed, ways none, flags AMB-01"
    assert results[2].got == "verdict HOLD"
    assert (results[0].title, results[0].citation) == ("Below the limit", "Note 1.b")


@pytest.mark.parametrize(
    ("old", "new", "number", "got"),
    [
        ('"PASS"', '"FAIL"', 0, "verdict PASS"),
        ('"overcome"', '"presumed"', 0, "outcome overcome"),
        ('["way_count"]', '["way_count", "way_name"]', 0, "ways way_count"),
        ('way_name = "fail"', 'way_name = "pass"', 0, "way_name fail"),
        ('way_name = "fail"', 'nobody = "fail"', 0, "nobody no finding"),
        ("ways = []", 'ways = ["way_count"]', 1, "ways none"),
        ('["AMB-01"]', '["AMB-01", "AMB-02"]', 1, "flags AMB-01"),
    ],
)
def test_a_case_that_fails_tells_both_sides(
    tmp_path: Path, old: str, new: str, number: int, got: str
) -> None:
    assert CASES.count(old) >= 1
    result = ran(tmp_path, CASES.replace(old, new, 1))[number]
    assert not result.ok
    assert got in result.got.split(", ")
    assert result.got != result.expected


def test_a_case_may_leave_flags_open(tmp_path: Path) -> None:
    text = CASES.replace('confidence = "U"', 'confidence = "M"').replace('flags = ["AMB-01"]', "")
    second = ran(tmp_path, text)[1]
    assert second.ok
    assert second.got == "verdict HOLD, outcome presumed, ways none"


def test_facts_are_defaults_under_the_case(tmp_path: Path) -> None:
    first, second, third = cases_of(tmp_path, CASES)
    assert first.facts.get("fabricator.packaging_country") == "TW"
    assert second.facts.get("fabricator.packaging_country") is None
    assert second.facts.get("fabricator.packages") is True
    assert third.facts.get("fabricator.packages") is None
    assert third.facts.get("declared.designer_name") == "Someone Ltd."
    assert [case.facts.get("transaction.mode") for case in (first, third)] == [
        "cfr_text",
        "bis_practice",
    ]
    assert second.confidence == "U"


def test_a_pack_without_cases_has_none(tmp_path: Path) -> None:
    assert read_cases(tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ('id = "2"', 'id = "1"', "cases/a.toml, line 25: case 1: the id stands twice"),
        ('id = "2"', 'id = "Two"', "a.toml, line 25: case 2, id: not an id of low"),
        (
            "[defaults.declared]",
            "[default.declared]",
            "a.toml, line 7: a member is unknown; there may be case, defaults",
        ),
        ('title = "Below the limit"', "", "a.toml, line 12: case 1: title is missing"),
        ('confidence = "H"', 'confidence = "A"', "case 1, confidence: not one of H, M, U"),
        ("decided = 2026-11-24", "decided = 7", "line 17: case 1, decided: not a date"),
        ('verdict = "PASS"', 'verdict = "GO"', "expect, verdict: not one of PASS, HOLD, FAIL"),
        ('verdict = "PASS"', "", "line 18: case 1, expect: verdict is missing"),
        ('"fail", way_count', '"no", way_count', "results: not one of pass, fail, unknown, n/a"),
        ('flags = ["AMB-01"]', "", "case 2: an unsure case names the ambiguity that must be"),
        ('absent = ["fabricator"]', 'absent = ["osat"]', "case 3: absent names what is no default"),
        ('"fabricator.packaging_country"', '"fabricator.x"', "case 2: absent names what is no def"),
        (
            'packaging_country = "TW"',
            "packaging_country = 7",
            "line 4: case 1: facts /fabricator/p",
        ),
        ('mode = "bis_practice"', 'mode = "other"', "mode: not one of cfr_text, bis_practice"),
        ("[case.facts.transaction]", "[case.facts]", "line 31: case 2, facts: not a table of t"),
        ("units = 1,", "units = 1.5,", "a.toml, line 6: defaults, fabricator, dies 1, units: a"),
    ],
)
def test_cases_of_another_shape_are_refused(
    tmp_path: Path, old: str, new: str, detail: str
) -> None:
    assert CASES.count(old) >= 1
    with pytest.raises(RuleError) as caught:
        cases_of(tmp_path, CASES.replace(old, new, 1))
    assert caught.value.code == "pack-invalid"
    assert detail in caught.value.detail
