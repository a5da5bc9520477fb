"""Invented certificate authorities: a root, issuers below it, leaves, revocation lists, mandates.

Everything of a certificate can be changed, so that a vector can hold what nobody should issue.
Keys, numbers and ECDSA signatures follow from what is asked for: the same call, the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID, ObjectIdentifier

from attest.encoding import canonical, encode_base64
from attest.signing import Signer
from conformance.keys import seed

START: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
END: Final = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
ISSUED: Final = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
NEXT: Final = dt.datetime(2026, 12, 20, tzinfo=dt.UTC)
UNKNOWN: Final = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
Extension = tuple[x509.ExtensionType, bool]


def usage(*uses: str) -> x509.KeyUsage:
    """A key usage of these uses alone."""
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{use: use in uses for use in every})


def name(organisation: str, person: str, country: str = "US", **more: str) -> x509.Name:
    """A distinguished name; `more` are attributes by the name of their NameOID."""
    attributes = {
        "COUNTRY_NAME": country,
        "ORGANIZATION_NAME": organisation,
        "COMMON_NAME": person,
        **more,
    }
    return x509.Name(
        [x509.NameAttribute(getattr(NameOID, oid), value) for oid, value in attributes.items()]
    )


def derived_key(label: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of an authority, derived from its name."""
    return ec.derive_private_key(int.from_bytes(seed(label), "big") >> 1, ec.SECP256R1())


def key_ids(key: Any, issuer: Any) -> list[Extension]:
    """The identifiers of a key and of its issuer's."""
    return [
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
    ]


def _repeats(key: Any) -> bool | None:
    """Whether an authority signs the same bytes the same way each time; only ECDSA is asked."""
    return True if isinstance(key, ec.EllipticCurvePrivateKey) else None


def der(document: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """The bytes of a certificate or list."""
    return document.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Issuer:
    """An authority: its certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    def certify(
        self,
        subject: x509.Name,
        public: Any,
        extensions: Sequence[Extension],
        *,
        start: dt.datetime = START,
        end: dt.datetime = END,
        digest: Any = hashes.SHA256(),  # noqa: B008
    ) -> x509.Certificate:
        """Issue a certificate; its number follows from what is in it."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(_number(subject, extensions))
            .not_valid_before(start)
            .not_valid_after(end)
        )
        for value, critical in [*extensions, *key_ids(public, self.key.public_key())]:
            builder = builder.add_extension(value, critical)
        return builder.sign(self.key, digest, ecdsa_deterministic=_repeats(self.key))

    def issuer(
        self,
        label: str,
        *more: Extension,
        path_length: int | None = 0,
        key: Any = None,
        uses: Sequence[str] = ("key_cert_sign", "crl_sign"),
        authority: bool = True,
        **changes: Any,
    ) -> Issuer:
        """An authority below this one."""
        key = key or derived_key(label)
        constraints = x509.BasicConstraints(authority, path_length if authority else None)
        extensions = [(constraints, True), (usage(*uses), True), *more]
        subject = name("Example Trust Ltd.", label)
        return Issuer(self.certify(subject, key.public_key(), extensions, **changes), key)

    def leaf(
        self,
        signer: Signer,
        *more: Extension,
        subject: x509.Name | None = None,
        uses: Sequence[str] = ("digital_signature",),
        **changes: Any,
    ) -> x509.Certificate:
        """The certificate of a signer's key, for a person of the tests' designer if for nobody."""
        if subject is None:
            subject = name("Tianqiu Design Inc.", "Mei-Ling Chen")
        public = load_der_public_key(signer.public.spki)
        return self.certify(subject, public, [(usage(*uses), True), *more], **changes)

    def crl(
        self,
        *revoked: x509.Certificate,
        issued: dt.datetime = ISSUED,
        until: dt.datetime = NEXT,
        extensions: Sequence[Extension] = (),
        of: x509.Name | None = None,
        digest: Any = hashes.SHA256(),  # noqa: B008
    ) -> x509.CertificateRevocationList:
        """The authority's list."""
        builder = x509.CertificateRevocationListBuilder(
            of or self.certificate.subject, issued, until
        )
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        for each in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(each.serial_number, issued).build()
            )
        return builder.sign(self.key, digest, ecdsa_deterministic=_repeats(self.key))


def root(label: str = "Root", *, key: Any = None, **changes: Any) -> Issuer:
    """An authority that issued itself."""
    key = key or derived_key(label)
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage("key_cert_sign", "crl_sign"), True),
    ]
    subject = name("Example Trust Ltd.", label)
    unsigned = Issuer(_Named(subject), key)  # type: ignore[arg-type]
    certificate = unsigned.certify(subject, key.public_key(), extensions, **changes)
    return Issuer(certificate, key)


@dataclass(frozen=True)
class _Named:
    subject: x509.Name


def _number(subject: x509.Name, extensions: Sequence[Extension]) -> int:
    named = [subject.public_bytes(), *(value.public_bytes() for value, _ in extensions)]
    return int.from_bytes(sha256(b"".join(named)).digest()[:8], "big") | 1


def mandate(
    signatures: Sequence[dict[str, Any]] = (),
    roots: Sequence[x509.Certificate] = (),
    crls: Sequence[x509.CertificateRevocationList] = (),
) -> bytes:
    """A mandate's document."""
    return canonical(
        {
            "v": 1,
            "signatures": list(signatures),
            "roots": [encode_base64(der(each)) for each in roots],
            "crls": [encode_base64(der(each)) for each in crls],
        }
    )
