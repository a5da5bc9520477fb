"""Values that a missing fact could turn out to have, one for each way in which rules could differ.

The packs decide what is worth trying: integers and dates on either side of each boundary at which a
comparison turns, one text for each set of listed names, both truths. What another paper says of
the same thing is the only value then: evidence never contradicts what is known.

>>> from attest.rules.terms import Book, Terms
>>> book = Book({"params": [], "definitions": [], "rules": [{"name": "small", "versions": [{
...     "from": "2025-01-31", "holds": "fabricator.aatc_attested * 2 < 7"}]}]})
>>> facts = {"fabricator.hbm": True}
>>> terms = Terms(book, facts, results={}, completion=740_000, decision=740_000)
>>> candidates(Hole("fabricator.aatc_attested"), facts, [terms])
[1, 3, 4, 5, 0]
>>> candidates(Hole("osat.hbm"), facts, [terms])
[True]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attest import limits
from attest.rules.holes import Hole, fill, shape_of
from attest.rules.register import FACTS, Field, Items, Members, Shape
from attest.rules.syntax import Node
from attest.rules.terms import Comparison, Terms
from attest.rules.types import BOOL, DATE, INT, Value

CANDIDATES_MAX: Final = 24

_PROBE: Final = "\x00"
_NOBODY: Final = "A name on no list"
_FIRST_DAY: Final = dt.date(2020, 1, 1).toordinal()
_LAST_DAY: Final = dt.date(2040, 1, 1).toordinal()
_SAME_THING: Final = ("declared", "fabricator", "osat", "item")
"""Groups whose facts of one name speak of one thing: the same package, the same die."""
_STRIDE: Final = 10**4
_OWN: Final = frozenset({"attester_name", "packages", "listed_mapping_confirmed"})
"""What an attester says of itself."""


def candidates(hole: Hole, facts: dict[str, Any], packs: Sequence[Terms]) -> list[Any]:
    """The values to try for a hole, `CANDIDATES_MAX` at most; the same for the same facts.

    `packs` read `facts`, which are as before when this returns.
    """
    said = list(_said_elsewhere(hole, facts))
    if said:
        return said[:1]
    shape = shape_of(hole)
    if isinstance(shape, Items):
        if isinstance(shape.item, Members):
            return [(), ({},)]
        texts = _texts(hole, shape.item, facts, packs, listed=True)
        return [(), *((text,) for text in texts), tuple(sorted(texts))][:CANDIDATES_MAX]
    if shape.type == BOOL:
        return [False] if _excluded(hole, facts) else [True, False]
    if shape.type in (INT, DATE):
        return _numbers(hole, shape, facts, packs)
    return _texts(hole, shape, facts, packs, listed=False)


def _said_elsewhere(hole: Hole, facts: dict[str, Any]) -> Iterator[Any]:
    """What other papers say of the same thing."""
    group, _, name = hole.fact.partition(".")
    if name == "attester_name" and group == "osat" and "declared.packager_name" in facts:
        yield facts["declared.packager_name"]
    if group not in _SAME_THING or name in _OWN:
        return
    for other in _SAME_THING:
        known = facts.get(f"{other}.{name}") if other != group else None
        if known is None or f"{other}.{name}" not in FACTS:
            continue
        if not hole.member:
            yield _shared(known, shape_of(hole))
            continue
        mine = facts[hole.fact][hole.at]
        for number, element in enumerate(known):
            called = element.get("name", number) == mine.get("name", hole.at)
            if called and hole.member in element:
                yield element[hole.member]


def _shared(known: Any, shape: Shape) -> Any:
    """A value of another paper; of a structure its own dictionary."""
    if isinstance(shape, Items) and isinstance(shape.item, Members):
        return tuple(dict(element) for element in known)
    return known


def _excluded(hole: Hole, facts: dict[str, Any]) -> bool:
    """One company packages: where one attester does, no other can be shown to."""
    both = {"fabricator.packages": "osat.packages", "osat.packages": "fabricator.packages"}
    return facts.get(both.get(hole.fact, "")) is True


def _numbers(hole: Hole, field: Field, facts: dict[str, Any], packs: Sequence[Terms]) -> list[int]:
    low, high = (field.least, limits.INTEGER_MAX)
    if field.type == DATE:
        low, high = _FIRST_DAY, _LAST_DAY
    found = {low, low + 1}
    for terms in packs:
        for comparison in _made(hole, low, facts, terms):
            boundary = _boundary(hole, low, high, facts, terms, comparison)
            if boundary is not None:
                found |= {boundary - 1, boundary, boundary + 1}
    fill(facts, hole, None)
    guesses = _declared_counts(hole, facts)
    inside = sorted(value for value in found if low < value <= high and value not in guesses)
    return [*guesses, *inside, low][:CANDIDATES_MAX]


def _declared_counts(hole: Hole, facts: dict[str, Any]) -> list[int]:
    """What the designer's own count of a die comes to as a count on the layout, or as a density."""
    if hole.member not in ("gds_transistors", "density_per_mm2"):
        return []
    die = facts[hole.fact][hole.at]
    counts = [
        declared["transistors"]
        for declared in facts.get("declared.dies", ())
        if "transistors" in declared and declared.get("name") == die.get("name")
    ]
    if hole.member == "gds_transistors":
        return counts[:1]
    area = die.get("area_um2")
    return [count * 1_000_000 // area for count in counts[:1]] if area else []


def _made(hole: Hole, value: Any, facts: dict[str, Any], terms: Terms) -> list[Comparison]:
    """Every comparison that the rules in force make when the hole has a value."""
    fill(facts, hole, value)
    terms.forget()
    terms.seen = []
    for rule in terms.book.rules:
        for condition in _conditions(terms, rule):
            terms.find(condition)
    seen, terms.seen = terms.seen, None
    return seen


def _conditions(terms: Terms, rule: str) -> Iterator[Node]:
    version = terms.version_in_force(rule)
    for member in ("applies", "holds"):
        if version is not None and member in version:
            yield terms.book.tree(version[member])


def _boundary(
    hole: Hole,
    low: int,
    high: int,
    facts: dict[str, Any],
    terms: Terms,
    comparison: Comparison,
) -> int | None:
    """The least value above `low` at which the sides lie otherwise; None if there is none."""

    def sides(value: int) -> list[Value]:
        fill(facts, hole, value)
        terms.forget()
        return [terms.find(side, comparison.env).value for side in comparison.node.operands]

    def sign(value: int) -> int | None:
        left, right = sides(value)
        if type(left) is not int or type(right) is not int:
            return None
        return (left > right) - (left < right)

    if sides(low + 1) == sides(low + _STRIDE) == sides(min(low + _STRIDE**2, high)):
        return None  # the hole plays no part here
    before = sign(low)
    if before is None:
        before, low = sign(low + 1), low + 1
    reach, step = low, 1
    while before is not None and reach < high:
        reach, step = min(reach + step, high), step * 8
        after = sign(reach)
        if after is None:
            return None
        if after != before:
            return _first(low, reach, lambda value: sign(value) != before)
    return None


def _first(low: int, high: int, turned: Any) -> int:
    """The least value for which `turned`: it is not at `low` and is at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if turned(middle) else (middle, high)
    return high


def _texts(
    hole: Hole, field: Field, facts: dict[str, Any], packs: Sequence[Terms], *, listed: bool
) -> list[str]:
    """One text for each set of those that rules tell apart, the one on no list last."""
    probe: Any = (_PROBE,) if listed else _PROBE
    groups: list[tuple[str, ...]] = []
    for terms in packs:
        for comparison in _made(hole, probe, facts, terms):
            for side, other in (
                (comparison.left, comparison.right),
                (comparison.right, comparison.left),
            ):
                if side == _PROBE or (isinstance(side, tuple) and _PROBE in side):
                    told = other if isinstance(other, tuple) else (other,)
                    groups.append(tuple(text for text in told if isinstance(text, str)))
    fill(facts, hole, None)
    names = sorted({text for group in groups for text in group} - {_PROBE})
    outside = [each for each in field.choices if each not in names] or [_NOBODY]
    known = [each for each in names if not field.choices or each in field.choices]
    alike: dict[tuple[bool, ...], str] = {}
    for name in known:
        alike.setdefault(tuple(name in group for group in groups), name)
    if field.choices and len(outside) == 1 and outside[0] == _NOBODY:
        outside = []
    return [*alike.values(), *outside[:1]][: CANDIDATES_MAX - 2]
