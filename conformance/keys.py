"""Test keys and what they sign: every key is the SHA-256 of a label, every signature reproducible.

    seed of a key = SHA-256("foundry-attest conformance: " || label)

Ed25519 is deterministic, ECDSA follows RFC 6979, ML-DSA the deterministic variant of FIPS 204.
None of these keys protects anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attest.keys import (
    CURVES,
    ED25519,
    ML_DSA_44,
    ML_DSA_65,
    PublicKey,
    load_public_key,
    spki_of,
)
from attest.log.checkpoint import Checkpoint, cosigned_message, format_checkpoint
from attest.log.note import (
    ED25519_COSIGNATURE,
    ED25519_NOTE,
    ML_DSA_44_COSIGNATURE,
    NoteKey,
)
from conformance import mldsa
from conformance.mldsa import sign as sign_ml_dsa

TIME = 1_795_528_800
"""2026-11-24T14:00:00Z in seconds since 1970: when everything is signed unless a vector says so."""


def seed(label: str) -> bytes:
    """The private bytes that belong to a label."""
    return sha256(f"foundry-attest conformance: {label}".encode()).digest()


@dataclass(frozen=True)
class Cosigner:
    """The two keys of a log or of a witness, under its one name."""

    name: str
    kind: int = ED25519_COSIGNATURE

    @property
    def ed25519(self) -> NoteKey:
        """The Ed25519 verifier key."""
        return NoteKey(self.name, self.kind, self._ed25519.public_key().public_bytes_raw())

    @property
    def ml_dsa(self) -> NoteKey:
        """The ML-DSA-44 verifier key."""
        public = MLDSA44PrivateKey.from_seed_bytes(self._ml_dsa).public_key().public_bytes_raw()
        return NoteKey(self.name, ML_DSA_44_COSIGNATURE, public)

    @property
    def vkeys(self) -> list[str]:
        """Both verifier keys as text, Ed25519 first."""
        return [self.ed25519.vkey, self.ml_dsa.vkey]

    @property
    def _ed25519(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(seed(f"{self.name} Ed25519"))

    @property
    def _ml_dsa(self) -> bytes:
        return seed(f"{self.name} ML-DSA-44")

    def sign_ed25519(self, message: bytes) -> bytes:
        """A bare Ed25519 signature, 64 bytes."""
        return self._ed25519.sign(message)

    def sign_ml_dsa(self, message: bytes) -> bytes:
        """A bare ML-DSA-44 signature, 2420 bytes."""
        return sign_ml_dsa(self._ml_dsa, message)

    def ed25519_line(self, text: bytes, *, at: int = TIME) -> bytes:
        """The Ed25519 line over a text: a log's signature or a witness's dated cosignature."""
        if self.kind == ED25519_NOTE:
            return self.ed25519.line(self.sign_ed25519(text))
        message = b"cosignature/v1\ntime %d\n" % at + text
        return self.ed25519.line(at.to_bytes(8, "big") + self.sign_ed25519(message))

    def ml_dsa_line(self, checkpoint: Checkpoint, *, at: int = TIME) -> bytes:
        """The ML-DSA-44 line over a checkpoint."""
        message = cosigned_message(checkpoint, name=self.name, at=at)
        return self.ml_dsa.line(at.to_bytes(8, "big") + self.sign_ml_dsa(message))

    def lines(self, checkpoint: Checkpoint, *, at: int = TIME) -> bytes:
        """Both lines, Ed25519 first."""
        return self.ed25519_line(format_checkpoint(checkpoint), at=at) + self.ml_dsa_line(
            checkpoint, at=at
        )


def log_named(origin: str) -> Cosigner:
    """The keys of a log."""
    return Cosigner(origin, ED25519_NOTE)


def signed(checkpoint: Checkpoint, *signers: Cosigner, at: int = TIME) -> bytes:
    """A checkpoint as a note with both lines of each signer."""
    lines = b"".join(signer.lines(checkpoint, at=at) for signer in signers)
    return format_checkpoint(checkpoint) + b"\n" + lines


LOG = log_named("foundry.example/log")
OTHER_LOG = log_named("other.example/log")
WITNESSES = tuple(Cosigner(f"witness.example/w{number}") for number in (1, 2, 3))


class StatementSigner:
    """A key of a keyset, of any algorithm, that signs the same bytes alike each time."""

    def __init__(self, label: str, algorithm: str = ED25519) -> None:
        self._seed = seed(label)
        self._private = _private_key(self._seed, algorithm)
        self.algorithm = algorithm
        self.public: PublicKey = load_public_key(algorithm, spki_of(self._private.public_key()))

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """A signature of SPEC 2.2."""
        if self.algorithm in MODULES:
            return sign_ml_dsa(self._seed, message, MODULES[self.algorithm])
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(message)
        if not isinstance(self._private, ec.EllipticCurvePrivateKey):
            raise TypeError(self.algorithm)
        curve = CURVES[self.algorithm]
        scheme = ec.ECDSA(curve.hash, deterministic_signing=True)
        r, s = decode_dss_signature(self._private.sign(message, scheme))
        numbers = (r, min(s, curve.order - s))
        return b"".join(number.to_bytes(curve.number_bytes, "big") for number in numbers)


MODULES: Final = {ML_DSA_44: mldsa.ML_DSA_44, ML_DSA_65: mldsa.ML_DSA_65}


def _private_key(
    secret: bytes, algorithm: str
) -> Ed25519PrivateKey | ec.EllipticCurvePrivateKey | MLDSA44PrivateKey | MLDSA65PrivateKey:
    if algorithm == ED25519:
        return Ed25519PrivateKey.from_private_bytes(secret)
    if algorithm == ML_DSA_44:
        return MLDSA44PrivateKey.from_seed_bytes(secret)
    if algorithm == ML_DSA_65:
        return MLDSA65PrivateKey.from_seed_bytes(secret)
    curve = CURVES[algorithm]
    number = int.from_bytes(secret, "big") % (curve.order - 1) + 1
    return ec.derive_private_key(number, curve.curve)
