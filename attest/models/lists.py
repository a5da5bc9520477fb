"""Snapshots of lists of parties, as `schemas/v1/list.schema.json` says of them.

>>> ListIdentifier(scheme="imo", value="9125138").scheme
'imo'
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from attest.models.values import (
    UNIQUE,
    Array,
    Country,
    Day,
    Digest,
    FormatVersion,
    Identifier,
    Maybe,
    Model,
    Name,
)

ListCode = Annotated[str, StringConstraints(max_length=16, pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]
ListId = Annotated[str, StringConstraints(max_length=80, pattern=r"^[!-~]{1,80}$")]
ListText = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^\S(.*\S)?$")]
_ListTexts = Annotated[Array[ListText], Field(min_length=1, max_length=512), UNIQUE]
Footnotes = Annotated[
    Array[Annotated[int, Field(ge=1, le=9)]], Field(min_length=1, max_length=9), UNIQUE
]


class ListIdentifier(Model):
    """A number under which somebody registered a party."""

    scheme: ListText
    value: ListText


class ListRemark(Model):
    """What else the publication says of an entry."""

    name: Name
    text: ListText


class ListedParty(Model):
    """A party, vessel, aircraft or address of a list."""

    list: ListCode
    id: ListId
    kind: Literal["entity", "person", "vessel", "aircraft", "address", "unknown"]
    names: _ListTexts
    original: Maybe[_ListTexts] = None
    addresses: Maybe[_ListTexts] = None
    countries: Maybe[Annotated[Array[Country], Field(min_length=1, max_length=64), UNIQUE]] = None
    footnotes: Maybe[Footnotes] = None
    address_only: Maybe[Literal[True]] = None
    requirement: Maybe[ListText] = None
    policy: Maybe[ListText] = None
    citation: Maybe[ListText] = None
    identifiers: Maybe[
        Annotated[Array[ListIdentifier], Field(min_length=1, max_length=512), UNIQUE]
    ] = None
    remarks: Maybe[Annotated[Array[ListRemark], Field(min_length=1, max_length=512), UNIQUE]] = None
    flags: Maybe[Annotated[Array[Identifier], Field(min_length=1, max_length=16), UNIQUE]] = None


class NamedList(Model):
    """A snapshot of a list, named by its digest."""

    list: ListCode
    as_of: Day
    digest: Digest


class ListDocument(Model):
    """A published list of parties as it stood on a day."""

    v: FormatVersion
    list: ListCode
    source: Name
    source_digest: Digest
    as_of: Day
    entries: Annotated[Array[ListedParty], Field(min_length=1, max_length=200_000)]
