"""Proofs: what an outsider needs, and what makes them refuse."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.encoding import encode_base64
from attest.errors import InputError, LogError
from attest.log.checkpoint import CheckpointSigner, parse_checkpoint_text
from attest.log.merkle import check_inclusion, leaf_hash, prove_inclusion, root_of
from attest.log.note import parse_note
from attest.log.proof import (
    TlogProof,
    format_proof_document,
    format_tlog_proof,
    open_proof,
    open_proof_document,
    parse_tlog_proof,
    proof_document,
    prove,
)
from attest.log.sqlite import SqliteStore
from tests.log.sample import NOON, ORIGIN, filled, reader_of

SIZE = 11


@dataclasses.dataclass(frozen=True)
class Sample:
    signer: CheckpointSigner
    store: SqliteStore
    entries: list[bytes]
    proof: bytes
    """Of entry 5."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, signer: CheckpointSigner) -> Sample:
    store = filled(tmp_path_factory.mktemp("proof") / "log.sqlite", signer, SIZE)
    entries = [stored.entry for stored in store.entries(0, SIZE)]
    return Sample(signer, store, entries, prove(store, 5))


def test_every_entry_is_proven(sample: Sample) -> None:
    for index, entry in enumerate(sample.entries):
        proven = open_proof(prove(sample.store, index), entry=entry, keys=sample.signer.keys)
        assert proven[0] == index
        assert (proven[1].origin, proven[1].size) == (ORIGIN, SIZE)


def test_a_proof_of_a_log_of_one() -> None:
    entry = b"alone"
    raw = format_tlog_proof(index=0, hashes=[], checkpoint=b"note\n")
    assert raw == b"c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n"
    assert parse_tlog_proof(raw) == TlogProof(index=0, hashes=(), checkpoint=b"note\n")
    check_inclusion(index=0, size=1, leaf=leaf_hash(entry), proof=(), root=leaf_hash(entry))


def test_a_proof_is_of_one_entry(sample: Sample) -> None:
    with pytest.raises(LogError) as caught:
        open_proof(sample.proof, entry=sample.entries[6], keys=sample.signer.keys)
    assert caught.value.code == "proof-invalid"
    with pytest.raises(LogError) as caught:
        open_proof(sample.proof, entry=sample.entries[5] + b" ", keys=sample.signer.keys)
    assert caught.value.code == "proof-invalid"


def test_no_byte_of_a_proof_can_change(sample: Sample) -> None:
    codes = {
        "proof-malformed",
        "proof-invalid",
        "checkpoint-malformed",
        "checkpoint-origin",
        "checkpoint-signature",
    }
    start = sample.proof.index(b"\n\n") + 300
    for at in [*range(start), *range(start, len(sample.proof), 97)]:
        altered = sample.proof[:at] + bytes([sample.proof[at] ^ 1]) + sample.proof[at + 1 :]
        with pytest.raises(LogError) as caught:
            open_proof(altered, entry=sample.entries[5], keys=sample.signer.keys)
        assert caught.value.code in codes, at


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 5", b"index 05"),
        (b"index 5", b"index -5"),
        (b"index 5", b"index 5 "),
        (b"index 5", b"index 99999999999999"),
        (b"index 5", b"extra AAAA\nindex 5"),
        (b"index", b"Index"),
        (b"=\n\n", b"=\n"),
        (b"=\n\n", b"=\r\n\n"),
        (b"=\n\n", b"==\n\n"),
        (b"=\n\n", b"=\n" + b"AAAA\n\n"),
        (b"=\n\n", b"=\n" + b"A" * 42 + b"B=\n\n"),
        (b"=\n\n", b"=\n" + (b"A" * 43 + b"=\n") * 64 + b"\n"),
    ],
)
def test_what_is_no_proof_is_not_read(sample: Sample, old: bytes, new: bytes) -> None:
    altered = sample.proof.replace(old, new, 1)
    assert altered != sample.proof
    with pytest.raises(LogError) as caught:
        parse_tlog_proof(altered)
    assert caught.value.code == "proof-malformed"


@pytest.mark.parametrize("raw", [b"", b"c2sp.org/tlog-proof@v1\nindex 0\n\n", b"x" * 200_000])
def test_nothing_and_too_much_is_not_read(raw: bytes) -> None:
    with pytest.raises(LogError) as caught:
        parse_tlog_proof(raw)
    assert caught.value.code == "proof-malformed"


def test_a_hash_too_many_or_too_few(sample: Sample) -> None:
    parsed = parse_tlog_proof(sample.proof)
    for hashes in (parsed.hashes[1:], (*parsed.hashes, bytes(32)), ()):
        raw = format_tlog_proof(index=5, hashes=hashes, checkpoint=parsed.checkpoint)
        with pytest.raises(LogError) as caught:
            open_proof(raw, entry=sample.entries[5], keys=sample.signer.keys)
        assert caught.value.code == "proof-malformed"


def test_an_entry_at_another_index_than_it_says(sample: Sample) -> None:
    """A log that signs an entry in the wrong place convicts itself."""
    entries = [*sample.entries[:3], sample.entries[5]]
    leaves = [leaf_hash(entry) for entry in entries]
    note = sample.signer.sign(size=4, root=root_of(leaves), at=NOON)
    raw = format_tlog_proof(
        index=3, hashes=prove_inclusion(3, 4, reader_of(leaves)), checkpoint=note
    )
    with pytest.raises(LogError) as caught:
        open_proof(raw, entry=entries[3], keys=sample.signer.keys)
    assert (caught.value.code, caught.value.entry) == ("entry-order", 3)


def test_a_signed_entry_that_is_no_entry(sample: Sample) -> None:
    note = sample.signer.sign(size=1, root=leaf_hash(b"{}"), at=NOON)
    raw = format_tlog_proof(index=0, hashes=(), checkpoint=note)
    with pytest.raises(LogError) as caught:
        open_proof(raw, entry=b"{}", keys=sample.signer.keys)
    assert caught.value.code == "entry-malformed"


@given(
    st.integers(0, 2**40),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(min_size=1, max_size=80),
)
def test_proofs_come_back(index: int, hashes: list[bytes], checkpoint: bytes) -> None:
    raw = format_tlog_proof(index=index, hashes=hashes, checkpoint=checkpoint)
    assert parse_tlog_proof(raw) == TlogProof(index, tuple(hashes), checkpoint)


def test_documents_prove_entry_and_body(sample: Sample) -> None:
    for index, stored in enumerate(sample.store.entries(0, SIZE)):
        document = proof_document(sample.store, index)
        entry, checkpoint = open_proof_document(document, body=stored.body, keys=sample.signer.keys)
        assert (entry.index, checkpoint.size) == (index, SIZE)
        assert ("salt" in document) is entry.salted
        assert set(document) - {"salt"} == {"v", "entry", "tlog_proof"}


def test_a_document_with_another_body_or_salt(sample: Sample) -> None:
    (stored,) = sample.store.entries(6, 7)
    document = proof_document(sample.store, 6)
    without = {name: member for name, member in document.items() if name != "salt"}
    other = document | {"salt": encode_base64(bytes(32))}
    for changed, body in ((document, b"?"), (other, stored.body), (without, stored.body)):
        with pytest.raises(LogError) as caught:
            open_proof_document(changed, body=body, keys=sample.signer.keys)
        assert (caught.value.code, caught.value.entry) == ("commitment-mismatch", 6)


@pytest.mark.parametrize("member", ["entry", "salt", "tlog_proof"])
def test_a_document_that_is_not_base64(sample: Sample, member: str) -> None:
    document = proof_document(sample.store, 6) | {member: "?"}
    with pytest.raises(InputError) as caught:
        open_proof_document(document, body=b"", keys=sample.signer.keys)
    assert (caught.value.code, caught.value.pointer) == ("base64", f"/{member}")


def test_what_is_not_covered_is_not_proven(store: SqliteStore, sample: Sample) -> None:
    for source, index in ((store, 0), (sample.store, SIZE), (sample.store, -1)):
        with pytest.raises(InputError) as caught:
            prove(source, index)
        assert caught.value.code == "not-found"


def test_the_worked_proof(shared_dir: Path) -> None:
    minilog: Any = json.loads((shared_dir / "vectors" / "c2sp" / "minilog.json").read_bytes())
    raw = minilog["tlog_proof_index_1"]["text"].encode()
    proof = parse_tlog_proof(raw)
    assert proof.index == 1
    assert proof.checkpoint == minilog["checkpoint_signed"].encode()
    assert [node.hex() for node in proof.hashes] == minilog["inclusion_proofs_size3_hex"]["1"]
    checkpoint = parse_checkpoint_text(parse_note(proof.checkpoint).text)
    check_inclusion(
        index=1,
        size=checkpoint.size,
        leaf=leaf_hash(minilog["entries_utf8"][1].encode()),
        proof=proof.hashes,
        root=checkpoint.root,
    )
    again = format_tlog_proof(index=1, hashes=proof.hashes, checkpoint=proof.checkpoint)
    assert again == raw


def test_a_document_has_no_salt_where_there_is_none() -> None:
    document = format_proof_document(entry=b"entry", salt=b"", tlog_proof=b"proof")
    assert document == {"v": 1, "entry": "ZW50cnk=", "tlog_proof": "cHJvb2Y="}


def test_the_longest_proof() -> None:
    head = len(format_tlog_proof(index=0, hashes=[], checkpoint=b""))
    longest = b"n" * (limits.PROOF_BYTES_MAX - head)
    raw = format_tlog_proof(index=0, hashes=[], checkpoint=longest)
    assert parse_tlog_proof(raw).checkpoint == longest
    with pytest.raises(LogError) as caught:
        parse_tlog_proof(raw + b"n")
    assert caught.value.code == "proof-malformed"
