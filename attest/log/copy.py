"""Copying a log from one store to another: entries, salts, bodies, labels and the checkpoint.

The target is empty or holds the beginning of the same log: then the copy goes on from there, as
after one that was cut off. Every entry is held to the one before it and to its body on the way, and
the tree is made anew from the entries, so a source that is broken is not copied past the break.
Whoever copied holds the result to the log's keys (`check_store`).

>>> import tempfile
>>> from datetime import UTC, datetime
>>> from pathlib import Path
>>> from attest.log.checkpoint import CheckpointSigner
>>> from attest.log.sqlite import SqliteStore
>>> from attest.log.writer import Draft, LogWriter
>>> folder = tempfile.TemporaryDirectory()
>>> source, target = (SqliteStore.create(Path(folder.name) / name) for name in ("one", "two"))
>>> writer = LogWriter.open(source, CheckpointSigner.generate("example.org/log"))
>>> noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
>>> _ = writer.append([Draft("genesis", b"the beginning")], at=noon)
>>> copy_log(source, target), copy_log(source, target)
(1, 0)
>>> target.head() == source.head()
True
>>> source.close(); target.close(); folder.cleanup()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Final

from attest.errors import LogError
from attest.log.chain import check_entry
from attest.log.merkle import frontier_nodes, leaf_hash
from attest.log.store import Batch, Head, LogStore, StoredEntry

BATCH_ENTRIES: Final = 256
BATCH_BYTES: Final = 16 * 1024 * 1024
"""A batch ends with the entry that brings it to so many of either."""


def copy_log(
    source: LogStore, target: LogStore, *, progress: Callable[[int], None] | None = None
) -> int:
    """Copy to `target` what it lacks of `source` as that is committed now; how many entries it was.

    `progress` is told, after each batch, how many entries it had.

    Raises:
        LogError: store-exists (the target holds another log, or more of this one), root-mismatch
            (the source's tree is not that of its entries), entry-malformed, entry-order,
            chain-broken, time-backwards, commitment-mismatch; head-moved (somebody else writes to
            the target) and whatever else a store fails with.
    """
    end, head = source.head(), target.head()
    _check_prefix(source, head, end)
    newest = next(target.entries(head.size - 1, head.size)).entry[-28:-8] if head.size else b""
    labels = _Labels(source.labels(head.size), end.size)
    start = head.size
    for stored in _batches(source.entries(start, end.size)):
        leaves: list[bytes] = []
        for index, one in enumerate(stored, head.size):
            prev = leaves[-1] if leaves else head.last_leaf
            check_entry(index, one.entry, prev.hex().encode(), newest, one.salt, one.body)
            leaves.append(leaf_hash(one.entry))
            newest = one.entry[-28:-8]
        frontier, nodes = head.frontier.extend(leaves)
        batch = Batch(tuple(stored), tuple(nodes), labels.below(frontier.size))
        target.append(head, batch)
        head = replace(head, frontier=frontier, last_leaf=leaves[-1])
        if progress is not None:
            progress(len(stored))
    if head.frontier != end.frontier:
        raise LogError("root-mismatch", "the tree of the source is not that of its entries")
    if end.checkpoint is not None and head.signed < end.signed:
        target.put_checkpoint(end.signed, end.checkpoint)
    return end.size - start


def _check_prefix(source: LogStore, head: Head, end: Head) -> None:
    """Check that a head is one that the source had."""
    same = head.size <= end.size
    if not same or head.frontier.hashes != tuple(source.nodes(frontier_nodes(head.size))):
        raise LogError("store-exists", "the target holds another log, or more of this one")


def _batches(entries: Iterator[StoredEntry]) -> Iterator[list[StoredEntry]]:
    batch: list[StoredEntry] = []
    size = 0
    for each in entries:
        batch.append(each)
        size += len(each.body)
        if len(batch) == BATCH_ENTRIES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Labels:
    """The labels of a source below a size, handed out as the copy comes to their entries."""

    def __init__(self, labels: Iterator[tuple[bytes, int]], size: int) -> None:
        self._labels = takewhile(lambda pair: pair[1] < size, labels)
        self._next = next(self._labels, None)

    def below(self, size: int) -> tuple[tuple[bytes, int], ...]:
        taken = []
        while self._next is not None and self._next[1] < size:
            taken.append(self._next)
            self._next = next(self._labels, None)
        return tuple(taken)
