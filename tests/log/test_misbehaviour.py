"""Proofs of misbehaviour: what convicts a log, and that nothing convicts an honest one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.encoding import canonical, encode_base64, loads
from attest.errors import AttestError, InputError
from attest.log.checkpoint import CheckpointSigner
from attest.log.merkle import consistency_path, leaf_hash, root_of
from attest.log.misbehaviour import (
    format_misbehaviour,
    open_misbehaviour,
    prove_misbehaviour,
)
from attest.log.note import ED25519_NOTE, NoteKey
from tests.log.sample import NOON, ORIGIN, later, reader_of

LOG = CheckpointSigner.generate(ORIGIN)
KEYS = LOG.keys.note_keys()
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(70)]
FORKED = [*LEAVES[:7], leaf_hash(b"another"), *LEAVES[8:]]


def signed(size: int, leaves: list[bytes] = LEAVES, *, at: int = 0) -> bytes:
    """A checkpoint signed so many seconds after noon."""
    return LOG.sign(size=size, root=root_of(leaves[:size]), at=later(at))


def path_of(old: int, new: int, leaves: list[bytes]) -> list[bytes]:
    return consistency_path(old, new, reader_of(leaves[:new]))


def code_of(raw: bytes, signer: CheckpointSigner = LOG) -> str:
    with pytest.raises(AttestError) as caught:
        open_misbehaviour(raw, keys=signer.keys)
    return caught.value.code


def test_a_fork_convicts() -> None:
    found = open_misbehaviour(
        format_misbehaviour(signed(9), signed(9, FORKED, at=5)), keys=LOG.keys
    )
    assert (found.kind, found.first.size, found.second.size) == ("fork", 9, 9)
    assert (found.first_at, found.second_at) == (NOON, later(5))
    assert found.says == "two roots for one log of 9 entries"


@given(st.integers(8, 69), st.integers(9, 70))
def test_a_rewriting_convicts_at_any_two_sizes(old: int, new: int) -> None:
    old, new = min(old, new - 1), max(old + 1, new)
    path = path_of(old, new, FORKED)
    raw = format_misbehaviour(signed(old), signed(new, FORKED), path=path)
    found = open_misbehaviour(raw, keys=LOG.keys)
    assert (found.kind, found.first.size, found.second.size) == ("rewriting", old, new)
    assert found.says == f"the log of {new} entries does not start with that of {old}"


@given(st.integers(1, 69), st.integers(2, 70), st.data())
def test_an_honest_log_is_never_convicted(old: int, new: int, data: st.DataObject) -> None:
    """Whatever is put together from what it signed, with any path."""
    old, new = min(old, new - 1), max(old + 1, new)
    path = path_of(old, new, LEAVES)
    at = data.draw(st.integers(0, len(path) - 1))
    other = [*path[:at], data.draw(st.binary(min_size=32, max_size=32)), *path[at + 1 :]]
    first, second = signed(old), signed(new, at=9)
    for one, two, given_path in (
        (first, second, path),
        (first, second, other),
        (first, second, path[:-1]),
        (first, second, path_of(old, new, [*LEAVES[:69], leaf_hash(b"x")])),
        (first, second, ()),
        (second, first, ()),
        (second, first, path),
        (first, first, ()),
        (first, signed(old, at=1), ()),
    ):
        raw = format_misbehaviour(one, two, path=given_path)
        assert code_of(raw) in ("not-misbehaviour", "proof-malformed")


@pytest.mark.parametrize("size", [8, 9, 64])
def test_a_smaller_log_signed_later_convicts(size: int) -> None:
    first = signed(65, at=100)
    found = open_misbehaviour(format_misbehaviour(first, signed(size, at=101)), keys=LOG.keys)
    assert (found.kind, found.second_at - found.first_at) == ("rollback", dt.timedelta(seconds=1))
    assert found.says == f"{size} entries signed after 65 had been"
    for seconds in (0, 99, 100):
        stale = format_misbehaviour(first, signed(size, at=seconds))
        assert code_of(stale) == "not-misbehaviour"


def test_a_time_beyond_the_calendar() -> None:
    late = LOG.sign(size=3, root=bytes(32), at=dt.datetime(9999, 12, 31, tzinfo=dt.UTC))
    found = open_misbehaviour(format_misbehaviour(signed(9), late), keys=LOG.keys)
    assert (found.kind, found.second_at.year) == ("rollback", 2999)


@pytest.mark.parametrize(("old", "new"), [(9, 9), (0, 9), (9, 8)])
def test_there_is_no_path_between_trees_that_do_not_grow(old: int, new: int) -> None:
    with pytest.raises(InputError) as caught:
        consistency_path(old, new, reader_of(LEAVES))
    assert caught.value.code == "not-found"


def test_a_path_with_checkpoints_that_do_not_grow() -> None:
    path = path_of(9, 20, FORKED)
    for one, other in ((signed(9), signed(9, FORKED)), (signed(20), signed(9, at=9))):
        assert code_of(format_misbehaviour(one, other, path=path)) == "proof-malformed"


def without_the_second_signature(note: bytes) -> bytes:
    return b"".join(note.splitlines(keepends=True)[:-1])


@pytest.mark.parametrize("change", [without_the_second_signature, lambda note: note[:-1]])
def test_half_signed_notes_convict_nobody(change: Callable[[bytes], bytes]) -> None:
    raw = format_misbehaviour(signed(9), change(signed(9, FORKED)))
    assert code_of(raw) in ("checkpoint-signature", "checkpoint-malformed")


def test_notes_of_others_convict_nobody() -> None:
    namesake, stranger = CheckpointSigner.generate(ORIGIN), CheckpointSigner.generate("other")
    for signer, code in ((namesake, "checkpoint-signature"), (stranger, "checkpoint-origin")):
        forged = signer.sign(size=9, root=bytes(32), at=NOON)
        raw = format_misbehaviour(signed(9), forged)
        assert code_of(raw) == code
        assert prove_misbehaviour(signed(9), forged, keys=KEYS) is None


@given(st.data())
def test_no_byte_of_a_proof_can_change_what_it_proves(data: st.DataObject) -> None:
    raw = format_misbehaviour(signed(9), signed(20, FORKED, at=3), path=path_of(9, 20, FORKED))
    at = data.draw(st.integers(0, len(raw) - 1))
    other = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    assert code_of(other)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "json-malformed"),
        (b"{}", "schema-violation"),
        (b'{"v":1,"first":"AAAA","second":"AAAA"}', "checkpoint-malformed"),
        (b'{"v":1,"first":"AAAA","second":"A==="}', "schema-violation"),
        (b'{"v":1,"first":"AAAA","second":"AAAAA"}', "base64"),
        (b'{"v":1,"first":"AAAA","second":"AAAA","kind":"fork"}', "schema-violation"),
        (b'{"v":1,"first":"AAAA","second":"AAAA","path":[]}', "schema-violation"),
        (b'{"v":2,"first":"AAAA","second":"AAAA"}', "schema-violation"),
    ],
)
def test_what_is_no_proof(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


def test_a_proof_without_its_path_or_with_another() -> None:
    raw = format_misbehaviour(signed(9), signed(20, FORKED), path=path_of(9, 20, FORKED))
    document = loads(raw, string_bytes_max=len(raw))
    bare = {name: value for name, value in document.items() if name != "path"}
    assert code_of(canonical(bare)) == "not-misbehaviour"
    for path in (path_of(9, 21, FORKED), [bytes(32)], path_of(9, 20, LEAVES)):
        changed = canonical(bare | {"path": [encode_base64(each) for each in path]})
        assert code_of(changed) in ("not-misbehaviour", "proof-malformed")


def test_what_two_notes_prove_is_found_without_being_told() -> None:
    path = path_of(9, 20, FORKED)
    for one, other, kind in (
        (signed(9), signed(9, FORKED), "fork"),
        (signed(9), signed(20, FORKED), "rewriting"),
        (signed(20), signed(9, at=1), "rollback"),
    ):
        raw = prove_misbehaviour(one, other, keys=KEYS, path=path)
        assert raw is not None
        assert open_misbehaviour(raw, keys=LOG.keys).kind == kind
    assert prove_misbehaviour(signed(9), signed(20), keys=KEYS, path=path) is None
    assert prove_misbehaviour(signed(20), signed(9), keys=KEYS, path=path) is None


def test_a_key_that_signed_only_one_of_them_does_not_count() -> None:
    """A witness that follows a log under one key keeps what that key alone proves."""
    half = without_the_second_signature(signed(9, FORKED))
    only: list[NoteKey] = [key for key in KEYS if key.kind == ED25519_NOTE]
    assert prove_misbehaviour(signed(9), half, keys=only) is not None
    assert prove_misbehaviour(signed(9), half, keys=KEYS[1:]) is None
    later_half = without_the_second_signature(signed(8, at=9))
    assert prove_misbehaviour(signed(9), later_half, keys=KEYS) is None  # no time is signed
