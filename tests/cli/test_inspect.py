"""`attest inspect`: every kind of document, faults, what leaves."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest

from attest.cli.documents import recognise
from attest.cli.sentences import what_leaves
from attest.encoding import canonical, encode_base64, loads
from attest.errors import InputError
from tests.cli.helpers import (
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
from tests.mutations import name_of
from tests.world import DECLARATION, World, pack_bytes

EXAMPLES = sorted((ROOT / "examples" / "documents").glob("*.json"))
KINDS = (
    *("envelope", "statement", "submission", "keyset", "trust", "pack", "proof", "entry"),
    *("casefile", "problem"),
)


@pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if name_of(path.stem) in KINDS],
    ids=lambda path: path.stem,
)
def test_the_example_documents(path: Path) -> None:
    told = document(succeeded(attest("inspect", path, "--json")))
    assert path.name.startswith(told["kind"])
    assert set(told) == json_members("`inspect`")
    assert told["verified"] is False
    assert told["faults"] == []
    result = succeeded(attest("inspect", path))
    assert told["digest"] in result.stdout
    assert "Nothing was verified" in result.stderr


def test_examples_of_every_kind_are_there() -> None:
    for kind in KINDS:
        assert any(path.name.startswith(kind) for path in EXAMPLES), kind


def test_a_declaration_in_words(tmp_path: Path) -> None:
    text = succeeded(attest("inspect", declaration_file(tmp_path, World()))).stdout
    assert "The product is Tianqiu A1" in text
    assert "package.hbm: no (first-hand)" in text


def test_a_submission_shows_each_statement(tmp_path: Path) -> None:
    path = tmp_path / "submission.json"
    path.write_bytes(World().submission(fabricator={}))
    told = document(succeeded(attest("inspect", path, "--json")))
    kinds = [each["statement"]["predicateType"] for each in told["statements"]]
    assert kinds == ["urn:foundry-attest:declaration:v1", "urn:foundry-attest:determination:v1"]
    text = succeeded(attest("inspect", path)).stdout
    assert "I attest as front-end-fabricator" in text


def test_a_decision_shows_its_findings(tmp_path: Path) -> None:
    world = World()
    path = tmp_path / "decision.json"
    path.write_bytes(decision_of(world, world.submission()))
    text = succeeded(attest("inspect", path)).stdout
    assert "Verdict: ! HOLD" in text
    assert "n1_presumption" in text
    path.write_bytes(decision_of(world, world.submission({"audience": "somebody-else"})))
    assert "wrong-audience" in succeeded(attest("inspect", path)).stdout


def test_a_keyset_lists_its_keys(tmp_path: Path) -> None:
    world = World()
    path = tmp_path / "keyset.json"
    path.write_bytes(world.foundry.keyset())
    text = succeeded(attest("inspect", path)).stdout
    for part in ("decision", "review", "Wei Lin", world.decision_signer.keyid[:20]):
        assert part in text


def test_a_keyset_shows_its_legal_entity() -> None:
    (path,) = (each for each in EXAMPLES if each.name == "keyset-entity.json")
    text = succeeded(attest("inspect", path)).stdout
    for part in (
        "LEI 529900EXAMPLE0000170",
        "Example Register of Companies: 00000000",
        "formerly Example Silicon Co., Ltd.",
        "headquarters in TW",
        "ultimate parent Example Design Holding Co., Ltd., TW",
        "site 1 Example Road, TW",
    ):
        assert f"{part}\n" in text


def test_a_pack_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_bytes(pack_bytes("us-ear"))
    assert "us-ear" in succeeded(attest("inspect", path)).stdout
    proof = loads(
        next(path for path in EXAMPLES if path.name.startswith("proof")).read_bytes(),
        string_bytes_max=10**6,
    )
    text = b64decode(proof["tlog_proof"])
    told = document(succeeded(attest("inspect", "-", "--json", stdin=text)))
    assert told["kind"] == "tlog-proof"
    note = text.partition(b"\n\n")[2]
    told = document(succeeded(attest("inspect", "-", "--json", stdin=note)))
    assert told["kind"] == "checkpoint"


def test_faults_are_listed_and_give_exit_code_2(tmp_path: Path) -> None:
    broken = World().declaration()
    del broken["end_use"]
    broken["dies"][0]["units"] = 0
    path = write_json(
        tmp_path / "d.json",
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "x", "digest": {"sha256": "00" * 32}}],
            "predicateType": "urn:foundry-attest:declaration:v1",
            "predicate": broken,
        },
    )
    told = document(succeeded(attest("inspect", path, "--json"), 2))
    assert {each["pointer"] for each in told["faults"]} == {"/predicate", "/predicate/dies/0/units"}
    assert "at /predicate/dies/0/units" in succeeded(attest("inspect", path), 2).stdout


@pytest.mark.parametrize(
    "raw",
    [
        b'{"payload": 1, "payloadType": 2, "signatures": 3}',
        b'{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "e30="}]}',
        b'{"payload": "!", "payloadType": "x", "signatures": [1]}',
        b'{"v": 1, "envelopes": 7}',
        b'{"v": 1, "envelopes": [7]}',
        b'{"v": 1, "party": 1, "keys": 2}',
        b'{"v": 1, "entry": 1, "tlog_proof": []}',
        b'{"v": 1, "entry": "!", "tlog_proof": "e30="}',
        b'{"_type": 1, "predicateType": 2, "predicate": 3}',
        b'{"_type": 1, "predicateType": [], "predicate": {"knowledge": 3}}',
        b'{"v": 1, "submission": 1, "decision": 2}',
        b'{"code": 1, "status": {"a": 2}, "mend": [3]}',
        b'{"v": 1, "foundry": 1, "keysets": {}}',
        b'{"id": 1, "decision": 2, "proof": 3}',
        b'{"id": 1, "envelope": {}, "proof": {}}',
    ],
)
def test_documents_of_the_wrong_shape_are_shown_with_their_faults(raw: bytes) -> None:
    result = attest("inspect", "-", stdin=raw)
    assert result.exit_code == 2, result.stderr
    assert "FAIL" in result.stdout
    assert document(succeeded(attest("inspect", "-", "--json", stdin=raw), 2))["faults"]


def test_a_case_file_that_holds_something_else() -> None:
    case = next(path for path in EXAMPLES if path.name.startswith("casefile"))
    content = loads(case.read_bytes(), bytes_max=10**7, string_bytes_max=10**7)
    content["decision"]["body"] = encode_base64(b"nonsense")
    content["submission"]["body"] = encode_base64(World().designer.keyset())
    told = document(succeeded(attest("inspect", "-", "--json", stdin=canonical(content)), 2))
    assert [each["pointer"] for each in told["faults"]] == ["/decision/body"]


def test_an_envelope_whose_payload_is_no_json() -> None:
    envelope = {
        "payload": encode_base64(b"nonsense"),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": encode_base64(bytes(64))}],
    }
    told = document(succeeded(attest("inspect", "-", "--json", stdin=canonical(envelope)), 2))
    assert [each["pointer"] for each in told["faults"]] == ["/payload"]


@pytest.mark.parametrize(
    "raw", [b"c2sp.org/tlog-proof@v1\n", b"x\n\n\xe2\x80\x94 ", b"a\n1\n\n\xe2\x80\x94 a AAAA\n"]
)
def test_texts_that_are_not_what_they_look_like(raw: bytes) -> None:
    told = document(succeeded(attest("inspect", "-", "--json", stdin=raw), 2))
    assert "malformed" in told["faults"][0]["why"]


@pytest.mark.parametrize("raw", [b"{}", b"[]", b"7", b'"x"', b"null", b'{"v": 1}'])
def test_what_is_no_document_of_ours(raw: bytes) -> None:
    with pytest.raises(InputError) as caught:
        recognise(raw)
    assert caught.value.code == "not-found"
    check_failed(attest("inspect", "-", stdin=raw), 2, "not-found")


def test_a_missing_file(tmp_path: Path) -> None:
    told = check_failed(attest("inspect", tmp_path / "none.json"), 2, "file")
    assert "none.json" in told


def test_what_leaves_names_every_place_once(tmp_path: Path) -> None:
    design = [
        {"form": "file", "sha256": "00" * 32, "describes": "layout"},
        {"form": "commitment", "sha256": "11" * 32, "describes": "netlist"},
    ]
    told = what_leaves({**DECLARATION, "design": design, "supersedes": "sha256:" + "22" * 32})
    assert told["commitments"] == ["design.1.sha256"]
    assert told["digests"] == ["design.0.sha256", "supersedes"]
    assert "end_use" in told["clear"]
    assert any("salts" in each for each in told["stays"])
    path = declaration_file(tmp_path, World(), design=design)
    shown = document(succeeded(attest("inspect", path, "--what-leaves", "--json")))
    places = shown["what_leaves"][0]
    assert places["commitments"] == ["design.1.sha256"]
    text = succeeded(attest("inspect", path, "--what-leaves")).stdout
    assert "as salted commitment (opened only with the salt): 1" in text
    assert "never leaves: 3" in text


def test_what_leaves_needs_a_statement() -> None:
    keyset = World().designer.keyset()
    check_failed(attest("inspect", "-", "--what-leaves", stdin=keyset), 1, "usage")


def test_hostile_words_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """A document cannot hold an escape (the JSON door), and the rest is printed literally."""
    path = declaration_file(tmp_path, World(), end_use="[bold red]buy[/] {0} %s \\x1b[31m")
    text = succeeded(attest("inspect", path)).stdout
    assert "[bold red]buy[/] {0} %s \\x1b[31m" in text
    raw = canonical(loads(path.read_bytes())).replace(b"buy", b"b\\u001buy")
    check_failed(attest("inspect", "-", stdin=raw), 2, "json-text")


@pytest.mark.parametrize("text", [b"c2sp.org/tlog-proof@v1\n", b"log\n1\n\n\xe2\x80\x94 log x\n"])
def test_a_case_file_that_holds_no_documents(text: bytes) -> None:
    path = ROOT / "examples" / "documents" / "casefile.json"
    case = loads(path.read_bytes(), string_bytes_max=10**6)
    case["submission"]["body"] = encode_base64(text)
    raw = canonical(case)
    told = document(succeeded(attest("inspect", "-", "--json", stdin=raw), 2))
    assert "/submission/body" in [fault["pointer"] for fault in told["faults"]]
    assert "cannot stand here" in succeeded(attest("lint", "-", stdin=raw), 2).stdout
