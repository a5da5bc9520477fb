"""Wycheproof on ML-DSA-44 and ML-DSA-65: the keys of parties, of logs and of witnesses.

All of them sign with an empty context. A signature over the same bytes under another context is
refused: that is the one difference from the vectors' own verdicts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey

from attest import keys
from attest.errors import InputError, LogError, TrustError
from attest.log.checkpoint import (
    CheckpointSigner,
    cosigned_message,
    open_checkpoint,
    parse_checkpoint_text,
)
from attest.log.note import KEY_BYTES, ML_DSA_44_COSIGNATURE, NoteKey, parse_note
from tests.log.sample import NOON, ORIGIN

CONTEXT_BYTES_MAX = 255
COUNTS = {
    44: {"accepted": 75, "accepted under its own context only": 2, "refused": 99, "bad key": 4},
    65: {"accepted": 77, "accepted under its own context only": 2, "refused": 127, "bad key": 4},
}


LIBRARY: dict[int, Callable[[bytes], MLDSA44PublicKey | MLDSA65PublicKey]] = {
    44: MLDSA44PublicKey.from_public_bytes,
    65: MLDSA65PublicKey.from_public_bytes,
}
SPKI_PREFIX = {  # the DER in front of the raw key, for keys of 1,312 and 1,952 bytes
    44: bytes.fromhex("30820532300b06096086480165030403110382052100"),
    65: bytes.fromhex("308207b2300b0609608648016503040312038207a100"),
}


def accepted(key: keys.PublicKey, case: dict[str, Any]) -> bool:
    try:
        key.check(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
    except TrustError:
        return False
    return True


def holds_under(level: int, public: bytes, case: dict[str, Any], context: bytes) -> bool:
    try:
        key = LIBRARY[level](public)
        key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), context)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("level", [44, 65])
def test_wycheproof(level: int, shared_dir: Path) -> None:
    path = shared_dir / f"vectors/wycheproof/mldsa_{level}_verify_test.json"
    document: Any = json.loads(path.read_bytes())
    counts = Counter[str]()
    for group in document["testGroups"]:
        public = bytes.fromhex(group["publicKey"])
        try:
            key = keys.load_public_key(f"ml-dsa-{level}", SPKI_PREFIX[level] + public)
        except InputError:
            assert all(case["result"] == "invalid" for case in group["tests"])
            counts["bad key"] += len(group["tests"])
            continue
        for case in group["tests"]:
            context, valid = bytes.fromhex(case.get("ctx", "")), case["result"] == "valid"
            assert accepted(key, case) == (valid and not context), case["tcId"]
            counts["accepted"] += valid and not context
            counts["refused"] += not valid
            if 0 < len(context) <= CONTEXT_BYTES_MAX:
                assert holds_under(level, public, case, context) == valid
                counts["accepted under its own context only"] += valid
    assert counts == COUNTS[level]
    assert sum(counts.values()) == document["numberOfTests"]


def test_keys_of_another_length_are_refused_by_notes(shared_dir: Path) -> None:
    """The length is ours to check: it is fixed by the type of the key."""
    path = shared_dir / "vectors/wycheproof/mldsa_44_verify_test.json"
    lengths = Counter[int]()
    for group in json.loads(path.read_bytes())["testGroups"]:
        public = bytes.fromhex(group["publicKey"])
        lengths[len(public)] += 1
        if len(public) == KEY_BYTES[ML_DSA_44_COSIGNATURE]:
            assert NoteKey("a", ML_DSA_44_COSIGNATURE, public).public == public
            continue
        with pytest.raises(InputError) as caught:
            NoteKey("a", ML_DSA_44_COSIGNATURE, public)
        assert caught.value.code == "key-malformed"
    assert set(lengths) == {1311, 1312, 1313}


def test_a_signature_under_a_context_or_of_another_length_is_refused() -> None:
    """Cases of our own: the right message and key, signed for another purpose; one byte more."""
    log = CheckpointSigner.generate(ORIGIN)
    note = log.sign(size=3, root=bytes(32), at=NOON)
    seconds = int(NOON.timestamp())
    checkpoint = parse_checkpoint_text(parse_note(note).text)
    message = cosigned_message(checkpoint, name=ORIGIN, at=seconds)
    ed25519_line = note.splitlines(keepends=True)[4]
    key, private = log.keys.note_keys()[1], log._ml_dsa_44
    for context, more, holds in ((b"", b"", True), (b"c", b"", False), (b"", b"\0", False)):
        signature = private.sign(message, context) + more
        line = key.line(seconds.to_bytes(8, "big") + signature)
        signed = parse_note(note).text + b"\n" + ed25519_line + line
        if holds:
            assert open_checkpoint(signed, keys=log.keys) == checkpoint
            continue
        with pytest.raises(LogError) as caught:
            open_checkpoint(signed, keys=log.keys)
        assert caught.value.code == "checkpoint-signature"
