"""`attest lint` at the edges; `tests.cli.test_rules` has what it decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import AT, attest, declaration_file, document, succeeded
from tests.world import World


@pytest.mark.parametrize("at", ["1000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_lint_decides_at_any_instant(tmp_path: Path, at: str) -> None:
    path = declaration_file(tmp_path, World())
    told = document(succeeded(attest("lint", path, "--decided", at, "--json"), 7))
    assert told["rehearsals"][0]["decided_at"] == at


def test_a_pack_named_twice_counts_once(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World())
    once, twice = (
        document(attest("lint", path, "--decided", AT, "--json", *packs))["rehearsals"]
        for packs in (["--pack", "us-ear"], ["--pack", "us-ear", "--pack", "us-ear"])
    )
    assert once[0]["packs"] == twice[0]["packs"]
    assert once[0]["findings"] == twice[0]["findings"]
