"""A small log of every kind of entry, the same but for salts and signatures on every run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from attest.errors import LogError
from attest.log.check import check_export
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.merkle import Frontier, ReadNodes
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft, LogWriter

ORIGIN = "log.example.org/test"
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
PUBLIC = ("genesis", "schema", "pack", "keyset", "trust")


def later(seconds: int) -> dt.datetime:
    """An instant after `NOON`."""
    return NOON + dt.timedelta(seconds=seconds)


def draft(index: int) -> Draft:
    """What stands at an index: five public kinds, then submission, decision and review in turn."""
    body = f"body {index} ".encode() * (index % 7)
    if index < len(PUBLIC):
        return Draft(PUBLIC[index], body, {"pack": [2]} if PUBLIC[index] == "trust" else {})
    turn = (index - len(PUBLIC)) % 3
    if turn == 0:
        return Draft("submission", body)
    if turn == 1:
        return Draft("decision", body, {"trust": [4], "submission": [index - 1], "pack": [2]})
    return Draft("review", body, {"decision": [index - 1]})


def drafts(first: int, count: int) -> list[Draft]:
    """The drafts of `count` entries from `first` on."""
    return [draft(index) for index in range(first, first + count)]


def filled(path: Path, signer: CheckpointSigner, size: int, *, batch: int = 37) -> SqliteStore:
    """A store at `path` with `size` entries, appended in batches at rising times."""
    store = SqliteStore.create(path)
    writer = LogWriter.open(store, signer)
    while (first := writer.head.size) < size:
        writer.append(drafts(first, min(batch, size - first)), at=later(first))
    return store


def reader_of(leaves: Sequence[bytes]) -> ReadNodes:
    """Reads the nodes over leaf hashes."""
    _, nodes = Frontier().extend(leaves)
    by_id = {(level, index): value for level, index, value in nodes}
    return lambda ids: [by_id[node] for node in ids]


def fault_of(folder: Path, keys: LogKeys) -> tuple[str, int | None] | None:
    """What the check says of an export: the code and the entry, or None."""
    try:
        check_export(folder, keys=keys)
    except LogError as error:
        return error.code, error.entry
    return None
