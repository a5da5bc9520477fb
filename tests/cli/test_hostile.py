"""Whatever bytes a command is given, it says what is wrong with them and never breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.helpers import ROOT, attest

DOCUMENTS = sorted((ROOT / "examples" / "documents").glob("*.json"))
READERS = (
    ("inspect", "-"),
    ("inspect", "-", "--json"),
    ("inspect", "-", "--what-leaves"),
    ("lint", "-", "--decided", "2026-11-24T14:00:00Z"),
    ("sign", "-", "--key", "/dev/null", "--yes"),
    ("declare", "-", "--format", "json"),
    ("declare", "-", "--format", "toml"),
    ("declare", "-", "--format", "csv"),
    ("evaluate", "-", "--as-of", "2026-12-15"),
    ("review", "-", "--action", "ask", "--reason-code", "x", "--reason", "x"),
    ("submit", "http://127.0.0.1:1", "-", "--dry-run"),
)
VALUES: list[Any] = [None, True, 0, -1, 2**53 - 1, "", "x", "sha256:", [], [[]], {}, {"v": 1}, [{}]]


def check_outcome(result: Result, *, usage: bool) -> None:
    """The command ended in an orderly way."""
    assert result.exit_code in (0, 1, 2, 3, 4, 5, 6, 7, 9)
    assert "Traceback" not in result.stdout + result.stderr
    assert "internal" not in result.stderr
    if result.exit_code == 1:
        assert usage
        assert "usage" in result.stderr


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield path
    members = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else ()
    for step, below in [*members, *items]:
        yield from paths(below, (*path, step))


def mutated(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return changed


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_document_changed_anywhere(reader: tuple[str, ...], data: st.DataObject) -> None:
    original = json.loads(data.draw(st.sampled_from(DOCUMENTS)).read_bytes())
    path = data.draw(st.sampled_from(list(paths(original))))
    changed = mutated(original, path, data.draw(st.sampled_from(VALUES)))
    check_outcome(attest(*reader, stdin=json.dumps(changed).encode()), usage=True)


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
@settings(max_examples=30)
@given(raw=st.binary(max_size=300))
def test_any_bytes(reader: tuple[str, ...], raw: bytes) -> None:
    result = attest(*reader, stdin=raw)
    check_outcome(result, usage="--what-leaves" in reader)
    assert result.exit_code in (1, 2)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"a": 1e400}',
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u202e"}',
        b"[" * 100_000,
        b'{"a":' * 100,
        b'"' + b"x" * 10_000 + b'"',
        b"1" * 10_000,
    ],
    ids=range(13),
)
@pytest.mark.parametrize("reader", READERS[:6], ids=" ".join)
def test_the_traps_of_json(reader: tuple[str, ...], raw: bytes) -> None:
    result = attest(*reader, stdin=raw)
    check_outcome(result, usage=False)
    assert result.exit_code == 2
    assert "x" * 100 not in result.stderr
