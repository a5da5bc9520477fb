"""`attest log monitor`: one look at a log, what it remembers, what it keeps of a log that lies."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from attest import schemas
from attest.cli import log_monitor
from attest.encoding import loads
from attest.log.checkpoint import CheckpointSigner
from attest.log.export import write_export
from attest.log.misbehaviour import format_misbehaviour, open_misbehaviour
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from service.cosigning import Cosigner
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.log.sample import ORIGIN, drafts, filled, later
from tests.service.house import found_house, held, running, serving, unread
from tests.service.test_cosigning import Liar, policy_of, witness
from tests.world import World

LOG = CheckpointSigner.generate(ORIGIN)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of one log: `small` and `large`; of others under its keys: `forked`, `other`, `back`.

    `back` is an older state that was restored and then went on.
    """
    folder = tmp_path_factory.mktemp("exports")
    (folder / "keys").write_text("\n".join(LOG.keys.vkeys()))
    for name, size, batch in (("forked", 300, 60), ("other", 700, 70)):
        with closing(filled(folder / f"{name}.sqlite", LOG, size, batch=batch)) as store:
            write_export(store, folder / name)
    filled(folder / "small.sqlite", LOG, 250).close()
    shutil.copy(folder / "small.sqlite", folder / "back.sqlite")
    for name, count, at in (("small", 50, 300), ("large", 400, 400), ("back", 20, 9_000)):
        path = folder / ("back.sqlite" if name == "back" else "small.sqlite")
        with closing(SqliteStore.open(path)) as store:
            writer = LogWriter.open(store, LOG)
            writer.append(drafts(writer.head.size, count), at=later(at))
            write_export(store, folder / name)
    return folder


def look(memory: Path, source: object, exports: Path, *more: object) -> Result:
    return attest("log", "monitor", memory, source, "--log-keys", exports / "keys", *more)


@pytest.fixture
def memory(exports: Path, tmp_path: Path) -> Path:
    """What was seen: the export `small`."""
    path = tmp_path / "memory"
    succeeded(look(path, exports / "small", exports, "--first"))
    return path


def proofs(memory: Path) -> list[Path]:
    return sorted(memory.parent.glob(f"{memory.name}.misbehaviour-*.json"))


def test_the_first_look_is_asked_for(exports: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    told = check_failed(look(memory, exports / "small", exports), 2, "file")
    assert "--first" in told
    assert not memory.exists()
    result = succeeded(look(memory, exports / "small", exports, "--first"))
    assert "nothing to compare with" in result.stdout
    assert memory.read_bytes() == (exports / "small" / "checkpoint").read_bytes()
    check_failed(look(memory, exports / "small", exports, "--first"), 2, "file")


def test_a_log_that_grows(memory: Path, exports: Path) -> None:
    told = document(succeeded(look(memory, exports / "small", exports, "--json")))
    assert set(told) == json_members("`log monitor`")
    assert (told["before"], told["size"], told["witnesses"]) == (300, 300, None)
    result = succeeded(look(memory, exports / "large", exports))
    assert "300 entries as before, 400 new" in result.stdout
    assert memory.read_bytes() == (exports / "large" / "checkpoint").read_bytes()
    assert not proofs(memory)


@pytest.mark.parametrize(
    ("seen", "shown", "code", "kind"),
    [
        ("small", "forked", "log-forked", "fork"),
        ("small", "other", "log-forked", "rewriting"),
        ("large", "back", "rolled-back", "rollback"),
    ],
)
def test_a_log_that_contradicts_itself(
    seen: str, shown: str, code: str, kind: str, memory: Path, exports: Path
) -> None:
    before = (exports / seen / "checkpoint").read_bytes()
    memory.write_bytes(before)
    result = look(memory, exports / shown, exports)
    assert "proven by" in check_failed(result, 6, code)
    assert memory.read_bytes() == before
    (proof,) = proofs(memory)
    assert result.stdout_bytes == proof.read_bytes() + b"\n"
    assert open_misbehaviour(proof.read_bytes(), keys=LOG.keys).kind == kind
    again = look(memory, exports / shown, exports, "--json")
    told = document(again)
    assert (again.exit_code, told["code"], told["kind"]) == (6, code, kind)
    assert told["file"] == str(proof)
    assert told["proof"] == loads(proof.read_bytes(), string_bytes_max=10**5)
    schemas.validate("misbehaviour", told["proof"])
    assert proofs(memory) == [proof]


def test_an_older_copy_is_no_proof(memory: Path, exports: Path) -> None:
    succeeded(look(memory, exports / "large", exports))
    before = memory.read_bytes()
    told = check_failed(look(memory, exports / "small", exports), 6, "rolled-back")
    assert "a stale copy may show it" in told
    assert memory.read_bytes() == before
    assert not proofs(memory)


def test_only_so_many_proofs_are_kept(
    memory: Path, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_monitor, "PROOFS_MAX", 1)
    for name in ("forked", "other"):
        result = check_failed(look(memory, exports / name, exports), 6, "log-forked")
        assert result
    assert len(proofs(memory)) == 1


def test_a_proof_that_cannot_be_kept_is_shown_all_the_same(memory: Path, exports: Path) -> None:
    store = memory.read_bytes()
    result = look(memory, exports / "forked", exports)
    (proof,) = proofs(memory)
    proof.unlink()
    proof.with_name(proof.name).mkdir()  # the name is taken
    result = look(memory, exports / "forked", exports)
    assert result.exit_code == 6
    assert result.stdout.startswith('{"first":')
    assert memory.read_bytes() == store


def test_a_memory_that_was_tampered_with(memory: Path, exports: Path) -> None:
    raw = memory.read_bytes()
    memory.write_bytes(raw.replace(b"\n300\n", b"\n200\n"))
    check_failed(look(memory, exports / "large", exports), 6, "checkpoint-signature")
    memory.write_bytes(b"")
    check_failed(look(memory, exports / "large", exports), 6, "checkpoint-malformed")
    assert memory.read_bytes() == b""


def test_an_export_whose_tiles_were_altered_convicts_nobody(
    memory: Path, exports: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(exports / "large", copy)
    (copy / "tile" / "0" / "001").write_bytes(bytes(256 * 32))
    check_failed(look(memory, copy, exports), 6, "tile-altered")
    (copy / "tile" / "0" / "001").unlink()
    check_failed(look(memory, copy, exports), 6, "export-incomplete")
    assert not proofs(memory)
    check_failed(look(memory, tmp_path / "nothing", exports), 6, "export-incomplete")


def test_a_quorum_is_demanded(exports: Path, tmp_path: Path) -> None:
    shutil.copytree(exports / "forked", tmp_path / "copy")
    shutil.copy(exports / "forked.sqlite", tmp_path / "copy" / "log.sqlite")
    memory, note = tmp_path / "memory", tmp_path / "copy" / "checkpoint"
    with witness(tmp_path / "w", LOG.keys) as url:
        policy = policy_of(tmp_path / "w", url)
        lines = [
            f"witness w{at} {each.key.vkey}" for at, each in enumerate(policy.witnesses.values())
        ]
        (tmp_path / "policy").write_text("\n".join([*lines, "group q 2 w0 w1", "quorum q", ""]))
        demand = ("--policy", tmp_path / "policy")
        first = look(memory, tmp_path / "copy", exports, "--first", *demand)
        check_failed(first, 6, "quorum-missing")
        assert not memory.exists()
        with closing(SqliteStore.open(tmp_path / "copy" / "log.sqlite", read_only=True)) as store:
            asked = Cosigner(store, keys=LOG.keys, policy=policy, folder=tmp_path)
            asked.ask_all()
            assert asked.newest is not None
            note.write_bytes(asked.newest[0])
    result = succeeded(look(memory, tmp_path / "copy", exports, "--first", *demand))
    assert "cosigned by w0, w1" in result.stdout
    told = document(succeeded(look(memory, tmp_path / "copy", exports, "--json", *demand)))
    assert told["witnesses"] == ["w0", "w1"]
    (tmp_path / "policy").write_text("quorum q\n")
    check_failed(look(memory, tmp_path / "copy", exports, *demand), 2, "policy-malformed")


def test_a_service_is_watched_over_http(tmp_path: Path) -> None:
    """It grows; two readers are shown two logs; what each saw convicts it before the other."""
    world = World()
    found_house(tmp_path / "data", world)
    keys, memories = tmp_path / "data" / "log.vkeys", [tmp_path / "one", tmp_path / "two"]

    def see(memory: Path, url: str, *more: object) -> Result:
        return attest("log", "monitor", memory, f"{url}/v1/log", "--log-keys", keys, *more)

    with running(tmp_path / "data", world) as house:
        for memory in memories:
            succeeded(see(memory, house.url, "--first"))
        start = house.size()
    shutil.copytree(tmp_path / "data", tmp_path / "split")
    for folder, memory, raws in (
        ("data", memories[0], [held(world), unread(1), unread(2)]),
        ("split", memories[1], [unread(number) for number in range(3, 9)]),
    ):
        with running(tmp_path / folder, world) as house:
            for raw in raws:
                assert house.post(raw).status_code == 201
            told = succeeded(see(memory, house.url)).stdout
            assert f"{start} entries as before, {2 * len(raws)} new" in told
    with running(tmp_path / "split", world) as house:
        check_failed(see(memories[0], house.url), 6, "log-forked")
    (proof,) = proofs(memories[0])
    convicting = ("log", "check-misbehaviour", proof, "--log-keys", keys)
    assert "does not start with" in succeeded(attest(*convicting)).stdout


@pytest.mark.parametrize(
    ("status", "body", "exit_code", "code"),
    [
        (404, b"{}", 8, "remote"),
        (500, b"", 8, "remote"),
        (200, b"junk", 6, "checkpoint-malformed"),
        (200, b"\xff" * 70_000, 6, "checkpoint-malformed"),
    ],
)
def test_a_server_that_is_no_log(
    status: int, body: bytes, exit_code: int, code: str, memory: Path, exports: Path
) -> None:
    before = memory.read_bytes()
    with serving(Liar(status, body)) as port:
        result = look(memory, f"http://127.0.0.1:{port}/v1/log", exports)
    check_failed(result, exit_code, code)
    assert memory.read_bytes() == before


def test_a_server_that_shows_a_newer_checkpoint_and_no_tiles(memory: Path, exports: Path) -> None:
    """It answers everything with the checkpoint."""
    newer = (exports / "large" / "checkpoint").read_bytes()
    with serving(Liar(200, newer)) as port:
        result = look(memory, f"http://127.0.0.1:{port}", exports)
    check_failed(result, 6, "tile-altered")


def test_what_proves_nothing(exports: Path, tmp_path: Path) -> None:
    small, large = ((exports / name / "checkpoint").read_bytes() for name in ("small", "large"))
    path = tmp_path / "proof.json"
    check = ("log", "check-misbehaviour", path, "--log-keys", exports / "keys")
    check_failed(attest(*check), 2, "file")
    for first, second in ((small, large), (small, small), (large, small)):
        path.write_bytes(format_misbehaviour(first, second))
        check_failed(attest(*check), 6, "not-misbehaviour")
    path.write_bytes(b"{}")
    check_failed(attest(*check), 2, "schema-violation")


def test_what_convicts_is_told_in_words_and_as_data(exports: Path, tmp_path: Path) -> None:
    one, other = ((exports / name / "checkpoint").read_bytes() for name in ("small", "forked"))
    path = tmp_path / "proof.json"
    path.write_bytes(format_misbehaviour(one, other))
    check = ("log", "check-misbehaviour", path, "--log-keys", exports / "keys")
    result = succeeded(attest(*check))
    assert "two roots for one log of 300 entries" in result.stdout
    assert f"convicts whoever holds the keys of {ORIGIN}" in result.stdout
    told = document(succeeded(attest(*check, "--json")))
    assert set(told) == json_members("`log check-misbehaviour`")
    assert told["first"]["size"] == told["second"]["size"] == 300
    assert told["first"]["root"] != told["second"]["root"]


def test_an_export_is_checked_in_several_processes(exports: Path) -> None:
    check = ("log", "check", exports / "large", "--log-keys", exports / "keys")
    told = [document(succeeded(attest(*check, "--processes", n, "--json"))) for n in (1, 2)]
    assert told[0] == told[1]
    assert told[0]["size"] == 700
    check_failed(attest(*check, "--processes", 0), 1, "usage")
