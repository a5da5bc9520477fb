"""Private keys behind one protocol.

Whoever signs needs two things of a key: its public half and a signature over bytes. `KeySigner`
holds a private key out of a file of encrypted PKCS#8, `attest.signing.command` asks a command,
`attest.signing.token` a PKCS#11 token.

>>> private = generate_private_key("ed25519")
>>> signer = load_signer(private_key_pem(private, b"correct horse"), b"correct horse")
>>> signer.public.check(signer.sign(b"message"), b"message")
>>> load_signer(private_key_pem(private, b"correct horse"), b"wrong")
Traceback (most recent call last):
attest.errors.InputError: passphrase: the passphrase does not open the key
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attest.errors import InputError
from attest.keys import (
    ALGORITHMS,
    CURVES,
    ED25519,
    ML_DSA_44,
    ML_DSA_65,
    Curve,
    PublicKey,
    algorithm_of,
    load_public_key,
    spki_of,
)

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | MLDSA44PrivateKey | MLDSA65PrivateKey
_UNKNOWN = f"the algorithms are {', '.join(ALGORITHMS)}"


class Signer(Protocol):
    """Something that signs bytes with one key."""

    @property
    def public(self) -> PublicKey:
        """The public key, with its identifier and algorithm."""

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI (SPEC 7)."""

    def sign(self, message: bytes) -> bytes:
        """A signature of SPEC 2.2 over the message."""


@dataclass(frozen=True)
class KeySigner:
    """A signer that holds its private key in memory."""

    public: PublicKey
    _private: PrivateKey = field(repr=False, compare=False)

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI."""
        return self.public.keyid

    @property
    def algorithm(self) -> str:
        """The algorithm of the key."""
        return self.public.algorithm

    def sign(self, message: bytes) -> bytes:
        """Sign: ECDSA as `r || s` with `s` in the lower half, all else as is."""
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            curve = CURVES[self.algorithm]
            return ecdsa_signature(self._private.sign(message, ec.ECDSA(curve.hash)), curve)
        return self._private.sign(message)

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """The private key as PKCS#8 PEM, encrypted unless the passphrase is None."""
        return private_key_pem(self._private, passphrase)


def ecdsa_signature(der: bytes, curve: Curve) -> bytes:
    """An ECDSA signature in DER as SPEC 2.2 has it: `r || s`, with `s` in the lower half.

    Raises:
        ValueError: not DER of two integers, or one is too large for the curve.
    """
    r, s = decode_dss_signature(der)
    if max(r, s) >= curve.order:
        raise ValueError("not of the curve")
    size = curve.number_bytes
    return low_signature(r.to_bytes(size, "big") + s.to_bytes(size, "big"), curve)


def low_signature(raw: bytes, curve: Curve) -> bytes:
    """`r || s` with the one of `s` and its mirror that is in the lower half of the order."""
    s = int.from_bytes(raw[curve.number_bytes :], "big")
    low = min(s, (curve.order - s) % curve.order)
    return raw[: curve.number_bytes] + low.to_bytes(curve.number_bytes, "big")


def generate_private_key(algorithm: str) -> PrivateKey:
    """Make a new private key from the operating system's random numbers.

    Raises:
        InputError: key-malformed (an algorithm that is not known).
    """
    if algorithm == ED25519:
        return Ed25519PrivateKey.generate()
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm].curve)
    if algorithm == ML_DSA_44:
        return MLDSA44PrivateKey.generate()
    if algorithm == ML_DSA_65:
        return MLDSA65PrivateKey.generate()
    raise InputError("key-malformed", _UNKNOWN)


def private_key_pem(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """Write a private key as PKCS#8 PEM, encrypted unless the passphrase is None."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase),
    )


def open_private_key(pem: bytes, passphrase: bytes | None) -> object:
    """Open a PKCS#8 private key of any algorithm.

    Raises:
        InputError: passphrase (missing, wrong, or given for a key that is not encrypted),
            key-malformed.
    """
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except TypeError:
        needed = "the key is encrypted" if passphrase is None else "the key is not encrypted"
        raise InputError("passphrase", needed) from None
    except UnsupportedAlgorithm:
        raise InputError("key-malformed", "a key of an unknown algorithm") from None
    except ValueError:
        if passphrase is None or b"ENCRYPTED" not in pem:
            raise InputError("key-malformed", "not a PKCS#8 private key") from None
        raise InputError("passphrase", "the passphrase does not open the key") from None


def load_signer(pem: bytes, passphrase: bytes | None) -> KeySigner:
    """Open a private key file of one of the algorithms.

    Raises:
        InputError: those of `open_private_key`.
    """
    key = open_private_key(pem, passphrase)
    if isinstance(key, PrivateKey):
        return signer_of(key)
    raise InputError("key-malformed", _UNKNOWN)


def signer_of(key: PrivateKey) -> KeySigner:
    """The signer for a private key in memory.

    Raises:
        InputError: key-malformed (a curve that is not used here).
    """
    public = key.public_key()
    algorithm = algorithm_of(public)
    if algorithm is None:
        raise InputError("key-malformed", _UNKNOWN)
    return KeySigner(public=load_public_key(algorithm, spki_of(public)), _private=key)
