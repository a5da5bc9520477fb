"""`attest keys`: listing, fingerprints, requests for certificates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from attest import keys
from attest.encoding import loads
from attest.signing import KeySigner
from tests.cli.helpers import attest, check_failed, document, succeeded, write_json, write_key
from tests.cli.pages import json_members
from tests.world import World, derived_signer, key_record

AT = ["--at", "2026-11-24T14:00:00Z"]
MEI = derived_signer("mei", keys.ECDSA_P384)
WEI = derived_signer("wei", keys.ML_DSA_65)


@pytest.fixture
def keyset(tmp_path: Path) -> Path:
    document = loads(World().designer.keyset())
    spans = [
        ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"),
    ]
    document["keys"] += [
        key_record(signer, "review", holder, span)
        for signer, holder, span in zip((MEI, WEI), ("Mei", "Wei"), spans, strict=True)
    ]
    return write_json(tmp_path / "tianqiu.keyset.json", document)


def test_a_list_says_who_holds_what_and_since_when(keyset: Path) -> None:
    told = document(succeeded(attest("keys", "list", keyset, *AT, "--json")))
    assert {each["state"] for each in told} == {"valid", "not yet valid", "ended"}
    assert all(set(each) == json_members("`keys list`") for each in told)
    assert {each["keyid"]: each["state"] for each in told}[MEI.keyid] == "not yet valid"
    assert {each["algorithm"] for each in told} == {"ecdsa-p256-sha256", MEI.algorithm, "ml-dsa-65"}
    shown = succeeded(attest("keys", "list", keyset, *AT, "--plain")).stdout
    for word in ("tianqiu", "Wei", "ended", WEI.keyid.removeprefix("sha256:")[:16]):
        assert word in shown


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-12-31T23:59:59Z", "not yet valid"),
        ("2027-01-01T00:00:00Z", "valid"),
        ("2028-01-01T00:00:00Z", "valid"),
        ("2028-01-01T00:00:01Z", "ended"),
    ],
)
def test_states_to_the_second(keyset: Path, at: str, state: str) -> None:
    arguments = ["keys", "show", keyset, MEI.keyid, "--at", at, "--json"]
    assert document(succeeded(attest(*arguments)))["state"] == state


def test_a_folder_of_keysets(keyset: Path) -> None:
    world = World()
    write_json(keyset.parent / "formosa.keyset.json", loads(world.fabricator.keyset()))
    told = document(succeeded(attest("keys", "list", keyset.parent, "--json")))
    assert [each["party"] for each in told] == ["formosa"] * 4 + ["tianqiu"] * 3
    (keyset.parent / "other.json").write_bytes(b"{}")
    assert "other.json" in check_failed(
        attest("keys", "list", keyset.parent), 2, "schema-violation"
    )


def test_a_keyset_that_does_not_hold(keyset: Path) -> None:
    """A key is checked before it is shown: its identifier is the digest of it."""
    document = loads(keyset.read_bytes())
    document["keys"][0]["keyid"] = MEI.keyid
    write_json(keyset, document)
    check_failed(attest("keys", "list", keyset), 3, "trust-incomplete")
    document["keys"][0]["algorithm"] = "ed25519"
    write_json(keyset, document)
    check_failed(attest("keys", "list", keyset), 2, "key-malformed")


def test_a_fingerprint_that_can_be_read_out(keyset: Path) -> None:
    digits = MEI.keyid.removeprefix("sha256:")
    for keyid in (MEI.keyid, digits, digits[:8], MEI.keyid[:15], digits[:8].upper()):
        told = document(succeeded(attest("keys", "show", keyset, keyid, *AT, "--json")))
        assert set(told) == json_members("`keys show`")
        assert told["fingerprint"].split() == [digits[n : n + 4] for n in range(0, 64, 4)]
        assert told["keyid"] == MEI.keyid
    shown = succeeded(attest("keys", "show", keyset, digits[:8], *AT)).stdout
    lines = [line.strip() for line in shown.splitlines()]
    assert "".join(lines[-2:]).replace(" ", "") == digits
    assert "Mei, Head of Trade Compliance" in lines
    assert "2027-01-01T00:00:00Z to 2028-01-01T00:00:00Z: not yet valid" in lines


@pytest.mark.parametrize("signer", [MEI, WEI])
def test_the_public_key_for_other_programs(keyset: Path, signer: KeySigner) -> None:
    pem = succeeded(attest("keys", "show", keyset, signer.keyid, "--pem")).stdout
    public = serialization.load_pem_public_key(pem.encode())
    assert isinstance(public, keys.LibraryKey)
    assert keys.load_public_key(signer.algorithm, keys.spki_of(public)).keyid == signer.keyid


def test_keys_that_are_not_told(keyset: Path) -> None:
    check_failed(attest("keys", "show", keyset, "sha256:" + "0" * 64), 2, "not-found")
    check_failed(attest("keys", "show", keyset, MEI.keyid[:14]), 1, "usage")
    check_failed(attest("keys", "show", keyset, MEI.keyid + "0"), 2, "not-found")


def test_a_request_for_a_certificate(keyset: Path, tmp_path: Path) -> None:
    key = write_key(tmp_path / "mei.pem", MEI)
    arguments = ["keys", "export-csr", keyset, "--key", key]
    pem = succeeded(attest(*arguments)).stdout
    request = x509.load_pem_x509_csr(pem.encode())
    assert request.is_signature_valid
    subject = "CN=Mei,2.5.4.12=Head of Trade Compliance,O=Tianqiu Design Inc.,C=US"
    assert request.subject.rfc4514_string() == subject
    told = json.loads(succeeded(attest(*arguments, "--json")).stdout)
    assert set(told) == json_members("`keys export-csr`") | {"request"}
    target = tmp_path / "mei.csr"
    told = json.loads(succeeded(attest(*arguments, "-o", target, "--json")).stdout)
    assert set(told) == json_members("`keys export-csr`") | {"file"}
    assert told["subject"] == subject
    assert x509.load_pem_x509_csr(target.read_bytes()).is_signature_valid
    check_failed(attest(*arguments, "-o", target), 2, "file")


def test_a_request_for_a_key_that_is_not_enrolled(keyset: Path, tmp_path: Path) -> None:
    key = write_key(tmp_path / "other.pem", derived_signer("other"))
    check_failed(attest("keys", "export-csr", keyset, "--key", key), 3, "unknown-key")
