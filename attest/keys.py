"""Public keys and the one rule by which a signature is accepted (SPEC 2.2).

The algorithm is a property of the key, never of the message. Two programs that check one
signature must agree for decades, so the accepted set is narrower than that of the libraries
underneath:

* Ed25519, RFC 8032 without the cofactor: `A` canonical and not of small order (checked when the key
  is loaded), `R` not of small order (`check_ed25519`), `S` below the group order, and the canonical
  encoding of `[S]B - [k]A` the very bytes of `R` (both by the library), so `R` is canonical too. A
  component of small order in `A` or `R` is no reason to refuse: the equation settles it.
* ECDSA P-256 with SHA-256: `r || s`, 64 bytes, both in range, `s` in the lower half of the order,
  so that nobody but the signer can make a second signature out of a first.

A key's identifier is the digest of its SubjectPublicKeyInfo:

>>> spki = bytes.fromhex("302a300506032b6570032100"
...     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")   # RFC 8032, test 1
>>> key = load_public_key("ed25519", spki)
>>> key.keyid[:20]
'sha256:06e3fd8fda29b'
>>> key.check(bytes(64), b"")
Traceback (most recent call last):
attest.errors.TrustError: bad-signature: the signature does not verify
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from attest.encoding import digest
from attest.errors import InputError, TrustError

ED25519: Final = "ed25519"
ECDSA_P256: Final = "ecdsa-p256-sha256"

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the P-256 group (FIPS 186-5, SP 800-186 section 3.2.1.3)."""

_ED25519_PRIME: Final = 2**255 - 19
_ORDER_EIGHT_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y: Final = frozenset(
    {0, 1, _ED25519_PRIME - 1, _ORDER_EIGHT_Y, _ED25519_PRIME - _ORDER_EIGHT_Y}
)
"""The y coordinates of the eight points of order 1, 2, 4 and 8 on edwards25519."""


@dataclass(frozen=True)
class PublicKey:
    """A public key whose algorithm is fixed. Two keys are equal when their SPKI is."""

    keyid: str
    algorithm: str
    spki: bytes
    _verify: Callable[[bytes, bytes], None] = field(repr=False, compare=False)

    def check(self, signature: bytes, message: bytes) -> None:
        """Return if the signature over the message is by this key.

        Raises:
            TrustError: bad-signature.
        """
        try:
            self._verify(signature, message)
        except InvalidSignature:
            raise TrustError("bad-signature", "the signature does not verify") from None


def _p256_verifier(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    sha256 = ec.ECDSA(hashes.SHA256())
    return lambda signature, message: key.verify(_der_of(signature), message, sha256)


def check_ed25519(key: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    """Return if the signature holds under a key whose point was checked when it was loaded.

    Raises:
        InvalidSignature: it does not, or its `R` is of small order.
    """
    if _y_of(signature[:32]) in _SMALL_ORDER_Y:
        raise InvalidSignature
    key.verify(signature, message)


def _der_of(signature: bytes) -> bytes:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < r < P256_ORDER or not 0 < s <= P256_ORDER // 2:
        raise InvalidSignature
    return encode_dss_signature(r, s)


def load_public_key(algorithm: str, spki: bytes) -> PublicKey:
    """Load a key from SubjectPublicKeyInfo DER and hold it to its record's algorithm.

    Raises:
        InputError: key-malformed (not such a key, not canonical, of small order).
    """
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("key-malformed", "not a public key") from None
    verify: Callable[[bytes, bytes], None]
    if algorithm == ED25519 and isinstance(key, Ed25519PublicKey):
        _check_ed25519_point(key.public_bytes_raw())
        verify = partial(check_ed25519, key)
    elif (
        algorithm == ECDSA_P256
        and isinstance(key, ec.EllipticCurvePublicKey)
        and isinstance(key.curve, ec.SECP256R1)
    ):
        verify = _p256_verifier(key)
    else:
        raise InputError("key-malformed", "not a key of the stated algorithm")
    if spki != spki_of(key):
        raise InputError("key-malformed", "not the canonical encoding of the key")
    return PublicKey(keyid=digest(spki), algorithm=algorithm, spki=spki, _verify=verify)


def spki_of(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    """The SubjectPublicKeyInfo DER of a key."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _y_of(raw: bytes) -> int:
    return int.from_bytes(raw, "little") & (2**255 - 1)


def _check_ed25519_point(raw: bytes) -> None:
    y = _y_of(raw)
    if y >= _ED25519_PRIME:
        raise InputError("key-malformed", "the point is not canonically encoded")
    if y in _SMALL_ORDER_Y:
        raise InputError("key-malformed", "the point is of small order")
