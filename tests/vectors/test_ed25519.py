"""Wycheproof and CCTV on Ed25519: every vector held to the acceptance rule of SPEC 2.2."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from attest import keys
from attest.errors import InputError, TrustError
from tests.edwards import Signed, accepts

SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")

REFUSED_BY_THE_RULE = {
    "non_canonical_A": "the key has two spellings",
    "low_order_A": "the key is of small order",
    "non_canonical_R": "R has two spellings",
    "low_order_R": "R is of small order",
    "low_order_residue": "the equation holds with the cofactor only",
    "reencoded_k": "k is taken over other bytes than those sent",
}
"""Flags of CCTV that the rule refuses; a component of small order in A or R is none of them."""


def accepted(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        keys.load_public_key(keys.ED25519, SPKI_PREFIX + key).check(signature, message)
    except (InputError, TrustError):
        return False
    return True


def test_cctv(shared_dir: Path) -> None:
    """914 signatures on which libraries differ: flags, rule and library say one thing."""
    vectors = json.loads((shared_dir / "vectors/cctv-ed25519/ed25519vectors.json").read_bytes())
    verdicts = Counter[bool]()
    reasons = Counter[str]()
    for vector in vectors:
        flags = set(vector["flags"] or [])
        refused_for = flags & REFUSED_BY_THE_RULE.keys()
        signed = Signed(
            bytes.fromhex(vector["key"]), bytes.fromhex(vector["sig"]), vector["msg"].encode()
        )
        found = accepted(signed.key, signed.signature, signed.message)
        assert (found, accepts(signed)) == (not refused_for,) * 2, vector["number"]
        verdicts[found] += 1
        reasons.update(refused_for)
    assert verdicts == {True: 43, False: 871}
    assert reasons.keys() == REFUSED_BY_THE_RULE.keys()


def test_cctv_keys(shared_dir: Path) -> None:
    """A key that is refused is refused when it is loaded, whatever the signature."""
    vectors = json.loads((shared_dir / "vectors/cctv-ed25519/ed25519vectors.json").read_bytes())
    loaded = Counter[bool]()
    for vector in vectors:
        try:
            keys.load_public_key(keys.ED25519, SPKI_PREFIX + bytes.fromhex(vector["key"]))
            loads = True
        except InputError:
            loads = False
        assert loads == (not {"low_order_A", "non_canonical_A"} & set(vector["flags"] or []))
        loaded[loads] += 1
    assert sum(loaded.values()) == 914
    assert loaded[False] > 0


def test_wycheproof(shared_dir: Path) -> None:
    """151 signatures, none of them on a point of small order: our verdict is theirs."""
    document: Any = json.loads((shared_dir / "vectors/wycheproof/ed25519_test.json").read_bytes())
    verdicts = Counter[str]()
    for group in document["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        assert group["publicKeyDer"] == (SPKI_PREFIX + key).hex()
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            found = "valid" if accepted(key, signature, message) else "invalid"
            assert found == case["result"], (case["tcId"], case["comment"])
            verdicts[found] += 1
    assert verdicts == {"valid": 88, "invalid": 63}
