"""The worked cases of the rules, the whole way: as signed papers, through `decide`."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from attest.decision import decide
from attest.recorded import read_decision
from attest.rules.cases import Case, read_cases
from attest.rules.facts import facts_to_json
from tests.world import ROOT
from tests.world_facts import submission_of, world_of

CASES = [
    pytest.param(pack, case, id=f"{pack} {case.id}")
    for pack in ("us-ear", "house-example")
    for case in read_cases(ROOT / "rules" / pack)
]
NUMBERS = {
    *(1, 2, 3, 4, 6, 8, 10),
    *(11, 13, 14, 15, 16, 19, 20, 22, 23, 24, 26, 27, 28, 29, 31, 33, 35, 36),
    *(38, 39, 40, 42, 44, 45, 47, 48, 49, 50, 51, 52, 55, 56, 58, 59, 61, 62, 64, 66, 68),
}
"""The cases of the digest of the rule: scope, way a, ways b and c."""


@pytest.mark.parametrize(("pack", "case"), CASES)
def test_a_case_through_decide(pack: str, case: Case) -> None:
    """Papers that say the facts of the case get the verdict, outcome and flags of the case."""
    facts = facts_to_json(case.facts)
    world = world_of(facts, packs=(pack,))
    decided_on = dt.date.fromisoformat(facts["transaction"]["decision_date"])
    at = dt.datetime.combine(decided_on, dt.time(12), tzinfo=dt.UTC)
    result = decide(submission_of(world, facts), trust=world.trust(), at=at)
    predicate = read_decision(result.payload)["predicate"]
    assert result.refusal_code is None
    assert result.verdict == case.verdict
    findings = {finding["rule"]: finding for finding in predicate["findings"]}
    presumptions = [finding for finding in findings.values() if finding["kind"] == "presumption"]
    if case.outcome is not None:
        assert [finding["outcome"] for finding in presumptions] == [case.outcome]
    if case.ways is not None:
        assert [way for finding in presumptions for way in finding.get("ways", [])] == list(
            case.ways
        )
    flags = {flag["ambiguity"] for f in findings.values() for flag in f.get("flags", [])}
    assert set(case.flags) <= flags
    assert {rule: findings[rule]["result"] for rule in case.results} == dict(case.results)
    if pack == "us-ear":
        assert all(f["citation"] for f in findings.values() if "version" in f)


def test_every_numbered_case_is_there() -> None:
    """No case of the digest is left out; each cites the text that decides it."""
    cases = read_cases(ROOT / "rules" / "us-ear")
    numbered = {int(m[1]) for case in cases if (m := re.match(r"([0-9]+)", case.id))}
    assert numbered >= NUMBERS
    assert all(case.citation for case in cases)
