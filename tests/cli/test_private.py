"""Where a private key may lie, and keys that lie elsewhere: behind a command, in a token."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from attest import keys
from attest.encoding import Json, encode_base64, loads
from attest.envelope import KeyRing, Opened, open_envelope, require_algorithms
from attest.models import Keyset, parse
from tests.cli.helpers import (
    attest,
    check_failed,
    declaration_file,
    document,
    succeeded,
    write_json,
    write_key,
)
from tests.signing.service import key_service
from tests.softhsm import PIN, TOKEN, SoftToken
from tests.world import NOW, World, derived_signer

PARTY = ["--party", "tianqiu", "--legal-name", "Tianqiu", "--country", "US", "--role", "designer"]
HOLDER = ["--holder", "Mei-Ling Chen", "--title", "VP Compliance"]
VALID = ["--valid-from", "2026-01-01T00:00:00Z", "--valid-until", "2099-12-31T23:59:59Z"]


@pytest.fixture
def declaration(tmp_path: Path) -> Path:
    return declaration_file(tmp_path, World())


def opened(envelope: Path, keyset: Path) -> Opened:
    ring = KeyRing.of([parse(Keyset, loads(keyset.read_bytes()))])
    signed = loads(envelope.read_bytes(), string_bytes_max=10**6)
    return open_envelope(signed, ring=ring, at=NOW, purpose="statement")


@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("below", ["", "a/b"])
def test_no_private_key_is_made_inside_a_work_tree(tmp_path: Path, kind: str, below: str) -> None:
    """`.git` is a folder, or a file in a linked work tree or a submodule."""
    if kind == "folder":
        (tmp_path / ".git").mkdir()
    else:
        (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    place = tmp_path / below
    place.mkdir(parents=True, exist_ok=True)
    arguments = [*PARTY, *HOLDER, "--no-passphrase"]
    told = check_failed(attest("keygen", place / "key", *arguments), 2, "file")
    assert "git work tree" in told
    assert not list(tmp_path.rglob("key*"))


def test_no_log_is_made_inside_a_work_tree(tmp_path: Path) -> None:
    """Its folder holds the log's private keys."""
    (tmp_path / ".git").mkdir()
    arguments = ["--origin", "example.org/log", "--foundry", "formosa", "--no-passphrase"]
    told = check_failed(attest("log", "init", tmp_path / "log", *arguments), 2, "file")
    assert "git work tree" in told
    assert not (tmp_path / "log").exists()


def test_an_ignored_file_of_a_real_work_tree_is_no_exception(tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("stranger absent: git")
    subprocess.run([git, "init", "-q", tmp_path / "tree"], check=True)
    (tmp_path / "tree" / ".gitignore").write_text("*.pem\n")
    arguments = [*PARTY, *HOLDER, "--no-passphrase"]
    told = check_failed(attest("keygen", tmp_path / "tree" / "key", *arguments), 2, "file")
    assert "git work tree" in told
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    check_failed(attest("keygen", tmp_path / "link" / "key", *arguments), 2, "file")
    succeeded(attest("keygen", tmp_path / "key", *arguments))


def test_a_private_key_inside_a_work_tree_signs_with_a_warning(
    tmp_path: Path, declaration: Path
) -> None:
    key = write_key(tmp_path / "key.pem", derived_signer("k"))
    arguments = ["sign", declaration, "--key", key, "--yes"]
    assert "git" not in succeeded(attest(*arguments)).stderr
    (tmp_path / ".git").mkdir()
    told = succeeded(attest(*arguments)).stderr
    assert "key.pem is a private key inside a git work tree" in told


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o610])
def test_a_private_key_that_others_can_use_does_not_sign(
    tmp_path: Path, declaration: Path, mode: int
) -> None:
    key = write_key(tmp_path / "key.pem", derived_signer("k"))
    key.chmod(mode)
    told = check_failed(attest("sign", declaration, "--key", key, "--yes"), 2, "file")
    assert "0600" in told
    key.chmod(0o400)
    succeeded(attest("sign", declaration, "--key", key, "--yes"))


def test_a_key_on_stdin(declaration: Path) -> None:
    pem = derived_signer("k").to_pem(None)
    succeeded(attest("sign", declaration, "--key", "-", "--yes", stdin=pem))


def command_file(folder: Path, algorithm: str, **changes: Json) -> Path:
    signer = derived_signer("service", algorithm)
    described = {
        "v": 1,
        "signer": "command",
        "algorithm": algorithm,
        "public_key": encode_base64(signer.public.spki),
        "argv": list(key_service(folder, signer, "raw")),
        "seconds_max": 60,
        **changes,
    }
    return write_json(folder / "signer.json", described)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_declaration_is_signed_behind_a_command(
    tmp_path: Path, declaration: Path, algorithm: str
) -> None:
    """Its key is enrolled, and signs; no private key is written."""
    signer = command_file(tmp_path, algorithm)
    told = document(
        succeeded(
            attest("keygen", tmp_path / "me", "--key", signer, *PARTY, *HOLDER, *VALID, "--json")
        )
    )
    assert told["key"] == str(signer)
    assert not list(tmp_path.glob("*.pem"))
    keyset, signed = tmp_path / "me.keyset.json", tmp_path / "signed.json"
    key = ["--key", signer, "--keyset", keyset]
    result = succeeded(attest("sign", declaration, *key, "--yes", "-o", signed))
    assert "Signing as Mei-Ling Chen" in result.stderr
    found = opened(signed, keyset)
    assert found.signers[0].public.algorithm == algorithm
    assert found.signers[0].public.keyid == told["keyid"]


def test_a_command_that_does_not_sign(tmp_path: Path, declaration: Path) -> None:
    for argv in (["/bin/false"], ["/nowhere/sign"], ["/bin/cat"]):
        signer = command_file(tmp_path, keys.ED25519, argv=argv)
        told = check_failed(attest("sign", declaration, "--key", signer, "--yes"), 8, "signer")
        assert "signer.json" in told


def test_a_signer_file_that_others_can_write_is_not_run(tmp_path: Path, declaration: Path) -> None:
    signer = command_file(tmp_path, keys.ED25519)
    for mode, code in ((0o644, 0), (0o664, 2), (0o646, 2)):
        signer.chmod(mode)
        result = attest("sign", declaration, "--key", signer, "--yes")
        if code:
            assert "0600" in check_failed(result, code, "file")
        else:
            succeeded(result)


def test_a_signer_file_that_is_not_of_its_form(tmp_path: Path, declaration: Path) -> None:
    signer = command_file(tmp_path, keys.ED25519, argv="/bin/cat")
    told = check_failed(
        attest("sign", declaration, "--key", signer, "--yes"), 2, "schema-violation"
    )
    assert "/argv" in told


def test_a_key_that_is_there_is_not_made(tmp_path: Path) -> None:
    key = write_key(tmp_path / "old.pem", derived_signer("k"))
    for more in (["--algorithm", "ed25519"], ["--no-passphrase"]):
        arguments = ["keygen", tmp_path / "a", "--key", key, *PARTY, *HOLDER, *more]
        check_failed(attest(*arguments), 1, "usage")
    succeeded(attest("keygen", tmp_path / "a", "--key", key, *PARTY, *HOLDER))
    keyset = tmp_path / "a.keyset.json"
    assert loads(keyset.read_bytes())["keys"][0]["keyid"] == derived_signer("k").keyid
    again = attest("keygen", tmp_path / "a", "--key", key, "--into", keyset, *HOLDER)
    check_failed(again, 3, "trust-incomplete")
    assert len(loads(keyset.read_bytes())["keys"]) == 1


def test_a_classical_and_a_post_quantum_signature(tmp_path: Path, declaration: Path) -> None:
    """Two keys of one holder on one envelope; what is taken away is noticed by who asks."""
    arguments = [*HOLDER, *VALID, "--no-passphrase"]
    keyset, once, twice = (tmp_path / name for name in ("a.keyset.json", "once.json", "twice.json"))
    succeeded(attest("keygen", tmp_path / "a", *PARTY, *arguments))
    more = ["--into", keyset, "--algorithm", keys.ML_DSA_65]
    succeeded(attest("keygen", tmp_path / "b", *more, *arguments))
    checked = ["--keyset", keyset, "--yes"]
    first, second = tmp_path / "a.pem", tmp_path / "b.pem"
    succeeded(attest("sign", declaration, "--key", first, *checked, "-o", once))
    succeeded(attest("sign", once, "--add", "--key", second, *checked, "-o", twice))
    found = opened(twice, keyset)
    assert [each.public.algorithm for each in found.signers] == [keys.ED25519, keys.ML_DSA_65]
    require_algorithms(found, classical=True, post_quantum=True)
    assert len(opened(once, keyset).signers) == 1


@pytest.mark.parametrize("algorithm", [keys.ED25519, keys.ECDSA_P256])
def test_a_declaration_is_signed_in_a_token(
    tmp_path: Path, declaration: Path, soft_token: SoftToken, algorithm: str
) -> None:
    """PKCS#11 from end to end: enrolled, signed with the PIN from a file, opened."""
    described = {"v": 1, "signer": "pkcs11", "algorithm": algorithm, "token": TOKEN}
    described |= {"module": soft_token.module, "key": soft_token.keys[algorithm]}
    signer = write_json(tmp_path / "token.json", described)
    keyset, signed = tmp_path / "me.keyset.json", tmp_path / "signed.json"
    succeeded(attest("keygen", tmp_path / "me", "--key", signer, *PARTY, *HOLDER, *VALID))
    (tmp_path / "pin").write_bytes(PIN + b"\n")
    arguments = ["sign", declaration, "--key", signer, "--keyset", keyset, "--yes"]
    result = attest(*arguments, "--passphrase-file", tmp_path / "pin", "-o", signed)
    assert PIN.decode() not in succeeded(result).output
    assert opened(signed, keyset).signers[0].public.algorithm == algorithm
    succeeded(attest(*arguments, env={"ATTEST_PASSPHRASE": PIN.decode()}))
    told = check_failed(
        attest(*arguments, env={"ATTEST_PASSPHRASE": "1111222233334444"}), 2, "passphrase"
    )
    assert "1111222233334444" not in told
    told = check_failed(attest(*arguments), 2, "passphrase")
    assert "--passphrase-file" in told
