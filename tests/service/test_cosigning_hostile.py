"""One bad witness among several, and other attacks on a service that asks witnesses."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from attest import client, limits
from attest.errors import LogError
from attest.log.cosignature import CosignatureSigner
from attest.log.note import parse_vkey
from attest.log.policy import parse_policy
from attest.log.sqlite import SqliteStore
from service.cosigning import FILE, Cosigner
from service.witness import KEYS, VERIFIER_KEYS, make_witness
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
