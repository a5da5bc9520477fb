"""Published tables: what is tidied, and what spoils a table as a whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import encoding, limits
from attest.errors import InputError
from attest.screening.importers_table import (
    Row,
    clean,
    decode,
    make_entry,
    mixed,
    own_script,
    read_table,
    spellings,
    split,
)
from tests.screening.outcomes import outcome_of

FORM = ("name", "country")


def table(*rows: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([FORM, *rows])
    return stream.getvalue().encode()


def refusal(raw: bytes) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        read_table(raw, FORM)
    return caught.value.code, caught.value.detail


@pytest.mark.parametrize(
    "raw",
    [
        b"name,country\nA,CN\n",
        b"name,country\r\nA,CN\r\n",
        b"name,country\rA,CN\r",
        b"\xef\xbb\xbfname,country\nA,CN\n",
        b"name,country\nA,CN",
        b'"name","country"\n"A","CN"\n',
        b" name , country \n A ,CN\n\n,\n",
        b"country,name\nCN,A\n",
    ],
)
def test_the_same_table_in_many_spellings(raw: bytes) -> None:
    (row,) = read_table(raw, FORM)
    assert (row.line, row["name"], row["country"], row["absent"]) == (2, "A", "CN", "")


def test_a_row_keeps_the_line_on_which_it_begins() -> None:
    rows = read_table(b'name,country\n"A\nB",CN\nC,HK\n', FORM)
    assert [(row.line, row["name"]) for row in rows] == [(2, "A B"), (4, "C")]


def test_formulas_are_text() -> None:
    (row,) = read_table(table(('=HYPERLINK("http://x")', "@SUM(A1)")), FORM)
    assert row["name"] == '=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    ("raw", "code", "why"),
    [
        (b"", "list-malformed", "line 1: headers missing: name, country"),
        (b"name,country\n", "list-malformed", "line 1: a line of headers"),
        (b"name\nA\n", "list-malformed", "line 1: headers missing: country"),
        (b"name,country,extra\nA,CN,x\n", "list-malformed", "line 1: a header is not known"),
        (b"name,country,name\nA,CN,B\n", "list-malformed", "line 1: a header stands twice"),
        (b"name,country\nA\n", "list-malformed", "line 2: 1 cells under 2 headers"),
        (b"name,country\nA,CN,x\n", "list-malformed", "line 2: 3 cells under 2 headers"),
        (b"name,country\nA,CN\nB", "list-malformed", "line 3: 1 cells under 2 headers"),
        (b'name,country\nA,"CN\n', "list-malformed", "line 2: the quoting is broken"),
        (b'name,country\nA,"C"N\n', "list-malformed", "line 2: the quoting is broken"),
        (b"name,country\nA\x00,CN\n", "list-malformed", "line 2: a NUL character"),
        (b"name,country\n\xff\xfe,CN\n", "json-encoding", "not UTF-8 at byte 13"),
        ("name,country\nMüller,DE\n".encode("latin-1"), "json-encoding", "not UTF-8 at byte 14"),
        ("name,country\nA,CN\n".encode("utf-16"), "json-encoding", "not UTF-8 at byte 0"),
    ],
)
def test_a_spoilt_table_is_refused_as_a_whole(raw: bytes, code: str, why: str) -> None:
    found, detail = refusal(raw)
    assert found == code
    assert detail.startswith(why)


def test_a_huge_cell_is_refused() -> None:
    assert refusal(table(("x" * 200_000, "CN")))[0] == "list-malformed"


def test_a_list_over_the_limit_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        decode(b"x" * (limits.LIST_BYTES_MAX + 1))
    assert caught.value.code == "too-large"


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    outcome = outcome_of(b"name,countries\n" + raw, form="csv", code="SHTC")
    assert outcome in ("json-encoding", "list-malformed") or outcome.rows > 0


@given(st.text())
def test_clean_text_passes_the_door_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert encoding.loads(encoding.canonical([cleaned])) == [cleaned]
    assert clean(cleaned) == cleaned
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("DJEL;\xa0Dongfang", "DJEL; Dongfang"),
        ("Eric Fru\ta/k/a Ngi", "Eric Fru a/k/a Ngi"),
        ("Hua\u200bwei\u202e", "Huawei"),
        ("B\x81key", "B\ufffdkey"),
        ("\ufeff A \u3000 B ", "A B"),
        ("深圳\u200d市", "深圳市"),
    ],
)
def test_what_is_tidied(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ("A", ["A"]),
        ("A; B", ["A", "B"]),
        ("A;B", ["A", "B"]),
        ("A;; B;", ["A", "B"]),
        ("A (f.k.a., B; and C); D", ["A (f.k.a., B; and C)", "D"]),
        ("A; B); C", ["A", "B)", "C"]),
        ("A (Beijing Co., Ltd.); B", ["A (Beijing Co., Ltd.)", "B"]),
    ],
)
def test_items_of_a_cell(text: str, items: list[str]) -> None:
    assert split(text) == items


@given(st.lists(st.text("AB ().", min_size=1).map(str.strip).filter(bool), max_size=5))
def test_no_item_is_lost(items: list[str]) -> None:
    found = split("; ".join(items))
    assert "".join(found).replace(";", "").replace(" ", "") == "".join(items).replace(" ", "")


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("Moore Thread Intelligent Technology", []),
        ("Akademiya Nauk", []),
        ("F.K.A. Presidency Office", ["Presidency Office"]),
        ("Mike Igor a/k/a Maru Panchernikov", ["Mike Igor", "Maru Panchernikov"]),
        ("PEARL (A.K.A. NEI-CHIEN CHU) LI", ["PEARL LI", "NEI-CHIEN CHU"]),
        ("JIE LUO- AKA- IVY LUO", ["JIE LUO", "IVY LUO"]),
        ("Cho; a.k.a Nathan; a.k.a. Man", ["Cho", "Nathan", "Man"]),
        ("Hebei Temeite (formerly known as Temeite)", ["Hebei Temeite", "Temeite"]),
        ("Optronics (NILOP), a.k.a., the following one alias:", ["Optronics (NILOP)"]),
        ("AO X (f.k.a., AO A; and AO B)", ["AO X", "AO A", "AO B"]),
    ],
)
def test_names_within_a_name(name: str, also: list[str]) -> None:
    found = spellings(name)
    assert found[0] == name
    assert found[1:] == also


def test_own_scripts_and_lookalikes() -> None:
    assert own_script("曙光信息产业股份有限公司")
    assert own_script("Хуавэй")
    assert not own_script("Üçüzler Lojistik")
    assert not own_script("Shenzhen Ditai Technology \u0421o., Ltd")
    assert mixed("Shenzhen Ditai Technology \u0421o., Ltd")
    assert not mixed("Хуавэй")
    assert not mixed("SUGON 曙光")


def test_an_entry_has_each_text_once_and_says_what_is_doubtful() -> None:
    row = Row(7, {"name": "A"})
    entry = make_entry(
        row,
        code="EL",
        names=("A", "", "A", "\u0421o", "曙光信息"),
        addresses=("1 Road", "1 Road", ""),
        identifiers=(("uscc", "1"), ("uscc", "1"), ("lei", "")),
        remarks=(("notes", ""), ("notes", "x")),
    )
    assert entry.names == ("A", "\u0421o", "曙光信息")
    assert entry.original == ("曙光信息",)
    assert entry.addresses == ("1 Road",)
    assert [tuple(each) for each in entry.identifiers] == [("uscc", "1")]
    assert [tuple(each) for each in entry.remarks] == [("notes", "x")]
    assert entry.flags == ("mixed-script",)
    assert entry.id == Row(9, {"name": "A", "country": ""}).digest_id()
    assert entry.id != Row(7, {"name": "B"}).digest_id()


def test_an_entry_needs_a_name_and_texts_within_bounds() -> None:
    with pytest.raises(InputError, match="line 3: there is no name"):
        make_entry(Row(3, {}), code="EL", names=("",))
    with pytest.raises(InputError, match="line 3: a text is over 4096 characters"):
        make_entry(Row(3, {}), code="EL", names=("x" * 4097,))
