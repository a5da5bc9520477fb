"""Founding a log and starting the command: what is written, what is refused, what is left."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from attest.encoding import canonical, digest
from attest.errors import AttestError, InputError, LogError
from attest.log.check import check_store
from attest.log.checkpoint import LogKeys, open_checkpoint
from attest.log.entry import parse_entry
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft
from attest.signing import generate_private_key, load_signer, private_key_pem
from service.__main__ import main
from service.demo import PAPER, found_demo
from service.founding import (
    DECISION_KEY,
    DECISION_KEY_DAYS,
    LOG_KEYS,
    STORE,
    VERIFIER_KEYS,
    enrol_decision_key,
    found,
)
from service.records import Records, label
from service.runtime import open_application
from service.standing import active_standing
from tests.service.house import (
    ORIGIN,
    charter_of,
    decision_pem,
    found_house,
    registrar_over,
    running,
)
from tests.world import NOW, World

ROOT = Path(__file__).parents[2]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_founded_folder_holds_all_that_decisions_rest_on(founded: Path, world: World) -> None:
    keys = LogKeys.parse((founded / VERIFIER_KEYS).read_text().splitlines())
    store = SqliteStore.open(founded / STORE, read_only=True)
    entries = [parse_entry(each.entry) for each in store.entries(0, 100)]
    assert json.loads(next(store.entries(0, 1)).body) == {
        "v": 1,
        "origin": ORIGIN,
        "foundry": "formosa",
    }
    assert {entry.time for entry in entries} == {NOW}
    trust = entries[-1]
    assert trust.kind == "trust"
    for kind in ("schema", "pack", "keyset"):
        assert trust.refs[kind] == tuple(each.index for each in entries if each.kind == kind)
    note = store.head().checkpoint
    assert note is not None
    assert open_checkpoint(note, keys=keys).size == len(entries)
    check_store(store, keys=keys)
    standing = active_standing(Records(store))
    assert standing.trust.digest == digest(world.trust_bytes())
    store.close()


def test_private_keys_are_their_owners_alone(founded: Path) -> None:
    for name in (*LOG_KEYS, DECISION_KEY, STORE):
        assert mode_of(founded / name) == 0o600
    assert mode_of(founded) == mode_of(founded / "keys") == 0o700
    assert [path.name for path in founded.parent.iterdir()] == ["data"]


def test_a_folder_is_founded_once(founded: Path, world: World) -> None:
    with pytest.raises(LogError) as caught:
        found_house(founded, world)
    assert caught.value.code == "store-exists"


def bad_keysets(world: World) -> Iterator[tuple[str, list[bytes]]]:
    good = list(world.keysets().values())
    foundry = next(raw for raw in good if json.loads(raw)["party"]["id"] == world.foundry.id)
    yield "trust-incomplete", [raw for raw in good if raw != foundry]
    yield "trust-incomplete", [*good, good[0].replace(b'"Mei-Ling Chen"', b'"Somebody Else"')]
    yield "schema-violation", [*good, b"{}"]
    yield "json-malformed", [*good, b"{"]
    yield "too-large", [*good, b" " * 100_000]
    other = json.loads(foundry)
    for record in other["keys"]:
        if record["keyid"] == world.decision_signer.keyid:
            record["purpose"] = "statement"
    yield "key-purpose", [canonical(other), *(raw for raw in good if raw != foundry)]


def test_what_is_wrong_with_a_keyset_leaves_nothing_behind(tmp_path: Path, world: World) -> None:
    seen = []
    for code, keysets in bad_keysets(world):
        charter = replace(charter_of(world), keysets=keysets)
        with pytest.raises(AttestError) as caught:
            found(
                tmp_path / "x", charter, decision_pem=decision_pem(world), passphrase=None, at=NOW
            )
        assert caught.value.code == code
        assert list(tmp_path.iterdir()) == []
        seen.append(code)
    assert len(seen) == 6


@pytest.mark.parametrize("origin", ["", "with blank", "with+plus", "ü", "x" * 256])
def test_what_cannot_name_a_log(tmp_path: Path, world: World, origin: str) -> None:
    charter = replace(charter_of(world), origin=origin)
    with pytest.raises(InputError) as caught:
        found(tmp_path / "x", charter, decision_pem=decision_pem(world), passphrase=None, at=NOW)
    assert caught.value.code == "key-malformed"
    assert list(tmp_path.iterdir()) == []


def test_what_is_given_twice_is_enrolled_once(tmp_path: Path, world: World) -> None:
    charter = charter_of(world)
    keysets, packs = (list(each) for each in (charter.keysets, charter.packs))
    doubled = replace(charter, keysets=keysets * 2, packs=packs * 2)
    found(tmp_path / "x", doubled, decision_pem=decision_pem(world), passphrase=None, at=NOW)
    with registrar_over(tmp_path / "x") as registrar:
        assert len(registrar._standing.refs["keyset"]) == len(keysets)
        assert len(registrar._standing.refs["pack"]) == len(packs)


def test_a_folder_that_cannot_be_made(tmp_path: Path, world: World) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        found_house(tmp_path / "file" / "x", world)
    assert caught.value.code == "file"


def test_what_a_founding_that_was_killed_left_is_named(tmp_path: Path, world: World) -> None:
    (tmp_path / "x.partial").mkdir()
    with pytest.raises(InputError) as caught:
        found_house(tmp_path / "x", world)
    assert caught.value.code == "file"
    assert caught.value.detail == "x.partial is left of a start that did not end: delete it"
    (tmp_path / "x.partial").rmdir()
    found_house(tmp_path / "x", world)


def test_a_new_decision_key_is_added_to_the_foundrys_keyset(world: World) -> None:
    signer = load_signer(private_key_pem(generate_private_key("ed25519"), None), None)
    keysets = list(world.keysets().values())
    enrolled = enrol_decision_key(keysets, world.foundry.id, signer, NOW)
    changed = [(old, new) for old, new in zip(keysets, enrolled, strict=True) if old != new]
    ((old, new),) = changed
    assert json.loads(new)["keys"][:-1] == json.loads(old)["keys"]
    added = json.loads(new)["keys"][-1]
    assert (added["keyid"], added["purpose"]) == (signer.keyid, "decision")
    assert added["valid_from"] == "2026-11-24T14:00:00Z"
    assert added["valid_until"] == "2028-11-23T14:00:00Z"
    assert DECISION_KEY_DAYS == 730
    assert enrol_decision_key(enrolled, world.foundry.id, signer, NOW) == enrolled


def test_keys_are_encrypted_under_the_passphrase(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "data"
    pem = decision_pem(world, b"correct horse")
    found(folder, charter_of(world), decision_pem=pem, passphrase=b"correct horse", at=NOW)
    for name in (*LOG_KEYS, DECISION_KEY):
        assert b"ENCRYPTED PRIVATE KEY" in (folder / name).read_bytes()
    with open_application(folder, b"correct horse"):
        pass
    for passphrase in (None, b"wrong"):
        with pytest.raises(InputError) as caught, open_application(folder, passphrase):
            pass
        assert caught.value.code == "passphrase"


def test_one_process_at_a_time(folder: Path) -> None:
    with open_application(folder, None):
        with pytest.raises(InputError) as caught, open_application(folder, None):
            pass
        assert (caught.value.code, caught.value.detail) == (
            "file",
            "another process has the folder open",
        )
    with open_application(folder, None):
        pass


def test_a_folder_without_its_parts_is_not_opened(folder: Path, world: World) -> None:
    def code_of_opening() -> str:
        with pytest.raises(AttestError) as caught, open_application(folder, None):
            pass
        return caught.value.code

    (folder / DECISION_KEY).write_bytes(private_key_pem(generate_private_key("ed25519"), None))
    assert code_of_opening() == "unknown-key"
    (folder / DECISION_KEY).write_bytes(private_key_pem(world.fabricator.signer._private, None))
    assert code_of_opening() == "key-purpose"
    (folder / DECISION_KEY).unlink()
    assert code_of_opening() == "file"
    for raw in (b"", b"\xff"):
        (folder / VERIFIER_KEYS).write_bytes(raw)
        assert code_of_opening() == "key-malformed"
    (folder / STORE).unlink()
    assert code_of_opening() == "store-missing"


@pytest.mark.parametrize("name", ["lock", VERIFIER_KEYS, *LOG_KEYS, DECISION_KEY])
def test_a_file_that_cannot_be_opened_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.raises(InputError) as caught, open_application(folder, None):
        pass
    assert caught.value.code == "file"
    assert caught.value.detail == f"{Path(name).name} cannot be opened: Is a directory"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
@pytest.mark.parametrize("name", [*LOG_KEYS, DECISION_KEY])
def test_a_private_key_that_others_can_use_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(InputError) as caught, open_application(folder, None):
        pass
    assert caught.value.code == "file"
    assert "0600" in caught.value.detail
    (folder / name).chmod(0o400)
    with open_application(folder, None):
        pass


def test_a_log_signed_by_other_keys_is_not_opened(
    folder: Path, world: World, tmp_path: Path
) -> None:
    found_house(tmp_path / "other", world)
    for name in (*LOG_KEYS, VERIFIER_KEYS):
        (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(LogError) as caught, open_application(folder, None):
        pass
    assert caught.value.code == "checkpoint-signature"


def test_the_newest_trust_is_the_active_one(folder: Path, world: World) -> None:
    with registrar_over(folder) as registrar:
        writer = registrar._writer
        refs = {kind: registrar._standing.refs[kind] for kind in ("keyset", "pack")}
        raw = world.trust_bytes().replace(b'"review_threshold":2', b'"review_threshold":3')
        index = writer.head.size
        writer.append([Draft("trust", raw, refs)], at=NOW, labels=[(label("trust", "2"), index)])
        later = active_standing(registrar._records)
    assert later.trust.review_threshold == 3
    assert later.refs["trust"] == (index,)


def test_the_demo_is_served_and_its_paper_held(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "demo"
    found_demo(folder, list(world.packs.values()), at=NOW)
    for path in (folder / "demo").iterdir():
        assert mode_of(path) == 0o600
    with running(folder, world) as house:
        answer = house.post((folder / PAPER).read_bytes())
        assert answer.status_code == 201
        assert "refusal_code" not in answer.json()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def papers(tmp_path: Path, world: World) -> list[str]:
    """Arguments that enrol everybody."""
    arguments = ["--origin", ORIGIN, "--foundry", world.foundry.id]
    for number, raw in enumerate(world.keysets().values()):
        path = tmp_path / f"{number}.json"
        path.write_bytes(raw)
        arguments += ["--keyset", str(path)]
    return arguments


def test_init_makes_a_folder_that_opens(tmp_path: Path, papers: list[str]) -> None:
    secret = tmp_path / "passphrase"
    secret.write_bytes(b"correct horse\n")
    result = run("init", tmp_path / "data", *papers, "--passphrase-file", secret)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "log.vkeys" in result.stderr
    with open_application(tmp_path / "data", b"correct horse"):
        pass


def test_init_takes_a_decision_key(tmp_path: Path, papers: list[str], world: World) -> None:
    pem = tmp_path / "decision.pem"
    pem.write_bytes(decision_pem(world))
    result = run("init", tmp_path / "data", *papers, "--decision-key", pem, "--no-passphrase")
    assert result.exit_code == 0
    assert "WARNING" in result.stderr
    assert (tmp_path / "data" / DECISION_KEY).read_bytes() == pem.read_bytes()


def test_no_passphrase_is_none_whatever_the_environment_says(
    tmp_path: Path, papers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUNDRY_ATTEST_PASSPHRASE", "correct horse")
    assert run("init", tmp_path / "open", *papers, "--no-passphrase").exit_code == 0
    with open_application(tmp_path / "open", None):
        pass
    assert run("init", tmp_path / "closed", *papers).exit_code == 0
    with open_application(tmp_path / "closed", b"correct horse"):
        pass


def test_init_never_stores_keys_openly_by_oversight(tmp_path: Path, papers: list[str]) -> None:
    result = run("init", tmp_path / "data", *papers)
    assert result.exit_code == 2
    assert "--no-passphrase" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "example.com"])
def test_only_loopback_is_served(folder: Path, host: str) -> None:
    result = run("run", folder, "--host", host)
    assert result.exit_code == 2
    assert "no authentication" in result.stderr


def test_the_command_reports_errors_without_a_traceback(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service", "run", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: store-missing: the folder holds no log\n")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("text", [b"", b"x" * 1024], ids=["empty", "too long"])
def test_a_passphrase_that_cannot_be_used(tmp_path: Path, papers: list[str], text: bytes) -> None:
    secret = tmp_path / "passphrase"
    secret.write_bytes(text)
    result = run("init", tmp_path / "data", *papers, "--passphrase-file", secret)
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "passphrase"
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_no_traceback(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        arguments = ["run", str(folder), "--port", str(port), "--processes", "0"]
        result = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: Address already in use")
    assert "Traceback" not in result.stderr


def test_an_interrupted_service_has_done_its_work(tmp_path: Path) -> None:
    """Made and served by one command; what it says to try names the port that it got."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve-demo", str(tmp_path / "demo"), "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix("listening on ").strip()
    assert httpx.get(f"{url}/readyz", trust_env=False, timeout=30).status_code == 200
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "")
    assert f"try: attest submit {url} {tmp_path / 'demo' / PAPER}\n" in stderr
    assert "Traceback" not in stderr
