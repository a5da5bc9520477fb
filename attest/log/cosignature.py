"""Cosignatures: a witness's word that a checkpoint extends all that it saw before (SPEC 13.2).

    — witness.example/w1 base64(key ID || u64 seconds since 1970 || signature)

    0x04 Ed25519     signs "cosignature/v1\\n" "time <seconds>\\n" and the text of the checkpoint
    0x06 ML-DSA-44   signs as `attest.log.checkpoint` says, under the witness's name

The outside format is c2sp.org/tlog-cosignature. One Ed25519 key serves one witness: what it signs
does not name the signer.

>>> from attest.log.checkpoint import CheckpointSigner
>>> log = CheckpointSigner.generate("example.org/log")
>>> witness = CosignatureSigner.generate("witness.example/w1")
>>> noon = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
>>> note = log.sign(size=3, root=bytes(32), at=noon)
>>> both = note + witness.cosign(note, at=noon)
>>> [cosignature.at for cosignature in cosignatures(both, witness.keys)]
[1795521600, 1795521600]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from attest.errors import InternalError, LogError
from attest.keys import check_ed25519
from attest.log.checkpoint import (
    Checkpoint,
    check_ml_dsa,
    cosigned_message,
    parse_checkpoint_text,
)
from attest.log.note import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    KeyPair,
    Note,
    NoteKey,
    parse_note,
)

_ED25519_BYTES = 64
_TIME_MAX = 2**63 - 1


@dataclass(frozen=True)
class Cosignature:
    """A verified cosignature: by which key, and when, in seconds since 1970."""

    key: NoteKey
    at: int


def cosignatures(note: bytes, keys: Iterable[NoteKey]) -> tuple[Cosignature, ...]:
    """The cosignatures of a checkpoint by known keys; those by other keys are passed over.

    Raises:
        LogError: checkpoint-malformed; checkpoint-signature (one by a known key does not verify).
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint_text(parsed.text)
    known = {(key.name, key.identifier): key for key in keys}
    found = []
    for name, identifier, signature in parsed.signatures:
        key = known.get((name, identifier))
        if key is not None:
            found.append(Cosignature(key, _open(key, parsed, checkpoint, signature)))
    return tuple(found)


def _open(key: NoteKey, note: Note, checkpoint: Checkpoint, signature: bytes) -> int:
    try:
        if key.kind == ML_DSA_44_COSIGNATURE:
            return check_ml_dsa(checkpoint, key, signature)
        if key.kind == ED25519_COSIGNATURE:
            at = int.from_bytes(signature[:8], "big")
            if len(signature) != 8 + _ED25519_BYTES or not 0 < at <= _TIME_MAX:
                raise InvalidSignature
            public = Ed25519PublicKey.from_public_bytes(key.public)
            check_ed25519(public, signature[8:], _cosigned_text(note.text, at))
            return at
    except InvalidSignature:
        raise LogError("checkpoint-signature", "a cosignature does not verify") from None
    raise InternalError("internal", "not a key of a cosigner")


def _cosigned_text(text: bytes, at: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % at + text


@dataclass(frozen=True, repr=False)
class CosignatureSigner:
    """The two private keys of a witness, under its one name."""

    name: str
    _pair: KeyPair

    @property
    def keys(self) -> tuple[NoteKey, NoteKey]:
        """The verifier keys, Ed25519 first.

        Raises:
            InputError: key-malformed (the name cannot name a key).
        """
        ed25519, ml_dsa_44 = self._pair.public()
        return (
            NoteKey(self.name, ED25519_COSIGNATURE, ed25519),
            NoteKey(self.name, ML_DSA_44_COSIGNATURE, ml_dsa_44),
        )

    @staticmethod
    def generate(name: str) -> CosignatureSigner:
        """Make two new keys for a witness."""
        return CosignatureSigner(name, KeyPair.generate())

    @staticmethod
    def from_pem(
        name: str, pems: tuple[bytes, bytes], passphrase: bytes | None
    ) -> CosignatureSigner:
        """Open the pair of files that `to_pem` writes.

        Raises:
            InputError: passphrase, key-malformed.
        """
        return CosignatureSigner(name, KeyPair.from_pem(pems, passphrase))

    def to_pem(self, passphrase: bytes | None) -> tuple[bytes, bytes]:
        """Both keys as PKCS#8 PEM, Ed25519 first, encrypted unless the passphrase is None."""
        return self._pair.to_pem(passphrase)

    def cosign(self, note: bytes, *, at: dt.datetime) -> bytes:
        """The two signature lines over a checkpoint that was checked (see `attest.log.witness`).

        Raises:
            LogError: checkpoint-malformed.
            InternalError: internal (an instant before 1970, which cannot be written).
        """
        seconds = int(at.timestamp())
        if seconds < 1:
            raise InternalError("internal", "a cosignature cannot be dated before 1970")
        text = parse_note(note).text
        checkpoint = parse_checkpoint_text(text)
        time = seconds.to_bytes(8, "big")
        ed25519, ml_dsa_44 = self.keys
        message = cosigned_message(checkpoint, name=self.name, at=seconds)
        return ed25519.line(
            time + self._pair.ed25519.sign(_cosigned_text(text, seconds))
        ) + ml_dsa_44.line(time + self._pair.ml_dsa_44.sign(message))
