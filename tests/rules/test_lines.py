"""Lines of TOML files: every value of every shipped file, and texts made for the purpose."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.rules.lines import Keys, Lines

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = [
    *sorted(
        path for name in ("common", "us-ear") for path in (ROOT / "rules" / name).rglob("*.toml")
    ),
    ROOT / "pyproject.toml",
]


def values(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every value below a value with its keys."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in below:
        yield (*keys, key), member
        if isinstance(member, dict | list):
            yield from values(member, (*keys, key))


def shown(text: str, line: int) -> str:
    return text.split("\n")[line - 1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_value_of_a_file_stands_on_the_line_found(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = Lines(text)
    for keys, value in values(tomllib.loads(text)):
        line = shown(text, lines.line(keys))
        name = keys[-1]
        if isinstance(name, str):
            assert name in line, keys
        elif isinstance(value, dict):
            assert "[[" in line or "{" in line, keys
        elif isinstance(value, str):
            assert value.splitlines()[0][:6] in line, keys


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_characters_of_a_text_are_found(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = Lines(text)
    for keys, value in values(tomllib.loads(text)):
        for index in range(0, len(value), 7) if isinstance(value, str) else ():
            line, column = lines.position(keys, index)
            found = f"{shown(text, line)}\n"[column - 1]
            assert found in (value[index], "\\"), (keys, index)


NAMES = st.text("abcdefgh_-", min_size=1, max_size=6)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=9)
LEAVES = st.one_of(
    st.integers(), st.booleans(), st.dates(), TEXTS, st.lists(st.integers(), max_size=3)
)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=4),
    lambda below: st.dictionaries(
        NAMES, st.one_of(LEAVES, below, st.lists(below, min_size=1, max_size=3)), max_size=4
    ),
    max_leaves=12,
)


class Writer:
    """Writes a tree as TOML and remembers on which line each value begins."""

    def __init__(self) -> None:
        self.text = ""
        self.where: dict[Keys, int] = {}

    def note(self, keys: Keys) -> None:
        self.where.setdefault(keys, self.text.count("\n") + 1)

    def table(self, tree: dict[str, Any], keys: Keys) -> None:
        tables = {name: value for name, value in tree.items() if is_table(value)}
        for name in tree.keys() - tables.keys():
            self.note((*keys, name))
            self.text += f'"{name}" = '
            self.leaf(tree[name], (*keys, name))
            self.text += "  # [not.a.heading]\n\n"
        for name, value in tables.items():
            path = ".".join(key for key in (*keys, name) if isinstance(key, str))
            for number, each in enumerate(value) if isinstance(value, list) else [(None, value)]:
                below = (*keys, name) if number is None else (*keys, name, number)
                self.note((*keys, name))
                self.note(below)
                self.text += f"[ {path} ]\n" if number is None else f"[[{path}]]\n"
                self.table(each, below)

    def leaf(self, value: Any, keys: Keys) -> None:
        if isinstance(value, list):
            self.text += "["
            for number, item in enumerate(value):
                self.text += "# [\n"
                self.note((*keys, number))
                self.text += f"{item} ,"
            self.text += "]"
        elif isinstance(value, dt.date):
            self.text += value.isoformat()
        else:
            self.text += json.dumps(value, ensure_ascii=False)


def is_table(value: Any) -> bool:
    return isinstance(value[0] if isinstance(value, list) and value else value, dict)


@given(TREES)
def test_what_is_written_is_found(tree: dict[str, Any]) -> None:
    writer = Writer()
    writer.table(tree, ())
    assert tomllib.loads(writer.text) == tree
    lines = Lines(writer.text)
    assert {keys: lines.line(keys) for keys in writer.where} == writer.where


@given(TEXTS, st.sampled_from(["\n", "\r\n"]))
def test_a_text_over_several_lines_is_found_character_by_character(text: str, end: str) -> None:
    body = json.dumps(f"{text}\n", ensure_ascii=False)[1:-1].replace("\\n", end)
    source = f'a = 1{end}b = """{end}{body}  \\{end}  last"""{end}'
    value = tomllib.loads(source)["b"]
    lines = Lines(source)
    for index, character in enumerate(value):
        line, column = lines.position(("b",), index)
        found = f"{shown(source, line)}\n"[column - 1]
        assert found in (character, "\\", "\r"), index
    assert lines.position(("b",), len(value) - 4) == (source.count("\n"), 3)


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ("", ("a",), 1),
        ("a = 1", (), 1),
        ("a = 1\nb = { c = 1, d.e = 2 }", ("b", "d", "e"), 2),
        ("a = '''\n]\n'''\n[b]\nc = 1.5", ("b", "c"), 5),
        ("a = 1979-05-27 07:32:00\nb = inf", ("b",), 2),
        ("[a.b]\nc = 1\n[a]\nd = 1", ("a", "d"), 4),
        ("[a.b]\n[a]", ("a",), 2),
        ("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]", ("a", 1, "b", 1), 5),
        ("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]", ("a", 1, "b", 2, "c"), 4),
        ("a = [[1, 2],\n [3,\n 4]]", ("a", 1, 1), 3),
        ("a = [{ b = 1 },\n { b = 2 }]", ("a", 1, "b"), 2),
        ('"a.b" = 1\n"c" = 2', ("c",), 2),
        ("a = ''\nb = \"\"\nc = ''''''\nd = 1", ("d",), 4),
    ],
)
def test_lines_of_particular_texts(text: str, keys: Keys, line: int) -> None:
    tomllib.loads(text)
    assert Lines(text).line(keys) == line
