"""Worker processes decide as one process does, and their death costs one batch at most."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from attest.decision import Decided, decide
from attest.errors import InputError, InternalError
from service.deciders import DeciderPool
from tests.world import NOW, World

WORLD = World()


@pytest.fixture
def pool() -> Iterator[DeciderPool]:
    """Two workers."""
    opened = DeciderPool(WORLD.trust_bytes(), WORLD.keysets() | WORLD.packs, processes=2)
    yield opened
    opened.close()


def test_outcomes_are_those_of_one_process_in_order(pool: DeciderPool) -> None:
    """Whatever the number of submissions: the same decisions, errors in their places."""
    raws = [
        WORLD.submission({"end_use": f"Programme {number}."}, fabricator={}) for number in range(5)
    ]
    raws[3] = b"{"
    trust = WORLD.trust()
    for count in (1, 2, 5):
        outcomes = pool.decide_all(raws[:count], NOW)
        assert len(outcomes) == count
        for raw, outcome in zip(raws, outcomes, strict=False):
            if raw == b"{":
                assert isinstance(outcome, InputError)
                assert outcome.code == "json-malformed"
            else:
                assert outcome == decide(raw, trust=trust, at=NOW)


def test_a_dead_worker_is_replaced(pool: DeciderPool) -> None:
    """What it was given is answered with an error; the next batch is decided."""
    raw = WORLD.submission(fabricator={})
    assert isinstance(pool.decide_all([raw], NOW)[0], Decided)
    victim = pool._workers[0].process
    victim.kill()
    victim.join()
    first, second = pool.decide_all([raw, raw], NOW)
    assert isinstance(first, InternalError)
    assert isinstance(second, Decided)
    assert all(isinstance(each, Decided) for each in pool.decide_all([raw, raw], NOW))


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_stop_stops_no_worker(asked: signal.Signals) -> None:
    """The service finishes its batch, and its workers end when it does."""
    raw = WORLD.submission(fabricator={})
    opened = DeciderPool(WORLD.trust_bytes(), WORLD.keysets() | WORLD.packs, processes=1)
    process = opened._workers[0].process
    assert process.pid is not None
    assert isinstance(opened.decide_all([raw], NOW)[0], Decided)
    os.kill(process.pid, asked)
    assert isinstance(opened.decide_all([raw], NOW)[0], Decided)
    assert opened._workers[0].process is process
    opened.close()
    assert process.exitcode == 0


def test_workers_end_with_the_pool() -> None:
    """Closing leaves no process behind."""
    opened = DeciderPool(WORLD.trust_bytes(), WORLD.keysets() | WORLD.packs, processes=1)
    process = opened._workers[0].process
    opened.close()
    assert process.exitcode == 0
