"""The rule language against an independent implementation of CEL.

Random typed expressions over random facts, some of them missing, must mean the same to both. A
missing name, an overflow and a division by zero are errors in CEL and unknown here; the `&&` and
`||` of CEL absorb errors exactly as Kleene logic absorbs the unknown. What differs is pinned at the
end of this file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeAlias

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from attest.rules.expr import Compiler
from attest.rules.runtime import frame_over
from attest.rules.types import BOOL, DATE, INT, STRING, UNKNOWN, ListOf, Struct, Type, Value
from tests.rules.language import value_of

DIE = Struct("die", {"units": INT, "node": INT, "name": STRING, "hot": BOOL})
NAMES: Mapping[str, Type] = {
    "declared.a": BOOL,
    "declared.b": BOOL,
    "declared.n": INT,
    "declared.m": INT,
    "declared.s": STRING,
    "declared.day": DATE,
    "declared.later": DATE,
    "declared.places": ListOf(STRING),
    "declared.counts": ListOf(INT),
    "declared.dies": ListOf(DIE),
}
ERRORS_OF_CEL = (KeyError, OverflowError, ZeroDivisionError)

Tree: TypeAlias = tuple[Any, ...]
Facts: TypeAlias = dict[str, Any]

integers = st.one_of(st.integers(-3, 20), st.integers(7 - 2**62, 2**62 - 7))
texts = st.sampled_from(["", "TW", "US", "it's", "台積電"])
dates = st.integers(dt.date(2025, 1, 1).toordinal(), dt.date(2030, 1, 1).toordinal())
dies = st.fixed_dictionaries(
    {}, optional={"units": integers, "node": integers, "name": texts, "hot": st.booleans()}
)
facts_of_designers = st.fixed_dictionaries(
    {},
    optional={
        "a": st.booleans(),
        "b": st.booleans(),
        "n": integers,
        "m": integers,
        "s": texts,
        "day": dates,
        "later": dates,
        "places": st.lists(texts, max_size=3),
        "counts": st.lists(integers, max_size=3),
        "dies": st.lists(dies, max_size=3),
    },
)


@st.composite
def trees(draw: DrawFn, kind: Type, depth: int, variables: tuple[str, ...] = ()) -> Tree:
    """A typed expression; `variables` are dies of the loops around it."""

    def below(of: Type, *more: str) -> Tree:
        return draw(trees(of, depth - 1, (*variables, *more)))

    names = [name for name, of in NAMES.items() if of == kind]
    leaves: list[Tree] = [("name", name) for name in names]
    members = [name for name, of in DIE.members.items() if of == kind]
    leaves += [("member", variable, name) for variable in variables for name in members]
    if kind in LITERALS:
        leaves.append(("literal", draw(LITERALS[kind])))
    if depth == 0:
        return draw(st.sampled_from(leaves))
    forms = [form for form, kinds in FORMS.items() if kind in kinds]
    match draw(st.sampled_from(["leaf", *forms])):
        case "logic":
            operands = tuple(below(BOOL) for _ in range(draw(st.integers(2, 3))))
            return ("chain", draw(st.sampled_from(["&&", "||"])), *operands)
        case "not":
            return ("unary", "!", below(BOOL))
        case "minus":
            return ("unary", "-", below(INT))
        case "equal":
            of = draw(st.sampled_from(EQUATABLE))
            return ("chain", draw(st.sampled_from(["==", "!="])), below(of), below(of))
        case "order":
            of = draw(st.sampled_from([INT, DATE]))
            operator = draw(st.sampled_from(["<", "<=", ">", ">="]))
            return ("chain", operator, below(of), below(of))
        case "in":
            of = draw(st.sampled_from([INT, STRING]))
            return ("chain", "in", below(of), below(ListOf(of)))
        case "has":
            if draw(st.booleans()) and variables:
                member = draw(st.sampled_from(sorted(DIE.members)))
                return ("has", ("member", draw(st.sampled_from(variables)), member))
            return ("has", ("name", draw(st.sampled_from(sorted(NAMES)))))
        case "choice":
            return ("choice", below(BOOL), below(kind), below(kind))
        case "arithmetic":
            return ("chain", draw(st.sampled_from(["+", "-", "*", "/"])), below(INT), below(INT))
        case "days":
            return ("chain", "-", below(DATE), below(DATE))
        case "later":
            return ("chain", "+", below(DATE), ("literal", draw(st.integers(-400, 400))))
        case "size":
            return ("size", below(draw(st.sampled_from([ListOf(INT), ListOf(DIE)]))))
        case "items":
            of = INT if kind == ListOf(INT) else STRING
            return ("items", *(below(of) for _ in range(draw(st.integers(1, 3)))))
        case "quantifier" if len(variables) < 2:
            variable = f"d{len(variables)}"
            method = draw(st.sampled_from(["exists", "all"]))
            return ("quantifier", method, variable, below(BOOL, variable))
        case "filter" if len(variables) < 2:
            variable = f"d{len(variables)}"
            return ("loop", "filter", ("name", "declared.dies"), variable, below(BOOL, variable))
        case "map" if len(variables) < 2:
            variable = f"d{len(variables)}"
            of = INT if kind == ListOf(INT) else STRING
            return ("loop", "map", below(ListOf(DIE)), variable, below(of, variable))
    return draw(st.sampled_from(leaves))


LITERALS: Mapping[object, st.SearchStrategy[Any]] = {
    BOOL: st.booleans(),
    INT: integers,
    STRING: texts,
}
SCALARS = (BOOL, INT, STRING, DATE)
EQUATABLE: tuple[Type, ...] = (*SCALARS, ListOf(INT))
FORMS: Mapping[str, tuple[Type, ...]] = {
    "logic": (BOOL,),
    "not": (BOOL,),
    "equal": (BOOL,),
    "order": (BOOL,),
    "in": (BOOL,),
    "has": (BOOL,),
    "quantifier": (BOOL,),
    "choice": SCALARS,
    "minus": (INT,),
    "arithmetic": (INT,),
    "days": (INT,),
    "size": (INT,),
    "later": (DATE,),
    "items": (ListOf(INT), ListOf(STRING)),
    "map": (ListOf(INT), ListOf(STRING)),
    "filter": (ListOf(DIE),),
}


def written(tree: Tree, facts: Facts | None = None, elements: Mapping[str, str] = {}) -> str:
    """An expression as text; with `facts`, its quantifiers unrolled over the elements there are."""

    def inner(part: Tree, **more: str) -> str:
        return written(part, facts, {**elements, **more})

    match tree:
        case ("name", name):
            return str(name)
        case ("member", variable, name):
            return f"{elements.get(variable, variable)}.{name}"
        case ("literal", bool() as value):
            return "true" if value else "false"
        case ("literal", str() as value):
            return f'"{value}"'
        case ("literal", value):
            return str(value)
        case ("chain", operator, *operands):
            return "(" + f" {operator} ".join(map(inner, operands)) + ")"
        case ("unary", operator, operand):
            return f"{operator}({inner(operand)})"
        case ("has" | "size" as function, operand):
            return f"{function}({inner(operand)})"
        case ("choice", condition, yes, no):
            return f"({inner(condition)} ? {inner(yes)} : {inner(no)})"
        case ("items", *items):
            return "[" + ", ".join(map(inner, items)) + "]"
        case ("loop", method, operand, variable, body):
            return f"{inner(operand)}.{method}({variable}, {inner(body)})"
        case ("quantifier", method, variable, body):
            if facts is None or "dies" not in facts:
                return f"declared.dies.{method}({variable}, {inner(body)})"
            places = [f"declared.dies[{n}]" for n in range(len(facts["dies"]))]
            bodies = [inner(body, **{variable: place}) for place in places]
            if not bodies:
                return "false" if method == "exists" else "true"
            return "(" + (" || " if method == "exists" else " && ").join(bodies) + ")"
    raise AssertionError(tree)


def ours(source: str, facts: Facts) -> Value:
    known = {
        f"declared.{name}": tuple(value) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    compiler = Compiler(NAMES)
    expression = compiler.expression(source)
    return expression.run(frame_over(known))


def theirs(source: str, facts: Facts) -> Value:
    try:
        value = cel.evaluate(source, {"declared": facts})
    except ERRORS_OF_CEL:
        return UNKNOWN
    return tuple(value) if isinstance(value, list) else value


def check_agree(tree: Tree, facts: Facts) -> None:
    mine, their = ours(written(tree), facts), theirs(written(tree, facts), facts)
    assert mine == their
    assert type(mine) is type(their)


@settings(max_examples=700, deadline=None)
@given(trees(BOOL, 4), facts_of_designers)
def test_conditions_mean_the_same(tree: Tree, facts: Facts) -> None:
    check_agree(tree, facts)


@settings(max_examples=300, deadline=None)
@given(st.one_of(trees(INT, 4), trees(STRING, 3), trees(DATE, 3)), facts_of_designers)
def test_quantities_mean_the_same(tree: Tree, facts: Facts) -> None:
    check_agree(tree, facts)


@settings(max_examples=300, deadline=None)
@given(st.one_of(trees(ListOf(INT), 3), trees(ListOf(STRING), 3)), facts_of_designers)
def test_lists_mean_the_same(tree: Tree, facts: Facts) -> None:
    check_agree(tree, facts)


@settings(max_examples=300, deadline=None)
@given(trees(BOOL, 4), facts_of_designers)
def test_where_the_macros_of_cel_answer_the_answer_is_ours(tree: Tree, facts: Facts) -> None:
    their = theirs(written(tree), facts)
    assert their is UNKNOWN or their is ours(written(tree), facts)


def test_a_difference_is_noticed() -> None:
    least = ("chain", "-", ("unary", "-", ("literal", 2**63 - 1)), ("literal", 1))
    check_agree(least, {})
    with pytest.raises(AssertionError):
        check_agree(("unary", "-", least), {})


# Where this CEL and the rule language differ -----------------------------------------------------


def test_cel_quantifiers_stop_at_an_error_ours_go_on() -> None:
    source = "declared.dies.exists(d, d.hot)"
    facts: Facts = {"dies": [{}, {"hot": True}]}
    assert theirs(source, facts) is UNKNOWN
    assert ours(source, facts) is True
    source = "declared.dies.all(d, d.hot)"
    facts = {"dies": [{}, {"hot": False}]}
    assert theirs(source, facts) is UNKNOWN
    assert ours(source, facts) is False


def test_has_on_a_missing_parent_is_false_here_and_an_error_there() -> None:
    with pytest.raises(ERRORS_OF_CEL):
        cel.evaluate("has(declared.x.y)", {"declared": {}})
    source = "declared.dies.exists(d, has((declared.a ? d : d).hot))"
    facts: Facts = {"dies": [{"hot": True}]}
    assert theirs(source, facts) is UNKNOWN
    assert ours(source, facts) is False


def test_integer_overflow_is_an_error_there_and_unknown_here() -> None:
    for source in ("9223372036854775807 + 1", "10000000000 * 10000000000"):
        with pytest.raises(OverflowError):
            cel.evaluate(source, {})
        assert value_of(source) is UNKNOWN
    assert value_of("9223372036854775807 + 1 > 0 || true") is True
    assert theirs("9223372036854775807 + 1 > 0 || true", {}) is True


def test_the_negative_of_the_least_integer_wraps_there_and_is_unknown_here() -> None:
    least = "(-9223372036854775807 - 1)"
    assert cel.evaluate(f"-{least}", {}) == -(2**63)
    assert value_of(f"-{least}") is UNKNOWN


def test_an_integer_is_no_double_here() -> None:
    assert cel.evaluate("1 == 1.0", {}) is True
    assert value_of("7 / 2") == cel.evaluate("7 / 2", {}) == 3
    assert value_of("-7 / 2") == cel.evaluate("-7 / 2", {}) == -3


def test_sum_and_max_are_ours() -> None:
    for source, value in (("sum([1, 2])", 3), ("max([1, 2])", 2)):
        with pytest.raises(RuntimeError):
            cel.evaluate(source, {})
        assert value_of(source) == value
