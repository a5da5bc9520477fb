"""`proofbundle` reads our proofs: the entry, the log's signature, and a witness's of both types."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from attest.errors import LogError
from attest.log.cosignature import CosignatureSigner, cosignatures
from attest.log.policy import parse_policy
from attest.log.proof import format_tlog_proof, open_proof, parse_tlog_proof, prove
from attest.log.sqlite import SqliteStore
from tests.log.sample import ORIGIN
from tests.strangers.sample import SIZES, Signers

COMMAND = Path(sys.executable).with_name("proofbundle")
INDEX = 200


@dataclass(frozen=True)
class Question:
    """What the program is asked."""

    proof: bytes
    leaf: bytes
    log: str
    witnesses: Sequence[str]
    threshold: int = 2
    origin: str = ORIGIN

    def answer(self, folder: Path) -> Any:
        """Its answer, as it says it and as it exits."""
        leaf, proof = folder / "leaf", folder / "x.tlog-proof"
        leaf.write_bytes(self.leaf)
        proof.write_bytes(self.proof)
        witnesses = [part for vkey in self.witnesses for part in ("--witness-vkey", vkey)]
        done = subprocess.run(
            [
                *(str(COMMAND), "verify-proof", "--json", "--payload-file", str(leaf)),
                *("--log-vkey", self.log, "--expected-origin", self.origin),
                *("--threshold", str(self.threshold), *witnesses, str(proof)),
            ],
            capture_output=True,
            text=True,
        )
        said = json.loads(done.stdout)
        assert said["ok"] is (done.returncode == 0)
        return said


def cosigned_proof(store: SqliteStore, signers: Signers, index: int) -> bytes:
    """The proof of an entry, its checkpoint with the witness's two lines."""
    proof = parse_tlog_proof(prove(store, index))
    return format_tlog_proof(
        index=index, hashes=proof.hashes, checkpoint=signers.cosigned(proof.checkpoint)
    )


@pytest.fixture(scope="module")
def good(sample_store: SqliteStore, signers: Signers) -> Question:
    log, _, ed25519, ml_dsa_44 = signers.vkeys()
    (stored,) = sample_store.entries(INDEX, INDEX + 1)
    proof = cosigned_proof(sample_store, signers, INDEX)
    return Question(proof, stored.entry, log, (ed25519, ml_dsa_44))


@pytest.mark.parametrize("index", [0, 1, 255, 256, SIZES[-1] - 1])
def test_entries_are_proven(
    good: Question, sample_store: SqliteStore, signers: Signers, index: int, tmp_path: Path
) -> None:
    (stored,) = sample_store.entries(index, index + 1)
    proof = cosigned_proof(sample_store, signers, index)
    said = replace(good, proof=proof, leaf=stored.entry).answer(tmp_path)
    assert said["ok"] is True


@pytest.mark.parametrize("which", [0, 1])
def test_each_type_of_cosignature_counts_alone(good: Question, which: int, tmp_path: Path) -> None:
    assert replace(good, witnesses=[good.witnesses[which]], threshold=1).answer(tmp_path)["ok"]


def flipped(raw: bytes, at: int) -> bytes:
    altered = bytearray(raw)
    altered[at] ^= 1
    return bytes(altered)


def in_proof(question: Question, old: bytes, new: bytes) -> Question:
    assert old in question.proof
    return replace(question, proof=question.proof.replace(old, new, 1))


FIRST_HASH = 2
"""The line after format and index."""
LOG_ED25519, LOG_ML_DSA, WITNESS_ED25519, WITNESS_ML_DSA = range(-4, 0)
"""The signature lines, counted from the end."""


def line_of(question: Question, number: int) -> bytes:
    return question.proof.splitlines(keepends=True)[number]


def false_line(question: Question, number: int) -> Question:
    """Another character in the middle of the base64 at a line's end."""
    line = line_of(question, number)
    other = b"A" if line[-20:-19] != b"A" else b"B"
    return in_proof(question, line, line[:-20] + other + line[-19:])


LOG, WITNESSES, INCLUSION = "log_ok", "witnesses_ok", "inclusion_ok"
Change = Callable[[Question], Question]
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "leaf": (lambda good: replace(good, leaf=flipped(good.leaf, 0)), {INCLUSION}),
    "a longer leaf": (lambda good: replace(good, leaf=good.leaf + b"\n"), {INCLUSION}),
    "index": (lambda good: in_proof(good, b"\nindex 200\n", b"\nindex 201\n"), {INCLUSION}),
    "hash": (lambda good: false_line(good, FIRST_HASH), {INCLUSION}),
    "size": (lambda good: in_proof(good, b"\n300\n", b"\n301\n"), {LOG, WITNESSES}),
    "origin": (
        lambda good: in_proof(good, ORIGIN.encode() + b"\n", b"other\n"),
        {LOG, WITNESSES},
    ),
    "the log's signature": (lambda good: false_line(good, LOG_ED25519), {LOG}),
    "no signature of the log": (
        lambda good: in_proof(good, line_of(good, LOG_ED25519), b""),
        {LOG},
    ),
    "another log's key": (lambda good: replace(good, log=Signers().vkeys()[0]), {LOG}),
    "another origin asked for": (lambda good: replace(good, origin="example.org/other"), {LOG}),
    "the witness's Ed25519": (lambda good: false_line(good, WITNESS_ED25519), {WITNESSES}),
    "the witness's ML-DSA-44": (lambda good: false_line(good, WITNESS_ML_DSA), {WITNESSES}),
    "one cosignature less": (
        lambda good: in_proof(good, line_of(good, WITNESS_ML_DSA), b""),
        {WITNESSES},
    ),
    "other witnesses": (lambda good: replace(good, witnesses=Signers().vkeys()[2:]), {WITNESSES}),
    "a quorum of three": (lambda good: replace(good, threshold=3), {WITNESSES}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_changed_is_refused(good: Question, what: str, tmp_path: Path) -> None:
    """And for the right reason: the parts that fail are those that were changed."""
    change, failing = CHANGES[what]
    said = change(good).answer(tmp_path)
    assert said["ok"] is False
    assert {part for part in (LOG, WITNESSES, INCLUSION) if not said[part]} == failing


# --- where it accepts and we do not ---------------------------------------------------------------


def test_it_counts_keys_where_we_count_operators(good: Question, tmp_path: Path) -> None:
    """Two keys of one witness are two there, and one under a policy of ours."""
    assert replace(good, threshold=2).answer(tmp_path)["ok"] is True
    ed25519, ml_dsa_44 = good.witnesses
    second = CosignatureSigner.generate("witness.example.org/w2").keys[0].vkey
    policy = parse_policy(
        f"witness w1 {ed25519}\nwitness w1-pq {ml_dsa_44}\nwitness w2 {second}\n"
        "group one any w1 w1-pq\ngroup two all one w2\nquorum two\n"
    )
    assert not policy.satisfied_by({"w1", "w1-pq"})
    assert policy.satisfied_by({"w1", "w1-pq", "w2"})


def test_it_passes_over_a_false_cosignature_that_spoils_ours(
    good: Question, signers: Signers, tmp_path: Path
) -> None:
    """There a known witness's false line just does not count; here nothing is accepted with it."""
    spoilt = false_line(good, WITNESS_ED25519)
    assert replace(spoilt, threshold=1).answer(tmp_path)["ok"] is True
    with pytest.raises(LogError) as caught:
        cosignatures(parse_tlog_proof(spoilt.proof).checkpoint, signers.witness.keys)
    assert caught.value.code == "checkpoint-signature"


def test_it_asks_for_one_signature_of_the_log_and_we_for_two(
    good: Question, signers: Signers, tmp_path: Path
) -> None:
    """It knows a log by its Ed25519 key alone, and does not miss the ML-DSA-44 line."""
    without = in_proof(good, line_of(good, LOG_ML_DSA), b"")
    assert without.answer(tmp_path)["ok"] is True
    with pytest.raises(LogError) as caught:
        open_proof(without.proof, entry=without.leaf, keys=signers.log.keys)
    assert caught.value.code == "checkpoint-signature"
