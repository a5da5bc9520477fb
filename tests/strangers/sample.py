"""A log that grows, its witness, and an export at each of a few sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attest.encoding import encode_base64
from attest.log.checkpoint import CheckpointSigner
from attest.log.cosignature import CosignatureSigner
from attest.log.export import CHECKPOINT_PATH, write_export
from attest.log.merkle import prove_consistency, prove_inclusion
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft, LogWriter
from tests.log.sample import ORIGIN, draft, later

SIZES = (1, 2, 7, 255, 256, 257, 300)
"""Around a full tile, and beyond."""


@dataclass(frozen=True)
class Signers:
    """Whose signatures the checkpoints bear: two of the log, two of one witness."""

    log: CheckpointSigner = field(default_factory=lambda: CheckpointSigner.generate(ORIGIN))
    witness: CosignatureSigner = field(
        default_factory=lambda: CosignatureSigner.generate("witness.example.org/w1")
    )

    def vkeys(self) -> tuple[str, ...]:
        """The verifier keys: log Ed25519, log ML-DSA, witness Ed25519, witness ML-DSA."""
        return *self.log.keys.vkeys(), *(key.vkey for key in self.witness.keys)

    def cosigned(self, note: bytes) -> bytes:
        """A checkpoint with the witness's two lines."""
        return note + self.witness.cosign(note, at=later(900))


@contextmanager
def grown(
    folder: Path, signers: Signers, drafts: Callable[[int], Draft] = draft
) -> Iterator[SqliteStore]:
    """A log of the last of `SIZES`, exported at each of them to a folder of that name."""
    store = SqliteStore.create(folder / "log.sqlite")
    writer = LogWriter.open(store, signers.log)
    for size in SIZES:
        first = writer.head.size
        writer.append([drafts(index) for index in range(first, size)], at=later(size))
        export = folder / str(size)
        write_export(store, export)
        checkpoint = export / CHECKPOINT_PATH
        checkpoint.write_bytes(signers.cosigned(checkpoint.read_bytes()))
        (export / "proofs").write_text("".join(proof_lines(store, size)))
    yield store
    store.close()


def proof_lines(store: SqliteStore, size: int) -> Iterator[str]:
    """Our proofs of every entry and of every earlier size, a line each."""
    for index in range(size):
        hashes = map(encode_base64, prove_inclusion(index, size, store.nodes))
        yield " ".join(["inclusion", str(index), *hashes]) + "\n"
    for older in range(1, size + 1):
        hashes = map(encode_base64, prove_consistency(older, size, store.nodes))
        yield " ".join(["consistency", str(older), *hashes]) + "\n"


def other_draft(index: int) -> Draft:
    """A log that says something else from entry 5 on."""
    made = draft(index)
    return made if index < 5 else Draft(made.kind, made.body + b"!", made.refs)
