"""`attest classify`: one chip from options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.cli import packs
from attest.cli.chips import COLUMNS
from attest.encoding import Json
from tests.chips_pack import document as pack_document
from tests.cli.helpers import attest, check_failed, document, succeeded, write_json
from tests.cli.pages import json_members

ON = ("--as-of", "2026-11-24")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The small pack as a file."""
    return write_json(tmp_path / "pack.json", pack_document())


def asked(pack: Path | str, *options: str) -> Any:
    """The document that the command prints."""
    return document(succeeded(attest("classify", "--pack", pack, *ON, *options, "--json")))


def answer(pack: Path | str, *options: str) -> Any:
    """The only answer about the only chip."""
    (chip,) = asked(pack, *options)["chips"]
    (only,) = chip["answers"]
    return only


def test_a_chip_on_the_limit(pack: Path) -> None:
    told = asked(pack, "--name", "TQ-7", "--tops", "8:600", "--destination", "CN")
    assert told.keys() == json_members("classify")
    assert (told["as_of"], told["mode"], told["faults"]) == ("2026-11-24", "cfr_text", [])
    assert [each["id"] for each in told["packs"]] == ["chips-of-the-tests"]
    (chip,) = told["chips"]
    (only,) = chip["answers"]
    assert chip["name"] == "TQ-7"
    assert only["destination"] == "CN"
    assert only["classes"] == ["3A090.a.1"]
    assert only["undecided"] == ["3A090.a.2"]
    assert only["licence"] == "needed"
    assert only["missing"] == ["item.applicable_area_um2"]
    assert only["figures"] == {"tpp_milli": 4_800_000}
    assert only["arithmetic"] == [
        "TPP = 600 TOPS x 8 bit = 4,800",
        "performance density = 4,800 / unknown applicable area = not known",
    ]
    assert "3A090.a.1: TPP 4,800 >= a1 TPP 4,800: exactly at it" in only["margins"]


def test_a_person_reads_paragraph_arithmetic_licence_and_citation(pack: Path) -> None:
    options = ("--name", "TQ-7", "--tops", "8:599.9", "--destination", "CN", "--destination", "VN")
    text = succeeded(attest("classify", "--pack", pack, *ON, *options)).stdout
    assert "TQ-7: undecided: 3A090.a.2" in text
    assert "does not apply: 3A090.a.1" in text
    assert "arithmetic  TPP = 599.9 TOPS x 8 bit = 4,799.2" in text
    assert "margin      3A090.a.1: TPP 4,799.2 < a1 TPP 4,800: 0.8 below (under 0.1 %)" in text
    assert "missing   --area-mm2" in text
    assert "citation  Rule eccn_3a090_a2" in text
    assert "To CN: licence unknown" in text
    assert "To VN: licence not needed" in text
    assert "assumed     transaction.exporter = other; trade.shipment_date = 2026-11-24" in text
    assert "exception   NAC: unknown" in text
    assert "! HOLD  counts_stated" in text


def test_an_answer_is_done_whatever_it_says(pack: Path) -> None:
    for options in (("--tpp", "1"), ("--tpp", "99999", "--destination", "CN"), ("--name", "x")):
        succeeded(attest("classify", "--pack", pack, *ON, *options))


def test_each_destination_is_a_question_of_its_own(pack: Path) -> None:
    options = ("--tops", "8:600", "--destination", "CN", "--destination", "VN")
    (chip,) = asked(pack, *options, "--destination", "CN")["chips"]
    told = [(each["destination"], each["licence"]) for each in chip["answers"]]
    assert told == [("CN", "needed"), ("VN", "not needed")]


def test_without_a_destination_the_licence_is_unknown(pack: Path) -> None:
    only = answer(pack, "--tops", "8:600")
    assert (only["destination"], only["licence"]) == (None, "unknown")
    assert "trade.consignee_country" in only["missing"]


FIGURES: list[tuple[tuple[str, ...], str, Json]] = [
    (("--name", "TQ-7"), "item.name", "TQ-7"),
    (("--kind", "assembly"), "item.kind", "assembly"),
    (("--tpp", "4799.2"), "item.tpp_milli", 4_799_200),
    (("--tpp", "4799.200"), "item.tpp_milli", 4_799_200),
    (("--area-mm2", "814.000001"), "item.applicable_area_um2", 814_000_001),
    (("--pd", "5.92"), "item.performance_density_micro", 5_920_000),
    (("--datacenter",), "item.datacenter", True),
    (("--no-datacenter",), "item.datacenter", False),
    (("--transfer-rate-gbyte-s", "600"), "item.transfer_rate_mbyte_s", 600_000),
    (("--dram-gbyte-s", "4800.5"), "item.dram_bandwidth_mbyte_s", 4_800_500),
    (("--stack-gbyte-s", "819"), "item.stack_bandwidth_mbyte_s", 819_000),
    (("--stack-area-mm2", "110"), "item.stack_area_um2", 110_000_000),
    (("--transistors", "80000000000"), "item.transistors", 80_000_000_000),
    (("--units", "7"), "item.units", 7),
    (("--from-country", "US"), "trade.from_country", "US"),
    (("--licence",), "trade.licence", True),
    (("--no-licence",), "trade.licence", False),
    (("--destination", "CN"), "trade.consignee_country", "CN"),
    (("--hq", "TW", "--hq", "CN", "--hq", "TW"), "transaction.party_hqs", ["CN", "TW"]),
    (("--hq", "TW"), "trade.consignee_hqs", ["TW"]),
    (("--fact", "trade.notified_on=2026-10-01"), "trade.notified_on", "2026-10-01"),
    (("--fact", "trade.certified = not-military; no-foundry-diversion"), "trade.certified", 2),
    (("--fact", "trade.informed_of=none"), "trade.informed_of", []),
    (("--fact", "item.hbm=no"), "item.hbm", False),
    (("--fact", "ledger.us_units=100000"), "ledger.us_units", 100_000),
    (("--fact", "transaction.exporter=osat"), "transaction.exporter", "osat"),
    (("--fact", "trade.shipment_date=2026-12-24"), "trade.shipment_date", "2026-12-24"),
]


@pytest.mark.parametrize(("options", "fact", "value"), FIGURES)
def test_each_option_states_its_fact(
    options: tuple[str, ...], fact: str, value: Json, tmp_path: Path
) -> None:
    """The rules see exactly what was stated: a rule of the test's own reads the fact."""
    lists = {"trade.certified", "trade.informed_of", "transaction.party_hqs", "trade.consignee_hqs"}
    raw = pack_document()
    holds = f"size({fact}) >= 0" if fact in lists else f"has({fact})"
    raw["rules"] = [each for each in raw["rules"] if each["name"] == "counts_stated"]
    raw["rules"][0]["versions"][0] |= {"holds": holds}
    raw["params"], raw["definitions"] = [], []
    path = write_json(tmp_path / "reads.json", raw)
    if not any(option in options for option in ("--name", "--tpp")):
        options = ("--name", "x", *options)
    (clause,) = answer(path, *options)["others"]
    assert clause["result"] == "pass"
    read = clause["used"][fact]
    assert (len(read) if isinstance(value, int) and isinstance(read, list) else read) == value


def test_every_column_has_an_option_that_is_tested() -> None:
    tested = {options[0].removeprefix("--no-").removeprefix("--") for options, _, _ in FIGURES}
    assert {column.name.replace("_", "-") for column in COLUMNS} - tested == {"tops"}


def test_operations_are_repeatable_and_exact(pack: Path) -> None:
    only = answer(pack, "--tops", "8:599.9", "--tops", "16:300.001", "--tops", "4 : 1000")
    assert only["figures"] == {"tpp_milli": 4_800_016}
    assert only["classes"] == ["3A090.a.1"]


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--tops", "8", "expected BITS:VALUE"),
        ("--tops", "8:1e3", "expected BITS:VALUE"),
        ("--tops", "8:-1", "expected BITS:VALUE"),
        ("--tops", "0:600", "the least is 1"),
        ("--tops", "8:600.0001", "at most 3 decimals"),
        ("--tops", "8:6.0.0", "expected plain digits"),
        ("--tops", "8:", "expected BITS:VALUE"),
        ("--tops", "8:99999999999999999", "plain digits"),
        ("--tops", "8:９", "expected BITS:VALUE"),
        ("--tpp", "4,800", "plain digits"),
        ("--tpp", "+4800", "plain digits"),
        ("--tpp", "NaN", "plain digits"),
        ("--tpp", "٤٨٠٠", "plain digits"),
        ("--tpp", "9007199254740.992", "too large"),
        ("--tpp", "1.0001", "at most 3 decimals"),
        ("--area-mm2", "0", "the least is 1"),
        ("--area-mm2", "0.0000001", "at most 6 decimals"),
        ("--units", "1.5", "whole number"),
        ("--units", "0", "the least is 1"),
        ("--kind", "chip", "is not one of"),
        ("--from-country", "XX", "ISO 3166-1"),
        ("--destination", "cn", "ISO 3166-1"),
        ("--hq", "China", "ISO 3166-1"),
        ("--fact", "trade.notified_on", "NAME=VALUE"),
        ("--fact", "trade.notified_on=", "NAME=VALUE"),
        ("--fact", "trade.notified_on=tomorrow", "expected a date"),
        ("--fact", "trade.nothing=1", "neither a column nor a fact"),
        ("--fact", "nothing=1", "neither a column nor a fact"),
        ("--fact", "item.hbm=maybe", "yes or no"),
        ("--fact", "declared.dies=1", "neither a column nor a fact"),
        ("--fact", "item.name=again", "stated twice"),
        ("--as-of", "2026-13-01", "not a date"),
        ("--mode", "strict", "is not one of"),
    ],
)
def test_a_bad_value_is_wrong_usage(option: str, value: str, why: str, pack: Path) -> None:
    result = attest("classify", "--pack", pack, "--name", "x", option, value)
    assert why in check_failed(result, 1, "usage").replace("\n", " ")


def test_a_value_may_be_unknown(pack: Path) -> None:
    only = answer(pack, "--tpp", "unknown", "--tops", "8:600", "--destination", "unknown")
    assert (only["destination"], only["classes"]) == (None, ["3A090.a.1"])


def test_nothing_said_is_wrong_usage(pack: Path) -> None:
    check_failed(attest("classify", "--pack", pack), 1, "usage")
    check_failed(attest("classify", "--pack", pack, "--destination", "CN"), 1, "usage")


def test_a_pack_that_is_not_there_is_refused() -> None:
    check_failed(attest("classify", "--pack", "none-such", "--tpp", "1"), 2, "not-found")


def test_a_day_without_rules_is_an_answer(pack: Path) -> None:
    command = ("classify", "--pack", pack, "--tpp", "4800", "--as-of", "2020-01-01")
    text = succeeded(attest(*command)).stdout
    assert "the chip: no paragraph" in text
    assert "no rule on licences is in force" in text
    told = document(succeeded(attest(*command, "--json")))
    assert told["chips"][0]["answers"][0]["licence"] is None


def test_the_text_of_others_never_commands_the_terminal(pack: Path) -> None:
    result = succeeded(attest("classify", "--pack", pack, "--tpp", "1", "--name", "a\x1b[31mb"))
    assert "\x1b" not in result.stdout


def test_the_mode_reaches_the_rules() -> None:
    """Outside the area of the earlier text only the mode decides (15 CFR 742.6(a)(6)(iii))."""
    chip = ("--tops", "8:2000", "--datacenter", "--destination", "GB", "--hq", "GB")
    assert answer("us-ear-chips", *chip)["licence"] == "needed"
    assert answer("us-ear-chips", *chip, "--mode", "bis_practice")["licence"] == "not needed"


@pytest.mark.parametrize(
    ("options", "classes"),
    [
        (("--tops", "8:600", "--datacenter"), ["3A090.a.1"]),
        (("--tops", "16:300", "--no-datacenter"), ["3A090.a.1"]),
        (("--tops", "8:599.9", "--no-datacenter"), []),
        (("--tpp", "1600", "--pd", "5.92", "--datacenter"), ["3A090.a.2"]),
        (("--tpp", "1600", "--pd", "5.919999", "--datacenter"), ["3A090.b.2"]),
        (("--tpp", "2400", "--area-mm2", "1500", "--datacenter"), ["3A090.b.1"]),
        (("--tpp", "2399.999", "--area-mm2", "1500", "--datacenter"), []),
        (("--tpp", "1600", "--pd", "3.2", "--datacenter"), ["3A090.b.2"]),
        (("--tpp", "1600", "--pd", "3.199999", "--datacenter"), []),
        (("--tpp", "1599.999", "--pd", "10", "--datacenter"), []),
        (("--kind", "memory-stack", "--stack-gbyte-s", "819", "--stack-area-mm2", "110"), None),
        (("--kind", "assembly", "--tpp", "4800", "--datacenter"), ["4A090.a"]),
    ],
)
def test_the_shipped_pack_classifies_at_the_limits(
    options: tuple[str, ...], classes: list[str] | None
) -> None:
    if classes is None:
        options, classes = (*options, "--fact", "item.copackaged=no"), ["3A090.c"]
    assert answer("us-ear-chips", *options)["classes"] == classes


def test_the_version_is_that_of_the_day() -> None:
    chip = (
        "--tops",
        "8:624",
        "--area-mm2",
        "826",
        "--transfer-rate-gbyte-s",
        "400",
        "--datacenter",
    )
    options = (*chip, "--destination", "CN", "--json")
    for day, classes, licence in (
        ("2023-06-01", [], "not needed"),
        ("2023-11-16", [], "not needed"),
        ("2023-11-17", ["3A090.a.1", "3A090.a.2"], "needed"),
    ):
        told = document(succeeded(attest("classify", *options, "--as-of", day)))
        (only,) = told["chips"][0]["answers"]
        assert (only["classes"], only["licence"]) == (classes, licence)


def test_open_points_of_the_text_are_shown() -> None:
    chip = ("--name", "TQ-19", "--tops", "19:190", "--no-datacenter", "--destination", "CN")
    text = succeeded(attest("classify", *ON, *chip)).stdout
    assert "TQ-19: no paragraph" in text
    assert "open point  CHIP-04 at 3A090.a.1: " in text
    assert "would give pass" in text


def test_every_pack_that_ships_can_answer() -> None:
    """Rules of other packs stand in the same groups; those that are tests, under `others`."""
    options = [word for name in packs.bundled() for word in ("--pack", name)]
    chip = ("--tops", "8:600", "--datacenter", "--destination", "CN", "--hq", "CN")
    told = document(succeeded(attest("classify", *options, *ON, *chip, "--json")))
    (only,) = told["chips"][0]["answers"]
    assert "3A090.a.1" in only["classes"]
    assert {each["pack"] for each in only["others"]} > {"us-ear"}
    succeeded(attest("classify", *options, *ON, *chip))
