"""The one way to append: chain, tree, commit, and only then sign.

Signing comes last because a signed head that was never committed would be evidence of a fork
against ourselves. A writer that was killed in between finds the committed head unsigned when it
opens the log again, and signs it then.

>>> import tempfile
>>> from pathlib import Path
>>> from attest.log.proof import open_proof_document
>>> from attest.log.sqlite import SqliteStore
>>> folder = tempfile.TemporaryDirectory()
>>> store = SqliteStore.create(Path(folder.name) / "log.sqlite")
>>> writer = LogWriter.open(store, CheckpointSigner.generate("example.org/log"))
>>> noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
>>> _ = writer.append([Draft("genesis", b"the beginning")], at=noon)
>>> appended = writer.append([Draft("submission", b"confidential")], at=noon)
>>> document = appended.proof_document(appended.first_index)
>>> entry, checkpoint = open_proof_document(document, body=b"confidential", keys=writer.keys)
>>> entry.index, entry.kind, checkpoint.size
(1, 'submission', 2)
>>> store.close(); folder.cleanup()
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from attest import limits
from attest.encoding import Json
from attest.errors import InputError, InternalError, LogError
from attest.log.checkpoint import CheckpointSigner, LogKeys, open_checkpoint
from attest.log.entry import SALT_BYTES, SALTED_KINDS, Entry, commit, format_entry
from attest.log.merkle import (
    NodeId,
    check_consistency,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
)
from attest.log.proof import format_proof_document, format_tlog_proof, proof_document, prove
from attest.log.store import Batch, Head, LogStore, StoredEntry

_MISMATCHES = {"not-found", "proof-invalid", "proof-malformed", "tile-altered"}
_EPOCH = dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Draft:
    """An entry to be. `refs` are kinds to indices, in any order; those of the same batch count from
    `writer.head.size`."""

    kind: str
    body: bytes
    refs: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Appended:
    """A batch that is in the log, with all that proves it."""

    first_index: int
    entries: tuple[bytes, ...]
    salts: tuple[bytes, ...]
    checkpoint: bytes
    _nodes: Mapping[NodeId, bytes] = field(repr=False)

    def prove(self, index: int) -> bytes:
        """The tlog-proof of an entry of the batch, from memory.

        Raises:
            InputError: not-found.
        """
        stop = self.first_index + len(self.entries)
        if not self.first_index <= index < stop:
            raise InputError("not-found", "the batch has no such entry")
        hashes = prove_inclusion(index, stop, lambda ids: [self._nodes[node] for node in ids])
        return format_tlog_proof(index=index, hashes=hashes, checkpoint=self.checkpoint)

    def proof_document(self, index: int) -> Json:
        """The proof document (SPEC 14) of an entry of the batch, from memory.

        Raises:
            InputError: not-found.
        """
        tlog_proof = self.prove(index)
        at = index - self.first_index
        return format_proof_document(
            entry=self.entries[at], salt=self.salts[at], tlog_proof=tlog_proof
        )


class LogWriter:
    """The writer of a log. One thread uses one writer, and closes the store when done."""

    def __init__(self, store: LogStore, signer: CheckpointSigner, head: Head) -> None:
        """Continue a log from its head; see `open`."""
        self._store = store
        self._signer = signer
        self._head = head

    @staticmethod
    def open(store: LogStore, signer: CheckpointSigner) -> LogWriter:
        """Continue a log, after a crash too: a committed head without a checkpoint is signed.

        Raises:
            LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature (the log was
                signed by other keys), root-mismatch (the store no longer holds what was signed),
                log-stopped.
        """
        writer = LogWriter(store, signer, store.head())
        head = writer.head
        if head.checkpoint is not None:
            signed = open_checkpoint(head.checkpoint, keys=writer.keys)
            writer._check_extends(head, signed.size, signed.root)
        writer._sign_committed()
        return writer

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other writers waiting while the block reads the log, decides and appends.

        It begins at the head as it is committed by then, and what another writer left unsigned is
        signed.

        Raises:
            LogError: root-mismatch (the store does not hold what this writer knew), head-moved
                (another writer's turn lasted too long), log-stopped.
        """
        with self._store.turn():
            known, head = self._head, self._store.head()
            if known.size:
                self._check_extends(head, known.size, known.frontier.root())
            self._head = head
            self._sign_committed()
            yield

    @property
    def head(self) -> Head:
        """The head as this writer knows it."""
        return self._head

    @property
    def keys(self) -> LogKeys:
        """The verifier keys of the log."""
        return self._signer.keys

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        at: dt.datetime,
        labels: Sequence[tuple[bytes, int]] = (),
    ) -> Appended:
        """Append a batch and sign the new head; returns once the batch is durable and signed.

        `at` is aware, in UTC, in whole seconds. `labels` are 32-byte digests with the indices of
        entries, for `LogStore.find`.

        Raises:
            LogError: clock-backwards, head-moved (nothing was kept), log-stopped (open the log
                again to learn what was kept).
            InternalError: internal (no drafts, a draft that makes no entry, an inexact instant).
        """
        self._check_instant(at)
        if not drafts:
            raise InternalError("internal", "there is nothing to append")
        head = self._head
        stored, leaves = self._entries_of(drafts, at)
        frontier, nodes = head.frontier.extend(leaves)
        self._store.append(head, Batch(stored, tuple(nodes), tuple(labels)))
        self._head = replace(head, frontier=frontier, last_leaf=leaves[-1], time=at)
        note = self._sign(at)
        return Appended(
            first_index=head.size,
            entries=tuple(one.entry for one in stored),
            salts=tuple(one.salt for one in stored),
            checkpoint=note,
            _nodes={(level, index): value for level, index, value in head.frontier.nodes() + nodes},
        )

    def prove(self, index: int) -> bytes:
        """The tlog-proof of any entry at the newest checkpoint.

        Raises:
            InputError: not-found.
        """
        return prove(self._store, index)

    def proof_document(self, index: int) -> Json:
        """The proof document (SPEC 14) of any entry at the newest checkpoint.

        Raises:
            InputError: not-found.
        """
        return proof_document(self._store, index)

    def _entries_of(
        self, drafts: Sequence[Draft], at: dt.datetime
    ) -> tuple[tuple[StoredEntry, ...], list[bytes]]:
        stored = []
        leaves = []
        prev = self._head.last_leaf
        for index, draft in enumerate(drafts, self._head.size):
            if len(draft.body) > limits.BODY_BYTES_MAX:
                raise InternalError("internal", "a body is over the limit")
            salt = secrets.token_bytes(SALT_BYTES) if draft.kind in SALTED_KINDS else b""
            raw = format_entry(
                Entry(
                    index=index,
                    kind=draft.kind,
                    time=at,
                    prev=prev,
                    commit=commit(draft.body, salt),
                    refs={
                        kind: tuple(sorted(set(indices)))
                        for kind, indices in draft.refs.items()
                        if indices
                    },
                )
            )
            prev = leaf_hash(raw)
            leaves.append(prev)
            stored.append(StoredEntry(raw, salt, draft.body))
        return tuple(stored), leaves

    def _check_instant(self, at: dt.datetime) -> None:
        if at.utcoffset() != dt.timedelta() or at.microsecond or at < _EPOCH:
            raise InternalError("internal", "the log's time is in UTC and whole seconds after 1970")
        if self._head.time is not None and at < self._head.time:
            raise LogError("clock-backwards", "the clock is earlier than the newest entry")

    def _check_extends(self, head: Head, size: int, root: bytes) -> None:
        """Never sign a head that is not the continuation of one that was signed or known."""
        try:
            check_consistency(
                size1=size,
                root1=root,
                size2=head.size,
                root2=head.frontier.root(),
                proof=prove_consistency(size, head.size, self._store.nodes),
            )
        except (InputError, LogError) as error:
            if error.code not in _MISMATCHES:
                raise
            raise LogError("root-mismatch", "the store no longer holds what was signed") from None

    def _sign_committed(self) -> None:
        head = self._head
        if head.time is not None and head.signed < head.size:
            self._sign(head.time)

    def _sign(self, at: dt.datetime) -> bytes:
        head = self._head
        note = self._signer.sign(size=head.size, root=head.frontier.root(), at=at)
        try:
            self._store.put_checkpoint(head.size, note)
        except LogError as error:
            if error.code != "head-moved":
                raise
            return note  # what another writer has signed meanwhile covers this too
        self._head = replace(head, checkpoint=note, signed=head.size)
        return note
