"""What every store must do, whatever it is made of. A test of a store inherits `StoreContract`.

The subclass gives `make` (a new, empty store) and `reopen` (let go of a store and open what it
keeps). The contract knows nothing of files or servers.
"""

from __future__ import annotations

import dataclasses

import pytest

from attest.errors import InternalError, LogError
from attest.log.entry import NO_PREV, Entry, commit, format_entry
from attest.log.merkle import Frontier, frontier_nodes, leaf_hash
from attest.log.store import Batch, Head, LogStore, StoredEntry
from tests.log.sample import NOON, draft, later

LABELS = [bytes([number]) * 32 for number in range(4)]


def batch_after(head: Head, count: int, labels: tuple[tuple[bytes, int], ...] = ()) -> Batch:
    """A batch that fits a head, with salts that name the entry."""
    stored = []
    leaves = []
    prev = head.last_leaf
    for index in range(head.size, head.size + count):
        made = draft(index)
        entry = Entry(
            index=index,
            kind=made.kind,
            time=later(index),
            prev=prev,
            commit=commit(made.body, None),
            refs={},
        )
        raw = format_entry(entry)
        prev = leaf_hash(raw)
        leaves.append(prev)
        salt = index.to_bytes(32, "big") if entry.salted else b""
        stored.append(StoredEntry(raw, salt, made.body))
    _, nodes = head.frontier.extend(leaves)
    return Batch(tuple(stored), tuple(nodes), labels)


def appended(store: LogStore, count: int) -> Batch:
    """Append a batch of `count` entries at the head."""
    head = store.head()
    batch = batch_after(head, count)
    store.append(head, batch)
    return batch


def everything(store: LogStore) -> tuple[Head, list[StoredEntry], list[bytes], list[int | None]]:
    """All that a store gives out."""
    head = store.head()
    nodes = store.nodes(frontier_nodes(head.size))
    return head, list(store.entries(0, head.size + 9)), nodes, [store.find(one) for one in LABELS]


class StoreContract:
    """The contract. Subclasses are collected, this class is not."""

    def make(self) -> LogStore:
        """A new, empty store."""
        raise AssertionError("the subclass makes the store")

    def reopen(self, store: LogStore) -> LogStore:
        """Let go of a store and open it again."""
        raise AssertionError("the subclass opens the store")

    def test_an_empty_store(self) -> None:
        store = self.make()
        assert store.head() == Head(Frontier(), NO_PREV, None, None, 0)
        assert list(store.entries(0, 10)) == []
        assert store.nodes([]) == []
        assert store.find(LABELS[0]) is None
        store.close()

    @pytest.mark.parametrize("counts", [(1,), (1, 1, 1), (3, 5), (256, 1), (300,)])
    def test_what_is_appended_is_there_and_stays_there(self, counts: tuple[int, ...]) -> None:
        store = self.make()
        stored: list[StoredEntry] = []
        kept: dict[tuple[int, int], bytes] = {}
        for count in counts:
            batch = appended(store, count)
            stored += batch.entries
            kept |= {(level, index): value for level, index, value in batch.nodes}
        for _ in range(2):
            head = store.head()
            leaves = [leaf_hash(one.entry) for one in stored]
            assert head.frontier == Frontier().extend(leaves)[0]
            assert (head.size, head.last_leaf) == (len(stored), leaves[-1])
            assert head.time == later(len(stored) - 1)
            assert (head.checkpoint, head.signed) == (None, 0)
            assert list(store.entries(0, head.size)) == stored
            assert store.nodes(list(kept)) == list(kept.values())
            assert store.nodes(list(kept)[::-1]) == list(kept.values())[::-1]
            store = self.reopen(store)
        store.close()

    def test_ranges_of_entries(self) -> None:
        store = self.make()
        stored = list(appended(store, 9).entries)
        assert list(store.entries(2, 5)) == stored[2:5]
        assert list(store.entries(8, 20)) == stored[8:]
        assert list(store.entries(9, 20)) == []
        assert list(store.entries(5, 5)) == []
        assert list(store.entries(5, 2)) == []
        store.close()

    def test_reading_goes_on_while_the_log_grows(self) -> None:
        store = self.make()
        stored = list(appended(store, 9).entries)
        reading = store.entries(0, 9)
        first = next(reading)
        appended(store, 4)
        assert [first, *reading] == stored
        store.close()

    def test_a_stale_head_is_refused_and_nothing_is_kept(self) -> None:
        store = self.make()
        empty = store.head()
        stale = batch_after(empty, 2, ((LABELS[0], 0),))
        appended(store, 3)
        before = everything(store)
        moved = dataclasses.replace(before[0], last_leaf=bytes(32))
        for head, batch in ((empty, stale), (moved, batch_after(moved, 1))):
            with pytest.raises(LogError) as caught:
                store.append(head, batch)
            assert caught.value.code == "head-moved"
            assert everything(store) == before
        assert appended(store, 1).entries
        store.close()

    def test_only_size_and_last_leaf_of_a_head_count(self) -> None:
        """The loser of a race need not know what was signed meanwhile."""
        store = self.make()
        appended(store, 3)
        seen = store.head()
        store.put_checkpoint(3, b"note")
        store.append(seen, batch_after(seen, 1))
        assert store.head().size == 4
        store.close()

    def test_a_batch_at_a_wrong_index_is_refused(self) -> None:
        store = self.make()
        appended(store, 3)
        head = store.head()
        good = batch_after(head, 2)
        ahead = batch_after(dataclasses.replace(head, frontier=Frontier(8, (bytes(32),))), 2)
        faulty = [
            dataclasses.replace(good, nodes=good.nodes[:-1]),
            dataclasses.replace(good, nodes=good.nodes[::-1]),
            dataclasses.replace(good, entries=good.entries[:1]),
            dataclasses.replace(good, nodes=()),
            ahead,
        ]
        before = everything(store)
        for batch in faulty:
            with pytest.raises(InternalError) as caught:
                store.append(head, batch)
            assert caught.value.code == "internal"
            assert everything(store) == before
        store.append(head, good)
        assert store.head().size == 5
        store.close()

    def test_labels_find_the_entry_they_were_first_given_for(self) -> None:
        store = self.make()
        head = store.head()
        labels = ((LABELS[0], 0), (LABELS[1], 2), (LABELS[0], 1))
        store.append(head, batch_after(head, 3, labels))
        head = store.head()
        store.append(head, batch_after(head, 2, ((LABELS[1], 3), (LABELS[2], 4))))
        for _ in range(2):
            assert [store.find(label) for label in LABELS] == [0, 2, 4, None]
            assert store.find_all(LABELS) == {LABELS[0]: 0, LABELS[1]: 2, LABELS[2]: 4}
            assert store.find_all([]) == store.find_all(LABELS[3:]) == {}
            store = self.reopen(store)
        store.close()

    def test_checkpoints_only_move_forward(self) -> None:
        store = self.make()
        appended(store, 5)
        store.put_checkpoint(3, b"three")
        store.put_checkpoint(5, b"five")
        with pytest.raises(LogError) as caught:
            store.put_checkpoint(4, b"four")
        assert caught.value.code == "head-moved"
        store.put_checkpoint(5, b"five again")
        for _ in range(2):
            assert (store.head().signed, store.head().checkpoint) == (5, b"five again")
            store = self.reopen(store)
        store.close()

    @pytest.mark.parametrize("size", [-1, 0, 6])
    def test_only_a_committed_size_can_be_signed(self, size: int) -> None:
        store = self.make()
        appended(store, 5)
        with pytest.raises(InternalError) as caught:
            store.put_checkpoint(size, b"note")
        assert caught.value.code == "internal"
        assert store.head().checkpoint is None
        store.close()

    @pytest.mark.parametrize("node", [(0, 5), (1, 2), (2, 1), (3, 0), (40, 0)])
    def test_a_node_that_the_tree_does_not_have(self, node: tuple[int, int]) -> None:
        store = self.make()
        appended(store, 5)
        with pytest.raises(LogError) as caught:
            store.nodes([(0, 0), node])
        assert caught.value.code == "tile-altered"
        store.close()

    def test_two_writers_take_turns(self) -> None:
        """Each sees what the other kept; the one with the older head loses and tries again."""
        store = self.make()
        appended(store, 1)
        old = store.head()
        other = batch_after(old, 1)
        appended(store, 1)
        with pytest.raises(LogError) as caught:
            store.append(old, other)
        assert caught.value.code == "head-moved"
        store.append(store.head(), batch_after(store.head(), 1))
        assert store.head().size == 3
        assert store.head().time == later(2) > NOON
        store.close()

    def test_bodies_of_any_bytes(self) -> None:
        store = self.make()
        head = store.head()
        batch = batch_after(head, 3)
        bodies = (b"", bytes(range(256)) * 40, b"\0")
        entries = tuple(
            dataclasses.replace(one, body=body)
            for one, body in zip(batch.entries, bodies, strict=True)
        )
        store.append(head, dataclasses.replace(batch, entries=entries))
        assert [one.body for one in store.entries(0, 3)] == list(bodies)
        store.close()

    def test_labels_in_the_order_of_entries(self) -> None:
        store = self.make()
        assert list(store.labels(0)) == []
        head = store.head()
        labels = ((LABELS[3], 1), (LABELS[2], 0), (LABELS[1], 1), (LABELS[3], 0))
        store.append(head, batch_after(head, 3, labels))
        head = store.head()
        store.append(head, batch_after(head, 1, ((LABELS[0], 3), (LABELS[1], 3))))
        wanted = [(LABELS[2], 0), (LABELS[1], 1), (LABELS[3], 1), (LABELS[0], 3)]
        assert list(store.labels(0)) == wanted
        assert list(store.labels(1)) == wanted[1:]
        assert list(store.labels(4)) == []
        store.close()

    def test_turns_follow_each_other(self) -> None:
        store = self.make()
        with store.turn():
            appended(store, 2)
            store.put_checkpoint(2, b"two")
        with pytest.raises(KeyError), store.turn():
            raise KeyError
        with store.turn():
            appended(store, 1)
        assert (store.head().size, store.head().signed) == (3, 2)
        store.close()

    def test_closing_twice(self) -> None:
        store = self.make()
        store.close()
        store.close()
        opened = self.reopen(store)
        assert opened.head().size == 0
        opened.close()
