"""The example of a foundry's own rules: worked cases, and that it can only add to the law."""

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
from tests.rules.us_ear import on as law_on

FOLDER = data_dir("rules") / "house-example"
RAW = read_pack_folder(FOLDER)
DOCUMENT: dict[str, Any] = json.loads(RAW)
PACK = compile_pack(RAW)


@pytest.mark.parametrize(
    "result", run_cases(PACK, read_cases(FOLDER)), ids=lambda result: result.id
)
def test_worked_case(result: CaseResult) -> None:
    assert result.ok, f"expected {result.expected}, got {result.got}"


def test_the_lock_holds_the_digest_of_the_edition() -> None:
    lines = (data_dir("rules") / "LOCK").read_text(encoding="utf-8").splitlines()
    assert f"{digest(RAW)}  house-example/2026-11-24" in lines


def test_the_document_is_of_the_schema() -> None:
    assert schemas.explain("pack", DOCUMENT) == []


def test_house_rules_only_hold() -> None:
    assert DOCUMENT["layer"] == "house"
    for rule in DOCUMENT["rules"]:
        assert rule["kind"] == "test"
        assert [version["on_fail"] for version in rule["versions"]] == ["HOLD"]


def test_no_day_has_no_version() -> None:
    assert coverage(PACK, until=dt.date(2030, 12, 31)) == ()


@pytest.mark.parametrize(
    "day", ["2025-01-31", "2026-12-31", "2027-01-01", "2027-12-31", "2028-12-31", "2029-01-01"]
)
def test_the_limits_are_those_of_the_law(day: str) -> None:
    own = {param["name"]: param["versions"] for param in DOCUMENT["params"]}
    for name in ("limit_hbm", "limit_no_hbm"):
        (value,) = [
            version["value"]
            for version in own[name]
            if version["from"] <= day <= version.get("until", "9999-12-31")
        ]
        assert value == law_on(name, day)


@pytest.mark.parametrize("day", ["2025-01-31", "2026-11-24"])
def test_the_sites_cover_those_of_the_law(day: str) -> None:
    (sites,) = [each for each in DOCUMENT["params"] if each["name"] == "sites_not_used"]
    law = {*law_on("group_d5", day), *law_on("macau", day), *law_on("counted_as_china", day)}
    assert law <= set(sites["versions"][0]["value"])
