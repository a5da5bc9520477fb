"""Asking witnesses: the log's checkpoints, cosigned by those whom its policy names.

A thread of its own takes the newest checkpoint that the log has signed, asks every witness of the
policy that has an address, and keeps the first one that reaches the quorum in DATA/cosigned.
Deciding does not wait for witnesses: an answer is proven by the log's own checkpoint, and readers
get the cosigned one, and proofs that lead to it, as soon as it covers the entry.

Submissions are refused while a witness has seen a larger log than this one, which means that an
older state was restored; and, where the service is told to fail closed, while the newest checkpoint
has waited for its quorum longer than `limits.COSIGNING_SECONDS_MAX`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

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


@dataclass
class Standing:
    """How a witness stands: the size that it cosigned last, and the code of what failed since."""

    cosigned: int = 0
    failure: str | None = None


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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take up where the last service ended.

        `store` is read by no other thread; `clock` counts seconds and never goes back.

        Raises:
            LogError: what is wrong with the cosigned checkpoint in the folder.
        """
        self._store = store
        self._keys = keys
        self._policy = policy
        self._path = folder / FILE
        self._fail_closed = fail_closed
        self._clock = clock
        self._witnesses = _by_address(policy)
        self._standing = {url: Standing() for url in self._witnesses}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cosigner", daemon=True)
        self._newest = self._kept()
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
        """The newest cosigned checkpoint and its size, None before the first."""
        return self._newest

    def check(self) -> None:
        """Check that submissions may be taken.

        Raises:
            LogError: rolled-back.
            InputError: witnesses-late.
        """
        if self._rolled_back:
            raise LogError("rolled-back", "a witness has seen a larger log than this one")
        since = self._waiting_since
        waited = 0.0 if since is None else self._clock() - since
        if self._fail_closed and waited > limits.COSIGNING_SECONDS_MAX:
            raise InputError("witnesses-late", "the witnesses do not follow the log")

    def status(self) -> dict[str, Json]:
        """How the witnesses stand, for whoever operates or reads the log."""
        return {
            "cosigned_size": 0 if self._newest is None else self._newest[1],
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
        head = self._store.head()
        if head.checkpoint is None or (self._newest and self._newest[1] >= head.signed):
            self._waiting_since = None
            return
        if self._waiting_since is None:
            self._waiting_since = self._clock()
        note = head.checkpoint
        lines = self._ask(list(self._witnesses), note, head.signed)
        behind = {url: answer.size for url, answer in lines.items() if isinstance(answer, Behind)}
        self._see_larger(behind)
        again = [url for url, size in behind.items() if size <= head.signed]
        lines |= self._ask(again, note, head.signed)
        cosigned = note + b"".join(each for each in lines.values() if isinstance(each, bytes))
        try:
            opened = open_cosigned(cosigned, keys=self._keys, policy=self._policy)
        except LogError as error:
            if error.code != "quorum-missing":
                raise
            return
        self._keep(cosigned)
        self._newest = cosigned, opened.checkpoint.size
        self._waiting_since = None

    def _ask(self, urls: list[str], note: bytes, size: int) -> dict[str, bytes | Behind | None]:
        requests = {url: self._request(self._standing[url].cosigned, note, size) for url in urls}
        if not requests:
            return {}
        with ThreadPoolExecutor(len(requests)) as pool:
            answers = pool.map(lambda url: self._answer(url, requests[url], note, size), urls)
            return dict(zip(urls, answers, strict=True))

    def _request(self, old: int, note: bytes, size: int) -> bytes:
        proof = prove_consistency(old, size, self._store.nodes) if 0 < old < size else []
        return format_add_checkpoint(AddCheckpoint(old, tuple(proof), note))

    def _answer(self, url: str, request: bytes, note: bytes, size: int) -> bytes | Behind | None:
        standing = self._standing[url]
        try:
            answered = note + client.ask_witness(url, request)
            if not cosignatures(answered, self._witnesses[url]):
                raise LogError("checkpoint-signature", "no cosignature by a key of the policy")
            lines = lines_by(answered, self._witnesses[url])
        except Behind as behind:
            if behind.size > size:
                standing.failure = "rolled-back"
            else:
                standing.cosigned, standing.failure = behind.size, None
            return behind
        except AttestError as error:
            if standing.failure is None:
                _log.warning("a witness does not cosign: %s", error.code)
            standing.failure = error.code
            return None
        standing.cosigned, standing.failure = size, None
        return lines

    def _see_larger(self, behind: Mapping[str, int]) -> None:
        size = max(behind.values(), default=0)
        if size > self._store.head().size and not self._rolled_back:
            _log.critical("a witness has seen %d entries: an older state was restored", size)
            self._rolled_back = True

    def _kept(self) -> tuple[bytes, int] | None:
        if not self._path.exists():
            return None
        note = read_file(self._path)
        size = open_checkpoint(note, keys=self._keys).size
        if size > self._store.head().signed:
            raise LogError("rolled-back", "a larger log was cosigned: an older state was restored")
        try:
            open_cosigned(note, keys=self._keys, policy=self._policy)
        except LogError as error:
            if error.code != "quorum-missing":
                raise
            return None  # the policy is another one since
        return note, size

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
