"""Entries: one spelling each, and no other is read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.encoding import canonical, loads
from attest.errors import InternalError, LogError
from attest.log.entry import (
    KINDS,
    NO_PREV,
    SALTED_KINDS,
    Entry,
    check_commitment,
    commit,
    format_entry,
    parse_entry,
)
from tests.log.sample import NOON

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples" / "documents"
SALT = bytes(range(32))
DECISION = Entry(
    index=9,
    kind="decision",
    time=NOON,
    prev=bytes(range(32)),
    commit=commit(b"body", SALT),
    refs={"pack": (1, 2), "submission": (8,), "trust": (4,)},
)
GENESIS = Entry(
    index=0, kind="genesis", time=NOON, prev=NO_PREV, commit=commit(b"body", None), refs={}
)
RAW = format_entry(DECISION)
RAW_GENESIS = format_entry(GENESIS)

instants = st.datetimes(timezones=st.just(dt.UTC)).map(lambda at: at.replace(microsecond=0))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    index = draw(st.integers(1, limits.LOG_ENTRIES_MAX - 1))
    below = st.sets(st.integers(0, index - 1), min_size=1, max_size=4)
    kinds = st.sampled_from(sorted(KINDS))
    return Entry(
        index=index,
        kind=draw(st.sampled_from(sorted(KINDS - {"genesis"}))),
        time=draw(instants),
        prev=draw(st.binary(min_size=32, max_size=32)),
        commit=commit(draw(st.binary(max_size=40)), None),
        refs=draw(st.dictionaries(kinds, below.map(lambda some: tuple(sorted(some))), max_size=8)),
    )


@given(entries())
def test_an_entry_is_canonical_json_and_comes_back(entry: Entry) -> None:
    raw = format_entry(entry)
    assert canonical(json.loads(raw)) == raw
    assert parse_entry(raw) == entry
    assert list(parse_entry(raw).refs) == sorted(entry.refs)


def test_the_bytes_of_an_entry() -> None:
    assert RAW_GENESIS == (
        b'{"commit":"sha256:230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",'
        b'"index":0,"kind":"genesis","prev":"' + b"0" * 64 + b'","refs":{},"salted":false,'
        b'"time":"2026-11-24T12:00:00Z","v":1}'
    )
    document = json.loads(RAW)
    assert document["refs"] == {"pack": [1, 2], "submission": [8], "trust": [4]}
    assert document["salted"] is True
    assert set(document) == {"commit", "index", "kind", "prev", "refs", "salted", "time", "v"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"commit"', b'{ "commit"'),
        (b',"v":1}', b"}"),
        (b',"v":1}', b',"v":2}'),
        (b',"v":1}', b',"v":1,"w":1}'),
        (b',"v":1}', b',"v":1}\n'),
        (b"sha256:", b"sha512:"),
        (b"sha256:0", b"sha256:O"),
        (b'"index":9', b'"index":09'),
        (b'"index":9', b'"index":-9'),
        (b'"index":9', b'"index":9.0'),
        (b'"index":9', b'"index":"9"'),
        (b'"index":9', b'"index":0'),
        (b'"index":9', b'"index":1099511627776'),
        (b'"kind":"decision"', b'"kind":"genesis"'),
        (b'"kind":"decision"', b'"kind":"decisions"'),
        (b'"kind":"decision"', b'"kind":"trust"'),
        (b'"salted":true', b'"salted":false'),
        (b'"salted":true', b'"salted":1'),
        (b'"prev":"0001', b'"prev":"001'),
        (b"1a1b1c", b"1A1b1c"),
        (b'"pack":[1,2]', b'"pack":[2,1]'),
        (b'"pack":[1,2]', b'"pack":[1,1]'),
        (b'"pack":[1,2]', b'"pack":[1, 2]'),
        (b'"pack":[1,2]', b'"pack":[01,2]'),
        (b'"pack":[1,2]', b'"pack":[1,2,]'),
        (b'"pack":[1,2]', b'"pack":[]'),
        (b'"pack":[1,2]', b'"pack":1'),
        (b'"pack":[1,2]', b'"pakc":[1,2]'),
        (b'"pack":[1,2],"submission":[8]', b'"submission":[8],"pack":[1,2]'),
        (b'"pack":[1,2],"submission":[8]', b'"pack":[1],"pack":[2]'),
        (b'"submission":[8]', b'"submission":[9]'),
        (b'"submission":[8]', b'"submission":[10]'),
        (b"2026-11-24T12", b"2026-11-31T12"),
        (b"2026-11-24T12", b"2026-11-24T24"),
        (b"2026-11-24T12", b"0000-11-24T12"),
        (b"2026-11-24T12", b"2026-11-24 12"),
        (b"00Z", b"00.0Z"),
        (b"00Z", b"00+00:00"),
        (b'"time"', b'"tim\\u0065"'),
    ],
)
def test_no_other_spelling_is_read(old: bytes, new: bytes) -> None:
    altered = RAW.replace(old, new) if old != b"sha256:0" else RAW.replace(RAW[18:19], b"O", 1)
    assert altered != RAW
    with pytest.raises(LogError) as caught:
        parse_entry(altered)
    assert caught.value.code == "entry-malformed"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"\xff" * 300,
        RAW_GENESIS.replace(b'"prev":"0', b'"prev":"1'),
        RAW_GENESIS.replace(b'"kind":"genesis"', b'"kind":"pack"'),
        RAW_GENESIS.replace(b'"index":0', b'"index":1'),
        RAW_GENESIS.replace(b'"refs":{}', b'"refs":{"pack":[0]}'),
    ],
)
def test_what_is_no_entry_is_not_read(raw: bytes) -> None:
    with pytest.raises(LogError) as caught:
        parse_entry(raw)
    assert caught.value.code == "entry-malformed"


def entry_of_length(length: int) -> bytes:
    """An entry that is as it should be, but for its length: it rests on thousands of packs."""
    start, end = RAW.replace(b'"index":9', b'"index":99999').split(b"1,2")
    fives, odd = divmod(length - len(start) - len(end) + 1, 6)
    short = {0: [], 1: [1, 2, 10], 2: [1], 3: [10], 4: [1, 2], 5: [1, 10]}[odd]
    numbers = [*short, *range(10_000, 10_000 + fives - (odd == 1))]
    return start + ",".join(map(str, numbers)).encode() + end


@pytest.mark.parametrize("length", range(65_530, 65_542))
def test_an_entry_has_a_length_that_a_bundle_can_hold(length: int) -> None:
    raw = entry_of_length(length)
    assert len(raw) == length
    if length <= limits.ENTRY_BYTES_MAX:
        assert format_entry(parse_entry(raw)) == raw
        return
    with pytest.raises(LogError) as caught:
        parse_entry(raw)
    assert caught.value.code == "entry-malformed"


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_a_changed_byte_is_another_entry_or_none(at: int, change: int) -> None:
    altered = RAW[:at] + bytes([RAW[at] ^ change]) + RAW[at + 1 :]
    try:
        entry = parse_entry(altered)
    except LogError as error:
        code = error.code
    else:
        code = "" if entry != DECISION else "the same"
    assert code in {"", "entry-malformed"}


@pytest.mark.parametrize(
    "change",
    [
        {"index": 0},
        {"index": -1},
        {"kind": "verdict"},
        {"kind": "genesis"},
        {"prev": b"short"},
        {"commit": "230d"},
        {"refs": {"pack": (2, 1)}},
        {"refs": {"pack": ()}},
        {"refs": {"trust": (9,)}},
    ],
)
def test_a_wrong_entry_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(InternalError) as caught:
        format_entry(dataclasses.replace(DECISION, **change))
    assert caught.value.code == "internal"


def test_the_kind_decides_what_is_salted() -> None:
    assert {"submission", "decision", "review"} == SALTED_KINDS
    assert {
        "genesis",
        "schema",
        "pack",
        "keyset",
        "keyset-change",
        "list",
        "mandate",
        "activation",
        "trust",
        "policy",
    } == KINDS - SALTED_KINDS


def test_commitments() -> None:
    check_commitment(DECISION, b"body", SALT)
    check_commitment(GENESIS, b"body", None)
    check_commitment(GENESIS, b"body", b"")


@pytest.mark.parametrize(
    ("entry", "body", "salt"),
    [
        (DECISION, b"Body", SALT),
        (DECISION, b"body", bytes(32)),
        (DECISION, b"body", None),
        (DECISION, SALT[31:] + b"body", SALT[:31]),
        (DECISION, b"ody", SALT + b"b"),
        (GENESIS, b"Body", None),
        (GENESIS, b"y", b"bod"),
    ],
)
def test_another_body_or_salt_is_refused(entry: Entry, body: bytes, salt: bytes | None) -> None:
    with pytest.raises(LogError) as caught:
        check_commitment(entry, body, salt)
    assert (caught.value.code, caught.value.entry) == ("commitment-mismatch", entry.index)


@pytest.mark.parametrize("name", ["entry", "entry-genesis", "entry-trust"])
def test_the_examples_of_the_schema_are_entries(name: str) -> None:
    document = loads((EXAMPLES / f"{name}.json").read_bytes())
    entry = parse_entry(canonical(document))
    assert format_entry(entry) == canonical(document)
    assert (entry.index, entry.kind) == (document["index"], document["kind"])
