"""Two services on one database under load, of which now one is killed and now the database."""

from __future__ import annotations

import random
import shutil
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from attest import client
from attest.encoding import digest
from attest.errors import RemoteError
from attest.log.check import check_store
from attest.log.checkpoint import LogKeys
from attest.log.export import write_export
from attest.replay import replay
from service.founding import VERIFIER_KEYS
from service.places import DatabasePlace
from service.sequencer import utc_now
from tests.postgres import KILL, Server
from tests.service.house import found_house, served, unread
from tests.world import World

VARIABLE = "LOG_DATABASE"
OPTIONS = ("--store", f"env:{VARIABLE}", "--processes", "0")
ROUNDS, SUBMITTERS = 2, 4


class Submitter(threading.Thread):
    """Submits to one service and another in turn until it is told to stop; keeps every answer."""

    def __init__(self, urls: list[str], number: int) -> None:
        super().__init__(daemon=True)
        self.urls = urls
        self.number = number
        self.stopping = threading.Event()
        self.acknowledged: dict[bytes, Any] = {}
        self.doubtful: list[bytes] = []

    def run(self) -> None:
        count = 0
        while not self.stopping.is_set():
            count += 1
            raw = unread(self.number + count)
            try:
                answer = client.submit(self.urls[count % len(self.urls)], raw)
            except RemoteError:
                self.doubtful.append(raw)
                time.sleep(0.05)  # a killed service refuses at once
            else:
                self.acknowledged[raw] = answer.document


def index_of(document: Any) -> tuple[str, int]:
    return document["id"], document["submission_index"]


def test_no_acknowledged_submission_is_lost(
    tmp_path: Path, world: World, own_server: Server
) -> None:
    place = DatabasePlace(own_server.address(own_server.database()))
    one, two = tmp_path / "one", tmp_path / "two"
    found_house(one, world, place, utc_now())
    shutil.copytree(one, two)
    environment = {VARIABLE: place.address}
    keys = LogKeys.parse((one / VERIFIER_KEYS).read_text().splitlines())
    acknowledged: dict[bytes, Any] = {}
    doubtful: set[bytes] = set()
    chance = random.Random()
    for number in range(ROUNDS):
        with ExitStack() as stack:
            (process, first), (_, second) = (
                stack.enter_context(served(folder, *OPTIONS, **environment))
                for folder in (one, two)
            )
            submitters = [
                Submitter([first, second], 1_000_000 * number + 100_000 * each)
                for each in range(SUBMITTERS)
            ]
            for submitter in submitters:
                submitter.start()
            time.sleep(chance.uniform(0.3, 1.0))
            own_server.stop(KILL)
            own_server.start()
            time.sleep(chance.uniform(0.8, 1.2))
            process.kill()
            time.sleep(chance.uniform(0.3, 0.6))
            for submitter in submitters:
                submitter.stopping.set()
            for submitter in submitters:
                submitter.join()
                acknowledged |= submitter.acknowledged
                doubtful |= set(submitter.doubtful)
    assert len(acknowledged) > 4 * ROUNDS
    with served(two, *OPTIONS, **environment) as (_, url):
        for raw, document in acknowledged.items():
            shown = client.get_submission(url, digest(raw)).document
            assert index_of(shown) == index_of(document)
        for raw in doubtful:
            client.submit(url, raw)
    with closing(place.open(read_only=True)) as store:
        check_store(store, keys=keys)
        write_export(store, tmp_path / "export")
    submitted = acknowledged.keys() | doubtful
    assert replay(tmp_path / "export", log_keys=keys).decisions == len(submitted)
