"""Places: the line of what is written, of what is missing, and of a fault inside a folded text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import RuleError
from attest.rules.places import LINE_BREAK, File, Place, place_of, refuse

SOURCE = """\
title = "A rule"

[[version]]
from = 2025-01-31
holds = \"\"\"
a.x
    && b.y
  || c.z\"\"\"

[[version]]
from = 2024-01-31
until = 2025-01-30
holds = "d.e"
[version.says]
pass = "P"
[[version.reading]]
when = 'f.g'
"""
FILE = File("rule.toml", SOURCE.encode())
VERSIONS = FILE.place().member("versions")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (FILE.place(), "rule.toml, line 1"),
        (FILE.place().at("title"), "rule.toml, line 1"),
        (FILE.place("title"), "rule.toml, line 1: title"),
        (FILE.place("limit", keys=("title",)), "rule.toml, line 1: limit"),
        (VERSIONS, "rule.toml, line 1: versions"),
        (VERSIONS.item("version", 1), "rule.toml, line 3: version 1"),
        (VERSIONS.item("version", 1).member("citation"), "rule.toml, line 3: version 1, citation"),
        (VERSIONS.item("version", 2).at("until"), "rule.toml, line 12: version 2"),
        (
            VERSIONS.item("version", 2).member("says").member("pass"),
            "rule.toml, line 15: version 2, says, pass",
        ),
        (
            VERSIONS.item("version", 2).member("readings").item("reading", 1).member("when"),
            "rule.toml, line 17: version 2, reading 1, when",
        ),
        (Place(("rules", "a")).member("versions").item("version", 3), "rules, a, version 3"),
        (Place(("pack",)).member("common").item("item", 2), "pack, common, item 2"),
    ],
)
def test_a_place_is_shown_with_file_line_and_names(place: Place, text: str) -> None:
    assert str(place) == text
    with pytest.raises(RuleError) as caught:
        refuse(place, "not so")
    assert (caught.value.code, caught.value.detail) == ("pack-invalid", f"{text}: not so")


def test_a_named_part_without_a_place_is_named_by_its_section() -> None:
    assert str(place_of({}, "params", "limit")) == "params, limit"
    assert place_of({("params", "limit"): VERSIONS}, "params", "limit") is VERSIONS


@pytest.mark.parametrize(
    ("column", "where"),
    [(1, "line 6, column 1"), (5, "line 7, column 5"), (8, "line 7, column 8"),
     (12, "line 8, column 3"), (17, "line 8, column 8"), (18, "line 8, column 8")],
)  # fmt: skip
def test_a_fault_of_an_expression_is_found_in_the_file(column: int, where: str) -> None:
    holds = VERSIONS.item("version", 1).member("holds")
    told = holds.in_expression(f"line 1, column {column}: what is wrong")
    assert told == f"rule.toml, {where}: version 1, holds: what is wrong"


def test_a_fault_in_a_macro_names_both_places() -> None:
    holds = VERSIONS.item("version", 2).member("holds")
    macros = File("definitions.toml", b'[[define]]\nname = "m"\nvalue = "x > 1"\n')
    told = holds.in_expression(
        "line 1, column 3: > cannot take bool and int (in the macro m)",
        macros.place("m", keys=("define", 0)),
    )
    assert told == (
        "rule.toml, line 13: version 2, holds: > cannot take bool and int "
        "(in the macro m, definitions.toml, line 3, column 12)"
    )


def test_a_fault_without_a_column_or_without_a_file_stays_as_it_is() -> None:
    holds = VERSIONS.item("version", 2).member("holds")
    assert holds.in_expression("too deep") == "rule.toml, line 13: version 2, holds: too deep"
    nowhere = Place(("rules", "a", "holds"))
    assert nowhere.in_expression("line 1, column 2: x") == "rules, a, holds: line 1, column 2: x"


@given(
    st.lists(st.text('ab&("\\ é', min_size=1, max_size=8), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n", "  \n\t "]),
)
def test_every_character_of_a_folded_text_is_found(parts: list[str], between: str) -> None:
    """Whatever is folded and escaped: the character in the file is that of the folded text."""
    escaped = [part.replace("\\", "\\\\").replace('"', '\\"') for part in parts]
    source = f'first = 1\nholds = """{between}{between.join(escaped)}"""\n'
    file = File("x.toml", source.encode())
    folded = LINE_BREAK.sub(" ", file.values["holds"]).strip()
    rows = source.split("\n")
    for index, character in enumerate(folded):
        line, column = file.in_text(("holds",), index)
        found = f"{rows[line - 1]}\n"[column - 1]
        if character != " ":
            assert found == character or (found == "\\" and character in '\\"')
        else:
            assert re.fullmatch(r"\s", found)


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"= 1", "x.toml: not TOML (at line 1, column 1)"),
        (b"a = 1\nb = [1,\n", "x.toml: not TOML (at the end, line 2)"),
        (b"a = 1\na = 2\nb = 1", "x.toml: not TOML (at line 2, column 6)"),
        (b"a = '\n\xff'", "x.toml: not UTF-8 at byte 6, line 2"),
        (b"x = 1\n" + b"a." * 40 + b"a = 1", "x.toml: a dotted key has over 32 parts (at line 2)"),
    ],
)
def test_a_file_that_is_no_toml(raw: bytes, detail: str) -> None:
    with pytest.raises(RuleError) as caught:
        File("x.toml", raw)
    assert (caught.value.code, caught.value.detail) == ("pack-invalid", detail)
