"""What if: the same facts on another day, under other packs, in another mode; pure.

A question holds the packs, mode and days to try. An answer says what changes, and why: the verdict
before and after, each finding whose result is another one, the params and dated values behind it,
and the comparisons that turned. Nothing is decided and nothing recorded:

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
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from attest.encoding import Json
from attest.errors import InputError
from attest.rules.edition import Edition, Version, open_edition
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import Facts
from attest.rules.turns import DAY

VERDICTS: Final = ("PASS", "HOLD", "FAIL")
"""From good to bad."""

_PARAM: Final = re.compile(r"params\.[a-z0-9_]+")
_MODE: Final = "transaction.mode"
_VARIED: Final = frozenset({*DAY, _MODE})


class Moved(NamedTuple):
    """A value that a finding rests on and that is another one now.

    `citation` is that of a param's new version. A list of texts says what came and what went.
    """

    name: str
    before: int | str | bool | None
    after: int | str | bool | None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    citation: str = ""

    def to_json(self) -> dict[str, Json]:
        """The value as JSON; what there is none of is left out."""
        lists = self.added or self.removed
        written: dict[str, Json] = {"name": self.name}
        if lists:
            written |= {"added": list(self.added), "removed": list(self.removed)}
        else:
            written |= {"before": self.before, "after": self.after}
        return written | ({"citation": self.citation} if self.citation else {})


class Turned(NamedTuple):
    """A comparison with another result; `params` are those in it: name, value now, citation."""

    expr: str
    before: str
    after: str
    params: tuple[tuple[str, int | str | bool, str], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The comparison as JSON; `params` are left out where there is none."""
        written: dict[str, Json] = {"expr": self.expr, "before": self.before, "after": self.after}
        if self.params:
            written["params"] = [
                {"name": name, "value": value, "citation": citation}
                for name, value, citation in self.params
            ]
        return written


class Change(NamedTuple):
    """A rule whose result is another one: what it says now, and why.

    `before` and `after` are results (`pass`, `fail`, `unknown`, `n/a`), None where the packs have
    no such rule.
    """

    pack: str
    rule: str
    kind: str
    before: str | None
    after: str | None
    says: str
    citation: str
    moved: tuple[Moved, ...] = ()
    turned: tuple[Turned, ...] = ()
    clears_with: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The change as JSON; what there is none of is left out."""
        written: dict[str, Json] = {
            "pack": self.pack,
            "rule": self.rule,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "says": self.says,
            "citation": self.citation,
        }
        if self.moved:
            written["values"] = [each.to_json() for each in self.moved]
        if self.turned:
            written["turned"] = [each.to_json() for each in self.turned]
        if self.clears_with:
            written["clears_with"] = list(self.clears_with)
        return written


class After(NamedTuple):
    """What one variation, or one day of a calendar, gives.

    `before` is the verdict that it is compared with; `depends_on_reading` tells that an ambiguous
    point of the law, read otherwise, gives a rule another result.
    """

    on: dt.date | None
    before: str
    verdict: str
    depends_on_reading: bool = False
    changes: tuple[Change, ...] = ()

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

    def answer(self, facts: Facts, editions: Sequence[Edition]) -> Answer:
        """Answer for facts that stand under these editions."""


@dataclass(frozen=True, kw_only=True)
class Variations:
    """The same facts tried on each of these days; under other packs, in another mode, if given.

    A day stands for completion and decision alike. Without a day the facts keep their dates.
    `packs` are pack documents.
    """

    on: tuple[dt.date, ...] = ()
    packs: tuple[bytes, ...] = ()
    mode: str | None = None

    def answer(self, facts: Facts, editions: Sequence[Edition]) -> Answer:
        """See `Question.answer`.

        Raises:
            InputError: not-in-force (no pack is, on one of the days), facts-malformed.
            RuleError: a pack is broken.
        """
        others = [open_edition(raw) for raw in self.packs] or editions
        before = _Evaluated.of(facts, editions)
        after = []
        for day in self.on or (None,):
            if day is not None:
                check_in_force(others, day)
            tried = _Evaluated.of(varied(facts, on=day, mode=self.mode), others)
            after.append(_after(day, before, tried))
        return Answer(before.verdict, tuple(after))


@dataclass(frozen=True, kw_only=True)
class Span:
    """Every day after `first`, up to `until`, on which the verdict turns."""

    first: dt.date
    until: dt.date
    packs: tuple[bytes, ...] = ()
    mode: str | None = None

    def answer(self, facts: Facts, editions: Sequence[Edition]) -> Answer:
        """See `Question.answer`; there is one `After` for each day on which the verdict turns.

        Raises:
            InputError: not-in-force (no pack is, from some day on).
            RuleError: a pack is broken.
        """
        used = [open_edition(raw) for raw in self.packs] or editions
        check_in_force(used, self.first)
        first, until = self.first.toordinal(), self.until.toordinal()
        days = sorted(
            {
                day
                for each in used
                for day in each.turns.days(facts.values, first=first, until=until)
            }
        )
        standing = _Evaluated.of(varied(facts, on=self.first, mode=self.mode), used)
        start = standing.verdict
        after = []
        for day in map(dt.date.fromordinal, days):
            check_in_force(used, day)
            tried = _Evaluated.of(varied(facts, on=day, mode=self.mode), used)
            if tried.verdict != standing.verdict:
                after.append(_after(day, standing, tried))
            standing = tried
        return Answer(start, tuple(after))


def varied(facts: Facts, *, on: dt.date | None, mode: str | None) -> Facts:
    """The facts with another day of completion and decision, and another mode, where given."""
    changed: dict[str, Any] = {}
    if on is not None:
        changed = dict.fromkeys(DAY, on.toordinal())
    if mode is not None:
        changed[_MODE] = mode
    return Facts({**facts.values, **changed}) if changed else facts


def check_in_force(editions: Iterable[Edition], day: dt.date) -> None:
    """Refuse a day on which no pack is in force: no finding would be taken for a PASS.

    Raises:
        InputError: not-in-force.
    """
    if not any(each.pack.first <= day.toordinal() <= each.pack.last for each in editions):
        raise InputError("not-in-force", f"no rule pack is in force on {day.isoformat()}")


@dataclass(frozen=True)
class _Evaluated:
    """Facts, the editions that they stand under, and what those find."""

    facts: Facts
    editions: Sequence[Edition]
    findings: tuple[Finding, ...]
    verdict: str

    @staticmethod
    def of(facts: Facts, editions: Sequence[Edition]) -> _Evaluated:
        findings = tuple(finding for each in editions for finding in evaluate(each.pack, facts))
        return _Evaluated(facts, editions, findings, verdict_of(findings))

    def by_rule(self) -> dict[tuple[str, str], Finding]:
        return {(str(each.stated["pack"]), each.rule): each for each in self.findings}

    def version(self, pack: str, name: str) -> Version | None:
        for each in self.editions:
            if each.pack.id == pack:
                return each.version(name, self.facts)
        return None


def _after(day: dt.date | None, before: _Evaluated, tried: _Evaluated) -> After:
    return After(
        on=day,
        before=before.verdict,
        verdict=tried.verdict,
        depends_on_reading=any(
            flag.result not in (None, finding.result)
            for finding in tried.findings
            for flag in finding.flags
        ),
        changes=tuple(_changes(before, tried)),
    )


def _changes(before: _Evaluated, tried: _Evaluated) -> Iterable[Change]:
    if [_told(each) for each in before.findings] == [_told(each) for each in tried.findings]:
        return
    old, new = before.by_rule(), tried.by_rule()
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or _told(was) != _told(now):
            yield _change(key, was, now, before, tried)


def _told(finding: Finding) -> tuple[Any, ...]:
    return finding.stated["pack"], finding.rule, finding.result, finding.verdict


def _change(
    key: tuple[str, str],
    was: Finding | None,
    now: Finding | None,
    before: _Evaluated,
    tried: _Evaluated,
) -> Change:
    old = {} if was is None else was.to_json()
    new = {} if now is None else now.to_json()
    told = new or old
    tests = {each["expr"]: each["is"] for each in old.get("tests", [])}
    return Change(
        pack=key[0],
        rule=key[1],
        kind=told["kind"],
        before=old.get("result"),
        after=new.get("result"),
        says=new.get("says", ""),
        citation=told.get("citation") or old.get("citation", ""),
        moved=tuple(_moved(key[0], old.get("used", {}), new.get("used", {}), before, tried)),
        turned=tuple(
            Turned(
                expr=each["expr"],
                before=tests[each["expr"]],
                after=each["is"],
                params=tuple(_params(key[0], each["expr"], tried)),
            )
            for each in new.get("tests", [])
            if tests.get(each["expr"], each["is"]) != each["is"]
        ),
        clears_with=tuple(new.get("clears_with", [])) if new.get("verdict") != "PASS" else (),
    )


def _params(pack: str, expr: str, tried: _Evaluated) -> Iterable[tuple[str, Any, str]]:
    for name in dict.fromkeys(_PARAM.findall(expr)):
        version = tried.version(pack, name)
        if version is not None and not isinstance(version.value, list):
            yield name, version.value, version.citation


def _moved(
    pack: str,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    before: _Evaluated,
    tried: _Evaluated,
) -> Iterable[Moved]:
    for name in sorted({*old, *new} - _VARIED):
        if name.startswith("params."):
            was, now = before.version(pack, name), tried.version(pack, name)
            then, value = (None if each is None else each.value for each in (was, now))
            if then != value:
                yield _moved_value(name, then, value, "" if now is None else now.citation)
        elif name in old and name in new and old[name] != new[name]:
            yield _moved_value(name, old[name], new[name], "")


def _moved_value(name: str, then: Json, value: Json, citation: str) -> Moved:
    if isinstance(then, list) or isinstance(value, list):
        was, now = then or [], value or []
        return Moved(
            name=name,
            before=None,
            after=None,
            added=tuple(each for each in now if each not in was),
            removed=tuple(each for each in was if each not in now),
            citation=citation,
        )
    simple = [each if isinstance(each, int | str) else None for each in (then, value)]
    return Moved(name, simple[0], simple[1], citation=citation)
