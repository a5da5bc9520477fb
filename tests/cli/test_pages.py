"""docs/CLI.md and docs/ERRORS.md say what the command says."""

from __future__ import annotations

import json
import re

import pytest

from attest.cli.explain import page
from attest.cli.failures import exit_code_of_code
from attest.cli.sources import read
from attest.errors import CODES
from tests.cli.helpers import attest, succeeded
from tests.cli.pages import CLI_PAGE, ERRORS_PAGE, cli_page, command_lines, errors_page, help_block

AGAIN = "run: python -m tests.cli.pages"


def test_the_page_of_errors_is_up_to_date() -> None:
    assert ERRORS_PAGE.read_text(encoding="utf-8") == errors_page(), AGAIN
    for code in CODES:
        assert f"| `{code}` | {exit_code_of_code(code)} |" in page()


def test_explain_writes_the_page_of_errors() -> None:
    told = succeeded(attest("explain", "--all", "--markdown")).stdout
    assert told == page()
    assert errors_page().startswith(told)
    told = succeeded(attest("explain", "--all", "--markdown", "--json")).stdout
    assert json.loads(told) == {"markdown": page()}


def test_the_page_of_commands_is_up_to_date() -> None:
    text = CLI_PAGE.read_text(encoding="utf-8")
    assert text == cli_page(text), AGAIN


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_every_command_is_on_the_page(words: list[str]) -> None:
    assert help_block(words) in CLI_PAGE.read_text(encoding="utf-8"), AGAIN
    succeeded(attest(*words, "--help"))


def test_the_exit_codes_on_the_page_are_all_that_there_are() -> None:
    section = CLI_PAGE.read_text(encoding="utf-8").split("## 2. Exit codes")[1].split("## 3.")[0]
    documented = {int(number) for number in re.findall(r"^\| (\d) \|", section, re.MULTILINE)}
    assert documented == set(range(10))
    assert {exit_code_of_code(code) for code in CODES} <= documented


def test_the_toml_on_the_page_is_a_source() -> None:
    text = CLI_PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (predicate,) = read(block.encode(), "toml", "declaration")
    assert predicate["package"]["hbm"]["value"] is False


def test_the_commands_of_the_walk_through_exist() -> None:
    text = CLI_PAGE.read_text(encoding="utf-8").split("## 3. From a chip")[1].split("### 3.1")[0]
    for line in re.findall(r"^attest (.*)$", text, re.MULTILINE):
        words = line.split()
        name = words[:2] if words[:2] in command_lines() else words[:1]
        told = succeeded(attest(*name, "--help")).stdout
        for option in re.findall(r"--[a-z-]+", line):
            assert option in told, f"{name} has no {option}"
