"""The schemas as a guide to members: what stands where, of which type, and what it is.

Sources, tables and questions ask a `Shape` instead of keeping lists of their own:

>>> area = shape_of("declaration").at(("dies", "0", "area_um2"))
>>> area.is_claim, area.value.type, area.description
(True, 'integer', 'Area of one die in square micrometres.')
>>> shape_of("declaration").at(("dies", "0", "volume")) is None
True
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from attest.encoding import Json
from attest.schemas import SCHEMAS

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Shape:
    """One place of a schema: its keywords with references followed."""

    keywords: Mapping[str, Any]
    definitions: Mapping[str, Any]

    @property
    def type(self) -> str:
        """`object`, `array`, `integer`, `boolean` or `string`."""
        return str(self.keywords.get("type", "string"))

    @property
    def description(self) -> str:
        """What the schema says the place holds; empty when it says nothing."""
        return str(self.keywords.get("description", ""))

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed, when only certain words are."""
        return tuple(self.keywords.get("enum", ()))

    @property
    def members(self) -> dict[str, Shape]:
        """The members of an object, in the order of the schema."""
        properties = self.keywords.get("properties", {})
        return {name: self._resolved(node) for name, node in properties.items()}

    @property
    def items(self) -> Shape:
        """The items of an array."""
        return self._resolved(self.keywords["items"])

    @property
    def is_claim(self) -> bool:
        """A claim of SPEC 1.9."""
        return set(self.keywords.get("properties", ())) == {"knowledge", "value"}

    @property
    def value(self) -> Shape:
        """What is claimed."""
        return self.members["value"]

    @property
    def may_be_empty(self) -> bool:
        """A list or text that can have nothing in it."""
        bound = {"array": "minItems", "string": "minLength"}.get(self.type)
        return bound is not None and not self.choices and not self.keywords.get(bound)

    @property
    def switch(self) -> str | None:
        """The member by which an object can say no more than *unknown*, if it has one."""
        first = next(iter(self.keywords.get("required", ())), None)
        if first is None or UNKNOWN not in self.members[first].choices:
            return None
        return str(first)

    def required(self, document: Mapping[str, Json]) -> tuple[str, ...]:
        """The members that an object must have, given those that it has."""
        names = list(self.keywords.get("required", ()))
        for rule in (self.keywords, *self.keywords.get("allOf", ())):
            if "if" in rule:
                branch = "then" if _matches(rule["if"], document) else "else"
                names += rule.get(branch, {}).get("required", ())
        return tuple(dict.fromkeys(names))

    def at(self, path: Sequence[str]) -> Shape | None:
        """The place at the end of a path of member names and indices; None when there is none."""
        place: Shape | None = self
        for step in path:
            if place is None:
                return None
            if step.isascii() and step.isdecimal():
                place = place.items if place.type == "array" else None
            else:
                place = place.members.get(step)
        return place

    def _resolved(self, node: Any) -> Shape:
        keywords = dict(node) if isinstance(node, dict) else {}
        while (name := keywords.pop("$ref", None)) is not None:
            below = self.definitions[name.removeprefix("#/$defs/")]
            properties = {**below.get("properties", {}), **keywords.get("properties", {})}
            keywords = {**below, **keywords}
            if properties:
                keywords["properties"] = properties
        return Shape(keywords, self.definitions)


def _matches(condition: Mapping[str, Any], document: Mapping[str, Json]) -> bool:
    return all(
        document.get(name) in rule.get("enum", [rule.get("const")])
        for name, rule in condition["properties"].items()
    )


@cache
def shape_of(schema: str) -> Shape:
    """The shape of a whole document."""
    document = json.loads(SCHEMAS[schema])
    return Shape(document, document.get("$defs", {}))


def leaves(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Shape]]:
    """Every place that a cell of a table can hold; arrays show their first item."""
    if shape.is_claim:
        yield path, shape.value
    elif shape.type == "array" and shape.items.type == "object":
        yield from leaves(shape.items, (*path, "0"))
    elif shape.type == "object":
        for name, member in shape.members.items():
            yield from leaves(member, (*path, name))
    else:
        yield path, shape
