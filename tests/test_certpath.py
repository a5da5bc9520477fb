"""Certification paths: to which root, from when to when, and what was revoked (SPEC 7.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from attest import keys
from attest.certificates import Subject
from attest.certpath import Anchors, Path, open_path
from attest.errors import AttestError, InputError, TrustError
from attest.signing import KeySigner
from conformance.issuers import END, ISSUED, NEXT, START, UNKNOWN, Issuer, der, name, root
from tests.authorities import der as asn1
from tests.world import NOW, derived_signer

SECOND = dt.timedelta(seconds=1)
KEY = derived_signer("tianqiu", keys.ECDSA_P256)
ROOT = root()
ISSUER = ROOT.issuer("Issuer")
MEI = Subject(frozenset({"天秋设计", "Tianqiu Design Inc."}), "US", frozenset(), "Mei-Ling Chen")
CRLS = (ROOT.crl(), ISSUER.crl())


def opened(
    *path: x509.Certificate,
    roots: Sequence[x509.Certificate] = (ROOT.certificate,),
    crls: Sequence[x509.CertificateRevocationList] = CRLS,
    key: KeySigner = KEY,
    subject: Subject = MEI,
) -> Path:
    anchors = Anchors.load(map(der, roots), map(der, crls))
    return open_path(list(map(der, path)), spki=key.public.spki, subject=subject, anchors=anchors)


def refused(*path: x509.Certificate, at: dt.datetime = NOW, **given: Any) -> str:
    """The code with which a path is refused, when it is opened or at an instant."""
    with pytest.raises(AttestError) as caught:
        opened(*path, **given).check(at)
    return caught.value.code


def below(issuer: Issuer, **given: Any) -> str:
    """The code with which a good leaf below an issuer is refused."""
    return refused(issuer.leaf(KEY), issuer.certificate, crls=(ROOT.crl(), issuer.crl()), **given)


def test_a_good_path_vouches_for_its_key() -> None:
    leaf = ISSUER.leaf(KEY)
    path = opened(leaf, ISSUER.certificate)
    path.check(NOW)
    assert path.certificates == (leaf, ISSUER.certificate)
    assert path.anchored is not None
    assert path.anchored.root == ROOT.certificate
    opened(ROOT.leaf(KEY)).check(NOW)
    opened(leaf, ISSUER.certificate, subject=MEI._replace(names=frozenset({"Tianqiu Design Inc."})))


def test_a_path_of_three_issuers() -> None:
    first = ROOT.issuer("First", path_length=1)
    second = first.issuer("Second", path_length=0)
    crls = (ROOT.crl(), first.crl(), second.crl())
    leaf = second.leaf(KEY)
    opened(leaf, second.certificate, first.certificate, crls=crls).check(NOW)
    short = ROOT.issuer("First", path_length=0)
    assert refused(leaf, second.certificate, short.certificate, crls=crls) == "path-invalid"
    assert refused(leaf, first.certificate, second.certificate, crls=crls) == "path-invalid"
    assert refused(leaf, second.certificate, crls=crls) == "path-invalid"


@pytest.mark.parametrize(
    ("at", "holds"),
    [(START - SECOND, False), (START, True), (END, True), (END + SECOND, False)],
)
@pytest.mark.parametrize("which", ["leaf", "issuer", "root"])
def test_validity_to_the_second(which: str, at: dt.datetime, holds: bool) -> None:
    """All certificates of the path hold, that of the root too, both ends included."""
    wide: dict[str, Any] = {"start": START - 9 * SECOND, "end": END + 9 * SECOND}
    above = root(**({} if which == "root" else wide))
    issuer = above.issuer("Issuer", **({} if which == "issuer" else wide))
    leaf = issuer.leaf(KEY, **({} if which == "leaf" else wide))
    long: dict[str, Any] = {"issued": START - 9 * SECOND, "until": END + 9 * SECOND}
    path = opened(
        leaf,
        issuer.certificate,
        roots=[above.certificate],
        crls=[above.crl(**long), issuer.crl(**long)],
    )
    if holds:
        path.check(at)
    else:
        with pytest.raises(TrustError) as caught:
            path.check(at, pointer="/signatures/0")
        assert caught.value.code == "certificate-not-valid-then"
        assert caught.value.pointer == "/signatures/0"


def test_certificates_that_are_never_valid_together() -> None:
    issuer = ROOT.issuer("Issuer", start=START, end=START + SECOND)
    leaf = issuer.leaf(KEY, start=START + 2 * SECOND)
    assert refused(leaf, issuer.certificate) == "certificate-not-valid-then"


@pytest.mark.parametrize(
    ("at", "holds"),
    [(ISSUED - SECOND, False), (ISSUED, True), (NEXT, True), (NEXT + SECOND, False)],
)
@pytest.mark.parametrize("whose", ["issuer", "root"])
def test_lists_speak_for_their_time(whose: str, at: dt.datetime, holds: bool) -> None:
    long: dict[str, Any] = {"issued": ISSUED - 9 * SECOND, "until": NEXT + 9 * SECOND}
    crls = [
        ROOT.crl(**({} if whose == "root" else long)),
        ISSUER.crl(**({} if whose == "issuer" else long)),
    ]
    path = opened(ISSUER.leaf(KEY), ISSUER.certificate, crls=crls)
    if holds:
        path.check(at)
    else:
        with pytest.raises(TrustError) as caught:
            path.check(at)
        assert caught.value.code == "crl-stale"


def test_what_was_revoked_vouches_for_nothing() -> None:
    leaf, other = ISSUER.leaf(KEY), ISSUER.leaf(derived_signer("other"), subject=name("A", "B"))
    opened(leaf, ISSUER.certificate, crls=[ROOT.crl(), ISSUER.crl(other)]).check(NOW)
    for crls in (
        [ROOT.crl(), ISSUER.crl(other, leaf)],
        [ROOT.crl(ISSUER.certificate), ISSUER.crl()],
        [ROOT.crl(), ISSUER.crl(leaf, until=ISSUED)],
    ):
        assert refused(leaf, ISSUER.certificate, crls=crls) == "certificate-revoked"


OTHER = root("Other")
NAMESAKE = root("Root", key=ec.derive_private_key(7, ec.SECP256R1()))
DELTA = (x509.DeltaCRLIndicator(1), True)
PARTIAL = x509.IssuingDistributionPoint(
    full_name=[x509.UniformResourceIdentifier("http://example.org/crl")],
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)


@pytest.mark.parametrize(
    ("crls", "code"),
    [
        ([], "crl-missing"),
        ([ROOT.crl()], "crl-missing"),
        ([ISSUER.crl()], "crl-missing"),
        ([ROOT.crl(), OTHER.crl()], "crl-missing"),
        ([ISSUER.crl(), NAMESAKE.crl()], "crl-invalid"),
        ([ROOT.crl(), OTHER.crl(of=ISSUER.certificate.subject)], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(), ISSUER.crl(until=END)], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(extensions=[DELTA])], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(extensions=[(DELTA[0], False)])], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(extensions=[(PARTIAL, True)])], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(extensions=[(PARTIAL, False)])], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(extensions=[(UNKNOWN, True)])], "crl-invalid"),
        ([ROOT.crl(), ISSUER.crl(digest=hashes.SHA224())], "crl-invalid"),
    ],
)
def test_lists_that_say_nothing(crls: Sequence[x509.CertificateRevocationList], code: str) -> None:
    assert refused(ISSUER.leaf(KEY), ISSUER.certificate, crls=crls) == code


def test_a_list_without_an_end() -> None:
    """The library writes none, so its end is cut out of the bytes."""
    crl = ISSUER.crl()
    content = crl.tbs_certlist_bytes[2:]  # behind a tag and a length of one byte
    end = b"\x17\x0d" + NEXT.strftime("%y%m%d%H%M%SZ").encode()
    assert content.count(end) == 1
    _, _, signed = der(crl).partition(content)
    raw = asn1(0x30, asn1(0x30, content.replace(end, b"")), signed)
    with pytest.raises(TrustError) as caught:
        Anchors.load([], [raw])
    assert caught.value.code == "crl-invalid"
    assert x509.load_der_x509_crl(raw).next_update_utc is None


def test_a_list_with_an_entry_that_is_not_understood() -> None:
    builder = x509.CertificateRevocationListBuilder(ISSUER.certificate.subject, ISSUED, NEXT)
    entry = x509.RevokedCertificateBuilder(7, ISSUED).add_extension(UNKNOWN, critical=True)
    crl = builder.add_revoked_certificate(entry.build()).sign(ISSUER.key, hashes.SHA256())
    assert refused(ISSUER.leaf(KEY), ISSUER.certificate, crls=[ROOT.crl(), crl]) == "crl-invalid"


def test_an_authority_that_may_not_sign_lists() -> None:
    assert below(ROOT.issuer("Issuer", uses=["key_cert_sign"])) == "crl-invalid"


def test_a_namesake_beside_the_authority_changes_nothing() -> None:
    """Two roots, and two lists, of one name: the one that signed counts."""
    opened(
        ISSUER.leaf(KEY),
        ISSUER.certificate,
        roots=[NAMESAKE.certificate, ROOT.certificate],
        crls=[NAMESAKE.crl(), *CRLS],
    ).check(NOW)


def test_the_root_that_lasts_longest_counts() -> None:
    renewed = root(end=END + SECOND)
    for roots in ([ROOT, renewed], [renewed, ROOT]):
        path = opened(
            ISSUER.leaf(KEY, end=END + 9 * SECOND),
            ROOT.issuer("Issuer", end=END + 9 * SECOND).certificate,
            roots=[each.certificate for each in roots],
        )
        assert path.anchored is not None
        assert path.anchored.root == renewed.certificate


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ([ROOT.issuer("Issuer", key=OTHER.key).leaf(KEY), ISSUER.certificate], "path-invalid"),
        ([OTHER.leaf(KEY), ISSUER.certificate], "path-invalid"),
        ([NAMESAKE.leaf(KEY)], "path-invalid"),
        ([OTHER.leaf(KEY)], "path-invalid"),
        ([ISSUER.leaf(KEY), ISSUER.certificate, ROOT.certificate], "path-invalid"),
        ([ISSUER.leaf(derived_signer("another")), ISSUER.certificate], "certificate-mismatch"),
        ([ISSUER.certificate], "certificate-mismatch"),
        ([ISSUER.leaf(KEY, uses=["content_commitment"]), ISSUER.certificate], "certificate-unfit"),
        (
            [
                ISSUER.leaf(KEY, uses=["digital_signature", "key_cert_sign"]),
                ISSUER.certificate,
            ],
            "certificate-unfit",
        ),
        ([ISSUER.leaf(KEY, (UNKNOWN, True)), ISSUER.certificate], "certificate-unfit"),
        ([ISSUER.leaf(KEY, digest=hashes.SHA224()), ISSUER.certificate], "certificate-unfit"),
    ],
)
def test_paths_that_do_not_hold(path: Sequence[x509.Certificate], code: str) -> None:
    assert refused(*path) == code


def test_without_roots_a_path_is_read_and_vouches_for_nothing() -> None:
    ders = [der(ISSUER.leaf(KEY)), der(ISSUER.certificate)]
    path = open_path(ders, spki=KEY.public.spki, subject=MEI)
    with pytest.raises(TrustError) as caught:
        path.check(NOW)
    assert caught.value.code == "path-invalid"
    with pytest.raises(TrustError) as caught:
        open_path(ders, spki=ROOT.certificate.signature, subject=MEI)
    assert caught.value.code == "certificate-mismatch"


def test_a_bit_anywhere_in_a_certificate_is_noticed() -> None:
    good = [der(ISSUER.leaf(KEY)), der(ISSUER.certificate)]
    anchors = Anchors.load([der(ROOT.certificate)], map(der, CRLS))
    for which, raw in enumerate(good):
        for position in range(len(raw)):
            spoilt = bytearray(raw)
            spoilt[position] ^= 1
            path = [*good[:which], bytes(spoilt), *good[which + 1 :]]
            with pytest.raises((InputError, TrustError)):
                open_path(path, spki=KEY.public.spki, subject=MEI, anchors=anchors).check(NOW)
