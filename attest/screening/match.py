"""Matching: whom of the listed a party may be, with a score and the reason.

>>> import datetime as dt
>>> entry = ListEntry(list="EL", id="1", kind="entity", names=("Huaxin Semiconductor Co., Ltd.",))
>>> index = Index.of([ListSnapshot(list="EL", source="an example", source_digest="x",
...     as_of=dt.date(2026, 7, 31), digest="x", entries=(entry,))])
>>> (found,) = index.candidates(Party("consignee", names=("華芯半導體有限公司",)))
>>> found.entry, found.matched, found.reason, found.score_permille
('1', 'Huaxin Semiconductor Co., Ltd.', 'transliteration', 990)

The score of a party and an entry is made of whole numbers and depends on these two alone: not on
the other entries, the order of snapshots, the version of Python or its Unicode database. What finds
candidates misses none that comparing every name would find. Reasons:

    same-identifier  an identifier of the same scheme and value
    same-name        the names have one key (`attest.screening.names`)
    same-words       the same words in any order, legal forms, marks and look-alikes apart
    transliteration  the same or near, one of them written in other letters
    part-of-name     the words of one are all among those of the other
    near-spelling    words a few slips apart, or alike in sound
    initials         with initials, a word cut short or words written together
    shared-words     most words are the same
    same-address     every word of the shorter address, and the house, are those of a listed address
    near-address     most of them are

`docs/screening.md` says what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from attest.screening.addresses import Places, address
from attest.screening.blocking import Names
from attest.screening.forms import Form, forms
from attest.screening.names import Used, in_order, key
from attest.screening.scoring import SAME, SAME_WORDS
from attest.screening.snapshot import ListEntry, ListSnapshot

EDITION: Final = 1
"""What any pair scores under an edition never changes: a change of code, tables or libraries that
changes a score is a new edition."""
FLOOR: Final = 550
"""What scores less is no candidate."""
HOLD_PERMILLE: Final = 700
"""Where a person should look: the highest threshold at which 95 of 100 labelled pairs of names that
are one are found."""
_REMEMBERED: Final = 1 << 14
"""How many names an index remembers the entries of."""

Kind = Literal["identifier", "name", "address"]


class Party(NamedTuple):
    """A party of a transaction, as far as it can be looked up.

    `names` in its own script and in Latin letters; `identifiers` of scheme and value. `country` is
    for whoever reads the candidates: a namesake in another country is found all the same.
    """

    role: str
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    country: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()


class Candidate(NamedTuple):
    """A listed entry that a party may be: its first name, what of it matched, and why.

    `place` is that of the entry in `Index.entries`.
    """

    role: str
    list: str
    entry: str
    listed: str
    matched: str
    kind: Kind
    reason: str
    score_permille: int
    place: int


class _Found(NamedTuple):
    """An entry by its place, and what of it matched."""

    place: int
    matched: str
    reason: str
    permille: int


_Bearers = list[tuple[int, str]]
"""Places of entries, and what of each is meant."""


class Index:
    """The entries of snapshots, at most one of a list, ready to be searched.

    `used` are the snapshots by list; `entries` stand by snapshot, list and identifier.
    """

    def __init__(self, used: tuple[Used, ...], entries: tuple[ListEntry, ...]) -> None:
        self.used: Final = used
        self.entries: Final = entries
        self._identifiers: Final[dict[tuple[str, str], _Bearers]] = {}
        self._unread: Final[dict[str, _Bearers]] = {}
        self._places: Final[_Bearers] = []
        bearers: dict[Form, _Bearers] = {}
        read: dict[str, tuple[Form, ...]] = {}
        for place, entry in enumerate(entries):
            for scheme, value in entry.identifiers:
                bearing = self._identifiers.setdefault((key(scheme), key(value)), [])
                bearing.append((place, value))
            if entry.address_only:
                self._places.extend((place, text) for text in entry.addresses)
                continue
            for name in dict.fromkeys((*entry.names, *entry.original)):
                if name not in read:
                    read[name] = forms(name)
                for form in read[name]:
                    bearers.setdefault(form, []).append((place, name))
                if not read[name]:
                    self._unread.setdefault(key(name), []).append((place, name))
        self._addresses: Final = Places([address(text) for _, text in self._places])
        self._names: Final = tuple(
            (Names(part, loose=loose), [bearers[form] for form in part])
            for loose in (False, True)
            if (part := [form for form in bearers if form.loose == loose])
        )
        self._named: Final = lru_cache(maxsize=_REMEMBERED)(self._find_name)

    @classmethod
    def of(cls, snapshots: Iterable[ListSnapshot]) -> Index:
        """Index snapshots; their order does not matter.

        Raises:
            InputError: list-malformed (two snapshots of one list).
        """
        ordered, used = in_order(snapshots)
        return cls(used, tuple(entry for snapshot in ordered for entry in snapshot.entries))

    def candidates(self, party: Party) -> tuple[Candidate, ...]:
        """The entries that a party may be, each with its best score and the reason of that.

        All that score FLOOR or more, by falling score, then by list and identifier.
        """
        best: dict[int, Candidate] = {}
        for kind, found in self._find(party):
            before = best.get(found.place)
            if before is None or before.score_permille < found.permille:
                entry = self.entries[found.place]
                best[found.place] = Candidate(
                    party.role, entry.list, entry.id, entry.names[0], found.matched, kind,
                    found.reason, found.permille, found.place,
                )  # fmt: skip
        return tuple(
            sorted(best.values(), key=lambda each: (-each.score_permille, each.list, each.entry))
        )

    def _find(self, party: Party) -> Iterator[tuple[Kind, _Found]]:
        for scheme, value in party.identifiers:
            for place, matched in self._identifiers.get((key(scheme), key(value)), ()):
                yield "identifier", _Found(place, matched, "same-identifier", SAME)
        for name in party.names:
            for found in self._named(name):
                yield "name", found
        for text in party.addresses:
            for at, permille in self._addresses.find(address(text), floor=FLOOR):
                reason = "same-address" if permille == SAME else "near-address"
                yield "address", _Found(*self._places[at], reason, permille)

    def _find_name(self, name: str) -> tuple[_Found, ...]:
        """The entries that a name may be of, the best of each."""
        wanted = key(name)
        best: dict[int, _Found] = {}
        for place, matched in self._unread.get(wanted, ()) if wanted else ():
            best[place] = _Found(place, matched, "same-name", SAME)
        for form in forms(name):
            for names, bearers in self._names:
                for at, (permille, reason) in names.find(form, floor=FLOOR):
                    for place, matched in bearers[at]:
                        found = _Found(place, matched, reason, permille)
                        if permille == SAME_WORDS and key(matched) == wanted:
                            found = _Found(place, matched, "same-name", SAME)
                        if place not in best or best[place].permille < found.permille:
                            best[place] = found
        return tuple(best[place] for place in sorted(best))
