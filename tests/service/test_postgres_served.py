"""The service on PostgreSQL: processes of its own, two of them at once, a database that ends."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from attest import client
from attest.encoding import digest
from attest.log.check import check_store
from attest.log.checkpoint import LogKeys
from attest.log.export import write_export
from attest.replay import replay
from service.founding import STORE, VERIFIER_KEYS
from service.places import DatabasePlace
from service.sequencer import utc_now
from tests.postgres import KILL, Server
from tests.service.house import DSSE, House, found_house, held, running, served, unread
from tests.world import World

VARIABLE = "LOG_DATABASE"
OPTIONS = ("--store", f"env:{VARIABLE}", "--processes", "0")


def keys_of(folder: Path) -> LogKeys:
    return LogKeys.parse((folder / VERIFIER_KEYS).read_text().splitlines())


def test_the_whole_interface_on_a_database(
    tmp_path: Path, world: World, place: DatabasePlace
) -> None:
    """Submissions, reviews, reads and proofs, and a start on what another start left."""
    folder = tmp_path / "data"
    found_house(folder, world, place)
    assert not (folder / STORE).exists()
    with running(folder, world, place=place) as house:
        answer = house.post(held(world))
        assert answer.status_code == 201
        path = f"/v1/submissions/{answer.json()['id']}"
        review = house.review_of(answer.json())
        assert house.client.post(f"{path}/reviews", content=review, headers=DSSE).status_code == 201
        assert house.post(unread(), prefer="respond-async").status_code == 202
        size = house.size()
    with running(folder, world, place=place) as house:
        assert house.size() >= size
        assert house.post(held(world)).status_code == 200
        assert house.client.get(f"{path}/casefile").status_code == 200
    assert not list(folder.glob("*.sqlite*"))
    with closing(place.open(read_only=True)) as store:
        write_export(store, tmp_path / "export")
    report = replay(tmp_path / "export", log_keys=keys_of(folder))
    assert (report.decisions, report.reviews) == (2, 1)


def test_two_processes_submit_at_once(tmp_path: Path, world: World, place: DatabasePlace) -> None:
    """Nothing is lost, there is one chain, and one decision for each submission."""
    one, two = tmp_path / "one", tmp_path / "two"
    found_house(one, world, place, utc_now())
    shutil.copytree(one, two)
    raws = [unread(number) for number in range(60)]
    raws += [world.submission() + b" " * number for number in range(60)]
    environment = {VARIABLE: place.address}
    with (
        served(one, *OPTIONS, **environment) as (_, first),
        served(two, *OPTIONS, **environment) as (_, second),
        ThreadPoolExecutor(8) as pool,
    ):
        asked = [(url, raw) for raw in raws for url in (first, second)]
        random.Random(6).shuffle(asked)
        answers = list(pool.map(lambda pair: client.submit(*pair), asked))
    recorded = Counter(
        url for (url, _), answer in zip(asked, answers, strict=True) if not answer.replayed
    )
    assert recorded.keys() == {first, second}
    assert recorded.total() == len(raws)
    indices: dict[str, set[int]] = {}
    for answer in answers:
        indices.setdefault(answer.document["id"], set()).add(answer.document["submission_index"])
    assert indices.keys() == {digest(raw) for raw in raws}
    assert {len(each) for each in indices.values()} == {1}
    with closing(place.open(read_only=True)) as store:
        check_store(store, keys=keys_of(one))
        write_export(store, tmp_path / "export")
    assert replay(tmp_path / "export", log_keys=keys_of(one)).decisions == len(raws)


def awaited(house: House, status: int) -> bool:
    """Whether the service comes to say that it is ready, or that it is not."""
    for _ in range(200):
        if house.client.get("/readyz").status_code == status:
            return True
        time.sleep(0.05)
    return False


def test_a_database_that_ends_is_waited_for(
    tmp_path: Path, world: World, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered is there afterwards; nobody restarts the service."""
    monkeypatch.setattr("service.later.LOOK_SECONDS", 0.1)
    place = DatabasePlace(own_server.address(own_server.database()))
    found_house(tmp_path / "data", world, place)
    with running(tmp_path / "data", world, place=place) as house:
        answer = house.post(held(world, 1))
        assert answer.status_code == 201
        own_server.stop(KILL)
        failed = house.post(held(world, 2))
        assert (failed.status_code, failed.json()["code"]) == (503, "store-unavailable")
        assert failed.headers["retry-after"]
        assert str(own_server.folder) not in failed.text
        assert own_server.password not in failed.text
        assert awaited(house, 503)
        assert house.post(unread(), prefer="respond-async").json()["code"] == "not-ready"
        own_server.start()
        assert awaited(house, 200)
        assert house.post(held(world, 1)).json()["decision"] == answer.json()["decision"]
        assert house.post(held(world, 2)).status_code == 201
    with closing(place.open(read_only=True)) as store:
        check_store(store, keys=keys_of(tmp_path / "data"))


def test_an_acknowledged_submission_is_taken_up_by_another_process(
    tmp_path: Path, world: World, place: DatabasePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.LOOK_SECONDS", 0.1)
    found_house(tmp_path / "data", world, place)
    with running(tmp_path / "data", world, place=place) as house:
        with closing(place.spool()) as other:
            other.keep(digest(unread(3)), unread(3), b"what the other promised")
        for _ in range(200):
            if house.client.get(f"/v1/submissions/{digest(unread(3))}").status_code == 200:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("nobody took it up")
    with closing(place.spool()) as spool:
        assert spool.waiting() == []
