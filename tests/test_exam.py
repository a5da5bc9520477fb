"""The exam: published classifications and figures, against the rules (docs/rules/exam.md)."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from attest.classification import Classification, RulePack
from attest.cli import packs
from attest.encoding import Json
from attest.rules.steps import decimal
from tests.cli.helpers import attest, document, succeeded
from tests.exam_rows import (
    CHIPS,
    CLASSIFICATIONS,
    MEANINGS,
    PUBLISHED_TPP,
    Row,
    agrees,
    ask,
    day_of,
    item_of,
    listed,
    precisions,
    read,
    scaled,
    section,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules" / "exam.md"
TODAY = dt.date(2026, 11, 24)
COLUMNS = {
    "name": ("name", 0),
    "tpp": ("tpp_milli", 3),
    "tops": ("precisions", 3),
    "area_mm2": ("applicable_area_um2", 6),
    "pd": ("performance_density_micro", 6),
    "datacenter": ("datacenter", 0),
    "transfer_rate_gbyte_s": ("transfer_rate_mbyte_s", 3),
    "dram_gbyte_s": ("dram_bandwidth_mbyte_s", 3),
}
H100 = {"datacenter": True, "tpp_milli": 15_832_000, "applicable_area_um2": 814_000_000}


@cache
def pack() -> RulePack:
    loaded = packs.load("us-ear-chips")
    return RulePack(loaded.pack, loaded.document)


@pytest.fixture(scope="module")
def rows(shared_dir: Path) -> list[Row]:
    return read(shared_dir, CLASSIFICATIONS)


@pytest.fixture(scope="module")
def chips(shared_dir: Path) -> dict[str, Row]:
    return {row["Hardware name"]: row for row in read(shared_dir, CHIPS)}


@pytest.fixture(scope="module")
def results(rows: list[Row], chips: Mapping[str, Row]) -> dict[str, bool | None]:
    return {row["row_id"]: agrees(row, pack(), chips) for row in rows}


def test_the_page_lists_exactly_the_disagreements(results: dict[str, bool | None]) -> None:
    page = PAGE.read_text("utf-8")
    differs = {row for row, result in results.items() if result is False}
    assert differs == listed(page, "Disagreements", "C[0-9]+")
    untested = {row for row, result in results.items() if result is None}
    assert untested == listed(page, "Not testable", "C[0-9]+")


def test_every_row_of_confidence_a_agrees(rows: list[Row], results: dict[str, bool | None]) -> None:
    first = [row["row_id"] for row in rows if row["confidence"] == "A"]
    assert len(first) == 17
    assert [row for row in first if results[row] is not True] == []


def test_the_counts_on_the_page_are_those_found(
    rows: list[Row], results: dict[str, bool | None]
) -> None:
    table = re.findall(r"^\| (A|B|C|all) \|(.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {mark: tuple(map(int, re.findall("[0-9]+", rest))) for mark, rest in table}
    counts = Counter((row["confidence"], results[row["row_id"]]) for row in rows)
    for mark in "ABC":
        found = [counts[mark, result] for result in (True, False, None)]
        assert told[mark] == (sum(found), *found)
    assert told["all"] == tuple(map(sum, zip(*(told[mark] for mark in "ABC"), strict=True)))


def test_every_published_class_has_one_meaning_and_the_page_says_it(rows: list[Row]) -> None:
    assert {row["published_class"] for row in rows} == set(MEANINGS)
    told = section(PAGE.read_text("utf-8"), "What a published class is taken to mean")
    cells = re.findall(r"^\| (`.*`) \|", told, re.MULTILINE)
    assert set(re.findall("`([^`]+)`", " ".join(cells))) == set(MEANINGS)


def test_no_meaning_accepts_every_answer() -> None:
    """A comparison that cannot fail would prove nothing."""
    letter = ("the letter",)
    chip = {"datacenter": True, "tpp_milli": 1, "applicable_area_um2": 1}
    answers: list[Classification] = [
        ask(pack(), H100, TODAY, "CN"),
        ask(pack(), chip, TODAY, "CN"),
        ask(pack(), chip, TODAY, "CN", letters=letter),
        ask(pack(), {"datacenter": True}, TODAY, "CN"),
    ]
    for published, meaning in MEANINGS.items():
        assert not all(meaning(answer) for answer in answers), published


def test_where_a_row_excludes_israel_the_answer_there_is_the_opposite(
    rows: list[Row], chips: Mapping[str, Row]
) -> None:
    excluding = [row for row in rows if "excluding Israel" in row["destination"]]
    assert len(excluding) == 5
    for row in excluding:
        item = item_of(row, chips)
        assert item is not None
        assert ask(pack(), item, day_of(row), "IL").licence == "not needed"


def test_what_is_eligible_for_nac_needs_a_licence_on_its_own_day(
    rows: list[Row], chips: Mapping[str, Row]
) -> None:
    (row,) = [row for row in rows if row["published_class"] == "NAC_eligible"]
    item = item_of(row, chips)
    assert item is not None
    assert ask(pack(), item, day_of(row), "CN").licence == "needed"
    assert ask(pack(), item, day_of(row), "GB").licence == "not needed"
    assert ask(pack(), item, dt.date(2024, 4, 4), "VN").available == ("ACA",)


def test_the_command_gives_the_same_as_the_library(
    rows: list[Row], chips: Mapping[str, Row]
) -> None:
    asked: dict[dt.date, list[tuple[Row, dict[str, Json]]]] = {}
    for row in rows:
        item = item_of(row, chips)
        if item is not None:
            asked.setdefault(day_of(row), []).append((row, item))
    for day, items in asked.items():
        table = "\n".join([",".join(COLUMNS), *(line_of(item) for _, item in items)])
        command = ("classify", "-", "--as-of", day, "--destination", "CN", "--hq", "CN", "--json")
        told = document(succeeded(attest(*command, stdin=table)))
        for (row, item), chip in zip(items, told["chips"], strict=True):
            found = ask(pack(), item, day, "CN")
            (answer,) = chip["answers"]
            assert answer["classes"] == list(found.applying), row["row_id"]
            assert answer["licence"] == found.licence, row["row_id"]
            assert answer["figures"] == found.figures, row["row_id"]


def line_of(item: Mapping[str, Json]) -> str:
    """The facts about an item as a line of a table."""
    cells = []
    for fact, places in COLUMNS.values():
        value = item.get(fact, "")
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, int):
            value = decimal(value, places).replace(",", "")
        elif isinstance(value, list):
            pairs = ((each["bit_length"], decimal(each["dense_gops"], 3)) for each in value)
            value = ";".join(f"{bits}:{tops.replace(',', '')}" for bits, tops in pairs)
        cells.append(value)
    return ",".join(cells)


def test_published_densities_follow_from_the_published_figures(rows: list[Row]) -> None:
    """Within one unit of the second decimal, but for the row that the page names."""
    differs = set()
    for row in rows:
        tpp, area, density = (row[f"published_{name}"] for name in ("tpp", "die_area_mm2", "pd"))
        if not (tpp and area and density):
            continue
        if abs(Fraction(tpp) / Fraction(area) - Fraction(density)) > Fraction(1, 100):
            differs.add(row["row_id"])
    assert differs == {"C033"}
    assert all(f"- {row} " in PAGE.read_text("utf-8") for row in differs)


def test_the_published_tpp_is_reproduced_or_explained(chips: Mapping[str, Row]) -> None:
    published = {name: row for name, row in chips.items() if row[PUBLISHED_TPP]}
    assert (len(chips), len(published)) == (176, 162)
    computed = {}
    for name, row in published.items():
        item = {"precisions": precisions(row)}
        computed[name] = ask(pack(), item, TODAY, "CN").figures["tpp_milli"]
    differs = {
        name: (computed[name], scaled(row[PUBLISHED_TPP], -9))
        for name, row in published.items()
        if abs(1 - Fraction(computed[name]) / Fraction(row[PUBLISHED_TPP]) * 10**9)
        > Fraction(2, 1000)
    }
    assert len(published) - len(differs) >= 154
    table = section(PAGE.read_text("utf-8"), "Total processing performance of 162 chips")
    told = {
        name: (scaled(ours.replace(",", ""), 3), scaled(theirs.replace(",", ""), 3))
        for name, ours, theirs in re.findall(
            r"^\| ([^|]+) \| ([0-9,.]+) \| ([0-9,.]+) \| ", table, re.MULTILINE
        )
    }
    assert told == differs


@pytest.mark.parametrize(("bits", "tpp", "classes"), [(19, 3_610_000, ()), (32, 6_080_000, 1)])
def test_tf32_lies_on_both_sides_of_the_limit(bits: int, tpp: int, classes: object) -> None:
    item = {"precisions": [{"bit_length": bits, "dense_gops": 190_000}], "datacenter": False}
    found = ask(pack(), item, TODAY, "CN")
    assert found.figures["tpp_milli"] == tpp
    assert found.applying == (("3A090.a.1",) if classes else ())
    flagged = {flag.ambiguity for each in found.clauses for flag in each.finding.flags}
    assert ("CHIP-04" in flagged) == (bits == 19)
