"""Submissions that are acknowledged at once and decided later, whatever happens in between."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from attest import limits
from attest.acknowledgement import open_acknowledgement
from attest.encoding import canonical, digest
from attest.errors import InternalError
from attest.log.checkpoint import LogKeys
from attest.log.export import Export, write_export
from attest.log.sqlite import SqliteStore
from attest.omission import check_acknowledged
from service.founding import STORE
from service.later import Later
from service.sequencer import Sequencer
from service.spool import FILE, SqliteSpool
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.service.house import House, found_house, held, running, unread
from tests.world import NOW, ROOT, World

PREFER = {"prefer": "respond-async"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def folder(tmp_path: Path, world: World) -> Path:
    found_house(tmp_path / "data", world)
    return tmp_path / "data"


def decided(house: House, submission_id: str) -> bool:
    """Wait until a submission has its decision."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if house.client.get(f"/v1/submissions/{submission_id}").status_code == 200:
            return True
        time.sleep(0.02)
    return False


def waiting(folder: Path) -> list[tuple[str, bytes]]:
    spool = SqliteSpool(folder)
    try:
        return spool.waiting()
    finally:
        spool.close()


def test_a_submission_is_acknowledged_and_then_decided(folder: Path, world: World) -> None:
    raw = held(world)
    with running(folder, world) as house:
        answer = house.post(raw, **PREFER)
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "respond-async"
        assert answer.headers["location"] == f"/v1/submissions/{digest(raw)}"
        opened = open_acknowledgement(answer.content, trust=world.trust())
        assert (opened.submission, opened.acknowledgement.received_at) == (digest(raw), NOW)
        assert decided(house, digest(raw))
        assert house.post(raw).status_code == 200
    assert waiting(folder) == []


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async", 202),
        ("Respond-Async", 202),
        ("wait=10, respond-async", 202),
        ("respond-async; foo", 202),
        ("respond-asynchronously", 201),
        ("return=minimal", 201),
    ],
)
def test_who_prefers_what(folder: Path, world: World, prefer: str, status: int) -> None:
    with running(folder, world) as house:
        assert house.post(unread(), prefer=prefer).status_code == status


def test_what_is_no_submission_is_not_acknowledged(folder: Path, world: World) -> None:
    with running(folder, world) as house:
        for raw, code in ((b"{", "json-malformed"), (b"{}", "schema-violation")):
            answer = house.post(raw, **PREFER)
            assert (answer.status_code >= 400, answer.json()["code"]) == (True, code)
    assert waiting(folder) == []


def test_the_same_bytes_are_acknowledged_alike_while_they_wait(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Later, "_decide_later", lambda *_: None)
    with running(folder, world) as house:
        first = house.post(unread(), **PREFER).content
        house.clock.move(5)
        assert house.post(unread(), **PREFER).content == first
    assert [raw for _, raw in waiting(folder)] == [unread()]


@pytest.mark.parametrize(
    ("bound", "value"), [("QUEUE_SUBMISSIONS_MAX", 3), ("QUEUE_BYTES_MAX", 4 * len(unread()) - 1)]
)
def test_no_more_is_acknowledged_than_can_wait(
    bound: str, value: int, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood must not fill the disk, nor make the foundry late for what it has acknowledged."""
    with running(folder, world) as house:
        assert house.post(unread()).status_code == 201
        house.clock.move(-60)  # nothing is decided while the clock stands back
        monkeypatch.setattr(limits, bound, value)
        statuses = [house.post(unread(number), **PREFER).status_code for number in range(1, 6)]
        assert statuses == [202, 202, 202, 503, 503]
        assert house.post(unread(9), **PREFER).json()["code"] == "busy"
        house.clock.move(60)
        assert all(decided(house, digest(unread(number))) for number in range(1, 4))
        monkeypatch.undo()
        assert house.post(unread(9), **PREFER).status_code == 202
        assert decided(house, digest(unread(9)))


def test_nothing_is_acknowledged_that_cannot_be_decided(folder: Path, world: World) -> None:
    """An acknowledgement by a key that has ended could not convict anybody."""
    with running(folder, world) as house:
        house.clock.move(50 * 366 * 24 * 3600)
        answer = house.post(unread(), **PREFER)
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert waiting(folder) == []


def test_what_waits_is_decided_after_a_restart(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Later, "_decide_later", lambda *_: None)
        with running(folder, world) as house:
            for number in range(5):
                assert house.post(unread(number), **PREFER).status_code == 202
    assert len(waiting(folder)) == 5
    with running(folder, world) as house:
        assert all(decided(house, digest(unread(number))) for number in range(5))
    assert waiting(folder) == []


def test_what_failed_is_tried_again_when_it_is_asked_for_again(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    async def fail(*_: object) -> None:
        failed.set()
        raise InternalError("internal", "the disk is full, for example")

    with running(folder, world) as house:
        with monkeypatch.context() as patched:
            patched.setattr(Sequencer, "submit", fail)
            first = house.post(unread(), **PREFER).content
            assert failed.wait(60)
        assert [raw for _, raw in waiting(folder)] == [unread()]
        house.clock.move(5)  # another acknowledgement would be dated later
        deadline = time.monotonic() + 60
        while house.client.get(f"/v1/submissions/{digest(unread())}").status_code != 200:
            assert time.monotonic() < deadline
            answer = house.post(unread(), **PREFER)
            assert answer.status_code == 202
            assert answer.content == first or decided(house, digest(unread()))
    assert waiting(folder) == []


def test_a_clock_that_stands_back_only_delays(folder: Path, world: World) -> None:
    with running(folder, world) as house:
        assert house.post(unread()).status_code == 201
        house.clock.move(-60)
        assert house.post(unread(1), **PREFER).status_code == 202
        time.sleep(0.3)
        assert house.client.get(f"/v1/submissions/{digest(unread(1))}").status_code == 404
        house.clock.move(60)
        assert decided(house, digest(unread(1)))


def test_a_clock_that_stands_back_makes_no_promise_that_is_broken(
    folder: Path, world: World
) -> None:
    """Decisions are never dated before the newest entry, so neither is a promise."""
    with running(folder, world) as house:
        assert house.post(unread()).status_code == 201
        house.clock.move(-2 * limits.DECIDE_SECONDS_MAX)
        answer = house.post(unread(1), **PREFER)
        opened = open_acknowledgement(answer.content, trust=world.trust())
        assert opened.acknowledgement.received_at == NOW
        house.clock.move(2 * limits.DECIDE_SECONDS_MAX)
        assert decided(house, digest(unread(1)))
    store = SqliteStore.open(folder / STORE, read_only=True)
    write_export(store, folder.parent / "export")
    store.close()
    keys = LogKeys.parse((folder / "log.vkeys").read_text().splitlines())
    export = Export.open(folder.parent / "export", keys=keys)
    (kept,) = check_acknowledged(export, [answer.content])
    assert kept.decision is not None


def test_a_killed_service_keeps_what_it_acknowledged(folder: Path, world: World) -> None:
    """kill -9 right after the acknowledgement, several times: the decision comes all the same."""
    command = [sys.executable, "-m", "service", "run", str(folder), "--port", "0"]
    acknowledgements = []
    for number in range(4):
        process = subprocess.Popen(
            [*command, "--no-access-log", "--processes", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            paper = folder.parent / f"{number}.json"
            paper.write_bytes(unread(number))
            written = folder.parent / f"{number}.ack"
            told = attest("submit", url, paper, "--no-wait", "-o", written, "--json")
            assert document(succeeded(told))["id"] == digest(unread(number))
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
        acknowledgements.append(written)
    with running(folder, world) as house:
        house.clock.move((dt.datetime.now(dt.UTC) - NOW) // dt.timedelta(seconds=1) + 1)
        assert all(decided(house, digest(unread(number))) for number in range(4))
    store = SqliteStore.open(folder / STORE, read_only=True)
    write_export(store, folder.parent / "export")
    store.close()
    vkeys = folder / "log.vkeys"
    arguments = ["replay", folder.parent / "export", "--log-keys", vkeys, "--json"]
    for path in acknowledgements:
        arguments += ["--acknowledged", path]
    told = document(succeeded(attest(*arguments)))
    assert [each["submission"] for each in told["acknowledged"]] == [
        digest(unread(number)) for number in range(4)
    ]
    assert all("decision" in each for each in told["acknowledged"])


def test_an_auditor_is_told_what_is_missing(folder: Path, world: World) -> None:
    """The operator drops what was acknowledged; the log goes on; the acknowledgement convicts."""
    with running(folder, world) as house:
        answer = house.post(unread(7), **PREFER)
        assert decided(house, digest(unread(7)))
    found_house(folder.parent / "other", world)
    with running(folder.parent / "other", world) as house:
        house.clock.move(3600)
        assert house.post(unread(8)).status_code == 201
    store = SqliteStore.open(folder.parent / "other" / STORE, read_only=True)
    write_export(store, folder.parent / "export")
    store.close()
    acknowledgement = folder.parent / "ack.json"
    acknowledgement.write_bytes(answer.content)
    vkeys = folder.parent / "other" / "log.vkeys"
    arguments = ["replay", folder.parent / "export", "--log-keys", vkeys]
    result = attest(*arguments, "--acknowledged", acknowledgement)
    check_failed(result, 6, "acknowledged-missing")


def test_the_command_needs_a_place_for_the_acknowledgement(tmp_path: Path) -> None:
    (tmp_path / "paper.json").write_bytes(unread())
    result = attest("submit", "http://127.0.0.1:9", tmp_path / "paper.json", "--no-wait")
    check_failed(result, 1, "usage")


def test_a_broken_spool_is_told(folder: Path, world: World) -> None:
    from attest.errors import LogError

    (folder / FILE).write_bytes(b"not a database, but long enough to be read as one" * 10)
    with pytest.raises(LogError) as caught, running(folder, world):
        pass
    assert caught.value.code == "log-stopped"


def test_the_export_of_a_service_keeps_what_was_promised(folder: Path, world: World) -> None:
    with running(folder, world) as house:
        raws = [house.post(unread(number), **PREFER).content for number in range(3)]
        assert all(decided(house, digest(unread(number))) for number in range(3))
        keys = house.log_keys
    store = SqliteStore.open(folder / STORE, read_only=True)
    write_export(store, folder.parent / "export")
    store.close()
    kept = check_acknowledged(Export.open(folder.parent / "export", keys=keys), raws)
    assert all(each.decision is not None for each in kept)
    assert canonical(json.loads(raws[0])) == raws[0]
