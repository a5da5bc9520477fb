"""House style as tests: what a linter does not know, so that a review need not say it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("attest", "service", "tests", "examples", "benchmarks", "conformance")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

CLOCKS = {"time"}
CHANCE = {"random", "uuid"}
SECRETS = {"secrets"}
SECRETS_ALLOWED = {"attest/log/writer.py", "attest/cli"}
CLOCK_CALLS = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|os\.urandom|time\.time)\b")
DECIDING = ("attest/rules", "attest/decision.py", "attest/log", "attest/models", "attest/encoding")
VAGUE_NAMES = {"base", "common", "helpers", "lib", "manager", "misc", "util", "utils"}

# Each pattern is spelt so that it does not match itself.
FORBIDDEN = {
    "a promise instead of code": r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK|NotImplemented[E]rror)\b",
    "a path of one machine": r"(?<![\w./~-])/(w[o]rk|h[o]me|r[o]ot|U[s]ers|t[m]p)/\w",
    "a package registry": r"(py[p]i\.org|python[h]osted|registry\.n[p]mjs|deb\.deb[i]an)",
    "how the text was written": r"(?i)\b(sub[-]?age[n]ts?|chat[g]pt|clau[d]e|co[p]ilot|LL[M])\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{40}",
    "a merge conflict": r"^(<<<<<<[<]|>>>>>>[>]) ",
}
ASSERTS = re.compile(r"\bassert\b|raises\(|run_state_machine")
RAISES = re.compile(r"\b(agree|check|load|loads|open|parse|read|validate)(_\w+)?\(")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project: what git knows or would add, or else what is there."""
    if (ROOT / ".git").exists() and (git := shutil.which("git")):
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return tuple(f for name in listed.stdout.split("\0") if (f := ROOT / name).is_file())
    made = re.compile(r"(\.(?!ci/|git\w+$)|__pycache__/|.*/__pycache__/)")
    return tuple(f for f in ROOT.rglob("*") if f.is_file() and not made.match(name_of(f)))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> list[Path]:
    return [f for f in tracked() if f.suffix == ".py" and name_of(f).startswith(folders or CODE)]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_search_finds_files() -> None:
    assert len(python_files("attest")) > 20
    assert len(python_files("tests")) > 10
    assert ROOT / "README.md" in tracked()


def test_files_are_short() -> None:
    lengths = {name_of(f): f.read_text("utf-8").count("\n") for f in python_files()}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    long = [
        f"{name_of(f)}:{node.lineno} {node.name}: {lines} lines"
        for f in python_files()
        for node in functions(f)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    assert [name_of(f) for f in python_files() if not ast.get_docstring(tree_of(f))] == []


def test_module_names_say_something() -> None:
    assert [name_of(f) for f in python_files("attest", "service") if f.stem in VAGUE_NAMES] == []


def test_only_the_command_reads_a_clock() -> None:
    found = [
        f"{name_of(f)}: {what}"
        for f in python_files("attest")
        if not name_of(f).startswith("attest/cli/")
        for what in [
            *sorted({*imported(f)} & CLOCKS),
            *(match.group() for match in CLOCK_CALLS.finditer(ast.unparse(tree_of(f)))),
        ]
    ]
    assert found == []


def test_chance_only_where_it_is_named() -> None:
    found = [
        f"{name_of(f)}: {what}"
        for f in python_files("attest", "service")
        for what in {*imported(f)} & (CHANCE | SECRETS)
        if what in CHANCE or not name_of(f).startswith(tuple(SECRETS_ALLOWED))
    ]
    assert found == []


def test_no_fractions_where_decisions_are_made() -> None:
    found = [
        f"{name_of(f)}:{node.lineno}"
        for f in python_files(*DECIDING)
        for node in ast.walk(tree_of(f))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in {"float", "hash", "round"})
    ]
    assert found == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_stands_in_the_tree_that_does_not_belong(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{name_of(path)}:{text.count(chr(10), 0, match.start()) + 1}"
            for match in pattern.finditer(text)
        ]
    assert found == []


def test_every_test_can_fail() -> None:
    """It asserts, expects an error, or calls a helper that does; or a function that raises."""
    helpers = {
        node.name
        for f in python_files("tests")
        for node in functions(f)
        if not node.name.startswith("test_") and ASSERTS.search(ast.unparse(node))
    }
    calls = re.compile(rf"\b({'|'.join(sorted(helpers))})\(")
    found = [
        f"{name_of(f)}:{node.lineno} {node.name}"
        for f in python_files("tests")
        for node in functions(f)
        if node.name.startswith("test_")
        and not any(p.search(ast.unparse(node)) for p in (ASSERTS, calls, RAISES))
    ]
    assert found == []


def headings(path: Path) -> set[str]:
    """The anchors that a reader of rendered Markdown can jump to."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    broken = []
    for page in (f for f in tracked() if f.suffix == ".md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            path = (page.parent / target).resolve() if target else page
            if not path.exists() or (anchor and anchor not in headings(path)):
                broken.append(f"{name_of(page)}: {link}")
    assert broken == []


def test_make_targets_named_in_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        (name_of(page), target)
        for page in tracked()
        if page.suffix == ".md" or name_of(page) == ".ci/run"
        for target in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {("README.md", "demo"), ("README.md", "test"), (".ci/run", "test")} <= named
    assert {(page, target) for page, target in named if target not in targets} == set()
