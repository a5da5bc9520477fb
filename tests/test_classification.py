"""Classifications: findings sorted, exact figures, margins, what is missing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import encoding
from attest.classification import GROUPS, classify, label_of
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.facts import Facts, facts_from_json
from tests.chips_pack import pack

PACK = pack()
ON = "2026-11-24"


def facts(*, on: str = ON, trade: Json = None, **item: Json) -> Facts:
    """Facts about an item on a day."""
    return facts_from_json(
        {
            "transaction": {"completion_date": on, "decision_date": on, "mode": "cfr_text"},
            "item": item,
            "trade": trade or {},
        }
    )


def tops(bits: int, gops: int) -> Json:
    return {"bit_length": bits, "dense_gops": gops}


def test_every_rule_in_force_stands_in_one_group_under_its_label() -> None:
    found = classify([PACK], facts(precisions=[tops(8, 600_000)], applicable_area_um2=814_000_000))
    labels = {name: [each.label for each in getattr(found, name)] for name in GROUPS}
    assert labels == {
        "paragraphs": ["3A090.a.1", "3A090.a.2"],
        "letters": ["informed_letter"],
        "licences": ["licence_needed"],
        "reviews": ["review_denial"],
        "exceptions": ["NAC", "licence_held"],
        "together": ["licence_or_exception"],
        "others": ["counts_stated"],
    }
    assert found.not_in_force == ("eccn_4a090_a",)
    assert len(found.clauses) + len(found.not_in_force) == len(PACK.pack.rules)
    assert all(each.citation == f"Rule {each.finding.rule}" for each in found.clauses)


def test_several_packs_answer_together() -> None:
    found = classify([PACK, PACK], facts(precisions=[tops(8, 600_000)]))
    assert [each.label for each in found.licences] == ["licence_needed"] * 2


def test_a_pack_that_is_not_in_force_says_nothing() -> None:
    found = classify([PACK], facts(on="2023-11-16", precisions=[tops(8, 600_000)]))
    assert found.clauses == ()
    assert found.not_in_force == found.margins == found.arithmetic == ()
    assert (found.licence, found.applying, found.missing, found.figures) == ("", (), (), {})
    assert found.to_json()["licence"] is None


def test_a_question_without_a_day_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        classify([PACK], facts_from_json({"item": {"tpp_milli": 1}}))
    assert caught.value.code == "facts-malformed"


@pytest.mark.parametrize(
    ("gops", "area", "applying"),
    [
        (600_000, 814_000_000, ("3A090.a.1",)),
        (599_999, 814_000_000, ()),
        (599_900, 810_675_676, ()),  # 4,799.2 / 810.675676 mm2 = 5.91999…
        (599_900, 810_675_675, ("3A090.a.2",)),  # 5.92 and a little
        (200_000, 270_270_270, ("3A090.a.2",)),
        (199_999, 200_000_000, ()),
    ],
)
def test_limits_are_met_exactly(gops: int, area: int, applying: tuple[str, ...]) -> None:
    found = classify([PACK], facts(precisions=[tops(8, gops)], applicable_area_um2=area))
    assert found.applying == applying
    assert found.undecided == ()


def test_what_is_not_known_is_undecided_and_names_what_is_missing() -> None:
    found = classify([PACK], facts(precisions=[tops(8, 500_000)]))
    assert (found.applying, found.undecided) == ((), ("3A090.a.2",))
    assert found.licence == "unknown"
    assert found.missing == ("item.applicable_area_um2", "trade.consignee_country")
    nothing = classify([PACK], facts())
    assert nothing.undecided == ("3A090.a.1", "3A090.a.2")
    assert nothing.margins == ()
    assert nothing.figures == {}


@pytest.mark.parametrize(
    ("country", "licence", "together"),
    [("CN", "needed", "presumed"), ("VN", "not needed", "not-applicable")],
)
def test_the_licence_follows_the_destination(country: str, licence: str, together: str) -> None:
    trade = {"consignee_country": country, "licence": False, "purchase_order": False}
    found = classify([PACK], facts(trade=trade, precisions=[tops(8, 600_000)], datacenter=True))
    assert found.licence == licence
    assert [each.answer for each in found.together] == [together]
    assert found.available == ()


def test_an_exception_that_is_available_is_named() -> None:
    trade = {"consignee_country": "CN", "purchase_order": True}
    found = classify([PACK], facts(trade=trade, precisions=[tops(8, 600_000)], datacenter=False))
    assert found.available == ("NAC",)
    assert [each.answer for each in found.exceptions] == ["available", "unknown"]
    assert [each.answer for each in found.together] == ["overcome"]


def test_margins_are_those_of_the_comparisons_that_decided() -> None:
    found = classify([PACK], facts(precisions=[tops(8, 599_900)], applicable_area_um2=814_000_000))
    assert found.margins == (
        "3A090.a.1: TPP 4,799.2 < a1 TPP 4,800: 0.8 below (under 0.1 %)",
        "3A090.a.2: performance density 5.895823 < a2 performance density 5.92: "
        "0.024177 below (0.4 %)",
    )
    (margin,) = found.paragraphs[0].to_json()["margins"]
    assert (margin["left"], margin["right"], margin["distance"]) == (4_799_200, 4_800_000, 800)


def test_figures_and_arithmetic_are_those_of_the_pack() -> None:
    precisions = [tops(8, 242_000), tops(16, 121_000)]
    found = classify([PACK], facts(precisions=precisions, applicable_area_um2=294_000_000))
    assert found.figures == {"tpp_milli": 1_936_000, "pd_micro": 6_585_034}
    assert found.arithmetic[-1] == "performance density = 1,936 / 294 mm2 = 6.585034, rounded down"
    assert len(found.arithmetic) == len(set(found.arithmetic))
    told = found.to_json()
    assert told["figures"] == found.figures
    assert told["arithmetic"] == list(found.arithmetic)
    assert told["margins"] == list(found.margins)


def test_the_json_has_every_clause() -> None:
    found = classify([PACK], facts(precisions=[tops(8, 600_000)]))
    told = found.to_json()
    clauses = [clause for name in GROUPS for clause in told[name]]
    assert [each["rule"] for each in clauses] == [each.finding.rule for each in found.clauses]
    assert told["classes"] == ["3A090.a.1"]
    assert told["undecided"] == ["3A090.a.2"]
    assert told["not_in_force"] == ["eccn_4a090_a"]
    encoding.canonical(told)


@given(
    gops=st.integers(0, 140_000_000),  # beyond it a step leaves 64 bits, and is unknown
    bits=st.sampled_from([1, 4, 8, 16, 32, 64]),
    area=st.integers(10**6, 2**40),
)
def test_figures_are_exact(gops: int, bits: int, area: int) -> None:
    found = classify([PACK], facts(precisions=[tops(bits, gops)], applicable_area_um2=area))
    assert found.figures["tpp_milli"] == gops * bits
    exact = Fraction(gops * bits, 1000) / Fraction(area, 10**6)
    if gops * bits >= 1_600_000:
        assert 0 <= exact - Fraction(found.figures["pd_micro"], 10**6) < Fraction(1, 10**6)
    assert found.applying == tuple(
        label
        for label, holds in (
            ("3A090.a.1", gops * bits >= 4_800_000),
            ("3A090.a.2", gops * bits >= 1_600_000 and exact >= Fraction(592, 100)),
        )
        if holds
    )
    assert found.undecided == ()


def test_a_figure_beyond_64_bits_is_unknown() -> None:
    found = classify([PACK], facts(precisions=[tops(64, 2**53 // 64)], applicable_area_um2=1))
    assert (found.applying, found.undecided) == (("3A090.a.1",), ("3A090.a.2",))
    assert "pd_micro" not in found.figures


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ("eccn_4a090_a", "4A090.a"),
        ("eccn_3a090", "3A090"),
        ("eccn_3a090_c", "3A090.c"),
        ("eccn_4e091_weights", "4E091 (weights)"),
        ("exception_lpp", "LPP"),
        ("review_denial", "review_denial"),
    ],
)
def test_labels(rule: str, label: str) -> None:
    assert label_of(rule) == label


def test_without_explanation_the_answers_are_the_same() -> None:
    known = facts(precisions=[tops(8, 599_900)], applicable_area_um2=814_000_000)
    brief, full = classify([PACK], known, explained=False), classify([PACK], known)
    assert brief.margins == brief.arithmetic == ()
    assert full.margins
    answers = [[(each.label, each.answer) for each in found.clauses] for found in (brief, full)]
    assert answers[0] == answers[1]
    assert brief.figures == full.figures
