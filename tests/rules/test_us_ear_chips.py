"""The pack us-ear-chips: worked cases, its texts, and what a missing fact may do."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import pytest

from attest import schemas
from attest.encoding import Json
from attest.rules.cases import Case, CaseResult, run_cases
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import Facts, facts_from_json, facts_to_json
from tests.rules.us_ear_chips import CASES, DOCUMENT, PACK, findings_of

# The worked cases on consequence, classification and the review of 2026, by their numbers.
NUMBERED = {
    *(69, 70, 71, 72, 74, 76),
    *(78, 79, 80, 82, 84, 86, 87, 89, 91, 92, 93, 95),
    *(96, 97, 100, 101),
    120,
}
PARAGRAPHS = {
    "eccn_3a090_2022": ("2022-10-07", "2023-11-16"),
    "eccn_3a090_a1": ("2023-11-17", None),
    "eccn_3a090_a2": ("2023-11-17", None),
    "eccn_3a090_b1": ("2023-11-17", None),
    "eccn_3a090_b2": ("2023-11-17", None),
    "eccn_3a090_c": ("2024-12-02", None),
    "eccn_4a090_a": ("2023-11-17", None),
    "eccn_4a090_b": ("2023-11-17", None),
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


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_each_paragraph_is_a_scope_of_its_days() -> None:
    rules = {rule["name"]: rule for rule in DOCUMENT["rules"]}
    for name, (first, until) in PARAGRAPHS.items():
        (version,) = rules[name]["versions"]
        assert rules[name]["kind"] == "scope"
        assert (version["from"], version.get("until")) == (first, until)
    assert PARAGRAPHS.keys() == {name for name in rules if name.startswith("eccn_")}


def test_every_ambiguity_touches_a_rule_and_is_flagged_by_a_case() -> None:
    known = {each["id"] for each in DOCUMENT["ambiguities"]}
    used = {
        reading["ambiguity"]
        for rule in DOCUMENT["rules"]
        for version in rule["versions"]
        for reading in version.get("readings", [])
    }
    assert known == used == {flag for case in CASES for flag in case.flags}


def test_every_rule_has_a_case_for_each_of_its_results() -> None:
    seen: dict[str, set[str]] = {rule["name"]: set() for rule in DOCUMENT["rules"]}
    for case in CASES:
        for finding in evaluate(PACK, case.facts):
            seen[finding.rule].add(finding.result)
    for rule in DOCUMENT["rules"]:
        fails = set() if rule["kind"] == "scope" else {"fail"}
        assert {"pass", "n/a"} | fails <= seen[rule["name"]], rule["name"]


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


def test_the_trace_shows_which_condition_of_the_review_was_not_met() -> None:
    trace = findings_of("101")["review_case_by_case"].tests
    assert trace[-1] == (
        "(ledger.china_units + item.units) * 2 <= ledger.us_units",
        "false",
    )


def test_a_licence_that_nobody_speaks_of_is_named_as_missing() -> None:
    finding = findings_of("b-licence-unsaid")["licence_or_exception"]
    assert finding.outcome == "presumed"
    assert "trade.licence" in finding.missing
    assert "The BIS licence for the transaction" in finding.clears_with


# Where one of these is left out, the other stands for it.
STANDS_FOR = {
    "trade.consignee_country": "transaction.destinations",
    "trade.consignee_hqs": "transaction.party_hqs",
    "transaction.destinations": "trade.consignee_country",
    "transaction.party_hqs": "trade.consignee_hqs",
}


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


def verdict_but_for_agreement(facts: Facts) -> str:
    """The verdict without `figures_agree`, which compares what is stated twice."""
    findings = evaluate(PACK, facts)
    return verdict_of(each for each in findings if each.rule != "figures_agree")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_knowing_less_never_makes_the_verdict_better(case: Case) -> None:
    if verdict_but_for_agreement(case.facts) == "PASS":
        return
    for name, less in without(facts_to_json(case.facts)):
        stands = STANDS_FOR.get(name) in case.facts.values
        if name != "item.kind" and not stands:
            assert verdict_but_for_agreement(facts_from_json(less)) != "PASS", name
