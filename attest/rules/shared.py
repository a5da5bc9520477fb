"""What several packs share: params and definitions in the folder `common` beside a pack.

A file of that folder holds params as in `params/` and `[[define]]`s as in `definitions.toml`. A
pack names the files that it draws on and gets of them what it uses, and what that rests on:

>>> document = {"definitions": [], "rules": [{"versions": [{"holds": "asia(osat.country)"}]}]}
>>> shared = {"params": [{"name": "east"}, {"name": "west"}], "definitions": [
...     {"name": "asia", "parameter": "c", "value": "c in params.east"},
...     {"name": "europe", "parameter": "c", "value": "c in params.west"}]}
>>> sorted(used(document, shared))
[('definitions', 'asia'), ('params', 'east')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from attest.encoding import Json
from attest.errors import RuleError
from attest.rules import syntax
from attest.rules.folder import Folder, Table, beside, read_tables
from attest.rules.places import Place, refuse

_FILE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONDITIONS: Final = frozenset({"applies", "holds", "when"})


def read(names: Json, folder: Folder, place: Place) -> dict[str, Table]:
    """The common files of these names (without `.toml`) beside a pack folder, by file name.

    `place` is where the names are written.

    Raises:
        InputError: file.
        RuleError: pack-invalid.
    """
    if not isinstance(names, list) or not all(
        isinstance(name, str) and _FILE.fullmatch(name) for name in names
    ):
        refuse(place, "not a list of names of files, without .toml")
    if len(set(names)) < len(names):
        refuse(place, "an item stands twice")
    found = read_tables(beside(folder, "common"), "common/")
    for number, name in enumerate(names, 1):
        if f"{name}.toml" not in found:
            refuse(
                place.item("item", number),
                f"the folder common beside the pack has no file {name}.toml",
            )
    return {f"{name}.toml": found[f"{name}.toml"] for name in names}


def used(document: Json, shared: Mapping[str, Iterable[Json]]) -> set[tuple[str, str]]:
    """What a pack document uses of shared parts, as (section, name).

    An expression that cannot be read uses nothing; it is refused when the pack is compiled.
    """
    parts = {(section, each["name"]): each for section, items in shared.items() for each in items}
    found: set[tuple[str, str]] = set()
    waiting = [
        *(each.get("value") for each in document["definitions"]),
        *_conditions(document["rules"]),
    ]
    while waiting:
        for part in _named(waiting.pop()) & parts.keys() - found:
            found.add(part)
            waiting.append(parts[part].get("value"))
    return found


def _conditions(value: Json) -> Iterable[Json]:
    """The expressions of rules, however deep they stand."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from [member] if name in _CONDITIONS else _conditions(member)
    elif isinstance(value, list):
        for item in value:
            yield from _conditions(item)


def _named(expression: Json) -> set[tuple[str, str]]:
    """The params and definitions that an expression names."""
    if not isinstance(expression, str):
        return set()
    try:
        names = syntax.references(syntax.parse(expression))
    except RuleError:
        return set()
    found = set()
    for name in names:
        root, _, member = name.partition(".")
        if root == "params":
            found.add(("params", member))
        elif root == "define" or name.endswith("()"):
            found.add(("definitions", member or name[:-2]))
    return found
