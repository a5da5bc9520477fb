r"""On which line of a TOML file something stands; `tomllib` does not tell.

A text that `tomllib` has read goes in. Keys are those of the values it gave: names of members and,
from 0, numbers of items. What the text does not hold stands where the table around it begins:

>>> text = '[limit]\ntype = "int"\n[[limit.version]]\nvalue = [1,\n 2]\n'
>>> lines = Lines(text)
>>> [lines.line(keys) for keys in [("limit", "type"), ("limit", "version", 0, "value", 1)]]
[2, 5]
>>> lines.line(("limit", "version", 0, "citation"))
3

A character of a text value is found behind its escapes:

>>> Lines('holds = "\\t\\"x\\""').position(("holds",), 2)
(1, 14)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

Keys: TypeAlias = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|"
    r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*')"
    r"|(?P<skip>\#[^\n]*|[ \t\r]+)"
    r"|(?P<line>\n)"
    r"|(?P<mark>[\[\]{},=.])"
    r"""|(?P<bare>[^\s\[\]{},=.\#"']+)""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(
    r"\\(?P<fold>[ \t]*\r?\n[ \t\r\n]*)|\\u.{4}|\\U.{8}|\\.|\r\n|.", re.DOTALL
)
_CHARACTER: Final = re.compile(r"\r\n|.", re.DOTALL)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


class Lines:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: dict[Keys, int] = {(): 0}
        self._texts: dict[Keys, _Token] = {}
        _Reader(text, self._starts, self._texts).read()

    def line(self, keys: Keys) -> int:
        """The line, from 1, on which the value of these keys begins, or else what is around it."""
        while keys not in self._starts:
            keys = keys[:-1]
        return self._line(self._starts[keys])

    def position(self, keys: Keys, index: int) -> tuple[int, int]:
        """Line and column, from 1, of a character (from 0) of a text value."""
        token = self._texts[keys]
        offset = token.start + list(_characters(token))[index]
        return self._line(offset), offset - self._text.rfind("\n", 0, offset)

    def _line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1


def _characters(token: _Token) -> Iterator[int]:
    """Where each character of a text value stands in its token."""
    quote = token.text[0]
    width = 3 if token.text.startswith(quote * 3) and len(token.text) > 2 else 1
    body = token.text[width:]
    if width == 3:
        body = body.removeprefix("\r").removeprefix("\n")
    first = len(token.text) - len(body)
    pattern = _ESCAPE if quote == '"' else _CHARACTER
    for match in pattern.finditer(token.text, first, len(token.text) - width):
        if match.lastgroup != "fold":
            yield match.start()


class _Reader:
    """One pass over a text that is TOML; `place` is the table that the lines belong to."""

    def __init__(self, text: str, starts: dict[Keys, int], texts: dict[Keys, _Token]) -> None:
        self._tokens = [
            _Token(match.lastgroup or "", match.group(), match.start())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "skip"
        ]
        self._tokens.append(_Token("end", "", len(text)))
        self._next = 0
        self._starts = starts
        self._texts = texts
        self._lengths: dict[Keys, int] = {}

    def read(self) -> None:
        place: Keys = ()
        while self._after_lines().kind != "end":
            place = self._heading() if self._at("[") else self._member(place)

    def _heading(self) -> Keys:
        start = self._take().start
        is_item = self._at("[")
        if is_item:
            self._take()
        names = self._names()
        while self._at("]"):
            self._take()
        place: Keys = ()
        for name in names[:-1]:
            place = self._newest((*place, name), start)
        place = (*place, names[-1])
        if is_item:
            self._starts.setdefault(place, start)
            self._lengths[place] = self._lengths.get(place, 0) + 1
            place = (*place, self._lengths[place] - 1)
        self._starts[place] = start
        return place

    def _newest(self, place: Keys, start: int) -> Keys:
        """A table on the way to another; of a list of tables its newest item."""
        self._starts.setdefault(place, start)
        return (*place, self._lengths[place] - 1) if place in self._lengths else place

    def _member(self, place: Keys) -> Keys:
        start = self._peek().start
        keys = place
        for name in self._names():
            keys = (*keys, name)
            self._starts.setdefault(keys, start)
        self._take()  # the equals sign
        self._value(keys)
        return place

    def _names(self) -> list[str]:
        names = [_name(self._take())]
        while self._at("."):
            self._take()
            names.append(_name(self._take()))
        return names

    def _value(self, keys: Keys) -> None:
        token = self._take()
        if token.kind == "text":
            self._texts[keys] = token
        elif token.text == "[":
            self._items(keys)
        elif token.text == "{":
            while not self._closed("}"):
                self._member(keys)
        else:
            while self._peek().kind == "bare" or self._at("."):
                self._take()

    def _items(self, keys: Keys) -> None:
        number = 0
        while not self._closed("]"):
            self._starts[(*keys, number)] = self._peek().start
            self._value((*keys, number))
            number += 1

    def _closed(self, mark: str) -> bool:
        """Step over line breaks and commas; true when the closing mark was taken."""
        while self._after_lines().text == ",":
            self._take()
        return self._take().text == mark if self._at(mark) else False

    def _after_lines(self) -> _Token:
        while self._peek().kind == "line":
            self._take()
        return self._peek()

    def _at(self, mark: str) -> bool:
        return self._peek().kind == "mark" and self._peek().text == mark

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token


def _name(token: _Token) -> str:
    """A key as the parser gives it; one with escapes keeps them and is found nowhere."""
    return token.text[1:-1] if token.kind == "text" else token.text
