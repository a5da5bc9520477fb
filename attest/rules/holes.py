"""Holes: facts that nobody knows, and members of structures in lists of facts.

>>> facts = {"osat.dies": ({"name": "core", "units": 1},)}
>>> holes_of("osat.dies[].area_um2", facts), holes_of("osat.hbm", facts)
([Hole(fact='osat.dies', at=0, member='area_um2')], [Hole(fact='osat.hbm', at=-1, member='')])
>>> fill(facts, Hole("osat.dies", 0, "area_um2"), 120_000_000)
>>> holes_of("osat.dies[].area_um2", facts)
[]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from attest.rules.register import FACTS, GROUPS, Items, Members, Shape

_REGISTERED: Final = {name: number for number, name in enumerate(FACTS)}


class Hole(NamedTuple):
    """A fact that is not known, or `member` of the structure `at` a place in a list of facts."""

    fact: str
    at: int = -1
    member: str = ""


def shape_of(hole: Hole) -> Shape:
    """What the register says of a hole."""
    group, _, name = hole.fact.partition(".")
    shape = GROUPS[group][name]
    if hole.member and isinstance(shape, Items) and isinstance(shape.item, Members):
        return shape.item.fields[hole.member]
    return shape


def fill(facts: dict[str, Any], hole: Hole, value: Any) -> None:
    """Put a value into a hole; None empties it again."""
    place, key = (facts[hole.fact][hole.at], hole.member) if hole.member else (facts, hole.fact)
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value


def copied(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts that can be filled without touching the others; structures are copied too."""
    return {
        name: tuple(dict(each) if isinstance(each, dict) else each for each in value)
        if isinstance(value, tuple)
        else value
        for name, value in facts.items()
    }


def open_in(name: str, facts: dict[str, Any]) -> bool:
    """Whether a fact is not, or not wholly, known."""
    if name not in facts:
        return True
    group, _, last = name.partition(".")
    shape = GROUPS[group][last]
    return (
        isinstance(shape, Items)
        and isinstance(shape.item, Members)
        and any(each.keys() < shape.item.fields.keys() for each in facts[name])
    )


def holes_of(name: str, facts: dict[str, Any]) -> list[Hole]:
    """The holes that a missing name stands for: `osat.hbm`, or `osat.dies[].area_um2`."""
    fact, _, member = name.partition("[].")
    if not member:
        return [Hole(name)] if name in FACTS and name not in facts else []
    listed = facts.get(fact, ())
    return [Hole(fact, at, member) for at, each in enumerate(listed) if member not in each]


def is_open(hole: Hole, facts: dict[str, Any]) -> bool:
    """Whether the structure of a hole may have its member and has not."""
    group, _, name = hole.fact.partition(".")
    listed = GROUPS[group][name]
    return (
        isinstance(listed, Items)
        and isinstance(listed.item, Members)
        and hole.member in listed.item.fields
        and hole.member not in facts[hole.fact][hole.at]
    )


def filled_in(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Hole]:
    """The holes that were filled in between."""
    for name, value in after.items():
        if name not in before:
            yield Hole(name)
        elif value != before[name]:
            for at, (old, new) in enumerate(zip(before[name], value, strict=True)):
                yield from (Hole(name, at, member) for member in new if member not in old)


def order(hole: Hole) -> tuple[int, int, str]:
    """Where a hole stands: as the register has it, then by place in the list."""
    return _REGISTERED[hole.fact], hole.at, hole.member
