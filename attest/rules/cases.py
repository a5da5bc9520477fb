"""Worked cases: facts in, results out, beside the rules they test (docs/RULES.md section 7).

`read_cases` reads the folder `cases` of a pack folder, `run_cases` evaluates a pack over each case:

>>> case = Case(id="1", file="a.toml", title="Nothing to object to", citation="House rule 1",
...     confidence="H", facts=facts_from_json({"transaction": {
...         "completion_date": "2026-11-30", "decision_date": "2026-11-24"}}),
...     verdict="PASS", outcome=None, ways=None, flags=(), results={})
>>> case.expected
'verdict PASS'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from attest.encoding import Json
from attest.errors import InputError
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import Facts, facts_from_json
from attest.rules.folder import Folder, read_tables
from attest.rules.pack import Pack
from attest.rules.places import Place, refuse
from attest.rules.shape import array, date, matching, one_of, record, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A worked case. `outcome` and `ways` are None when the case does not state them."""

    id: str
    file: str
    title: str
    citation: str
    confidence: str
    facts: Facts
    verdict: str
    outcome: str | None
    ways: tuple[str, ...] | None
    flags: tuple[str, ...]
    results: Mapping[str, str]

    @property
    def expected(self) -> str:
        """What the case demands, on one line."""
        return _line(self, self.verdict, self.outcome, self.ways, self.flags, self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of a case: `got` and `expected` speak of the same members, in the same words."""

    id: str
    file: str
    title: str
    citation: str
    ok: bool
    expected: str
    got: str


def read_cases(folder: Folder) -> tuple[Case, ...]:
    """Read the worked cases of a pack folder, in the order of their files.

    Raises:
        InputError: file.
        RuleError: pack-invalid, with file, line and case.
    """
    cases: dict[str, Case] = {}
    for name, table in read_tables(folder / "cases", "cases/").items():
        _CHECK_FILE(table.body, table.file.place())
        defaults = table.body.get("defaults", {})
        for number, written in enumerate(table.body["case"]):
            place = table.file.place(f"case {written['id']}", keys=("case", number))
            if written["id"] in cases:
                refuse(place.at("id"), "the id stands twice")
            cases[written["id"]] = _case(written, defaults, name, place)
    return tuple(cases.values())


def run_cases(pack: Pack, cases: Iterable[Case]) -> list[CaseResult]:
    """Evaluate a pack over each case and compare."""
    return [_run(pack, case) for case in cases]


def _run(pack: Pack, case: Case) -> CaseResult:
    findings = evaluate(pack, case.facts)
    presumptions = [finding for finding in findings if finding.kind == "presumption"]
    outcome = ", ".join(finding.outcome for finding in presumptions if finding.outcome) or None
    ways = tuple(way for finding in presumptions for way in finding.ways)
    flags = tuple(sorted({flag.ambiguity for finding in findings for flag in finding.flags}))
    results = _results(findings, case.results)
    verdict = verdict_of(findings)
    ok = (
        verdict == case.verdict
        and case.outcome in (None, outcome)
        and (case.ways is None or sorted(case.ways) == sorted(ways))
        and set(case.flags) <= set(flags)
        and results == case.results
    )
    return CaseResult(
        id=case.id,
        file=case.file,
        title=case.title,
        citation=case.citation,
        ok=ok,
        expected=case.expected,
        got=_line(case, verdict, outcome, ways, flags, results),
    )


def _results(findings: Iterable[Finding], names: Iterable[str]) -> dict[str, str]:
    found = {finding.rule: finding.result for finding in findings}
    return {name: found.get(name, "no finding") for name in names}


def _line(
    case: Case,
    verdict: str,
    outcome: str | None,
    ways: Iterable[str] | None,
    flags: Iterable[str],
    results: Mapping[str, str],
) -> str:
    parts = [f"verdict {verdict}"]
    if case.outcome is not None:
        parts.append(f"outcome {outcome or 'none'}")
    if case.ways is not None:
        parts.append(f"ways {' '.join(sorted(ways or ())) or 'none'}")
    if case.flags:
        parts.append(f"flags {' '.join(sorted(flags)) or 'none'}")
    parts += [f"{name} {result}" for name, result in sorted(results.items())]
    return ", ".join(parts)


def _case(
    written: Json, defaults: Mapping[str, Mapping[str, Json]], file: str, place: Place
) -> Case:
    expect = written["expect"]
    if written["confidence"] == "U" and not expect.get("flags"):
        refuse(place.at("expect"), "an unsure case names the ambiguity that must be flagged")
    facts = _facts(written, defaults, place)
    try:
        known = facts_from_json(facts)
    except InputError as error:
        pointer = error.pointer or ""
        refuse(_fact_place(place, written, pointer), f"facts {pointer}: {error.detail}")
    return Case(
        id=written["id"],
        file=file,
        title=written["title"],
        citation=written["citation"],
        confidence=written["confidence"],
        facts=known,
        verdict=expect["verdict"],
        outcome=expect.get("outcome"),
        ways=tuple(expect["ways"]) if "ways" in expect else None,
        flags=tuple(expect.get("flags", [])),
        results=expect.get("results", {}),
    )


def _fact_place(place: Place, written: Json, pointer: str) -> Place:
    """Where a fact of a case stands: in the case, or in the defaults of its file."""
    steps = [int(step) if step.isdecimal() else step for step in pointer.split("/")[1:]]
    own = written.get("facts", {})
    for step in steps[:2]:
        own = own.get(step) if isinstance(own, dict) else None
    keys = ("defaults",) if own is None else (*place.keys, "facts")
    return Place(place.steps, (*keys, *steps), place.file)


def _facts(written: Json, defaults: Mapping[str, Mapping[str, Json]], place: Place) -> Json:
    """The defaults of the file without what is `absent`, under the case's own facts."""
    facts = {group: dict(members) for group, members in defaults.items()}
    for name in written.get("absent", []):
        group, _, member = name.partition(".")
        present = facts.get(group, {})
        if member:
            if present.pop(member, None) is None:
                refuse(place.at("absent"), "absent names what is no default")
        elif facts.pop(group, None) is None:
            refuse(place.at("absent"), "absent names what is no default")
    for group, members in written.get("facts", {}).items():
        facts[group] = {**facts.get(group, {}), **members}
    transaction = facts.setdefault("transaction", {})
    transaction["decision_date"] = written["decided"]
    transaction["mode"] = written.get("mode", "cfr_text")
    return facts


def _tables(value: Json, place: Place) -> None:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        refuse(place, "not a table of tables")


def _case_results(value: Json, place: Place) -> None:
    if not isinstance(value, dict):
        refuse(place, "not a table")
    for result in value.values():
        one_of("pass", "fail", "unknown", "n/a")(result, place)


_CHECK_EXPECT: Final = record(
    {"verdict": one_of("PASS", "HOLD", "FAIL")},
    {
        "outcome": one_of("not-applicable", "presumed", "overcome"),
        "ways": array(text),
        "flags": array(text),
        "results": _case_results,
    },
)
_CHECK_CASE: Final = record(
    {
        "id": matching(r"[a-z0-9][a-z0-9-]{0,31}", "an id of lower-case letters, digits and -"),
        "title": text,
        "citation": text,
        "confidence": one_of("H", "M", "U"),
        "decided": date,
        "expect": _CHECK_EXPECT,
    },
    {
        "mode": one_of("cfr_text", "bis_practice"),
        "facts": _tables,
        "absent": array(text),
        "note": text,
    },
)
_CHECK_FILE: Final = record(
    {"case": array(_CHECK_CASE, least=1, label="case")}, {"defaults": _tables}
)
