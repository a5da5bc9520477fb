"""The pack us-ear-diffusion: worked cases, tiers and figures, and never more than HOLD."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import schemas
from attest.countries import COUNTRIES
from attest.data import data_dir
from attest.encoding import Json
from attest.rules.cases import Case, CaseResult, read_cases, run_cases
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import facts_from_json
from attest.rules.pack import compile_pack, coverage, read_pack_folder
from attest.rules.register import GROUPS
from tests.rules.test_facts import values_of
from tests.rules.test_us_ear import texts

FOLDER = data_dir("rules") / "us-ear-diffusion"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)
CASES = read_cases(FOLDER)
PARAMS = {param["name"]: param["versions"] for param in DOCUMENT["params"]}

FIRST, COMPLIANCE, LAST = "2025-01-13", "2025-05-15", "2030-12-31"
MARK = "In the text, not enforced"
TIERS = ("tier_1", "tier_2", "tier_3")
TESTS = ("country_allocation", "licence_4e091", "lpp_limit")
H100: Mapping[str, Any] = {
    "kind": "integrated-circuit",
    "tpp_milli": 15_832_000,
    "datacenter": True,
}
GROUPS_OF_COUNTRIES = ("counted_as_china", "group_d5", "macau", "supplement_5a")


def on(name: str, day: str) -> Any:
    """The value of a param on a day."""
    (value,) = [
        version["value"]
        for version in PARAMS[name]
        if version["from"] <= day <= version.get("until", "9999-12-31")
    ]
    return value


def findings_of(
    day: str = "2026-12-15", mode: str = "cfr_text", **groups: Mapping[str, Json]
) -> dict[str, Finding]:
    transaction = {"completion_date": day, "decision_date": day, "mode": mode}
    facts = facts_from_json({"transaction": transaction, **groups})
    return {finding.rule: finding for finding in evaluate(PACK, facts)}


def shipped(country: str, *hqs: str, **more: Json) -> dict[str, Json]:
    return {"consignee_country": country, "consignee_hqs": list(hqs or (country,)), **more}


def tiers(day: str, trade: Mapping[str, Json]) -> set[str]:
    found = findings_of(day, trade=trade)
    assert {found[name].result for name in TIERS} <= {"pass", "n/a"}
    return {name for name in TIERS if found[name].result == "pass"}


@pytest.mark.parametrize("result", run_cases(PACK, CASES), ids=lambda result: result.id)
def test_worked_case(result: CaseResult) -> None:
    assert result.ok, f"expected {result.expected}, got {result.got}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_names_every_flag_and_every_finding_says_what_the_rule_is_worth(case: Case) -> None:
    findings = evaluate(PACK, case.facts)
    assert {flag.ambiguity for each in findings for flag in each.flags} == set(case.flags)
    assert all(finding.says.startswith(MARK) for finding in findings)


def test_no_numbered_case_is_left_out() -> None:
    numbers = {int(match.group()) for case in CASES if (match := re.match(r"[0-9]+", case.id))}
    assert numbers == {120, 122}


def test_every_ambiguity_is_flagged_by_a_case() -> None:
    flagged = {flag for case in CASES for flag in case.flags}
    assert flagged == {each["id"] for each in DOCUMENT["ambiguities"]}


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_only_the_allocation_ends() -> None:
    gaps = coverage(PACK, until=dt.date.fromisoformat(LAST))
    assert [(gap.name, gap.first) for gap in gaps] == [
        ("params.country_allocation_tpp_milli", dt.date(2028, 1, 1))
    ]


def test_every_text_of_a_rule_says_what_the_rule_is_worth() -> None:
    said = [
        text
        for rule in DOCUMENT["rules"]
        for version in rule["versions"]
        for text in version["says"].values()
    ]
    assert said
    assert all(text.startswith(f"{MARK}: ") for text in said)


def test_nothing_is_ever_called_free() -> None:
    free = re.compile(r"(?i)\b(not controlled|uncontrolled|no licence (is )?(needed|required))\b")
    assert not [text for _, text in texts(DOCUMENT) if free.search(text)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lpp_limit_tpp_milli", 26_900_000_000),
        ("aia_trigger_tpp_milli", 253_000_000_000),
        ("country_allocation_tpp_milli", 790_000_000_000),
        ("lasting_allocation_tpp_milli", 790_000_000_000),
        ("weights_operations_e18", 10**26 // 10**18),
        ("derived_floor_e18", 25 * 10**24 // 10**18),
        ("derived_share_percent", 25),
        ("compliance_date", COMPLIANCE),
    ],
)
def test_figures(name: str, value: object) -> None:
    assert {json.dumps(on(name, day)) for day in (FIRST, COMPLIANCE, "2027-12-31")} == {
        json.dumps(value)
    }


def test_supplement_5a_is_the_published_list(shared_dir: Path) -> None:
    reference = json.loads((shared_dir / "reference" / "regulation.json").read_text("utf-8"))
    assert on("supplement_5a", FIRST) == sorted(reference["supp5a_part740"]["iso2"])


def test_figures_that_two_packs_state_are_the_same() -> None:
    chips = json.loads(read_pack_folder(data_dir("rules") / "us-ear-chips"))
    theirs = {param["name"]: param["versions"][0]["value"] for param in chips["params"]}
    for own, other in (
        ("lpp_limit_tpp_milli", "lpp_limit_tpp_milli"),
        ("country_allocation_tpp_milli", "allocation_tpp_milli"),
        ("supplement_5a", "supplement_5a"),
    ):
        assert PARAMS[own][0]["value"] == theirs[other]


# --- tiers -------------------------------------------------------------------------------------


def days_of_change() -> list[str]:
    """The first and the last day of every span on which no list of countries changes."""
    firsts = sorted(
        {version["from"] for name in GROUPS_OF_COUNTRIES for version in PARAMS[name]} | {FIRST}
    )
    inside = [day for day in firsts if day >= FIRST]
    lasts = [(dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat() for day in inside[1:]]
    return sorted({*inside, *lasts, LAST})


def test_the_days_of_change_are_those_of_cambodia_and_of_the_lists() -> None:
    assert {"2025-11-06", "2025-11-07"} <= set(days_of_change())


@pytest.mark.parametrize("day", days_of_change())
def test_the_tiers_part_all_countries(day: str) -> None:
    found = {country: tiers(day, shipped(country)) for country in COUNTRIES}
    assert all(len(each) == 1 for each in found.values())
    first = {country for country, tier in found.items() if tier == {"tier_1"}}
    third = {country for country, tier in found.items() if tier == {"tier_3"}}
    assert first == set(on("supplement_5a", day))
    assert len(first) == 19
    assert third == {*on("group_d5", day), "MO", "HK"}
    assert len(third) == (25 if day < "2025-11-07" else 24)


@given(
    st.sampled_from(days_of_change()),
    st.sampled_from(sorted(COUNTRIES)),
    st.lists(st.sampled_from(sorted(COUNTRIES)), min_size=1, max_size=3),
)
def test_the_worst_place_decides_the_tier(day: str, country: str, hqs: list[str]) -> None:
    alone = [tiers(day, shipped(each)).pop() for each in (country, *hqs)]
    assert tiers(day, shipped(country, *hqs)) == {max(alone)}


@given(st.sampled_from(sorted(COUNTRIES)))
def test_without_headquarters_only_the_worst_place_is_known(country: str) -> None:
    found = findings_of(trade={"consignee_country": country})
    (tier,) = tiers("2026-12-15", shipped(country))
    expected = {
        "tier_1": ("unknown", "unknown", "unknown"),
        "tier_2": ("n/a", "unknown", "unknown"),
        "tier_3": ("n/a", "n/a", "pass"),
    }[tier]
    assert tuple(found[name].result for name in TIERS) == expected


# --- figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "result"), [(-1, "pass"), (0, "pass"), (1, "fail")])
@pytest.mark.parametrize(
    ("param", "rule", "ledger"),
    [
        ("lpp_limit_tpp_milli", "lpp_limit", "lpp_tpp_milli"),
        ("country_allocation_tpp_milli", "country_allocation", "allocation_tpp_milli"),
    ],
)
def test_a_limit_may_be_reached(param: str, rule: str, ledger: str, step: int, result: str) -> None:
    before = on(param, "2026-12-15") - H100["tpp_milli"] + step
    found = findings_of(item={**H100, "units": 1}, trade=shipped("MY"), ledger={ledger: before})
    assert found[rule].result == result
    assert found[rule].verdict == ("HOLD" if result == "fail" else "PASS")


@pytest.mark.parametrize(("step", "result"), [(-1, "n/a"), (0, "pass"), (1, "pass")])
def test_the_certification_is_due_at_its_figure(step: int, result: str) -> None:
    before = on("aia_trigger_tpp_milli", "2026-12-15") - H100["tpp_milli"] + step
    found = findings_of(
        item={**H100, "units": 1, "designer_status": "authorized"},
        trade=shipped("JP"),
        ledger={"aia_tpp_milli": before},
    )["aia_certification"]
    assert found.result == result
    assert found.verdict is None


COUNTS = st.integers(1, 60_000)
PERFORMANCES = st.integers(4_800_000, 40_000_000)


@given(COUNTS, PERFORMANCES, st.integers(0, 800_000_000_000))
def test_figures_are_sums_of_units_times_performance(units: int, tpp: int, before: int) -> None:
    item = {**H100, "units": units, "tpp_milli": tpp}
    ledger = {"lpp_tpp_milli": before, "allocation_tpp_milli": before}
    found = findings_of(item=item, trade=shipped("MY"), ledger=ledger)
    total = before + units * tpp
    assert (found["lpp_limit"].result == "pass") == (total <= 26_900_000_000)
    assert (found["country_allocation"].result == "pass") == (total <= 790_000_000_000)


@given(COUNTS, PERFORMANCES)
def test_an_unknown_ledger_never_passes_and_fails_only_what_is_over_alone(
    units: int, tpp: int
) -> None:
    found = findings_of(item={**H100, "units": units, "tpp_milli": tpp}, trade=shipped("MY"))
    for rule, limit in (
        ("lpp_limit", 26_900_000_000),
        ("country_allocation", 790_000_000_000),
    ):
        assert found[rule].result == ("fail" if units * tpp > limit else "unknown")
        assert found[rule].verdict == "HOLD"


OPERATIONS = st.one_of(
    st.integers(0, 1_000_000_000), st.sampled_from([99_999_999, 100_000_000, 100_000_001])
)


@given(st.data(), OPERATIONS, st.booleans(), st.booleans())
def test_weights_by_another_way_of_reckoning(
    data: st.DataObject, operations: int, published: bool, derived: bool
) -> None:
    additional = data.draw(st.integers(0, operations))
    found = findings_of(
        item={
            "kind": "model-weights",
            "model_operations_e18": operations,
            "model_additional_e18": additional,
            "model_published": published,
            "model_from_published": derived,
        },
        trade=shipped("AE"),
    )
    allowed = max(Fraction(25_000_000), Fraction(operations - additional, 4))
    specified = (
        operations >= 100_000_000 and not published and not (derived and additional <= allowed)
    )
    assert (found["eccn_4e091"].result == "pass") == specified
    flags = {flag.ambiguity for flag in found["eccn_4e091"].flags}
    assert ("DIF-03" in flags) == specified
    lenient = max(Fraction(25_000_000), Fraction(operations, 4))
    assert ("DIF-01" in flags) == (specified and derived and additional <= lenient)


# --- what the rule is worth --------------------------------------------------------------------

ANYTHING = st.fixed_dictionaries(
    {},
    optional={
        group: st.fixed_dictionaries({}, optional={n: values_of(s) for n, s in members.items()})
        for group, members in GROUPS.items()
        if group in ("declared", "item", "trade", "ledger")
    },
)
DAYS = st.dates(dt.date(2025, 1, 13), dt.date(2030, 12, 31)).map(dt.date.isoformat)


@given(ANYTHING, DAYS, st.sampled_from(["cfr_text", "bis_practice"]))
def test_whatever_the_facts_it_never_fails_and_in_practice_asks_for_nothing(
    tree: dict[str, Any], day: str, mode: str
) -> None:
    found = findings_of(day, mode, **tree)
    assert verdict_of(found.values()) != "FAIL"
    asked = mode == "cfr_text" and day >= COMPLIANCE
    assert found["diffusion_rule"].result == ("pass" if asked else "n/a")
    if not asked:
        assert {found[name].result for name in TESTS} == {"n/a"}
        assert verdict_of(found.values()) == "PASS"


def test_no_rule_can_contribute_a_fail() -> None:
    kinds = {rule["name"]: rule["kind"] for rule in DOCUMENT["rules"]}
    assert {name for name, kind in kinds.items() if kind == "test"} == set(TESTS)
    assert set(kinds.values()) == {"scope", "test"}
    held = [
        version["on_fail"]
        for rule in DOCUMENT["rules"]
        if rule["kind"] == "test"
        for version in rule["versions"]
    ]
    assert set(held) == {"HOLD"}
