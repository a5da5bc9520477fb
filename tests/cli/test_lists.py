"""`attest lists`: from a published file to a snapshot, and what is asked of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.encoding import digest
from attest.screening.snapshot import read_snapshot
from tests.cli.helpers import attest, attest_process, succeeded
from tests.cli.pages import json_members
from tests.cli.test_hostile import check_outcome
from tests.test_client import answering, http

HEADERS = "name,aliases,countries,footnotes,id"
ROWS = (
    "Example Micro Co.,EMC|Example Thread,CN,4,7",
    "Example Optics Ltd.,,HK,,8",
)


def csv(folder: Path, *rows: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADERS, *rows, ""]), encoding="utf-8")
    return path


def imported(
    folder: Path,
    *rows: str,
    as_of: str = "2026-07-31",
    name: str = "a.json",
    extra: tuple[str, ...] = (),
) -> Path:
    source = csv(folder, *(rows or ROWS), name=f"{name}.csv")
    output = folder / name
    options = ("--format", "csv", "--list", "SHTC", "--as-of", as_of, "-o", output)
    succeeded(attest("lists", "import", source, *options, *extra))
    return output


def test_a_list_is_imported(tmp_path: Path) -> None:
    source, output = csv(tmp_path, *ROWS), tmp_path / "shtc.json"
    told = succeeded(
        attest(
            *("lists", "import", source, "--format", "csv", "--list", "SHTC"),
            *("--as-of", "2026-07-31", "-o", output),
        )
    )
    snapshot = read_snapshot(output.read_bytes())
    assert told.stdout == f"SHTC as of 2026-07-31: 2 entries\ndigest {snapshot.digest}\n"
    assert f"{output} written" in told.stderr
    assert (snapshot.list, snapshot.source) == ("SHTC", "list.csv")
    assert snapshot.entries[0].names == ("Example Micro Co.", "EMC", "Example Thread")


def test_a_list_is_pulled_and_imported(tmp_path: Path) -> None:
    """What was published is kept byte for byte, so that the snapshot can be made again."""
    published = csv(tmp_path, *ROWS).read_bytes()
    pulled, output = tmp_path / "pulled.csv", tmp_path / "shtc.json"
    with answering(http("200 OK", published), asked_to_get=True) as url:
        told = succeeded(attest("lists", "pull", f"{url}/list.csv", "-o", pulled))
    assert (pulled.read_bytes(), told.stdout) == (published, f"digest {digest(published)}\n")
    options = ("--format", "csv", "--list", "SHTC", "--as-of", "2026-07-31", "-o", output)
    succeeded(attest("lists", "import", pulled, *options))
    assert read_snapshot(output.read_bytes()).source_digest == digest(published)
    refused = attest("lists", "pull", "http://127.0.0.1:9/list.csv", "-o", pulled)
    assert (refused.exit_code, pulled.read_bytes()) == (2, published)  # nobody was asked
    with answering(http("200 OK", published), asked_to_get=True) as url:
        told = succeeded(attest("lists", "pull", url, "-o", tmp_path / "b.csv", "--json"))
    assert set(json.loads(told.stdout)) == json_members("lists pull")


def test_what_import_tells_a_machine(tmp_path: Path) -> None:
    source = csv(tmp_path, *ROWS, "\u0421hina Optics,,XK,,9")
    told = succeeded(
        attest(
            *("lists", "import", source, "--format", "csv", "--list", "SHTC", "--source", "trial"),
            *("--as-of", "2026-07-31", "-o", tmp_path / "a.json", "--json"),
        )
    )
    document = json.loads(told.stdout)
    assert set(document) == json_members("lists import")
    assert (document["rows"], document["entries"], document["source"]) == (3, 3, "trial")
    assert document["flags"] == {"country-unknown": 1, "mixed-script": 1}
    assert document["passed_over"] == []


def test_rows_that_name_nobody_are_reported(tmp_path: Path) -> None:
    headers = "country,name,aliases,address,federal_register_citation,entity_cell"
    rows = ["BURMA,[Reserved],,,,[Reserved]"] * 25 + ['CHINA,E Co.,,1 Road,,"E Co., 1 Road"']
    source = tmp_path / "meu.csv"
    source.write_text("\n".join([headers, *rows]), encoding="utf-8")
    told = succeeded(
        attest(
            *("lists", "import", source, "--format", "ecfr-meu", "--as-of", "2026-07-31"),
            *("-o", tmp_path / "a.json"),
        )
    )
    assert "line 2: reserved\n" in told.stderr
    assert "and 5 rows more; --json lists them all\n" in told.stderr
    assert "MEU as of 2026-07-31: 1 entries" in told.stdout


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("name,owner\nA,B\n", "list-malformed", "line 1: a header is not known"),
        ("name,aliases\nA\n", "list-malformed", "line 2: 1 cells under 2 headers"),
        ("name\n\n", "list-malformed", "line 1: a line of headers and at least one row"),
    ],
)
def test_a_spoilt_list_is_refused(tmp_path: Path, text: str, code: str, why: str) -> None:
    source = tmp_path / "list.csv"
    source.write_text(text, encoding="utf-8")
    told = attest(
        *("lists", "import", source, "--format", "csv", "--list", "SHTC"),
        *("--as-of", "2026-07-31", "-o", tmp_path / "a.json"),
    )
    assert told.exit_code == 2
    assert code in told.stderr
    assert why in told.stderr
    assert str(source) in told.stderr
    assert not (tmp_path / "a.json").exists()


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    output = imported(tmp_path)
    before = output.read_bytes()
    told = attest(
        *("lists", "import", csv(tmp_path, *ROWS), "--format", "csv", "--list", "SHTC"),
        *("--as-of", "2026-08-01", "-o", output),
    )
    assert told.exit_code == 2
    assert "the file is there already" in told.stderr
    assert output.read_bytes() == before


def test_a_large_change_waits_for_a_person(tmp_path: Path) -> None:
    rows = [f"Example {number} Co.,,CN,,{number}" for number in range(100)]
    old = imported(tmp_path, *rows)
    source = csv(tmp_path, *rows[20:], name="short.csv")
    arguments = (
        *("lists", "import", source, "--format", "csv", "--list", "SHTC", "--as-of", "2026-08-01"),
        *("-o", tmp_path / "b.json", "--previous", old),
    )
    told = attest(*arguments)
    assert told.exit_code == 9
    assert "list-implausible" in told.stderr
    assert "SHTC lost 20 of 100 entries" in told.stderr
    assert not (tmp_path / "b.json").exists()
    assert json.loads(attest(*arguments, "--json").stdout)["code"] == "list-implausible"
    succeeded(attest(*arguments, "--max-change", "20"))
    (tmp_path / "b.json").unlink()
    succeeded(attest(*arguments, "--approve"))
    assert len(read_snapshot((tmp_path / "b.json").read_bytes()).entries) == 80


def test_an_earlier_day_waits_for_a_person(tmp_path: Path) -> None:
    old = imported(tmp_path)
    told = attest(
        *("lists", "import", csv(tmp_path, *ROWS), "--format", "csv", "--list", "SHTC"),
        *("--as-of", "2026-07-30", "-o", tmp_path / "b.json", "--previous", old),
    )
    assert told.exit_code == 9
    assert "as of 2026-07-30, before 2026-07-31" in told.stderr


def test_two_snapshots_are_compared(tmp_path: Path) -> None:
    old = imported(tmp_path)
    new = imported(
        tmp_path,
        "Example Micro Co.,EMC,CN,4,7",
        "Example Chips Ltd.,,CN,,9",
        name="b.json",
        as_of="2026-08-01",
    )
    told = succeeded(attest("lists", "diff", old, new))
    assert told.stdout.splitlines() == [
        "SHTC as of 2026-07-31 -> SHTC as of 2026-08-01",
        "added    SHTC Example Chips Ltd.",
        "removed  SHTC Example Optics Ltd.",
        "changed  SHTC Example Micro Co.: names",
        "",
        "1 added, 1 removed, 1 changed of 2 entries",
    ]
    document = json.loads(succeeded(attest("lists", "diff", old, new, "--json")).stdout)
    assert set(document) == json_members("lists diff")
    (change,) = document["changed"]
    assert change["members"] == ["names"]
    assert change["old"]["names"] == ["Example Micro Co.", "EMC", "Example Thread"]
    assert [each["id"] for each in document["added"]] == ["9"]
    same = succeeded(attest("lists", "diff", old, old)).stdout
    assert same.endswith("0 added, 0 removed, 0 changed of 2 entries\n")


def test_a_long_difference_is_cut_for_people_only(tmp_path: Path) -> None:
    old = imported(tmp_path)
    rows = [f"Example {number} Co.,,CN,,X{number}" for number in range(110)]
    new = imported(tmp_path, *rows, name="b.json")
    told = succeeded(attest("lists", "diff", old, new)).stdout
    assert "and 12 more; --json lists them all" in told
    assert len(json.loads(attest("lists", "diff", old, new, "--json").stdout)["added"]) == 110


def test_a_snapshot_is_shown(tmp_path: Path) -> None:
    path = imported(tmp_path)
    told = succeeded(attest("lists", "show", path, "--plain")).stdout
    assert "SHTC as of 2026-07-31, from a.json.csv" in told
    assert "SHTC | 2" in told.replace("  ", " ") or "SHTC" in told.splitlines()[-1]
    document = json.loads(succeeded(attest("lists", "show", path, "--json")).stdout)
    assert set(document) == json_members("lists show")
    assert (document["lists"], document["entries"]) == ({"SHTC": 2}, [])


@pytest.mark.parametrize("name", ["example thread", "7"])
def test_an_entry_is_looked_up(tmp_path: Path, name: str) -> None:
    path = imported(tmp_path)
    lines = succeeded(attest("lists", "show", path, name)).stdout.splitlines()
    assert lines[0] == "SHTC Example Micro Co."
    assert "    also         Example Thread" in lines
    assert "    footnote     4" in lines
    document = json.loads(succeeded(attest("lists", "show", path, name, "--json")).stdout)
    (entry,) = document["entries"]
    assert (entry["id"], entry["footnotes"]) == ("7", [4])


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    told = attest("lists", "show", imported(tmp_path), "Exampel")
    assert told.exit_code == 2
    assert "not-found" in told.stderr


def test_a_snapshot_is_verified_against_its_publication(tmp_path: Path) -> None:
    path = imported(tmp_path)
    publication = tmp_path / "a.json.csv"
    told = succeeded(
        attest("lists", "verify", path, "--publication", publication, "--format", "csv", "--plain")
    )
    assert "+ PASS  snapshot" in told.stdout
    assert "imported again, the same bytes" in told.stdout
    changed = tmp_path / "other.csv"
    changed.write_bytes(publication.read_bytes() + b"Another Co.,,CN,,9\n")
    told = attest("lists", "verify", path, "--publication", changed, "--format", "csv")
    assert told.exit_code == 2
    assert "the snapshot was made from another publication" in told.stderr


def test_a_forged_entry_does_not_come_out_of_the_publication(tmp_path: Path) -> None:
    path = imported(tmp_path)
    forged = tmp_path / "forged.json"
    forged.write_bytes(path.read_bytes().replace(b"Optics", b"Optika"))
    read_snapshot(forged.read_bytes())
    told = attest(
        *("lists", "verify", forged, "--publication", tmp_path / "a.json.csv", "--format", "csv")
    )
    assert told.exit_code == 2
    assert "importing it again gives another snapshot" in told.stderr


@pytest.mark.parametrize(("day", "code"), [("2026-08-07", 0), ("2026-08-08", 7), ("2026-07-30", 7)])
def test_a_stale_snapshot(tmp_path: Path, day: str, code: int) -> None:
    path = imported(tmp_path)
    told = attest("lists", "verify", path, "--max-age", "7", "--as-of", day)
    assert told.exit_code == code
    assert ("list-stale" in told.stderr) is bool(code)


def test_what_verify_tells_a_machine(tmp_path: Path) -> None:
    path = imported(tmp_path)
    told = succeeded(attest("lists", "verify", path, "--as-of", "2026-08-10", "--json"))
    document = json.loads(told.stdout)
    assert set(document) == json_members("lists verify")
    assert (document["age_days"], document["from_publication"]) == (10, False)


def test_a_snapshot_that_was_touched(tmp_path: Path) -> None:
    path = imported(tmp_path)
    path.write_bytes(path.read_bytes() + b"\n")
    for words in (("verify", path), ("show", path), ("diff", path, path)):
        told = attest("lists", *words)
        assert told.exit_code == 2
        assert "the snapshot is not in canonical form" in told.stderr


def test_a_publication_needs_its_format(tmp_path: Path) -> None:
    told = attest("lists", "verify", imported(tmp_path), "--format", "csv")
    assert told.exit_code == 1
    assert "--publication and --format are given together" in told.stderr


def test_a_snapshot_on_stdin(tmp_path: Path) -> None:
    path = imported(tmp_path)
    told = attest_process("lists", "show", "-", "7", stdin=path.read_bytes())
    assert told.returncode == 0
    assert told.stdout.startswith(b"SHTC Example Micro Co.\n")


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    for words in (("show", "-"), ("show", "-", "x"), ("verify", "-"), ("diff", "-", "-")):
        check_outcome(attest("lists", *words, stdin=raw), usage=False)
    for form in ("csl-csv", "csl-json", "ecfr-entity", "ecfr-meu", "us-other", "csv"):
        check_outcome(
            attest(
                *("lists", "import", "-", "--format", form, "--as-of", "2026-07-31"),
                *("-o", "never-written.json", "--json"),
                stdin=raw,
            ),
            usage=False,
        )
    assert not Path("never-written.json").exists()
