"""Every worked case of the digest of the law stands beside the rule that it tests, somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from attest.rules.cases import read_cases
from tests.world import ROOT

NUMBERS = {
    *(1, 2, 3, 4, 6, 8, 10),
    *(11, 13, 14, 15, 16, 19, 20, 22, 23, 24, 26, 27, 28, 29, 31, 33, 35, 36),
    *(38, 39, 40, 42, 44, 45, 47, 48, 49, 50, 51, 52, 55, 56, 58, 59, 61, 62, 64, 66, 68),
    *(69, 70, 71, 72, 74, 76),
    *(78, 79, 80, 82, 84, 86, 87, 89, 91, 92, 93, 95),
    *(96, 97, 100, 101),
    *(102, 103, 105, 107, 108, 110),
    *(111, 113, 114, 115, 116, 117, 119, 120, 122, 124),
}
"""Scope; way a; ways b and c; consequence; classification; China review; affiliates; the rest."""


def numbered() -> dict[int, set[str]]:
    """The numbers of worked cases with the packs that hold them."""
    found: dict[int, set[str]] = {}
    for folder in sorted(path.parent for path in (ROOT / "rules").glob("*/pack.toml")):
        for case in read_cases(folder):
            match = re.match(r"([0-9]+)(?:-|$)", case.id)
            if match:
                found.setdefault(int(match[1]), set()).add(folder.name)
    return found


def test_all_84_are_there() -> None:
    assert len(NUMBERS) == 84
    assert set(numbered()) == NUMBERS


def test_they_are_the_numbers_of_the_digest(shared_dir: Path) -> None:
    text = (shared_dir / "reference" / "regulation.md").read_text(encoding="utf-8")
    section = text[text.index("## 10. Worked cases") : text.index("## 11.")]
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", section, re.M)} == NUMBERS
