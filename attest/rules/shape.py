"""The strict shape of a pack document: every member known, every text there (SPEC 8).

`check_shape` looks at shapes only; what the expressions mean is `attest.rules.pack`. Refusals name
a place as its author sees it:

>>> version = {"from": "2025-01-31", "value": 7, "citation": "", "confidence": "A",
...            "as_of": "2026-07-23"}
>>> param = {"name": "limit", "type": "int", "tested_on": "completion", "versions": [version]}
>>> check_param(param, Place(("limit",)))
Traceback (most recent call last):
attest.errors.RuleError: pack-invalid: limit, version 1, citation: not a text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final, TypeAlias

from attest import limits
from attest.encoding import Json, parse_date
from attest.errors import InputError
from attest.rules.places import Place, Places, place_of, refuse
from attest.rules.types import BOOL, DATE, INT, ListOf, Type, named_type

Check: TypeAlias = Callable[[Json, Place], None]
KINDS: Final = ("scope", "way", "presumption", "test")
SECTIONS: Final = ("params", "definitions", "ambiguities", "rules")


def record(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    known = {**required, **optional}

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, dict):
            refuse(place, "not a table")
        for name in required:
            if name not in value:
                refuse(place, f"{place.written(name)} is missing")
        for name in value:
            if name not in known:
                allowed = ", ".join(sorted(map(place.written, known)))
                refuse(place.at(name), f"a member is unknown; there may be {allowed}")
        for name, check_member in known.items():
            if name in value:
                check_member(value[name], place.member(name))

    return check


def array(check_item: Check, *, least: int = 0, label: str = "item") -> Check:
    def check(value: Json, place: Place) -> None:
        if not isinstance(value, list) or not least <= len(value) <= limits.LIST_ITEMS_MAX:
            refuse(place, f"not a list of {least} to {limits.LIST_ITEMS_MAX}")
        for number, item in enumerate(value, 1):
            check_item(item, place.item(label, number))

    return check


def matching(pattern: str, what: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            refuse(place, f"not {what}")

    return check


def one_of(*choices: str) -> Check:
    def check(value: Json, place: Place) -> None:
        if value not in choices:
            refuse(place, f"not one of {', '.join(choices)}")

    return check


def text(value: Json, place: Place) -> None:
    if not isinstance(value, str) or not value or value != value.strip():
        refuse(place, "not a text")


def date(value: Json, place: Place) -> None:
    try:
        if isinstance(value, str):
            parse_date(value)
            return
    except InputError:
        pass
    refuse(place, "not a date")


def distinct_texts(value: Json, place: Place) -> None:
    array(text)(value, place)
    if len(set(value)) < len(value):
        refuse(place, "an item stands twice")


_name = matching(r"[a-z][a-z0-9_]{0,63}", "a name of lower-case letters, digits and _")
_ambiguity_id = matching(r"[A-Z][A-Z0-9-]{0,31}", "an identifier such as AMB-01")
_confidence = one_of("A", "B", "C")
_tested_on = one_of("completion", "decision")
_cited: Final[Mapping[str, Check]] = {
    "citation": text,
    "confidence": _confidence,
    "as_of": date,
}
_effective = record({"from": date}, {"until": date})


def _value_of(kind: Type) -> Check:
    if kind == DATE:
        return date
    if isinstance(kind, ListOf):
        return distinct_texts
    expected = bool if kind == BOOL else int if kind == INT else str

    def check(value: Json, place: Place) -> None:
        if type(value) is not expected:
            refuse(place, "not a value of the param's type")

    return check


def check_param(value: Json, place: Place) -> None:
    """A dated value with its citation; `versions` are checked against `type`."""
    named = value.get("type") if isinstance(value, dict) else None
    kind = named_type(named) if isinstance(named, str) else None
    version = record(
        {"from": date, "value": _value_of(kind) if kind else text, **_cited},
        {"until": date, "note": text},
    )
    record(
        {
            "name": _name,
            "type": one_of("bool", "int", "string", "date", "list(string)"),
            "tested_on": _tested_on,
            "versions": array(version, least=1, label="version"),
        },
        {"unit": text, "note": text},
    )(value, place)


_check_definition = record(
    {"name": _name, "value": text, "citation": text},
    {"parameter": _name, "confidence": _confidence, "as_of": date, "note": text},
)
_check_ambiguity = record(
    {
        "id": _ambiguity_id,
        "title": text,
        "problem": text,
        "reading": text,
        "others": array(text),
        **_cited,
    },
    {"note": text},
)
_says = record(
    {"pass": text, "fail": text, "unknown": text},
    {"not_applicable": text},
)


def _reading(*, holds: bool) -> Check:
    optional = {"holds": text} if holds else {}
    return record({"ambiguity": _ambiguity_id, "name": text, "when": text}, optional)


def _rule_version(kind: str) -> Check:
    required = {"from": date, "tested_on": _tested_on, **_cited, "says": _says}
    optional = {"until": date, "clears_with": array(text, least=1), "note": text}
    if kind == "presumption":
        required |= {"scope": _name, "overcome_by": array(_name, least=1)}
    else:
        required["holds"] = text
        optional["applies"] = text
    if kind in ("presumption", "test"):
        required["on_fail"] = one_of("FAIL", "HOLD")
    reading = _reading(holds=kind != "presumption")
    optional["readings"] = array(reading, least=1, label="reading")
    return record(required, optional)


_RULE_VERSIONS: Final = {kind: _rule_version(kind) for kind in KINDS}


def _check_rule(value: Json, place: Place) -> None:
    kind = value.get("kind") if isinstance(value, dict) else None
    version = _RULE_VERSIONS.get(kind, text) if isinstance(kind, str) else text
    record(
        {
            "name": _name,
            "title": text,
            "kind": one_of(*KINDS),
            "versions": array(version, least=1, label="version"),
        },
        {"note": text},
    )(value, place)


_CHECKS: Final[Mapping[str, tuple[str, Check, Check]]] = {
    "params": ("name", _name, check_param),
    "definitions": ("name", _name, _check_definition),
    "ambiguities": ("id", _ambiguity_id, _check_ambiguity),
    "rules": ("name", _name, _check_rule),
}


def _section(section: str, places: Places) -> Check:
    key, check_key, check_item = _CHECKS[section]

    def check_named(value: Json, place: Place) -> None:
        if not isinstance(value, dict) or key not in value:
            refuse(place, f"{key} is missing")
        named = place_of(places, section, str(value[key]))
        check_key(value[key], named.member(key))
        check_item(value, named)

    def check(value: Json, place: Place) -> None:
        array(check_named)(value, place)
        names = [item[key] for item in value]
        for earlier, later in pairwise(names):
            if earlier >= later:
                why = f"stands twice or is not in the order of {key}"
                refuse(place_of(places, section, later), why)

    return check


def check_shape(document: Json, places: Places) -> None:
    """Check the shape of a whole pack document.

    Raises:
        RuleError: pack-invalid, with the place and the reason.
    """
    record(
        {
            "v": _version_one,
            "engine": _version_one,
            "id": matching(r"[a-z0-9][a-z0-9-]{0,62}", "an identifier such as us-ear"),
            "edition": date,
            "layer": one_of("law", "house"),
            "title": text,
            "effective": _effective,
            **{section: _section(section, places) for section in SECTIONS},
        },
        {},
    )(document, places.get(("pack", ""), Place(("pack",))))


def _version_one(value: Json, place: Place) -> None:
    if type(value) is not int or value != 1:
        refuse(place, "not 1")
