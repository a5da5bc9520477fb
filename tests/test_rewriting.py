"""An operator with the database and every key rewrites history; who holds anything old finds out.

The rewritten log is faultless in itself: hashes, chain, times and signatures are made anew, and it
replays. Only what left the house before shows it: a checkpoint, a proof, a case file, a witness.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from attest.casefile import open_casefile
from attest.encoding import loads
from attest.log.check import check_export, check_store
from attest.log.checkpoint import CheckpointSigner
from attest.log.entry import commit, format_entry, parse_entry
from attest.log.export import write_export
from attest.log.merkle import Frontier, leaf_hash, position
from attest.log.misbehaviour import open_misbehaviour
from attest.log.sqlite import SqliteStore
from attest.log.store import StoredEntry
from attest.log.writer import LogWriter
from attest.replay import replay
from service.answers import casefile_answer
from service.cosigning import Cosigner
from service.witness import MISBEHAVIOUR
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.log.sample import ORIGIN, drafts, filled, later
from tests.log.test_forgery import SIGNER, forge
from tests.service.test_cosigning import policy_of, witness
from tests.test_forgery import HELD, PASSED
from tests.world import World
from tests.world_log import WorldLog, found_world, open_log

WORLD = World()


def rewrite(path: Path, signer: CheckpointSigner, index: int, body: bytes) -> None:
    """Put another body at an index and make everything after it fit, in the file itself."""
    with closing(SqliteStore.open(path)) as store:
        size = store.head().size
        stored = list(store.entries(0, size))
        leaves: list[bytes] = []
        for at, one in enumerate(stored):
            entry = parse_entry(one.entry)
            if at == index:
                one = replace(one, body=body)
                entry = replace(entry, commit=commit(body, one.salt))
            if at:
                entry = replace(entry, prev=leaves[-1])
            stored[at] = replace(one, entry=format_entry(entry))
            leaves.append(leaf_hash(stored[at].entry))
        frontier, nodes = Frontier().extend(leaves)
        run = store._connection.execute
        for table in ("entries", "nodes"):
            run(f"DROP TRIGGER {table}_not_update")
        for at, one in enumerate(stored):
            run(
                "UPDATE entries SET entry = ?, body = ? WHERE position = ?",
                (one.entry, one.body, at),
            )
        for level, number, value in nodes:
            run(
                "UPDATE nodes SET hash = ? WHERE position = ?",
                (value, position(level, number)),
            )
        time = parse_entry(stored[-1].entry).time
        note = signer.sign(size=size, root=frontier.root(), at=time)
        run("UPDATE checkpoint SET note = ?", (note,))


@pytest.mark.parametrize("index", [5, 150, 299])
def test_a_database_that_was_rewritten(index: int, tmp_path: Path) -> None:
    signer = CheckpointSigner.generate(ORIGIN)
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "keys").write_text("\n".join(signer.keys.vkeys()))
    with closing(filled(data / "log.sqlite", signer, 300)) as store:
        (tmp_path / "old").write_bytes(store.head().checkpoint or b"")
    with witness(tmp_path / "w", signer.keys) as url:
        policy = policy_of(tmp_path / "w", url)

        def ask() -> tuple[int, str | None]:
            with closing(SqliteStore.open(data / "log.sqlite", read_only=True)) as log:
                asked = Cosigner(log, keys=signer.keys, policy=policy, folder=data)
                asked.ask_all()
                status = asked.status()
                return status["cosigned_size"], status["witnesses"][0].get("failure")

        assert ask() == (300, None)
        rewrite(data / "log.sqlite", signer, index, b"as if it had always been so")
        (data / "cosigned").unlink()
        with closing(SqliteStore.open(data / "log.sqlite")) as store:
            assert check_store(store, keys=signer.keys).size == 300
            write_export(store, tmp_path / "export")
        assert check_export(tmp_path / "export", keys=signer.keys).size == 300
        assert ask() == (0, "remote")
    (proof,) = (tmp_path / "w" / MISBEHAVIOUR).iterdir()
    assert open_misbehaviour(proof.read_bytes(), keys=signer.keys).kind == "fork"
    check = ("log", "check", tmp_path / "export", "--log-keys", tmp_path / "keys")
    succeeded(attest(*check))
    check_failed(attest(*check, "--checkpoint", tmp_path / "old"), 6, "log-forked")
    check_failed(
        attest("log", "check", data, "--log-keys", tmp_path / "keys", "--proof", tmp_path / "old"),
        *(6, "log-forked"),
    )


def without(stored: list[StoredEntry], index: int) -> list[StoredEntry]:
    """The entries without one, all after it numbered, referred to and chained anew."""
    kept: list[StoredEntry] = []
    for at, one in enumerate(stored):
        if at == index:
            continue
        entry = parse_entry(one.entry)
        refs = {
            kind: tuple(number - (number > index) for number in numbers if number != index)
            for kind, numbers in entry.refs.items()
        }
        entry = replace(
            entry,
            index=len(kept),
            prev=leaf_hash(kept[-1].entry) if kept else entry.prev,
            refs={kind: numbers for kind, numbers in refs.items() if numbers},
        )
        kept.append(replace(one, entry=format_entry(entry)))
    return kept


def test_a_gap_that_is_hidden_by_numbering_anew(tmp_path: Path) -> None:
    """T-37: one entry is dropped and every later one moves up; whoever saw the log before knows."""
    with closing(filled(tmp_path / "log.sqlite", SIGNER, 300)) as store:
        (tmp_path / "old").write_bytes(store.head().checkpoint or b"")
        stored = list(store.entries(0, 300))
        LogWriter.open(store, SIGNER).append(drafts(300, 20), at=later(600))
        longer = list(store.entries(0, 320))
    (tmp_path / "keys").write_text("\n".join(SIGNER.keys.vkeys()))
    for name, entries, code in (
        ("shorter", stored, "rolled-back"),
        ("longer", longer, "log-forked"),
    ):
        forge(tmp_path / name, without(entries, 200))
        assert check_export(tmp_path / name, keys=SIGNER.keys).size == len(entries) - 1
        check = ("log", "check", tmp_path / name, "--log-keys", tmp_path / "keys")
        check_failed(attest(*check, "--checkpoint", tmp_path / "old"), 6, code)


@pytest.fixture
def rewritten(tmp_path: Path) -> Iterator[tuple[Path, WorldLog]]:
    """Files that left the house, and its log after another history took the place of theirs.

    The folder holds `casefile`, `proof`, `tlog-proof`, `checkpoint` and `keys`.
    """
    held = tmp_path / "held"
    held.mkdir()
    found_world(WORLD, tmp_path / "data")
    shutil.copytree(tmp_path / "data", tmp_path / "rewritten")
    with open_log(WORLD, tmp_path / "data") as log:
        (held / "keys").write_text("\n".join(log.keys.vkeys()))
        (recorded,) = log.register([HELD])
        log.register([PASSED])
        case = casefile_answer(log.records, recorded.submission_id)
        (held / "casefile").write_bytes(case)
        (held / "proof").write_bytes(
            succeeded(attest("log", "prove", log.folder, recorded.submission_index)).stdout_bytes
        )
        (held / "tlog-proof").write_bytes(log.records.tlog_proof(recorded.submission_index))
        (held / "checkpoint").write_bytes(log.records.checkpoint())
        log.export(tmp_path / "honest")
    with open_log(WORLD, tmp_path / "rewritten") as log:
        for number in range(4):
            log.register([PASSED + b" " * number])
        yield held, log


HELD_FILES = ["casefile", "proof", "tlog-proof", "checkpoint"]


@pytest.mark.parametrize("name", HELD_FILES)
def test_anything_old_convicts_a_log_that_replays(
    name: str, rewritten: tuple[Path, WorldLog], tmp_path: Path
) -> None:
    held, log = rewritten
    export = log.export(tmp_path / "export")
    assert replay(export, log_keys=log.keys).decisions == 4
    assert open_casefile((held / "casefile").read_bytes(), log_keys=log.keys).verdict == "HOLD"
    check = ("log", "check", export, "--log-keys", held / "keys", "--proof", held / name)
    told = check_failed(attest(*check), 6, "log-forked")
    assert "does not start with" in told
    (written,) = held.glob(f"{name}.misbehaviour-*.json")
    convicting = ("log", "check-misbehaviour", written, "--log-keys", held / "keys", "--json")
    found = document(succeeded(attest(*convicting)))
    assert (found["kind"], found["origin"]) == ("rewriting", log.keys.origin)
    again = attest(*check, "--json")
    assert (again.exit_code, document(again)["proof"]) == (
        6,
        loads(written.read_bytes(), string_bytes_max=10**5),
    )


@pytest.mark.parametrize("name", HELD_FILES)
def test_an_honest_log_extends_all_that_it_gave_out(
    name: str, rewritten: tuple[Path, WorldLog], tmp_path: Path
) -> None:
    held, _ = rewritten
    check = ("log", "check", tmp_path / "honest", "--log-keys", held / "keys")
    result = succeeded(attest(*check, "--proof", held / name, "--json"))
    assert document(result)["extends"] == [str(held / name)]
    assert "what the log had signed" in succeeded(attest(*check, "--proof", held / name)).stdout
    assert not list(held.glob("*.misbehaviour-*"))


def test_an_export_that_is_older_than_what_is_held(
    rewritten: tuple[Path, WorldLog], tmp_path: Path
) -> None:
    held, log = rewritten
    (held / "newest").write_bytes(log.records.checkpoint())
    check = ("log", "check", tmp_path / "honest", "--log-keys", held / "keys")
    told = check_failed(attest(*check, "--proof", held / "newest"), 6, "rolled-back")
    assert "older than the one held" in told
