"""`attest keygen`: files, permissions, encryption, the record, refusals."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from attest import schemas
from attest.encoding import loads
from attest.envelope import KeyRing
from attest.models import Keyset, parse
from attest.signing import load_signer
from tests.cli.helpers import attest, attest_terminal, check_failed, document, succeeded
from tests.cli.pages import json_members

PARTY = [
    *("--party", "tianqiu", "--legal-name", "天秋设计有限公司", "--name-latin", "Tianqiu Design"),
    *("--country", "US", "--role", "designer"),
]
HOLDER = ["--holder", "Mei-Ling Chen", "--title", "VP Compliance"]


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256-sha256"])
def test_a_key_with_its_record(tmp_path: Path, algorithm: str) -> None:
    name = tmp_path / "key"
    (tmp_path / "pass").write_bytes(b"correct horse\n")
    result = attest(
        *("keygen", name, "--algorithm", algorithm, *PARTY, *HOLDER),
        *("--valid-from", "2026-01-01T00:00:00Z", "--valid-until", "2027-01-01T00:00:00Z"),
        *("--passphrase-file", tmp_path / "pass", "--json"),
    )
    told = document(succeeded(result))
    pem = (tmp_path / "key.pem").read_bytes()
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert b"ENCRYPTED" in pem
    signer = load_signer(pem, b"correct horse")
    assert signer.algorithm == algorithm
    assert told["keyid"] == signer.keyid
    assert set(told) == json_members("`keygen`")
    keyset = loads((tmp_path / "key.keyset.json").read_bytes())
    schemas.validate("keyset", keyset)
    assert list(KeyRing.of([parse(Keyset, keyset)]).keys) == [signer.keyid]
    assert keyset["party"]["legal_name"] == "天秋设计有限公司"
    assert keyset["party"]["roles"] == ["designer"]
    assert keyset["keys"][0]["holder"] == {"name": "Mei-Ling Chen", "title": "VP Compliance"}
    assert keyset["keys"][0]["valid_until"] == "2027-01-01T00:00:00Z"


def test_the_passphrase_from_the_environment(tmp_path: Path) -> None:
    result = attest(
        "keygen", tmp_path / "key", *PARTY, *HOLDER, env={"ATTEST_PASSPHRASE": "from outside"}
    )
    signer = load_signer((tmp_path / "key.pem").read_bytes(), b"from outside")
    assert signer.keyid in succeeded(result).stdout + (tmp_path / "key.keyset.json").read_text()


def test_without_a_passphrase_only_when_asked_and_loudly(tmp_path: Path) -> None:
    check_failed(attest("keygen", tmp_path / "a", *PARTY, *HOLDER), 2, "passphrase")
    assert not list(tmp_path.iterdir())
    result = succeeded(attest("keygen", tmp_path / "a", *PARTY, *HOLDER, "--no-passphrase"))
    assert "NOT encrypted" in result.stderr
    load_signer((tmp_path / "a.pem").read_bytes(), None)


@pytest.mark.parametrize("text", [b"\n", b"x" * 1024 + b"\n"], ids=["empty", "too long"])
def test_a_passphrase_that_cannot_be_used_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pass").write_bytes(text)
    result = attest(
        "keygen", tmp_path / "a", *PARTY, *HOLDER, "--passphrase-file", tmp_path / "pass"
    )
    check_failed(result, 2, "passphrase")


@pytest.mark.parametrize("existing", ["a.pem", "a.keyset.json"])
def test_nothing_is_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_bytes(b"precious")
    told = check_failed(
        attest("keygen", tmp_path / "a", *PARTY, *HOLDER, "--no-passphrase"), 2, "file"
    )
    assert existing in told
    assert [each.name for each in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_bytes() == b"precious"


def test_a_second_key_goes_into_the_keyset(tmp_path: Path) -> None:
    succeeded(attest("keygen", tmp_path / "a", *PARTY, *HOLDER, "--no-passphrase"))
    keyset = tmp_path / "a.keyset.json"
    result = attest(
        *("keygen", tmp_path / "b", "--into", keyset, "--purpose", "review", "--no-passphrase"),
        *("--holder", "Ana Costa", "--title", "Reviewer"),
    )
    succeeded(result)
    keys = loads(keyset.read_bytes())["keys"]
    assert [key["purpose"] for key in keys] == ["statement", "review"]
    assert not (tmp_path / "b.keyset.json").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.keyset.json", "a.pem", "b.pem"]


def test_into_takes_no_party(tmp_path: Path) -> None:
    result = attest("keygen", tmp_path / "b", "--into", "x.json", *PARTY, *HOLDER)
    check_failed(result, 1, "usage")


def test_into_something_that_is_no_keyset(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{"v": 1}')
    result = attest("keygen", tmp_path / "b", "--into", tmp_path / "x.json", *HOLDER)
    told = check_failed(result, 2, "schema-violation")
    assert "x.json" in told
    assert not (tmp_path / "b.pem").exists()


@pytest.mark.parametrize("left_out", ["--party", "--legal-name", "--country", "--role"])
def test_a_new_keyset_needs_its_party(tmp_path: Path, left_out: str) -> None:
    position = PARTY.index(left_out)
    party = PARTY[:position] + PARTY[position + 2 :]
    told = check_failed(
        attest("keygen", tmp_path / "a", *party, *HOLDER, "--no-passphrase"), 1, "usage"
    )
    assert left_out in told


@pytest.mark.parametrize(
    ("option", "value", "code", "error"),
    [
        ("--country", "Taiwan", 2, "schema-violation"),
        ("--party", "Not An Id", 2, "schema-violation"),
        ("--legal-name", "a\u202eb", 2, "json-text"),
        ("--role", "king", 1, "usage"),
        ("--purpose", "everything", 1, "usage"),
        ("--algorithm", "rsa", 1, "usage"),
        ("--valid-until", "tomorrow", 1, "usage"),
        ("--valid-until", "2020-01-01T00:00:00Z", 2, "schema-violation"),
    ],
)
def test_bad_values(tmp_path: Path, option: str, value: str, code: int, error: str) -> None:
    arguments = ["keygen", str(tmp_path / "a"), *PARTY, *HOLDER, "--no-passphrase", option, value]
    check_failed(attest(*arguments), code, error)
    assert not (tmp_path / "a.pem").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    told = check_failed(
        attest("keygen", tmp_path / "no" / "a", *PARTY, *HOLDER, "--no-passphrase"), 2, "file"
    )
    assert "no such folder" in told


def test_on_a_terminal_the_passphrase_is_asked_for_twice(tmp_path: Path) -> None:
    arguments = ["keygen", tmp_path / "a", *PARTY, *HOLDER]
    secret = "correct horse"
    typed = [("Passphrase for the new key", secret), ("Repeat for confirmation", secret)]
    code, shown = attest_terminal(*arguments, typed=typed)
    assert code == 0, shown
    assert secret not in shown
    load_signer((tmp_path / "a.pem").read_bytes(), b"correct horse")
