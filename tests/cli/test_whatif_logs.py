"""`attest whatif` on logs: folders, stores, exports, good and bad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.envelope import seal
from tests.cli.helpers import (
    Log,
    attest,
    attest_terminal,
    check_failed,
    document,
    succeeded,
)
from tests.cli.pages import json_members
from tests.cli.test_whatif import (
    BN,
    EXAMPLES,
    NEW_YEAR,
    signed,
    statements,
    verdicts,
)
from tests.world import World


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log with a product that turns, one that does not, and a refusal."""
    log = Log(tmp_path, World())
    log.record(signed(log.world))
    log.record(signed(log.world, 12 * BN, end_use="Another."))
    log.record(signed(log.world, audience="another-foundry"))
    return log


def logged(*arguments: object, code: int = 0) -> Any:
    return document(succeeded(attest("whatif", *arguments, "--json"), code))


def test_a_log_as_folder_file_and_export(log: Log) -> None:
    keys = ("--log-keys", log.keys)
    told = logged(log.folder, "--on", NEW_YEAR)
    assert set(told) == json_members("`whatif`") | {"log"}
    assert told["products"] == 2
    assert told["refused"] == {"wrong-audience": 1}
    assert verdicts(told) == [["FAIL", "PASS"]]
    assert told["log"]["origin"] == "example.org/log"
    assert isinstance(told["results"][0]["entry"], int)
    assert logged(log.folder / "log.sqlite", *keys, "--on", NEW_YEAR) == told
    assert logged(log.export(), *keys, "--on", NEW_YEAR, "--processes", 2) == told


def test_people_read_what_a_log_refused(log: Log) -> None:
    told = succeeded(attest("whatif", log.folder, "--on", NEW_YEAR))
    assert "left aside: 1 refused (wrong-audience)" in told.stdout
    assert "keys beside the log" in told.stderr


def test_a_log_writes_nothing(log: Log) -> None:
    before = (log.folder / "log.sqlite").read_bytes()
    logged(log.folder, "--on", NEW_YEAR)
    assert (log.folder / "log.sqlite").read_bytes() == before


def test_an_export_needs_the_keys(log: Log) -> None:
    check_failed(attest("whatif", log.export(), "--on", NEW_YEAR), 1, "usage")


def test_a_log_is_asked_alone_and_names_its_packs(log: Log) -> None:
    for more in (["--base-pack", "us-ear"], [str(EXAMPLES / "facts.json")]):
        check_failed(attest("whatif", log.folder, *more, "--on", NEW_YEAR), 1, "usage")


def test_a_corrupt_log_names_its_entry(log: Log) -> None:
    (bodies,) = (log.export() / "bodies").rglob("*.p/*")
    raw = bytearray(bodies.read_bytes())
    raw[-1000] ^= 1
    bodies.write_bytes(bytes(raw))
    export = log.folder.parent / "export"
    failed = attest("whatif", export, "--log-keys", log.keys, "--on", NEW_YEAR)
    assert "entry" in check_failed(failed, 6, "commitment-mismatch")


def test_a_bar_counts_on_a_terminal(log: Log) -> None:
    code, shown = attest_terminal("whatif", log.folder, "--on", NEW_YEAR)
    assert code == 0
    assert "asked" in shown
    assert "1 FAIL→PASS, 1 the same" in shown


def test_people_read_what_was_replaced(log: Log) -> None:
    declared, _ = statements(log.world)
    log.record(seal(declared, [log.world.designer.signer]))
    told = succeeded(attest("whatif", log.folder, "--on", NEW_YEAR)).stdout
    assert "left aside: 1 replaced by a later decision" in told
    assert "2027-01-01: 2 the same" in told
