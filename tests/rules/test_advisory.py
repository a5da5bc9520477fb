"""The advisory packs of other jurisdictions: worked cases, and that none can do more than hold."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import schemas
from attest.countries import COUNTRIES
from attest.data import data_dir
from attest.encoding import Json
from attest.rules.cases import Case, CaseResult, read_cases, run_cases
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import facts_from_json, facts_to_json
from attest.rules.pack import Pack, compile_pack, coverage, read_pack_folder
from attest.rules.register import GROUPS
from tests.rules.test_facts import values_of
from tests.rules.test_us_ear import texts


@dataclass(frozen=True)
class Advisory:
    """A pack with its document and cases; `first` is its first day."""

    name: str
    document: Mapping[str, Any]
    pack: Pack
    cases: tuple[Case, ...]

    @property
    def first(self) -> str:
        return str(self.document["effective"]["from"])

    def findings(self, day: str, **groups: Mapping[str, Json]) -> dict[str, Finding]:
        transaction = {"completion_date": day, "decision_date": day, "mode": "cfr_text"}
        facts = facts_from_json({**groups, "transaction": transaction})
        return {finding.rule: finding for finding in evaluate(self.pack, facts)}


def read(name: str) -> Advisory:
    folder = data_dir("rules") / name
    raw = read_pack_folder(folder)
    return Advisory(name, json.loads(raw), compile_pack(raw), read_cases(folder))


NAMES = ("tw-shtc", "kr-strategic", "jp-fefta", "nl-sme", "eu-dual-use", "cn-counter")
PACKS = {name: read(name) for name in NAMES}
CASES = [(each, case) for each in PACKS.values() for case in each.cases]
RESULTS = [
    (each.name, result) for each in PACKS.values() for result in run_cases(each.pack, each.cases)
]
OWN = {"tw-shtc": "TW", "kr-strategic": "KR", "jp-fefta": "JP", "nl-sme": "NL"}
"""The packs of one country, whose code is also that of its list and of its permit."""

SCOPES = {
    "tw-shtc": "export_from_taiwan",
    "kr-strategic": "export_from_korea",
    "jp-fefta": "export_from_japan",
    "nl-sme": "export_from_netherlands",
    "eu-dual-use": "export_from_union",
}
LISTED = {
    "tw-shtc": "shtc_permit",
    "kr-strategic": "strategic_item",
    "jp-fefta": "listed_item",
    "nl-sme": "listed_item",
    "eu-dual-use": "listed_item",
}

each_pack = pytest.mark.parametrize("advisory", PACKS.values(), ids=PACKS)


@pytest.mark.parametrize(("name", "result"), RESULTS, ids=[f"{n} {r.id}" for n, r in RESULTS])
def test_worked_case(name: str, result: CaseResult) -> None:
    assert result.ok, f"{name}: expected {result.expected}, got {result.got}"


@pytest.mark.parametrize(("advisory", "case"), CASES, ids=[f"{a.name} {c.id}" for a, c in CASES])
def test_a_case_names_every_flag(advisory: Advisory, case: Case) -> None:
    findings = evaluate(advisory.pack, case.facts)
    assert {flag.ambiguity for each in findings for flag in each.flags} == set(case.flags)


def test_the_numbered_case_is_there() -> None:
    numbered = {int(match.group()) for _, case in CASES if (match := re.match(r"[0-9]+", case.id))}
    assert numbered == {124}


@each_pack
def test_every_ambiguity_is_flagged_by_a_case(advisory: Advisory) -> None:
    flagged = {flag for case in advisory.cases for flag in case.flags}
    assert flagged == {each["id"] for each in advisory.document["ambiguities"]}
    assert all(each["others"] for each in advisory.document["ambiguities"])


@each_pack
def test_the_document_is_of_the_schema_and_says_that_it_advises(advisory: Advisory) -> None:
    assert schemas.explain("pack", advisory.document) == []
    assert advisory.document["title"].endswith("(advisory)")
    assert advisory.document["layer"] == "law"


@each_pack
def test_nothing_rests_on_more_than_secondary_sources(advisory: Advisory) -> None:
    dated = [
        version
        for each in [*advisory.document["params"], *advisory.document["rules"]]
        for version in each["versions"]
    ]
    assert {version["confidence"] for version in dated} == {"C"}
    assert all(version["as_of"] <= "2026-08-01" for version in dated)


@each_pack
def test_a_gap_is_only_there_before_a_rule_begins(advisory: Advisory) -> None:
    gaps = coverage(advisory.pack, until=dt.date(2030, 12, 31))
    assert {gap.name for gap in gaps} == (
        {"rule.listed_user"} if advisory.name == "jp-fefta" else set()
    )
    assert {gap.last for gap in gaps} <= {dt.date(2025, 10, 8)}


@each_pack
def test_the_texts_call_nothing_free_and_advise_no_change_of_facts(advisory: Advisory) -> None:
    free = re.compile(r"(?i)\b(not controlled|uncontrolled|no licence (is )?(needed|required))\b")
    advice = re.compile(r"(?i)\b(reduce|lower|remove|split|move|change|redesign|replace|another)\b")
    for under, text in texts(advisory.document):
        assert not free.search(text)
        assert under != "clears_with" or not advice.search(text)


@each_pack
def test_every_boundary_has_its_three_days(advisory: Advisory) -> None:
    firsts = {
        version["from"] for rule in advisory.document["rules"] for version in rule["versions"]
    }
    completed = {
        facts_to_json(case.facts)["transaction"]["completion_date"] for case in advisory.cases
    }
    for first in firsts:
        day = dt.date.fromisoformat(first)
        around = {(day + dt.timedelta(days=step)).isoformat() for step in (-1, 0, 1)}
        assert around <= completed, first


# --- never more than a HOLD --------------------------------------------------------------------


@each_pack
def test_no_rule_can_contribute_a_fail(advisory: Advisory) -> None:
    rules = advisory.document["rules"]
    assert {rule["kind"] for rule in rules} <= {"scope", "test"}
    assert all(
        version["on_fail"] == "HOLD"
        for rule in rules
        if rule["kind"] == "test"
        for version in rule["versions"]
    )


def test_the_notice_of_conflicting_laws_costs_nothing() -> None:
    assert {rule["kind"] for rule in PACKS["cn-counter"].document["rules"]} == {"scope"}


LISTING = {"name": "Example", "role": "consignee"}
ANYTHING = st.fixed_dictionaries(
    {
        "trade": st.fixed_dictionaries(
            {},
            optional={
                **{name: values_of(shape) for name, shape in GROUPS["trade"].items()},
                "from_country": st.sampled_from(["CN", "DE", "JP", "KR", "NL", "TW", "US"]),
            },
        ),
        "party": st.fixed_dictionaries(
            {},
            optional={
                "listings": st.lists(
                    st.sampled_from(["EL", "METI", "SHTC"]).map(
                        lambda code: {**LISTING, "list": code}
                    ),
                    max_size=2,
                )
            },
        ),
        "item": st.fixed_dictionaries(
            {}, optional={name: values_of(shape) for name, shape in GROUPS["item"].items()}
        ),
    }
)
DAYS = st.dates(dt.date(2023, 7, 1), dt.date(2030, 12, 31)).map(dt.date.isoformat)


@given(st.sampled_from(NAMES), DAYS, ANYTHING)
def test_whatever_the_facts_no_pack_fails(name: str, day: str, tree: dict[str, Any]) -> None:
    assert verdict_of(PACKS[name].findings(day, **tree).values()) != "FAIL"


@given(st.sampled_from(sorted(SCOPES)), DAYS, ANYTHING)
def test_a_pack_is_silent_where_its_country_ships_nothing(
    name: str, day: str, tree: dict[str, Any]
) -> None:
    found = PACKS[name].findings(day, **tree)
    if found and found[SCOPES[name]].result != "pass":
        assert verdict_of(found.values()) == "PASS"
        assert {each.result for each in found.values() if each.kind == "test"} == {"n/a"}


@pytest.mark.parametrize("name", SCOPES)
def test_a_pack_that_is_not_told_the_shipping_country_is_silent(name: str) -> None:
    found = PACKS[name].findings("2026-12-15", trade={"consignee_country": "CN"})
    assert verdict_of(found.values()) == "PASS"
    assert {each.result for each in found.values()} == {"n/a"}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_one_country_brings_its_pack_in(name: str, country: str) -> None:
    trade = {"from_country": country, "consignee_country": "VU"}
    found = PACKS[name].findings("2026-12-15", trade=trade)
    assert (found[SCOPES[name]].result == "pass") == (country == OWN[name])


def test_the_member_states_bring_the_pack_of_the_union_in() -> None:
    found = {
        country
        for country in COUNTRIES
        if PACKS["eu-dual-use"]
        .findings("2026-12-15", trade={"from_country": country, "consignee_country": "VU"})[
            "export_from_union"
        ]
        .result
        == "pass"
    }
    assert len(found) == 27
    assert found & {"DE", "NL", "CY"} == {"DE", "NL", "CY"}
    assert not found & {"GB", "CH", "NO", "TR"}


@given(
    st.sampled_from(sorted(LISTED)),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
)
def test_a_listed_item_needs_a_permit_and_unknown_never_passes(
    name: str, listed: bool | None, permitted: bool | None
) -> None:
    code = OWN.get(name, "EU")
    item: dict[str, Json] = {} if listed is None else {"controlled_in": [code] if listed else []}
    trade: dict[str, Json] = {"from_country": "FR" if code == "EU" else code}
    if permitted is not None:
        trade["permits"] = [code] if permitted else []
    finding = PACKS[name].findings("2026-12-15", item=item, trade=trade)[LISTED[name]]
    if listed is False or permitted:
        expected = "pass"
    elif listed is None or permitted is None:
        expected = "unknown"
    else:
        expected = "fail"
    assert finding.result == expected
    assert finding.verdict == ("PASS" if expected == "pass" else "HOLD")


@given(st.lists(st.sampled_from(["EL", "METI", "SHTC", "UVL"]), max_size=3), st.booleans())
def test_each_pack_looks_at_its_own_list_of_parties(codes: list[str], permitted: bool) -> None:
    party = {"listings": [{**LISTING, "list": code} for code in codes]}
    for name, rule, code in (
        ("tw-shtc", "shtc_listed_party", "SHTC"),
        ("jp-fefta", "listed_user", "METI"),
    ):
        own = OWN[name]
        trade = {"from_country": own, "permits": [own] if permitted else []}
        found = PACKS[name].findings("2026-12-15", party=party, trade=trade)
        assert (found[rule].result == "fail") == (code in codes and not permitted)


CHINA = {"CN", "HK", "MO"}
SOME = st.sampled_from(["CN", "HK", "MO", "MY", "TW", "US"])


@given(SOME, SOME, st.lists(SOME, min_size=1, max_size=3))
def test_the_notice_is_given_as_soon_as_anybody_is_in_china(
    origin: str, consignee: str, hqs: list[str]
) -> None:
    trade = {"from_country": origin, "consignee_country": consignee, "consignee_hqs": hqs}
    found = PACKS["cn-counter"].findings("2026-12-15", trade=trade)
    near = bool({origin, consignee, *hqs} & CHINA)
    assert {each.result for each in found.values()} == {"pass" if near else "n/a"}
    assert ("take advice" in found["conflict_of_law"].says) == near
    assert ("Do not submit automatically" in found["conflict_of_law"].says) == near
    assert {flag.ambiguity for flag in found["announcement_61"].flags} == (
        {"CN-01"} if near else set()
    )


# --- knowing less ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("advisory", "case"),
    [(each, case) for each, case in CASES if case.verdict == "HOLD"],
    ids=[f"{each.name} {case.id}" for each, case in CASES if case.verdict == "HOLD"],
)
def test_only_not_knowing_where_it_comes_from_makes_a_verdict_better(
    advisory: Advisory, case: Case
) -> None:
    tree = facts_to_json(case.facts)
    for group, members in tree.items():
        for name in members:
            if group == "transaction":
                continue
            rest = {each: value for each, value in members.items() if each != name}
            less = facts_from_json({**tree, group: rest})
            verdict = verdict_of(evaluate(advisory.pack, less))
            assert (verdict == "PASS") == ((group, name) == ("trade", "from_country"))
