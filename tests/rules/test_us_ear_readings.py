"""The open points of the text in the pack us-ear: when one is flagged, and the other result."""

from __future__ import annotations

from typing import Any

import pytest

from attest.encoding import Json
from attest.rules.evaluate import Finding
from attest.rules.facts import facts_to_json
from tests.rules.us_ear import BY_ID, findings_of

UNTIL_2029 = "the limit of 2027 lasts until 2029"
TRADE = "what the attester calls high-bandwidth memory"
TESTING = "testing by an approved OSAT is enough"
SITE = "a site in Macau or D:5 does not count"
DAY_2 = "paragraph (2) still covers the day"
ON_FILE = "an application on file is enough on the day"
LISTED = {"designer_name": "Qualcomm, Inc."}
PERHAPS_LISTED = {"designer_group": "Nvidia Corporation"}
CHINA = {"packaging_country": "CN"}
ALSO_PACKAGES = {
    "packages": True,
    "packaging_country": "TW",
    "attester_name": "United Microelectronics Corporation",
}
MANY = {"precisions": [{"bit_length": 8, "dense_gops": 600_000}]}
IN_2027 = {"completion_date": "2027-06-15"}
BN = 10**9


def counting(count: int, attested: int | None = None) -> dict[str, Json]:
    """An attester's count, and the count of its dies when it differs."""
    die = {**facts_to_json(BY_ID["38"].facts)["fabricator"]["dies"][0], "gds_transistors": count}
    return {"aatc_attested": count if attested is None else attested, "dies": [die]}


def readings(finding: Finding) -> dict[tuple[str, str], str | None]:
    return {(flag.ambiguity, flag.reading): flag.result for flag in finding.flags}


@pytest.mark.parametrize(
    ("case", "changes", "rule", "reading", "result"),
    [
        ("47", {}, "n1_way_b", UNTIL_2029, "fail"),
        ("b-33-on-2028-01-01", {}, "n1_way_b", UNTIL_2029, "pass"),
        ("b-33-on-2028-01-01", {"fabricator": CHINA}, "n1_way_b", UNTIL_2029, "fail"),
        ("b-33-on-2028-01-01", {"fabricator": {"hbm": None}}, "n1_way_b", UNTIL_2029, "unknown"),
        ("47", {"fabricator": {"hbm": None}}, "n1_way_b", UNTIL_2029, "fail"),
        ("b-2028-below", {"fabricator": {"hbm": None}}, "n1_way_b", UNTIL_2029, "pass"),
        ("47", {"fabricator": counting(35 * BN)}, "n1_way_b", UNTIL_2029, "fail"),
        ("47", {"fabricator": counting(35 * BN, 35 * BN - 1)}, "n1_way_b", UNTIL_2029, "fail"),
        ("47", {"fabricator": counting(35 * BN - 1, 35 * BN)}, "n1_way_b", UNTIL_2029, "fail"),
        ("b-c-2028", {}, "n1_way_c", UNTIL_2029, "pass"),
        ("b-c-2028", {"osat": {"hbm": None}}, "n1_way_c", UNTIL_2029, "unknown"),
        ("b-c-2028", {"osat": counting(29 * BN) | {"hbm": None}}, "n1_way_c", UNTIL_2029, "pass"),
        ("b-c-2028", {"osat": counting(35 * BN)}, "n1_way_c", UNTIL_2029, "fail"),
        ("b-c-2028", {"osat": counting(35 * BN, 35 * BN - 1)}, "n1_way_c", UNTIL_2029, "fail"),
        ("b-c-2028", {"osat": counting(35 * BN - 1, 35 * BN)}, "n1_way_c", UNTIL_2029, "fail"),
        ("b-cliff-none", {}, "n1_way_a", DAY_2, "pass"),
        ("b-cliff-none", {"declared": MANY}, "n1_way_a", DAY_2, "fail"),
        ("b-cliff-none", {}, "n1_way_a", ON_FILE, "fail"),
        ("b-cliff-lapsed", {}, "n1_way_a", ON_FILE, "pass"),
        ("b-cliff-lapsed", {"declared": MANY}, "n1_way_a", ON_FILE, "fail"),
        ("b-cliff-none", {"declared": PERHAPS_LISTED}, "n1_way_a", ON_FILE, "unknown"),
        ("31", {}, "n1_way_a", "a denial ends the status", "fail"),
        ("31", {"declared": PERHAPS_LISTED}, "n1_way_a", "a denial ends the status", "unknown"),
        ("31", {"declared": PERHAPS_LISTED | MANY}, "n1_way_a", "a denial ends the status", "fail"),
        ("b-denied-on-cliff", {}, "n1_way_a", "a denial ends the status", "fail"),
        ("31", {}, "n1_designer_denied", "a denial does not end the status", "pass"),
        ("b-denied-on-cliff", {}, "n1_designer_denied", "a denial does not end the status", "pass"),
        ("23", {}, "n1_way_a", "a branch does not count", "pass"),
        ("23", {"declared": MANY}, "n1_way_a", "a branch does not count", "fail"),
        ("23", {"transaction": IN_2027}, "n1_way_a", "a branch does not count", "fail"),
        ("b-hq-and-branch-unlisted", {}, "n1_way_a", "a branch does not count", "fail"),
        (
            "b-hq-and-branch-unlisted",
            {"declared": PERHAPS_LISTED},
            "n1_way_a",
            "a branch does not count",
            "unknown",
        ),
        ("35", {}, "n1_way_a", "a listed name covers its group", "pass"),
        ("35", {"declared": MANY}, "n1_way_a", "a listed name covers its group", "fail"),
        ("14", {}, "n1_way_a", "only approved designers count", "fail"),
        ("14", {}, "n1_way_a", "no report for items outside 3A090.a", None),
        ("64", {}, "n1_way_b", TRADE, "pass"),
        ("64", {"fabricator": CHINA}, "n1_way_b", TRADE, "fail"),
        ("64", {"fabricator": counting(35 * BN)}, "n1_way_b", TRADE, "fail"),
        ("b-density-above", {}, "n1_way_b", TRADE, "pass"),
        ("b-osat-hbm-by-density", {}, "n1_way_c", TRADE, "pass"),
        ("b-osat-hbm-by-density", {"osat": counting(35 * BN)}, "n1_way_c", TRADE, "fail"),
        ("50-listed", {}, "n1_way_c", SITE, "fail"),
        ("b-osat-china", {}, "n1_way_c", SITE, "fail"),
        ("b-osat-china", {"fabricator": ALSO_PACKAGES}, "n1_way_c", SITE, "pass"),
        ("50-listed", {}, "n1_way_c_site", "the site does not matter", "pass"),
        ("b-osat-tests-only", {}, "n1_way_c", TESTING, "pass"),
        ("b-osat-tests-only", {"osat": {"hbm": True}}, "n1_way_c", TESTING, "pass"),
        ("b-osat-tests-only", {"osat": counting(30 * BN)}, "n1_way_c", TESTING, "fail"),
        (
            "b-osat-tests-only",
            {"osat": counting(33 * BN), "transaction": IN_2027},
            "n1_way_c",
            TESTING,
            "pass",
        ),
        (
            "b-osat-tests-only",
            {"osat": counting(33 * BN) | {"hbm": True}, "transaction": IN_2027},
            "n1_way_c",
            TESTING,
            "fail",
        ),
        (
            "b-performance-unknown",
            {},
            "eccn_3a090_b",
            "overcoming the presumption of 3A090.a is enough",
            "pass",
        ),
    ],
)
def test_the_other_reading(
    case: str, changes: dict[str, Any], rule: str, reading: str, result: str | None
) -> None:
    found = readings(findings_of(case, **changes)[rule])
    (outcome,) = [other for (_, name), other in found.items() if name == reading]
    assert outcome == result


def test_no_flag_where_the_point_does_not_matter() -> None:
    for case in ("11", "38", "48-below", "49", "51", "55", "59", "b-2028-hbm-at"):
        assert not [flag for each in findings_of(case).values() for flag in each.flags]


@pytest.mark.parametrize(
    "case", ["23", "31", "b-cliff-none", "b-cliff-filed", "b-cliff-lapsed", "b-denied-on-cliff"]
)
def test_a_listed_designer_does_not_depend_on_the_open_points_of_authorized_ones(case: str) -> None:
    findings = findings_of(case, declared=LISTED)
    assert findings["n1_way_a"].result == "pass"
    assert not [flag for each in findings.values() for flag in each.flags]
