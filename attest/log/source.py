"""A log to read from: an export's folder, or the file of a store, checked before it is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attest.log.check import check_export, check_store
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.export import Export
from attest.log.sqlite import SqliteStore
from attest.log.store import StoredEntry


@dataclass(frozen=True)
class StoreFile:
    """A log in the embedded store, opened for each portion so that processes can share it."""

    path: Path

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """Entries `start` to `stop` - 1 in order."""
        with contextlib.closing(SqliteStore.open(self.path, read_only=True)) as store:
            yield from store.entries(start, stop)


Source = Export | StoreFile


def open_source(place: Path, *, keys: LogKeys) -> tuple[Checkpoint, Source]:
    """Check the integrity of a log and hand it out with its checkpoint.

    Raises:
        LogError: the log does not hold; `entry` names the first faulty entry.
        InputError: file.
    """
    if place.is_file():
        with contextlib.closing(SqliteStore.open(place, read_only=True)) as store:
            return check_store(store, keys=keys), StoreFile(place)
    return check_export(place, keys=keys), Export.open(place, keys=keys)
