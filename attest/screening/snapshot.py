"""Snapshots of lists: one published list of one day, normalised, in one canonical form.

A snapshot is canonical JSON of `schemas/v1/list.schema.json`; its digest is that of its bytes:

    {"v": 1, "list": "EL", "source": "…", "source_digest": "sha256:…", "as_of": "2026-07-31",
     "entries": [{"list": "EL", "id": "…", "kind": "entity", "names": ["…"], …}, …]}

A member that has nothing to say is left out. Entries ascend by list and identifier, and no two have
both in common, so that one list has one snapshot whatever the order of its publication:

>>> entry = ListEntry(list="SDN", id="306", kind="entity", names=("BANCO NACIONAL DE CUBA", "BNC"))
>>> written = write_snapshot(
...     code="SDN", source="an example", source_digest=encoding.digest(b""),
...     as_of=dt.date(2026, 7, 31), entries=[entry])
>>> snapshot = read_snapshot(written)
>>> snapshot.digest == encoding.digest(written), snapshot.entries == (entry,)
(True, True)
>>> snapshot.age_days(dt.date(2026, 8, 3))
3

A snapshot holds what was published, blanks tidied and hidden characters taken out, and no more: how
names are compared is a matter of matching, so that a better matcher needs no new snapshot.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.errors import InputError

Kind = Literal["entity", "person", "vessel", "aircraft", "address", "unknown"]

_TEXT_BYTES_MAX: Final = 4 * 4096
"""UTF-8 bytes of the longest text that the schema lets in: 4,096 characters of four bytes."""


class Identifier(NamedTuple):
    """A number under which somebody registered the party: `("imo", "9125138")`."""

    scheme: str
    value: str


class Remark(NamedTuple):
    """What else the publication says of an entry: its column or member, and the text there."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One party, vessel, aircraft or address of a list.

    `names` are the listed name, then every alias and former name; `original` those in their own
    script. `footnotes` are those of the Entity List. `address_only` marks an entry that lists an
    address and no party. `flags` name what a person should know about the reading of the entry:
    see `attest.screening.importers`.
    """

    list: str
    id: str
    kind: Kind
    names: tuple[str, ...]
    original: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    footnotes: tuple[int, ...] = ()
    address_only: bool = False
    requirement: str = ""
    policy: str = ""
    citation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    remarks: tuple[Remark, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSnapshot:
    """A list as it stood on a day; `list` is a code such as EL, or CSL for many lists in one."""

    list: str
    source: str
    source_digest: str
    as_of: dt.date
    digest: str
    entries: tuple[ListEntry, ...]

    def age_days(self, day: dt.date) -> int:
        """Days from the snapshot to a day; negative before it."""
        return (day - self.as_of).days


_ARRAYS: Final = ("original", "addresses", "countries", "footnotes", "flags")
_TEXTS: Final = ("requirement", "policy", "citation")


def write_snapshot(
    *, code: str, source: str, source_digest: str, as_of: dt.date, entries: Iterable[ListEntry]
) -> bytes:
    """The bytes of a snapshot of the list with that code.

    `source` says to people what was imported; `source_digest` is that of the publication's bytes.

    Raises:
        InputError: schema-violation, too-large, list-malformed (two entries with one identifier).
    """
    documents = [
        _entry_to_json(entry) for entry in sorted(entries, key=lambda each: (each.list, each.id))
    ]
    document = {
        "v": 1,
        "list": code,
        "source": source,
        "source_digest": source_digest,
        "as_of": as_of.isoformat(),
        "entries": documents,
    }
    raw = encoding.canonical(document)
    if len(raw) > limits.BODY_BYTES_MAX:
        raise InputError("too-large", f"the snapshot is over {limits.BODY_BYTES_MAX} bytes")
    schemas.validate("list", document)
    _check_order(documents)
    return raw


def read_snapshot(raw: bytes) -> ListSnapshot:
    """Open a snapshot: strict JSON of the schema, in canonical form, entries in order.

    Raises:
        InputError: every json code of `encoding.loads`, too-large, schema-violation,
            list-malformed (not canonical; entries out of order or with one identifier).
    """
    document = encoding.loads(
        raw, bytes_max=limits.BODY_BYTES_MAX, string_bytes_max=_TEXT_BYTES_MAX
    )
    schemas.validate("list", document)
    if encoding.canonical(document) != raw:
        raise InputError("list-malformed", "the snapshot is not in canonical form")
    _check_order(document["entries"])
    return ListSnapshot(
        list=document["list"],
        source=document["source"],
        source_digest=document["source_digest"],
        as_of=encoding.parse_date(document["as_of"]),
        digest=encoding.digest(raw),
        entries=tuple(_entries(document["entries"])),
    )


def entry_digest(entry: ListEntry) -> str:
    """The digest of an entry's canonical JSON: another one as soon as anything in it changes."""
    return encoding.digest(encoding.canonical(_entry_to_json(entry)))


def _check_order(entries: list[Json]) -> None:
    before = ("", "")
    for index, entry in enumerate(entries):
        place = (entry["list"], entry["id"])
        if place <= before:
            raise InputError(
                "list-malformed",
                "entries ascend by list and id, and no two have both in common",
                pointer=f"/entries/{index}",
            )
        before = place


def _entry_to_json(entry: ListEntry) -> Json:
    document: dict[str, Json] = {
        "list": entry.list,
        "id": entry.id,
        "kind": entry.kind,
        "names": [*entry.names],
    }
    for member in _ARRAYS:
        if items := getattr(entry, member):
            document[member] = [*items]
    for member in _TEXTS:
        if text := getattr(entry, member):
            document[member] = text
    if entry.address_only:
        document["address_only"] = True
    if entry.identifiers:
        document["identifiers"] = [each._asdict() for each in entry.identifiers]
    if entry.remarks:
        document["remarks"] = [each._asdict() for each in entry.remarks]
    return document


def _entries(documents: list[Json]) -> Iterator[ListEntry]:
    for document in documents:
        read = document.get
        yield ListEntry(
            list=document["list"],
            id=document["id"],
            kind=document["kind"],
            names=tuple(document["names"]),
            original=tuple(read("original", ())),
            addresses=tuple(read("addresses", ())),
            countries=tuple(read("countries", ())),
            footnotes=tuple(read("footnotes", ())),
            address_only=read("address_only", False),
            requirement=read("requirement", ""),
            policy=read("policy", ""),
            citation=read("citation", ""),
            identifiers=tuple(
                Identifier(each["scheme"], each["value"]) for each in read("identifiers", ())
            ),
            remarks=tuple(Remark(each["name"], each["text"]) for each in read("remarks", ())),
            flags=tuple(read("flags", ())),
        )
