"""Which days the versions of a pack cover: proof that no day has none, and none has two.

The document of a pack goes in. Nothing changes between the days on which a version begins or
ends, so looking at each of these days looks at all of them. A rule or param may begin after the
pack does, or end before it: a rule that did not exist yet is no gap. It is a fault when a day
in between has no version or two, and when a rule uses a param on a day on which that has none:

>>> says = {"pass": "P", "fail": "F", "unknown": "U"}
>>> cited = {"citation": "c", "confidence": "A", "as_of": "2026-07-23"}
>>> document = {"effective": {"from": "2025-01-31"}, "definitions": [],
...     "params": [{"name": "limit", "versions": [{"from": "2025-03-01", "value": 7, **cited}]}],
...     "rules": [{"name": "small", "versions": [
...         {"from": "2025-02-01", "holds": "item.units < params.limit", "says": says, **cited}]}]}
>>> found = examine(document)
>>> [(each.name, str(each.first)) for each in found.spans]
[('params.limit', '2025-03-01'), ('rule.small', '2025-02-01')]
>>> [(each.name, each.why, str(each.first), str(each.last)) for each in found.faults]
[('params.limit', 'no version, but rule.small uses it', '2025-02-01', '2025-02-28')]

A rule that asks `has(params.limit)` takes care of the days without one itself. Which day a param is
tested on makes no difference here: it is to have a version on every day on which the rule has one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from attest.encoding import Json
from attest.rules.reach import conditions, parts, reached

_END: Final = dt.date.max.toordinal()

_Days: TypeAlias = tuple[int, int]


class Span(NamedTuple):
    """From when until when a param or rule has versions; `last` is None for an open end."""

    name: str
    first: dt.date
    last: dt.date | None
    versions: int


class Fault(NamedTuple):
    """Days (both included; `last` is None for no end) on which something is wrong."""

    name: str
    why: str
    first: dt.date
    last: dt.date | None


class Coverage(NamedTuple):
    """What was looked at and found.

    `days` are the days looked at; between one and the next, and after the last, nothing changes.
    """

    days: tuple[dt.date, ...]
    spans: tuple[Span, ...]
    faults: tuple[Fault, ...]


def examine(document: Json, *, until: dt.date | None = None) -> Coverage:
    """Examine a pack document of good shape from its first day until a day, or for ever."""
    first, last = _days(document["effective"])
    last = last if until is None else min(last, until.toordinal())
    versions: dict[str, Sequence[_Days]] = {
        f"{root}.{each['name']}": [_days(version) for version in each["versions"]]
        for section, root in (("params", "params"), ("rules", "rule"))
        for each in document[section]
    }
    turns = {day for spans in versions.values() for a, b in spans for day in (a, b + 1)}
    days = sorted({first, *(day for day in turns if first <= day)})
    days = [day for day in days if day <= last]
    uses = _uses(document)
    found: dict[tuple[str, str], list[_Days]] = {}
    for a, after in pairwise([*days, last + 1]):
        for name, why in _wrong_on(a, versions, uses):
            _extend(found.setdefault((name, why), []), (a, after - 1))
    return Coverage(
        days=tuple(dt.date.fromordinal(day) for day in days),
        spans=tuple(_span(name, spans) for name, spans in sorted(versions.items())),
        faults=tuple(
            Fault(name, why, dt.date.fromordinal(a), _day(b))
            for (name, why), spans in sorted(found.items())
            for a, b in spans
        ),
    )


def _wrong_on(
    day: int, versions: Mapping[str, Sequence[_Days]], uses: Mapping[tuple[str, int], set[str]]
) -> Iterable[tuple[str, str]]:
    """What is wrong on a day: names, each with the reason."""
    in_force = {
        name: [number for number, (a, b) in enumerate(spans) if a <= day <= b]
        for name, spans in versions.items()
    }
    for name, numbers in in_force.items():
        if len(numbers) > 1:
            yield name, "two versions"
        begun, goes_on = versions[name][-1][0] <= day, day <= versions[name][0][1]
        if not numbers and begun and goes_on:
            yield name, "no version"
        for number in numbers:
            for param in uses.get((name, number), ()):
                if not in_force.get(param, [0]):
                    yield param, f"no version, but {name} uses it"


def _uses(document: Json) -> dict[tuple[str, int], set[str]]:
    """The params that each version of a rule needs on each of its days."""
    written = parts(document)
    found = {}
    for rule in document["rules"]:
        for number, version in enumerate(rule["versions"]):
            names, asked = reached(conditions(version), written)
            needed = {name for name in names - asked if name.startswith("params.")}
            found[f"rule.{rule['name']}", number] = needed
    return found


def _days(version: Mapping[str, str]) -> _Days:
    until = version.get("until")
    return (
        dt.date.fromisoformat(version["from"]).toordinal(),
        _END if until is None else dt.date.fromisoformat(until).toordinal(),
    )


def _day(ordinal: int) -> dt.date | None:
    return None if ordinal >= _END else dt.date.fromordinal(ordinal)


def _span(name: str, spans: Sequence[_Days]) -> Span:
    return Span(name, dt.date.fromordinal(spans[-1][0]), _day(spans[0][1]), len(spans))


def _extend(spans: list[_Days], days: _Days) -> None:
    """Add days to spans; those that follow the last span prolong it."""
    if spans and spans[-1][1] + 1 == days[0]:
        days = (spans.pop()[0], days[1])
    spans.append(days)
