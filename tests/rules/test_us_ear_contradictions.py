"""The pack us-ear on papers that contradict each other: no paper is passed over."""

from __future__ import annotations

from typing import Any

import pytest

from attest.encoding import Json
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import facts_from_json
from tests.rules.us_ear import PACK, changed, findings_of

BN = 10**9
DIE: dict[str, Json] = changed("38")["fabricator"]["dies"][0]
HBM = {"kind": "HBM3", "units": 4, "bandwidth_mbyte_s": 819_000, "area_um2": 110_000_000}


def counting(count: int) -> dict[str, Json]:
    return {"aatc_attested": count, "dies": [{**DIE, "gds_transistors": count}]}


def osat(**members: Json) -> dict[str, Json]:
    """An OSAT that is not listed and does not package."""
    stated: dict[str, Json] = {
        "attester_name": "Example Testing Ltd.",
        "packages": False,
        "dies": [{**DIE, "gds_transistors": 12 * BN}],
        "memories": [],
    }
    return {**stated, **members}


def with_osat(case: str, stated: dict[str, Json], **changes: Json) -> dict[str, Finding]:
    facts = {**changed(case, **changes), "osat": stated}
    return {finding.rule: finding for finding in evaluate(PACK, facts_from_json(facts))}


@pytest.mark.parametrize(
    ("case", "stated", "result"),
    [
        ("49", osat(), "pass"),
        ("49", osat(hbm=True), "fail"),
        ("49", osat(memories=[HBM]), "fail"),
        ("49", osat(aatc_attested=35 * BN - 1), "pass"),
        ("49", osat(aatc_attested=35 * BN), "fail"),
        ("49", osat(packages=True, packaging_country="CN"), "fail"),
        ("49", osat(dies=[{**DIE, "units": 2}]), "fail"),
        ("38", osat(hbm=True), "pass"),
    ],
)
def test_an_osat_against_way_b(case: str, stated: dict[str, Json], result: str) -> None:
    findings = with_osat(case, stated)
    assert findings["n1_presumption"].ways == ("n1_way_b",)
    assert findings["n1_papers_agree"].result == result
    if result == "fail":
        assert verdict_of(findings.values()) == "HOLD"


@pytest.mark.parametrize(
    ("declared", "result"),
    [({"hbm": True}, "fail"), ({"memories": [HBM]}, "fail"), ({"hbm": False}, "pass")],
)
def test_a_designer_against_an_attester_on_memory(declared: dict[str, Any], result: str) -> None:
    assert findings_of("49", declared=declared)["n1_papers_agree"].result == result


@pytest.mark.parametrize(
    ("fabricator", "result"),
    [
        ({}, "pass"),
        (counting(30 * BN - 1), "pass"),
        (counting(30 * BN), "fail"),
        ({"packages": True, "packaging_country": "CN"}, "fail"),
        ({"packages": True, "packaging_country": "TW"}, "pass"),
        ({"dies": [{**DIE, "units": 2}]}, "fail"),
    ],
)
def test_a_fabricator_against_way_c(fabricator: dict[str, Any], result: str) -> None:
    findings = findings_of("55", fabricator=fabricator)
    assert "n1_way_c" in findings["n1_presumption"].ways
    assert findings["n1_papers_agree"].result == result


def test_contradictions_on_ways_b_and_c_do_not_matter_where_way_a_is_shown() -> None:
    stated = osat(packages=True, packaging_country="CN", aatc_attested=60 * BN, hbm=True)
    assert with_osat("11", stated)["n1_papers_agree"].result == "pass"


@pytest.mark.parametrize(
    ("by_foundry", "by_osat", "result"),
    [
        (True, True, "pass"),
        (True, None, "pass"),
        (None, True, "pass"),
        (True, False, "fail"),
        (False, True, "fail"),
        (None, False, "fail"),
        (None, None, "unknown"),
    ],
)
def test_a_mapping_that_one_of_two_denies_is_none(
    by_foundry: bool | None, by_osat: bool | None, result: str
) -> None:
    stated = osat() if by_osat is None else osat(listed_mapping_confirmed=by_osat)
    findings = with_osat(
        "b-mapping-signed", stated, fabricator={"listed_mapping_confirmed": by_foundry}
    )
    assert findings["n1_way_a"].result == result


def test_a_die_that_the_osat_alone_lists_leaves_the_scope_open() -> None:
    planar = changed("1")["fabricator"]["dies"][0]
    second = {"name": "second", "units": 1, "function": "logic"}
    assert with_osat("1", osat(dies=[planar]))["n1_scope"].result == "n/a"
    findings = with_osat("1", osat(dies=[planar, second]))
    assert findings["n1_scope"].result == "unknown"
    assert verdict_of(findings.values()) == "HOLD"


@pytest.mark.parametrize(
    ("exporter", "result"),
    [("front-end-fabricator", "fail"), ("other", "fail"), ("osat", "pass")],
)
def test_the_packaging_site_is_a_destination_unless_the_osat_ships(
    exporter: str, result: str
) -> None:
    findings = findings_of("b-b-site", transaction={"exporter": exporter})
    assert findings["eccn_3a090_b"].result == result


def test_the_trade_name_and_the_density_test_in_way_c() -> None:
    memory = {"kind": "HBM", "units": 4, "bandwidth_mbyte_s": 120_000, "area_um2": 100_000_000}
    findings = findings_of(
        "55",
        osat=counting(33 * BN) | {"hbm": True, "memories": [memory]},
        transaction={"completion_date": "2027-06-15"},
    )
    assert [(flag.ambiguity, flag.result) for flag in findings["n1_way_c"].flags] == [
        ("AMB-06", "pass")
    ]
