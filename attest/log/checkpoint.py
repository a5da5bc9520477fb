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

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from attest import limits
from attest.encoding import decode_base64, encode_base64
from attest.errors import InputError, InternalError, LogError
from attest.keys import ED25519, check_ed25519
from attest.log.note import (
    ED25519_NOTE,
    KEY_BYTES,
    ML_DSA_44_COSIGNATURE,
    ML_DSA_44_SIGNATURE_BYTES,
    KeyPair,
    Note,
    NoteKey,
    parse_note,
    parse_vkey,
)
from attest.signing import KeySigner, Signer, private_key_pem, signer_of

_COSIGNATURE_TIME_MAX = 2**63 - 1
_TEXT = re.compile(r"([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,12})\n([A-Za-z0-9+/]{43}=)\n")


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
        self.note_keys()

    def note_keys(self) -> tuple[NoteKey, NoteKey]:
        """The two keys, Ed25519 first."""
        return (
            NoteKey(self.origin, ED25519_NOTE, self.ed25519),
            NoteKey(self.origin, ML_DSA_44_COSIGNATURE, self.ml_dsa_44),
        )

    def vkeys(self) -> tuple[str, str]:
        """The two verifier keys as text, Ed25519 first."""
        ed25519, ml_dsa_44 = self.note_keys()
        return ed25519.vkey, ml_dsa_44.vkey

    @staticmethod
    def parse(lines: Iterable[str]) -> LogKeys:
        """Read the two verifier keys, in either order; empty lines are skipped.

        Raises:
            InputError: key-malformed.
        """
        keys: dict[int, NoteKey] = {}
        for line in lines:
            if not line.strip():
                continue
            key = parse_vkey(line.strip())
            if key.kind in keys:
                raise InputError("key-malformed", "two verifier keys of one type")
            keys[key.kind] = key
        if set(keys) != {ED25519_NOTE, ML_DSA_44_COSIGNATURE}:
            raise InputError(
                "key-malformed", "one Ed25519 and one ML-DSA-44 verifier key are needed"
            )
        ed25519, ml_dsa_44 = keys[ED25519_NOTE], keys[ML_DSA_44_COSIGNATURE]
        if ed25519.name != ml_dsa_44.name:
            raise InputError("key-malformed", "the verifier keys are of two logs")
        return LogKeys(ed25519.name, ed25519.public, ml_dsa_44.public)


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
    if signed_by(parsed, keys.note_keys()) != set(keys.note_keys()):
        raise LogError("checkpoint-signature", "a signature by the log is missing")
    return checkpoint


def signed_by(note: Note, keys: Iterable[NoteKey]) -> set[NoteKey]:
    """Those of a log's keys by which a checkpoint is signed; other signatures are passed over.

    Raises:
        LogError: checkpoint-malformed; checkpoint-signature (one by such a key does not verify).
    """
    checkpoint = parse_checkpoint_text(note.text)
    known = {(key.name, key.identifier): key for key in keys}
    verified = set()
    for name, identifier, signature in note.signatures:
        key = known.get((name, identifier))
        if key is None:
            continue
        try:
            if key.kind == ED25519_NOTE:
                public = Ed25519PublicKey.from_public_bytes(key.public)
                check_ed25519(public, signature, note.text)
            else:
                check_ml_dsa(checkpoint, key, signature)
        except InvalidSignature:
            raise LogError(
                "checkpoint-signature", "a signature by the log does not verify"
            ) from None
        verified.add(key)
    return verified


def check_ml_dsa(checkpoint: Checkpoint, key: NoteKey, signature: bytes) -> int:
    """Verify an ML-DSA-44 cosignature; returns its time, in seconds since 1970.

    Raises:
        InvalidSignature: it does not verify.
    """
    at = int.from_bytes(signature[:8], "big")
    if len(signature) != 8 + ML_DSA_44_SIGNATURE_BYTES or not 0 < at <= _COSIGNATURE_TIME_MAX:
        raise InvalidSignature
    message = cosigned_message(checkpoint, name=key.name, at=at)
    MLDSA44PublicKey.from_public_bytes(key.public).verify(signature[8:], message)
    return at


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
    """The two keys of a log: Ed25519 behind any signer, a token say, and ML-DSA-44 in memory."""

    keys: LogKeys
    _ed25519: Signer
    _ml_dsa_44: MLDSA44PrivateKey

    @staticmethod
    def of(
        origin: str, ed25519: Signer | Ed25519PrivateKey, ml_dsa_44: MLDSA44PrivateKey
    ) -> CheckpointSigner:
        """The signer for these keys.

        Raises:
            InputError: key-malformed (the origin cannot name a key, or the first is not Ed25519).
        """
        signer = signer_of(ed25519) if isinstance(ed25519, Ed25519PrivateKey) else ed25519
        if signer.public.algorithm != ED25519:
            raise InputError("key-malformed", "a log signs with Ed25519 and ML-DSA-44")
        public = signer.public.spki[-KEY_BYTES[ED25519_NOTE] :]
        keys = LogKeys(origin, public, ml_dsa_44.public_key().public_bytes_raw())
        return CheckpointSigner(keys, signer, ml_dsa_44)

    @staticmethod
    def generate(origin: str) -> CheckpointSigner:
        """Make two new keys for a log.

        Raises:
            InputError: key-malformed (the origin cannot name a key).
        """
        pair = KeyPair.generate()
        return CheckpointSigner.of(origin, pair.ed25519, pair.ml_dsa_44)

    @staticmethod
    def from_pem(
        origin: str, pems: tuple[bytes, bytes], passphrase: bytes | None
    ) -> CheckpointSigner:
        """Open the pair of files that `to_pem` writes.

        Raises:
            InputError: passphrase, key-malformed.
        """
        pair = KeyPair.from_pem(pems, passphrase)
        return CheckpointSigner.of(origin, pair.ed25519, pair.ml_dsa_44)

    def to_pem(self, passphrase: bytes | None) -> tuple[bytes, bytes]:
        """Both keys as PKCS#8 PEM, Ed25519 first, encrypted unless the passphrase is None.

        Raises:
            InputError: key-malformed (the Ed25519 key is elsewhere).
        """
        if not isinstance(self._ed25519, KeySigner):
            raise InputError("key-malformed", "the log's Ed25519 key is not in memory")
        return self._ed25519.to_pem(passphrase), private_key_pem(self._ml_dsa_44, passphrase)

    def sign(self, *, size: int, root: bytes, at: dt.datetime) -> bytes:
        """The checkpoint as a signed note. Only a size and root that are committed may be signed.

        Raises:
            InternalError: internal (an instant before 1970, which cannot be written).
            RemoteError: signer (a token or command did not sign).
        """
        seconds = int(at.timestamp())
        if seconds < 1:
            raise InternalError("internal", "a checkpoint cannot be dated before 1970")
        checkpoint = Checkpoint(origin=self.keys.origin, size=size, root=root)
        text = format_checkpoint(checkpoint)
        message = cosigned_message(checkpoint, name=checkpoint.origin, at=seconds)
        ed25519, ml_dsa_44 = self.keys.note_keys()
        return b"".join(
            (
                text,
                b"\n",
                ed25519.line(self._ed25519.sign(text)),
                ml_dsa_44.line(seconds.to_bytes(8, "big") + self._ml_dsa_44.sign(message)),
            )
        )
