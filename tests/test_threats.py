"""docs/threats.md names tests that are there, and every attack has a row."""

from __future__ import annotations

import ast
import re

import pytest

from tests.world import ROOT

ROWS = re.findall(r"^\| (T-[0-9]+) \|(.*)\|$", (ROOT / "docs/threats.md").read_text(), re.MULTILINE)
TESTS = sorted({test for _, row in ROWS for test in re.findall(r"`(tests/[^`]+)`", row)})


def test_every_attack_has_its_row_and_its_tests() -> None:
    assert {number for number, _ in ROWS} == {f"T-{number}" for number in range(12, 42)}
    assert all("`tests/" in row for _, row in ROWS)


@pytest.mark.parametrize("test", TESTS)
def test_a_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name in names
