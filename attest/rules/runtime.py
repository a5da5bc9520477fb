"""What one evaluation of an expression reads and leaves behind.

A `Run` is a function from a `Frame` to a value; `attest.rules.compile` makes it. What an evaluation
rests on stays in its frame:

>>> frame = frame_over({"a.x": 3})
>>> frame.values["a.x"], frame.used, frame.tests, frame.missing
(3, {}, {}, frozenset())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from attest.rules.types import UNKNOWN, Value

TRACE: Final = frozenset({"used", "tests", "missing"})
MISSING: Final = frozenset({"missing"})
NOTHING: Final = frozenset[str]()
"""What an expression may leave in its frame: everything, what was missing only, nothing."""


class Frame:
    """One evaluation: where names are read, and the trace.

    `values` holds what is known by name: facts, params, rules. A definition that is not in it yet
    is asked of `resolve(name)`, which answers with a value or `UNKNOWN` and puts it there. `traces`
    holds the frames of definitions and of unknown rules. The trace is `used` (names with the values
    read), `tests` (comparison text and `true`, `false` or `unknown`, in the order of first
    evaluation) and `missing` (names that were not known).
    """

    __slots__ = ("missing", "resolve", "tests", "traces", "used", "values")

    def __init__(
        self,
        values: Mapping[str, Value],
        resolve: Callable[[str], Value],
        traces: Mapping[str, Frame],
    ) -> None:
        self.values = values
        self.resolve = resolve
        self.traces = traces
        self.used: dict[str, Value] = {}
        self.tests: dict[tuple[str, str], None] = {}
        self.missing: frozenset[str] = NOTHING

    def miss(self, name: str) -> None:
        """Note that a name was not known."""
        self.missing |= {name}

    def definition(self, name: str) -> Value:
        """The value of a definition; no trace is kept of it."""
        value = self.values.get(name)
        return self.resolve(name) if value is None else value

    def condition(self, name: str) -> Value:
        """Read a definition that is true or false: what it rests on is what its reader rests on."""
        value = self.values.get(name)
        if value is None:
            value = self.resolve(name)
        trace = self.traces[name]
        self.used.update(trace.used)
        self.tests.update(trace.tests)
        self.missing |= trace.missing
        return value

    def quantity(self, name: str) -> Value:
        """Read a definition of another type: its value speaks for itself."""
        value = self.values.get(name)
        if value is None:
            value = self.resolve(name)
        if value is UNKNOWN:
            self.missing |= self.traces[name].missing
        else:
            self.used[name] = value
        return value

    def result(self, name: str) -> Value:
        """Read the result of a rule, which has a finding of its own."""
        value = self.values[name]
        if value is UNKNOWN:
            self.missing |= self.traces[name].missing
        return value


class QuantityFrame(Frame):
    """The evaluation of a definition that is no condition: only what was missing is asked of it."""

    __slots__ = ()

    def __init__(
        self,
        values: Mapping[str, Value],
        resolve: Callable[[str], Value],
        traces: Mapping[str, Frame],
    ) -> None:
        self.values = values
        self.resolve = resolve
        self.traces = traces
        self.missing = NOTHING

    def condition(self, name: str) -> Value:
        """Read a definition that is true or false."""
        value = self.definition(name)
        self.missing |= self.traces[name].missing
        return value

    def quantity(self, name: str) -> Value:
        """Read a definition of another type."""
        value = self.definition(name)
        if value is UNKNOWN:
            self.missing |= self.traces[name].missing
        return value


Run: TypeAlias = Callable[[Frame], Value]


def frame_over(facts: Mapping[str, Value]) -> Frame:
    """A frame for expressions that read facts only."""
    return Frame(facts, lambda _: UNKNOWN, {})
