"""The rule language at work: operators, three-valued logic, list macros and the trace."""

from __future__ import annotations

import datetime as dt
import itertools
from functools import reduce

import pytest

from attest.errors import RuleError
from attest.rules.expr import Compiler
from attest.rules.runtime import frame_over
from attest.rules.syntax import INT_MAX, INT_MIN
from attest.rules.types import UNKNOWN, Value
from tests.rules.language import CORE, IO, NAMES, TRUTHS, evaluated, macro, value_of

RANK: dict[Value, int] = {False: 0, UNKNOWN: 1, True: 2}
TRUTH: tuple[Value, ...] = (False, UNKNOWN, True)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("35_000_000_000", 35_000_000_000),
        ("007", 7),
        ("9223372036854775807", INT_MAX),
        ("-9223372036854775808", INT_MIN),
        ("'osat'", "osat"),
        ('"it\'s"', "it's"),
        ("''", ""),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("100 / 10 / 5", 2),
        ("2 - -3", 5),
        ("- -3", 3),
        ("-(1 + 1)", -2),
        ("!true", False),
        ("!!true", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("1 + 1 == 2 && 3 > 2", True),
        ("1 < 2 == true", True),
        ("false ? 1 : true ? 2 : 3", 2),
        ("(true ? false : true) ? 1 : 2", 2),
        ("[1, 2] == [1, 2]", True),
        ("[1, 2] == [2, 1]", False),
        ("2 in [1, 2]", True),
        ("'a' in ['b']", False),
        ("true in [false]", False),
        ("size(['a', 'b'])", 2),
        ("sum([1, 2, 3])", 6),
        ("max([1, 3, 2])", 3),
        ("max([-5])", -5),
        (" \t\r\n 1", 1),
    ],
)
def test_literals_and_precedence(source: str, value: Value) -> None:
    got = value_of(source)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(("a", "b"), [*itertools.product(TRUTHS, TRUTHS)])
def test_truth_tables_are_kleene(a: Value, b: Value) -> None:
    assert value_of("declared.a && declared.b", a=a, b=b) is TRUTH[min(RANK[a], RANK[b])]
    assert value_of("declared.a || declared.b", a=a, b=b) is TRUTH[max(RANK[a], RANK[b])]
    assert value_of("!declared.a", a=a) is TRUTH[2 - RANK[a]]


@pytest.mark.parametrize("truths", [*itertools.product(TRUTHS, repeat=3)])
def test_chains_are_folds(truths: tuple[Value, Value, Value]) -> None:
    facts = dict(zip("abc", truths, strict=True))
    for operator in ("&&", "||"):
        chain = value_of(f"declared.a {operator} declared.b {operator} declared.c", **facts)
        fold = value_of(f"(declared.a {operator} declared.b) {operator} declared.c", **facts)
        assert chain is fold


@pytest.mark.parametrize(("a", "b", "c"), [*itertools.product(TRUTHS, repeat=3)])
def test_de_morgan_holds_with_unknown(a: Value, b: Value, c: Value) -> None:
    facts = {"a": a, "b": b, "c": c}
    left = value_of("!(declared.a && (declared.b || declared.c))", **facts)
    right = value_of("!declared.a || (!declared.b && !declared.c)", **facts)
    assert left is right


def test_a_definite_answer_ends_the_evaluation() -> None:
    _, frame = evaluated("declared.a && declared.b", {"a": False, "b": True})
    assert frame.used == {"declared.a": False}
    _, frame = evaluated("declared.a || declared.b", {"a": True, "b": True})
    assert frame.used == {"declared.a": True}


def test_an_unknown_left_side_still_looks_at_the_right() -> None:
    value, frame = evaluated("declared.a && declared.n > 3", {"n": 2})
    assert value is False
    assert frame.missing == {"declared.a"}
    assert list(frame.tests) == [("declared.n > 3", "false")]
    value, frame = evaluated("declared.a || declared.b", {"b": True})
    assert value is True
    assert frame.used == {"declared.b": True}


@pytest.mark.parametrize(
    ("operator", "results"),
    [
        ("<", (True, False, False)),
        ("<=", (True, True, False)),
        (">", (False, False, True)),
        (">=", (False, True, True)),
        ("==", (False, True, False)),
        ("!=", (True, False, True)),
    ],
)
def test_comparisons_of_integers_and_dates(operator: str, results: tuple[bool, bool, bool]) -> None:
    limit = 30_000_000_000
    for n, expected in zip((limit - 1, limit, limit + 1), results, strict=True):
        assert value_of(f"declared.n {operator} {limit}", n=n) is expected
    day = dt.date(2026, 12, 31).toordinal()
    for later, expected in zip((day - 1, day, day + 1), results, strict=True):
        source = f"declared.later {operator} declared.day"
        assert value_of(source, later=later, day=day) is expected


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("declared.s == 'TW'", True),
        ("declared.s != 'TW'", False),
        ("declared.a == false", False),
        ("declared.places == declared.others", False),
        ("declared.places != declared.others", True),
        ("declared.s in declared.places", True),
        ("'JP' in declared.places", False),
        ("declared.n in declared.counts", True),
        ("declared.n in [1, declared.n]", True),
    ],
)
def test_equality_and_membership(source: str, value: bool) -> None:
    facts: dict[str, Value] = {"s": "TW", "a": True, "n": 7, "counts": (7, 8)}
    assert value_of(source, **facts, places=("TW", "US"), others=("TW",)) is value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 / -2", 3),
        ("1 / 2", 0),
        ("0 / 5", 0),
        ("1 / 0", UNKNOWN),
        ("0 / 0", UNKNOWN),
        (f"{INT_MAX} + 0", INT_MAX),
        (f"{INT_MAX} + 1", UNKNOWN),
        (f"{INT_MIN} - 1", UNKNOWN),
        (f"{INT_MIN} + 0", INT_MIN),
        ("3037000499 * 3037000499", 9223372030926249001),
        ("3037000500 * 3037000500", UNKNOWN),
        (f"{INT_MIN} / -1", UNKNOWN),
        (f"-({INT_MIN})", UNKNOWN),
        (f"-({INT_MAX})", -INT_MAX),
        (f"sum([{INT_MAX}, 1])", UNKNOWN),
        (f"sum([{INT_MAX}, 1, -1])", INT_MAX),
        (f"sum([{INT_MIN}, -1])", UNKNOWN),
    ],
)
def test_integers_have_64_bits(source: str, value: Value) -> None:
    assert value_of(source) == value


def test_dates_count_in_days() -> None:
    filed = dt.date(2026, 12, 15).toordinal()
    assert value_of("declared.later - declared.day", day=filed, later=filed + 180) == 180
    day_180 = value_of("declared.day + 180", day=filed)
    assert day_180 == dt.date(2027, 6, 13).toordinal()
    assert value_of("declared.day + -1 < declared.day", day=filed) is True
    assert value_of("declared.later < declared.day + 180", day=filed, later=filed + 179) is True
    assert value_of("declared.later < declared.day + 180", day=filed, later=filed + 180) is False


def test_dates_end_with_the_calendar() -> None:
    last = dt.date.max.toordinal()
    assert value_of("declared.day + 1", day=last - 1) == last
    assert value_of("declared.day + 1", day=last) is UNKNOWN
    assert value_of("declared.day + -1", day=1) is UNKNOWN


@pytest.mark.parametrize(
    "source",
    [
        "declared.n + 1",
        "1 - declared.n",
        "2 * declared.n",
        "0 / declared.n",
        "-declared.n",
        "declared.n < 1",
        "1 == declared.n",
        "declared.n != declared.n",
        "declared.day + 1 > declared.day",
        "declared.s in ['a']",
        "'a' in declared.places",
        "size(declared.places)",
        "sum(declared.counts)",
        "max(declared.counts)",
        "[1, declared.n] == [1, 1]",
        "1 in [1, declared.n]",
        "declared.a ? 1 : 1",
        "declared.dies.map(d, d.units)",
        "declared.dies.filter(d, true)",
        "declared.dies.exists(d, true)",
        "declared.dies.all(d, false)",
    ],
)
def test_any_other_operation_on_an_unknown_is_unknown(source: str) -> None:
    value, frame = evaluated(source, {})
    assert value is UNKNOWN
    assert frame.missing


def test_only_the_chosen_branch_is_looked_at() -> None:
    value, frame = evaluated("declared.a ? declared.n : declared.m", {"a": True, "n": 1})
    assert value == 1
    assert frame.missing == set()
    assert value_of("declared.a ? declared.n : declared.m", a=False, n=1) is UNKNOWN


def test_empty_lists() -> None:
    assert value_of("size(declared.counts)", counts=()) == 0
    assert value_of("sum(declared.counts)", counts=()) == 0
    assert value_of("max(declared.counts)", counts=()) is UNKNOWN
    assert value_of("declared.dies.exists(d, true)", dies=()) is False
    assert value_of("declared.dies.all(d, false)", dies=()) is True
    assert value_of("declared.dies.map(d, d.units)", dies=()) == ()
    assert value_of("'TW' in declared.places", places=()) is False


def test_has_is_never_unknown() -> None:
    value, frame = evaluated("has(declared.n) && has(declared.m)", {"n": 3})
    assert value is False
    assert list(frame.tests) == [("has(declared.n)", "true"), ("has(declared.m)", "false")]
    assert frame.missing == set()
    dies = (CORE, IO)
    assert value_of("declared.dies.filter(d, has(d.node_nm)).map(d, d.name)", dies=dies) == (
        "core",
    )
    assert value_of("has(declared.dies)") is False


@pytest.mark.parametrize(
    "heats", [heats for n in range(4) for heats in itertools.product(TRUTHS, repeat=n)]
)
def test_exists_and_all_are_kleene(heats: tuple[Value, ...]) -> None:
    ranks = [RANK[hot] for hot in heats]
    dies = tuple({} if hot is UNKNOWN else {"hot": hot} for hot in heats)
    assert value_of("declared.dies.exists(d, d.hot)", dies=dies) is TRUTH[max(ranks, default=0)]
    assert value_of("declared.dies.all(d, d.hot)", dies=dies) is TRUTH[min(ranks, default=2)]


def test_filter_and_map_need_every_element_known() -> None:
    dies = (CORE, IO)
    assert value_of("sum(declared.dies.map(d, d.units))", dies=dies) == 3
    assert value_of("size(declared.dies.filter(d, d.units > 1))", dies=dies) == 1
    value, frame = evaluated("sum(declared.dies.map(d, d.node_nm))", {"dies": dies})
    assert value is UNKNOWN
    assert frame.missing == {"declared.dies[].node_nm"}
    assert value_of("declared.dies.filter(d, d.node_nm < 16)", dies=dies) is UNKNOWN
    assert value_of("max(declared.dies.map(d, d.node_nm))", dies=dies) is UNKNOWN


def test_loops_nest_and_see_outer_variables() -> None:
    dies = ({"units": 1}, {"units": 2}, {"units": 3})
    source = "declared.dies.map(d, size(declared.dies.filter(e, e.units > d.units)))"
    assert value_of(source, dies=dies) == (2, 1, 0)
    source = "declared.counts.map(c, c * 10).filter(c, c > 10)"
    assert value_of(source, counts=(1, 2, 3)) == (20, 30)


def test_the_trace_names_values_tests_and_what_is_missing() -> None:
    source = """declared.n <
        30_000_000_000 && declared.s == 'TW' && declared.n  <  30_000_000_000 || declared.a"""
    value, frame = evaluated(source, {"n": 29_999_999_999})
    assert value is UNKNOWN
    assert frame.used == {"declared.n": 29_999_999_999}
    assert list(frame.tests) == [
        ("declared.n < 30_000_000_000", "true"),
        ("declared.s == 'TW'", "unknown"),
    ]
    assert frame.missing == {"declared.s", "declared.a"}


def test_a_test_text_keeps_its_brackets() -> None:
    _, frame = evaluated("((declared.n + 1) * 2 > (declared.m))", {"n": 1, "m": 1})
    assert list(frame.tests) == [("(declared.n + 1) * 2 > (declared.m)", "true")]


def test_a_comparison_shows_both_answers_it_had_over_a_list() -> None:
    dies = (CORE, IO, {"units": 2})
    _, frame = evaluated("declared.dies.all(d, d.units > 0 && d.units != 5)", {"dies": dies})
    assert list(frame.tests) == [("d.units > 0", "true"), ("d.units != 5", "true")]
    _, frame = evaluated("declared.dies.exists(d, d.units == 1)", {"dies": dies})
    assert list(frame.tests) == [("d.units == 1", "false"), ("d.units == 1", "true")]


def test_macros_expand_and_show_the_argument() -> None:
    macros = {
        "small": macro("small", "x", "x.units < 2 && listed(x.name)"),
        "listed": macro("listed", "name", "name in declared.places"),
    }
    facts: dict[str, Value] = {"dies": (IO, CORE), "places": ("io", "core")}
    value, frame = evaluated("declared.dies.map(d, small(d))", facts, macros)
    assert value == (True, False)
    assert list(frame.tests) == [
        ("d.units < 2", "true"),
        ("d.name in declared.places", "true"),
        ("d.units < 2", "false"),
    ]
    value, frame = evaluated("listed(declared.s) || listed('io')", facts, macros)
    assert value is True
    assert frame.missing == {"declared.s"}
    assert list(frame.tests) == [
        ("declared.s in declared.places", "unknown"),
        ("'io' in declared.places", "true"),
    ]


def test_a_macro_evaluates_its_argument_once() -> None:
    doubling = {"twice": macro("twice", "n", "n + n")}
    deep = reduce(lambda inner, _: f"twice({inner})", range(20), "declared.n")
    compiler = Compiler(NAMES, doubling)
    expression = compiler.expression(deep)
    reads = 0

    class Counting(dict[str, Value]):
        def get(self, key: str, default: Value = UNKNOWN) -> Value:  # type: ignore[override]
            nonlocal reads
            reads += 1
            return super().get(key, default)

    value = expression.run(frame_over(Counting({"declared.n": 1})))
    assert value == 2**20
    assert reads == 1


def test_a_macro_does_not_see_the_variables_of_its_caller() -> None:
    macros = {"leaky": macro("leaky", "x", "x.units == d.units")}
    with pytest.raises(RuleError) as caught:
        Compiler(NAMES, macros).expression("declared.dies.exists(d, leaky(d))")
    assert caught.value.detail == "line 1, column 12: unknown name d.units (in the macro leaky)"
