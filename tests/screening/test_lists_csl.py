"""The Consolidated Screening List: its footnotes, its three forms, and its traps."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError
from attest.screening.importers import Imported, import_list
from attest.screening.importers_csl import PROJECTED, PUBLISHED, footnotes
from attest.screening.snapshot import ListEntry
from tests.screening.outcomes import outcome_of

EL = "Entity List (EL) - Bureau of Industry and Security"
SDN = "Specially Designated Nationals (SDN) - Treasury Department"


def published(*rows: dict[str, str]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, PUBLISHED, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def projected(*rows: dict[str, str]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, PROJECTED, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def as_json(*results: Any, **members: Any) -> bytes:
    return json.dumps({"results": results, **members}).encode()


def only(imported: Imported) -> ListEntry:
    (entry,) = imported.entries
    return entry


@pytest.mark.parametrize(
    ("requirement", "notes"),
    [
        ("For all items subject to the EAR. (See §744.11 of the EAR).", ()),
        ("For all items subject to the EAR, see §§ 734.9(e)1 and 744.11 of the EAR2", (1,)),
        ("For all items subject to the EAR, see §§ 734.9(e) 1 and 744.11 of the EAR 2", (1,)),
        ("For All Items (See §734.9(e)1, and §744.11 of the EAR)2.", (1,)),
        ("(See §§ 734.9(e)(1) and 744.11 of the EAR)", (1,)),
        ("All items (See §§ 734.9(g),3 746.8(a)(3), and 744.21(b) of the EAR)", (3,)),
        ("All items (See §§ 734.9(g), 746.8(a)(3), and 744.21(b) of the EAR)", (3,)),
        ("(See §§734.9(g)3, 746.8(a)(3), and 744.2l(b) of the EAR)", (3,)),
        ("(See §§ 734.9(e)(2) and 744.11 of the EAR)4", (4,)),
        ("(See §§ 734.9(e)(2) and 744.11 of the EAR) 4", (4,)),
        ("(See §§ 734.9(e)(2) and 744.11 of the EAR)", (4,)),
        ("(See §§ 734.9(e) and 744.11 of the EAR)4", (4,)),
        ("(See §734.9(e), and 744.11 of the EAR)4.", (4,)),
        ("(See §§734.4(a)(9), 734.9(e)(3), and 744.11 of the EAR)5", (5,)),
        ("when used in projects specified in § 746.8(a)(4) of the EAR", ()),
        ("items with ECCN 4 (See § 744.11 of the EAR)4", ()),
        ("", ()),
    ],
)
def test_the_citation_is_read_first_and_the_digit_second(
    requirement: str, notes: tuple[int, ...]
) -> None:
    assert footnotes(requirement) == (notes, ())


def test_a_citation_with_neither_number_nor_digit_is_footnote_4_and_flagged() -> None:
    found = footnotes("For all items subject to the EAR. (See §734.9(e) and §744.11 of the EAR)")
    assert found == ((4,), ("footnote-unresolved",))


@given(st.text("734.9(eg)12345 EAR§", max_size=60))
def test_footnotes_are_of_the_entity_list_for_any_text(text: str) -> None:
    notes, flags = footnotes(text)
    assert {*notes} <= {1, 3, 4, 5}
    assert list(notes) == sorted({*notes})
    assert not flags or 4 in notes


def test_only_the_entity_list_has_footnotes() -> None:
    row = {"name": "A", "license_requirement": "(See §§ 734.9(e)(2) and 744.11 of the EAR)4"}
    for code, notes in (("EL", (4,)), ("MEU", ())):
        imported = import_list(projected({"list_code": code, **row}), form="csl-csv")
        assert only(imported).footnotes == notes


def test_a_projected_row() -> None:
    imported = import_list(
        projected(
            {
                "list_code": "SDN",
                "entity_number": "4711",
                "type": "Individual",
                "name": "DOE, John",
                "alt_names": "DOE, Johnny;\xa0J. D. (the tall; the long)",
                "countries": "CN HK",
                "programs": "SDGT",
                "federal_register_notice": "89 FR 1",
            }
        ),
        form="csl-csv",
    )
    entry = only(imported)
    assert (imported.list, imported.rows, imported.passed_over) == ("CSL", 1, ())
    assert (entry.list, entry.id, entry.kind) == ("SDN", "4711", "person")
    assert entry.names == ("DOE, John", "DOE, Johnny", "J. D. (the tall; the long)")
    assert entry.countries == ("CN", "HK")
    assert entry.citation == "89 FR 1"
    assert [tuple(each) for each in entry.remarks] == [("programs", "SDGT")]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Entity", "entity"),
        ("Individual", "person"),
        ("Vessel", "vessel"),
        ("Aircraft", "aircraft"),
        ("", "unknown"),
    ],
)
def test_kinds(word: str, kind: str) -> None:
    row = {"list_code": "SDN", "name": "A", "type": word}
    assert only(import_list(projected(row), form="csl-csv")).kind == kind


def test_an_address_is_no_party() -> None:
    entry = only(import_list(projected({"list_code": "EL", "name": "Address 04"}), form="csl-csv"))
    assert (entry.kind, entry.address_only) == ("address", True)
    other = {"list_code": "EL", "name": "Address 04 Trading Ltd."}
    assert not only(import_list(projected(other), form="csl-csv")).address_only


@pytest.mark.parametrize(
    ("text", "codes", "strange"),
    [
        ("CN", ("CN",), False),
        ("MAN, ISLE OF", ("IM",), False),
        ("TURKIYE", ("TR",), False),
        ("UK", ("GB",), False),
        ("MACAU PRC", ("MO", "CN"), False),
        ("REGION: WEST BANK PS", ("PS",), False),
        ("CRIMEA (OCCUPIED) UA", ("UA",), True),
        ("VE AN", ("VE",), True),
        ("XK", (), True),
        ("NM", (), True),
        ("", (), False),
    ],
)
def test_countries(text: str, codes: tuple[str, ...], strange: bool) -> None:
    row = {"list_code": "SDN", "name": "A", "countries": text}
    entry = only(import_list(projected(row), form="csl-csv"))
    assert entry.countries == codes
    assert ("country-unknown" in entry.flags) is strange
    assert [tuple(each) for each in entry.remarks] == ([("country", text)] if strange else [])


def test_equal_rows_and_repeated_numbers_are_told_apart() -> None:
    row = {"list_code": "DPL", "name": "A"}
    numbered = {"list_code": "SDN", "name": "B", "entity_number": "7"}
    imported = import_list(projected(row, row, row, numbered, numbered), form="csl-csv")
    first, second, third, fourth, fifth = imported.entries
    assert [second.id, third.id] == [f"{first.id}-2", f"{first.id}-3"]
    assert (second.flags, fourth.id, fifth.id) == ((), "7", "7-2")
    assert fifth.flags == ("id-repeated",)
    assert imported.rows == 5
    assert imported.flags() == {"id-repeated": 1}


def test_the_published_csv() -> None:
    entry = only(
        import_list(
            published(
                {
                    "_id": "0af3",
                    "source": EL,
                    "name": "Chengdu Haiguang Integrated Circuit",
                    "addresses": "No. 22-31, Chengdu, CN; 5/F, Kowloon, HK",
                    "federal_register_notice": "84 FR 29371",
                    "start_date": "2019-06-24",
                    "license_requirement": "(See §§ 734.9(e) and 744.11 of the EAR)4",
                    "license_policy": "Presumption of denial",
                    "alt_names": "Hygon; Chengdu Haiguang Jincheng Dianlu Sheji",
                    "ids": "Registration Number, 9151, CN; 77",
                }
            ),
            form="csl-csv",
        )
    )
    assert entry.list == "EL"
    assert "Hygon" in entry.names
    assert entry.addresses == ("No. 22-31, Chengdu, CN", "5/F, Kowloon, HK")
    assert entry.countries == ("CN", "HK")
    assert entry.footnotes == (4,)
    assert entry.policy == "Presumption of denial"
    assert [tuple(each) for each in entry.identifiers] == [
        ("Registration Number", "9151, CN"),
        ("number", "77"),
    ]
    assert [tuple(each) for each in entry.remarks] == [
        ("_id", "0af3"),
        ("start_date", "2019-06-24"),
    ]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (EL, "EL"),
        (SDN, "SDN"),
        ("Military End User (MEU) List - Bureau of Industry and Security", "MEU"),
        ("Non-SDN Menu-Based Sanctions List (NS-MBS List) - Treasury Department", "NS-MBS"),
        ("Capta List (CAP) - Treasury Department", "CAP"),
        ("ITAR Debarred (DTC) - State Department", "DTC"),
    ],
)
def test_the_code_stands_in_the_title(source: str, code: str) -> None:
    assert (
        only(import_list(published({"source": source, "name": "A"}), form="csl-csv")).list == code
    )


def test_a_list_without_a_code_is_refused() -> None:
    with pytest.raises(InputError, match="line 2: the list is not one that is known"):
        import_list(published({"source": "Another List", "name": "A"}), form="csl-csv")


def test_the_published_json() -> None:
    result = {
        "id": "0af3",
        "source": SDN,
        "entity_number": 306,
        "type": "Vessel",
        "programs": ["CUBA", "SDGT"],
        "name": "EXAMPLE STAR",
        "alt_names": ["EXAMPLE; SUN", "样例之星"],
        "addresses": [
            {"address": "1 Road", "city": "Havana", "state": None, "country": "CU"},
            {"address": None, "city": "Ningbo", "country": "China"},
        ],
        "vessel_flag": "PA",
        "gross_tonnage": 12.5,
        "remarks": None,
        "ids": [
            {"type": "IMO", "number": "9125138", "country": None},
            {"type": None, "number": "7", "country": "PA"},
        ],
    }
    entry = only(import_list(as_json(result, total=1), form="csl-json"))
    assert (entry.list, entry.id, entry.kind) == ("SDN", "306", "vessel")
    assert entry.names == ("EXAMPLE STAR", "EXAMPLE; SUN", "样例之星")
    assert entry.original == ("样例之星",)
    assert entry.addresses == ("1 Road, Havana, CU", "Ningbo, China")
    assert entry.countries == ("PA", "CU", "CN")
    assert [tuple(each) for each in entry.identifiers] == [("IMO", "9125138"), ("number", "7, PA")]
    assert [tuple(each) for each in entry.remarks] == [
        ("id", "0af3"),
        ("programs", "CUBA; SDGT"),
        ("vessel_flag", "PA"),
        ("gross_tonnage", "12.5"),
    ]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "line 1: not JSON"),
        (b"[]", "line 1: expected an object with results"),
        (b"{}", "line 1: expected an object with results"),
        (b'{"results": []}', "line 1: expected an object with results"),
        (b'{"results": [7]}', "line 1: a result is no object"),
        (b'{"results": [{"name": NaN}]}', "line 1: not JSON that can be read"),
        (b'{"results": [{}, {}], "results": []}', "a member name appears twice"),
        (b'{"results": [{"source": "(EL)", "name": "A"}', "line 1: not JSON"),
        (b"[" * 100_000, "line 1: not JSON that can be read"),
        (as_json({"source": EL, "name": None}), "line 1: there is no name"),
        (as_json({"source": EL, "name": "A", "addresses": "x"}), "line 1: addresses and ids"),
        (as_json({"source": EL, "name": "A", "ids": ["x"]}), "line 1: addresses and ids"),
        (as_json({"name": "A"}), "line 1: the list is not one that is known"),
    ],
)
def test_a_spoilt_document_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(InputError) as caught:
        import_list(raw, form="csl-json")
    assert caught.value.code == "list-malformed"
    assert caught.value.detail.startswith(why)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    raw = as_json({"source": EL, "name": "A", "alt_names": value, "programs": value})
    outcome = outcome_of(raw, form="csl-json")
    assert outcome == "list-malformed" or only(outcome).names[0] == "A"
