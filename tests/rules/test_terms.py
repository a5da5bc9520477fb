"""The slow reading of rules says what the evaluation says, for every case of every pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.data import data_dir
from attest.rules.cases import Case, read_cases
from attest.rules.evaluate import Finding, evaluate
from attest.rules.pack import Pack, compile_pack, read_pack_folder
from attest.rules.syntax import parse
from attest.rules.terms import Book, Terms, written
from attest.rules.types import UNKNOWN, Value

RULES = Path(str(data_dir("rules")))
PACKS = sorted(each.name for each in RULES.iterdir() if (each / "pack.toml").is_file())


def terms_of(book: Book, case: Case, findings: tuple[Finding, ...]) -> Terms:
    completion, decision = (
        case.facts.get(f"transaction.{name}_date") for name in ("completion", "decision")
    )
    assert isinstance(completion, int)
    assert isinstance(decision, int)
    results = {finding.rule: finding.result for finding in findings}
    return Terms(book, case.facts.values, results=results, completion=completion, decision=decision)


def result_of(terms: Terms, version: Any, kind: str) -> str:
    """The result of a rule with a condition, from its text."""
    applies: Value = True
    if "applies" in version:
        applies = terms.find(terms.book.tree(version["applies"])).value
    if applies is False:
        return "n/a"
    holds = terms.find(terms.book.tree(version["holds"])).value
    if applies is UNKNOWN or holds is UNKNOWN:
        return "unknown"
    return "pass" if holds else "n/a" if kind == "scope" else "fail"


def read(name: str) -> tuple[Pack, Book]:
    raw = read_pack_folder(RULES / name)
    return compile_pack(raw), Book(json.loads(raw))


@pytest.mark.parametrize("name", PACKS)
def test_every_case_comes_out_the_same(name: str) -> None:
    pack, book = read(name)
    compared = 0
    for case in read_cases(RULES / name):
        findings = evaluate(pack, case.facts)
        terms = terms_of(book, case, findings)
        for finding in findings:
            version = terms.version_in_force(finding.rule)
            if version is None:
                assert finding.result == "n/a"
            elif "holds" in version:
                told = result_of(terms, version, finding.kind)
                assert (case.id, finding.rule, told) == (case.id, finding.rule, finding.result)
                compared += 1
    assert compared > 10


numbers = st.integers(-5, 12)
FACTS = {"declared.dies": ({"units": 3, "area_um2": 7}, {"units": 2})}
TEXTS = st.sampled_from(
    [
        "declared.dies.all(d, d.units > {n})",
        "declared.dies.exists(d, d.area_um2 > {n})",
        "sum(declared.dies.filter(d, d.units > {n}).map(d, d.units)) >= 2 + {n}",
        "size(declared.dies.filter(d, has(d.area_um2))) == {n}",
        "max(declared.dies.map(d, d.units * 2 - {n})) / 2 < 3",
        "!(declared.dies.exists(d, d.units == {n})) || {n} / {n} == 1",
    ]
)


@given(text=TEXTS, n=numbers)
def test_a_tree_written_again_means_the_same(text: str, n: int) -> None:
    source = text.replace("{n}", f"({n})" if n < 0 else str(n))
    book = Book({"params": [], "rules": [], "definitions": []})
    terms = Terms(book, FACTS, results={}, completion=1, decision=1)
    tree = parse(source)
    assert terms.find(parse(written(tree))).value == terms.find(tree).value
