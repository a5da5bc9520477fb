"""Public keys and the one rule by which a signature is accepted (SPEC 2.2).

The algorithm is a property of the key, never of the message. Two programs that check one
signature must agree for decades, so the accepted set is narrower than that of the libraries
underneath:

* Ed25519, RFC 8032 without the cofactor: `A` canonical and not of small order (checked when the key
  is loaded), `R` not of small order (`check_ed25519`), `S` below the group order, and the canonical
  encoding of `[S]B - [k]A` the very bytes of `R` (both by the library), so `R` is canonical too. A
  component of small order in `A` or `R` is no reason to refuse: the equation settles it.
* ECDSA P-256 with SHA-256, and P-384 with SHA-384: `r || s`, 64 or 96 bytes, both in range, `s` in
  the lower half of the order, so that nobody but the signer can make a second signature of a first.
* ML-DSA-44 and ML-DSA-65, FIPS 204 over the message itself, with an empty context: 2420 or 3309
  bytes.

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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from attest.encoding import digest
from attest.errors import InputError, TrustError

ED25519: Final = "ed25519"
ECDSA_P256: Final = "ecdsa-p256-sha256"
ECDSA_P384: Final = "ecdsa-p384-sha384"
ML_DSA_44: Final = "ml-dsa-44"
ML_DSA_65: Final = "ml-dsa-65"

CLASSICAL: Final = (ED25519, ECDSA_P256, ECDSA_P384)
POST_QUANTUM: Final = (ML_DSA_44, ML_DSA_65)
ALGORITHMS: Final = (*CLASSICAL, *POST_QUANTUM)

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the P-256 group (FIPS 186-5, SP 800-186 section 3.2.1.3)."""
P384_ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffff"
    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    16,
)
"""Order of the P-384 group (FIPS 186-5, SP 800-186 section 3.2.1.4)."""


class Curve(NamedTuple):
    """What an ECDSA algorithm is made of; `number_bytes` is the length of `r` and of `s`."""

    curve: ec.EllipticCurve
    hash: hashes.SHA256 | hashes.SHA384
    order: int
    number_bytes: int


CURVES: Final[Mapping[str, Curve]] = {
    ECDSA_P256: Curve(ec.SECP256R1(), hashes.SHA256(), P256_ORDER, 32),
    ECDSA_P384: Curve(ec.SECP384R1(), hashes.SHA384(), P384_ORDER, 48),
}
SIGNATURE_BYTES: Final[Mapping[str, int]] = {
    ED25519: 64,
    ECDSA_P256: 64,
    ECDSA_P384: 96,
    ML_DSA_44: 2420,
    ML_DSA_65: 3309,
}

_ED25519_PRIME: Final = 2**255 - 19
_ORDER_EIGHT_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y: Final = frozenset(
    {0, 1, _ED25519_PRIME - 1, _ORDER_EIGHT_Y, _ED25519_PRIME - _ORDER_EIGHT_Y}
)
"""The y coordinates of the eight points of order 1, 2, 4 and 8 on edwards25519."""

LibraryKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | MLDSA44PublicKey | MLDSA65PublicKey
"""The public keys of `cryptography` that are used here."""


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
            if len(signature) != SIGNATURE_BYTES[self.algorithm]:
                raise InvalidSignature
            self._verify(signature, message)
        except InvalidSignature:
            raise TrustError("bad-signature", "the signature does not verify") from None


def check_ed25519(key: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    """Return if the signature holds under a key whose point was checked when it was loaded.

    Raises:
        InvalidSignature: it does not, or its `R` is of small order.
    """
    if _y_of(signature[:32]) in _SMALL_ORDER_Y:
        raise InvalidSignature
    key.verify(signature, message)


def _der_of(signature: bytes, curve: Curve) -> bytes:
    r = int.from_bytes(signature[: curve.number_bytes], "big")
    s = int.from_bytes(signature[curve.number_bytes :], "big")
    if not 0 < r < curve.order or not 0 < s <= curve.order // 2:
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
    if not isinstance(key, LibraryKey) or algorithm_of(key) != algorithm:
        raise InputError("key-malformed", "not a key of the stated algorithm")
    if isinstance(key, Ed25519PublicKey):
        _check_ed25519_point(key.public_bytes_raw())
    if spki != spki_of(key):
        raise InputError("key-malformed", "not the canonical encoding of the key")
    return PublicKey(
        keyid=digest(spki), algorithm=algorithm, spki=spki, _verify=_verifier(key, algorithm)
    )


def _verifier(key: LibraryKey, algorithm: str) -> Callable[[bytes, bytes], None]:
    """The check of a signature over a message; told apart once, since a key checks many."""
    if isinstance(key, Ed25519PublicKey):
        return partial(check_ed25519, key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = CURVES[algorithm]
        scheme, verify = ec.ECDSA(curve.hash), key.verify
        return lambda signature, message: verify(_der_of(signature, curve), message, scheme)
    return key.verify


def algorithm_of(key: LibraryKey) -> str | None:
    """The algorithm that a key is of; None for a curve that is not used here."""
    if isinstance(key, Ed25519PublicKey):
        return ED25519
    if isinstance(key, MLDSA44PublicKey):
        return ML_DSA_44
    if isinstance(key, MLDSA65PublicKey):
        return ML_DSA_65
    for algorithm, curve in CURVES.items():
        if isinstance(key.curve, type(curve.curve)):
            return algorithm
    return None


def spki_of(key: LibraryKey) -> bytes:
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
