"""A real PKCS#11 token in software (SoftHSM2), with keys of its own making."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from attest import keys

TOKEN_ABSENT = "SoftHSM2 absent"
TOKEN, PIN = "foundry", b"2468135724681357"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
_CURVES = {keys.ECDSA_P256: "secp256r1", keys.ECDSA_P384: "secp384r1"}
_EDWARDS25519 = bytes.fromhex("06032b6570")


class SoftToken(NamedTuple):
    """Where the token is, and the labels of its keys by algorithm."""

    module: str
    keys: dict[str, str]


def module() -> str | None:
    """The library of SoftHSM2; None when it, or the program that makes tokens, is not there."""
    if shutil.which("softhsm2-util") is None:
        return None
    return next((path for path in _MODULES if Path(path).exists()), None)


def make_token(library: str, folder: Path) -> SoftToken:
    """A new token in a folder, for this process and those that it starts."""
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\n"
        "objectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN]
    command += ["--pin", PIN.decode(), "--so-pin", "13579246"]
    subprocess.run(command, check=True, capture_output=True)
    return SoftToken(library, _fill(library))


def _fill(library: str) -> dict[str, str]:
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_named_curve_parameters

    made = {keys.ED25519: "log", **_CURVES}
    token = pkcs11.lib(library).get_token(token_label=TOKEN)
    with token.open(user_pin=PIN.decode(), rw=True) as session:
        parameters = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _EDWARDS25519}, local=True
        )
        parameters.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="log"
        )
        for name, may_sign in (*((name, True) for name in _CURVES.values()), ("mute", False)):
            curve = encode_named_curve_parameters("secp256r1" if name == "mute" else name)
            parameters = session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True
            )
            only = {} if may_sign else {Attribute.SIGN: False, Attribute.DERIVE: True}
            parameters.generate_keypair(store=True, label=name, private_template=only)
    return made
