"""The sequencer: one thread through which everything that is recorded goes, in order.

Requests wait in one queue, bounded in number and in bytes. The thread takes what is there, up to a
batch, has it decided and committed, and wakes all waiting requests at once, after the commit and
the signed checkpoint. A full queue refuses (`busy`) instead of growing. A failing store stops the
sequencer for good: what the store holds is unknown until it is opened again, so everyone who waits
is told `log-stopped`, never that something was or was not recorded. Only a store that says that it
failed for the moment (a database that is not reached, other writers in the way) is tried again, and
until it answers the sequencer is not ready; who asks again with the same bytes is told what became
of them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from attest import limits
from attest.errors import AttestError, InputError, LogError
from service.keyset_changes import KeysetsChanged
from service.problems import where
from service.records import Recorded
from service.registrar import HARMLESS, Registrar, Reviewed
from service.standing import Standing

_log = logging.getLogger("foundry.sequencer")

Acted = Reviewed | KeysetsChanged
Outcome = Recorded | Acted | AttestError
_STOPPED = "the store failed; what it recorded is known once it is opened again"

PASSING: Final = frozenset({"head-moved", "store-unavailable"})
"""The codes of failures of a store after which it is tried again."""

RETRY_SECONDS: Final = 0.5
"""How long a store that failed for the moment is left alone when nobody asks."""

AHEAD_MAX: Final = dt.timedelta(seconds=1)
"""How far another process's clock may be ahead for this one to wait instead of refusing."""

_TRIES, _WAITS, _WAIT_SECONDS = 3, 12, 0.1


def utc_now() -> dt.datetime:
    """The instant, in whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True, eq=False)
class _Job:
    """One request: a submission, or an `act` to be recorded at the instant of receipt."""

    raw: bytes
    act: Callable[[dt.datetime], Acted] | None
    answer: asyncio.Future[Outcome]


class Sequencer:
    """Runs a registrar in a thread of its own; an asynchronous context manager.

    `clock` gives the instant of receipt of a batch: aware, UTC, whole seconds.
    """

    def __init__(self, registrar: Registrar, *, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self._registrar = registrar
        self._clock = clock
        self._queue: queue.Queue[_Job | None] = queue.Queue(limits.QUEUE_SUBMISSIONS_MAX)
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopped = False
        self._failing = False
        self._waiting_bytes = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._queue.put, None)
        await asyncio.to_thread(self._thread.join)

    @property
    def ready(self) -> bool:
        """True while submissions can be decided, signed and recorded."""
        return self._running and not self._failing and self._registrar.signs(self._clock())

    @property
    def instant(self) -> dt.datetime:
        """The instant, and not before the newest entry where the clock stands back."""
        now = self._clock()
        return max(now, self._registrar.newest() or now)

    @property
    def standing(self) -> Standing:
        """What decisions rest on at present."""
        return self._registrar.standing

    @property
    def _running(self) -> bool:
        return not self._stopped and self._thread.is_alive()

    async def submit(self, raw: bytes) -> Recorded:
        """Have a submission decided and recorded; returns after the commit.

        Raises:
            InputError: steps 1 and 2 of deciding, busy, not-ready.
            LogError: clock-backwards, head-moved, store-unavailable, log-stopped.
            InternalError: internal.
        """
        recorded: Recorded = await self._enter(raw, None)
        return recorded

    async def review(self, submission_id: str, raw: bytes) -> Reviewed:
        """Have a review recorded; returns after the commit.

        Raises:
            InputError, TrustError: what `Registrar.review` raises; busy.
            LogError: clock-backwards, head-moved, store-unavailable, log-stopped.
        """
        reviewed: Reviewed = await self._enter(
            raw, lambda at: self._registrar.review(submission_id, raw, at)
        )
        return reviewed

    async def change_keysets(self, raw: bytes) -> KeysetsChanged:
        """Have a keyset change recorded; returns after the commit.

        Raises:
            InputError, TrustError: what `Registrar.change_keysets` raises; busy.
            LogError: clock-backwards, log-stopped.
        """
        changed: KeysetsChanged = await self._enter(
            raw, lambda at: self._registrar.change_keysets(raw, at)
        )
        return changed

    async def _enter(self, raw: bytes, act: Callable[[dt.datetime], Acted] | None) -> Any:
        if not self._running:
            raise LogError("log-stopped", _STOPPED)
        if self._waiting_bytes + len(raw) > limits.QUEUE_BYTES_MAX:
            raise InputError("busy", "submissions of too many bytes are waiting")
        job = _Job(raw, act, self._loop.create_future())
        try:
            self._queue.put_nowait(job)
        except queue.Full:
            raise InputError("busy", "too many submissions are waiting") from None
        self._waiting_bytes += len(raw)
        try:
            outcome = await job.answer
        finally:
            self._waiting_bytes -= len(raw)
        if isinstance(outcome, AttestError):
            raise outcome.with_traceback(None)
        return outcome

    def _run(self) -> None:
        open_for_jobs = True
        while open_for_jobs:
            jobs, open_for_jobs = self._take()
            outcomes = self._handle(jobs)
            if jobs:
                self._loop.call_soon_threadsafe(_settle, jobs, outcomes)

    def _take(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        try:
            job = self._queue.get(timeout=RETRY_SECONDS if self._failing else None)
        except queue.Empty:
            return jobs, True
        while job is not None:
            jobs.append(job)
            if len(jobs) == limits.BATCH_SUBMISSIONS_MAX:
                return jobs, True
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _handle(self, jobs: Sequence[_Job]) -> list[Outcome]:
        """The outcomes of jobs; without any, have a look whether the store has come back."""
        outcomes: dict[_Job, Outcome] = {}
        failure = LogError("log-stopped", _STOPPED)
        try:
            if not self._stopped:
                if not jobs:
                    self._registrar.catch_up()
                self._record(jobs, outcomes)
                self._failing = False
        except Exception as error:  # noqa: BLE001  whatever it is, the store's state is unknown
            if isinstance(error, LogError) and error.code in PASSING:
                if not self._failing:
                    _log.error("the store failed for the moment: %s", where(error))
                self._failing, failure = True, LogError(error.code, error.detail)
            else:
                self._stopped = True
                _log.critical("stopped: %s", where(error))
        return [outcomes.get(job, failure) for job in jobs]

    def _record(self, jobs: Sequence[_Job], outcomes: dict[_Job, Outcome]) -> None:
        """Have jobs recorded, once more where another process's clock was a moment ahead."""
        late = jobs
        for _ in range(_TRIES):
            self._record_at(self._clock(), late, outcomes)
            late = [job for job in late if _is_late(outcomes[job])]
            if not late or not self._clock_comes():
                return

    def _clock_comes(self) -> bool:
        """Wait until the clock is past the newest entry; whether it is, after a moment at most."""
        newest = self._registrar.newest()
        for _ in range(_WAITS):
            now = self._clock()
            if newest is None or now >= newest:
                return True
            if newest - now > AHEAD_MAX:
                return False
            time.sleep(_WAIT_SECONDS)
        return False

    def _record_at(
        self, at: dt.datetime, jobs: Sequence[_Job], outcomes: dict[_Job, Outcome]
    ) -> None:
        submissions = [job for job in jobs if job.act is None]
        registered = self._registrar.register([job.raw for job in submissions], at)
        outcomes.update(zip(submissions, registered, strict=True))
        for job in jobs:
            if job.act is not None:
                outcomes[job] = _acted(job.act, at)


def _acted(act: Callable[[dt.datetime], Acted], at: dt.datetime) -> Outcome:
    try:
        return act(at)
    except LogError as error:
        if error.code in HARMLESS:
            return error
        raise
    except AttestError as error:
        return error


def _is_late(outcome: Outcome) -> bool:
    return isinstance(outcome, LogError) and outcome.code == "clock-backwards"


def _settle(jobs: Sequence[_Job], outcomes: Sequence[Outcome]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if not job.answer.done():
            job.answer.set_result(outcome)
