"""Certification paths (X.509): an outside authority vouches for whose a key is (SPEC 7.1).

    path      the certificates of a key record: that of the key first, each issued by the next
    anchor    a root certificate that is trusted; it issued the last of the path
    CRL       the list of what an issuer has revoked, and of until when that is all

`open_path` checks once what time does not change: signatures, constraints, whose key it is, that
every issuer has a CRL. `Path.check` asks what an instant decides: validity, revocation, and whether
the CRLs speak for it. Nothing is fetched.

>>> open_path([b"no certificate"], spki=b"", subject=Subject(frozenset(), "US", frozenset(), ""))
Traceback (most recent call last):
attest.errors.InputError: certificate-malformed: not a certificate
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509 import verification

from attest.certificates import (
    Crl,
    Subject,
    check_issuer,
    check_leaf,
    check_subject,
    extension_of,
    load_certificate,
    load_crl,
    spki_of,
)
from attest.errors import InputError, TrustError


def _checked_before(_policy: object, _certificate: object, _value: object) -> None:
    """For the library, which would ask for a use in TLS."""


_ISSUERS: Final = verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
    x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, _checked_before
)
_LEAF: Final = verification.ExtensionPolicy.permit_all()
"""`check_leaf` has looked at everything that a leaf may have."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Anchors:
    """The roots that are trusted, and the CRLs of all issuers below them."""

    roots: tuple[x509.Certificate, ...]
    crls: tuple[Crl, ...]

    @staticmethod
    def load(roots: Iterable[bytes], crls: Iterable[bytes]) -> Anchors:
        """Read roots and CRLs from DER.

        Raises:
            InputError: certificate-malformed.
            TrustError: certificate-unfit, crl-invalid.
        """
        return Anchors(
            tuple(_placed(_load_root, roots, "/roots")), tuple(_placed(load_crl, crls, "/crls"))
        )


class Anchored(NamedTuple):
    """What roots and CRLs say of a path.

    All its certificates, that of the `root` too, are valid from `start` to `end`; all its CRLs
    speak for `fresh_from` to `fresh_until`; both ends are included.
    """

    root: x509.Certificate
    start: dt.datetime
    end: dt.datetime
    fresh_from: dt.datetime
    fresh_until: dt.datetime
    revoked: bool


@dataclass(frozen=True)
class Path:
    """The certificates of a key, its own first; `anchored` is None when no root was named."""

    certificates: tuple[x509.Certificate, ...]
    anchored: Anchored | None

    def check(self, at: dt.datetime, *, pointer: str | None = None) -> None:
        """Return if the path vouches for its key at an instant.

        Raises:
            TrustError: path-invalid (no root is named), certificate-revoked,
                certificate-not-valid-then, crl-stale.
        """
        found = self.anchored
        if found is None:
            raise TrustError("path-invalid", "no root is named to trust", pointer=pointer)
        if found.revoked:
            raise TrustError("certificate-revoked", "by its issuer", pointer=pointer)
        if not found.start <= at <= found.end:
            raise TrustError(
                "certificate-not-valid-then", "outside the path's validity", pointer=pointer
            )
        if not found.fresh_from <= at <= found.fresh_until:
            raise TrustError(
                "crl-stale", "a CRL of the path does not speak for the instant", pointer=pointer
            )


def open_path(
    ders: Sequence[bytes], *, spki: bytes, subject: Subject, anchors: Anchors | None = None
) -> Path:
    """Check a path for the key whose SubjectPublicKeyInfo is `spki`.

    Without `anchors` only what the path says of itself is checked, and it vouches for nothing.

    Raises:
        InputError: certificate-malformed.
        TrustError: certificate-mismatch (another key, party or person), certificate-unfit,
            path-invalid, certificate-not-valid-then (at no instant are all of it valid),
            crl-missing, crl-invalid.
    """
    certificates = tuple(map(load_certificate, ders))
    leaf, *issuers = certificates
    if spki_of(leaf) != spki:
        raise TrustError("certificate-mismatch", "the first certificate is of another key")
    check_subject(leaf.subject, subject)
    check_leaf(leaf)
    for issuer in issuers:
        check_issuer(issuer)
    if any(below.issuer != above.subject for below, above in pairwise(certificates)):
        raise TrustError("path-invalid", "a certificate is not issued by the one after it")
    return Path(certificates, None if anchors is None else _anchored(certificates, anchors))


def _placed(load: Callable[[bytes], _T], ders: Iterable[bytes], name: str) -> Iterator[_T]:
    for position, der in enumerate(ders):
        try:
            yield load(der)
        except (InputError, TrustError) as error:
            pointer = f"{name}/{position}"
            raise type(error)(error.code, error.detail, pointer=pointer) from None


def _load_root(der: bytes) -> x509.Certificate:
    root = load_certificate(der)
    check_issuer(root)
    return root


def _anchored(path: tuple[x509.Certificate, ...], anchors: Anchors) -> Anchored:
    """What holds below the root that lasts longest, where several issued the path."""
    failure = TrustError("path-invalid", "no trusted root issued the last certificate")
    found = []
    for root in anchors.roots:
        if root.subject == path[-1].issuer:
            try:
                found.append(_below(root, path, anchors.crls))
            except TrustError as error:
                failure = error
    if not found:
        raise failure
    return max(found, key=lambda each: each.end)


def _below(
    root: x509.Certificate,
    path: tuple[x509.Certificate, ...],
    crls: Iterable[Crl],
) -> Anchored:
    start = max(each.not_valid_before_utc for each in (*path, root))
    end = min(each.not_valid_after_utc for each in (*path, root))
    if start > end:
        raise TrustError("certificate-not-valid-then", "the path is valid at no instant")
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(start)
        .extension_policies(ca_policy=_ISSUERS, ee_policy=_LEAF)
        .build_client_verifier()
    )
    try:
        verified = verifier.verify(path[0], list(path[1:])).chain
    except verification.VerificationError:
        raise TrustError(
            "path-invalid",
            "a signature, an authority's flag or key usage, a path length or a name constraint "
            "does not hold",
        ) from None
    if verified != [*path, root]:
        raise TrustError("path-invalid", "not all of the certificates lead to the root")
    by_issuer = [_crl_of(issuer, crls) for issuer in (*path[1:], root)]
    return Anchored(
        root=root,
        start=start,
        end=end,
        fresh_from=max(crl.listed.last_update_utc for crl in by_issuer),
        fresh_until=min(crl.until for crl in by_issuer),
        revoked=any(
            crl.listed.get_revoked_certificate_by_serial_number(each.serial_number) is not None
            for each, crl in zip(path, by_issuer, strict=True)
        ),
    )


def _crl_of(issuer: x509.Certificate, crls: Iterable[Crl]) -> Crl:
    named = [crl for crl in crls if crl.listed.issuer == issuer.subject]
    if not named:
        raise TrustError("crl-missing", "an authority of the path has no CRL")
    usage = extension_of(issuer, x509.KeyUsage)
    key = cast(CertificateIssuerPublicKeyTypes, issuer.public_key())  # `check_issuer` has looked
    signed = [crl for crl in named if crl.listed.is_signature_valid(key)]
    if len(signed) != 1 or usage is None or not usage.crl_sign:
        raise TrustError("crl-invalid", "not one CRL that the authority signed and may sign")
    return signed[0]
