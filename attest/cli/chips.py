"""Chips as people write them, in options or in a table, as facts for the rules.

A figure is read from its digits, so nothing is rounded on the way in:

>>> whole("4799.2", 3), whole("0.000001", 6)
(4799200, 1)
>>> whole("4.7992", 3)
Traceback (most recent call last):
attest.errors.InputError: facts-malformed: at most 3 decimals

A table has a line of headers and a chip in each row. A header is a column below or the full name of
a fact (docs/RULES.md section 6). A faulty cell costs its row, not the others:

>>> table = read_table(b"name,tops,area_mm2\\nTQ-7,8:600,814\\nTQ-8,8:six,100\\n")
>>> table.rows[0].facts["item.precisions"]
[{'bit_length': 8, 'dense_gops': 600000}]
>>> table.faults[0]
Fault(line=3, column=2, header='tops', why='expected BITS:VALUE, such as 8:600')
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.facts import facts_from_json
from attest.rules.register import GROUPS, Field, Items, Members
from attest.rules.types import BOOL, INT

UNKNOWN: Final = "unknown"
NONE: Final = "none"
DESTINATIONS: Final = "transaction.destinations"

_DECIMAL: Final = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,30}))?", re.ASCII)
_PRECISION: Final = re.compile(r"([0-9]{1,4}) ?: ?([0-9.]+)", re.ASCII)
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}


class Column(NamedTuple):
    """A column, and the option of the same name with dashes: its fact, decimal places, help."""

    name: str
    fact: str
    places: int
    help: str


COLUMNS: Final = (
    Column("name", "item.name", 0, "What you call the chip."),
    Column("kind", "item.kind", 0, "What it is."),
    Column("tops", "item.precisions", 3, "Dense tera-operations per second at a bit length."),
    Column("tpp", "item.tpp_milli", 3, "Total processing performance, if that is all you have."),
    Column(
        "area_mm2", "item.applicable_area_um2", 6, "Area of all logic dies on non-planar nodes."
    ),
    Column("pd", "item.performance_density_micro", 6, "Performance density, instead of the area."),
    Column("datacenter", "item.datacenter", 0, "Designed or marketed for datacenters."),
    Column(
        "transfer_rate_gbyte_s",
        "item.transfer_rate_mbyte_s",
        3,
        "Bidirectional rate of all inputs and outputs but volatile memory.",
    ),
    Column("dram_gbyte_s", "item.dram_bandwidth_mbyte_s", 3, "Total DRAM bandwidth."),
    Column("stack_gbyte_s", "item.stack_bandwidth_mbyte_s", 3, "Memory stack: its bandwidth."),
    Column("stack_area_mm2", "item.stack_area_um2", 6, "Memory stack: area of package or stack."),
    Column("transistors", "item.transistors", 0, "Transistors in the package."),
    Column("units", "item.units", 0, "Units in this shipment."),
    Column("from_country", "trade.from_country", 0, "Where it is shipped from (ISO code)."),
    Column("destination", DESTINATIONS, 0, "Where it goes (ISO code)."),
    Column("hq", "transaction.party_hqs", 0, "Headquarters of a party or its parent (ISO code)."),
    Column("licence", "trade.licence", 0, "A licence covers the transaction."),
)
"""What may be stated under a name of its own."""

SOURCE: Final = "source"
"""The column that is handed on as it stands: where the figures of a row come from."""

_BY_NAME: Final[Mapping[str, Column]] = {column.name: column for column in COLUMNS}


class Fault(NamedTuple):
    """What is wrong with a row: its line and, where one cell is to blame, column and header."""

    line: int
    column: int | None
    header: str
    why: str


class Row(NamedTuple):
    """A chip of a table: line, facts by full name, source; None is a fact stated as unknown."""

    line: int
    facts: Mapping[str, Json]
    source: str


@dataclass(frozen=True)
class Table:
    """The good rows of a table and the faults of the others."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def whole(text: str, places: int) -> int:
    """A decimal in plain digits as a whole number of 10^-places.

    Raises:
        InputError: facts-malformed.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None:
        _refuse(f"expected plain digits, such as {'599.9' if places else '600'}")
    decimals = (found[2] or "").rstrip("0")
    if len(decimals) > places:
        _refuse(f"at most {places} decimals" if places else "expected a whole number")
    number = int(found[1] + decimals.ljust(places, "0"))
    if number > limits.INTEGER_MAX:
        _refuse("the number is too large")
    return number


def _refuse(why: str) -> NoReturn:
    raise InputError("facts-malformed", why)


def column_of(name: str) -> Column:
    """The column of a name: one of `COLUMNS`, or any registered fact by its full name.

    Raises:
        InputError: facts-malformed; there is none.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    group, _, member = name.partition(".")
    shape = GROUPS.get(group, {}).get(member)
    if shape is None or (isinstance(shape, Items) and isinstance(shape.item, Members)):
        _refuse("neither a column nor a fact of docs/RULES.md")
    return Column(name, name, 0, "")


def value_of(column: Column, text: str) -> Json:
    """The value of a fact from the text of an option or cell; None for `unknown`.

    Items of a list are separated by semicolons; `none` is the empty list.

    Raises:
        InputError: facts-malformed.
    """
    text = text.strip()
    if text == UNKNOWN:
        return None
    group, _, member = column.fact.partition(".")
    shape = GROUPS[group][member]
    value: Json
    if column.fact == "item.precisions":
        value = [_precision(each, column.places) for each in _items(text)]
    elif isinstance(shape, Items):
        value = [] if text == NONE else list(dict.fromkeys(_items(text)))
        if column.fact != DESTINATIONS:
            value.sort()
    else:
        value = _scalar(shape, text, column.places)
    try:
        facts_from_json({group: {member: value}})
    except InputError as error:
        raise InputError("facts-malformed", error.detail) from None
    return value


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(";") if item.strip()]


def _scalar(field: Field, text: str, places: int) -> Json:
    if field.type is INT:
        return whole(text, places)
    if field.type is BOOL:
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        _refuse("expected yes or no")
    return text


def _precision(text: str, places: int) -> dict[str, Json]:
    found = _PRECISION.fullmatch(text)
    if found is None:
        _refuse("expected BITS:VALUE, such as 8:600")
    return {"bit_length": int(found[1]), "dense_gops": whole(found[2], places)}


def headers() -> list[str]:
    """The headers of a table."""
    return [*(column.name for column in COLUMNS), SOURCE]


def read_table(raw: bytes) -> Table:
    """Parse a CSV table of chips; a blank cell says nothing, a blank row is none.

    Raises:
        InputError: json-encoding, csv-malformed: what is wrong with the table as a whole.
    """
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")  # spreadsheets write the mark
    except UnicodeDecodeError as error:
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}") from None
    lines = _lines(text)
    names = [name.strip() for name in next(lines, (0, []))[1]]
    columns = _columns(names)
    rows, faults = [], []
    for line, cells in lines:
        if any(cell.strip() for cell in cells):
            row, found = _row(line, cells, columns)
            faults += found
            if not found:
                rows.append(row)
    if not rows and not faults:
        raise InputError("csv-malformed", "a line of headers and at least one row are needed")
    return Table(tuple(rows), tuple(faults))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a table, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise InputError("csv-malformed", f"line {line}: the quoting is broken") from None


def _columns(names: Sequence[str]) -> list[Column | None]:
    if not any(names):
        raise InputError("csv-malformed", "a line of headers and at least one row are needed")
    columns: list[Column | None] = []
    taken: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        try:
            column = None if name == SOURCE else column_of(name)
        except InputError as error:
            raise InputError("csv-malformed", f"line 1, column {number}: {error.detail}") from None
        first = taken.setdefault(column.fact if column else SOURCE, number)
        if first != number:
            detail = f"line 1, column {number}: states the same as column {first}"
            raise InputError("csv-malformed", detail)
        columns.append(column)
    return columns


def _row(
    line: int, cells: Sequence[str], columns: Sequence[Column | None]
) -> tuple[Row, list[Fault]]:
    if len(cells) != len(columns):
        why = f"{len(cells)} cells, not {len(columns)}"
        return Row(line, {}, ""), [Fault(line, None, "", why)]
    facts: dict[str, Json] = {}
    faults, source = [], ""
    for number, (column, cell) in enumerate(zip(columns, cells, strict=True), 1):
        if column is None:
            source = cell.strip()
        elif cell.strip():
            try:
                facts[column.fact] = value_of(column, cell)
            except InputError as error:
                faults.append(Fault(line, number, column.name, error.detail))
    return Row(line, facts, source), faults


def tree_of(facts: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """Facts by full name as the tree that `facts_from_json` reads; what is None is left out."""
    tree: dict[str, dict[str, Json]] = {}
    for name, value in facts.items():
        group, _, member = name.partition(".")
        if value is not None:
            tree.setdefault(group, {})[member] = value
    return tree
