"""The pack us-ear against a second encoding of the same law, written apart from it in Python."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from attest.rules.evaluate import verdict_of
from tests.rules.us_ear import changed, findings_of


def codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


D5 = codes("AF BY CD CF CN CU ER HT IQ IR KP LB LY MM NI RU SD SO SS SY VE ZW")
A1 = codes(
    "AR AT AU BE BG CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV MX NL NO NZ "
    "PL PT RO SE SI SK TR US ZA"
)
AREA_45 = codes(
    "AF AM AZ BH BY CD CF CN CU EG ER GE HT IQ IR JO KG KH KP KW KZ LA LB LY MD MM MN MO NI OM PK "
    "QA RU SA SD SO SS SY TJ TM UZ VE VN YE ZW"
)
COUNTRIES = st.sampled_from(sorted(D5 | A1 | AREA_45 | codes("AE HK IL MT MY SG TW TH")))
BN = 10**9
EDGES = [
    dt.date(*day)
    for day in (
        (2025, 1, 31),
        (2025, 11, 6),
        (2025, 11, 7),
        (2026, 4, 6),
        (2026, 4, 7),
        (2026, 7, 9),
        (2026, 7, 10),
        (2026, 12, 30),
        (2026, 12, 31),
        (2027, 1, 1),
        (2027, 12, 31),
        (2028, 1, 1),
        (2028, 12, 31),
        (2029, 1, 1),
    )
]
DAYS = st.sampled_from(EDGES) | st.dates(dt.date(2025, 1, 31), dt.date(2030, 12, 31))


def forbidden(country: str, day: dt.date) -> bool:
    """Macau or D:5, Hong Kong counted as China."""
    if country == "KH":
        return day < dt.date(2025, 11, 7)
    return country in D5 or country in ("MO", "HK")


def limit(day: dt.date, *, hbm: bool) -> int:
    """The limit of Note 1.b and 1.c by the letter."""
    if hbm or day.year < 2027 or day.year == 2028:
        return 30 * BN
    return 35 * BN if day.year == 2027 else 40 * BN


def passed(holds: bool) -> str:
    return "pass" if holds else "fail"


def dies_of(count: int) -> list[dict[str, Any]]:
    return [{**changed("38")["fabricator"]["dies"][0], "gds_transistors": count}]


COUNTS = st.builds(
    lambda around, off: around * BN + off,
    st.sampled_from([29, 30, 31, 35, 36, 40, 41]),
    st.integers(-2, 2),
)


@settings(max_examples=500)
@given(day=DAYS, hbm=st.booleans(), count=COUNTS, country=COUNTRIES, packages=st.booleans())
def test_way_b(day: dt.date, hbm: bool, count: int, country: str, packages: bool) -> None:
    findings = findings_of(
        "38",
        fabricator={
            "hbm": hbm,
            "memories": [],
            "aatc_attested": count,
            "dies": dies_of(count),
            "packaging_country": country,
            "packages": packages,
        },
        transaction={"completion_date": day.isoformat()},
    )
    expected = packages and not forbidden(country, day) and count < limit(day, hbm=hbm)
    assert findings["n1_way_b"].result == passed(expected)


@settings(max_examples=300)
@given(
    day=DAYS,
    hbm=st.booleans(),
    count=COUNTS,
    country=COUNTRIES,
    packages=st.booleans(),
    name=st.sampled_from(
        ["ASE Technology Holding Co., Ltd.", "Amkor Technology, Inc.", "Example Packaging Ltd."]
    ),
)
def test_way_c(
    day: dt.date, hbm: bool, count: int, country: str, packages: bool, name: str
) -> None:
    findings = findings_of(
        "55",
        osat={
            "hbm": hbm,
            "aatc_attested": count,
            "dies": dies_of(count),
            "packaging_country": country,
            "packages": packages,
            "attester_name": name,
        },
        transaction={"completion_date": day.isoformat()},
    )
    holds = packages and not name.startswith("Example") and count < limit(day, hbm=hbm)
    assert findings["n1_way_c"].result == passed(holds)
    site = passed(not forbidden(country, day)) if holds else "n/a"
    assert findings["n1_way_c_site"].result == site


@settings(max_examples=500)
@given(
    day=DAYS,
    headquarters=COUNTRIES,
    parent=COUNTRIES,
    location=COUNTRIES,
    agreed=st.booleans(),
    filed=st.none() | st.integers(-5, 185) | st.sampled_from([0, 179, 180, 181]),
)
def test_authorized_designer(
    day: dt.date,
    headquarters: str,
    parent: str,
    location: str,
    agreed: bool,
    filed: int | None,
) -> None:
    """`filed` is the age of the application in days on the day of completion."""
    filed_on = None if filed is None else day - dt.timedelta(days=filed)
    findings = findings_of(
        "14",
        declared={
            "designer_hq": headquarters,
            "designer_parent_hq": parent,
            "designer_locations": [location],
            "agreed_743_9": agreed,
            "agreed_743_9_on": day.isoformat() if agreed else None,
            "application_748_16": "none" if filed is None else "filed",
            "application_filed_on": filed_on and filed_on.isoformat(),
        },
        transaction={"completion_date": day.isoformat(), "decision_date": day.isoformat()},
    )
    eligible = (
        headquarters == "TW"
        or headquarters in A1
        or (headquarters == "AE" and day >= dt.date(2026, 7, 10))
    )
    base = eligible and not forbidden(parent, day) and not forbidden(location, day) and agreed
    cliff = dt.date(2026, 4, 13) if day < dt.date(2026, 4, 7) else dt.date(2026, 12, 31)
    pending = filed is not None and 0 <= filed < 180
    assert findings["n1_way_a"].result == passed(base and (day < cliff or pending))


PERFORMANCE = st.one_of(
    st.sampled_from([199_900, 200_000, 299_900, 300_000, 599_900, 600_000, 600_100]),
    st.integers(0, 700_000),
)
AREAS = st.one_of(
    st.sampled_from(
        [270_270_270, 270_270_271, 275_000_000, 500_000_000, 500_000_001, 1_500_000_000]
    ),
    st.integers(1_000_000, 3_000_000_000),
)


@settings(max_examples=500)
@given(
    gops=PERFORMANCE,
    area=AREAS,
    datacenter=st.booleans(),
    country=COUNTRIES,
    headquarters=COUNTRIES,
    day=DAYS,
)
def test_classification_once_the_presumption_is_overcome(
    gops: int, area: int, datacenter: bool, country: str, headquarters: str, day: dt.date
) -> None:
    findings = findings_of(
        "84",
        declared={
            "precisions": [{"bit_length": 8, "dense_gops": gops}],
            "dies": [{**changed("84")["declared"]["dies"][0], "units": 1, "area_um2": area}],
            "datacenter": datacenter,
        },
        transaction={
            "completion_date": day.isoformat(),
            "destinations": [country],
            "party_hqs": [headquarters],
        },
    )
    tpp = Fraction(gops * 8, 1000)
    density = tpp / Fraction(area, 10**6)
    top = Fraction("5.92")
    in_a = tpp >= 4800 or (tpp >= 1600 and density >= top)
    in_b = (2400 <= tpp < 4800 and Fraction("1.6") <= density < top) or (
        1600 <= tpp < 4800 and Fraction("3.2") <= density < top
    )
    specified_a = in_a and (tpp >= 4800 or datacenter)
    area_of_b = country in AREA_45 | {"AE", "HK"} or forbidden(headquarters, day)
    assert findings["n1_presumption"].outcome == "overcome"
    assert findings["eccn_3a090_a"].result == passed(not specified_a)
    assert findings["eccn_3a090_b"].result == passed(not (in_b and datacenter and area_of_b))
    assert findings["licence_3a090_a"].result == ("fail" if specified_a else "n/a")


@settings(max_examples=200)
@given(country=COUNTRIES, headquarters=COUNTRIES, day=DAYS)
def test_a_standing_presumption_in_both_modes(
    country: str, headquarters: str, day: dt.date
) -> None:
    where = {
        "completion_date": day.isoformat(),
        "destinations": [country],
        "party_hqs": [headquarters],
    }
    by_text = findings_of("70-text", transaction=dict(where))
    by_practice = findings_of("70-practice", transaction=dict(where))
    area = AREA_45 | {"HK"} | ({"AE"} if day < dt.date(2026, 7, 10) else set())
    asked = country in area or forbidden(headquarters, day)
    assert verdict_of(by_text.values()) == "FAIL"
    assert verdict_of(by_practice.values()) == ("FAIL" if asked else "HOLD")
