"""What a store of the log must do: ten verbs; no hashing, no signing, no opinion.

The batch is computed outside. A store keeps bytes, all of a batch or nothing of it, and refuses a
batch whose writer did not see the newest head (`head-moved`): that comparison alone keeps writers
apart, and taking turns only spares them work in vain. What `append` returned from survives a loss
of power.

    head → compute a batch → append (durable) → sign what is now committed → put_checkpoint

`tests/log/store_contract.py` holds every store to this page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from attest.log.entry import NO_PREV
from attest.log.merkle import Frontier, Node, NodeId


@dataclass(frozen=True)
class Head:
    """The end of the log as it is committed.

    `last_leaf` is the leaf hash of the newest entry (32 zero bytes without one), `time` its time;
    `checkpoint` is the newest signed note and `signed` the size that it covers, which lags behind
    `size` when a writer stopped between committing and signing.
    """

    frontier: Frontier = field(default_factory=Frontier)
    last_leaf: bytes = NO_PREV
    time: dt.datetime | None = None
    checkpoint: bytes | None = None
    signed: int = 0

    @property
    def size(self) -> int:
        """How many entries are committed."""
        return self.frontier.size


@dataclass(frozen=True)
class StoredEntry:
    """An entry with its salt (empty where the kind has none) and its body."""

    entry: bytes
    salt: bytes
    body: bytes


@dataclass(frozen=True)
class Batch:
    """Entries to append, the tree nodes that they complete, and labels to find them by.

    `nodes` are in the order of `merkle.position`, as `Frontier.extend` gives them. A label is a
    32-byte digest with the index of an entry; one that is known already keeps its entry.
    """

    entries: tuple[StoredEntry, ...]
    nodes: tuple[Node, ...]
    labels: tuple[tuple[bytes, int], ...] = ()


class LogStore(Protocol):
    """A durable log. One thread uses one object; others open their own.

    Where a store is reached over a network, each of these may also raise `store-unavailable`: it
    failed for the moment. What an `append` was about to keep, the head tells once it answers again.
    """

    def head(self) -> Head:
        """The head as committed."""

    def append(self, expected: Head, batch: Batch) -> None:
        """Commit a batch after the head `expected`, of which size and last leaf count.

        Raises:
            LogError: head-moved (nothing was kept), log-stopped (the store failed: only opening the
                log again will tell whether the batch was kept).
            InternalError: internal (the nodes are not those that the entries complete).
        """

    def put_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of a committed size as the newest.

        It need not survive a loss of power: whoever opens the log next signs the same head again.

        Raises:
            LogError: head-moved (a larger size is signed already), log-stopped.
            InternalError: internal (the size is not committed).
        """

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        """Entries `start` to `stop` - 1 in order, as many of them as there are."""

    def nodes(self, ids: Sequence[NodeId]) -> list[bytes]:
        """The hashes of nodes, in the order asked.

        Raises:
            LogError: tile-altered (there is no such node), log-stopped.
        """

    def find(self, label: bytes) -> int | None:
        """The index of the entry under a label."""

    def find_all(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        """The indices of the entries under those of the labels that lead to one."""

    def labels(self, start: int) -> Iterator[tuple[bytes, int]]:
        """The labels of entries from `start` on, each with its index, in the order of both."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait until no other writer has its turn, and keep others waiting while the block runs.

        Turns are not taken within a turn, and one that lasts too long may be ended.

        Raises:
            LogError: head-moved (another writer's turn lasted too long), log-stopped.
        """

    def close(self) -> None:
        """Let go of files and connections. Closing twice does nothing."""
