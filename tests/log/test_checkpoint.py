"""Checkpoints: two signatures by the log or nothing."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import InputError, InternalError, LogError
from attest.log.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    LogKeys,
    cosigned_message,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint_text,
)
from attest.log.note import ED25519_NOTE, ML_DSA_44_COSIGNATURE, key_id, parse_note
from tests.log.sample import NOON, ORIGIN

ROOT = bytes(range(32))
SIGNER = CheckpointSigner.generate(ORIGIN)
STRANGER = CheckpointSigner.generate(ORIGIN)
WITNESS = CheckpointSigner.generate("witness.example.org/w1")
NOTE = SIGNER.sign(size=3, root=ROOT, at=NOON)
TEXT, _, LINES = NOTE.partition(b"\n\n")
ED25519_LINE, ML_DSA_LINE = LINES.splitlines(keepends=True)


def lines_of(note: bytes) -> bytes:
    return note.partition(b"\n\n")[2]


def refusal(note: bytes, keys: LogKeys = SIGNER.keys) -> str:
    with pytest.raises(LogError) as caught:
        open_checkpoint(note, keys=keys)
    return caught.value.code


def test_a_checkpoint_says_what_was_signed() -> None:
    checkpoint = open_checkpoint(NOTE, keys=SIGNER.keys)
    assert checkpoint == Checkpoint(origin=ORIGIN, size=3, root=ROOT)
    assert format_checkpoint(checkpoint) == TEXT + b"\n"
    assert TEXT.decode().split("\n") == [ORIGIN, "3", base64.b64encode(ROOT).decode()]


@pytest.mark.parametrize("size", [0, 1, limits.LOG_ENTRIES_MAX])
def test_sizes_at_the_bounds(size: int) -> None:
    note = SIGNER.sign(size=size, root=ROOT, at=NOON)
    assert open_checkpoint(note, keys=SIGNER.keys).size == size


def test_signatures_of_others_are_passed_over() -> None:
    cosigned = NOTE + lines_of(WITNESS.sign(size=3, root=ROOT, at=NOON))
    assert open_checkpoint(cosigned, keys=SIGNER.keys).size == 3
    namesake = TEXT + b"\n\n" + lines_of(STRANGER.sign(size=3, root=ROOT, at=NOON)) + LINES
    assert open_checkpoint(namesake, keys=SIGNER.keys).size == 3
    assert open_checkpoint(namesake, keys=STRANGER.keys).size == 3


def test_the_order_of_signatures_does_not_matter() -> None:
    swapped = TEXT + b"\n\n" + ML_DSA_LINE + ED25519_LINE
    assert open_checkpoint(swapped, keys=SIGNER.keys).size == 3


def test_both_signatures_of_the_log_are_demanded() -> None:
    other = lines_of(WITNESS.sign(size=3, root=ROOT, at=NOON))
    for lines in (ED25519_LINE, ML_DSA_LINE, other, ED25519_LINE * 2, ML_DSA_LINE * 2):
        assert refusal(TEXT + b"\n\n" + lines) == "checkpoint-signature"
    assert refusal(NOTE, STRANGER.keys) == "checkpoint-signature"


def test_a_failing_signature_of_a_known_key_is_fatal() -> None:
    wrong = lines_of(SIGNER.sign(size=4, root=ROOT, at=NOON)).splitlines(keepends=True)
    assert refusal(NOTE + wrong[0]) == "checkpoint-signature"
    assert refusal(NOTE + wrong[1]) == "checkpoint-signature"
    assert refusal(NOTE.replace(b"\n3\n", b"\n4\n")) == "checkpoint-signature"


def test_a_checkpoint_of_another_log() -> None:
    assert refusal(WITNESS.sign(size=3, root=ROOT, at=NOON)) == "checkpoint-origin"


def with_signature(line: bytes, change: dict[int, int] | None = None, *, cut: int = 0) -> bytes:
    """A note whose ML-DSA signature line holds other bytes."""
    name, encoded = line.rsplit(b" ", 1)
    blob = bytearray(base64.b64decode(encoded))
    for at, value in (change or {}).items():
        blob[at] = value
    encoded = base64.b64encode(bytes(blob[: len(blob) - cut]))
    return TEXT + b"\n\n" + ED25519_LINE + name + b" " + encoded + b"\n"


@pytest.mark.parametrize(
    ("change", "cut"),
    [
        (dict.fromkeys(range(4, 12), 0), 0),
        ({4: 0x80}, 0),
        ({11: 1}, 0),
        ({12: 0, 13: 0, 14: 0}, 0),
        ({}, 1),
        ({}, 2420),
        ({}, 2427),
    ],
)
def test_ml_dsa_signatures_with_another_time_or_length(change: dict[int, int], cut: int) -> None:
    assert open_checkpoint(with_signature(ML_DSA_LINE), keys=SIGNER.keys).size == 3
    assert refusal(with_signature(ML_DSA_LINE, change, cut=cut)) == "checkpoint-signature"


def test_each_line_is_tied_to_its_type() -> None:
    """The key IDs of the two keys, swapped, verify nothing."""
    name = ORIGIN.encode()
    ids = [key_id(ORIGIN, ED25519_NOTE, SIGNER.keys.ed25519)]
    ids.append(key_id(ORIGIN, ML_DSA_44_COSIGNATURE, SIGNER.keys.ml_dsa_44))
    blobs = [base64.b64decode(line.rsplit(b" ", 1)[1])[4:] for line in (ED25519_LINE, ML_DSA_LINE)]
    swapped = b"".join(
        "\u2014 ".encode() + name + b" " + base64.b64encode(identifier + blob) + b"\n"
        for identifier, blob in zip(ids[::-1], blobs, strict=True)
    )
    assert refusal(TEXT + b"\n\n" + swapped) == "checkpoint-signature"


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        TEXT,
        TEXT + b"\n",
        TEXT + b"\n\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"x\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"\n\n", b"\n\n\n"),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"\n3\n", b"\n03\n"),
        NOTE.replace(b"\n3\n", b"\n-3\n"),
        NOTE.replace(b"\n3\n", b"\n3 \n"),
        NOTE.replace(b"\n3\n", b"\n\n"),
        NOTE.replace(b"\n3\n", "\n\u0663\n".encode()),
        NOTE.replace(b"\n3\n", b"\n1099511627777\n"),
        NOTE.replace(b"\n3\n", b"\n3\n\xff\n"),
        NOTE.replace(b"=\n\n", b"\n\n"),
        NOTE.replace(b"8=\n\n", b"9=\n\n"),
        NOTE.replace(b"=\n\n", b"=\nextension 1\n\n"),
        NOTE.replace(b"log.example", b"log+example"),
        NOTE.replace(b"log.example", b"log example"),
        NOTE.replace(b"log.example", b"log\x00example"),
        NOTE.replace(b"log.example", b"log\x7fexample"),
        NOTE.replace("\u2014".encode(), b"-"),
        NOTE.replace("\u2014 ".encode(), "\u2014".encode()),
        NOTE + "\u2014 name AAAA\n".encode(),
        NOTE + "\u2014 name AAAAA\n".encode(),
        NOTE + "\u2014 name AAAAAB==\n".encode(),
        NOTE + "\u2014 na+me AAAAAAA=\n".encode(),
        NOTE + "\u2014 na\x01me AAAAAAA=\n".encode(),
        NOTE + "\u2014 na\x9fme AAAAAAA=\n".encode(),
        NOTE + "\u2014 na\u00a0me AAAAAAA=\n".encode(),
        NOTE + b"\xe2\x80\x94 \xff AAAAAAA=\n",
        NOTE + "\u2014 name AAAAAAA=\n".encode() * 5_000,
    ],
)
def test_what_is_no_checkpoint_is_not_read(note: bytes) -> None:
    assert refusal(note) == "checkpoint-malformed"


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_can_change(at: int, change: int) -> None:
    altered = NOTE[:at] + bytes([NOTE[at] ^ change]) + NOTE[at + 1 :]
    codes = {"checkpoint-malformed", "checkpoint-origin", "checkpoint-signature"}
    assert refusal(altered) in codes


def test_an_instant_before_1970_cannot_be_signed() -> None:
    with pytest.raises(InternalError) as caught:
        SIGNER.sign(size=3, root=ROOT, at=dt.datetime(1969, 12, 31, tzinfo=dt.UTC))
    assert caught.value.code == "internal"


def test_verifier_keys_come_back_in_any_order() -> None:
    ed25519, ml_dsa = SIGNER.keys.vkeys()
    assert LogKeys.parse([ed25519, ml_dsa]) == SIGNER.keys
    assert LogKeys.parse(["", f" {ml_dsa}\n", "\n", f"{ed25519}\n"]) == SIGNER.keys


def vkey(name: str, raw: bytes) -> str:
    identifier = key_id(name, raw[0], raw[1:]).hex()
    return f"{name}+{identifier}+{base64.b64encode(raw).decode()}"


ED25519_VKEY, ML_DSA_VKEY = SIGNER.keys.vkeys()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [ED25519_VKEY],
        [ML_DSA_VKEY],
        [ED25519_VKEY, ED25519_VKEY],
        [ED25519_VKEY, ML_DSA_VKEY, ED25519_VKEY],
        [ED25519_VKEY, ML_DSA_VKEY, WITNESS.keys.vkeys()[0]],
        [ED25519_VKEY, WITNESS.keys.vkeys()[1]],
        [ED25519_VKEY.replace(ORIGIN, "other"), ML_DSA_VKEY],
        ["no key", ML_DSA_VKEY],
        ["+" + ED25519_VKEY, ML_DSA_VKEY],
        [ED25519_VKEY + "=", ML_DSA_VKEY],
        [ED25519_VKEY[:-4], ML_DSA_VKEY],
        [vkey(ORIGIN, b"\x01"), ML_DSA_VKEY],
        [vkey(ORIGIN, b"\x04" + SIGNER.keys.ed25519), ML_DSA_VKEY],
        [vkey(ORIGIN, b"\x01" + SIGNER.keys.ed25519 + b"\0"), ML_DSA_VKEY],
        [vkey(ORIGIN, b"\x01" + bytes(32)), ML_DSA_VKEY],
        [vkey(ORIGIN, b"\x01" + b"\xff" * 32), ML_DSA_VKEY],
        [ED25519_VKEY, vkey(ORIGIN, b"\x06" + SIGNER.keys.ml_dsa_44[:-1])],
        [vkey("a b", b"\x01" + SIGNER.keys.ed25519), ML_DSA_VKEY],
    ],
)
def test_verifier_keys_that_are_refused(lines: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        LogKeys.parse(lines)
    assert caught.value.code == "key-malformed"


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "\u00e9", "a" * 256])
def test_origins_that_cannot_name_a_key(origin: str) -> None:
    with pytest.raises(InputError) as caught:
        CheckpointSigner.generate(origin)
    assert caught.value.code == "key-malformed"


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_private_keys_come_back(passphrase: bytes | None) -> None:
    pems = SIGNER.to_pem(passphrase)
    assert all((b"ENCRYPTED" in pem) is (passphrase is not None) for pem in pems)
    again = CheckpointSigner.from_pem(ORIGIN, pems, passphrase)
    assert again.keys == SIGNER.keys
    note = again.sign(size=3, root=ROOT, at=NOON)
    assert note.startswith(TEXT + b"\n\n" + ED25519_LINE)
    assert open_checkpoint(note, keys=SIGNER.keys).size == 3


SEALED, PLAIN = SIGNER.to_pem(b"correct horse"), SIGNER.to_pem(None)


@pytest.mark.parametrize(
    ("pems", "passphrase", "code"),
    [
        (SEALED, b"wrong", "passphrase"),
        (SEALED, None, "passphrase"),
        (PLAIN, b"correct horse", "passphrase"),
        (SEALED[::-1], b"correct horse", "key-malformed"),
        ((SEALED[0], SEALED[0]), b"correct horse", "key-malformed"),
        ((b"junk", SEALED[1]), b"correct horse", "key-malformed"),
        ((PLAIN[0], b""), None, "key-malformed"),
        ((PLAIN[0], b"-----BEGIN ENCRYPTED PRIVATE KEY-----"), None, "key-malformed"),
    ],
)
def test_private_keys_that_are_refused(
    pems: tuple[bytes, bytes], passphrase: bytes | None, code: str
) -> None:
    with pytest.raises(InputError) as caught:
        CheckpointSigner.from_pem(ORIGIN, pems, passphrase)
    assert caught.value.code == code


def test_a_signer_does_not_show_its_keys() -> None:
    assert "Key" not in repr(SIGNER).replace("CheckpointSigner", "")
    assert ORIGIN not in repr(SIGNER)


@pytest.fixture(scope="session")
def minilog(shared_dir: Path) -> Any:
    return json.loads((shared_dir / "vectors" / "c2sp" / "minilog.json").read_bytes())


def test_the_worked_log_reads_and_its_ed25519_line_reproduces(minilog: Any) -> None:
    note = parse_note(minilog["checkpoint_signed"].encode())
    checkpoint = parse_checkpoint_text(note.text)
    assert checkpoint.root.hex() == minilog["roots_hex"]["3"]
    assert (checkpoint.origin, checkpoint.size) == (minilog["origin"], 3)
    seeds = minilog["seeds"]
    signer = CheckpointSigner.of(
        minilog["origin"],
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seeds["log"]["seed_hex"])),
        MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(seeds["witness_mldsa44"]["seed_hex"])),
    )
    assert signer.keys.vkeys()[0] == minilog["keys"]["log"]["vkey"]
    assert signer.keys.ml_dsa_44.hex() == minilog["keys"]["witness_mldsa44"]["public_key_hex"]
    at = dt.datetime.fromtimestamp(minilog["cosignature_timestamp"], tz=dt.UTC)
    signed = signer.sign(size=3, root=checkpoint.root, at=at).decode()
    assert signed.splitlines()[4] == minilog["signature_lines"]["log_0x01"]
    assert refusal(minilog["checkpoint_signed"].encode(), signer.keys) == "checkpoint-signature"


def test_the_worked_log_has_the_key_ids_that_are_computed_here(minilog: Any) -> None:
    for key in minilog["keys"].values():
        public = bytes.fromhex(key["public_key_hex"])
        assert key_id(key["name"], int(key["type"], 16), public).hex() == key["key_id"]
        assert vkey(key["name"], bytes([int(key["type"], 16)]) + public) == key["vkey"]


def test_the_worked_ml_dsa_cosignature_verifies(minilog: Any) -> None:
    note = parse_note(minilog["checkpoint_signed"].encode())
    key = minilog["keys"]["witness_mldsa44"]
    (blob,) = [blob for _, identifier, blob in note.signatures if identifier.hex() == key["key_id"]]
    at = int.from_bytes(blob[:8], "big")
    assert at == minilog["cosignature_timestamp"]
    message = cosigned_message(parse_checkpoint_text(note.text), name=key["name"], at=at)
    assert message.hex() == minilog["signed_messages"]["witness_0x06_hex"]
    public = MLDSA44PublicKey.from_public_bytes(bytes.fromhex(key["public_key_hex"]))
    public.verify(blob[8:], message)
    with pytest.raises(InvalidSignature):
        public.verify(blob[8:], message[:-1] + b"\0")


def test_the_worked_ed25519_signatures_verify(minilog: Any, shared_dir: Path) -> None:
    note = parse_note(minilog["checkpoint_signed"].encode())
    blobs = {identifier.hex(): blob for _, identifier, blob in note.signatures}
    keys = minilog["keys"]
    log, witness = keys["log"], keys["witness_ed25519"]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(log["public_key_hex"]))
    public.verify(blobs[log["key_id"]], note.text)
    assert note.text.hex() == minilog["signed_messages"]["log_0x01_hex"]
    blob = blobs[witness["key_id"]]
    at = int.from_bytes(blob[:8], "big")
    message = b"cosignature/v1\ntime %d\n" % at + note.text
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(witness["public_key_hex"]))
    public.verify(blob[8:], message)


def test_the_printed_note_verifies(shared_dir: Path) -> None:
    examples = json.loads((shared_dir / "vectors" / "c2sp" / "spec_examples.json").read_bytes())
    printed = examples["signed_note"]
    name, identifier, encoded = printed["vkey"].split("+", 2)
    note = parse_note(printed["note"].encode())
    ((signer, found, blob),) = note.signatures
    raw = base64.b64decode(encoded)
    assert (signer, found.hex()) == (name, identifier)
    assert key_id(name, raw[0], raw[1:]) == found
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(blob, note.text)
