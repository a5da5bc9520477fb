"""`attest classify` on a table: one chip in each row, and what a table can do to a reader."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.cli.chips import COLUMNS, headers, read_table
from attest.errors import InputError
from tests.chips_pack import document as pack_document
from tests.cli.helpers import attest, attest_terminal, check_failed, document, succeeded, write_json

ON = ("--as-of", "2026-11-24")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The small pack as a file."""
    return write_json(tmp_path / "pack.json", pack_document())


def run(pack: Path, table: str | bytes, *options: str, code: int = 0) -> Any:
    """The document for a table on stdin."""
    result = attest("classify", "-", "--pack", pack, *ON, *options, "--json", stdin=table)
    return document(succeeded(result, code))


def refused(table: str | bytes) -> tuple[str, str]:
    """Code and detail of a table that is refused as a whole."""
    with pytest.raises(InputError) as caught:
        read_table(table if isinstance(table, bytes) else table.encode())
    return caught.value.code, caught.value.detail


TABLE = """name,tops,area_mm2,datacenter,destination,source
TQ-7,8:600;16:300,814,yes,CN;VN,data sheet of 2026-03
TQ-8,8:599.9,,no,,
"""


def test_each_row_is_a_chip(pack: Path) -> None:
    told = run(pack, TABLE)
    first, second = told["chips"]
    assert (first["name"], first["line"], first["source"]) == ("TQ-7", 2, "data sheet of 2026-03")
    answers = [(each["destination"], each["licence"]) for each in first["answers"]]
    assert answers == [("CN", "needed"), ("VN", "not needed")]
    assert first["answers"][0]["classes"] == ["3A090.a.1"]
    assert (second["name"], second["line"], second["source"]) == ("TQ-8", 3, "")
    assert second["answers"][0]["undecided"] == ["3A090.a.2"]
    assert told["faults"] == []


def test_a_person_gets_a_table(pack: Path) -> None:
    text = succeeded(attest("classify", "-", "--pack", pack, *ON, stdin=TABLE)).stdout
    rows = [line for line in text.splitlines() if "TQ-7" in line]
    assert len(rows) == 2
    assert all(word in rows[0] for word in ("3A090.a.1", "4,800", "5.896805", "CN", "needed"))
    assert "--area-mm2" in next(line for line in text.splitlines() if "TQ-8" in line)


def test_bad_rows_are_named_and_the_others_answered(pack: Path) -> None:
    table = TABLE + (
        "TQ-9,8:six,814,yes,CN,\n"
        "TQ-10,8:600,814,maybe,XX,\n"
        "TQ-11,8:600\n"
        '"a name\nof two lines",8:600,-1,,,\n'
        "TQ-12,8:600,1,,,\n"
    )
    told = run(pack, table, code=2)
    assert [each["name"] for each in told["chips"]] == ["TQ-7", "TQ-8", "TQ-12"]
    assert told["chips"][-1]["line"] == 9
    assert told["faults"] == [
        {"line": 4, "column": 2, "header": "tops", "why": "expected BITS:VALUE, such as 8:600"},
        {"line": 5, "column": 4, "header": "datacenter", "why": "expected yes or no"},
        {
            "line": 5,
            "column": 5,
            "header": "destination",
            "why": "expected an officially assigned ISO 3166-1 alpha-2 code",
        },
        {"line": 6, "column": None, "header": "", "why": "2 cells, not 6"},
        {
            "line": 7,
            "column": 3,
            "header": "area_mm2",
            "why": "expected plain digits, such as 599.9",
        },
    ]
    result = attest("classify", "-", "--pack", pack, *ON, stdin=table)
    succeeded(result, 2)
    assert "FAIL  line 4, column 2 (tops) expected BITS:VALUE" in result.stderr
    assert "FAIL  line 6               2 cells, not 6" in result.stderr
    assert "TQ-12" in result.stdout


def test_a_table_of_faults_alone_is_no_answer(pack: Path) -> None:
    told = run(pack, "tpp\nx\n", code=2)
    assert told["chips"] == []
    assert len(told["faults"]) == 1


def test_options_fill_blank_cells_only(pack: Path) -> None:
    table = "name,tpp,destination\na,4800,\nb,4800,VN\nc,4800,unknown\n"
    told = run(pack, table, "--destination", "CN", "--datacenter")
    places = [[each["destination"] for each in chip["answers"]] for chip in told["chips"]]
    assert places == [["CN"], ["VN"], [None]]


def test_any_fact_may_be_a_column(pack: Path) -> None:
    table = "tops,destination,datacenter,trade.purchase_order\n8:600,CN,no,yes\n8:600,CN,no,no\n"
    chips = run(pack, table)["chips"]
    assert [each["answers"][0]["available"] for each in chips] == [["NAC"], []]


def test_marks_line_ends_and_blank_rows_do_not_matter() -> None:
    plain = read_table(TABLE.encode())
    rows = [(row.facts, row.source) for row in plain.rows]
    for text in (
        TABLE.encode("utf-8-sig"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\n,,,,,\n\n").encode(),
        TABLE.rstrip("\n").encode(),
    ):
        assert [(row.facts, row.source) for row in read_table(text).rows] == rows
    assert [row.line for row in read_table(TABLE.replace("\n", "\n\n").encode()).rows] == [3, 5]


@pytest.mark.parametrize(
    ("table", "code", "why"),
    [
        ("", "csv-malformed", "a line of headers and at least one row"),
        ("\n\n", "csv-malformed", "a line of headers and at least one row"),
        ("name,tpp\n", "csv-malformed", "at least one row"),
        ("name,tpp\n,\n", "csv-malformed", "at least one row"),
        ("name,name\na,b\n", "csv-malformed", "line 1, column 2: states the same as column 1"),
        ("tpp,item.tpp_milli\n1,1\n", "csv-malformed", "line 1, column 2: states the same"),
        ("source,name,source\n1,1,1\n", "csv-malformed", "line 1, column 3: states the same"),
        ("name,price\na,1\n", "csv-malformed", "line 1, column 2: neither a column nor a fact"),
        ("name,\na,1\n", "csv-malformed", "line 1, column 2: neither a column nor a fact"),
        ("name,declared.dies\na,1\n", "csv-malformed", "line 1, column 2: neither a column"),
        ('name,tpp\n"a,1\n', "csv-malformed", "line 2: the quoting is broken"),
        ('name,tpp\nb,1\n"a"x,1\n', "csv-malformed", "line 3: the quoting is broken"),
        ("name\n" + "x" * 131_073 + "\n", "csv-malformed", "line 2: the quoting is broken"),
        ("name\nä\n".encode("latin-1"), "json-encoding", "not UTF-8 at byte 5"),
        ("name\na\n".encode("utf-16"), "json-encoding", "not UTF-8 at byte 0"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(table: str | bytes, code: str, why: str) -> None:
    found, detail = refused(table)
    assert found == code
    assert why in detail


@pytest.mark.parametrize(
    ("header", "cell", "why"),
    [
        ("tpp", "4,800", "plain digits"),
        ("tpp", "=4800", "plain digits"),
        ("tpp", "4800 ", ""),
        ("tpp", "٤٨٠٠", "plain digits"),
        ("tpp", "４８００", "plain digits"),
        ("tpp", "4.8e3", "plain digits"),
        ("tpp", "1" * 5000, "plain digits"),
        ("tpp", "9" * 16, "too large"),
        ("tpp", "0." + "0" * 29 + "1", "at most 3 decimals"),
        ("tpp", "inf", "plain digits"),
        ("tops", "8:600;8:", "BITS:VALUE"),
        ("tops", "99999:600", "BITS:VALUE"),
        ("units", "0", "the least is 1"),
        ("kind", "=cmd()", "expected one of"),
        ("destination", "CN;;VN;", ""),
        ("destination", "CN,VN", "ISO 3166-1"),
        ("hq", "ＣＮ", "ISO 3166-1"),
        ("licence", "TRUE", ""),
        ("licence", "1", "yes or no"),
        ("datacenter", "unknown", ""),
        ("trade.end_uses", "none", ""),
        ("trade.end_uses", "party", "expected one of"),
        ("trade.notified_on", "2026-02-30", "a date such as"),
        ("item.transfer_rate_mbyte_s", "1.5", "whole number"),
    ],
)
def test_a_cell_is_read_or_faulted(header: str, cell: str, why: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([["name", header], ["a", cell]])
    table = read_table(stream.getvalue().encode())
    if why:
        (fault,) = table.faults
        assert (fault.line, fault.column, fault.header) == (2, 2, header)
        assert why in fault.why
        assert cell not in fault.why or cell in header
    else:
        assert table.faults == ()
        assert len(table.rows) == 1


def test_cells_are_text_and_never_computed(pack: Path) -> None:
    table = 'name,tpp,source\n"=HYPERLINK(""http://x"")",1,@SUM(1)\n\x1b[31m,1,\u202eevil\n'
    first, second = run(pack, table)["chips"]
    assert (first["name"], first["source"]) == ('=HYPERLINK("http://x")', "@SUM(1)")
    text = succeeded(attest("classify", "-", "--pack", pack, *ON, stdin=table)).stdout
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert second["name"] == "\x1b[31m"


def test_a_large_table_is_refused(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b"name,tpp\n" + b"a,4800\n" * 1_500_000)
    check_failed(attest("classify", path, "--pack", pack), 2, "too-large")


def test_many_rows_are_answered(pack: Path) -> None:
    told = run(pack, "name,tops\n" + "".join(f"c{n},8:{n * 2}\n" for n in range(500)))
    classes = [each["answers"][0]["classes"] for each in told["chips"]]
    assert classes == [[]] * 300 + [["3A090.a.1"]] * 200


def test_a_file_that_is_not_there_is_refused(pack: Path, tmp_path: Path) -> None:
    check_failed(attest("classify", tmp_path / "none.csv", "--pack", pack), 2, "file")


def test_the_template_is_a_table(pack: Path) -> None:
    line = succeeded(attest("classify", "--template", "csv")).stdout.strip()
    assert line.split(",") == headers()
    assert document(succeeded(attest("classify", "--template", "csv", "--json"))) == {
        "headers": headers()
    }
    row = ",".join("x" if name == "name" else "" for name in headers())
    assert run(pack, f"{line}\n{row}\n")["chips"][0]["name"] == "x"


def test_a_terminal_sees_progress_only_while_it_works(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    path.write_text(TABLE)
    code, shown = attest_terminal("classify", path, "--pack", pack, *ON)
    assert code == 0
    assert "TQ-7" in shown


CELLS = {
    "name": st.text("abc =+-@;\"'\n", max_size=6),
    "tpp": st.integers(0, 10**9).map(lambda number: f"{number // 1000}.{number % 1000:03}"),
    "area_mm2": st.integers(1, 10**6).map(str),
    "datacenter": st.sampled_from(["yes", "no", "unknown", ""]),
    "destination": st.sampled_from(["CN", "CN;VN", ""]),
}


@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[dict[str, str]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(CELLS))
    writer.writeheader()
    writer.writerows(rows)
    table = read_table(stream.getvalue().encode())
    assert table.faults == ()
    facts = {column.name: column.fact for column in COLUMNS}
    for row, read in zip(rows, table.rows, strict=True):
        assert read.facts[facts["tpp"]] == int(row["tpp"].replace(".", ""))
        assert read.facts.get(facts["name"], "") == row["name"].strip()
        assert (facts["datacenter"] in read.facts) == bool(row["datacenter"])
