"""Copies of a log: every byte of it, cut off and gone on with, and what is no copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.errors import LogError
from attest.log import copy
from attest.log.check import check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.copy import copy_log
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.log.store import Batch, Head, StoredEntry
from attest.log.writer import LogWriter
from tests.log.sample import drafts, filled, later


def label(number: int) -> bytes:
    return number.to_bytes(32, "big")


def labelled(path: Path, signer: CheckpointSigner, size: int) -> SqliteStore:
    """A log of so many entries with labels, several for one entry and none for others."""
    store = SqliteStore.create(path)
    writer = LogWriter.open(store, signer)
    while (first := writer.head.size) < size:
        many = min(7, size - first)
        labels = [
            (label(10 * index + one), index)
            for index in range(first, first + many, 3)
            for one in (2, 1)
        ]
        writer.append(drafts(first, many), at=later(first), labels=labels)
    return store


def everything(store: SqliteStore) -> tuple[Head, list[StoredEntry], list[tuple[bytes, int]]]:
    head = store.head()
    return head, list(store.entries(0, head.size)), list(store.labels(0))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def target(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty store."""
    with closing(SqliteStore.create(tmp_path / "target.sqlite")) as store:
        yield store


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_a_copy_is_the_same_bytes(
    tmp_path: Path, signer: CheckpointSigner, target: SqliteStore, size: int
) -> None:
    told: list[int] = []
    with closing(labelled(tmp_path / "source.sqlite", signer, size)) as source:
        assert copy_log(source, target, progress=told.append) == size == sum(told)
        assert everything(target) == everything(source)
        write_export(source, tmp_path / "one")
        write_export(target, tmp_path / "two")
        assert files(tmp_path / "one") == files(tmp_path / "two")
        assert copy_log(source, target) == 0
    assert check_store(target, keys=signer.keys).size == size
    LogWriter.open(target, signer).append(drafts(size, 3), at=later(size))


class Cut(Exception):  # noqa: N818  the line is cut, nothing is wrong
    """The copy is cut off."""


@settings(max_examples=30)
@given(cut=st.integers(0, 9), batch=st.integers(1, 40), more=st.integers(0, 20))
def test_a_copy_that_was_cut_off_goes_on(
    tmp_path_factory: pytest.TempPathFactory,
    signer: CheckpointSigner,
    cut: int,
    batch: int,
    more: int,
) -> None:
    """Wherever it was cut, and however the source has grown since."""
    folder = tmp_path_factory.mktemp("cut")

    def cutting(_: int) -> None:
        nonlocal cut
        cut -= 1
        if cut < 0:
            raise Cut

    with (
        pytest.MonkeyPatch.context() as patched,
        closing(labelled(folder / "source.sqlite", signer, 90)) as source,
        closing(SqliteStore.create(folder / "target.sqlite")) as target,
    ):
        patched.setattr(copy, "BATCH_ENTRIES", batch)
        try:
            copy_log(source, target, progress=cutting)
        except Cut:
            assert target.head().size > 0
        writer = LogWriter.open(source, signer)
        if more:
            names = [(label(7), 90)]
            writer.append(drafts(90, more), at=later(99), labels=names)
        before = target.head().size
        assert copy_log(source, target) == 90 + more - before
        assert everything(target) == everything(source)


def test_large_bodies_make_small_batches(
    tmp_path: Path, signer: CheckpointSigner, target: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "BATCH_BYTES", 1)
    told: list[int] = []
    with closing(filled(tmp_path / "source.sqlite", signer, 9)) as source:
        copy_log(source, target, progress=told.append)
        bodies = [len(one.body) for one in source.entries(0, 9)]
        assert everything(target) == everything(source)
    assert len(told) == sum(1 for body in bodies if body) + (bodies[-1] == 0)


def test_what_is_committed_and_not_signed_is_copied_too(
    tmp_path: Path, signer: CheckpointSigner, target: SqliteStore
) -> None:
    with closing(filled(tmp_path / "source.sqlite", signer, 5)) as source:
        writer = LogWriter.open(source, signer)
        stored, leaves = writer._entries_of(drafts(5, 2), later(5))
        _, nodes = writer.head.frontier.extend(leaves)
        source.append(writer.head, Batch(stored, tuple(nodes)))
        assert copy_log(source, target) == 7
    assert (target.head().size, target.head().signed) == (7, 5)
    assert LogWriter.open(target, signer).head.signed == 7


def test_a_target_that_is_ahead_or_another_log_is_refused(
    tmp_path: Path, signer: CheckpointSigner, target: SqliteStore
) -> None:
    with closing(filled(tmp_path / "source.sqlite", signer, 20)) as source:
        copy_log(source, target)
        LogWriter.open(target, signer).append(drafts(20, 1), at=later(20))
        before = everything(target)
        with pytest.raises(LogError) as caught:
            copy_log(source, target)
        assert caught.value.code == "store-exists"
        LogWriter.open(source, signer).append(drafts(20, 5), at=later(20))
        with pytest.raises(LogError) as caught:
            copy_log(source, target)  # the two went on apart
        assert caught.value.code == "store-exists"
        assert everything(target) == before


class Broken(SqliteStore):
    """A source of which one entry, or the tree, is another."""

    wrong: StoredEntry | None = None
    head_is: Head | None = None

    def entries(self, start: int, stop: int) -> Iterator[StoredEntry]:
        for index, one in enumerate(super().entries(start, stop), start):
            yield self.wrong if self.wrong is not None and index == 6 else one

    def head(self) -> Head:
        return self.head_is or super().head()


def wrong_entries(one: StoredEntry, other: StoredEntry) -> Iterator[tuple[str, StoredEntry]]:
    yield "commitment-mismatch", replace(one, body=one.body + b"!")
    yield "commitment-mismatch", replace(one, salt=bytes(32))
    yield "entry-order", replace(one, entry=other.entry)
    yield "entry-malformed", replace(one, entry=one.entry + b" ")


def test_a_broken_source_is_not_copied_past_the_break(
    tmp_path: Path,
    signer: CheckpointSigner,
    target: SqliteStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copy, "BATCH_ENTRIES", 2)
    filled(tmp_path / "source.sqlite", signer, 9).close()
    with closing(Broken(SqliteStore.open(tmp_path / "source.sqlite")._connection)) as source:
        _, one, other, *_ = source.entries(5, 9)
        for code, source.wrong in wrong_entries(one, other):
            with pytest.raises(LogError) as caught:
                copy_log(source, target)
            assert (caught.value.code, caught.value.entry) == (code, 6)
            assert target.head().size == 6
        source.wrong = None
        assert copy_log(source, target) == 3


def test_a_tree_that_is_not_that_of_the_entries(
    tmp_path: Path, signer: CheckpointSigner, target: SqliteStore
) -> None:
    filled(tmp_path / "source.sqlite", signer, 9).close()
    with closing(Broken(SqliteStore.open(tmp_path / "source.sqlite")._connection)) as source:
        head = source.head()
        hashes = (bytes(32), *head.frontier.hashes[1:])
        source.head_is = replace(head, frontier=replace(head.frontier, hashes=hashes))
        with pytest.raises(LogError) as caught:
            copy_log(source, target)
        assert caught.value.code == "root-mismatch"
        assert target.head().checkpoint is None
