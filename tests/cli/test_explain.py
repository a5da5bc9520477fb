"""`attest explain`: every code, the rules, the ambiguities, the verdicts."""

from __future__ import annotations

import pytest

from attest.cli.failures import exit_code_of_code
from attest.errors import CODES
from tests.cli.helpers import attest, check_failed, document, succeeded


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    told = document(succeeded(attest("explain", code, "--json")))
    assert told["title"] == CODES[code].title
    assert told["mend"] == CODES[code].mend
    assert told["exit"] == exit_code_of_code(code)
    assert told["blame"]


def test_all_codes_at_once() -> None:
    told = document(succeeded(attest("explain", "--all", "--json")))
    assert [each["name"] for each in told] == list(CODES)
    text = succeeded(attest("explain", "--all")).stdout
    assert all(code in text for code in CODES)


def test_a_code_for_a_person() -> None:
    text = succeeded(attest("explain", "expired")).stdout
    assert "The statement's validity has ended" in text
    assert "exit" in text


@pytest.mark.parametrize("name", ["us-ear/n1_way_b", "n1_way_b", "US-EAR/N1_WAY_B"])
def test_a_rule(name: str) -> None:
    told = document(succeeded(attest("explain", name, "--json")))
    assert told["name"] == "us-ear/n1_way_b"
    assert told["kind"] == "way"
    assert told["citation"]
    assert told["clears with"]
    assert "AMB-01" in told["open points"]


@pytest.mark.parametrize("name", ["AMB-01", "amb-01"])
def test_an_ambiguity(name: str) -> None:
    told = document(succeeded(attest("explain", name, "--json")))
    assert told["kind"] == "ambiguity"
    assert told["problem"]
    assert told["others"]


@pytest.mark.parametrize("word", ["PASS", "hold", "Fail", "N-A"])
def test_a_verdict(word: str) -> None:
    told = document(succeeded(attest("explain", word, "--json")))
    assert told["name"] == word.upper()


@pytest.mark.parametrize("name", ["nothing", "us-ear/nothing", "house-example/n1_way_b", "AMB-99"])
def test_nothing_of_that_name(name: str) -> None:
    check_failed(attest("explain", name), 2, "not-found")


@pytest.mark.parametrize(
    "arguments", [[], ["expired", "--all"], ["--markdown"], ["expired", "--markdown"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    check_failed(attest("explain", *arguments), 1, "usage")
