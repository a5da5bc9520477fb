"""Rows of published tables, and what every importer does with a row.

A table is CSV with one line of headers. It is read strictly as a whole: text that is not UTF-8, a
header that stands twice, a row with too many or too few cells (a file cut short) or broken quoting
spoil it, since a list with a hole clears whom it should stop. Cells are text, never formulas.

>>> table = read_table(b"name,country\\r\\n=1+1,CN\\r\\n", ("name", "country"))
>>> [(row.line, row["name"]) for row in table]
[(2, '=1+1')]

Blanks of any kind become single spaces, invisible and bidirectional characters are taken out, and
other control characters, which are remains of a lost letter, become U+FFFD:

>>> clean("Murat\\xa0B\\x81key\\u200b ")
'Murat B\ufffdkey'
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from attest import encoding, limits
from attest.errors import InputError
from attest.screening.snapshot import Identifier, Kind, ListEntry, Remark

_TEXT_CHARACTERS_MAX: Final = 4096
_HIDDEN: Final = re.compile(
    "[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LATIN: Final = re.compile("[A-Za-zÀ-ɏḀ-ỿ]")
_OTHER_SCRIPT: Final = re.compile(
    "[\u0370-\u1cff\u2e80-\u2fdf\u3040-\u31ff\u3400-\u9fff\ua000-\ud7ff\uf900-\ufaff"
    "\ufb1d-\ufdff\ufe70-\ufefe\U00020000-\U000323af]"
)
_IN_BRACKETS: Final = re.compile(r"\(\s*(?:[afn][./]?k[./]?a\b\.?)[\s,:]*([^()]*)\)", re.IGNORECASE)
_ALSO: Final = re.compile(
    r"[\s,;(-]*(?<![\w.])(?:[afn][./]?k[./]?a(?![\w/])\.?|formerly known as|also known as)[\s,:-]*"
    r"(?:the following \w+ alias\w*:?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row by header; `line` is where it begins, counted from 1. A missing cell is empty."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, header: str) -> str:
        return self.cells.get(header, "")

    def digest_id(self) -> str:
        """An identifier for a row that has none: of all that it says, so that a change shows."""
        stated = {header: cell for header, cell in self.cells.items() if cell}
        return "row-" + encoding.digest(encoding.canonical(stated))[7:39]


def decode(raw: bytes) -> str:
    """The text of a publication: UTF-8, with or without a byte-order mark, without NUL.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    if len(raw) > limits.LIST_BYTES_MAX:
        raise InputError("too-large", f"the list is over {limits.LIST_BYTES_MAX} bytes")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}") from None
    if "\x00" in text:
        raise malformed(text.count("\n", 0, text.index("\x00")) + 1, "a NUL character")
    return text


def read_table(raw: bytes, *forms: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV table whose headers are one of `forms`, in any order, cells cleaned.

    Rows of blank cells are left out.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    records = _records(decode(raw))
    line, headers = next(records, (1, []))
    headers = [header.strip() for header in headers]
    if len(set(headers)) != len(headers):
        raise malformed(line, "a header stands twice")
    stated = set(headers) - set(optional)
    if not any(stated == set(form) for form in forms):
        nearest = min(forms, key=lambda form: len(stated ^ set(form)))
        wanted = ", ".join(header for header in nearest if header not in stated)
        raise malformed(line, f"headers missing: {wanted}" if wanted else "a header is not known")
    rows = []
    for line, cells in records:
        if len(cells) != len(headers) and any(cells):
            raise malformed(line, f"{len(cells)} cells under {len(headers)} headers")
        row = Row(line, dict(zip(headers, map(clean, cells), strict=False)))
        if any(row.cells.values()):
            rows.append(row)
    if not rows:
        raise malformed(1, "a line of headers and at least one row are needed")
    return rows


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise malformed(line, "the quoting is broken, or a cell is too long") from None


def malformed(line: int, why: str) -> InputError:
    """What is wrong with a publication, and on which line (of a JSON document: at which result)."""
    return InputError("list-malformed", f"line {line}: {why}")


def clean(text: str) -> str:
    """Text with single spaces and without characters that hide or command."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    return " ".join(_CONTROL.sub("\ufffd", _HIDDEN.sub("", text)).split())


def split(text: str, separator: str = ";") -> list[str]:
    """The items of a cell, blank ones left out.

    >>> split("DJEL; Dongfang Jingyuan;; X (a; b)")
    ['DJEL', 'Dongfang Jingyuan', 'X (a; b)']
    """
    if separator not in text:
        return [text] if text else []
    items = [""]
    depth = 0
    balanced = text.count("(") == text.count(")")
    for piece in text.split(separator):
        items[-1] += piece
        depth += piece.count("(") - piece.count(")")
        if balanced and depth > 0:
            items[-1] += separator
        else:
            items.append("")
    return [item.strip() for item in items if item.strip()]


def spellings(name: str) -> list[str]:
    """A name as listed, then the names that it holds beside "a.k.a." and "f.k.a.".

    >>> spellings("Gazmash, AO (f.k.a., Otkrytoe Gazmash)")
    ['Gazmash, AO (f.k.a., Otkrytoe Gazmash)', 'Gazmash, AO', 'Otkrytoe Gazmash']
    >>> spellings("KOW SENG LIM -AKA- ERIC LIM")[1:], spellings("Aka Industries")
    (['KOW SENG LIM', 'ERIC LIM'], ['Aka Industries'])
    """
    if not _ALSO.search(name):
        return [name]
    inside = [item for found in _IN_BRACKETS.findall(name) for item in split(found)]
    outside = " ".join(_IN_BRACKETS.sub(" ", name).split())
    parts = [each for text in (outside, *inside) for each in _ALSO.split(text)]
    parts = [re.sub(r"^and ", "", _bare(part)) for part in parts]
    found = [part for part in parts if len(part) > 1]
    a_word = re.match(r"[afn]ka\b", name, re.IGNORECASE)  # "Aka Industries" is a name
    return [name] if a_word and len(found) == 1 else [name, *found]


def _bare(text: str) -> str:
    text = text.strip(" ,;-")
    return text if text.count("(") == text.count(")") else text.strip(" ,;()-")


def make_entry(
    row: Row,
    *,
    code: str,
    number: str = "",
    kind: Kind = "unknown",
    names: Iterable[str],
    addresses: Iterable[str] = (),
    remarks: Iterable[tuple[str, str]] = (),
    identifiers: Iterable[tuple[str, str]] = (),
    flags: Iterable[str] = (),
    **members: Any,
) -> ListEntry:
    """An entry of a list (by code) with each of its texts once and within bounds.

    Without a published number its identifier is a digest of the row.

    Raises:
        InputError: list-malformed: there is no name, or a text is too long.
    """
    every = tuple(dict.fromkeys(each for name in names if name for each in spellings(name)))
    if not every:
        raise malformed(row.line, "there is no name")
    entry = ListEntry(
        list=code,
        id=number or row.digest_id(),
        kind=kind,
        names=every,
        original=tuple(name for name in every if own_script(name)),
        addresses=tuple(dict.fromkeys(each for each in addresses if each)),
        remarks=tuple(dict.fromkeys(Remark(*each) for each in remarks if each[1])),
        identifiers=tuple(dict.fromkeys(Identifier(*each) for each in identifiers if each[1])),
        flags=tuple(sorted({*flags, *(("mixed-script",) if any(map(mixed, every)) else ())})),
        **members,
    )
    texts = (*entry.names, *entry.addresses, entry.requirement, entry.policy, entry.citation)
    if max(map(len, texts)) > _TEXT_CHARACTERS_MAX:
        raise malformed(row.line, f"a text is over {_TEXT_CHARACTERS_MAX} characters")
    return entry


def own_script(name: str) -> bool:
    """Whether a name is written in another script than Latin."""
    return not name.isascii() and len(_OTHER_SCRIPT.findall(name)) > len(_LATIN.findall(name))


def mixed(name: str) -> bool:
    """Whether Greek or Cyrillic letters stand among Latin ones, which look the same."""
    return not name.isascii() and bool(re.search("[\u0370-\u052f]", name) and _LATIN.search(name))
