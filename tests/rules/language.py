"""Names and helpers that the tests of the rule language share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from attest.errors import RuleError
from attest.rules import syntax
from attest.rules.expr import Compiler, Macro
from attest.rules.runtime import Frame, frame_over
from attest.rules.types import BOOL, DATE, INT, STRING, UNKNOWN, ListOf, Struct, Type, Value

DIE = Struct("die", {"name": STRING, "units": INT, "node_nm": INT, "on": DATE, "hot": BOOL})
NAMES: Mapping[str, Type] = {
    "declared.a": BOOL,
    "declared.b": BOOL,
    "declared.c": BOOL,
    "declared.n": INT,
    "declared.m": INT,
    "declared.s": STRING,
    "declared.day": DATE,
    "declared.later": DATE,
    "declared.places": ListOf(STRING),
    "declared.others": ListOf(STRING),
    "declared.counts": ListOf(INT),
    "declared.dies": ListOf(DIE),
}
TRUTHS: tuple[Value, ...] = (True, False, UNKNOWN)
CORE: Value = {"name": "core", "units": 2, "node_nm": 5}
IO: Value = {"name": "io", "units": 1}


def evaluated(
    source: str, facts: Mapping[str, Value], macros: Mapping[str, Macro] | None = None
) -> tuple[Value, Frame]:
    """The value of an expression over the facts of group `declared`, and its frame."""
    compiler = Compiler(NAMES, macros)
    expression = compiler.expression(source)
    known = {f"declared.{name}": value for name, value in facts.items() if value is not UNKNOWN}
    frame = frame_over(known)
    return expression.run(frame), frame


def value_of(source: str, **facts: Value) -> Value:
    return evaluated(source, facts)[0]


def refusal(source: str, expected: Type | None = None) -> str:
    with pytest.raises(RuleError) as caught:
        Compiler(NAMES).expression(source, expected)
    assert caught.value.code == "expression-invalid"
    return caught.value.detail


def macro(name: str, parameter: str, source: str) -> Macro:
    return Macro(name=name, parameter=parameter, source=source, tree=syntax.parse(source))
