"""Witnesses that a service asks: real ones over HTTP, down ones, lying ones, and a restored log."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from attest import limits
from attest.casefile import open_casefile
from attest.encoding import Json
from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.cosignature import CosignatureSigner
from attest.log.policy import Policy, open_cosigned, parse_policy
from attest.log.proof import open_proof, parse_tlog_proof
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from service.cosigning import FILE, Cosigner
from service.witness import (
    VERIFIER_KEYS,
    create_witness_app,
    make_witness,
    open_witness,
)
from tests.cli.helpers import attest, check_failed
from tests.log.sample import NOON, ORIGIN, drafts, filled, later
from tests.service.house import found_house, held, running, serving, unread
from tests.world import World

LOG = CheckpointSigner.generate(ORIGIN)


@contextmanager
def witness(folder: Path, keys: LogKeys, name: str = "auditor.example/w1") -> Iterator[str]:
    """A witness of one log; gives its address."""
    if not folder.exists():
        make_witness(folder, name, None)
    logs = {keys.origin: keys.note_keys()}
    with (
        closing(open_witness(folder, logs, None, clock=lambda: NOON)) as desk,
        serving(create_witness_app(desk)) as port,
    ):
        yield f"http://127.0.0.1:{port}/witness"


def lines_of(folder: Path, name: str, url: str) -> str:
    """The policy's lines of one witness with two keys."""
    ed25519, ml_dsa_44 = (folder / VERIFIER_KEYS).read_text().splitlines()
    return (
        f"witness {name} {ed25519} {url}\nwitness {name}-pq {ml_dsa_44} {url}\n"
        f"group {name}-any any {name} {name}-pq\n"
    )


def policy_of(folder: Path, url: str) -> Policy:
    return parse_policy(lines_of(folder, "w1", url) + "quorum w1-any\n")


@contextmanager
def cosigner(
    folder: Path,
    policy: Policy,
    *,
    fail_closed: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Cosigner]:
    """A cosigner over the log in a folder, asking only when it is told to."""
    with closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store:
        yield Cosigner(
            store, keys=LOG.keys, policy=policy, folder=folder, fail_closed=fail_closed, clock=clock
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a log of 40 entries."""
    (tmp_path / "data").mkdir()
    filled(tmp_path / "data" / "log.sqlite", LOG, 40).close()
    return tmp_path / "data"


def grow(folder: Path, count: int) -> None:
    """Append so many entries."""
    if count == 0:
        return
    with closing(SqliteStore.open(folder / "log.sqlite")) as store:
        writer = LogWriter.open(store, LOG)
        writer.append(drafts(writer.head.size, count), at=later(10_000))


def size_of(cosigner: Cosigner) -> int:
    return 0 if cosigner.newest is None else cosigner.newest[1]


def test_a_growing_log_is_cosigned(folder: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with cosigner(folder, policy) as asked:
            for more, size in ((0, 40), (7, 47), (253, 300)):
                grow(folder, more)
                asked.ask_all()
                assert size_of(asked) == size
                assert asked.newest is not None
                opened = open_cosigned(asked.newest[0], keys=LOG.keys, policy=policy)
                assert opened.witnesses == ("w1", "w1-pq")
            assert asked.status()["waiting"] is False
        with cosigner(folder, policy) as again:  # after a restart it goes on where it was
            assert size_of(again) == 300
            grow(folder, 1)
            again.ask_all()
            assert size_of(again) == 301


def test_a_witness_that_is_down_is_seen_and_caught_up_with(folder: Path, tmp_path: Path) -> None:
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/witness"
    with cosigner(folder, policy_of(tmp_path / "w", url)) as asked:
        asked.ask_all()
        assert size_of(asked) == 0
        (shown,) = asked.status()["witnesses"]
        assert (shown["failure"], asked.status()["waiting"]) == ("network", True)
        asked.check()  # it does not fail closed


def test_failing_closed_waits_only_so_long(folder: Path, tmp_path: Path) -> None:
    now = 0.0
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    policy = policy_of(tmp_path / "w", "http://127.0.0.1:9/witness")
    with cosigner(folder, policy, fail_closed=True, clock=lambda: now) as asked:
        asked.check()
        asked.ask_all()
        now = limits.COSIGNING_SECONDS_MAX
        asked.check()
        now += 1
        with pytest.raises(InputError) as caught:
            asked.check()
        assert caught.value.code == "witnesses-late"


def test_two_of_three_are_enough_and_one_operator_is_one(folder: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        text = ""
        for name in ("w1", "w2"):
            url = stack.enter_context(witness(tmp_path / name, LOG.keys, f"{name}.example"))
            text += lines_of(tmp_path / name, name, url)
        make_witness(tmp_path / "w3", "w3.example", None)
        text += lines_of(tmp_path / "w3", "w3", "http://127.0.0.1:9")
        for threshold, size in ((2, 40), (3, 0)):
            quorum = f"group q {threshold} w1-any w2-any w3-any\nquorum q\n"
            (folder / FILE).unlink(missing_ok=True)
            with cosigner(folder, parse_policy(text + quorum)) as asked:
                asked.ask_all()
                assert size_of(asked) == size


class Liar:
    """An address that answers like a witness, with what it is given."""

    def __init__(self, status: int, body: bytes) -> None:
        self.answer = status, body

    async def __call__(self, scope: Json, receive: Json, send: Json) -> None:
        if scope["type"] != "http":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        status, body = self.answer
        fields = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})


def false_lines() -> bytes:
    stranger = CosignatureSigner.generate("auditor.example/w1")
    return stranger.cosign(LOG.sign(size=40, root=bytes(32), at=NOON), at=NOON)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, b"", "checkpoint-signature"),
        (200, b"junk\n", "checkpoint-malformed"),
        (200, false_lines(), "checkpoint-signature"),
        (409, b"many\n", "remote"),
        (409, b"7", "remote"),
        (403, b"", "remote"),
        (500, b"{}", "remote"),
        (200, b"\xff" * 100, "checkpoint-malformed"),
    ],
)
def test_a_witness_that_lies(
    status: int, body: bytes, failure: str, folder: Path, tmp_path: Path
) -> None:
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    with serving(Liar(status, body)) as port:
        policy = policy_of(tmp_path / "w", f"http://127.0.0.1:{port}")
        with cosigner(folder, policy) as asked:
            asked.ask_all()
            assert size_of(asked) == 0
            assert asked.status()["witnesses"][0]["failure"] == failure


def test_a_witness_of_another_branch_does_not_cosign(folder: Path, tmp_path: Path) -> None:
    """A log that was rewritten, all hashes and signatures made anew, finds no witness."""
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with cosigner(folder, policy) as asked:
            asked.ask_all()
        other = tmp_path / "other"
        other.mkdir()
        filled(other / "log.sqlite", LOG, 44, batch=5).close()
        with cosigner(other, policy) as asked:
            asked.ask_all()
            assert size_of(asked) == 0
            assert asked.status()["witnesses"][0]["failure"] == "remote"


def test_a_restored_older_log_stops_the_service(folder: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(folder, backup)
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        grow(folder, 20)
        with cosigner(folder, policy) as asked:
            asked.ask_all()
            assert size_of(asked) == 60
        with cosigner(backup, policy) as asked:
            asked.ask_all()
            with pytest.raises(LogError) as caught:
                asked.check()
            assert caught.value.code == "rolled-back"
            assert asked.status()["rolled_back"] is True
        shutil.copy(folder / FILE, backup / FILE)
        with pytest.raises(LogError) as refused, cosigner(backup, policy):
            pass
        assert refused.value.code == "rolled-back"


def test_a_kept_checkpoint_that_was_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with cosigner(folder, policy) as asked:
            asked.ask_all()
    raw = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(raw.replace(b"\n40\n", b"\n41\n"))
    with pytest.raises(AttestError) as caught, cosigner(folder, policy):
        pass
    assert caught.value.code == "checkpoint-signature"


def test_readers_of_a_service_get_what_was_cosigned(tmp_path: Path) -> None:
    """Checkpoint, proofs and case files lead to the cosigned checkpoint, and are verified by it."""
    world = World()
    data = tmp_path / "data"
    found_house(data, world)
    keys = LogKeys.parse((data / "log.vkeys").read_text().splitlines())
    with witness(tmp_path / "w", keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with running(data, world, policy=policy) as house:
            answer = house.post(held(world)).json()
            deadline = time.monotonic() + 60
            while True:
                status = house.client.get("/v1/log/witnesses").json()
                if status["cosigned_size"] > answer["decision_index"]:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.05)
            opened = open_cosigned(
                house.client.get("/v1/log/checkpoint").content, keys=keys, policy=policy
            )
            assert opened.witnesses == ("w1", "w1-pq")
            index = answer["decision_index"]
            entry = house.client.get(f"/v1/log/entries/{index}").content
            proof = house.client.get(f"/v1/log/proofs/{index}").content
            open_proof(proof, entry=entry, keys=keys)
            proven = parse_tlog_proof(proof).checkpoint
            assert open_cosigned(proven, keys=keys, policy=policy).checkpoint.size > index
            case = house.client.get(f"/v1/submissions/{answer['id']}/casefile").content
            assert open_casefile(case, log_keys=keys).verdict == "HOLD"
            assert house.client.get("/readyz").status_code == 200


def test_readers_never_see_the_log_go_back(tmp_path: Path) -> None:
    """Before the first cosigned checkpoint none is shown: the log's own would be a larger one."""
    world = World()
    data = tmp_path / "data"
    found_house(data, world)
    keys = LogKeys.parse((data / "log.vkeys").read_text().splitlines())
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    down = policy_of(tmp_path / "w", "http://127.0.0.1:9")
    with running(data, world, policy=down) as house:
        index = house.post(unread()).json()["decision_index"]
        shown = house.client.get("/v1/log/checkpoint")
        assert (shown.status_code, shown.json()["code"]) == (503, "not-ready")
        entry = house.client.get(f"/v1/log/entries/{index}").content
        open_proof(house.client.get(f"/v1/log/proofs/{index}").content, entry=entry, keys=keys)
    sizes: list[int] = []
    with witness(tmp_path / "w", keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with running(data, world, policy=policy) as house:
            deadline = time.monotonic() + 60
            for number in range(1, 6):
                index = house.post(unread(number)).json()["decision_index"]
                while not sizes or sizes[-1] <= index:
                    assert time.monotonic() < deadline
                    shown = house.client.get("/v1/log/checkpoint")
                    if shown.status_code == 503:
                        assert not sizes
                        continue
                    opened = open_cosigned(shown.content, keys=keys, policy=policy)
                    sizes.append(opened.checkpoint.size)
    assert sizes == sorted(sizes)


def test_a_service_that_fails_closed_takes_nothing_unwitnessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COSIGNING_SECONDS_MAX", -1)
    world = World()
    found_house(tmp_path / "data", world)
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    policy = policy_of(tmp_path / "w", "http://127.0.0.1:9")
    with running(tmp_path / "data", world, policy=policy, fail_closed=True) as house:
        answer = house.post(unread())
        assert (answer.status_code, answer.json()["code"]) == (503, "witnesses-late")
        assert answer.headers["retry-after"]
        ready = house.client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "witnesses-late")
        assert house.client.get("/v1/log/witnesses").json()["witnesses"]


def test_a_log_without_witnesses_says_so(tmp_path: Path) -> None:
    world = World()
    found_house(tmp_path / "data", world)
    with running(tmp_path / "data", world) as house:
        assert house.client.get("/v1/log/witnesses").json() == {"witnesses": []}


def test_a_case_file_is_verified_by_the_readers_own_policy(tmp_path: Path) -> None:
    """`attest verify --policy` asks for the witnesses that its reader relies on."""
    world = World()
    data = tmp_path / "data"
    found_house(data, world)
    keys = LogKeys.parse((data / "log.vkeys").read_text().splitlines())
    with witness(tmp_path / "w", keys) as url:
        policy = policy_of(tmp_path / "w", url)
        with running(data, world, policy=policy) as house:
            answer = house.post(held(world)).json()
            deadline = time.monotonic() + 60
            index = answer["decision_index"]
            while house.client.get("/v1/log/witnesses").json()["cosigned_size"] <= index:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            case = house.client.get(f"/v1/submissions/{answer['id']}/casefile").content
    (tmp_path / "case.json").write_bytes(case)
    (tmp_path / "policy").write_text(lines_of(tmp_path / "w", "w1", url) + "quorum w1-any\n")
    stranger = tmp_path / "stranger"
    make_witness(stranger, "other.example/w1", None)
    (tmp_path / "other").write_text(lines_of(stranger, "w1", url) + "quorum w1-any\n")
    arguments = ["verify", tmp_path / "case.json", "--log-keys", data / "log.vkeys"]
    told = attest(*arguments, "--policy", tmp_path / "policy", "--json")
    assert told.exit_code == 5  # the verdict: HOLD
    assert json.loads(told.stdout)["witnesses"] == ["w1", "w1-pq"]
    check_failed(attest(*arguments, "--policy", tmp_path / "other"), 6, "quorum-missing")
    check_failed(attest(*arguments, "--policy", tmp_path / "none"), 2, "file")
    check_failed(attest(*arguments, "--policy", tmp_path / "case.json"), 2, "policy-malformed")
