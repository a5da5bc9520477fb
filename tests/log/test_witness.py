"""What a witness asks of a checkpoint before it cosigns it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import AttestError, LogError
from attest.log.checkpoint import Checkpoint, CheckpointSigner
from attest.log.merkle import EMPTY_ROOT, leaf_hash, prove_consistency, root_of
from attest.log.witness import (
    AddCheckpoint,
    Behind,
    check_request,
    format_add_checkpoint,
    parse_add_checkpoint,
)
from tests.log.sample import NOON, ORIGIN, reader_of

LOG = CheckpointSigner.generate(ORIGIN)
LOGS = {ORIGIN: LOG.keys.note_keys()}
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(40)]
FORKED = [*LEAVES[:7], leaf_hash(b"another"), *LEAVES[8:]]


class Memory:
    """A `Seen` that forgets when the test ends."""

    def __init__(self, newest: Checkpoint | None = None) -> None:
        self.kept = newest

    def newest(self, origin: str) -> Checkpoint | None:
        return self.kept if self.kept is not None and self.kept.origin == origin else None

    def advance(self, before: Checkpoint | None, after: Checkpoint, note: bytes) -> bool:
        if self.kept != before:
            return False
        self.kept = after
        return True


def signed(size: int, leaves: list[bytes] = LEAVES) -> bytes:
    return LOG.sign(size=size, root=root_of(leaves[:size]) if size else EMPTY_ROOT, at=NOON)


def request(old: int, new: int, leaves: list[bytes] = LEAVES) -> AddCheckpoint:
    proof = prove_consistency(old, new, reader_of(leaves[:new])) if 0 < old < new else []
    return AddCheckpoint(old=old, proof=tuple(proof), note=signed(new, leaves))


def seen(size: int) -> Memory:
    return Memory(Checkpoint(ORIGIN, size, root_of(LEAVES[:size])) if size else None)


@given(st.integers(0, 40), st.integers(0, 40))
def test_what_extends_is_taken(one: int, other: int) -> None:
    old, new = sorted((one, other))
    memory = seen(old)
    before, after = check_request(request(old, new), logs=LOGS, seen=memory)
    assert memory.advance(before, after, b"")
    assert memory.newest(ORIGIN) == after
    assert after.size == new


@given(st.integers(8, 39), st.integers(9, 40))
def test_a_fork_is_refused_whatever_the_proof(old: int, new: int) -> None:
    old, new = min(old, new - 1), max(old + 1, new)
    forked = AddCheckpoint(old, request(old, new, FORKED).proof, signed(new, FORKED))
    with pytest.raises(LogError) as caught:
        check_request(forked, logs=LOGS, seen=seen(old))
    assert caught.value.code == "proof-invalid"


def refused(asked: AddCheckpoint, memory: Memory) -> str:
    with pytest.raises(AttestError) as caught:
        check_request(asked, logs=LOGS, seen=memory)
    return caught.value.code


def test_a_log_that_is_not_followed() -> None:
    stranger = CheckpointSigner.generate("other.example.org").sign(size=1, root=ROOT, at=NOON)
    assert refused(AddCheckpoint(0, (), stranger), Memory()) == "not-found"


ROOT = bytes(range(32))


def test_a_signature_of_the_log_is_needed() -> None:
    imposter = CheckpointSigner.generate(ORIGIN).sign(size=1, root=ROOT, at=NOON)
    assert refused(AddCheckpoint(0, (), imposter), Memory()) == "checkpoint-signature"
    changed = signed(3).replace(b"\n3\n", b"\n4\n")
    assert refused(AddCheckpoint(0, (), changed), Memory()) == "checkpoint-signature"


def test_a_log_of_one_key_can_be_followed() -> None:
    """Logs of others may have an Ed25519 key alone."""
    logs = {ORIGIN: LOG.keys.note_keys()[:1]}
    _, after = check_request(request(0, 5), logs=logs, seen=Memory())
    assert after.size == 5


@pytest.mark.parametrize(("old", "known"), [(0, 5), (4, 5), (6, 5), (3, 0)])
def test_another_start_is_told_the_right_one(old: int, known: int) -> None:
    with pytest.raises(Behind) as caught:
        check_request(request(old, 9), logs=LOGS, seen=seen(known))
    assert caught.value.size == known


def test_an_old_size_over_the_new_one() -> None:
    assert refused(AddCheckpoint(9, (), signed(5)), seen(9)) == "checkpoint-malformed"


def test_one_size_has_one_root_and_no_proof() -> None:
    assert refused(AddCheckpoint(8, (), signed(8, FORKED)), seen(8)) == "proof-invalid"
    assert refused(AddCheckpoint(8, (ROOT,), signed(8)), seen(8)) == "proof-malformed"


def test_from_nothing_there_is_no_proof() -> None:
    assert refused(AddCheckpoint(0, (ROOT,), signed(5)), Memory()) == "proof-malformed"
    false = LOG.sign(size=0, root=ROOT, at=NOON)
    assert refused(AddCheckpoint(0, (), false), Memory()) == "proof-invalid"


@given(st.integers(0, 10**12), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_a_request_is_read_as_it_was_written(old: int, proof: list[bytes]) -> None:
    asked = AddCheckpoint(old, tuple(proof), signed(3))
    assert parse_add_checkpoint(format_add_checkpoint(asked)) == asked


GOOD = format_add_checkpoint(request(2, 5))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 2\n",
        b"old 02" + GOOD[5:],
        b"old -2" + GOOD[5:],
        b"Old 2" + GOOD[5:],
        GOOD.replace(b"\n\n", b"\n", 1),
        GOOD.replace(b"=\n", b"\n", 1),
        b"old 2\n" + b"A" * 43 + b"=\n" * 64 + GOOD[6:],
        b"old 2\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + signed(5),
        GOOD + b" " * limits.WITNESS_REQUEST_BYTES_MAX,
        b"old 2\n" + b"\xff" * 43 + b"=\n\n" + signed(5),
    ],
)
def test_a_request_of_another_form(raw: bytes) -> None:
    with pytest.raises(LogError) as caught:
        parse_add_checkpoint(raw)
    assert caught.value.code == "checkpoint-malformed"
