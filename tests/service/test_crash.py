"""A real server, killed at random moments under load, round after round.

Whatever it had answered with 201 before it died is in the log when it comes back, with the same
answer; the log checks and, at the end, replays.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from attest import client
from attest.errors import RemoteError
from attest.log.check import check_store
from attest.log.checkpoint import LogKeys
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.replay import replay
from service.founding import STORE, VERIFIER_KEYS, found
from service.sequencer import utc_now
from tests.service.house import charter_of, decision_pem, served, unread
from tests.world import World

ROUNDS = 7
SUBMITTERS = 6
LIFETIME_SECONDS = (0.0, 0.8)
"""How long a server lives on after its first answer: from and to."""


class Submitter(threading.Thread):
    """Submits without pause until the server is gone; keeps every answer."""

    def __init__(
        self, url: str, raws: Iterator[bytes], lock: threading.Lock, answered: threading.Event
    ) -> None:
        super().__init__()
        self.url = url
        self.raws = raws
        self.lock = lock
        self.answered = answered
        self.acknowledged: dict[bytes, Any] = {}
        self.doubtful: list[bytes] = []

    def run(self) -> None:
        while True:
            with self.lock:
                raw = next(self.raws)
            try:
                answer = client.submit(self.url, raw)
            except RemoteError:
                self.doubtful.append(raw)
                return
            assert answer.status == 201
            self.acknowledged[raw] = answer.document
            self.answered.set()


def variants(world: World, first: int) -> Iterator[bytes]:
    """Submissions without end, each of other bytes; every fourth is a refusal."""
    signed = [world.submission(), world.submission(fabricator={})]
    number = first
    while True:
        number += 1
        if number % 4 == 0:
            yield unread(number)
        else:
            yield signed[number % 2] + b" " * (number // 500) + b"\n" * (number % 500)


def children_of(pid: int) -> list[Path]:
    """The worker processes of a server, where the system tells them."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [Path("/proc", each) for each in listing.read_text().split()] if listing.exists() else []


def check_gone(processes: list[Path]) -> None:
    """Workers end when their server does, however it ended."""
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            for _ in range(1000):
                if (process / "stat").read_text().rpartition(") ")[2].startswith("Z"):
                    break
                time.sleep(0.01)
            else:
                raise AssertionError("a worker outlived its server")


def lasting(document: Any) -> Any:
    """What must never change of an answer; a proof follows the newest checkpoint."""
    return {name: document[name] for name in document if name not in ("proof", "reviews")}


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    world, folder = World(), tmp_path / "data"
    found(
        folder, charter_of(world), decision_pem=decision_pem(world), passphrase=None, at=utc_now()
    )
    keys = LogKeys.parse((folder / VERIFIER_KEYS).read_text().splitlines())
    chance = random.Random()
    acknowledged: dict[bytes, Any] = {}
    doubtful: list[bytes] = []
    unverified: list[bytes] = []
    for round_number in range(ROUNDS):
        with served(folder, "--processes", "2") as (process, url):
            for raw in unverified:
                found_again = client.submit(url, raw)
                assert found_again.replayed
                assert lasting(found_again.document) == lasting(acknowledged[raw])
            raws, lock = variants(world, round_number * 100_000), threading.Lock()
            answered = threading.Event()
            submitters = [Submitter(url, raws, lock, answered) for _ in range(SUBMITTERS)]
            for submitter in submitters:
                submitter.start()
            assert answered.wait(20)
            time.sleep(chance.uniform(*LIFETIME_SECONDS))
            workers = children_of(process.pid)
            process.send_signal(signal.SIGKILL)
            for submitter in submitters:
                submitter.join()
        check_gone(workers)
        unverified = []
        for submitter in submitters:
            acknowledged |= submitter.acknowledged
            doubtful += submitter.doubtful
            unverified += chance.sample(
                [*submitter.acknowledged], min(10, len(submitter.acknowledged))
            )
        store = SqliteStore.open(folder / STORE)
        check_store(store, keys=keys)
        store.close()
    assert len(acknowledged) > 2 * ROUNDS
    check_the_end(folder, keys, acknowledged, doubtful, tmp_path / "export")


def check_the_end(
    folder: Path,
    keys: LogKeys,
    acknowledged: dict[bytes, Any],
    doubtful: list[bytes],
    export: Path,
) -> None:
    with served(folder, "--processes", "2") as (_, url):
        for document in acknowledged.values():
            shown = client.get_submission(url, document["id"])
            assert lasting(shown.document) == lasting(document)
        for raw in doubtful:
            client.submit(url, raw)
    store = SqliteStore.open(folder / STORE)
    write_export(store, export)
    store.close()
    report = replay(export, log_keys=keys)
    assert report.decisions == len(acknowledged) + len(doubtful)
    assert report.refusals["unknown-key"] > 0
