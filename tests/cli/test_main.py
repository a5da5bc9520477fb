"""The group: help, exit codes, failures, the last catch, and what the start does not import."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.exceptions import NoArgsIsHelpError

from attest.cli import COMMANDS, main
from attest.cli.failures import (
    exit_code_of,
    exit_code_of_code,
    exit_code_of_failure,
    failure_document,
    report_failure,
)
from attest.errors import CODES, AttestError, InputError, InternalError, LogError, TrustError
from tests.cli.helpers import ROOT, attest, attest_process, check_failed, document, succeeded
from tests.cli.pages import json_members

CLASSES = {cls.__name__: cls for cls in AttestError.__subclasses__()}


def test_every_command_is_listed_with_the_help_it_has() -> None:
    context = click.Context(main)
    for name, short_help in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.short_help == short_help
    listed = succeeded(attest("--help")).stdout
    assert all(f"  {name} " in listed for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_common_options(name: str) -> None:
    text = succeeded(attest(name, "--help")).stdout
    if name not in ("keys", "lists", "log", "rules"):
        assert all(option in text for option in ("--json", "--plain", "--debug"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("json-malformed", 2),
        ("schema-violation", 2),
        ("pack-invalid", 2),
        ("bad-signature", 3),
        ("unknown-key", 3),
        ("wrong-audience", 3),
        ("root-mismatch", 6),
        ("decision-differs", 6),
        ("expired", 7),
        ("not-yet-valid", 7),
        ("superseded", 7),
        ("network", 8),
        ("remote", 8),
        ("too-few-signers", 9),
        ("role-not-permitted", 9),
        ("review-not-possible", 9),
        ("internal", 1),
    ],
)
def test_exit_code_of_a_code(code: str, expected: int) -> None:
    assert exit_code_of_code(code) == expected
    error = CLASSES[CODES[code].blame](code, "why")
    assert exit_code_of_failure(error) == expected


def test_every_code_has_an_exit_code_and_is_reported_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for code, about in CODES.items():
        error = CLASSES[about.blame](code, "the reason", pointer="/a/0", entry=7)
        error.add_note("some.json")
        exit_code = report_failure(error, as_json=False, plain=False)
        assert exit_code in {1, 2, 3, 6, 7, 8, 9}
        printed = capsys.readouterr()
        assert printed.out == ""
        for part in (code, about.title, "some.json entry 7 at /a/0", "the reason", about.mend):
            assert part in printed.err


def test_exit_codes_of_verdicts() -> None:
    assert [exit_code_of(word) for word in ("PASS", "FAIL", "HOLD")] == [0, 4, 5]


def test_a_failure_as_json_is_one_document_on_stdout() -> None:
    result = attest("inspect", "-", "--json", stdin="{")
    assert result.exit_code == 2
    told = document(result)
    assert told["code"] == "json-malformed"
    assert told["where"] == "stdin"
    assert told["exit"] == 2
    assert set(told) == json_members("a failure of any")
    assert result.stderr == ""


def test_wrong_usage_is_exit_code_1_and_says_where_help_is() -> None:
    told = check_failed(attest("nonsense"), 1, "usage")
    assert "No such command" in told
    assert "--help" in told
    told = check_failed(attest("sign"), 1, "usage")
    assert "sign --help" in told


@pytest.mark.parametrize("words", [[], ["rules"], ["log"]])
def test_no_command_at_all_gives_the_help(words: list[str]) -> None:
    result = attest(*words)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")
    assert "x FAIL" not in result.stderr.replace("✗", "x")


def test_no_command_at_all_as_json() -> None:
    result = attest("rules", "--json")
    assert document(result)["code"] == "usage"
    assert failure_document(NoArgsIsHelpError(click.Context(main)))["why"] == "a command is missing"


def test_an_unexpected_exception_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("the secret value")

    monkeypatch.setattr("attest.cli.explain.describe_code", broken)
    result = attest("explain", "expired")
    told = check_failed(result, 1, "internal")
    assert "unexpected KeyError" in told
    assert "secret" not in told
    assert isinstance(attest("explain", "expired", "--debug").exception, KeyError)


def test_a_failure_of_the_system_is_one_of_files(capsys: pytest.CaptureFixture[str]) -> None:
    failure = PermissionError(13, "Permission denied", "/secret")
    assert report_failure(failure, as_json=False, plain=True) == 2
    assert "permission denied" in capsys.readouterr().err


def test_a_place_is_named_once() -> None:
    error = LogError("root-mismatch", "x")
    error.add_note("log")
    error.add_note("log")
    assert failure_document(error)["where"] == "log"


def test_documents_of_failures() -> None:
    assert failure_document(InternalError("internal", "x"))["exit"] == 1
    assert failure_document(LogError("root-mismatch", "x"))["where"] == ""
    assert failure_document(InputError("base64", "x", pointer=""))["where"] == "at /"
    assert failure_document(click.ClickException("why"))["code"] == "usage"
    assert failure_document(TrustError("expired", "x"))["mend"] == CODES["expired"].mend


def test_stopping_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failure(KeyboardInterrupt(), as_json=False, plain=True) == 1
    assert capsys.readouterr().err.startswith("x FAIL  stopped")
    assert report_failure(click.Abort(), as_json=True, plain=False) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["code"] == "stopped"
    assert printed.err == ""


def test_a_reader_that_goes_away_is_no_failure_to_talk_about() -> None:
    script = f"{sys.executable} -m attest.cli rules show us-ear | head -c 1"
    ran = subprocess.run(["sh", "-c", script], capture_output=True, cwd=ROOT, timeout=60)
    assert len(ran.stdout) == 1
    assert ran.stderr == b""


HEAVY = {"rich", "pydantic", "cryptography", "jsonschema", "jsonschema_rs", "apsw", "http.client"}
HEAVY |= {"ssl", "attest.schemas", "attest.models"}
MATCHING = {"rapidfuzz", "opencc", "pypinyin", "anyascii", "attest.screening.glossary"}


@pytest.mark.parametrize(
    ("words", "heavy"), [(["--help"], HEAVY | MATCHING), (["lists", "--help"], MATCHING)]
)
def test_help_starts_without_the_heavy_libraries(words: list[str], heavy: set[str]) -> None:
    script = (
        "import sys\n"
        "from attest.cli import main\n"
        f"try: main({words})\n"
        "except SystemExit: pass\n"
        f"print(sorted({heavy} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=ROOT, timeout=60, check=True
    )
    assert ran.stdout.decode().splitlines()[-1] == "[]"


def test_a_real_process_keeps_stdout_and_stderr_apart() -> None:
    ran = attest_process("evaluate", "-", "--json", stdin=b"not json")
    assert ran.returncode == 2
    assert json.loads(ran.stdout)["code"] == "json-malformed"
    assert ran.stderr == b""
    ran = attest_process("evaluate", "-", stdin=b"not json")
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert b"json-malformed" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_a_stdout_that_is_not_utf8_gets_ascii() -> None:
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    ran = attest_process("explain", "PASS", env=environment)
    assert ran.returncode == 0
    ran.stdout.decode("ascii")
    ran = attest_process("explain", "no such thing", env=environment)
    assert ran.returncode == 2
    assert ran.stderr.decode("ascii").startswith("x FAIL")


def test_version() -> None:
    assert "foundry-attest 0.1" in succeeded(attest("--version")).stdout


@pytest.mark.parametrize("json", ["", " --json"])
@pytest.mark.parametrize("gone", ["> /dev/full", ">&-", "2>&-", "> /dev/full 2>&1", ">&- 2>&-"])
def test_a_failure_that_nobody_can_read_is_still_an_exit_code(gone: str, json: str) -> None:
    script = f"{sys.executable} -m attest.cli explain no-such-thing{json} {gone}"
    ran = subprocess.run(["sh", "-c", script], capture_output=True, cwd=ROOT, timeout=60)
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stdout + ran.stderr
    assert b"Exception ignored" not in ran.stderr


def test_a_result_that_cannot_be_written_is_a_failure() -> None:
    script = f"{sys.executable} -m attest.cli rules list --json > /dev/full"
    ran = subprocess.run(["sh", "-c", script], capture_output=True, cwd=ROOT, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, b"")


def test_the_name_of_a_file_may_be_any_bytes() -> None:
    script = f"{sys.executable} -m attest.cli inspect \"$(printf '\\377')\" --json"
    ran = subprocess.run(["sh", "-c", script], capture_output=True, cwd=ROOT, timeout=60)
    assert ran.returncode == 2
    assert json.loads(ran.stdout)["where"] == "?"
