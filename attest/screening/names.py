"""Names of parties: their normal form, and who of the parties of a product a list names.

Two names are one when their keys are equal. A key is the name in Unicode's form NFKC, casefolded,
without hidden and bidirectional characters, variation selectors, controls, punctuation and blanks:

>>> key("Sugon  Example, Co. Ltd.") == key("SUGON EXAMPLE CO LTD")
True

Nothing else is done. Accents, legal forms, word order and spelling count, so that a name that is
merely near is not found here; and a namesake in another country is found:

>>> key("Sugon Example Company Limited") == key("Sugon Example Co Ltd")
False

An index of snapshots gives the fact `party.listings` (docs/RULES.md section 6) of parties:

>>> import datetime as dt
>>> from attest.screening.snapshot import ListEntry
>>> entry = ListEntry(list="EL", id="1", kind="entity", names=("Sugon", "Dawning"), footnotes=(4,))
>>> listed = Listed.of([ListSnapshot(list="EL", source="an example", source_digest="x",
...     as_of=dt.date(2026, 7, 31), digest="x", entries=(entry,))])
>>> listed.listings([Named("consignee", "DAWNING"), Named("end-user", "Example Cloud")])
({'name': 'Sugon', 'role': 'consignee', 'list': 'EL', 'address_only': False, 'footnote': 4},)
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from attest.countries import COUNTRIES
from attest.encoding import Json
from attest.errors import InputError
from attest.screening.letters import VARIATIONS, of_known
from attest.screening.snapshot import ListEntry, ListSnapshot

_DROPPED: Final = frozenset(
    ("Cc", "Cf", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl", "Zp", "Zs")
)
_ROUNDS: Final = 2
"""What casefolding makes, or dropping brings together, is composed in the second round."""

Listing = Mapping[str, str | int | bool]
"""A listing as the fact `party.listings` holds it."""


class Named(NamedTuple):
    """One name of a party, and the role in which it is named."""

    role: str
    name: str


class Used(NamedTuple):
    """A snapshot that an index was made of."""

    list: str
    as_of: dt.date
    digest: str

    @classmethod
    def of(cls, snapshot: ListSnapshot) -> Used:
        """The name of a snapshot."""
        return cls(snapshot.list, snapshot.as_of, snapshot.digest)


def key(name: str) -> str:
    """The form in which names are compared; empty for a name without a letter, digit or symbol."""
    return of_known(_key, name)


def _key(name: str) -> str:
    for _ in range(_ROUNDS):
        folded = unicodedata.normalize("NFKC", name).casefold()
        kept = (each for each in folded if unicodedata.category(each) not in _DROPPED)
        name = unicodedata.normalize("NFKC", VARIATIONS.sub("", "".join(kept)))
    return name


def in_order(snapshots: Iterable[ListSnapshot]) -> tuple[list[ListSnapshot], tuple[Used, ...]]:
    """Snapshots by list, at most one of each, and what names them.

    Raises:
        InputError: list-malformed (two snapshots of one list).
    """
    ordered = sorted(snapshots, key=lambda each: each.list)
    if len({each.list for each in ordered}) < len(ordered):
        raise InputError("list-malformed", "two snapshots are of one list")
    return ordered, tuple(map(Used.of, ordered))


def names_of(parties: Iterable[Json]) -> tuple[Named, ...]:
    """Every name of the parties of a declaration, in their order; they follow its schema."""
    return tuple(
        Named(party["role"], party[member])
        for party in parties
        for member in ("name", "name_latin")
        if party[member]
    )


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Snapshots, at most one of a list, by the keys of all the names in them.

    `used` are the snapshots by list. `by_key` maps a key to places in `entries`, which holds the
    listings of each entry, all without a role; entries stand by snapshot, list and identifier.
    """

    used: tuple[Used, ...]
    entries: tuple[tuple[Listing, ...], ...]
    by_key: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, snapshots: Iterable[ListSnapshot]) -> Listed:
        """Index snapshots; their order does not matter.

        Raises:
            InputError: list-malformed (two snapshots of one list).
        """
        ordered, used = in_order(snapshots)
        entries = [entry for snapshot in ordered for entry in snapshot.entries]
        places: dict[str, list[int]] = {}
        for place, entry in enumerate(entries):
            for each in {key(name) for name in (*entry.names, *entry.original)} - {""}:
                places.setdefault(each, []).append(place)
        return cls(
            used=used,
            entries=tuple(map(_listings, entries)),
            by_key={each: tuple(places[each]) for each in sorted(places)},
        )

    def listings(self, names: Sequence[Named]) -> tuple[Listing, ...] | None:
        """The listings of whoever bears these names, None where nobody is named.

        A listing stands once for an entry and each footnote of it, with the role of the first of
        the names that is one of its own. An entry without a footnote gives a listing without.
        """
        keys = [(role, key(name)) for role, name in names]
        roles: dict[int, str] = {}
        for role, each in keys:
            for place in self.by_key.get(each, ()):
                roles.setdefault(place, role)
        if not any(each for _, each in keys):
            return None
        return tuple(
            _in_role(listing, roles[place])
            for place in sorted(roles)
            for listing in self.entries[place]
        )


def _listings(entry: ListEntry) -> tuple[Listing, ...]:
    members: dict[str, str | int | bool] = {
        "name": entry.names[0],
        "list": entry.list,
        "address_only": entry.address_only,
    }
    if len(entry.countries) == 1 and entry.countries[0] in COUNTRIES:
        members["country"] = entry.countries[0]
    if not entry.footnotes:
        return (members,)
    return tuple({**members, "footnote": number} for number in sorted(set(entry.footnotes)))


def _in_role(listing: Listing, role: str) -> Listing:
    return {"name": listing["name"], "role": role, **listing}
