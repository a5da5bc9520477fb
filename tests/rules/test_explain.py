"""What an explanation shows: the arithmetic, exact margins, readings and what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.encoding import Json, canonical
from attest.rules.cases import read_cases
from attest.rules.evaluate import evaluate
from attest.rules.explain import Explanation, explain
from attest.rules.facts import facts_from_json
from attest.rules.pack import compile_pack, read_pack_folder
from attest.rules.steps import Steps, decimal, name_in_words
from attest.rules.terms import Book, Terms
from tests.rules.test_terms import PACKS, RULES
from tests.rules.us_ear import DOCUMENT, PACK, changed

BOOK = Book(DOCUMENT)
DIE: Json = {
    "name": "compute",
    "units": 2,
    "function": "logic",
    "node_nm": 5,
    "node_class": "16/14-or-below",
    "architecture": "finfet",
    "area_um2": 100_000_000,
    "density_per_mm2": 171_300_000,
}
SMALL: Json = {
    **DIE,
    "name": "io",
    "units": 1,
    "area_um2": 333_333,
    "density_per_mm2": 3,
}
OLD: Json = {**DIE, "name": "base", "node_nm": 65, "node_class": "above-16/14"} | {
    "architecture": "planar"
}


def explained(tree: Json) -> dict[str, Explanation]:
    """The explanations of the pack us-ear by rule."""
    facts = facts_from_json(tree)
    findings = [finding.to_json() for finding in evaluate(PACK, facts)]
    return {each.finding["rule"]: each for each in explain(BOOK, facts, findings)}


def of(case: str, **changes: Json) -> dict[str, Explanation]:
    """The explanations for the facts of a case with members replaced."""
    return explained(changed(case, **changes))


def test_the_count_is_written_out_die_by_die() -> None:
    dies = [DIE, SMALL, OLD]
    told = of("38", fabricator={"dies": dies, "aatc_attested": 34_260_000_001})["n1_aatc_attested"]
    assert told.steps[:5] == (
        'die "base": left out, applicable(die) is false',
        'die "compute": approximated count = 171,300,000 per mm2 x 100 mm2 = 17,130,000,000',
        'die "compute": 2 x 17,130,000,000 = 34,260,000,000',
        'die "io": approximated count = 3 per mm2 x 0.333333 mm2 = 1, rounded up',
        "fabricator AATC = 34,260,000,000 + 1 = 34,260,000,001",
    )
    assert len(set(told.steps)) == len(told.steps)


def test_a_count_on_the_layout_is_named_as_such() -> None:
    told = of("38")["n1_way_b"]
    assert told.steps == (
        'die "compute": approximated count = GDS transistors 29,990,000,000',
        "fabricator AATC = 29,990,000,000",
    )


def test_performance_is_the_highest_over_the_precisions() -> None:
    precisions = [
        {"bit_length": 16, "dense_gops": 300_000},
        {"bit_length": 8, "dense_gops": 624_000},
    ]
    told = of("38", declared={"precisions": precisions, "dies": [{**DIE, "units": 1}]})
    assert told["eccn_3a090_a"].steps == (
        "precision 1: 300 TOPS x 16 bit = 4,800",
        "precision 2: 624 TOPS x 8 bit = 4,992",
        "TPP = the highest of 4,800, 4,992 = 4,992",
        "applicable area = 100 mm2",
        "performance density = 4,992 / 100 mm2 = 49.92",
    )
    one = of("38", declared={"precisions": precisions[:1]})["eccn_3a090_a"]
    assert one.steps[0] == "TPP = 300 TOPS x 16 bit = 4,800"


def test_a_precision_without_operations_is_not_known() -> None:
    precisions = [{"bit_length": 16, "dense_gops": 300_000}, {"bit_length": 8}]
    told = of("38", declared={"precisions": precisions})["eccn_3a090_a"]
    assert told.steps[:3] == (
        "precision 1: 300 TOPS x 16 bit = 4,800",
        "precision 2: unknown dense x 8 bit is not known",
        "TPP = the highest of 4,800, unknown = not known",
    )


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (
            "item.stack_area_um2 + item.units",
            ["x = 3,000,000 + 2 = 3,000,002"],
        ),
        ("item.stack_area_um2 + item.applicable_area_um2", ["x = 3 mm2 + 4 mm2 = 7 mm2"]),
        ("(item.units + 1) * item.units - 1", ["x = (2 + 1) x 2 - 1 = 5"]),
        ("(item.stack_area_um2 + 7) / 10", ["x = (3,000,000 + 7) / 10 = 300,000, rounded down"]),
        ("item.stack_area_um2 * 1_000 / item.units", ["x = 3 mm2 / 2 = 1.5"]),
        ("item.us_sale_since == item.us_sale_since ? 1 : 2", ["x is not known"]),
        ("sum(item.precisions.map(p, p.bit_length))", ["x = nothing to count = 0"]),
        ("size(item.precisions) + 1", ["x = 0 + 1 = 1"]),
    ],
)
def test_arithmetic_is_written_with_its_values(value: str, lines: list[str]) -> None:
    book = Book({"params": [], "rules": [], "definitions": [{"name": "x", "value": value}]})
    facts = {
        "item.stack_area_um2": 3_000_000,
        "item.applicable_area_um2": 4_000_000,
        "item.units": 2,
        "item.precisions": (),
    }
    terms = Terms(book, facts, results={}, completion=1, decision=1)
    assert Steps(terms).of("define.x") == lines


def test_a_density_that_is_cut_says_so() -> None:
    precisions = [{"bit_length": 8, "dense_gops": 296_000}]
    dies = [{**DIE, "units": 1, "area_um2": 814_000_000}]
    told = of("38", declared={"precisions": precisions, "dies": dies})["eccn_3a090_a"]
    assert told.steps[-1] == "performance density = 2,368 / 814 mm2 = 2.90909, rounded down"


def test_memory_bandwidth_density_is_written_in_its_units() -> None:
    memory = {"kind": "HBM3", "units": 1, "bandwidth_mbyte_s": 819_000, "area_um2": 110_000_000}
    die = {**DIE, "units": 1, "gds_transistors": 33_000_000_000}
    package = {"memories": [memory], "hbm": False, "dies": [die], "aatc_attested": 33_000_000_000}
    on = {"completion_date": "2027-06-15"}
    told = of("38", fabricator=package, transaction=on)["n1_way_b"]
    says = [margin.says for margin in told.margins]
    assert (
        'memory "HBM3": 819,000 MB/s > 2,000 MB/s per mm2 x 110 mm2 = 220,000: '
        "599,000 above (272.2 %)" in says
    )


@pytest.mark.parametrize(
    ("count", "says", "side", "per_mille"),
    [
        (29_999_999_999, "1 below (under 0.1 %)", "below", 0),
        (30_000_000_000, "exactly at it", "at", 0),
        (30_000_000_001, "1 above (under 0.1 %)", "above", 0),
        (28_430_000_000, "1,570,000,000 below (5.2 %)", "below", 52),
        (45_000_000_000, "15,000,000,000 above (50.0 %)", "above", 500),
    ],
)
def test_the_margin_to_a_limit_is_exact(count: int, says: str, side: str, per_mille: int) -> None:
    die = {**DIE, "units": 1, "gds_transistors": count}
    told = of("38", fabricator={"aatc_attested": count, "dies": [die]})["n1_way_b"]
    margin = next(each for each in told.margins if each.threshold == "params.limit_no_hbm")
    assert margin.says.endswith(f": {says}")
    assert (margin.side, margin.per_mille) == (side, per_mille)
    assert margin.holds is (count < 30_000_000_000)
    assert margin.to_json()["distance"] == abs(count - 30_000_000_000)
    assert margin.percent == f"{per_mille // 10}.{per_mille % 10}"
    assert margin.citation == "15 CFR 774 Supp. 1, ECCN 3A090, Note 1.b(a) and 1.c(a)"


def test_the_margin_to_a_date_is_in_days() -> None:
    told = of("38", transaction={"completion_date": "2026-12-30"})["n1_designer_denied"]
    (margin,) = told.margins
    assert margin.says == (
        "completion date 2026-12-30 < authorized cliff 2026-12-31: 1 day before it"
    )
    assert (margin.left, margin.right, margin.unit) == ("2026-12-30", "2026-12-31", "days")
    assert "percent" not in margin.to_json()


def test_readings_show_both_results() -> None:
    count = 33_000_000_000
    die = {**DIE, "units": 1, "gds_transistors": count}
    facts = {"aatc_attested": count, "dies": [die], "hbm": False, "memories": []}
    told = of("38", fabricator=facts, transaction={"completion_date": "2028-06-15"})["n1_way_b"]
    (reading,) = told.readings
    assert (reading.ambiguity, reading.default_result, reading.other_result) == (
        "AMB-01",
        "fail",
        "pass",
    )
    assert ("  other", "the limit of 2027 lasts until 2029 gives met") in told.lines()
    assert any(
        label == "  default" and text.endswith("It gives not met.") for label, text in told.lines()
    )


def test_what_is_missing_is_named() -> None:
    told = of("38", fabricator={"dies": None})["n1_way_b"]
    assert ("missing", "fabricator.dies") in told.lines()
    assert "fabricator AATC is not known" in told.steps


def test_numbers_that_are_names_have_no_margin() -> None:
    raw = read_pack_folder(RULES / "us-ear-parties")
    pack, book = compile_pack(raw), Book(json.loads(raw))
    compared = 0
    for case in read_cases(RULES / "us-ear-parties"):
        findings = [finding.to_json() for finding in evaluate(pack, case.facts)]
        for each in explain(book, case.facts, findings):
            compared += 1
            assert not [margin.says for margin in each.margins if "footnote" in margin.expr]
    assert compared > 100


def numbers_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_in(each)
    else:
        yield value


@pytest.mark.parametrize("name", PACKS)
def test_every_case_of_every_pack_is_explained(name: str) -> None:
    """Whole, exact, without floats, and with the margins that its own numbers give."""
    raw = read_pack_folder(RULES / name)
    pack, book = compile_pack(raw), Book(json.loads(raw))
    for case in read_cases(RULES / name):
        findings = [finding.to_json() for finding in evaluate(pack, case.facts)]
        told = explain(book, case.facts, findings)
        assert [each.finding for each in told] == findings
        for each in told:
            written = each.to_json()
            assert canonical(written)
            assert not [value for value in numbers_in(written) if isinstance(value, float)]
            assert len(each.readings) == len(each.finding.get("flags", []))
            assert not [line for line in each.steps if re.search(r"\bNone\b|Unknown\.|\{", line)]
            for margin in each.margins:
                if isinstance(margin.left, int):
                    assert margin.distance == abs(margin.left - margin.right)
                    turned = "<" if margin.left < margin.right else ">"
                    sides = {"<": "below", ">": "above"}
                    assert margin.side == ("at" if margin.distance == 0 else sides[turned])


@given(value=st.integers(-(10**15), 10**15), scale=st.integers(0, 9))
def test_decimals_are_exact(value: int, scale: int) -> None:
    whole, _, rest = decimal(value, scale).replace(",", "").partition(".")
    assert not rest.endswith("0")
    assert int(whole + rest.ljust(scale, "0")) == value or (value < 0 and whole == "-0")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("define.fabricator_aatc", "fabricator AATC"),
        ("define.pd_micro", "performance density"),
        ("declared.agreed_743_9_on", "agreed 743.9 on"),
        ("die.area_um2", "area"),
    ],
)
def test_names_become_words(name: str, words: str) -> None:
    assert name_in_words(name) == words
