"""The tables of the eCFR: missing cells, rows that continue, headings, and wrong divisions."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError
from attest.screening.importers import Imported, PassedOver, import_list
from attest.screening.importers_ecfr import ENTITY, SHORT, Divided, divide
from attest.screening.snapshot import ListEntry
from tests.screening.outcomes import outcome_of

CHINA = "CHINA, PEOPLE'S REPUBLIC OF"
NEEDS = "For all items subject to the EAR. (See § 744.11 of the EAR)"


def table(headers: tuple[str, ...], *rows: dict[str, str]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, headers, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def listed(name: str, **cells: str) -> dict[str, str]:
    cells = {"country": CHINA, "license_requirement": NEEDS, **cells, "name": name}
    address = f", {cells['address']}" if cells.get("address") else ""
    return {"entity_cell": f"{name}{address}", **cells}


def entity_list(*rows: dict[str, str]) -> Imported:
    return import_list(table(ENTITY, *rows), form="ecfr-entity")


def one(*rows: dict[str, str]) -> ListEntry:
    (entry,) = entity_list(*rows).entries
    return entry


def test_a_row() -> None:
    entry = one(
        listed(
            "Example Micro Co., Ltd.",
            aliases="EMC; Example (Beijing)",
            address="1 Road, Beijing, China; and 2/F, Kowloon, Hong Kong. (See alternate "
            "addresses under Germany and the United Kingdom.)",
            license_requirement="(See §§ 734.9(e)(2) and 744.11 of the EAR) [fn 4]",
            license_review_policy="Presumption of denial",
            federal_register_citation="88 FR 13675, 3/6/23.",
            footnotes="4",
            name_parse="aka",
        )
    )
    assert (entry.list, entry.kind, entry.address_only) == ("EL", "unknown", False)
    assert entry.names == ("Example Micro Co., Ltd.", "EMC", "Example (Beijing)")
    assert entry.addresses == ("1 Road, Beijing, China", "2/F, Kowloon, Hong Kong")
    assert entry.countries == ("CN", "HK", "DE", "GB")
    assert entry.footnotes == (4,)
    assert entry.policy == "Presumption of denial"
    assert entry.citation == "88 FR 13675, 3/6/23."
    assert [tuple(each) for each in entry.remarks] == [
        ("see also", "Germany and the United Kingdom")
    ]
    assert entry.flags == ()


def test_a_missing_country_is_that_of_the_row_above() -> None:
    imported = entity_list(
        listed("A Ltd.", country="MALAYSIA"),
        listed("B Ltd.", country=""),
        listed("C Ltd.", row_anomaly="missing country cell in the official table"),
    )
    assert [each.countries for each in imported.entries] == [("MY",), ("MY",), ("CN",)]
    assert [each.flags for each in imported.entries] == [
        (),
        ("country-inherited",),
        ("country-inherited",),
    ]
    with pytest.raises(InputError, match="line 2: there is no country, and none above it"):
        entity_list(listed("B Ltd.", country=""))


def test_a_row_that_continues_the_one_above_is_added_to_it() -> None:
    more = (
        "Subordinate institution 201 Research Institute, a.k.a., the following one alias: —Defense "
        "Research Center. Subordinate institution 203rd Research Institute, a.k.a., the following "
        "two aliases: —Radio Testing Institute; and —Radio Metrology Institute."
    )
    last = "The following addresses apply to all: 50 Road, Wuhan, China; and 51 Road, China."
    imported = entity_list(
        listed("Second Academy", address="49 Road, Beijing, China"),
        {"country": CHINA, "entity_cell": more},
        {"country": "", "entity_cell": last},
        listed("Third Academy"),
    )
    first, second = imported.entries
    assert first.names == (
        "Second Academy",
        "201 Research Institute",
        "Defense Research Center",
        "203rd Research Institute",
        "Radio Testing Institute",
        "Radio Metrology Institute",
    )
    assert first.addresses == (
        "49 Road, Beijing, China",
        "50 Road, Wuhan, China",
        "51 Road, China",
    )
    assert first.flags == ("subordinates",)
    assert [each.text for each in first.remarks] == [more, last]
    assert second.names == ("Third Academy",)
    assert [(each.line, each.reason) for each in imported.passed_over] == [
        (3, "continues the row above, and was added to it"),
        (4, "continues the row above, and was added to it"),
    ]
    assert imported.rows == 4


def test_continuations_that_were_merged_into_a_column() -> None:
    entry = one(
        listed(
            "Example Telecom Co., Ltd.",
            address="1 Road, Shenzhen, China",
            continuation_row="Affiliated entities: Beijing Example Co., Ltd., a.k.a., the "
            "following one alias: —Longshine. 3rd Floor, Beijing, China. Tech. Investment Co., "
            "U1 Building, Chengdu, 611731, China. || The following addresses apply to all: "
            "9 Road, Wuhan, China.",
        )
    )
    assert entry.names == (
        "Example Telecom Co., Ltd.",
        "Beijing Example Co., Ltd",
        "Longshine",
        "Tech. Investment Co",
    )
    assert entry.addresses == (
        "1 Road, Shenzhen, China",
        "3rd Floor, Beijing, China",
        "U1 Building, Chengdu, 611731, China",
        "9 Road, Wuhan, China",
    )


def test_institutions_in_the_text_of_the_addresses() -> None:
    entry = one(
        listed(
            "No. 11 Research Institute",
            address="Subordinate institution Laiyin Company. Subordinate institution Radio "
            "Institute, a.k.a., the following one alias: —RI. The following addresses apply to the "
            "entity and the two institutions: No. 1 Road, Nanjing, China; and No. 2 Road, China.",
        ),
    )
    assert entry.names == ("No. 11 Research Institute", "Laiyin Company", "Radio Institute", "RI")
    assert entry.addresses == ("No. 1 Road, Nanjing, China", "No. 2 Road, China")
    assert entry.flags == ("subordinates",)


@pytest.mark.parametrize(
    ("requirement", "column", "notes", "flags"),
    [
        ("see §§ 734.9(e) [fn 1] and 744.11 of the EAR [fn 2]", "1 2", (1, 2), ()),
        ("(See §§ 734.9(g), [fn 3] 746.8(a)(3), and 744.21(b))", "3", (3,), ()),
        ("(See §§ 734.9(g) [fn ,3] 746.8(a)(3), and 744.21(b))", "3", (3,), ()),
        ("(See §§ 734.9(e) and 744.11 of the EAR) [fn 4]", "4", (4,), ()),
        ("(See §§ 734.4(a)(9), 734.9(e)(3), and 744.11) [fn 5]", "5", (5,), ()),
        (NEEDS, "", (), ()),
        (NEEDS, "5", (), ("footnote-disputed",)),
        ("(See §§ 734.9(e) and 744.11 of the EAR) [fn 4]", "", (4,), ("footnote-disputed",)),
        ("(See § 734.9(e) of the EAR)", "", (4,), ("footnote-disputed", "footnote-unresolved")),
    ],
)
def test_footnotes(
    requirement: str, column: str, notes: tuple[int, ...], flags: tuple[str, ...]
) -> None:
    entry = one(listed("A Ltd.", license_requirement=requirement, footnotes=column))
    assert entry.footnotes == notes
    assert entry.flags == flags


def test_a_fraction_in_an_address_is_no_footnote() -> None:
    entry = one(listed("Mirza Co.", address="Plaza [fn 5]⁄6 Jail Road, Lahore", footnotes="5"))
    assert entry.footnotes == ()
    assert entry.flags == ("footnote-disputed",)
    assert entry.addresses == ("Plaza 5⁄6 Jail Road, Lahore",)
    assert ("footnotes", "5") in [tuple(each) for each in entry.remarks]


def test_an_address_is_no_party() -> None:
    entry = one(listed("Address 05", address="Room 2309, Fa Yuen Street, Hong Kong."))
    assert (entry.kind, entry.address_only) == ("address", True)
    assert entry.addresses == ("Room 2309, Fa Yuen Street, Hong Kong",)
    assert entry.countries == ("CN", "HK")


def test_countries_that_cannot_be_told_are_kept_as_text() -> None:
    entry = one(listed("A Ltd.", country="ATLANTIS"))
    assert entry.countries == ()
    assert entry.flags == ("country-unknown",)
    assert [tuple(each) for each in entry.remarks] == [("country", "ATLANTIS")]
    assert one(listed("A Ltd.", country="CRIMEA REGION OF UKRAINE")).countries == ("UA",)


def test_headings_and_reserved_rows_name_nobody() -> None:
    raw = table(
        SHORT,
        {"country": "BURMA", "name": "[Reserved]", "entity_cell": "[Reserved]"},
        {"country": CHINA, "name": "The following two institutions of E:", "entity_cell": "x"},
        {"country": CHINA, "name": "Subordinate instituion:", "entity_cell": "x"},
        {"country": CHINA, "name": "E Engine Co. Ltd.", "address": "1 Road, China"},
    )
    imported = import_list(raw, form="ecfr-meu")
    assert [each.list for each in imported.entries] == ["MEU"]
    assert imported.passed_over == (
        PassedOver(2, "reserved"),
        PassedOver(3, "a heading of the rows below it"),
        PassedOver(4, "a heading of the rows below it"),
    )
    assert imported.rows == 4


def test_a_list_of_headings_alone_is_refused() -> None:
    raw = table(SHORT, {"country": "BURMA", "name": "[Reserved]", "entity_cell": "[Reserved]"})
    with pytest.raises(InputError, match="no row of the list names anybody"):
        import_list(raw, form="ecfr-uvl")


@pytest.mark.parametrize(
    ("cell", "name", "aliases", "address", "names", "text"),
    [
        # cut inside a word that holds "aka"
        (
            "Peleng JSC, 25 Makaenka St., Minsk, Belarus.",
            "Peleng JSC, 25 M",
            "",
            "akaenka St., Minsk, Belarus.",
            ("Peleng JSC",),
            "25 Makaenka St., Minsk, Belarus.",
        ),
        (
            "Analog Ltd., No. 5 Road, Karnataka, 560026, India. (See also address under Iran).",
            "Analog Ltd., No. 5 Road, Karnat",
            "",
            "(See also address under Iran).",
            ("Analog Ltd.",),
            "No. 5 Road, Karnataka, 560026, India. (See also address under Iran).",
        ),
        # the address runs on in the last alias
        (
            "JSC Plant, a.k.a., the following one alias: —Plant. Prospekt 120, Moscow, Russia.",
            "JSC Plant",
            "Plant. Prospekt 120, Moscow, Russia",
            "a.k.a., the following one alias:",
            ("JSC Plant", "Plant"),
            "Prospekt 120, Moscow, Russia",
        ),
        (
            "APEX, a.k.a.: —APEKS; and —APEX Ltd., 26 St, Moscow; and 27 St, Moscow.",
            "APEX",
            "APEKS; APEX Ltd., 26 St, Moscow; and 27 St, Moscow",
            "",
            ("APEX", "APEKS", "APEX Ltd."),
            "26 St, Moscow; and 27 St, Moscow",
        ),
        # aliases stand in the address
        (
            "Wong, a.k.a., Tonny Wong, Unit 12B, Shenzhen, China",
            "Wong",
            "",
            "a.k.a., Tonny Wong, Unit 12B, Shenzhen, China",
            ("Wong", "Tonny Wong"),
            "Unit 12B, Shenzhen, China",
        ),
        (
            "Kiosk Co., aka PKGS, aka Global Kiosk, No. 5, Malaysia",
            "Kiosk Co.",
            "",
            "aka PKGS, aka Global Kiosk, No. 5, Malaysia",
            ("Kiosk Co.", "PKGS", "Global Kiosk"),
            "No. 5, Malaysia",
        ),
        (
            "LTS Ltd. (f.k.a. IPP Products Ltd.), Rue 20, Geneva",
            "LTS Ltd. (",
            "",
            "f.k.a. IPP Products Ltd.), Rue 20, Geneva",
            ("LTS Ltd.", "IPP Products Ltd."),
            "Rue 20, Geneva",
        ),
        # the legal form stands in the address, or the floor in the name
        (
            "Hafei Co., Ltd. (HAFEI), Road No. 2, China",
            "Hafei Co.",
            "",
            "Ltd. (HAFEI), Road No. 2, China",
            ("Hafei Co., Ltd. (HAFEI)",),
            "Road No. 2, China",
        ),
        (
            "Jincheng Co. Ltd. Floor 26th Plaza, 216 Road, China",
            "Jincheng Co. Ltd. Floor 26th Plaza",
            "",
            "216 Road, China",
            ("Jincheng Co. Ltd.",),
            "Floor 26th Plaza, 216 Road, China",
        ),
        # the addresses stand in the name
        (
            "R. Brucher, P.O. Box 9523, South Africa; and Unit 4, South Africa.",
            "R. Brucher, P.O. Box 9523, South Africa; and Unit 4, South Africa",
            "",
            "",
            ("R. Brucher",),
            "P.O. Box 9523, South Africa; and Unit 4, South Africa.",
        ),
    ],
)
def test_a_wrong_division_is_mended(
    cell: str, name: str, aliases: str, address: str, names: tuple[str, ...], text: str
) -> None:
    assert divide(cell, name, aliases, address) == Divided(names, text, mended=True)


@pytest.mark.parametrize(
    ("cell", "name", "aliases", "address", "names", "text"),
    [
        ("A Co., Ltd., 1 Road", "A Co., Ltd", "", "., 1 Road", ("A Co., Ltd.",), "1 Road"),
        ("K; a.k.a. —S;—T. 1 Road", "K;", "S;—T", "1 Road", ("K", "S", "T"), "1 Road"),
        ("Ali Lashak.", "Ali Lashak", "", ".", ("Ali Lashak",), ""),
        ("K Group; a.k.a. —S. 1 Road", "K Group;", "S", "1 Road", ("K Group", "S"), "1 Road"),
        (
            "Nakanishi Akane, 1 Road",
            "Nakanishi Akane",
            "",
            "1 Road",
            ("Nakanishi Akane",),
            "1 Road",
        ),
        (
            "Gaz, OOO (f.k.a., Zakrytoe Gaz), a.k.a., the following alias: —Gaz. 1 Road, Russia.",
            "Gaz, OOO (",
            "Gaz",
            "1 Road, Russia.",
            ("Gaz, OOO", "Gaz", "Zakrytoe Gaz"),
            "1 Road, Russia.",
        ),
        ("Allied Co", "Allied Co", "", "", ("Allied Co",), ""),
        ("54th Institute, a.k.a. —C", "54th Institute", "C", "", ("54th Institute", "C"), ""),
    ],
)
def test_a_right_division_is_kept(
    cell: str, name: str, aliases: str, address: str, names: tuple[str, ...], text: str
) -> None:
    assert divide(cell, name, aliases, address) == Divided(names, text, mended=False)


def test_a_mended_entry_keeps_its_cell_and_says_so() -> None:
    entry = one(
        listed("Peleng JSC, 25 M", address="akaenka St.")
        | {"entity_cell": "Peleng JSC, 25 Makaenka St."}
    )
    assert entry.flags == ("division-mended",)
    assert ("entity_cell", "Peleng JSC, 25 Makaenka St.") in [tuple(each) for each in entry.remarks]
    guessed = one(listed("A Ltd.", name_parse="heuristic"))
    assert guessed.flags == ("division-guessed",)


@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={header: st.text("a.k, ;()[]—1Z\n", max_size=20) for header in ENTITY}
        ),
        max_size=6,
    )
)
def test_any_table_is_read_or_refused(rows: list[dict[str, str]]) -> None:
    outcome = outcome_of(table(ENTITY, listed("First Ltd."), *rows), form="ecfr-entity")
    blank = sum(not any(cell.strip() for cell in row.values()) for row in rows)
    assert outcome == "list-malformed" or outcome.rows == 1 + len(rows) - blank
