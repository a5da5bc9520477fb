"""What if: the same facts on another day, under other packs or lists, in another mode; pure.

A question holds the packs, mode, lists and days to try. An answer says what changes, and why: the
verdict before and after, each finding whose result is another one, the params and dated values
behind it, and the comparisons that turned. Nothing is decided and nothing recorded:

>>> from attest.encoding import canonical
>>> from attest.rules.facts import facts_from_json
>>> says = {"pass": "In time.", "fail": "Too late.", "unknown": "Not known."}
>>> rule = {"name": "in_time", "title": "In time", "kind": "test", "versions": [{
...     "from": "2025-01-31", "tested_on": "completion", "citation": "House rule 1",
...     "confidence": "A", "as_of": "2026-07-23", "on_fail": "HOLD", "says": says,
...     "holds": "transaction.completion_date < record.sale_date + params.grace"}]}
>>> grace = {"name": "grace", "type": "int", "tested_on": "completion", "versions": [{
...     "from": "2025-01-31", "value": 30, "citation": "House rule 2", "confidence": "A",
...     "as_of": "2026-07-23"}]}
>>> edition = open_edition(canonical({"v": 1, "engine": 1, "id": "house", "edition": "2026-11-24",
...     "layer": "house", "title": "House", "effective": {"from": "2026-01-01"}, "params": [grace],
...     "definitions": [], "ambiguities": [], "rules": [rule]}))
>>> facts = facts_from_json({"record": {"sale_date": "2026-12-01"}, "transaction": {
...     "completion_date": "2026-12-15", "decision_date": "2026-11-24"}})
>>> before, (after,) = Variations(on=(dt.date(2027, 1, 4),)).answer(facts, [edition])
>>> before, after.verdict, after.changes[0].says
('PASS', 'HOLD', 'Too late.')

A calendar asks for every coming day instead. It tries only the days of `attest.rules.turns`, which
gives the same as trying each of them:

>>> span = Span(first=dt.date(2026, 11, 24), until=dt.date(2029, 11, 24))
>>> [(turn.on.isoformat(), turn.verdict) for turn in span.answer(facts, [edition]).after]
[('2026-12-31', 'HOLD')]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol

from attest.encoding import Json
from attest.errors import InputError
from attest.ledger import Shipment, with_ledger
from attest.rules.compare import Change, Evaluated, changes
from attest.rules.edition import Edition, open_edition
from attest.rules.facts import Facts
from attest.rules.turns import DAY
from attest.screened import Hit, Parties, screen
from attest.screening.screener import Screener

VERDICTS: Final = ("PASS", "HOLD", "FAIL")
"""From good to bad."""

_MODE: Final = "transaction.mode"
_DECIDED: Final = "transaction.decision_date"
_SCREENED: Final = ("party.listings", "screening.lists", "screening.hits")
_NAMES: Final = (
    ("designer", "declared.designer_name"),
    ("osat", "declared.packager_name"),
    ("foundry", "fabricator.attester_name"),
    ("osat", "osat.attester_name"),
    ("consignee", "trade.consignee_name"),
    ("ultimate-parent", "trade.ultimate_parent_name"),
)
"""The facts that name a party, and its role there."""

NOBODY: Final = Parties()


class After(NamedTuple):
    """What one variation, or one day of a calendar, gives.

    `before` is the verdict that it is compared with; `depends_on_reading` tells that an ambiguous
    point of the law, read otherwise, gives a rule another result. `found` are hits in the lists
    that are tried which were not found before, cleared ones left out.
    """

    on: dt.date | None
    before: str
    verdict: str
    depends_on_reading: bool = False
    changes: tuple[Change, ...] = ()
    found: tuple[Hit, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether the verdict is a worse one than before."""
        return VERDICTS.index(self.verdict) > VERDICTS.index(self.before)


class Answer(NamedTuple):
    """The verdict on the facts as they are, and what each variation or turning day gives."""

    before: str
    after: tuple[After, ...]


class Question(Protocol):
    """Something to ask of any set of facts; pickles, so that processes can share the work."""

    def answer(
        self, facts: Facts, editions: Sequence[Edition], parties: Parties = NOBODY
    ) -> Answer:
        """Answer for facts that stand under these editions.

        `parties` are those that were screened; nobody where no declaration stands behind the facts.
        """


@dataclass(frozen=True, kw_only=True)
class Variations:
    """The same facts tried under each of these lists, on each of these days; all as far as given.

    A day stands for completion and decision alike. Without a day the facts keep their dates.
    `packs` are pack documents, tried in place of the editions, as is `mode`. With `shipments` the
    facts `ledger.*` are those of the day. Under lists the parties are looked for in them, as of the
    day that the facts have: see `under_lists`.
    """

    on: tuple[dt.date, ...] = ()
    lists: tuple[Screener, ...] = ()
    packs: tuple[bytes, ...] = ()
    mode: str | None = None
    shipments: tuple[Shipment, ...] | None = None

    @property
    def tried(self) -> tuple[tuple[Screener | None, dt.date | None], ...]:
        """The lists and the day of each variation, in the order of the answer's `after`."""
        return tuple((lists, day) for lists in self.lists or (None,) for day in self.on or (None,))

    def answer(
        self, facts: Facts, editions: Sequence[Edition], parties: Parties = NOBODY
    ) -> Answer:
        """See `Question.answer`; there is one `After` for each of `tried`.

        Raises:
            InputError: not-in-force (no pack is, on one of the days), facts-malformed.
            RuleError: a pack is broken.
        """
        others = [open_edition(raw) for raw in self.packs] or editions
        before = tried = Evaluated.of(varied(facts, shipments=self.shipments), editions)
        under = {each: under_lists(facts, each, parties) for each in self.lists}
        after = []
        for lists, day in self.tried:
            if day is not None:
                check_in_force(others, day)
            listed, found = (facts, ()) if lists is None else under[lists]
            moved = varied(listed, on=day, mode=self.mode, shipments=self.shipments)
            tried = tried.again(moved, others)
            after.append(_after(day, before, tried, found))
        return Answer(before.verdict, tuple(after))


@dataclass(frozen=True, kw_only=True)
class Span:
    """Every day after `first`, up to `until`, on which the verdict turns; else as `Variations`."""

    first: dt.date
    until: dt.date
    packs: tuple[bytes, ...] = ()
    mode: str | None = None
    shipments: tuple[Shipment, ...] | None = None

    def answer(
        self,
        facts: Facts,
        editions: Sequence[Edition],
        parties: Parties = NOBODY,  # noqa: ARG002 - lists do not change with the day
    ) -> Answer:
        """See `Question.answer`; there is one `After` for each day on which the verdict turns.

        Raises:
            InputError: not-in-force (no pack is, from some day on).
            RuleError: a pack is broken.
        """
        used = [open_edition(raw) for raw in self.packs] or editions
        standing = Evaluated.of(self._on(self.first, facts, used), used)
        start = standing.verdict
        after = []
        for day in self._days(facts, used):
            tried = standing.again(self._on(day, facts, used), used)
            if tried.verdict != standing.verdict:
                after.append(_after(day, standing, tried))
            standing = tried
        return Answer(start, tuple(after))

    def _on(self, day: dt.date, facts: Facts, editions: Sequence[Edition]) -> Facts:
        check_in_force(editions, day)
        return varied(facts, on=day, mode=self.mode, shipments=self.shipments)

    def _days(self, facts: Facts, editions: Sequence[Edition]) -> list[dt.date]:
        """The days to try: those on which the ledger has other figures, and the turns between."""
        first, until = self.first.toordinal(), self.until.toordinal()
        cuts = set()
        if self.shipments is not None:
            cuts = {dt.date(year, 1, 1) for year in range(self.first.year, self.until.year + 1)}
            cuts |= {each.completion_date for each in self.shipments}
        days = sorted(each.toordinal() for each in cuts if self.first < each <= self.until)
        found = set(days)
        for start, stop in pairwise([first, *days, until + 1]):
            on = dt.date.fromordinal(start)
            values = varied(facts, on=on, shipments=self.shipments).values
            for each in editions:
                found |= set(each.turns.days(values, first=start, until=stop - 1))
        return list(map(dt.date.fromordinal, sorted(found)))


def varied(
    facts: Facts,
    *,
    on: dt.date | None = None,
    mode: str | None = None,
    shipments: Sequence[Shipment] | None = None,
) -> Facts:
    """The facts on another day of completion and decision, in another mode, after shipments.

    Raises:
        InputError: facts-malformed (the facts state themselves what the shipments are for).
    """
    changed: dict[str, Any] = {} if on is None else dict.fromkeys(DAY, on.toordinal())
    if mode is not None:
        changed[_MODE] = mode
    moved = Facts({**facts.values, **changed})
    return moved if shipments is None else with_ledger(moved, shipments)


def under_lists(
    facts: Facts, lists: Screener, parties: Parties = NOBODY
) -> tuple[Facts, tuple[Hit, ...]]:
    """The facts as if the parties had been looked for in these lists, that day; and new hits.

    Without `parties` those that the facts name are looked for, by their names alone, stated
    listings among them; a stated listing without a name stays, for nobody can look it up. Where
    nobody is named nothing is known. Owners are no parties: what is stated of them stays.

    Raises:
        TrustError, InputError: what `screen` raises.
    """
    values = {name: value for name, value in facts.values.items() if name not in _SCREENED}
    stated: Any = facts.values.get("party.listings", ()) if not parties.documents else ()
    documents = parties.documents or _named(facts, stated)
    if not documents:
        return Facts(values), ()
    day: Any = facts.values.get(_DECIDED)
    on = lists.index.used[0].as_of if day is None else dt.date.fromordinal(day)
    screened = screen(documents, lists, on=on, cleared=parties.cleared)
    found = screened.facts(on, documents)
    nameless = tuple(each for each in stated if "name" not in each)
    listings: Any = found.get("party.listings")
    if listings is not None or nameless:
        found["party.listings"] = (*(listings or ()), *nameless)
    new = (hit for hit in screened.hits if hit.pair not in parties.known and not hit.cleared)
    return Facts({**values, **found}), tuple(new)


def _named(facts: Facts, stated: Sequence[Any]) -> list[Json]:
    named = [(role, facts.values[name]) for role, name in _NAMES if name in facts.values]
    named += [(each.get("role", "other"), each["name"]) for each in stated if "name" in each]
    return [{"role": role, "name": name, "name_latin": name} for role, name in named]


def check_in_force(editions: Iterable[Edition], day: dt.date) -> None:
    """Refuse a day on which no pack is in force: no finding would be taken for a PASS.

    Raises:
        InputError: not-in-force.
    """
    if not any(each.pack.first <= day.toordinal() <= each.pack.last for each in editions):
        raise InputError("not-in-force", f"no rule pack is in force on {day.isoformat()}")


def _after(
    day: dt.date | None, before: Evaluated, tried: Evaluated, found: tuple[Hit, ...] = ()
) -> After:
    return After(
        on=day,
        before=before.verdict,
        verdict=tried.verdict,
        depends_on_reading=tried.depends_on_reading,
        changes=tuple(changes(before, tried)),
        found=found,
    )
