"""What a certificate must be to be taken: its algorithms, its uses, whose it is (SPEC 7.1)."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from attest import keys
from attest.certificates import DOCUMENT_SIGNING
from attest.certpath import Anchors, open_path
from attest.errors import InputError
from conformance.issuers import UNKNOWN, Issuer, der, name, root
from tests.test_certpath import ISSUER, KEY, MEI, ROOT, below, opened, refused
from tests.world import NOW, derived_signer


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_key_of_every_algorithm_can_be_certified(algorithm: str) -> None:
    key = derived_signer("certified", algorithm)
    opened(ISSUER.leaf(key), ISSUER.certificate, key=key).check(NOW)


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
        (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
        (rsa.generate_private_key(65537, 2048), hashes.SHA256()),
        (mldsa.MLDSA44PrivateKey.generate(), None),
        (mldsa.MLDSA65PrivateKey.generate(), None),
    ],
)
def test_authorities_have_keys_of_these_algorithms(
    key: Any, digest: hashes.HashAlgorithm | None
) -> None:
    issuer = ROOT.issuer("Other", key=key)
    leaf = issuer.leaf(KEY, digest=digest)
    crls = (ROOT.crl(), issuer.crl(digest=digest))
    opened(leaf, issuer.certificate, crls=crls).check(NOW)
    above = root("Other root", key=key, digest=digest)
    leaf = above.leaf(KEY, digest=digest)
    listed = above.crl(digest=digest)
    opened(leaf, roots=[above.certificate], crls=[listed]).check(NOW)


def test_a_leaf_without_a_use_of_its_key() -> None:
    public = ISSUER.leaf(KEY).public_key()
    leaf = ISSUER.certify(name("Tianqiu Design Inc.", "Mei-Ling Chen"), public, [])
    assert refused(leaf, ISSUER.certificate) == "certificate-unfit"


FOREIGN = x509.NameConstraints([x509.DNSName("other.example")], None)
NETWORK = x509.IPAddress(ipaddress.ip_network("10.2.0.0/16"))
SITE = x509.SubjectAlternativeName([x509.DNSName("tianqiu.example")])
HOST = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("10.1.0.1"))])


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        (ROOT.issuer("Issuer", authority=False), "path-invalid"),
        (ROOT.issuer("Issuer", uses=["crl_sign"]), "path-invalid"),
        (ROOT.issuer("Issuer", (UNKNOWN, True)), "certificate-unfit"),
        (ROOT.issuer("Issuer", (x509.PolicyConstraints(0, None), False)), "certificate-unfit"),
        (ROOT.issuer("Issuer", (x509.InhibitAnyPolicy(0), False)), "certificate-unfit"),
        (ROOT.issuer("Issuer", digest=hashes.SHA224()), "certificate-unfit"),
        (
            ROOT.issuer("Issuer", key=ec.generate_private_key(ec.SECP256K1())),
            "certificate-unfit",
        ),
        (ROOT.issuer("Issuer", key=rsa.generate_private_key(65537, 1024)), "certificate-unfit"),
        *(
            (
                ROOT.issuer("Issuer", (x509.NameConstraints([constraint], None), critical)),
                "certificate-unfit",
            )
            for critical in (True, False)
            for constraint in (
                x509.DirectoryName(name("Tianqiu Design Inc.", "Mei-Ling Chen")),
                x509.RFC822Name("tianqiu.example"),
                x509.UniformResourceIdentifier("tianqiu.example"),
            )
        ),
    ],
)
def test_authorities_that_may_not_issue(issuer: Issuer, code: str) -> None:
    assert below(issuer) == code


def test_an_authority_with_an_ed25519_key() -> None:
    """The library takes none, so it is said before it is asked."""
    issuer = ROOT.issuer("Issuer", key=Ed25519PrivateKey.generate())
    leaf = issuer.leaf(KEY, digest=None)
    assert refused(leaf, issuer.certificate) == "certificate-unfit"


@pytest.mark.parametrize(
    ("constraint", "alternative"),
    [
        (FOREIGN, SITE),
        (x509.NameConstraints(None, [x509.DNSName("tianqiu.example")]), SITE),
        (x509.NameConstraints([NETWORK], None), HOST),
    ],
)
def test_a_name_constraint_is_enforced(
    constraint: x509.NameConstraints, alternative: x509.SubjectAlternativeName
) -> None:
    issuer = ROOT.issuer("Issuer", (constraint, True))
    crls = (ROOT.crl(), issuer.crl())
    opened(issuer.leaf(KEY), issuer.certificate, crls=crls).check(NOW)
    leaf = issuer.leaf(KEY, (alternative, False))
    assert refused(leaf, issuer.certificate, crls=crls) == "path-invalid"
    allowed = ROOT.issuer("Issuer", (x509.NameConstraints([x509.DNSName("example")], None), True))
    opened(allowed.leaf(KEY, (SITE, False)), allowed.certificate, crls=crls).check(NOW)


def test_a_leaf_that_constrains_or_issues() -> None:
    for extension in (FOREIGN, x509.BasicConstraints(ca=True, path_length=None)):
        leaf = ISSUER.leaf(KEY, (extension, True))
        assert refused(leaf, ISSUER.certificate) == "certificate-unfit"
    leaf = ISSUER.leaf(KEY, (x509.BasicConstraints(ca=False, path_length=None), True))
    opened(leaf, ISSUER.certificate).check(NOW)


@pytest.mark.parametrize(
    ("use", "holds"),
    [
        (DOCUMENT_SIGNING, True),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, True),
        (ExtendedKeyUsageOID.CLIENT_AUTH, False),
        (ExtendedKeyUsageOID.CODE_SIGNING, False),
    ],
)
@pytest.mark.parametrize("where", ["leaf", "issuer"])
def test_an_extended_use_is_that_of_signing_documents(
    where: str, use: x509.ObjectIdentifier, holds: bool
) -> None:
    extension = (x509.ExtendedKeyUsage([use]), False)
    issuer = ROOT.issuer("Issuer", *([extension] if where == "issuer" else []))
    leaf = issuer.leaf(KEY, *([extension] if where == "leaf" else []))
    if holds:
        opened(leaf, issuer.certificate).check(NOW)
    else:
        assert refused(leaf, issuer.certificate) == "certificate-unfit"


@pytest.mark.parametrize(
    "subject",
    [
        name("Tianqiu Design Incorporated", "Mei-Ling Chen"),
        name("tianqiu design inc.", "Mei-Ling Chen"),
        name("Tianqiu Design Inc.", "Mei-Ling Chen", "TW"),
        name("Tianqiu Design Inc.", "Wei Lin"),
        name("Tianqiu Design Inc.", "Mei-Ling Chen", SERIAL_NUMBER="12345678"),
        name("Tianqiu Design Inc.", "Mei-Ling Chen", ORGANIZATION_IDENTIFIER="NTRUS-12345678"),
        x509.Name([]),
    ],
)
def test_a_certificate_of_somebody_else(subject: x509.Name) -> None:
    leaf = ISSUER.leaf(KEY, subject=subject)
    assert refused(leaf, ISSUER.certificate) == "certificate-mismatch"


def test_two_organisations_in_one_subject() -> None:
    both = x509.Name([*name("Tianqiu Design Inc.", "Mei-Ling Chen"), *name("Other", "Mei")])
    assert refused(ISSUER.leaf(KEY, subject=both), ISSUER.certificate) == "certificate-mismatch"


@pytest.mark.parametrize(
    "number",
    [
        {"SERIAL_NUMBER": "12345678"},
        {"ORGANIZATION_IDENTIFIER": "NTRUS-12345678"},
        {"ORGANIZATION_IDENTIFIER": "LEIXG-5493001KJTIIGC8Y1R12"},
        {"ORGANIZATION_IDENTIFIER": "NTRUS-12345678", "SERIAL_NUMBER": "12345678"},
    ],
)
def test_numbers_of_the_party(number: dict[str, str]) -> None:
    leaf = ISSUER.leaf(KEY, subject=name("Tianqiu Design Inc.", "Mei-Ling Chen", **number))
    known = MEI._replace(identifiers=frozenset({"12345678", "5493001KJTIIGC8Y1R12"}))
    opened(leaf, ISSUER.certificate, subject=known).check(NOW)
    other = MEI._replace(identifiers=frozenset({"12345679", "5493001KJTIIGC8Y1R13"}))
    assert refused(leaf, ISSUER.certificate, subject=other) == "certificate-mismatch"


def test_bytes_that_are_no_certificate_or_list() -> None:
    good, listed = der(ISSUER.leaf(KEY)), der(ROOT.crl())
    for raw in (b"", b"\x30\x00", good[:-1], good + b"\x00", listed):
        with pytest.raises(InputError) as caught:
            open_path([raw], spki=KEY.public.spki, subject=MEI)
        assert caught.value.code == "certificate-malformed"
    for raw in (b"", b"\x30\x00", listed[:-1], listed + b"\x00", good):
        with pytest.raises(InputError) as caught:
            Anchors.load([], [raw])
        assert caught.value.code == "certificate-malformed"


@pytest.mark.parametrize(
    ("weak", "code"),
    [
        (root("Root", key=rsa.generate_private_key(65537, 1024)), "certificate-unfit"),
        (root("Root", digest=hashes.SHA224()), "certificate-unfit"),
    ],
)
def test_roots_are_held_to_the_same(weak: Issuer, code: str) -> None:
    assert refused(ISSUER.leaf(KEY), ISSUER.certificate, roots=[weak.certificate]) == code
