"""Signer files: what they may say, and what they are refused for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest import keys
from attest.encoding import Json, canonical, encode_base64
from attest.errors import AttestError
from attest.signing import KeySigner
from attest.signing.command import CommandSigner
from attest.signing.elsewhere import open_signer_file
from attest.signing.token import TokenSigner
from tests.signing.service import key_service
from tests.softhsm import PIN, TOKEN, SoftToken
from tests.world import derived_signer

SIGNER = derived_signer("elsewhere", keys.ECDSA_P256)
PUBLIC = encode_base64(SIGNER.public.spki)
COMMAND: dict[str, Json] = {
    "v": 1,
    "signer": "command",
    "algorithm": keys.ECDSA_P256,
    "public_key": PUBLIC,
    "argv": ["/opt/kms/sign", "--key", "7"],
    "seconds_max": 30,
}
IN_TOKEN: dict[str, Json] = {
    "v": 1,
    "signer": "pkcs11",
    "algorithm": keys.ECDSA_P256,
    "public_key": PUBLIC,
    "module": "/usr/lib/module.so",
    "token": "foundry",
    "key": "decision",
}


def opened(document: Json) -> Any:
    return open_signer_file(canonical(document), pin=lambda: PIN)


def refusal_of(document: Json) -> tuple[str, str | None]:
    with pytest.raises(AttestError) as caught:
        opened(document)
    return caught.value.code, caught.value.pointer


def test_what_a_file_says_is_what_signs() -> None:
    command = opened(COMMAND)
    assert isinstance(command, CommandSigner)
    assert command.argv == ("/opt/kms/sign", "--key", "7")
    assert (command.public, command.seconds_max, command.der) == (SIGNER.public, 30, False)
    assert opened({**COMMAND, "form": "der"}).der
    token = opened(IN_TOKEN)
    assert isinstance(token, TokenSigner)
    assert (token.module, token.token, token.key) == ("/usr/lib/module.so", "foundry", "decision")
    assert token.public == SIGNER.public


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"v": 2}, "/v"),
        ({"signer": "shell"}, ""),
        ({"algorithm": "rsa"}, "/algorithm"),
        ({"argv": []}, "/argv"),
        ({"argv": ["a"] * 65}, "/argv"),
        ({"argv": "/opt/kms/sign --key 7"}, "/argv"),
        ({"argv": ["/opt/kms/sign", 7]}, "/argv/1"),
        ({"argv": ["sign"]}, "/argv/0"),
        ({"argv": [""]}, "/argv/0"),
        ({"argv": ["./sign"]}, "/argv/0"),
        ({"seconds_max": 0}, "/seconds_max"),
        ({"seconds_max": 601}, "/seconds_max"),
        ({"seconds_max": True}, "/seconds_max"),
        ({"seconds_max": "30"}, "/seconds_max"),
        ({"form": "hex"}, "/form"),
        ({"form": "der", "algorithm": "ed25519"}, "/form"),
        ({"shell": True}, "/shell"),
        ({"public_key": None}, "/public_key"),
    ],
)
def test_a_command_file_that_is_not_of_its_form(change: dict[str, Json], pointer: str) -> None:
    assert refusal_of({**COMMAND, **change}) == ("schema-violation", pointer)


@pytest.mark.parametrize("left_out", list(COMMAND))
def test_every_member_of_a_command_file_is_needed(left_out: str) -> None:
    document = {name: value for name, value in COMMAND.items() if name != left_out}
    pointer = "" if left_out == "signer" else f"/{left_out}"
    assert refusal_of(document) == ("schema-violation", pointer)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"algorithm": "ml-dsa-65"}, "/algorithm"),
        ({"module": "module.so"}, "/module"),
        ({"module": "../module.so"}, "/module"),
        ({"token": ""}, "/token"),
        ({"key": "k" * 201}, "/key"),
        ({"pin": "1234"}, "/pin"),
    ],
)
def test_a_token_file_that_is_not_of_its_form(change: dict[str, Json], pointer: str) -> None:
    """A PIN has no place in it."""
    assert refusal_of({**IN_TOKEN, **change}) == ("schema-violation", pointer)


def test_the_public_key_is_of_the_stated_algorithm() -> None:
    for document in (COMMAND, IN_TOKEN):
        assert refusal_of({**document, "algorithm": "ed25519"})[0] == "key-malformed"
        assert refusal_of({**document, "public_key": "AAAA"})[0] == "key-malformed"
        assert refusal_of({**document, "public_key": "?"}) == ("base64", "/public_key")


def test_strict_json() -> None:
    for raw, code in (
        (b'{"v": 1, "v": 1}', "json-duplicate-key"),
        (b'{"v": 1.5}', "json-float"),
        (b"{", "json-malformed"),
        (b'["/bin/sh"]', "schema-violation"),
        (b"{" + b" " * 70_000 + b"}", "too-large"),
    ):
        with pytest.raises(AttestError) as caught:
            open_signer_file(raw, pin=lambda: PIN)
        assert caught.value.code == code


def command_file(folder: Path, signer: KeySigner) -> dict[str, Json]:
    return {
        **COMMAND,
        "algorithm": signer.algorithm,
        "public_key": encode_base64(signer.public.spki),
        "argv": list(key_service(folder, signer, "raw")),
    }


def test_a_command_file_that_signs(tmp_path: Path) -> None:
    signer = derived_signer("service", keys.ML_DSA_65)
    found = opened(command_file(tmp_path, signer))
    signer.public.check(found.sign(b"message"), b"message")


def test_a_token_file_that_signs(soft_token: SoftToken) -> None:
    """Without a declared public key the token says it."""
    document = {
        "v": 1,
        "signer": "pkcs11",
        "algorithm": keys.ED25519,
        "module": soft_token.module,
        "token": TOKEN,
        "key": soft_token.keys[keys.ED25519],
    }
    found = opened(document)
    found.public.check(found.sign(b"message"), b"message")
