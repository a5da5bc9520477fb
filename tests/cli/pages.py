"""The pages that the command writes about itself.

`python -m tests.cli.pages` brings them up to date.

docs/ERRORS.md is `attest explain --all --markdown` and, below it, the service's HTTP status of each
code. docs/CLI.md keeps its prose; everything after the heading "5. Commands" is the help itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from attest.cli import COMMANDS, main
from attest.cli.explain import page
from attest.errors import CODES
from service.problems import STATUS
from tests.cli.helpers import ROOT, attest

CLI_PAGE = ROOT / "docs" / "CLI.md"
ERRORS_PAGE = ROOT / "docs" / "ERRORS.md"
COMMANDS_HEADING = "## 5. Commands\n\nThe blocks below are the commands' own help.\n"


def command_lines() -> list[list[str]]:
    """Every command and subcommand as its words on the command line, the group first."""
    lines: list[list[str]] = [[]]
    context = click.Context(main)
    for name in COMMANDS:
        lines += _lines_of([name], main.get_command(context, name))
    return lines


def _lines_of(words: list[str], command: click.Command | None) -> list[list[str]]:
    below = command.commands if isinstance(command, click.Group) else {}
    return [
        words,
        *(line for name, each in below.items() for line in _lines_of([*words, name], each)),
    ]


def json_members(command: str) -> set[str]:
    """The members that docs/CLI.md promises of a command's --json; those in brackets left out."""
    text = CLI_PAGE.read_text(encoding="utf-8")
    (cell,) = re.findall(rf"^\| [^|]*{re.escape(command)}[^|]* \| (.*) \|$", text, re.MULTILINE)
    plain = re.sub(r"\[.*?\]|\(.*?\)|; or .*|.*with `-o`: |an array of ", "", cell)
    return set(re.findall(r"`([a-z_]+)`", plain))


def help_block(words: list[str]) -> str:
    """The help of a command as a section of docs/CLI.md."""
    told = attest(*words, "--help", env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"}).stdout
    name = " ".join(["attest", *words])
    return f"\n### {name}\n\n```\n{told.replace('Usage: main', 'Usage: attest').rstrip()}\n```\n"


def cli_page(before: str) -> str:
    """docs/CLI.md: the prose of `before` and the help as it is now."""
    prose = before[: before.index(COMMANDS_HEADING)]
    return prose + COMMANDS_HEADING + "".join(map(help_block, command_lines()))


def errors_page() -> str:
    """docs/ERRORS.md."""
    lines = [
        "",
        "## Over HTTP",
        "",
        "The service answers a code with this status (SPEC 17). A refusal that is recorded is no",
        "error: it is a decision, and its code stands inside.",
        "",
        "| status | codes |",
        "|---|---|",
    ]
    for status in sorted(set(STATUS.values())):
        codes = ", ".join(f"`{code}`" for code in CODES if STATUS.get(code) == status)
        lines.append(f"| {status} | {codes} |")
    return page() + "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Replace a page."""
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(CLI_PAGE, cli_page(CLI_PAGE.read_text(encoding="utf-8")))
    write(ERRORS_PAGE, errors_page())
