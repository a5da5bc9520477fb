"""The results of a pack without what they rest on; and again, after some of the facts changed.

Whoever tries many variations of the same facts asks first whether a rule has another result, and
only then why: `attest.rules.evaluate` answers both at once, for the price of the second. Results
keep what every definition and every rule came to. Where facts, params or versions differ, only what
reads them is evaluated again, and what came to the same as before moves nothing further:

>>> from attest.encoding import canonical
>>> from attest.rules.facts import facts_from_json
>>> from attest.rules.pack import compile_pack
>>> cited = {"citation": "House rule 1", "confidence": "A", "as_of": "2026-07-23"}
>>> says = {"pass": "Small.", "fail": "Not small.", "unknown": "Not known."}
>>> rule = {"name": "small", "title": "Small", "kind": "test", "versions": [{
...     "from": "2025-01-31", "tested_on": "completion", "on_fail": "HOLD", "says": says,
...     "holds": "fabricator.aatc_attested < params.limit", **cited}]}
>>> limit = {"name": "limit", "type": "int", "tested_on": "completion", "versions": [
...     {"from": "2027-01-01", "value": 35, **cited},
...     {"from": "2025-01-31", "until": "2026-12-31", "value": 30, **cited}]}
>>> pack = compile_pack(canonical({"v": 1, "engine": 1, "id": "house", "edition": "2026-11-24",
...     "layer": "house", "title": "House", "effective": {"from": "2026-01-01"},
...     "params": [limit], "definitions": [], "ambiguities": [], "rules": [rule]}))
>>> def on(day: str) -> Facts:
...     return facts_from_json({"fabricator": {"aatc_attested": 33},
...         "transaction": {"completion_date": day, "decision_date": day}})
>>> before = Results.of(pack, on("2026-12-31"))
>>> after = before.after(on("2027-01-01"))
>>> before.found["rule.small"].concluded.result, after.found["rule.small"].concluded.result
('fail', 'pass')
>>> after.found == Results.of(pack, on("2027-01-01")).found
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from attest.rules.evaluate import Evaluation, Finding, flags_of
from attest.rules.expr import Expression
from attest.rules.facts import Facts
from attest.rules.in_force import Conclusion, InForce, Ruled, in_force
from attest.rules.pack import Pack
from attest.rules.runtime import Frame
from attest.rules.types import UNKNOWN, Value

_PLANS_KEPT: Final = 512


class Found(NamedTuple):
    """What a rule came to; `otherwise` tells that another reading of the law changes it."""

    concluded: Conclusion
    otherwise: bool


@dataclass(frozen=True, eq=False)
class Results:
    """What the rules of a pack came to over facts, by dotted name, in the order of evaluation.

    `standing` is None, and nothing is found, where the pack is not in force.
    """

    pack: Pack
    facts: Facts
    standing: InForce | None
    found: Mapping[str, Found]
    _values: Mapping[str, Value]
    """The facts and params, and what definitions and rules came to, as far as one was asked."""

    @staticmethod
    def of(pack: Pack, facts: Facts) -> Results:
        """Evaluate every rule.

        Raises:
            InputError: facts-malformed (completion or decision date is absent).
        """
        standing = in_force(pack, facts)
        found: dict[str, Found] = {}
        values: dict[str, Value] = {}
        if standing is not None:
            values = {**facts.values, **standing.params}
            frame = _BareFrame(values, pack.definitions)
            for ruled in standing.rules:
                found[ruled.rule.node] = _found(ruled, frame)
        return Results(pack, facts, standing, found, values)

    def after(self, facts: Facts) -> Results:
        """The same as `of` for these facts, from what differs.

        Raises:
            InputError: facts-malformed (completion or decision date is absent).
        """
        standing = in_force(self.pack, facts)
        if standing is None or self.standing is None:
            return Results.of(self.pack, facts)
        old, new = self.facts.values, facts.values
        moved = [name for name, value in new.items() if name not in old or old[name] != value]
        moved += [name for name in old if name not in new]
        plan = _plan(self.pack, self.standing, standing, frozenset(moved))
        values = dict(self._values)
        _put(values, {name: new.get(name) for name in moved})
        _put(values, plan.params)
        found = dict(self.found)
        frame = _BareFrame(values, self.pack.definitions)
        changed = set(plan.changed)
        for node, reads, ruled in plan.steps:
            if reads.isdisjoint(changed):
                continue
            before = values.pop(node, None)
            if ruled is not None:
                found[node] = _found(ruled, frame)
            elif before is None:
                continue  # nobody asked for it; who asks now evaluates it
            if frame.definition(node) != before:
                changed.add(node)
        return Results(self.pack, facts, standing, found, values)

    def finding(self, node: str) -> Finding | None:
        """What `evaluate` finds for a rule; None where nothing is found."""
        if self._evaluation is None or node not in self.found:
            return None
        return self._evaluation.named(node)

    @cached_property
    def _evaluation(self) -> Evaluation | None:
        if self.standing is None:
            return None
        return Evaluation(self.pack, self.standing, dict(self._values))


class _Step(NamedTuple):
    """A definition, or a rule with its version in force, and what it reads."""

    node: str
    reads: frozenset[str]
    ruled: Ruled | None


class _Plan(NamedTuple):
    """What to do after a change.

    `params` are those with another value, None where there is none now; `changed` all names that
    changed from outside; `steps` everything that may come to something else for it, in order.
    """

    params: Mapping[str, Value | None]
    changed: frozenset[str]
    steps: tuple[_Step, ...]


@lru_cache(maxsize=_PLANS_KEPT)
def _plan(pack: Pack, before: InForce, after: InForce, moved: frozenset[str]) -> _Plan:
    """The same for all facts that change in these names, from one period to another."""
    params = {
        name: after.params.get(name)
        for name in {**before.params, **after.params}
        if before.params.get(name) != after.params.get(name)
    }
    others = {
        new.rule.node for old, new in zip(before.rules, after.rules, strict=True) if old is not new
    }
    changed = moved.union(params, others)
    rules = {ruled.rule.node: ruled for ruled in after.rules}
    reached, steps = set(changed), []
    for node in pack.order:
        ruled = rules.get(node)
        reads = frozenset({node}) | (
            pack.definitions[node].reads if ruled is None else _reads(ruled)
        )
        if not reads.isdisjoint(reached):
            reached.add(node)
            steps.append(_Step(node, reads, ruled))
    return _Plan(params, changed, tuple(steps))


def _reads(ruled: Ruled) -> frozenset[str]:
    """The facts, params, definitions and rules that a version of a rule names itself."""
    version = ruled.version
    if version is None:
        return frozenset()
    readings = [part for each in version.readings for part in (each.when, each.holds)]
    conditions = [each for each in (version.applies, version.holds, *readings) if each is not None]
    ways = [f"rule.{name}" for name in (version.scope, *version.overcome_by) if name]
    return frozenset(ways).union(*(each.reads for each in conditions))


def _put(values: dict[str, Value], changed: Mapping[str, Value | None]) -> None:
    """Take over values; None takes a name away."""
    for name, value in changed.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value


class _BareFrame(Frame):
    """An evaluation that leaves no trace."""

    __slots__ = ("_definitions",)

    values: dict[str, Value]

    def __init__(self, values: dict[str, Value], definitions: Mapping[str, Expression]) -> None:
        self.values = values
        self._definitions = definitions

    def definition(self, name: str) -> Value:
        """The value of a definition, or of a rule that has been evaluated."""
        value = self.values.get(name)
        if value is None:
            value = self.values[name] = self._definitions[name].bare(self)
        return value


def _found(ruled: Ruled, frame: _BareFrame) -> Found:
    """Evaluate a rule and keep what it came to for those that read it."""
    rule, version, values = ruled.rule, ruled.version, frame.values
    if version is None:
        values[rule.node] = False
        return Found(ruled.does_not_apply, otherwise=False)
    if rule.kind == "presumption":
        names = (version.scope, *version.overcome_by)
        concluded = ruled.by_ways(*[values[f"rule.{name}"] for name in names])
    else:
        concluded = ruled.by_condition(
            None if version.applies is None else version.applies.bare,
            None if version.holds is None else version.holds.bare,
            frame,
        )
    result = concluded.result
    values[rule.node] = UNKNOWN if result == "unknown" else result == "pass"
    readings = {flag.result for flag in flags_of(ruled, result, frame)}
    return Found(concluded, not readings <= {None, result})
