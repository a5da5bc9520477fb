"""What-if and calendar after earlier shipments: the figures of the ledger are those of each day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.encoding import canonical
from attest.errors import InputError
from attest.ledger import Shipment, read_shipments
from attest.rules.compare import Evaluated, Moved, changes
from attest.rules.edition import open_edition
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import Facts, facts_from_json
from attest.whatif import After, Span, Variations, varied
from tests.world import pack_bytes

NEW_YEAR = dt.date(2027, 1, 1)
SHIPMENT: dict[str, Any] = {
    "product": "TQ-7",
    "consignee": "Example Cloud Sdn. Bhd.",
    "ultimate_parent": "Example Group",
    "from_country": "TW",
    "destination": "US",
    "units": 5,
    "total_tpp_milli": 1000,
    "basis": "LPP",
}


def limited(holds: str) -> bytes:
    """A pack with one test."""
    says = {"pass": "Within.", "fail": "Over.", "unknown": "Not known."}
    version = {
        "from": "2025-01-31",
        "tested_on": "completion",
        "citation": "House rule 1",
        "confidence": "A",
        "as_of": "2026-07-23",
        "holds": holds,
        "on_fail": "FAIL",
        "says": says,
    }
    rules = [{"name": "limit", "title": "Limit", "kind": "test", "versions": [version]}]
    return canonical(
        {
            "v": 1,
            "engine": 1,
            "id": "limited",
            "edition": "2026-11-24",
            "layer": "house",
            "title": "Limited",
            "effective": {"from": "2025-01-31"},
            "params": [],
            "definitions": [],
            "ambiguities": [],
            "rules": rules,
        }
    )


SOLD = facts_from_json(
    {
        "item": {"name": "TQ-7"},
        "trade": {"ultimate_parent_name": "Example Group"},
        "record": {"sale_date": "2026-11-20"},
        "transaction": {"completion_date": "2026-12-15", "decision_date": "2026-11-24"},
    }
)


def shipments(*days: str) -> tuple[Shipment, ...]:
    return read_shipments(canonical([{**SHIPMENT, "completion_date": day} for day in days]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dates(dt.date(2026, 11, 1), dt.date(2027, 2, 1)), max_size=5),
    st.sampled_from(
        [
            "ledger.lpp_tpp_milli < 2000",
            "ledger.us_units < 11",
            "ledger.us_units > 4 && ledger.lpp_tpp_milli > 0",
            "transaction.completion_date < record.sale_date + ledger.us_units * 3",
        ]
    ),
)
def test_a_calendar_counts_the_ledger_of_each_day(days: list[dt.date], holds: str) -> None:
    earlier = shipments(*map(dt.date.isoformat, days))
    first, until = dt.date(2026, 11, 10), dt.date(2027, 1, 20)
    editions = [open_edition(limited(holds))]
    start, turns = Span(first=first, until=until, shipments=earlier).answer(SOLD, editions)
    expected, before = [], start
    for number in range((until - first).days + 1):
        day = first + dt.timedelta(number)
        _, (now,) = Variations(on=(day,), shipments=earlier).answer(SOLD, editions)
        if now.verdict != before:
            expected.append((day, before, now.verdict))
        before = now.verdict
    assert [(each.on, each.before, each.verdict) for each in turns] == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dates(dt.date(2026, 11, 1), dt.date(2027, 2, 1)), max_size=5),
    st.lists(st.dates(dt.date(2026, 11, 1), dt.date(2027, 2, 1)), min_size=1, max_size=4),
    st.sampled_from([None, "cfr_text", "bis_practice"]),
    st.booleans(),
)
def test_each_variation_is_what_it_is_alone(
    shipped: list[dt.date], days: list[dt.date], mode: str | None, lawful: bool
) -> None:
    """Days in a row, in another mode, after shipments, under other packs: as evaluated afresh."""
    earlier = shipments(*map(dt.date.isoformat, shipped))
    house = limited("transaction.mode == 'cfr_text' ? ledger.us_units < 11 : ledger.us_units < 6")
    packs = (house, pack_bytes("us-ear")) if lawful else ()
    editions = [open_edition(house)]
    tried = [open_edition(raw) for raw in packs] or editions
    question = Variations(on=tuple(days), mode=mode, shipments=earlier, packs=packs)
    before = Evaluated.of(varied(SOLD, shipments=earlier), editions)
    verdict, after = question.answer(SOLD, editions)
    assert verdict == before.verdict
    for day, each in zip(days, after, strict=True):
        facts = varied(SOLD, on=day, mode=mode, shipments=earlier)
        findings = [finding for edition in tried for finding in evaluate(edition.pack, facts)]
        flags = [(finding, flag) for finding in findings for flag in finding.flags]
        assert each == After(
            on=day,
            before=verdict,
            verdict=verdict_of(findings),
            depends_on_reading=any(
                flag.result not in (None, finding.result) for finding, flag in flags
            ),
            changes=tuple(changes(before, Evaluated.of(facts, tried))),
        )


def test_a_new_year_empties_the_lpp_of_the_year() -> None:
    question = Variations(on=(NEW_YEAR,), shipments=shipments("2026-03-02", "2026-04-02"))
    editions = [open_edition(limited("ledger.lpp_tpp_milli < 2000"))]
    before, (after,) = question.answer(SOLD, editions)
    assert (before, after.verdict) == ("FAIL", "PASS")
    assert after.changes[0].moved == (Moved("ledger.lpp_tpp_milli", 2000, 0),)
    assert Variations(on=(NEW_YEAR,)).answer(SOLD, editions).before == "HOLD"


def test_a_ledger_beside_its_figures_is_refused() -> None:
    facts = Facts({**SOLD.values, "ledger.us_units": 1})
    with pytest.raises(InputError) as caught:
        Variations(mode="cfr_text", shipments=()).answer(
            facts, [open_edition(pack_bytes("us-ear"))]
        )
    assert caught.value.code == "facts-malformed"
