"""Stamps: checkpoints timestamped one after the other, in a log's folder and out of it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import AttestError, LogError, TrustError
from attest.log.checkpoint import Checkpoint, CheckpointSigner, open_checkpoint
from attest.log.merkle import EMPTY_ROOT, Frontier, leaf_hash, prove_inclusion
from attest.log.stamps import (
    Link,
    OpenedStamp,
    Stamp,
    check_trees,
    links,
    next_stamped,
    open_links,
    open_stamps,
    parse_stamped,
    require_standing,
    standing,
)
from attest.log.timestamp import Authorities, Timestamp
from tests.authorities import END, Authority
from tests.log.sample import NOON, ORIGIN, reader_of

LOG = CheckpointSigner.generate(ORIGIN)
DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=365)
SIZE = 600
LEAVES = [leaf_hash(b"entry %d" % index) for index in range(SIZE)]
OLD = Authority.make("Old Time", end=NOON + YEAR)
NEW = Authority.make("New Time")
BOTH = Authorities.parse(OLD.root.pem + NEW.root.pem)


def note_of(size: int, signer: CheckpointSigner = LOG) -> bytes:
    """The checkpoint of the first leaves."""
    root = Frontier().extend(LEAVES[:size])[0].root()
    return signer.sign(size=size, root=root, at=NOON)


def stamped(*rounds: tuple[int, Authority, dt.datetime]) -> list[Stamp]:
    """Stamps of sizes, each by an authority at a time."""
    stamps: list[Stamp] = []
    for size, authority, at in rounds:
        text = next_stamped(stamps, note_of(size))
        stamps.append(Stamp(text, authority.answer(text, at=at)))
    return stamps


CHAIN = stamped(
    (40, OLD, NOON),
    (40, NEW, NOON + DAY),
    (300, OLD, NOON + 2 * DAY),
    (600, NEW, NOON + 2 * YEAR),
)


def fault(stamps: list[Stamp], authorities: Authorities | None = BOTH) -> AttestError:
    with pytest.raises(AttestError) as caught:
        open_stamps(stamps, keys=LOG.keys, authorities=authorities)
    return caught.value


def opened_chain(authorities: Authorities | None = BOTH) -> tuple[OpenedStamp, ...]:
    return open_stamps(CHAIN, keys=LOG.keys, authorities=authorities)


def test_a_chain_says_what_existed_when_and_who_says_so() -> None:
    found = [
        (each.number, each.checkpoint.size, each.timestamp.at, each.timestamp.authority)
        for each in opened_chain()
        if each.timestamp is not None
    ]
    assert found == [
        (0, 40, NOON, "Old Time"),
        (1, 40, NOON + DAY, "New Time"),
        (2, 300, NOON + 2 * DAY, "Old Time"),
        (3, 600, NOON + 2 * YEAR, "New Time"),
    ]


def test_tokens_of_authorities_that_are_not_named_are_passed_over() -> None:
    opened = opened_chain(Authorities.parse(NEW.root.pem))
    assert [each.timestamp is None for each in opened] == [True, False, True, False]
    assert all(each.timestamp is None for each in opened_chain(None))


def test_no_stamps_are_stamps() -> None:
    assert open_stamps([], keys=LOG.keys, authorities=BOTH) == ()


@pytest.mark.parametrize(
    "stamps",
    [CHAIN[1:], CHAIN[:1] + CHAIN[2:], [CHAIN[0], CHAIN[0]], [CHAIN[1], CHAIN[0]]],
    ids=["first", "middle", "twice", "swapped"],
)
def test_a_stamp_that_is_missing_or_out_of_place(stamps: list[Stamp]) -> None:
    error = fault(stamps)
    assert error.code == "timestamp-invalid"
    assert error.detail.endswith("does not follow those before it")
    assert fault(stamps, None).code == "timestamp-invalid"


def test_a_token_that_was_exchanged_later_no_longer_fits_what_follows() -> None:
    other = Stamp(CHAIN[0].stamped, OLD.answer(CHAIN[0].stamped, at=NOON - DAY))
    assert open_stamps([other], keys=LOG.keys, authorities=BOTH)
    error = fault([other, *CHAIN[1:]])
    assert error.detail == "timestamp 1 does not follow those before it"


def test_sizes_and_times_never_go_back() -> None:
    smaller = stamped((40, NEW, NOON), (39, NEW, NOON + DAY))
    assert fault(smaller).detail == "timestamp 1 is over a smaller log than the one before it"
    earlier = stamped((40, NEW, NOON), (41, OLD, NOON - DAY), (41, NEW, NOON - DAY))
    assert fault(earlier).detail == "timestamp 2 is dated before an earlier one of its authority"


def test_a_token_from_after_the_certificate_is_named() -> None:
    late = stamped((40, OLD, NOON), (41, OLD, NOON + YEAR))
    error = fault(late)
    assert error.code == "timestamp-expired"
    assert error.detail.startswith("timestamp 1: made at 2027-11-24T12:00:00Z, while")


def test_a_token_over_something_else_is_named() -> None:
    stamps = [*CHAIN[:1], Stamp(CHAIN[1].stamped, NEW.answer(b"other", at=NOON + DAY))]
    error = fault(stamps)
    assert error.code == "timestamp-invalid"
    assert error.detail == "timestamp 1: the token is over other bytes"


def test_the_checkpoint_has_to_be_of_the_log() -> None:
    text = next_stamped([], note_of(40, CheckpointSigner.generate(ORIGIN)))
    assert fault([Stamp(text, b"")], None).code == "checkpoint-signature"
    text = next_stamped([], note_of(40, CheckpointSigner.generate("other.example/log")))
    assert fault([Stamp(text, b"")], None).code == "checkpoint-origin"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/v1\n", b"/v2\n"),
        (b"\n1\n", b"\n01\n"),
        (b"\n1\n", b"\n-1\n"),
        (b"\n1\n", b"\n9999999\n"),
        (b"\n\n", b"\n"),
        (b"=\n\n", b"\n\n"),
        (b"\n", b"\r\n"),
        (b"\xe2", b"\xe2" * limits.STAMPED_BYTES_MAX),
    ],
)
def test_what_is_not_the_form(old: bytes, new: bytes) -> None:
    assert CHAIN[1].stamped.count(old)
    raw = CHAIN[1].stamped.replace(old, new, 1)
    with pytest.raises(LogError) as caught:
        parse_stamped(raw)
    assert caught.value.code == "timestamp-malformed"


def test_a_root_that_is_not_canonical_base64_is_refused() -> None:
    text = CHAIN[0].stamped
    at = text.index(b"=\n\n")
    raw = text[: at - 1] + bytes((text[at - 1] + 1,)) + text[at:]
    with pytest.raises(LogError) as caught:
        parse_stamped(raw)
    assert caught.value.code == "timestamp-malformed"


def test_a_log_that_extends_what_was_stamped() -> None:
    newest = open_checkpoint(note_of(SIZE), keys=LOG.keys)
    check_trees(opened_chain(), newest, read_nodes=reader_of(LEAVES))


def test_a_log_with_other_entries_is_convicted() -> None:
    for index, number in ((0, 0), (39, 0), (40, 2), (299, 2), (300, 3)):
        leaves = [*LEAVES[:index], leaf_hash(b"other"), *LEAVES[index + 1 :]]
        newest = Checkpoint(ORIGIN, SIZE, Frontier().extend(leaves)[0].root())
        with pytest.raises(LogError) as caught:
            check_trees(opened_chain(), newest, read_nodes=reader_of(leaves))
        assert caught.value.code == "root-mismatch"
        assert f"timestamp {number} " in caught.value.detail


def test_a_log_that_is_smaller_than_what_was_stamped() -> None:
    newest = open_checkpoint(note_of(299), keys=LOG.keys)
    with pytest.raises(LogError) as caught:
        check_trees(opened_chain(), newest, read_nodes=reader_of(LEAVES[:299]))
    assert (caught.value.code, "timestamp 2" in caught.value.detail) == ("rolled-back", True)


@pytest.mark.parametrize(("root", "fits"), [(EMPTY_ROOT, True), (bytes(32), False)])
def test_an_empty_log_has_one_root(root: bytes, fits: bool) -> None:
    opened = [OpenedStamp(0, Checkpoint(ORIGIN, 0, root), None)]
    newest = open_checkpoint(note_of(3), keys=LOG.keys)
    if fits:
        check_trees(opened, newest, read_nodes=reader_of(LEAVES[:3]))
        return
    with pytest.raises(LogError) as caught:
        check_trees(opened, newest, read_nodes=reader_of(LEAVES[:3]))
    assert caught.value.code == "root-mismatch"


def test_a_timestamp_stands_while_its_certificates_do_or_a_later_one_renewed_it() -> None:
    timestamps = [each.timestamp for each in opened_chain()]
    end = NOON + YEAR
    assert standing(timestamps, at=end - DAY) == (True, True, True, True)
    # Number 0 was renewed by number 1 in time; after number 2 none came before its end.
    assert standing(timestamps, at=end) == (True, True, False, True)
    assert standing(timestamps, at=END) == (False, False, False, False)


def test_a_renewal_that_comes_too_late_renews_nothing() -> None:
    timestamps = [
        each.timestamp
        for each in open_stamps(
            stamped((40, OLD, NOON), (41, NEW, NOON + YEAR)), keys=LOG.keys, authorities=BOTH
        )
    ]
    assert standing(timestamps, at=NOON + YEAR) == (False, True)
    in_time = stamped((40, OLD, NOON), (41, NEW, NOON + YEAR - dt.timedelta(seconds=1)))
    opened = open_stamps(in_time, keys=LOG.keys, authorities=BOTH)
    assert standing([each.timestamp for each in opened], at=NOON + YEAR) == (True, True)


times = st.integers(0, 40)


@given(st.lists(st.none() | st.tuples(times, times), max_size=8), times)
def test_standing_is_what_its_words_say(spans: list[tuple[int, int] | None], now: int) -> None:
    """Against the definition, link by link."""

    def at(hours: int) -> dt.datetime:
        return NOON + dt.timedelta(hours=hours)

    timestamps = [
        None if span is None else Timestamp(at(span[0]), "a", 1, at(span[1])) for span in spans
    ]

    def stands(index: int) -> bool:
        span = spans[index]
        if span is None:
            return False
        return now < span[1] or any(
            later is not None and later[0] < span[1] and stands(index + 1 + further)
            for further, later in enumerate(spans[index + 1 :])
        )

    assert standing(timestamps, at=at(now)) == tuple(map(stands, range(len(spans))))


def links_for(index: int) -> tuple[Link, ...]:
    nodes = reader_of(LEAVES)
    return links(
        CHAIN,
        opened_chain(),
        index=index,
        prove=lambda entry, size: prove_inclusion(entry, size, nodes),
    )


@pytest.mark.parametrize(("index", "numbers"), [(0, [0, 1]), (39, [0, 1]), (40, [2]), (300, [3])])
def test_links_prove_the_earliest_time_and_what_renews_it(index: int, numbers: list[int]) -> None:
    opened = open_links(
        links_for(index), index=index, leaf=LEAVES[index], keys=LOG.keys, authorities=BOTH
    )
    assert [each.number for each in opened] == numbers
    first = opened_chain()[numbers[0]].timestamp
    assert require_standing(opened, at=NOON) == first


def test_links_that_lapsed_say_so() -> None:
    (link,) = links_for(40)
    opened = open_links([link], index=40, leaf=LEAVES[40], keys=LOG.keys, authorities=BOTH)
    with pytest.raises(TrustError) as caught:
        require_standing(opened, at=NOON + YEAR)
    assert caught.value.code == "timestamp-lapsed"
    unopened = open_links([link], index=40, leaf=LEAVES[40], keys=LOG.keys)
    with pytest.raises(TrustError):
        require_standing(unopened, at=NOON)


def test_no_links_where_nothing_covers_an_entry() -> None:
    assert links((), (), index=0, prove=lambda *_: []) == ()
    assert links(CHAIN, opened_chain(None), index=0, prove=lambda *_: []) == ()
    assert links(CHAIN[:1], opened_chain()[:1], index=40, prove=lambda *_: []) == ()
    assert open_links((), index=0, leaf=bytes(32), keys=LOG.keys) == ()


@pytest.mark.parametrize("change", ["leaf", "index", "renewal", "token", "hash", "text"])
def test_links_that_do_not_hold(change: str) -> None:
    first, second = links_for(7)
    index, leaf = 7, LEAVES[7]
    code = "proof-invalid"
    if change == "leaf":
        leaf = LEAVES[8]
    elif change == "index":
        index = 40
        code = "proof-malformed"
    elif change == "renewal":
        second = Link(CHAIN[3], second.hashes)
        code = "proof-malformed"
    elif change == "token":
        stamp = Stamp(first.stamp.stamped, OLD.answer(first.stamp.stamped, at=NOON))
        first = Link(stamp, first.hashes)
    elif change == "hash":
        first = Link(first.stamp, (bytes(32), *first.hashes[1:]))
    elif change == "text":
        first = Link(Stamp(CHAIN[1].stamped, first.stamp.token), first.hashes)
        code = "timestamp-invalid"
    with pytest.raises(LogError) as caught:
        open_links([first, second], index=index, leaf=leaf, keys=LOG.keys, authorities=BOTH)
    assert caught.value.code == code


def test_links_by_an_authority_that_is_not_named() -> None:
    with pytest.raises(TrustError) as caught:
        open_links(
            links_for(7),
            index=7,
            leaf=LEAVES[7],
            keys=LOG.keys,
            authorities=Authorities.parse(OLD.root.pem),
        )
    assert caught.value.code == "timestamp-untrusted"
