"""DSSE envelopes: sealing a statement, and opening one (SPEC 2 and 3).

The signed bytes are the pre-authentication encoding of type and body, lengths in bytes:

>>> pae("http://example.com/HelloWorld", b"hello world")
b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'

`open_envelope` returns the statement only when every signature holds: each by another key of the
ring, enrolled for the purpose, not revoked and valid at the instant. Nothing else here returns a
payload.

A signature that is taken away leaves no trace in an envelope. Whoever relies on more than one asks
for it: `require_algorithms` for a classical and a post-quantum signature of the same person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from attest import limits, schemas
from attest.certificates import Subject
from attest.certpath import Anchors, Path, open_path
from attest.encoding import Json, canonical, decode_base64, digest, encode_base64, loads
from attest.errors import InputError, TrustError
from attest.keys import POST_QUANTUM, PublicKey, load_public_key
from attest.models import IN_TOTO_PAYLOAD, EnrolledParty, KeyRecord, Keyset
from attest.signing import Signer

KEYS_TRIED_MAX: Final = 32
"""Without a key hint at most so many keys are tried; a larger ring needs the hint."""


def pae(payload_type: str, body: bytes) -> bytes:
    """The pre-authentication encoding (DSSE protocol 1.0.2)."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def seal(payload: bytes, signers: Sequence[Signer]) -> bytes:
    """Sign a statement's bytes; the result is an envelope as canonical JSON."""
    message = pae(IN_TOTO_PAYLOAD, payload)
    return canonical(
        {
            "payload": encode_base64(payload),
            "payloadType": IN_TOTO_PAYLOAD,
            "signatures": [
                {"keyid": signer.keyid, "sig": encode_base64(signer.sign(message))}
                for signer in signers
            ],
        }
    )


def bundle(envelopes: Sequence[bytes]) -> bytes:
    """Join envelopes to one submission (SPEC 6) as canonical JSON.

    Raises:
        InputError: one of them is not an envelope, or they are too many.
    """
    parsed = [loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX) for raw in envelopes]
    submission = {"v": 1, "envelopes": parsed}
    schemas.validate("submission", submission)
    return canonical(submission)


@dataclass(frozen=True)
class EnrolledKey:
    """A public key, the record that dates it and the party it is bound to.

    `path` are the certificates of the record; without them the keyset alone binds it.
    """

    public: PublicKey
    record: KeyRecord
    party: EnrolledParty
    path: Path | None = None


class Opened(NamedTuple):
    """A statement whose signatures hold.

    `payload` are the bytes as signed, `digest` their statement digest, `signers` the keys in the
    order of the signatures.
    """

    payload: bytes
    digest: str
    signers: tuple[EnrolledKey, ...]


@dataclass(frozen=True)
class KeyRing:
    """The enrolled keys by identifier."""

    keys: Mapping[str, EnrolledKey]

    @staticmethod
    def of(keysets: Iterable[Keyset], anchors: Anchors | None = None) -> KeyRing:
        """Collect the keys of keysets.

        Without `anchors` a key with certificates is collected, but opens nothing.

        Raises:
            InputError: key-malformed, certificate-malformed.
            TrustError: trust-incomplete (a key's identifier is not its digest, two records claim
                one key, or a key is valid on no day); what `open_path` raises, with the places
                of the keyset and of the key.
        """
        keys: dict[str, EnrolledKey] = {}
        for place, keyset in enumerate(keysets):
            for number, record in enumerate(keyset.keys):
                public = load_public_key(record.algorithm, decode_base64(record.public_key))
                if public.keyid != record.keyid:
                    raise TrustError("trust-incomplete", "a keyid is not the digest of its key")
                if public.keyid in keys:
                    raise TrustError("trust-incomplete", "two key records hold one key")
                if record.valid_from > record.valid_until:
                    raise TrustError("trust-incomplete", "a key is valid on no day")
                try:
                    path = _path_of(record, public, keyset.party, anchors)
                except (InputError, TrustError) as error:
                    pointer = f"/keysets/{place}/keys/{number}/certificates"
                    raise type(error)(error.code, error.detail, pointer=pointer) from None
                keys[public.keyid] = EnrolledKey(public, record, keyset.party, path)
        return KeyRing(dict(sorted(keys.items())))

    def candidates(self, hint: str | None) -> Sequence[EnrolledKey]:
        """The keys that may have made a signature; the hint narrows, it proves nothing."""
        if hint is not None:
            return [self.keys[hint]] if hint in self.keys else []
        return list(self.keys.values()) if len(self.keys) <= KEYS_TRIED_MAX else []


def _path_of(
    record: KeyRecord, public: PublicKey, party: EnrolledParty, anchors: Anchors | None
) -> Path | None:
    if record.certificates is None:
        return None
    subject = Subject(
        names=frozenset({party.legal_name, party.name_latin}),
        country=party.country,
        identifiers=frozenset(
            filter(None, (party.lei, *(each.number for each in party.registrations or ())))
        ),
        holder=record.holder.name,
    )
    ders = [decode_base64(each) for each in record.certificates]
    return open_path(ders, spki=public.spki, subject=subject, anchors=anchors)


def open_envelope(
    document: Json, *, ring: KeyRing, at: dt.datetime, purpose: str, payload: bytes | None = None
) -> Opened:
    """Open an envelope that follows its schema.

    Args:
        document: the parsed envelope.
        at: the instant of receipt; keys must be valid then.
        purpose: what the keys must be enrolled for: `statement`, `decision` or `review`.
        payload: the payload, where it is known; the one in the document is then not looked at.

    Raises:
        InputError: base64.
        TrustError: payload-type, unknown-key, bad-signature, signature-repeated, key-purpose,
            key-revoked, key-not-valid-then, and what `Path.check` raises of a key with
            certificates.
    """
    if document["payloadType"] != IN_TOTO_PAYLOAD:
        raise TrustError("payload-type", f"expected {IN_TOTO_PAYLOAD}", pointer="/payloadType")
    if payload is None:
        payload = decode_base64(document["payload"], pointer="/payload", url_safe=True)
    message = pae(IN_TOTO_PAYLOAD, payload)
    signers: dict[str, EnrolledKey] = {}
    for position, signature in enumerate(document["signatures"]):
        pointer = f"/signatures/{position}"
        raw = decode_base64(signature["sig"], pointer=f"{pointer}/sig", url_safe=True)
        key = _signer_of(raw, message, ring.candidates(signature.get("keyid")), pointer)
        if key.public.keyid in signers:
            raise TrustError("signature-repeated", "a key signed before", pointer=pointer)
        if key.record.purpose != purpose:
            raise TrustError("key-purpose", f"not a {purpose} key", pointer=pointer)
        if key.record.revoked is not None:
            raise TrustError("key-revoked", "the key is revoked", pointer=pointer)
        if not key.record.valid_from <= at <= key.record.valid_until:
            raise TrustError("key-not-valid-then", "outside the key's validity", pointer=pointer)
        if key.path is not None:
            key.path.check(at, pointer=pointer)
        signers[key.public.keyid] = key
    return Opened(payload=payload, digest=digest(payload), signers=tuple(signers.values()))


def require_algorithms(opened: Opened, *, classical: bool, post_quantum: bool) -> None:
    """Refuse an envelope unless each person who signed it did so with every kind of key asked for.

    A person is a holder of one party: who can forge one kind of signature of somebody, and takes
    the other away, is not helped by what another person signed.

    Raises:
        TrustError: algorithm-missing.
    """
    kinds: dict[tuple[str, str], set[bool]] = {}
    for key in opened.signers:
        person = (key.party.id, key.record.holder.name)
        kinds.setdefault(person, set()).add(key.public.algorithm in POST_QUANTUM)
    for asked, kind, word in ((classical, False, "classical"), (post_quantum, True, "ML-DSA")):
        if asked and any(kind not in found for found in kinds.values()):
            raise TrustError("algorithm-missing", f"the policy asks everybody for {word} too")


def _signer_of(
    signature: bytes, message: bytes, candidates: Sequence[EnrolledKey], pointer: str
) -> EnrolledKey:
    if not candidates:
        raise TrustError("unknown-key", "no enrolled key matches", pointer=pointer)
    for key in candidates:
        try:
            key.public.check(signature, message)
        except TrustError:
            continue
        return key
    raise TrustError("bad-signature", "the signature does not verify", pointer=pointer)
