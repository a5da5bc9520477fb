"""Other Pythons: a log that screened its parties replays there byte for byte.

`make pythons` makes an environment for each of them from the same lock.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.test_screened import NAMESAKE, PACKS, named, parties
from tests.world import ROOT, World
from tests.world_lists import snapshot
from tests.world_log import world_log

NAMES = (
    NAMESAKE,
    "北京示例華芯半導體有限公司",
    "\u041fekin Huaxin",
    "Huàxīn Example",
    "Huaxin \U00010efd Example",
)
"""A namesake, traditional characters, a look-alike, accents, a letter younger than Unicode 14."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export, and beside it the log's verifier keys."""
    world, folder = World(packs=PACKS, lists=[snapshot()]), tmp_path_factory.mktemp("pythons")
    with world_log(world, folder / "data") as log:
        log.register(
            [world.submission({"parties": parties(**named(name))}, fabricator={}) for name in NAMES]
        )
        log.export(folder / "export")
    return folder


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_log_replays_on_another_python(version: str, exported: Path) -> None:
    python = ROOT / f".venv-{version}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no Python {version} here; make pythons looks for it")
    script = "import sys; from attest.cli import main; sys.exit(main(sys.argv[1:]))"
    keys = exported / "data" / "log.vkeys"
    run = subprocess.run(
        [python, "-c", script, "replay", exported / "export", "--log-keys", keys, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    told = json.loads(run.stdout)
    assert (told["decisions"], told["verdicts"]) == (len(NAMES), {"HOLD": len(NAMES)})
