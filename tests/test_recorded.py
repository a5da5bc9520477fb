"""Recorded decisions: what is read of them before they are decided again, how they are opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from attest.decision import decide
from attest.encoding import canonical, encode_base64, loads
from attest.envelope import seal
from attest.errors import TrustError
from attest.recorded import open_decision, supersession_of
from tests.world import NOW, World

WORLD = World()
TRUST = WORLD.trust()
DIGEST = "sha256:" + "5" * 64


def decision(*, supersedes: bool, padding: int = 0) -> bytes:
    """The envelope of a decision whose members stand at different places of their base64 group."""
    changes = {"supersedes": DIGEST} if supersedes else {}
    raw = WORLD.submission({**changes, "end_use": "superseded"}, fabricator={})
    statement = loads(decide(raw, trust=WORLD.trust(), at=NOW).payload)
    statement["predicate"]["findings"][0]["says"] += "." * padding
    return seal(canonical(statement), [WORLD.decision_signer])


@pytest.mark.parametrize("padding", range(6))
def test_what_a_decision_supersedes_is_found_wherever_it_stands(padding: int) -> None:
    envelope = decision(supersedes=True, padding=padding)
    assert supersession_of(envelope) == (WORLD.designer.id, DIGEST)
    assert supersession_of(decision(supersedes=False, padding=padding)) is None


def test_a_payload_spelled_with_escapes_is_read_too() -> None:
    envelope = decision(supersedes=True)
    for text in (b"InN1cGVyc2VkZXMi", b"JzdXBlcnNlZGVz", b"ic3VwZXJzZWRl"):
        spelled = envelope.replace(text, b"".join(b"\\u%04x" % letter for letter in text))
        assert loads(spelled, string_bytes_max=2**20) == loads(envelope, string_bytes_max=2**20)
        assert supersession_of(spelled) == (WORLD.designer.id, DIGEST)


def test_what_seems_to_supersede_must_be_a_decision() -> None:
    for payload in (b'"supersedes"', b'{"supersedes":1}'):
        body = canonical({"payload": encode_base64(payload)})
        with pytest.raises(TrustError) as caught:
            supersession_of(body)
        assert caught.value.code == "decision-differs"


def test_an_envelope_is_compared_with_what_it_should_hold() -> None:
    payload = decide(WORLD.submission(fabricator={}), trust=TRUST, at=NOW).payload
    envelope = seal(payload, [WORLD.decision_signer])
    spaced = envelope.replace(b'{"payload"', b'{ "payload"')
    for recorded in (envelope, spaced):
        for expected in (None, payload, payload + b" ", payload[:-3], b""):
            opened = open_decision(recorded, trust=TRUST, at=NOW, expected=expected)
            assert opened == payload


def spoil_the_payload(envelope: bytes) -> bytes:
    return envelope.replace(b'"payload":"eyJ', b'"payload":"eyK', 1)


def spoil_the_signature(envelope: bytes) -> bytes:
    return envelope.replace(b'"sig":"', b'"sig":"AAAA', 1)


def repeat_the_payload(envelope: bytes) -> bytes:
    return envelope[:-1] + b',"payload":"AAAA"}'


def add_a_member(envelope: bytes) -> bytes:
    return envelope[:-1] + b',"x":1}'


def cut(envelope: bytes) -> bytes:
    return envelope[:-1]


def change_the_type(envelope: bytes) -> bytes:
    return envelope.replace(b"in-toto+json", b"in-toto+text", 1)


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_the_payload,
        spoil_the_signature,
        repeat_the_payload,
        add_a_member,
        cut,
        change_the_type,
    ],
)
def test_a_comparison_refuses_what_opening_refuses(spoil: Callable[[bytes], bytes]) -> None:
    payload = decide(WORLD.submission(fabricator={}), trust=TRUST, at=NOW).payload
    envelope = spoil(seal(payload, [WORLD.decision_signer]))
    told = []
    for expected in (None, payload):
        with pytest.raises(TrustError) as caught:
            open_decision(envelope, trust=TRUST, at=NOW, expected=expected)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_decision_signed_for_another_purpose_is_refused() -> None:
    payload = decide(WORLD.submission(fabricator={}), trust=TRUST, at=NOW).payload
    envelope = seal(payload, [WORLD.fabricator.signer])
    with pytest.raises(TrustError) as caught:
        open_decision(envelope, trust=TRUST, at=NOW, expected=payload)
    assert caught.value.code == "key-purpose"
