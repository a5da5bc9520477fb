"""Tokens of timestamp authorities: good ones, every kind of bad one, and those of OpenSSL."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from hashlib import sha512
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import AttestError, InputError
from attest.log.timestamp import Authorities, Timestamp, make_request, open_timestamp
from tests.authorities import (
    END,
    SHA512,
    START,
    Authority,
    Certified,
    OpensslAuthority,
    certify,
)
from tests.conftest import STRANGER_ABSENT

DATA = b"a checkpoint\n"
AT = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
AUTHORITY = Authority.make()
TRUSTED = Authorities.parse(AUTHORITY.root.pem)
TOKEN = AUTHORITY.answer(DATA, at=AT)


@pytest.fixture
def openssl(tmp_path: Path) -> OpensslAuthority:
    """An authority of OpenSSL with the certificates of `AUTHORITY`."""
    if shutil.which("openssl") is None:
        pytest.skip(f"{STRANGER_ABSENT}: there is no openssl")
    return OpensslAuthority(AUTHORITY, tmp_path)


def fault(token: bytes, data: bytes = DATA, trusted: Authorities = TRUSTED) -> AttestError:
    with pytest.raises(AttestError) as caught:
        open_timestamp(token, data, trusted)
    return caught.value


def test_a_token_says_when_who_and_under_which_number() -> None:
    opened = open_timestamp(TOKEN, DATA, TRUSTED)
    assert opened == Timestamp(AT, "Example Time", AUTHORITY.serial, END)


def test_a_token_is_over_its_bytes_alone() -> None:
    for data in (b"", DATA[:-1], DATA + b"\n", DATA.upper()):
        assert fault(TOKEN, data).code == "timestamp-invalid"


def test_a_token_of_another_authority_is_not_trusted() -> None:
    other = Authority.make("Example Time")  # the same name, other keys
    assert fault(other.answer(DATA, at=AT)).code == "timestamp-untrusted"
    assert fault(TOKEN, trusted=Authorities(())).code == "timestamp-untrusted"
    both = Authorities.parse(other.root.pem) + TRUSTED
    assert open_timestamp(TOKEN, DATA, both).at == AT


def test_a_certificate_between_is_followed() -> None:
    middle = certify("between", AUTHORITY.root, end=END - SECOND)
    leaf = certify("leaf", middle, usage=ExtendedKeyUsageOID.TIME_STAMPING)
    token = Authority(AUTHORITY.root, leaf, (middle,)).answer(DATA, at=AT)
    assert open_timestamp(token, DATA, TRUSTED).until == END - SECOND
    alone = Authority(AUTHORITY.root, leaf).answer(DATA, at=AT)
    assert fault(alone).code == "timestamp-untrusted"


def test_an_authority_may_sign_with_the_root_itself() -> None:
    alone = certify("alone", usage=ExtendedKeyUsageOID.TIME_STAMPING)
    token = Authority(alone, alone).answer(DATA, at=AT)
    assert open_timestamp(token, DATA, Authorities.parse(alone.pem)).authority == "alone"


def test_a_certificate_between_has_to_be_that_of_an_authority() -> None:
    leaf = certify("leaf", AUTHORITY.signer, usage=ExtendedKeyUsageOID.TIME_STAMPING)
    token = Authority(AUTHORITY.root, leaf, (AUTHORITY.signer,)).answer(DATA, at=AT)
    assert fault(token).code == "timestamp-invalid"


@pytest.mark.parametrize("at", [START, END - SECOND])
def test_a_token_from_either_end_of_the_validity(at: dt.datetime) -> None:
    assert open_timestamp(AUTHORITY.answer(DATA, at=at), DATA, TRUSTED).at == at


@pytest.mark.parametrize("at", [START - SECOND, END])
def test_a_token_from_outside_the_validity_of_its_certificate(at: dt.datetime) -> None:
    error = fault(AUTHORITY.answer(DATA, at=at))
    assert error.code == "timestamp-expired"
    assert error.detail == (
        f"made at {at:%Y-%m-%dT%H:%M:%SZ}, while its certificates hold from "
        "2026-01-01T00:00:00Z to 2036-01-01T00:00:00Z"
    )


def test_trust_may_end_before_the_certificate() -> None:
    pem = b"The key was stolen.\ntrusted until 2026-11-24T12:00:00Z\n" + AUTHORITY.root.pem
    assert fault(TOKEN, trusted=Authorities.parse(pem)).code == "timestamp-expired"
    pem = pem.replace(b"12:00:00Z", b"12:00:01Z")
    assert open_timestamp(TOKEN, DATA, Authorities.parse(pem)).until == AT + SECOND


def test_of_two_roots_with_one_key_the_one_that_lasts_counts() -> None:
    old = certify("Example Time", end=AT + SECOND)
    new = certify("Example Time", key=old.key)
    leaf = certify("leaf", old, usage=ExtendedKeyUsageOID.TIME_STAMPING)
    token = Authority(old, leaf).answer(DATA, at=AT)
    for pem in (old.pem + new.pem, new.pem + old.pem):
        assert open_timestamp(token, DATA, Authorities.parse(pem)).until == END
    assert open_timestamp(token, DATA, Authorities.parse(old.pem)).until == AT + SECOND


@pytest.mark.parametrize(
    "authority",
    [
        Authority.make(usage=ExtendedKeyUsageOID.CODE_SIGNING),
        Authority.make(critical=False),
        Authority(root := certify("no usage"), certify("no usage 1", root)),
    ],
    ids=["code signing", "not critical", "none"],
)
def test_a_certificate_that_is_not_for_timestamps(authority: Authority) -> None:
    trusted = Authorities.parse(authority.root.pem)
    assert fault(authority.answer(DATA, at=AT), trusted=trusted).code == "timestamp-invalid"


def test_another_digest_is_refused_even_if_it_fits() -> None:
    digest = sha512(DATA).digest()
    token = AUTHORITY.answer(DATA, at=AT, imprint=digest, hash_algorithm=SHA512)
    assert fault(token).code == "timestamp-invalid"


def test_an_authority_that_refuses_or_changes_what_was_asked() -> None:
    assert fault(AUTHORITY.answer(DATA, at=AT, status=1)).code == "timestamp-invalid"
    assert fault(AUTHORITY.answer(DATA, at=AT, status=2)).code == "timestamp-invalid"


def test_a_token_without_its_certificate_is_by_nobody() -> None:
    assert fault(AUTHORITY.answer(DATA, at=AT, embed=False)).code == "timestamp-untrusted"


def test_a_signature_by_another_key_under_the_certificate_of_the_authority() -> None:
    thief = Certified(AUTHORITY.signer.certificate, ec.generate_private_key(ec.SECP256R1()))
    token = replace(AUTHORITY, signer=thief).answer(DATA, at=AT)
    assert fault(token).code == "timestamp-invalid"


@pytest.mark.parametrize(
    "token", [b"", b"\x30", b"garbage", TOKEN[:-1], TOKEN + b"\x00", TOKEN[len(TOKEN) // 2 :]]
)
def test_what_is_no_token(token: bytes) -> None:
    assert fault(token).code == "timestamp-malformed"


def test_a_token_that_is_too_large() -> None:
    error = fault(bytes(limits.TIMESTAMP_BYTES_MAX + 1))
    assert (error.code, error.detail) == ("timestamp-malformed", "over 65536 bytes")


def test_many_certificates_that_issued_each_other_are_not_followed() -> None:
    crowd = tuple(certify("between", AUTHORITY.root) for _ in range(6))
    token = Authority(AUTHORITY.root, AUTHORITY.signer, crowd).answer(DATA, at=AT)
    assert fault(token).code == "timestamp-malformed"


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("bit", [0, 1, 5, 7])
def test_a_changed_token_is_refused_or_says_the_same(bit: int) -> None:
    """Few bytes are signed by nobody: versions and names of algorithms."""
    same = []
    for at in range(len(TOKEN)):
        token = TOKEN[:at] + bytes((TOKEN[at] ^ 1 << bit,)) + TOKEN[at + 1 :]
        try:
            same.append(open_timestamp(token, DATA, TRUSTED))
        except AttestError as error:
            assert error.code.startswith("timestamp-")  # noqa: PT017
    assert set(same) <= {open_timestamp(TOKEN, DATA, TRUSTED)}
    assert len(same) < len(TOKEN) // 40


@given(st.binary(max_size=200))
def test_bytes_are_no_token(token: bytes) -> None:
    assert fault(token).code == "timestamp-malformed"


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"words",
        AUTHORITY.root.pem[:-30],
        AUTHORITY.root.pem + b"words",
        AUTHORITY.root.key_pem(),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"trusted until tomorrow\n" + AUTHORITY.root.pem,
    ],
)
def test_what_names_no_authority(pem: bytes) -> None:
    with pytest.raises(InputError) as caught:
        Authorities.parse(pem)
    assert caught.value.code == "key-malformed"


def test_the_same_bytes_give_the_same_request() -> None:
    assert make_request(DATA) == make_request(DATA) != make_request(DATA + b"\n")


def test_openssl_answers_our_request(openssl: OpensslAuthority) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    token = openssl.answer(make_request(DATA))
    opened = open_timestamp(token, DATA, TRUSTED)
    assert before <= opened.at <= dt.datetime.now(dt.UTC)
    assert (opened.authority, opened.until) == ("Example Time", END)
    assert openssl.accepts(token, DATA)
    assert not openssl.accepts(token, DATA + b"\n")
    assert fault(token, DATA + b"\n").code == "timestamp-invalid"


def test_a_token_to_openssls_own_request_is_read(openssl: OpensslAuthority) -> None:
    token = openssl.answer(openssl.query(DATA))
    assert open_timestamp(token, DATA, TRUSTED).authority == "Example Time"
    assert fault(openssl.answer(openssl.query(DATA, "sha512"))).code == "timestamp-invalid"


def test_openssl_reads_the_tokens_of_these_tests(openssl: OpensslAuthority) -> None:
    assert openssl.accepts(TOKEN, DATA)
    for token in (
        Authority.make().answer(DATA, at=AT),
        TOKEN[:-1] + bytes((TOKEN[-1] ^ 1,)),
    ):
        assert not openssl.accepts(token, DATA)
