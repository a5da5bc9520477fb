"""Files that hold a private key, or say where it is.

A private key is readable by its owner alone, and none is written inside a git work tree: what lies
there is one careless command away from everybody who clones it, ignored or not. One that lies there
already is used with a warning: refusing it would not bring it back. A signer file holds no secret
but names a program to run, so nobody else may write it.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> (folder / ".git").mkdir()
>>> require_outside_git(str(folder / "keys" / "mine.pem"))
Traceback (most recent call last):
attest.errors.InputError: file: a private key does not belong inside a git work tree
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.cli import files
from attest.cli.failures import about
from attest.cli.passphrase import passphrase_for, pin_of_token
from attest.cli.screen import Screen
from attest.errors import InputError
from attest.signing import Signer, load_signer

_BYTES_MAX: Final = 64 * 1024
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022


def read_key(screen: Screen, path: str) -> bytes:
    """The bytes of a private key (PEM), or of a signer file.

    Raises:
        InputError: file (among others: somebody else can use it), too-large.
    """
    raw = files.read_bytes(path, bytes_max=_BYTES_MAX)
    if path == "-":
        return raw
    with about(path):
        mode = Path(path).stat().st_mode
        if is_signer_file(raw):
            if mode & _OTHERS_WRITE:
                raise InputError("file", "others can write the signer file; set its mode to 0600")
            return raw
        if mode & _OTHERS:
            raise InputError("file", "others can read the private key; set its mode to 0600")
    if is_inside_git(path):
        screen.say(f"! {path} is a private key inside a git work tree: move it out.")
    return raw


def is_signer_file(raw: bytes) -> bool:
    """Whether a key is described by a signer file rather than held in PEM."""
    return raw.lstrip()[:1] == b"{"


def open_key(raw: bytes, *, passphrase_file: str | None) -> Signer:
    """The signer for what `read_key` read.

    Raises:
        InputError: passphrase, key-malformed; schema-violation and others of a signer file.
        RemoteError: signer.
    """
    if is_signer_file(raw):
        from attest.signing.elsewhere import open_signer_file

        return open_signer_file(raw, pin=lambda: pin_of_token(passphrase_file))
    return load_signer(raw, passphrase_for(raw, passphrase_file))


def require_outside_git(path: str) -> None:
    """Refuse a place for a new private key that is inside a git work tree.

    Raises:
        InputError: file.
    """
    if is_inside_git(path):
        raise InputError("file", "a private key does not belong inside a git work tree")


def is_inside_git(path: str) -> bool:
    """Whether a file is inside a git work tree: of a clone, a linked one or a submodule."""
    return any((folder / ".git").exists() for folder in Path(path).resolve().parents)
