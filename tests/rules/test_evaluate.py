"""Findings: what a rule gives, on which day, and what it says about itself."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest

from attest.encoding import Json
from attest.errors import InputError
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import facts_from_json
from attest.rules.pack import Pack, compile_pack, read_pack_folder
from tests.rules.packs import (
    CITED,
    DIE,
    FILES,
    SAYS,
    changed,
    facts_with,
    findings_of,
    made,
    pack_of,
    rule,
)

TRUTHS = (True, False, None)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return pack_of(tmp_path)


def is_true(fact: str) -> str:
    return f"{fact} == true"


def test_a_finding_says_what_it_rests_on(pack: Pack) -> None:
    assert findings_of(pack)["way_count"].to_json() == {
        "pack": "mini",
        "rule": "way_count",
        "layer": "law",
        "kind": "way",
        "result": "pass",
        "version": "2025-01-31",
        "citation": "Note 1.b",
        "confidence": "A",
        "as_of": "2026-07-23",
        "says": "Below.",
        "used": {
            "fabricator.packages": True,
            "fabricator.packaging_country": "TW",
            "params.prohibited": {"size": 2},
            "define.count": 29_999_999_999,
            "params.limit": 30_000_000_000,
        },
        "tests": [
            {"expr": "fabricator.packaging_country in params.prohibited", "is": "false"},
            {"expr": "define.count < params.limit", "is": "true"},
        ],
    }


def test_a_presumption_names_the_ways_that_overcome_it(pack: Pack) -> None:
    finding = findings_of(pack)["presumption"].to_json()
    assert finding["outcome"] == "overcome"
    assert finding["ways"] == ["way_count"]
    assert finding["verdict"] == "PASS"
    assert "clears_with" not in finding
    both = findings_of(pack, declared={"designer_name": "Listed, Inc."})["presumption"]
    assert both.ways == ("way_name", "way_count")


def test_findings_stand_in_the_order_of_the_rules(pack: Pack) -> None:
    assert [*findings_of(pack)] == [each.name for each in pack.rules]


@pytest.mark.parametrize("states", [*itertools.product(TRUTHS, repeat=3)])
def test_every_state_of_a_presumption(states: tuple[bool | None, ...]) -> None:
    scope, *ways = states
    pack = made(
        rule("scope", "scope", holds=is_true("declared.hbm")),
        rule("way_a", "way", holds=is_true("fabricator.hbm"), clears_with=["a", "both"]),
        rule("way_b", "way", holds=is_true("osat.hbm"), clears_with=["b", "both"]),
        rule(
            "presumption",
            "presumption",
            scope="scope",
            overcome_by=["way_a", "way_b"],
            on_fail="FAIL",
            clears_with=["a licence"],
        ),
    )
    facts = dict(zip(("declared", "fabricator", "osat"), states, strict=True))
    groups = {group: {"hbm": hbm} for group, hbm in facts.items() if hbm is not None}
    dates = {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}
    found = {
        finding.rule: finding
        for finding in evaluate(pack, facts_from_json({**groups, "transaction": dates}))
    }["presumption"]
    if scope is False:
        expected: tuple[str, str, str | None] = ("n/a", "not-applicable", None)
    elif True in ways:
        expected = ("pass", "overcome", "PASS")
    elif scope is None or None in ways:
        expected = ("unknown", "presumed", "HOLD")
    else:
        expected = ("fail", "presumed", "FAIL")
    assert (found.result, found.outcome, found.verdict) == expected
    assert len(found.ways) == (ways.count(True) if found.result == "pass" else 0)
    if found.result == "unknown":
        assert found.missing == tuple(f"{group}.hbm" for group in facts if facts[group] is None)
        clears = [c for way, c in zip(ways, ("a", "b"), strict=True) if way is None]
        both = ["both"] if clears else []
        assert sorted(found.clears_with) == sorted(["a licence", *clears, *both])
    else:
        assert found.clears_with == ()


@pytest.mark.parametrize(("applies", "holds"), [*itertools.product(TRUTHS, TRUTHS)])
@pytest.mark.parametrize("on_fail", ["FAIL", "HOLD"])
def test_every_state_of_a_test(applies: bool | None, holds: bool | None, on_fail: str) -> None:
    pack = made(
        rule(
            "only",
            "test",
            applies=is_true("declared.hbm"),
            holds=is_true("osat.hbm"),
            on_fail=on_fail,
            clears_with=["evidence"],
            says={**SAYS, "not_applicable": "N"},
        )
    )
    facts: dict[str, Mapping[str, Json]] = {"transaction": facts_with()["transaction"]}
    for group, hbm in (("declared", applies), ("osat", holds)):
        if hbm is not None:
            facts[group] = {"hbm": hbm}
    (finding,) = evaluate(pack, facts_from_json(facts))
    if applies is False:
        expected: tuple[str, str, str | None] = ("n/a", "N", None)
    elif applies is None or holds is None:
        expected = ("unknown", "U", "HOLD")
    else:
        expected = ("pass", "P", "PASS") if holds else ("fail", "F", on_fail)
    assert (finding.result, finding.says, finding.verdict) == expected
    assert finding.clears_with == (("evidence",) if finding.verdict == "HOLD" else ())


def test_scopes_and_ways_do_not_count(pack: Pack) -> None:
    findings = findings_of(pack, fabricator={"dies": [{**DIE, "function": "memory"}]})
    assert findings["scope"].result == "n/a"
    assert findings["scope"].says == "No logic die."
    assert findings["way_count"].result == "n/a"
    assert findings["way_count"].says == "Does not apply."
    assert findings["way_name"].result == "fail"
    assert findings["presumption"].outcome == "not-applicable"
    assert verdict_of(findings.values()) == "PASS"
    assert {name for name, finding in findings.items() if finding.verdict} == {"test_hbm"}


def test_what_is_missing_is_handed_on(pack: Pack) -> None:
    die = {"name": "core", "units": 1, "function": "logic"}
    findings = findings_of(
        pack, fabricator={"dies": [DIE, die], "packaging_country": None, "hbm": None}
    )
    missing = ("fabricator.dies[].gds_transistors", "fabricator.packaging_country")
    assert findings["way_count"].missing == missing
    assert findings["presumption"].missing == missing
    assert findings["presumption"].clears_with == ("A licence", "The count on the layout file")
    assert findings["test_hbm"].missing == ("fabricator.hbm",)
    assert findings["test_hbm"].to_json()["result"] == "unknown"
    assert verdict_of(findings.values()) == "HOLD"


def test_a_rule_that_names_an_unknown_rule_says_what_was_missing() -> None:
    pack = made(
        rule("first", "test", holds=is_true("osat.hbm"), on_fail="FAIL"),
        rule("second", "test", holds="!rule.first || has(rule.first)", on_fail="FAIL"),
    )
    findings = findings_of(pack)
    assert findings["second"].result == "unknown"
    assert findings["second"].missing == ("osat.hbm",)
    assert "used" not in findings["second"].to_json()


@pytest.mark.parametrize(
    ("completion", "count", "result"),
    [
        ("2026-12-31", 29_999_999_999, "pass"),
        ("2026-12-31", 30_000_000_000, "fail"),
        ("2027-01-01", 30_000_000_000, "pass"),
        ("2027-01-01", 34_999_999_999, "pass"),
        ("2027-01-01", 35_000_000_000, "fail"),
        ("2027-01-02", 35_000_000_001, "fail"),
    ],
)
def test_params_change_with_the_day(pack: Pack, completion: str, count: int, result: str) -> None:
    findings = findings_of(
        pack,
        fabricator={"dies": [{**DIE, "gds_transistors": count}]},
        transaction={"completion_date": completion},
    )
    assert findings["way_count"].result == result


def test_params_are_tested_on_their_own_date() -> None:
    versions = [
        {"from": "2026-11-24", "value": True, **CITED},
        {"from": "2025-01-31", "until": "2026-11-23", "value": False, **CITED},
    ]
    params = [
        {"name": tested_on, "type": "bool", "tested_on": tested_on, "versions": versions}
        for tested_on in ("completion", "decision")
    ]
    pack = made(
        rule("by_completion", "test", holds="params.completion", on_fail="FAIL"),
        rule("by_decision", "test", holds="params.decision", on_fail="FAIL"),
        params=params,
    )
    days = {"completion_date": "2026-11-24", "decision_date": "2026-11-23"}
    findings = findings_of(pack, transaction=days)
    assert (findings["by_completion"].result, findings["by_decision"].result) == ("pass", "fail")


@pytest.mark.parametrize(
    ("decision", "result", "version"),
    [("2025-12-31", "n/a", None), ("2026-01-01", "pass", "2026-01-01")],
)
def test_rules_begin_on_their_first_day(
    pack: Pack, decision: str, result: str, version: str | None
) -> None:
    finding = findings_of(pack, transaction={"decision_date": decision})["test_hbm"]
    assert (finding.result, finding.to_json().get("version")) == (result, version)


def test_a_rule_that_is_not_in_force_says_so(pack: Pack) -> None:
    finding = findings_of(pack, transaction={"decision_date": "2025-12-31"})["test_hbm"]
    assert finding.to_json() == {
        "pack": "mini",
        "rule": "test_hbm",
        "layer": "law",
        "kind": "test",
        "result": "n/a",
        "says": "Not in force on the date tested.",
    }


def test_a_way_that_is_not_in_force_counts_as_failed(tmp_path: Path) -> None:
    later = changed("way_count.toml", "from = 2025-01-31", "from = 2027-01-01")
    found = findings_of(pack_of(tmp_path, later))
    assert found["way_count"].result == "n/a"
    assert (found["presumption"].result, found["presumption"].verdict) == ("fail", "FAIL")


def test_versions_of_a_rule_follow_each_other(tmp_path: Path) -> None:
    version = FILES["test_hbm.toml"].partition("[[version]]")[2].replace('"HOLD"', '"FAIL"')
    older = version.replace("from = 2026-01-01", "from = 2025-01-31\nuntil = 2025-12-31")
    pack = pack_of(tmp_path, {"test_hbm.toml": FILES["test_hbm.toml"] + "[[version]]" + older})
    for decision, verdict in (("2025-12-31", "FAIL"), ("2026-01-01", "HOLD")):
        days = {"decision_date": decision}
        finding = findings_of(pack, fabricator={"hbm": True}, transaction=days)["test_hbm"]
        assert finding.verdict == verdict


@pytest.mark.parametrize(
    ("completion", "decision", "in_force"),
    [
        ("2025-01-30", "2025-01-30", False),
        ("2025-01-31", "2025-01-30", True),
        ("2025-01-30", "2025-01-31", True),
        ("2026-12-31", "2027-01-01", True),
        ("2027-01-01", "2026-12-31", True),
        ("2027-01-01", "2027-01-01", False),
    ],
)
def test_a_pack_is_evaluated_when_either_day_is_in_force(
    tmp_path: Path, completion: str, decision: str, in_force: bool
) -> None:
    ends = changed("pack.toml", "from = 2025-01-31", "from = 2025-01-31\nuntil = 2026-12-31")
    days = {"completion_date": completion, "decision_date": decision}
    assert bool(findings_of(pack_of(tmp_path, ends), transaction=days)) is in_force


def test_a_param_outside_its_dates_is_unknown() -> None:
    param = {
        "name": "limit",
        "type": "int",
        "tested_on": "completion",
        "versions": [{"from": "2027-01-01", "until": "2027-12-31", "value": 7, **CITED}],
    }
    pack = made(rule("only", "test", holds="1 < params.limit", on_fail="FAIL"), params=[param])
    for day, result in (
        ("2026-12-31", "unknown"),
        ("2027-01-01", "pass"),
        ("2027-12-31", "pass"),
        ("2028-01-01", "unknown"),
    ):
        finding = findings_of(pack, transaction={"completion_date": day})["only"]
        assert finding.result == result
        assert finding.missing == (("params.limit",) if result == "unknown" else ())


@pytest.mark.parametrize(
    ("completion", "count", "flags"),
    [
        ("2026-12-31", 1, []),
        ("2027-01-01", 1, [("AMB-01", "the strict reading", "pass")]),
        ("2027-01-01", 31_000_000_000, [("AMB-01", "the strict reading", "fail")]),
        ("2027-01-01", None, [("AMB-01", "the strict reading", "unknown")]),
    ],
)
def test_flags_tell_what_the_other_reading_gives(
    pack: Pack, completion: str, count: int | None, flags: list[tuple[str, str, str]]
) -> None:
    die = {name: value for name, value in DIE.items() if name != "gds_transistors"}
    dies = [die if count is None else {**die, "gds_transistors": count}]
    days = {"completion_date": completion}
    finding = findings_of(pack, fabricator={"dies": dies}, transaction=days)["way_count"]
    assert [tuple(flag) for flag in finding.flags] == flags
    written = [{"ambiguity": a, "reading": n, "result": r} for a, n, r in flags]
    assert finding.to_json().get("flags", []) == written


def test_a_flag_needs_a_true_condition_and_a_rule_that_applies() -> None:
    def reading(when: str) -> Json:
        return {"ambiguity": "AMB-01", "name": when, "when": when}

    ambiguity = {"id": "AMB-01", "title": "t", "problem": "p", "reading": "r", "others": []}
    readings = [reading("true"), reading("false"), reading("osat.hbm")]
    scope = rule("scope", "scope", holds="false", readings=readings)
    test = rule("test", "test", holds="true", on_fail="FAIL", readings=readings)
    off = rule("off", "test", applies="false", holds="true", on_fail="FAIL", readings=readings)
    pack = made(scope, test, off, ambiguities=[{**ambiguity, **CITED}])
    findings = findings_of(pack)
    assert [flag.reading for flag in findings["test"].flags] == ["true"]
    assert [flag.reading for flag in findings["scope"].flags] == ["true"]
    assert findings["off"].flags == ()
    assert findings["test"].to_json()["flags"] == [{"ambiguity": "AMB-01", "reading": "true"}]


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ((), "PASS"),
        ((None,), "PASS"),
        (("PASS", None), "PASS"),
        (("PASS", "HOLD"), "HOLD"),
        (("HOLD", "FAIL", "PASS"), "FAIL"),
        (("FAIL",), "FAIL"),
    ],
)
def test_the_worst_finding_gives_the_verdict(
    verdicts: tuple[str | None, ...], verdict: str
) -> None:
    findings = [Finding({}, "pass", "", {}, each) for each in verdicts]
    assert verdict_of(findings) == verdict


@pytest.mark.parametrize("date", ["completion_date", "decision_date"])
def test_both_dates_are_needed(pack: Pack, date: str) -> None:
    facts = facts_from_json(facts_with())
    known = {name: value for name, value in facts.values.items() if not name.endswith(date)}
    with pytest.raises(InputError) as caught:
        evaluate(pack, type(facts)(values=known))
    assert caught.value.code == "facts-malformed"


def test_the_same_pack_serves_many_evaluations(pack: Pack, tmp_path: Path) -> None:
    fresh = compile_pack(read_pack_folder(tmp_path))
    for days in range(0, 900, 90):
        day = (dt.date(2025, 1, 31) + dt.timedelta(days)).isoformat()
        again = findings_of(pack, transaction={"completion_date": day})
        assert again == findings_of(fresh, transaction={"completion_date": day})
