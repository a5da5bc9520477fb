"""Declared owners through `decide`: the affiliates rule at one half, and on the days it turns."""

from __future__ import annotations

from typing import Any

import pytest

from attest.decision import decide, submitted_facts
from attest.encoding import Json, loads
from attest.rules.edition import open_edition
from attest.rules.evaluate import evaluate
from attest.rules.facts import Facts, FactValue
from attest.rules.ownership import COUNTED
from tests.rules.test_ownership import owned, owner
from tests.world import NOW, World, pack_bytes
from tests.world_lists import ENTRIES, snapshot

WORLD = World(packs=("us-ear-parties",))
PACK = open_edition(pack_bytes("us-ear-parties")).pack
PEOPLE = [owner("Li", 10_000, kind="person")]
NAMES = ("Tianqiu Design Inc.", "Tianqiu Holdings Inc.", "Example Networks Inc.")
CONSIGNEE = "Tianqiu Logistics LLC"
IN_FORCE = "2025-10-15"


def submission(*records: Json, day: str = IN_FORCE) -> bytes:
    """A declaration with these owners; a person owns the parties without a record."""
    told = {record["name"] for record in records}
    others = [owned(name, *PEOPLE) for name in (*NAMES, CONSIGNEE) if name not in told]
    return WORLD.submission(
        {"ownership": [*others, *records], "planned_completion_date": day}, fabricator={}
    )


def decided(raw: bytes) -> dict[str, Any]:
    """The findings of a decision by rule."""
    result = decide(raw, trust=WORLD.trust(), at=NOW)
    assert result.refusal_code is None
    assert result.verdict == "HOLD"  # nobody screened the parties
    found = loads(result.payload)["predicate"]["findings"]
    return {each["rule"]: each for each in found}


def unlicensed(raw: bytes) -> dict[str, Any]:
    """The findings by rule where it is known that there is no licence."""
    facts = submitted_facts(raw, trust=WORLD.trust(), at=NOW).facts
    more: dict[str, FactValue] = {
        "trade.licence": False,
        "party.partner_hqs": (),
        "party.red_flags": (),
        "transaction.destinations": ("VN",),
    }
    found = evaluate(PACK, Facts({**facts.values, **more}))
    return {each.rule: each for each in found}


def holding(share: int | None, listed_on: str | None = "EL", name: str = CONSIGNEE) -> Json:
    """A company with one owner who is not a person, and people for the rest."""
    rest = 10_000 - (share or 5000)
    fund = owner("Example Fund", share, listed_on, kind="dispersed")
    return owned(name, fund, owner("Li", rest, kind="person"))


@pytest.mark.parametrize(
    ("share", "alone", "without_licence"),
    [(4999, "pass", "pass"), (5000, "unknown", "fail"), (5001, "unknown", "fail")],
)
@pytest.mark.parametrize("code", COUNTED)
def test_one_half_is_the_limit(share: int, alone: str, without_licence: str, code: str) -> None:
    raw = submission(holding(share, code))
    found = decided(raw)["affiliates"]
    assert found["result"] == alone  # whether there is a licence is not declared
    assert found["used"]["define.least_share_ppm"] == share * 100
    assert unlicensed(raw)["affiliates"].result == without_licence


@pytest.mark.parametrize(
    ("day", "result", "verdict"),
    [
        ("2025-09-28", "n/a", None),
        ("2025-09-29", "fail", "FAIL"),
        ("2025-09-30", "fail", "FAIL"),
        ("2025-11-09", "fail", "FAIL"),
        ("2025-11-10", "pass", "PASS"),
        ("2025-11-11", "pass", "PASS"),
        ("2026-11-09", "pass", "PASS"),
        ("2026-11-10", "fail", "HOLD"),
        ("2026-11-11", "fail", "HOLD"),
    ],
)
def test_the_days_on_which_the_rule_turns(day: str, result: str, verdict: str | None) -> None:
    found = unlicensed(submission(holding(5000), day=day))["affiliates"]
    assert (found.result, found.verdict) == (result, verdict)
    below = unlicensed(submission(holding(4999), day=day))["affiliates"]
    assert below.result == ("n/a" if result == "n/a" else "pass")


@pytest.mark.parametrize(
    ("share", "listed_on"),
    [(None, "EL"), (5000, None), (None, None)],
    ids=["share", "list", "both"],
)
def test_what_the_designer_does_not_know_holds(share: int | None, listed_on: str | None) -> None:
    raw = submission(holding(share, listed_on))
    assert decided(raw)["affiliates"]["verdict"] == "HOLD"
    assert unlicensed(raw)["affiliates"].result == "unknown"


def test_a_listed_owner_with_an_unknown_share_raises_flag_29() -> None:
    raw = submission(holding(None))
    assert unlicensed(raw)["red_flag_29"].result == "fail"


def test_a_party_without_owners_holds() -> None:
    records = [owned(name, *PEOPLE) for name in NAMES]
    raw = WORLD.submission({"ownership": records, "planned_completion_date": IN_FORCE})
    assert unlicensed(raw)["affiliates"].result == "unknown"


def test_shares_of_different_parties_are_not_added_up() -> None:
    raw = submission(*(holding(2500, name=name) for name in (*NAMES, CONSIGNEE)))
    found = decided(raw)["affiliates"]
    assert found["result"] == "pass"
    assert found["used"]["define.least_share_ppm"] == 250_000


def test_owners_of_any_party_capture() -> None:
    for name in (*NAMES, CONSIGNEE):
        assert unlicensed(submission(holding(5000, name=name)))["affiliates"].result == "fail"


def test_owners_of_owners_capture() -> None:
    middle = owned(CONSIGNEE, owner("Holding", 5000), owner("Li", 5000, kind="person"))
    assert unlicensed(submission(middle, holding(5000, name="Holding")))["affiliates"].result == (
        "fail"
    )
    assert unlicensed(submission(middle, holding(4999, name="Holding")))["affiliates"].result == (
        "pass"
    )


def test_blocked_persons_are_held_by_the_rule_of_their_own() -> None:
    day = "2025-12-01"  # the affiliates rule is suspended
    for share, code, result in ((5000, "SDN", "fail"), (4999, "SDN", "pass"), (5000, "EL", "pass")):
        found = unlicensed(submission(holding(share, code), day=day))
        assert (found["affiliates"].result, found["ofac_ownership"].result) == ("pass", result)


def test_no_owners_are_declared() -> None:
    raw = WORLD.submission({"planned_completion_date": IN_FORCE})
    assert "party.owners" not in submitted_facts(raw, trust=WORLD.trust(), at=NOW).facts.values
    assert decided(raw)["affiliates"]["result"] == "unknown"


@pytest.mark.parametrize(
    ("name", "kind", "holds"),
    [
        (ENTRIES[0].names[0].upper(), "company", True),
        (ENTRIES[0].names[0], "dispersed", True),
        ("Nordlicht Kamerabau AG", "company", False),
    ],
    ids=["listed", "said to be many holders", "a stranger"],
)
def test_an_owner_is_screened_whatever_the_designer_says(name: str, kind: str, holds: bool) -> None:
    world = World(packs=("us-ear-parties", "house-screening"), lists=[snapshot()])
    records = [owned(CONSIGNEE, owner(name, 4000, "", kind), owner("Li", 6000, kind="person"))]
    raw = world.submission({"ownership": records}, fabricator={})
    predicate = loads(decide(raw, trust=world.trust(), at=NOW).payload)["predicate"]
    assert [hit["role"] for hit in predicate["screening"]["hits"]] == ["owner"] * holds
    found = {each["rule"]: each["result"] for each in predicate["findings"]}
    assert (found["no_open_hit"], found["entity_list"]) == (
        ("fail", "unknown") if holds else ("pass", "pass")
    )
