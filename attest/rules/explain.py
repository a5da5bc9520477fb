"""Why a finding came out as it did: facts, arithmetic, margins, readings, what is missing.

`explain` takes the findings of `attest.rules.evaluate` as JSON and the book of the pack, and writes
each out from the pack's own definitions and the facts, so it holds for any pack:

>>> from attest.rules.facts import facts_from_json
>>> says = {"pass": "Small.", "fail": "Not small.", "unknown": "Not known."}
>>> document = {"params": [{"name": "limit", "type": "int", "unit": "transistors", "versions": [
...     {"from": "2025-01-31", "value": 30_000_000_000, "citation": "Note 1.b(a)"}]}],
...     "definitions": [], "ambiguities": [], "rules": [{"name": "small", "versions": [{
...     "from": "2025-01-31", "holds": "fabricator.aatc_attested < params.limit", "says": says}]}]}
>>> facts = facts_from_json({"fabricator": {"aatc_attested": 28_430_000_000},
...     "transaction": {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}})
>>> finding = {"rule": "small", "result": "pass", "says": "Small.", "citation": "Note 1.b"}
>>> (explanation,) = explain(Book(document), facts, [finding])
>>> explanation.margins[0].says
'AATC attested 28,430,000,000 < limit 30,000,000,000 transistors: 1,570,000,000 below (5.2 %)'
>>> explanation.margins[0].to_json()["percent"], explanation.lines()[0]
('5.2', ('citation', 'Note 1.b'))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from attest.encoding import Json, canonical
from attest.rules.facts import Facts
from attest.rules.steps import Sides, Steps, decimal, name_in_words
from attest.rules.syntax import Literal, Node
from attest.rules.terms import Book, Comparison, Env, Found, Terms, dotted, written
from attest.rules.types import UNKNOWN

_SAME: Final = frozenset({"==", "!="})
_COMPARED: Final = _SAME | {"<", "<=", ">", ">="}
_RESULT_WORDS: Final = {"fail": "not met", "n/a": "not applicable", "pass": "met"}


class Margin(NamedTuple):
    """How far the two sides of a comparison of numbers or dates lie apart.

    `side` is where the left side lies: `below`, `at` or `above` the right one. `per_mille` is the
    distance in thousandths of the threshold, rounded down, None for dates and a threshold of 0;
    `percent` is the same as a decimal text.
    """

    expr: str
    holds: bool
    left: Json
    right: Json
    distance: int
    unit: str
    side: str
    threshold: str
    citation: str
    per_mille: int | None
    says: str

    @property
    def percent(self) -> str | None:
        """The distance in percent of the threshold with one decimal, rounded down."""
        return None if self.per_mille is None else f"{self.per_mille // 10}.{self.per_mille % 10}"

    def to_json(self) -> dict[str, Json]:
        """The margin as JSON; what there is none of is left out."""
        told = self._asdict() | {"percent": self.percent}
        return {name: value for name, value in told.items() if value not in (None, "")}


class ReadingShown(NamedTuple):
    """An open point of the text that matters here: the default reading beside another one."""

    ambiguity: str
    title: str
    default: str
    default_result: str
    other: str
    other_result: str | None

    def to_json(self) -> dict[str, Json]:
        """The reading as JSON; what there is none of is left out."""
        return {name: value for name, value in self._asdict().items() if value not in (None, "")}


class Explanation(NamedTuple):
    """One finding explained; `rests_on` are the names and values that it used."""

    finding: Json
    rests_on: tuple[tuple[str, Json], ...]
    steps: tuple[str, ...]
    margins: tuple[Margin, ...]
    readings: tuple[ReadingShown, ...]

    def to_json(self) -> dict[str, Json]:
        """The explanation without what the finding says itself."""
        told: dict[str, Json] = {"rests_on": dict(self.rests_on), "steps": list(self.steps)}
        told["margins"] = [margin.to_json() for margin in self.margins]
        told["readings"] = [reading.to_json() for reading in self.readings]
        told = {name: value for name, value in told.items() if value}
        known = ("pack", "rule", "result")
        return {name: self.finding[name] for name in known if name in self.finding} | told

    def lines(self) -> list[tuple[str, str]]:
        """The explanation as pairs of a label and a text, for people."""
        source = [str(self.finding.get("citation", ""))]
        if "confidence" in self.finding:
            source.append(f"confidence {self.finding['confidence']}")
        if "as_of" in self.finding:
            source.append(f"text of {self.finding['as_of']}")
        told = [("citation", ", ".join(filter(None, source)))]
        told += [("rests on", f"{name} = {_told(value)}") for name, value in self.rests_on]
        told += [("arithmetic", line) for line in self.steps]
        told += [("margin", margin.says) for margin in self.margins]
        for each in self.readings:
            result = f" gives {_in_words(each.other_result)}" if each.other_result else ""
            told += [
                ("open point", f"{each.ambiguity}, {each.title}"),
                ("  default", f"{each.default} It gives {_in_words(each.default_result)}."),
                ("  other", f"{each.other}{result}"),
            ]
        missing = ", ".join(self.finding.get("missing", []))
        told.append(("missing", missing))
        return [(label, text) for label, text in told if text]


def explain(book: Book, facts: Facts, findings: Sequence[Json]) -> tuple[Explanation, ...]:
    """Explain findings of one pack, in their order.

    `book` is read from the pack document; `findings` are what `Finding.to_json` gave.
    """
    results = {finding["rule"]: finding["result"] for finding in findings}
    terms = Terms(
        book,
        facts.values,
        results=results,
        completion=_day_of(facts, "transaction.completion_date"),
        decision=_day_of(facts, "transaction.decision_date"),
    )
    return tuple(_explained(terms, finding) for finding in findings)


def _day_of(facts: Facts, name: str) -> int:
    day = facts.get(name)
    return day if isinstance(day, int) else 0


def _explained(terms: Terms, finding: Json) -> Explanation:
    steps = Steps(terms)
    lines: list[str] = []
    margins: dict[str, Margin] = {}
    for comparison in _deciding(terms, finding):
        if _of_numbers(comparison):
            sides = steps.sides(comparison)
            lines += sides.lines
            margin = _margin(terms, comparison, sides)
            if margin is not None:
                margins.setdefault(margin.says, margin)
    return Explanation(
        finding,
        tuple(finding.get("used", {}).items()),
        tuple(dict.fromkeys(lines)),
        tuple(margins.values()),
        tuple(_reading(terms.book, finding, flag) for flag in finding.get("flags", [])),
    )


def _deciding(terms: Terms, finding: Json) -> tuple[Comparison, ...]:
    """The comparisons that decided a finding; of an open one all that its conditions make."""
    version = terms.version_in_force(finding["rule"])
    if version is None or "holds" not in version:
        return ()
    applies = Found(True)
    if "applies" in version:
        applies = terms.find(terms.book.tree(version["applies"]))
    if applies.value is not True:
        return applies.decided_by
    return applies.decided_by + terms.find(terms.book.tree(version["holds"])).decided_by


def _of_numbers(comparison: Comparison) -> bool:
    """Whether a comparison is of numbers or dates, and of more than of something with nothing."""
    right = comparison.node.operands[-1]
    nothing = isinstance(right, Literal) and right.value == 0
    if comparison.node.operator not in _COMPARED or nothing:
        return False
    known = [side for side in (comparison.left, comparison.right) if side is not UNKNOWN]
    return bool(known) and all(type(side) is int for side in known)


def _margin(terms: Terms, comparison: Comparison, sides: Sides) -> Margin | None:
    a, b = comparison.left, comparison.right
    if type(a) is not int or type(b) is not int:
        return None
    node, env = comparison.node, comparison.env
    if node.operator in _SAME and any(_names_a_kind(terms, side, env) for side in node.operands):
        return None
    holds = comparison.result is True
    threshold, version = _threshold(terms, node.operands[1], env)
    days = terms.is_date(node.operands[0], env)
    distance, side = abs(a - b), "below" if a < b else "above" if a > b else "at"
    per_mille = None if days or b == 0 else distance * 1000 // abs(b)
    names = [_name_of(operand, env) for operand in node.operands]
    told = [
        f"{name} {text}".lstrip()
        for name, text in zip(names, (sides.left, sides.right), strict=True)
    ]
    about = f"{sides.label}: " if sides.label else ""
    far = _days_apart(a - b) if days else _apart(distance, side, sides.scale, per_mille)
    return Margin(
        expr=written(node, env),
        holds=holds,
        left=sides.left if days else a,
        right=sides.right if days else b,
        distance=distance,
        unit="days" if days else str(terms.book.params.get(threshold, {}).get("unit", "")),
        side=side,
        threshold=threshold,
        citation=str((version or {}).get("citation", "")),
        per_mille=per_mille,
        says=f"{about}{told[0]} {_sign(node.operator, holds=holds)} {told[1]}: {far}",
    )


def _names_a_kind(terms: Terms, node: Node, env: Env) -> bool:
    """Whether a side is a literal or a param: then the numbers are names and not amounts."""
    bound = env.get(getattr(node, "name", ""))
    if bound is not None and bound.node is not None:
        return _names_a_kind(terms, bound.node, bound.env or {})
    return isinstance(node, Literal) or _threshold(terms, node, env)[1] is not None


def _apart(distance: int, side: str, scale: int, per_mille: int | None) -> str:
    if distance == 0:
        return "exactly at it"
    share = "" if per_mille is None else f" ({_share(per_mille)} %)"
    return f"{decimal(distance, scale)} {side}{share}"


def _days_apart(days: int) -> str:
    if days == 0:
        return "the day itself"
    plural = "" if abs(days) == 1 else "s"
    return f"{abs(days):,} day{plural} {'before' if days < 0 else 'after'} it"


def _share(per_mille: int) -> str:
    return f"{per_mille // 10:,}.{per_mille % 10}" if per_mille else "under 0.1"


def _sign(operator: str, *, holds: bool) -> str:
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    return operator if holds else opposite[operator]


def _threshold(terms: Terms, node: Node, env: Env) -> tuple[str, Json | None]:
    """The param that a side of a comparison is, with its version in force."""
    bound = env.get(getattr(node, "name", ""))
    if bound is not None and bound.node is not None:
        return _threshold(terms, bound.node, bound.env or {})
    name = dotted(node, env)
    if name in terms.book.params:
        return name, terms.version_in_force(name)
    return name if name in terms.book.definitions else "", None


def _name_of(node: Node, env: Env) -> str:
    """What a side of a comparison is called; nothing when it is an expression or a literal."""
    bound = env.get(getattr(node, "name", ""))
    if bound is not None and bound.node is not None:
        return _name_of(bound.node, bound.env or {})
    text = written(node, env)
    return name_in_words(text) if text.replace(".", "_").isidentifier() else ""


def _reading(book: Book, finding: Json, flag: Mapping[str, Json]) -> ReadingShown:
    known = book.ambiguities.get(flag["ambiguity"], {})
    return ReadingShown(
        ambiguity=flag["ambiguity"],
        title=known.get("title", ""),
        default=known.get("reading", ""),
        default_result=finding["result"],
        other=flag["reading"],
        other_result=flag.get("result"),
    )


def _in_words(result: str) -> str:
    return _RESULT_WORDS.get(result, result)


def _told(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return canonical(value).decode()
