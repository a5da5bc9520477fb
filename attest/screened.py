"""Screening the parties of a submission, and what it tells the rules (SPEC 10.7).

Screened are the parties and owners that the declaration names, and whoever signed a determination.
What their names, addresses and numbers are near to in the lists of the trust snapshot are hits; a
decision holds them, so that it can be read without the lists:

    "screening": {
      "edition": 1,
      "lists": [{"list": "EL", "as_of": "2026-07-31", "digest": "sha256:…"}],
      "hits": [{"role": "consignee", "name": "…", "party": "sha256:…", "list": "EL", "id": "…",
                "entry": "sha256:…", "listed": "…", "matched": "…", "kind": "name",
                "reason": "same-name", "score_permille": 1000, "footnotes": [4],
                "country": "CN", "address_only": true, "cleared": "sha256:…"}]}

`party` and `entry` are digests of what was compared: of all that the declaration says of the party
but its role, and of the whole entry. A review that shows the two to be different parties clears
that pair until its last day, and no longer than neither of them changes; `cleared` is its digest.

>>> from attest.screening.screener import Screener
>>> from attest.screening.snapshot import ListEntry, write_snapshot
>>> entry = ListEntry(list="EL", id="1", kind="entity", names=("Example Huaxin",), footnotes=(4,))
>>> raw = write_snapshot(code="EL", source="an example", source_digest=digest(b""),
...     as_of=dt.date(2026, 7, 31), entries=[entry])
>>> party = {"role": "consignee", "name": "EXAMPLE HUAXIN", "name_latin": "EXAMPLE HUAXIN"}
>>> found = screen([party], Screener([digest(raw)], {digest(raw): raw}), on=dt.date(2026, 8, 3))
>>> [(hit.listed, hit.reason) for hit in found.hits]
[('Example Huaxin', 'same-name')]
>>> found.facts(dt.date(2026, 8, 3))["screening.lists"]
({'list': 'EL', 'age_days': 3},)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from attest import limits
from attest.countries import COUNTRIES
from attest.encoding import Json, canonical, digest, parse_date
from attest.rules.facts import FactValue
from attest.screening.forms import forms
from attest.screening.match import EDITION, Candidate, Party
from attest.screening.names import Used
from attest.screening.screener import Screener
from attest.screening.snapshot import ListEntry, entry_digest

Pair = tuple[str, str]
"""The digests of a party and of an entry."""


class Clearance(NamedTuple):
    """A review that shows a pair to be different parties: its digest, and the last day of that."""

    review: str
    until: dt.date


class Cleared(Protocol):
    """What reviews have cleared, such as a mapping of pairs."""

    def get(self, pair: Pair, /) -> Clearance | None:
        """The newest clearance of a pair, None where there is none."""


NOTHING_CLEARED: Final[Mapping[Pair, Clearance]] = {}
SAME_NAME: Final = "same-name"
"""Why a name matched whose normal form is the listed one's."""


class Parties(NamedTuple):
    """Who can be looked for again: documents of parties, and what was found of them before.

    `known` are the pairs that were found, `cleared` what reviews had cleared of them.
    """

    documents: Sequence[Json] = ()
    known: frozenset[Pair] = frozenset()
    cleared: Mapping[Pair, Clearance] = NOTHING_CLEARED


class Hit(NamedTuple):
    """An entry that a party may be: its members are those of the decision (see the module).

    `footnotes`, `country` and `address_only` are the entry's, as far as rules ask for them.
    `cleared` is the digest of the review that clears the pair.
    """

    role: str
    name: str
    party: str
    list: str
    id: str
    entry: str
    listed: str
    matched: str
    kind: str
    reason: str
    score_permille: int
    footnotes: tuple[int, ...] = ()
    country: str | None = None
    address_only: bool = False
    cleared: str | None = None

    @property
    def pair(self) -> Pair:
        """What was compared."""
        return self.party, self.entry

    @property
    def certain(self) -> bool:
        """Whether a registration number makes the party the listed one."""
        return self.kind == "identifier"

    def to_json(self) -> dict[str, Json]:
        """The hit as a decision has it; what says nothing is left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._asdict().items()
            if value not in (None, (), False)
        }

    @property
    def open(self) -> bool:
        """Whether it is neither certain nor cleared."""
        return not self.certain and self.cleared is None


@dataclass(frozen=True)
class Screened:
    """What screening found, and in which lists; what nobody has cleared stands first.

    `edition` is that of the matcher (`attest.screening.match`).
    """

    lists: tuple[Used, ...]
    hits: tuple[Hit, ...]
    edition: int = EDITION

    @property
    def cleared(self) -> dict[Pair, Clearance]:
        """What had been cleared; for how long it was, a hit does not say."""
        return {
            hit.pair: Clearance(hit.cleared, dt.date.max)
            for hit in self.hits
            if hit.cleared is not None
        }

    def of(self, documents: Sequence[Json]) -> Parties:
        """The parties in which this was found."""
        return Parties(documents, frozenset(hit.pair for hit in self.hits), self.cleared)

    def facts(self, on: dt.date, parties: Iterable[Json] = ()) -> dict[str, FactValue]:
        """The facts that rules see on a day (docs/RULES.md section 6).

        A party is a listed one where a number says so. Where only a name is the same, and nobody
        has cleared it, what is listed is unknown. Where one of the `parties` has no name that can
        be compared, what was found is unknown too.
        """
        facts: dict[str, FactValue] = {
            "screening.lists": tuple(
                {"list": each.list, "age_days": (on - each.as_of).days} for each in self.lists
            ),
        }
        nameless = any(map(_nameless, parties))
        if not nameless:
            facts["screening.hits"] = tuple(map(_hit_fact, self.hits))
        certain = tuple(each for hit in self.hits if hit.certain for each in _listings(hit))
        namesake = any(hit.open and hit.reason == SAME_NAME for hit in self.hits)
        if certain or not (nameless or namesake):
            facts["party.listings"] = certain
        return facts

    def to_json(self) -> Json:
        """The member of a decision."""
        return {
            "edition": self.edition,
            "lists": [
                {"list": each.list, "as_of": each.as_of.isoformat(), "digest": each.digest}
                for each in self.lists
            ],
            "hits": [hit.to_json() for hit in self.hits],
        }


def screen(
    parties: Iterable[Json], lists: Screener, *, on: dt.date, cleared: Cleared = NOTHING_CLEARED
) -> Screened:
    """Screen parties: documents of the declaration's schema, or the beginning of one.

    Raises:
        TrustError: trust-incomplete (a list is missing).
        InputError: a list is not of its schema.
    """
    index = lists.index
    distinct: dict[str, Json] = {}
    for party in parties:
        distinct.setdefault(_identity(party), party)
    hits = [
        _hit(candidate, identity, party, index.entries[candidate.place], on=on, cleared=cleared)
        for identity, party in distinct.items()
        for candidate in index.candidates(_party(party))
    ]
    hits.sort(key=lambda hit: (hit.cleared is not None, -hit.score_permille))
    return Screened(index.used, tuple(hits[: limits.SCREENING_HITS_MAX]))


def recorded_screening(decision: Json) -> Screened:
    """What a decision says that screening found, nothing where it says nothing.

    `decision` is of the decision's schema.
    """
    recorded = decision.get("screening", {"edition": EDITION, "lists": [], "hits": []})
    return Screened(
        edition=recorded["edition"],
        lists=tuple(
            Used(each["list"], parse_date(each["as_of"]), each["digest"])
            for each in recorded["lists"]
        ),
        hits=tuple(
            Hit(**{**each, "footnotes": tuple(each.get("footnotes", ()))})
            for each in recorded["hits"]
        ),
    )


def _nameless(party: Json) -> bool:
    """Whether a party has no name with a letter or digit that can be compared."""
    return not any(forms(party[name]) for name in ("name", "name_latin"))


def _identity(party: Json) -> str:
    return digest(canonical({name: value for name, value in party.items() if name != "role"}))


def _party(party: Json) -> Party:
    headquarters = party.get("headquarters", {}).get("value", "")
    numbers = [(each["scheme"], each["value"]) for each in party.get("registration_ids", ())]
    if "lei" in party:
        numbers.append(("lei", party["lei"]))
    return Party(
        role=party["role"],
        names=tuple(dict.fromkeys((party["name"], party["name_latin"]))),
        addresses=(party["address"],) if "address" in party else (),
        country=headquarters,
        identifiers=tuple(numbers),
    )


def _hit(
    candidate: Candidate,
    identity: str,
    party: Json,
    entry: ListEntry,
    *,
    on: dt.date,
    cleared: Cleared,
) -> Hit:
    countries = entry.countries
    hit = Hit(
        role=party["role"],
        name=party["name"],
        party=identity,
        list=entry.list,
        id=entry.id,
        entry=entry_digest(entry),
        listed=candidate.listed,
        matched=candidate.matched,
        kind=candidate.kind,
        reason=candidate.reason,
        score_permille=candidate.score_permille,
        footnotes=tuple(sorted(set(entry.footnotes))),
        country=countries[0] if len(countries) == 1 and countries[0] in COUNTRIES else None,
        address_only=entry.address_only,
    )
    clearance = cleared.get(hit.pair)
    if hit.certain or clearance is None or clearance.until < on:
        return hit
    return hit._replace(cleared=clearance.review)


def _hit_fact(hit: Hit) -> FactValue:
    return {
        "listed": hit.listed,
        "role": hit.role,
        "list": hit.list,
        "kind": hit.kind,
        "reason": hit.reason,
        "score_permille": hit.score_permille,
        "cleared": hit.cleared is not None,
    }


def _listings(hit: Hit) -> Iterator[FactValue]:
    listing: dict[str, FactValue] = {
        "name": hit.listed,
        "role": hit.role,
        "list": hit.list,
        "address_only": hit.address_only,
    }
    if hit.country is not None:
        listing["country"] = hit.country
    if not hit.footnotes:
        yield listing
    for number in hit.footnotes:
        yield {**listing, "footnote": number}
