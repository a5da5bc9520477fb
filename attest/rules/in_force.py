"""What a pack says on a pair of days: its params, and its rules with the versions in force.

The days are those of the facts `transaction.completion_date` and `transaction.decision_date`. All
days between two turns of a pack share one answer, so that many dates need few:

>>> from attest.encoding import canonical
>>> from attest.rules.pack import compile_pack
>>> cited = {"citation": "House rule 2", "confidence": "A", "as_of": "2026-07-23"}
>>> limit = {"name": "limit", "type": "int", "tested_on": "completion", "versions": [
...     {"from": "2027-01-01", "value": 35, **cited},
...     {"from": "2025-01-31", "until": "2026-12-31", "value": 30, **cited}]}
>>> pack = compile_pack(canonical({"v": 1, "engine": 1, "id": "house", "edition": "2026-11-24",
...     "layer": "house", "title": "House", "effective": {"from": "2026-01-01"},
...     "params": [limit], "definitions": [], "ambiguities": [], "rules": []}))
>>> def on(day: str) -> InForce | None:
...     return in_force(pack, Facts(dict.fromkeys(DAY, dt.date.fromisoformat(day).toordinal())))
>>> on("2026-12-31").params, on("2027-01-01").params, on("2025-12-31")
({'params.limit': 30}, {'params.limit': 35}, None)
>>> on("2026-12-01") is on("2026-12-31")
True
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.facts import Facts
from attest.rules.pack import Pack, Param, ParamVersion, Rule, RuleVersion
from attest.rules.runtime import Frame, Run
from attest.rules.turns import DAY
from attest.rules.types import UNKNOWN, Value

LISTED_TEXTS_MAX: Final = 8
NOT_IN_FORCE: Final = "Not in force on the date tested."

_DOES_NOT_APPLY: Final = "Does not apply."
_PERIODS_KEPT: Final = 1024
_PACKS_KEPT: Final = 64

V = TypeVar("V", ParamVersion, RuleVersion)


class Conclusion(NamedTuple):
    """What a version of a rule says when its result is known: the same for every submission."""

    result: str
    says: str
    verdict: str | None
    clears_with: tuple[str, ...]


class Ruled(NamedTuple):
    """A rule with the version in force, if any, and what that says in each case."""

    rule: Rule
    version: RuleVersion | None
    holds: Conclusion
    fails: Conclusion
    unknown: Conclusion
    does_not_apply: Conclusion

    def by_condition(self, applies: Run | None, holds: Run | None, frame: Frame) -> Conclusion:
        """The conclusion of a rule that is no presumption, from the functions of its conditions."""
        if applies is not None:
            value = applies(frame)
            if value is not True:
                return self.does_not_apply if value is False else self.unknown
        value = UNKNOWN if holds is None else holds(frame)
        if value is UNKNOWN:
            return self.unknown
        return self.holds if value else self.fails

    def by_ways(self, scope: Value, *ways: Value) -> Conclusion:
        """The conclusion of a presumption, from the results of its scope and its ways."""
        if scope is False:
            return self.does_not_apply
        if True in ways:
            return self.holds
        return self.unknown if scope is UNKNOWN or UNKNOWN in ways else self.fails


@dataclass(frozen=True, eq=False, slots=True)
class InForce:
    """What a pack says in a period: params by name, rules with the version in force.

    `written` are the params that findings do not show as they are.
    """

    params: Mapping[str, Value]
    written: Mapping[str, Json]
    rules: tuple[Ruled, ...]


def in_force(pack: Pack, facts: Facts) -> InForce | None:
    """What a pack says on the days of the facts; None where it is in force on neither.

    Raises:
        InputError: facts-malformed when one of the two dates is absent.
    """
    completion, decision = map(facts.values.get, DAY)
    if not isinstance(completion, int) or not isinstance(decision, int):
        raise InputError(
            "facts-malformed",
            "completion_date and decision_date are needed",
            pointer="/transaction",
        )
    if not (pack.first <= completion <= pack.last or pack.first <= decision <= pack.last):
        return None
    completions, decisions = _turns(pack)
    return _in_period(
        pack,
        completions[bisect_right(completions, completion) - 1],
        decisions[bisect_right(decisions, decision) - 1],
    )


@lru_cache(maxsize=_PACKS_KEPT)
def _turns(pack: Pack) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first days of periods of completion and of decision, from the first day of all."""
    days: dict[str, set[int]] = {"completion": {1}, "decision": {1}}
    everything: tuple[Param | Rule, ...] = (*pack.params.values(), *pack.rules)
    for dated in everything:
        for version in dated.versions:
            days[dated.tested_on] |= {version.first, version.last + 1}
    return tuple(sorted(days["completion"])), tuple(sorted(days["decision"]))


@lru_cache(maxsize=_PERIODS_KEPT)
def _in_period(pack: Pack, completion: int, decision: int) -> InForce:
    days = {"completion": completion, "decision": decision}
    params: dict[str, Value] = {}
    for name, param in pack.params.items():
        version = _of_day(param.versions, days[param.tested_on])
        if version is not None:
            params[name] = version.value
    written = {
        name: value_to_json(name, params[name], date=name in pack.dates)
        for name in sorted(pack.rewritten.intersection(params))
    }
    said = _said(pack)
    rules = []
    for rule in pack.rules:
        ruling = _of_day(rule.versions, days[rule.tested_on])
        rules.append(said[rule.node, None if ruling is None else ruling.first])
    return InForce(params, written, tuple(rules))


@lru_cache(maxsize=_PACKS_KEPT)
def _said(pack: Pack) -> Mapping[tuple[str, int | None], Ruled]:
    """What each rule says, by the first day of the version in force, None for none."""
    return {
        (rule.node, None if version is None else version.first): _concluded(rule, version)
        for rule in pack.rules
        for version in (None, *rule.versions)
    }


def _of_day(versions: Iterable[V], day: int) -> V | None:
    return next((each for each in versions if each.first <= day <= each.last), None)


def _concluded(rule: Rule, version: RuleVersion | None) -> Ruled:
    if version is None:
        nothing = Conclusion("n/a", NOT_IN_FORCE, None, ())
        return Ruled(rule, None, nothing, nothing, nothing, nothing)
    says, counts = version.says, rule.kind in ("presumption", "test")
    fails = "n/a" if rule.kind == "scope" else "fail"
    clears_fail = version.clears_with if counts and version.on_fail == "HOLD" else ()
    return Ruled(
        rule,
        version,
        holds=Conclusion("pass", says["pass"], "PASS" if counts else None, ()),
        fails=Conclusion(fails, says["fail"], version.on_fail if counts else None, clears_fail),
        unknown=Conclusion(
            "unknown", says["unknown"], "HOLD" if counts else None, version.clears_with
        ),
        does_not_apply=Conclusion("n/a", says.get("not_applicable", _DOES_NOT_APPLY), None, ()),
    )


def value_to_json(name: str, value: Value, *, date: bool) -> Json:
    """A value as JSON: a date as text, a long list by its size, a huge integer as digits."""
    if isinstance(value, int):
        if date:
            return dt.date.fromordinal(value).isoformat()
        return value if -limits.INTEGER_MAX <= value <= limits.INTEGER_MAX else str(value)
    if isinstance(value, tuple):
        listed = 1 if name.startswith("params.") else LISTED_TEXTS_MAX
        texts = not value or isinstance(value[0], str)
        return list(value) if texts and len(value) <= listed else {"size": len(value)}
    return value
