"""The search for evidence against brute force, and its bound against what passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from attest.rules.bounds import Bounds
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.evidence import PAPERS_MAX, missing_evidence
from attest.rules.facts import Facts, facts_from_json
from attest.rules.holes import Hole, copied, fill
from attest.rules.pack import Pack
from attest.rules.papers import PAPERS, SETTING, paper_of
from attest.rules.terms import Book
from tests.rules.test_evidence import TRANSACTION, check_set, pack_of, papers_in
from tests.rules.us_ear import BY_ID, DOCUMENT

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
