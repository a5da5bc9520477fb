"""Signing behind a command: real processes, well-behaved and hostile ones."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from attest import keys
from attest.errors import RemoteError
from attest.signing import KeySigner
from attest.signing.command import CommandSigner
from tests.signing.service import key_service
from tests.world import derived_signer

SECONDS = 60
SIGNER = derived_signer("behind a command")


def asking(*argv: object, signer: KeySigner = SIGNER, seconds_max: int = SECONDS) -> CommandSigner:
    return CommandSigner(public=signer.public, argv=tuple(map(str, argv)), seconds_max=seconds_max)


def python(code: str) -> CommandSigner:
    return asking(sys.executable, "-c", code)


def refusal_of(signer: CommandSigner, message: bytes = b"m") -> str:
    with pytest.raises(RemoteError) as caught:
        signer.sign(message)
    assert caught.value.code == "signer"
    return caught.value.detail


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rsplit(")", 1)[1].split()[0] not in "ZX"


@pytest.mark.parametrize(
    ("algorithm", "form"),
    [
        *((algorithm, "raw") for algorithm in keys.ALGORITHMS),
        *((algorithm, "der") for algorithm in keys.CURVES),
    ],
)
def test_the_command_signs(tmp_path: Path, algorithm: str, form: str) -> None:
    """A key service in a process of its own; a DER answer with a high s comes out low and raw."""
    signer = derived_signer("service", algorithm)
    argv = key_service(tmp_path, signer, form)
    asked = CommandSigner(public=signer.public, argv=argv, seconds_max=SECONDS, der=form == "der")
    assert asked.keyid == signer.keyid
    for message in (b"", b"message", bytes(range(256)) * 4000):
        signer.public.check(asked.sign(message), message)


def test_arguments_are_not_read_by_a_shell(tmp_path: Path) -> None:
    """T-25: whatever stands in an argument reaches the program as it is, and nothing else runs."""
    hostile = ["; touch owned", "$(touch owned)", "`touch owned`", "| tee owned", "a b", "*", "-n"]
    code = (
        "import sys, pathlib;"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(repr(sys.argv[1:]))"
    )
    refusal_of(asking(sys.executable, "-c", code, *hostile))
    assert (tmp_path / "seen").read_text() == repr(hostile)
    assert [each.name for each in tmp_path.iterdir()] == ["seen"]
    assert not Path("owned").exists()


def test_the_message_is_not_in_the_arguments(tmp_path: Path) -> None:
    message = b"; touch owned\n\0\xff"
    code = (
        "import sys, pathlib;"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_bytes(sys.stdin.buffer.read())"
    )
    refusal_of(python(code), message)
    assert (tmp_path / "seen").read_bytes() == message


def test_what_it_says_is_not_repeated(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither stderr nor a stdout that is no signature reaches anybody."""
    code = "import sys; print('\\x1b[31msecret', file=sys.stderr); print('secret'); sys.exit(3)"
    told = refusal_of(python(code))
    assert told == "the command failed with exit code 3"
    assert "secret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "written",
    [b"", b"\0" * 64, b"\0" * 63, SIGNER.sign(b"another message"), SIGNER.sign(b"m") + b"\n"],
    ids=["nothing", "zeros", "short", "another message", "a line feed more"],
)
def test_a_false_signature_is_not_used(written: bytes) -> None:
    code = f"import sys; sys.stdout.buffer.write({written!r})"
    assert "no signature by the declared key" in refusal_of(python(code))


def test_the_signature_of_another_key_is_not_used(tmp_path: Path) -> None:
    argv = key_service(tmp_path, derived_signer("somebody else"), "raw")
    assert "no signature by the declared key" in refusal_of(asking(*argv))


def test_der_is_not_taken_for_raw_and_the_reverse(tmp_path: Path) -> None:
    signer = derived_signer("service", keys.ECDSA_P256)
    for form, der in (("raw", True), ("der", False)):
        (tmp_path / form).mkdir()
        argv = key_service(tmp_path / form, signer, form)
        asked = CommandSigner(public=signer.public, argv=argv, seconds_max=SECONDS, der=der)
        assert "no signature by the declared key" in refusal_of(asked)


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """Its children too: one that goes on would hold what the next one needs."""
    pids = tmp_path / "pids"
    script = tmp_path / "hang"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! $$ > {pids}\nwait\n")
    script.chmod(stat.S_IRWXU)
    assert "longer than 3 s" in refusal_of(asking(script, seconds_max=3))
    running = {int(pid) for pid in pids.read_text().split()}
    assert len(running) == 2
    while running:  # a signal takes its moment; the test's own timeout ends a failure
        running = {pid for pid in running if is_running(pid)}


def test_what_cannot_be_run(tmp_path: Path) -> None:
    assert "no such file" in refusal_of(asking(tmp_path / "none"))
    (tmp_path / "text").write_text("hello")
    assert "permission denied" in refusal_of(asking(tmp_path / "text"))
    (tmp_path / "text").chmod(stat.S_IRWXU)
    assert "exec format error" in refusal_of(asking(tmp_path / "text"))


def test_a_command_that_does_not_read_its_input() -> None:
    signature = SIGNER.sign(b"m" * 1_000_000)
    code = f"import sys; sys.stdout.buffer.write({signature!r})"
    assert python(code).sign(b"m" * 1_000_000) == signature


def test_a_command_that_is_killed() -> None:
    told = refusal_of(python("import os; os.kill(os.getpid(), 9)"))
    assert told == "the command failed with exit code -9"
