"""Two evaluations compared: which rules have another result, and why.

Compared are the same facts on two days, in two modes, or under two editions. A change carries what
the rule says now with its citation; the params and other values that are new, a param with the
citation of its new version; and the comparisons that turned.

>>> Moved("params.limit", 30, 35, citation="Note 1.b").to_json()
{'name': 'params.limit', 'before': 30, 'after': 35, 'citation': 'Note 1.b'}
>>> Moved("params.places", None, None, added=("AE",)).to_json()
{'name': 'params.places', 'added': ['AE'], 'removed': []}

`attest.whatif` is the caller; its page shows whole changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from attest.encoding import Json
from attest.rules.edition import Edition, Version
from attest.rules.evaluate import Finding, verdict_of
from attest.rules.facts import Facts
from attest.rules.results import Results
from attest.rules.turns import DAY

_PARAM: Final = re.compile(r"params\.[a-z0-9_]+")
_VARIED: Final = frozenset({*DAY, "transaction.mode"})
_NO_FINDING: Final = Finding(stated={}, result="", says="", used={})


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


@dataclass(frozen=True)
class Evaluated:
    """Facts, the editions that they stand under, and the results under each of these."""

    facts: Facts
    editions: Sequence[Edition]
    results: tuple[Results, ...]

    @staticmethod
    def of(facts: Facts, editions: Sequence[Edition]) -> Evaluated:
        """Evaluate facts under editions, in their order.

        Raises:
            InputError: facts-malformed (completion or decision date is absent).
        """
        return Evaluated(facts, editions, tuple(Results.of(each.pack, facts) for each in editions))

    def again(self, facts: Facts, editions: Sequence[Edition]) -> Evaluated:
        """The same as `of`, from what differs.

        Raises:
            InputError: facts-malformed (completion or decision date is absent).
        """
        known = {each.pack: each for each in self.results}
        results = [
            known[each.pack].after(facts) if each.pack in known else Results.of(each.pack, facts)
            for each in editions
        ]
        return Evaluated(facts, editions, tuple(results))

    @cached_property
    def verdict(self) -> str:
        return verdict_of(found.concluded for each in self.results for found in each.found.values())

    @property
    def depends_on_reading(self) -> bool:
        """Whether an ambiguous point of the law, read otherwise, gives a rule another result."""
        return any(found.otherwise for each in self.results for found in each.found.values())

    def outcomes(self) -> dict[tuple[str, str], tuple[str, str | None]]:
        """Result and verdict by pack and rule."""
        return {
            (each.pack.id, node.removeprefix("rule.")): (concluded.result, concluded.verdict)
            for each in self.results
            for node, (concluded, _) in each.found.items()
        }

    def finding(self, pack: str, rule: str) -> Finding:
        """What is found for a rule; an empty finding where there is none."""
        for each in self.results:
            if each.pack.id == pack:
                return each.finding(f"rule.{rule}") or _NO_FINDING
        return _NO_FINDING

    def version(self, pack: str, name: str) -> Version | None:
        for each in self.editions:
            if each.pack.id == pack:
                return each.version(name, self.facts)
        return None


def changes(before: Evaluated, tried: Evaluated) -> Iterator[Change]:
    """The rules with another result, in the order in which they were evaluated."""
    if all(map(_same, before.results, tried.results)) and len(before.results) == len(tried.results):
        return
    old, new = before.outcomes(), tried.outcomes()
    for key in dict.fromkeys((*new, *old)):
        if old.get(key) != new.get(key):
            yield _change(key, before, tried)


def _same(before: Results, tried: Results) -> bool:
    return before.pack.id == tried.pack.id and before.found == tried.found


def _change(key: tuple[str, str], before: Evaluated, tried: Evaluated) -> Change:
    pack, rule = key
    was, now = before.finding(*key), tried.finding(*key)
    told = now.stated or was.stated
    tests = dict(was.tests)
    return Change(
        pack=pack,
        rule=rule,
        kind=told["kind"],
        before=was.result or None,
        after=now.result or None,
        says=now.says,
        citation=told.get("citation") or was.stated.get("citation", ""),
        moved=tuple(_moved(pack, was.used, now.used, before, tried)),
        turned=tuple(
            Turned(
                expr=expr,
                before=tests[expr],
                after=result,
                params=tuple(_params(pack, expr, tried)),
            )
            for expr, result in now.tests
            if tests.get(expr, result) != result
        ),
        clears_with=now.clears_with if now.verdict != "PASS" else (),
    )


def _params(pack: str, expr: str, tried: Evaluated) -> Iterable[tuple[str, Any, str]]:
    for name in dict.fromkeys(_PARAM.findall(expr)):
        version = tried.version(pack, name)
        if version is not None and not isinstance(version.value, list):
            yield name, version.value, version.citation


def _moved(
    pack: str,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    before: Evaluated,
    tried: Evaluated,
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
