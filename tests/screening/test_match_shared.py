"""Matching on the published lists and on labelled names: what is found, and what is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from attest.screening.blocking import Names
from attest.screening.forms import Form, forms
from attest.screening.match import FLOOR, HOLD_PERMILLE, Index, Party
from attest.screening.scoring import Likeness, likeness
from attest.screening.snapshot import ListSnapshot
from examples.screening.measure import (
    entry_score,
    labelled,
    names_by_entry,
    pair_score,
    rows_of,
    snapshots_of,
)
from tests.screening.evasions import ADDRESS_KINDS, KINDS, evasions

UNLISTED = ("Enflame", "Iluvatar", "MetaX", "Kunlunxin", "Rockchip")
Score = Callable[[str, str], int]


@cache
def snapshots(folder: Path) -> tuple[ListSnapshot, ...]:
    return tuple(snapshots_of(folder / "parties"))


@cache
def index_of(folder: Path) -> Index:
    return Index.of(snapshots(folder))


@pytest.fixture
def data(shared_dir: Path) -> Path:
    return shared_dir / "data"


@pytest.fixture
def score(data: Path) -> Score:
    return entry_score(index_of(data), names_by_entry(index_of(data)))


def held(scores: Iterable[int]) -> int:
    return sum(score >= HOLD_PERMILLE for score in scores)


def test_official_aliases_lead_to_their_entry(data: Path, score: Score) -> None:
    pairs = rows_of(data / "names" / "entity_list_official_alias_pairs.csv")
    assert len(pairs) == 5_158
    found = held(score(each["listed_name"], each["query"]) for each in pairs)
    assert found * 1000 >= 990 * len(pairs)


def test_official_aliases_lead_to_their_entry_in_another_publication(data: Path) -> None:
    index = Index.of(each for each in snapshots(data) if each.list == "CSL")
    score = entry_score(index, names_by_entry(index))
    pairs = rows_of(data / "names" / "entity_list_official_alias_pairs.csv")
    found = held(score(each["listed_name"], each["query"]) for each in pairs)
    assert found * 1000 >= 965 * len(pairs)


def test_labelled_pairs(data: Path) -> None:
    true, false = labelled(data / "names")
    assert (len(true), len(false)) == (425, 401)
    assert held(true) * 1000 >= 950 * len(true)
    assert held(true) * 1000 >= 855 * (held(true) + held(false))


def test_pairs_across_scripts(data: Path) -> None:
    path = data / "names" / "watchman_cross_script_pairs.csv"
    lines = [line for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
    pairs = [line.split(",")[:2] for line in lines]
    assert len(pairs) == 22
    assert [pair for pair in pairs if pair_score(*pair) < HOLD_PERMILLE] == []


@pytest.mark.parametrize("name", UNLISTED)
def test_who_is_not_listed_is_not_exactly_found(data: Path, name: str) -> None:
    party = Party("designer", (name, f"{name} Technology Co., Ltd."))
    reasons = {each.reason for each in index_of(data).candidates(party)}
    assert reasons.isdisjoint({"same-name", "same-words", "transliteration"})


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Moore Threads Technology", "Moore Thread Intelligent Technology (Beijing) Co., Ltd."),
        ("长鑫存储", "ChangXin Memory Technologies, Inc."),
        ("華為技術有限公司", "Huawei Technologies Co., Ltd."),
    ],
)
def test_who_is_listed_is_found_by_another_name(score: Score, name: str, listed: str) -> None:
    assert score(listed, name) >= HOLD_PERMILLE


def test_evasions_of_listed_names(data: Path, score: Score) -> None:
    entries = [e for e in index_of(data).entries if e.list == "EL" and not e.address_only]
    tried = [*evasions([entry.names[0] for entry in entries[::80]], KINDS)]
    assert len(tried) >= 1_500
    found = held(score(name, evasion) for _, name, evasion in tried)
    assert found * 1000 >= 990 * len(tried)


def test_evasions_of_listed_addresses(data: Path) -> None:
    index = index_of(data)
    texts = [text for e in index.entries if e.address_only for text in e.addresses]
    assert len(texts) == 19
    for _, text, evasion in evasions(texts, ADDRESS_KINDS):
        candidates = index.candidates(Party("consignee", addresses=(evasion,)))
        found = {each.matched for each in candidates if each.score_permille >= HOLD_PERMILLE}
        assert text in found


def test_blocking_loses_nothing_on_the_labelled_pairs(data: Path) -> None:
    pairs = rows_of(data / "names" / "opensanctions_name_bench_cases.csv")
    texts = [each["name2"] for each in pairs]
    check_complete(texts, random.Random(1).sample([each["name1"] for each in pairs], 120))


def test_blocking_loses_nothing_on_evasions(data: Path) -> None:
    entries = [e for e in index_of(data).entries if e.list == "EL" and not e.address_only]
    texts = [name for entry in entries[::12] for name in entry.names]
    made = [evasion for _, _, evasion in evasions(texts[::25], KINDS)]
    check_complete(texts, random.Random(1).sample(made, 60))


def check_complete(texts: Iterable[str], queries: list[str]) -> None:
    """What the tables find is what comparing every name finds."""
    listed = list(dict.fromkeys(form for text in texts for form in forms(text)))
    for loose in (False, True):
        part = [form for form in listed if form.loose == loose]
        names = Names(part, loose=loose)
        for form in (form for query in queries for form in forms(query)):
            assert dict(names.find(form, floor=FLOOR)) == by_comparing(part, form)


def by_comparing(part: list[Form], form: Form) -> dict[int, Likeness]:
    scored = ((place, likeness(form, other)) for place, other in enumerate(part))
    return {place: found for place, found in scored if found.permille >= FLOOR}
