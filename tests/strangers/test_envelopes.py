"""`securesystemslib` opens our envelopes: the DSSE code of the project that wrote DSSE."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from attest.envelope import pae, seal
from attest.keys import ECDSA_P256, ED25519, P256_ORDER
from attest.models import DECLARATION_TYPE, IN_TOTO_PAYLOAD
from attest.signing import KeySigner
from tests.world import World, derived_signer, statement

PAYLOAD = statement(DECLARATION_TYPE, World().declaration())
ONE, OTHER = derived_signer("one"), derived_signer("other")
P256 = derived_signer("P-256", ECDSA_P256)


def stranger(signer: KeySigner) -> SSlibKey:
    """The key as they hold it, under our key identifier."""
    key: Any = load_der_public_key(signer.public.spki)
    return SSlibKey.from_crypto(key, keyid=signer.keyid)


def opened(document: Any, *signers: KeySigner) -> bytes:
    """The payload, once as many keys as are given have signed it."""
    envelope = Envelope.from_dict(json.loads(json.dumps(document)))
    accepted = envelope.verify([stranger(signer) for signer in signers], len(signers))
    assert accepted.keys() == {signer.keyid for signer in signers}
    return envelope.payload


def sealed(*signers: KeySigner) -> Any:
    return json.loads(seal(PAYLOAD, signers))


def in_der(document: Any) -> Any:
    """The same signatures, each `r || s` written as DER."""
    for signature in document["signatures"]:
        raw = base64.b64decode(signature["sig"])
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        signature["sig"] = base64.b64encode(encode_dss_signature(r, s)).decode()
    return document


@pytest.mark.parametrize("signers", [(ONE,), (ONE, OTHER)])
def test_ed25519_is_accepted(signers: tuple[KeySigner, ...]) -> None:
    assert all(signer.algorithm == ED25519 for signer in signers)
    assert opened(sealed(*signers), *signers) == PAYLOAD


def test_the_signed_bytes_are_the_same() -> None:
    envelope = Envelope(PAYLOAD, IN_TOTO_PAYLOAD, {})
    assert envelope.pae() == pae(IN_TOTO_PAYLOAD, PAYLOAD)


def test_p256_is_accepted_once_written_as_der() -> None:
    """An expected difference: DSSE's own vector is `r || s`, as ours are; they want DER.

    The numbers are the same, so whoever re-spells them verifies what we signed.
    """
    with pytest.raises(VerificationError):
        opened(sealed(P256), P256)
    assert opened(in_der(sealed(P256)), P256) == PAYLOAD


def test_p256_in_der_may_have_a_high_s_there() -> None:
    """The other expected difference: they accept the second signature that anyone can make."""
    document = sealed(P256)
    raw = base64.b64decode(document["signatures"][0]["sig"])
    high = P256_ORDER - int.from_bytes(raw[32:], "big")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), high)
    document["signatures"][0]["sig"] = base64.b64encode(der).decode()
    assert opened(document, P256) == PAYLOAD


def altered(document: Any, member: str) -> Any:
    target = document["signatures"][0] if member == "sig" else document
    raw = bytearray(base64.b64decode(target[member]))
    raw[40] ^= 1
    target[member] = base64.b64encode(raw).decode()
    return document


@pytest.mark.parametrize("signer", [ONE, P256], ids=["Ed25519", "P-256"])
@pytest.mark.parametrize("member", ["payload", "sig"])
def test_what_is_changed_is_refused(signer: KeySigner, member: str) -> None:
    document = sealed(signer)
    good = in_der(document) if signer is P256 else document
    assert opened(good, signer) == PAYLOAD
    with pytest.raises(VerificationError):
        opened(altered(good, member), signer)


def test_another_type_is_refused() -> None:
    with pytest.raises(VerificationError):
        opened(sealed(ONE) | {"payloadType": "application/json"}, ONE)


def test_another_key_and_too_few_are_refused() -> None:
    document = sealed(ONE)
    document["signatures"][0]["keyid"] = OTHER.keyid
    with pytest.raises(VerificationError):
        opened(document, OTHER)
    with pytest.raises(VerificationError):
        opened(sealed(ONE), ONE, OTHER)
