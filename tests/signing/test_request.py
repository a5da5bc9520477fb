"""Requests for certificates, for keys in memory, behind a command and in a token."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from attest import keys
from attest.errors import InputError, InternalError
from attest.signing import KeySigner, Signer
from attest.signing.command import CommandSigner
from attest.signing.request import certificate_request, subject_of
from attest.signing.token import TokenSigner
from tests.signing.service import key_service
from tests.softhsm import PIN, TOKEN, SoftToken
from tests.world import derived_signer

NAMES = {"country": "TW", "organisation": "Formosa", "person": "林威", "title": "Head"}


def check(signer: Signer) -> None:
    request = x509.load_pem_x509_csr(certificate_request(signer, subject_of(**NAMES)))
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=林威,2.5.4.12=Head,O=Formosa,C=TW"
    public = request.public_key()
    assert isinstance(public, keys.LibraryKey)
    assert keys.spki_of(public) == signer.public.spki
    assert not list(request.extensions)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_key_in_memory(algorithm: str) -> None:
    check(derived_signer("request", algorithm))


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_key_behind_a_command(tmp_path: Path, algorithm: str) -> None:
    signer = derived_signer("request", algorithm)
    argv = key_service(tmp_path, signer, "raw")
    check(CommandSigner(public=signer.public, argv=argv, seconds_max=60))


@pytest.mark.parametrize("algorithm", [keys.ED25519, keys.ECDSA_P256, keys.ECDSA_P384])
def test_a_key_in_a_token(soft_token: SoftToken, algorithm: str) -> None:
    check(
        TokenSigner.find(
            module=soft_token.module,
            token=TOKEN,
            key=soft_token.keys[algorithm],
            algorithm=algorithm,
            pin=lambda: PIN,
        )
    )


@pytest.mark.parametrize("name", ["organisation", "person", "title"])
def test_names_that_no_certificate_holds(name: str) -> None:
    """RFC 5280 ends names at 64 characters; 64 are still good."""
    assert subject_of(**{**NAMES, name: "x" * 64})
    with pytest.raises(InputError) as caught:
        subject_of(**{**NAMES, name: "x" * 65})
    assert caught.value.code == "too-large"


def test_the_names_of_a_subject_in_order() -> None:
    assert subject_of(**NAMES).rfc4514_string() == "CN=林威,2.5.4.12=Head,O=Formosa,C=TW"


def test_a_signer_that_signs_something_else() -> None:
    """No request leaves that its reader would refuse."""
    honest = derived_signer("request")

    class Wrong(KeySigner):
        def sign(self, message: bytes) -> bytes:
            return super().sign(message + b"!")

    with pytest.raises(InternalError):
        certificate_request(Wrong(honest.public, honest._private), subject_of(**NAMES))
