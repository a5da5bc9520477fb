"""`attest declare` from a table: one product in each row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.cli.shapes import shape_of
from attest.cli.sources import headers, read
from attest.encoding import Json, canonical, digest, loads
from attest.errors import InputError
from tests.cli.helpers import attest, check_failed, declared, document, succeeded
from tests.cli.pages import json_members
from tests.world import TAPE_OUT, World


def flat(predicate: Json) -> dict[str, str]:
    """A predicate as one row of a table."""
    cells: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                walk(member, f"{path}.{name}" if path else name)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                walk(item, f"{path}.{index}")
        elif isinstance(value, list):
            cells[path] = ";".join(value)
        elif isinstance(value, bool):
            cells[path] = "yes" if value else "no"
        else:
            cells[path] = str(value)

    walk(predicate, "")
    return cells


def table(*rows: dict[str, str]) -> str:
    """A table as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def a_row(**changes: str) -> dict[str, str]:
    """The world's declaration as a row, with every way to write a cell."""
    row = {name: cell or "none" for name, cell in flat(World().declaration()).items()}
    for name in ("knowledge", "value"):
        del row[f"designer_status.listed_group.{name}"]
    del row["package.memories"]
    row |= {
        "knowledge": "first-hand",
        "package.memories.0.kind": "LPDDR5",
        "package.memories.0.units": "4",
        "package.memories.0.bandwidth_mbyte_s": "unknown",
        "package.memories.0.area_um2": "90000000",
        "designer_status.listed_group": "unknown",
    }
    return row | changes


def test_none_is_the_empty_list_or_text() -> None:
    row = {name: cell for name, cell in a_row().items() if "memories" not in name}
    row |= {
        "package.memories": "none",
        "parties.1.registration_ids": "none",
        "designer_status.listed_group": "none",
    }
    del row["parties.1.registration_ids.0.scheme"], row["parties.1.registration_ids.0.value"]
    predicate = declared(table(row), "csv")["predicate"]
    assert predicate["package"]["memories"] == []
    assert predicate["parties"][1]["registration_ids"] == []
    assert predicate["designer_status"]["listed_group"]["value"] == ""
    assert predicate["must_understand"] == []


def test_csv_rows_become_statements(tmp_path: Path) -> None:
    rows = [a_row(), a_row(**{"product.tape_out_id": "TQ/B1", "product.name": "=SUM(A1:A9)"})]
    result = attest(
        *("declare", "-", "--format", "csv", "--output-dir", tmp_path, "--json"), stdin=table(*rows)
    )
    told = document(succeeded(result))
    assert set(told) == json_members("`declare`")
    written = told["written"]
    assert [Path(each["file"]).name for each in written] == [
        f"{TAPE_OUT}.declaration.json",
        "TQ_B1.declaration.json",
    ]
    second = loads(Path(written[1]["file"]).read_bytes())
    assert second["predicate"]["product"]["name"] == "=SUM(A1:A9)"
    assert written[1]["digest"] == digest(canonical(second))
    memory = second["predicate"]["package"]["memories"][0]
    assert memory["bandwidth_mbyte_s"] == {"knowledge": "unknown"}
    assert memory["area_um2"] == {"knowledge": "first-hand", "value": 90_000_000}


def test_csv_of_several_products_on_stdout_is_an_array() -> None:
    result = succeeded(attest("declare", "-", "--format", "csv", stdin=table(a_row(), a_row())))
    assert len(document(result)) == 2


def test_csv_with_the_mark_that_spreadsheets_write() -> None:
    plain = table(a_row()).encode()
    assert declared(b"\xef\xbb\xbf" + plain, "csv") == declared(plain, "csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "'"])
def test_a_cell_is_text_whatever_it_starts_with(start: str) -> None:
    told = declared(table(a_row(end_use=start + "1+1")), "csv")
    assert told["predicate"]["end_use"] == (start + "1+1").strip()


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("dies.0.units", "=1+1"),
        ("dies.0.units", "-1"),
        ("dies.0.units", "1.5"),
        ("dies.0.units", "1,000"),
        ("dies.0.units", "１"),
        ("datacenter.value", "maybe"),
        ("package.hbm.value", "1"),
        ("design", "none of them"),
        ("dies.0.units", "none"),
    ],
)
def test_cells_that_are_refused_name_row_and_column(name: str, cell: str) -> None:
    text = table(a_row(), a_row(**{name: cell}))
    told = check_failed(attest("declare", "-", "--format", "csv", stdin=text), 2, "csv-malformed")
    assert f"row 3, {name}" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "product.name\n",
        "nonsense\nx\n",
        "dies.x.units\n1\n",
        "product\nx\n",
        "product.name,product.name\na,b\n",
        "product.name\na,b\n",
        'product.name\n"a\n',
        "dies.1.units\n1\n",
        "dies.0.name,dies.2.name\na,b\n",
        "datacenter,datacenter.value\nyes,yes\n",
        "datacenter.value,datacenter\nyes,yes\n",
        "=cmd,product.name\na,b\n",
        "product.name,product.revision\n,\n\n",
        "dies.².units\n1\n",
        "dies.٠.units\n1\n",
        "dies.0.name,dies.١.name\na,b\n",
        f"dies.{'9' * 5000}.units\n1\n",
    ],
)
def test_tables_that_are_refused(text: str) -> None:
    check_failed(attest("declare", "-", "--format", "csv", stdin=text), 2, "csv-malformed")


def test_a_fault_names_its_product() -> None:
    text = table(a_row(), a_row(audience="Not A Party"))
    told = check_failed(
        attest("declare", "-", "--format", "csv", stdin=text), 2, "schema-violation"
    )
    assert "stdin, product 2 at /predicate/audience" in told


def test_several_products_need_a_file_each(tmp_path: Path) -> None:
    two = table(a_row(), a_row())
    arguments = ["declare", "-", "--format", "csv"]
    check_failed(attest(*arguments, "-o", tmp_path / "x", stdin=two), 1, "usage")
    check_failed(attest(*arguments, "--output-dir", tmp_path, stdin=two), 2, "file")
    assert list(tmp_path.iterdir()) == []


def test_a_design_on_the_command_line_is_for_one_product(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    layout.write_bytes(b"x")
    arguments = ["declare", "-", "--format", "csv", "--design", str(layout)]
    check_failed(attest(*arguments, stdin=table(a_row(), a_row())), 1, "usage")
    row = {name: cell for name, cell in a_row().items() if not name.startswith("design.")}
    told = document(succeeded(attest(*arguments, stdin=table(row))))
    assert told["predicate"]["design"][0]["describes"] == "layout"


def test_the_template_names_members_of_the_schema() -> None:
    told = succeeded(attest("declare", "--template", "csv")).stdout
    names = told.strip().split(",")
    assert document(succeeded(attest("declare", "--template", "csv", "--json")))["headers"] == names
    assert names == headers("declaration")
    assert names[0] == "knowledge"
    assert "dies.0.area_um2" in names
    assert all(shape_of("declaration").at(name.split(".")) for name in names[1:])


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_as_csv_or_toml_is_an_input_error_or_a_source(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    assert fault(raw, "csv") in {None, "json-encoding", "csv-malformed"}
    assert fault(raw, "toml") in {
        *(None, "json-encoding", "toml-malformed", "json-too-deep"),
        *("json-float", "json-text", "json-number-range", "schema-violation"),
    }


def fault(raw: bytes, form: str) -> str | None:
    """The code with which a source is refused, None when it is read."""
    try:
        read(raw, form, "declaration")
    except InputError as error:
        return error.code
    return None
