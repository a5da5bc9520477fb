"""Snapshots: one canonical form, read strictly."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import encoding, limits
from attest.countries import COUNTRIES
from attest.errors import InputError
from attest.screening.snapshot import (
    Identifier,
    ListEntry,
    Remark,
    read_snapshot,
    write_snapshot,
)

DAY = dt.date(2026, 7, 31)
DIGEST = encoding.digest(b"")
LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
TEXTS = st.text(LETTERS, min_size=1, max_size=12)
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)
ENTRIES = st.builds(
    ListEntry,
    list=st.sampled_from(["EL", "SDN", "NS-MBS"]),
    id=IDS,
    kind=st.sampled_from(["entity", "person", "vessel", "aircraft", "address", "unknown"]),
    names=st.lists(TEXTS, min_size=1, max_size=4, unique=True).map(tuple),
    original=st.lists(TEXTS, max_size=2, unique=True).map(tuple),
    addresses=st.lists(TEXTS, max_size=2, unique=True).map(tuple),
    countries=st.lists(st.sampled_from(sorted(COUNTRIES)), max_size=3, unique=True).map(tuple),
    footnotes=st.lists(st.integers(1, 9), max_size=3, unique=True).map(tuple),
    address_only=st.booleans(),
    requirement=st.one_of(st.just(""), TEXTS),
    policy=st.one_of(st.just(""), TEXTS),
    citation=st.one_of(st.just(""), TEXTS),
    identifiers=st.lists(st.builds(Identifier, TEXTS, TEXTS), max_size=2, unique=True).map(tuple),
    remarks=st.lists(st.builds(Remark, TEXTS, TEXTS), max_size=2, unique=True).map(tuple),
    flags=st.lists(st.sampled_from(["mixed-script", "subordinates"]), unique=True).map(tuple),
)
LISTS = st.lists(ENTRIES, min_size=1, max_size=8, unique_by=lambda entry: (entry.list, entry.id))


def entry(id: str = "1", **members: Any) -> ListEntry:  # noqa: A002 - the member's name
    return ListEntry(**{"list": "EL", "id": id, "kind": "unknown", "names": ("A",), **members})


def written(*entries: ListEntry) -> bytes:
    return write_snapshot(
        code="EL", source="an example", source_digest=DIGEST, as_of=DAY, entries=entries
    )


def changed(raw: bytes, **members: Any) -> bytes:
    return encoding.canonical({**json.loads(raw), **members})


@given(entries=LISTS)
def test_a_snapshot_is_read_as_it_was_written(entries: list[ListEntry]) -> None:
    raw = written(*entries)
    snapshot = read_snapshot(raw)
    assert sorted(snapshot.entries, key=repr) == sorted(entries, key=repr)
    assert snapshot.digest == encoding.digest(raw)
    assert (snapshot.list, snapshot.as_of, snapshot.source_digest) == ("EL", DAY, DIGEST)


@given(entries=LISTS, data=st.data())
def test_the_order_of_a_publication_does_not_matter(
    entries: list[ListEntry], data: st.DataObject
) -> None:
    assert written(*data.draw(st.permutations(entries))) == written(*entries)


def test_what_is_not_said_is_left_out() -> None:
    (document,) = json.loads(written(entry()))["entries"]
    assert document == {"list": "EL", "id": "1", "kind": "unknown", "names": ["A"]}


def test_two_entries_with_one_identifier_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        written(entry("1"), entry("1", names=("B",)))
    assert (caught.value.code, caught.value.pointer) == ("list-malformed", "/entries/1")
    assert read_snapshot(written(entry("1"), entry("1", list="SDN"))).entries[1].list == "SDN"


def test_entries_out_of_order_are_refused() -> None:
    raw = written(entry("1"), entry("2"))
    entries = json.loads(raw)["entries"]
    with pytest.raises(InputError) as caught:
        read_snapshot(changed(raw, entries=entries[::-1]))
    assert caught.value.code == "list-malformed"
    with pytest.raises(InputError):
        read_snapshot(changed(raw, entries=[entries[0], entries[0]]))


@pytest.mark.parametrize("spoil", [b" %s", b"%s\n", b"\n%s"])
def test_bytes_that_are_not_canonical_are_refused(spoil: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_snapshot(spoil % written(entry()))
    assert caught.value.code == "list-malformed"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"v": 2}, "schema-violation"),
        ({"list": "el"}, "schema-violation"),
        ({"as_of": "2026-02-30"}, "schema-violation"),
        ({"source_digest": "sha256:0"}, "schema-violation"),
        ({"entries": []}, "schema-violation"),
        ({"extra": 1}, "schema-violation"),
        ({"source": "a\u202eb"}, "json-text"),
        ({"source": "a\nb"}, "json-text"),
        ({"source": "x" * 16_385}, "too-large"),
    ],
)
def test_other_documents_are_refused(members: dict[str, Any], code: str) -> None:
    raw = changed(
        written(entry(), entry("2", names=("x" * 4096, "y" * 4096, "z" * 4096))), **members
    )
    with pytest.raises(InputError) as caught:
        read_snapshot(raw)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "members",
    [
        {"names": ()},
        {"names": ("A", "A")},
        {"names": (" A",)},
        {"names": ("x" * 4097,)},
        {"countries": ("XK",)},
        {"footnotes": (0,)},
        {"footnotes": (10,)},
        {"kind": "company"},
        {"id": "a b"},
        {"flags": ("Mixed",)},
    ],
)
def test_an_entry_out_of_bounds_is_not_written(members: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        written(entry(**members))
    assert caught.value.code == "schema-violation"


def test_the_longest_texts_are_read() -> None:
    long = "樣" * 4096
    assert read_snapshot(written(entry(names=(long,)))).entries[0].names == (long,)


def test_an_empty_member_is_not_another_way_to_leave_it_out() -> None:
    raw = written(entry())
    (only,) = json.loads(raw)["entries"]
    empty: tuple[dict[str, Any], ...] = (
        {"addresses": []},
        {"policy": ""},
        {"address_only": False},
    )
    for member in empty:
        with pytest.raises(InputError) as caught:
            read_snapshot(changed(raw, entries=[{**only, **member}]))
        assert caught.value.code == "schema-violation"


def test_a_snapshot_over_the_limit_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read_snapshot(b" " * (limits.BODY_BYTES_MAX + 1))
    assert caught.value.code == "too-large"


def test_its_age_is_counted_in_days() -> None:
    snapshot = read_snapshot(written(entry()))
    assert snapshot.age_days(DAY) == 0
    assert snapshot.age_days(dt.date(2026, 8, 31)) == 31
    assert snapshot.age_days(dt.date(2026, 7, 30)) == -1
