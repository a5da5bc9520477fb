"""The Entity List, the Military End-User List and the Unverified List, from the tables of the eCFR.

The tables are supplements 4, 7 and 6 to part 744. Each row of the CSV has the cell of the table
that names the party (`entity_cell`) and somebody's division of it into name, aliases and address.
The division is used where it agrees with the cell and mended where it does not, and then flagged:

>>> divide("Kakavand Ltd., 5 Road, Iran", "K", "", "akavand Ltd., 5 Road, Iran")
Divided(names=('Kakavand Ltd.',), address='5 Road, Iran', mended=True)

Footnotes are those of the licence requirement. The column of footnotes is somebody's reading too,
in which the 5 of an address in 5⁄6 Jail Road became a footnote; where the two differ, the entry
says so (`footnote-disputed`).

What else the tables hold: a row without a country stands under the one above it
(`country-inherited`); a row that continues the one above adds its names to that (`subordinates`);
a row that is reserved or a heading names nobody and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from attest.screening.importers_csl import footnotes
from attest.screening.importers_places import countries_in, country_of_address
from attest.screening.importers_table import Row, make_entry, malformed, read_table, split
from attest.screening.snapshot import ListEntry, Remark

ENTITY: Final = (
    "country",
    "name",
    "aliases",
    "n_aliases",
    "address",
    "license_requirement",
    "license_review_policy",
    "federal_register_citation",
    "footnotes",
    "name_parse",
    "row_anomaly",
    "continuation_row",
    "entity_cell",
)
"""The headers of the Entity List."""
SHORT: Final = ("country", "name", "aliases", "address", "federal_register_citation", "entity_cell")
"""The headers of the other two lists."""

_SUFFIX: Final = (
    r"(?:Co|Corp|Inc|Ltd|LTD|LLC|L\.L\.C|LLP|Limited|Pte|Pvt|Sdn|S\.A|S\.A\.L|GmbH|JSC|OOO|AO"
    r"|K\.K|FZE|FZCO|B\.V|N\.V|A\.S)\b"
)
_COMMA: Final = rf",(?: |(?=[0-9]))(?!{_SUFFIX})|,? (?=P\.O\.? ?Box)"
_STOP: Final = rf"(?<=[\w')][\w')])\.(?: |(?=[0-9]{{2}}))(?=[^,]*[0-9,])(?![^,]*\b{_SUFFIX})"
_NAME_END: Final = re.compile(rf"{_COMMA}|{_STOP}")
_NAME_END_BY_COMMA: Final = re.compile(_COMMA)
_LEGAL_FORM: Final = re.compile(r"((?:Ltd|Inc|LLC)\.?(?: \([A-Z]+\))?)[.,]? +(?=\S)(.*)")
_FLOOR: Final = re.compile(r"(.*\b(?:Ltd|Inc)\.) ((?:Floor|Room|Unit) .*)")
_COUNTED: Final = r"(?:the following )?(?:\w+ )?alias(?:es)?[,:]?"
_INLINE: Final = re.compile(rf"[(\s]*(?:[afn]\.?k\.?a\b\.?),? *(?:({_COUNTED}) *)?[-—]? *")
_CUT: Final = re.compile(r"[^\W\d_](?!\.k\.a)")
"""What follows a name that ends inside a word; "f.k.a." does not."""
_BETWEEN: Final = re.compile(r"(?:,|;)?(?: and)? (?=(?:[afn]\.?k\.?a\b\.?)[, ])")
_ITEMS: Final = re.compile(r"[;,]\s*(?:and )?[-—]\s*")
_SUBORDINATE: Final = re.compile(r"[Ss]ubordinate [Ii]nstituti?i?on:? +")
_APPLY: Final = re.compile(r"[Tt]he following addresses apply to [^:]*: *|Addresses for [^:]*: *")
_NOTE: Final = re.compile(
    r"[ ,]*\(?see (?:also|alternat\w+) address\w* (?:under |in )?([^()]*(?:\([^()]*\))?)\)?\.?",
    re.IGNORECASE,
)
_FORMER: Final = re.compile(r"\(\s*[fa]\.k\.a\.,? [^()]*(?:\([^()]*\)[^()]*)*\)")
_FOOTNOTE: Final = re.compile(r"\[fn ([1-9])\]")
_ADDRESS_ONLY: Final = re.compile(r"Address [0-9]{1,3}")
_HEADING: Final = re.compile(r"(?:Subordinate institu\w+|The following .*):")


class Divided(NamedTuple):
    """A cell as names and one text of addresses; `mended` where the given division was not kept."""

    names: tuple[str, ...]
    address: str
    mended: bool


class PassedOver(NamedTuple):
    """A row that names nobody, and why."""

    line: int
    reason: str


def read_entity_list(raw: bytes) -> Iterator[ListEntry | PassedOver]:
    """The entries of supplement no. 4.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    return _read(raw, "EL", ENTITY)


def read_military_end_users(raw: bytes) -> Iterator[ListEntry | PassedOver]:
    """The entries of supplement no. 7; raises what `read_entity_list` does."""
    return _read(raw, "MEU", SHORT)


def read_unverified_list(raw: bytes) -> Iterator[ListEntry | PassedOver]:
    """The entries of supplement no. 6; raises what `read_entity_list` does."""
    return _read(raw, "UVL", SHORT)


def _read(raw: bytes, code: str, headers: tuple[str, ...]) -> Iterator[ListEntry | PassedOver]:
    country = ""
    above: ListEntry | None = None
    for row in read_table(raw, headers):
        inherited = not row["country"]
        country = row["country"] or country
        if not country:
            raise malformed(row.line, "there is no country, and none above it")
        if row["name"] == "[Reserved]":
            yield PassedOver(row.line, "reserved")
        elif _HEADING.fullmatch(row["name"]) and not (row["aliases"] or row["address"]):
            yield PassedOver(row.line, "a heading of the rows below it")
        elif not row["name"] and above is not None:
            above = _continued(above, row["continuation_row"] or row["entity_cell"])
            yield PassedOver(row.line, "continues the row above, and was added to it")
        else:
            if above is not None:
                yield above
            above = _entry(row, code, country, inherited=inherited)
    if above is not None:
        yield above


def _entry(row: Row, code: str, country: str, *, inherited: bool) -> ListEntry:
    if not re.search(r"\w", row["name"]):
        raise malformed(row.line, "there is no name")
    divided = divide(
        *(_FOOTNOTE.sub(r"\1", row[each]) for each in ("entity_cell", "name", "aliases", "address"))
    )
    text, notes = _without_notes(divided.address)
    subordinates, text = _subordinates(text)
    addresses = _addresses(text)
    codes, strange = countries_in(country)
    known = [*codes, *filter(None, map(country_of_address, addresses))]
    for note in notes:
        known += countries_in(note)[0]
    address_only = bool(_ADDRESS_ONLY.fullmatch(divided.names[0]))
    marks, doubts = footnotes(_FOOTNOTE.sub(r"\1", row["license_requirement"]))
    marked = {*marks, *map(int, _FOOTNOTE.findall(row["license_requirement"]))}
    disputed = row["footnotes"].split() != [str(mark) for mark in sorted(marked)]
    flags = {
        "footnote-disputed": disputed,
        "country-inherited": inherited or row["row_anomaly"].startswith("missing country"),
        "country-unknown": bool(strange),
        "division-mended": divided.mended,
        "division-guessed": row["name_parse"] == "heuristic",
        "subordinates": bool(subordinates),
    }
    doubtful = divided.mended or subordinates
    entry = make_entry(
        row,
        code=code,
        kind="address" if address_only else "unknown",
        names=(*divided.names, *subordinates),
        addresses=addresses,
        countries=tuple(dict.fromkeys(known)),
        footnotes=tuple(sorted(marked)),
        address_only=address_only,
        requirement=row["license_requirement"],
        policy=row["license_review_policy"],
        citation=row["federal_register_citation"],
        remarks=(
            *(("see also", note) for note in notes),
            ("country", strange),
            ("footnotes", row["footnotes"] if disputed else ""),
            *(_whole("entity_cell", row["entity_cell"]) if doubtful else ()),
        ),
        flags=(*doubts, *(flag for flag, holds in flags.items() if holds)),
    )
    return _continued(entry, row["continuation_row"]) if row["continuation_row"] else entry


def divide(cell: str, name: str, aliases: str, address: str) -> Divided:
    """The names and the addresses of a cell, from a division of it that may be wrong."""
    given = (name, aliases, address)
    follows = cell[len(name) :] if cell.startswith(name) else ""
    if _CUT.match(follows) or ("; and " in name and not address):
        name, address = _split_name(cell)
    elif re.match(r"\.[,;]", follows):
        name += "."
        given = (name, aliases, address)
    names = [name.strip(" ;("), *(each.lstrip("— ") for each in split(aliases))]
    address = address.lstrip(" .,;")
    if found := _LEGAL_FORM.fullmatch(address):
        names[0], address = f"{names[0]}, {found[1]}", found[2]
    elif found := _FLOOR.fullmatch(names[0]):
        names[0], address = found[1], f"{found[2]}, {address}"
    if len(names) > 1 and not _INLINE.sub("", address):
        names, address = _cut_aliases(names)
    elif _INLINE.match(address):
        more, address = _inline(address, names[0])
        names += more
    for former in _FORMER.findall(cell):
        if former not in " ".join(names):
            names += [re.sub(r"^and ", "", each) for each in split(_INLINE.sub("", former[1:-1]))]
    names = [each for each in names if re.search(r"\w", each)] or [name]
    kept = (names[0].strip(" ;("), address) == (given[0].strip(" ;("), given[2].lstrip(" .,;"))
    return Divided(tuple(dict.fromkeys(names)), address, not kept)


def _cut_aliases(names: list[str]) -> tuple[list[str], str]:
    """Names and addresses from names with the addresses in them: the last alias runs on.

    >>> _cut_aliases(["A", "B, 1 Road, Moscow", "and 2 Road, Moscow"])
    (['A', 'B'], '1 Road, Moscow; and 2 Road, Moscow')
    """
    last = next((place for place, name in enumerate(names) if name.startswith("and ")), len(names))
    name, address = _split_name(names[last - 1])
    return [*names[: last - 1], name], "; ".join(filter(None, (address, *names[last:])))


def _split_name(text: str, end: re.Pattern[str] = _NAME_END) -> tuple[str, str]:
    """A name and the address behind it, divided at the first comma or stop that can end a name.

    >>> _split_name("Huawei Software Technologies Co. Ltd. 300 South Oak Way, Reading")
    ('Huawei Software Technologies Co. Ltd', '300 South Oak Way, Reading')
    """
    found = end.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _inline(address: str, name: str) -> tuple[list[str], str]:
    """The names that stand before an address, each behind an "a.k.a.", and the address.

    What follows them is a name too, and not the address, if it shares a word with a name.

    >>> _inline("a.k.a. Energy Co., a.k.a. SZ Energy Co., Workshop 15, Hong Kong", "X")
    (['Energy Co.', 'SZ Energy Co.'], 'Workshop 15, Hong Kong')
    >>> _inline("a.k.a., the following two aliases: -Isaac Gill; and -Isaac Gil, London", "X")
    (['Isaac Gill', 'Isaac Gil'], 'London')
    >>> _inline("a.k.a. Isaac Gill, Isaac Gillardian, London, England.", "Farshid Gillardian")
    (['Isaac Gill', 'Isaac Gillardian'], 'London, England.')
    """
    if address.startswith("(") and ")" in address:
        inside, _, address = address[1:].partition(")")
        return [_INLINE.sub("", each) for each in split(inside)], address.lstrip(" .,;")
    names: list[str] = []
    while found := _INLINE.match(address):
        address = address[found.end() :]
        if following := _BETWEEN.search(address):
            text, address = address[: following.start()], address[following.end() :]
            names.append(text)
        else:
            *listed, text = _ITEMS.split(address) if found[1] else [address]
            last, address = _split_name(text)
            names += [*listed, last]
    known = set(re.findall(r"\w{4,}", " ".join((name, *names)).casefold()))
    text, rest = _split_name(address)
    while (
        rest and not re.search("[0-9]", text) and known & {*re.findall(r"\w{4,}", text.casefold())}
    ):
        names.append(text)
        address = rest
        text, rest = _split_name(address)
    tidied = (each.strip(" ;)") if each.count("(") < each.count(")") else each for each in names)
    return [each for text in tidied for each in _together(text.strip(" ;"))], address


def _together(text: str) -> list[str]:
    """Names that stand in one text, after the text itself.

    >>> _together("Huang Yulan, Jancy Wong and Yuh Lan Wong")[1:]
    ['Huang Yulan', 'Jancy Wong', 'Yuh Lan Wong']
    """
    parts = re.split(rf", (?!{_SUFFIX})| and |; (?:and )?", text)
    return [text, *parts] if len(parts) > 1 else [text]


def _without_notes(address: str) -> tuple[str, list[str]]:
    notes = [found.strip(" .") for found in _NOTE.findall(address)]
    return _NOTE.sub("", address).strip(), notes


def _addresses(text: str) -> list[str]:
    """The addresses of a text; the table writes "; and" between them."""
    plain = re.sub(r"^to include [^.]*\. ", "", _APPLY.sub("", text))
    items = re.split(r";\s*", plain)
    items = [re.sub(r"^and(?:,? +|(?=[A-Z0-9])|$)", "", item.strip(" .,;")) for item in items]
    return [item for item in items if item]


def _subordinates(text: str) -> tuple[list[str], str]:
    """The institutions named under the party in the text of its addresses, and the rest of it."""
    first = _SUBORDINATE.search(text)
    if not first:
        return [], text
    addresses = text[: first.start()]
    if found := _APPLY.search(text):
        addresses += text[found.end() :]
        text = text[: found.start()]
    names: list[str] = []
    for part in _SUBORDINATE.split(text[first.start() :]):
        head, _, listed = part.partition(":")
        name, address = _split_name(head.strip(" .;"))
        names.append(name)
        if address and not _INLINE.match(address):
            addresses += "; " + address
        for each in re.split(r"[;—]+", listed):
            if "," in each and country_of_address(each):
                addresses += "; " + each
            else:
                names.append(re.sub(r"^and(?: |$)", "", each.strip(" .")))
    return _named(names), addresses


def _named(names: Iterable[str]) -> list[str]:
    stripped = (name.strip(" .,;—") for name in names)
    return [name for name in stripped if re.search(r"\w\w", name)]


def _continued(entry: ListEntry, text: str) -> ListEntry:
    """An entry with the names and addresses of a row that continues it."""
    names: list[str] = []
    addresses: list[str] = []
    for part in text.split("||"):
        found, rest = _subordinates(part.strip())
        names += found
        if found or _APPLY.search(rest):
            addresses += _addresses(rest)
            continue
        for affiliate in re.split(r"(?<=China)\.\s*", re.sub(r"^[A-Z]\w+ entities: ", "", rest)):
            name, address = _split_name(affiliate, _NAME_END_BY_COMMA)
            more, address = _inline(address, name) if _INLINE.match(address) else ([], address)
            names += [name, *more]
            addresses += _addresses(address)
    return replace(
        entry,
        names=tuple(dict.fromkeys((*entry.names, *_named(names)))),
        addresses=tuple(dict.fromkeys((*entry.addresses, *addresses))),
        remarks=(*entry.remarks, *(Remark(*each) for each in _whole("continuation_row", text))),
        flags=tuple(sorted({*entry.flags, "subordinates"})),
    )


def _whole(name: str, text: str) -> list[tuple[str, str]]:
    """A text of any length as remarks of bounded ones."""
    pieces = (text[start : start + 4000].strip() for start in range(0, len(text), 4000))
    return [(name, piece) for piece in pieces if piece]
