"""Envelopes: who may sign what, when, and what happens to every tampered one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from attest import encoding, envelope
from attest.encoding import Json
from attest.errors import AttestError, InputError, TrustError
from attest.keys import ECDSA_P256, ED25519, load_public_key
from attest.models import IN_TOTO_PAYLOAD, Keyset, parse
from attest.signing import KeySigner
from tests.world import NOW, derived_signer, key_record

PAYLOAD = b'{"_type":"example"}'
SIGNER = derived_signer("envelope")
SECOND = derived_signer("envelope second", ECDSA_P256)


def ring_of(*records: dict[str, Json]) -> envelope.KeyRing:
    """A ring of one party with these key records."""
    party = {
        "id": "tianqiu",
        "legal_name": "Tianqiu",
        "name_latin": "Tianqiu",
        "country": "US",
        "roles": ["designer"],
    }
    return envelope.KeyRing.of([parse(Keyset, {"v": 1, "party": party, "keys": list(records)})])


RING = ring_of(key_record(SIGNER), key_record(SECOND))


def sealed(*signers: KeySigner) -> Any:
    """A parsed envelope over the payload."""
    return encoding.loads(envelope.seal(PAYLOAD, signers or [SIGNER]))


def opened(
    document: Json, ring: envelope.KeyRing = RING, at: dt.datetime = NOW, purpose: str = "statement"
) -> envelope.Opened:
    """Open with the defaults of these tests."""
    return envelope.open_envelope(document, ring=ring, at=at, purpose=purpose)


def refusal(document: Json, **options: Any) -> tuple[str, str | None]:
    """The code and pointer with which an envelope is refused."""
    with pytest.raises(AttestError) as caught:
        opened(document, **options)
    return caught.value.code, caught.value.pointer


def test_opening_returns_what_was_signed() -> None:
    """One or two signatures, the bytes as signed, the keys in order."""
    one, two = opened(sealed()), opened(sealed(SECOND, SIGNER))
    assert one.payload == two.payload == PAYLOAD
    assert one.digest == encoding.digest(PAYLOAD)
    assert [key.public.keyid for key in two.signers] == [SECOND.keyid, SIGNER.keyid]
    assert one.signers[0].party.id == "tianqiu"


def test_the_key_hint_proves_nothing() -> None:
    """Without a hint the key is found; a hint to another key or to none at all is refused."""
    document = sealed()
    del document["signatures"][0]["keyid"]
    assert opened(document).signers[0].public.keyid == SIGNER.keyid
    document["signatures"][0]["keyid"] = SECOND.keyid
    assert refusal(document) == ("bad-signature", "/signatures/0")
    document["signatures"][0]["keyid"] = "sha256:" + "0" * 64
    assert refusal(document) == ("unknown-key", "/signatures/0")


def test_a_large_ring_needs_the_hint() -> None:
    """Nobody can make us try thousands of keys."""
    others = [key_record(derived_signer(f"other {n}")) for n in range(envelope.KEYS_TRIED_MAX - 1)]
    exactly = ring_of(key_record(SIGNER), *others)
    document = sealed()
    del document["signatures"][0]["keyid"]
    assert opened(document, ring=exactly).payload == PAYLOAD
    over = ring_of(key_record(SIGNER), *others, key_record(SECOND))
    assert refusal(document, ring=over) == ("unknown-key", "/signatures/0")
    assert opened(sealed(), ring=over).payload == PAYLOAD


@pytest.mark.parametrize("alphabet", ["standard", "url-safe"])
def test_both_base64_alphabets(alphabet: str) -> None:
    """DSSE demands that readers take both."""
    document = sealed()
    if alphabet == "url-safe":
        for place in (document, document["signatures"][0]):
            for name in ("payload", "sig"):
                if name in place:
                    place[name] = place[name].translate(str.maketrans("+/", "-_"))
    assert opened(document).payload == PAYLOAD


def test_every_changed_part_is_refused() -> None:
    """Payload, type, signature: each change has its code and place."""
    changed = encoding.encode_base64(PAYLOAD.replace(b"e", b"f"))
    assert refusal(sealed() | {"payload": changed}) == ("bad-signature", "/signatures/0")
    assert refusal(sealed() | {"payloadType": "text/plain"}) == ("payload-type", "/payloadType")
    assert refusal(sealed() | {"payload": "?"}) == ("base64", "/payload")
    document = sealed(SIGNER, SECOND)
    for position in (0, 1):
        broken = json.loads(json.dumps(document))
        raw = bytearray(encoding.decode_base64(broken["signatures"][position]["sig"]))
        raw[10] ^= 1
        broken["signatures"][position]["sig"] = encoding.encode_base64(bytes(raw))
        assert refusal(broken) == ("bad-signature", f"/signatures/{position}")


def test_extra_signatures_are_refused() -> None:
    """Neither a stranger's signature nor a second one by the same key is passed over."""
    stranger = derived_signer("stranger")
    assert refusal(sealed(SIGNER, stranger)) == ("unknown-key", "/signatures/1")
    assert refusal(sealed(SIGNER, SIGNER)) == ("signature-repeated", "/signatures/1")
    assert refusal(sealed(stranger)) == ("unknown-key", "/signatures/0")


def test_a_signature_does_not_move_between_types_of_payload() -> None:
    """The type is part of what is signed: a signature over another type does not hold here."""
    message = envelope.pae("application/json", PAYLOAD)
    document = sealed()
    document["signatures"][0]["sig"] = encoding.encode_base64(SIGNER.sign(message))
    assert refusal(document) == ("bad-signature", "/signatures/0")


@pytest.mark.parametrize("purpose", ["decision", "review"])
def test_a_key_has_one_purpose(purpose: str) -> None:
    """A statement key opens no decision or review."""
    assert refusal(sealed(), purpose=purpose) == ("key-purpose", "/signatures/0")


def test_validity_to_the_second() -> None:
    """Both ends are inside; one second outside is refused."""
    first, last = "2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"
    ring = ring_of(key_record(SIGNER, valid=(first, last)))
    second = dt.timedelta(seconds=1)
    start, end = encoding.parse_instant(first), encoding.parse_instant(last)
    assert opened(sealed(), ring=ring, at=start).payload == PAYLOAD
    assert opened(sealed(), ring=ring, at=end).payload == PAYLOAD
    for at in (start - second, end + second):
        code = refusal(sealed(), ring=ring, at=at)
        assert code == ("key-not-valid-then", "/signatures/0")


def test_the_algorithm_is_the_key_records() -> None:
    """A record that names another algorithm than its key has is refused when the ring is made."""
    record = key_record(SIGNER) | {"algorithm": ECDSA_P256}
    with pytest.raises(InputError) as caught:
        ring_of(record)
    assert caught.value.code == "key-malformed"


def test_a_ring_refuses_wrong_and_repeated_records() -> None:
    """A keyid is the digest of its key, a key stands once, and it is valid at some instant."""
    for records in [
        [key_record(SIGNER) | {"keyid": SECOND.keyid}],
        [key_record(SIGNER), key_record(SIGNER, "review")],
        [key_record(SIGNER, valid=("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"))],
    ]:
        with pytest.raises(TrustError) as caught:
            ring_of(*records)
        assert caught.value.code == "trust-incomplete"


@pytest.mark.parametrize("algorithm", [ED25519, ECDSA_P256])
def test_sealed_bytes_are_canonical(algorithm: str) -> None:
    """What we seal is canonical JSON, so that a copy can be compared."""
    raw = envelope.seal(PAYLOAD, [derived_signer("canonical", algorithm)])
    assert encoding.canonical(encoding.loads(raw)) == raw
    assert encoding.loads(raw)["payloadType"] == IN_TOTO_PAYLOAD


def test_public_dsse_vector(shared_dir: Path) -> None:
    """The encoding and the P-256 signature of the DSSE protocol text."""
    vector = json.loads((shared_dir / "vectors/dsse/protocol_vector.json").read_bytes())
    body = vector["serialized_body_utf8"].encode()
    message = envelope.pae(vector["payload_type"], body)
    assert message.hex() == vector["pae_hex"]
    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
    point = bytes.fromhex("04" + vector["test_key"]["x_hex"] + vector["test_key"]["y_hex"])
    key = load_public_key(ECDSA_P256, prefix + point)
    signature = encoding.decode_base64(vector["signature_b64"])
    key.check(signature, message)
    with pytest.raises(TrustError) as caught:
        key.check(signature, message + b"x")
    assert caught.value.code == "bad-signature"
