"""A small pack with a rule of every sort that a classification knows."""

from __future__ import annotations

from attest.classification import RulePack
from attest.encoding import Json, canonical
from attest.rules.pack import compile_pack

START = "2023-11-17"


def rule(name: str, kind: str, **version: Json) -> Json:
    """A rule with one version."""
    return {
        "name": name,
        "title": name,
        "kind": kind,
        "versions": [
            {
                "from": START,
                "tested_on": "completion",
                "citation": f"Rule {name}",
                "confidence": "A",
                "as_of": "2026-07-23",
                "says": {
                    "pass": f"{name} passes.",
                    "fail": f"{name} does not.",
                    "unknown": f"{name} is not known.",
                },
                **version,
            }
        ],
    }


def param(name: str, value: int) -> Json:
    """A param with one version."""
    version = {
        "from": START,
        "value": value,
        "citation": name,
        "confidence": "A",
        "as_of": "2026-07-23",
    }
    return {"name": name, "type": "int", "tested_on": "completion", "versions": [version]}


def define(name: str, value: str) -> Json:
    """A definition."""
    return {"name": name, "value": value, "citation": name}


TPP = """max(item.precisions.map(each, each.dense_gops * each.bit_length))"""
PD = "define.tpp_milli * 1_000_000_000 / item.applicable_area_um2"
RULES = [
    rule("eccn_3a090_a1", "scope", holds="define.tpp_milli >= params.a1_tpp_milli"),
    rule(
        "eccn_3a090_a2",
        "scope",
        holds="define.tpp_milli >= params.a2_tpp_milli && define.pd_micro >= params.a2_pd_micro",
    ),
    rule("informed_letter", "scope", holds="trade.informed_of.exists(each, each == 'H20')"),
    rule(
        "licence_needed",
        "scope",
        holds="(rule.eccn_3a090_a1 || rule.eccn_3a090_a2) && trade.consignee_country == 'CN'",
    ),
    rule("review_denial", "scope", applies="rule.licence_needed", holds="!item.hbm"),
    rule("exception_nac", "way", holds="!item.datacenter && trade.purchase_order"),
    rule("licence_held", "way", holds="trade.licence"),
    rule(
        "licence_or_exception",
        "presumption",
        scope="licence_needed",
        overcome_by=["exception_nac", "licence_held"],
        on_fail="HOLD",
    ),
    rule("counts_stated", "test", holds="item.transistors > 0", on_fail="HOLD"),
    rule("eccn_4a090_a", "scope", holds="item.kind == 'assembly'", **{"from": "2027-01-01"}),
]


def document(rules: Json = None) -> Json:
    """The pack document."""
    return {
        "v": 1,
        "engine": 1,
        "id": "chips-of-the-tests",
        "edition": "2026-11-24",
        "layer": "law",
        "title": "A small pack",
        "effective": {"from": START},
        "params": [
            param("a1_tpp_milli", 4_800_000),
            param("a2_pd_micro", 5_920_000),
            param("a2_tpp_milli", 1_600_000),
        ],
        "definitions": [define("pd_micro", PD), define("tpp_milli", TPP)],
        "ambiguities": [],
        "rules": sorted(rules or RULES, key=lambda each: str(each["name"])),
    }


def pack() -> RulePack:
    """The compiled pack."""
    return RulePack(compile_pack(canonical(document())), document())
