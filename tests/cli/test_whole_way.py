"""From keys to a replayed export with nothing but the two commands: attest and the service."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.cli import clock
from tests.cli.helpers import ROOT, attest, check_failed, document, succeeded

DESIGNER = ["--party", "tianqiu", "--role", "designer", "--country", "US"]
FOUNDRY = ["--party", "formosa", "--role", "foundry", "--country", "TW"]


def service(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the service to its end."""
    return subprocess.run(
        [sys.executable, "-m", "service", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )


@contextmanager
def running(data: Path) -> Iterator[str]:
    """The service on a free port, as a process; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "run", str(data), "--port", "0", "--no-access-log"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:[0-9]+", line):
                yield found[0]
                break
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of examples/cli, and keys for a designer, a foundry and two reviewers."""
    copy = Path(shutil.copytree(ROOT / "examples" / "cli", tmp_path / "work"))
    monkeypatch.chdir(copy)
    (copy / "layout.oas").write_bytes(b"the layout")
    for source in copy.glob("*.toml"):  # the service decides today, whenever that is
        text = source.read_text(encoding="utf-8")
        text = text.replace("2026-12-15", f"{clock.today() + dt.timedelta(days=30)}")
        text = text.replace("2029-12-31", f"{clock.today() + dt.timedelta(days=300)}")
        source.write_text(text, encoding="utf-8")
    chen = ["--holder", "Mei-Ling Chen", "--title", "VP", "--no-passphrase"]
    lin = ["--holder", "Wei Lin", "--title", "Head", "--no-passphrase"]
    name = ["--legal-name", "天秋設計股份有限公司", "--name-latin", "Tianqiu Design Inc."]
    succeeded(attest("keygen", "tianqiu", *DESIGNER, *name, *chen))
    name = ["--legal-name", "Formosa Example Foundry Co., Ltd."]
    succeeded(attest("keygen", "formosa", *FOUNDRY, *name, *lin))
    for reviewer in ("Ana Costa", "Jun Park"):
        holder = ["--holder", reviewer, "--title", "Reviewer", "--no-passphrase"]
        into = ["--into", "formosa.keyset.json", "--purpose", "review"]
        succeeded(attest("keygen", reviewer.split()[0].lower(), *into, *holder))
    return copy


def test_from_keys_to_a_replayed_export(folder: Path) -> None:
    names = ("tianqiu", "formosa")
    keysets = [word for name in names for word in ("--keyset", folder / f"{name}.keyset.json")]
    founding = ["--origin", "formosa.example/log", "--foundry", "formosa", "--no-passphrase"]
    service("init", folder / "data", *founding, *keysets)
    keys = folder / "data" / "log.vkeys"

    design = ["--design-commitment", "layout.oas"]
    succeeded(attest("declare", "tianqiu-a1.toml", *design, "-o", "d.json"))
    succeeded(attest("lint", "d.json"), 5)
    succeeded(attest("sign", "d.json", "--key", "tianqiu.pem", "--yes", "-o", "d.dsse"))
    determination = ["tianqiu-a1.determination.toml", "--declaration", "d.dsse"]
    succeeded(attest("determine", *determination, "-o", "t.json"))
    foretold = succeeded(attest("lint", "d.dsse", "t.json", "--json"), 0)
    succeeded(attest("sign", "t.json", "--key", "formosa.pem", "--yes", "-o", "t.dsse"))

    with running(folder / "data") as url:
        trusting = ["--log-keys", keys]
        held = attest("submit", url, "d.dsse", *trusting, "--casefile", "held.json")
        succeeded(held, 5)
        passed = attest("submit", url, "d.dsse", "t.dsse", *trusting, "--casefile", "case.json")
        assert "Verdict: ✓ PASS" in succeeded(passed, 0).stdout
        reason = ["--reason-code", "evidence-received", "--reason", "Checked."]
        succeeded(attest("review", "held.json", "--action", "release", *reason, "-o", "r.json"))
        succeeded(attest("sign", "r.json", "--key", "ana.pem", "--yes", "-o", "r1.json"))
        add = ["--add", "--key", "jun.pem", "--yes", "-o", "r2.json"]
        succeeded(attest("sign", "r1.json", *add))
        identifier = re.findall(r"sha256:[0-9a-f]{64}", held.stdout)[0]
        succeeded(attest("submit", url, "r2.json", "--review-of", identifier))

    verified = document(
        succeeded(attest("verify", "case.json", *trusting, "--foundry", "formosa", "--json"))
    )
    rehearsed = document(foretold)["rehearsals"][0]["findings"]
    decided = verified["decision"]["findings"]
    assert [each["says"] for each in decided] == [each["says"] for each in rehearsed]
    succeeded(attest("log", "export", "data", "export"))
    told = document(succeeded(attest("replay", "export", *trusting, "--json")))
    assert told["verdicts"] == {"HOLD": 1, "PASS": 1}
    assert told["reviews"] == 1

    (bodies,) = [path for path in (folder / "export" / "bodies").rglob("*") if path.is_file()]
    raw = bodies.read_bytes()
    bodies.write_bytes(raw[:-9] + bytes((raw[-9] ^ 1,)) + raw[-8:])
    check_failed(attest("replay", "export", *trusting), 6, "commitment-mismatch")
