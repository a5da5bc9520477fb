"""The same bytes everywhere: hash seed, locale, time zone and optimisation change no decision."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.decision import decide
from attest.encoding import digest
from attest.rules.pack import read_pack_folder
from tests.world import NOW, ROOT, UNKNOWN, World, known

PROBE = """
import datetime, locale, pathlib, sys
from attest.decision import decide
from attest.encoding import digest, parse_instant
from attest.trust import load_trust

try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
folder, at = pathlib.Path(sys.argv[1]), parse_instant(sys.argv[2])
bodies = {digest(raw): raw for raw in (f.read_bytes() for f in (folder / "bodies").iterdir())}
trust = load_trust((folder / "trust").read_bytes(), bodies)
for submission in sorted((folder / "submissions").iterdir()):
    sys.stdout.buffer.write(decide(submission.read_bytes(), trust=trust, at=at).payload + b"\\n")
"""

SURROUNDINGS = {
    "plain": ({}, []),
    "hash seed 1": ({"PYTHONHASHSEED": "1"}, []),
    "hash seed 4242": ({"PYTHONHASHSEED": "4242"}, []),
    "Turkish, Taipei": ({"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Taipei"}, []),
    "C locale, far west": ({"LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "Etc/GMT+12"}, []),
    "far east, no asserts": ({"TZ": "Pacific/Kiritimati"}, ["-O"]),
    "isolated from the user's site": ({}, ["-s"]),
}
"""Environment and interpreter options of each run."""


def submissions(world: World) -> dict[str, bytes]:
    """One submission per way a decision can come out."""
    return {
        "pass": world.submission(fabricator={}),
        "hold": world.submission({"datacenter": UNKNOWN}, fabricator={"aatc_transistors": UNKNOWN}),
        "fail": world.submission(fabricator={"aatc_transistors": known(31_000_000_000)}),
        "refused": world.submission({"audience": "another-foundry"}),
        "alone": world.submission(),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World(packs=("us-ear", "house-example"))
    where = tmp_path_factory.mktemp("determinism")
    (where / "trust").write_bytes(world.trust_bytes())
    for kind, files in (
        ("bodies", world.keysets() | world.packs),
        ("submissions", submissions(world)),
    ):
        (where / kind).mkdir()
        for name, raw in files.items():
            (where / kind / name.replace(":", "-")).write_bytes(raw)
    return where


def decisions(folder: Path, environment: dict[str, str], options: list[str]) -> bytes:
    run = subprocess.run(
        [sys.executable, *options, "-c", PROBE, str(folder), NOW.strftime("%Y-%m-%dT%H:%M:%SZ")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    return run.stdout


@pytest.fixture(scope="module")
def here(folder: Path) -> bytes:
    """The decisions as this process takes them."""
    world = World(packs=("us-ear", "house-example"))
    trust = world.trust()
    assert trust.digest == digest((folder / "trust").read_bytes())
    files = sorted((folder / "submissions").iterdir())
    decided = [decide(f.read_bytes(), trust=trust, at=NOW) for f in files]
    verdicts = {f.name: each.verdict for f, each in zip(files, decided, strict=True)}
    assert verdicts == {
        "alone": "HOLD",
        "fail": "FAIL",
        "hold": "HOLD",
        "pass": "PASS",
        "refused": "FAIL",
    }
    return b"".join(each.payload + b"\n" for each in decided)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_decisions_do_not_depend_on_their_surroundings(
    name: str, folder: Path, here: bytes
) -> None:
    environment, options = SURROUNDINGS[name]
    assert decisions(folder, environment, options) == here


def test_packs_compile_to_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    """A pack's document does not depend on the order in which the file system lists its files."""
    source = ROOT / "rules"
    for folder in ("us-ear", "common"):
        for path in sorted((source / folder).rglob("*.toml"), reverse=True):
            target = tmp_path / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert read_pack_folder(tmp_path / "us-ear") == read_pack_folder(source / "us-ear")
