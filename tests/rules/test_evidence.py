"""One document away: the sets that are found suffice, none is smaller, nothing known is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from attest.encoding import Json, canonical, loads
from attest.rules.bounds import Bounds
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.evidence import PAPERS_MAX, Evidence, EvidenceSet, missing_evidence
from attest.rules.facts import FACTS, Facts, facts_from_json, facts_to_json
from attest.rules.holes import Hole, copied, fill
from attest.rules.pack import Pack, compile_pack, read_pack_folder
from attest.rules.papers import PAPERS, SETTING, paper_of
from attest.rules.terms import Book
from tests.rules.packs import SAYS
from tests.rules.test_terms import RULES
from tests.rules.us_ear import BY_ID, DOCUMENT, PACK, changed

TRANSACTION: Json = {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}
EAR = [(PACK, DOCUMENT)]


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

DOMAINS: Mapping[str, tuple[Any, ...]] = {
    "declared.agreed_743_9": (True, False),
    "trade.licence": (True, False),
    "trade.purchase_order": (True, False),
    "party.listed_subsidiary": (True, False),
    "record.kyc_form": (True, False),
    "fabricator.aatc_attested": (0, 1, 2, 3, 4, 5, 6),
    "fabricator.packages": (True, False),
}
ATOMS = st.one_of(
    st.sampled_from([name for name, domain in DOMAINS.items() if len(domain) == 2]),
    st.builds(
        "fabricator.aatc_attested {} {}".format,
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.integers(1, 5),
    ),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(has({0}) ? {0} : {1})".format, st.sampled_from(["trade.licence"]), inner),
    ),
    max_leaves=6,
)


@st.composite
def small_questions(draw: DrawFn) -> tuple[list[str], dict[str, Any]]:
    conditions = draw(st.lists(CONDITIONS, min_size=1, max_size=3))
    known = draw(st.sets(st.sampled_from(sorted(DOMAINS)), max_size=4))
    return conditions, {name: draw(st.sampled_from(DOMAINS[name])) for name in sorted(known)}


def by_force(pack: Pack, facts: Facts) -> list[tuple[str, ...]]:
    """Every smallest set of papers that an exhaustive search finds."""
    open_names = [name for name in DOMAINS if name not in facts.values]
    papers = [p for p in PAPERS if p in {paper_of(name) for name in open_names}]
    for size in range(1, PAPERS_MAX + 1):
        sets = [some for some in combinations(papers, size) if _passes(pack, facts, some)]
        if sets:
            return [tuple(paper.id for paper in some) for some in sets]
    return []


def _passes(pack: Pack, facts: Facts, some: Any) -> bool:
    names = [n for n in DOMAINS if n not in facts.values and paper_of(n) in some]
    return any(
        verdict_of(evaluate(pack, Facts({**facts.values, **_chosen(names, values)}))) == "PASS"
        for values in product(*((None, *DOMAINS[name]) for name in names))
    )


def _chosen(names: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(names, values, strict=True)
    return {name: value for name, value in pairs if value is not None}


SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@SLOW
@given(question=small_questions())
def test_the_search_finds_what_brute_force_finds(
    question: tuple[list[str], dict[str, Any]],
) -> None:
    conditions, known = question
    pack, document = pack_of(*conditions)
    facts = Facts({**facts_from_json({"transaction": TRANSACTION}).values, **known})
    assume(verdict_of(evaluate(pack, facts)) == "HOLD")
    evidence = missing_evidence([(pack, document)], facts)
    assert papers_in(evidence) == by_force(pack, facts)
    for each in evidence.sets:
        check_set([(pack, document)], facts, each)


@SLOW
@given(question=small_questions(), data=st.data())
def test_the_bound_never_cuts_off_what_passes(
    question: tuple[list[str], dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever assignment passes, the bound over its papers allowed it."""
    conditions, known = question
    pack, document = pack_of(*conditions)
    setting = facts_from_json({"transaction": TRANSACTION}).values
    start = {**setting, **known}
    shown = {
        name: data.draw(st.sampled_from(domain))
        for name, domain in DOMAINS.items()
        if name not in start and data.draw(st.booleans())
    }
    assume(verdict_of(evaluate(pack, Facts({**start, **shown}))) == "PASS")
    bounds = Bounds(
        Book(document),
        start,
        completion=start["transaction.completion_date"],
        decision=start["transaction.decision_date"],
        may_show=shown.__contains__,
    )
    assert bounds.could_pass()


def every_third(cases: Mapping[str, Any]) -> Iterator[Any]:
    yield from list(cases.values())[::3]


def test_the_bound_allows_every_case_that_passes() -> None:
    """Take facts of a passing case away: the bound over them has to allow them to come back."""
    book, allowed = Book(DOCUMENT), 0
    for case in every_third(BY_ID):
        if case.verdict != "PASS":
            continue
        for group in ("declared", "fabricator", "osat", "transaction"):
            facts = copied(case.facts.values)
            gone = {n for n in facts if n.startswith(f"{group}.") and n not in SETTING}
            for name in gone:
                fill(facts, Hole(name), None)
            bounds = Bounds(
                book,
                facts,
                completion=facts["transaction.completion_date"],
                decision=facts["transaction.decision_date"],
                may_show=gone.__contains__,
            )
            assert bounds.could_pass(), (case.id, group)
            allowed += 1
    assert allowed > 50
