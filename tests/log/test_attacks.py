"""Attacks on the log that no other page of tests names: see docs/threats.md."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from attest.errors import InputError, LogError
from attest.log.check import check_export, check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.cosignature import CosignatureSigner
from attest.log.entry import commit, parse_entry
from attest.log.export import Export, write_export
from attest.log.merkle import (
    EMPTY_ROOT,
    check_inclusion,
    leaf_hash,
    node_hash,
    prove_inclusion,
    root_of,
)
from attest.log.policy import open_cosigned, parse_policy
from attest.log.sqlite import SqliteStore
from attest.log.tiles import bundle_path, split_bundle
from attest.log.writer import Draft, LogWriter
from tests.log.sample import NOON, ORIGIN, drafts, filled, later, reader_of

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"subprocess", "pty", "commands"}
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(64)]


def test_a_node_is_no_entry() -> None:
    """T-38: the hashes below a node are offered as an entry, in the tree of the level above it."""
    pairs = [LEAVES[at] + LEAVES[at + 1] for at in range(0, 64, 2)]
    nodes = [node_hash(pair[:32], pair[32:]) for pair in pairs]
    assert root_of(nodes) == root_of(LEAVES)  # the smaller tree has the very same root
    for index, pair in enumerate(pairs):
        proof = prove_inclusion(index, 32, reader_of(nodes))
        root = root_of(LEAVES)
        check_inclusion(index=index, size=32, leaf=nodes[index], proof=proof, root=root)
        for entry in (pair, b"\x01" + pair, pair[:32], nodes[index]):
            with pytest.raises(LogError) as caught:
                check_inclusion(index=index, size=32, leaf=leaf_hash(entry), proof=proof, root=root)
            assert caught.value.code == "proof-invalid"


@pytest.mark.parametrize("size", [1, 3, 5, 6, 7, 33, 63])
def test_the_odd_one_out_is_not_doubled(size: int) -> None:
    """T-38: a tree with its last entries repeated has another root."""
    for more in range(1, min(size, 3) + 1):
        assert root_of(LEAVES[:size]) != root_of(LEAVES[:size] + LEAVES[size - more : size])


def test_the_empty_log_is_like_no_other() -> None:
    """T-38: no entries, an empty entry and an entry of nothing but zeros are three logs."""
    assert EMPTY_ROOT == sha256(b"").digest() == root_of([])
    assert len({EMPTY_ROOT, root_of([leaf_hash(b"")]), root_of([bytes(32)])}) == 3


def test_the_copy_of_an_older_state_is_taken_for_what_it_is(
    tmp_path: Path, signer: CheckpointSigner
) -> None:
    """T-33: an export that was cut back is one of fewer entries, under its own older checkpoint."""
    store = filled(tmp_path / "log.sqlite", signer, 300)
    write_export(store, tmp_path / "older")
    LogWriter.open(store, signer).append(drafts(300, 9), at=later(300))
    write_export(store, tmp_path / "newer")
    store.close()
    assert check_export(tmp_path / "older", keys=signer.keys).size == 300
    shutil.copy(tmp_path / "newer" / "checkpoint", tmp_path / "older" / "checkpoint")
    with pytest.raises(LogError) as caught:
        check_export(tmp_path / "older", keys=signer.keys)
    assert caught.value.code == "export-incomplete"


def test_a_commitment_tells_nothing_of_a_body_that_can_be_guessed(
    tmp_path: Path, signer: CheckpointSigner
) -> None:
    """T-24: who has the tree and knows that a body is one of seven cannot tell which."""
    guesses = [b"node %d nm" % node for node in (3, 5, 7, 10, 12, 16, 28)]
    store = SqliteStore.create(tmp_path / "log.sqlite")
    writer = LogWriter.open(store, signer)
    writer.append([Draft("genesis", b""), *(Draft("submission", one) for one in guesses)], at=NOON)
    write_export(store, tmp_path / "export")
    store.close()
    entries, _ = split_bundle((tmp_path / "export" / bundle_path(0, 8)).read_bytes())
    committed = {parse_entry(raw).commit for raw in entries[1:]}
    guessed = {commit(guess, salt) for guess in guesses for salt in (None, b"", bytes(32))}
    assert len(committed) == 7
    assert not committed & guessed


def test_witnesses_that_collude_are_not_enough() -> None:
    """T-39: of three operators one cosigns a fork; a policy of two does not take it."""
    log = CheckpointSigner.generate(ORIGIN)
    witnesses = [CosignatureSigner.generate(f"w{number}.example") for number in range(3)]
    text = "".join(
        f"witness w{number} {one.keys[0].vkey}\nwitness w{number}-pq {one.keys[1].vkey}\n"
        f"group g{number} any w{number} w{number}-pq\n"
        for number, one in enumerate(witnesses)
    )
    policy = parse_policy(text + "group q 2 g0 g1 g2\nquorum q\n")
    honest, forked = (log.sign(size=9, root=bytes([number]) * 32, at=NOON) for number in range(2))
    cosigned = honest + witnesses[0].cosign(honest, at=NOON) + witnesses[1].cosign(honest, at=NOON)
    assert open_cosigned(cosigned, keys=log.keys, policy=policy).checkpoint.size == 9
    colluding = witnesses[2].cosign(forked, at=NOON)
    borrowed = witnesses[0].cosign(honest, at=NOON)  # said of another checkpoint
    for lines, code in (
        (colluding, "quorum-missing"),
        (colluding * 2, "quorum-missing"),
        (colluding + borrowed, "checkpoint-signature"),
    ):
        with pytest.raises(LogError) as caught:
            open_cosigned(forked + lines, keys=log.keys, policy=policy)
        assert caught.value.code == code


def killed_at(path: Path, signer: CheckpointSigner, statement: int, size: int) -> bool:
    """Append in a process that kills itself before so many statements; whether it came to that."""
    process = os.fork()
    if process == 0:
        store = SqliteStore.open(path)
        writer = LogWriter.open(store, signer)
        left = statement

        def trace(*_: Any) -> bool:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return True

        store._connection.exec_trace = trace
        writer.append(drafts(size, 3), at=later(size))
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def test_killed_before_every_statement(tmp_path: Path, signer: CheckpointSigner) -> None:
    """T-41: kill -9 at each step of an append; all of the batch is there or nothing of it."""
    path = tmp_path / "log.sqlite"
    filled(path, signer, 8).close()
    size, kept, lost, statement = 8, 0, 0, 0
    while killed_at(path, signer, statement, size):
        with closing(SqliteStore.open(path)) as store:
            found = store.head().size
            assert found in (size, size + 3)
            kept, lost = kept + (found > size), lost + (found == size)
            size = found
            assert LogWriter.open(store, signer).head.signed == size
            assert check_store(store, keys=signer.keys).size == size
        statement += 1
    assert lost >= 10
    assert kept >= 3  # committed, and then killed before it was signed


_FULL = """
import resource, sys
from pathlib import Path
from attest.errors import AttestError
from attest.log.checkpoint import CheckpointSigner
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft, LogWriter
from tests.log.sample import ORIGIN, later
folder, what, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
pems = ((folder / "ed25519.pem").read_bytes(), (folder / "ml-dsa-44.pem").read_bytes())
store = SqliteStore.open(folder / "log.sqlite")
writer = LogWriter.open(store, CheckpointSigner.from_pem(ORIGIN, pems, None))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    if what == "append":
        writer.append([Draft("submission", bytes(400_000))], at=later(400))
    else:
        write_export(store, folder / "export")
except AttestError as error:
    print(error.code)
"""


def on_a_full_disk(folder: Path, what: str, limit: int) -> str:
    """The code with which work ends in a process that may write files of so many bytes only."""
    run = subprocess.run(
        [sys.executable, "-c", _FULL, str(folder), what, str(limit)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def log_of_300(tmp_path: Path, signer: CheckpointSigner) -> Path:
    """A folder with a log and its keys."""
    for name, pem in zip(("ed25519.pem", "ml-dsa-44.pem"), signer.to_pem(None), strict=True):
        (tmp_path / name).write_bytes(pem)
    filled(tmp_path / "log.sqlite", signer, 300).close()
    return tmp_path


def test_an_append_on_a_full_disk(log_of_300: Path, signer: CheckpointSigner) -> None:
    """T-41: the write itself fails; the log stops, and is whole when it is opened again."""
    path = log_of_300 / "log.sqlite"
    assert on_a_full_disk(log_of_300, "append", path.stat().st_size + 100_000) == "log-stopped"
    with closing(SqliteStore.open(path)) as store:
        assert check_store(store, keys=signer.keys).size == 300
        LogWriter.open(store, signer).append(drafts(300, 1), at=later(400))
        assert check_store(store, keys=signer.keys).size == 301


@pytest.mark.parametrize("limit", [0, 1_000, 9_000, 60_000])
def test_an_export_onto_a_full_disk(log_of_300: Path, signer: CheckpointSigner, limit: int) -> None:
    """T-41: what was written of it has no checkpoint, and is taken for no export."""
    assert on_a_full_disk(log_of_300, "export", limit) == "file"
    with pytest.raises(LogError) as caught:
        Export.open(log_of_300 / "export", keys=signer.keys)
    assert caught.value.code == "export-incomplete"
    with closing(SqliteStore.open(log_of_300 / "log.sqlite")) as store:
        with pytest.raises(InputError):
            write_export(store, log_of_300 / "export")
        write_export(store, log_of_300 / "another")
    assert check_export(log_of_300 / "another", keys=signer.keys).size == 300


def test_one_place_starts_programs_and_none_a_shell() -> None:
    """T-25: no argument of a stranger can become a command."""
    sources = [path for name in ("attest", "service") for path in (ROOT / name).rglob("*.py")]
    assert len(sources) > 100
    starting = set()
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import) and {each.name for each in node.names} & PROGRAMS:
                starting.add(path.relative_to(ROOT).as_posix())
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in PROGRAMS, path
            elif isinstance(node, ast.keyword):
                assert node.arg != "shell", path
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                called = f"{node.value.id}.{node.attr}"
                assert not re.match(r"os\.(system|popen|exec|spawn|posix_spawn)", called), path
    assert starting == {"attest/signing/command.py"}
