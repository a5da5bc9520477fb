"""The Consolidated Screening List, as the International Trade Administration publishes it.

Twelve lists in one, as CSV of 29 columns or as JSON; and a projection of the CSV to ten columns.
There is no column for the footnotes of the Entity List: their digits survive in the licence
requirement, glued to a citation or to the end. The citation is read first and the digit second,
since `734.9(e)1 … of the EAR2` is footnote 1:

>>> footnotes("For all items (See §§ 734.9(e)1 and 744.11 of the EAR2")
((1,), ())
>>> footnotes("(See §§ 734.9(e) and 744.11 of the EAR)4")
((4,), ())

A row that cites the foreign direct product rule of paragraph (e) without its number and without a
digit counts as footnote 4, and says so:

>>> footnotes("(See §734.9(e) and §744.11 of the EAR)")
((4,), ('footnote-unresolved',))
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from attest.encoding import Json
from attest.errors import InputError
from attest.screening.importers_places import countries_in
from attest.screening.importers_table import (
    Row,
    clean,
    decode,
    make_entry,
    malformed,
    read_table,
    split,
)
from attest.screening.snapshot import Kind, ListEntry

PUBLISHED: Final = (
    "_id",
    "source",
    "entity_number",
    "type",
    "programs",
    "name",
    "title",
    "addresses",
    "federal_register_notice",
    "start_date",
    "end_date",
    "standard_order",
    "license_requirement",
    "license_policy",
    "call_sign",
    "vessel_type",
    "gross_tonnage",
    "gross_registered_tonnage",
    "vessel_flag",
    "vessel_owner",
    "remarks",
    "source_list_url",
    "alt_names",
    "citizenships",
    "dates_of_birth",
    "nationalities",
    "places_of_birth",
    "source_information_url",
    "ids",
)
"""The headers of the CSV as published."""
PROJECTED: Final = (
    "list_code",
    "entity_number",
    "type",
    "name",
    "alt_names",
    "countries",
    "license_requirement",
    "license_policy",
    "programs",
    "federal_register_notice",
)
"""The headers of the projection."""

_KINDS: Final[Mapping[str, Kind]] = {
    "": "unknown",
    "entity": "entity",
    "individual": "person",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_CODE: Final = re.compile(r"\(([A-Z][A-Z-]{1,15})(?: List)?\)")
"""The published titles hold the code: `Non-SDN Menu-Based Sanctions List (NS-MBS List) - …`."""
_ADDRESS_ONLY: Final = re.compile(r"Address [0-9]{1,3}")
_TEXTS: Final = ("name", "license_requirement", "license_policy", "federal_register_notice")
_USED: Final = frozenset(
    {
        *_TEXTS,
        "list_code",
        "source",
        "entity_number",
        "type",
        "alt_names",
        "addresses",
        "ids",
        "countries",
    }
)
_COUNTRIES: Final = ("countries", "country", "vessel_flag", "citizenships", "nationalities")

_FOOTNOTE_1: Final = re.compile(r"734\.9\(e\)\s*(?:1(?!\d)|\(1\))")
_FOOTNOTE_3: Final = re.compile(r"734\.9\(g\)")
_FOOTNOTE_4: Final = re.compile(r"734\.9\(e\)\s*\(2\)|EAR\.?\)\s*4(?!\d)")
_FOOTNOTE_5: Final = re.compile(r"734\.9\(e\)\s*\(3\)")


def footnotes(requirement: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The footnotes of a licence requirement of the Entity List, and what is doubtful in them."""
    if "734.9(" not in requirement:
        return (), ()
    found = [
        number
        for number, pattern in ((1, _FOOTNOTE_1), (3, _FOOTNOTE_3), (5, _FOOTNOTE_5))
        if pattern.search(requirement)
    ]
    if 5 not in found and 1 not in found and _FOOTNOTE_4.search(requirement):
        found.append(4)
    if "734.9(e)" in requirement and not {1, 4, 5} & {*found}:
        return (*sorted([*found, 4]),), ("footnote-unresolved",)
    return (*sorted(found),), ()


def read_csv(raw: bytes) -> Iterator[ListEntry]:
    """The entries of the list as CSV, in its published form or projected.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    for row in read_table(raw, PUBLISHED, PROJECTED):
        addresses = split(row["addresses"])
        countries = [_country_at_end(address) for address in addresses]
        identifiers = [_identifier(text) for text in split(row["ids"])]
        yield _entry(row, split(row["alt_names"]), addresses, countries, identifiers)


def _country_at_end(address: str) -> str:
    """A published address ends in its country's code: `1 Example Road, Beijing, CN`."""
    return address.rpartition(",")[2].strip()


def _identifier(text: str) -> tuple[str, str]:
    """A published identifier is `scheme, number, country, …`."""
    scheme, _, value = text.partition(", ")
    return (scheme, value) if value else ("number", scheme)


def read_json(raw: bytes) -> Iterator[ListEntry]:
    """The entries of the list as JSON: an object whose `results` are the rows.

    Raises:
        InputError: too-large, json-encoding, list-malformed (a "line" is then the row's number).
    """
    for number, result in enumerate(_results(decode(raw)), 1):
        if not isinstance(result, dict):
            raise malformed(number, "a result is no object")
        addresses = _objects(result.pop("addresses", None), number)
        ids = _objects(result.pop("ids", None), number)
        aliases = _items(result.pop("alt_names", None))
        row = Row(number, {name: "; ".join(_items(member)) for name, member in result.items()})
        yield _entry(
            row,
            aliases,
            [", ".join(filter(None, each.values())) for each in addresses],
            [each.get("country", "") for each in addresses],
            [(each.get("type", "") or "number", _number(each)) for each in ids],
        )


def _number(identifier: Mapping[str, str]) -> str:
    rest = (value for name, value in identifier.items() if name not in ("type", "number"))
    return ", ".join(filter(None, (identifier.get("number", ""), *rest)))


def _results(text: str) -> list[Json]:
    try:
        document = json.loads(
            text, object_pairs_hook=_members, parse_float=str, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise malformed(error.lineno, f"not JSON at column {error.colno}") from None
    except (RecursionError, ValueError):
        raise malformed(1, "not JSON that can be read") from None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or not results:
        raise malformed(1, "expected an object with results")
    return results


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InputError("list-malformed", "a member name appears twice in one object")
    return members


def _refuse(_text: str) -> Json:
    raise ValueError


def _items(member: Json) -> list[str]:
    """The texts of a member, whatever its shape."""
    if member is None or member == "":
        return []
    if isinstance(member, list):
        return [text for each in member for text in _items(each)]
    if isinstance(member, dict):
        inside = ", ".join(text for each in member.values() for text in _items(each))
        return [inside] if inside else []
    return list(filter(None, [clean(str(member))]))


def _objects(member: Json, number: int) -> list[dict[str, str]]:
    if member is None:
        return []
    if not isinstance(member, list) or not all(isinstance(each, dict) for each in member):
        raise malformed(number, "addresses and ids are arrays of objects")
    return [{name: ", ".join(_items(text)) for name, text in each.items()} for each in member]


def _entry(
    row: Row,
    aliases: list[str],
    addresses: list[str],
    countries: list[str],
    identifiers: list[tuple[str, str]],
) -> ListEntry:
    code = row["list_code"] or _code_of(row)
    requirement = row["license_requirement"]
    notes, flags = footnotes(requirement) if code == "EL" else ((), ())
    every = [row[column] for column in _COUNTRIES]
    known, strange = countries_in(" ".join(filter(None, (*every, *countries))), codes=True)
    address_only = bool(_ADDRESS_ONLY.fullmatch(row["name"]))
    kind = _KINDS.get(row["type"].lower(), "unknown")
    return make_entry(
        row,
        code=code,
        number=row["entity_number"],
        kind="address" if address_only else kind,
        names=(row["name"], *aliases),
        addresses=addresses,
        countries=known,
        footnotes=notes,
        address_only=address_only,
        requirement=requirement,
        policy=row["license_policy"],
        citation=row["federal_register_notice"],
        identifiers=identifiers,
        remarks=(
            *((name, text) for name, text in row.cells.items() if name not in _USED),
            ("country", row["countries"] or strange if strange else ""),
            ("type", row["type"] if kind == "unknown" else ""),
        ),
        flags=(*flags, *(("country-unknown",) if strange else ())),
    )


def _code_of(row: Row) -> str:
    found = _CODE.search(row["source"])
    if not found:
        raise malformed(row.line, "the list is not one that is known")
    return found[1]
