"""Files in and out.

`-` is stdin; nothing is read beyond its limit and nothing is overwritten unasked.

>>> import tempfile, pathlib
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> write_new(str(folder / "a.json"), b"{}")
>>> try:
...     write_new(str(folder / "a.json"), b"[]")
... except InputError as error:
...     error.detail
'the file is there already'
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest import encoding, limits
from attest.cli.failures import about
from attest.encoding import Json
from attest.errors import InputError

DOCUMENT_BYTES_MAX: Final = limits.CASEFILE_BYTES_MAX
"""The largest file that a command reads whole."""


def read_bytes(path: str, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> bytes:
    """Read a file, or stdin for `-`.

    Raises:
        InputError: file, too-large.
    """
    with about(name_of(path)), _failures():
        if path == "-":
            raw = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with Path(path).open("rb") as stream:
                raw = stream.read(bytes_max + 1)
        if len(raw) > bytes_max:
            raise InputError("too-large", f"the file is over {bytes_max} bytes")
        return raw


def sha256(path: str) -> bytes:
    """The SHA-256 of a file of any size.

    Raises:
        InputError: file.
    """
    with about(path), _failures(), Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def read_json(path: str, *, bytes_max: int = limits.SUBMISSION_BYTES_MAX) -> Json:
    """Read a JSON document that may carry base64 members of any length within `bytes_max`.

    Raises:
        InputError: file, too-large and every json code of `encoding.loads`.
    """
    raw = read_bytes(path, bytes_max=bytes_max)
    with about(name_of(path)):
        return encoding.loads(raw, bytes_max=bytes_max, string_bytes_max=bytes_max)


def write_new(path: str, raw: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet.

    Raises:
        InputError: file.
    """
    with about(path), _failures():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when the block ends; nothing stays if it fails.

    Raises:
        InputError: file.
    """
    with about(str(path)), _failures():
        if path.exists():
            raise FileExistsError
    partial = path.with_name(f"{path.name}.partial")
    with about(str(partial)), _failures():
        partial.mkdir(mode=0o700, parents=True)
    try:
        yield partial
        with about(str(path)), _failures():
            partial.rename(path)
    except BaseException:
        shutil.rmtree(partial)
        raise


def replace(path: str, raw: bytes) -> None:
    """Replace a file in one step; its permissions are those of a new file.

    Raises:
        InputError: file.
    """
    beside = f"{path}.new"
    write_new(beside, raw)
    with about(path), _failures():
        Path(beside).replace(path)


def require_free(*paths: str) -> None:
    """Refuse before any work is done when one of the files exists, or its folder does not.

    Raises:
        InputError: file.
    """
    for path in paths:
        with about(path), _failures():
            if Path(path).exists():
                raise FileExistsError
            if not Path(path).parent.is_dir():
                raise InputError("file", "there is no such folder")


def name_of(path: str) -> str:
    """How messages call the file."""
    return "stdin" if path == "-" else path


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise InputError("file", "the file is there already") from None
    except OSError as error:
        raise InputError("file", (error.strerror or "cannot be used").lower()) from None
