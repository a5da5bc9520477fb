"""The common sources: country groups back to October 2022, thresholds back to November 2023."""

from __future__ import annotations

from typing import Any

import pytest

from attest.data import data_dir
from attest.rules.folder import read_tables

TABLES = {name: table.body for name, table in read_tables(data_dir("rules") / "common").items()}
PARAMS = {
    name: param for table in TABLES.values() for name, param in table.items() if name != "define"
}
GROUPS = ("group_a1", "group_a5", "group_a6", "group_d1", "group_d4", "group_d5")
KNOWN = "2025-01-31"  # the text was followed from this day on; before it, known changes are undone


def version_on(name: str, day: str) -> Any:
    found = [
        version
        for version in PARAMS[name]["version"]
        if version["from"] <= day <= version.get("until", "9999-12-31")
    ]
    assert len(found) == 1, (name, day)
    return found[0]


def on(name: str, day: str) -> set[str]:
    return set(version_on(name, day)["value"])


@pytest.mark.parametrize(
    ("name", "day", "size"),
    [
        ("group_a1", "2022-10-07", 40),
        ("group_a5", "2022-10-07", 37),
        ("group_a5", "2026-07-10", 38),
        ("group_a6", "2022-10-07", 8),
        ("group_d1", "2022-10-07", 24),
        ("group_d4", "2022-10-07", 22),
        ("group_d4", "2026-07-10", 21),
        ("group_d5", "2022-10-07", 24),
        ("group_d5", "2023-10-01", 23),
        ("group_d5", "2025-11-07", 22),
    ],
)
def test_sizes_of_groups(name: str, day: str, size: int) -> None:
    assert len(on(name, day)) == size


@pytest.mark.parametrize(
    ("name", "before", "after", "gone", "come"),
    [
        ("group_d5", "2023-09-30", "2023-10-01", {"CY"}, set()),
        ("group_d5", "2025-11-06", "2025-11-07", {"KH"}, set()),
        ("group_d4", "2026-07-09", "2026-07-10", {"AE"}, set()),
        ("group_a5", "2026-07-09", "2026-07-10", set(), {"AE"}),
        ("licence_b_by_name", "2026-07-09", "2026-07-10", set(), {"AE"}),
    ],
)
def test_what_changes_on_a_day(
    name: str, before: str, after: str, gone: set[str], come: set[str]
) -> None:
    old, new = on(name, before), on(name, after)
    assert (old - new, new - old) == (gone, come)


@pytest.mark.parametrize("name", [*GROUPS, "macau", "counted_as_china", "licence_b_by_name"])
def test_the_day_from_which_the_text_was_followed_changes_nothing(name: str) -> None:
    assert on(name, "2025-01-30") == on(name, KNOWN)


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_what_is_older_than_the_text_says_so(name: str) -> None:
    for version in PARAMS[name]["version"]:
        if version["from"] < KNOWN:
            assert version["confidence"] in ("B", "C")
            if isinstance(version["value"], list):
                assert version["confidence"] == "C"
                assert version["note"]


def test_groups_begin_with_the_first_rule_on_computing_and_thresholds_with_the_second() -> None:
    first = {name: param["version"][-1]["from"] for name, param in PARAMS.items()}
    assert {first[name] for name in (*GROUPS, "macau", "counted_as_china")} == {"2022-10-07"}
    thresholds = {name for name in first if name.endswith(("_tpp_milli", "_pd_micro"))}
    assert len(thresholds) == 7
    assert {first[name] for name in thresholds} == {"2023-11-17"}
    assert first["hbm_density"] == "2024-12-02"


def test_lists_are_sorted_and_free_of_repetition() -> None:
    for param in PARAMS.values():
        for version in param["version"]:
            if isinstance(version["value"], list):
                assert version["value"] == sorted(set(version["value"]))


def test_macau_stands_beside_d5_and_hong_kong_for_china() -> None:
    for day in ("2022-10-07", "2024-01-01", "2026-11-24"):
        assert not on("macau", day) & on("group_d5", day)
        assert on("macau", day) <= on("group_d1", day)
        assert on("counted_as_china", day) == {"HK"}
