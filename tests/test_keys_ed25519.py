"""The acceptance rule for Ed25519 (SPEC 2.2) on signatures made to fall between libraries."""

from __future__ import annotations

import dataclasses
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest import keys
from attest.errors import AttestError, LogError, TrustError
from attest.log.checkpoint import CheckpointSigner, open_checkpoint, parse_checkpoint_text
from attest.log.cosignature import CosignatureSigner, cosignatures
from attest.log.note import ED25519_COSIGNATURE, NoteKey, parse_note
from tests import edwards
from tests.edwards import L, Signed, sign
from tests.log.sample import NOON, ORIGIN

SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")


def refusal_of(signed: Signed) -> str | None:
    """The code with which the key or the signature is refused; None when it is accepted."""
    try:
        key = keys.load_public_key(keys.ED25519, SPKI_PREFIX + signed.key)
        key.check(signed.signature, signed.message)
    except AttestError as error:
        return error.code
    return None


def with_s(signed: Signed, add: int) -> Signed:
    s = int.from_bytes(signed.signature[32:], "little") + add
    return dataclasses.replace(signed, signature=signed.signature[:32] + s.to_bytes(32, "little"))


def test_the_curve_is_edwards25519() -> None:
    """RFC 8032, section 7.1, test 1: key and signature of the empty message."""
    assert edwards.times(L, edwards.BASE) == edwards.ZERO
    assert edwards.times(8, edwards.TORSION) == edwards.ZERO
    assert len(set(edwards.SMALL_ORDER)) == 8
    signed = Signed(
        bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        b"",
    )
    assert edwards.accepts(signed)
    assert refusal_of(signed) is None


def test_a_plain_signature_is_accepted() -> None:
    assert refusal_of(sign(b"message")) is None


@pytest.mark.parametrize("index", range(8))
def test_a_key_of_small_order_is_refused(index: int) -> None:
    """Under such a key one signature holds for an eighth of all messages, or for all."""
    r = edwards.times(11, edwards.BASE)
    signature = edwards.encode(r) + (11).to_bytes(32, "little")
    key = edwards.encode(edwards.SMALL_ORDER[index])
    assert refusal_of(Signed(key, signature, b"message")) == "key-malformed"


@pytest.mark.parametrize("y", [edwards.P, edwards.P + 1, edwards.P + 3, 2**255 - 1])
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_a_key_with_two_spellings_is_refused(y: int, sign_bit: int) -> None:
    key = (y | sign_bit << 255).to_bytes(32, "little")
    assert refusal_of(Signed(key, bytes(64), b"message")) == "key-malformed"


@pytest.mark.parametrize("index", range(8))
def test_a_nonce_of_small_order_is_refused(index: int) -> None:
    """The equation holds here; verifiers differ on it, so the rule says no."""
    for number in count():
        signed = sign(b"%d" % number, nonce=0, nonce_part=index, key_part=1)
        k = edwards.challenge(signed.signature[:32], signed.key, signed.message)
        if (index + k) % 8 == 0:
            break
    assert refusal_of(signed) == "bad-signature"
    assert refusal_of(sign(signed.message, nonce=0)) == "bad-signature"
    assert not edwards.accepts(signed)


@pytest.mark.parametrize("odd", [0, 1])
@pytest.mark.parametrize("y", [edwards.P, edwards.P + 1, 1, edwards.P - 1])
def test_a_nonce_with_two_spellings_is_refused(y: int, odd: int) -> None:
    """The points of y = 0, 1 and -1 spelt otherwise: the equation holds for the point."""
    (index,) = [
        index
        for index, point in enumerate(edwards.SMALL_ORDER)
        if point[1] == y % edwards.P and (point[0] & 1 == odd or point[0] == 0)
    ]
    r = (y | odd << 255).to_bytes(32, "little")
    key = edwards.encode(edwards.add(edwards.times(7, edwards.BASE), edwards.TORSION))
    for number in count():
        k = edwards.challenge(r, key, b"%d" % number)
        if (index + k) % 8 == 0:
            break
    signature = r + (k * 7 % L).to_bytes(32, "little")
    assert refusal_of(Signed(key, signature, b"%d" % number)) == "bad-signature"


@pytest.mark.parametrize("times", [1, 2, 8])
def test_s_is_below_the_order(times: int) -> None:
    signed = sign(b"message")
    assert refusal_of(with_s(signed, times * L)) == "bad-signature"


@pytest.mark.parametrize(("key_part", "nonce_part"), [(1, 0), (2, 4), (4, 4), (5, 3), (1, 7)])
def test_points_of_mixed_order_are_settled_by_the_equation_without_cofactor(
    key_part: int, nonce_part: int
) -> None:
    """Of one key both: messages where a cofactor makes no difference, and where it would."""
    seen = set()
    for number in range(64):
        signed = sign(b"%d" % number, key_part=key_part, nonce_part=nonce_part)
        k = edwards.challenge(signed.signature[:32], signed.key, signed.message)
        holds = (nonce_part + k * key_part) % 8 == 0
        assert refusal_of(signed) == (None if holds else "bad-signature")
        seen.add(holds)
    assert seen == {True, False}


def test_a_nonce_of_mixed_order_under_a_plain_key_never_holds() -> None:
    for nonce_part in range(1, 8):
        assert refusal_of(sign(b"message", nonce_part=nonce_part)) == "bad-signature"


@settings(max_examples=100)
@given(
    message=st.binary(max_size=40),
    secret=st.integers(0, L - 1),
    nonce=st.just(0) | st.integers(0, L - 1),
    key_part=st.integers(0, 7),
    nonce_part=st.integers(0, 7),
    more=st.sampled_from([0, 0, 0, 1, L]),
)
def test_the_rule_as_written_and_as_run_agree(
    message: bytes, secret: int, nonce: int, key_part: int, nonce_part: int, more: int
) -> None:
    signed = with_s(
        sign(message, secret=secret, nonce=nonce, key_part=key_part, nonce_part=nonce_part), more
    )
    assert (refusal_of(signed) is None) == edwards.accepts(signed)


def test_checkpoints_and_cosignatures_follow_the_same_rule() -> None:
    """A nonce of small order under an honest kind of key, in both lines of a note."""
    log, witness = CheckpointSigner.generate(ORIGIN), CosignatureSigner.generate("w.example.org")
    note = log.sign(size=3, root=bytes(32), at=NOON)
    text = parse_note(note).text
    assert parse_checkpoint_text(text).size == 3
    weak = sign(text, nonce=0)
    keys_of_log = dataclasses.replace(log.keys, ed25519=weak.key)
    lines = note.splitlines(keepends=True)
    lines[4] = keys_of_log.note_keys()[0].line(weak.signature)
    with pytest.raises(LogError) as caught:
        open_checkpoint(b"".join(lines), keys=keys_of_log)
    assert caught.value.code == "checkpoint-signature"
    lines[4] = keys_of_log.note_keys()[0].line(sign(text).signature)
    assert open_checkpoint(b"".join(lines), keys=keys_of_log).size == 3

    time = int(NOON.timestamp())
    message = b"cosignature/v1\ntime %d\n" % time + text
    key = NoteKey(witness.name, ED25519_COSIGNATURE, weak.key)
    for nonce, holds in ((11, True), (0, False)):
        line = key.line(time.to_bytes(8, "big") + sign(message, nonce=nonce).signature)
        if holds:
            assert [each.at for each in cosignatures(note + line, [key])] == [time]
            continue
        with pytest.raises(LogError) as caught:
            cosignatures(note + line, [key])
        assert caught.value.code == "checkpoint-signature"


def test_the_length_is_exact() -> None:
    signed = sign(b"message")
    key = keys.load_public_key(keys.ED25519, SPKI_PREFIX + signed.key)
    for raw in (b"", signed.signature[:32], signed.signature[:63], signed.signature + b"\0"):
        with pytest.raises(TrustError) as caught:
            key.check(raw, signed.message)
        assert caught.value.code == "bad-signature"
