"""Which keys and which signatures are accepted."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA65PrivateKey,
    MLDSA87PrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from attest import keys, signing
from attest.errors import InputError, TrustError

ALGORITHMS = list(keys.ALGORITHMS)
ED25519_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")


def refusal_of(algorithm: str, spki: bytes) -> str:
    """The code with which a key is refused."""
    with pytest.raises(InputError) as caught:
        keys.load_public_key(algorithm, spki)
    return caught.value.code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sign_and_check(algorithm: str) -> None:
    """A signature holds for its own message and key, and for nothing else."""
    signer = signing.signer_of(signing.generate_private_key(algorithm))
    other = signing.signer_of(signing.generate_private_key(algorithm))
    signature = signer.sign(b"message")
    signer.public.check(signature, b"message")
    assert len(signature) == keys.SIGNATURE_BYTES[algorithm]
    assert signer.algorithm == algorithm
    assert signer.keyid == signer.public.keyid
    bad = [bytes([signature[0] ^ 1]) + signature[1:], signature[:-1], signature + b"\0", b""]
    for public, sig, message in [
        (signer.public, signature, b"messagf"),
        (other.public, signature, b"message"),
        *((signer.public, sig, b"message") for sig in bad),
    ]:
        with pytest.raises(TrustError) as caught:
            public.check(sig, message)
        assert caught.value.code == "bad-signature"


@pytest.mark.parametrize(
    "y",
    [
        0,
        1,
        2**255 - 20,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        2**255 - 19 - 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        2**255 - 19,
        2**255 - 18,
        2**255 - 1,
    ],
)
@pytest.mark.parametrize("sign", [0, 1])
def test_weak_ed25519_points_are_refused(y: int, sign: int) -> None:
    """Points of small order verify one signature over every message; others have two spellings."""
    raw = (y | sign << 255).to_bytes(32, "little")
    assert refusal_of(keys.ED25519, ED25519_SPKI_PREFIX + raw) == "key-malformed"


def test_the_two_points_of_order_eight_are_on_the_list() -> None:
    """The listed coordinates satisfy the curve equation and vanish after three doublings."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    for y in keys._SMALL_ORDER_Y:
        xx = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(xx, (p + 3) // 8, p)
        if x * x % p != xx:
            x = x * pow(2, (p - 1) // 4, p) % p
        assert x * x % p == xx
        for _ in range(3):
            k = d * x * x * y * y % p
            x, y = (
                2 * x * y * pow(1 + k, -1, p) % p,
                (y * y + x * x) * pow(1 - k, -1, p) % p,
            )
        assert (x, y) == (0, 1)


def test_the_algorithm_is_the_records_and_not_the_keys() -> None:
    """A key of another kind than its record states is refused, whatever it is."""
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    ed25519 = Ed25519PrivateKey.generate().public_key().public_bytes(der, info)
    p256 = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(der, info)
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(der, info)
    p521 = ec.generate_private_key(ec.SECP521R1()).public_key().public_bytes(der, info)
    k256 = ec.generate_private_key(ec.SECP256K1()).public_key().public_bytes(der, info)
    ml_dsa = {
        level: key.generate().public_key().public_bytes(der, info)
        for level, key in (
            (44, MLDSA44PrivateKey),
            (65, MLDSA65PrivateKey),
            (87, MLDSA87PrivateKey),
        )
    }
    rsa_key = rsa.generate_private_key(65537, 2048).public_key().public_bytes(der, info)
    for algorithm, spki in [
        (keys.ED25519, p256),
        (keys.ECDSA_P256, ed25519),
        (keys.ECDSA_P256, p384),
        (keys.ECDSA_P384, p256),
        (keys.ECDSA_P384, p521),
        (keys.ECDSA_P256, k256),
        (keys.ML_DSA_44, ml_dsa[65]),
        (keys.ML_DSA_65, ml_dsa[44]),
        (keys.ML_DSA_65, ml_dsa[87]),
        (keys.ML_DSA_44, ed25519),
        (keys.ED25519, ml_dsa[44]),
        ("ml-dsa-87", ml_dsa[87]),
        (keys.ML_DSA_44, ml_dsa[44][:-1]),
        (keys.ML_DSA_44, ml_dsa[44] + b"\0"),
        (keys.ED25519, rsa_key),
        (keys.ECDSA_P256, rsa_key),
        ("rsa", rsa_key),
        (keys.ED25519, b""),
        (keys.ED25519, ed25519 + b"\0"),
    ]:
        assert refusal_of(algorithm, spki) == "key-malformed"


@pytest.mark.parametrize(
    ("algorithm", "prefix"),
    [
        (keys.ECDSA_P256, "3039301306072a8648ce3d020106082a8648ce3d030107032200"),
        (keys.ECDSA_P384, "3046301006072a8648ce3d020106052b81040022033200"),
    ],
)
def test_a_compressed_key_is_not_the_canonical_spelling(algorithm: str, prefix: str) -> None:
    """One key has one identifier, so it has one encoding."""
    key = ec.generate_private_key(keys.CURVES[algorithm].curve).public_key()
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    spki = bytes.fromhex(prefix) + point
    assert serialization.load_der_public_key(spki) == key
    assert refusal_of(algorithm, spki) == "key-malformed"


@pytest.mark.parametrize("algorithm", list(keys.CURVES))
def test_ecdsa_signatures_cannot_be_reshaped(algorithm: str) -> None:
    """The upper half of s, zero and the order itself are refused; what we sign is low."""
    curve, hash_, order, size = keys.CURVES[algorithm]
    private = ec.generate_private_key(curve)
    public = signing.signer_of(private).public
    seen_high = False
    while not seen_high:
        r, s = decode_dss_signature(private.sign(b"m", ec.ECDSA(hash_)))
        seen_high = s > order // 2
        low = min(s, order - s)
        public.check(r.to_bytes(size, "big") + low.to_bytes(size, "big"), b"m")
        for bad_r, bad_s in [(r, order - low), (0, low), (r, 0), (order, low)]:
            with pytest.raises(TrustError) as caught:
                public.check(bad_r.to_bytes(size, "big") + bad_s.to_bytes(size, "big"), b"m")
            assert caught.value.code == "bad-signature"


@pytest.mark.parametrize("algorithm", list(keys.CURVES))
def test_the_orders_are_those_of_the_curves(algorithm: str) -> None:
    """The private key `order - 1` exists and is the mirror of 1; `order` does not."""
    curve = keys.CURVES[algorithm]
    one = ec.derive_private_key(1, curve.curve).public_key().public_numbers()
    last = ec.derive_private_key(curve.order - 1, curve.curve).public_key().public_numbers()
    assert one.x == last.x
    assert one.y != last.y
    assert curve.order.bit_length() == curve.number_bytes * 8
    with pytest.raises(ValueError, match="out of range"):
        ec.derive_private_key(curve.order, curve.curve)


def test_p384_is_hashed_with_sha384() -> None:
    """The hash is the algorithm's: the right key over another digest does not hold."""
    private = ec.generate_private_key(ec.SECP384R1())
    public = signing.signer_of(private).public
    curve = keys.CURVES[keys.ECDSA_P384]
    for hash_, holds in ((hashes.SHA384(), True), (hashes.SHA256(), False)):
        signature = signing.ecdsa_signature(private.sign(b"m", ec.ECDSA(hash_)), curve)
        if holds:
            public.check(signature, b"m")
            continue
        with pytest.raises(TrustError) as caught:
            public.check(signature, b"m")
        assert caught.value.code == "bad-signature"


@pytest.mark.parametrize("key", [MLDSA44PrivateKey, MLDSA65PrivateKey])
def test_ml_dsa_signs_without_a_context(key: type[MLDSA44PrivateKey | MLDSA65PrivateKey]) -> None:
    """A signature for another purpose, which is what a context says, does not hold here."""
    private = key.generate()
    public = signing.signer_of(private).public
    public.check(private.sign(b"m", b""), b"m")
    with pytest.raises(TrustError) as caught:
        public.check(private.sign(b"m", b"c"), b"m")
    assert caught.value.code == "bad-signature"


def test_an_integer_too_large_for_the_curve_is_no_signature() -> None:
    """A signature over another curve is not cut to fit."""
    der = encode_dss_signature(keys.P384_ORDER - 1, 1)
    with pytest.raises(ValueError, match="curve"):
        signing.ecdsa_signature(der, keys.CURVES[keys.ECDSA_P256])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_private_key_files(algorithm: str) -> None:
    """A key file opens with its passphrase only, and says which of the two is wrong."""
    private = signing.generate_private_key(algorithm)
    sealed = signing.private_key_pem(private, b"correct horse")
    assert b"ENCRYPTED" in sealed
    keyid = signing.signer_of(private).keyid
    assert signing.load_signer(sealed, b"correct horse").keyid == keyid
    assert signing.load_signer(signing.private_key_pem(private, None), None).keyid == keyid
    for pem, passphrase, code in [
        (sealed, b"wrong", "passphrase"),
        (sealed, None, "passphrase"),
        (signing.private_key_pem(private, None), b"given", "passphrase"),
        (b"", None, "key-malformed"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None, "key-malformed"),
    ]:
        with pytest.raises(InputError) as caught:
            signing.load_signer(pem, passphrase)
        assert caught.value.code == code


def test_keys_of_other_algorithms_do_not_sign() -> None:
    """Neither a curve nor an algorithm outside the five is opened or generated."""
    pem = ec.generate_private_key(ec.SECP521R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    rsa_pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for key in (pem, rsa_pem):
        with pytest.raises(InputError) as caught:
            signing.load_signer(key, None)
        assert caught.value.code == "key-malformed"
    with pytest.raises(InputError) as caught:
        signing.generate_private_key("rsa")
    assert caught.value.code == "key-malformed"


def test_nothing_private_shows_in_a_representation() -> None:
    """A signer can be printed or logged without harm."""
    private = Ed25519PrivateKey.generate()
    shown = repr(signing.signer_of(private))
    assert private.private_bytes_raw().hex() not in shown
    assert "_private" not in shown
