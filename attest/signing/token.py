"""A signer behind PKCS#11: the private key never leaves its token.

Ed25519 signs the message in the token (`CKM_EDDSA`). ECDSA is hashed here and signed there
(`CKM_ECDSA`), which every token knows, and `s` is brought into the lower half. ML-DSA has no
mechanism in the PKCS#11 that tokens speak today.

A token knows one login for all sessions of a process, so there is one session at a time: opened,
logged in, used and closed for each signature. A token that was pulled out and put back is found
again. A signature leaves here only when it holds under the public key.

>>> TokenSigner.find(
...     module="/nowhere.so", token="foundry", key="k", algorithm="ed25519", pin=lambda: b"1234")
Traceback (most recent call last):
attest.errors.RemoteError: signer: the token or its module failed: PKCS11Error
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from attest.errors import InputError, RemoteError, TrustError
from attest.keys import CLASSICAL, CURVES, ED25519, PublicKey, load_public_key, spki_of
from attest.signing import low_signature

if TYPE_CHECKING:
    from pkcs11 import Session

_ONE_SESSION: Final = Lock()
_OCTET_STRING: Final = 0x04


@dataclass(frozen=True)
class TokenSigner:
    """A key in a token, found by the labels of the two; `module` is the library of its maker."""

    public: PublicKey
    module: str
    token: str
    key: str
    _pin: Callable[[], bytes] = field(repr=False, compare=False)

    @staticmethod
    def find(
        *,
        module: str,
        token: str,
        key: str,
        algorithm: str,
        pin: Callable[[], bytes],
        spki: bytes | None = None,
    ) -> TokenSigner:
        """The signer for a key of the token; `pin` is asked for the PIN before each signature.

        Args:
            spki: the public key, where it is declared; else the token's own public key object.

        Raises:
            InputError: key-malformed (an algorithm that no token has, or not a key of it).
            RemoteError: signer (the module, the token or the key is not there).
        """
        if algorithm not in CLASSICAL:
            raise InputError("key-malformed", f"a token signs with {', '.join(CLASSICAL)}")
        if spki is None:
            with _session(module, token, None) as session:
                spki = _spki_in(session, key, algorithm)
        public = load_public_key(algorithm, spki)
        return TokenSigner(public=public, module=module, token=token, key=key, _pin=pin)

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """Have the token sign, and check that it did.

        Raises:
            InputError: passphrase (the token does not take the PIN).
            RemoteError: signer (the token fails, or signed with another key).
        """
        try:
            pin = self._pin().decode()
        except UnicodeDecodeError:
            raise InputError("passphrase", "a PIN is text in UTF-8") from None
        with _session(self.module, self.token, pin) as session:
            signature = self._signature(session, message)
        try:
            self.public.check(signature, message)
        except TrustError:
            raise RemoteError("signer", "the token signed with another key") from None
        return signature

    def _signature(self, session: Session, message: bytes) -> bytes:
        from pkcs11 import Mechanism, ObjectClass, SignMixin

        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=self.key)
        if not isinstance(private, SignMixin):
            raise RemoteError("signer", "the token does not let this key sign")
        if self.public.algorithm == ED25519:
            return bytes(private.sign(message, mechanism=Mechanism.EDDSA))
        curve = CURVES[self.public.algorithm]
        hashed = hashes.Hash(curve.hash)
        hashed.update(message)
        raw = bytes(private.sign(hashed.finalize(), mechanism=Mechanism.ECDSA))
        return low_signature(raw, curve)


@contextmanager
def _session(module: str, token: str, pin: str | None) -> Iterator[Session]:
    try:
        import pkcs11
    except ImportError:
        raise RemoteError("signer", "the Python package python-pkcs11 is not installed") from None
    from pkcs11 import exceptions as problem

    refused = (
        problem.PinIncorrect,
        problem.PinInvalid,
        problem.PinLenRange,
        problem.PinLocked,
        problem.PinExpired,
    )
    try:
        with (
            _ONE_SESSION,
            pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin) as session,
        ):
            yield session
    except refused:
        raise InputError(
            "passphrase", "the token does not take the PIN, or has locked it"
        ) from None
    except problem.PKCS11Error as error:
        why = f"the token or its module failed: {type(error).__name__}"
        raise RemoteError("signer", why) from None


def _spki_in(session: Session, label: str, algorithm: str) -> bytes:
    """The public key object as SPKI DER; its point is wrapped in an OCTET STRING, or bare."""
    from pkcs11 import Attribute, ObjectClass

    public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
    point = bytes(public[Attribute.EC_POINT])
    raw_bytes = 32 if algorithm == ED25519 else 1 + 2 * CURVES[algorithm].number_bytes
    if len(point) == raw_bytes + 2 and point[:2] == bytes((_OCTET_STRING, raw_bytes)):
        point = point[2:]
    try:
        if algorithm == ED25519:
            return spki_of(Ed25519PublicKey.from_public_bytes(point))
        curve = CURVES[algorithm].curve
        return spki_of(ec.EllipticCurvePublicKey.from_encoded_point(curve, point))
    except ValueError:
        raise InputError("key-malformed", f"the token's key is not {algorithm}") from None
