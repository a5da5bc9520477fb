"""The recipes of keys/README.md, line by line as they stand there, against a running service."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.replay import replay
from attest.signing import KeySigner, load_signer
from service.sequencer import utc_now
from tests.cli.helpers import attest, succeeded, write_key
from tests.service.house import Clock, House, found_house, running
from tests.service.test_keyset_changes import declared, refusal_of
from tests.world import ROOT, World

URL = "http://127.0.0.1:8000"
README = (ROOT / "keys" / "README.md").read_text("utf-8")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A service whose designer is not enrolled yet; the clock is that of the commands."""
    world = World()
    world.actors.remove(world.designer)
    found_house(tmp_path / "data", world)
    for number, signer in enumerate(world.reviewers, 1):
        write_key(tmp_path / f"reviewer-{number}.pem", signer)
    shutil.copy(tmp_path / "data" / "log.vkeys", tmp_path)
    monkeypatch.chdir(tmp_path)
    clock = Clock()
    clock.now = utc_now() + dt.timedelta(hours=1)
    with running(tmp_path / "data", world, clock) as house:
        yield house


def commands(section: str) -> list[list[str]]:
    """The lines of a section's blocks as their words, without what a comment says."""
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def run(house: House, section: str, keyid: str = "") -> str:
    """Run a section; what its last line said."""
    told = ""
    for words in commands(section):
        line = [word.replace(URL, house.url).replace("KEYID", keyid) for word in words]
        if line[0] == "curl":
            assert line[1:4:2] == ["-s", ">"]
            answer = house.client.get(line[2].removeprefix(house.url))
            assert answer.status_code == 200
            Path(line[4]).write_bytes(answer.content)
        elif line[0] == "cp":
            shutil.copy(line[1], line[2])
        else:
            assert line[0] == "attest"
            signs = "--key" in line
            extra = ["--yes"] if signs else ["--no-passphrase"] if line[1] == "keygen" else []
            code = 5 if line[1:3] == ["keys", "impact"] else 0
            told = succeeded(attest(*line[1:], *extra), code).stdout
    return told


def signer(name: str) -> KeySigner:
    """The key that a recipe made."""
    return load_signer(Path(f"{name}.pem").read_bytes(), None)


def keyids(house: House) -> list[str]:
    keyset = house.client.get("/v1/keysets/tianqiu").json()
    return [key["keyid"] for key in keyset["keys"] if "revoked" not in key]


def test_enrol_rotate_and_revoke_as_written(house: House) -> None:
    """From nobody to a key, to the next one, to none; what it signed is named, all replays."""
    run(house, "Enrol")
    first, hybrid = keyids(house)
    assert refusal_of(house.post(declared(house.world, 1, signer("tianqiu")))) == "party-mismatch"
    run(house, "Rotate", first)
    kept, latest = keyids(house)
    assert (kept, latest) == (hybrid, signer("tianqiu-2").keyid)
    assert refusal_of(house.post(declared(house.world, 2, signer("tianqiu")))) == "key-revoked"
    recorded = house.post(declared(house.world, 3, signer("tianqiu-2"))).json()
    told = run(house, "Revoke", latest)
    assert f"entry {recorded['submission_index']} " in told
    assert "Signed: 1 submission" in told
    assert keyids(house) == [hybrid]
    assert refusal_of(house.post(declared(house.world, 4, signer("tianqiu-2")))) == "key-revoked"
    succeeded(attest("log", "export", "data", "export"))
    report = replay(Path("export"), log_keys=house.log_keys)
    assert report.refusals == {"key-revoked": 2, "party-mismatch": 2}
    assert len(report.trusts) == 4
