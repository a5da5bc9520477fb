"""Processes that share a log in PostgreSQL show what any of them had cosigned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from attest.log.policy import Policy
from attest.log.writer import LogWriter
from service.cosigning import Cosigner
from service.places import DatabasePlace
from tests.log.sample import drafts, later
from tests.service.test_cosigning import LOG, policy_of, size_of, witness


@contextmanager
def cosigner(folder: Path, policy: Policy, place: DatabasePlace) -> Iterator[Cosigner]:
    folder.mkdir(exist_ok=True)
    shared = place.cosigned()
    assert shared is not None
    with closing(place.open(read_only=True)) as store, closing(shared):
        yield Cosigner(store, keys=LOG.keys, policy=policy, folder=folder, shared=shared)


@pytest.fixture
def writer(place: DatabasePlace) -> Iterator[LogWriter]:
    """A log of 40 entries in a database."""
    with closing(place.open()) as store:
        writer = LogWriter.open(store, LOG)
        writer.append(drafts(0, 40), at=later(40))
        yield writer


def test_sizes_do_not_go_back_from_one_process_to_another(
    tmp_path: Path, place: DatabasePlace, writer: LogWriter
) -> None:
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with (
            cosigner(tmp_path / "one", policy, place) as one,
            cosigner(tmp_path / "two", policy, place) as two,
        ):
            assert (size_of(one), size_of(two)) == (0, 0)
            one.ask_all()
            assert (size_of(one), size_of(two)) == (40, 40)
            writer.append(drafts(40, 7), at=later(47))
            two.ask_all()
            assert (size_of(two), size_of(one)) == (47, 47)
            assert one.newest == two.newest
            writer.append(drafts(47, 1), at=later(48))
            one.ask_all()
            two.ask_all()
            assert (size_of(one), size_of(two)) == (48, 48)
            for each in (one, two):
                each.check()
                assert each.status()["rolled_back"] is False
        with cosigner(tmp_path / "three", policy, place) as three:  # it has asked nobody yet
            assert size_of(three) == 48


def test_an_older_one_never_replaces_a_newer(place: DatabasePlace) -> None:
    shared = place.cosigned()
    assert shared is not None
    with closing(shared):
        assert shared.read() is None
        for size, note in ((5, b"five"), (4, b"four"), (5, b"five again"), (7, b"seven")):
            shared.keep(note, size)
            assert shared.read() == (b"five" if size == 4 else note)


def test_what_lacks_the_quorum_here_is_not_shown(
    tmp_path: Path, place: DatabasePlace, writer: LogWriter
) -> None:
    """Another process runs under another policy, or somebody wrote into the table."""
    with (
        witness(tmp_path / "w", LOG.keys) as url,
        witness(tmp_path / "v", LOG.keys, "auditor.example/w2") as other,
    ):
        policy, another = policy_of(tmp_path / "w", url), policy_of(tmp_path / "v", other)
        with (
            cosigner(tmp_path / "one", policy, place) as one,
            cosigner(tmp_path / "two", another, place) as two,
        ):
            one.ask_all()
            assert (size_of(one), size_of(two)) == (40, 0)
            writer.append(drafts(40, 1), at=later(41))
            two.ask_all()
            assert (size_of(one), size_of(two)) == (40, 41)
