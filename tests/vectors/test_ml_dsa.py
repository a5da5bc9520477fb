"""Wycheproof on ML-DSA: the library that checkpoints rest on, used as they use it.

A log and a witness sign with ML-DSA-44 and an empty context. A signature over the same bytes under
another context is refused: that is the one difference from the vectors' own verdicts.
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

from attest.errors import InputError, LogError
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


PublicKey = MLDSA44PublicKey | MLDSA65PublicKey
LOADERS: dict[int, Callable[[bytes], PublicKey]] = {
    44: MLDSA44PublicKey.from_public_bytes,
    65: MLDSA65PublicKey.from_public_bytes,
}


def holds(key: PublicKey, case: dict[str, Any], context: bytes | None) -> bool:
    try:
        key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), context)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("level", [44, 65])
def test_wycheproof(level: int, shared_dir: Path) -> None:
    path = shared_dir / f"vectors/wycheproof/mldsa_{level}_verify_test.json"
    document: Any = json.loads(path.read_bytes())
    load = LOADERS[level]
    counts = Counter[str]()
    for group in document["testGroups"]:
        public = bytes.fromhex(group["publicKey"])
        try:
            key = load(public)
        except ValueError:
            assert all(case["result"] == "invalid" for case in group["tests"])
            counts["bad key"] += len(group["tests"])
            continue
        for case in group["tests"]:
            context, valid = bytes.fromhex(case.get("ctx", "")), case["result"] == "valid"
            assert holds(key, case, None) == (valid and not context), case["tcId"]
            counts["accepted"] += valid and not context
            counts["refused"] += not valid
            if len(context) > CONTEXT_BYTES_MAX:
                with pytest.raises(ValueError, match="at most 255"):
                    holds(key, case, context)
            elif context:
                assert holds(key, case, context) == valid
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
    key, private = log.keys.note_keys()[1], log._pair.ml_dsa_44
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
