r"""Where in a pack something stands, as its author sees it: file, line and the names on the way.

>>> file = File("params/limits.toml", b'[limit]\ntype = "int"\n[[limit.version]]\nvalue = "7"\n')
>>> version = file.place("limit").member("versions").item("version", 1)
>>> print(version.member("value"))
params/limits.toml, line 4: limit, version 1, value
>>> print(version.member("citation"))
params/limits.toml, line 3: limit, version 1, citation

A pack document has no files; its places are names only:

>>> print(Place(("params", "limit")).member("type"))
params, limit, type
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from attest import limits
from attest.errors import InputError, RuleError
from attest.rules import toml
from attest.rules.lines import Keys, Lines

LINE_BREAK: Final = re.compile(r"[ \t]*\r?\n[ \t]*")
"""What becomes one space when a text is folded onto one line."""

_IN_FILES: Final = {"versions": "version", "readings": "reading"}
_COLUMN: Final = re.compile(r"line 1, column ([0-9]+): ")


class File:
    """A TOML file of a pack: its name within the folder, and its values."""

    def __init__(self, name: str, raw: bytes) -> None:
        """Read the file.

        Raises:
            RuleError: pack-invalid.
        """
        self.name = name
        self._raw = raw
        try:
            self.values: dict[str, Any] = toml.loads(raw, bytes_max=limits.PACK_BYTES_MAX)
        except InputError as error:
            refuse(name, error.detail)

    def place(self, *steps: str, keys: Keys | None = None) -> Place:
        """A place in the file; `keys` where they are not the steps that are shown."""
        return Place(steps, steps if keys is None else keys, self)

    @cached_property
    def lines(self) -> Lines:
        """Which line each value stands on."""
        return Lines(self._raw.decode())

    def spot(self, keys: Keys, column: int) -> str:
        """File, line and column of a column, from 1, of a folded text."""
        line, column = self.in_text(keys, column - 1)
        return f"{self.name}, line {line}, column {column}"

    def in_text(self, keys: Keys, folded: int) -> tuple[int, int]:
        """Line and column of a character of a text, counted from 0 in its folded form."""
        text: Any = self.values
        for key in keys:
            text = text[key]
        first, body = len(text) - len(text.lstrip()), text.rstrip()
        index = first + folded
        for match in LINE_BREAK.finditer(body, first):
            if match.start() < index:
                index += len(match.group()) - 1
        return self.lines.position(keys, min(index, len(body) - 1))


class Place(NamedTuple):
    """A place: the steps to show, and the keys that lead to it in its file."""

    steps: tuple[str, ...]
    keys: Keys = ()
    file: File | None = None

    def __str__(self) -> str:
        steps = ", ".join(self.steps)
        if self.file is None:
            return steps
        where = f"{self.file.name}, line {self.file.lines.line(self.keys)}"
        return f"{where}: {steps}" if steps else where

    def written(self, name: str) -> str:
        """A member of a document as it is written at this place: a file has `[[version]]`s."""
        return name if self.file is None else _IN_FILES.get(name, name)

    def member(self, name: str) -> Place:
        """A member of the table at this place."""
        return Place((*self.steps, name), (*self.keys, name), self.file)

    def at(self, name: str) -> Place:
        """This place, on the line of a member of it."""
        return Place(self.steps, (*self.keys, name), self.file)

    def item(self, label: str, number: int) -> Place:
        """An item of the list at this place, from 1.

        A label is what TOML calls each table of such a list, and takes the place of its name.
        """
        if label == "item":
            return Place((*self.steps, f"item {number}"), (*self.keys, number - 1), self.file)
        step = f"{label} {number}"
        return Place((*self.steps[:-1], step), (*self.keys[:-1], label, number - 1), self.file)

    def in_expression(self, detail: str, macro: Place | None = None) -> str:
        """A fault of the expression at this place, with line and column of the file.

        `detail` begins with the column in the folded text, or in that of the macro at fault.
        """
        match = _COLUMN.match(detail)
        if match is None or self.file is None:
            return f"{self}: {detail}"
        why, column = detail[match.end() :], int(match[1])
        if macro is None or macro.file is None:
            return f"{self.file.spot(self.keys, column)}: {', '.join(self.steps)}: {why}"
        spot = macro.file.spot((*macro.keys, "value"), column)
        return f"{self}: {why.removesuffix(')')}, {spot})"


Places: TypeAlias = Mapping[tuple[str, str], Place]
"""Where the author wrote what stands under (section, name)."""


def place_of(places: Places, section: str, name: str) -> Place:
    """The place of a named part of the document."""
    return places.get((section, name)) or Place((section, name))


def refuse(place: Place | str, why: str) -> NoReturn:
    """Raise pack-invalid for a place."""
    raise RuleError("pack-invalid", f"{place}: {why}")
