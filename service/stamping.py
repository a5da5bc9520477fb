"""Having the log timestamped: an outside authority's word that it existed by some time (SPEC 13.5).

A thread of its own asks each authority every so often to timestamp the newest checkpoint, the
cosigned one where there are witnesses, and keeps what it answers in DATA/timestamps once it is
verified. Deciding does not wait for it. An authority that fails is asked again a little later; how
all of them stand can be read.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attest import client, limits
from attest.encoding import Json, encode_base64, format_instant
from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import LogKeys, open_checkpoint
from attest.log.stamp_files import keep_stamp, read_stamps
from attest.log.stamps import (
    Link,
    OpenedStamp,
    Stamp,
    check_trees,
    links,
    next_stamped,
    open_stamps,
)
from attest.log.store import LogStore
from attest.log.timestamp import Authorities, make_request, open_timestamp
from service.problems import where

_log = logging.getLogger("foundry.stamping")

PAUSE_SECONDS: Final = 0.5
"""How long the thread rests before it looks whether an authority is to be asked."""
CLOCKS_APART_MAX: Final = dt.timedelta(seconds=limits.CLOCKS_APART_SECONDS_MAX)
RETRY: Final = dt.timedelta(minutes=5)


@dataclass
class Standing:
    """How an authority stands: when it is asked next, and the code of what failed last."""

    due: dt.datetime | None = None
    failure: str | None = None


class Stamper:
    """Asks authorities in a thread; a context manager, of which any thread may read the stamps."""

    def __init__(
        self,
        store: LogStore,
        *,
        keys: LogKeys,
        authorities: Authorities,
        urls: Sequence[str],
        folder: Path,
        every: dt.timedelta,
        clock: Callable[[], dt.datetime],
        newest: Callable[[], bytes | None],
    ) -> None:
        """Take up where the last service ended.

        `store` is read by no other thread; `newest` gives the checkpoint to have timestamped, if
        there is one; `clock` is aware.

        Raises:
            LogError: what is wrong with the timestamps in the folder; rolled-back (the log is
                smaller than one of them says).
            TrustError: timestamp-expired.
            InputError: file.
        """
        self._keys = keys
        self._authorities = authorities
        self._folder = folder
        self._every = every
        self._clock = clock
        self._newest = newest
        self._standing = {url: Standing() for url in urls}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stamper", daemon=True)
        stamps, _ = read_stamps(folder)
        opened = open_stamps(stamps, keys=keys, authorities=authorities)
        newest_of_log = open_checkpoint(store.head().checkpoint or b"", keys=keys)
        check_trees(opened, newest_of_log, read_nodes=store.nodes)
        self._kept = stamps, opened
        last = opened[-1].timestamp if opened else None
        for standing in self._standing.values():
            standing.due = None if last is None else last.at + every

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

    def ask_due(self) -> None:
        """Ask every authority whose time has come.

        Raises:
            LogError: what the store fails with.
        """
        for url, standing in self._standing.items():
            if self._stopping.is_set():
                return
            now = self._clock()
            # A clock that was set back must not put the next timestamp off for long.
            if standing.due is not None and now < standing.due <= now + self._every:
                continue
            note = self._newest()
            if note is None:
                return
            standing.due = now + min(RETRY, self._every)
            try:
                self._ask(url, note)
            except AttestError as error:
                if standing.failure is None:
                    _log.warning("an authority does not timestamp: %s", error.code)
                standing.failure = error.code
                continue
            standing.failure, standing.due = None, now + self._every

    def _ask(self, url: str, note: bytes) -> None:
        earlier, _ = self._kept
        stamped = next_stamped(earlier, note)
        token = client.ask_timestamp(url, make_request(stamped))
        timestamp = open_timestamp(token, stamped, self._authorities)
        if abs(timestamp.at - self._clock()) > CLOCKS_APART_MAX:
            raise LogError("timestamp-contradicts", "the clocks here and there are far apart")
        stamps = [*earlier, Stamp(stamped, token)]
        opened = open_stamps(stamps, keys=self._keys, authorities=self._authorities)
        keep_stamp(self._folder, len(earlier), stamps[-1])
        self._kept = stamps, opened

    def status(self) -> dict[str, Json]:
        """The timestamps, and how the authorities stand, for whoever operates or reads the log."""
        return {
            "timestamps": [_stamp_json(each) for each in self._kept[1]],
            "authorities": [
                {"url": url, **({} if standing.failure is None else {"failure": standing.failure})}
                for url, standing in self._standing.items()
            ],
        }

    def stamp(self, number: int) -> dict[str, Json]:
        """A timestamp with its token and what that is over, all to verify it offline.

        Raises:
            InputError: not-found.
        """
        stamps, opened = self._kept
        if number >= len(stamps):
            raise InputError("not-found", "no timestamp of that number")
        return _stamp_json(opened[number]) | {
            "stamped": encode_base64(stamps[number].stamped),
            "token": encode_base64(stamps[number].token),
        }

    def links(self, index: int, prove: Callable[[int, int], Sequence[bytes]]) -> tuple[Link, ...]:
        """What proves that an entry existed early; `prove` gives its inclusion in a size."""
        return links(*self._kept, index=index, prove=prove)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            try:
                self.ask_due()
            except Exception as error:  # noqa: BLE001  the log goes on; readers see who is late
                _log.error("asking for timestamps failed: %s", where(error))


def _stamp_json(opened: OpenedStamp) -> dict[str, Json]:
    document: dict[str, Json] = {"number": opened.number, "size": opened.checkpoint.size}
    if opened.timestamp is not None:
        document["time"] = format_instant(opened.timestamp.at)
        document["authority"] = opened.timestamp.authority
        document["until"] = format_instant(opened.timestamp.until)
    return document
