"""The types of the rule language, and the value that stands for what nobody knows.

A type is a scalar (`BOOL`, `INT`, `STRING`, `DATE`), a list of one type, or a named structure. At
run time a boolean is a `bool`, an integer an `int`, a string a `str`, a date its proleptic ordinal
(`date.toordinal()`), a list a `tuple`, a structure a mapping that leaves out what is not known, and
anything unknown is `UNKNOWN`:

>>> die = Struct("die", {"units": INT, "function": STRING})
>>> type_name(ListOf(die)), type_name(named_type("list(string)"))
('list(die)', 'list(string)')
>>> bool(UNKNOWN)
Traceback (most recent call last):
TypeError: unknown is neither true nor false
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`; compare with `is`."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false")

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | Mapping[str, Value] | Unknown"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose elements are all of one type."""

    item: Type


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure with typed members; two structures are one type when the names are equal."""

    name: str
    members: Mapping[str, Type] = field(compare=False)


Type: TypeAlias = Scalar | ListOf | Struct

BOOL: Final = Scalar("bool")
INT: Final = Scalar("int")
STRING: Final = Scalar("string")
DATE: Final = Scalar("date")

_NAMED: Final[Mapping[str, Type]] = {
    "bool": BOOL,
    "int": INT,
    "string": STRING,
    "date": DATE,
    "list(string)": ListOf(STRING),
}


def named_type(name: str) -> Type | None:
    """The type that a param names (docs/RULES.md section 2), or None."""
    return _NAMED.get(name)


def type_name(of: Type) -> str:
    """A type as docs/RULES.md writes it."""
    return f"list({type_name(of.item)})" if isinstance(of, ListOf) else of.name
