"""Compiled expressions: what they may reach, how large they may be, what trace they leave."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings

from attest import limits
from attest.rules.cases import read_cases
from attest.rules.compile import compiled
from attest.rules.evaluate import evaluate
from attest.rules.expr import Compiler, Expression
from attest.rules.pack import Pack, compile_pack
from attest.rules.runtime import MISSING, NOTHING, Frame, Run, frame_over
from attest.rules.types import BOOL, INT, UNKNOWN, Value
from tests.rules.interpreter import interpret
from tests.rules.language import CORE, IO, NAMES, macro
from tests.rules.test_expr_oracle import (
    NAMES as ORACLE_NAMES,
)
from tests.rules.test_expr_oracle import (
    Facts,
    Tree,
    facts_of_designers,
    trees,
    written,
)
from tests.world import ROOT, pack_bytes

REACHED = {
    *("UNKNOWN", "append", "condition", "definition", "divide", "get", "len", "max", "miss"),
    *("quantity", "result", "sum", "tests", "tuple", "used", "values"),
}
"""Every name that compiled code may hold: attributes of a frame or a value, and our functions."""


def function_of(expression: Expression) -> FunctionType:
    run = expression.run
    assert isinstance(run, FunctionType)
    return run


def expressions_of(pack: Pack) -> Iterator[Expression]:
    yield from pack.definitions.values()
    for rule in pack.rules:
        for version in rule.versions:
            readings = [(reading.when, reading.holds) for reading in version.readings]
            for pair in [(version.applies, version.holds), *readings]:
                yield from (each for each in pair if each is not None)


@pytest.mark.parametrize("name", ["us-ear", "house-example"])
def test_the_code_of_a_pack_reaches_its_frame_and_nothing_else(name: str) -> None:
    for expression in expressions_of(compile_pack(pack_bytes(name))):
        function = function_of(expression)
        assert set(function.__code__.co_names) <= REACHED
        assert function.__code__.co_varnames[0] == "frame"
        assert function.__globals__["__builtins__"] == {}
        assert function.__closure__ is None


def test_texts_of_a_pack_stay_constants() -> None:
    hostile = "__import__(''os'').system(''id'') or v1 = 2 # {}"
    source = f'declared.s == "{hostile}"'
    function = function_of(Compiler(NAMES).expression(source))
    assert hostile in function.__code__.co_consts
    assert set(function.__code__.co_names) <= REACHED
    frame = frame_over({"declared.s": hostile})
    assert function(frame) is True
    assert list(frame.tests) == [(source, "true")]


def test_an_expression_is_compiled_when_it_is_needed_and_once() -> None:
    expression = Compiler(NAMES).expression("declared.a")
    assert "run" not in vars(expression)
    assert expression.run is expression.run


@pytest.mark.parametrize(
    ("open_", "close"),
    [("!(", ")"), ("(declared.a && ", ")"), ("(declared.a ? false : ", ")"), ("(", " || false)")],
)
def test_the_deepest_expressions_compile(open_: str, close: str) -> None:
    depth = limits.EXPRESSION_BRACKETS_MAX // 2 - 1  # a branch of `?:` counts as a bracket
    expression = Compiler(NAMES).expression(open_ * depth + "declared.b" + close * depth)
    for a in (True, False):
        for facts in ({"declared.a": a, "declared.b": True}, {"declared.a": a}):
            frame, plain = frame_over(facts), frame_over(facts)
            assert expression.run(frame) is interpret(expression.tree, plain)


def test_the_deepest_macros_compile() -> None:
    macros = {"m0": macro("m0", "x", "!x")}
    for number in range(1, limits.EXPRESSION_DEPTH_MAX // 2 - 1):
        name = f"m{number}"
        macros[name] = macro(name, "x", f"!m{number - 1}(x)")
    expression = Compiler(NAMES, macros).expression(f"{name}(declared.a)")
    assert limits.EXPRESSION_DEPTH_MAX - 2 < expression.depth <= limits.EXPRESSION_DEPTH_MAX
    assert expression.run(frame_over({"declared.a": True})) is (number % 2 == 1)


def test_the_longest_chain_compiles() -> None:
    names = ["declared.a"] * ((limits.EXPRESSION_BYTES_MAX + 4) // len("declared.a && "))
    expression = Compiler(NAMES).expression(" && ".join(names))
    assert expression.run(frame_over({"declared.a": True})) is True
    assert expression.run(frame_over({})) is UNKNOWN


def both(expression: Expression, facts: dict[str, Any]) -> tuple[Frame, Frame]:
    """The frames after the compiled function and after the interpreter, whose values are equal."""
    frame, plain = frame_over(facts), frame_over(facts)
    value, expected = expression.run(frame), interpret(expression.tree, plain)
    assert value == expected
    assert type(value) is type(expected)
    return frame, plain


def check_traces(expression: Expression, facts: dict[str, Any]) -> None:
    frame, plain = both(expression, facts)
    assert list(frame.used.items()) == list(plain.used.items())
    assert list(frame.tests) == list(plain.tests)
    assert frame.missing == plain.missing
    for notes in (MISSING, NOTHING):
        apart = frame_over(facts)
        assert compiled(expression.tree, notes)(apart) == expression.run(frame_over(facts))
        missing = plain.missing if notes else frozenset()
        assert (apart.used, apart.tests, apart.missing) == ({}, {}, missing)


@settings(max_examples=500, deadline=None)
@given(trees(BOOL, 4), facts_of_designers)
def test_a_condition_leaves_the_trace_of_the_plain_reading(tree: Tree, facts: Facts) -> None:
    known = {
        f"declared.{name}": tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    check_traces(Compiler(ORACLE_NAMES).expression(written(tree)), known)


@settings(max_examples=200, deadline=None)
@given(trees(INT, 4), facts_of_designers)
def test_a_quantity_leaves_the_trace_of_the_plain_reading(tree: Tree, facts: Facts) -> None:
    known = {
        f"declared.{name}": tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    check_traces(Compiler(ORACLE_NAMES).expression(written(tree)), known)


@pytest.mark.parametrize(
    "source",
    [
        "declared.a && declared.n > 3 || declared.a && declared.n > 5",
        "declared.n > 3 ? declared.m > 3 : declared.m > 4",
        "(declared.a || declared.m > 3) && declared.m > 4",
        "declared.dies.exists(d, d.units > 1 && d.node_nm > 3) || declared.m > 3",
        "declared.dies.all(d, declared.n > d.units) && declared.n > 3",
        "max(declared.dies.filter(d, d.node_nm < 9).map(d, d.units * declared.n)) > 3",
        "sum(declared.counts) + sum(declared.dies.map(d, twice(d.units))) > 3",
        "has(declared.n) && !has(declared.m) && declared.n == declared.m",
        "twice(declared.n) > 3 && twice(declared.n) > 4",
        "declared.dies.exists(d, small(d) || declared.dies.all(e, small(e)))",
    ],
)
@pytest.mark.parametrize("a", [True, False, UNKNOWN])
@pytest.mark.parametrize("n", [2, 4, 9, UNKNOWN])
@pytest.mark.parametrize("dies", [(), (CORE,), (IO, CORE), (CORE, IO), UNKNOWN])
def test_what_is_read_twice_is_noted_as_if_read_once(
    source: str, a: object, n: object, dies: object
) -> None:
    macros = {
        "twice": macro("twice", "x", "x + x"),
        "small": macro("small", "d", "d.node_nm < 9 && d.node_nm < d.units"),
    }
    facts = {"a": a, "n": n, "m": n, "dies": dies, "counts": (1, 2)}
    known = {f"declared.{name}": each for name, each in facts.items() if each is not UNKNOWN}
    check_traces(Compiler(NAMES, macros).expression(source), known)


def read_plainly(pack: Pack) -> Pack:
    """The pack with the interpreter in the place of its functions."""
    for expression in expressions_of(pack):
        vars(expression)["run"] = plain_run(expression)
    return pack


def plain_run(expression: Expression) -> Run:
    def run(frame: Frame) -> Value:
        apart = Frame(frame.values, frame.resolve, frame.traces)
        value: Value = interpret(expression.tree, apart)
        if "used" in expression.notes:
            frame.used.update(apart.used)
            frame.tests.update(apart.tests)
        if "missing" in expression.notes:
            frame.missing |= apart.missing
        return value

    return run


@pytest.mark.parametrize("name", ["us-ear", "house-example"])
def test_the_worked_cases_of_a_pack_have_the_findings_of_the_plain_reading(name: str) -> None:
    pack, plain = compile_pack(pack_bytes(name)), read_plainly(compile_pack(pack_bytes(name)))
    cases = read_cases(ROOT / "rules" / name)
    assert len(cases) > 5
    for case in cases:
        assert evaluate(pack, case.facts) == evaluate(plain, case.facts), case.id
