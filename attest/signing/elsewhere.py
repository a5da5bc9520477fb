"""Signer files: where a private key is that lies in no file.

    {"v": 1, "signer": "pkcs11", "algorithm": "ed25519", "public_key": base64 SPKI (optional),
     "module": "/usr/lib/softhsm/libsofthsm2.so", "token": "foundry", "key": "decision-2026"}
    {"v": 1, "signer": "command", "algorithm": "ecdsa-p256-sha256", "public_key": base64 SPKI,
     "argv": ["/opt/kms/sign", "--key", "7"], "seconds_max": 30, "form": "raw" | "der" (optional)}

A signer file holds no secret, but it says what is run: nobody but its owner may write it. Module
and program are named by their full paths.

>>> open_signer_file(b'{"v": 1, "signer": "command", "argv": ["/opt/kms/sign"]}', pin=bytes)
Traceback (most recent call last):
attest.errors.InputError: schema-violation at /algorithm: missing
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from attest import encoding
from attest.errors import InputError
from attest.keys import CURVES, load_public_key
from attest.signing import Signer
from attest.signing.command import CommandSigner
from attest.signing.token import TokenSigner

BYTES_MAX: Final = 64 * 1024
_SECONDS_MAX: Final = 600

_Label = Annotated[str, Field(min_length=1, max_length=200)]
_Path = Annotated[str, Field(max_length=4096, pattern=r"^/.")]
_Argument = Annotated[str, Field(max_length=4096)]


class _SignerFile(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    v: Annotated[int, Field(ge=1, le=1)]


class _TokenFile(_SignerFile):
    signer: Literal["pkcs11"]
    algorithm: Literal["ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384"]
    module: _Path
    token: _Label
    key: _Label
    public_key: str | None = None


class _CommandFile(_SignerFile):
    signer: Literal["command"]
    algorithm: Literal[
        "ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ml-dsa-44", "ml-dsa-65"
    ]
    public_key: str
    argv: Annotated[tuple[_Argument, ...], Strict(False), Field(min_length=1, max_length=64)]
    seconds_max: Annotated[int, Field(ge=1, le=_SECONDS_MAX)]
    form: Literal["raw", "der"] = "raw"


_READER: Final[TypeAdapter[_TokenFile | _CommandFile]] = TypeAdapter(
    Annotated[_TokenFile | _CommandFile, Field(discriminator="signer")]
)


def open_signer_file(raw: bytes, *, pin: Callable[[], bytes]) -> Signer:
    """The signer that a signer file describes; `pin` is asked before a token signs.

    Raises:
        InputError: schema-violation, base64, key-malformed, the json codes.
        RemoteError: signer (a token or its key is not there).
    """
    document = encoding.loads(raw, bytes_max=BYTES_MAX)
    try:
        found = _READER.validate_python(document)
    except ValidationError as error:
        _refuse(error)
    spki = None
    if found.public_key is not None:
        spki = encoding.decode_base64(found.public_key, pointer="/public_key")
    if isinstance(found, _TokenFile):
        return TokenSigner.find(
            module=found.module,
            token=found.token,
            key=found.key,
            algorithm=found.algorithm,
            pin=pin,
            spki=spki,
        )
    if not found.argv[0].startswith("/"):
        raise InputError("schema-violation", "a program by its full path", pointer="/argv/0")
    if found.form == "der" and found.algorithm not in CURVES:
        raise InputError("schema-violation", "der is a form of ECDSA", pointer="/form")
    return CommandSigner(
        public=load_public_key(found.algorithm, spki or b""),
        argv=found.argv,
        seconds_max=found.seconds_max,
        der=found.form == "der",
    )


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    steps = [str(step) for step in first["loc"] if step not in ("pkcs11", "command")]
    pointer = "".join(f"/{step}" for step in steps)
    raise InputError("schema-violation", first["type"].replace("_", " "), pointer=pointer)
