"""What changed between two snapshots, whether that is plausible, and how old one may be."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import encoding
from attest.errors import TrustError
from attest.screening.lists import check_fresh, check_plausible, diff, find
from attest.screening.snapshot import ListEntry, ListSnapshot, read_snapshot, write_snapshot

DAY = dt.date(2026, 7, 31)


def entry(name: str, id: str = "", **members: Any) -> ListEntry:  # noqa: A002 - the member's name
    stated = {"list": "EL", "id": id or f"row-{name}", "kind": "unknown", "names": (name,)}
    return ListEntry(**{**stated, **members})


def snapshot(*entries: ListEntry, as_of: dt.date = DAY, code: str = "EL") -> ListSnapshot:
    return read_snapshot(
        write_snapshot(
            code=code,
            source="an example",
            source_digest=encoding.digest(b""),
            as_of=as_of,
            entries=entries,
        )
    )


def many(count: int, start: int = 0, **members: Any) -> list[ListEntry]:
    return [entry(f"N{number}", **members) for number in range(start, start + count)]


SNAPSHOTS = st.lists(
    st.builds(
        entry,
        st.sampled_from("ABCD"),
        id=st.sampled_from(["", "1", "2", "3"]),
        list=st.sampled_from(["EL", "SDN"]),
        countries=st.sampled_from([(), ("CN",), ("HK", "CN")]),
        policy=st.sampled_from(["", "denial"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: (each.list, each.id),
).map(lambda entries: snapshot(*entries))


@given(SNAPSHOTS)
def test_nothing_changes_from_a_snapshot_to_itself(one: ListSnapshot) -> None:
    found = diff(one, one)
    assert (found.added, found.removed, found.changed) == ((), (), ())


@given(SNAPSHOTS, SNAPSHOTS)
def test_a_difference_leads_from_one_snapshot_to_the_other(
    old: ListSnapshot, new: ListSnapshot
) -> None:
    found = diff(old, new)
    gone = {*found.removed, *(change.old for change in found.changed)}
    come = {*found.added, *(change.new for change in found.changed)}
    assert ({*old.entries} - gone) | come == {*new.entries}
    assert gone <= {*old.entries}
    assert len(old.entries) - len(found.removed) + len(found.added) == len(new.entries)


@given(SNAPSHOTS, SNAPSHOTS)
def test_what_is_added_one_way_is_removed_the_other(old: ListSnapshot, new: ListSnapshot) -> None:
    there, back = diff(old, new), diff(new, old)
    assert len(there.added) == len(back.removed)
    assert len(there.removed) == len(back.added)
    assert len(there.changed) == len(back.changed)


@given(SNAPSHOTS, SNAPSHOTS)
def test_entries_are_matched_by_identifier_or_name_of_one_list(
    old: ListSnapshot, new: ListSnapshot
) -> None:
    for change in diff(old, new).changed:
        assert change.old.list == change.new.list
        assert change.old.id == change.new.id or change.old.names[0] == change.new.names[0]


def test_an_entry_without_a_number_that_changed_is_one_change() -> None:
    before = entry("A", id="row-1", countries=("CN",))
    after = entry("A", id="row-2", countries=("CN",), policy="denial")
    other = entry("A", id="row-3", countries=("HK",))
    found = diff(snapshot(other, before), snapshot(after, replace(other, id="row-0")))
    assert (found.added, found.removed) == ((), ())
    assert [(each.old.id, each.new.id, each.members()) for each in found.changed] == [
        ("row-3", "row-0", ()),
        ("row-1", "row-2", ("policy",)),
    ]


def test_a_renamed_entry_with_a_number_is_one_change() -> None:
    found = diff(snapshot(entry("A", id="7")), snapshot(entry("B", id="7", footnotes=(4,))))
    (change,) = found.changed
    assert change.members() == ("names", "footnotes")


@pytest.mark.parametrize(
    ("lost", "gained", "percent", "why"),
    [
        (0, 0, 10, None),
        (10, 10, 10, None),
        (11, 0, 10, "EL lost 11 of 100 entries"),
        (0, 11, 10, "EL gained 11 of 100 entries"),
        (11, 11, 11, None),
        (6, 0, 5, "EL lost 6 of 100 entries"),
        (5, 5, 0, None),
        (6, 0, 0, "EL lost 6 of 100 entries"),
        (99, 0, 98, "EL lost 99 of 100 entries"),
        (100, 1, 100, None),
    ],
)
def test_how_much_may_come_and_go(lost: int, gained: int, percent: int, why: str | None) -> None:
    old = snapshot(*many(100))
    new = snapshot(*many(100 - lost, lost), *many(gained, 100))
    if why is None:
        found = check_plausible(old, new, percent_max=percent)
        assert (len(found.removed), len(found.added)) == (lost, gained)
        return
    with pytest.raises(TrustError) as caught:
        check_plausible(old, new, percent_max=percent)
    assert (caught.value.code, caught.value.detail) == ("list-implausible", why)


def test_a_small_list_within_a_large_publication_may_not_end_or_begin() -> None:
    large = many(1000)
    small = [entry("S", list="CAP")]
    for old, new, why in (
        ([*large, *small], large, "CAP lost 1 of 1 entries"),
        (large, [*large, *small], "CAP gained 1 of 0 entries"),
    ):
        with pytest.raises(TrustError, match=why):
            check_plausible(snapshot(*old, code="CSL"), snapshot(*new, code="CSL"))


def test_a_snapshot_follows_one_of_its_own_list_and_no_later_one() -> None:
    old = snapshot(*many(3))
    with pytest.raises(TrustError, match="a snapshot of MEU follows one of EL"):
        check_plausible(old, snapshot(*many(3), code="MEU"))
    with pytest.raises(TrustError, match="as of 2026-07-30, before 2026-07-31"):
        check_plausible(old, snapshot(*many(3), as_of=dt.date(2026, 7, 30)))
    check_plausible(old, snapshot(*many(3)))


def test_a_changed_entry_neither_comes_nor_goes() -> None:
    old = snapshot(*many(100))
    found = check_plausible(old, snapshot(*many(100, policy="denial")), percent_max=0)
    assert len(found.changed) == 100


@pytest.mark.parametrize(
    ("day", "fresh"),
    [
        (dt.date(2026, 7, 30), False),
        (dt.date(2026, 7, 31), True),
        (dt.date(2026, 8, 7), True),
        (dt.date(2026, 8, 8), False),
    ],
)
def test_how_old_a_snapshot_may_be(day: dt.date, fresh: bool) -> None:
    one = snapshot(*many(1))
    if fresh:
        check_fresh(one, day=day, days_max=7)
        return
    with pytest.raises(TrustError) as caught:
        check_fresh(one, day=day, days_max=7)
    assert caught.value.code == "list-stale"


def test_entries_are_found_by_a_part_of_a_name_or_by_their_number() -> None:
    one = snapshot(entry("Moore Thread (Beijing)", id="7", names=("Moore Thread", "摩尔线程")))
    for text in ("moore thread", "THREAD", "摩尔", "7"):
        assert find(one, text) == one.entries
    for text in ("Moore Threads", "77", "row"):
        assert find(one, text) == ()
