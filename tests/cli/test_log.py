"""`attest log` and `attest replay`: a log of one's own, from keys to a replayed export."""

from __future__ import annotations

import stat
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.cli.files import new_folder, write_new
from attest.encoding import loads
from attest.errors import InputError
from attest.log.checkpoint import LogKeys, open_checkpoint
from attest.log.proof import open_proof, open_proof_document
from tests.cli.helpers import (
    AT,
    Log,
    attest,
    attest_process,
    attest_terminal,
    check_failed,
    decision_of,
    document,
    succeeded,
    write_json,
)
from tests.cli.pages import json_members
from tests.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(packs=("us-ear", "house-example"))


@pytest.fixture(scope="module")
def recorded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A log with a HOLD, a PASS, a refusal and a review; do not append to it."""
    log = Log(tmp_path_factory.mktemp("log"), world)
    held = world.submission()
    log.record(held)
    log.record(world.submission(fabricator={}))
    log.record(world.submission({"audience": "somebody-else"}))
    decision = loads(decision_of(world, held), string_bytes_max=10**6)
    payload = b64decode(decision["payload"])
    review = world.review(payload, loads(payload)["subject"])
    log.append(f"review={log.body(review)}")
    log.export()
    return log


@pytest.fixture
def export(recorded: Log, tmp_path: Path) -> Path:
    """An export of one's own."""
    target = tmp_path / "export"
    succeeded(attest("log", "export", recorded.folder, target))
    return target


def test_keys_are_private_and_verifier_keys_are_not(recorded: Log) -> None:
    for path in (recorded.folder / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((recorded.folder / "keys").stat().st_mode) == 0o700
    keys = LogKeys.parse(recorded.keys.read_text().splitlines())
    assert keys.origin == "example.org/log"


def test_a_log_is_made_once(recorded: Log) -> None:
    result = attest(
        *("log", "init", recorded.folder, "--origin", "x", "--foundry", "y", "--no-passphrase")
    )
    check_failed(result, 2, "file")


def test_a_folder_that_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "log"

    def fail_halfway() -> None:
        with new_folder(folder) as partial:
            write_new(str(partial / "key.pem"), b"half")
            assert not folder.exists()
            write_new(str(partial / "key.pem"), b"again")

    with pytest.raises(InputError):
        fail_halfway()
    assert list(tmp_path.iterdir()) == []
    with new_folder(folder) as partial:
        write_new(str(partial / "key.pem"), b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert (folder / "key.pem").read_bytes() == b"whole"
    with pytest.raises(InputError) as caught, new_folder(folder):
        pass
    assert caught.value.code == "file"


def test_keys_with_a_passphrase(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "log"
    environment = {"ATTEST_PASSPHRASE": "correct horse"}
    arguments = ["log", "init", str(folder), "--origin", "example.org/log", "--foundry", "formosa"]
    check_failed(attest(*arguments), 2, "passphrase")
    assert not list(tmp_path.iterdir())
    succeeded(attest(*arguments, env=environment))
    assert b"ENCRYPTED" in (folder / "keys" / "log-ed25519.pem").read_bytes()
    keyset = tmp_path / "k.json"
    keyset.write_bytes(world.designer.keyset())
    append = ["log", "append", str(folder), f"keyset={keyset}"]
    check_failed(attest(*append), 2, "passphrase")
    check_failed(attest(*append, env={"ATTEST_PASSPHRASE": "wrong"}), 2, "passphrase")
    told = document(succeeded(attest(*append, "--json", env=environment)))
    assert set(told) == json_members("`log append`")
    assert told["entries"][0]["kind"] == "keyset"


def test_what_cannot_keep_a_log(tmp_path: Path) -> None:
    arguments = ["--origin", "x", "--foundry", "Bad Party", "--no-passphrase"]
    check_failed(attest("log", "init", tmp_path / "log", *arguments), 1, "usage")
    assert not list(tmp_path.iterdir())


def test_an_origin_that_cannot_name_a_key(tmp_path: Path) -> None:
    result = attest(
        *("log", "init", tmp_path / "log", "--origin", "a b", "--foundry", "x", "--no-passphrase")
    )
    check_failed(result, 2, "key-malformed")
    assert not (tmp_path / "log").exists()


def test_every_entry_proves(recorded: Log) -> None:
    keys = LogKeys.parse(recorded.keys.read_text().splitlines())
    checked = document(succeeded(attest("log", "check", recorded.folder, "--json")))
    for index in range(0, checked["size"], 5):
        proof = document(succeeded(attest("log", "prove", recorded.folder, index)))
        text = succeeded(attest("log", "prove", recorded.folder, index, "--text")).stdout.encode()
        told = succeeded(attest("log", "prove", recorded.folder, index, "--text", "--json"))
        assert document(told)["tlog_proof"].encode() == text
        entry = b64decode(proof["entry"])
        assert open_proof(text, entry=entry, keys=keys)[0] == index
    genesis = b'{"foundry":"formosa","origin":"example.org/log","v":1}'
    proof = document(succeeded(attest("log", "prove", recorded.folder, 0)))
    assert open_proof_document(proof, body=genesis, keys=keys)[0].kind == "genesis"


def test_a_proof_into_a_file_and_one_too_far(recorded: Log, tmp_path: Path) -> None:
    target = tmp_path / "p.json"
    succeeded(attest("log", "prove", recorded.folder, 3, "-o", target))
    assert loads(target.read_bytes(), string_bytes_max=10**6)["v"] == 1
    check_failed(attest("log", "prove", recorded.folder, 3, "-o", target), 2, "file")
    check_failed(attest("log", "prove", recorded.folder, 9999), 2, "not-found")
    check_failed(attest("log", "prove", recorded.folder, -1), 1, "usage")


def test_check_needs_keys_for_an_export(recorded: Log, export: Path) -> None:
    check_failed(attest("log", "check", export), 1, "usage")
    told = document(
        succeeded(attest("log", "check", export, "--log-keys", recorded.keys, "--json"))
    )
    checkpoint = open_checkpoint(
        (export / "checkpoint").read_bytes(),
        keys=LogKeys.parse(recorded.keys.read_text().splitlines()),
    )
    assert set(told) == json_members("`log check`")
    assert told["size"] == checkpoint.size
    result = succeeded(attest("log", "check", recorded.folder))
    assert "PASS" in result.stdout
    assert "keys beside the log" in result.stderr


def test_keys_of_another_log(recorded: Log, export: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    arguments = ["--origin", "example.org/log", "--foundry", "x", "--no-passphrase"]
    succeeded(attest("log", "init", other, *arguments))
    for command in (["log", "check"], ["replay"]):
        result = attest(*command, export, "--log-keys", other / "log.vkeys")
        check_failed(result, 6, "checkpoint-signature")
    (tmp_path / "bad").write_bytes(b"nonsense\n")
    check_failed(attest("replay", export, "--log-keys", tmp_path / "bad"), 2, "key-malformed")
    (tmp_path / "bad").write_bytes(b"\xff\n")
    check_failed(attest("replay", export, "--log-keys", tmp_path / "bad"), 2, "key-malformed")
    check_failed(attest("replay", export), 1, "usage")


def test_what_may_be_appended(recorded: Log, world: World, tmp_path: Path) -> None:
    def attempt(kind: str, raw: bytes, code: int, error: str) -> None:
        path = tmp_path / "body"
        path.write_bytes(raw)
        check_failed(
            attest("log", "append", recorded.folder, f"{kind}={path}", "--at", AT), code, error
        )

    before = document(succeeded(attest("log", "check", recorded.folder, "--json")))
    attempt("keyset", b"{}", 2, "schema-violation")
    attempt("keyset", b"{", 2, "json-malformed")
    attempt("pack", b"{}", 2, "pack-invalid")
    attempt("schema", b"{}", 2, "not-found")
    attempt("submission", b"{}", 2, "schema-violation")
    attempt("decision", world.submission(), 2, "schema-violation")
    attempt("submission", world.submission(), 2, "not-found")
    attempt("genesis", b"{}", 1, "usage")
    attempt("nonsense", b"{}", 1, "usage")
    attempt("decision", decision_of(world, world.submission()), 2, "not-found")
    stranger = World(designer_name="Other Inc.")
    attempt("trust", stranger.trust_bytes(), 2, "not-found")
    check_failed(attest("log", "append", recorded.folder, "keyset"), 1, "usage")
    check_failed(attest("log", "append", recorded.folder, "keyset=/no/such/file"), 2, "file")
    after = document(succeeded(attest("log", "check", recorded.folder, "--json")))
    assert before == after


def test_time_does_not_go_back(recorded: Log, world: World) -> None:
    path = recorded.body(world.designer.keyset())
    arguments = ["log", "append", str(recorded.folder), f"keyset={path}"]
    check_failed(attest(*arguments, "--at", "2020-01-01T00:00:00Z"), 6, "clock-backwards")


def test_a_service_keeps_its_log_to_itself(tmp_path: Path, world: World) -> None:
    log = Log(tmp_path, world)
    (log.folder / "keys" / "decision.pem").write_bytes(b"")
    told = check_failed(attest("log", "append", log.folder, "keyset=x"), 1, "usage")
    assert "attest submit" in told


def test_there_is_no_log_here(tmp_path: Path) -> None:
    for arguments in (["prove", tmp_path, 0], ["export", tmp_path, tmp_path / "x"]):
        told = check_failed(attest("log", *arguments), 6, "store-missing")
        assert str(tmp_path) in told


def test_replay_of_an_export(recorded: Log, export: Path) -> None:
    result = attest("replay", export, "--log-keys", recorded.keys, "--json")
    told = document(succeeded(result))
    assert set(told) == json_members("`replay`")
    assert told["decisions"] == 3
    assert told["verdicts"] == {"FAIL": 1, "HOLD": 1, "PASS": 1}
    assert told["refusals"] == {"wrong-audience": 1}
    assert told["reviews"] == 1
    assert told["identical"] is True
    result = succeeded(attest("replay", export, "--log-keys", recorded.keys))
    assert "3 made again, identical: 1 FAIL, 1 HOLD, 1 PASS" in result.stdout
    assert "1 wrong-audience" in result.stdout
    assert result.stderr == ""


def test_replay_in_several_processes(recorded: Log, export: Path) -> None:
    ran = attest_process("replay", export, "--log-keys", recorded.keys, "--processes", 2, "--json")
    assert ran.returncode == 0, ran.stderr
    assert b'"decisions": 3' in ran.stdout
    check_failed(
        attest("replay", export, "--log-keys", recorded.keys, "--processes", 0), 1, "usage"
    )


def test_replay_on_a_terminal_shows_how_far_it_is(recorded: Log, export: Path) -> None:
    code, shown = attest_terminal("replay", export, "--log-keys", recorded.keys)
    assert code == 0, shown
    assert "decided again" in shown
    assert "\x1b[32m" in shown  # colour, on a terminal


def flip(offset: int) -> Callable[[bytes], bytes]:
    """A change of one bit."""
    return lambda raw: raw[:offset] + bytes((raw[offset] ^ 1,)) + raw[offset + 1 :]


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries", "bodies", "tile/0"])
def test_replay_names_the_fault(recorded: Log, export: Path, name: str) -> None:
    (path,) = [each for each in (export / name).rglob("*") if each.is_file()] or [export / name]
    raw = path.read_bytes()
    path.write_bytes(flip(len(raw) // 2)(raw))
    result = attest("replay", export, "--log-keys", recorded.keys, "--json")
    assert result.exit_code == 6, result.stdout
    told = document(result)
    assert told["exit"] == 6
    assert told["why"]


def test_replay_of_an_incomplete_export(recorded: Log, export: Path, tmp_path: Path) -> None:
    (export / "stray").write_bytes(b"")
    check_failed(attest("replay", export, "--log-keys", recorded.keys), 6, "export-incomplete")
    result = attest("replay", tmp_path / "nothing", "--log-keys", recorded.keys)
    assert result.exit_code in (2, 6)
    assert "Traceback" not in result.stderr


def test_a_forged_decision_is_named(tmp_path: Path, world: World) -> None:
    log = Log(tmp_path, world)
    forged = decision_of(world, world.submission(fabricator={}))
    log.record(world.submission(), forged)
    export = log.export()
    succeeded(attest("log", "check", export, "--log-keys", log.keys))
    result = attest("replay", export, "--log-keys", log.keys)
    told = check_failed(result, 6, "decision-differs")
    size = document(succeeded(attest("log", "check", log.folder, "--json")))["size"]
    assert f"entry {size - 1}" in told


def test_an_export_is_not_overwritten(recorded: Log, export: Path) -> None:
    check_failed(attest("log", "export", recorded.folder, export), 2, "file")


def test_the_whole_way_on_files_alone(tmp_path: Path) -> None:
    """keygen, declare, lint, sign, inspect, log, prove, check, export."""
    party = ["--party", "tianqiu", "--legal-name", "Tianqiu Design Inc.", "--country", "US"]
    holder = ["--holder", "Mei-Ling Chen", "--title", "VP", "--role", "designer"]
    key = tmp_path / "tianqiu"
    succeeded(attest("keygen", key, *party, *holder, "--no-passphrase"))
    source = write_json(tmp_path / "source.json", World().declaration())
    declared = tmp_path / "declared.json"
    succeeded(attest("declare", source, "-o", declared))
    succeeded(attest("lint", declared, "--decided", AT), 5)
    signed = tmp_path / "signed.json"
    keyset = f"{key}.keyset.json"
    arguments = ["--key", f"{key}.pem", "--keyset", keyset, "--yes", "-o", str(signed)]
    succeeded(attest("sign", declared, *arguments))
    assert "Tianqiu A1" in succeeded(attest("inspect", signed)).stdout
    log = tmp_path / "log"
    origin = ["--origin", "example.org/log", "--foundry", "tianqiu", "--no-passphrase"]
    succeeded(attest("log", "init", log, *origin))
    check_failed(attest("log", "append", log, f"submission={signed}"), 2, "not-found")
    told = document(succeeded(attest("log", "append", log, f"keyset={keyset}", "--json")))
    index = told["entries"][0]["index"]
    proof = document(succeeded(attest("log", "prove", log, index)))
    keys = LogKeys.parse((log / "log.vkeys").read_text().splitlines())
    entry, checkpoint = open_proof_document(proof, body=Path(keyset).read_bytes(), keys=keys)
    assert entry.kind == "keyset"
    succeeded(attest("log", "check", log))
    export = tmp_path / "export"
    succeeded(attest("log", "export", log, export))
    checked = document(
        succeeded(attest("log", "check", export, "--log-keys", log / "log.vkeys", "--json"))
    )
    assert checked["size"] == checkpoint.size
    replayed = attest("replay", export, "--log-keys", log / "log.vkeys", "--json")
    assert document(succeeded(replayed))["decisions"] == 0
