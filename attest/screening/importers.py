"""Lists as published, brought into the common form of `attest.screening.snapshot`.

>>> raw = b"name,countries\\nExample Electronics Co.,CN\\n"
>>> imported = import_list(raw, form="csv", code="SHTC")
>>> imported.list, imported.rows, imported.entries[0].countries
('SHTC', 1, ('CN',))

Nothing is lost: each row is an entry, or is reported with its line and why it is none. What a
person should know about how an entry was read stands in its flags:

    footnote-unresolved  cites the foreign direct product rule without saying which; read as 4
    footnote-disputed    the column of footnotes says otherwise than the licence requirement
    country-inherited    the country is that of the row above
    country-unknown      a country is none of ISO 3166-1; the text is among the remarks
    division-guessed     where the name ends and the address begins was guessed by the publisher
    division-mended      and here: the division given contradicted the cell; the cell is kept
    subordinates         the names of institutions under the party stand among its aliases
    mixed-script         a name mixes Latin letters with Greek or Cyrillic ones that look the same
    id-repeated          the published number stands on more than one row
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from attest import limits
from attest.errors import InputError
from attest.screening import importers_csl, importers_ecfr, importers_other
from attest.screening.importers_ecfr import PassedOver
from attest.screening.snapshot import ListEntry

__all__ = ["FORMS", "Imported", "PassedOver", "import_list"]

_Reader = Callable[[bytes, str], Iterable[ListEntry | PassedOver]]


def _plain(read: Callable[[bytes], Iterable[ListEntry | PassedOver]]) -> _Reader:
    return lambda raw, _code: read(raw)


_READERS: Final[Mapping[str, tuple[str, str, _Reader]]] = {
    "csl-csv": ("CSL", "Consolidated Screening List, CSV", _plain(importers_csl.read_csv)),
    "csl-json": ("CSL", "Consolidated Screening List, JSON", _plain(importers_csl.read_json)),
    "ecfr-entity": ("EL", "Entity List, eCFR table", _plain(importers_ecfr.read_entity_list)),
    "ecfr-meu": (
        "MEU",
        "Military End-User List, eCFR table",
        _plain(importers_ecfr.read_military_end_users),
    ),
    "ecfr-uvl": (
        "UVL",
        "Unverified List, eCFR table",
        _plain(importers_ecfr.read_unverified_list),
    ),
    "us-other": (
        "US-OTHER",
        "other lists of the United States",
        _plain(importers_other.read_collection),
    ),
    "csv": ("", "a list in the documented CSV", importers_other.read_generic),
}
FORMS: Final[Mapping[str, str]] = {form: title for form, (_, title, _) in _READERS.items()}
"""The forms in which lists are read, with a title for people."""

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was read: `rows` is the number of rows, `passed_over` those that are no entry."""

    list: str
    rows: int
    entries: tuple[ListEntry, ...]
    passed_over: tuple[PassedOver, ...]

    def flags(self) -> dict[str, int]:
        """How many entries bear each flag, by name."""
        return dict(sorted(Counter(flag for each in self.entries for flag in each.flags).items()))


def import_list(raw: bytes, *, form: str, code: str = "") -> Imported:
    """The entries of a published list in one of `FORMS`; `code` names the list in form `csv`.

    Raises:
        InputError: too-large, json-encoding, list-malformed (with the line).
    """
    own_code, _, read = _READERS[form]
    code = own_code or code
    if not _CODE.fullmatch(code):
        raise InputError("list-malformed", "the list needs a code, such as SHTC")
    entries: list[ListEntry] = []
    passed_over: list[PassedOver] = []
    for each in read(raw, code):
        if isinstance(each, PassedOver):
            passed_over.append(each)
        else:
            entries.append(each)
    if not entries:
        raise InputError("list-malformed", "no row of the list names anybody")
    if len(entries) > limits.LIST_ENTRIES_MAX:
        raise InputError("too-large", f"the list has over {limits.LIST_ENTRIES_MAX} entries")
    return Imported(
        list=code,
        rows=len(entries) + len(passed_over),
        entries=_told_apart(entries),
        passed_over=tuple(passed_over),
    )


def _told_apart(entries: Iterable[ListEntry]) -> tuple[ListEntry, ...]:
    """The entries with a number behind an identifier that another entry of the list bears too."""
    seen: Counter[tuple[str, str]] = Counter()
    apart = []
    for entry in entries:
        seen[entry.list, entry.id] += 1
        if (count := seen[entry.list, entry.id]) > 1:
            flags = {*entry.flags, *(() if entry.id.startswith("row-") else ("id-repeated",))}
            entry = replace(entry, id=f"{entry.id}-{count}", flags=tuple(sorted(flags)))
        apart.append(entry)
    return tuple(apart)
