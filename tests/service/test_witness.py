"""A witness over HTTP: what it answers, what it remembers, and that it cannot be turned back."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import apsw
import httpx
import pytest
from click.testing import CliRunner

from attest import limits
from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import CheckpointSigner, parse_checkpoint_text, signed_by
from attest.log.cosignature import CosignatureSigner, cosignatures
from attest.log.merkle import root_of
from attest.log.misbehaviour import Misbehaviour, open_misbehaviour
from attest.log.note import NoteKey, parse_note, parse_vkey
from attest.log.witness import AddCheckpoint, format_add_checkpoint
from service import witness as bounds
from service.__main__ import main
from service.seen import SqliteSeen
from service.witness import (
    MISBEHAVIOUR,
    STORE,
    VERIFIER_KEYS,
    create_witness_app,
    make_witness,
    open_witness,
)
from tests.log.sample import NOON, ORIGIN
from tests.log.test_witness import FORKED, LEAVES, LOG, LOGS, request, signed
from tests.service.house import serving
from tests.world import ROOT

NAME = "auditor.example/w1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_witness(tmp_path / "witness", NAME, None)
    return tmp_path / "witness"


@contextmanager
def witness(folder: Path) -> Iterator[httpx.Client]:
    desk = open_witness(folder, LOGS, None, clock=lambda: NOON)
    try:
        with (
            serving(create_witness_app(desk)) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client
    finally:
        desk.close()


def add(client: httpx.Client, asked: AddCheckpoint) -> httpx.Response:
    return client.post("/witness/add-checkpoint", content=format_add_checkpoint(asked))


def keys_of(folder: Path) -> list[NoteKey]:
    return [parse_vkey(line) for line in (folder / VERIFIER_KEYS).read_text().splitlines()]


def newest(client: httpx.Client) -> httpx.Response:
    return client.get(f"/witness/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint")


def test_a_log_that_grows_is_cosigned(folder: Path) -> None:
    with witness(folder) as client:
        assert newest(client).status_code == 404
        for old, new in ((0, 0), (0, 3), (3, 3), (3, 17), (17, 40)):
            asked = request(old, new)
            answer = add(client, asked)
            assert answer.status_code == 200, answer.text
            found = cosignatures(asked.note + answer.content, keys_of(folder))
            assert [each.key for each in found] == keys_of(folder)
            assert newest(client).content == asked.note + answer.content
        assert signed_by(parse_note(newest(client).content), LOG.keys.note_keys())
        assert client.get("/witness/vkeys").text == (folder / VERIFIER_KEYS).read_text()
        assert client.get("/healthz").json() == {"status": "ok"}


def test_what_is_not_cosigned(folder: Path) -> None:
    stranger = CheckpointSigner.generate("other.example.org").sign(size=1, root=bytes(32), at=NOON)
    imposter = CheckpointSigner.generate(ORIGIN).sign(size=9, root=bytes(32), at=NOON)
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
        for asked, status, code in (
            (AddCheckpoint(9, (), signed(8)), 400, "checkpoint-malformed"),
            (AddCheckpoint(8, (), imposter), 403, "checkpoint-signature"),
            (AddCheckpoint(0, (), stranger), 404, "not-found"),
            (AddCheckpoint(8, (), signed(9)), 422, "proof-malformed"),
            (AddCheckpoint(8, (), signed(8, FORKED)), 422, "proof-invalid"),
            (request(8, 20, FORKED), 422, "proof-invalid"),
        ):
            answer = add(client, asked)
            told = answer.json()
            assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
        assert parse_checkpoint_text(parse_note(newest(client).content).text).size == 8


def test_another_start_is_answered_with_the_right_one(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
        answer = add(client, request(3, 9))
        assert (answer.status_code, answer.text) == (409, "8\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


def test_nothing_is_forgotten_by_a_restart(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 20)).status_code == 200
    with witness(folder) as client:
        assert add(client, request(0, 9)).text == "20\n"
        assert add(client, request(20, 21)).status_code == 200


def kept(folder: Path) -> list[Misbehaviour]:
    """What the witness keeps against the log, every document checked as by anyone."""
    paths = sorted((folder / MISBEHAVIOUR).iterdir())
    return [open_misbehaviour(path.read_bytes(), keys=LOG.keys) for path in paths]


def test_a_fork_is_kept_as_proof_against_its_log(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
        for _ in range(2):
            forked = AddCheckpoint(8, (), signed(8, FORKED))
            assert add(client, forked).status_code == 422
        assert add(client, AddCheckpoint(8, (bytes(32),), signed(8))).status_code == 422
        assert add(client, AddCheckpoint(3, (), signed(8))).status_code == 409
        assert add(client, forked).status_code == 422
    proofs = kept(folder)
    assert {(proof.kind, proof.first.size, proof.second.size) for proof in proofs} == {
        ("fork", 8, 8)
    }
    assert len(proofs) == 2  # two notes were signed; the same one is kept once


def test_lines_of_strangers_do_not_spoil_the_proof(folder: Path) -> None:
    """What is kept are the signatures of the log and the witness; evidence stays readable."""
    junk = CosignatureSigner.generate("stranger.example").cosign(signed(8), at=NOON)
    padded = signed(8) + junk * ((limits.CHECKPOINT_BYTES_MAX - len(signed(8))) // len(junk))
    with witness(folder) as client:
        assert add(client, AddCheckpoint(0, (), padded)).status_code == 200
        assert junk not in newest(client).content
        assert len(cosignatures(newest(client).content, keys_of(folder))) == 2
        for forked in (signed(8, FORKED), signed(8, FORKED)):
            for note in (forked, forked + junk):
                assert add(client, AddCheckpoint(8, (), note)).status_code == 422
    assert [proof.kind for proof in kept(folder)] == ["fork", "fork"]


def test_one_bad_log_does_not_use_up_the_room_for_proofs_against_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "PROOFS_MAX", 2)
    signers = [CheckpointSigner.generate(origin) for origin in ("bad.example", "other.example")]
    logs = {signer.keys.origin: signer.keys.note_keys() for signer in signers}
    with closing(open_witness(folder, logs, None, clock=lambda: NOON)) as desk:
        for signer in signers:
            for root in range(5):
                note = signer.sign(size=8, root=bytes([root]) * 32, at=NOON)
                asked = format_add_checkpoint(AddCheckpoint(8 if root else 0, (), note))
                if root == 0:
                    desk.add_checkpoint(asked)
                    continue
                with pytest.raises(LogError) as caught:
                    desk.add_checkpoint(asked)
                assert caught.value.code == "proof-invalid"
    for signer in signers:
        digest = sha256(signer.keys.origin.encode()).hexdigest()
        paths = list((folder / MISBEHAVIOUR).glob(f"{digest}-*.json"))
        found = [open_misbehaviour(path.read_bytes(), keys=signer.keys) for path in paths]
        assert [proof.kind for proof in found] == ["fork", "fork"]


def test_a_proof_that_was_half_written_is_removed(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
        assert add(client, AddCheckpoint(8, (), signed(8, FORKED))).status_code == 422
    (path,) = (folder / MISBEHAVIOUR).iterdir()
    half = path.with_name(f"{'0' * 64}-{'0' * 64}.partial")
    half.write_bytes(path.read_bytes()[:100])
    with witness(folder) as client:
        assert add(client, AddCheckpoint(8, (), signed(8, FORKED))).status_code == 422
    assert not half.exists()
    assert {proof.kind for proof in kept(folder)} == {"fork"}


def test_a_fork_is_refused_where_its_proof_cannot_be_kept(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / MISBEHAVIOUR).write_bytes(b"")
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
        answer = add(client, AddCheckpoint(8, (), signed(8, FORKED)))
        assert (answer.status_code, answer.json()["code"]) == (422, "proof-invalid")
    assert "cannot be kept" in caplog.text


def test_a_rewriting_and_a_rollback_are_kept_too(folder: Path) -> None:
    later = LOG.sign(size=6, root=root_of(LEAVES[:6]), at=NOON + dt.timedelta(seconds=1))
    with witness(folder) as client:
        assert add(client, request(0, 9)).status_code == 200
        assert add(client, request(9, 20, FORKED)).status_code == 422
        assert add(client, AddCheckpoint(9, (), later)).status_code == 400
        assert add(client, AddCheckpoint(9, (), signed(5))).status_code == 400  # an older copy
    assert {proof.kind for proof in kept(folder)} == {"rewriting", "rollback"}


def test_two_at_once_do_not_both_advance_from_one_size(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 5)).status_code == 200
        sizes = list(range(6, 38))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda new: add(client, request(5, new)), sizes))
        taken = [
            new for new, answer in zip(sizes, answers, strict=True) if answer.status_code == 200
        ]
        assert len(taken) == 1
        assert {answer.text for answer in answers if answer.status_code == 409} == {f"{taken[0]}\n"}


def test_a_large_or_broken_body(folder: Path) -> None:
    with witness(folder) as client:
        large = b"old 0\n" + b" " * limits.WITNESS_REQUEST_BYTES_MAX
        assert client.post("/witness/add-checkpoint", content=large).status_code == 413
        broken = client.post("/witness/add-checkpoint", content=b"old 0\n\n\xff")
        assert (broken.status_code, broken.json()["code"]) == (400, "checkpoint-malformed")
        assert client.get("/witness/add-checkpoint").status_code == 405
        assert client.get(f"/witness/{'0' * 64}/checkpoint").status_code == 404
        assert (
            client.post(
                "/witness/add-checkpoint",
                content=format_add_checkpoint(request(0, 1)),
                headers={"host": "rebound.example"},
            ).status_code
            == 403
        )


def test_the_memory_refuses_to_go_back(folder: Path) -> None:
    with witness(folder) as client:
        assert add(client, request(0, 8)).status_code == 200
    connection = apsw.Connection(str(folder / STORE))
    for statement in (
        "UPDATE seen SET size = 7",
        "UPDATE seen SET root = zeroblob(32)",
        "DELETE FROM seen",
    ):
        with pytest.raises(apsw.ConstraintError):
            connection.execute(statement)
    connection.close()


def test_another_process_that_advanced_first_is_noticed(folder: Path) -> None:
    """Two witnesses over one folder never cosign two branches."""
    one, two = (open_witness(folder, LOGS, None, clock=lambda: NOON) for _ in range(2))
    one.add_checkpoint(format_add_checkpoint(request(0, 8)))
    two.add_checkpoint(format_add_checkpoint(request(8, 9)))
    seen = SqliteSeen.open(folder / STORE)
    before = seen.newest(ORIGIN)
    assert before is not None
    assert before.size == 9
    assert not seen.advance(None, before, b"")
    for each in (one, two, seen):
        each.close()


def code_of(failing: AttestError) -> str:
    return failing.code


def test_a_folder_is_made_once_and_opened_only_when_it_is_there(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(LogError) as again:
        make_witness(folder, NAME, None)
    with pytest.raises(LogError) as missing:
        open_witness(tmp_path / "none", LOGS, None, clock=lambda: NOON)
    with pytest.raises(InputError) as unnamed:
        make_witness(tmp_path / "other", "a b", None)
    assert [code_of(each.value) for each in (again, missing)] == ["store-exists", "store-missing"]
    assert unnamed.value.code == "key-malformed"
    assert not (tmp_path / "other").exists()
    (folder / STORE).write_bytes(b"not a database")
    with pytest.raises(LogError) as other:
        open_witness(folder, LOGS, None, clock=lambda: NOON)
    assert other.value.code == "store-missing"


def test_private_keys_are_for_their_owner(folder: Path) -> None:
    (folder / "keys" / "witness-ed25519.pem").chmod(0o644)
    with pytest.raises(InputError) as caught:
        open_witness(folder, LOGS, None, clock=lambda: NOON)
    assert caught.value.code == "file"


def test_the_command_makes_and_runs_a_witness(tmp_path: Path) -> None:
    data, vkeys = tmp_path / "w", tmp_path / "log.vkeys"
    vkeys.write_text("\n".join(LOG.keys.vkeys()) + "\n")
    result = CliRunner().invoke(
        main, ["witness", "init", str(data), "--name", NAME, "--no-passphrase"]
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert "witness.vkeys" in result.stderr
    command = [sys.executable, "-m", "service", "witness", "run", str(data), "--log", str(vkeys)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--no-access-log"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert add(client, request(0, 8)).status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("kind", ["none", "a witness's"])
def test_the_command_refuses_keys_that_are_no_logs(kind: str, tmp_path: Path, folder: Path) -> None:
    vkeys = tmp_path / "log.vkeys"
    vkeys.write_text("not a key\n" if kind == "none" else (folder / VERIFIER_KEYS).read_text())
    run = subprocess.run(
        [sys.executable, "-m", "service", "witness", "run", str(folder), "--log", str(vkeys)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: key-malformed")
