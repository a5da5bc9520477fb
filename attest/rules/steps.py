"""The arithmetic behind a number, line by line, from the definitions of a pack and the facts.

A definition's tree is written with its values. A name ends in its unit (`_um2`, `_milli`), so
powers of ten that only change units are left out, and every figure is exact:

>>> from attest.rules.terms import Book, Terms
>>> book = Book({"params": [], "rules": [], "definitions": [{"name": "tpp_milli", "value":
...     "max(declared.precisions.map(p, p.dense_gops * p.bit_length))"}]})
>>> facts = {"declared.precisions": ({"bit_length": 16, "dense_gops": 300_000},)}
>>> Steps(Terms(book, facts, results={}, completion=1, decision=1)).of("define.tpp_milli")
['TPP = 300 TOPS x 16 bit = 4,800']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from attest.rules.register import GROUPS, Items, Members
from attest.rules.syntax import (
    Call,
    Conditional,
    Identifier,
    Literal,
    Loop,
    Member,
    Node,
    Operation,
)
from attest.rules.terms import NO_VARIABLES, Comparison, Env, Terms, dotted, written
from attest.rules.types import UNKNOWN, Value

ENDINGS: Final[Mapping[str, tuple[int, str]]] = {
    "_um2": (6, "mm2"),
    "_milli": (3, ""),
    "_micro": (6, ""),
    "_ppm": (4, "%"),
    "_e18": (0, "times 10^18"),
    "_mbyte_s": (0, "MB/s"),
    "_per_mm2": (0, "per mm2"),
    "_gops": (3, "TOPS"),
    "_nm": (0, "nm"),
    "bit_length": (0, "bit"),
}
"""How the end of a name is shown: by which power of ten it is divided, and the unit."""

_WORDS: Final[Mapping[str, str]] = {
    "aatc": "AATC",
    "aia": "AIA",
    "gds": "GDS",
    "hbm": "HBM",
    "lpp": "LPP",
    "osat": "OSAT",
    "pd": "performance density",
    "tpp": "TPP",
}
_UNKNOWN: Final = "unknown"
_NOTHING: Final = "nothing to count"
_OPERATORS: Final = {"*": "x", "/": "/", "+": "+", "-": "-"}


class Figure(NamedTuple):
    """A number as written: the true value is what `text` says times ten to the power `scale`.

    `source` is the name of the fact or param that it is, `unit` that of all its parts.
    """

    text: str
    scale: int = 0
    compound: bool = False
    note: str = ""
    source: str = ""
    unit: str = ""

    @property
    def plain(self) -> bool:
        """Whether it is one number and no arithmetic."""
        return not self.compound and " x " not in self.text


class Sides(NamedTuple):
    """A comparison written out: both sides, divided by ten to the power `scale`, the element of a
    list that it is about, and the lines that lead to the sides."""

    left: str
    right: str
    scale: int
    label: str
    lines: tuple[str, ...]


def name_in_words(name: str) -> str:
    """The last part of a name without its unit, as people write it."""
    last = name.rpartition(".")[2]
    for ending in ENDINGS:
        if ending.startswith("_"):
            last = last.removesuffix(ending)
    words = " ".join(_WORDS.get(word, word) for word in last.split("_"))
    return words.replace("743 9", "743.9").replace("748 16", "748.16")


def decimal(value: int, scale: int = 0) -> str:
    """An integer divided by a power of ten, exactly, with its thousands apart."""
    whole, rest = divmod(abs(value), 10 ** max(scale, 0))
    decimals = f"{rest:0{scale}d}".rstrip("0") if scale > 0 else ""
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}{'.' + decimals if decimals else ''}"


class Steps:
    """Writes out the numbers of one evaluation; each definition once, in the order of need."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._lines: list[str] = []
        self._done: set[str] = set()
        self._labels = _labels(terms.facts)
        self._shown_as: dict[str, tuple[int, str]] = {}

    def of(self, name: str) -> list[str]:
        """The lines that lead to a definition (`define.x`) of a number, itself last."""
        before = len(self._lines)
        self._derive(name)
        return self._lines[before:]

    def sides(self, comparison: Comparison) -> Sides:
        """Both sides of a comparison of numbers or dates, written out."""
        before = len(self._lines)
        node, env = comparison.node, comparison.env
        values = (comparison.left, comparison.right)
        shared = 0
        if self._terms.is_date(node.operands[0], env):
            left, right = (_day(value) for value in values)
        else:
            figures = _in_one_scale([self._write(operand, env) for operand in node.operands], node)
            shared = min(figure.scale for figure in figures)
            left, right = (
                _side(figure, value, shared) for figure, value in zip(figures, values, strict=True)
            )
        labels = [self._labels.get(id(bound.value), "") for bound in env.values()]
        label = next(filter(None, labels), "")
        return Sides(left, right, shared, label, tuple(self._lines[before:]))

    def _derive(self, name: str) -> None:
        if name in self._done:
            return
        self._done.add(name)
        tree = self._terms.book.definitions[name]
        value = self._terms.name(name).value
        self._equation(name_in_words(name), name, self._write(tree, NO_VARIABLES), value)

    def _equation(self, label: str, name: str, figure: Figure, value: Value) -> None:
        scale, unit = shown = _ending(name) or (figure.scale, figure.unit)
        self._shown_as[name] = shown
        if figure.text == _UNKNOWN:
            self._lines.append(f"{label} is not known")
            return
        power = 0 if figure.text == _NOTHING else figure.scale - scale
        text = figure.text + (f" x 10^{power}" if power else "")
        if figure.source and not power:
            source = name_in_words(figure.source)
            text = f"{source} {text}" if source not in label else text
            self._lines.append(f"{label} = {text}")
            return
        result = f"{decimal(value, scale)} {unit}" if isinstance(value, int) else "not known"
        equals = "" if figure.plain and text == result.rstrip() else f" = {text}"
        self._lines.append(f"{label}{equals} = {result.rstrip()}{figure.note}")

    def _write(self, node: Node, env: Env) -> Figure:
        match node:
            case Identifier(name=name) if env[name].node is not None:
                bound = env[name]
                return self._write(bound.node, bound.env or {})  # type: ignore[arg-type]
            case Member():
                return self._member(node, env)
            case Operation(operator="*" | "/" | "+" | "-", operands=(left, right)):
                return self._operation(node.operator, left, right, env)
            case Conditional(condition=condition, yes=yes, no=no):
                chosen = self._terms.find(condition, env).value
                return (
                    Figure(_UNKNOWN)
                    if chosen is UNKNOWN
                    else self._write(yes if chosen else no, env)
                )
            case Call(function="sum" | "max" as function, arguments=(argument,)):
                return self._over(function, argument, env)
            case Call(function=function) if function in self._terms.book.macros:
                return self._macro(node, env)
        return self._plain(node, env)

    def _plain(self, node: Node, env: Env) -> Figure:
        value = self._terms.find(node, env).value
        return Figure(decimal(value) if isinstance(value, int) else _UNKNOWN)

    def _member(self, node: Member, env: Env) -> Figure:
        name = dotted(node, env)
        value = self._terms.find(node, env).value
        if name in self._terms.book.definitions:
            self._derive(name)
        scale, unit = self._shown(name or node.name)
        if not isinstance(value, int):
            return Figure(f"{_UNKNOWN} {name_in_words(name or node.name)}", scale)
        source = "" if name.startswith("define.") else name or node.name
        text = f"{decimal(value, scale)} {unit}".rstrip()
        return Figure(text, scale, source=source, unit=unit)

    def _shown(self, name: str) -> tuple[int, str]:
        """By which power of ten a named number is divided, and its unit."""
        unit = str(self._terms.book.params.get(name, {}).get("unit", ""))
        return (
            self._shown_as.get(name)
            or _ending(name)
            or (ENDINGS["_ppm"] if unit == "ppm" else (0, unit))
        )

    def _operation(self, operator: str, left: Node, right: Node, env: Env) -> Figure:
        power = _power_of_ten(right)
        if operator == "/" and power:
            inner, rounded_up = _without_rounding_up(left, power)
            figure = self._write(inner, env)
            if figure.scale >= power:
                note = self._rounding(inner, right, env, up=rounded_up)
                return figure._replace(scale=figure.scale - power, note=figure.note or note)
        if operator == "*" and power:
            figure = self._write(left, env)
            return figure._replace(scale=figure.scale + power)
        a, b = self._write(left, env), self._write(right, env)
        if operator in ("+", "-"):
            if a.scale != b.scale:
                a, b = self._plain(left, env), self._plain(right, env)
            unit = a.unit if a.unit == b.unit else ""
            text = f"{a.text} {operator} {b.text}"
            return Figure(text, a.scale, True, a.note or b.note, unit=unit)
        if operator == "*" and "1" in (a.text, b.text):
            return b if a.text == "1" else a
        if operator == "/" and a.scale < b.scale:
            a, b = self._plain(left, env), self._plain(right, env)
        sign = 1 if operator == "*" else -1
        note = "" if operator == "*" else self._rounding(left, right, env, up=False)
        text = f"{_bracketed(a)} {_OPERATORS[operator]} {_bracketed(b)}"
        return Figure(text, a.scale + sign * b.scale, operator == "/", a.note or b.note or note)

    def _rounding(self, above: Node, below: Node, env: Env, *, up: bool) -> str:
        a, b = (self._terms.find(node, env).value for node in (above, below))
        if not isinstance(a, int) or not isinstance(b, int) or b == 0 or a % b == 0:
            return ""
        return ", rounded up" if up else ", rounded down"

    def _macro(self, node: Call, env: Env) -> Figure:
        """A macro over an element of a list has a line of its own; others are written in place."""
        body, inside = self._terms.expand(node, env)
        figure = self._write(body, inside)
        value = self._terms.find(node, env).value
        (argument,) = inside.values()
        label = self._labels.get(id(argument.value))
        if label is None:
            return figure
        self._equation(f"{label}: {name_in_words(node.function)}", "", figure, value)
        return Figure(decimal(value) if isinstance(value, int) else f"{_UNKNOWN} {node.function}")

    def _over(self, function: str, listed: Node, env: Env) -> Figure:
        """A sum or the highest of a mapped list, one line for each element."""
        elements = self._terms.elements(listed, env) if isinstance(listed, Loop) else None
        if elements is None or not isinstance(listed, Loop) or listed.method != "map":
            return self._plain(listed, env)
        self._left_out(listed.operand, env)
        figures = []
        for element, inside in elements:
            figure = self._write(listed.body, inside)
            if not figure.plain:
                figure = self._own_line(figure, element, inside, listed, alone=len(elements) == 1)
            figures.append(figure)
        if not figures:
            return Figure(_NOTHING)
        first = figures[0]
        if len(figures) == 1:
            return first
        joined = (" + " if function == "sum" else ", ").join(each.text for each in figures)
        text = f"the highest of {joined}" if function == "max" else joined
        return Figure(text, first.scale, True, first.note, unit=first.unit)

    def _own_line(
        self, figure: Figure, element: Value, inside: Env, listed: Loop, *, alone: bool
    ) -> Figure:
        if alone:
            return figure._replace(source="")
        value = self._terms.find(listed.body, inside).value
        label = self._labels.get(id(element), listed.variable)
        if not isinstance(value, int):
            self._lines.append(f"{label}: {figure.text} is not known")
            return Figure(_UNKNOWN, figure.scale)
        result = f"{decimal(value, figure.scale)} {figure.unit}".rstrip()
        self._lines.append(f"{label}: {figure.text} = {result}{figure.note}")
        return Figure(result, figure.scale, unit=figure.unit)

    def _left_out(self, listed: Node, env: Env) -> None:
        if not isinstance(listed, Loop) or listed.method != "filter":
            return
        for element, inside in self._terms.elements(listed, env) or ():
            value = self._terms.find(listed.body, inside).value
            if value is not True:
                why = "is false" if value is False else "is not known"
                label = self._labels.get(id(element), listed.variable)
                self._lines.append(f"{label}: left out, {written(listed.body)} {why}")


def _labels(facts: Mapping[str, Any]) -> dict[int, str]:
    """How each structure in the lists of facts is called: `die "compute"`, `precision 1`."""
    labels = {}
    for name, value in facts.items():
        group, _, last = name.partition(".")
        shape = GROUPS.get(group, {}).get(last)
        if isinstance(shape, Items) and isinstance(shape.item, Members):
            for number, element in enumerate(value, 1):
                called = element.get("name", element.get("kind"))
                told = f'"{called}"' if called else str(number)
                labels[id(element)] = f"{shape.item.name} {told}"
    return labels


def _ending(name: str) -> tuple[int, str] | None:
    return next((shown for ending, shown in ENDINGS.items() if name.endswith(ending)), None)


def _in_one_scale(figures: list[Figure], node: Operation) -> list[Figure]:
    """The sides of a comparison; a literal is written in the scale of the other side."""
    scale = max(figure.scale for figure in figures)
    return [
        Figure(decimal(operand.value, scale), scale)
        if isinstance(operand, Literal) and type(operand.value) is int
        else figure
        for figure, operand in zip(figures, node.operands, strict=True)
    ]


def _power_of_ten(node: Node) -> int:
    """n of the literal 10^n; 0 for anything else."""
    if isinstance(node, Literal) and type(node.value) is int and node.value >= 10:
        digits = str(node.value)
        if digits == "1" + "0" * (len(digits) - 1):
            return len(digits) - 1
    return 0


def _without_rounding_up(node: Node, power: int) -> tuple[Node, bool]:
    """`e` of `e + 999…`, which a division by 10^power rounds up; else the node itself."""
    match node:
        case Operation(operator="+", operands=(inner, Literal(value=value))):
            if value == 10**power - 1:
                return inner, True
    return node, False


def _bracketed(figure: Figure) -> str:
    return f"({figure.text})" if figure.compound else figure.text


def _day(value: Value) -> str:
    return dt.date.fromordinal(value).isoformat() if isinstance(value, int) else "not known"


def _side(figure: Figure, value: Value, shared: int) -> str:
    power = figure.scale - shared
    text = figure.text + (f" x 10^{power}" if power else "")
    if not isinstance(value, int) or figure.plain:
        return text
    return f"{text} = {decimal(value, shared)}"
