"""The TOML files of a folder, read into JSON values: dates as texts, texts on one line.

A folder is a path or, in a wheel, what `importlib.resources` gives for one.

>>> Table.of(File("x.toml", b"day = 2026-11-24\\nsays = '''two  spaces\\n   and a line'''")).body
{'day': '2026-11-24', 'says': 'two  spaces and a line'}
>>> Table.of(File("x.toml", b"[limit]\\nvalue = 0.5"))
Traceback (most recent call last):
attest.errors.RuleError: pack-invalid: x.toml, line 2: limit, value: a number has a fraction
"""

from __future__ import annotations

import datetime as dt
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from attest import limits
from attest.encoding import Json, canonical, loads
from attest.errors import InputError
from attest.rules.places import LINE_BREAK, File, Place, refuse

Folder: TypeAlias = Path | Traversable


class Table(NamedTuple):
    """A file and what stands in it."""

    file: File
    body: dict[str, Json]

    @classmethod
    def of(cls, file: File) -> Table:
        """The values of a file as JSON.

        Raises:
            RuleError: pack-invalid for a value that no pack holds, such as a fraction.
        """
        return cls(
            file, {name: _plain(value, file.place(name)) for name, value in file.values.items()}
        )


def read_tables(folder: Folder, within: str = "") -> dict[str, Table]:
    """Read the TOML files directly in a folder, by file name; `within` is put before the names.

    Raises:
        InputError: file.
        RuleError: pack-invalid.
    """
    return {
        entry.name: Table.of(File(within + entry.name, _read(entry)))
        for entry in entries(folder)
        if entry.name.endswith(".toml")
    }


def entries(folder: Folder) -> list[Path | Traversable]:
    """What stands directly in a folder, by name; nothing if there is no such folder.

    Raises:
        InputError: file.
    """
    try:
        return sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else []
    except OSError:
        raise InputError("file", "a folder of the pack cannot be read") from None


def beside(folder: Folder, name: str) -> Folder:
    """The folder `name` next to a folder."""
    whole = folder.resolve() if isinstance(folder, Path) else folder
    return cast(Path, whole).parent / name


def _read(file: Path | Traversable) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise InputError("file", f"{file.name} cannot be read") from None


def _plain(value: Any, place: Place) -> Json:
    """TOML values as JSON values."""
    if isinstance(value, dict):
        return {name: _plain(member, place.member(name)) for name, member in value.items()}
    if isinstance(value, list):
        label = place.keys[-1] if all(isinstance(item, dict) for item in value) else "item"
        return [_plain(item, place.item(str(label), n)) for n, item in enumerate(value, 1)]
    if isinstance(value, str):
        folded = LINE_BREAK.sub(" ", value).strip()
        if not folded.isprintable():
            _check_text(folded, place)
        return folded
    if isinstance(value, float):
        refuse(place, "a number has a fraction")
    if isinstance(value, int) and abs(value) > limits.INTEGER_MAX:
        refuse(place, f"a number is beyond {limits.INTEGER_MAX}")
    if isinstance(value, dt.datetime | dt.time):
        refuse(place, "dates have no time of day")
    return value.isoformat() if isinstance(value, dt.date) else value


def _check_text(text: str, place: Place) -> None:
    """Refuse a character that no document may hold; others are unusual but good."""
    try:
        loads(canonical(text))
    except InputError as error:
        refuse(place, error.detail)
