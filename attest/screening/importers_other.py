"""Other lists: a collection of United States lists in one table, and any list as a documented CSV.

The collection (`us-other`) has the 1260H, 1286, UFLPA, FCC covered, NS-CMIC and E.O. 14032 lists,
the Denied Persons List with its addresses and the State Department's nonproliferation sanctions.

Any other list, such as the entity list of Taiwan's strategic high-tech commodities, is written as
CSV with these headers, of which only `name` is needed; items of a cell stand between `|`:

    list        a code such as SHTC, where the table holds several lists
    id          the published number
    kind        entity, person, vessel, aircraft, address or unknown
    name        the name as listed
    aliases     other names | former names
    original    names in their own script
    addresses   addresses
    countries   codes of ISO 3166-1, or names of countries in English
    footnotes   numbers of footnotes
    requirement, policy, citation
    identifiers scheme: value | scheme: value
    remarks     anything else

>>> rows = "name|aliases|countries".replace("|", ",") + "\\nExample Co.,A; B|C,HK|China\\n"
>>> entry = next(read_generic(rows.encode(), "SHTC"))
>>> entry.names, entry.countries
(('Example Co.', 'A; B', 'C'), ('HK', 'CN'))
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from attest.screening.importers_places import countries_in
from attest.screening.importers_table import Row, make_entry, malformed, read_table, split
from attest.screening.snapshot import Kind, ListEntry

COLLECTION: Final = (
    "list_id",
    "source_file",
    "name",
    "aliases",
    "country",
    "address",
    "status",
    "effective_date",
    "federal_register",
    "notes",
)
"""The headers of the collection."""
GENERIC: Final = (
    "list",
    "id",
    "kind",
    "aliases",
    "original",
    "addresses",
    "countries",
    "footnotes",
    "requirement",
    "policy",
    "citation",
    "identifiers",
    "remarks",
)
"""The headers of the documented CSV, besides `name`."""

_CODES: Final[Mapping[str, str]] = {
    "bis-dpl": "DPL",
    "dhs-uflpa": "UFLPA",
    "dow-1260h": "1260H",
    "dow-1286": "1286",
    "fcc-covered": "FCC",
    "ofac-eo14032": "EO14032",
    "ofac-nscmic": "CMIC",
    "state-nonproliferation": "ISN",
}
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")
_CREDIT_CODE: Final = re.compile(r"USCC: ([0-9A-Z]{15,18})")
_TAKEN: Final = frozenset({"list_id", "name", "aliases", "address", "federal_register"})


def read_collection(raw: bytes) -> Iterator[ListEntry]:
    """The entries of the collection.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    for row in read_table(raw, COLLECTION):
        code = _CODES.get(row["list_id"])
        if code is None:
            raise malformed(row.line, "the list is not one that is known")
        known, strange = countries_in(row["country"])
        yield make_entry(
            row,
            code=code,
            names=(row["name"], *split(row["aliases"])),
            addresses=split(row["address"]),
            countries=known,
            citation=row["federal_register"],
            identifiers=(("uscc", number) for number in _CREDIT_CODE.findall(row["notes"])),
            remarks=(each for each in row.cells.items() if each[0] not in _TAKEN),
            flags=("country-unknown",) if strange else (),
        )


def read_generic(raw: bytes, code: str = "") -> Iterator[ListEntry]:
    """The entries of a list in the documented CSV; `code` is the list where the table has none.

    Raises:
        InputError: too-large, json-encoding, list-malformed.
    """
    for row in read_table(raw, ("name",), optional=GENERIC):
        known: dict[str, None] = {}
        strange = []
        for text in split(row["countries"], "|"):
            found, rest = countries_in(text, codes=True)
            known |= dict.fromkeys(found)
            strange.append(rest)
        unknown = " ".join(filter(None, strange))
        yield make_entry(
            row,
            code=_list_code(row, code),
            number=row["id"],
            kind=_kind(row),
            names=(row["name"], *split(row["aliases"], "|"), *split(row["original"], "|")),
            addresses=split(row["addresses"], "|"),
            countries=tuple(known),
            footnotes=tuple(sorted(_footnotes(row))),
            address_only=row["kind"] == "address",
            requirement=row["requirement"],
            policy=row["policy"],
            citation=row["citation"],
            identifiers=(_identifier(row, text) for text in split(row["identifiers"], "|")),
            remarks=(
                *(("remarks", text) for text in split(row["remarks"], "|")),
                ("country", unknown),
            ),
            flags=("country-unknown",) if unknown else (),
        )


def _list_code(row: Row, code: str) -> str:
    stated = row["list"] or code
    if not _CODE.fullmatch(stated):
        raise malformed(row.line, "the list needs a code of up to 16 capitals, digits and hyphens")
    return stated


def _kind(row: Row) -> Kind:
    kinds: dict[str, Any] = {kind: kind for kind in get_args(Kind)}
    kind: Kind | None = kinds.get(row["kind"] or "unknown")
    if kind is None:
        raise malformed(row.line, f"kind: expected one of {', '.join(kinds)}")
    return kind


def _footnotes(row: Row) -> set[int]:
    stated = split(row["footnotes"], "|")
    if not all(re.fullmatch("[1-9]", text) for text in stated):
        raise malformed(row.line, "footnotes: expected digits from 1 to 9")
    return set(map(int, stated))


def _identifier(row: Row, text: str) -> tuple[str, str]:
    scheme, colon, value = text.partition(":")
    if not (scheme.strip() and colon and value.strip()):
        raise malformed(row.line, "identifiers: expected scheme: value")
    return scheme.strip(), value.strip()
