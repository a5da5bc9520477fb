"""The writer: chain, tree, commit, sign, in this order, through every failure in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import pytest

from attest import limits
from attest.errors import InputError, InternalError, LogError
from attest.log.check import check_store
from attest.log.checkpoint import CheckpointSigner, open_checkpoint
from attest.log.entry import NO_PREV, check_commitment, parse_entry
from attest.log.merkle import NodeId, frontier_nodes, leaf_hash, position, root_of
from attest.log.proof import open_proof, open_proof_document
from attest.log.sqlite import SqliteStore
from attest.log.store import Batch, Head
from attest.log.writer import Draft, LogWriter
from tests.log.sample import NOON, ORIGIN, draft, drafts, filled, later

GENESIS = Draft("genesis", b"the beginning")


def test_entries_are_chained_dated_committed_and_signed(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 6), at=NOON)
    appended = writer.append(drafts(6, 4), at=later(5))
    assert (appended.first_index, len(appended.entries), len(appended.salts)) == (6, 4, 4)
    prev = NO_PREV
    for index, stored in enumerate(store.entries(0, 10)):
        entry = parse_entry(stored.entry)
        made = draft(index)
        assert (entry.index, entry.kind, entry.prev) == (index, made.kind, prev)
        assert entry.time == (NOON if index < 6 else later(5))
        assert entry.refs == {kind: tuple(indices) for kind, indices in made.refs.items()}
        assert stored.body == made.body
        check_commitment(entry, stored.body, stored.salt)
        prev = leaf_hash(stored.entry)
    checkpoint = open_checkpoint(appended.checkpoint, keys=writer.keys)
    leaves = [leaf_hash(stored.entry) for stored in store.entries(0, 10)]
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 10)
    assert checkpoint.root == root_of(leaves) == writer.head.frontier.root()
    assert writer.head == store.head()
    assert writer.head.signed == 10


def test_salts_are_fresh(store: SqliteStore, signer: CheckpointSigner) -> None:
    writer = LogWriter.open(store, signer)
    same = [GENESIS, *[Draft("submission", b"the same")] * 5]
    salts = writer.append(same, at=NOON).salts
    assert salts[0] == b""
    assert [len(salt) for salt in salts[1:]] == [32] * 5
    assert len(set(salts)) == 6


def test_references_are_sorted_and_never_empty(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    writer = LogWriter.open(store, signer)
    refs: dict[str, Sequence[int]] = {"trust": [2, 1, 2], "pack": [], "keyset": (0,)}
    appended = writer.append([*drafts(0, 3), Draft("trust", b"", refs)], at=NOON)
    assert parse_entry(appended.entries[3]).refs == {"keyset": (0,), "trust": (1, 2)}


def test_a_batch_is_proven_from_memory(store: SqliteStore, signer: CheckpointSigner) -> None:
    writer = LogWriter.open(store, signer)
    for count in (1, 2, 5, 8, 1, 40):
        appended = writer.append(drafts(writer.head.size, count), at=NOON)
        for at, entry in enumerate(appended.entries):
            index = appended.first_index + at
            proven = open_proof(appended.prove(index), entry=entry, keys=writer.keys)
            assert (proven[0], proven[1].size) == (index, writer.head.size)
            assert appended.prove(index) == writer.prove(index)
            document = appended.proof_document(index)
            assert document == writer.proof_document(index)
            open_proof_document(document, body=draft(index).body, keys=writer.keys)


def test_memory_holds_all_that_a_fresh_proof_needs(
    store: SqliteStore, signer: CheckpointSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 13), at=NOON)
    appended = writer.append(drafts(13, 6), at=NOON)

    def refuse(ids: Sequence[NodeId]) -> list[bytes]:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(store, "nodes", refuse)
    for index in range(13, 19):
        proof, entry = appended.prove(index), appended.entries[index - 13]
        assert open_proof(proof, entry=entry, keys=writer.keys)[0] == index


@pytest.mark.parametrize("index", [-1, 0, 4, 7])
def test_a_batch_proves_its_own_entries_only(
    store: SqliteStore, signer: CheckpointSigner, index: int
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 5), at=NOON)
    appended = writer.append(drafts(5, 2), at=NOON)
    for prove in (appended.prove, appended.proof_document):
        with pytest.raises(InputError) as caught:
            prove(index)
        assert caught.value.code == "not-found"


def test_old_entries_are_proven_at_the_newest_checkpoint(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 5), at=NOON)
    writer.append(drafts(5, 4), at=NOON)
    for index, stored in enumerate(store.entries(0, 9)):
        document = writer.proof_document(index)
        _, checkpoint = open_proof_document(document, body=stored.body, keys=writer.keys)
        assert checkpoint.size == 9
    with pytest.raises(InputError) as caught:
        writer.prove(9)
    assert caught.value.code == "not-found"


def test_labels_find_entries_of_the_batch(store: SqliteStore, signer: CheckpointSigner) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 5), at=NOON, labels=[(b"a" * 32, 1), (b"b" * 32, 4)])
    assert [store.find(name * 32) for name in (b"a", b"b", b"c")] == [1, 4, None]


def test_time_never_goes_backwards(store: SqliteStore, signer: CheckpointSigner) -> None:
    writer = LogWriter.open(store, signer)
    writer.append([GENESIS], at=NOON)
    writer.append([Draft("pack", b"same second")], at=NOON)
    for again in (writer, LogWriter.open(store, signer)):
        with pytest.raises(LogError) as caught:
            again.append([Draft("pack", b"earlier")], at=later(-1))
        assert caught.value.code == "clock-backwards"
    assert store.head().size == 2


@pytest.mark.parametrize(
    "at",
    [
        NOON.replace(microsecond=1),
        NOON.replace(tzinfo=None),
        NOON.astimezone(dt.timezone(dt.timedelta(hours=8))),
        dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    ],
)
def test_an_inexact_instant_is_refused(
    store: SqliteStore, signer: CheckpointSigner, at: dt.datetime
) -> None:
    with pytest.raises(InternalError) as caught:
        LogWriter.open(store, signer).append([GENESIS], at=at)
    assert caught.value.code == "internal"
    assert store.head().size == 0


def test_the_first_instant_that_can_be_signed(store: SqliteStore, signer: CheckpointSigner) -> None:
    first = dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    LogWriter.open(store, signer).append([GENESIS], at=first)
    assert check_store(store, keys=signer.keys).size == 1


@pytest.mark.parametrize(
    "batch",
    [
        [],
        [Draft("pack", b"before the beginning")],
        [GENESIS, GENESIS],
        [GENESIS, Draft("verdict", b"")],
        [GENESIS, Draft("submission", bytes(limits.BODY_BYTES_MAX + 1))],
        [GENESIS, Draft("decision", b"", {"submission": [1]})],
        [GENESIS, Draft("decision", b"", {"verdict": [0]})],
    ],
)
def test_drafts_that_make_no_entry_are_refused(
    store: SqliteStore, signer: CheckpointSigner, batch: list[Draft]
) -> None:
    writer = LogWriter.open(store, signer)
    with pytest.raises(InternalError) as caught:
        writer.append(batch, at=NOON)
    assert caught.value.code == "internal"
    assert store.head() == writer.head == Head()


def test_the_slower_writer_loses_and_may_open_again(
    store: SqliteStore, tmp_path: Path, signer: CheckpointSigner
) -> None:
    LogWriter.open(store, signer).append(drafts(0, 3), at=NOON)
    slow = LogWriter.open(store, signer)
    other = SqliteStore.open(tmp_path / "log.sqlite")
    LogWriter.open(other, signer).append(drafts(3, 1), at=NOON)
    with pytest.raises(LogError) as caught:
        slow.append(drafts(3, 1), at=NOON)
    assert caught.value.code == "head-moved"
    LogWriter.open(store, signer).append(drafts(4, 1), at=NOON)
    assert check_store(other, keys=signer.keys).size == 5
    other.close()


class Failing(SqliteStore):
    """A store that fails at one step, before or after it is done."""

    step = ""
    done = False

    def append(self, expected: Head, batch: Batch) -> None:
        self._fail("append", lambda: super(Failing, self).append(expected, batch))

    def put_checkpoint(self, size: int, note: bytes) -> None:
        self._fail("put_checkpoint", lambda: super(Failing, self).put_checkpoint(size, note))

    def _fail(self, step: str, work: Callable[[], None]) -> None:
        if step != self.step:
            work()
            return
        if self.done:
            work()
        self.step = ""
        raise LogError("log-stopped", "as the test demands")


@pytest.mark.parametrize("step", ["append", "put_checkpoint"])
@pytest.mark.parametrize("done", [False, True])
def test_a_failure_at_each_step_in_both_flavours(
    store: SqliteStore, signer: CheckpointSigner, step: str, *, done: bool
) -> None:
    """Failed and not kept; reported as failed, and kept."""
    failing = Failing(store._connection)
    writer = LogWriter.open(failing, signer)
    writer.append(drafts(0, 5), at=NOON)
    failing.step, failing.done = step, done
    with pytest.raises(LogError) as caught:
        writer.append(drafts(5, 3), at=NOON)
    assert caught.value.code == "log-stopped"
    kept = 8 if done or step == "put_checkpoint" else 5
    assert failing.head().size == kept
    if step == "append" and done:
        with pytest.raises(LogError) as caught:
            writer.append(drafts(5, 3), at=NOON)
        assert caught.value.code == "head-moved"
    again = LogWriter.open(failing, signer)
    assert again.head.size == again.head.signed == kept
    again.append(drafts(kept, 2), at=NOON)
    assert check_store(failing, keys=signer.keys).size == kept + 2


def test_a_writer_goes_on_after_a_checkpoint_that_was_not_kept(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    failing = Failing(store._connection)
    writer = LogWriter.open(failing, signer)
    failing.step = "put_checkpoint"
    with pytest.raises(LogError):
        writer.append(drafts(0, 5), at=NOON)
    assert (writer.head.size, writer.head.signed) == (5, 0)
    appended = writer.append(drafts(5, 1), at=NOON)
    assert open_checkpoint(appended.checkpoint, keys=signer.keys).size == 6
    assert check_store(failing, keys=signer.keys).size == 6


def test_a_committed_head_is_signed_when_the_log_is_opened(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    """Killed between commit and signature: nothing is lost, and the date is the entries'."""
    failing = Failing(store._connection)
    failing.step = "put_checkpoint"
    with pytest.raises(LogError):
        LogWriter.open(failing, signer).append(drafts(0, 3), at=NOON)
    assert store.head().checkpoint is None
    writer = LogWriter.open(store, signer)
    note = store.head().checkpoint
    assert note is not None
    assert open_checkpoint(note, keys=signer.keys).size == 3
    assert writer.head == store.head()
    LogWriter.open(store, signer)
    assert store.head().checkpoint == note


def test_an_empty_log_is_not_signed(store: SqliteStore, signer: CheckpointSigner) -> None:
    assert LogWriter.open(store, signer).head == Head()
    assert store.head().checkpoint is None


def test_a_log_is_continued_with_its_own_keys_only(
    store: SqliteStore, signer: CheckpointSigner
) -> None:
    LogWriter.open(store, signer).append(drafts(0, 3), at=NOON)
    for other, code in (
        (CheckpointSigner.generate(ORIGIN), "checkpoint-signature"),
        (CheckpointSigner.generate("another.example.org"), "checkpoint-origin"),
    ):
        with pytest.raises(LogError) as caught:
            LogWriter.open(store, other)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("signed", "node"), [(size, node) for size in (5, 9) for node in frontier_nodes(size)]
)
def test_a_store_that_lost_what_was_signed_is_not_signed_again(
    tmp_path: Path, signer: CheckpointSigner, signed: int, node: NodeId
) -> None:
    store = filled(tmp_path / "log.sqlite", signer, signed)
    failing = Failing(store._connection)
    failing.step = "put_checkpoint"
    with pytest.raises(LogError):
        LogWriter.open(failing, signer).append(drafts(signed, 3), at=later(60))
    store._connection.execute("DROP TRIGGER nodes_not_update")
    update = "UPDATE nodes SET hash = zeroblob(32) WHERE position = ?"
    store._connection.execute(update, (position(*node),))
    with pytest.raises(LogError) as caught:
        LogWriter.open(store, signer)
    assert caught.value.code == "root-mismatch"
    assert store.head().signed == signed


def test_a_disk_that_is_full_stops_the_log(
    store: SqliteStore, tmp_path: Path, signer: CheckpointSigner
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 3), at=NOON)
    pages = store._connection.pragma("page_count")
    store._connection.pragma("max_page_count", pages)
    big = Draft("submission", bytes(1_000_000))
    with pytest.raises(LogError) as caught:
        writer.append([big], at=NOON)
    assert caught.value.code == "log-stopped"
    assert isinstance(caught.value.__cause__, apsw.FullError)
    assert store.head().size == 3
    store._connection.pragma("max_page_count", 1_000_000)
    writer.append([big], at=NOON)
    assert check_store(store, keys=signer.keys).size == 4
