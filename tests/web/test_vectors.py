"""Signatures on which libraries differ: the page judges them as SPEC 2.2 and the library do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from attest.encoding import encode_base64
from attest.errors import InputError, TrustError
from attest.keys import CURVES, ECDSA_P256, ED25519, load_public_key
from attest.signing import signer_of
from tests import edwards
from tests.vectors.test_ecdsa import integers_of, raw_of
from tests.web.chromium import Page
from tests.world import derived_signer

ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
LEVELS: dict[int, type[MLDSA44PrivateKey | MLDSA65PrivateKey]] = {
    44: MLDSA44PrivateKey,
    65: MLDSA65PrivateKey,
}
PUBLIC: dict[int, type[MLDSA44PublicKey | MLDSA65PublicKey]] = {
    44: MLDSA44PublicKey,
    65: MLDSA65PublicKey,
}
LOW_ORDER = [bytes(32), b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"]
ASK = """(async () => {
  const { load, holds, signed } = ALGORITHMS[%s], found = [];
  const bytes = (text) => (text ? base64(text) : new Uint8Array());
  for (const [key, signature, message] of %s) {
    const judged = async () => bytes(signature).length === signed
      && holds(await load(bytes(key)), bytes(signature), bytes(message));
    found.push(await judged().catch(() => false));
  }
  return found;
})()"""
Signed = tuple[bytes, bytes, bytes]
"""A key without the DER before it, a signature, a message."""


def judged(page: Page, algorithm: str, signed: list[Signed]) -> list[bool]:
    """What the page says of signatures."""
    encoded = [[encode_base64(each) for each in one] for one in signed]
    return list(page.run(ASK % (json.dumps(algorithm), json.dumps(encoded))))


def accepted(algorithm: str, spki: bytes, signature: bytes, message: bytes) -> bool:
    """What the library says of a signature."""
    try:
        load_public_key(algorithm, spki).check(signature, message)
    except (InputError, TrustError):
        return False
    return True


def accepted_ed25519(signed: Signed) -> bool:
    return accepted(ED25519, ED25519_PREFIX + signed[0], signed[1], signed[2])


def test_second_spellings_and_small_orders(page: Page) -> None:
    signer, message = derived_signer("a signer"), b"message"
    key, good = signer.public.spki[-32:], signer.sign(message)
    s = int.from_bytes(good[32:], "little") + edwards.L
    signed = [
        (key, good, message),
        (key, good, b"other"),
        (key, good[:32] + s.to_bytes(32, "little"), message),
        (key, good + b"\0", message),
        (key, good[:-1], message),
        *((low, low + bytes(32), message) for low in LOW_ORDER),
        *((key, low + good[32:], message) for low in LOW_ORDER),
        (b"\xff" * 32, good, message),
    ]
    found = judged(page, ED25519, signed)
    assert found == [True] + [False] * (len(signed) - 1)
    assert found == [accepted_ed25519(each) for each in signed]


def test_components_of_small_order(page: Page) -> None:
    """Signatures that hold with the cofactor; the rule is the check without it."""
    signed = [
        edwards.sign(b"message", key_part=key_part, nonce_part=nonce_part)
        for key_part in range(8)
        for nonce_part in range(8)
    ]
    found = judged(page, ED25519, [(each.key, each.signature, each.message) for each in signed])
    assert found == [edwards.accepts(each) for each in signed]
    assert set(found) == {True, False}


@pytest.mark.parametrize("algorithm", CURVES)
def test_ecdsa_has_one_spelling(page: Page, algorithm: str) -> None:
    curve, message = CURVES[algorithm], b"message"
    signer = signer_of(ec.generate_private_key(curve.curve))
    good, size, order = signer.sign(message), curve.number_bytes, curve.order
    r, s = int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")
    pairs = [(r, s), (r, order - s), (0, s), (r, 0), (order, s), (s, r)]
    spellings = [b"".join(each.to_bytes(size, "big") for each in pair) for pair in pairs]
    key = signer.public.spki[-2 * size - 1 :]
    signed = [(key, each, message) for each in (*spellings, good[1:], good + b"\0")]
    found = judged(page, algorithm, signed)
    assert found == [True] + [False] * 7
    assert found == [
        accepted(algorithm, signer.public.spki, each, message) for _, each, _ in signed
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_ml_dsa_under_no_context(page: Page, level: int) -> None:
    private = LEVELS[level].generate()
    key, good = private.public_key().public_bytes_raw(), private.sign(b"message")
    other = private.sign(b"message", b"context")
    signed = [
        (key, good, b"message"),
        (key, good, b"other"),
        (key, other, b"message"),
        (key, b"", b""),
        (key, good + b"\0", b"message"),
    ]
    assert judged(page, f"ml-dsa-{level}", signed) == [True] + [False] * 4


def test_ed25519_vectors_are_judged_alike(page: Page, shared_dir: Path) -> None:
    """CCTV, 914 on which libraries differ, and Wycheproof."""
    folder = shared_dir / "vectors"
    signed = [
        (bytes.fromhex(each["key"]), bytes.fromhex(each["sig"]), each["msg"].encode())
        for each in json.loads((folder / "cctv-ed25519/ed25519vectors.json").read_bytes())
    ]
    for group in json.loads((folder / "wycheproof/ed25519_test.json").read_bytes())["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        signed += [
            (key, bytes.fromhex(each["sig"]), bytes.fromhex(each["msg"])) for each in group["tests"]
        ]
    found = judged(page, ED25519, signed)
    assert found == [accepted_ed25519(each) for each in signed]
    assert Counter(found) == {True: 43 + 88, False: 871 + 63}


def test_p256_vectors_are_judged_alike(page: Page, shared_dir: Path) -> None:
    path = shared_dir / "vectors/wycheproof/ecdsa_secp256r1_sha256_test.json"
    signed, wanted = [], []
    for group in json.loads(path.read_bytes())["testGroups"]:
        spki = bytes.fromhex(group["publicKeyDer"])
        for case in group["tests"]:
            integers = integers_of(bytes.fromhex(case["sig"]))
            if integers is None or max(integers) >= 1 << 256:
                continue
            one = (spki[-65:], raw_of(*integers), bytes.fromhex(case["msg"]))
            signed.append(one)
            wanted.append(accepted(ECDSA_P256, spki, one[1], one[2]))
    assert judged(page, ECDSA_P256, signed) == wanted
    assert Counter(wanted) == {True: 103, False: 146}


@pytest.mark.parametrize("level", LEVELS)
def test_ml_dsa_vectors_are_judged_alike(page: Page, shared_dir: Path, level: int) -> None:
    path = shared_dir / f"vectors/wycheproof/mldsa_{level}_verify_test.json"
    signed, wanted = [], []
    for group in json.loads(path.read_bytes())["testGroups"]:
        key = bytes.fromhex(group["publicKey"])
        for case in group["tests"]:
            one = (key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            signed.append(one)
            wanted.append(ml_dsa_holds(level, one))
    assert judged(page, f"ml-dsa-{level}", signed) == wanted
    assert set(wanted) == {True, False}


def ml_dsa_holds(level: int, signed: Signed) -> bool:
    """What the library says; the vectors hold raw keys of wrong lengths too."""
    try:
        PUBLIC[level].from_public_bytes(signed[0]).verify(signed[1], signed[2])
    except (ValueError, InvalidSignature):
        return False
    return True
