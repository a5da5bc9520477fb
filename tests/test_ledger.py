"""The ledger: what counts towards which figure, laws of its sums, and how it is read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.ledger import BASES, Shipment, ledger_facts, read_shipments, with_ledger
from attest.rules.facts import Facts, facts_from_json
from attest.rules.register import GROUPS

SHIPMENT = Shipment(
    product="H100",
    consignee="Example Cloud Sdn. Bhd.",
    ultimate_parent="Example Group",
    from_country="TW",
    destination="MY",
    completion_date=dt.date(2026, 3, 2),
    units=1_699,
    total_tpp_milli=26_898_568_000,
    basis="LPP",
)
WRITTEN: Mapping[str, Json] = {
    "product": "H100",
    "consignee": "Example Cloud Sdn. Bhd.",
    "ultimate_parent": "Example Group",
    "from_country": "TW",
    "destination": "MY",
    "completion_date": "2026-03-02",
    "units": 1_699,
    "total_tpp_milli": 26_898_568_000,
    "basis": "LPP",
}
TREE: Mapping[str, Mapping[str, Json]] = {
    "item": {"name": "H100"},
    "trade": {
        "consignee_name": "Example Cloud Sdn. Bhd.",
        "ultimate_parent_name": "Example Group",
        "consignee_country": "MY",
    },
    "transaction": {"completion_date": "2026-12-15", "decision_date": "2026-11-24"},
}
FACTS = facts_from_json(TREE)
NOTHING = {f"ledger.{name}": 0 for name in GROUPS["ledger"]}


def counted(shipment: Shipment = SHIPMENT, facts: Facts = FACTS, **changes: Any) -> dict[str, int]:
    """The figures that a shipment, with members replaced, adds to."""
    found = ledger_facts([replace(shipment, **changes)], facts)
    return {name.removeprefix("ledger."): value for name, value in found.items() if value}


def facts(**groups: Mapping[str, Json]) -> Facts:
    return facts_from_json({group: {**TREE[group], **groups.get(group, {})} for group in TREE})


def test_no_shipment_gives_every_figure_and_zero() -> None:
    assert ledger_facts([], FACTS) == NOTHING


# --- LPP ---------------------------------------------------------------------------------------


def test_lpp_counts_by_ultimate_parent() -> None:
    performance = {"lpp_tpp_milli": 26_898_568_000}
    assert counted() == performance
    assert counted(consignee="Another Consignee of the Group") == performance
    assert counted(destination="SG", from_country="SG", product="B200") == performance
    assert counted(ultimate_parent="Example group") == {}
    assert counted(basis="AIA", consignee="Somebody Else") == {}


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2025-12-31", False),
        ("2026-01-01", True),
        ("2026-12-15", True),
        ("2026-12-16", True),
        ("2026-12-31", True),
        ("2027-01-01", False),
    ],
)
def test_lpp_counts_the_calendar_year_of_the_new_completion(day: str, counts: bool) -> None:
    assert bool(counted(completion_date=dt.date.fromisoformat(day))) == counts


@pytest.mark.parametrize(("day", "counts"), [("2026-12-31", True), ("2027-01-01", False)])
def test_the_year_is_that_of_the_new_completion(day: str, counts: bool) -> None:
    assert bool(counted(facts=facts(transaction={"completion_date": day}))) == counts


# --- AIA ---------------------------------------------------------------------------------------


def test_aia_counts_by_consignee_whatever_the_day() -> None:
    for day in ("2025-05-15", "2026-12-31", "2030-01-01"):
        found = counted(basis="AIA", completion_date=dt.date.fromisoformat(day))
        assert found == {"aia_tpp_milli": 26_898_568_000}
    assert counted(basis="AIA", ultimate_parent="Another") != {}
    assert counted(basis="AIA", consignee="Another") == {}


# --- allocation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "counts"),
    [("2024-12-31", False), ("2025-01-01", True), ("2027-12-31", True), ("2028-01-01", False)],
)
def test_an_allocation_counts_licensed_shipments_of_three_years(day: str, counts: bool) -> None:
    found = counted(basis="licence", completion_date=dt.date.fromisoformat(day))
    assert found == ({"allocation_tpp_milli": 26_898_568_000} if counts else {})


def test_an_allocation_is_of_one_country_and_hong_kong_is_china() -> None:
    assert counted(basis="licence", destination="SG") == {}
    assert counted(basis="licence", consignee="Another", ultimate_parent="Another") != {}
    for country in ("CN", "HK"):
        there = facts(trade={"consignee_country": country})
        assert "allocation_tpp_milli" in counted(
            basis="licence", facts=there, destination="HK", product="B200"
        )
    macau = facts(trade={"consignee_country": "MO"})
    assert counted(basis="licence", facts=macau, destination="HK", product="B200") == {}


@pytest.mark.parametrize("basis", ["AIA", "LPP", "other"])
def test_an_allocation_counts_licences_only(basis: str) -> None:
    assert "allocation_tpp_milli" not in counted(basis=basis)


# --- the volume condition ----------------------------------------------------------------------


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("destination", ["CN", "HK", "MO"])
def test_units_to_china_count_whatever_the_basis_and_day(basis: str, destination: str) -> None:
    for day in (dt.date(2022, 1, 1), dt.date(2031, 1, 1)):
        found = counted(basis=basis, destination=destination, completion_date=day)
        assert found["china_units"] == 1_699
    assert "china_units" not in counted(destination=destination, product="H200")


@pytest.mark.parametrize("origin", ["CN", "HK", "MO"])
def test_what_moves_within_china_was_counted_when_it_came(origin: str) -> None:
    assert "china_units" not in counted(destination="CN", from_country=origin)


@pytest.mark.parametrize(
    ("day", "counts"),
    [("2026-11-23", True), ("2026-11-24", True), ("2026-11-25", False), ("2026-12-15", False)],
)
def test_units_in_the_united_states_have_to_be_there_on_the_day_of_decision(
    day: str, counts: bool
) -> None:
    found = counted(destination="US", completion_date=dt.date.fromisoformat(day))
    assert ("us_units" in found) == counts


@pytest.mark.parametrize(
    ("day", "counts"), [("2026-06-30", True), ("2026-07-01", True), ("2026-07-02", False)]
)
def test_and_on_the_day_of_the_new_completion(day: str, counts: bool) -> None:
    earlier = facts(transaction={"completion_date": "2026-07-01"})
    found = counted(destination="US", facts=earlier, completion_date=dt.date.fromisoformat(day))
    assert ("us_units" in found) == counts


def test_units_in_the_united_states_are_of_the_product() -> None:
    assert "us_units" in counted(destination="US", from_country="US")
    assert "us_units" not in counted(destination="US", product="H200")
    assert "us_units" not in counted(destination="CA")


# --- what is not known -------------------------------------------------------------------------

KEYS = {
    "lpp_tpp_milli": {"trade.ultimate_parent_name", "transaction.completion_date"},
    "aia_tpp_milli": {"trade.consignee_name"},
    "allocation_tpp_milli": {"trade.consignee_country"},
    "china_units": {"item.name"},
    "us_units": {"item.name", "transaction.completion_date", "transaction.decision_date"},
}


@pytest.mark.parametrize("key", sorted({key for keys in KEYS.values() for key in keys}))
def test_a_figure_whose_key_is_unknown_stays_unknown(key: str) -> None:
    less = Facts({name: value for name, value in FACTS.values.items() if name != key})
    expected = {f"ledger.{name}" for name, keys in KEYS.items() if key not in keys}
    assert set(ledger_facts([SHIPMENT], less)) == expected


def test_every_fact_of_the_ledger_is_a_figure() -> None:
    assert set(KEYS) == set(GROUPS["ledger"])


# --- laws --------------------------------------------------------------------------------------

SHIPMENTS = st.lists(
    st.builds(
        Shipment,
        product=st.sampled_from(["H100", "H200"]),
        consignee=st.sampled_from(["Example Cloud Sdn. Bhd.", "Another"]),
        ultimate_parent=st.sampled_from(["Example Group", "Another Group"]),
        from_country=st.sampled_from(["CN", "TW", "US"]),
        destination=st.sampled_from(["CN", "HK", "MO", "MY", "US"]),
        completion_date=st.dates(dt.date(2024, 12, 1), dt.date(2028, 2, 1)),
        units=st.integers(1, 10_000),
        total_tpp_milli=st.integers(0, 10**12),
        basis=st.sampled_from(BASES),
    ),
    max_size=8,
)


@given(SHIPMENTS, st.randoms(use_true_random=False))
def test_the_order_before_a_transaction_does_not_matter(
    shipments: list[Shipment], random: Any
) -> None:
    shuffled = list(shipments)
    random.shuffle(shuffled)
    assert ledger_facts(shuffled, FACTS) == ledger_facts(shipments, FACTS)


@given(SHIPMENTS, SHIPMENTS)
def test_figures_add_up(some: list[Shipment], more: list[Shipment]) -> None:
    both = ledger_facts([*some, *more], FACTS)
    first, second = ledger_facts(some, FACTS), ledger_facts(more, FACTS)
    assert both == {name: first[name] + second[name] for name in both}


@given(SHIPMENTS, SHIPMENTS)
def test_no_figure_ever_goes_down(some: list[Shipment], more: list[Shipment]) -> None:
    before, after = ledger_facts(some, FACTS), ledger_facts([*some, *more], FACTS)
    assert all(after[name] >= before[name] for name in before)


@given(SHIPMENTS)
def test_a_shipment_counts_towards_one_figure_of_performance_at_most(
    shipments: list[Shipment],
) -> None:
    for each in shipments:
        assert len([name for name in counted(each) if name.endswith("tpp_milli")]) <= 1


def test_a_sum_stops_at_the_largest_integer() -> None:
    large = replace(SHIPMENT, total_tpp_milli=limits.INTEGER_MAX)
    assert ledger_facts([large, large], FACTS)["ledger.lpp_tpp_milli"] == limits.INTEGER_MAX


# --- with facts --------------------------------------------------------------------------------


def test_the_facts_of_a_ledger_join_the_others() -> None:
    joined = with_ledger(FACTS, [SHIPMENT])
    assert joined.values == {**FACTS.values, **NOTHING, "ledger.lpp_tpp_milli": 26_898_568_000}


def test_a_figure_is_stated_in_one_place() -> None:
    stated = facts_from_json({**TREE, "ledger": {"us_units": 7}})
    with pytest.raises(InputError) as caught:
        with_ledger(stated, [])
    assert (caught.value.code, caught.value.pointer) == ("facts-malformed", "/ledger")


# --- reading -----------------------------------------------------------------------------------


def refused(document: Json) -> tuple[str, str | None, str]:
    with pytest.raises(InputError) as caught:
        read_shipments(json.dumps(document).encode())
    return caught.value.code, caught.value.pointer, caught.value.detail


def written(shipments: Sequence[Shipment]) -> Json:
    names = tuple(WRITTEN)
    return [
        {
            name: value.isoformat() if isinstance(value, dt.date) else value
            for name in names
            for value in [getattr(each, name)]
        }
        for each in shipments
    ]


def test_a_ledger_is_read_in_its_order() -> None:
    other = {**WRITTEN, "basis": "licence"}
    raw = json.dumps([WRITTEN, other]).encode()
    assert read_shipments(raw) == (SHIPMENT, replace(SHIPMENT, basis="licence"))
    assert read_shipments(b"[]") == ()


@given(SHIPMENTS)
def test_what_was_written_is_read(shipments: list[Shipment]) -> None:
    assert read_shipments(json.dumps(written(shipments)).encode()) == tuple(shipments)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *((name, bad) for name in ("product", "consignee", "ultimate_parent") for bad in ("", 7)),
        *(
            (name, bad)
            for name in ("from_country", "destination")
            for bad in ("my", "EU", "", 7, ["MY"])
        ),
        *(("completion_date", bad) for bad in ("2026-02-30", "2026-3-2", 20260302, None)),
        *(("units", bad) for bad in (0, -1, True, "7", None)),
        *(("total_tpp_milli", bad) for bad in (-1, False, "7")),
        *(("basis", bad) for bad in ("lpp", "ACM", 7, ["LPP"])),
    ],
)
def test_a_bad_member_is_named(member: str, value: Json) -> None:
    code, pointer, _ = refused([WRITTEN, {**WRITTEN, member: value}])
    assert (code, pointer) == ("ledger-malformed", f"/1/{member}")


@pytest.mark.parametrize("member", WRITTEN)
def test_a_missing_member_is_named(member: str) -> None:
    rest = {name: value for name, value in WRITTEN.items() if name != member}
    assert refused([rest]) == ("ledger-malformed", "/0", f"{member} is missing")


def test_a_member_too_many_is_refused_and_not_echoed() -> None:
    code, pointer, detail = refused([{**WRITTEN, "canary": 1}])
    assert (code, pointer) == ("ledger-malformed", "/0")
    assert "canary" not in detail


@pytest.mark.parametrize(("document", "pointer"), [({}, ""), ("[]", ""), ([7], "/0"), ([[]], "/0")])
def test_anything_but_a_list_of_shipments_is_refused(document: Json, pointer: str) -> None:
    assert refused(document)[:2] == ("ledger-malformed", pointer)


def test_the_performance_may_be_none() -> None:
    (read,) = read_shipments(json.dumps([{**WRITTEN, "total_tpp_milli": 0}]).encode())
    assert read.total_tpp_milli == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"[", "json-malformed"),
        (b'[{"units": 1, "units": 2}]', "json-duplicate-key"),
        (b"[1.5]", "json-float"),
        (b" " * (limits.LEDGER_BYTES_MAX + 1), "too-large"),
    ],
)
def test_what_is_no_json_is_refused_as_such(raw: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_shipments(raw)
    assert caught.value.code == code
