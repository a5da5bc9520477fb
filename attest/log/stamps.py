"""Stamps: the checkpoints of a log, timestamped one after the other (SPEC 13.5).

    timestamps/<N>.stamped            what was timestamped:
        foundry-attest/timestamp/v1
        1                             its number: how many tokens there were before it
        PR3ndt8IbBrp9wSdK7DAR1rRQ…    root of the RFC 6962 tree whose leaves are these tokens
                                      an empty line
        example.org/log               a checkpoint with its signatures, verbatim
        …
    timestamps/<N>.tsr                the token of the authority over it (RFC 3161)

A checkpoint covers every entry before it, and the root every token before it. So one token renews
all older ones (RFC 4998): made while their certificates still held, it shows that they existed
then, when nobody else could have made them.

>>> from attest.log.checkpoint import CheckpointSigner
>>> log = CheckpointSigner.generate("example.org/log")
>>> note = log.sign(size=3, root=bytes(32), at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
>>> first = Stamp(next_stamped([], note), b"token")
>>> parse_stamped(next_stamped([first], note)).number
1
>>> [opened.checkpoint.size for opened in open_stamps([first], keys=log.keys)]
[3]
>>> open_stamps([first, first], keys=log.keys)
Traceback (most recent call last):
attest.errors.LogError: timestamp-invalid: timestamp 1 does not follow those before it
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from attest import limits
from attest.encoding import decode_base64, encode_base64, format_instant
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.entry import Entry, parse_entry
from attest.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    ReadNodes,
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from attest.log.timestamp import Authorities, Timestamp, open_timestamp

_HEADER: Final = "foundry-attest/timestamp/v1"
_STAMPED: Final = re.compile(
    rb"foundry-attest/timestamp/v1\n(0|[1-9][0-9]{0,6})\n([A-Za-z0-9+/]{43}=)\n\n(.+)", re.DOTALL
)


class Stamp(NamedTuple):
    """What was timestamped, and the token of the authority over it."""

    stamped: bytes
    token: bytes


@dataclass(frozen=True)
class Stamped:
    """What was timestamped, taken apart; nothing of it is verified."""

    number: int
    earlier: bytes
    note: bytes


@dataclass(frozen=True)
class OpenedStamp:
    """A verified checkpoint with its timestamp.

    `timestamp` is None where the token was not opened: without authorities, or by another one.
    """

    number: int
    checkpoint: Checkpoint
    timestamp: Timestamp | None


def next_stamped(earlier: Sequence[Stamp], note: bytes) -> bytes:
    """What to have timestamped after the earlier stamps, all of them, for a signed checkpoint."""
    frontier, _ = _tree(earlier)
    return f"{_HEADER}\n{len(earlier)}\n{encode_base64(frontier.root())}\n\n".encode() + note


def parse_stamped(raw: bytes) -> Stamped:
    """Take apart what was timestamped.

    Raises:
        LogError: timestamp-malformed.
    """
    match = _STAMPED.fullmatch(raw) if len(raw) <= limits.STAMPED_BYTES_MAX else None
    if match is None or int(match[1]) >= limits.STAMPS_MAX:
        raise LogError("timestamp-malformed", "not a header, a number, a root and a checkpoint")
    try:
        earlier = decode_base64(match[2].decode())
    except InputError:
        raise LogError("timestamp-malformed", "the root is not base64") from None
    return Stamped(int(match[1]), earlier, match[3])


def _tree(stamps: Iterable[Stamp]) -> tuple[Frontier, ReadNodes]:
    """The tree of their tokens."""
    frontier, nodes = Frontier().extend([leaf_hash(each.token) for each in stamps])
    kept = {(level, index): value for level, index, value in nodes}
    return frontier, lambda ids: [kept[node] for node in ids]


def open_stamps(
    stamps: Iterable[Stamp], *, keys: LogKeys, authorities: Authorities | None = None
) -> tuple[OpenedStamp, ...]:
    """Verify all stamps of a log, from its first.

    Tokens by authorities that are not trusted are passed over, as signatures by unknown keys are;
    without authorities all are.

    Raises:
        LogError: timestamp-malformed; timestamp-invalid (among others: the numbers, the trees of
            tokens, the sizes of checkpoints or the times of one authority do not go on);
            checkpoint-malformed, checkpoint-origin, checkpoint-signature.
        TrustError: timestamp-expired.
    """
    opened: list[OpenedStamp] = []
    newest: dict[str, dt.datetime] = {}
    frontier = Frontier()
    for number, stamp in enumerate(stamps):
        stamped = parse_stamped(stamp.stamped)
        if (stamped.number, stamped.earlier) != (number, frontier.root()):
            raise _invalid(number, "does not follow those before it")
        checkpoint = open_checkpoint(stamped.note, keys=keys)
        if opened and checkpoint.size < opened[-1].checkpoint.size:
            raise _invalid(number, "is over a smaller log than the one before it")
        timestamp = None if authorities is None else _open(number, stamp, authorities)
        if timestamp is not None:
            if timestamp.at < newest.get(timestamp.authority, timestamp.at):
                raise _invalid(number, "is dated before an earlier one of its authority")
            newest[timestamp.authority] = timestamp.at
        opened.append(OpenedStamp(number, checkpoint, timestamp))
        frontier, _ = frontier.extend([leaf_hash(stamp.token)])
    return tuple(opened)


def _invalid(number: int, why: str) -> LogError:
    return LogError("timestamp-invalid", f"timestamp {number} {why}")


def _open(number: int, stamp: Stamp, authorities: Authorities) -> Timestamp | None:
    try:
        return open_timestamp(stamp.token, stamp.stamped, authorities)
    except AttestError as error:
        if error.code == "timestamp-untrusted":
            return None
        raise type(error)(error.code, f"timestamp {number}: {error.detail}") from None


def check_trees(
    opened: Iterable[OpenedStamp], newest: Checkpoint, *, read_nodes: ReadNodes
) -> None:
    """Check that a log, whose nodes are read, extends every checkpoint that was timestamped.

    Raises:
        LogError: rolled-back (one is over a larger log), root-mismatch.
    """
    for each in opened:
        if each.checkpoint.size > newest.size:
            raise LogError("rolled-back", f"timestamp {each.number} is over a larger log")
        if not _extended(each.checkpoint, newest, read_nodes):
            raise LogError(
                "root-mismatch", f"timestamp {each.number} is over a log with other entries"
            )


def _extended(early: Checkpoint, newest: Checkpoint, read_nodes: ReadNodes) -> bool:
    if early.size == 0:
        return early.root == EMPTY_ROOT
    proof = prove_consistency(early.size, newest.size, read_nodes)
    try:
        check_consistency(
            size1=early.size,
            root1=early.root,
            size2=newest.size,
            root2=newest.root,
            proof=proof,
        )
    except LogError:
        return False
    return True


def check_times(opened: Iterable[OpenedStamp], entry_at: Callable[[int], bytes]) -> None:
    """Check that no entry is dated after a time at which it existed already.

    `entry_at` gives the bytes of an entry of the log, which the checkpoints cover. Later entries
    are never dated earlier, so the last one of each checkpoint is enough.

    Raises:
        LogError: timestamp-contradicts; entry-malformed.
    """
    for each in opened:
        if each.timestamp is not None and each.checkpoint.size:
            index = each.checkpoint.size - 1
            check_time(parse_entry(entry_at(index)), each.timestamp)


def check_time(entry: Entry, timestamp: Timestamp) -> None:
    """Check that an entry is not dated after a timestamp that covers it.

    Raises:
        LogError: timestamp-contradicts.
    """
    if entry.time > timestamp.at + dt.timedelta(seconds=limits.CLOCKS_APART_SECONDS_MAX):
        raise LogError(
            "timestamp-contradicts",
            f"dated after {format_instant(timestamp.at)}, when it existed already",
            entry=entry.index,
        )


def standing(timestamps: Sequence[Timestamp | None], *, at: dt.datetime) -> tuple[bool, ...]:
    """Which of successive timestamps still prove their time `at` an instant.

    One does until the first of its certificates ends, and beyond if a later one that does was made
    before that.
    """
    standing = []
    renewed: dt.datetime | None = None
    for each in reversed(timestamps):
        stands = each is not None and (
            at < each.until or (renewed is not None and renewed < each.until)
        )
        if stands and each is not None:
            renewed = each.at if renewed is None else min(renewed, each.at)
        standing.append(stands)
    return tuple(reversed(standing))


class Link(NamedTuple):
    """A stamp out of the sequence, with the hashes that prove what it covers (RFC 9162, 2.1.3).

    Of the first link that is an entry of the log; of each further one the token before it.
    """

    stamp: Stamp
    hashes: tuple[bytes, ...]


def links(
    stamps: Sequence[Stamp],
    opened: Sequence[OpenedStamp],
    *,
    index: int,
    prove: Callable[[int, int], Sequence[bytes]],
) -> tuple[Link, ...]:
    """What proves that an entry existed early: the first stamp over it, and those that renew it.

    `opened` belongs to `stamps`; `prove` gives the inclusion proof of an index in a size of the
    log. Empty where nothing covers the entry.
    """
    known = [(each, each.timestamp) for each in opened if each.timestamp is not None]
    here = next((pair for pair in known if pair[0].checkpoint.size > index), None)
    if here is None:
        return ()
    hashes = prove(index, here[0].checkpoint.size)
    found = [Link(stamps[here[0].number], tuple(hashes))]
    _, read_tokens = _tree(stamps)
    while (renewal := _renewal(here, known)) is not None:
        hashes = prove_inclusion(here[0].number, renewal[0].number, read_tokens)
        found.append(Link(stamps[renewal[0].number], tuple(hashes)))
        here = renewal
    return tuple(found)


_Known = tuple[OpenedStamp, Timestamp]


def _renewal(here: _Known, known: Sequence[_Known]) -> _Known | None:
    """The stamp that proves most after this one: made in time, and lasting longest."""
    stamp, now = here
    later = [
        (timestamp.until, each.number, (each, timestamp))
        for each, timestamp in known
        if each.number > stamp.number and timestamp.at < now.until < timestamp.until
    ]
    return max(later)[2] if later else None


def open_links(
    links: Sequence[Link],
    *,
    index: int,
    leaf: bytes,
    keys: LogKeys,
    authorities: Authorities | None = None,
) -> tuple[OpenedStamp, ...]:
    """Verify links for the entry at `index` with this leaf hash.

    Raises:
        LogError: timestamp-malformed, timestamp-invalid, proof-malformed, proof-invalid,
            checkpoint-malformed, checkpoint-origin, checkpoint-signature.
        TrustError: timestamp-untrusted, timestamp-expired.
    """
    opened: list[OpenedStamp] = []
    for stamp, hashes in links:
        stamped = parse_stamped(stamp.stamped)
        checkpoint = open_checkpoint(stamped.note, keys=keys)
        size, root = checkpoint.size, checkpoint.root
        if opened:
            index, size, root = opened[-1].number, stamped.number, stamped.earlier
        check_inclusion(index=index, size=size, leaf=leaf, proof=hashes, root=root)
        timestamp = None
        if authorities is not None:
            timestamp = open_timestamp(stamp.token, stamp.stamped, authorities)
        opened.append(OpenedStamp(stamped.number, checkpoint, timestamp))
        leaf = leaf_hash(stamp.token)
    return tuple(opened)


def require_standing(opened: Sequence[OpenedStamp], *, at: dt.datetime) -> Timestamp:
    """The first timestamp of links, which still has to prove its time `at` an instant.

    Raises:
        TrustError: timestamp-lapsed.
    """
    timestamps = [each.timestamp for each in opened]
    first = timestamps[0]
    if first is None or not standing(timestamps, at=at)[0]:
        raise TrustError("timestamp-lapsed", "its certificates have ended and nothing renewed it")
    return first
