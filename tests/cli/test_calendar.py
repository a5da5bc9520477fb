"""`attest calendar`: the coming days on which verdicts turn."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from attest.encoding import canonical
from attest.rules.facts import facts_to_json
from tests.cli.helpers import ROOT, Log, attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.cli.test_whatif import AUTHORIZED, BN, pair, signed, written
from tests.test_whatif_ledger import SHIPMENT, SOLD, limited
from tests.world import World

SPAN = ("--from", "2026-11-24", "--until", "2029-11-24")
FACTS = ROOT / "examples" / "cli" / "facts.json"


def listed(*arguments: object, code: int = 0) -> Any:
    return document(succeeded(attest("calendar", *arguments, "--json"), code))


def turns(told: Any) -> list[tuple[str, str, str]]:
    """Day, verdict before, verdict from then on, of every turn."""
    return [
        (day["on"], each["before"], each["verdict"])
        for day in told["days"]
        for each in day["results"]
    ]


def test_the_limit_of_2027(tmp_path: Path) -> None:
    told = listed(*pair(tmp_path, World()), *SPAN, code=4)
    assert set(told) == json_members("`calendar`") | {"packs"}
    assert turns(told) == [
        ("2027-01-01", "FAIL", "PASS"),
        ("2028-01-01", "PASS", "FAIL"),
        ("2029-01-01", "FAIL", "PASS"),
    ]
    assert told["start"] == [{"verdict": "FAIL", "products": 1}]
    day = told["days"][0]
    assert day["verdicts"] == [{"before": "FAIL", "after": "PASS", "products": 1}]
    values = [value for each in day["results"][0]["changes"] for value in each.get("values", [])]
    assert {"params.limit_no_hbm"} == {each["name"] for each in values}
    assert told["days"][1]["results"][0]["depends_on_reading"]


def test_the_end_of_authorized_designers(tmp_path: Path) -> None:
    path = written(tmp_path, "s.json", signed(World(), 41 * BN, designer_status=AUTHORIZED))
    told = listed(path, *SPAN, code=4)
    assert turns(told) == [("2026-12-31", "PASS", "FAIL")]
    said = succeeded(attest("calendar", path, *SPAN), 4).stdout
    assert "2026-11-24: 1 PASS. Nothing is written." in said
    assert "2026-12-31: 1 PASS→FAIL, 0 the same" in said
    assert "params.authorized_cliff (2026-12-31): true -> false" in said
    assert "91 FR 17851" in said
    assert "No other verdict turns until 2029-11-24." in said


def test_an_application_lasts_180_days(tmp_path: Path) -> None:
    filed = {"status": "filed", "filed_on": "2026-10-01"}
    status = {**AUTHORIZED, "application_748_16": filed}
    path = written(tmp_path, "s.json", signed(World(), 41 * BN, designer_status=status))
    assert turns(listed(path, *SPAN, code=4)) == [("2027-03-30", "PASS", "FAIL")]


def test_the_last_day_counts_and_the_first_is_where_it_starts(tmp_path: Path) -> None:
    papers = pair(tmp_path, World())
    told = listed(*papers, "--from", "2026-12-31", "--until", "2027-01-01")
    assert turns(told) == [("2027-01-01", "FAIL", "PASS")]
    assert turns(listed(*papers, "--from", "2027-01-01", "--until", "2027-12-31")) == []
    told = listed(*papers, "--from", "2027-01-01", "--until", "2027-01-01")
    assert told["start"] == [{"verdict": "PASS", "products": 1}]


def test_a_product_that_never_turns() -> None:
    told = succeeded(attest("calendar", FACTS, *SPAN)).stdout
    assert "2026-11-24: 1 PASS" in told
    assert listed(FACTS, *SPAN)["days"] == []


def test_a_log_with_processes(tmp_path: Path) -> None:
    log = Log(tmp_path, World())
    log.record(signed(log.world))
    log.record(signed(log.world, audience="another-foundry"))
    told = listed(log.folder, *SPAN, code=4)
    assert set(told) == json_members("`calendar`") | {"log"}
    assert turns(told)[0] == ("2027-01-01", "FAIL", "PASS")
    assert told["refused"] == {"wrong-audience": 1}
    assert listed(log.folder, *SPAN, "--processes", 2, code=4) == told
    said = succeeded(attest("calendar", log.folder, *SPAN), 4).stdout
    assert "left aside: 1 refused (wrong-audience)" in said


def test_other_packs_and_another_mode(tmp_path: Path) -> None:
    papers = pair(tmp_path, World())
    told = listed(*papers, *SPAN, "--pack", "us-ear", "--mode", "bis_practice", code=5)
    assert told["tried_mode"] == "bis_practice"
    assert told["tried_packs"][0]["id"] == "us-ear"
    assert turns(told)[0] == ("2027-01-01", "HOLD", "PASS")


def test_the_span_is_three_years_from_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attest.cli.clock.today", lambda: dt.date(2028, 2, 29))
    told = listed(FACTS)
    assert (told["from"], told["until"]) == ("2028-02-29", "2031-02-28")
    told = listed(FACTS, "--from", "2027-03-01")
    assert told["until"] == "2030-03-01"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--from", "2027-01-02", "--until", "2027-01-01"], 1, "usage"),
        (["--from", "2027-13-01"], 1, "usage"),
        (["--from", "2025-01-30"], 2, "not-in-force"),
        (["--pack", "no-such-pack"], 2, "not-found"),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, error: str) -> None:
    check_failed(attest("calendar", FACTS, *arguments), code, error)


def test_an_empty_folder_and_a_missing_file(tmp_path: Path) -> None:
    check_failed(attest("calendar", tmp_path, *SPAN), 2, "file")
    check_failed(attest("calendar", tmp_path / "x.json", *SPAN), 2, "file")


def test_an_export_that_was_cut_off(tmp_path: Path) -> None:
    log = Log(tmp_path, World())
    export = log.export()
    (export / "checkpoint").unlink()
    failed = attest("calendar", export, "--log-keys", log.keys, *SPAN)
    check_failed(failed, 6, "export-incomplete")


def test_the_example_turns_at_the_end_of_2026() -> None:
    told = listed(ROOT / "examples" / "whatif", *SPAN, code=4)
    named = [
        (day["on"], each["product"], each["before"], each["verdict"])
        for day in told["days"]
        for each in day["results"]
    ]
    assert named == [
        ("2026-12-31", "Alder V2", "PASS", "HOLD"),
        ("2027-01-01", "Tianqiu B4", "FAIL", "PASS"),
        ("2028-01-01", "Tianqiu B4", "PASS", "FAIL"),
        ("2029-01-01", "Tianqiu B4", "FAIL", "PASS"),
    ]


def test_the_commands_of_the_example_run(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "examples" / "whatif" / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(each) for each in re.findall(r"^attest (.*)$", text, re.MULTILINE)]
    assert {words[0] for words in lines} == {"calendar", "whatif"}
    monkeypatch.chdir(ROOT)
    for words in lines:
        decided = ["--decided", "2026-11-24", *(SPAN if words[0] == "calendar" else ())]
        told = succeeded(attest(*words, *decided), 4 if words[0] == "calendar" else 5).stdout
        assert "2026-12-31: 1 PASS→HOLD, 1 the same" in told


def ledger_files(folder: Path) -> tuple[Path, Path, Path]:
    """Facts, a pack with a limit of the calendar year, and shipments that reach it."""
    facts, pack, ledger = (folder / name for name in ("f.json", "limit.json", "ledger.json"))
    facts.write_bytes(canonical(facts_to_json(SOLD)))
    pack.write_bytes(limited("ledger.lpp_tpp_milli < 2000"))
    rows = [{**SHIPMENT, "completion_date": day} for day in ("2026-03-02", "2026-04-02")]
    ledger.write_bytes(canonical(rows))
    return facts, pack, ledger


def test_a_ledger_is_counted_on_each_day(tmp_path: Path) -> None:
    facts, pack, ledger = ledger_files(tmp_path)
    base = (facts, *SPAN, "--base-pack", pack)
    assert turns(listed(*base)) == []
    told = listed(*base, "--ledger", ledger)
    assert turns(told) == [("2027-01-01", "FAIL", "PASS")]
    (change,) = told["days"][0]["results"][0]["changes"]
    assert change["values"] == [{"name": "ledger.lpp_tpp_milli", "before": 2000, "after": 0}]
    tried = attest("whatif", *base[:1], *base[-2:], "--ledger", ledger, "--on", "2027-01-01")
    assert "1 FAIL→PASS" in succeeded(tried).stdout


def test_a_bad_ledger_is_refused(tmp_path: Path) -> None:
    facts, pack, ledger = ledger_files(tmp_path)
    ledger.write_text("{}")
    for name, code in ((ledger, "ledger-malformed"), (tmp_path / "none.json", "file")):
        told = attest("calendar", facts, "--base-pack", pack, "--ledger", name, *SPAN)
        assert str(name) in check_failed(told, 2, code)
