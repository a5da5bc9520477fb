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
from typing import Any, Final, NamedTuple

from attest.encoding import Json
from attest.rules.edition import Edition, Version
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import Facts
from attest.rules.turns import DAY

_PARAM: Final = re.compile(r"params\.[a-z0-9_]+")
_VARIED: Final = frozenset({*DAY, "transaction.mode"})


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
    """Facts, the editions that they stand under, and what those find."""

    facts: Facts
    editions: Sequence[Edition]
    findings: tuple[Finding, ...]
    verdict: str

    @staticmethod
    def of(facts: Facts, editions: Sequence[Edition]) -> Evaluated:
        """Evaluate facts under editions, in their order.

        Raises:
            InputError: facts-malformed (completion or decision date is absent).
        """
        findings = tuple(finding for each in editions for finding in evaluate(each.pack, facts))
        return Evaluated(facts, editions, findings, verdict_of(findings))

    def by_rule(self) -> dict[tuple[str, str], Finding]:
        return {(str(each.stated["pack"]), each.rule): each for each in self.findings}

    def version(self, pack: str, name: str) -> Version | None:
        for each in self.editions:
            if each.pack.id == pack:
                return each.version(name, self.facts)
        return None


def changes(before: Evaluated, tried: Evaluated) -> Iterator[Change]:
    """The rules with another result, in the order in which they were evaluated."""
    if len(before.findings) == len(tried.findings) and all(
        map(_alike, before.findings, tried.findings)
    ):
        return
    old, new = before.by_rule(), tried.by_rule()
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or not _alike(was, now):
            yield _change(key, was, now, before, tried)


def _alike(was: Finding, now: Finding) -> bool:
    """Whether two findings are of the same rule and result."""
    return (
        was.result == now.result
        and was.verdict == now.verdict
        and was.stated["rule"] == now.stated["rule"]
        and was.stated["pack"] == now.stated["pack"]
    )


def _change(
    key: tuple[str, str],
    was: Finding | None,
    now: Finding | None,
    before: Evaluated,
    tried: Evaluated,
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
