"""`keys/` holds public keysets and nothing else; and no private key lies anywhere in the tree."""

from __future__ import annotations

import re
import tomllib
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Annotated, Literal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import AwareDatetime, Field, ValidationError

from attest import keys
from attest.cli import main
from attest.encoding import canonical, loads
from attest.envelope import KeyRing
from attest.errors import AttestError
from attest.models.values import Array, Digest, Maybe, Model, Name, PartyId, Text
from attest.signing import generate_private_key
from attest.trust import open_keyset
from tests.private_material import private_material
from tests.test_tidy import ROOT, name_of, tracked
from tests.world import World

Encoding, Format = serialization.Encoding, serialization.PrivateFormat
PLAIN = serialization.NoEncryption()
SEALED = serialization.BestAvailableEncryption(b"correct horse")
SUFFIX = ".keyset.json"


def fault_of(path: Path) -> str | None:
    """Why a file may not stand in the folder of keysets; None when it may."""
    if not path.name.endswith(SUFFIX):
        return "not a keyset by its name"
    try:
        keyset = open_keyset(path.read_bytes())
        KeyRing.of([keyset])
    except AttestError as error:
        return error.code
    return None if path.name == f"{keyset.party.id}{SUFFIX}" else "named for another party"


def test_the_folder_of_keysets_holds_keysets() -> None:
    assert (ROOT / "keys" / "README.md").is_file()
    files = [path for path in tracked() if path.parent == ROOT / "keys"]
    assert [(p.name, fault_of(p)) for p in files if p.name != "README.md" and fault_of(p)] == []


def test_what_may_not_stand_in_the_folder(tmp_path: Path) -> None:
    raw = World().designer.keyset()
    document = loads(raw)
    document["keys"][0]["keyid"] = "sha256:" + "0" * 64
    for name, content, fault in (
        ("tianqiu.keyset.json", raw, None),
        ("other.keyset.json", raw, "named for another party"),
        ("tianqiu.json", raw, "not a keyset by its name"),
        ("tianqiu.pem", b"", "not a keyset by its name"),
        ("tianqiu.keyset.json", b"{}", "schema-violation"),
        ("tianqiu.keyset.json", canonical(document), "trust-incomplete"),
    ):
        (tmp_path / name).write_bytes(content)
        assert fault_of(tmp_path / name) == fault


class Present(Model):
    """Somebody who was there."""

    name: Name
    title: Name
    did: Text


class CeremonyKey(Model):
    """A key, where it is kept, and how it was confirmed."""

    keyid: Digest
    where: Text
    confirmed: Text


class Ceremony(Model):
    """What was done with keys, by whom; `statement` is the keyset change, where there is one."""

    act: Literal["enrol", "rotate", "revoke", "recover"]
    party: PartyId
    at: AwareDatetime
    place: Text
    statement: Maybe[Digest] = None
    keys: Annotated[Array[CeremonyKey], Field(min_length=1)]
    present: Annotated[Array[Present], Field(min_length=2)]


def ceremonies() -> list[Path]:
    return [path for path in tracked() if path.is_relative_to(ROOT / "keys" / "ceremonies")]


def test_records_of_ceremonies_are_of_their_form() -> None:
    assert ceremonies()
    for path in ceremonies():
        ceremony = Ceremony.model_validate(tomllib.loads(path.read_text("utf-8")))
        assert path.name.startswith(f"{ceremony.at:%Y-%m-%d}-"), path
        assert path.suffix == ".toml"


def test_a_ceremony_of_one_person_is_none() -> None:
    record = tomllib.loads(ceremonies()[0].read_text("utf-8"))
    changes: list[dict[str, object]] = [
        {"present": record["present"][:1]},
        {"keys": []},
        {"act": "look"},
        {"x": 1},
    ]
    for change in changes:
        with pytest.raises(ValidationError):
            Ceremony.model_validate({**record, **change})


def test_the_recipes_use_commands_and_options_that_exist() -> None:
    text = (ROOT / "keys" / "README.md").read_text("utf-8")
    lines = re.findall(r"^attest (.+)$", text, re.MULTILINE)
    lines += re.findall(r"`attest ([^`]+)`", text)
    assert len(lines) > 5
    for line in lines:
        words, options = line.split(), re.findall(r"--[a-z-]+", line)
        command = main.get_command(None, words[0])  # type: ignore[arg-type]
        assert command is not None
        below = getattr(command, "commands", {})
        if below and len(words) > 1:
            command = below[words[1]]
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(options) <= known, line


def test_no_private_key_lies_in_the_tree() -> None:
    kinds = ((name_of(path), private_material(path.read_bytes())) for path in tracked())
    assert [found for found in kinds if found[1]] == []
    forbidden = {".pem", ".key", ".p8", ".p12", ".pfx", ".jks", ".sqlite"}
    assert [name_of(path) for path in tracked() if path.suffix in forbidden] == []


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
@pytest.mark.parametrize("encryption", [PLAIN, SEALED], ids=["plain", "encrypted"])
def test_every_form_of_our_private_keys_is_found(
    algorithm: str, encryption: serialization.KeySerializationEncryption
) -> None:
    key = generate_private_key(algorithm)
    der = key.private_bytes(Encoding.DER, Format.PKCS8, encryption)
    pem = key.private_bytes(Encoding.PEM, Format.PKCS8, encryption)
    for raw in (
        pem,
        pem.replace(b"\n", b"\r\n"),
        der,
        b"\0before" + der + b"after",
        b'{"k": "' + b64encode(der) + b'"}',
        urlsafe_b64encode(der),
        der.hex().encode(),
        b"x = '" + der.hex().upper().encode() + b"'",
    ):
        assert private_material(raw)


def test_private_keys_of_other_makes_are_found() -> None:
    classes = Encoding.PEM, Encoding.DER
    elliptic, rsa_key = (
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(65537, 2048),
    )
    for encoding in classes:
        assert private_material(elliptic.private_bytes(encoding, Format.TraditionalOpenSSL, PLAIN))
        assert private_material(rsa_key.private_bytes(encoding, Format.TraditionalOpenSSL, PLAIN))
    ssh = ed25519.Ed25519PrivateKey.generate()
    assert private_material(ssh.private_bytes(Encoding.PEM, Format.OpenSSH, PLAIN))
    letters = b"A" * 43
    for raw in (
        b"AGE-SECRET" + b"-KEY-1" + b"Q" * 58,
        b"PRIVATE" + b"+KEY+log.example.org+0123abcd+" + b64encode(bytes(33)),
        b'{"kty": "OKP", "x": "' + letters + b'", "d": "' + letters + b'"}',
        b'{"d": "' + letters + b'", "kty": "OKP"}',
    ):
        assert private_material(raw)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_public_keys_and_signatures_are_no_private_material(algorithm: str) -> None:
    key = generate_private_key(algorithm)
    spki = keys.spki_of(key.public_key())
    pem = key.public_key().public_bytes(
        Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for raw in (spki, pem, b64encode(spki), spki.hex().encode(), World().submission()):
        assert private_material(raw) is None
