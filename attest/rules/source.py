"""A pack as its authors write it: one folder of TOML files (docs/RULES.md sections 1 to 4).

`read_folder` turns the folder into the pack document of SPEC 8 and remembers in which file each
part stands. It renames, sorts and takes in what the pack uses of the common files that it names;
whether the result is a pack is checked by `attest.rules.pack`.

>>> from attest.rules.places import File
>>> places = {}
>>> table = Table.of(File("params/limits.toml", b"# ours\\n[limit]\\ntype = 'int'\\nversion = []"))
>>> _params({"limits.toml": table}, places)
[{'tested_on': 'completion', 'type': 'int', 'versions': [], 'name': 'limit'}]
>>> str(places["params", "limit"])
'params/limits.toml, line 2: limit'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from attest.encoding import Json
from attest.rules import shared
from attest.rules.folder import Folder, Table, entries, read_tables
from attest.rules.places import Place, Places, refuse

_Found: TypeAlias = dict[tuple[str, str], Place]

_LISTS: Final = {"define": ("definitions", "name"), "ambiguity": ("ambiguities", "id")}
_PACK_MEMBERS: Final = frozenset(
    {"id", "edition", "layer", "engine", "title", "effective", "common"}
)


def read_folder(folder: Folder) -> tuple[Json, Places]:
    """Read a pack folder: the pack document, and the place of each named part of it.

    Raises:
        InputError: file.
        RuleError: pack-invalid.
    """
    params, top = read_tables(folder / "params", "params/"), read_tables(folder)
    for entry in entries(folder):
        if not (entry.name in ("params", "cases", "README.md") or entry.name.endswith(".toml")):
            refuse("the folder", "a file has no place in a pack; notes go to README.md")
    if "pack.toml" not in top:
        refuse("pack.toml", "the file is missing")
    head = top.pop("pack.toml")
    for member in head.body:
        if member not in _PACK_MEMBERS:
            allowed = ", ".join(sorted(_PACK_MEMBERS))
            refuse(head.file.place().at(member), f"a member is unknown; there may be {allowed}")
    places: _Found = {("pack", ""): head.file.place()}
    lists = {
        member: _listed(top.pop(file), member, places, alone=True) if file in top else []
        for member, file in (("define", "definitions.toml"), ("ambiguity", "ambiguities.toml"))
    }
    document = {
        **{member: value for member, value in head.body.items() if member != "common"},
        "v": 1,
        "params": _params(params, places),
        "definitions": lists["define"],
        "ambiguities": lists["ambiguity"],
        "rules": _rules(top, places),
    }
    if "common" in head.body:
        here = head.file.place("common")
        _take_in(document, places, shared.read(head.body["common"], folder, here))
    return document, places


def _take_in(document: dict[str, Json], places: _Found, files: Mapping[str, Table]) -> None:
    """Add to a document what it uses of common files."""
    found: _Found = {}
    definitions = [
        each for table in files.values() for each in _listed(table, "define", found, alone=False)
    ]
    params = {
        name: Table(table.file, {key: each for key, each in table.body.items() if key != "define"})
        for name, table in files.items()
    }
    offered = {"params": _params(params, found), "definitions": definitions}
    for part, place in found.items():
        if part in places:
            refuse(place, f"stands in the pack too: {places[part]}")
    used = shared.used(document, offered)
    for section, items in offered.items():
        taken = [each for each in items if (section, each["name"]) in used]
        document[section] = sorted([*document[section], *taken], key=lambda each: str(each["name"]))
    places |= {part: found[part] for part in used}


def _renamed(table: Json, place: Place, names: Mapping[str, str]) -> dict[str, Json]:
    if not isinstance(table, dict):
        refuse(place, "not a table")
    for name in names.values():
        if name in table:
            refuse(place.at(name), f"write {' and '.join(names)} for each")
    return {names.get(member, member): value for member, value in table.items()}


def _params(files: Mapping[str, Table], places: _Found) -> list[Json]:
    found: dict[str, Json] = {}
    for table in files.values():
        for name, written in table.body.items():
            place = table.file.place(name)
            if name in found:
                refuse(place, f"stands twice, first in {places['params', name]}")
            places["params", name] = place
            body = _renamed(written, place, {"version": "versions"})
            if "name" in body:
                refuse(place.at("name"), "the name stands in the heading")
            found[name] = {"tested_on": "completion", **body, "name": name}
    return [found[name] for name in sorted(found)]


def _listed(table: Table, member: str, places: _Found, *, alone: bool) -> list[Json]:
    """The tables of a list, such as `[[define]]`; `alone` when the file holds nothing else."""
    section, key = _LISTS[member]
    root = table.file.place()
    for other in table.body:
        if alone and other != member:
            refuse(root.at(other), f"a member is unknown; there may be {member}")
    items = table.body.get(member, [])
    if not isinstance(items, list):
        refuse(root.at(member), f"write [[{member}]] for each")
    for number, item in enumerate(items):
        place = table.file.place(keys=(member, number))
        if not isinstance(item, dict) or not isinstance(item.get(key), str):
            refuse(place, f"a {member} has no {key}")
        place = table.file.place(item[key], keys=(member, number))
        if (section, item[key]) in places:
            refuse(place, f"stands twice, first in {places[section, item[key]]}")
        places[section, item[key]] = place
    return sorted(items, key=lambda item: str(item[key]))


def _rules(files: Mapping[str, Table], places: _Found) -> list[Json]:
    found = {}
    for file, table in files.items():
        name = file.removesuffix(".toml")
        place = places["rules", name] = table.file.place()
        body = _renamed(table.body, place, {"version": "versions"})
        if "name" in body:
            refuse(place.at("name"), "the file's name is the rule's name")
        if isinstance(body.get("versions"), list):
            versions = place.member("versions")
            body["versions"] = [
                {
                    "tested_on": "completion",
                    **_renamed(each, versions.item("version", number), {"reading": "readings"}),
                }
                for number, each in enumerate(body["versions"], 1)
            ]
        found[name] = {**body, "name": name}
    return [found[name] for name in sorted(found)]
