"""The sequencer when things go wrong: a failing store, a full queue, a defect, the end."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from attest import limits
from attest.encoding import digest, loads
from attest.errors import LogError
from attest.log.sqlite import SqliteStore
from attest.log.store import Batch, Head
from service.records import Recorded
from service.registrar import Registrar
from service.sequencer import Sequencer
from tests.service.house import DSSE, Clock, House, held, registrar_over, running
from tests.world import World

Append = Callable[[SqliteStore, Head, Batch], None]


def lost(append: Append) -> Append:
    """The store fails and keeps nothing."""

    def failing(store: SqliteStore, expected: Head, batch: Batch) -> None:
        raise LogError("log-stopped", "the disk is gone")

    return failing


def kept(append: Append) -> Append:
    """The store keeps the batch and reports a failure all the same."""

    def failing(store: SqliteStore, expected: Head, batch: Batch) -> None:
        append(store, expected, batch)
        raise LogError("log-stopped", "the disk is slow to answer")

    return failing


def unforeseen(append: Append) -> Append:
    """The store fails in a way that is not the log's own."""

    def failing(store: SqliteStore, expected: Head, batch: Batch) -> None:
        raise OSError(28, "No space left on device")

    return failing


@pytest.mark.parametrize(("flavour", "survives"), [(lost, 0), (kept, 2), (unforeseen, 0)])
def test_a_failing_store_stops_everything_and_lies_to_nobody(
    folder: Path,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    flavour: Callable[[Append], Append],
    survives: int,
) -> None:
    raw = held(world)
    with running(folder, world) as house:
        assert house.client.get("/readyz").status_code == 200
        before = house.size()
        with monkeypatch.context() as patched:
            patched.setattr(SqliteStore, "append", flavour(SqliteStore.append))
            answer = house.post(raw)
            assert (answer.status_code, answer.json()["code"]) == (500, "log-stopped")
        later = house.post(held(world, 2))
        assert (later.status_code, later.json()["code"]) == (500, "log-stopped")
        assert house.client.get("/readyz").status_code == 503
        assert house.client.get("/healthz").status_code == 200
        assert house.size() == before
    with running(folder, world) as house:
        assert house.size() == before + survives
        again = house.post(raw)
        assert again.status_code == (200 if survives else 201)
        assert again.json()["submission_index"] == before
        assert house.size() == before + 2


def test_a_commit_without_a_signature_is_signed_when_the_log_is_opened(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(store: SqliteStore, size: int, note: bytes) -> None:
        raise LogError("log-stopped", "the disk is gone")

    raw = held(world)
    with running(folder, world) as house:
        before = house.size()
        with monkeypatch.context() as patched:
            patched.setattr(SqliteStore, "put_checkpoint", failing)
            assert house.post(raw).json()["code"] == "log-stopped"
        identifier = f"/v1/submissions/{digest(raw)}"
        assert house.client.get(identifier).status_code == 404
        assert house.client.get(f"/v1/log/entries/{before}").status_code == 404
    with running(folder, world) as house:
        assert house.size() == before + 2
        assert house.client.get(identifier).status_code == 200


def test_a_failing_store_stops_a_review_too(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(folder, world) as house:
        answer = house.post(held(world)).json()
        path = f"/v1/submissions/{answer['id']}/reviews"
        review = house.review_of(answer)
        with monkeypatch.context() as patched:
            patched.setattr(SqliteStore, "append", lost(SqliteStore.append))
            failed = house.client.post(path, content=review, headers=DSSE)
        assert (failed.status_code, failed.json()["code"]) == (500, "log-stopped")
        assert house.client.get("/readyz").status_code == 503


def test_a_second_writer_is_noticed(house: House) -> None:
    store = SqliteStore.open(house.folder / "log.sqlite")
    store._connection.execute("BEGIN IMMEDIATE")
    store._connection.execute(
        "INSERT INTO entries SELECT position + 1, entry, salt, body FROM entries"
        " ORDER BY position DESC LIMIT 1"
    )
    store._connection.execute("COMMIT")
    store.close()
    answer = house.post(held(house.world))
    assert (answer.status_code, answer.json()["code"]) == (500, "log-stopped")


def test_a_full_queue_refuses_and_loses_nothing(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()
    register = Registrar.register

    def waiting(self: Registrar, raws: Sequence[bytes], at: Any) -> Any:
        entered.set()
        assert gate.wait(30)
        return register(self, raws, at)

    monkeypatch.setattr(Registrar, "register", waiting)
    monkeypatch.setattr(limits, "QUEUE_SUBMISSIONS_MAX", 2)

    async def flood(house: House) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as client:

            def submit(number: int) -> asyncio.Task[httpx.Response]:
                raw = held(world, number)
                post = client.post("/v1/submissions", content=raw, headers=DSSE)
                return asyncio.create_task(post)

            first = submit(0)
            await asyncio.to_thread(entered.wait, 30)
            others = [submit(number) for number in range(1, 11)]
            refused = 0
            for done in asyncio.as_completed(others):
                refused += (await done).status_code == 503
                if refused == 8:
                    break
            gate.set()
            return list(await asyncio.gather(first, *others))

    with running(folder, world) as house:
        before = house.size()
        answers = asyncio.run(flood(house))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [503] * 8
        for answer in answers:
            if answer.status_code == 503:
                assert answer.json()["code"] == "busy"
                assert answer.headers["retry-after"] == "1"
        assert house.size() == before + 6
        assert house.client.get("/readyz").status_code == 200


def test_waiting_bytes_are_bounded_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = held(house.world)
    monkeypatch.setattr(limits, "QUEUE_BYTES_MAX", len(raw) - 1)
    answer = house.post(raw)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    monkeypatch.setattr(limits, "QUEUE_BYTES_MAX", len(raw))
    assert [house.post(raw).status_code for _ in range(3)] == [201, 200, 200]


def test_a_worker_that_dies_costs_one_answer(folder: Path, world: World) -> None:
    with running(folder, world, processes=1) as house:
        assert house.post(held(world, 1)).status_code == 201
        (worker,) = multiprocessing.active_children()
        worker.kill()
        worker.join()
        before = house.size()
        answer = house.post(held(world, 2))
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert house.size() == before
        assert house.post(held(world, 2)).status_code == 201
    assert multiprocessing.active_children() == []


def test_a_defect_in_one_submission_leaves_the_others_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = held(house.world, 666)

    def failing(raw: bytes, **given: Any) -> Any:
        if raw == broken:
            raise KeyError("the sender's own words")
        return loads(raw, **given)

    monkeypatch.setattr("attest.decision.encoding.loads", failing)
    before = house.size()
    answer = house.post(broken)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert house.size() == before
    assert house.post(held(house.world)).status_code == 201
    assert "deciding failed: KeyError" in caplog.text
    assert "the sender's own words" not in caplog.text


def test_a_sequencer_ends_only_after_its_queue(folder: Path, world: World) -> None:
    raws = [held(world, number) for number in range(8)]

    async def enter_and_leave(sequencer: Sequencer) -> list[Recorded]:
        async with sequencer:
            tasks = [asyncio.create_task(sequencer.submit(raw)) for raw in raws]
            await asyncio.sleep(0)
        with pytest.raises(LogError) as caught:
            await sequencer.submit(b"{}")
        assert caught.value.code == "log-stopped"
        return list(await asyncio.gather(*tasks))

    with registrar_over(folder) as registrar:
        recorded = asyncio.run(enter_and_leave(Sequencer(registrar, clock=Clock())))
    assert [each.replayed for each in recorded] == [False] * 8
    assert len({each.submission_index for each in recorded}) == 8
