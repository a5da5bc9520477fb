"""Passphrases of private keys, and PINs of tokens: from a file, the environment or a prompt.

Never from an argument, which everybody on the machine can read.

>>> from_text(b"correct horse\\n")
b'correct horse'
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from attest.cli.files import read_bytes
from attest.errors import InputError

ENVIRONMENT: Final = "ATTEST_PASSPHRASE"
_BYTES_MAX: Final = 1023
"""The longest passphrase that the encryption of private keys takes."""

passphrase_file: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.option(
    "--passphrase-file",
    metavar="FILE",
    help=f"Read the passphrase or PIN from FILE (else ${ENVIRONMENT}, else a prompt).",
)


def from_text(raw: bytes) -> bytes:
    """The passphrase in a file: its bytes without the line end.

    Raises:
        InputError: passphrase, when it is empty or too long.
    """
    passphrase = raw.removesuffix(b"\n").removesuffix(b"\r")
    if not 1 <= len(passphrase) <= _BYTES_MAX:
        raise InputError("passphrase", f"a passphrase has 1 to {_BYTES_MAX} bytes")
    return passphrase


def new_passphrase(path: str | None, *, none: bool) -> bytes | None:
    """The passphrase for a key that is being made; None only when asked for with `--no-passphrase`.

    Raises:
        InputError: file, passphrase.
    """
    if none:
        return None
    return _given(path) or from_text(
        _ask("Passphrase for the new key", confirm=True).encode("utf-8")
    )


def passphrase_for(pem: bytes, path: str | None) -> bytes | None:
    """The passphrase that opens a private key; None for a key that is not encrypted.

    Raises:
        InputError: file, passphrase.
    """
    if b"ENCRYPTED" not in pem:
        return None
    return _given(path) or from_text(_ask("Passphrase of the key", confirm=False).encode("utf-8"))


def pin_of_token(path: str | None) -> bytes:
    """The PIN of a token.

    Raises:
        InputError: file, passphrase.
    """
    return _given(path) or from_text(_ask("PIN of the token", confirm=False).encode("utf-8"))


def _given(path: str | None) -> bytes | None:
    if path is not None:
        return from_text(read_bytes(path, bytes_max=_BYTES_MAX + len("\r\n")))
    if ENVIRONMENT in os.environ:
        return from_text(os.environb[ENVIRONMENT.encode()])
    return None


def _ask(text: str, *, confirm: bool) -> str:
    if not sys.stdin.isatty():
        raise InputError(
            "passphrase",
            f"no terminal to ask on; give --passphrase-file or set {ENVIRONMENT}",
        )
    answer: str = click.prompt(text, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer
