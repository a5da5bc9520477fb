"""What a person sees: result lines, tables, failures; and the one JSON document for machines.

Data goes to stdout, talk to stderr. A result line always carries its word, so neither colour nor
glyph bears meaning:

>>> screen = Screen(as_json=False, glyphs=False, colour=False, utf8=False)
>>> screen.mark("HOLD"), Screen(as_json=False, glyphs=True, colour=False, utf8=True).mark("PASS")
('! HOLD', '✓ PASS')

Text of others never reaches a terminal raw: control and bidirectional characters are replaced.

>>> visible("a\\x1b[31mb")
'a\ufffd[31mb'
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Final

import click

from attest.cli.figures import without_cjk
from attest.encoding import Json

_UNSAFE: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_GLYPHS: Final[Mapping[str, tuple[str, str, str]]] = {
    "PASS": ("✓", "+", "green"),
    "FAIL": ("✗", "x", "red"),
    "HOLD": ("!", "!", "yellow"),
    "N-A": ("–", "-", "bright_black"),
}
_PIPE_COLUMNS: Final = 200


def visible(text: str) -> str:
    """Text without characters that command a terminal or hide themselves; newlines stay."""
    return _UNSAFE.sub("\ufffd", text)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Where a command writes."""

    as_json: bool
    glyphs: bool
    colour: bool
    utf8: bool

    @classmethod
    def open(cls, *, as_json: bool, plain: bool) -> Screen:
        """The screen of this process.

        ASCII unless stdout is UTF-8; colour only on a terminal and without NO_COLOR.
        """
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
        colour = (
            _on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        utf8 = encoding.startswith("utf")
        return cls(
            as_json=as_json, glyphs=utf8 and not plain, colour=colour and not plain, utf8=utf8
        )

    def say(self, text: str) -> None:
        """Talk, on stderr."""
        click.echo(self._writable(text), err=True)

    def out(self, text: str = "") -> None:
        """A line of the result for a person, on stdout; silent with --json."""
        if not self.as_json:
            click.echo(self._writable(text))

    def document(self, value: Json) -> None:
        """The result for a machine, on stdout; silent without --json."""
        if self.as_json:
            self.raw(json_bytes(value))

    def raw(self, data: bytes) -> None:
        """Bytes on stdout, unchanged."""
        click.echo(data, nl=False)

    def mark(self, word: str) -> str:
        """Glyph and word of a result: PASS, FAIL, HOLD or N-A."""
        glyph, fallback, colour = _GLYPHS[word]
        text = f"{glyph if self.glyphs else fallback} {word}"
        return click.style(text, fg=colour, bold=True) if self.colour else text

    def result(self, word: str, name: str, text: str, *, err: bool = False) -> None:
        """One result line: mark, what was checked, what came out."""
        line = (
            f"{self.mark(word)}{' ' * (5 - len(word))} {visible(name):<20} {visible(text)}".rstrip()
        )
        if err:
            click.echo(self._writable(line, marked=True), err=True)
        elif not self.as_json:
            click.echo(self._writable(line, marked=True))

    def failure(self, document: Mapping[str, Json]) -> None:
        """A failure on stderr: what, where, why, how to mend."""
        self.result("FAIL", document["code"], document["title"], err=True)
        rows = [("where", document["where"]), ("why", document["why"]), ("mend", document["mend"])]
        if document["code"] not in ("usage", "stopped"):
            rows.append(("more", f"attest explain {document['code']}"))
        for label, text in rows:
            if text:
                self.say(f"        {label:<6} {text}")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table on stdout; silent with --json."""
        if self.as_json:
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD if self.glyphs else box.ASCII2, pad_edge=False)
        for title in header:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        console = Console(width=columns(), no_color=not self.colour, highlight=False, emoji=False)
        with console.capture() as captured:
            console.print(table)
        for line in captured.get().splitlines():
            click.echo(self._writable(line.rstrip(), marked=True))

    def _writable(self, text: str, *, marked: bool = False) -> str:
        safe = text if marked else visible(text)
        if not self.glyphs:
            safe = without_cjk(safe)
        return safe if self.utf8 else safe.encode("ascii", "backslashreplace").decode("ascii")


def columns() -> int:
    """How many columns stdout has: those of the terminal, or enough for any other reader."""
    return shutil.get_terminal_size().columns if _on_terminal() else _PIPE_COLUMNS


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # None: it was closed before the start


def json_bytes(value: Json) -> bytes:
    """A document for people and machines: UTF-8, two spaces of indentation, a final newline.

    Only the name of a file can hold a lone surrogate; it becomes a question mark.
    """
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def screened(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command --json, --plain and --debug, and its `Screen` as first argument."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("--plain", is_flag=True, help="ASCII marks, no colour.")
    @click.option(
        "--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure."
    )
    @wraps(function)
    def with_screen(*, as_json: bool, plain: bool, **arguments: object) -> int:
        return function(Screen.open(as_json=as_json, plain=plain), **arguments)

    return with_screen
