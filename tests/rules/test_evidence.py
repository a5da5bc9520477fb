"""One document away: the sets that are found suffice, none is smaller, nothing known is changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from attest.encoding import Json, canonical, loads
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.evidence import PAPERS_MAX, Evidence, EvidenceSet, missing_evidence
from attest.rules.facts import FACTS, Facts, facts_from_json, facts_to_json
from attest.rules.pack import Pack, compile_pack, read_pack_folder
from attest.rules.papers import PAPERS, SETTING, paper_of
from tests.rules.packs import SAYS
from tests.rules.test_terms import RULES
from tests.rules.us_ear import BY_ID, DOCUMENT, PACK, changed

TRANSACTION: Json = {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}
EAR = [(PACK, DOCUMENT)]
PERFORMANCE = "designer-performance"


def pack_of(*conditions: str, on_fail: str = "HOLD") -> tuple[Pack, Json]:
    """A pack of one test for each condition."""
    rules = [
        {
            "name": f"rule_{number}",
            "title": "A rule",
            "kind": "test",
            "versions": [
                {
                    "from": "2025-01-31",
                    "tested_on": "completion",
                    "citation": "House rule 1",
                    "confidence": "A",
                    "as_of": "2026-07-23",
                    "holds": condition,
                    "on_fail": on_fail,
                    "says": SAYS,
                }
            ],
        }
        for number, condition in enumerate(conditions)
    ]
    document = {
        "v": 1,
        "engine": 1,
        "id": "house",
        "edition": "2026-11-24",
        "layer": "house",
        "title": "House",
        "effective": {"from": "2026-01-01"},
        "params": [],
        "definitions": [],
        "ambiguities": [],
        "rules": rules,
    }
    raw = canonical(document)
    return compile_pack(raw), loads(raw)


def found(*conditions: str, **groups: Json) -> Evidence:
    """The evidence for a pack of conditions over facts."""
    return missing_evidence(
        [pack_of(*conditions)], facts_from_json({"transaction": TRANSACTION, **groups})
    )


def papers_in(evidence: Evidence) -> list[tuple[str, ...]]:
    return [tuple(need.paper.id for need in each.needs) for each in evidence.sets]


def check_set(packs: list[tuple[Pack, Json]], facts: Facts, each: EvidenceSet) -> None:
    """The example passes, differs in missing facts of the papers only, and each is needed."""
    findings = [finding for pack, _ in packs for finding in evaluate(pack, each.facts)]
    assert verdict_of(findings) == "PASS"
    papers = {need.paper for need in each.needs}
    shown = {fact.fact for need in each.needs for fact in need.shows}
    for name, value in each.facts.values.items():
        if name not in facts.values:
            assert name in shown
            assert paper_of(name) in papers
        elif isinstance(value, tuple) and value != facts.values[name]:
            assert name in shown
            for before, after in zip(facts.values[name], value, strict=True):  # type: ignore[arg-type]
                assert isinstance(before, Mapping)
                assert isinstance(after, Mapping)
                assert before.items() <= after.items()
        else:
            assert value == facts.values[name]
    assert facts.values.keys() <= each.facts.values.keys()
    assert facts_from_json(facts_to_json(each.facts)) == each.facts  # every value is registered


def test_every_fact_is_shown_by_one_paper_or_is_the_question() -> None:
    assert {name for name in FACTS if paper_of(name) is None} == SETTING
    named = [name for paper in PAPERS for name in paper.facts]
    assert len(named) == len(set(named))
    groups = {name.partition(".")[0] for name in FACTS}
    wanted = {*FACTS, *(f"{group}.*" for group in groups)}
    assert set(named) <= wanted
    assert len({paper.id for paper in PAPERS}) == len(PAPERS)


def test_one_paper_is_enough() -> None:
    evidence = found("fabricator.aatc_attested < 7 && fabricator.packages")
    assert papers_in(evidence) == [("fabricator-determination",)]
    (need,) = evidence.sets[0].needs
    assert [(each.fact, each.as_in) for each in need.shows] == [
        ("fabricator.packages", ("fabricator.packages is true",)),
        ("fabricator.aatc_attested", ("fabricator.aatc_attested < 7",)),
    ]
    assert evidence.complete


def test_every_smallest_set_is_found() -> None:
    evidence = found("(trade.licence && osat.packages) || record.kyc_form || trade.licence")
    assert papers_in(evidence) == [("licence",), ("kyc-form",)]
    both = found("trade.licence", "record.kyc_form || party.listed_subsidiary")
    assert papers_in(both) == [("licence", "screening-result"), ("licence", "kyc-form")]


def test_more_papers_than_a_set_may_have_are_none() -> None:
    names = ("trade.licence", "record.kyc_form", "party.listed_subsidiary", "declared.datacenter")
    assert papers_in(found(*names)) == []
    assert papers_in(found(*names[:3])) == [("licence", "screening-result", "kyc-form")]
    assert PAPERS_MAX == 3


@pytest.mark.parametrize(
    ("condition", "groups"),
    [
        ("osat.hbm == false", {"fabricator": {"hbm": True}}),
        ("osat.packages", {"fabricator": {"packages": True}}),
        ("osat.attester_name == 'Amkor'", {"declared": {"packager_name": "Someone Else"}}),
        (
            "fabricator.dies.all(d, d.node_nm > 16)",
            {"declared": {"dies": [{"name": "core", "node_nm": 5}]}},
        ),
        ("fabricator.aatc_attested < 7", {"osat": {"aatc_attested": 9}}),
    ],
)
def test_evidence_never_contradicts_another_paper(condition: str, groups: Json) -> None:
    assert papers_in(found(condition)) != []
    assert papers_in(found(condition, **groups)) == []


def test_a_structure_is_completed_and_not_replaced() -> None:
    dies = [{"name": "core", "units": 2, "area_um2": 100}, {"name": "io", "units": 1}]
    condition = "sum(declared.dies.map(d, d.units * d.area_um2)) == 207"
    evidence = found(condition, declared={"dies": dies})
    assert papers_in(evidence) == [("designer-performance",)]
    values = evidence.sets[0].facts.values["declared.dies"]
    assert values == ({**dies[0]}, {**dies[1], "area_um2": 7})


def test_dates_texts_and_lists_are_found() -> None:
    evidence = found(
        "declared.agreed_743_9_on <= transaction.decision_date",
        "declared.designer_hq in ['TW', 'US'] && declared.designer_hq != 'TW'",
        "'military' in trade.end_uses && size(trade.end_uses) == 1",
    )
    (each,) = evidence.sets
    assert [need.paper.id for need in each.needs] == ["designer-status", "end-user-statement"]
    assert each.facts.values["declared.designer_hq"] == "US"
    assert each.facts.values["trade.end_uses"] == ("military",)


def test_a_fail_by_known_facts_has_no_evidence() -> None:
    failed = pack_of("fabricator.hbm", "trade.licence", on_fail="FAIL")
    facts = facts_from_json({"transaction": TRANSACTION, "fabricator": {"hbm": False}})
    assert missing_evidence([failed], facts) == Evidence((), complete=True)
    held = pack_of("fabricator.hbm", "trade.licence")
    assert papers_in(missing_evidence([held], facts)) == []


def test_a_pass_needs_no_evidence() -> None:
    assert found("fabricator.hbm", fabricator={"hbm": True}) == Evidence((), complete=True)


@pytest.mark.parametrize(
    ("conditions", "papers"),
    [
        (["fabricator.aatc_attested * 4_000_000_000_000 < 0"], []),  # never, and then too large
        (["fabricator.aatc_attested * 4_000_000_000 > 7"], [("fabricator-determination",)]),
        (
            ["declared.application_748_16 != 'none' && declared.application_748_16 != 'filed'"],
            [("designer-status",)],
        ),
        (
            [
                "declared.application_748_16 != 'none' && declared.application_748_16 != 'filed'"
                " && declared.application_748_16 != 'denied'"
            ],
            [],
        ),
        (["declared.dies.all(d, d.units > 2) && size(declared.dies) > 0"], [(PERFORMANCE,)]),
        (["record.sale_date + 30 == transaction.decision_date"], [("transaction-record",)]),
    ],
)
def test_values_are_found_or_not(conditions: list[str], papers: list[tuple[str, ...]]) -> None:
    evidence = found(*conditions)
    assert papers_in(evidence) == papers
    assert evidence.complete


def test_a_rule_that_is_not_in_force_asks_for_nothing() -> None:
    _, document = pack_of("trade.licence", "rule.rule_0 || record.kyc_form")
    document["rules"][0]["versions"][0]["from"] = "2027-01-01"
    raw = canonical(document)
    facts = facts_from_json({"transaction": TRANSACTION})
    evidence = missing_evidence([(compile_pack(raw), loads(raw))], facts)
    assert papers_in(evidence) == [("kyc-form",)]


def test_a_pack_that_is_not_in_force_stays_out_of_it() -> None:
    _, document = pack_of("trade.licence")
    document["effective"]["from"] = "2027-01-01"
    raw = canonical(document)
    facts = facts_from_json({"transaction": TRANSACTION})
    packs = [(compile_pack(raw), loads(raw)), pack_of("record.kyc_form")]
    assert papers_in(missing_evidence(packs, facts)) == [("kyc-form",)]


def test_a_test_too_long_to_be_read_again_is_not_shown() -> None:
    _, document = pack_of("trade.licence")
    name = f"fabricator.attester_name in ['{'a' * 1_500}']"
    thrice = {"name": "thrice", "parameter": "x", "value": "[x, x, x] == [true, true, true]"}
    document["definitions"] = [{**thrice, "citation": "House rule 1"}]
    document["rules"][0]["versions"][0]["holds"] = f"thrice({name}) && fabricator.packages"
    raw = canonical(document)
    facts = facts_from_json({"transaction": TRANSACTION})
    (each,) = missing_evidence([(compile_pack(raw), loads(raw))], facts).sets
    (need,) = each.needs
    assert [(shown.fact, shown.as_in) for shown in need.shows] == [
        ("fabricator.attester_name", (name,)),
        ("fabricator.packages", ("fabricator.packages is true",)),
    ]


def test_the_json_has_no_example() -> None:
    told = found("fabricator.aatc_attested < 7").to_json()
    assert told == {
        "sets": [
            [
                {
                    "paper": "fabricator-determination",
                    "title": "Determination of the front-end fabricator",
                    "signer": "the front-end fabricator",
                    "shows": [
                        {
                            "fact": "fabricator.aatc_attested",
                            "as_in": ["fabricator.aatc_attested < 7"],
                        }
                    ],
                }
            ]
        ],
        "complete": True,
    }


@pytest.mark.parametrize(
    ("case", "dropped", "wanted"),
    [
        ("38", ("fabricator",), [("fabricator-determination",)]),
        ("38", ("fabricator.aatc_attested",), [("fabricator-determination",)]),
        ("38", ("declared.precisions",), [("designer-performance",)]),
        ("38", ("fabricator", "declared.precisions"), None),
        ("40", ("fabricator.dies",), [("fabricator-determination",)]),
        ("b-osat-hbm-said", ("osat",), [("osat-determination",)]),
    ],
)
def test_the_foundry_rule(
    case: str, dropped: tuple[str, ...], wanted: list[tuple[str, ...]] | None
) -> None:
    known = BY_ID[case].facts.values
    names = [name for name in known if name in dropped or name.partition(".")[0] in dropped]
    facts = Facts({name: value for name, value in known.items() if name not in names})
    assert verdict_of(evaluate(PACK, facts)) == "HOLD"
    evidence = missing_evidence(EAR, facts)
    assert evidence.sets
    if wanted is not None:
        assert papers_in(evidence) == wanted
    else:
        assert papers_in(evidence) == [("designer-performance", "fabricator-determination")]
    for each in evidence.sets:
        check_set(EAR, facts, each)


def test_a_count_at_the_limit_has_no_evidence() -> None:
    """The fabricator signs 30 billion: no paper makes less of it."""
    tree = changed("38", fabricator={"aatc_attested": 30_000_000_000, "dies": None})
    assert papers_in(missing_evidence(EAR, facts_from_json(tree))) == []


def test_law_and_house_rules_together() -> None:
    raw = read_pack_folder(RULES / "house-example")
    packs = [*EAR, (compile_pack(raw), loads(raw))]
    tree = changed("38", declared={"dies": [{**DIE, "transistors": 28_000_000_000}]})
    del tree["fabricator"]
    facts = facts_from_json(tree)
    evidence = missing_evidence(packs, facts)
    assert papers_in(evidence) == [("fabricator-determination",)]
    check_set(packs, facts, evidence.sets[0])


DIE: Json = {
    "name": "compute",
    "units": 1,
    "function": "logic",
    "node_nm": 5,
    "node_class": "16/14-or-below",
    "architecture": "finfet",
    "area_um2": 120_000_000,
}
