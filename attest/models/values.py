"""What the documents are made of: texts, digests, days, whole numbers and claims (SPEC 1).

Each type says what the `$defs` entry of that name says in the schemas. Models are strict, frozen
and closed; arrays are tuples. A member that may be left out is None when it is absent, and null
is never a value:

>>> Known[bool](knowledge="first-hand", value=True).value
True
>>> isinstance(Unknown(knowledge="unknown"), Known)
False
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    Strict,
    StringConstraints,
)
from pydantic_core.core_schema import literal_schema

from attest import encoding, limits
from attest.countries import COUNTRIES
from attest.errors import InputError
from attest.lei import is_lei

T = TypeVar("T")


class Model(BaseModel):
    """The base of every document: strict, frozen, closed."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def _refuse_null(value: object) -> object:
    if value is None:
        raise ValueError("leave the member out")
    return value


def _day(value: object) -> object:
    try:
        return encoding.parse_date(value) if isinstance(value, str) else value
    except InputError as error:
        raise ValueError(error.detail) from None


def _instant(value: object) -> object:
    try:
        return encoding.parse_instant(value) if isinstance(value, str) else value
    except InputError as error:
        raise ValueError(error.detail) from None


def _whole_second_utc(value: dt.datetime) -> dt.datetime:
    if value.microsecond or value.utcoffset():
        raise ValueError("not a whole second in UTC")
    return value


def _fitting_lei(value: str) -> str:
    if not is_lei(value):
        raise ValueError("the check digits do not fit")
    return value


def _unique(items: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(items)) != len(items):
        raise ValueError("an item stands twice")
    return items


Maybe = Annotated[T | None, BeforeValidator(_refuse_null)]
"""A member that may be left out; its default is None."""

Array = Annotated[tuple[T, ...], Strict(False)]
"""A JSON array."""

UNIQUE: Final = AfterValidator(_unique)
"""Marks an array without repeated items; it stands behind the bounds of the array."""

_NO_BLANK_ENDS = r"^\S(.*\S)?$"

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_BLANK_ENDS)]
NameOrNone = Annotated[str, StringConstraints(max_length=200, pattern=r"^(\S(.*\S)?)?$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=_NO_BLANK_ENDS)]
Identifier = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[a-z0-9]+([-_.][a-z0-9]+)*$")
]
PartyId = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
RuleName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]{0,63}$")]
RuleText = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_NO_BLANK_ENDS)]
Expression = RuleText
AmbiguityId = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Z][A-Z0-9-]{0,31}$")]
Country = Annotated[
    str, GetPydanticSchema(lambda _source, _handler: literal_schema(sorted(COUNTRIES)))
]
Lei = Annotated[
    str,
    StringConstraints(max_length=20, pattern=r"^[0-9A-Z]{18}[0-9]{2}$"),
    AfterValidator(_fitting_lei),
    Field(json_schema_extra={"format": "lei"}),
]
"""A Legal Entity Identifier whose check digits fit (SPEC 1.11)."""
HexSha256 = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, StringConstraints(max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")]
Pointer = Annotated[str, StringConstraints(max_length=1000, pattern=r"^(/([^/~]|~[01])*)*$")]
Base64 = Annotated[str, StringConstraints(min_length=4, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]

Day = Annotated[
    dt.date,
    BeforeValidator(_day),
    Field(ge=dt.date(1000, 1, 1), le=dt.date(2999, 12, 31)),
]
"""A date of SPEC 1.4."""

Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    Field(
        ge=dt.datetime(1000, 1, 1, tzinfo=dt.UTC),
        le=dt.datetime(2999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    ),
    AfterValidator(_whole_second_utc),
]
"""An instant of SPEC 1.4: aware, UTC, whole seconds."""

FormatVersion = Annotated[int, Field(ge=1, le=1)]
Quantity = Annotated[int, Field(ge=1, le=limits.INTEGER_MAX)]
Amount = Annotated[int, Field(ge=0, le=limits.INTEGER_MAX)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]

Knowledge = Literal["first-hand", "supplier", "estimate"]
Mode = Literal["cfr_text", "bis_practice"]
Layer = Literal["law", "house"]
Confidence = Literal["A", "B", "C"]
Verdict = Literal["PASS", "HOLD", "FAIL"]


class Known(Model, Generic[T]):
    """A claim with a value and the ground on which its author knows it (SPEC 1.9)."""

    knowledge: Knowledge
    value: T


class Unknown(Model):
    """The statement of an author that they do not know (SPEC 1.9)."""

    knowledge: Literal["unknown"]


BY_KNOWLEDGE: Final = Field(discriminator="knowledge")
"""Tells the two forms of a claim apart: `Annotated[Known[…] | Unknown, BY_KNOWLEDGE]`."""

BooleanClaim = Annotated[Known[bool] | Unknown, BY_KNOWLEDGE]
CountryClaim = Annotated[Known[Country] | Unknown, BY_KNOWLEDGE]
QuantityClaim = Annotated[Known[Quantity] | Unknown, BY_KNOWLEDGE]
AmountClaim = Annotated[Known[Amount] | Unknown, BY_KNOWLEDGE]


class Signer(Model):
    """The natural person who signs, or who holds a key."""

    name: Name
    title: Name


class Validity(Model):
    """A statement counts within, both ends included."""

    not_before: Instant
    not_after: Instant


MustUnderstand = Annotated[Array[Name], Field(max_length=16)]
"""Names of extensions that the reader has to know (SPEC 1.10)."""
