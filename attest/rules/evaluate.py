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

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from attest.encoding import Json
from attest.rules.facts import Facts
from attest.rules.in_force import NOT_IN_FORCE, Conclusion, InForce, Ruled, in_force, value_to_json
from attest.rules.pack import Pack, Rule, RuleVersion
from attest.rules.runtime import Frame, QuantityFrame
from attest.rules.types import BOOL, UNKNOWN, Value

TESTS_MAX: Final = 12


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
    standing = in_force(pack, facts)
    if standing is None:
        return ()
    evaluation = Evaluation(pack, standing, {**facts.values, **standing.params})
    return tuple(map(evaluation.finding, standing.rules))


def verdict_of(findings: Iterable[Finding | Conclusion]) -> str:
    """The verdict of findings: FAIL if one contributes FAIL, else HOLD, else PASS (SPEC 10.6)."""
    verdicts = {finding.verdict for finding in findings}
    return "FAIL" if "FAIL" in verdicts else "HOLD" if "HOLD" in verdicts else "PASS"


class Evaluation:
    """One pack over one set of facts; every name is resolved once and kept with its trace.

    `values` are the facts and params, and what definitions and rules come to, as far as known. The
    findings are asked in the order of the rules; where all rules are known, in any order.
    """

    def __init__(self, pack: Pack, standing: InForce, values: dict[str, Value]) -> None:
        self._rules = standing.rules
        self._definitions = pack.definitions
        self._rewritten = pack.rewritten
        self._dates = pack.dates
        self._values = values
        self._traces = _Traces(self._traced)
        self._untraced = Frame(values, self._resolve, self._traces)
        self._would_clear: dict[str, tuple[str, ...]] = {}
        self._json = {**standing.written}

    def finding(self, ruled: Ruled) -> Finding:
        """The finding of a rule."""
        rule, version = ruled.rule, ruled.version
        if version is None:
            self._values[rule.node] = False
            return Finding(rule.stated, "n/a", NOT_IN_FORCE, {})
        frame = Frame(self._values, self._resolve, self._traces)
        if rule.kind == "presumption":
            return self._presumption(ruled, version, frame)
        concluded = ruled.by_condition(
            None if version.applies is None else version.applies.run,
            None if version.holds is None else version.holds.run,
            frame,
        )
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
            flags_of(ruled, concluded.result, self._untraced),
            concluded.clears_with,
        )

    def named(self, node: str) -> Finding:
        """The finding of the rule of a dotted name."""
        return self.finding(next(each for each in self._rules if each.rule.node == node))

    def _resolve(self, name: str) -> Value:
        """Evaluate a definition for the first time."""
        definition = self._definitions[name]
        kind = Frame if definition.type is BOOL else QuantityFrame
        frame = self._traces[name] = kind(self._values, self._resolve, self._traces)
        value = self._values[name] = definition.run(frame)
        return value

    def _traced(self, name: str) -> Frame:
        """The trace of a definition, or of an unknown rule, whose value was known before."""
        if name in self._definitions:
            self._resolve(name)
        else:
            self.named(name)
        return self._traces[name]

    def _presumption(self, ruled: Ruled, version: RuleVersion, frame: Frame) -> Finding:
        names = (version.scope, *version.overcome_by)
        values = {name: frame.result(f"rule.{name}") for name in names}
        concluded = ruled.by_ways(*values.values())
        ways: tuple[str, ...] = ()
        clears: tuple[str, ...] = ()
        outcome = "presumed"
        if concluded is ruled.does_not_apply:
            outcome = "not-applicable"
        elif concluded is ruled.holds:
            outcome = "overcome"
            ways = tuple([name for name in version.overcome_by if values[name] is True])
        else:
            unknown = [name for name in names if values[name] is UNKNOWN]
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
            flags=flags_of(ruled, concluded.result, self._untraced),
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

    def _written(self, used: dict[str, Value]) -> Mapping[str, Json]:
        """The values that a rule used as JSON, which most of them are."""
        for name in self._rewritten.intersection(used):
            value = self._json.get(name)
            if value is None:
                value = self._json[name] = value_to_json(name, used[name], date=name in self._dates)
            used[name] = value
        return used


class _Traces(dict[str, Frame]):
    """The traces of definitions and of unknown rules; one that is missing is made."""

    def __init__(self, make: Callable[[str], Frame]) -> None:
        self._make = make

    def __missing__(self, name: str) -> Frame:
        return self._make(name)


def flags_of(ruled: Ruled, result: str, frame: Frame) -> tuple[Flag, ...]:
    """The ambiguous points that matter for a rule of that result; they leave no trace."""
    rule, version = ruled.rule, ruled.version
    if version is None or not version.readings or (result == "n/a" and rule.kind != "scope"):
        return ()
    flags = []
    for reading in version.readings:
        if reading.when.run(frame) is True:
            other = None
            if reading.holds is not None:
                other = _result(reading.holds.run(frame), rule.kind)
            flags.append(Flag(reading.ambiguity, reading.name, other))
    return tuple(flags)


def _result(value: Value, kind: str) -> str:
    if value is UNKNOWN:
        return "unknown"
    return "pass" if value else "n/a" if kind == "scope" else "fail"
