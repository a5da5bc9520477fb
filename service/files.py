"""Files of a data folder: written once and durably, private ones for their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, Any, Final

from attest.errors import InputError

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""What the mode of a private key grants to nobody but its owner."""


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Make a new file, durable and never readable by more people than its mode says."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_file(path: Path, mode: str) -> IO[Any]:
    """Open a file of a data folder.

    Raises:
        InputError: file.
    """
    try:
        return path.open(mode)
    except OSError as error:
        raise InputError("file", f"{path.name} cannot be opened: {error.strerror}") from None


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: file.
    """
    with open_file(path, "rb") as file:
        raw: bytes = file.read()
        return raw


def read_private(path: Path) -> bytes:
    """The bytes of a private key, which nobody but its owner may read.

    Raises:
        InputError: file.
    """
    pem = read_file(path)
    if path.stat().st_mode & OTHERS:
        raise InputError("file", f"others can read {path.name}; set its mode to 0600")
    return pem
