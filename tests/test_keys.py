"""Which keys and which signatures are accepted."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attest import keys, signing
from attest.errors import InputError, TrustError

ALGORITHMS = [keys.ED25519, keys.ECDSA_P256]
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
    assert len(signature) == 64
    assert signer.algorithm == algorithm
    assert signer.keyid == signer.public.keyid
    bad = [bytes([signature[0] ^ 1]) + signature[1:], signature[:63], signature + b"\0", b""]
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
    rsa_key = rsa.generate_private_key(65537, 2048).public_key().public_bytes(der, info)
    for algorithm, spki in [
        (keys.ED25519, p256),
        (keys.ECDSA_P256, ed25519),
        (keys.ECDSA_P256, p384),
        (keys.ED25519, rsa_key),
        (keys.ECDSA_P256, rsa_key),
        ("rsa", rsa_key),
        (keys.ED25519, b""),
        (keys.ED25519, ed25519 + b"\0"),
    ]:
        assert refusal_of(algorithm, spki) == "key-malformed"


def test_a_compressed_p256_key_is_not_the_canonical_spelling() -> None:
    """One key has one identifier, so it has one encoding."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    prefix = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    assert refusal_of(keys.ECDSA_P256, prefix + point) == "key-malformed"


def test_p256_signatures_cannot_be_reshaped() -> None:
    """The upper half of s, zero and the order itself are refused; what we sign is low."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = signing.signer_of(private).public
    seen_high = False
    while not seen_high:
        r, s = decode_dss_signature(private.sign(b"m", ec.ECDSA(hashes.SHA256())))
        seen_high = s > keys.P256_ORDER // 2
        low = min(s, keys.P256_ORDER - s)
        public.check(r.to_bytes(32, "big") + low.to_bytes(32, "big"), b"m")
        for bad_r, bad_s in [(r, keys.P256_ORDER - low), (0, low), (r, 0), (keys.P256_ORDER, low)]:
            with pytest.raises(TrustError) as caught:
                public.check(bad_r.to_bytes(32, "big") + bad_s.to_bytes(32, "big"), b"m")
            assert caught.value.code == "bad-signature"


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
    """Neither a curve nor an algorithm outside the two is opened or generated."""
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
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
