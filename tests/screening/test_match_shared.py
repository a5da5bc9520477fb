"""Matching on the published lists and on labelled names: what is found, and what is not."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from attest.screening.blocking import Names
from attest.screening.forms import Form, forms
from attest.screening.importers import import_list
from attest.screening.match import FLOOR, HOLD_PERMILLE, Index, Party
from attest.screening.names import key
from attest.screening.scoring import likeness
from attest.screening.snapshot import ListSnapshot
from tests.screening.evasions import ADDRESS_KINDS, KINDS, evasions
from tests.screening.listed import snapshot
from tests.screening.test_lists_shared import FILES

UNLISTED = ("Enflame", "Iluvatar", "MetaX", "Kunlunxin", "Rockchip")


@cache
def snapshots(folder: Path) -> tuple[ListSnapshot, ...]:
    read = (
        import_list((folder / "parties" / name).read_bytes(), form=form)
        for form, name in FILES.items()
    )
    return tuple(snapshot(each.entries, each.list) for each in read)


@cache
def index_of(folder: Path) -> Index:
    return Index.of(snapshots(folder))


def rows(path: Path) -> Iterator[dict[str, str]]:
    lines = path.read_text("utf-8").splitlines()
    return csv.DictReader(line for line in lines if line and not line.startswith("#"))


@pytest.fixture
def data(shared_dir: Path) -> Path:
    return shared_dir / "data"


def pair_score(one: str, other: str) -> int:
    scores = (likeness(a, b).permille for a in forms(one) for b in forms(other))
    return max(scores, default=0)


def held(index: Index, name: str) -> set[str]:
    """The keys of every name of the entries for which a person would have to look at a name."""
    return {
        key(listed)
        for found in index._named(name)
        if found.permille >= HOLD_PERMILLE
        for listed in index.entries[found.place].names
    }


def test_official_aliases_lead_to_their_entry(data: Path) -> None:
    index = index_of(data)
    pairs = [*rows(data / "names" / "entity_list_official_alias_pairs.csv")]
    assert len(pairs) == 5_158
    found = sum(key(each["listed_name"]) in held(index, each["query"]) for each in pairs)
    assert found * 1000 >= 992 * len(pairs)


def test_official_aliases_lead_to_their_entry_in_another_publication(data: Path) -> None:
    index = Index.of(each for each in snapshots(data) if each.list == "CSL")
    pairs = [*rows(data / "names" / "entity_list_official_alias_pairs.csv")]
    found = sum(key(each["listed_name"]) in held(index, each["query"]) for each in pairs)
    assert found * 1000 >= 966 * len(pairs)


def test_labelled_pairs(data: Path) -> None:
    pairs = [*rows(data / "names" / "opensanctions_name_bench_cases.csv")]
    assert len(pairs) == 826
    scored = [(pair_score(each["name1"], each["name2"]), each["is_match"]) for each in pairs]
    true = [score for score, label in scored if label == "true"]
    held_true = sum(score >= HOLD_PERMILLE for score in true)
    held_false = sum(score >= HOLD_PERMILLE for score, label in scored if label == "false")
    assert held_true * 1000 >= 950 * len(true)
    assert held_true * 1000 >= 830 * (held_true + held_false)


def test_pairs_across_scripts(data: Path) -> None:
    path = data / "names" / "watchman_cross_script_pairs.csv"
    lines = [line for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
    pairs = [line.split(",")[:2] for line in lines]
    assert len(pairs) == 22
    assert [pair for pair in pairs if pair_score(*pair) < HOLD_PERMILLE] == []


@pytest.mark.parametrize("name", UNLISTED)
def test_who_is_not_listed_is_not_exactly_found(data: Path, name: str) -> None:
    candidates = index_of(data).candidates(
        Party("designer", (name, f"{name} Technology Co., Ltd."))
    )
    assert [each for each in candidates if each.reason in {"same-name", "same-words"}] == []


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Moore Threads Technology", "Moore Thread"),
        ("长鑫存储", "ChangXin Memory Technologies, Inc."),
        ("華為技術有限公司", "Huawei Technologies Co., Ltd."),
    ],
)
def test_who_is_listed_under_a_name_written_otherwise(data: Path, name: str, listed: str) -> None:
    assert any(each.startswith(key(listed)) for each in held(index_of(data), name))


def test_evasions_of_listed_names(data: Path) -> None:
    index = index_of(data)
    entities = [e for e in index.entries if e.list == "EL" and e.names and not e.address_only]
    names = [entry.names[0] for entry in entities[::80]]
    tried = [*evasions(names, KINDS)]
    found = sum(key(name) in held(index, evasion) for _, name, evasion in tried)
    assert len(tried) >= 1_500
    assert found * 1000 >= 980 * len(tried)


def test_evasions_of_listed_addresses(data: Path) -> None:
    index = index_of(data)
    texts = [text for e in index.entries if e.address_only for text in e.addresses]
    assert len(texts) == 19
    for _, text, evasion in evasions(texts, ADDRESS_KINDS):
        candidates = index.candidates(Party("consignee", addresses=(evasion,)))
        found = {each.matched for each in candidates if each.score_permille >= HOLD_PERMILLE}
        assert text in found


def test_blocking_loses_nothing_on_the_labelled_pairs(data: Path) -> None:
    pairs = [*rows(data / "names" / "opensanctions_name_bench_cases.csv")]
    texts = (each["name2"] for each in pairs)
    check_complete(texts, random.Random(1).sample([each["name1"] for each in pairs], 120))


def test_blocking_loses_nothing_on_evasions(data: Path) -> None:
    entities = [e for e in index_of(data).entries if e.list == "EL" and not e.address_only]
    texts = [name for entry in entities[::8] for name in entry.names]
    made = [evasion for _, _, evasion in evasions(texts[::25], KINDS)]
    check_complete(texts, random.Random(1).sample(made, 80))


def check_complete(texts: Iterable[str], queries: Iterable[str]) -> None:
    """What the tables find is what comparing every name finds."""
    listed = list(dict.fromkeys(form for text in texts for form in forms(text)))
    for loose in (False, True):
        part = [form for form in listed if form.loose == loose]
        names = Names(part, loose=loose)
        for form in (form for query in queries for form in forms(query)):
            assert dict(names.find(form, floor=FLOOR)) == by_comparing(part, form)


def by_comparing(part: list[Form], form: Form) -> dict[int, object]:
    scored = ((place, likeness(form, other)) for place, other in enumerate(part))
    return {place: found for place, found in scored if found.permille >= FLOOR}
