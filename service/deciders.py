"""Deciding on every processor: worker processes that do nothing but call `decide`.

A decision is a pure function of bytes, so it does not matter who computes it. Each worker loads the
trust snapshot once and answers batches over a pipe of its own. A worker ends when its pipe does,
also when the service was killed. It does not end by a signal that asks to stop: that often goes to
all processes of a service at once, and the service has a batch to finish. A worker that dies is
replaced, and what it was deciding is answered with `internal`: nothing of it was recorded.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import multiprocessing
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from attest.decision import NOTHING, Decided, Prior, decide_each
from attest.errors import AttestError, InternalError
from attest.trust import Trust, load_trust, open_lists

_log = logging.getLogger("foundry.deciders")
_SPAWN = multiprocessing.get_context("spawn")

Outcome = Decided | AttestError


def decide_one(raw: bytes, *, trust: Trust, at: dt.datetime, prior: Prior) -> Outcome:
    """Decide; an error becomes the outcome, so that one submission does not stop the others."""
    (outcome,) = decide_each([(raw, at, prior)], trust=trust)
    return _outcome(outcome)


def decide_apart(raws: Sequence[bytes], *, trust: Trust, at: dt.datetime) -> list[Outcome]:
    """Decide submissions as if the log were empty; outcomes in order."""
    return [
        _outcome(outcome)
        for outcome in decide_each([(raw, at, NOTHING) for raw in raws], trust=trust)
    ]


def _outcome(decided: Decided | Exception) -> Outcome:
    if isinstance(decided, Decided | AttestError):
        return decided
    # A defect of ours, of which the message may hold input.
    _log.error("deciding failed: %s", type(decided).__name__)
    return InternalError("internal", "the submission could not be decided")


@dataclass(frozen=True)
class _Worker:
    process: BaseProcess
    connection: Connection


class DeciderPool:
    """So many worker processes under one trust snapshot at a time; used by one thread."""

    def __init__(self, trust: bytes, bodies: Mapping[str, bytes], *, processes: int) -> None:
        """Start the workers; `trust` and `bodies` are what `load_trust` takes."""
        self._load = (trust, dict(bodies))
        self._workers: list[_Worker] = []
        try:
            for _ in range(processes):
                self._workers.append(self._start())
        except BaseException:
            self.close()
            raise

    def decide_all(self, raws: Sequence[bytes], at: dt.datetime) -> list[Outcome]:
        """Decide submissions as if the log were empty; outcomes in order."""
        share = -(-len(raws) // len(self._workers))
        chunks = [list(raws[start : start + share]) for start in range(0, len(raws), share)]
        sent = [self._send(number, (chunk, at)) for number, chunk in enumerate(chunks)]
        outcomes: list[Outcome] = []
        for number, chunk in enumerate(chunks):
            answer = self._receive(number) if sent[number] else None
            outcomes += answer or self._replace(number, len(chunk))
        return outcomes

    def renew(self, trust: bytes, bodies: Mapping[str, bytes]) -> None:
        """Go on under another trust snapshot, with as many new workers."""
        processes = len(self._workers)
        self.close()
        self._load = (trust, dict(bodies))
        self._workers = [self._start() for _ in range(processes)]

    def close(self) -> None:
        """End the workers and wait for them."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(theirs, *self._load), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _send(self, number: int, job: tuple[list[bytes], dt.datetime]) -> bool:
        try:
            self._workers[number].connection.send(job)
        except OSError:
            return False
        return True

    def _receive(self, number: int) -> list[Outcome] | None:
        try:
            answer: list[Outcome] = self._workers[number].connection.recv()
        except (EOFError, OSError):
            return None
        return answer

    def _replace(self, number: int, lost: int) -> list[Outcome]:
        _log.error("a worker process died; %d submissions were not decided", lost)
        self._workers[number].connection.close()
        self._workers[number].process.join()
        self._workers[number] = self._start()
        error = InternalError("internal", "the process that decided it died")
        return [error] * lost


def _work(connection: Connection, trust: bytes, bodies: Mapping[str, bytes]) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    opened = load_trust(trust, bodies)
    open_lists(opened)
    with contextlib.suppress(EOFError, OSError):
        while True:
            raws, at = connection.recv()
            connection.send(decide_apart(raws, trust=opened, at=at))
