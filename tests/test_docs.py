"""Pages and code say the same: sections cited, limits stated, codes promised, commands shown."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from attest import limits
from attest.cli import main
from attest.errors import CODES

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    f for folder in ("attest", "service", "examples") for f in (ROOT / folder).rglob("*.py")
)
SECTION = r"[0-9]+(?:\.[0-9]+)?"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def sections(name: str) -> frozenset[str]:
    """The section numbers that a page has: of its headings, and those that open a paragraph."""
    return frozenset(re.findall(rf"^(?:#+ )?({SECTION})\.? ", page(name), re.MULTILINE))


def cited(text: str, prefix: str) -> Iterator[str]:
    for run in re.findall(rf"{prefix}({SECTION}(?:(?:, | and | to ){SECTION})*)", text):
        yield from re.findall(SECTION, run)


@pytest.mark.parametrize(
    ("target", "prefix"),
    [
        ("docs/SPEC.md", r"SPEC(?:\.md)?,? (?:sections? )?"),
        ("docs/RULES.md", r"RULES(?:\.md)?,? (?:sections? )?"),
    ],
)
def test_cited_sections_exist(target: str, prefix: str) -> None:
    places = [*SOURCES, *(ROOT / "docs").rglob("*.md"), *(ROOT / "schemas").rglob("*.json")]
    places += list(ROOT.glob("*.md")) + list((ROOT / "rules").rglob("*.toml"))
    found = [(name_of(f), s) for f in places for s in cited(f.read_text("utf-8"), prefix)]
    assert found
    assert [(f, s) for f, s in found if s not in sections(target)] == []


LIMITS_IN_PAGES = [
    ("docs/SPEC.md", r"integers beyond ±\(2\^([0-9]+) - 1\)", lambda n: 2**n - 1, "INTEGER_MAX"),
    ("docs/SPEC.md", r"nesting deeper than ([0-9]+)", int, "JSON_DEPTH_MAX"),
    ("docs/SPEC.md", r"strings over ([0-9]+) KiB", lambda n: n * 1024, "STRING_BYTES_MAX"),
    ("docs/SPEC.md", r"body length \(up to ([0-9]+) MiB\)", lambda n: n * 2**20, "BODY_BYTES_MAX"),
    ("docs/SPEC.md", r"with 1 to ([0-9]+) envelopes", int, "ENVELOPES_PER_SUBMISSION_MAX"),
]


@pytest.mark.parametrize(("where", "pattern", "value", "limit"), LIMITS_IN_PAGES)
def test_stated_limits_are_the_limits(where, pattern, value, limit) -> None:  # type: ignore[no-untyped-def]
    (stated,) = re.findall(pattern, page(where))
    assert value(int(stated)) == getattr(limits, limit)


def strings_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_code_is_raised_somewhere() -> None:
    used = {text for f in SOURCES if f.parent.name != "errors" for text in strings_of(f)}
    assert {code for code in CODES if code not in used} == set()


def test_every_code_is_explained() -> None:
    explained = page("docs/ERRORS.md")
    assert {code for code in CODES if f"`{code}`" not in explained} == set()


def documented_raises() -> Iterator[tuple[str, str, str]]:
    """(place, class, code) for each code that a docstring promises under `Raises:`."""
    for path in SOURCES:
        if path.parts[-2] == "examples":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            _, _marker, promised = (ast.get_docstring(node) or "").partition("Raises:\n")
            for line in re.findall(r"^ +(\w+Error: .*(?:\n {5,}.*)*)", promised, re.MULTILINE):
                error, _, text = line.partition(":")
                text = re.sub(r"\([^)]*\)", "", " ".join(text.split()))
                pieces = [p.strip() for p in re.split(r"[,;|]| or | and ", text.rstrip("."))]
                codes = [p for p in pieces if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", p)]
                only_codes = len(codes) == len(pieces)
                for code in codes:
                    if only_codes or "-" in code:
                        yield f"{name_of(path)}: {node.name}", error, code


def test_promised_codes_exist_with_that_blame() -> None:
    promised = list(documented_raises())
    assert len(promised) > 50
    wrong = [
        (place, error, code)
        for place, error, code in promised
        if code not in CODES or CODES[code].blame != error
    ]
    assert wrong == []


def test_every_limit_is_used() -> None:
    used = " ".join(f.read_text("utf-8") for f in SOURCES if f.name != "limits.py")
    names = [name for name in vars(limits) if name.isupper()]
    assert [name for name in names if not re.search(rf"\b{name}\b", used)] == []


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    """(page, words) for each `attest …` line in a code block of a page."""
    for path in sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}):
        if path.name == "CLI.md":
            continue
        for block in re.findall(
            r"^```(?:sh|console)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words and words[0] in {"attest", ".venv/bin/attest"}:
                    yield name_of(path), words[1:]


def test_commands_shown_in_pages_exist() -> None:
    shown = list(shown_commands())
    assert shown
    for where, words in shown:
        command: click.Command = main
        context = click.Context(main, info_name="attest")
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words[0])
            assert found is not None, f"{where}: attest {words[0]}"
            command, words = found, words[1:]
            context = click.Context(command, parent=context)
        known = {option for p in command.params for option in [*p.opts, *p.secondary_opts]}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= known | {"--help"}, f"{where}: {command.name}"


def test_modules_named_in_the_architecture_exist() -> None:
    named = set(re.findall(r"`(attest(?:/\w+)*(?:\.py|/))`", page("docs/ARCHITECTURE.md")))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / name).exists()} == set()
