"""A log in memory: entries whose salts and keys come from labels, checkpoints and proofs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attest.encoding import Json
from attest.log.checkpoint import Checkpoint
from attest.log.entry import NO_PREV, SALTED_KINDS, Entry, commit, format_entry
from attest.log.merkle import leaf_hash, prove_consistency, prove_inclusion, root_of
from attest.log.proof import format_proof_document, format_tlog_proof
from conformance.keys import LOG, Cosigner, seed, signed

NOON = dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC)


def root_at(leaves: list[bytes], level: int, index: int) -> bytes:
    """A node of the tree: the root over 2^level leaves from index * 2^level."""
    return root_of(leaves[index << level : (index + 1) << level])


@dataclass
class Tree:
    """A Merkle tree over byte strings."""

    items: list[bytes] = field(default_factory=list)
    origin: str = LOG.name

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes."""
        return [leaf_hash(item) for item in self.items]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """What the log says at a size, at its own unless another is asked for."""
        size = len(self.items) if size is None else size
        return Checkpoint(self.origin, size, root_of(self.leaves[:size]))

    def hashes(self, index: int, size: int) -> list[bytes]:
        """The inclusion proof of an item in a tree of so many."""
        return prove_inclusion(index, size, self._nodes)

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The consistency proof between two sizes, from 1."""
        return prove_consistency(size1, size2, self._nodes)

    def _nodes(self, wanted: Iterable[tuple[int, int]]) -> list[bytes]:
        return [root_at(self.leaves, level, index) for level, index in wanted]


@dataclass
class Log:
    """Entries with their bodies, as a log of this project holds them."""

    signer: Cosigner = LOG
    tree: Tree = field(default_factory=Tree)
    salts: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def append(
        self,
        kind: str,
        body: bytes,
        refs: Mapping[str, tuple[int, ...]] | None = None,
        *,
        at: dt.datetime = NOON,
        prev: bytes | None = None,
    ) -> int:
        """Append an entry; its index. `prev` is another hash than the right one."""
        index = len(self.tree.items)
        salt = seed(f"salt {index}") if kind in SALTED_KINDS else b""
        entry = Entry(
            index=index,
            kind=kind,
            time=at,
            prev=prev or (self.tree.leaves[-1] if index else NO_PREV),
            commit=commit(body, salt),
            refs=refs or {},
        )
        self.tree.items.append(format_entry(entry))
        self.salts.append(salt)
        self.bodies.append(body)
        return index

    def note(self, size: int | None = None) -> bytes:
        """The checkpoint, signed by the log."""
        return signed(self.tree.checkpoint(size), self.signer)

    def tlog_proof(self, index: int, size: int | None = None) -> bytes:
        """The proof of an entry at a size."""
        note = self.note(size)
        hashes = self.tree.hashes(index, len(self.tree.items) if size is None else size)
        return format_tlog_proof(index=index, hashes=hashes, checkpoint=note)

    def proof(self, index: int, size: int | None = None) -> Json:
        """The proof document of an entry."""
        return format_proof_document(
            entry=self.tree.items[index],
            salt=self.salts[index],
            tlog_proof=self.tlog_proof(index, size),
        )


def small_log() -> Log:
    """A log of seven entries with bodies that are no documents."""
    log = Log()
    log.append("genesis", b"genesis")
    log.append("schema", b"a schema")
    log.append("pack", b"a pack")
    log.append("keyset", b"a keyset")
    log.append("trust", b"a trust", {"keyset": (3,), "pack": (2,), "schema": (1,)})
    log.append("submission", b"a submission")
    log.append(
        "decision", b"a decision", {"keyset": (3,), "pack": (2,), "submission": (5,), "trust": (4,)}
    )
    return log
