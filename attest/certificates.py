"""Certificates and revocation lists (X.509), as far as they are taken here (SPEC 7.1).

A certificate can ask for more than any reader understands, and the library that verifies paths
(`cryptography.x509.verification`, a profile for TLS) passes over what its profile does not know. So
what is not understood is refused when it is read:

    signed with   ECDSA or RSA (PKCS #1 v1.5) with SHA-256, SHA-384 or SHA-512; ML-DSA
    authorities   keys on P-256, P-384, P-521, RSA of 2048 bits, ML-DSA; name constraints of DNS
                  names and addresses only
    the key's     for digital signatures, of no authority, for the party and person of the record
    CRLs          full ones, by the authority itself, with an end

>>> load_certificate(b"no certificate")
Traceback (most recent call last):
attest.errors.InputError: certificate-malformed: not a certificate
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.x509.oid import (
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
    ObjectIdentifier,
    SignatureAlgorithmOID,
)

from attest.errors import InputError, TrustError

DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""The extended key usage of RFC 9336."""

_SIGNED_WITH: Final = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.ML_DSA_44,
        SignatureAlgorithmOID.ML_DSA_65,
        SignatureAlgorithmOID.ML_DSA_87,
    }
)
_ISSUER_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_ISSUER_ML_DSA: Final = (
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)
_RSA_BITS_MIN: Final = 2048

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
"""The extensions that may be critical."""
_REFUSED: Final = frozenset(
    {
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.PRIVATE_KEY_USAGE_PERIOD,
    }
)
"""Extensions that narrow what a certificate is good for: not understood, critical or not."""
_CRL_REFUSED: Final = frozenset(
    {ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
)
_Value = TypeVar("_Value", bound=x509.ExtensionType)


class Subject(NamedTuple):
    """Whose key a certificate has to say it is.

    `names` and `country` are those of the party, `identifiers` its LEI and registration numbers,
    `holder` the person of the key record.
    """

    names: frozenset[str]
    country: str
    identifiers: frozenset[str]
    holder: str


class Crl(NamedTuple):
    """A revocation list that says all of its issuer's until an instant, itself included."""

    listed: x509.CertificateRevocationList
    until: dt.datetime


@lru_cache(maxsize=1024)
def load_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate, all of it.

    Raises:
        InputError: certificate-malformed.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
        certificate.public_key()
        _check_end(der, certificate.signature)
    except Exception:  # noqa: BLE001  what reads certificates fails in many ways at broken ones
        raise InputError("certificate-malformed", "not a certificate") from None
    return certificate


@lru_cache(maxsize=64)
def load_crl(der: bytes) -> Crl:
    """Read a revocation list, all of it.

    Raises:
        InputError: certificate-malformed.
        TrustError: crl-invalid (not a full list of one authority, without an end, signed by a weak
            algorithm, or not understood).
    """
    try:
        crl = x509.load_der_x509_crl(der)
        extensions = [*crl.extensions, *(each for entry in crl for each in entry.extensions)]
        signed_with, until = crl.signature_algorithm_oid, crl.next_update_utc
        _check_end(der, crl.signature)
    except Exception:  # noqa: BLE001  as above
        raise InputError("certificate-malformed", "not a CRL") from None
    if any(each.critical or each.oid in _CRL_REFUSED for each in extensions):
        raise TrustError("crl-invalid", "a CRL is partial, indirect or not understood")
    if until is None or signed_with not in _SIGNED_WITH:
        raise TrustError("crl-invalid", "a CRL has no end, or is signed by a weak algorithm")
    return Crl(crl, until)


def _check_end(der: bytes, signature: bytes) -> None:
    """The library lets a signature be short of whole bytes, which nobody signed."""
    if not der.endswith(b"\0" + signature):
        raise ValueError("bits are left unused")


def spki_of(certificate: x509.Certificate) -> bytes:
    """The SubjectPublicKeyInfo DER of its key."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def extension_of(certificate: x509.Certificate, kind: type[_Value]) -> _Value | None:
    """The extension of that kind, None where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def check_subject(name: x509.Name, subject: Subject) -> None:
    """Return if a name is that of a person for a party, with no number that is not the party's.

    Raises:
        TrustError: certificate-mismatch.
    """

    def of(oid: ObjectIdentifier) -> list[str]:
        return [str(each.value) for each in name.get_attributes_for_oid(oid)]

    organisation, country, person = map(
        of, (NameOID.ORGANIZATION_NAME, NameOID.COUNTRY_NAME, NameOID.COMMON_NAME)
    )
    if len(organisation) != 1 or organisation[0] not in subject.names:
        raise TrustError("certificate-mismatch", "its organisation is not the party")
    if country != [subject.country]:
        raise TrustError("certificate-mismatch", "its country is not that of the party")
    if person != [subject.holder]:
        raise TrustError("certificate-mismatch", "its common name is not the holder of the key")
    # ETSI EN 319 412-1: an organisation identifier is a scheme and country, a hyphen, the number
    numbers = [each.partition("-")[2] for each in of(NameOID.ORGANIZATION_IDENTIFIER)]
    if not subject.identifiers.issuperset(numbers + of(NameOID.SERIAL_NUMBER)):
        raise TrustError("certificate-mismatch", "a number in its subject is not the party's")


def _unfit(why: str) -> TrustError:
    return TrustError("certificate-unfit", why)


def _check_fit(certificate: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid not in _SIGNED_WITH:
        raise _unfit("a certificate is signed by a weak or unknown algorithm")
    for extension in certificate.extensions:
        if extension.oid in _REFUSED or (extension.critical and extension.oid not in _UNDERSTOOD):
            raise _unfit("a certificate has an extension that is not understood")
        if isinstance(extension.value, x509.ExtendedKeyUsage) and not (
            {DOCUMENT_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {*extension.value}
        ):
            raise _unfit("a certificate is for other uses than signing documents")


def check_leaf(leaf: x509.Certificate) -> None:
    """Return if a certificate may be that of a key that signs statements.

    Raises:
        TrustError: certificate-unfit.
    """
    _check_fit(leaf)
    usage = extension_of(leaf, x509.KeyUsage)
    constraints = extension_of(leaf, x509.BasicConstraints)
    if usage is None or not usage.digital_signature:
        raise _unfit("the certificate of the key is not for signatures")
    if (constraints is not None and constraints.ca) or usage.key_cert_sign:
        raise _unfit("the certificate of the key is one of an authority")
    if extension_of(leaf, x509.NameConstraints) is not None:
        raise _unfit("the certificate of the key constrains others")


def check_issuer(issuer: x509.Certificate) -> None:
    """Return if a certificate may be that of an authority; what it may issue is not looked at.

    Raises:
        TrustError: certificate-unfit.
    """
    _check_fit(issuer)
    key = issuer.public_key()
    if not (
        (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS_MIN)
        or (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _ISSUER_CURVES))
        or isinstance(key, _ISSUER_ML_DSA)
    ):
        raise _unfit("an authority's key is weak or of an algorithm that is not taken")
    names = extension_of(issuer, x509.NameConstraints)
    subtrees = () if names is None else (names.permitted_subtrees, names.excluded_subtrees)
    if any(
        not isinstance(each, x509.DNSName | x509.IPAddress)
        for subtree in subtrees
        for each in subtree or ()
    ):
        raise _unfit("a name constraint of a kind that is not enforced")
