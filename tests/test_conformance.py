"""The vectors of conformance/: they come out the same again, cover every refusal, and hold here."""

from __future__ import annotations

import ast
import doctest
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey

import conformance.binary
import conformance.mldsa
from attest.encoding import Json, digest, encode_base64
from attest.errors import CODES
from conformance import run, subject
from conformance.binary import Documents, documents_of, expand, reader
from conformance.generate import write_all
from conformance.vectors import FOLDER, SUITES, Vector, read_vectors
from tests.world import ROOT

VECTORS = list(read_vectors())
READ = reader(FOLDER)
README = (FOLDER / "README.md").read_text("utf-8")
BYTES_MAX = 2_500_000

COVERED = {
    "attest/log/note.py": ("signed-note",),
    "attest/log/checkpoint.py": ("signed-note",),
    "attest/log/cosignature.py": ("cosignature",),
    "attest/log/proof.py": ("tlog-proof",),
    "attest/log/merkle.py": ("tlog-proof",),
    "attest/log/policy.py": ("policy",),
    "attest/log/misbehaviour.py": ("misbehaviour",),
    "attest/log/entry.py": ("entry", "tlog-proof"),
    "attest/keys.py": ("envelope",),
    "attest/envelope.py": ("envelope",),
    "attest/encoding.py": ("decision",),
    "attest/decision.py": ("decision",),
    "attest/trust.py": ("decision", "casefile"),
    "attest/mandate.py": ("decision",),
    "attest/certificates.py": ("decision",),
    "attest/certpath.py": ("decision",),
    "attest/casefile.py": ("casefile",),
    "attest/recorded.py": ("casefile",),
    "attest/review.py": ("casefile",),
    "attest/activation.py": ("act",),
    "attest/keyset_change.py": ("act",),
    "attest/acknowledgement.py": ("act",),
    "attest/witnessing.py": ("act",),
}
"""Modules, and the suites in which each code that they raise is expected at least once."""

NO_ANSWER = {
    "internal": "a defect of the program, which no input may bring about",
    "not-found": "making a proof, which no vector asks for",
}
STATUSES = {200, 400, 403, 404, 409, 413, 422}


def name_of(vector: Vector) -> str:
    return f"{vector.suite}-{vector.id}"


def files(folder: Path) -> dict[str, bytes]:
    """Everything that the generator writes, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in ("suites", "documents")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_library_gives_what_is_expected(vector: Vector) -> None:
    assert subject.answer(vector.suite, expand(vector.input, read=READ)) == vector.expect


def test_the_generator_writes_what_is_there(tmp_path: Path) -> None:
    """Byte for byte. If it does not: `python -m conformance.generate`, and read the difference."""
    assert write_all(tmp_path) == len(VECTORS)
    new, old = files(tmp_path), files(FOLDER)
    assert sorted(new) == sorted(old)
    assert [path for path, raw in new.items() if old[path] != raw] == []


def test_what_is_there_is_small_and_in_use() -> None:
    there = files(FOLDER)
    assert sum(map(len, there.values())) < BYTES_MAX
    used = set().union(*(documents_of(vector.input) for vector in VECTORS))
    used |= {
        v.expect["payload"] for v in VECTORS if v.suite == "decision" and "payload" in v.expect
    }
    documents = {path.rpartition("/")[2] for path in there if path.startswith("documents/")}
    assert {name.removeprefix("sha256:") for name in used} == documents
    assert all(digest(READ(name)) == name for name in used)


def test_every_suite_has_good_ones_and_bad_ones() -> None:
    for suite in SUITES:
        of_suite = [vector for vector in VECTORS if vector.suite == suite]
        assert len(of_suite) >= 25, suite
        assert any(vector.expect["result"] == "accept" for vector in of_suite)
        assert suite == "witness" or any(vector.code for vector in of_suite)
    assert {vector.code for vector in VECTORS} - {None} <= set(CODES)


def raised(module: str) -> set[str]:
    """The codes that stand in a module as the first argument of an error."""
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    return {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.endswith("Error")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in CODES
    }


@pytest.mark.parametrize("module", COVERED)
def test_every_code_of_a_module_is_expected_somewhere(module: str) -> None:
    codes = raised(module)
    assert codes
    expected = {vector.code for vector in VECTORS if vector.suite in COVERED[module]}
    assert codes - expected - set(NO_ANSWER) == set()


def test_every_answer_of_a_witness_is_expected_somewhere() -> None:
    answers = [answer for v in VECTORS if v.suite == "witness" for answer in v.expect["answers"]]
    assert {answer["status"] for answer in answers} == STATUSES


def members(value: Json) -> Iterator[str]:
    """The names of all members of an input or an outcome, but those of maps from names."""
    if isinstance(value, list):
        for item in value:
            yield from members(item)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            if name not in {"logs", "sizes", "groups", "results", "refs"}:
                yield from members(member)


def test_the_readme_defines_every_member_and_question() -> None:
    named = {name for v in VECTORS for part in (v.input, v.expect) for name in members(part)}
    named |= {vector.input["do"] for vector in VECTORS} | set(SUITES)
    assert {name for name in named if f"`{name}`" not in README} == set()


def a_few(folder: Path) -> Path:
    """A folder with a good and a refused vector of each suite."""
    shutil.copytree(FOLDER / "documents", folder / "documents")
    for suite in SUITES:
        of_suite = [vector for vector in VECTORS if vector.suite == suite]
        chosen = {vector.expect["result"]: vector for vector in of_suite}
        for vector in chosen.values():
            path = folder / vector.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(vector.to_text())
    return folder


def test_the_command_line_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = a_few(tmp_path)
    program = [sys.executable, "-m", "conformance.subject"]
    assert run.main(["--folder", str(folder), "--", *program]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["suite", "passed", "failed", "unsupported"]
    assert rows[1:] == [[s, "1" if s == "witness" else "2", "0", "0"] for s in SUITES]


def script(folder: Path, text: str) -> list[str]:
    """A program under test, as one would write it elsewhere."""
    path = folder / "program.py"
    path.write_text(f"import json, sys\nquestion = json.load(sys.stdin)\n{text}\n")
    return [sys.executable, str(path)]


@pytest.mark.parametrize(
    ("text", "options", "row", "status"),
    [
        ('print(\'{"result": "accept"}\')', [], ["0", "2", "0"], 1),
        ("sys.exit(3)", [], ["0", "0", "2"], 0),
        ("sys.exit(1)", [], ["0", "2", "0"], 1),
        ("print('no')", [], ["0", "2", "0"], 1),
        ('print(\'{"result": "refuse", "code": "x"}\')', [], ["0", "2", "0"], 1),
        ('print(\'{"result": "refuse"}\')', ["--any-code"], ["1", "1", "0"], 1),
    ],
)
def test_other_programs_are_judged(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    options: list[str],
    row: list[str],
    status: int,
) -> None:
    folder = a_few(tmp_path)
    command = ["--folder", str(folder), "--suite", "entry", *options, "--"]
    assert run.main([*command, *script(tmp_path, text)]) == status
    assert capsys.readouterr().out.splitlines()[-1].split() == ["entry", *row]


def test_a_runner_sees_base64_and_no_reference() -> None:
    for vector in VECTORS:
        text = json.dumps(expand(vector.input, read=READ))
        assert '"pieces"' not in text, name_of(vector)
        assert '"document"' not in text, name_of(vector)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "no such vector", "--", "true"], "no vector is chosen"),
        (["--", "no-such-program-anywhere"], "there is no such program"),
        (["--suite", "songs", "--", "true"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run.main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_what_subject_does_not_know() -> None:
    assert subject.answer("entry", {"do": "sing"}) is None
    assert subject.answer("songs", {"do": "read-entry"}) is None


def test_pieces_give_back_the_bytes() -> None:
    """Whatever was shared, and wherever a difference stands."""
    documents = Documents()
    shared = bytes(range(256)) * 8
    documents.share(shared)
    changes = [shared[:at] + b"\xff\x00" + shared[at + 1 :] for at in (0, 1, 31, 500, 2047)]
    for raw in [*changes, shared, shared * 2, b"", b"short", shared[::-1]]:
        written = documents.write(raw)
        assert expand(written, read=documents.bodies.__getitem__) == encode_base64(raw)


def test_a_changed_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / ("00" * 32)).write_bytes(b"another")
    with pytest.raises(ValueError, match="has changed"):
        reader(tmp_path)("sha256:" + "00" * 32)


def test_ml_dsa_without_chance() -> None:
    """The library confirms what is signed here, under the key that it makes of the same seed."""
    for kind, parameters in (
        (MLDSA44PrivateKey, conformance.mldsa.ML_DSA_44),
        (MLDSA65PrivateKey, conformance.mldsa.ML_DSA_65),
    ):
        for number in range(5):
            seed, message = bytes([number]) * 32, b"message" * number
            signature = conformance.mldsa.sign(seed, message, parameters)
            public = kind.from_seed_bytes(seed).public_key()
            public.verify(signature, message)
            with pytest.raises(InvalidSignature):
                public.verify(signature, message + b"!")
            assert conformance.mldsa.sign(seed, message, parameters) == signature


@pytest.mark.parametrize("module", [conformance.binary, conformance.mldsa])
def test_examples_in_the_modules(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted
    assert found.failed == 0
