"""What `attest whatif` refuses, and how it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.encoding import digest
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from tests.cli.helpers import (
    ROOT,
    attest,
    check_failed,
    declaration_file,
    write_json,
)
from tests.cli.test_whatif import (
    BN,
    EXAMPLES,
    NEW_YEAR,
    counted,
    statements,
    whatif,
    written,
)
from tests.world import World, statement


def test_something_to_try_is_needed(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World())
    assert "--on" in check_failed(attest("whatif", path), 1, "usage")
    check_failed(attest("whatif", "--on", NEW_YEAR), 1, "usage")
    check_failed(attest("whatif", path, "--on", "2027-02-30"), 1, "usage")


def test_a_day_before_every_pack_is_refused(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World())
    said = check_failed(attest("whatif", path, "--on", "2020-01-01"), 2, "not-in-force")
    assert "2020-01-01" in said
    assert str(path) in said


def test_a_wrong_pack_is_refused(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World())
    check_failed(attest("whatif", path, "--pack", "no-such-pack"), 2, "not-found")
    broken = written(tmp_path, "broken.pack.json", b'{"v": 1, "engine": 1, "rules": []}')
    check_failed(attest("whatif", path, "--pack", broken), 2, "pack-invalid")


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    said = check_failed(attest("whatif", tmp_path, "--on", NEW_YEAR), 2, "file")
    assert str(tmp_path) in said
    write_json(tmp_path / "other.json", {"v": 1})
    result = attest("whatif", tmp_path, "--on", NEW_YEAR)
    check_failed(result, 2, "not-a-submission")
    assert "Left out" in result.stderr


@pytest.mark.parametrize(
    ("name", "raw", "code", "exit_code"),
    [
        ("a.json", b"{", "json-malformed", 2),
        ("a.json", b'{"v": 1}', "not-found", 2),
        ("a.json", b'"text"', "not-found", 2),
        ("a.json", b"[1]", "not-found", 2),
        ("a.json", b'{"transaction": {"completion_date": 1}}', "facts-malformed", 2),
        ("a.json", b'{"v": 1, "envelopes": []}', "schema-violation", 2),
        ("a.toml", b"= 1", "toml-malformed", 2),
        ("a.toml", b"knowledge = 'first-hand'", "not-found", 2),
        ("a.toml", b"product = 1", "schema-violation", 2),
        ("a.toml", b"attester_role = 'osat'", "schema-violation", 2),
        ("a.csv", b"product.name\n", "csv-malformed", 2),
        ("a.csv", b"product.name\nx\n", "schema-violation", 2),
    ],
)
def test_bad_sources(tmp_path: Path, name: str, raw: bytes, code: str, exit_code: int) -> None:
    path = written(tmp_path, name, raw)
    said = check_failed(attest("whatif", path, "--on", NEW_YEAR), exit_code, code)
    assert str(path) in said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    check_failed(attest("whatif", tmp_path / "none.json", "--on", NEW_YEAR), 2, "file")


def test_documents_of_other_kinds_are_refused(tmp_path: Path) -> None:
    keyset = ROOT / "examples" / "documents" / "keyset.json"
    check_failed(attest("whatif", keyset, "--on", NEW_YEAR), 2, "unknown-predicate-type")
    review = ROOT / "examples" / "documents" / "review.json"
    failed = attest("whatif", review, "--on", NEW_YEAR)
    assert failed.exit_code == 2


def test_a_determination_needs_its_declaration(tmp_path: Path) -> None:
    world = World()
    declared, determined = statements(world)
    other = statement(DECLARATION_TYPE, world.declaration(end_use="Another."))
    paths = [written(tmp_path, "d.json", other), written(tmp_path, "t.json", determined)]
    failed = attest("whatif", *paths, "--on", NEW_YEAR)
    check_failed(failed, 3, "determination-not-linked")
    assert digest(declared) != digest(other)
    source = EXAMPLES / "tianqiu-a1.determination.toml"
    check_failed(attest("whatif", source, "--on", NEW_YEAR), 3, "determination-not-linked")


def test_two_determinations_in_one_role_are_refused(tmp_path: Path) -> None:
    world = World()
    declared, determined = statements(world)
    another = statement(DETERMINATION_TYPE, counted(world, declared, 12 * BN))
    paths = [
        written(tmp_path, name, raw)
        for name, raw in (("d.json", declared), ("t.json", determined), ("u.json", another))
    ]
    check_failed(attest("whatif", *paths, "--on", NEW_YEAR), 2, "not-a-submission")
    assert whatif(*paths[:2], paths[1], "--on", NEW_YEAR)["products"] == 1


def test_a_failure_is_one_document(tmp_path: Path) -> None:
    result = attest("whatif", tmp_path / "none.json", "--on", NEW_YEAR, "--json")
    assert json.loads(result.stdout)["code"] == "file"


def test_a_fault_in_a_folder_names_its_file(tmp_path: Path) -> None:
    declaration_file(tmp_path, World())
    written(tmp_path, "broken.JSON", b"{")
    said = check_failed(attest("whatif", tmp_path, "--on", NEW_YEAR), 2, "json-malformed")
    assert "broken.JSON" in said


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    said = check_failed(attest("whatif", tmp_path, "--on", NEW_YEAR), 2, "file")
    assert "permission denied" in said
