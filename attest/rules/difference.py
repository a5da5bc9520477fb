"""What changed between two editions of a pack: its parts, and the cases that come out otherwise.

Two pack documents of good shape go in. A part is a param, definition, ambiguity or rule; versions
are the same when they begin on the same day:

>>> cited = {"citation": "c", "confidence": "A", "as_of": "2026-07-23"}
>>> def edition(*versions):
...     return {"edition": "2026-11-24", "definitions": [], "ambiguities": [], "rules": [],
...         "params": [{"name": "limit", "versions": [{**each, **cited} for each in versions]}]}
>>> old = edition({"from": "2025-01-31", "value": 30})
>>> new = edition({"from": "2027-01-01", "value": 35},
...     {"from": "2025-01-31", "until": "2026-12-31", "value": 30})
>>> for each in changes(old, new):
...     print(each.part, each.version, each.member, each.old, each.new and str(each.new)[:30])
params.limit 2027-01-01  None {'from': '2027-01-01', 'value'
params.limit 2025-01-31 until None 2026-12-31
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from attest.encoding import Json
from attest.rules.cases import Case
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import Facts
from attest.rules.pack import Pack

_SECTIONS: Final = (
    ("params", "params.", "name"),
    ("definitions", "define.", "name"),
    ("ambiguities", "", "id"),
    ("rules", "rule.", "name"),
)


class Change(NamedTuple):
    """One difference. What was not there is None.

    `version` is the day from which the version is in force, `member` what of it differs; both are
    empty where the whole part was added or removed, `member` where the whole version was.
    """

    part: str
    version: str
    member: str
    old: Json
    new: Json


class CaseChange(NamedTuple):
    """A case that comes out otherwise: verdicts, and each rule with its results, old and new."""

    id: str
    title: str
    verdicts: tuple[str, str]
    results: Mapping[str, tuple[str, str]]


def changes(old: Json, new: Json) -> list[Change]:
    """The differences between two pack documents, in the order of their sections."""
    heads = [
        {name: value for name, value in each.items() if not isinstance(value, list)}
        for each in (old, new)
    ]
    found = _of_members("pack", "", *heads)
    for section, prefix, key in _SECTIONS:
        olds = {each[key]: each for each in old[section]}
        news = {each[key]: each for each in new[section]}
        for name in sorted(olds.keys() | news.keys()):
            found += _of_part(prefix + name, olds.get(name), news.get(name))
    return found


def compare_cases(old: Pack, new: Pack, cases: Iterable[Case]) -> list[CaseChange]:
    """The cases whose verdict, or whose result of a rule that both packs have, differs."""
    found = []
    for case in cases:
        (verdict_old, results_old), (verdict_new, results_new) = (
            _outcome(pack, case.facts) for pack in (old, new)
        )
        verdicts = (verdict_old, verdict_new)
        results = {
            name: (result, results_new[name])
            for name, result in results_old.items()
            if name in results_new and results_new[name] != result
        }
        if results or verdict_old != verdict_new:
            found.append(CaseChange(case.id, case.title, verdicts, results))
    return found


def _outcome(pack: Pack, facts: Facts) -> tuple[str, dict[str, str]]:
    findings = evaluate(pack, facts)
    return verdict_of(findings), {finding.rule: finding.result for finding in findings}


def _of_part(part: str, old: Json, new: Json) -> list[Change]:
    if old is None or new is None:
        return [Change(part, "", "", old, new)]
    found = _of_members(part, "", _without_versions(old), _without_versions(new))
    olds = {each["from"]: each for each in old.get("versions", [])}
    news = {each["from"]: each for each in new.get("versions", [])}
    for day in sorted(olds.keys() | news.keys(), reverse=True):
        if day in olds and day in news:
            found += _of_members(part, day, _flat(olds[day]), _flat(news[day]))
        else:
            found.append(Change(part, day, "", olds.get(day), news.get(day)))
    return found


def _of_members(
    part: str, version: str, old: Mapping[str, Json], new: Mapping[str, Json]
) -> list[Change]:
    return [
        Change(part, version, member, old.get(member), new.get(member))
        for member in dict.fromkeys([*old, *new])
        if old.get(member) != new.get(member)
    ]


def _without_versions(part: Json) -> dict[str, Json]:
    return {name: value for name, value in part.items() if name != "versions"}


def _flat(version: Json) -> dict[str, Json]:
    """A version with what it says, and each of its readings, as members of their own."""
    says = version.get("says", {})
    return {
        **{name: each for name, each in version.items() if name not in ("says", "readings")},
        **{f"says {result}": text for result, text in says.items()},
        **{f"reading {each['name']}": each for each in version.get("readings", [])},
    }
