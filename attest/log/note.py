"""Signed notes and their keys (c2sp.org/signed-note, and the types of c2sp.org/tlog-cosignature).

    text, ending in a line feed
                                                  an empty line
    — name base64(key ID || signature)            U+2014; a line per signature

    0x01 Ed25519, 0x04 Ed25519 cosignature/v1, 0x06 ML-DSA-44 cosignature
    key ID        = SHA-256(name || 0x0A || type || public key)[:4]
    verifier key  = name "+" hex(key ID) "+" base64(type || public key)

A key is its name and ID together: the four bytes alone can be forged. Nothing here verifies; see
`attest.log.checkpoint` and `attest.log.cosignature`.

>>> key = NoteKey("example.org/log", ED25519_NOTE, bytes(range(32)))
>>> key.vkey
'example.org/log+dccecf3a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
>>> parse_vkey(key.vkey) == key
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from attest import limits
from attest.encoding import decode_base64, encode_base64
from attest.errors import InputError, LogError
from attest.keys import ED25519, load_public_key, spki_of
from attest.signing import open_private_key, private_key_pem

ED25519_NOTE: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
ML_DSA_44_COSIGNATURE: Final = 0x06
ML_DSA_44_SIGNATURE_BYTES: Final = 2420
KEY_BYTES: Final = {ED25519_NOTE: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
"""The types of keys that are known, with the lengths of their public keys."""

NAME: Final = re.compile(r"[!-*,-~]{1,255}")
_SIGNATURE_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The key ID of signed-note."""
    return sha256(name.encode() + bytes((0x0A, kind)) + public).digest()[:4]


@dataclass(frozen=True)
class NoteKey:
    """A verifier key: a name, a known type, and the raw public key.

    Raises:
        InputError: key-malformed (on construction).
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        """Refuse what can never verify or always would."""
        if not NAME.fullmatch(self.name):
            raise InputError("key-malformed", "a name is 1 to 255 visible ASCII, without +")
        if len(self.public) != KEY_BYTES.get(self.kind):
            raise InputError("key-malformed", "a public key is not of its type's length")
        if self.kind != ML_DSA_44_COSIGNATURE:
            load_public_key(ED25519, spki_of(Ed25519PublicKey.from_public_bytes(self.public)))

    @property
    def identifier(self) -> bytes:
        """The key ID, four bytes."""
        return key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        """The verifier key as text."""
        encoded = encode_base64(bytes((self.kind,)) + self.public)
        return f"{self.name}+{self.identifier.hex()}+{encoded}"

    def line(self, signature: bytes) -> bytes:
        """The line of a signature by this key."""
        return f"\u2014 {self.name} {encode_base64(self.identifier + signature)}\n".encode()


def parse_vkey(line: str) -> NoteKey:
    """Read a verifier key.

    Raises:
        InputError: key-malformed (among others: a type that is not known).
    """
    parts = line.split("+", 2)
    if len(parts) != 3 or not NAME.fullmatch(parts[0]):
        raise InputError("key-malformed", "not a verifier key: name+id+key")
    name, identifier, encoded = parts
    try:
        raw = decode_base64(encoded)
    except InputError:
        raise InputError("key-malformed", "a verifier key is not base64") from None
    if len(raw) < 2 or key_id(name, raw[0], raw[1:]).hex() != identifier:
        raise InputError(
            "key-malformed", "the ID of a verifier key is not that of its name and key"
        )
    return NoteKey(name, raw[0], raw[1:])


@dataclass(frozen=True)
class Note:
    """A note taken apart, nothing of it verified: the text and (name, key ID, signature)."""

    text: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]


def parse_note(raw: bytes) -> Note:
    """Take a signed note apart (c2sp.org/signed-note).

    Raises:
        LogError: checkpoint-malformed.
    """
    if len(raw) > limits.CHECKPOINT_BYTES_MAX:
        raise LogError("checkpoint-malformed", f"over {limits.CHECKPOINT_BYTES_MAX} bytes")
    try:
        note = raw.decode()
    except UnicodeDecodeError:
        raise LogError("checkpoint-malformed", "not UTF-8") from None
    text, gap, lines = note.rpartition("\n\n")
    if _CONTROL.search(note) or not gap or not text or not lines.endswith("\n"):
        raise LogError("checkpoint-malformed", "not a text, an empty line and signature lines")
    signatures = []
    for line in lines[:-1].split("\n"):
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise LogError("checkpoint-malformed", "a line is not a signature line")
        try:
            blob = decode_base64(match[2])
        except InputError:
            raise LogError("checkpoint-malformed", "a signature is not base64") from None
        if len(blob) < 5:
            raise LogError("checkpoint-malformed", "a signature is too short")
        signatures.append((match[1], blob[:4], blob[4:]))
    return Note(text=f"{text}\n".encode(), signatures=tuple(signatures))


def lines_by(raw: bytes, keys: Iterable[NoteKey]) -> bytes:
    """The signature lines of a note that are by these keys, the first of each; none is verified.

    Whoever passes a note on drops what strangers added: it could make the note too long to read.

    Raises:
        LogError: checkpoint-malformed.
    """
    known = {(key.name, key.identifier): key for key in keys}
    lines: dict[NoteKey, bytes] = {}
    for name, identifier, signature in parse_note(raw).signatures:
        key = known.get((name, identifier))
        if key is not None:
            lines.setdefault(key, key.line(signature))
    return b"".join(lines.values())


@dataclass(frozen=True, repr=False)
class KeyPair:
    """The two private keys under one name, of a log or of a witness."""

    ed25519: Ed25519PrivateKey
    ml_dsa_44: MLDSA44PrivateKey

    @staticmethod
    def generate() -> KeyPair:
        """Make two new keys."""
        return KeyPair(Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())

    @staticmethod
    def from_pem(pems: tuple[bytes, bytes], passphrase: bytes | None) -> KeyPair:
        """Open the pair of files that `to_pem` writes.

        Raises:
            InputError: passphrase, key-malformed.
        """
        ed25519, ml_dsa_44 = (open_private_key(pem, passphrase) for pem in pems)
        if not (
            isinstance(ed25519, Ed25519PrivateKey) and isinstance(ml_dsa_44, MLDSA44PrivateKey)
        ):
            raise InputError("key-malformed", "an Ed25519 and an ML-DSA-44 key are needed")
        return KeyPair(ed25519, ml_dsa_44)

    def to_pem(self, passphrase: bytes | None) -> tuple[bytes, bytes]:
        """Both keys as PKCS#8 PEM, Ed25519 first, encrypted unless the passphrase is None."""
        return (
            private_key_pem(self.ed25519, passphrase),
            private_key_pem(self.ml_dsa_44, passphrase),
        )

    def public(self) -> tuple[bytes, bytes]:
        """Both public keys, raw, Ed25519 first."""
        return (
            self.ed25519.public_key().public_bytes_raw(),
            self.ml_dsa_44.public_key().public_bytes_raw(),
        )
