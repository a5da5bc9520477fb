"""What one evaluation of an expression reads and leaves behind: frames, names, members.

Every maker below returns a `Run`: a function from a `Frame` to a value. `attest.rules.expr` has
checked the types before it calls a maker, so nothing here looks at types again. What an evaluation
rests on stays in its frame:

>>> frame = frame_over({"a.x": 3})
>>> read_known("a.x")(frame), read_known("a.y")(frame), frame.used, frame.missing
(3, UNKNOWN, {'a.x': 3}, {'a.y'})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attest.rules.types import UNKNOWN, Value


class Frame:
    """One evaluation: where names are read, the variables, and the trace.

    `values` holds what is known by name: facts, params, rules. A definition that is not in it yet
    is asked of `resolve(name)`, which answers with a value or `UNKNOWN` and puts it there. `traces`
    holds the frames of definitions and of unknown rules. The trace is `used` (names with the values
    read), `tests` (comparison text and `true`, `false` or `unknown`, in the order of first
    evaluation) and `missing` (names that were not known). Nobody asks for the trace of a frame that
    is not `traced`: what definitions rest on stays out of it.
    """

    __slots__ = ("missing", "resolve", "slots", "tests", "traced", "traces", "used", "values")

    def __init__(
        self,
        values: Mapping[str, Value],
        resolve: Callable[[str], Value],
        slots: list[Value],
        traces: Mapping[str, Frame],
        *,
        traced: bool = True,
    ) -> None:
        self.values = values
        self.resolve = resolve
        self.slots = slots
        self.traces = traces
        self.traced = traced
        self.used: dict[str, Value] = {}
        self.tests: dict[tuple[str, str], None] = {}
        self.missing: set[str] = set()


Run: TypeAlias = Callable[[Frame], Value]
TypedRun: TypeAlias = Callable[[Frame], Any]
"""A `Run` whose values have the one type that the maker expects: `attest.rules.expr` saw to it."""


def frame_over(facts: Mapping[str, Value], *, slots: int = 0) -> Frame:
    """A frame for expressions that read facts only."""
    return Frame(facts, lambda _: UNKNOWN, [UNKNOWN] * slots, {})


def constant(value: Value) -> Run:
    return lambda _: value


def read_known(name: str) -> Run:
    """Read a fact or a param."""

    def run(frame: Frame) -> Value:
        value = frame.values.get(name, UNKNOWN)
        if value is UNKNOWN:
            frame.missing.add(name)
        else:
            frame.used[name] = value
        return value

    return run


def read_condition(name: str) -> Run:
    """Read a definition that is true or false: what it rests on is what its reader rests on."""

    def run(frame: Frame) -> Value:
        value = frame.values.get(name)
        if value is None:
            value = frame.resolve(name)
        if frame.traced:
            trace = frame.traces[name]
            frame.used.update(trace.used)
            frame.tests.update(trace.tests)
            if trace.missing:
                frame.missing |= trace.missing
        return value

    return run


def read_quantity(name: str) -> Run:
    """Read a definition of another type: its value speaks for itself."""

    def run(frame: Frame) -> Value:
        value = frame.values.get(name)
        if value is None:
            value = frame.resolve(name)
        if value is UNKNOWN:
            frame.missing |= frame.traces[name].missing
        else:
            frame.used[name] = value
        return value

    return run


def read_rule(name: str) -> Run:
    """Read the result of a rule, which has a finding of its own."""

    def run(frame: Frame) -> Value:
        value = frame.values[name]
        if value is UNKNOWN:
            frame.missing |= frame.traces[name].missing
        return value

    return run


def variable(slot: int) -> Run:
    return lambda frame: frame.slots[slot]


def bind(slot: int, value: Run, body: Run) -> Run:
    """Evaluate `value` once, then the body, which reads it as a variable."""

    def run(frame: Frame) -> Value:
        frame.slots[slot] = value(frame)
        return body(frame)

    return run


def member(operand: TypedRun, name: str, label: str) -> Run:
    def run(frame: Frame) -> Any:
        structure = operand(frame)
        if structure is UNKNOWN:
            return UNKNOWN
        value = structure.get(name, UNKNOWN)
        if value is UNKNOWN:
            frame.missing.add(label)
        return value

    return run


def variable_member(slot: int, name: str, label: str) -> Run:
    """`member` of a variable."""

    def run(frame: Frame) -> Any:
        structure: Any = frame.slots[slot]
        if structure is UNKNOWN:
            return UNKNOWN
        value: Value = structure.get(name, UNKNOWN)
        if value is UNKNOWN:
            frame.missing.add(label)
        return value

    return run


def has_name(text: str, read: Run) -> Run:
    yes, no = (text, "true"), (text, "false")

    def run(frame: Frame) -> Value:
        known = read(frame) is not UNKNOWN
        frame.tests[yes if known else no] = None
        return known

    return run


def has_known(text: str, name: str) -> Run:
    """Like `has_name`, but a fact or param that may be absent is not `missing`."""
    yes, no = (text, "true"), (text, "false")

    def run(frame: Frame) -> Value:
        value = frame.values.get(name)
        frame.tests[no if value is None else yes] = None
        if value is None:
            return False
        frame.used[name] = value
        return True

    return run


def has_member(text: str, operand: TypedRun, name: str) -> Run:
    yes, no = (text, "true"), (text, "false")

    def run(frame: Frame) -> Value:
        structure = operand(frame)
        known = structure is not UNKNOWN and name in structure
        frame.tests[yes if known else no] = None
        return known

    return run
