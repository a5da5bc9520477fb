"""`attest declare` and `attest determine`: TOML, JSON, CSV, questions, links, designs."""

from __future__ import annotations

import hashlib
import json
import stat
from base64 import b64decode
from pathlib import Path

import pytest

from attest.encoding import canonical, digest, loads
from attest.models import DECLARATION_TYPE
from tests.cli.helpers import (
    attest,
    check_failed,
    declaration_file,
    declared,
    document,
    succeeded,
    write_json,
)
from tests.world import DESIGN, World, statement

TOML = f"""
knowledge = "first-hand"
audience = "formosa"
end_use = "Packet processing in network switches."
datacenter = false
planned_completion_date = 2026-12-15
performance = "unknown"

[validity]
not_before = 2026-01-01T00:00:00Z
not_after = 2027-12-31T23:59:59Z

[signer]
name = "Mei-Ling Chen"
title = "Head of Trade Compliance"

[product]
name = "Tianqiu A1"
tape_out_id = "TQ-A1"
revision = "0"

[[design]]
form = "file"
sha256 = "{DESIGN}"
describes = "layout"

[[dies]]
name = "compute"
units = 1
function = "logic"
area_um2 = 120_000_000
transistors = {{ method = "measured", count = 28_430_000_000 }}
process = {{ foundry_name = "N5", node_nm = 5, node_class = "unknown", architecture = "finfet" }}

[package]
site_country = {{ knowledge = "supplier", value = "TW" }}
packager = "Example Packaging Co."
hbm = false
memories = []

[designer_status]
listed_group = ""
agreed_743_9 = "not-agreed"
application_748_16 = {{ status = "filed", filed_on = 2026-05-01 }}
""" + "".join(
    f"""
[[parties]]
role = "{role}"
name = "{role} company"
name_latin = "{role} company"
locations = ["US", "TW"]
headquarters = "US"
address = "1 Example Road"
registration_ids = []
"""
    for role in ("designer", "ultimate-parent", "foundry", "consignee", "end-user")
)


def test_toml_with_every_shorthand() -> None:
    told = declared(TOML)
    predicate = told["predicate"]
    assert told["predicateType"] == DECLARATION_TYPE
    assert told["subject"] == [{"name": "TQ-A1", "digest": {"sha256": DESIGN}}]
    assert predicate["must_understand"] == []
    assert predicate["planned_completion_date"] == "2026-12-15"
    assert predicate["validity"]["not_before"] == "2026-01-01T00:00:00Z"
    assert predicate["datacenter"] == {"knowledge": "first-hand", "value": False}
    assert predicate["package"]["site_country"] == {"knowledge": "supplier", "value": "TW"}
    assert predicate["dies"][0]["process"]["node_class"] == {"knowledge": "unknown"}
    assert predicate["performance"] == {"knowledge": "unknown"}
    assert predicate["designer_status"]["agreed_743_9"] == {"status": "not-agreed"}
    assert predicate["designer_status"]["application_748_16"]["filed_on"] == "2026-05-01"
    assert predicate["designer_status"]["listed_group"] == {"knowledge": "first-hand", "value": ""}
    assert predicate["parties"][0]["locations"]["value"] == ["US", "TW"]


def test_numbers_are_said_in_words_on_stderr() -> None:
    result = succeeded(attest("declare", "-", "--format", "toml", stdin=TOML))
    assert "28,430,000,000 (28.43 billion, 284.3億) transistors each" in result.stderr
    assert json.loads(result.stdout)


def test_json_without_shorthands_comes_back_the_same() -> None:
    predicate = World().declaration()
    told = declared(canonical(predicate), "json")
    assert canonical(told) == statement(DECLARATION_TYPE, predicate)


def test_an_instant_in_another_zone_is_written_in_utc() -> None:
    told = declared(TOML.replace("2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00"))
    assert told["predicate"]["validity"]["not_before"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "error", "where"),
    [
        ('knowledge = "first-hand"\n', "", "schema-violation", "/datacenter"),
        ('knowledge = "first-hand"', 'knowledge = "unknown"', "schema-violation", "/knowledge"),
        ("hbm = false\n", "", "schema-violation", "/predicate/package"),
        ("units = 1", "units = 0", "schema-violation", "/predicate/dies/0/units"),
        ("units = 1", "units = 1.0", "json-float", ""),
        ("units = 1", 'units = "1"', "schema-violation", "/predicate/dies/0/units"),
        ("units = 1", "units = 1\nvolume = 3", "schema-violation", "/predicate/dies/0"),
        ("units = 1", "units = 1\nunits = 1", "toml-malformed", "line"),
        ("2026-12-15", "12:00:00", "schema-violation", "/planned_completion_date"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "schema-violation", "/validity/not_before"),
        ("28_430_000_000", "99999999999999999", "json-number-range", ""),
        ("Mei-Ling", "Mei\\u202eLing", "json-text", ""),
        ("[package]", "[package", "toml-malformed", "line"),
        ("units = 1", f"units = {'9' * 5000}", "toml-malformed", "not TOML"),
        ("units = 1", f"units = {'[' * 3000}", "json-too-deep", ""),
        ("units = 1", f"x.{'a.' * 300}a = 1", "json-too-deep", "dotted key"),
        ("units = 1", f"x.{'a.' * 30}a = 1", "json-too-deep", "32 levels"),
        ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "schema-violation", "/validity"),
        ("2026-01-01T00:00:00Z", "9999-12-31T23:00:00-10:00", "schema-violation", "/validity"),
    ],
)
def test_toml_that_is_refused(before: str, after: str, error: str, where: str) -> None:
    assert before in TOML
    told = check_failed(
        attest("declare", "-", "--format", "toml", stdin=TOML.replace(before, after, 1)), 2, error
    )
    assert where in told


def test_toml_that_is_not_utf8() -> None:
    check_failed(
        attest("declare", "-", "--format", "toml", stdin=b"a = '\xff'"), 2, "json-encoding"
    )


def test_a_design_by_digest_or_commitment(tmp_path: Path) -> None:
    layout = tmp_path / "layout.oas"
    layout.write_bytes(b"the layout")
    source = tmp_path / "d.toml"
    source.write_text(TOML)
    target = tmp_path / "d.json"
    result = attest(
        "declare", source, "--design", layout, "--design-commitment", layout, "-o", target
    )
    succeeded(result)
    predicate = loads(target.read_bytes())["predicate"]
    by_digest, by_commitment = predicate["design"]
    inner = hashlib.sha256(b"the layout").digest()
    assert by_digest == {"form": "file", "sha256": inner.hex(), "describes": "layout.oas"}
    kept = tmp_path / "layout.oas.salt.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    salt = b64decode(json.loads(kept.read_bytes())["salt"])
    assert len(salt) == 32
    assert by_commitment["form"] == "commitment"
    assert by_commitment["sha256"] == hashlib.sha256(salt + inner).hexdigest()
    assert inner.hex() not in json.dumps(by_commitment)


def test_a_salt_is_kept_only_with_its_statement(tmp_path: Path) -> None:
    layout = tmp_path / "layout.oas"
    layout.write_bytes(b"the layout")
    kept = tmp_path / "layout.oas.salt.json"
    arguments = ["declare", "-", "--format", "toml", "--design-commitment", str(layout)]
    check_failed(
        attest(*arguments, stdin=TOML.replace("units = 1", "units = 0")), 2, "schema-violation"
    )
    assert not kept.exists()
    succeeded(attest(*arguments, stdin=TOML))
    before = kept.read_bytes()
    told = check_failed(attest(*arguments, stdin=TOML), 2, "file")
    assert "layout.oas.salt.json" in told
    assert kept.read_bytes() == before
    kept.unlink()
    there = tmp_path / "there.json"
    there.write_bytes(b"precious")
    check_failed(attest(*arguments, "-o", there, stdin=TOML), 2, "file")
    assert not kept.exists()
    for option in ("-o", "--output-dir"):
        nowhere = tmp_path / "nowhere" / "here.json"
        told = check_failed(attest(*arguments, option, nowhere, stdin=TOML), 2, "file")
        assert "no such folder" in told
        assert not kept.exists()
    layout.unlink()
    check_failed(attest(*arguments, stdin=TOML), 2, "file")


def test_what_is_written_where(tmp_path: Path) -> None:
    target = tmp_path / "d.json"
    succeeded(attest("declare", "-", "--format", "toml", "-o", target, stdin=TOML))
    check_failed(attest("declare", "-", "--format", "toml", "-o", target, stdin=TOML), 2, "file")
    both = ["-o", "x", "--output-dir", "y"]
    check_failed(attest("declare", "-", "--format", "toml", *both, stdin=TOML), 1, "usage")
    check_failed(attest("declare", target, "--ask"), 1, "usage")
    check_failed(attest("declare"), 1, "usage")
    check_failed(attest("declare", "-", stdin=TOML), 1, "usage")
    check_failed(attest("declare", tmp_path / "missing.toml"), 2, "file")
    check_failed(attest("declare", tmp_path, "--format", "toml"), 2, "file")


ANSWERS = [
    *("formosa", "2026-01-01T00:00:00Z", "2027-12-31T23:59:59Z", ""),
    *("Mei-Ling Chen", "VP", "Tianqiu A1", "TQ-A1", "0"),
    *("file", DESIGN, "layout", "n"),
    # one die
    *("compute", "1", "logic", "N5", "5", "first-hand", "unknown", "finfet", "supplier"),
    *("many", "120000000", "estimate", "measured", "12000000000", "n"),
    # package without memories
    *("TW", "first-hand", "unknown", "no", "first-hand", "n"),
    "unknown",
    # five parties
    *(
        answer
        for position, role in enumerate(
            ("designer", "ultimate-parent", "foundry", "consignee", "end-user")
        )
        for answer in (
            *([] if position == 0 else ["y"]),
            *(role, f"{role} company", f"{role} company", "US; TW", "first-hand", "unknown"),
            *("1 Example Road", "n", ""),
        )
    ),
    *("n", "forwarder; osat", "n"),
    # status
    *("unknown", "agreed", "2026-06-01", "denied", "2026-05-01", "2026-06-01"),
    *("Packet processing.", "no", "first-hand", "n", "2026-12-15"),
]


def test_a_shipment_is_asked_for_when_there_is_one() -> None:
    shipment = ["y", "12", "TW", "supplier", "Example Group", "supplier", "LPP"]
    answers = [*ANSWERS[:-2], *shipment, ANSWERS[-1]]
    told = document(succeeded(attest("declare", "--ask", stdin="\n".join(answers) + "\n")))
    assert told["predicate"]["shipment"] == {
        "units": 12,
        "from_country": {"knowledge": "supplier", "value": "TW"},
        "consignee_parent": {"knowledge": "supplier", "value": "Example Group"},
        "basis": "LPP",
    }


def test_questions_answered_one_by_one() -> None:
    result = succeeded(attest("declare", "--ask", stdin="\n".join(ANSWERS) + "\n"))
    told = document(result)
    predicate = told["predicate"]
    die = predicate["dies"][0]
    assert die["process"]["node_class"] == {"knowledge": "unknown"}
    assert die["process"]["architecture"] == {"knowledge": "supplier", "value": "finfet"}
    assert die["area_um2"] == {"knowledge": "estimate", "value": 120_000_000}
    assert predicate["package"]["hbm"] == {"knowledge": "first-hand", "value": False}
    assert predicate["package"]["memories"] == []
    assert predicate["performance"] == {"knowledge": "unknown"}
    assert len(predicate["parties"]) == 5
    assert predicate["parties"][1]["locations"]["value"] == ["US", "TW"]
    assert "lei" not in predicate["parties"][0]
    assert "supersedes" not in predicate
    assert "ownership" not in predicate
    assert predicate["roles_not_filled"] == ["forwarder", "osat"]
    assert predicate["designer_status"]["application_748_16"]["denied_on"] == "2026-06-01"
    assert "12,000,000,000 (12 billion, 120億)" in result.stderr
    assert "Area of one die in square micrometres." in result.stderr
    assert "Plain digits, please" in result.stderr
    assert "package.site_country | unknown: " in result.stderr
    assert "ZM, ZW" not in result.stderr


def test_questions_that_end_early_stop_quietly() -> None:
    result = attest("declare", "--ask", stdin="formosa\n")
    assert result.exit_code == 1
    assert "stopped" in result.stderr
    assert result.stdout == ""


DETERMINATION = """
knowledge = "first-hand"
audience = "formosa"
attester_role = "front-end-fabricator"
aatc_transistors = 12_000_000_000
validity = { not_before = 2026-01-01T00:00:00Z, not_after = 2027-12-31T23:59:59Z }
signer = { name = "Wei Lin", title = "Manager" }
package = { attester_packages = true, site_country = "TW", hbm = false, memories = [] }
[designer_status]
listed_mapping = { confirmed = "unknown", listed_name = "", reference = "" }
[[dies]]
name = "compute"
units = 1
function = "logic"
area_um2 = 120_000_000
density_per_mm2 = 100_000_000
gds_transistors = "unknown"
[dies.process]
foundry_name = "N5"
node_nm = 5
node_class = "16/14-or-below"
architecture = "finfet"
"""


def test_a_determination_is_linked_to_its_declaration(tmp_path: Path) -> None:
    declaration = declaration_file(tmp_path, World())
    source = tmp_path / "t.toml"
    source.write_text(DETERMINATION)
    told = document(succeeded(attest("determine", source, "--declaration", declaration)))
    payload = canonical(loads(declaration.read_bytes()))
    assert told["predicate"]["declaration"] == digest(payload)
    assert told["subject"] == loads(payload)["subject"]
    assert told["predicate"]["aatc_transistors"]["value"] == 12_000_000_000


def test_a_determination_is_linked_to_a_signed_declaration(tmp_path: Path) -> None:
    world = World()
    signed = loads(world.submission())["envelopes"][0]
    envelope = write_json(tmp_path / "d.json", signed)
    told = document(
        succeeded(
            attest(
                "determine", "-", "--format", "toml", "--declaration", envelope, stdin=DETERMINATION
            )
        )
    )
    assert told["predicate"]["declaration"] == digest(b64decode(signed["payload"]))


def test_a_determination_needs_a_declaration(tmp_path: Path) -> None:
    other = write_json(tmp_path / "x.json", {"v": 1})
    arguments = ["determine", "-", "--format", "toml", "--declaration"]
    check_failed(attest(*arguments, other, stdin=DETERMINATION), 2, "not-found")
    keyset = write_json(tmp_path / "k.json", {"v": 1, "party": {}, "keys": []})
    check_failed(attest(*arguments, keyset, stdin=DETERMINATION), 2, "unknown-predicate-type")
    declaration = declaration_file(tmp_path, World())
    determined = succeeded(attest(*arguments, declaration, stdin=DETERMINATION)).stdout
    (tmp_path / "t.json").write_text(determined)
    check_failed(
        attest(*arguments, tmp_path / "t.json", stdin=DETERMINATION), 2, "unknown-predicate-type"
    )
