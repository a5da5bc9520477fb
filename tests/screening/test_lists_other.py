"""The collection of other lists, the documented CSV, and names of countries."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.countries import COUNTRIES
from attest.errors import InputError
from attest.screening.importers import FORMS, Imported, import_list
from attest.screening.importers_other import COLLECTION, GENERIC
from attest.screening.importers_places import countries_in, country_of_address
from tests.screening.outcomes import outcome_of


def table(headers: tuple[str, ...], *rows: dict[str, str]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, headers, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def collection(*rows: dict[str, str]) -> Imported:
    return import_list(table(COLLECTION, *rows), form="us-other")


def generic(*rows: dict[str, str], code: str = "SHTC") -> Imported:
    return import_list(table(("name", *GENERIC), *rows), form="csv", code=code)


def refusal(*rows: dict[str, str], code: str = "SHTC") -> str:
    with pytest.raises(InputError) as caught:
        generic(*rows, code=code)
    assert caught.value.code == "list-malformed"
    return caught.value.detail


def test_a_row_of_the_collection() -> None:
    imported = collection(
        {
            "list_id": "ofac-nscmic",
            "source_file": "nscmiclist.pdf",
            "name": "Dawning Information Industry Co., Ltd",
            "aliases": "SUGON; 曙光信息产业股份有限公司",
            "country": "China",
            "address": "Sugon Building 36, Beijing 100193, China; 99 Road, Hefei, China",
            "effective_date": "2022-02-14",
            "notes": "Listing Date (CMIC): 16 Dec 2021; USCC: 91120000783342508F (China)",
        }
    )
    (entry,) = imported.entries
    assert (imported.list, entry.list) == ("US-OTHER", "CMIC")
    assert entry.names[1:] == ("SUGON", "曙光信息产业股份有限公司")
    assert entry.original == ("曙光信息产业股份有限公司",)
    assert len(entry.addresses) == 2
    assert entry.countries == ("CN",)
    assert [tuple(each) for each in entry.identifiers] == [("uscc", "91120000783342508F")]
    assert [each.name for each in entry.remarks] == [
        "source_file",
        "country",
        "effective_date",
        "notes",
    ]


@pytest.mark.parametrize(
    ("list_id", "code"),
    [
        ("bis-dpl", "DPL"),
        ("dow-1260h", "1260H"),
        ("dow-1286", "1286"),
        ("ofac-nscmic", "CMIC"),
        ("ofac-eo14032", "EO14032"),
        ("dhs-uflpa", "UFLPA"),
        ("fcc-covered", "FCC"),
        ("state-nonproliferation", "ISN"),
    ],
)
def test_the_lists_of_the_collection(list_id: str, code: str) -> None:
    assert collection({"list_id": list_id, "name": "A"}).entries[0].list == code


def test_a_list_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="line 2: the list is not one that is known"):
        collection({"list_id": "another", "name": "A"})


def test_former_names_and_strange_countries_of_the_collection() -> None:
    imported = collection(
        {
            "list_id": "dhs-uflpa",
            "name": "Hebei Tomato Industry Co., Ltd",
            "aliases": "Hebei Temeite; formerly known as Hebei Temeite Trade",
            "country": "People’s Republic of China",
        },
        {"list_id": "state-nonproliferation", "name": "B", "country": "Middle East Region"},
    )
    first, second = imported.entries
    assert "Hebei Temeite Trade" in first.names
    assert (first.countries, first.flags) == (("CN",), ())
    assert (second.countries, second.flags) == ((), ("country-unknown",))
    assert ("country", "Middle East Region") in [tuple(each) for each in second.remarks]


def test_a_full_row_of_the_documented_csv() -> None:
    imported = generic(
        {
            "list": "SHTC-2",
            "id": "A-17",
            "kind": "entity",
            "name": "Example Electronics Co.",
            "aliases": "EE; Inc. | Example Thread",
            "original": "樣例電子 | 样例电子",
            "addresses": "1 Road; Taipei | 2 Road, Shanghai",
            "countries": "CN | Hong Kong|XK",
            "footnotes": "4 | 1",
            "requirement": "permit",
            "policy": "denial",
            "citation": "2025-06-10",
            "identifiers": "uscc: 9131: 0 | lei:5493",
            "remarks": "a | b",
        }
    )
    (entry,) = imported.entries
    assert (imported.list, entry.list, entry.id, entry.kind) == ("SHTC", "SHTC-2", "A-17", "entity")
    assert entry.names == (
        "Example Electronics Co.",
        "EE; Inc.",
        "Example Thread",
        "樣例電子",
        "样例电子",
    )
    assert entry.original == ("樣例電子", "样例电子")
    assert entry.addresses == ("1 Road; Taipei", "2 Road, Shanghai")
    assert (entry.countries, entry.footnotes) == (("CN", "HK"), (1, 4))
    assert (entry.requirement, entry.policy, entry.citation) == ("permit", "denial", "2025-06-10")
    assert [tuple(each) for each in entry.identifiers] == [("uscc", "9131: 0"), ("lei", "5493")]
    assert [tuple(each) for each in entry.remarks] == [
        ("remarks", "a"),
        ("remarks", "b"),
        ("country", "XK"),
    ]
    assert entry.flags == ("country-unknown",)


def test_a_name_is_all_that_a_row_needs() -> None:
    imported = import_list(b"name\n\xe4\xb8\xad\xe8\x8a\xaf\n", form="csv", code="SHTC")
    (entry,) = imported.entries
    assert (entry.list, entry.names, entry.original) == ("SHTC", ("中芯",), ("中芯",))
    assert not entry.address_only


def test_an_address_alone_says_so() -> None:
    (entry,) = generic({"name": "Address 1", "kind": "address", "addresses": "1 Road"}).entries
    assert (entry.kind, entry.address_only) == ("address", True)


def test_what_the_documented_csv_refuses() -> None:
    assert refusal({"name": ""} | {"policy": "x"}) == "line 2: there is no name"
    assert refusal({"name": "A", "kind": "company"}).startswith("line 2: kind: expected one of")
    assert refusal({"name": "A", "footnotes": "10"}).startswith("line 2: footnotes")
    assert refusal({"name": "A", "footnotes": "four"}).startswith("line 2: footnotes")
    assert refusal({"name": "A", "identifiers": "9131"}).startswith("line 2: identifiers")
    assert refusal({"name": "A", "identifiers": ": 9131"}).startswith("line 2: identifiers")
    assert refusal({"name": "A", "list": "shtc"}).startswith("line 2: the list needs a code")
    assert refusal({"name": "A"}, code="") == "the list needs a code, such as SHTC"
    assert refusal({"name": "A"}, code="shtc") == "the list needs a code, such as SHTC"
    with pytest.raises(InputError, match="line 1: headers missing: name"):
        import_list(b"aliases\nA\n", form="csv", code="SHTC")
    with pytest.raises(InputError, match="line 1: a header is not known"):
        import_list(b"name,owner\nA,B\n", form="csv", code="SHTC")


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": st.text(max_size=9), "aliases": st.text("a|; ", max_size=9)}
        ),
        min_size=1,
    )
)
def test_any_row_is_an_entry_or_refused(rows: list[dict[str, str]]) -> None:
    outcome = outcome_of(table(("name", *GENERIC), *rows), form="csv", code="SHTC")
    assert outcome == "list-malformed" or 0 < outcome.rows <= len(rows)


def test_the_forms_are_these() -> None:
    assert list(FORMS) == [
        "csl-csv",
        "csl-json",
        "ecfr-entity",
        "ecfr-meu",
        "ecfr-uvl",
        "us-other",
        "csv",
    ]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("CHINA, PEOPLE'S REPUBLIC OF", ("CN",)),
        ("People’s Republic of China", ("CN",)),
        ("TÜRKIYE", ("TR",)),
        ("Turkey (Turkiye)", ("TR",)),
        ("Cote d'lvoire", ("CI",)),
        ("Côte d’Ivoire", ("CI",)),
        ("Congo, Democratic Republic of the", ("CD",)),
        ("Congo (Kinshasa)", ("CD",)),
        ("Democratic Republic of the Congo", ("CD",)),
        ("Congo, Republic of the", ("CG",)),
        ("North Korea (DPRK)", ("KP",)),
        ("Korea, South", ("KR",)),
        ("BURMA", ("MM",)),
        ("U.A.E.", ("AE",)),
        ("Trinidad & Tobago", ("TT",)),
        ("Guinea-Bissau", ("GW",)),
        ("Papua New Guinea", ("PG",)),
        ("South Sudan", ("SS",)),
        ("Hong Kong", ("HK",)),
        ("Macao", ("MO",)),
        ("TAIWAN", ("TW",)),
        ("CRIMEA REGION OF UKRAINE", ("UA",)),
        ("Austria and Australia", ("AT", "AU")),
    ],
)
def test_spellings_of_countries(text: str, codes: tuple[str, ...]) -> None:
    assert countries_in(text) == (codes, "")


def test_no_country_is_guessed() -> None:
    assert countries_in("Atlantis") == ((), "ATLANTIS")
    assert countries_in("IN") == ((), "")
    assert countries_in("IN", codes=True) == (("IN",), "")
    assert countries_in("EU", codes=True) == ((), "EU")
    assert countries_in("Turkish individual") == ((), "TURKISH INDIVIDUAL")


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_every_country_is_known_by_its_code(code: str) -> None:
    assert countries_in(code, codes=True) == ((code,), "")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("1 Road, Kowloon, Hong Kong.", "HK"),
        ("1 Road, Beijing 100193, China", "CN"),
        ("Onkamo, 82360, Finland", "FI"),
        ("Sim Lim Tower, 10 Jalan Besar, Singapore 208787.", "SG"),
        ("1 Road, Belgrade, 11000, Serbia;", "RS"),
        ("Ajman, U.A.E.", "AE"),
        ("Chaoyang District, Beijing, China, 100016", "CN"),
        ("1 Peachtree Street, Atlanta, Georgia", ""),
        ("1 Road", ""),
        ("", ""),
    ],
)
def test_the_country_at_the_end_of_an_address(address: str, code: str) -> None:
    assert country_of_address(address) == code
