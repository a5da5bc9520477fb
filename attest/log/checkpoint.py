"""Checkpoints: the signed size and root of the log (SPEC 13).

    example.org/log                                   origin: which log
    3                                                 size
    LP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=      root, base64
                                                      (an empty line, then a line per signature)
    — example.org/log 6elT4iUzztfCrFlr8rzP390go…      U+2014, key name, base64(key ID || signature)
    — example.org/log 0CyIdQAAAABqsTuAmiOP9Sdshr…

The outside formats are c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature. Two types of key
are known, both named after the origin, and a reader demands both signatures:

    0x01 Ed25519     signs the text, which ends before the empty line
    0x06 ML-DSA-44   signs "subtree/v1\\n\\0", u8 length + name, u64 time, u8 length + origin,
                     u64 start = 0, u64 end = size, root; its signature is u64 time || 2420 bytes
    key ID           = SHA-256(name || 0x0A || type || public key)[:4]
    verifier key     = name "+" hex(key ID) "+" base64(type || public key)

Signatures by other keys (of witnesses, say) are passed over; a failing one by a known key is fatal.

>>> signer = CheckpointSigner.generate("example.org/log")
>>> at = dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC)
>>> note = signer.sign(size=3, root=bytes(32), at=at)
>>> open_checkpoint(note, keys=LogKeys.parse(signer.keys.vkeys())).size
3
>>> open_checkpoint(note.replace(b"\\n3\\n", b"\\n4\\n"), keys=signer.keys)
Traceback (most recent call last):
attest.errors.LogError: checkpoint-signature: a signature by the log does not verify
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from attest import limits
from attest.encoding import decode_base64, encode_base64
from attest.errors import InputError, InternalError, LogError
from attest.keys import ED25519, load_public_key, spki_of
from attest.signing import open_private_key, private_key_pem

TYPE_ED25519: Final = 0x01
TYPE_ML_DSA_44: Final = 0x06
ED25519_KEY_BYTES: Final = 32
ML_DSA_44_KEY_BYTES: Final = 1312
ML_DSA_44_SIGNATURE_BYTES: Final = 2420

_COSIGNATURE_TIME_MAX: Final = 2**63 - 1
_NAME = re.compile(r"[!-*,-~]{1,255}")
_TEXT = re.compile(r"([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,12})\n([A-Za-z0-9+/]{43}=)\n")
_SIGNATURE_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says: `size` entries of the log `origin` hash to `root`."""

    origin: str
    size: int
    root: bytes


def format_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The text of a checkpoint, the part that is signed."""
    root = encode_base64(checkpoint.root)
    return f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n".encode()


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The key ID of signed-note."""
    return sha256(name.encode() + bytes((0x0A, kind)) + public).digest()[:4]


def _vkey(name: str, kind: int, public: bytes) -> str:
    encoded = encode_base64(bytes((kind,)) + public)
    return f"{name}+{key_id(name, kind, public).hex()}+{encoded}"


@dataclass(frozen=True)
class LogKeys:
    """The verifier keys of one log: raw public keys of 32 and 1312 bytes.

    Raises:
        InputError: key-malformed (on construction).
    """

    origin: str
    ed25519: bytes
    ml_dsa_44: bytes

    def __post_init__(self) -> None:
        """Refuse what can never verify or always would."""
        if not _NAME.fullmatch(self.origin):
            raise InputError("key-malformed", "an origin is 1 to 255 visible ASCII, without +")
        if len(self.ed25519) != ED25519_KEY_BYTES or len(self.ml_dsa_44) != ML_DSA_44_KEY_BYTES:
            raise InputError("key-malformed", "a public key is not of its type's length")
        load_public_key(ED25519, spki_of(Ed25519PublicKey.from_public_bytes(self.ed25519)))

    def vkeys(self) -> tuple[str, str]:
        """The two verifier keys, Ed25519 first."""
        return (
            _vkey(self.origin, TYPE_ED25519, self.ed25519),
            _vkey(self.origin, TYPE_ML_DSA_44, self.ml_dsa_44),
        )

    @staticmethod
    def parse(lines: Iterable[str]) -> LogKeys:
        """Read the two verifier keys, in either order; empty lines are skipped.

        Raises:
            InputError: key-malformed.
        """
        keys: dict[int, tuple[str, bytes]] = {}
        for line in lines:
            if not line.strip():
                continue
            name, kind, public = _parse_vkey(line.strip())
            if kind in keys:
                raise InputError("key-malformed", "two verifier keys of one type")
            keys[kind] = name, public
        if set(keys) != {TYPE_ED25519, TYPE_ML_DSA_44}:
            raise InputError(
                "key-malformed", "one Ed25519 and one ML-DSA-44 verifier key are needed"
            )
        name, ed25519 = keys[TYPE_ED25519]
        other_name, ml_dsa_44 = keys[TYPE_ML_DSA_44]
        if name != other_name:
            raise InputError("key-malformed", "the verifier keys are of two logs")
        return LogKeys(origin=name, ed25519=ed25519, ml_dsa_44=ml_dsa_44)


def _parse_vkey(line: str) -> tuple[str, int, bytes]:
    parts = line.split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
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
    return name, raw[0], raw[1:]


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


def parse_checkpoint_text(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint. Extension lines are refused: ML-DSA does not sign them.

    Raises:
        LogError: checkpoint-malformed.
    """
    match = _TEXT.fullmatch(text.decode(errors="replace"))
    if match is None:
        raise LogError("checkpoint-malformed", "the text is not origin, size and root")
    size = int(match[2])
    if size > limits.LOG_ENTRIES_MAX:
        raise LogError("checkpoint-malformed", "the size is over the limit")
    try:
        root = decode_base64(match[3])
    except InputError:
        raise LogError("checkpoint-malformed", "the root is not base64") from None
    return Checkpoint(origin=match[1], size=size, root=root)


def open_checkpoint(note: bytes, *, keys: LogKeys) -> Checkpoint:
    """Verify a checkpoint under both keys of the log and return what it says.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature.
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint_text(parsed.text)
    if checkpoint.origin != keys.origin:
        raise LogError("checkpoint-origin", "the checkpoint is of another log")
    ed25519_id = key_id(keys.origin, TYPE_ED25519, keys.ed25519)
    ml_dsa_id = key_id(keys.origin, TYPE_ML_DSA_44, keys.ml_dsa_44)
    verified = set()
    for name, identifier, signature in parsed.signatures:
        if name != keys.origin:
            continue
        try:
            if identifier == ed25519_id:
                Ed25519PublicKey.from_public_bytes(keys.ed25519).verify(signature, parsed.text)
                verified.add(identifier)
            elif identifier == ml_dsa_id:
                _check_ml_dsa(checkpoint, keys.ml_dsa_44, signature)
                verified.add(identifier)
        except InvalidSignature:
            raise LogError(
                "checkpoint-signature", "a signature by the log does not verify"
            ) from None
    if verified != {ed25519_id, ml_dsa_id}:
        raise LogError("checkpoint-signature", "a signature by the log is missing")
    return checkpoint


def _check_ml_dsa(checkpoint: Checkpoint, public: bytes, signature: bytes) -> None:
    at = int.from_bytes(signature[:8], "big")
    if len(signature) != 8 + ML_DSA_44_SIGNATURE_BYTES or not 0 < at <= _COSIGNATURE_TIME_MAX:
        raise InvalidSignature
    message = cosigned_message(checkpoint, name=checkpoint.origin, at=at)
    MLDSA44PublicKey.from_public_bytes(public).verify(signature[8:], message)


def cosigned_message(checkpoint: Checkpoint, *, name: str, at: int) -> bytes:
    """What an ML-DSA-44 key called `name` signs of a checkpoint at `at`, in seconds since 1970."""
    signer, origin = name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            bytes((len(signer),)) + signer,
            at.to_bytes(8, "big"),
            bytes((len(origin),)) + origin,
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


@dataclass(frozen=True, repr=False)
class CheckpointSigner:
    """The two private keys of a log."""

    keys: LogKeys
    _ed25519: Ed25519PrivateKey
    _ml_dsa_44: MLDSA44PrivateKey

    @staticmethod
    def of(
        origin: str, ed25519: Ed25519PrivateKey, ml_dsa_44: MLDSA44PrivateKey
    ) -> CheckpointSigner:
        """The signer for keys in memory.

        Raises:
            InputError: key-malformed (the origin cannot name a key).
        """
        keys = LogKeys(
            origin=origin,
            ed25519=ed25519.public_key().public_bytes_raw(),
            ml_dsa_44=ml_dsa_44.public_key().public_bytes_raw(),
        )
        return CheckpointSigner(keys=keys, _ed25519=ed25519, _ml_dsa_44=ml_dsa_44)

    @staticmethod
    def generate(origin: str) -> CheckpointSigner:
        """Make two new keys for a log.

        Raises:
            InputError: key-malformed (the origin cannot name a key).
        """
        return CheckpointSigner.of(
            origin, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
        )

    @staticmethod
    def from_pem(
        origin: str, pems: tuple[bytes, bytes], passphrase: bytes | None
    ) -> CheckpointSigner:
        """Open the pair of files that `to_pem` writes.

        Raises:
            InputError: passphrase, key-malformed.
        """
        ed25519, ml_dsa_44 = (open_private_key(pem, passphrase) for pem in pems)
        if not (
            isinstance(ed25519, Ed25519PrivateKey) and isinstance(ml_dsa_44, MLDSA44PrivateKey)
        ):
            raise InputError("key-malformed", "a log signs with Ed25519 and ML-DSA-44")
        return CheckpointSigner.of(origin, ed25519, ml_dsa_44)

    def to_pem(self, passphrase: bytes | None) -> tuple[bytes, bytes]:
        """Both keys as PKCS#8 PEM, Ed25519 first, encrypted unless the passphrase is None."""
        return (
            private_key_pem(self._ed25519, passphrase),
            private_key_pem(self._ml_dsa_44, passphrase),
        )

    def sign(self, *, size: int, root: bytes, at: dt.datetime) -> bytes:
        """The checkpoint as a signed note. Only a size and root that are committed may be signed.

        Raises:
            InternalError: internal (an instant before 1970, which cannot be written).
        """
        seconds = int(at.timestamp())
        if seconds < 1:
            raise InternalError("internal", "a checkpoint cannot be dated before 1970")
        checkpoint = Checkpoint(origin=self.keys.origin, size=size, root=root)
        text = format_checkpoint(checkpoint)
        message = cosigned_message(checkpoint, name=checkpoint.origin, at=seconds)
        lines = (
            self._line(TYPE_ED25519, self.keys.ed25519, self._ed25519.sign(text)),
            self._line(
                TYPE_ML_DSA_44,
                self.keys.ml_dsa_44,
                seconds.to_bytes(8, "big") + self._ml_dsa_44.sign(message),
            ),
        )
        return text + b"\n" + b"".join(lines)

    def _line(self, kind: int, public: bytes, signature: bytes) -> bytes:
        name = self.keys.origin
        return f"\u2014 {name} {encode_base64(key_id(name, kind, public) + signature)}\n".encode()
