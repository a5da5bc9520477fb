"""Every party is named: the worked cases, and that the pack can only add to the law."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from attest import schemas
from attest.data import data_dir
from attest.encoding import digest
from attest.rules.cases import CaseResult, read_cases, run_cases
from attest.rules.pack import compile_pack, coverage, read_pack_folder

FOLDER = data_dir("rules") / "house-parties"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)
CASES = read_cases(FOLDER)


@pytest.mark.parametrize("result", run_cases(PACK, CASES), ids=lambda result: result.id)
def test_worked_case(result: CaseResult) -> None:
    assert result.ok, f"expected {result.expected}, got {result.got}"


def test_every_rule_passes_holds_and_is_unknown_in_some_case() -> None:
    seen = {(rule, result) for case in CASES for rule, result in case.results.items()}
    for rule in (each["name"] for each in DOCUMENT["rules"]):
        assert {(rule, result) for result in ("pass", "fail", "unknown")} <= seen, rule


def test_the_lock_holds_the_digest_of_the_edition() -> None:
    lines = (data_dir("rules") / "LOCK").read_text(encoding="utf-8").splitlines()
    assert f"{digest(RAW)}  house-parties/2026-11-24" in lines


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_house_rules_only_hold() -> None:
    assert DOCUMENT["layer"] == "house"
    for rule in DOCUMENT["rules"]:
        assert rule["kind"] == "test"
        assert [version["on_fail"] for version in rule["versions"]] == ["HOLD"]


def test_no_day_has_no_version() -> None:
    assert coverage(PACK, until=dt.date(2030, 12, 31)) == ()
