"""`attest evaluate`, `attest rules`, `attest lint`: the law on the command line."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from attest.cli import packs
from attest.encoding import canonical, digest, loads
from attest.envelope import bundle, seal
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from tests.cli.helpers import (
    AT,
    ROOT,
    attest,
    check_failed,
    decision_of,
    declaration_file,
    document,
    succeeded,
    write_json,
)
from tests.cli.pages import json_members
from tests.world import World, pack_bytes, statement

BELOW: dict[str, Any] = {
    "declared": {
        "dies": [
            {
                "name": "compute",
                "units": 1,
                "function": "logic",
                "node_nm": 5,
                "node_class": "16/14-or-below",
                "architecture": "finfet",
                "area_um2": 120_000_000,
            }
        ],
        "precisions": [{"bit_length": 8, "dense_gops": 50_000}],
        "datacenter": False,
        "hbm": False,
        "designer_hq": "US",
        "designer_parent_hq": "US",
        "designer_locations": ["US"],
        "designer_group": "",
        "designer_name": "Tianqiu Design Inc.",
        "agreed_743_9": False,
        "application_748_16": "none",
    },
    "fabricator": {
        "attester_name": "Formosa Example Foundry Co., Ltd.",
        "packages": True,
        "packaging_country": "TW",
        "aatc_attested": 12_000_000_000,
        "hbm": False,
        "memories": [],
        "dies": [
            {
                "name": "compute",
                "units": 1,
                "function": "logic",
                "node_nm": 5,
                "node_class": "16/14-or-below",
                "architecture": "finfet",
                "area_um2": 120_000_000,
                "density_per_mm2": 100_000_000,
            }
        ],
    },
    "transaction": {
        "exporter": "front-end-fabricator",
        "completion_date": "2026-12-15",
        "decision_date": "2026-11-24",
        "mode": "cfr_text",
        "attested_by": ["front-end-fabricator"],
        "destinations": ["US"],
        "party_hqs": ["US"],
    },
}


def facts_of(count: int, **transaction: str) -> bytes:
    """The facts with another attested count and density."""
    facts = json.loads(json.dumps(BELOW))
    facts["fabricator"]["aatc_attested"] = count
    facts["fabricator"]["dies"][0]["gds_transistors"] = count
    facts["transaction"].update(transaction)
    return canonical(facts)


@pytest.mark.parametrize(
    ("count", "options", "code", "verdict"),
    [
        (12_000_000_000, [], 0, "PASS"),
        (30_000_000_000, [], 4, "FAIL"),
        (30_000_000_000, ["--as-of", "2027-06-01"], 0, "PASS"),
        (12_000_000_000, ["--mode", "bis_practice"], 0, "PASS"),
    ],
)
def test_the_exit_code_is_that_of_the_verdict(
    count: int, options: list[str], code: int, verdict: str
) -> None:
    result = succeeded(attest("evaluate", "-", "--json", *options, stdin=facts_of(count)), code)
    told = document(result)
    assert set(told) == json_members("`evaluate`")
    assert told["verdict"] == verdict
    assert told["packs"] == [
        {"id": "us-ear", "edition": "2026-11-24", "digest": digest(pack_bytes("us-ear"))}
    ]
    assert {each["rule"] for each in told["findings"]} >= {"n1_presumption", "n1_way_b"}
    assert (
        f"{verdict}"
        in succeeded(
            attest("evaluate", "-", *options, stdin=facts_of(count)), code
        ).stdout.splitlines()[-1]
    )


def test_missing_facts_hold_and_tell_what_clears_them() -> None:
    result = succeeded(attest("evaluate", "-", "--as-of", "2099-01-01", stdin=b"{}"), 5)
    assert "Verdict: ! HOLD" in result.stdout
    assert "missing" in result.stdout
    assert "clears with" in result.stdout


def test_the_trace_shows_values_and_comparisons() -> None:
    text = succeeded(attest("evaluate", "-", "--trace", stdin=facts_of(12_000_000_000))).stdout
    assert "rests on" in text
    assert "tested" in text


def test_today_is_the_default_day_of_decision_and_can_be_named() -> None:
    facts = {"transaction": {"completion_date": "2099-01-01"}}
    told = document(succeeded(attest("evaluate", "-", "--json", stdin=canonical(facts)), 5))
    assert told["transaction"]["decision_date"] >= "2026-11-24"
    told = document(
        succeeded(
            attest("evaluate", "-", "--decided", "2026-01-02", "--json", stdin=canonical(facts)), 5
        )
    )
    assert told["transaction"]["decision_date"] == "2026-01-02"


@pytest.mark.parametrize(
    ("facts", "code", "error"),
    [
        (b"[]", 2, "facts-malformed"),
        (b"{", 2, "json-malformed"),
        (b'{"transaction": 1}', 2, "facts-malformed"),
        (b'{"declared": {"nonsense": 1}}', 2, "facts-malformed"),
        (b'{"declared": {"hbm": 1.5}}', 2, "json-float"),
        (b'{"declared": {"hbm": "no"}}', 2, "facts-malformed"),
    ],
)
def test_bad_facts(facts: bytes, code: int, error: str) -> None:
    check_failed(attest("evaluate", "-", "--as-of", "2026-12-15", stdin=facts), code, error)


def test_bad_usage_of_evaluate(tmp_path: Path) -> None:
    check_failed(attest("evaluate", "-", stdin=b"{}"), 1, "usage")
    check_failed(attest("evaluate", "-", "--as-of", "soon", stdin=b"{}"), 1, "usage")
    check_failed(attest("evaluate", "-", "--mode", "mine", stdin=b"{}"), 1, "usage")
    arguments = ["evaluate", "-", "--as-of", "2026-12-15", "--pack"]
    check_failed(attest(*arguments, "nonsense", stdin=b"{}"), 2, "not-found")
    (tmp_path / "p.json").write_bytes(b'{"engine": 2}')
    check_failed(attest(*arguments, tmp_path / "p.json", stdin=b"{}"), 2, "engine-unknown")


def test_a_pack_from_a_folder_or_a_document(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "rules" / "us-ear", tmp_path / "mine"))
    shutil.copytree(ROOT / "rules" / "common", tmp_path / "common")
    compiled = tmp_path / "pack.json"
    compiled.write_bytes(succeeded(attest("rules", "show", folder, "--document")).stdout.encode())
    assert compiled.read_bytes() == pack_bytes("us-ear")
    told = [
        succeeded(attest("evaluate", "-", "--json", "--pack", pack, stdin=facts_of(12))).stdout
        for pack in ("us-ear", folder, compiled)
    ]
    assert told[0] == told[1] == told[2]


def test_rules_test_runs_the_worked_cases() -> None:
    told = document(succeeded(attest("rules", "test", "--json")))
    assert set(told) == json_members("`rules test`")
    assert told["failed"] == 0
    assert len(told["cases"]) > 50
    assert {each["pack"] for each in told["cases"]} == set(packs.bundled())
    text = succeeded(attest("rules", "test", "us-ear", "house-example")).stdout
    assert re.search(r"PASS  us-ear +[0-9]+ cases, 0 failed", text)
    assert "no cases" in check_failed(attest("rules", "test", "pack.json"), 1, "usage")


def test_rules_test_fails_with_the_case_that_fails(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "rules" / "house-example", tmp_path / "mine"))
    case = next(iter(sorted((folder / "cases").glob("*.toml"))))
    text = case.read_text()
    wrong = text.replace('verdict = "PASS"', 'verdict = "FAIL"', 1)
    assert wrong != text
    case.write_text(wrong)
    result = succeeded(attest("rules", "test", folder), 4)
    assert "x FAIL" in result.stdout or "✗ FAIL" in result.stdout
    assert "expected" in result.stdout
    assert "1 failed" in result.stdout


def test_a_broken_pack_names_file_and_place(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "rules" / "house-example", tmp_path / "mine"))
    (folder / "pack.toml").write_text("id = 1.5\n")
    told = check_failed(attest("rules", "test", folder), 2, "pack-invalid")
    assert "pack.toml" in told


def test_lint_rehearses_each_day(tmp_path: Path) -> None:
    world = World()
    path = declaration_file(tmp_path, world)
    arguments = ["lint", str(path), "--as-of", "2026-12-31", "--as-of", "2027-01-04"]
    told = document(succeeded(attest(*arguments, "--decided", AT, "--json"), 5))
    assert [each["completion_date"] for each in told["rehearsals"]] == ["2026-12-31", "2027-01-04"]
    assert {each["verdict"] for each in told["rehearsals"]} == {"HOLD"}
    assert set(told) == json_members("`lint`")
    assert told["rehearsals"][0]["will_ask"]
    text = succeeded(attest(*arguments, "--decided", AT), 5).stdout
    for part in ("The foundry will ask for:", "Completion 2026-12-31", "2027-01-04", "because of"):
        assert part in text


def determination_file(folder: Path, declaration: Path, world: World, **changes: Any) -> Path:
    """The fabricator's determination for the declaration in a file."""
    payload = canonical(loads(declaration.read_bytes()))
    determined = world.determination(payload, **changes)
    return write_json(
        folder / "determination.json", loads(statement(DETERMINATION_TYPE, determined))
    )


@pytest.mark.parametrize(
    ("count", "code"), [(12_000_000_000, 0), (30_000_000_000, 4)], ids=["below", "at the limit"]
)
def test_lint_decides_with_a_determination_on_its_own_day(
    tmp_path: Path, count: int, code: int
) -> None:
    world = World()
    declaration = declaration_file(tmp_path, world)
    determined = world.determination(b"")
    die = {**determined["dies"][0], "gds_transistors": {"knowledge": "first-hand", "value": count}}
    determination = determination_file(
        tmp_path,
        declaration,
        world,
        dies=[die],
        aatc_transistors={"knowledge": "first-hand", "value": count},
    )
    arguments = ["lint", declaration, determination, "--decided", AT]
    told = document(succeeded(attest(*arguments, "--json"), code))
    assert told["rehearsals"][0]["completion_date"] == "2026-12-15"
    later = attest(*arguments, "--as-of", "2027-06-01")
    succeeded(later, 0)


def test_lint_decides_as_the_foundry_will(tmp_path: Path) -> None:
    """The rehearsal gives the findings of the real decision, key for key."""
    world = World()
    submission = world.submission(fabricator={})
    sealed = loads(decision_of(world, submission), string_bytes_max=10**6)
    real = loads(b64decode(sealed["payload"]))["predicate"]
    envelopes = loads(submission, string_bytes_max=10**6)["envelopes"]
    files = [write_json(tmp_path / f"{n}.json", each) for n, each in enumerate(envelopes)]
    told = document(succeeded(attest("lint", *files, "--decided", AT, "--json"), 0))
    assert told["rehearsals"][0]["findings"] == real["findings"]


@pytest.mark.parametrize(
    ("changes", "decided", "code", "error"),
    [
        ({}, "2025-01-01T00:00:00Z", 7, "not-yet-valid"),
        ({}, "2030-01-01T00:00:00Z", 7, "expired"),
        ({"must_understand": ["x"]}, AT, 2, "must-understand"),
    ],
)
def test_lint_foresees_refusals(
    tmp_path: Path, changes: dict[str, Any], decided: str, code: int, error: str
) -> None:
    path = declaration_file(tmp_path, World(), **changes)
    told = document(succeeded(attest("lint", path, "--decided", decided, "--json"), code))
    assert told["rehearsals"][0]["refusal"]["code"] == error
    text = succeeded(attest("lint", path, "--decided", decided), code).stdout
    assert error in text
    assert "mend" in text


def test_lint_lists_every_fault(tmp_path: Path) -> None:
    broken = World().declaration()
    del broken["end_use"]
    broken["dies"][0]["units"] = 0
    broken["package"]["hbm"] = {"knowledge": "first-hand"}
    path = write_json(tmp_path / "d.json", loads(statement(DECLARATION_TYPE, broken)))
    told = document(succeeded(attest("lint", path, "--json"), 2))
    places = {each["pointer"] for each in told["faults"]}
    assert places >= {"/predicate", "/predicate/dies/0/units", "/predicate/package/hbm"}
    assert "d.json" in succeeded(attest("lint", path), 2).stdout


def test_lint_of_something_else(tmp_path: Path) -> None:
    world = World()
    declaration = declaration_file(tmp_path, world)
    determination = determination_file(tmp_path, declaration, world)
    check_failed(attest("lint", determination), 2, "not-a-submission")
    check_failed(attest("lint", declaration, declaration), 2, "not-a-submission")
    check_failed(attest("lint"), 1, "usage")
    keyset = tmp_path / "k.json"
    keyset.write_bytes(world.designer.keyset())
    check_failed(attest("lint", keyset), 2, "not-a-submission")
    foreign = write_json(tmp_path / "f.json", loads(statement("urn:x", {})))
    assert "predicateType" in succeeded(attest("lint", foreign), 2).stdout


def test_lint_takes_signed_statements_whatever_their_bytes(tmp_path: Path) -> None:
    """The link is to the bytes as signed, and holds on another day too."""
    world = World()
    payload = json.dumps(loads(statement(DECLARATION_TYPE, world.declaration())), indent=1).encode()
    determined = world.determination(payload, completion_date="2026-12-20")
    sealed = bundle(
        [
            seal(payload, [world.designer.signer]),
            seal(statement(DETERMINATION_TYPE, determined), [world.fabricator.signer]),
        ]
    )
    path = tmp_path / "submission.json"
    path.write_bytes(sealed)
    told = document(succeeded(attest("lint", path, "--decided", AT, "--json")))
    assert told["rehearsals"][0]["completion_date"] == "2026-12-20"
    days = ["--as-of", "2027-06-01", "--as-of", "2027-06-02"]
    told = document(succeeded(attest("lint", path, "--decided", AT, "--json", *days)))
    assert [each["completion_date"] for each in told["rehearsals"]] == ["2027-06-01", "2027-06-02"]
    assert "the same as before" in succeeded(attest("lint", path, "--decided", AT, *days)).stdout
    text = succeeded(attest("lint", path, "--decided", "2031-01-01T00:00:00Z", *days), 7).stdout
    assert "the same as before" in text
    assert text.count("expired") >= 2


def test_lint_tells_what_is_stated_as_unknown(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World(), datacenter={"knowledge": "unknown"})
    told = document(succeeded(attest("lint", path, "--decided", AT, "--json"), 5))
    assert told["unknown"] == ["declaration: datacenter"]


@pytest.mark.parametrize("exporter", ["front-end-fabricator", "osat", "other"])
def test_lint_for_every_kind_of_deciding_party(tmp_path: Path, exporter: str) -> None:
    world = World(exporter=exporter)
    declaration = declaration_file(tmp_path, world)
    determination = determination_file(tmp_path, declaration, world)
    result = attest(
        "lint", declaration, determination, "--decided", AT, "--exporter", exporter, "--json"
    )
    assert result.exit_code in (0, 4, 5), result.stderr
    assert "refusal" not in document(result)["rehearsals"][0]
