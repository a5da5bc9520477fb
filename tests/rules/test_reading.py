"""The page that leads into the rules: it shows a real file and names every pack."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from attest.cli import packs

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "rules" / "README.md").read_text("utf-8")
BLOCKS = [
    tomllib.loads(block)
    for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]


def test_the_example_is_the_file_as_it_stands() -> None:
    (name,) = re.findall(r"^This is `([^`]+)`, whole\.", PAGE, re.MULTILINE)
    assert BLOCKS[0] == tomllib.loads((ROOT / "rules" / name).read_text("utf-8"))


def test_the_case_is_one_of_the_file_that_is_named() -> None:
    ((number, name),) = re.findall(r"This one is `([^`]+)` of `([^`]+)`:", PAGE)
    (case,) = BLOCKS[1]["case"]
    assert case["id"] == number
    assert case in tomllib.loads((ROOT / "rules" / name).read_text("utf-8"))["case"]


def test_every_pack_and_the_common_files_are_in_the_table() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == {*packs.bundled(), "common"}


def test_every_pack_has_a_page_of_its_own() -> None:
    for name in packs.bundled():
        assert (ROOT / "rules" / name / "README.md").read_text("utf-8").startswith(f"# {name}: ")


def test_the_page_needs_no_programmer() -> None:
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    words = r"string|boolean|integer|function|variable|macro|JSON|TOML|Python|parse|array|code"
    assert re.findall(rf"(?i)\b(?:{words})s?\b", re.sub(r"`[^`]*`", "", prose)) == []
