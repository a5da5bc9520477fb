"""The pack us-ear-duties: worked cases, due days by another calendar, and five years of records."""

from __future__ import annotations

import calendar
import copy
import datetime as dt
import json
import re
from collections.abc import Mapping
from itertools import pairwise
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

FOLDER = data_dir("rules") / "us-ear-duties"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)
CASES = read_cases(FOLDER)
BY_ID = {case.id: case for case in CASES}

NUMBERED = {111, 113, 114, 115, 116, 117, 119}
ONE = dt.timedelta(days=1)
SECOND_PERIOD, LAST_SALE = dt.date(2025, 5, 1), dt.date(2100, 1, 31)


def found(case: str, **groups: Mapping[str, Json]) -> dict[str, Finding]:
    """The findings by rule for the facts of a case with members replaced."""
    tree: Any = copy.deepcopy(facts_to_json(BY_ID[case].facts))
    for group, members in groups.items():
        tree.setdefault(group, {}).update(members)
    return {finding.rule: finding for finding in evaluate(PACK, facts_from_json(tree))}


def report(sale: dt.date, decided: dt.date | None = None, **record: Json) -> Finding:
    return found(
        "111",
        record={"sale_date": sale.isoformat(), **record},
        transaction={"decision_date": (decided or sale).isoformat()},
    )["report_743_9"]


def due(sale: dt.date) -> dt.date:
    return dt.date.fromisoformat(str(report(sale).used["define.report_due"]))


def period_end(sale: dt.date) -> dt.date:
    """The last day of the period of a sale, by months."""
    ends = [(sale.year, 1), (sale.year, 4), (sale.year, 7), (sale.year, 10), (sale.year + 1, 1)]
    days = [dt.date(year, month, calendar.monthrange(year, month)[1]) for year, month in ends]
    return next(day for day in days if sale <= day)


def expected(sale: dt.date) -> tuple[dt.date, dt.date]:
    """The earlier and the later due day, by months: the text's 30 days and the preamble's day."""
    end = period_end(sale)
    month, day = {1: (2, 28), 4: (5, 31), 7: (8, 31), 10: (11, 30)}[end.month]
    by_text, by_preamble = end + 30 * ONE, dt.date(end.year, month, day)
    return min(by_text, by_preamble), max(by_text, by_preamble)


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


def test_an_open_point_that_two_packs_have_is_the_same() -> None:
    other = json.loads(read_pack_folder(data_dir("rules") / "us-ear"))
    theirs = {each["id"]: each for each in other["ambiguities"]}
    own = {each["id"]: each for each in DOCUMENT["ambiguities"]}
    assert own.keys() & theirs.keys() == {"AMB-11"}
    for member in ("title", "problem", "reading", "others", "citation"):
        assert own["AMB-11"][member] == theirs["AMB-11"][member]


def test_every_rule_is_tested_on_both_sides() -> None:
    seen: dict[str, set[str]] = {rule["name"]: set() for rule in DOCUMENT["rules"]}
    for case in CASES:
        for finding in evaluate(PACK, case.facts):
            seen[finding.rule].add(finding.result)
    for rule in DOCUMENT["rules"]:
        sides = {"pass", "n/a"} if rule["kind"] == "scope" else {"pass", "fail", "unknown", "n/a"}
        assert sides <= seen[rule["name"]], rule["name"]


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_no_day_has_no_version() -> None:
    assert coverage(PACK, until=dt.date(2030, 12, 31)) == ()


def test_before_its_first_day_the_pack_says_nothing() -> None:
    dates = {"completion_date": "2025-01-14", "decision_date": "2025-01-14"}
    assert found("111", transaction=dates) == {}


def test_nobody_is_refused_for_a_duty() -> None:
    tests = [rule for rule in DOCUMENT["rules"] if rule["kind"] == "test"]
    assert {version["on_fail"] for rule in tests for version in rule["versions"]} == {"HOLD"}


def test_what_would_clear_a_finding_is_evidence_and_no_advice_to_change_a_fact() -> None:
    advice = re.compile(
        r"(?i)\b(reduce|lower|remove|split|move|change|redesign|replace|instead|another)\b"
    )
    offered = [text for under, text in texts(DOCUMENT) if under == "clears_with"]
    assert offered
    assert not [text for text in offered if advice.search(text)]


def test_no_question_of_the_form_is_known_to_the_law() -> None:
    questions = re.compile(r"\b[LPS][1-9]\b")
    assert not [text for _, text in texts(DOCUMENT) if questions.search(text)]


# --- due days ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sale", "last_day"),
    [
        ("2025-01-15", "2025-05-31"),
        ("2025-04-30", "2025-05-31"),
        ("2025-05-01", "2025-08-30"),
        ("2025-12-24", "2026-02-28"),
        ("2026-09-10", "2026-11-30"),
        ("2027-06-01", "2027-08-30"),
        ("2028-01-31", "2028-02-28"),
        ("2028-02-29", "2028-05-30"),
    ],
)
def test_due_days(sale: str, last_day: str) -> None:
    assert due(dt.date.fromisoformat(sale)).isoformat() == last_day


def test_every_day_of_eight_years_and_every_turn_of_a_period_by_another_calendar() -> None:
    days = {SECOND_PERIOD + number * ONE for number in range(8 * 366)}
    for year in range(2025, 2100):
        for month in (2, 3, 5, 8, 11):
            first = dt.date(year, month, 1)
            days |= {first - 2 * ONE, first - ONE, first, first + ONE}
    days = {day for day in days if SECOND_PERIOD <= day <= LAST_SALE}
    for day in sorted(days):
        assert due(day) == expected(day)[0], day


@given(st.dates(SECOND_PERIOD, LAST_SALE))
def test_the_due_day_is_28_to_30_days_after_the_end_of_the_period(sale: dt.date) -> None:
    assert 28 <= (due(sale) - period_end(sale)).days <= 30


@given(st.lists(st.dates(dt.date(2025, 1, 15), LAST_SALE), min_size=2, max_size=6))
def test_a_later_sale_is_never_due_earlier(sales: list[dt.date]) -> None:
    assert all(earlier <= later for earlier, later in pairwise(map(due, sorted(sales))))


@given(st.dates(SECOND_PERIOD, LAST_SALE), st.integers(-3, 5))
def test_late_after_the_earlier_day_and_flagged_until_the_later_one(
    sale: dt.date, step: int
) -> None:
    earlier, later = expected(sale)
    day = earlier + step * ONE
    for finding in (
        report(sale, decided=day),
        report(sale, decided=day + 400 * ONE, reported_on=day.isoformat()),
    ):
        assert finding.result == ("pass" if day <= earlier else "fail")
        assert finding.verdict == ("PASS" if day <= earlier else "HOLD")
        flags = [(flag.ambiguity, flag.result) for flag in finding.flags]
        assert flags == ([("AMB-12", "pass")] if earlier < day <= later else [])


@given(st.dates(dt.date(2020, 1, 1), dt.date(2025, 1, 14)))
def test_older_sales_are_not_reported(sale: dt.date) -> None:
    finding = report(sale, decided=dt.date(2026, 11, 24))
    assert finding.result == "n/a"


@given(st.dates(dt.date(2025, 1, 15), LAST_SALE), st.dates(dt.date(2025, 1, 15), LAST_SALE))
def test_the_day_of_completion_does_not_matter(sale: dt.date, completion: dt.date) -> None:
    findings = found(
        "111",
        record={"sale_date": sale.isoformat()},
        transaction={
            "completion_date": completion.isoformat(),
            "decision_date": sale.isoformat(),
        },
    )
    assert findings["report_743_9"].used["define.report_due"] == due(sale).isoformat()


# --- the form ----------------------------------------------------------------------------------

ANSWERS = st.lists(
    st.fixed_dictionaries(
        {"question": st.text(min_size=1, max_size=3), "answer": st.sampled_from(["yes", "no"])},
        optional={"resolved": st.booleans()},
    ),
    min_size=1,
    max_size=4,
)


@given(ANSWERS)
def test_only_a_yes_can_be_a_flag_and_only_its_resolution_clears_it(
    answers: list[dict[str, Json]],
) -> None:
    finding = found("117", party={"answers": answers})["kyc_answers"]
    states = {answer.get("resolved") for answer in answers if answer["answer"] == "yes"}
    worst = "fail" if False in states else "unknown" if None in states else "pass"
    assert finding.result == worst
    assert finding.verdict == ("PASS" if worst == "pass" else "HOLD")


# --- records -----------------------------------------------------------------------------------


def five_years_after(day: dt.date) -> dt.date:
    """The same day five years later, the first of March for a leap day."""
    try:
        return day.replace(year=day.year + 5)
    except ValueError:
        return dt.date(day.year + 5, 3, 1)


@given(st.dates(dt.date(2025, 1, 15), dt.date(2094, 12, 31)), st.integers(0, 3_000))
def test_records_outlive_the_fifth_anniversary_by_at_most_a_day(event: dt.date, kept: int) -> None:
    day = event + kept * ONE
    finding = found(
        "five-years",
        record={"termination_date": event.isoformat(), "destruction_date": day.isoformat()},
        transaction={"completion_date": "2025-01-15"},
    )["retention"]
    anniversary = five_years_after(event)
    if finding.result == "pass":
        assert day > anniversary
    else:
        assert finding.result == "fail"
        assert day <= anniversary + ONE


@pytest.mark.parametrize("days", [0, 1_826, 1_827, 1_828, 20_000])
def test_a_request_forbids_destruction_at_any_age(days: int) -> None:
    day = (dt.date(2026, 12, 15) + days * ONE).isoformat()
    record: dict[str, Json] = {"destruction_date": day, "agency_request": True}
    findings = found("five-years", record=record)
    assert findings["legal_hold"].result == "fail"
    assert findings["retention"].result == ("pass" if days > 1_827 else "fail")
    assert verdict_of(findings.values()) == "HOLD"


def test_of_nothing_nothing_passes() -> None:
    dates = {"completion_date": "2026-12-15", "decision_date": "2026-11-24", "mode": "cfr_text"}
    findings = evaluate(PACK, facts_from_json({"transaction": dates}))
    results = {finding.rule: finding.result for finding in findings}
    assert results == {
        **dict.fromkeys(("reporter_743_9", "model_number", "kyc_answers", "kyc_form"), "unknown"),
        **dict.fromkeys(("legal_hold", "retention"), "n/a"),
        "report_743_9": "unknown",
    }
