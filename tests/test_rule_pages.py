"""The pages in docs/rules are what the packs make of them, and the picture shows what they say."""

from __future__ import annotations

import copy
import re
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from examples.rules.pages import FOLDER, TIMELINE, documents, pages, write, written
from examples.rules.timeline import FIRST_YEAR, LAST_YEAR, ROWS, Bar, Row, bars_of, picture, table

SVG = "{http://www.w3.org/2000/svg}"


@cache
def packs() -> dict[str, Any]:
    return documents()


@cache
def made() -> dict[str, str]:
    return pages(packs())


def test_the_pages_are_up_to_date() -> None:
    """Otherwise: python -m examples.rules.pages."""
    there = written()
    assert sorted(there) == sorted(made())
    assert [name for name, text in made().items() if there[name] != text] == []


def test_every_rule_of_every_pack_has_a_page_and_a_place_in_the_index() -> None:
    index = made()["README.md"]
    rules = [(pack["id"], rule) for pack in packs().values() for rule in pack["rules"]]
    assert len(rules) > 90
    for pack, rule in rules:
        page = made()[f"{pack}/{rule['name']}.md"]
        assert f"({pack}/{rule['name']}.md)" in index
        assert page.startswith(f"# {rule['title']}\n")
        for version in rule["versions"]:
            assert version["citation"] in page
            assert all(text.replace("|", "\\|") in page for text in version["says"].values())


def test_links_lead_somewhere() -> None:
    for name, text in made().items():
        folder = (FOLDER / name).parent
        for target in re.findall(r"\]\(([^)#]+\.(?:md|svg))\)", text):
            reached = (folder / target).resolve().relative_to(FOLDER).as_posix()
            assert reached in {*made(), "exam.md"}, f"{name}: {target}"


def test_a_page_defines_every_term_that_its_rule_uses() -> None:
    page = made()["us-ear/n1_way_b.md"]
    for term in ("`define.fabricator_aatc`", "`approximated_count(die)`", "`params.limit_no_hbm`"):
        assert term in page
    assert "| Determination of the front-end fabricator (the front-end fabricator) |" in page


def test_writing_removes_only_what_it_wrote_before(tmp_path: Any) -> None:
    (tmp_path / "us-ear").mkdir()
    gone = made()["us-ear/n1_way_b.md"].replace("n1_way_b", "n1_way_d")
    (tmp_path / "us-ear" / "n1_way_d.md").write_text(gone, encoding="utf-8")
    (tmp_path / "by_hand.md").write_text("not of this program", encoding="utf-8")
    write(tmp_path)
    there = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert there == made().keys() | {"by_hand.md"}


def test_the_picture_is_whole_and_speaks() -> None:
    root = ElementTree.fromstring(made()[TIMELINE])
    title, spoken = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert title is not None
    assert title.text == f"Chip export rules, {FIRST_YEAR} to {LAST_YEAR}"
    assert spoken is not None
    assert spoken.text
    for row in ROWS:
        assert bars_of(row, packs()[row.pack]), row.name
        assert f"{row.section}, {row.name}: " in spoken.text
    assert "prefers-color-scheme: dark" in made()[TIMELINE]


def test_bars_of_a_row_do_not_overlap_and_stay_inside() -> None:
    root = ElementTree.fromstring(made()[TIMELINE])
    rows: dict[float, list[tuple[float, float]]] = {}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width = (float(rect.get(name, "nan")) for name in ("x", "y", "width"))
        rows.setdefault(y, []).append((x, x + width))
    assert len(rows) == len(ROWS)
    for bars in rows.values():
        ends = sorted(bars)
        assert all(a[1] <= b[0] + 2 for a, b in pairwise(ends))
        assert ends[0][0] >= 236
        assert ends[-1][1] <= 1200


def test_the_table_says_what_the_picture_shows() -> None:
    lines = table(packs())
    for text in (
        "| Foundries: Limit without HBM | 2027-01-01 | 2027-12-31 | 35 bn |",
        "| Foundries: Authorized designers, date | 2026-04-07 | further notice | 2026-12-31 |",
        "| Parties: Affiliates, 50 % | 2025-11-10 | 2026-11-09 | suspended |",
        "| Country groups: D:5 | 2025-11-07 | further notice | −KH |",
        "| Chips: 3A090 and its licences | 2022-10-07 | 2023-11-16 | V1 |",
    ):
        assert [line for line in lines if line.startswith(text)], text
    assert len(lines) - 2 == sum(len(bars_of(row, packs()[row.pack])) for row in ROWS)
    assert all(line in made()["README.md"].splitlines() for line in lines)


def param(*versions: Any) -> Any:
    return {"rules": [], "params": [{"name": "x", "versions": list(versions)}]}


@pytest.mark.parametrize(
    ("how", "values", "labels"),
    [
        ("countries", (["A", "B"], ["A"]), ["reconstructed", "+B"]),
        ("countries", (["A"], ["A"]), ["reconstructed"]),
        ("switch", (True, False), ["in force"]),
        ("switch", (False, True), ["in force", "suspended"]),
        ("numbers", (35 * 10**9, 30 * 10**9), ["30 bn", "35 bn"]),
    ],
)
def test_labels(how: str, values: tuple[Any, Any], labels: list[str]) -> None:
    newer = {"from": "2026-01-01", "value": values[0], "citation": "new"}
    older = {"from": "2025-01-01", "until": "2025-12-31", "value": values[1], "citation": "old"}
    bars = bars_of(Row("s", "n", "p", "params.x", how), param(newer, older))
    assert [bar.label for bar in bars] == labels
    assert bars[-1].last == ""


def test_a_bar_that_marks_a_date_carries_it() -> None:
    version = {"from": "2025-01-01", "value": "2026-12-31", "citation": "c"}
    assert bars_of(Row("s", "n", "p", "params.x", "dates"), param(version)) == [
        Bar("2025-01-01", "", "2026-12-31", "solid", "c", "2026-12-31")
    ]


def test_what_is_not_there_is_left_out() -> None:
    fewer = copy.deepcopy(packs())
    del fewer["us-ear-chips"]
    fewer["us-ear"]["rules"] = [
        each for each in fewer["us-ear"]["rules"] if each["name"] != "n1_presumption"
    ]
    assert "Presumption, Note 1" not in picture(fewer)
    assert "Limit without HBM" in picture(fewer)
    assert "3A090 and its licences" not in picture(fewer)


def test_a_choice_stands_on_lines_of_its_own() -> None:
    page = made()["us-ear-chips/exception_nac.md"]
    assert (
        "has(transaction.destinations)\n"
        "? transaction.destinations.exists(country, macau_or_d5(country))\n"
        "  || (has(trade.consignee_country) && macau_or_d5(trade.consignee_country))\n"
        ": macau_or_d5(trade.consignee_country)\n"
    ) in page
