"""What a walk reads of a recorded decision before it is decided again."""

from __future__ import annotations

import pytest

from attest.decision import decide
from attest.encoding import canonical, encode_base64, loads
from attest.envelope import seal
from attest.errors import TrustError
from attest.walk import _supersession_of
from tests.world import NOW, World

WORLD = World()
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
    assert _supersession_of(envelope) == (WORLD.designer.id, DIGEST)
    assert _supersession_of(decision(supersedes=False, padding=padding)) is None


def test_a_payload_spelled_with_escapes_is_read_too() -> None:
    envelope = decision(supersedes=True)
    for text in (b"InN1cGVyc2VkZXMi", b"JzdXBlcnNlZGVz", b"ic3VwZXJzZWRl"):
        spelled = envelope.replace(text, b"".join(b"\\u%04x" % letter for letter in text))
        assert loads(spelled, string_bytes_max=2**20) == loads(envelope, string_bytes_max=2**20)
        assert _supersession_of(spelled) == (WORLD.designer.id, DIGEST)


def test_what_seems_to_supersede_must_be_a_decision() -> None:
    for payload in (b'"supersedes"', b'{"supersedes":1}'):
        body = canonical({"payload": encode_base64(payload)})
        with pytest.raises(TrustError) as caught:
            _supersession_of(body)
        assert caught.value.code == "decision-differs"
