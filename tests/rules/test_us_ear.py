"""The pack us-ear: worked cases, lists and dates, and what its texts may and may not say."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest import schemas
from attest.data import data_dir
from attest.encoding import Json, digest
from attest.rules.cases import Case, CaseResult, run_cases
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import facts_from_json, facts_to_json
from attest.rules.pack import coverage
from tests.rules.us_ear import CASES, DOCUMENT, PACK, RAW, findings_of, on

FIRST = dt.date(2025, 1, 31)
HORIZON = dt.date(2030, 12, 31)

# The worked cases of the digest of the law that the pack was written from, by their numbers there.
NUMBERED = {
    *(1, 2, 3, 4, 6, 8, 10),
    *(11, 13, 14, 15, 16, 19, 20, 22, 23, 24, 26, 27, 28, 29, 31, 33, 35, 36),
    *(38, 39, 40, 42, 44, 45, 47, 48, 49, 50, 51, 52, 55, 56, 58, 59, 61, 62, 64, 66, 68),
    *(69, 70, 71, 74, 76, 78, 79, 80, 82, 84, 86, 87, 89, 91),
}


@pytest.mark.parametrize("result", run_cases(PACK, CASES), ids=lambda result: result.id)
def test_worked_case(result: CaseResult) -> None:
    assert result.ok, f"expected {result.expected}, got {result.got}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_names_every_flag(case: Case) -> None:
    flags = {flag.ambiguity for each in evaluate(PACK, case.facts) for flag in each.flags}
    assert flags == set(case.flags)


def test_no_numbered_case_is_left_out() -> None:
    numbers = {int(match.group()) for case in CASES if (match := re.match(r"[0-9]+", case.id))}
    assert numbers == NUMBERED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_can_be_stated_in_signed_papers(case: Case) -> None:
    facts = facts_to_json(case.facts)
    declared, transaction = facts["declared"], facts["transaction"]
    roles = [
        role
        for role, group in (("front-end-fabricator", "fabricator"), ("osat", "osat"))
        if group in facts
    ]
    assert transaction["attested_by"] == roles
    for group in [facts[name] for name in ("declared", "fabricator", "osat") if name in facts]:
        assert group["dies"]
        assert "memories" in group
    behind = {declared.get("designer_hq"), declared.get("designer_parent_hq")}
    assert behind <= set(transaction["party_hqs"]) if "party_hqs" in transaction else None in behind
    assert ("agreed_743_9_on" in declared) == declared.get("agreed_743_9", False)
    assert ("application_filed_on" in declared) == (
        declared.get("application_748_16") in ("filed", "denied")
    )
    for countries in (
        declared.get("designer_locations", []),
        transaction.get("destinations", []),
        transaction.get("party_hqs", []),
    ):
        assert countries == sorted(set(countries))


def test_the_lock_holds_the_digest_of_the_edition() -> None:
    lines = (data_dir("rules") / "LOCK").read_text(encoding="utf-8").splitlines()
    assert f"{digest(RAW)}  us-ear/2026-11-24" in lines
    assert len(lines) == len(set(lines))
    assert lines == sorted(lines, key=lambda line: line.split()[1])


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_no_day_has_no_version_or_two() -> None:
    assert coverage(PACK, until=HORIZON) == ()
    days = [
        FIRST + dt.timedelta(days=number)
        for number in range(HORIZON.toordinal() - FIRST.toordinal() + 1)
    ]
    for dated in [*DOCUMENT["params"], *DOCUMENT["rules"]]:
        spans = [
            (
                dt.date.fromisoformat(version["from"]),
                dt.date.fromisoformat(version.get("until", "9999-12-31")),
            )
            for version in dated["versions"]
        ]
        for day in days:
            assert sum(first <= day <= last for first, last in spans) == 1, (dated["name"], day)


@pytest.mark.parametrize(
    ("name", "day", "size"),
    [
        ("approved_ic_designers", "2026-11-24", 33),
        ("approved_osats", "2026-11-24", 24),
        ("group_a1", "2026-11-24", 40),
        ("group_a5", "2026-07-09", 37),
        ("group_a5", "2026-07-10", 38),
        ("group_a6", "2026-11-24", 8),
        ("group_d1", "2026-11-24", 24),
        ("group_d4", "2026-07-09", 22),
        ("group_d4", "2026-07-10", 21),
        ("group_d5", "2025-11-06", 23),
        ("group_d5", "2025-11-07", 22),
    ],
)
def test_sizes_of_lists(name: str, day: str, size: int) -> None:
    assert len(on(name, day)) == size


def test_what_changed_in_the_lists() -> None:
    assert set(on("group_d5", "2025-11-06")) - set(on("group_d5", "2025-11-07")) == {"KH"}
    assert set(on("group_a5", "2026-07-10")) - set(on("group_a5", "2026-07-09")) == {"AE"}
    assert set(on("group_d4", "2026-07-09")) - set(on("group_d4", "2026-07-10")) == {"AE"}


def test_an_abbreviation_left_out_is_the_only_difference_of_the_second_spellings() -> None:
    for name in ("approved_ic_designers", "approved_osats"):
        printed = on(name, "2026-11-24")
        shortened = {re.sub(r" \([A-Z]+\)$", "", each) for each in printed} - set(printed)
        assert set(on(f"{name}_without_abbreviation", "2026-11-24")) == shortened


@pytest.mark.parametrize(
    ("day", "cliff"),
    [
        ("2025-01-16", "2026-04-13"),
        ("2026-04-06", "2026-04-13"),
        ("2026-04-07", "2026-12-31"),
        ("2026-12-31", "2026-12-31"),
    ],
)
def test_the_date_of_authorized_designers_in_the_text_of_the_day(day: str, cliff: str) -> None:
    assert on("authorized_cliff", day) == cliff


def test_the_lists_are_those_of_the_published_groups(shared_dir: Path) -> None:
    reference = json.loads((shared_dir / "reference" / "regulation.json").read_text("utf-8"))
    groups = reference["country_groups"]["groups"]
    for name in ("A:1", "A:5", "A:6", "D:1", "D:4", "D:5"):
        expected = {country["iso2"] for country in groups[name]}
        assert set(on(f"group_{name.replace(':', '').lower()}", "2026-07-23")) == expected
    for name, key in (
        ("approved_ic_designers", "supp6_part740_approved_ic_designers"),
        ("approved_osats", "supp7_part740_approved_osats"),
    ):
        assert on(name, "2026-07-23") == reference[key]["names"]


def texts(node: Json, *, under: str = "") -> Iterator[tuple[str, str]]:
    """Every text of the document with the member it stands under."""
    if isinstance(node, dict):
        for name, member in node.items():
            yield from texts(member, under=name)
    elif isinstance(node, list):
        for item in node:
            yield from texts(item, under=under)
    elif isinstance(node, str):
        yield under, node


def test_nothing_is_ever_called_free() -> None:
    for _, text in texts(DOCUMENT):
        assert not re.search(
            r"(?i)\b(not controlled|uncontrolled|no licence (is )?(needed|required))\b", text
        )


def test_what_would_clear_a_finding_is_evidence_and_no_advice_to_change_a_fact() -> None:
    advice = re.compile(
        r"(?i)\b(reduce|lower|remove|split|move|change|redesign|replace|instead|another)\b"
    )
    offered = [text for under, text in texts(DOCUMENT) if under == "clears_with"]
    assert offered
    for text in offered:
        assert not advice.search(text), text


def test_every_ambiguity_but_one_touches_a_rule() -> None:
    known = {each["id"] for each in DOCUMENT["ambiguities"]}
    used = {
        reading["ambiguity"]
        for rule in DOCUMENT["rules"]
        for version in rule["versions"]
        for reading in version.get("readings", [])
    }
    assert known == {f"AMB-{number:02}" for number in (*range(1, 12), 13)}
    assert known - used == {"AMB-07"}
    for each in DOCUMENT["ambiguities"]:
        assert each["others"]


def test_every_computed_ambiguity_is_flagged_by_a_case() -> None:
    flagged = {flag for case in CASES for flag in case.flags}
    assert flagged == {f"AMB-{number:02}" for number in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13)}


def test_an_attestation_that_is_missing_is_named_with_what_would_settle_it() -> None:
    finding = findings_of("58")["n1_presumption"]
    assert finding.result == "unknown"
    assert finding.outcome == "presumed"
    assert "fabricator.packages" in finding.missing
    assert any("approved OSAT" in text for text in finding.clears_with)
    assert any("fabricator's determination" in text for text in finding.clears_with)


def test_an_overcome_presumption_is_no_classification() -> None:
    findings = findings_of("38", declared={"precisions": None, "datacenter": True})
    assert findings["n1_presumption"].outcome == "overcome"
    assert findings["eccn_3a090_a"].result == "unknown"
    assert verdict_of(findings.values()) == "HOLD"


def without(tree: Json) -> Iterator[tuple[str, Json]]:
    """The facts with one group, fact, or member of a listed structure left out, one by one."""
    for group, members in tree.items():
        if group != "transaction":
            yield group, {name: each for name, each in tree.items() if name != group}
        for name, value in members.items():
            if f"{group}.{name}" in ("transaction.completion_date", "transaction.decision_date"):
                continue
            less = copy.deepcopy(tree)
            del less[group][name]
            yield f"{group}.{name}", less
            for at, item in enumerate(value if isinstance(value, list) else []):
                for member in item if isinstance(item, dict) else []:
                    less = copy.deepcopy(tree)
                    del less[group][name][at][member]
                    yield f"{group}.{name}.{at}.{member}", less


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_knowing_less_never_makes_the_verdict_better(case: Case) -> None:
    for name, less in without(facts_to_json(case.facts)):
        verdict = verdict_of(evaluate(PACK, facts_from_json(less)))
        assert verdict != "PASS" or case.verdict == "PASS", name
