"""Timestamps: an outside authority's word that bytes existed by some time (RFC 3161; SPEC 13.5).

    request     a TimeStampReq: the SHA-256 of the bytes, no nonce, the certificate wanted
    token       the TimeStampResp that answers it: a status, and a signature of the authority over
                the SHA-256, the time and a serial number
    authority   a root certificate that the reader trusts, in a PEM file

A nonce would add nothing: a token is over bytes that nobody could know before they were made, so an
old one that is shown again says no more than the truth.

Opening a token shows that it was good when it was made. A certificate that has ended since vouches
for nothing any more, unless a later token covers this one: see `attest.log.stamps`.

>>> len(make_request(b"any bytes"))
59
>>> open_timestamp(b"no token", b"any bytes", Authorities(()))
Traceback (most recent call last):
attest.errors.LogError: timestamp-malformed: not an answer of a timestamp authority
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from attest import limits
from attest.encoding import format_instant, parse_instant
from attest.errors import AttestError, InputError, LogError, TrustError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_GRANTED: Final = 0
_CERTIFICATES_MAX: Final = 6
"""Six that all issued each other give some hundred chains, more would give too many."""
_TRUSTED: Final = re.compile(
    rb"((?:(?!-----BEGIN).)*)"
    rb"(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----)\s*",
    re.DOTALL,
)
_UNTIL: Final = re.compile(rb"(?:^|\n)trusted until (\S+)[ \t\r]*(?=\n|$)")


class Authority(NamedTuple):
    """An authority that a reader trusts: its root certificate, and until when if not to its end."""

    name: str
    root: Certificate
    until: dt.datetime | None = None


@dataclass(frozen=True)
class Authorities:
    """The authorities that a reader trusts."""

    authorities: tuple[Authority, ...]

    @staticmethod
    def parse(pem: bytes) -> Authorities:
        """Read root certificates from PEM, each named by its subject.

        A line `trusted until <instant>` before a certificate bounds the trust in what it issued,
        for an authority that lost its key, say.

        Raises:
            InputError: key-malformed.
        """
        found, at = [], 0
        while match := _TRUSTED.match(pem, at):
            found.append(_authority(match[2], match[1]))
            at = match.end()
        if not found or at != len(pem):
            raise InputError("key-malformed", "not a file of PEM certificates")
        return Authorities(tuple(found))

    def __add__(self, others: Authorities) -> Authorities:
        """The authorities of both."""
        return Authorities(self.authorities + others.authorities)


def _authority(pem: bytes, words: bytes) -> Authority:
    from cryptography.x509 import load_pem_x509_certificate
    from cryptography.x509.oid import NameOID

    try:
        root = load_pem_x509_certificate(pem)
        names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if names else root.subject.rfc4514_string()
    except ValueError:
        raise InputError("key-malformed", "a certificate cannot be read") from None
    until = _UNTIL.search(words)
    if until is None:
        return Authority(name, root)
    try:
        return Authority(name, root, parse_instant(until[1].decode("ascii", "replace")))
    except InputError:
        raise InputError("key-malformed", "the end of the trust is not an instant") from None


@dataclass(frozen=True)
class Timestamp:
    """A verified token.

    The bytes existed `at` the latest, as `authority` says under its number `serial`; `until` is
    when the first of the certificates ends that this rests on.
    """

    at: dt.datetime
    authority: str
    serial: int
    until: dt.datetime


def make_request(stamped: bytes) -> bytes:
    """What an authority is asked to timestamp these bytes; the same bytes give the same request."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return (
        TimestampRequestBuilder()
        .data(stamped)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=False)
        .cert_request(cert_request=True)
        .build()
        .as_bytes()
    )


def open_timestamp(token: bytes, stamped: bytes, authorities: Authorities) -> Timestamp:
    """Verify that a token is over these bytes and was good when an authority made it.

    Raises:
        LogError: timestamp-malformed (it cannot be read), timestamp-invalid (refused by the
            authority, over other bytes, another digest than SHA-256, a signature that does not
            verify, a certificate that is not for timestamps).
        TrustError: timestamp-untrusted (by none of the authorities), timestamp-expired (made
            outside the validity of its certificates, or after the trust in the authority ended).
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    response = _decode(token)
    try:
        if response.status != _GRANTED:
            raise LogError("timestamp-invalid", "the authority did not grant it")
        info = response.tst_info
        at, serial = info.gen_time, info.serial_number
        imprint = info.message_imprint
        if imprint.hash_algorithm.dotted_string != _SHA256:
            raise LogError("timestamp-invalid", "the digest in the token is not SHA-256")
        if imprint.message != sha256(stamped).digest():
            raise LogError("timestamp-invalid", "the token is over other bytes")
        authority, until = _trusted(response, at, authorities)
        verifier = VerifierBuilder().add_root_certificate(authority.root).build()
        verifier.verify_message(response, stamped)
    except VerificationError:
        raise LogError(
            "timestamp-invalid", "the signature or the certificate of the token does not hold"
        ) from None
    except AttestError:
        raise
    except Exception:  # noqa: BLE001  what reads certificates fails in many ways at broken ones
        raise LogError("timestamp-malformed", "a part of the token cannot be read") from None
    return Timestamp(_whole_seconds(at), authority.name, serial, until)


def _decode(token: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    if len(token) > limits.TIMESTAMP_BYTES_MAX:
        raise LogError("timestamp-malformed", f"over {limits.TIMESTAMP_BYTES_MAX} bytes")
    try:
        return decode_timestamp_response(token)
    except ValueError:
        raise LogError("timestamp-malformed", "not an answer of a timestamp authority") from None


def _whole_seconds(at: dt.datetime) -> dt.datetime:
    """The first whole second that is not before `at`: bytes existed then, too."""
    whole = at.replace(microsecond=0)
    return whole if whole == at else whole + dt.timedelta(seconds=1)


def _trusted(
    response: TimeStampResponse, at: dt.datetime, authorities: Authorities
) -> tuple[Authority, dt.datetime]:
    """The authority below which the token was signed, and when the first of its certificates ends.

    Where several lead to it, as when a root was renewed, the one that lasts longest.
    """
    ways = [
        (max(each.not_valid_before_utc for each in way), _end_of(way, authority), authority)
        for authority in authorities.authorities
        for way in _ways(response, authority.root)
    ]
    if not ways:
        raise TrustError("timestamp-untrusted", "no trusted authority issued its certificate")
    fitting = [(until, authority) for start, until, authority in ways if start <= at < until]
    if not fitting:
        start, until, _ = max(ways, key=lambda way: way[:2])
        raise TrustError(
            "timestamp-expired",
            f"made at {format_instant(_whole_seconds(at))}, while its certificates hold from "
            f"{format_instant(start)} to {format_instant(until)}",
        )
    until, authority = max(fitting, key=lambda way: way[0])
    return authority, until


def _end_of(way: Collection[Certificate], authority: Authority) -> dt.datetime:
    end = min(each.not_valid_after_utc for each in way)
    return end if authority.until is None else min(end, authority.until)


def _ways(response: TimeStampResponse, root: Certificate) -> Iterator[tuple[Certificate, ...]]:
    """The chains from the certificate of the token's signer to a root."""
    from cryptography.x509 import load_der_x509_certificate

    signed = response.signed_data
    certificates = [load_der_x509_certificate(raw) for raw in sorted(signed.certificates)]
    signers = {(each.issuer, each.serial_number) for each in signed.signer_infos}
    if len(certificates) > _CERTIFICATES_MAX or len(signers) != 1:
        raise LogError("timestamp-malformed", "too many certificates, or not one signer")
    for leaf in certificates:
        if (leaf.issuer, leaf.serial_number) in signers:
            yield from _climb((leaf,), certificates, root)


def _climb(
    way: tuple[Certificate, ...], certificates: Collection[Certificate], root: Certificate
) -> Iterator[tuple[Certificate, ...]]:
    if way[-1] == root:
        yield way
        return
    if _issued(root, way[-1]):
        yield (*way, root)
        return
    for issuer in certificates:
        if issuer not in way and _issued(issuer, way[-1]):
            yield from _climb((*way, issuer), certificates, root)


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
