"""Two kinds of signature on one envelope: a classical one and one by an ML-DSA key."""

from __future__ import annotations

from itertools import permutations

import pytest

from attest import encoding, envelope, keys
from attest.decision import decide
from attest.encoding import Json
from attest.envelope import KeyRing, Opened, require_algorithms
from attest.errors import TrustError
from attest.models import DECLARATION_TYPE, Keyset, parse
from attest.signing import KeySigner
from tests.world import NOW, World, derived_signer, key_record, statement

PAYLOAD = b'{"_type":"example"}'
MEI, MEI_PQ = derived_signer("mei"), derived_signer("mei pq", keys.ML_DSA_65)
WEI, WEI_PQ = derived_signer("wei", keys.ECDSA_P384), derived_signer("wei pq", keys.ML_DSA_44)
NAMESAKE_PQ = derived_signer("namesake pq", keys.ML_DSA_65)


def keyset(party: str, *records: dict[str, Json]) -> Keyset:
    about = {"id": party, "legal_name": party, "name_latin": party, "country": "US"}
    return parse(Keyset, {"v": 1, "party": {**about, "roles": ["designer"]}, "keys": list(records)})


RING = KeyRing.of(
    [
        keyset(
            "tianqiu",
            key_record(MEI, holder="Mei"),
            key_record(MEI_PQ, holder="Mei"),
            key_record(WEI, holder="Wei"),
            key_record(WEI_PQ, holder="Wei"),
        ),
        keyset("another", key_record(NAMESAKE_PQ, holder="Mei")),
    ]
)


def opened(*signers: KeySigner) -> Opened:
    document = encoding.loads(envelope.seal(PAYLOAD, signers))
    return envelope.open_envelope(document, ring=RING, at=NOW, purpose="statement")


def missing(found: Opened, *, classical: bool = True, post_quantum: bool = True) -> bool:
    """Whether the policy refuses an opened envelope."""
    try:
        require_algorithms(found, classical=classical, post_quantum=post_quantum)
    except TrustError as error:
        return error.code == "algorithm-missing"
    return False


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_key_of_every_algorithm_opens_an_envelope(algorithm: str) -> None:
    signer = derived_signer("one of each", algorithm)
    ring = KeyRing.of([keyset("tianqiu", key_record(signer))])
    document = encoding.loads(envelope.seal(PAYLOAD, [signer]))
    found = envelope.open_envelope(document, ring=ring, at=NOW, purpose="statement")
    assert found.signers[0].public.algorithm == algorithm
    del document["signatures"][0]["keyid"]
    assert envelope.open_envelope(document, ring=ring, at=NOW, purpose="statement") == found


def test_both_must_verify() -> None:
    """A false ML-DSA signature is not passed over for the sake of the classical one."""
    document = encoding.loads(envelope.seal(PAYLOAD, [MEI, MEI_PQ]))
    for position, other in ((0, WEI), (1, WEI_PQ)):
        raw = bytearray(encoding.decode_base64(document["signatures"][position]["sig"]))
        raw[40] ^= 1
        swapped = other.sign(envelope.pae(document["payloadType"], PAYLOAD))
        for sig in (bytes(raw), swapped):
            signatures = [dict(each) for each in document["signatures"]]
            signatures[position]["sig"] = encoding.encode_base64(sig)
            with pytest.raises(TrustError) as caught:
                envelope.open_envelope(
                    {**document, "signatures": signatures}, ring=RING, at=NOW, purpose="statement"
                )
            assert caught.value.code == "bad-signature"
            assert caught.value.pointer == f"/signatures/{position}"


@pytest.mark.parametrize(("named", "signing"), list(permutations([MEI, MEI_PQ, WEI, WEI_PQ], 2)))
def test_a_signature_of_another_algorithm_under_a_keyid_is_refused(
    named: KeySigner, signing: KeySigner
) -> None:
    """The algorithm is that of the key record, whatever the signature looks like."""
    document = encoding.loads(envelope.seal(PAYLOAD, [signing]))
    document["signatures"][0]["keyid"] = named.keyid
    with pytest.raises(TrustError) as caught:
        envelope.open_envelope(document, ring=RING, at=NOW, purpose="statement")
    assert caught.value.code == "bad-signature"


def test_a_signature_that_was_taken_away_is_noticed_by_who_asks() -> None:
    both = opened(MEI, MEI_PQ)
    assert [key.public.algorithm for key in both.signers] == ["ed25519", "ml-dsa-65"]
    assert not missing(both)
    assert not missing(opened(MEI_PQ, MEI))
    for left in (MEI, MEI_PQ):
        assert missing(opened(left))
    assert not missing(opened(MEI), post_quantum=False)
    assert missing(opened(MEI), classical=False)
    assert not missing(opened(MEI_PQ), classical=False)
    assert missing(opened(MEI_PQ), post_quantum=False)
    assert not missing(opened(MEI), classical=False, post_quantum=False)


def test_every_person_signs_with_both() -> None:
    """Neither another person of the party nor a namesake of another party makes up for it."""
    assert not missing(opened(MEI, MEI_PQ, WEI, WEI_PQ))
    for left_out in (MEI, MEI_PQ, WEI, WEI_PQ):
        rest = [signer for signer in (MEI, MEI_PQ, WEI, WEI_PQ) if signer != left_out]
        assert missing(opened(*rest))
    assert missing(opened(MEI, WEI_PQ))
    assert missing(opened(MEI, NAMESAKE_PQ))


def test_a_declaration_with_both_signatures_is_decided() -> None:
    """The decision names both keys; with one of the signatures false, it refuses."""
    world = World()
    second = derived_signer("designer pq", keys.ML_DSA_65)
    world.designer.extra_keys.append(key_record(second))
    declared = statement(DECLARATION_TYPE, world.declaration())
    sealed = envelope.seal(declared, [world.designer.signer, second])
    decided = decide(envelope.bundle([sealed]), trust=world.trust(), at=NOW)
    predicate = encoding.loads(decided.payload)["predicate"]
    assert "refusal" not in predicate
    assert [each["keyid"] for each in predicate["statements"][0]["signers"]] == [
        world.designer.signer.keyid,
        second.keyid,
    ]
    document = encoding.loads(sealed)
    document["signatures"][1]["sig"] = encoding.encode_base64(second.sign(b"other"))
    decided = decide(envelope.bundle([encoding.canonical(document)]), trust=world.trust(), at=NOW)
    assert encoding.loads(decided.payload)["predicate"]["refusal"]["code"] == "bad-signature"
