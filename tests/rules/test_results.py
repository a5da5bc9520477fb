"""Results after a change are those of a fresh evaluation, and their findings are its very bytes.

Packs are drawn with every kind of rule, versions, dated params, readings, definitions that rest on
each other and on rules; so are walks of facts that come, go and change. A dependency that were
forgotten would keep an old result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.data import data_dir
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.cases import read_cases
from attest.rules.evaluate import evaluate
from attest.rules.facts import Facts, facts_from_json
from attest.rules.in_force import in_force
from attest.rules.pack import Pack, compile_pack, read_pack_folder
from attest.rules.results import Results
from attest.rules.turns import DAY
from tests.rules.packs import CITED, SAYS, made, rule

NEW_YEAR = dt.date(2027, 1, 1)
IN_TWO: tuple[Json, ...] = ({"from": "2027-01-01"}, {"from": "2025-01-31", "until": "2026-12-31"})
LATE: tuple[Json, ...] = ({"from": "2026-06-01"},)
ONE: tuple[Json, ...] = ({"from": "2025-01-31"},)
ENDED: tuple[Json, ...] = ({"from": "2025-01-31", "until": "2026-05-31"},)
SPANS = st.sampled_from([ONE, LATE, IN_TWO, ENDED])
TESTED_ON = st.sampled_from(["completion", "decision"])

BOOLS = ["item.hbm", "declared.hbm", "has(item.units)", "transaction.mode == 'cfr_text'"]
INTS = ["item.units", "ledger.us_units", "sum(fabricator.dies.map(d, d.units))", "7"]
DATES = [*DAY, "record.sale_date"]
WAYS = ("b_way", "c_way")
AMBIGUITY = {
    "id": "AMB-01",
    "title": "Open",
    "problem": "The text is open.",
    "reading": "This one.",
    "others": ["Other"],
    **CITED,
}


def conditions(bools: Sequence[str], ints: Sequence[str]) -> st.SearchStrategy[str]:
    """Conditions over these names, and over days."""
    whole = st.sampled_from(ints) | st.builds("{} + {}".format, *[st.sampled_from(ints)] * 2)
    order = st.sampled_from(["<", ">=", "=="])
    plain = (
        st.sampled_from(bools)
        | st.builds("{} {} {}".format, whole, order, whole)
        | st.builds("{} {} {}".format, st.sampled_from(DATES), order, st.sampled_from(DATES))
    )
    return st.recursive(
        plain,
        lambda below: (
            st.builds("({} && {})".format, below, below)
            | st.builds("({} || {})".format, below, below)
            | st.builds("({} ? {} : {})".format, below, below, below)
            | st.builds("!({})".format, below)
        ),
        max_leaves=4,
    )


@st.composite
def versions(draw: st.DrawFn, kind: str, condition: st.SearchStrategy[str]) -> Json:
    """The versions of a rule of that kind, newest first."""
    tested_on, found = draw(TESTED_ON), []
    for span in draw(SPANS):
        version = {**span, **CITED, "says": SAYS, "tested_on": tested_on}
        reading = {"ambiguity": "AMB-01", "name": "Other", "when": draw(condition)}
        if kind == "presumption":
            version |= {"scope": "a_scope", "overcome_by": draw(st.permutations(WAYS))}
        else:
            version["holds"] = draw(condition)
            reading["holds"] = draw(condition)
            if draw(st.booleans()):
                version["applies"] = draw(condition)
        if kind in ("presumption", "test"):
            version |= {"on_fail": draw(st.sampled_from(["FAIL", "HOLD"]))}
        if draw(st.booleans()):
            version["readings"] = [reading]
        if draw(st.booleans()):
            version["clears_with"] = [f"Papers for {kind} from {span['from']}"]
        found.append(version)
    return found


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    """A pack in which everything may rest on everything before it."""
    bools, ints = list(BOOLS), list(INTS)
    params: list[Json] = []
    for name in ("early", "limit"):
        values = [{**span, **CITED, "value": draw(st.integers(0, 9))} for span in draw(SPANS)]
        param = {"name": name, "type": "int", "tested_on": draw(TESTED_ON), "versions": values}
        params.append(param)
        ints.append(f"params.{name}")
    definitions: list[Json] = []
    rules = []

    def define(name: str, value: str) -> None:
        definitions.append({"name": name, "value": value, "citation": "c"})

    def add(name: str, kind: str) -> None:
        dated = draw(versions(kind, conditions(bools, ints)))
        rules.append({**rule(name, kind), "versions": dated})
        bools.extend([f"rule.{name}", f"has(rule.{name})"])

    define("count", f"{draw(st.sampled_from(ints))} + {draw(st.sampled_from(ints))}")
    ints.append("define.count")
    define("early", draw(conditions(bools, ints)))
    bools.extend(["define.early", "has(define.count)"])
    add("a_scope", "scope")
    define("middle", draw(conditions(bools, ints)))
    bools.append("define.middle")
    define("late", f"define.middle ? define.count : {draw(st.sampled_from(ints))}")
    ints.append("define.late")
    for name in WAYS:
        add(name, "way")
    add("d_presumption", "presumption")
    add("e_test", "test")
    add("f_test", "test")
    effective = draw(st.sampled_from([{"from": "2026-01-01"}, {"from": "2026-06-01"}]))
    return made(
        *rules,
        params=params,
        definitions=sorted(definitions, key=lambda each: str(each["name"])),
        ambiguities=[AMBIGUITY],
        effective=effective,
    )


SOME_DAY = st.sampled_from(
    [
        dt.date(2025, 6, 1),
        dt.date(2026, 5, 31),
        dt.date(2026, 6, 1),
        dt.date(2026, 12, 31),
        NEW_YEAR,
    ]
).map(dt.date.toordinal)
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "item.hbm": st.booleans(),
    "declared.hbm": st.booleans(),
    "item.units": st.integers(0, 9),
    "ledger.us_units": st.integers(0, 9),
    "record.sale_date": SOME_DAY,
    "transaction.mode": st.sampled_from(["cfr_text", "bis_practice"]),
    "fabricator.dies": st.lists(st.just({"name": "die", "units": 2}), max_size=2).map(tuple),
}
FACTS = st.fixed_dictionaries(dict.fromkeys(DAY, SOME_DAY), optional=KNOWN).map(Facts)
CHANGE = st.one_of(
    *(st.tuples(st.just(name), st.none() | value) for name, value in KNOWN.items()),
    *(st.tuples(st.just(name), SOME_DAY) for name in DAY * 2),
)
"""A fact and its new value; None takes it away."""


def changed(facts: Facts, changes: Sequence[tuple[str, Any]]) -> Facts:
    """The facts with these changes."""
    values = {**facts.values, **dict(changes)}
    return Facts({name: value for name, value in values.items() if value is not None})


def assert_fresh(results: Results, facts: Facts) -> None:
    """The results are what an evaluation finds, and their findings are its bytes."""
    findings = evaluate(results.pack, facts)
    assert list(results.found) == [f"rule.{finding.rule}" for finding in findings]
    for (node, found), finding in zip(results.found.items(), findings, strict=True):
        concluded = (found.concluded.result, found.concluded.says, found.concluded.verdict)
        assert concluded == (finding.result, finding.says, finding.verdict), node
        others = {flag.result for flag in finding.flags} - {None, finding.result}
        assert found.otherwise == bool(others), node
    for finding in reversed(findings):
        told = results.finding(f"rule.{finding.rule}")
        assert told is not None
        assert repr(told) == repr(finding)


@settings(max_examples=100, deadline=None)
@given(packs(), FACTS, st.lists(st.lists(CHANGE, min_size=1, max_size=2), max_size=6))
def test_results_after_changes_are_fresh(
    pack: Pack, facts: Facts, walk: list[list[tuple[str, Any]]]
) -> None:
    results = Results.of(pack, facts)
    assert_fresh(results, facts)
    for changes in walk:
        facts = changed(facts, changes)
        results = results.after(facts)
        assert_fresh(results, facts)


@pytest.mark.parametrize("name", ["us-ear", "us-ear-parties", "us-ear-duties", "house-example"])
def test_a_shipped_pack_from_case_to_case(name: str) -> None:
    """Every worked case of a pack, reached from the one before it, on its days and on another."""
    folder = data_dir("rules") / name
    pack = compile_pack(read_pack_folder(folder))
    cases = read_cases(folder)
    results = Results.of(pack, cases[-1].facts)
    for case in cases:
        moved = Facts({**case.facts.values, **dict.fromkeys(DAY, NEW_YEAR.toordinal())})
        for facts in (case.facts, moved):
            results = results.after(facts)
            assert_fresh(results, facts)


def test_what_came_to_the_same_moves_nothing_further() -> None:
    """A rule of which nothing changed keeps the very finding that it had."""
    pack = made(
        rule("a", "test", holds="item.units < 5", on_fail="HOLD"),
        rule("b", "test", holds="rule.a", on_fail="HOLD"),
        rule("c", "test", holds="item.hbm", on_fail="HOLD"),
    )
    before = Results.of(pack, on("2026-12-31", units=3))
    after = before.after(on("2026-12-31", units=4))
    assert after.found["rule.a"] is not before.found["rule.a"]
    assert after.found["rule.b"] is before.found["rule.b"]
    assert after.found["rule.c"] is before.found["rule.c"]
    turned = after.after(on("2026-12-31", units=5))
    assert turned.found["rule.b"].concluded.result == "fail"
    assert turned.found["rule.c"] is before.found["rule.c"]


@pytest.mark.parametrize("span", [ENDED[0], LATE[0]])
def test_a_param_ends_and_begins(span: Json) -> None:
    limit = {"name": "limit", "type": "int", "tested_on": "completion"}
    versions = [{**span, **CITED, "value": 5}]
    tested = rule("a", "test", holds="item.units < params.limit", on_fail="HOLD")
    pack = made(tested, params=[{**limit, "versions": versions}])
    first, then = sorted(("2026-05-31", "2026-06-01"), reverse=span is LATE[0])
    results = Results.of(pack, on(first, units=3))
    assert results.found["rule.a"].concluded.result == "pass"
    for day, result in ((then, "unknown"), (first, "pass")):
        results = results.after(on(day, units=3))
        assert results.found["rule.a"].concluded.result == result
        assert_fresh(results, results.facts)


def on(day: str, **item: Json) -> Facts:
    """An item on a day of completion and decision."""
    return facts_from_json({"item": item, "transaction": dict.fromkeys(DAYS, day)})


DAYS = ("completion_date", "decision_date")


def test_a_pack_goes_out_of_force_and_comes_back() -> None:
    pack = made(rule("a", "test", holds="item.units < 5", on_fail="HOLD"))
    before = Results.of(pack, on("2025-01-31", units=3))
    gone = before.after(on("2025-01-30", units=3))
    assert (gone.found, gone.finding("rule.a")) == ({}, None)
    back = gone.after(on("2025-01-31", units=5))
    assert back.found["rule.a"].concluded.result == "fail"
    assert back.finding("rule.b") is None


@pytest.mark.parametrize("missing", DAYS)
def test_facts_without_a_day_are_refused(missing: str) -> None:
    pack = made(rule("a", "test", holds="item.units < 5", on_fail="HOLD"))
    results = Results.of(pack, on("2026-12-31", units=3))
    facts = Facts({**results.facts.values})
    values = {name: value for name, value in facts.values.items() if not name.endswith(missing)}
    for ask in (results.after, lambda facts: Results.of(pack, facts)):
        with pytest.raises(InputError) as caught:
            ask(Facts(values))
        assert caught.value.code == "facts-malformed"


def test_days_between_two_turns_share_what_is_in_force() -> None:
    limit = {"name": "limit", "type": "int", "tested_on": "decision"}
    values = [{**span, **CITED, "value": number} for number, span in enumerate(IN_TWO)]
    tested = rule("a", "test", holds="params.limit < 5", on_fail="HOLD", **LATE[0])
    pack = made(tested, params=[{**limit, "versions": values}])
    seen = []
    for completion in ("2026-05-31", "2026-06-01", "2026-06-02"):
        for decision in ("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"):
            days = dict(zip(DAYS, (completion, decision), strict=True))
            standing = in_force(pack, facts_from_json({"transaction": days}))
            assert standing is not None
            assert standing.params == {"params.limit": int(decision < "2027")}
            assert (standing.rules[0].version is None) is (completion < "2026-06-01")
            seen.append(standing)
    assert len(set(map(id, seen))) == 4
