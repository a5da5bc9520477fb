"""Wycheproof on ECDSA P-256 with SHA-256, re-spelt from DER to the `r || s` of SPEC 2.2."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from attest import keys
from attest.errors import TrustError
from attest.keys import P256_ORDER

HIGH = "refused for a high s, its low twin accepted"
NOT_DER = "cannot be said: not DER of two integers from 0 on"
TOO_LONG = "cannot be said: an integer of more than 32 bytes"
EXPECTED = {"accepted": 103, HIGH: 71, "refused": 75, NOT_DER: 221, TOO_LONG: 14}


def integers_of(der: bytes) -> tuple[int, int] | None:
    """The two integers of a DER signature; None of bytes that are DER of no two such integers.

    Parsed by hand, and held to what the encoder of `cryptography` writes for the same integers.
    """
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 0x7F:
        return None
    integers, at = [], 2
    while at + 2 <= len(der):
        stop = at + 2 + der[at + 1]
        if der[at] != 0x02 or not at + 2 < stop <= len(der):
            return None
        integers.append(int.from_bytes(der[at + 2 : stop], "big", signed=True))
        at = stop
    if at != len(der) or len(integers) != 2 or min(integers) < 0:
        return None
    r, s = integers
    return (r, s) if encode_dss_signature(r, s) == der else None


def raw_of(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_wycheproof(shared_dir: Path) -> None:
    """484 signatures: those that `r || s` can say, with our verdict; of the rest, why it cannot.

    The bytes as DER are refused of all of them: a signature has one spelling.
    """
    path = shared_dir / "vectors/wycheproof/ecdsa_secp256r1_sha256_test.json"
    document: Any = json.loads(path.read_bytes())
    counts = Counter[str]()
    for group in document["testGroups"]:
        key = keys.load_public_key(keys.ECDSA_P256, bytes.fromhex(group["publicKeyDer"]))
        for case in group["tests"]:
            message, integers = bytes.fromhex(case["msg"]), integers_of(bytes.fromhex(case["sig"]))
            with pytest.raises(TrustError):
                key.check(bytes.fromhex(case["sig"]), message)
            if integers is None or max(integers) >= 1 << 256:
                assert case["result"] == "invalid", case["tcId"]
                counts[NOT_DER if integers is None else TOO_LONG] += 1
                continue
            r, s = integers
            high = P256_ORDER // 2 < s < P256_ORDER
            if case["result"] == "valid" and not high:
                key.check(raw_of(r, s), message)
                counts["accepted"] += 1
                continue
            with pytest.raises(TrustError) as caught:
                key.check(raw_of(r, s), message)
            assert caught.value.code == "bad-signature", case["tcId"]
            if case["result"] == "invalid":
                counts["refused"] += 1
                continue
            key.check(raw_of(r, P256_ORDER - s), message)
            counts[HIGH] += 1
    assert counts == EXPECTED
    assert sum(counts.values()) == 484


@pytest.mark.parametrize(
    ("der", "integers"),
    [
        ("3006020101020101", (1, 1)),
        ("30080202008002020080", (128, 128)),
        ("300702020001020101", None),  # a zero too many
        ("30060201810201ff", None),  # below zero
        ("308106020101020101", None),  # a long length
        ("300602010102010100", None),  # a byte after the end
        ("3003020101", None),  # one integer
        ("3009020101020101020101", None),  # three
        ("300604010104010f", None),  # other types
        ("30060201010202", None),  # cut off
        ("", None),
    ],
)
def test_what_is_der_of_two_integers(der: str, integers: tuple[int, int] | None) -> None:
    assert integers_of(bytes.fromhex(der)) == integers
