"""The pack us-ear-chips against a second encoding of the same law, written in Python."""

from __future__ import annotations

import csv
import datetime as dt
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from attest.rules.evaluate import Finding, evaluate
from attest.rules.facts import facts_from_json
from tests.rules.us_ear_chips import PACK


def codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


D5 = codes("AF BY CD CF CN CU ER HT IQ IR KP LB LY MM NI RU SD SO SS SY VE ZW")
AREA_45 = codes(
    "AF AM AZ BH BY CD CF CN CU EG ER GE HT IQ IR JO KG KH KP KW KZ LA LB LY MD MM MN MO NI OM PK "
    "QA RU SA SD SO SS SY TJ TM UZ VE VN YE ZW"
)
COUNTRIES = st.sampled_from(sorted(D5 | AREA_45 | codes("AE CY HK IL JP MT MX MY SG TW US")))
V1, V2, HBM = dt.date(2022, 10, 7), dt.date(2023, 11, 17), dt.date(2024, 12, 2)
DIFFUSION, REVIEW, UAE = dt.date(2025, 1, 13), dt.date(2026, 1, 15), dt.date(2026, 7, 10)
CAMBODIA, MACAU = dt.date(2025, 11, 7), dt.date(2023, 1, 1)
EDGES = [
    day + dt.timedelta(days=off)
    for day in (V1, MACAU, V2, HBM, DIFFUSION, CAMBODIA, REVIEW, UAE)
    for off in (-1, 0, 1)
    if day + dt.timedelta(days=off) >= V1
]
DAYS = st.sampled_from(EDGES) | st.dates(V1, dt.date(2030, 12, 31))
MODES = st.sampled_from(["cfr_text", "bis_practice"])
PERFORMANCES = st.builds(
    lambda around, off: around * 1000 + off,
    st.sampled_from([400, 1600, 2400, 3200, 4800, 15_832, 21_000, 36_000]),
    st.integers(-2, 2),
)
DENSITIES = [Fraction(16, 10), Fraction(32, 10), Fraction(592, 100)]


@st.composite
def figures(draw: st.DrawFn) -> tuple[int, int]:
    """TPP in thousandths and an area in um2, often within a few um2 of a limit of density."""
    tpp = draw(PERFORMANCES)
    at = draw(st.sampled_from(DENSITIES))
    near = int(Fraction(tpp, 1000) / at * 1_000_000) + draw(st.integers(-2, 2))
    return tpp, draw(st.sampled_from([near, 50_000_000, 814_000_000, 3_000_000_000]))


def paragraphs(tpp_milli: int, area_um2: int, *, datacenter: bool, day: dt.date) -> set[str]:
    """The paragraphs of 3A090.a and .b in the table in force since 17 November 2023."""
    if day < V2:
        return set()
    tpp = Fraction(tpp_milli, 1000)
    density = tpp / Fraction(area_um2, 1_000_000)
    found = set()
    if tpp >= 4800:
        found.add("a1")
    if tpp >= 1600 and density >= Fraction(592, 100):
        found.add("a2")
    if 2400 <= tpp < 4800 and Fraction(16, 10) <= density < Fraction(592, 100):
        found.add("b1")
    if 1600 <= tpp < 4800 and Fraction(32, 10) <= density < Fraction(592, 100):
        found.add("b2")
    return found if datacenter or tpp >= 4800 else set()


def macau_or_d5(country: str, day: dt.date) -> bool:
    if country == "KH":
        return day < CAMBODIA
    if country == "CY":
        return day < dt.date(2023, 10, 1)
    return country in D5 or country in ("MO", "HK")


def in_area(country: str, day: dt.date) -> bool:
    if country == "AE":
        return day < UAE
    return country in AREA_45 or country == "HK"


def required(
    found: set[str], day: dt.date, mode: str, destination: str, hqs: list[str], *, first: bool
) -> bool:
    """Whether a licence is required; `first`: the item meets 3A090 as of October 2022."""
    if day < V2:
        places = {"CN", "HK"} | ({"MO"} if day >= MACAU else set())
        return first and destination in places
    if not found:
        return False
    if day >= DIFFUSION and mode == "cfr_text" and found & {"a1", "a2"}:
        return True
    by_name = destination == "AE" and not found & {"a1", "a2"}
    return in_area(destination, day) or by_name or any(macau_or_d5(country, day) for country in hqs)


def findings(
    item: dict[str, Any], day: dt.date, mode: str = "cfr_text", **trade: Any
) -> dict[str, Finding]:
    facts = {
        "item": item,
        "trade": {"informed_of": [], "licence": False, **trade},
        "transaction": {
            "exporter": "other",
            "completion_date": day.isoformat(),
            "decision_date": "2026-11-24",
            "mode": mode,
        },
    }
    return {finding.rule: finding for finding in evaluate(PACK, facts_from_json(facts))}


def item_of(
    tpp_milli: int, area_um2: int, *, datacenter: bool, kind: str = "integrated-circuit"
) -> dict[str, Any]:
    return {
        "kind": kind,
        "tpp_milli": tpp_milli,
        "applicable_area_um2": area_um2,
        "datacenter": datacenter,
        "transfer_rate_mbyte_s": 400_000,
    }


def specified(found: dict[str, Finding], stem: str = "eccn_3a090_") -> set[str]:
    return {
        rule.removeprefix(stem)
        for rule, finding in found.items()
        if rule.startswith(stem) and finding.result == "pass"
    }


@settings(max_examples=400, deadline=None)
@given(figures=figures(), datacenter=st.booleans(), day=DAYS)
def test_the_paragraphs_of_an_integrated_circuit(
    figures: tuple[int, int], datacenter: bool, day: dt.date
) -> None:
    expected = paragraphs(*figures, datacenter=datacenter, day=day)
    found = findings(item_of(*figures, datacenter=datacenter), day, consignee_country="TW")
    assert specified(found) == expected
    assert {found[f"eccn_4a090_{each}"].result for each in "ab"} == {"n/a"}


@settings(max_examples=200, deadline=None)
@given(figures=figures(), datacenter=st.booleans(), day=DAYS)
def test_the_paragraphs_of_an_assembly_follow_those_of_its_circuit(
    figures: tuple[int, int], datacenter: bool, day: dt.date
) -> None:
    circuit = paragraphs(*figures, datacenter=datacenter, day=day)
    item = item_of(*figures, datacenter=datacenter, kind="assembly")
    found = findings(item, day, consignee_country="TW")
    assert specified(found, "eccn_4a090_") == {paragraph[0] for paragraph in circuit}
    assert specified(found) == set()


@settings(max_examples=200, deadline=None)
@given(
    tpp=PERFORMANCES,
    rate=st.builds(lambda off: 600_000 + off, st.integers(-2, 2)),
    day=st.dates(V1, V2 + dt.timedelta(days=2)),
)
def test_the_first_version(tpp: int, rate: int, day: dt.date) -> None:
    found = findings({"tpp_milli": tpp, "transfer_rate_mbyte_s": rate}, day, consignee_country="CN")
    holds = day < V2 and rate >= 600_000 and tpp >= 4_800_000
    assert (found["eccn_3a090_2022"].result == "pass") == holds


@settings(max_examples=200, deadline=None)
@given(
    area=st.integers(1, 200_000_000),
    off=st.integers(-2, 2),
    copackaged=st.booleans(),
    day=DAYS,
)
def test_high_bandwidth_memory(area: int, off: int, copackaged: bool, day: dt.date) -> None:
    bandwidth = max(0, 2_000 * area // 1_000_000 + off)
    item = {
        "kind": "memory-stack",
        "stack_bandwidth_mbyte_s": bandwidth,
        "stack_area_um2": area,
        "copackaged": copackaged,
    }
    density = Fraction(bandwidth, 1000) / Fraction(area, 1_000_000)
    found = findings(item, day, consignee_country="TW", consignee_hqs=["TW"])
    holds = day >= HBM and density > 2 and not copackaged
    assert (found["eccn_3a090_c"].result == "pass") == holds


@settings(max_examples=500, deadline=None)
@given(
    figures=figures(),
    datacenter=st.booleans(),
    fast=st.booleans(),
    day=DAYS,
    mode=MODES,
    destination=COUNTRIES,
    hqs=st.lists(COUNTRIES, min_size=1, max_size=3, unique=True).map(sorted),
)
def test_where_a_licence_is_required(
    figures: tuple[int, int],
    datacenter: bool,
    fast: bool,
    day: dt.date,
    mode: str,
    destination: str,
    hqs: list[str],
) -> None:
    item = item_of(*figures, datacenter=datacenter)
    item["transfer_rate_mbyte_s"] = 600_000 if fast else 599_999
    expected = required(
        paragraphs(*figures, datacenter=datacenter, day=day),
        day,
        mode,
        destination,
        hqs,
        first=fast and figures[0] >= 4_800_000,
    )
    found = findings(item, day, mode, consignee_country=destination, consignee_hqs=hqs)
    assert (found["licence_needed"].result == "pass") == expected
    assert (found["licence_or_exception"].result == "n/a") == (not expected)


PUBLISHED = {
    "3A090.a": True,
    "case_by_case_CN_2026": True,
    "license_required": True,
    "not_3A090.a": False,
    "not_controlled": False,
    "presumption_of_denial_CN_2026": True,
}
"""What others published: whether a chip is one of 3A090.a, or of 3A090 as of October 2022."""
CERTIFIED = (
    "enough-us-supply",
    "no-foundry-diversion",
    "not-military",
    "recipient-security",
    "us-laboratory-test",
)


@settings(max_examples=400, deadline=None)
@given(
    tpp=st.sampled_from([15_832_000, 20_999_999, 21_000_000]),
    bandwidth=st.sampled_from([4_800_000, 6_499_999, 6_500_000]),
    sale=st.sampled_from(["2024-11-01", "2026-01-15", "2026-01-16"]),
    origin=st.sampled_from(["US", "US", "TW"]),
    act=st.sampled_from(["export", "export", "reexport"]),
    destination=st.sampled_from(["CN", "HK", "MO", "MY", "VE"]),
    missing=st.none() | st.sampled_from(CERTIFIED),
    units=st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(0, 12)),
    day=st.sampled_from([REVIEW - dt.timedelta(days=1), REVIEW, dt.date(2026, 11, 24)]),
)
def test_the_review_of_exports_to_china(
    tpp: int,
    bandwidth: int,
    sale: str,
    origin: str,
    act: str,
    destination: str,
    missing: str | None,
    units: tuple[int, int, int],
    day: dt.date,
) -> None:
    before, now, in_us = units
    item = item_of(tpp, 814_000_000, datacenter=True)
    item |= {"dram_bandwidth_mbyte_s": bandwidth, "us_sale_since": sale, "units": now}
    facts = {
        "item": item,
        "trade": {
            "from_country": origin,
            "act": act,
            "consignee_country": destination,
            "consignee_hqs": ["CN"],
            "end_uses": ["ordinary"],
            "certified": [each for each in CERTIFIED if each != missing],
            "informed_of": [],
        },
        "ledger": {"china_units": before, "us_units": in_us},
        "transaction": {
            "exporter": "other",
            "completion_date": day.isoformat(),
            "decision_date": "2026-11-24",
            "mode": "cfr_text",
        },
    }
    found = {each.rule: each for each in evaluate(PACK, facts_from_json(facts))}
    case_by_case = (
        day >= REVIEW
        and (origin, act) == ("US", "export")
        and destination in ("CN", "HK", "MO")
        and tpp < 21_000_000
        and bandwidth < 6_500_000
        and sale <= "2026-01-15"
        and missing is None
        and Fraction(before + now) <= Fraction(in_us, 2)
    )
    assert (found["review_case_by_case"].result == "pass") == case_by_case
    assert (found["review_denial"].result == "pass") == (not case_by_case)


def test_published_classifications_agree(shared_dir: Path) -> None:
    table = shared_dir / "data" / "classification" / "published_classifications.csv"
    compared = 0
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            a_expected = PUBLISHED.get(row["published_class"])
            number = re.fullmatch(r"[0-9]+", row["published_tpp"])
            if row["confidence"] == "C" or a_expected is None or number is None:
                continue
            item: dict[str, Any] = {
                "tpp_milli": int(row["published_tpp"]) * 1000,
                "datacenter": row["datacenter_product"] == "Y",
            }
            if row["published_pd"]:
                item["performance_density_micro"] = int(Fraction(row["published_pd"]) * 1_000_000)
            if row["published_interconnect_gbps"]:
                rate = Fraction(row["published_interconnect_gbps"]) * 1000
                item["transfer_rate_mbyte_s"] = int(rate)
            day = dt.date(2023, 6, 1) if row["rule_version"] == "2022-10" else dt.date(2026, 3, 1)
            found = findings(item, day, consignee_country="CN", consignee_hqs=["CN"])
            in_a = bool(specified(found) & {"2022", "a1", "a2"})
            assert in_a == a_expected, row["row_id"]
            compared += 1
    assert compared >= 30
