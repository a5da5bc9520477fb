"""A pack as its authors write it: one folder of TOML files (docs/RULES.md sections 1 to 4).

`read_folder` turns the folder into the pack document of SPEC 8 and remembers in which file each
part stands. It renames and sorts; whether the result is a pack is checked by `attest.rules.pack`.

>>> _plain("two  spaces\\n   and a line", "x.toml")
'two  spaces and a line'
>>> _plain(0.5, "x.toml: limit")
Traceback (most recent call last):
attest.errors.RuleError: pack-invalid: x.toml: limit: a number has a fraction
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeAlias

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.rules import toml
from attest.rules.shape import refuse

Folder: TypeAlias = Path | Traversable

_PACK_MEMBERS: Final = frozenset({"id", "edition", "layer", "engine", "title", "effective"})
_LINE_BREAK: Final = re.compile(r"[ \t]*\r?\n[ \t]*")


def read_folder(folder: Folder) -> tuple[Json, dict[tuple[str, str], str]]:
    """Read a pack folder: the pack document, and the file of each named part of it.

    Raises:
        InputError: file.
        RuleError: pack-invalid.
    """
    tables = {"params": read_tables(folder / "params"), "": read_tables(folder)}
    for entry in _entries(folder):
        if not (entry.name in ("params", "cases", "README.md") or entry.name.endswith(".toml")):
            refuse("the folder", "a file has no place in a pack; notes go to README.md")
    top = tables[""]
    if "pack.toml" not in top:
        refuse("pack.toml", "the file is missing")
    head = top.pop("pack.toml")
    definitions = top.pop("definitions.toml", {})
    ambiguities = top.pop("ambiguities.toml", {})
    for file, table, known in (
        ("pack.toml", head, _PACK_MEMBERS),
        ("definitions.toml", definitions, {"define"}),
        ("ambiguities.toml", ambiguities, {"ambiguity"}),
    ):
        if not table.keys() <= known:
            refuse(file, f"a member is unknown; there may be {', '.join(sorted(known))}")
    places: dict[tuple[str, str], str] = {}
    document = {
        **head,
        "v": 1,
        "params": _params(tables["params"], places),
        "definitions": _listed(definitions, "define", "name", "definitions", places),
        "ambiguities": _listed(ambiguities, "ambiguity", "id", "ambiguities", places),
        "rules": _rules(top, places),
    }
    return document, places


def read_tables(folder: Folder) -> dict[str, dict[str, Json]]:
    """Read the TOML files directly in a folder, by file name; dates become texts.

    Raises:
        InputError: file.
        RuleError: pack-invalid.
    """
    found = {}
    for entry in _entries(folder):
        if entry.name.endswith(".toml"):
            found[entry.name] = _plain(_read(entry), entry.name)
    return found


def _entries(folder: Folder) -> list[Path | Traversable]:
    try:
        return sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else []
    except OSError:
        raise InputError("file", "a folder of the pack cannot be read") from None


def _read(file: Path | Traversable) -> dict[str, Any]:
    try:
        raw = file.read_bytes()
    except OSError:
        raise InputError("file", f"{file.name} cannot be read") from None
    try:
        return toml.loads(raw, bytes_max=limits.PACK_BYTES_MAX)
    except InputError as error:
        refuse(file.name, error.detail)


def _plain(value: Any, place: str) -> Json:
    """TOML values as JSON values: dates as texts, texts on one line."""
    if isinstance(value, dict):
        return {name: _plain(member, _below(place, name)) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item, place) for item in value]
    if isinstance(value, str):
        return _LINE_BREAK.sub(" ", value).strip()
    if isinstance(value, float):
        refuse(place, "a number has a fraction")
    if isinstance(value, int) and abs(value) > limits.INTEGER_MAX:
        refuse(place, f"a number is beyond {limits.INTEGER_MAX}")
    if isinstance(value, dt.datetime | dt.time):
        refuse(place, "dates have no time of day")
    return value.isoformat() if isinstance(value, dt.date) else value


def _below(place: str, name: str) -> str:
    return f"{place}: {name}" if place.endswith(".toml") else f"{place}, {name}"


def _renamed(table: Json, place: str, names: Mapping[str, str]) -> dict[str, Json]:
    if not isinstance(table, dict):
        refuse(place, "not a table")
    if any(name in table for name in names.values()):
        refuse(place, f"write {' and '.join(names)} for each")
    return {names.get(member, member): value for member, value in table.items()}


def _params(
    files: Mapping[str, Mapping[str, Json]], places: dict[tuple[str, str], str]
) -> list[Json]:
    found: dict[str, Json] = {}
    for file, tables in files.items():
        for name, table in tables.items():
            place = f"params/{file}: {name}"
            if name in found:
                refuse(place, "the param stands twice")
            places["params", name] = place
            body = _renamed(table, place, {"version": "versions"})
            if "name" in body:
                refuse(place, "the name stands in the heading")
            found[name] = {"tested_on": "completion", **body, "name": name}
    return [found[name] for name in sorted(found)]


def _listed(
    table: Mapping[str, Json],
    member: str,
    key: str,
    section: str,
    places: dict[tuple[str, str], str],
) -> list[Json]:
    file = f"{section}.toml"
    items = table.get(member, [])
    if not isinstance(items, list):
        refuse(file, f"write [[{member}]] for each")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get(key), str):
            refuse(file, f"a {member} has no {key}")
        places[section, item[key]] = f"{file}: {item[key]}"
    return sorted(items, key=lambda item: str(item[key]))


def _rules(
    files: Mapping[str, Mapping[str, Json]], places: dict[tuple[str, str], str]
) -> list[Json]:
    found = {}
    for file, table in files.items():
        name = file.removesuffix(".toml")
        places["rules", name] = file
        body = _renamed(table, file, {"version": "versions"})
        if "name" in body:
            refuse(file, "the file's name is the rule's name")
        if isinstance(body.get("versions"), list):
            body["versions"] = [
                {"tested_on": "completion", **_renamed(version, file, {"reading": "readings"})}
                for version in body["versions"]
            ]
        found[name] = {**body, "name": name}
    return [found[name] for name in sorted(found)]
