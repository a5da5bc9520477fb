"""`attest evaluate --explain`: arithmetic, margins, readings, and the papers that are missing."""

from __future__ import annotations

import json
from typing import Any

from attest.encoding import canonical
from attest.rules.facts import facts_to_json
from tests.cli.helpers import attest, document, succeeded
from tests.cli.test_rules import BELOW, facts_of
from tests.rules.us_ear import BY_ID


def without(*names: str) -> bytes:
    """The facts without some groups or members."""
    facts: dict[str, Any] = json.loads(json.dumps(BELOW))
    for name in names:
        group, _, member = name.partition(".")
        if member:
            del facts[group][member]
        else:
            del facts[group]
    return canonical(facts)


def test_the_short_output_stays_short() -> None:
    short = succeeded(attest("evaluate", "-", stdin=facts_of(12_000_000_000))).stdout
    assert "arithmetic" not in short
    assert "margin  " not in short
    assert len(short.splitlines()) < 40


def test_arithmetic_and_margins_are_shown() -> None:
    shown = succeeded(attest("evaluate", "-", "--explain", stdin=facts_of(28_430_000_000))).stdout
    for text in (
        "arithmetic   TPP = 50 TOPS x 8 bit = 400",
        'arithmetic   die "compute": approximated count = GDS transistors 28,430,000,000',
        "margin       AATC attested 28,430,000,000 < limit no HBM 30,000,000,000 transistors: "
        "1,570,000,000 below (5.2 %)",
        "confidence A, text of 2026-07-23",
    ):
        assert text in shown
    assert shown.splitlines()[-1] == "Verdict: ✓ PASS"
    assert "Missing evidence" not in shown


def test_a_hold_names_the_papers_that_would_settle_it() -> None:
    result = succeeded(attest("evaluate", "-", "--explain", stdin=without("fabricator")), 5)
    told = result.stdout.split("Verdict: ! HOLD\n")[1]
    assert told.splitlines()[1:3] == [
        "Missing evidence that would settle what is open, if it shows this:",
        "    Determination of the front-end fabricator, signed by the front-end fabricator",
    ]
    assert "shows        fabricator.packages: fabricator.packages is true" in told
    assert "fabricator.aatc_attested < params.limit_no_hbm" in told


def test_papers_that_suffice_together_or_instead_are_told_apart() -> None:
    facts = json.loads(without("fabricator", "declared.precisions"))
    facts["declared"]["packager_name"] = "Formosa Example Foundry Co., Ltd."
    together = attest("evaluate", "-", "--explain", stdin=canonical(facts))
    told = succeeded(together, 5).stdout.split("Missing evidence")[1]
    assert told.count("signed by") == 2
    assert "    or\n" not in told
    facts = facts_to_json(BY_ID["b-c-2028"].facts)
    del facts["fabricator"], facts["osat"]
    instead = attest("evaluate", "-", "--explain", stdin=canonical(facts))
    told = succeeded(instead, 5).stdout.split("Missing evidence")[1]
    assert told.count("    or\n") == told.count("signed by") - 1 > 0


def test_a_hold_that_no_paper_settles_says_so() -> None:
    facts = json.loads(without("fabricator.dies"))
    facts["fabricator"]["aatc_attested"] = 30_000_000_000
    result = attest("evaluate", "-", "--explain", stdin=canonical(facts))
    assert result.exit_code in (4, 5)
    assert "signed by" not in result.stdout


def test_a_fail_asks_for_nothing() -> None:
    shown = succeeded(attest("evaluate", "-", "--explain", stdin=facts_of(30_000_000_000)), 4)
    assert "Missing evidence" not in shown.stdout
    assert "exactly at it" in shown.stdout


def test_the_json_carries_explanations_and_evidence_when_asked() -> None:
    stdin = without("fabricator")
    plain = document(succeeded(attest("evaluate", "-", "--json", stdin=stdin), 5))
    told = document(succeeded(attest("evaluate", "-", "--json", "--explain", stdin=stdin), 5))
    assert told.keys() - plain.keys() == {"explanations", "evidence"}
    assert {name: told[name] for name in plain} == plain
    assert [each["rule"] for each in told["explanations"]] == [
        each["rule"] for each in told["findings"]
    ]
    (performance,) = [each for each in told["explanations"] if each["rule"] == "eccn_3a090_a"]
    assert performance["margins"][0] == {
        "expr": "define.tpp_milli >= params.a1_tpp_milli",
        "holds": False,
        "left": 400_000,
        "right": 4_800_000,
        "distance": 4_400_000,
        "unit": performance["margins"][0]["unit"],
        "side": "below",
        "threshold": "params.a1_tpp_milli",
        "citation": performance["margins"][0]["citation"],
        "per_mille": 916,
        "percent": "91.6",
        "says": "TPP 400 < a1 TPP 4,800: 4,400 below (91.6 %)",
    }
    assert told["evidence"]["complete"] is True
    (need,) = told["evidence"]["sets"][0]
    assert need["paper"] == "fabricator-determination"
    assert set(need) == {"paper", "title", "signer", "shows"}


def test_every_pack_is_explained_from_its_own_words() -> None:
    result = attest(
        *("evaluate", "-", "--explain", "--json", "--pack", "us-ear", "--pack", "house-example"),
        stdin=facts_of(29_900_000_000),
    )
    told = document(result)
    packs = {each["pack"] for each in told["explanations"]}
    assert packs == {"us-ear", "house-example"}
    (margin,) = [each for each in told["explanations"] if each["rule"] == "margin"]
    says = [each["says"] for each in margin["margins"]]
    assert [text for text in says if "30,000,000,000 transistors x (100 - 2 percent)" in text]
