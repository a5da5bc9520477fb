"""The published lists themselves: nothing lost, every footnote right."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from attest import encoding
from attest.screening.importers import Imported, import_list
from attest.screening.importers_places import countries_in
from attest.screening.importers_table import clean
from attest.screening.lists import find
from attest.screening.snapshot import ListEntry, read_snapshot, write_snapshot

FILES = {
    "csl-csv": "csl_2026-07-31.csv",
    "ecfr-entity": "bis_entity_list_ecfr_2026-07-23.csv",
    "ecfr-meu": "bis_meu_ecfr_2026-07-23.csv",
    "ecfr-uvl": "bis_unverified_list_ecfr_2026-07-23.csv",
    "us-other": "us_other_lists_nsfreg_2026-07-09.csv",
}
Import = Callable[[str], Imported]


@cache
def imported_from(path: Path, form: str) -> Imported:
    return import_list(path.read_bytes(), form=form)


@pytest.fixture
def published(shared_dir: Path) -> Import:
    return lambda form: imported_from(shared_dir / "data" / "parties" / FILES[form], form)


def footnoted(entries: tuple[ListEntry, ...]) -> Counter[int]:
    return Counter(number for entry in entries for number in entry.footnotes)


@pytest.mark.parametrize(
    ("form", "rows", "entries"),
    [
        ("csl-csv", 25_921, 25_921),
        ("ecfr-entity", 3_411, 3_411),
        ("ecfr-meu", 90, 70),
        ("ecfr-uvl", 186, 186),
        ("us-other", 1_596, 1_596),
    ],
)
def test_every_row_is_an_entry_or_is_reported(
    published: Import, form: str, rows: int, entries: int
) -> None:
    imported = published(form)
    assert imported.rows == rows
    assert len(imported.entries) == entries
    assert len(imported.passed_over) == rows - entries
    assert len({(entry.list, entry.id) for entry in imported.entries}) == entries


@pytest.mark.parametrize("form", FILES)
def test_every_published_name_is_kept(published: Import, shared_dir: Path, form: str) -> None:
    imported = published(form)
    kept = {name for entry in imported.entries for name in entry.names}
    mended = {entry.names[0] for entry in imported.entries if "division-mended" in entry.flags}
    passed_over = {each.line for each in imported.passed_over}
    text = (shared_dir / "data" / "parties" / FILES[form]).read_text(encoding="utf-8")
    for line, row in enumerate(csv.DictReader(text.splitlines(keepends=True)), 2):
        name = clean(row["name"])
        if line not in passed_over and not {name, name + ".", name.strip(" ;(")} & kept:
            assert any(name.startswith(each) or each.startswith(name) for each in mended), name


def test_the_lists_of_the_screening_list(published: Import) -> None:
    counts = Counter(entry.list for entry in published("csl-csv").entries)
    assert counts == {
        "SDN": 19_181,
        "EL": 3_420,
        "DPL": 1_596,
        "DTC": 787,
        "SSI": 286,
        "UVL": 222,
        "ISN": 161,
        "PLC": 78,
        "MEU": 70,
        "CMIC": 68,
        "NS-MBS": 51,
        "CAP": 1,
    }


def test_the_footnotes_of_the_screening_list(published: Import) -> None:
    entries = published("csl-csv").entries
    assert footnoted(entries) == {1: 156, 3: 771, 4: 96 + 1, 5: 16}
    assert all(entry.list == "EL" for entry in entries if entry.footnotes)
    assert not [entry for entry in entries if len(entry.footnotes) > 1]
    (unresolved,) = [entry for entry in entries if "footnote-unresolved" in entry.flags]
    assert unresolved.names[0] == "Shanghai Supercomputing Technology Co., Ltd."
    assert unresolved.footnotes == (4,)
    biren = [entry for entry in entries if "Shanghai Biren Intelligent" in entry.names[0]]
    assert [entry.footnotes for entry in biren] == [(4,)]
    assert all(
        entry.footnotes == (1,) for entry in entries if entry.requirement.endswith("of the EAR2")
    )


def test_the_footnotes_of_the_entity_list(published: Import, shared_dir: Path) -> None:
    """The column counts 98 and 17; two and one of them are fractions of street numbers."""
    entries = published("ecfr-entity").entries
    assert footnoted(entries) == {1: 130, 2: 130, 3: 775, 4: 96, 5: 16}
    text = (shared_dir / "data" / "parties" / FILES["ecfr-entity"]).read_text(encoding="utf-8")
    column = Counter(row["footnotes"] for row in csv.DictReader(text.splitlines(keepends=True)))
    assert (column["4"], column["5"]) == (98, 17)
    disputed = [entry for entry in entries if "footnote-disputed" in entry.flags]
    said = Counter(
        each.text for entry in disputed for each in entry.remarks if each[0] == "footnotes"
    )
    assert said == {"1": 2, "2": 1, "3": 1, "4": 2, "5": 1, "7": 1, "9": 1}
    assert not any(entry.footnotes for entry in disputed)


def test_the_footnotes_of_both_publications_agree(published: Import) -> None:
    def names(form: str, note: int) -> set[str]:
        return {
            "".join(filter(str.isalnum, entry.names[0].casefold()))
            for entry in published(form).entries
            if note in entry.footnotes
        }

    assert len(names("csl-csv", 5) & names("ecfr-entity", 5)) >= 14
    assert len(names("csl-csv", 4) & names("ecfr-entity", 4)) >= 85


def test_both_hygon_entries_and_moore_thread_are_there(published: Import) -> None:
    entries = published("ecfr-entity").entries
    haiguang = [entry for entry in entries if entry.names[0].startswith("Chengdu Haiguang")]
    assert len(haiguang) == 2
    assert any("Hygon" in entry.names for entry in haiguang)
    assert all(entry.footnotes == (4,) and entry.countries == ("CN",) for entry in haiguang)
    assert all("country-inherited" in entry.flags for entry in haiguang)
    for form in ("csl-csv", "ecfr-entity"):
        moore = [e for e in published(form).entries if e.names[0].startswith("Moore Thread ")]
        assert len(moore) == 3
        assert all(entry.footnotes == (4,) for entry in moore)


def test_the_official_aliases_stand_in_their_entries(published: Import, shared_dir: Path) -> None:
    """All of the 5,158 pairs but 48, whose aliases are addresses or run on into one."""
    known: dict[str, set[str]] = {}
    for entry in published("ecfr-entity").entries:
        names = {name.strip(" .;(") for name in entry.names}
        for name in names:
            known.setdefault(name, set()).update(names)
    path = shared_dir / "data" / "names" / "entity_list_official_alias_pairs.csv"
    pairs = [
        (clean(row["listed_name"]).strip(" .;("), clean(row["query"]).strip(" .;("))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines(keepends=True))
    ]
    missing = [alias for name, alias in pairs if alias not in known.get(name, ())]
    assert len(pairs) == 5_158
    assert len(missing) == 48


def test_missing_and_two_cell_rows_of_the_entity_list(published: Import) -> None:
    entries = published("ecfr-entity").entries
    assert sum("country-inherited" in entry.flags for entry in entries) == 9
    (academy,) = [e for e in entries if e.names[0].endswith("Industry Corporation Second Academy")]
    assert {"Beijing Xinli Machinery Factory", "699 Factory"} <= {*academy.names}
    assert "90 Dianzi Road, Section One, Xian, China" in academy.addresses
    (huawei,) = [entry for entry in entries if entry.names[0] == "Huawei Technologies Co., Ltd."]
    assert "Zhejiang Huawei Communications Technology Co., Ltd" in huawei.names
    assert {"Huawei Marine Networks Co., Ltd", "HMN Tech"} <= {*huawei.names}


def test_addresses_without_a_party(published: Import) -> None:
    for form in ("csl-csv", "ecfr-entity"):
        entries = [entry for entry in published(form).entries if entry.address_only]
        assert len(entries) == 19
        assert all(entry.kind == "address" for entry in entries)
    assert all(entry.addresses for entry in entries)


def test_headings_and_reserved_rows_of_the_military_end_users(published: Import) -> None:
    reasons = Counter(each.reason for each in published("ecfr-meu").passed_over)
    assert reasons == {"reserved": 4, "a heading of the rows below it": 16}


def test_countries(published: Import) -> None:
    for form in ("ecfr-entity", "ecfr-meu", "ecfr-uvl"):
        assert all(entry.countries for entry in published(form).entries)
    imported = published("csl-csv")
    assert imported.flags() == {"country-unknown": 44, "footnote-unresolved": 1}


def test_the_official_names_of_countries(shared_dir: Path) -> None:
    path = shared_dir / "data" / "reference" / "ear_country_groups_2026-07-23.csv"
    text = path.read_text(encoding="utf-8")
    known = 0
    for row in csv.DictReader(text.splitlines(keepends=True)):
        name, code = list(row.values())[:2]
        if code != "XK" and not name.startswith("Sint Maarten"):
            assert countries_in(name)[0] == (code,), name
            known += 1
    assert known >= 195


@pytest.mark.parametrize("form", FILES)
def test_a_real_list_survives_its_snapshot(published: Import, form: str) -> None:
    imported = published(form)
    raw = write_snapshot(
        code=imported.list,
        source=form,
        source_digest=encoding.digest(b""),
        as_of=dt.date(2026, 7, 31),
        entries=imported.entries,
    )
    snapshot = read_snapshot(raw)
    assert {*snapshot.entries} == {*imported.entries}
    assert find(snapshot, imported.entries[0].names[0])
