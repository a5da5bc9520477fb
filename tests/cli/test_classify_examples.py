"""`attest classify` as docs/CLI.md and examples/cli show it, and with a ledger."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.helpers import ROOT, attest, check_failed, document, succeeded, write_json
from tests.cli.pages import CLI_PAGE

EXAMPLES = ROOT / "examples" / "cli"
ON = ("--as-of", "2026-11-24")


def lines_of_the_page() -> list[list[str]]:
    """The commands that docs/CLI.md shows about chips, as words."""
    section = CLI_PAGE.read_text("utf-8").split("\n### 3.3 Chips", maxsplit=1)[1]
    shown = section.split("\n##", maxsplit=1)[0]
    return [shlex.split(line) for line in re.findall(r"^attest (.*)$", shown, re.MULTILINE)]


@pytest.mark.parametrize("words", lines_of_the_page(), ids=" ".join)
def test_every_example_of_the_page_is_an_answer(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    assert words[0] == "classify"
    assert succeeded(attest(*words)).stdout
    succeeded(attest(*words, "--json"))


def test_the_examples_show_every_way_to_ask() -> None:
    assert len(lines_of_the_page()) == 8


@pytest.mark.parametrize(
    ("chip", "destination", "classes", "undecided", "licence"),
    [
        ("TQ-7", "CN", ["3A090.b.1"], [], "needed"),
        ("TQ-7", "VN", ["3A090.b.1"], [], "needed"),
        ("NVIDIA A100 SXM4 80 GB", "GB", ["3A090.a.1", "3A090.a.2"], [], "needed"),
        ("NVIDIA HGX H20", "CN", [], ["3A090.a.2", "3A090.b.2"], "unknown"),
        ("NVIDIA L4", "CN", ["3A090.a.2"], [], "needed"),
        ("NVIDIA GeForce RTX 4090", "CN", ["3A090.a.1", "3A090.a.2"], [], "needed"),
        ("NVIDIA GeForce RTX 4070", "CN", [], [], "not needed"),
    ],
)
def test_the_example_table(
    chip: str, destination: str, classes: list[str], undecided: list[str], licence: str
) -> None:
    told = document(succeeded(attest("classify", EXAMPLES / "chips.csv", *ON, "--json")))
    (found,) = [each for each in told["chips"] if each["name"] == chip]
    assert found["source"]
    (only,) = [each for each in found["answers"] if each["destination"] == destination]
    assert (only["classes"], only["undecided"], only["licence"]) == (classes, undecided, licence)


LPP = (
    *("--name", "H100", "--tops", "8:1979", "--datacenter", "--units", "1"),
    *("--destination", "MY", "--hq", "MY", "--from-country", "TW", "--as-of", "2026-12-15"),
    *("--fact", "trade.act=reexport", "--fact", "trade.distributor=no"),
    *("--fact", "trade.certified=lpp-consignee"),
    *("--fact", "trade.ultimate_parent_name=Example Group"),
)


def lpp(ledger: Path, *options: str) -> str:
    """What the answer says about licence exception LPP after the shipments of a ledger."""
    command = ("classify", *LPP, "--ledger", ledger, *options, "--json")
    (only,) = document(succeeded(attest(*command)))["chips"][0]["answers"]
    (answered,) = [each["answer"] for each in only["exceptions"] if each["label"] == "LPP"]
    return str(answered)


@pytest.mark.parametrize(
    ("units", "year", "answered"),
    [(1698, 2026, "available"), (1699, 2026, "not available"), (1699, 2025, "available")],
)
def test_earlier_shipments_count(units: int, year: int, answered: str, tmp_path: Path) -> None:
    """1,699 H100 in a calendar year are within 26,900,000; one more is not (15 CFR 740.29)."""
    (shipment,) = json.loads((EXAMPLES / "shipments.json").read_text("utf-8"))
    shipment |= {"units": units, "total_tpp_milli": units * 15_832_000}
    shipment["completion_date"] = f"{year}-03-02"
    assert lpp(write_json(tmp_path / "ledger.json", [shipment])) == answered


def test_without_its_key_a_figure_of_the_ledger_is_unknown(tmp_path: Path) -> None:
    parent = LPP.index("trade.ultimate_parent_name=Example Group")
    options = [*LPP[: parent - 1], *LPP[parent + 1 :], "--ledger", EXAMPLES / "shipments.json"]
    (only,) = document(succeeded(attest("classify", *options, "--json")))["chips"][0]["answers"]
    (clause,) = [each for each in only["exceptions"] if each["label"] == "LPP"]
    assert clause["answer"] == "unknown"
    assert "ledger.lpp_tpp_milli" in clause["missing"]


def test_a_ledger_and_its_facts_exclude_each_other(tmp_path: Path) -> None:
    ledger = EXAMPLES / "shipments.json"
    options = (*LPP, "--ledger", ledger, "--fact", "ledger.lpp_tpp_milli=0")
    assert "exclude each other" in check_failed(attest("classify", *options), 1, "usage")
    table = "tpp,ledger.us_units\n1,1\n"
    result = attest("classify", "-", "--ledger", ledger, stdin=table)
    assert "exclude each other" in check_failed(result, 1, "usage")


def test_a_malformed_ledger_is_refused(tmp_path: Path) -> None:
    path = write_json(tmp_path / "ledger.json", [{"product": "H100"}])
    told = check_failed(attest("classify", *LPP, "--ledger", path), 2, "ledger-malformed")
    assert "ledger.json" in told
    check_failed(attest("classify", *LPP, "--ledger", tmp_path / "none.json"), 2, "file")
