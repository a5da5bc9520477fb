"""Predicates from what people write: TOML, JSON or CSV, with the shorthands that make it bearable.

A source has the members of the predicate (SPEC 4, 5). Three shorthands are expanded; nothing else
is added or guessed:

* a claim written as a bare value takes the knowledge that the source states once, at its top
  (`knowledge = "first-hand"`); without that line it is refused;
* `"unknown"` in the place of a claim, of `performance`, `transistors` or a status means just that;
* dates and instants may be TOML's own.

>>> source = {"knowledge": "supplier", "package": {"hbm": False, "site_country": "unknown"}}
>>> expand(source, "declaration")["package"]
{'hbm': {'knowledge': 'supplier', 'value': False}, 'site_country': {'knowledge': 'unknown'}}

In CSV a row is a product and a header is the path of a member; a cell is text, never a formula, and
`none` is the empty list or text where there may be one:

>>> read_csv(b"product.name,dies.0.units,dies.0.name\\nTQ-7,2,=main\\n", "declaration")
[{'product': {'name': 'TQ-7'}, 'dies': [{'units': 2, 'name': '=main'}]}]
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping
from typing import Final

from attest import encoding, limits
from attest.cli.shapes import UNKNOWN, Shape, leaves, shape_of
from attest.encoding import Json
from attest.errors import InputError
from attest.rules import toml

FORMATS: Final = ("toml", "json", "csv")
NONE: Final = "none"
KNOWLEDGE: Final = ("first-hand", "supplier", "estimate")

_TRUTH: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}
_NO_KNOWLEDGE: Final = "a bare value; state the knowledge once at the top, or write the claim out"


def read(raw: bytes, form: str, schema: str) -> list[dict[str, Json]]:
    """The predicates of a source in one of `FORMATS`; only CSV can hold several.

    Raises:
        InputError: the code of what is wrong with the source.
    """
    if form == "csv":
        sources = read_csv(raw, schema)
    else:
        loads = toml.loads if form == "toml" else encoding.loads
        source = loads(raw, bytes_max=limits.SUBMISSION_BYTES_MAX)
        if not isinstance(source, dict):
            raise InputError("schema-violation", "type: expected object", pointer="")
        sources = [source]
    return [expand(source, schema) for source in sources]


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}") from None


def read_csv(raw: bytes, schema: str) -> list[dict[str, Json]]:
    """Parse CSV with one product in each row; a blank cell leaves its member out.

    Raises:
        InputError: json-encoding, csv-malformed (with row and column).
    """
    text = _text(raw.removeprefix(b"\xef\xbb\xbf"))  # spreadsheets write the mark
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise InputError("csv-malformed", "the quoting is broken") from None
    if len(rows) < 2:
        raise InputError("csv-malformed", "a line of headers and at least one row are needed")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) != len(header):
        raise InputError("csv-malformed", "a header appears twice")
    columns = [_column(name, number, schema) for number, name in enumerate(header, 1)]
    products = [_row(row, columns, number) for number, row in enumerate(rows[1:], 2) if any(row)]
    if not products:
        raise InputError("csv-malformed", "every row is blank")
    return products


def headers(schema: str) -> list[str]:
    """The headers of a table for one die, one memory and so on; further ones count up from 0."""
    paths = [".".join(path) for path, _ in leaves(shape_of(schema))]
    return ["knowledge", *(path for path in paths if path != "must_understand")]


def _column(name: str, number: int, schema: str) -> tuple[tuple[str, ...], Shape]:
    path = tuple(name.split("."))
    shape = shape_of("declaration").members["package"] if name == "knowledge" else None
    place = shape.members["hbm"].members["knowledge"] if shape else shape_of(schema).at(path)
    if place is not None and place.is_claim:
        place = place.value
    if place is None or (place.type == "object" and place.switch is None):
        raise InputError("csv-malformed", f"column {number}: the header is not a member's path")
    return path, place


def _row(
    row: list[str], columns: list[tuple[tuple[str, ...], Shape]], number: int
) -> dict[str, Json]:
    if len(row) != len(columns):
        raise InputError("csv-malformed", f"row {number} has {len(row)} cells, not {len(columns)}")
    tree: dict[str, Json] = {}
    for (path, shape), cell in zip(columns, row, strict=True):
        if cell.strip():
            place = f"row {number}, {'.'.join(path)}"
            _plant(tree, path, _cell(cell.strip(), shape, place), place)
    return {name: _listed(value, f"row {number}, {name}") for name, value in tree.items()}


def _cell(text: str, shape: Shape, place: str) -> Json:
    if text == UNKNOWN:
        return text
    if text == NONE and shape.may_be_empty:
        return [] if shape.type == "array" else ""
    if shape.type == "integer":
        if re.fullmatch(r"[0-9]{1,16}", text):
            return int(text)
        raise InputError("csv-malformed", f"{place}: not a whole number of plain digits")
    if shape.type == "boolean":
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        raise InputError("csv-malformed", f"{place}: neither yes nor no")
    if shape.type == "array" and shape.items.type == "object":
        raise InputError("csv-malformed", f"{place}: only none; items have columns of their own")
    if shape.type == "array":
        return [item.strip() for item in text.split(";") if item.strip()]
    return text


def _plant(tree: dict[str, Json], path: tuple[str, ...], value: Json, place: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise InputError("csv-malformed", f"{place}: stands below another column's value")
    if path[-1] in tree:
        raise InputError("csv-malformed", f"{place}: stands above another column's value")
    tree[path[-1]] = value


def _listed(value: Json, place: str) -> Json:
    if not isinstance(value, dict):
        return value
    members = {name: _listed(member, f"{place}.{name}") for name, member in value.items()}
    if not all(name.isdecimal() for name in members):
        return members
    indices = [str(index) for index in range(len(members))]
    if set(indices) != set(members):
        raise InputError("csv-malformed", f"{place}: the numbers do not run from 0")
    return [members[index] for index in indices]


def expand(source: Mapping[str, Json], schema: str) -> dict[str, Json]:
    """A predicate from a source: shorthands written out, dates as text, `must_understand` there.

    Raises:
        InputError: schema-violation (a bare claim without a stated knowledge, a local time).
    """
    knowledge = source.get("knowledge")
    if knowledge is not None and knowledge not in KNOWLEDGE:
        raise InputError("schema-violation", f"one of {', '.join(KNOWLEDGE)}", pointer="/knowledge")
    members = {name: value for name, value in source.items() if name != "knowledge"}
    predicate = _expanded(members, shape_of(schema), knowledge, "")
    return {"must_understand": [], **predicate}


def _expanded(value: Json, shape: Shape | None, knowledge: str | None, pointer: str) -> Json:
    if shape is not None and shape.is_claim and not isinstance(value, dict):
        if value == UNKNOWN:
            return {"knowledge": UNKNOWN}
        if knowledge is None:
            raise InputError("schema-violation", _NO_KNOWLEDGE, pointer=pointer)
        return {"knowledge": knowledge, "value": value}
    if shape is not None and shape.switch and isinstance(value, str):
        return {shape.switch: value}
    if isinstance(value, dict):
        known = shape.members if shape else {}
        members = {
            name: _expanded(member, known.get(name), knowledge, f"{pointer}/{name}")
            for name, member in value.items()
        }
        if shape and shape.switch == "knowledge" and not shape.is_claim and knowledge:
            return {"knowledge": knowledge, **members}
        return members
    if isinstance(value, list):
        item = shape.items if shape and shape.type == "array" else None
        return [
            _expanded(each, item, knowledge, f"{pointer}/{index}")
            for index, each in enumerate(value)
        ]
    return _leaf(value, pointer)


def _leaf(value: Json, pointer: str) -> Json:
    if isinstance(value, float):
        raise InputError("json-float", "only whole numbers are allowed", pointer=pointer)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None or value.microsecond or not 1000 <= value.year < 3000:
            raise InputError(
                "schema-violation", "an instant ends in whole seconds and Z", pointer=pointer
            )
        return encoding.format_instant(value.astimezone(dt.UTC))
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        raise InputError("schema-violation", "a time without a date", pointer=pointer)
    return value
