"""Evaluate a pack over facts: one finding per rule (SPEC 10.4, docs/RULES.md section 4).

Pure: the pack and the facts decide everything, the dates and the mode included. An unknown fact
never passes and never fails a rule that depends on it; a finding says what it rests on, which
comparisons were made, what was missing and what would settle it.

>>> from attest.encoding import canonical
>>> from attest.rules.facts import facts_from_json
>>> from attest.rules.pack import compile_pack
>>> says = {"pass": "Small.", "fail": "Not small.", "unknown": "Not known."}
>>> rule = {"name": "small", "title": "Small", "kind": "test", "versions": [{
...     "from": "2025-01-31", "tested_on": "completion", "citation": "House rule 1",
...     "confidence": "A", "as_of": "2026-07-23", "holds": "fabricator.aatc_attested < 7",
...     "on_fail": "HOLD", "says": says}]}
>>> pack = compile_pack(canonical({"v": 1, "engine": 1, "id": "house", "edition": "2026-11-24",
...     "layer": "house", "title": "House", "effective": {"from": "2026-01-01"}, "params": [],
...     "definitions": [], "ambiguities": [], "rules": [rule]}))
>>> (finding,) = evaluate(pack, facts_from_json({"fabricator": {"aatc_attested": 7},
...     "transaction": {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}}))
>>> finding.result, finding.verdict, finding.says, verdict_of([finding])
('fail', 'HOLD', 'Not small.', 'HOLD')
>>> finding.to_json()["tests"]
[{'expr': 'fabricator.aatc_attested < 7', 'is': 'false'}]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.facts import Facts
from attest.rules.pack import Pack, ParamVersion, Rule, RuleVersion
from attest.rules.runtime import Frame, QuantityFrame
from attest.rules.types import BOOL, UNKNOWN, Value

TESTS_MAX: Final = 12
LISTED_TEXTS_MAX: Final = 8

_DAYS_KEPT: Final = 1024
_PACKS_KEPT: Final = 64
V = TypeVar("V", ParamVersion, RuleVersion)

_NOT_IN_FORCE: Final = "Not in force on the date tested."
_DOES_NOT_APPLY: Final = "Does not apply."


class Flag(NamedTuple):
    """An ambiguous point that matters here; `result` is the rule's under the other reading."""

    ambiguity: str
    reading: str
    result: str | None

    def to_json(self) -> dict[str, Json]:
        """The flag as SPEC 10.4 writes it."""
        written = {"ambiguity": self.ambiguity, "reading": self.reading}
        return written if self.result is None else {**written, "result": self.result}


class Finding(NamedTuple):
    """The result of one rule.

    `stated` is what every finding of that version of the rule says: pack, rule, layer, kind and,
    when a version is in force, version, citation, confidence and as_of. `used` holds JSON values.
    """

    stated: Mapping[str, Json]
    result: str
    says: str
    used: Mapping[str, Json]
    verdict: str | None = None
    outcome: str | None = None
    ways: tuple[str, ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    clears_with: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The name of the rule."""
        return str(self.stated["rule"])

    @property
    def kind(self) -> str:
        """`scope`, `way`, `presumption` or `test`."""
        return str(self.stated["kind"])

    def to_json(self) -> dict[str, Json]:
        """The finding as SPEC 10.4 writes it; what there is none of is left out."""
        written = {**self.stated, "result": self.result, "says": self.says}
        if self.verdict is not None:
            written["verdict"] = self.verdict
        if self.outcome is not None:
            written["outcome"] = self.outcome
        if self.ways:
            written["ways"] = list(self.ways)
        if self.used:
            written["used"] = dict(self.used)
        if self.tests:
            written["tests"] = [{"expr": text, "is": result} for text, result in self.tests]
        if self.missing:
            written["missing"] = list(self.missing)
        if self.flags:
            written["flags"] = [flag.to_json() for flag in self.flags]
        if self.clears_with:
            written["clears_with"] = list(self.clears_with)
        return written


def evaluate(pack: Pack, facts: Facts) -> tuple[Finding, ...]:
    """Evaluate every rule of a pack, in the order of `pack.rules`.

    The versions in force come from the facts `transaction.completion_date` and
    `transaction.decision_date`. A pack that is in force on neither has no findings.

    Raises:
        InputError: facts-malformed when one of the two dates is absent.
    """
    completion = facts.values.get("transaction.completion_date")
    decision = facts.values.get("transaction.decision_date")
    if not isinstance(completion, int) or not isinstance(decision, int):
        raise InputError(
            "facts-malformed",
            "completion_date and decision_date are needed",
            pointer="/transaction",
        )
    if not (pack.first <= completion <= pack.last or pack.first <= decision <= pack.last):
        return ()
    days = _days(pack, completion, decision)
    evaluation = _Evaluation(pack, {**facts.values, **days.params}, {**days.written})
    return tuple(map(evaluation.finding, days.rules))


def verdict_of(findings: Iterable[Finding]) -> str:
    """The verdict of findings: FAIL if one contributes FAIL, else HOLD, else PASS (SPEC 10.6)."""
    verdicts = {finding.verdict for finding in findings}
    return "FAIL" if "FAIL" in verdicts else "HOLD" if "HOLD" in verdicts else "PASS"


class _Days(NamedTuple):
    """What a pack says on a pair of days: params by name, rules with the version in force.

    `written` are the params that findings do not show as they are.
    """

    params: Mapping[str, Value]
    written: Mapping[str, Json]
    rules: tuple[_InForce, ...]


class _Conclusion(NamedTuple):
    """What a version of a rule says when its result is known: the same for every submission."""

    result: str
    says: str
    verdict: str | None
    clears_with: tuple[str, ...]


class _InForce(NamedTuple):
    """A rule with the version in force, if any, and what that says in each case."""

    rule: Rule
    version: RuleVersion | None
    holds: _Conclusion
    fails: _Conclusion
    unknown: _Conclusion
    does_not_apply: _Conclusion


@lru_cache(maxsize=_DAYS_KEPT)
def _days(pack: Pack, completion: int, decision: int) -> _Days:
    """The same for every submission of a day."""
    days = {"completion": completion, "decision": decision}
    params: dict[str, Value] = {}
    for name, param in pack.params.items():
        version = _in_force(param.versions, days[param.tested_on])
        if version is not None:
            params[name] = version.value
    written = {
        name: _json(name, params[name], date=name in pack.dates)
        for name in sorted(pack.rewritten.intersection(params))
    }
    said = _said(pack)
    rules = []
    for rule in pack.rules:
        in_force = _in_force(rule.versions, days[rule.tested_on])
        rules.append(said[rule.node, None if in_force is None else in_force.first])
    return _Days(params, written, tuple(rules))


@lru_cache(maxsize=_PACKS_KEPT)
def _said(pack: Pack) -> Mapping[tuple[str, int | None], _InForce]:
    """What each rule says, by the first day of the version in force, None for none."""
    return {
        (rule.node, None if version is None else version.first): _concluded(rule, version)
        for rule in pack.rules
        for version in (None, *rule.versions)
    }


def _in_force(versions: Iterable[V], day: int) -> V | None:
    return next((each for each in versions if each.first <= day <= each.last), None)


def _concluded(rule: Rule, version: RuleVersion | None) -> _InForce:
    if version is None:
        nothing = _Conclusion("n/a", _NOT_IN_FORCE, None, ())
        return _InForce(rule, None, nothing, nothing, nothing, nothing)
    says, counts = version.says, rule.kind in ("presumption", "test")
    fails = "n/a" if rule.kind == "scope" else "fail"
    clears_fail = version.clears_with if counts and version.on_fail == "HOLD" else ()
    return _InForce(
        rule,
        version,
        holds=_Conclusion("pass", says["pass"], "PASS" if counts else None, ()),
        fails=_Conclusion(fails, says["fail"], version.on_fail if counts else None, clears_fail),
        unknown=_Conclusion(
            "unknown", says["unknown"], "HOLD" if counts else None, version.clears_with
        ),
        does_not_apply=_Conclusion("n/a", says.get("not_applicable", _DOES_NOT_APPLY), None, ()),
    )


class _Evaluation:
    """One pack over one set of facts; every name is resolved once and kept with its trace."""

    def __init__(self, pack: Pack, values: dict[str, Value], written: dict[str, Json]) -> None:
        self._definitions = pack.definitions
        self._rewritten = pack.rewritten
        self._dates = pack.dates
        self._values = values
        self._traces: dict[str, Frame] = {}
        self._untraced = Frame(values, self._resolve, self._traces)
        self._would_clear: dict[str, tuple[str, ...]] = {}
        self._json = written

    def finding(self, ruled: _InForce) -> Finding:
        """The finding of a rule; those that it rests on have theirs already."""
        rule, version = ruled.rule, ruled.version
        if version is None:
            self._values[rule.node] = False
            return Finding(rule.stated, "n/a", _NOT_IN_FORCE, {})
        frame = Frame(self._values, self._resolve, self._traces)
        if rule.kind == "presumption":
            return self._presumption(ruled, version, frame)
        concluded = self._condition(ruled, version, frame)
        self._keep(rule, concluded.result, version.clears_with, frame)
        return Finding(
            version.stated,
            concluded.result,
            concluded.says,
            self._written(frame.used),
            concluded.verdict,
            None,
            (),
            tuple(frame.tests)[-TESTS_MAX:],
            tuple(sorted(frame.missing)) if frame.missing else (),
            self._flags(rule, version, concluded.result) if version.readings else (),
            concluded.clears_with,
        )

    def _resolve(self, name: str) -> Value:
        """Evaluate a definition for the first time."""
        definition = self._definitions[name]
        kind = Frame if definition.type is BOOL else QuantityFrame
        frame = self._traces[name] = kind(self._values, self._resolve, self._traces)
        value = self._values[name] = definition.run(frame)
        return value

    def _condition(self, ruled: _InForce, version: RuleVersion, frame: Frame) -> _Conclusion:
        if version.applies is not None:
            applies = version.applies.run(frame)
            if applies is not True:
                return ruled.does_not_apply if applies is False else ruled.unknown
        value = UNKNOWN if version.holds is None else version.holds.run(frame)
        if value is UNKNOWN:
            return ruled.unknown
        return ruled.holds if value else ruled.fails

    def _presumption(self, ruled: _InForce, version: RuleVersion, frame: Frame) -> Finding:
        names = (version.scope, *version.overcome_by)
        values = {name: frame.result(f"rule.{name}") for name in names}
        ways: tuple[str, ...] = ()
        clears: tuple[str, ...] = ()
        outcome = "presumed"
        if values[version.scope] is False:
            concluded, outcome = ruled.does_not_apply, "not-applicable"
        elif ways := tuple([name for name in version.overcome_by if values[name] is True]):
            concluded, outcome = ruled.holds, "overcome"
        else:
            unknown = [name for name in names if values[name] is UNKNOWN]
            concluded = ruled.unknown if unknown else ruled.fails
            clear = (*version.clears_with, *(c for n in unknown for c in self._would_clear[n]))
            clears = tuple(dict.fromkeys(clear))
        self._keep(ruled.rule, concluded.result, clears, frame)
        return Finding(
            version.stated,
            concluded.result,
            concluded.says,
            self._written(frame.used),
            concluded.verdict,
            outcome,
            ways,
            missing=tuple(sorted(frame.missing)),
            flags=self._flags(ruled.rule, version, concluded.result),
            clears_with=clears if concluded.verdict == "HOLD" else (),
        )

    def _keep(self, rule: Rule, result: str, clears: tuple[str, ...], frame: Frame) -> None:
        """Keep a result for the rules that name it; an unknown one hands on what was missing."""
        if result != "unknown":
            self._values[rule.node] = result == "pass"
            return
        self._values[rule.node] = UNKNOWN
        self._traces[rule.node] = frame
        self._would_clear[rule.name] = clears

    def _flags(self, rule: Rule, version: RuleVersion, result: str) -> tuple[Flag, ...]:
        if result == "n/a" and rule.kind != "scope":
            return ()
        flags = []
        for reading in version.readings:
            if reading.when.run(self._untraced) is True:
                other = None
                if reading.holds is not None:
                    other = _result(reading.holds.run(self._untraced), rule.kind)
                flags.append(Flag(reading.ambiguity, reading.name, other))
        return tuple(flags)

    def _written(self, used: dict[str, Value]) -> Mapping[str, Json]:
        """The values that a rule used as JSON, which most of them are."""
        for name in self._rewritten.intersection(used):
            value = self._json.get(name)
            if value is None:
                value = self._json[name] = _json(name, used[name], date=name in self._dates)
            used[name] = value
        return used


def _result(value: Value, kind: str) -> str:
    if value is UNKNOWN:
        return "unknown"
    return "pass" if value else "n/a" if kind == "scope" else "fail"


def _json(name: str, value: Value, *, date: bool) -> Json:
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
