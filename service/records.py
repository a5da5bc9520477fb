"""What the log holds, found by label and never by scanning.

A label is a digest of words; the store maps it to one entry index, in the same commit as the entry:

| label of | leads to |
|---|---|
| `submission`, submission digest | the submission's entry; its decision is the entry after it |
| `superseded`, party, statement digest | the decision on the declaration that replaced that one |
| `review`, submission digest, 1, 2, … | its reviews in order |
| `review-body`, submission digest, digest of the review as received | the review's entry |
| `clearance`, digests of party and entry of a list, 1, 2, … | the reviews that clear the pair |
| `trust`, 1, 2, … | the trust snapshots in order; the last one is active |

A `Records` reads one store and is safe to share between threads. It shows an entry only when a
signed checkpoint covers it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from attest.encoding import Json, decode_base64
from attest.errors import InputError, LogError
from attest.log import tiles
from attest.log.entry import check_commitment, parse_entry
from attest.log.export import tile_of_store
from attest.log.merkle import prove_consistency, prove_inclusion
from attest.log.proof import format_proof_document, format_tlog_proof, prove
from attest.log.store import LogStore, StoredEntry


def label(*words: str) -> bytes:
    """The 32-byte label of words; no word holds a NUL."""
    return hashlib.sha256("\0".join(words).encode()).digest()


@dataclass(frozen=True)
class Item:
    """An entry of the log with what lies beside it.

    `entry` are the bytes of the leaf, `body` what it commits to with `salt`, `tlog_proof` the
    inclusion proof at a signed checkpoint.
    """

    index: int
    entry: bytes
    salt: bytes
    body: bytes
    tlog_proof: bytes

    def proof_document(self) -> Json:
        """The proof as SPEC 14 writes it."""
        return format_proof_document(entry=self.entry, salt=self.salt, tlog_proof=self.tlog_proof)


@dataclass(frozen=True)
class Recorded:
    """A submission with its decision and its reviews.

    `refusal_code` says why the submission could not be relied on, None when rules were evaluated;
    `replayed` that it was recorded before it was asked for.
    """

    submission_id: str
    submission_index: int
    decision: Item
    verdict: str
    refusal_code: str | None
    reviews: tuple[Item, ...] = ()
    replayed: bool = True


def payload_of(envelope: bytes) -> bytes:
    """The payload of an envelope that the log holds, opened on its way in."""
    return decode_base64(json.loads(envelope)["payload"], url_safe=True)


def predicate_of(envelope: bytes) -> Json:
    """The predicate of the statement in an envelope that the log holds."""
    return json.loads(payload_of(envelope))["predicate"]


class Records:
    """Reads of one log; every method may be called from any thread."""

    def __init__(
        self, store: LogStore, cosigned: Callable[[], tuple[bytes, int] | None] | None = None
    ) -> None:
        """Read a store.

        `cosigned` gives its newest cosigned checkpoint with the size, None before the first one; it
        is left out for a log that has no witnesses.
        """
        self._store = store
        self._cosigned = cosigned
        self._lock = threading.Lock()

    def checkpoint(self) -> bytes:
        """The newest cosigned checkpoint; the log's own where there are no witnesses.

        The log's own one is larger than the first that is cosigned may be, and a reader who was
        shown it would see the log go back: before the first there is none.

        Raises:
            InputError: not-ready.
        """
        if self._cosigned is None:
            with self._lock:
                return self._newest()[0]
        cosigned = self._cosigned()
        if cosigned is None:
            raise InputError("not-ready", "the witnesses have not cosigned a checkpoint yet")
        return cosigned[0]

    def entry(self, index: int) -> bytes:
        """The bytes of a leaf.

        Raises:
            InputError: not-found.
        """
        with self._lock:
            self._covered(index)
            return self._stored(index).entry

    def tlog_proof(self, index: int) -> bytes:
        """The inclusion proof of an entry at the newest checkpoint (SPEC 14).

        Raises:
            InputError: not-found.
        """
        with self._lock:
            self._covered(index)
            return self._prove(index)

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The proof that the tree of `size2` entries extends the one of `size1` (RFC 9162, 2.1.4).

        Raises:
            InputError: not-found (not `1 <= size1 <= size2 <=` the size of the newest checkpoint).
        """
        with self._lock:
            if not 1 <= size1 <= size2 <= self._newest()[1]:
                raise InputError("not-found", "no two trees of those sizes, smaller one first")
            return list(prove_consistency(size1, size2, self._store.nodes))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The hashes that prove an entry in the tree of `size` entries (RFC 9162, 2.1.3).

        Raises:
            InputError: not-found (not `0 <= index < size <=` the size of the newest checkpoint).
        """
        with self._lock:
            if size > self._newest()[1]:
                raise InputError("not-found", "no tree of that size")
            return list(prove_inclusion(index, size, self._store.nodes))

    def tile(self, path: str) -> bytes:
        """The bytes of a hash tile or entry bundle, as an export of that width would hold it.

        A partial tile is there for every width that the newest checkpoint reaches.

        Raises:
            InputError: not-found.
        """
        try:
            tile, entries = tiles.tile_at(path)
        except LogError:
            raise InputError("not-found", "not the path of a tile") from None
        with self._lock:
            nodes = self._newest()[1] >> tile.level * tiles.TILE_LEVELS
            first = tile.index * tiles.TILE_WIDTH
            if first + tile.width > nodes:
                raise InputError("not-found", "the log does not reach that far yet")
            if not entries:
                return tile_of_store(self._store, tile)
            stored = self._store.entries(first, first + tile.width)
            return tiles.format_bundle(each.entry for each in stored)

    def lookup(self, submission_id: str) -> Recorded:
        """A submission by its identifier, with its reviews.

        Raises:
            InputError: not-found.
            LogError: commitment-mismatch.
        """
        with self._lock:
            recorded = self._lookup(submission_id)
            return replace(recorded, reviews=tuple(self._reviews(submission_id)))

    def lookup_briefly(self, submission_id: str) -> Recorded | None:
        """A submission without its reviews, None when there is none."""
        with self._lock:
            try:
                return self._lookup(submission_id)
            except InputError:
                return None

    def find(self, *words: str) -> int | None:
        """The index of the entry that a label leads to."""
        with self._lock:
            return self._store.find(label(*words))

    def find_all(self, words: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        """The indices of the entries that labels lead to, of those that lead to one."""
        labels = {label(*each): each for each in words}
        with self._lock:
            found = self._store.find_all([*labels])
        return {labels[name]: index for name, index in found.items()}

    def item(self, index: int) -> Item:
        """An entry with its body and proof.

        Raises:
            InputError: not-found.
            LogError: commitment-mismatch.
        """
        with self._lock:
            return self._item(index)

    def _prove(self, index: int) -> bytes:
        """The proof of an entry: to the cosigned checkpoint once that covers it."""
        cosigned = None if self._cosigned is None else self._cosigned()
        if cosigned is None or index >= cosigned[1]:
            return prove(self._store, index)
        note, size = cosigned
        hashes = prove_inclusion(index, size, self._store.nodes)
        return format_tlog_proof(index=index, hashes=hashes, checkpoint=note)

    def _newest(self) -> tuple[bytes, int]:
        head = self._store.head()
        return head.checkpoint or b"", head.signed

    def _covered(self, index: int) -> None:
        if not 0 <= index < self._newest()[1]:
            raise InputError("not-found", "no entry with that index")

    def _stored(self, index: int) -> StoredEntry:
        return next(iter(self._store.entries(index, index + 1)))

    def _item(self, index: int) -> Item:
        self._covered(index)
        stored = self._stored(index)
        check_commitment(parse_entry(stored.entry), stored.body, stored.salt)
        return Item(index, stored.entry, stored.salt, stored.body, self._prove(index))

    def _lookup(self, submission_id: str) -> Recorded:
        index = self._store.find(label("submission", submission_id))
        if index is None or index + 1 >= self._newest()[1]:
            raise InputError("not-found", "no submission with that identifier")
        decision = self._item(index + 1)
        predicate = predicate_of(decision.body)
        refusal = predicate.get("refusal")
        return Recorded(
            submission_id=submission_id,
            submission_index=index,
            decision=decision,
            verdict=predicate["verdict"],
            refusal_code=None if refusal is None else refusal["code"],
        )

    def _reviews(self, submission_id: str) -> Iterator[Item]:
        number = 1
        while (index := self._store.find(label("review", submission_id, str(number)))) is not None:
            if index >= self._newest()[1]:
                return
            yield self._item(index)
            number += 1
