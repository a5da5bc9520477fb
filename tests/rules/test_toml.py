"""TOML within bounds: what is refused before a parser starts, and what strings may hold."""

from __future__ import annotations

from typing import Any

import pytest

from attest.errors import InputError
from attest.limits import JSON_DEPTH_MAX, TOML_KEY_PARTS_MAX
from attest.rules import toml

LONG = "b" + ".c" * 50_000
BYTES_MAX = 400_000


def refused(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        toml.loads(text.encode(), bytes_max=BYTES_MAX)
    return caught.value.code, caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} = 1",
        f"[{LONG}]",
        f"[[{LONG}]]",
        f"a = {{{LONG} = 1}}",
        "'a' . " * 50_000 + '"b" = 1',
        f'a = """\\""" """\n{LONG} = 1',
        f'a = [{{a = """x"""", {LONG} = 1}}]',
        f"a = [{{a = '''x''''', {LONG} = 1}}]",
        f'a = "" # "\n{LONG} = 1',
        f"a = 'b\n{LONG} = 1",
        f'a = "b\\\n{LONG} = 1',
    ],
)
def test_a_long_dotted_key_is_refused_before_it_is_parsed(text: str) -> None:
    last = text.count("\n") + 1
    assert refused(text) == ("json-too-deep", f"a dotted key has over 32 parts (at line {last})")


@pytest.mark.parametrize(
    "text",
    [
        f'a = "{LONG}"',
        f"a = '{LONG}'",
        f'a = """\n{LONG} \\""" {LONG}"""""',
        f"a = '''\n{LONG}'''''",
        f"a = 1 # {LONG}",
        f'a = "\\" {LONG}"',
    ],
)
def test_strings_and_comments_may_hold_dots(text: str) -> None:
    assert toml.loads(text.encode(), bytes_max=BYTES_MAX).keys() == {"a"}


def test_the_bounds_are_reached() -> None:
    inner: Any = toml.loads(
        ("a." * (TOML_KEY_PARTS_MAX - 1) + "a = 1").encode(), bytes_max=BYTES_MAX
    )
    for _ in range(TOML_KEY_PARTS_MAX):
        inner = inner["a"]
    assert inner == 1
    lists = JSON_DEPTH_MAX - 1
    assert toml.loads(f"a = {'[' * lists}{']' * lists}".encode(), bytes_max=20 + 2 * lists)
    assert refused(f"a = [{'[' * lists}{']' * lists}]")[0] == "json-too-deep"


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("[" + "a." * 20 + "a]\n" + "a." * 20 + "a = 1", "json-too-deep", "32 levels"),
        ("a = " + "[" * 3000, "json-too-deep", "nesting"),
        ("a = " + "9" * 5000, "toml-malformed", "not TOML"),
        ("a = 1\nb =", "toml-malformed", "not TOML (at the end, line 2)"),
        ("a = 1\n= 2", "toml-malformed", "not TOML (at line 2, column 1)"),
        ("a" * (BYTES_MAX + 1), "too-large", "over"),
    ],
)
def test_what_is_refused(text: str, code: str, detail: str) -> None:
    told = refused(text)
    assert told[0] == code
    assert detail in told[1]


def test_what_is_not_utf8() -> None:
    with pytest.raises(InputError) as caught:
        toml.loads(b"a = '\xff'", bytes_max=BYTES_MAX)
    assert (caught.value.code, caught.value.detail) == (
        "json-encoding",
        "not UTF-8 at byte 5, line 1",
    )
