"""A log of ten thousand mixed decisions replays byte for byte, through the command too."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from attest.cli import main
from attest.replay import replay
from tests.papers import submissions
from tests.world import World
from tests.world_log import world_log

DECISIONS = 10_000
BATCH = 250


@pytest.mark.timeout(600)
def test_ten_thousand_decisions(tmp_path: Path) -> None:
    """PASS, HOLD, FAIL and refused: as many of each as were recorded, every one the same."""
    world = World(packs=("us-ear", "house-example"))
    recorded: Counter[str] = Counter()
    refused: Counter[str | None] = Counter()
    with world_log(world, tmp_path / "data") as log:
        for first in range(0, DECISIONS, BATCH):
            batch = log.register(submissions(world, BATCH, first=first))
            recorded.update(each.verdict for each in batch)
            refused.update(each.refusal_code for each in batch)
        export = log.export(tmp_path / "export")
        (tmp_path / "log.vkeys").write_text("\n".join(log.keys.vkeys()) + "\n")
        report = replay(export, log_keys=log.keys, processes=2)
    assert report.decisions == DECISIONS
    assert report.verdicts == recorded
    assert set(recorded) == {"PASS", "HOLD", "FAIL"}
    del refused[None]
    assert report.refusals == refused == {"wrong-audience": DECISIONS // 20}
    arguments = [str(export), "--log-keys", str(tmp_path / "log.vkeys"), "--processes", "2"]
    result = CliRunner().invoke(main, ["replay", *arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["decisions"] == DECISIONS
