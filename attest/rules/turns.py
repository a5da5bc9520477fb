"""The days on which what a pack finds may turn, when everything happens on one and the same day.

The day stands for both `transaction.completion_date` and `transaction.decision_date`. What a pack
finds depends on it in two ways only: by the versions that are in force, and by comparisons in which
one of the two dates is read. A comparison turns where its sides meet, and a side is a multiple of
the day plus a number, which the other facts, the params and the literals give:

>>> document = {"effective": {"from": "2025-01-31"}, "definitions": [], "rules": [
...     {"name": "in_time", "versions": [{"from": "2025-01-31",
...         "holds": "transaction.completion_date < record.sale_date + params.grace"}]}],
...     "params": [{"name": "grace", "type": "int", "versions": [
...         {"from": "2025-01-31", "value": 30}]}]}
>>> sold = dt.date(2026, 12, 1).toordinal()
>>> today, until = dt.date(2026, 11, 24).toordinal(), dt.date(2027, 11, 24).toordinal()
>>> turns = Turns.of(document).days({"record.sale_date": sold}, first=today, until=until)
>>> [dt.date.fromordinal(day).isoformat() for day in turns]
['2026-12-31', '2027-01-01']

Between two such days nothing changes. A comparison whose sides are something else (a day inside a
list, a share of the day) makes every day one on which something may turn: slow, but never wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from attest.encoding import Json
from attest.rules import syntax
from attest.rules.facts import FACTS
from attest.rules.syntax import (
    Call,
    Conditional,
    Identifier,
    Items,
    Literal,
    Loop,
    Member,
    Node,
    Operation,
)
from attest.rules.types import DATE, INT

DAY: Final = ("transaction.completion_date", "transaction.decision_date")
"""The two facts that the day stands for."""

_LINES_MAX: Final = 256
_SURE: Final = 2**60
"""Numbers below this, and multiples of a day by less than its root, stay within 64 bits."""

_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})

_Line: TypeAlias = tuple[int, int]
"""Slope and constant: the slope times the day, plus the constant."""
_Lines: TypeAlias = "frozenset[_Line] | None"
"""What a quantity can be, whichever versions and branches apply; None when it is no line."""

_CALENDAR: Final = frozenset({(0, 0), (0, dt.date.max.toordinal())})
_NOTHING: Final[Mapping[str, _Bound]] = MappingProxyType({})


class _Bound(NamedTuple):
    """What a name stands for inside a macro: what its caller wrote; None inside a list macro."""

    node: Node | None
    names: Mapping[str, _Bound]
    moves: bool


class _Meeting(NamedTuple):
    """Two sides that are compared, one of which moves; without a right one, a day of the calendar.

    A sum that leaves the calendar is unknown: it meets the calendar's ends.
    """

    left: Node
    right: Node | None
    names: Mapping[str, _Bound]


@dataclass(frozen=True, eq=False)
class _Words:
    """The definitions of a pack, parsed, each with its parameter if any, and its dated numbers."""

    trees: Mapping[str, tuple[Node, str | None]]
    params: Mapping[str, frozenset[_Line]]

    @staticmethod
    def of(document: Json) -> _Words:
        return _Words(
            trees={
                each["name"]: (syntax.parse(each["value"]), each.get("parameter"))
                for each in document["definitions"]
            },
            params={
                f"params.{each['name']}": frozenset(
                    (0, _number(version["value"])) for version in each["versions"]
                )
                for each in document["params"]
                if each["type"] in ("int", "date")
            },
        )


def _number(value: Json) -> int:
    return dt.date.fromisoformat(value).toordinal() if isinstance(value, str) else int(value)


@dataclass(frozen=True, eq=False)
class Turns:
    """What makes a pack turn: the days that it fixes itself, and the comparisons with the day."""

    fixed: frozenset[int]
    _words: _Words
    _meetings: tuple[_Meeting, ...]

    @staticmethod
    def of(document: Json) -> Turns:
        """Read a pack document (SPEC 8) that compiles."""
        words = _Words.of(document)
        reader = _Reader(words)
        reader.read(document)
        return Turns(frozenset(_fixed(document)), words, tuple(reader.meetings))

    def days(self, values: Mapping[str, Any], *, first: int, until: int) -> list[int]:
        """The days after `first`, up to `until`, on which findings may differ from the day before.

        `values` are facts by full name; days are ordinals.
        """
        days = set(self.fixed)
        numbers = _Numbers(self._words, values)
        for left, right, names in self._meetings:
            here = numbers.of(left, names)
            there = _CALENDAR if right is None else numbers.of(right, names)
            if frozenset() in (here, there):
                continue  # one side is unknown whatever the day
            if here is None or there is None:
                return list(range(first + 1, until + 1))
            for (slope, constant), (other, number) in ((a, b) for a in here for b in there):
                if slope != other:
                    meet = (number - constant) // (slope - other)
                    days |= {meet, meet + 1}
        return sorted(day for day in days if first < day <= until)


def _fixed(document: Json) -> Iterator[int]:
    """First days, and days after last days, of everything dated."""
    spans = [document["effective"]]
    for dated in (*document["params"], *document["rules"]):
        spans += dated["versions"]
    for span in spans:
        yield dt.date.fromisoformat(span["from"]).toordinal()
        if "until" in span:
            yield dt.date.fromisoformat(span["until"]).toordinal() + 1


class _Reader:
    """Finds every comparison in which something moves with the day.

    What only jumps where a comparison turns, as the size of a filtered list does, does not move.
    """

    def __init__(self, words: _Words) -> None:
        self.meetings: list[_Meeting] = []
        self._words = words
        self._known: dict[str, bool] = {}

    def read(self, document: Json) -> None:
        for name, (_, parameter) in self._words.trees.items():
            if parameter is None:
                self._definition(name)
        for rule in document["rules"]:
            for version in rule["versions"]:
                for table in (version, *version.get("readings", [])):
                    for member in ("applies", "holds", "when"):
                        if member in table:
                            self._moves(syntax.parse(table[member]), _NOTHING)

    def _definition(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = self._moves(self._words.trees[name][0], _NOTHING)
        return self._known[name]

    def _moves(self, node: Node, names: Mapping[str, _Bound]) -> bool:
        match node:
            case Literal():
                return False
            case Identifier():
                return names[node.name].moves
            case Member():
                return self._member(node, names)
            case Operation():
                return self._operation(node, names)
            case Conditional():
                self._moves(node.condition, names)
                return self._any((node.yes, node.no), names)
            case Items():
                return self._any(node.items, names)
            case Call():
                return self._call(node, names)
            case Loop():
                return self._loop(node, names)

    def _any(self, nodes: tuple[Node, ...], names: Mapping[str, _Bound]) -> bool:
        """Whether one of them moves; all of them are read."""
        return True in [self._moves(each, names) for each in nodes]

    def _member(self, node: Member, names: Mapping[str, _Bound]) -> bool:
        name = _dotted(node, names)
        if name is None:
            return self._moves(node.operand, names)
        return self._definition(node.name) if name.startswith("define.") else name in DAY

    def _operation(self, node: Operation, names: Mapping[str, _Bound]) -> bool:
        moves = self._any(node.operands, names)
        if node.operator in _COMPARISONS:
            if moves:
                left, right = node.operands
                self.meetings.append(_Meeting(left, right, names))
            return False
        if moves and node.operator == "+":
            self.meetings.append(_Meeting(node, None, names))
        return moves

    def _call(self, node: Call, names: Mapping[str, _Bound]) -> bool:
        (argument,) = node.arguments
        moves = self._moves(argument, names)
        if node.function in self._words.trees:
            tree, parameter = self._words.trees[node.function]
            return self._moves(tree, {str(parameter): _Bound(argument, names, moves)})
        return moves and node.function in ("sum", "max")

    def _loop(self, node: Loop, names: Mapping[str, _Bound]) -> bool:
        operand = self._moves(node.operand, names)
        inside = {**names, node.variable: _Bound(None, _NOTHING, operand)}
        body = self._moves(node.body, inside)
        return {"filter": operand, "map": body}.get(node.method, False)


class _Numbers:
    """What quantities can be for one set of facts, in every version of the params."""

    def __init__(self, words: _Words, values: Mapping[str, Any]) -> None:
        self._words = words
        self._values = values
        self._known: dict[str, _Lines] = {}

    def of(self, node: Node, names: Mapping[str, _Bound]) -> _Lines:
        match node:
            case Literal() if type(node.value) is int:
                return frozenset({(0, node.value)})
            case Identifier():
                bound = names[node.name]
                return None if bound.node is None else self.of(bound.node, bound.names)
            case Member():
                return self._member(node, names)
            case Operation() if node.operator in _ARITHMETIC:
                sides = [self.of(each, names) for each in node.operands]
                left, right = [frozenset({(0, 0)}), *sides][-2:]  # -x is 0 - x
                return _computed(_ARITHMETIC[node.operator], left, right)
            case Conditional():
                return _either(self.of(node.yes, names), self.of(node.no, names))
            case Items():
                return _either(*(self.of(each, names) for each in node.items))
            case Call() if node.function in self._words.trees:
                tree, parameter = self._words.trees[node.function]
                return self.of(tree, {str(parameter): _Bound(node.arguments[0], names, False)})
        return None

    def _member(self, node: Member, names: Mapping[str, _Bound]) -> _Lines:
        name = _dotted(node, names)
        if name is None:
            return None
        if name in DAY:
            return frozenset({(1, 0)})
        if FACTS.get(name) in (INT, DATE):
            return frozenset({(0, self._values[name])} if name in self._values else ())
        if not name.startswith("define."):
            return self._words.params.get(name)
        if name not in self._known:
            self._known[name] = self.of(self._words.trees[node.name][0], _NOTHING)
        return self._known[name]


def _dotted(node: Member, names: Mapping[str, _Bound]) -> str | None:
    if isinstance(node.operand, Identifier) and node.operand.name not in names:
        return f"{node.operand.name}.{node.name}"
    return None


def _either(*each: _Lines) -> _Lines:
    known = [lines for lines in each if lines is not None]
    return frozenset().union(*known) if len(known) == len(each) else None


def _computed(
    compute: Callable[[_Line, _Line], _Line | None], left: _Lines, right: _Lines
) -> _Lines:
    if left is None or right is None or len(left) * len(right) > _LINES_MAX:
        return None
    lines: set[_Line] = set()
    for a, b in ((a, b) for a in left for b in right):
        line = compute(a, b)
        if line is None or abs(line[1]) >= _SURE or line[0] ** 2 >= _SURE:
            return None
        lines.add(line)
    return frozenset(lines)


def _times(a: _Line, b: _Line) -> _Line | None:
    return None if a[0] and b[0] else (a[0] * b[1] + a[1] * b[0], a[1] * b[1])


def _divided(a: _Line, b: _Line) -> _Line | None:
    if a[0] or b[0] or not b[1]:
        return None
    quotient = abs(a[1]) // abs(b[1])
    return 0, quotient if (a[1] < 0) == (b[1] < 0) else -quotient


_ARITHMETIC: Final[Mapping[str, Callable[[_Line, _Line], _Line | None]]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[0], a[1] - b[1]),
    "*": _times,
    "/": _divided,
}
