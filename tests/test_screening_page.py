"""docs/screening.md: its picture is drawn from its table, and its table is what is measured."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from attest.screening.match import HOLD_PERMILLE
from examples.screening.curve import picture, read_table
from examples.screening.measure import CURVE, PAGE, THRESHOLDS, draw, labelled, shares

TABLE = read_table(PAGE.read_text("utf-8"))


def test_the_picture_is_up_to_date() -> None:
    """Otherwise: python -m examples.screening.measure DATA."""
    assert CURVE.read_text("utf-8") == draw()


def test_the_picture_is_one_and_says_in_words_what_it_shows() -> None:
    root = ElementTree.fromstring(CURVE.read_text("utf-8"))
    words = "".join(root.itertext())
    assert all(name in words for name in TABLE)
    assert str(HOLD_PERMILLE) in words


def test_a_page_without_its_table_is_an_error() -> None:
    with pytest.raises(StopIteration):
        read_table("# Screening\n")
    assert picture(TABLE, marked=700) != picture(TABLE, marked=650)


def test_the_labelled_columns_are_what_is_measured(shared_dir: Path) -> None:
    true, false = labelled(shared_dir / "data" / "names")
    found = [round(each, 1) for each in map(shares(true), THRESHOLDS)]
    assert TABLE["labelled: found"] == found
    right = [
        round(100 * held / (held + sum(score >= line for score in false)), 1)
        for line in THRESHOLDS
        for held in [sum(score >= line for score in true)]
    ]
    assert TABLE["labelled: right"] == right
