"""Deciding later: a submission is kept, acknowledged at once, and decided when its turn comes.

A sender asks for it with `Prefer: respond-async` (RFC 7240). What cannot be a submission at all is
refused before anything is acknowledged; what fails for the moment (`busy`, a clock that stands
back) is tried again, so an acknowledgement is kept whatever happens in between. Now and then it
looks for what nobody here decides: another process that shares the spool may have been killed.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Final, Self

from attest import limits
from attest.acknowledgement import acknowledge
from attest.encoding import digest
from attest.envelope import seal
from attest.errors import AttestError, InputError
from attest.received import read_envelopes
from attest.signing import Signer
from service import sequencer
from service.problems import where
from service.sequencer import Sequencer
from service.spool import Spool

_log = logging.getLogger("foundry.later")

PAUSE_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 60.0
"""How often it looks for what others have left: far more often than a decision may take."""
PASSING: Final = frozenset({"busy", "not-ready", "clock-backwards"}) | sequencer.PASSING
"""The codes of failures after which a submission is tried again."""


class Later:
    """Keeps, acknowledges, and has decided; an asynchronous context manager."""

    def __init__(
        self,
        spool: Spool,
        sequencer: Sequencer,
        signer: Signer,
        *,
        foundry: str,
        origin: str,
    ) -> None:
        """Take over a spool; `signer` is the decision key, `origin` the log's name."""
        self._spool = spool
        self._sequencer = sequencer
        self._signer = signer
        self._foundry = foundry
        self._origin = origin
        self._tasks: dict[asyncio.Task[None], tuple[str, int]] = {}
        """The tasks that decide, with the identifiers and sizes of their submissions."""
        self._looking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        for submission_id, raw in self._spool.waiting():
            self._decide_later(submission_id, raw)
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [self._looking, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._spool.close()

    async def acknowledge(self, raw: bytes) -> bytes:
        """The acknowledgement of a submission, once that is kept; the same for the same bytes.

        What could not be decided when it was asked for before is tried again.

        Raises:
            InputError: the bytes are no submission (steps 1 and 2 of deciding); not-ready, busy
                (so much waits already that this might not be decided in time).
            LogError: log-stopped (nothing was kept, as far as is known).
        """
        read_envelopes(raw)
        self._check_room(len(raw))
        submission_id = digest(raw)
        statement = acknowledge(
            submission_id,
            foundry=self._foundry,
            origin=self._origin,
            at=self._sequencer.instant,
            seconds=limits.DECIDE_SECONDS_MAX,
        )
        envelope = seal(statement, [self._signer])
        kept = await asyncio.to_thread(self._spool.keep, submission_id, raw, envelope)
        if kept == envelope or not self._decides(submission_id):
            self._decide_later(submission_id, raw)
        return kept

    def _decides(self, submission_id: str) -> bool:
        return any(each == submission_id for each, _ in self._tasks.values())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                waiting = await asyncio.to_thread(self._spool.waiting)
            except AttestError as error:
                _log.error("the spool cannot be read: %s", where(error))
                continue
            for submission_id, raw in waiting:
                if not self._decides(submission_id):
                    self._decide_later(submission_id, raw)

    def _check_room(self, size: int) -> None:
        if not self._sequencer.ready:
            raise InputError("not-ready", "submissions cannot be decided or recorded")
        if len(self._tasks) >= limits.QUEUE_SUBMISSIONS_MAX:
            raise InputError("busy", "too many submissions are waiting")
        if sum(waiting for _, waiting in self._tasks.values()) + size > limits.QUEUE_BYTES_MAX:
            raise InputError("busy", "submissions of too many bytes are waiting")

    def _decide_later(self, submission_id: str, raw: bytes) -> None:
        task = asyncio.create_task(self._decide(submission_id, raw))
        self._tasks[task] = submission_id, len(raw)
        task.add_done_callback(self._tasks.pop)

    async def _decide(self, submission_id: str, raw: bytes) -> None:
        while True:
            try:
                await self._sequencer.submit(raw)
                await asyncio.to_thread(self._spool.forget, submission_id)
                return
            except AttestError as error:
                if error.code not in PASSING:
                    _log.error("an acknowledged submission waits: %s", where(error))
                    return
                await asyncio.sleep(PAUSE_SECONDS)
