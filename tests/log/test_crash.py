"""Killed at any moment, a log keeps what it acknowledged and is whole when it is opened again."""

from __future__ import annotations

import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from attest.log.check import check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from tests.log.sample import drafts, later

PROJECT = Path(__file__).resolve().parent.parent.parent
KILLS = 10


def run_and_kill(folder: Path, batches: int, work_bytes: int) -> int:
    """Let the appender acknowledge some batches, kill it, and return the size acknowledged last.

    The kill comes after some work, while another batch is on its way; how far that got is up to the
    machine, and another amount of work finds it elsewhere.
    """
    command = [sys.executable, "-m", "tests.log.appender", str(folder / "log.sqlite"), str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(batches)]
        sha256(bytes(work_bytes)).digest()
        process.kill()
        rest = process.stdout.read()
        assert process.wait() == -signal.SIGKILL
    whole = [line for line in "".join([*lines, rest]).split("\n")[:-1] if line]
    assert len(whole) >= batches
    return int(whole[-1].split()[1])


def test_ten_kills(tmp_path: Path, signer: CheckpointSigner) -> None:
    for name, pem in zip(("ed25519.pem", "ml-dsa-44.pem"), signer.to_pem(None), strict=True):
        (tmp_path / name).write_bytes(pem)
    SqliteStore.create(tmp_path / "log.sqlite").close()
    for kill in range(KILLS):
        acknowledged = run_and_kill(tmp_path, 3 + 2 * kill, kill * 400_000)
        store = SqliteStore.open(tmp_path / "log.sqlite")
        committed = store.head()
        assert acknowledged <= committed.size
        assert acknowledged <= committed.signed <= committed.size
        writer = LogWriter.open(store, signer)
        assert writer.head.signed == writer.head.size == committed.size
        assert check_store(store, keys=signer.keys).size == committed.size
        writer.append(drafts(committed.size, 1), at=later(committed.size))
        assert store._connection.pragma("integrity_check") == "ok"
        store.close()
