"""Certificates and revocation lists in files, PEM or DER, and what a person is shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attest import encoding, limits
from attest.cli import files
from attest.cli.failures import about
from attest.encoding import Json
from attest.errors import InputError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_PEM: Final = b"-----BEGIN "
_GROUP: Final = 4


def read_certificates(path: str) -> list[bytes]:
    """The certificates of a file in DER: as many as are in it in PEM, or one in DER.

    Raises:
        InputError: file, too-large, certificate-malformed.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    raw = files.read_bytes(path, bytes_max=limits.KEYSET_BYTES_MAX)
    if _PEM not in raw:
        return [raw]
    with about(files.name_of(path)):
        try:
            found = x509.load_pem_x509_certificates(raw)
        except ValueError:
            raise InputError("certificate-malformed", "not PEM of certificates") from None
        return [each.public_bytes(Encoding.DER) for each in found]


def read_crl(path: str) -> bytes:
    """The revocation list of a file in DER.

    Raises:
        InputError: file, too-large, certificate-malformed.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    raw = files.read_bytes(path, bytes_max=limits.MANDATE_BYTES_MAX)
    if _PEM not in raw:
        return raw
    with about(files.name_of(path)):
        try:
            return x509.load_pem_x509_crl(raw).public_bytes(Encoding.DER)
        except ValueError:
            raise InputError("certificate-malformed", "not PEM of a revocation list") from None


def described(certificate: Certificate) -> dict[str, Json]:
    """What a person compares of a certificate; the fingerprint is its SHA-256."""
    from cryptography.hazmat.primitives.serialization import Encoding

    digest = encoding.digest(certificate.public_bytes(Encoding.DER))
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "not_before": encoding.format_instant(certificate.not_valid_before_utc),
        "not_after": encoding.format_instant(certificate.not_valid_after_utc),
        "fingerprint": " ".join(groups(digest.removeprefix("sha256:"))),
    }


def lines_of(told: dict[str, Json]) -> list[str]:
    """The lines that show a certificate of `described`."""
    return [
        f"  {told['subject']}",
        f"    issued by {told['issuer']}, number {told['serial']}",
        f"    {told['not_before']} to {told['not_after']}",
        *(f"    {line}" for line in halves(told["fingerprint"].split(" "))),
    ]


def groups(digits: str) -> list[str]:
    """Digits in groups that can be read out."""
    return [digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP)]


def halves(grouped: list[str]) -> tuple[str, str]:
    """Groups on two lines."""
    half = len(grouped) // 2
    return " ".join(grouped[:half]), " ".join(grouped[half:])
