"""Asking witnesses: the log's checkpoints, cosigned by those whom its policy names.

A thread of its own takes the newest checkpoint that the log has signed, asks every witness of the
policy that has an address, and keeps the first one that reaches the quorum in DATA/cosigned.
Deciding does not wait for witnesses: an answer is proven by the log's own checkpoint, and readers
get the cosigned one, and proofs that lead to it, as soon as it covers the entry.

A witness that has cosigned a checkpoint is not asked for it again; one that fails is asked more and
more rarely. Several processes on one log each ask, and share what was cosigned: whichever of them a
reader turns to, the sizes that it sees do not go back.

Submissions are refused once so many witnesses say that they have seen a larger log than this one
that the others cannot reach the quorum: an older state was restored. Fewer may be wrong or lie, for
nothing proves what they say: they are shown, and the log goes on. Where the service is told to fail
closed, submissions are refused too while the newest checkpoint has waited for its quorum longer
than `limits.COSIGNING_SECONDS_MAX`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from attest import client, limits
from attest.encoding import Json
from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import LogKeys, open_checkpoint
from attest.log.cosignature import cosignatures
from attest.log.merkle import prove_consistency
from attest.log.note import NoteKey, lines_by
from attest.log.policy import Policy, open_cosigned
from attest.log.store import LogStore
from attest.log.witness import AddCheckpoint, Behind, format_add_checkpoint
from service.files import read_file
from service.problems import where

_log = logging.getLogger("foundry.cosigning")

FILE: Final = "cosigned"
PAUSE_SECONDS: Final = 0.2
"""How long the thread rests before it looks for a newer checkpoint."""
RETRY_SECONDS_MIN: Final = 1.0
RETRY_SECONDS_MAX: Final = 16.0
"""How long a witness that failed is left alone: twice as long each time, between these two."""


@dataclass
class Standing:
    """How a witness stands: the size that it cosigned last, and the code of what failed since.

    `claimed` is the size of which it said that the log had it, when that is more than the log has;
    it is not asked before `ask_at`, which is `pause` seconds after it failed last.
    """

    cosigned: int = 0
    failure: str | None = None
    claimed: int = 0
    pause: float = 0.0
    ask_at: float = 0.0

    def succeed(self, size: int) -> None:
        """Take down that a size was cosigned."""
        self.cosigned, self.failure, self.claimed = size, None, 0
        self.pause = self.ask_at = 0.0

    def fail(self, code: str, now: float) -> None:
        """Take down a failure, and leave the witness alone for a while."""
        self.failure = code
        self.pause = min(max(2 * self.pause, RETRY_SECONDS_MIN), RETRY_SECONDS_MAX)
        self.ask_at = now + self.pause


class Shared(Protocol):
    """The newest cosigned checkpoint of all processes that share a log; for any thread."""

    def read(self) -> bytes | None:
        """The newest, None before the first.

        Raises:
            LogError: store-unavailable, log-stopped.
        """

    def keep(self, note: bytes, size: int) -> None:
        """Keep another one, unless there is one of a larger size.

        Raises:
            LogError: store-unavailable, head-moved, log-stopped.
        """


class Cosigner:
    """Asks witnesses in a thread; a context manager, of which any thread may read what it shows."""

    def __init__(
        self,
        store: LogStore,
        *,
        keys: LogKeys,
        policy: Policy,
        folder: Path,
        fail_closed: bool = False,
        shared: Shared | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take up where the last service ended.

        `store` is read by no other thread; `shared` is left out where one process has the log to
        itself; `clock` counts seconds and never goes back.

        Raises:
            LogError: what is wrong with the cosigned checkpoint in the folder.
        """
        self._store = store
        self._keys = keys
        self._policy = policy
        self._path = folder / FILE
        self._fail_closed = fail_closed
        self._shared = shared
        self._sharing = threading.Lock()
        self._clock = clock
        self._witnesses = _by_address(policy)
        self._standing = {url: Standing() for url in self._witnesses}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cosigner", daemon=True)
        self._newest = self._kept()
        self._note = b""
        self._lines: dict[str, bytes] = {}
        """What the witnesses have answered for the checkpoint in `_note`."""
        self._waiting_since: float | None = None
        self._rolled_back = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def newest(self) -> tuple[bytes, int] | None:
        """The newest cosigned checkpoint and its size, None before the first.

        Raises:
            LogError: store-unavailable, log-stopped (where processes share it).
        """
        if self._shared is None:
            return self._newest
        with self._sharing:
            note = self._shared.read()
            if note is not None and (self._newest is None or note != self._newest[0]):
                taken = self._opened(note)
                if taken and (self._newest is None or taken[1] >= self._newest[1]):
                    self._newest = taken
            return self._newest

    def check(self) -> None:
        """Check that submissions may be taken.

        Raises:
            LogError: rolled-back.
            InputError: witnesses-late.
        """
        if self._rolled_back:
            raise LogError("rolled-back", "too many witnesses have seen a larger log than this one")
        since = self._waiting_since
        waited = 0.0 if since is None else self._clock() - since
        if self._fail_closed and waited > limits.COSIGNING_SECONDS_MAX:
            raise InputError("witnesses-late", "the witnesses do not follow the log")

    def status(self) -> dict[str, Json]:
        """How the witnesses stand, for whoever operates or reads the log."""
        newest = self.newest
        return {
            "cosigned_size": 0 if newest is None else newest[1],
            "waiting": self._waiting_since is not None,
            "rolled_back": self._rolled_back,
            "witnesses": [
                {
                    "url": url,
                    "keys": [key.name for key in self._witnesses[url]],
                    "cosigned_size": standing.cosigned,
                    **({} if standing.failure is None else {"failure": standing.failure}),
                }
                for url, standing in self._standing.items()
            ],
        }

    def ask_all(self) -> None:
        """Have the newest signed checkpoint cosigned, as far as the witnesses answer.

        Raises:
            LogError: what the store fails with.
        """
        head, newest = self._store.head(), self.newest
        if head.checkpoint is None or (newest and newest[1] >= head.signed):
            self._waiting_since = None
            return
        if self._waiting_since is None:
            self._waiting_since = self._clock()
        if head.checkpoint != self._note:
            self._note, self._lines = head.checkpoint, {}
        self._collect(head.signed)
        opened = self._opened(self._note + b"".join(self._lines.values()))
        if opened is None:
            return
        self._keep(opened[0])
        if self._shared is not None:
            self._shared.keep(*opened)
        self._newest = opened
        self._waiting_since = None

    def _collect(self, size: int) -> None:
        """Ask those who are due; those who have cosigned another size last, once more from it."""
        now = self._clock()
        due = [
            url
            for url, standing in self._standing.items()
            if url not in self._lines and standing.ask_at <= now
        ]
        for url in self._ask(self._ask(due, size), size):
            self._fail(url, "remote")
        self._see_larger()

    def _ask(self, urls: list[str], size: int) -> list[str]:
        """Ask witnesses at once; returns those who have cosigned another size last."""
        if not urls:
            return []
        requests = {url: self._request(self._standing[url].cosigned, size) for url in urls}
        with ThreadPoolExecutor(len(requests)) as pool:
            behind = pool.map(lambda url: self._answer(url, requests[url], size), urls)
            return [url for url, again in zip(urls, behind, strict=True) if again]

    def _request(self, old: int, size: int) -> bytes:
        proof = prove_consistency(old, size, self._store.nodes) if 0 < old < size else []
        return format_add_checkpoint(AddCheckpoint(old, tuple(proof), self._note))

    def _answer(self, url: str, request: bytes, size: int) -> bool:
        """Ask a witness and keep its lines; whether it is to be asked from another size."""
        standing = self._standing[url]
        try:
            answered = self._note + client.ask_witness(url, request)
            if not cosignatures(answered, self._witnesses[url]):
                raise LogError("checkpoint-signature", "no cosignature by a key of the policy")
            self._lines[url] = lines_by(answered, self._witnesses[url])
        except Behind as behind:
            if behind.size <= size:
                standing.cosigned, standing.claimed = behind.size, 0
                return True
            standing.claimed = behind.size
            self._fail(url, "rolled-back")
        except AttestError as error:
            self._fail(url, error.code)
        else:
            standing.succeed(size)
        return False

    def _fail(self, url: str, code: str) -> None:
        standing = self._standing[url]
        if standing.failure != code:
            _log.warning("a witness does not cosign: %s", code)
        standing.fail(code, self._clock())

    def _see_larger(self) -> None:
        size = self._store.head().size
        claims = {url: each.claimed for url, each in self._standing.items() if each.claimed > size}
        if not claims or self._rolled_back or self._reached_by(self._witnesses.keys() - claims):
            return
        seen = max(claims.values())
        _log.critical("witnesses have seen %d entries: an older state was restored", seen)
        self._rolled_back = True

    def _reached_by(self, urls: Iterable[str]) -> bool:
        """Whether the quorum is reached once the witnesses at these addresses cosign."""
        keys = {key for url in urls for key in self._witnesses[url]}
        witnesses = self._policy.witnesses.items()
        return self._policy.satisfied_by({name for name, each in witnesses if each.key in keys})

    def _kept(self) -> tuple[bytes, int] | None:
        if not self._path.exists():
            return None
        note = read_file(self._path)
        size = open_checkpoint(note, keys=self._keys).size
        if size > self._store.head().signed:
            raise LogError("rolled-back", "a larger log was cosigned: an older state was restored")
        return self._opened(note)  # None: the policy is another one since

    def _opened(self, note: bytes) -> tuple[bytes, int] | None:
        """A cosigned checkpoint with its size, None where it lacks the quorum of this policy."""
        try:
            opened = open_cosigned(note, keys=self._keys, policy=self._policy)
        except LogError as error:
            if error.code != "quorum-missing":
                raise
            return None
        return note, opened.checkpoint.size

    def _keep(self, note: bytes) -> None:
        partial = self._path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.ask_all()
            except Exception as error:  # noqa: BLE001  the log goes on; readers see who is late
                _log.error("asking witnesses failed: %s", where(error))


def _by_address(policy: Policy) -> Mapping[str, list[NoteKey]]:
    """The addresses of a policy's witnesses, each with the keys that answer there."""
    found: dict[str, list[NoteKey]] = {}
    for witness in policy.witnesses.values():
        if witness.url is not None:
            found.setdefault(witness.url.rstrip("/"), []).append(witness.key)
    return found
