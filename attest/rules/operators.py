"""The operators, conditions and list macros of the rule language, as closures over a frame.

Kleene logic, integers of 64 bits, dates as ordinals (docs/RULES.md section 5); see
`attest.rules.runtime` for what a `Run` is.

>>> from attest.rules.runtime import constant, frame_over, read_known
>>> frame = frame_over({"a.x": 3})
>>> below = comparison("a.x < 7", COMPARISONS["<"], read_known("a.x"), constant(7))
>>> below(frame), list(frame.tests)
(True, [('a.x < 7', 'true')])
>>> unknown = comparison("a.y < 7", COMPARISONS["<"], read_known("a.y"), constant(7))
>>> conjunction((unknown, below), definite=True)(frame), negation(unknown)(frame)
(True, UNKNOWN)
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from attest.rules.runtime import Frame, Run, TypedRun
from attest.rules.syntax import INT_MAX, INT_MIN
from attest.rules.types import UNKNOWN, Value

_ORDINAL_MAX: Final = dt.date.max.toordinal()

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(text: str, compare: Callable[[Any, Any], bool], left: Run, right: Run) -> Run:
    yes, no, unknown = (text, "true"), (text, "false"), (text, "unknown")

    def run(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        if a is UNKNOWN or b is UNKNOWN:
            frame.tests[unknown] = None
            return UNKNOWN
        result = compare(a, b)
        frame.tests[yes if result else no] = None
        return result

    return run


def membership(text: str, left: Run, right: TypedRun) -> Run:
    yes, no, unknown = (text, "true"), (text, "false"), (text, "unknown")

    def run(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        if a is UNKNOWN or b is UNKNOWN:
            frame.tests[unknown] = None
            return UNKNOWN
        result = a in b
        frame.tests[yes if result else no] = None
        return result

    return run


def conjunction(operands: tuple[Run, ...], *, definite: bool) -> Run:
    """`&&` with `definite` false, `||` with `definite` true: Kleene, in order, up to `definite`."""
    if len(operands) == 2:
        return _pair(*operands, definite=definite)

    def run(frame: Frame) -> Value:
        result: Value = not definite
        for operand in operands:
            value = operand(frame)
            if value is definite:
                return definite
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return run


def _pair(left: Run, right: Run, *, definite: bool) -> Run:
    def run(frame: Frame) -> Value:
        first = left(frame)
        if first is definite:
            return definite
        second = right(frame)
        return UNKNOWN if first is UNKNOWN and second is not definite else second

    return run


def negation(operand: TypedRun) -> Run:
    def run(frame: Frame) -> Value:
        value = operand(frame)
        return UNKNOWN if value is UNKNOWN else not value

    return run


def conditional(condition: TypedRun, yes: Run, no: Run) -> Run:
    def run(frame: Frame) -> Any:
        value = condition(frame)
        if value is UNKNOWN:
            return UNKNOWN
        return yes(frame) if value else no(frame)

    return run


def _divide(a: int, b: int) -> int | None:
    if b == 0:
        return None
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], int | None]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}


def arithmetic(
    compute: Callable[[Any, Any], int | None], left: Run, right: Run, *, date: bool
) -> Run:
    """Integers within 64 bits, or (`date`) days within the calendar; anything else is unknown."""
    low, high = (1, _ORDINAL_MAX) if date else (INT_MIN, INT_MAX)

    def run(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        result = compute(a, b)
        return UNKNOWN if result is None or not low <= result <= high else result

    return run


def negative(operand: TypedRun) -> Run:
    def run(frame: Frame) -> Any:
        value = operand(frame)
        if value is UNKNOWN or value == INT_MIN:
            return UNKNOWN
        return -value

    return run


def items(runs: tuple[Run, ...]) -> Run:
    def run(frame: Frame) -> Value:
        values = tuple([item(frame) for item in runs])
        return UNKNOWN if UNKNOWN in values else values

    return run


def size(operand: TypedRun) -> Run:
    def run(frame: Frame) -> Value:
        value = operand(frame)
        return UNKNOWN if value is UNKNOWN else len(value)

    return run


def total(operand: TypedRun) -> Run:
    def run(frame: Frame) -> Any:
        value = operand(frame)
        if value is UNKNOWN:
            return UNKNOWN
        result = sum(value)
        return result if INT_MIN <= result <= INT_MAX else UNKNOWN

    return run


def largest(operand: TypedRun) -> Run:
    def run(frame: Frame) -> Value:
        value = operand(frame)
        return UNKNOWN if value is UNKNOWN or not value else max(value)

    return run


def quantifier(operand: TypedRun, slot: int, body: Run, *, definite: bool) -> Run:
    """`exists` with `definite` true, `all` with `definite` false."""

    def run(frame: Frame) -> Any:
        elements = operand(frame)
        if elements is UNKNOWN:
            return UNKNOWN
        slots = frame.slots
        result: Value = not definite
        for element in elements:
            slots[slot] = element
            value = body(frame)
            if value is definite:
                return definite
            if value is UNKNOWN:
                result = UNKNOWN
        return result

    return run


def selection(operand: TypedRun, slot: int, body: Run, *, keep: bool) -> Run:
    """`filter` (`keep`: the elements for which the body is true) or `map` (the body's values).

    An unknown body makes the whole unknown, but every element is still looked at, so that all that
    is missing is named.
    """

    def run(frame: Frame) -> Any:
        elements = operand(frame)
        if elements is UNKNOWN:
            return UNKNOWN
        slots = frame.slots
        found: list[Value] = []
        known = True
        for element in elements:
            slots[slot] = element
            value = body(frame)
            if value is UNKNOWN:
                known = False
            elif not keep:
                found.append(value)
            elif value:
                found.append(element)
        return tuple(found) if known else UNKNOWN

    return run
