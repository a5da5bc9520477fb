"""Timestamps as files, in the folder of a log or of an export (SPEC 16).

    timestamps/<N>.stamped   what was timestamped, or is to be next
    timestamps/<N>.tsr       the token of the authority over it; the stamp counts once it is there

>>> [path for path, _ in stamp_files(12, Stamp(b"text", b"token"))]
['timestamps/12.stamped', 'timestamps/12.tsr']
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest import limits
from attest.errors import InputError, LogError
from attest.log.stamps import Stamp

FOLDER: Final = "timestamps"
_FILE: Final = re.compile(r"(0|[1-9][0-9]{0,6})\.(stamped|tsr)")


def stamp_files(number: int, stamp: Stamp) -> Iterator[tuple[str, bytes]]:
    """The files of a stamp: paths relative to the folder of the log, and what is in them."""
    yield f"{FOLDER}/{number}.stamped", stamp.stamped
    yield f"{FOLDER}/{number}.tsr", stamp.token


def read_stamps(folder: Path) -> tuple[list[Stamp], bytes | None]:
    """The stamps in the folder of a log, and what was written to be timestamped next, if anything.

    Raises:
        LogError: export-incomplete (a file is missing or does not belong there).
        InputError: file.
    """
    try:
        names = {path.name for path in (folder / FOLDER).iterdir()}
    except FileNotFoundError:
        return [], None
    except OSError as error:
        raise InputError("file", f"a folder cannot be read: {error.strerror}") from None
    if not all(map(_FILE.fullmatch, names)):
        raise LogError("export-incomplete", "a file does not belong to the timestamps")
    count = sum(name.endswith(".tsr") for name in names)
    wanted = {f"{number}.{kind}" for number in range(count) for kind in ("stamped", "tsr")}
    if not wanted <= names or not names - wanted <= {f"{count}.stamped"}:
        raise LogError("export-incomplete", "a file of the timestamps is missing")
    stamps = [
        Stamp(
            _read(folder / FOLDER / f"{number}.stamped"), _read(folder / FOLDER / f"{number}.tsr")
        )
        for number in range(count)
    ]
    asked = f"{count}.stamped"
    return stamps, _read(folder / FOLDER / asked) if asked in names else None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limits.STAMPED_BYTES_MAX + 1)
    except OSError as error:
        raise InputError("file", f"a timestamp cannot be read: {error.strerror}") from None


def keep_stamped(folder: Path, number: int, stamped: bytes) -> None:
    """Keep durably, in the folder of a log, what is to be timestamped next.

    Raises:
        InputError: file.
    """
    _keep(folder / FOLDER / f"{number}.stamped", stamped)


def keep_stamp(folder: Path, number: int, stamp: Stamp) -> None:
    """Keep a stamp durably; it counts once its token is there.

    Raises:
        InputError: file.
    """
    for path, raw in stamp_files(number, stamp):
        _keep(folder / path, raw)


def _keep(path: Path, raw: bytes) -> None:
    partial = path.parent.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with partial.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError("file", f"a timestamp cannot be kept: {error.strerror}") from None
