"""The ledger of a log: what its decisions let go, added up for the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attest import limits
from attest.decision import submitted_facts
from attest.encoding import Json, digest, loads
from attest.ledger import ledger_facts, read_shipments, with_ledger, write_shipments
from attest.log.export import Export
from attest.models import DECLARATION_TYPE
from attest.rules.facts import facts_from_json
from attest.shipments import Shipped, shipments_of
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.test_forgery import review
from tests.world import NOW, ROOT, World, statement
from tests.world_log import WorldLog, world_log

WORLD = World()
UNKNOWN: Json = {"knowledge": "unknown"}
PRODUCT = WORLD.declaration()["product"]["name"]
PARENT = "Example Cloud Holdings Ltd."
EXAMPLE: Json = json.loads(
    (ROOT / "examples" / "documents" / "declaration-shipment.json").read_text("utf-8")
)


def shipment(units: int = 10, **changes: Json) -> Json:
    return {**EXAMPLE["shipment"], "units": units, **changes}


def passed(units: int = 10, **changes: Json) -> bytes:
    """A submission that passes, of so many units."""
    return WORLD.submission({"shipment": shipment(units, **changes)}, fabricator={})


def of_log(log: WorldLog, tmp_path: Path) -> Shipped:
    return shipments_of(Export.open(log.export(tmp_path / "export"), keys=log.keys))


def test_what_passed_was_let_go(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([passed(10), passed(20), WORLD.submission(fabricator={})])
        shipped = of_log(log, tmp_path)
    assert shipped.uncounted == ()
    assert [each.units for each in shipped.shipments] == [10, 20]
    first = shipped.shipments[0]
    precisions = WORLD.declaration()["performance"]["precisions"]
    performance = max(each["dense_gops"] * each["bit_length"] for each in precisions)
    assert first.total_tpp_milli == 10 * performance
    assert (first.ultimate_parent, first.from_country, first.basis) == (PARENT, "TW", "LPP")
    consignee = next(p for p in WORLD.declaration()["parties"] if p["role"] == "consignee")
    assert (first.consignee, [first.destination]) == (
        consignee["name"],
        consignee["locations"]["value"],
    )
    assert read_shipments(write_shipments(shipped.shipments)) == shipped.shipments


def test_a_hold_counts_once_it_is_released(tmp_path: Path) -> None:
    held = [WORLD.submission({"shipment": shipment(units)}) for units in (1, 2, 3, 4)]
    with world_log(WORLD, tmp_path / "data") as log:
        indices = [each.decision.index for each in log.register(held)]
        review(log, indices[1])
        review(log, indices[2], action="refuse")
        review(log, indices[3], action="ask")
        shipped = of_log(log, tmp_path)
    assert [each.units for each in shipped.shipments] == [2]


def test_what_was_replaced_does_not_count(tmp_path: Path) -> None:
    first = passed(10)
    payload = statement(DECLARATION_TYPE, WORLD.declaration(shipment=shipment(10)))
    successor = WORLD.submission(
        {"shipment": shipment(30), "supersedes": digest(payload)}, fabricator={}
    )
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([first])
        log.register([successor])
        shipped = of_log(log, tmp_path)
    assert [each.units for each in shipped.shipments] == [30]


def test_a_refusal_lets_nothing_go(tmp_path: Path) -> None:
    expired = {"not_before": "2020-01-01T00:00:00Z", "not_after": "2020-01-02T00:00:00Z"}
    raw = WORLD.submission({"shipment": shipment(10), "validity": expired}, fabricator={})
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([raw])
        assert of_log(log, tmp_path) == Shipped((), ())


def test_what_cannot_be_added_up_is_named(tmp_path: Path) -> None:
    raws = [
        passed(1, from_country=UNKNOWN),
        passed(2, consignee_parent=UNKNOWN),
        passed(3),
        passed(limits.INTEGER_MAX),
    ]
    with world_log(WORLD, tmp_path / "data") as log:
        recorded = log.register(raws)
        shipped = of_log(log, tmp_path)
    assert [each.units for each in shipped.shipments] == [3]
    assert [(each.decision, each.missing) for each in shipped.uncounted] == [
        (recorded[0].decision.index, ("shipment.from_country",)),
        (recorded[1].decision.index, ("shipment.consignee_parent",)),
        (recorded[3].decision.index, ("total_tpp_milli",)),
    ]


def lpp_facts() -> dict[str, Any]:
    return {
        "item": {"name": PRODUCT, "units": 5},
        "trade": {"ultimate_parent_name": PARENT},
        "transaction": {"completion_date": "2026-12-20", "decision_date": "2026-11-24"},
    }


def test_the_log_adds_up_for_the_next_shipment(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([passed(10), passed(20), passed(40, basis="licence")])
        shipments = of_log(log, tmp_path).shipments
    facts = facts_from_json(lpp_facts())
    years = {each.completion_date.year for each in shipments}
    expected = sum(each.total_tpp_milli for each in shipments if each.basis == "LPP")
    assert years == {2026}
    assert ledger_facts(shipments, facts)["ledger.lpp_tpp_milli"] == expected > 0
    assert with_ledger(facts, shipments).get("ledger.lpp_tpp_milli") == expected


def test_a_declaration_with_a_shipment_gives_the_facts_that_rules_add_up(tmp_path: Path) -> None:

    submitted = submitted_facts(passed(7), trust=WORLD.trust(), at=NOW)
    facts = submitted.facts
    assert facts.get("item.units") == 7
    assert facts.get("item.name") == PRODUCT
    assert facts.get("trade.from_country") == "TW"
    assert facts.get("trade.ultimate_parent_name") == PARENT
    plain = submitted_facts(WORLD.submission(fabricator={}), trust=WORLD.trust(), at=NOW).facts
    assert not [name for name in plain.values if name.startswith(("item.", "trade."))]


def test_the_command_writes_a_ledger_that_others_take(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([passed(10), passed(20)])
        export = log.export(tmp_path / "export")
    vkeys = tmp_path / "data" / "log.vkeys"
    ledger = tmp_path / "ledger.json"
    told = document(
        succeeded(attest("log", "ledger", export, "--log-keys", vkeys, "-o", ledger, "--json"))
    )
    assert [each["units"] for each in told["shipments"]] == [10, 20]
    assert len(read_shipments(ledger.read_bytes())) == 2
    succeeded(
        attest(
            *("classify", "--name", "TQ-7", "--tops", "16:300", "--destination", "VN"),
            *("--ledger", ledger, "--json"),
        )
    )
    printed = succeeded(attest("log", "ledger", export, "--log-keys", vkeys)).stdout
    assert loads(printed.encode()) == told["shipments"]
    check_failed(attest("log", "ledger", tmp_path, "--log-keys", vkeys), 6, "export-incomplete")


def test_the_command_says_what_it_could_not_count(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        (recorded,) = log.register([passed(10, from_country=UNKNOWN)])
        export = log.export(tmp_path / "export")
    result = attest("log", "ledger", export, "--log-keys", tmp_path / "data" / "log.vkeys")
    assert result.exit_code == 5
    assert f"Entry {recorded.decision.index} is not counted" in result.stderr
    assert "shipment.from_country" in result.stderr


def test_several_consignees_are_no_single_destination(tmp_path: Path) -> None:
    parties = WORLD.declaration()["parties"]
    other = {**next(p for p in parties if p["role"] == "consignee"), "name": "Another Ltd."}
    raw = WORLD.submission({"shipment": shipment(10), "parties": [*parties, other]}, fabricator={})
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([raw])
        shipped = of_log(log, tmp_path)
    assert [each.missing for each in shipped.uncounted] == [
        ("parties (one consignee in one country)",)
    ]
