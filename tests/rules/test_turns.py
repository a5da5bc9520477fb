"""The days on which a pack may turn: never one too few, by brute force; and few enough to help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.encoding import Json, canonical
from attest.rules.evaluate import evaluate
from attest.rules.facts import Facts, facts_from_json
from attest.rules.pack import compile_pack
from attest.rules.turns import DAY, Turns
from tests.rules.us_ear import DOCUMENT, changed

FIRST = dt.date(2026, 12, 1)
DAYS = 60
SAYS = {"pass": "Yes.", "fail": "No.", "unknown": "Unknown."}
STAMP = {"citation": "Nowhere 1", "confidence": "A", "as_of": "2026-07-23"}


def span(value: Json, first: str, last: str | None = None) -> Json:
    """A version of a param."""
    return {"from": first, "value": value, **STAMP, **({"until": last} if last else {})}


PARAMS: list[Json] = [
    {
        "name": "days",
        "type": "int",
        "tested_on": "completion",
        "versions": [span(30, "2026-12-20"), span(7, "2025-01-31", "2026-12-19")],
    },
    {
        "name": "cliff",
        "type": "date",
        "tested_on": "decision",
        "versions": [
            span("2026-12-31", "2026-12-10"),
            span("2026-12-05", "2025-01-31", "2026-12-09"),
        ],
    },
]
DEFINITIONS: list[Json] = [
    {"name": "sold_in_time", "value": "record.sale_date <= transaction.completion_date"},
    {"name": "last_day", "value": "record.sale_date + params.days"},
    {"name": "since", "value": "transaction.decision_date - record.sale_date"},
    {"name": "is_past", "parameter": "day", "value": "day < transaction.completion_date"},
]
NAMED = (
    "transaction.completion_date",
    "transaction.decision_date",
    "record.sale_date",
    "record.reported_on",
    "params.cliff",
    "define.last_day",
)


def named(each: Json) -> str:
    """The name by which a document sorts."""
    return str(each["name"])


def document(expression: str) -> Json:
    """A pack with one test."""
    used = [
        f"{each['name']}(params.cliff)" if "parameter" in each else f"has(define.{each['name']})"
        for each in DEFINITIONS
    ]
    rules = [("tried", expression), ("uses_all", " || ".join([*used, "params.days > 0"]))]
    return {
        "v": 1,
        "engine": 1,
        "id": "turning",
        "edition": "2026-11-24",
        "layer": "house",
        "title": "Turning",
        "effective": {"from": "2025-01-31"},
        "params": sorted(PARAMS, key=named),
        "definitions": [
            {**each, "citation": "Nowhere 2"} for each in sorted(DEFINITIONS, key=named)
        ],
        "ambiguities": [],
        "rules": [
            {
                "name": name,
                "title": name,
                "kind": "test",
                "versions": [
                    {
                        "from": "2025-01-31",
                        "tested_on": "completion",
                        "holds": text,
                        "on_fail": "HOLD",
                        "says": SAYS,
                        **STAMP,
                    }
                ],
            }
            for name, text in rules
        ],
    }


def dates(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("({} + {})".format, below, whole()) | st.builds(
        "(item.hbm ? {} : {})".format, below, below
    )


def whole() -> st.SearchStrategy[str]:
    """Integers, some of which move with the day."""
    named = st.sampled_from(["params.days", "item.units", "define.since", "-item.units"])
    plain = st.integers(0, 40).map(str) | named
    return plain | st.builds("({} {} {})".format, plain, st.sampled_from(["+", "-", "*"]), plain)


DATES = st.recursive(st.sampled_from(NAMED), dates, max_leaves=3)
APART = st.builds("({} - {})".format, DATES, DATES) | whole()
COMPARISON = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
TESTS = (
    st.builds("{} {} {}".format, DATES, COMPARISON, DATES)
    | st.builds("{} {} {}".format, APART, COMPARISON, APART)
    | st.builds("{} in [{}, {}]".format, DATES, DATES, DATES)
    | st.builds("is_past({})".format, DATES)
    | st.just("define.sold_in_time")
    | st.builds("max([{}, {}]) < {}".format, APART, APART, APART)
)
CONDITIONS = TESTS | st.builds("({}) && !({})".format, TESTS, TESTS)
SOME_DAY = st.none() | st.dates(dt.date(2026, 11, 1), dt.date(2027, 2, 28)).map(dt.date.isoformat)


def known(**members: Json) -> Json:
    """The members that are known."""
    return {name: value for name, value in members.items() if value is not None}


def turned_days(facts: Facts, raw: bytes, days: Sequence[int]) -> list[int]:
    """The days after the first on which a result differs from the day before, one by one."""
    pack, results = compile_pack(raw), []
    for day in days:
        moved = Facts({**facts.values, **dict.fromkeys(DAY, day)})
        results.append([finding.result for finding in evaluate(pack, moved)])
    pairs = zip(days[1:], results, results[1:], strict=False)
    return [day for day, before, after in pairs if before != after]


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, SOME_DAY, SOME_DAY, st.none() | st.integers(1, 50), st.none() | st.booleans())
def test_no_turn_is_missed(
    condition: str, sold: str | None, reported: str | None, units: int | None, hbm: bool | None
) -> None:
    record = known(sale_date=sold, reported_on=reported)
    facts = facts_from_json({"record": record, "item": known(units=units, hbm=hbm)})
    raw = document(condition)
    days = range(FIRST.toordinal(), FIRST.toordinal() + DAYS)
    tried = Turns.of(raw).days(facts.values, first=days[0], until=days[-1])
    assert set(turned_days(facts, canonical(raw), days)) <= set(tried)


def named_days(expression: str, **facts: Json) -> list[str]:
    """The days that a lone expression adds to those that the pack fixes."""
    return days_of(expression, facts_from_json({"record": facts}))


def days_of(expression: str, facts: Facts) -> list[str]:
    """The days from 2027-02-02 to 2030-01-01."""
    first, until = dt.date(2027, 2, 1).toordinal(), dt.date(2030, 1, 1).toordinal()
    found = Turns.of(document(expression)).days(facts.values, first=first, until=until)
    return [dt.date.fromordinal(day).isoformat() for day in found]


def test_a_turn_is_the_day_itself_or_the_next() -> None:
    late = "record.sale_date + 365 < transaction.completion_date"
    assert named_days(late, sale_date="2027-01-31") == ["2028-01-31", "2028-02-01"]
    assert named_days(late) == []


def test_a_difference_of_two_days_is_understood() -> None:
    text = "transaction.completion_date - record.sale_date > params.days + 300"
    found = named_days(text, sale_date="2027-01-31")
    assert found == ["2027-12-04", "2027-12-05", "2027-12-27", "2027-12-28"]


def test_the_two_days_do_not_turn_against_each_other() -> None:
    assert named_days("transaction.completion_date <= transaction.decision_date + 3") == []


SOLD = {"sale_date": "2027-01-31", "reported_on": "2027-01-31"}
KNOWN = facts_from_json({"record": SOLD, "item": {"units": 4, "name": "x"}})
SINCE = "(transaction.completion_date - record.sale_date)"


@pytest.mark.parametrize(
    "expression",
    [
        f"{SINCE} / 2 > 30",
        f"{SINCE} * {SINCE} > 30",
        f"max([{SINCE}, 0]) > 30",
        f"{SINCE} > 30 / (item.units - 4)",
        f"{SINCE} > size(item.name == 'x' ? [1, 2] : [1])",
        "[transaction.completion_date].exists(day, day > record.sale_date)",
        "[transaction.completion_date].map(day, day + 1) == [record.sale_date]",
        f"{SINCE} > 2_000_000_000_000_000_000 + item.units",
        f"{SINCE} * 2_000_000_000 > item.units",
    ],
)
def test_what_is_not_understood_turns_every_day(expression: str) -> None:
    turns = Turns.of(document(expression))
    assert turns.days(KNOWN.values, first=10, until=13) == [11, 12, 13]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{SINCE} * 2 > 700", ["2028-01-16", "2028-01-17"]),
        (f"2 * {SINCE} > item.units * 175", ["2028-01-16", "2028-01-17"]),
        (f"{SINCE} > 702 / 2 - 1", ["2028-01-16", "2028-01-17"]),
        (f"-{SINCE} < -350", ["2028-01-16", "2028-01-17"]),
        (f"{SINCE} > (item.hbm ? 1 : 350)", ["2028-01-16", "2028-01-17"]),
        (f"{SINCE} > record.termination_date - record.sale_date", []),
        (f"{SINCE} / 2 > record.termination_date - record.sale_date", []),
        ("size([1].filter(n, transaction.completion_date > params.cliff)) > 0", []),
        ("record.sale_date - record.reported_on > item.units * item.units", []),
        ("item.name == 'transaction' && item.units in [1, 2]", []),
    ],
)
def test_what_is_understood_turns_on_its_days(expression: str, expected: list[str]) -> None:
    found = days_of(expression, KNOWN)
    assert [day for day in found if day > "2027-02-05"] == expected


def test_a_day_beyond_the_calendar_is_unknown() -> None:
    far = dt.date.max.toordinal() - dt.date(2027, 6, 1).toordinal()
    expression = f"has(define.last_day) || transaction.completion_date + {far} > record.sale_date"
    assert "2027-06-02" in days_of(expression, KNOWN)


def test_the_law_is_understood_and_turns_on_few_days() -> None:
    facts = facts_from_json(changed("38"))
    turns = Turns.of(DOCUMENT)
    first = dt.date(2026, 11, 24)
    found = turns.days(facts.values, first=first.toordinal(), until=first.toordinal() + 3 * 366)
    days = [dt.date.fromordinal(day).isoformat() for day in found]
    assert {"2026-12-31", "2027-01-01", "2028-01-01", "2029-01-01"} <= set(days)
    assert len(days) < 12


def test_days_are_after_the_first_and_up_to_the_last() -> None:
    turns = Turns.of(document("params.days > 8"))
    first = dt.date(2026, 12, 20).toordinal()
    assert first not in turns.days({}, first=first, until=first + 1)
    assert first in turns.days({}, first=first - 1, until=first)
    assert turns.days({}, first=first, until=first) == []


@pytest.mark.parametrize("dated", ["effective", "params", "rules"])
def test_first_days_and_days_after_last_days_are_fixed(dated: str) -> None:
    ended = {"from": "2027-01-01", "until": "2027-03-31"}
    written: Json = {"effective": {"from": "2025-01-31"}, "params": [], "rules": []}
    written["definitions"] = []
    if dated == "effective":
        written["effective"] = ended
    else:
        written[dated] = [{"name": "a", "type": "int", "versions": [{**ended, "value": 1}]}]
    fixed = {dt.date.fromordinal(day).isoformat() for day in Turns.of(written).fixed}
    assert fixed - {"2025-01-31"} == {"2027-01-01", "2027-04-01"}
