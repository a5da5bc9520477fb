"""One bad witness among several, and other attacks on a service that asks witnesses."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from attest import client, limits
from attest.errors import LogError
from attest.log.cosignature import CosignatureSigner
from attest.log.note import parse_vkey
from attest.log.policy import parse_policy
from attest.log.sqlite import SqliteStore
from service.cosigning import FILE, RETRY_SECONDS_MAX, RETRY_SECONDS_MIN, Cosigner
from service.witness import (
    KEYS,
    VERIFIER_KEYS,
    create_witness_app,
    make_witness,
    open_witness,
)
from tests.log.sample import NOON, filled
from tests.service.house import serving
from tests.service.test_cosigning import (
    LOG,
    Liar,
    cosigner,
    grow,
    lines_of,
    policy_of,
    size_of,
    witness,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a log of 40 entries."""
    (tmp_path / "data").mkdir()
    filled(tmp_path / "data" / "log.sqlite", LOG, 40).close()
    return tmp_path / "data"


def tricks(folder: Path, other: Path) -> list[Callable[[bytes], bytes]]:
    """What a member of a policy may add to its good cosignatures, to spoil those of others."""
    victim = parse_vkey((other / VERIFIER_KEYS).read_text().splitlines()[0])
    stranger = CosignatureSigner.generate("stranger.example")
    return [
        lambda _: victim.line(bytes(8) + bytes(64)),
        lambda _: LOG.keys.note_keys()[0].line(bytes(64)),
        lambda note: stranger.cosign(note, at=NOON) * 15,
    ]


@pytest.mark.parametrize("trick", range(3))
def test_one_member_cannot_spoil_what_the_others_cosigned(
    trick: int, folder: Path, tmp_path: Path
) -> None:
    """Lines by keys of others are dropped: one liar does not keep a checkpoint from its quorum."""
    names = ("w1", "w2", "liar")
    for name in names:
        make_witness(tmp_path / name, f"{name}.example", None)
    keys = [tmp_path / "liar" / path for path in KEYS]
    pems = keys[0].read_bytes(), keys[1].read_bytes()
    liar = CosignatureSigner.from_pem("liar.example", pems, None)
    with closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store:
        note = store.head().checkpoint or b""
    extra = tricks(tmp_path / "liar", tmp_path / "w1")[trick](note)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(witness(tmp_path / name, LOG.keys)) for name in names[:2]}
        port = stack.enter_context(serving(Liar(200, liar.cosign(note, at=NOON) + extra)))
        urls["liar"] = f"http://127.0.0.1:{port}"
        text = "".join(lines_of(tmp_path / name, name, urls[name]) for name in names)
        quorum = "group q 2 w1-any w2-any liar-any\nquorum q\n"
        with cosigner(folder, parse_policy(text + quorum)) as asked:
            asked.ask_all()
            assert size_of(asked) == 40
            assert asked.newest is not None
            assert extra not in asked.newest[0]


@pytest.mark.parametrize(
    ("liars", "cosigned", "stopped"), [(0, 40, False), (1, 40, False), (2, 0, True), (3, 0, True)]
)
def test_a_larger_log_is_believed_of_no_fewer_than_can_keep_it_from_its_quorum(
    liars: int, cosigned: int, stopped: bool, folder: Path, tmp_path: Path
) -> None:
    """A 409 is signed by nobody: one witness, or who stands before it, does not stop a foundry."""
    text = ""
    with ExitStack() as stack:
        larger = stack.enter_context(serving(Liar(409, b"1099511627776\n")))
        for number in range(3):
            name = f"w{number}"
            if number < liars:
                make_witness(tmp_path / name, f"{name}.example", None)
                url = f"http://127.0.0.1:{larger}/{number}"
            else:
                url = stack.enter_context(witness(tmp_path / name, LOG.keys, f"{name}.example"))
            text += lines_of(tmp_path / name, name, url)
        quorum = "group q 2 w0-any w1-any w2-any\nquorum q\n"
        with cosigner(folder, parse_policy(text + quorum)) as asked:
            asked.ask_all()
            status = asked.status()
            assert (status["cosigned_size"], status["rolled_back"]) == (cosigned, stopped)
            shown = [each.get("failure") for each in status["witnesses"]]
            assert shown == ["rolled-back"] * liars + [None] * (3 - liars)
            if stopped:
                with pytest.raises(LogError) as caught:
                    asked.check()
                assert caught.value.code == "rolled-back"
            else:
                asked.check()


def test_who_claims_a_larger_log_and_then_cosigns_claims_it_no_longer(
    folder: Path, tmp_path: Path
) -> None:
    """Two that are wrong one after the other are not two that agree."""
    now = 0.0
    first, second = Liar(409, b"99\n"), Liar(500, b"")
    make_witness(tmp_path / "w3", "w3.example", None)
    text = lines_of(tmp_path / "w3", "w3", "http://127.0.0.1:9")
    names = ("w1", "w2")
    signers = {}
    for name in names:
        make_witness(tmp_path / name, f"{name}.example", None)
        pems = [(tmp_path / name / path).read_bytes() for path in KEYS]
        signers[name] = CosignatureSigner.from_pem(f"{name}.example", (pems[0], pems[1]), None)
    with closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store:
        note = store.head().checkpoint or b""
    with serving(first) as one, serving(second) as two:
        for name, port in zip(names, (one, two), strict=True):
            text += lines_of(tmp_path / name, name, f"http://127.0.0.1:{port}")
        policy = parse_policy(text + "group q 2 w1-any w2-any w3-any\nquorum q\n")
        with cosigner(folder, policy, clock=lambda: now) as asked:
            asked.ask_all()
            now += RETRY_SECONDS_MAX
            first.answer = 200, signers["w1"].cosign(note, at=NOON)
            second.answer = 409, b"99\n"
            asked.ask_all()
            assert asked.status()["rolled_back"] is False
            now += RETRY_SECONDS_MAX
            second.answer = 200, signers["w2"].cosign(note, at=NOON)
            asked.ask_all()
            assert size_of(asked) == 40


class Counted:
    """An application that counts what it is asked."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += scope["type"] == "http"
        await self._application(scope, receive, send)


@pytest.mark.parametrize(
    ("status", "body", "requests"), [(500, b"", 1), (409, b"41\n", 1), (409, b"7\n", 2)]
)
def test_who_fails_is_asked_more_rarely_and_who_has_cosigned_not_again(
    status: int, body: bytes, requests: int, folder: Path, tmp_path: Path
) -> None:
    now = 0.0
    for name in ("w1", "w2"):
        make_witness(tmp_path / name, f"{name}.example", None)
    logs = {LOG.keys.origin: LOG.keys.note_keys()}
    with ExitStack() as stack:
        desk = stack.enter_context(
            closing(open_witness(tmp_path / "w1", logs, None, clock=lambda: NOON))
        )
        good, bad = Counted(create_witness_app(desk)), Counted(Liar(status, body))
        ports = [stack.enter_context(serving(each)) for each in (good, bad)]
        text = lines_of(tmp_path / "w1", "w1", f"http://127.0.0.1:{ports[0]}/witness")
        text += lines_of(tmp_path / "w2", "w2", f"http://127.0.0.1:{ports[1]}")
        policy = parse_policy(text + "group q all w1-any w2-any\nquorum q\n")
        asked = stack.enter_context(cosigner(folder, policy, clock=lambda: now))
        times = []
        for _ in range(300):
            before = bad.asked
            asked.ask_all()
            if bad.asked > before:
                times.append(now)
                assert bad.asked == before + requests
            now += 0.25
        assert good.asked == 1
        assert (times[0], RETRY_SECONDS_MIN, RETRY_SECONDS_MAX) == (0, 1, 16)
        assert [late - early for early, late in pairwise(times)] == [1, 2, 4, 8, 16, 16, 16]
        grow(folder, 1)
        asked.ask_all()
        assert good.asked == 2


class OneThread:
    """A store that counts who else than its owner reads it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._owner = threading.get_ident()
        self.strangers = 0

    def __getattr__(self, name: str) -> Any:
        self.strangers += threading.get_ident() != self._owner
        return getattr(self._store, name)


def test_the_store_is_read_by_one_thread(folder: Path, tmp_path: Path) -> None:
    """A connection is one thread's: two that report a larger log at once must not break it."""
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    with (
        serving(Liar(409, b"41\n")) as port,
        closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store,
    ):
        policy = policy_of(tmp_path / "w", f"http://127.0.0.1:{port}")
        watched: Any = OneThread(store)
        asked = Cosigner(watched, keys=LOG.keys, policy=policy, folder=folder)
        asked.ask_all()
        assert asked.status()["rolled_back"] is True
        assert watched.strangers == 0


def test_witnesses_that_never_answer_leave_time_for_the_others() -> None:
    """Two rounds, each a connection and an answer, end before a service that fails closed stops."""
    assert 4 * client.WITNESS_SECONDS_MAX < limits.COSIGNING_SECONDS_MAX


def test_another_policy_starts_from_what_was_cosigned_before(folder: Path, tmp_path: Path) -> None:
    """Witnesses may be exchanged; what the new ones have not cosigned still shows a rollback."""
    backup = tmp_path / "backup"
    shutil.copytree(folder, backup)
    grow(folder, 5)
    with (
        witness(tmp_path / "w1", LOG.keys) as url,
        cosigner(folder, policy_of(tmp_path / "w1", url)) as asked,
    ):
        asked.ask_all()
        assert size_of(asked) == 45
    with witness(tmp_path / "w2", LOG.keys, "another.example") as url:
        policy = policy_of(tmp_path / "w2", url)
        with cosigner(folder, policy) as asked:
            assert asked.newest is None
            asked.ask_all()
            assert size_of(asked) == 45
        make_witness(tmp_path / "w3", "third.example", None)
        shutil.copy(folder / FILE, backup / FILE)
        third = policy_of(tmp_path / "w3", "http://127.0.0.1:9")
        with pytest.raises(LogError) as caught, cosigner(backup, third):
            pass
        assert caught.value.code == "rolled-back"
