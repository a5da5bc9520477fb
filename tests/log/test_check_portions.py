"""A check in portions and processes: a log of more than one portion, and faults where they meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attest.errors import LogError
from attest.log import check
from attest.log.chain import leaf_hashes
from attest.log.check import check_export
from attest.log.entry import Entry, commit, format_entry, parse_entry
from attest.log.export import Export
from attest.log.store import StoredEntry
from attest.log.tiles import bodies_path, bundle_path, tile_path
from tests.log.sample import NOON, draft, fault_of, later
from tests.log.test_check import changed
from tests.log.test_forgery import SIGNER, forge

PORTION = 65_536
SIZE = PORTION + 300


def entry_at(index: int, prev: bytes, seconds: int) -> StoredEntry:
    made = draft(index)
    salt = b"s" * 32 if made.kind in ("submission", "decision", "review") else b""
    entry = Entry(
        index=index,
        kind=made.kind,
        time=later(seconds),
        prev=prev,
        commit=commit(made.body, salt),
        refs={kind: tuple(indices) for kind, indices in made.refs.items()},
    )
    return StoredEntry(format_entry(entry), salt, made.body)


def chained(size: int) -> list[StoredEntry]:
    stored: list[StoredEntry] = []
    prev = bytes(32)
    for index in range(size):
        stored.append(entry_at(index, prev, index // 1000))
        prev = leaf_hashes([stored[-1].entry])
    return stored


@pytest.fixture(scope="module")
def honest() -> list[StoredEntry]:
    return chained(SIZE)


@pytest.fixture(scope="module")
def export(honest: list[StoredEntry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two portions; whoever changes it puts it back."""
    folder = tmp_path_factory.mktemp("portions") / "export"
    forge(folder, honest)
    return folder


@pytest.mark.parametrize("processes", [1, 2])
def test_it_holds_in_any_number_of_processes(export: Path, processes: int) -> None:
    seen: list[int] = []
    checkpoint = check_export(export, keys=SIGNER.keys, processes=processes, progress=seen.append)
    assert (checkpoint.size, seen) == (SIZE, [PORTION, 300])


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@pytest.mark.parametrize(
    ("path", "at", "code", "entry", "processes"),
    [
        (bundle_path(255, 256), -30, "entry-malformed", PORTION - 1, 1),
        (bodies_path(255, 256), -5, "commitment-mismatch", PORTION - 1, 2),
        (bodies_path(257, 44), -5, "commitment-mismatch", SIZE - 1, 2),
        (tile_path(0, 255, 256), -1, "tile-altered", PORTION - 1, 1),
        (tile_path(0, 256, 256), 0, "tile-altered", PORTION, 2),
        (tile_path(1, 0, 256), 7, "tile-altered", 0, 1),
        (tile_path(1, 1, 1), 7, "tile-altered", PORTION, 1),
        (tile_path(2, 0, 1), 7, "tile-altered", 0, 1),
    ],
)
def test_the_first_fault_is_named_in_any_number_of_processes(
    export: Path, path: str, at: int, code: str, entry: int, processes: int
) -> None:
    raw = (export / path).read_bytes()
    with changed(export / path, flipped(raw, at % len(raw))), pytest.raises(LogError) as caught:
        check_export(export, keys=SIGNER.keys, processes=processes)
    assert (caught.value.code, caught.value.entry) == (code, entry)


def earlier(stored: StoredEntry, prev: bytes) -> StoredEntry:
    """Dated before all that came before it."""
    entry = parse_entry(stored.entry)
    assert entry.time > NOON
    return StoredEntry(stored.entry.replace(b"T12:01:", b"T11:59:"), stored.salt, stored.body)


def unchained(stored: StoredEntry, prev: bytes) -> StoredEntry:
    """Chained to something else than what is before it."""
    return StoredEntry(
        stored.entry.replace(prev.hex().encode(), bytes(32).hex().encode()),
        *(stored.salt, stored.body),
    )


@pytest.mark.parametrize(
    ("change", "code"), [(earlier, "time-backwards"), (unchained, "chain-broken")]
)
@pytest.mark.parametrize("index", [PORTION, PORTION + 256])
def test_what_is_signed_wrongly_where_portions_meet(
    honest: list[StoredEntry],
    tmp_path: Path,
    change: Callable[[StoredEntry, bytes], StoredEntry],
    code: str,
    index: int,
) -> None:
    """At the start of a portion, of a bundle in it, and at the end."""
    wrong = change(honest[index], leaf_hashes([honest[index - 1].entry]))
    assert wrong.entry != honest[index].entry
    stored = [*honest[:index], wrong]
    forge(tmp_path / "export", stored)
    assert fault_of(tmp_path / "export", SIGNER.keys) == (code, index)


def test_a_portion_after_a_bundle_of_nothing(export: Path) -> None:
    """A worker that starts after it says so, whatever the portion before comes to."""
    opened = Export.open(export, keys=SIGNER.keys)
    with changed(export / bundle_path(255, 256), b""), pytest.raises(LogError) as caught:
        check._check_portion(opened, SIZE, 1)
    assert (caught.value.code, caught.value.entry) == ("bundle-malformed", PORTION - 256)
