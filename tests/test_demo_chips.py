"""The demo's data is sourced and spread, and the rules decide its rows as the scenario expects."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from attest.decision import decide
from attest.encoding import decode_base64, digest
from attest.rules.pack import read_pack_folder
from attest.trust import Trust, load_trust, make_trust
from examples.demo.chips import (
    CHIPS_PATH,
    Chip,
    Company,
    Designer,
    Die,
    Row,
    load_chips,
    load_scenario,
)
from examples.demo.documents import DEMO_HOLDER, Cast, make_cast, make_submission
from examples.demo.table import reason_of

AT = dt.datetime(2026, 11, 24, 14, 0, 0, tzinfo=dt.UTC)
ROOT = Path(__file__).resolve().parent.parent
RAW: dict[str, Any] = tomllib.loads(CHIPS_PATH.read_text("utf-8"))
CHIPS = load_chips()
SCENARIO = load_scenario(CHIPS)
BILLION = 1_000_000_000
SOURCED = {"process", "transistors", "area", "memory", "performance", "use"}

EPOCH_NAMES = {
    "t4": "NVIDIA Tesla T4",
    "v100": "NVIDIA Tesla V100 SXM2",
    "a10": "NVIDIA A10 PCIe",
    "a100": "NVIDIA A100 SXM4 80 GB",
    "h100": "NVIDIA H100 SXM5 80GB",
    "l4": "NVIDIA L4",
    "rtx-4080": "NVIDIA GeForce RTX 4080",
    "rtx-4090": "NVIDIA GeForce RTX 4090",
    "mi250x": "AMD Radeon Instinct MI250X",
    "navi31": "AMD Radeon RX 7900 XTX",
}
"""Chips whose counts can be compared with the data set, by its names."""


@pytest.fixture(scope="module")
def cast() -> Cast:
    return make_cast(SCENARIO, at=AT)


@pytest.fixture(scope="module")
def trust(cast: Cast) -> Trust:
    keysets = {digest(raw): raw for raw in cast.keysets().values()}
    pack = read_pack_folder(ROOT / "rules" / "us-ear")
    packs = {digest(pack): pack}
    document = make_trust(
        foundry=cast.foundry.id,
        mode="cfr_text",
        review_threshold=2,
        keysets=keysets,
        packs=packs,
    )
    return load_trust(document, keysets | packs)


def test_the_chips_are_many_and_spread() -> None:
    assert len(CHIPS) == len(RAW["chip"]) == 42
    counts = [chip.transistors for chip in CHIPS.values() if chip.transistors is not None]
    assert sum(count < 30 * BILLION for count in counts) >= 15
    assert {30 * BILLION, 35 * BILLION, 40 * BILLION} <= set(counts)
    assert sum(count > 40 * BILLION for count in counts) >= 10
    assert len({chip.maker for chip in CHIPS.values()}) >= 15
    architectures = Counter(die.process.architecture for die in all_dies())
    assert architectures["planar"] >= 3
    assert architectures["gaafet"] >= 1
    assert len({die.process.foundry for die in all_dies()}) >= 4
    assert min(chip.year for chip in CHIPS.values()) <= 2015
    assert max(chip.year for chip in CHIPS.values()) >= 2025
    assert sum(chip.hbm is True for chip in CHIPS.values()) >= 8


def all_dies() -> list[Die]:
    return [die for chip in CHIPS.values() for die in chip.dies]


@pytest.mark.parametrize("chip", RAW["chip"], ids=lambda chip: chip["id"])
def test_every_value_has_a_source_and_every_gap_a_reason(chip: dict[str, Any]) -> None:
    dies = chip["dies"]
    counted = [die for die in dies if die["function"] in ("logic", "io")]
    stated = {
        "process": True,
        "transistors": any("transistors" in die for die in dies) or "package_transistors" in chip,
        "area": any("area_um2" in die for die in dies),
        "memory": "hbm" in chip,
        "performance": "precisions" in chip,
        "use": "datacenter" in chip,
    }
    assert set(chip["sources"]) == {name for name, has_value in stated.items() if has_value}
    assert set(chip["sources"]) <= SOURCED
    assert all(RAW["source"][name] for names in chip["sources"].values() for name in names)
    processes = [chip["process"], *(die["process"] for die in dies if "process" in die)]
    missing = {
        "process": any(len(process) < 4 for process in processes),
        "transistors": any("transistors" not in die for die in counted),
        "area": any("area_um2" not in die for die in counted),
        "performance": "precisions" not in chip,
        "use": "datacenter" not in chip,
        "memories": chip.get("hbm") is True and "memories" not in chip,
        "memory_area": "memories" in chip,
    }
    assert set(chip.get("omitted", {})) == {name for name, is_gap in missing.items() if is_gap}


@pytest.mark.parametrize(("name", "source"), RAW["source"].items())
def test_every_source_can_be_found_and_data_sets_name_their_licence(
    name: str, source: dict[str, str]
) -> None:
    assert source["title"]
    assert source["url"].startswith("https://")
    assert source["url"].isascii()
    assert ("licence" in source) == (source["kind"] == "data set")
    readme = (CHIPS_PATH.parent / "README.md").read_text("utf-8")
    assert source.get("licence", "") in readme
    assert any(name in names for chip in CHIPS.values() for names in chip.sources.values())


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.id)
def test_values_are_plausible(chip: Chip) -> None:
    assert 2010 <= chip.year <= 2026
    for die in chip.dies:
        assert die.units >= 1
        if die.area_um2 is not None and die.transistors is not None:
            density = die.transistors * BILLION // die.area_um2  # per thousand mm2
            assert 10 * BILLION <= density <= 260 * BILLION
        assert die.process.architecture in {None, "planar", "finfet", "gaafet"}
    for precision in chip.precisions:
        assert precision.bit_length in {4, 8, 16, 32, 64}
        assert 1_000 <= precision.dense_gops <= 10_000_000


def test_counts_and_performance_agree_with_the_data_set(shared_dir: Path) -> None:
    path = shared_dir / "data" / "chips" / "epoch_ml_hardware_2026-07.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["Hardware name"]: row for row in csv.DictReader(file)}
    for chip_id, name in EPOCH_NAMES.items():
        millions = int(float(rows[name]["Transistors (millions)"]))
        assert CHIPS[chip_id].transistors == millions * 1_000_000, chip_id
        published = float(rows[name]["Total processing performance (bit-OP/s)"])
        precisions = CHIPS[chip_id].precisions
        ours = max(each.dense_gops * each.bit_length for each in precisions) * BILLION
        assert abs(ours - published) <= published / 500, chip_id


def test_every_chip_has_a_row_and_every_kind_of_result_occurs() -> None:
    assert {row.chip.id for row in SCENARIO.rows} == set(CHIPS)
    verdicts = Counter(row.expect["verdict"] for row in SCENARIO.rows)
    assert min(verdicts["PASS"], verdicts["HOLD"], verdicts["FAIL"]) >= 8
    ways = {way for row in SCENARIO.rows for way in row.expect.get("ways", [])}
    assert ways == {"n1_way_a", "n1_way_b", "n1_way_c"}
    outcomes = {row.expect.get("outcome") for row in SCENARIO.rows}
    assert outcomes == {None, "not-applicable", "presumed", "overcome"}
    flags = {flag for row in SCENARIO.rows for flag in row.expect.get("flags", [])}
    assert flags == {"AMB-01", "AMB-05", "AMB-09"}


@pytest.mark.parametrize("row", SCENARIO.rows, ids=lambda row: f"{row.label}-{row.chip.id}")
def test_a_row_is_decided_as_the_scenario_expects(row: Row, cast: Cast, trust: Trust) -> None:
    raw = make_submission(row, scenario=SCENARIO, cast=cast)
    decided = decide(raw, trust=trust, at=AT)
    predicate = json.loads(decided.payload)["predicate"]
    findings = {finding["rule"]: finding for finding in predicate.get("findings", [])}
    presumption = findings.get("n1_presumption", {})
    flags = {flag["ambiguity"] for each in findings.values() for flag in each.get("flags", [])}
    assert decided.verdict == row.expect["verdict"]
    assert decided.refusal_code == row.expect.get("refusal")
    assert presumption.get("outcome") == row.expect.get("outcome")
    assert presumption.get("ways", []) == row.expect.get("ways", [])
    assert set(row.expect.get("flags", [])) <= flags


def test_the_same_chip_flips_with_the_completion_date(cast: Cast, trust: Trust) -> None:
    rows = [row for row in SCENARIO.rows if row.chip.id == "apple-m1-pro"]
    verdicts = {
        row.completion.isoformat(): decide(
            make_submission(row, scenario=SCENARIO, cast=cast), trust=trust, at=AT
        ).verdict
        for row in rows
    }
    assert verdicts == {"2026-12-31": "FAIL", "2027-01-02": "PASS", "2028-06-30": "FAIL"}


def test_stand_ins_cannot_be_taken_for_companies(cast: Cast) -> None:
    companies: list[Company | Designer] = [
        SCENARIO.foundry,
        *SCENARIO.osats.values(),
        *SCENARIO.designers.values(),
    ]
    assert all(company.name.startswith("Demo ") != company.listed for company in companies)
    assert sum(company.listed for company in companies) == 2
    listed = (ROOT / "rules" / "us-ear" / "params").glob("*.toml")
    lists = "".join(path.read_text("utf-8") for path in listed)
    assert all(f'"{company.name}"' in lists for company in companies if company.listed)
    for keyset in cast.keysets().values():
        holders = {key["holder"]["name"] for key in json.loads(keyset)["keys"]}
        assert all(holder.startswith("Demo ") for holder in holders)


def test_the_signed_papers_say_what_they_are(cast: Cast) -> None:
    for row in SCENARIO.rows:
        document = json.loads(make_submission(row, scenario=SCENARIO, cast=cast))
        declaration, *determinations = [
            json.loads(decode_base64(each["payload"]))["predicate"]
            for each in document["envelopes"]
        ]
        assert declaration["product"]["name"].startswith("Demo part with the published figures of")
        assert {each["signer"]["name"] for each in (declaration, *determinations)} == {DEMO_HOLDER}
        assert len(determinations) == len(row.attests)


def test_what_is_not_published_is_declared_unknown(cast: Cast) -> None:
    row = next(row for row in SCENARIO.rows if row.chip.id == "ascend-910")
    document = json.loads(make_submission(row, scenario=SCENARIO, cast=cast))
    declaration, determination = [
        json.loads(decode_base64(each["payload"]))["predicate"] for each in document["envelopes"]
    ]
    assert [die["transistors"] for die in declaration["dies"]] == [{"method": "unknown"}] * 2
    assert declaration["dies"][1]["process"]["node_nm"] == {"knowledge": "unknown"}
    assert determination["aatc_transistors"] == {"knowledge": "unknown"}


def test_the_reason_is_taken_from_the_decision(cast: Cast, trust: Trust) -> None:
    reasons = {}
    for row in SCENARIO.rows:
        raw = make_submission(row, scenario=SCENARIO, cast=cast)
        predicate = json.loads(decide(raw, trust=trust, at=AT).payload)["predicate"]
        reasons[row.chip.id, row.completion.isoformat()] = reason_of(predicate)
    flip = reasons["apple-m1-pro", "2026-12-31"]
    assert flip.text == "n1_way_b: 33,700,000,000 < 30,000,000,000 is false"
    assert flip.citation == "Note 1.b"
    assert reasons["apple-m1-pro", "2027-01-02"].text == "n1_way_b: presumption overcome"
    assert reasons["l4", "2026-12-15"].text == "n1_way_a: 6.573853 >= 5.92 is true"
    assert reasons["fiji", "2026-12-15"].text == "n1_scope: the presumption does not apply"
    assert reasons["apple-a17-pro", "2026-12-15"].citation == "expired"
    assert "mapping" in reasons["t4", "2026-12-15"].clears[0]
    assert reasons["t4", "2026-12-15"].text.startswith("n1_way_a: not known: ")
    assert "licence" in reasons["mi100", "2026-12-15"].clears[0]
    assert all(reason.text and reason.citation for reason in reasons.values())


def test_the_demo_runs_as_documented(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo" / "run.py"), "--keep", str(kept)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    assert "too-few-signers" in done.stdout
    assert f"{len(SCENARIO.rows)} decisions made again, all identical" in done.stdout
    assert re.search(
        r"byte [0-9,]+ of bodies/\S+: commitment-mismatch \(entry [0-9]+\)", done.stdout
    )
    suggested = re.findall(r"^  \S*attest (.+)$", done.stdout, re.MULTILINE)
    assert [command.split()[0] for command in suggested] == ["verify", "replay", "explain", "rules"]
    for command in suggested:
        tried = subprocess.run(
            [sys.executable, "-m", "attest.cli", *shlex.split(command)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert tried.returncode == 0, (command, tried.stderr)
