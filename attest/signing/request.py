"""Requests for certificates (PKCS#10, RFC 2986), for any signer.

    SEQUENCE { info, algorithm, BIT STRING signature }

The library makes a request for a key that it holds, and a token gives none away. So a key of the
same algorithm stands in: its request gives the form, its public key is exchanged for the signer's
(both are of one length), and the signer signs the result.

>>> from attest.signing import generate_private_key, signer_of
>>> subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mei-Ling Chen")])
>>> signer = signer_of(generate_private_key("ed25519"))
>>> request = x509.load_pem_x509_csr(certificate_request(signer, subject))
>>> request.is_signature_valid, request.subject == subject
(True, True)
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from attest.errors import InputError, InternalError
from attest.keys import CURVES, spki_of
from attest.signing import Signer, generate_private_key

NAME_CHARACTERS_MAX: Final = 64
"""RFC 5280, appendix A.1: of a common name, an organisation and a title."""


def subject_of(*, country: str, organisation: str, person: str, title: str) -> x509.Name:
    """The subject of a certificate for a person of an organisation.

    Raises:
        InputError: too-large (a name is longer than a certificate holds).
    """
    if max(map(len, (organisation, person, title))) > NAME_CHARACTERS_MAX:
        raise InputError("too-large", f"a certificate has names of {NAME_CHARACTERS_MAX} letters")
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.TITLE, title),
            x509.NameAttribute(NameOID.COMMON_NAME, person),
        ]
    )


def certificate_request(signer: Signer, subject: x509.Name) -> bytes:
    """A request for a certificate of the signer's key, as PEM.

    Raises:
        InputError: passphrase.
        RemoteError: signer.
    """
    curve = CURVES.get(signer.public.algorithm)
    stand_in = generate_private_key(signer.public.algorithm)
    model = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(stand_in, None if curve is None else curve.hash)
    )
    info = model.tbs_certrequest_bytes
    _, _, rest = model.public_bytes(Encoding.DER).partition(info)
    algorithm = rest[: 2 + rest[1]]
    info = info.replace(spki_of(stand_in.public_key()), signer.public.spki)
    signature = signer.sign(info)
    if curve is not None:
        r, s = signature[: curve.number_bytes], signature[curve.number_bytes :]
        signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    made = _der(0x30, info + algorithm + _der(0x03, b"\0" + signature))
    request = x509.load_der_x509_csr(made)
    named = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if not request.is_signature_valid or named != signer.public.spki:
        raise InternalError("internal", "a request for a certificate does not hold")
    return request.public_bytes(Encoding.PEM)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
