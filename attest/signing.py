"""Private keys behind one protocol.

Whoever signs needs three things of a key: its identifier, its algorithm and a signature over bytes.
A file of encrypted PKCS#8 is the signer that ships; a smart card or a signing service fits the same
protocol.

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
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attest.errors import InputError
from attest.keys import ECDSA_P256, ED25519, P256_ORDER, PublicKey, load_public_key, spki_of

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class Signer(Protocol):
    """Something that signs bytes with one key."""

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI (SPEC 7)."""

    @property
    def algorithm(self) -> str:
        """`ed25519` or `ecdsa-p256-sha256`."""

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
        """Sign: Ed25519 as is; P-256 as `r || s` with `s` in the lower half."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(message)
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def generate_private_key(algorithm: str) -> PrivateKey:
    """Make a new private key from the operating system's random numbers.

    Raises:
        InputError: key-malformed (an algorithm that is not known).
    """
    if algorithm == ED25519:
        return Ed25519PrivateKey.generate()
    if algorithm == ECDSA_P256:
        return ec.generate_private_key(ec.SECP256R1())
    raise InputError("key-malformed", f"the algorithms are {ED25519} and {ECDSA_P256}")


def private_key_pem(key: PrivateKey | MLDSA44PrivateKey, passphrase: bytes | None) -> bytes:
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
    """Open a private key file of one of the two algorithms.

    Raises:
        InputError: those of `open_private_key`.
    """
    key = open_private_key(pem, passphrase)
    if isinstance(key, PrivateKey):
        return signer_of(key)
    raise InputError("key-malformed", f"the algorithms are {ED25519} and {ECDSA_P256}")


def signer_of(key: PrivateKey) -> KeySigner:
    """The signer for a private key in memory."""
    algorithm = ED25519 if isinstance(key, Ed25519PrivateKey) else ECDSA_P256
    return KeySigner(public=load_public_key(algorithm, spki_of(key.public_key())), _private=key)
