"""The pack us-ear-parties: worked cases, lists and dates, red flags, and what nobody stated."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import schemas
from attest.data import data_dir
from attest.encoding import Json
from attest.rules.cases import Case, CaseResult, read_cases, run_cases
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import facts_from_json, facts_to_json
from attest.rules.pack import compile_pack, coverage, read_pack_folder
from tests.rules.test_us_ear import texts

FOLDER = data_dir("rules") / "us-ear-parties"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)
CASES = read_cases(FOLDER)
BY_ID = {case.id: case for case in CASES}
HORIZON = dt.date(2030, 12, 31)

NUMBERED = {66, 68, 102, 103, 105, 107, 108, 110}
SUSPENDED = "2026-06-01"
WORST = {"PASS": 0, "HOLD": 1, "FAIL": 2}


def changed(case: str, **groups: Mapping[str, Json]) -> dict[str, Any]:
    """The facts of a case with members replaced."""
    tree: dict[str, Any] = copy.deepcopy(facts_to_json(BY_ID[case].facts))
    for group, members in groups.items():
        tree.setdefault(group, {}).update(members)
    return tree


def found_in(tree: Json) -> dict[str, Finding]:
    return {finding.rule: finding for finding in evaluate(PACK, facts_from_json(tree))}


def found(case: str, **groups: Mapping[str, Json]) -> dict[str, Finding]:
    return found_in(changed(case, **groups))


@pytest.mark.parametrize("result", run_cases(PACK, CASES), ids=lambda result: result.id)
def test_worked_case(result: CaseResult) -> None:
    assert result.ok, f"expected {result.expected}, got {result.got}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_names_every_flag(case: Case) -> None:
    flags = {flag.ambiguity for each in evaluate(PACK, case.facts) for flag in each.flags}
    assert flags == set(case.flags)


def test_no_numbered_case_is_left_out() -> None:
    numbers = {int(match.group()) for case in CASES if (match := re.match(r"[0-9]+", case.id))}
    assert numbers == NUMBERED


def test_every_ambiguity_is_flagged_by_a_case() -> None:
    flagged = {flag for case in CASES for flag in case.flags}
    assert flagged == {each["id"] for each in DOCUMENT["ambiguities"]}


def test_every_rule_is_tested_on_both_sides() -> None:
    seen: dict[str, set[str]] = {rule["name"]: set() for rule in DOCUMENT["rules"]}
    for case in CASES:
        for finding in evaluate(PACK, case.facts):
            seen[finding.rule].add(finding.result)
    for rule in DOCUMENT["rules"]:
        sides = {"pass", "n/a", "unknown"} if rule["kind"] == "scope" else {"pass", "fail"}
        assert sides <= seen[rule["name"]], rule["name"]


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_what_begins_after_the_pack_and_nothing_that_ends() -> None:
    begins = {gap.name: gap.last + dt.timedelta(days=1) for gap in coverage(PACK, until=HORIZON)}
    assert begins == {
        "params.computing_products": dt.date(2025, 1, 13),
        "params.group_e": dt.date(2025, 9, 29),
        "params.weights_products": dt.date(2025, 1, 13),
        "rule.affiliates": dt.date(2025, 9, 29),
        "rule.fdp_advanced_computing": dt.date(2025, 1, 13),
        "rule.fdp_model_weights": dt.date(2025, 1, 13),
        "rule.ownership_caution": dt.date(2025, 9, 29),
        "rule.red_flag_28": dt.date(2025, 1, 13),
        "rule.red_flag_29": dt.date(2025, 9, 29),
    }


def test_before_its_first_day_the_pack_says_nothing() -> None:
    dates = {"completion_date": "2024-12-01", "decision_date": "2024-12-01"}
    assert found("first-day", transaction=dates) == {}


def test_nothing_is_ever_called_free() -> None:
    free = re.compile(r"(?i)\b(not controlled|uncontrolled|no licence (is )?(needed|required))\b")
    assert not [text for _, text in texts(DOCUMENT) if free.search(text)]


def test_what_would_clear_a_finding_is_evidence_and_no_advice_to_change_a_fact() -> None:
    advice = re.compile(
        r"(?i)\b(reduce|lower|remove|split|move|change|redesign|replace|instead|another)\b"
    )
    offered = [text for under, text in texts(DOCUMENT) if under == "clears_with"]
    assert offered
    assert not [text for text in offered if advice.search(text)]


def test_every_test_says_what_would_clear_it() -> None:
    for rule in DOCUMENT["rules"]:
        assert all(version["clears_with"] for version in rule["versions"]), rule["name"]


def test_only_the_entity_list_blocked_persons_and_the_rule_in_force_refuse() -> None:
    refusing = {
        rule["name"]
        for rule in DOCUMENT["rules"]
        for version in rule["versions"]
        if version.get("on_fail") == "FAIL"
    }
    assert refusing == {"affiliates", "blocked_party", "entity_list"}


# --- lists -------------------------------------------------------------------------------------


def test_the_numbered_flags_are_all_in_one_group_but_two() -> None:
    groups = [
        param["versions"][0]["value"]
        for param in DOCUMENT["params"]
        if param["name"].endswith("_flags")
    ]
    flags = list(itertools.chain(*groups))
    assert len(groups) == 4
    assert len(flags) == len(set(flags))
    assert set(flags) == {f"RF{number:02}" for number in range(1, 30)} - {"RF13", "RF14"}


@pytest.mark.parametrize("number", [1, 4, 5])
def test_every_published_entry_with_a_footnote_is_refused(shared_dir: Path, number: int) -> None:
    reference = json.loads((shared_dir / "reference" / "regulation.json").read_text("utf-8"))
    entries = reference["entity_list_footnotes_from_csl_2026_07_31"][f"fn{number}"]
    countries = {country for entry in entries for country in entry["countries"]}
    assert entries
    for country in countries:
        listing = {"list": "EL", "footnote": number, "country": country, "address_only": False}
        findings = found("parties", party={"listings": [listing]})
        assert findings["entity_list"].verdict == "FAIL"
        reached = {name for name in (1, 4, 5) if findings[f"fdp_footnote_{name}"].result == "pass"}
        assert reached == {number} - {5}


@given(st.lists(st.sampled_from(["EL", "MEU", "SDN", "UVL", "DPL", "CMIC", "X"]), max_size=4))
def test_each_list_is_the_matter_of_one_rule(lists: list[str]) -> None:
    listings = [{"list": each, "footnote": 0, "address_only": False} for each in lists]
    findings = found("parties", party={"listings": listings})
    for rule, own in (
        ("entity_list", {"EL"}),
        ("military_end_user_list", {"MEU"}),
        ("blocked_party", {"SDN"}),
        ("unverified_list", {"UVL"}),
        ("other_lists", {"DPL", "CMIC", "X"}),
    ):
        assert findings[rule].result == ("fail" if own & set(lists) else "pass")
    refused = {"EL", "SDN"} & set(lists)
    assert verdict_of(findings.values()) == ("FAIL" if refused else "HOLD" if lists else "PASS")


# --- red flags ---------------------------------------------------------------------------------

FLAGS = st.sets(st.sampled_from([*(f"RF{number:02}" for number in range(1, 30)), "other"]))


@given(FLAGS, FLAGS)
def test_an_open_flag_holds_and_a_resolved_one_does_not(
    raised: set[str], resolved: set[str]
) -> None:
    party: dict[str, Json] = {
        "red_flags": sorted(raised),
        "red_flags_resolved": sorted(resolved),
    }
    findings = found("flag-resolved", party=party)
    assert verdict_of(findings.values()) == ("HOLD" if raised - resolved else "PASS")
    licensed = found("flag-resolved", party=party, trade={"licence": True})
    assert verdict_of(licensed.values()) == "PASS"


@pytest.mark.parametrize(
    ("transistors", "result", "flags"),
    [
        (49_999_999_999, "pass", []),
        (50_000_000_000, "fail", ["AMB-15"]),
        (50_000_000_001, "fail", []),
    ],
)
def test_flag_19_at_its_count(transistors: int, result: str, flags: list[str]) -> None:
    finding = found("66", item={"transistors": transistors})["red_flag_19"]
    assert finding.result == result
    assert [flag.ambiguity for flag in finding.flags] == flags
    assert [flag.result for flag in finding.flags] == ["pass"] * len(flags)


@pytest.mark.parametrize(
    ("case", "party", "licence", "result"),
    [
        ("66-exactly", {}, False, "pass"),
        ("66-exactly", {"red_flags": ["RF19"]}, False, "fail"),
        ("66-exactly", {"red_flags": ["RF19"], "red_flags_resolved": ["RF19"]}, False, "pass"),
        ("66-exactly", {"red_flags": ["RF19"]}, True, "pass"),
        ("66-singapore", {}, False, "pass"),
        ("66-singapore", {"red_flags": ["RF19"]}, False, "fail"),
        ("66-singapore", {"red_flags": ["RF19"], "red_flags_resolved": ["RF19"]}, False, "pass"),
        ("66-singapore", {"red_flags": ["RF19"]}, True, "pass"),
    ],
)
def test_the_other_readings_of_flag_19(
    case: str, party: dict[str, Json], licence: bool, result: str
) -> None:
    finding = found(case, party=party, trade={"licence": licence})["red_flag_19"]
    assert [flag.result for flag in finding.flags] == [result]


@pytest.mark.parametrize(
    ("also", "direct", "result"),
    [
        ([], True, "n/a"),
        ([{"list": "EL", "footnote": 4}], True, "pass"),
        ([{"list": "EL", "footnote": 4}], False, "n/a"),
        ([{"list": "EL", "footnote": 1}], True, "n/a"),
        ([{"list": "UVL", "footnote": 4}], True, "n/a"),
    ],
)
def test_the_other_reading_of_an_entry_without_a_resolved_footnote(
    also: list[dict[str, Json]], direct: bool, result: str
) -> None:
    findings = found(
        "68-unresolved",
        item={"direct_product": direct},
        party={"listings": [{"list": "EL"}, *also]},
    )
    (flag,) = findings["fdp_footnote_4"].flags
    assert (flag.ambiguity, flag.result) == ("AMB-18", result)
    assert [flag.result for flag in findings["entity_list"].flags] == [None]


# --- what nobody stated ------------------------------------------------------------------------


def less(tree: dict[str, Any]) -> Iterator[tuple[str, Json]]:
    """The facts with one fact of parties, or one that a licence turns on, left out."""
    for name in (*(f"party.{name}" for name in tree["party"]), "trade.licence", "trade.end_uses"):
        group, member = name.split(".")
        if member in tree[group]:
            fewer = copy.deepcopy(tree)
            del fewer[group][member]
            yield name, fewer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_leaving_a_fact_out_never_helps(case: Case) -> None:
    tree: Any = facts_to_json(case.facts)
    whole = WORST[verdict_of(evaluate(PACK, case.facts))]
    for name, fewer in less(tree):
        verdict = verdict_of(found_in(fewer).values())
        assert WORST[verdict] >= min(whole, WORST["HOLD"]), name


def test_of_nothing_nothing_passes_but_what_practice_or_a_suspension_sets_aside() -> None:
    dates = {"completion_date": SUSPENDED, "decision_date": SUSPENDED, "mode": "bis_practice"}
    findings = found_in({"transaction": dates})
    passed = {name for name, finding in findings.items() if finding.result == "pass"}
    assert passed == {"affiliates", "red_flag_29"}
    assert {name for name, finding in findings.items() if finding.result == "n/a"} == {
        "fdp_model_weights",
        "red_flag_28",
    }
    assert verdict_of(findings.values()) == "HOLD"
