"""The chain of entries: each held to the one before it, to its leaf hash and to its body.

`Walk` goes along whole bundles and makes no object per entry: a check must stay close to the cost
of its hashes. It can start at any bundle, since the tiles say what the entry before hashes to.

>>> from attest.log.tiles import Tile
>>> from attest.log.entry import commit, format_entry
>>> entry = Entry(
...     index=0, kind="genesis", time=parse_instant("2026-11-24T14:00:00Z"), prev=NO_PREV,
...     commit=commit(b"the beginning", None), refs={},
... )
>>> raw = format_entry(entry)
>>> walk = Walk()
>>> walk.check_bundle(Tile(0, 0, 1), leaf_hashes([raw]), ([raw], True), [(b"", b"the beginning")])
>>> walk.check_bundle(Tile(0, 0, 1), leaf_hashes([raw]), ([raw], True), [(b"", b"another")])
Traceback (most recent call last):
attest.errors.LogError: chain-broken (entry 0): the entry does not name the one before
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from attest.encoding import parse_instant
from attest.errors import InputError, LogError
from attest.log.entry import (
    NO_PREV,
    SALT_BYTES,
    Entry,
    check_commitment,
    parse_entry,
)
from attest.log.merkle import HASH_BYTES
from attest.log.tiles import Tile

_REFS = b'"refs":{'


def leaf_hashes(entries: list[bytes]) -> bytes:
    """The leaf hashes of entries, packed as in a hash tile."""
    return b"".join([sha256(b"\x00" + raw).digest() for raw in entries])


def first_difference(some: bytes, other: bytes) -> int:
    """How many hashes at the start are the same."""
    places = range(0, len(some), HASH_BYTES)
    same = (at for at in places if some[at : at + HASH_BYTES] != other[at : at + HASH_BYTES])
    return next(same, len(some)) // HASH_BYTES


class Walk:
    """The walk along the entries, each held to the one before.

    `check_entry` is the whole check. It is also slow, and most entries look like one before them,
    so each that passes leaves a mould behind, by its length: its bytes with gaps for the
    commitment, the index, the chain, the submission just before it, and the time. Filled with the
    right values, a mould gives the bytes of a faultless entry; one that is not these bytes is
    checked in full.
    """

    def __init__(self, prev: bytes = NO_PREV, time: bytes = b"") -> None:
        """Start after an entry with this leaf hash, and this time as it is written."""
        self._prev = prev.hex().encode()
        self._time = time
        self._moulds: dict[int, _Mould] = {}

    def check_bundle(
        self,
        tile: Tile,
        hashes: bytes,
        bundle: tuple[list[bytes], bool],
        salted: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """Check the next bundle of entries against its tile of hashes, and its salts and bodies.

        Raises:
            LogError: entry-malformed, entry-order, entry-altered, chain-broken, time-backwards,
                commitment-mismatch, bundle-malformed; `entry` names the first faulty entry.
        """
        first = tile.first_entry
        entries, whole = bundle
        leaves = leaf_hashes(entries[: tile.width])
        same = len(leaves) // HASH_BYTES
        if not hashes.startswith(leaves):
            same = first_difference(leaves, hashes)
        bodies = iter(salted)
        self._check_entries(first, entries[:same], leaves, bodies)
        if same < min(len(entries), tile.width):
            index = entry_at(first + same, entries[same]).index
            raise LogError("entry-altered", "the entry is not the one in the tree", entry=index)
        if len(entries) < tile.width:
            raise LogError("bundle-malformed", "entries are cut off", entry=first + len(entries))
        if len(entries) > tile.width or not whole or next(bodies, None) is not None:
            raise LogError("bundle-malformed", "a bundle goes on after its last entry")
        self._prev = leaves[-HASH_BYTES:].hex().encode()

    def _check_entries(
        self, first: int, entries: list[bytes], leaves: bytes, bodies: Iterator[tuple[bytes, bytes]]
    ) -> None:
        chain = self._prev + leaves.hex().encode()
        newest, moulds = self._time, self._moulds
        for index, (raw, (salt, body)) in enumerate(zip(entries, bodies, strict=False), first):
            at = 64 * (index - first)
            prev, time = chain[at : at + 64], raw[-28:-8]
            digest = sha256(salt)
            digest.update(body)
            commitment = digest.hexdigest().encode()
            shape, salt_bytes, answers = moulds.get(len(raw), _NO_MOULD)
            values = (
                (commitment, index, prev, index - 1, time)
                if answers
                else (commitment, index, prev, time)
            )
            if (
                len(salt) != salt_bytes
                or shape % values != raw
                or (time != newest and not _follows(time, newest))
            ):
                entry = check_entry(index, raw, prev, newest, salt, body)
                moulds[len(raw)] = _mould_of(entry, raw)
            newest = time
        self._time = newest


_Mould = tuple[bytes, int, bool]
"""The bytes with gaps, the length of the salt, whether one gap is for the submission before."""

_NO_MOULD: _Mould = (b"", -1, False)


def _mould_of(entry: Entry, raw: bytes) -> _Mould:
    if entry.index == 0:
        return _NO_MOULD
    start = b'{"commit":"sha256:%%b","index":%%d,"kind":"%b","prev":"%%b","refs":{'
    refs = raw[raw.index(_REFS) + len(_REFS) : -28]
    before = b'"submission":[%d]' % (entry.index - 1)
    shape = start % entry.kind.encode() + refs.replace(before, b'"submission":[%d]') + b'%b","v":1}'
    return shape, SALT_BYTES if entry.salted else 0, before in refs


def _follows(time: bytes, newest: bytes) -> bool:
    try:
        parse_instant(time.decode(errors="replace"))
    except InputError:
        return False
    return time > newest


def check_entry(
    index: int, raw: bytes, prev: bytes, newest: bytes, salt: bytes, body: bytes
) -> Entry:
    entry = entry_at(index, raw)
    if entry.prev.hex().encode() != prev:
        raise LogError("chain-broken", "the entry does not name the one before", entry=index)
    if raw[-28:-8] < newest:
        raise LogError("time-backwards", "the entry is dated before the last", entry=index)
    check_commitment(entry, body, salt)
    return entry


def entry_at(index: int, raw: bytes) -> Entry:
    try:
        entry = parse_entry(raw)
    except LogError as error:
        raise LogError(error.code, error.detail, entry=index) from None
    if entry.index != index:
        raise LogError("entry-order", "the entry says another index", entry=index)
    return entry
