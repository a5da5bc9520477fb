"""Proofs: one entry is in the log, to be checked by anyone who holds the log's keys (SPEC 14).

    c2sp.org/tlog-proof@v1
    index 1
    +UBwq/0toL9ykC6xOoCOeU+VTZ4nRcaCoVj27Q1KwDY=      hashes, from the leaf upwards
    PR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyI=

    example.org/log                                   the checkpoint, verbatim
    …

An `extra` line, which the outside format allows and nothing signs, is refused. A proof document
joins the proof with the entry and its salt; the body that the entry commits to travels beside it.

>>> raw = format_tlog_proof(index=1, hashes=[bytes(32)], checkpoint=b"note")
>>> parse_tlog_proof(raw) == TlogProof(index=1, hashes=(bytes(32),), checkpoint=b"note")
True
>>> parse_tlog_proof(raw.replace(b"index 1", b"index 01"))
Traceback (most recent call last):
attest.errors.LogError: proof-malformed: not a header, an index, hashes and a checkpoint
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from attest import limits
from attest.encoding import Json, decode_base64, encode_base64
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.entry import Entry, check_commitment, parse_entry
from attest.log.merkle import check_inclusion, leaf_hash, prove_inclusion
from attest.log.store import LogStore

_HEADER = "c2sp.org/tlog-proof@v1"
_PROOF = re.compile(
    rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,12})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n(.+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class TlogProof:
    """A proof taken apart, nothing of it verified: hashes from the leaf upwards, the note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def format_tlog_proof(*, index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Write a proof; `checkpoint` is the signed note whose size the hashes belong to."""
    lines = [_HEADER, f"index {index}", *map(encode_base64, hashes), "", ""]
    return "\n".join(lines).encode() + checkpoint


def parse_tlog_proof(raw: bytes) -> TlogProof:
    """Take a proof apart.

    Raises:
        LogError: proof-malformed.
    """
    if len(raw) > limits.PROOF_BYTES_MAX:
        raise LogError("proof-malformed", f"over {limits.PROOF_BYTES_MAX} bytes")
    match = _PROOF.fullmatch(raw)
    if match is None:
        raise LogError("proof-malformed", "not a header, an index, hashes and a checkpoint")
    try:
        hashes = tuple(decode_base64(line) for line in match[2].decode().splitlines())
    except InputError:
        raise LogError("proof-malformed", "a hash is not base64") from None
    return TlogProof(index=int(match[1]), hashes=hashes, checkpoint=match[3])


def open_proof(raw: bytes, *, entry: bytes, keys: LogKeys) -> tuple[int, Checkpoint]:
    """Verify that the log holds the entry; returns its index and the checkpoint that proves it.

    Raises:
        LogError: proof-malformed, proof-invalid, entry-malformed, entry-order (the log holds it at
            another index than it says), checkpoint-malformed, checkpoint-origin,
            checkpoint-signature.
    """
    proof = parse_tlog_proof(raw)
    checkpoint = open_checkpoint(proof.checkpoint, keys=keys)
    check_inclusion(
        index=proof.index,
        size=checkpoint.size,
        leaf=leaf_hash(entry),
        proof=proof.hashes,
        root=checkpoint.root,
    )
    if parse_entry(entry).index != proof.index:
        raise LogError("entry-order", "the entry is not at its own index", entry=proof.index)
    return proof.index, checkpoint


def prove(store: LogStore, index: int) -> bytes:
    """The proof of an entry at the newest checkpoint of a store.

    Raises:
        InputError: not-found (no checkpoint covers such an entry yet).
    """
    head = store.head()
    if head.checkpoint is None:
        raise InputError("not-found", "the log has no checkpoint yet")
    hashes = prove_inclusion(index, head.signed, store.nodes)
    return format_tlog_proof(index=index, hashes=hashes, checkpoint=head.checkpoint)


def proof_document(store: LogStore, index: int) -> Json:
    """The proof document of an entry at the newest checkpoint of a store.

    Raises:
        InputError: not-found (no checkpoint covers such an entry yet).
    """
    tlog_proof = prove(store, index)
    (stored,) = store.entries(index, index + 1)
    return format_proof_document(entry=stored.entry, salt=stored.salt, tlog_proof=tlog_proof)


def format_proof_document(*, entry: bytes, salt: bytes, tlog_proof: bytes) -> Json:
    """The document that hands a proof to its reader; `salt` is empty where there is none."""
    document = {
        "v": 1,
        "entry": encode_base64(entry),
        "tlog_proof": encode_base64(tlog_proof),
    }
    if salt:
        document["salt"] = encode_base64(salt)
    return document


def open_proof_document(document: Json, *, body: bytes, keys: LogKeys) -> tuple[Entry, Checkpoint]:
    """Verify that the log holds an entry that commits to this body.

    The document is of the schema `proof`.

    Raises:
        InputError: base64.
        LogError: those of `open_proof`; commitment-mismatch.
    """
    raw = decode_base64(document["entry"], pointer="/entry")
    salt = decode_base64(document.get("salt", ""), pointer="/salt")
    tlog_proof = decode_base64(document["tlog_proof"], pointer="/tlog_proof")
    _, checkpoint = open_proof(tlog_proof, entry=raw, keys=keys)
    entry = parse_entry(raw)
    check_commitment(entry, body, salt)
    return entry, checkpoint
