"""From anything that can go wrong to an exit code and four lines for a person.

Every failure says what happened, where, why and how to mend it; with `--json` the same stands as
one JSON document on stdout. Exit codes follow the blame, with named exceptions:

>>> from attest.errors import LogError, TrustError
>>> exit_code_of_failure(TrustError("bad-signature", "…"))
3
>>> exit_code_of_failure(TrustError("expired", "…"))
7
>>> exit_code_of_failure(LogError("root-mismatch", "…")), exit_code_of_failure(ValueError())
(6, 1)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import click
from click.exceptions import NoArgsIsHelpError

from attest.cli.screen import Screen
from attest.encoding import Json
from attest.errors import CODES, AttestError, InputError

_BY_VERDICT: Final[Mapping[str, int]] = {"PASS": 0, "FAIL": 4, "HOLD": 5}
_BY_BLAME: Final[Mapping[str, int]] = {
    "InputError": 2,
    "TrustError": 3,
    "RuleError": 2,
    "LogError": 6,
    "RemoteError": 8,
    "InternalError": 1,
}
_BY_CODE: Final[Mapping[str, int]] = {
    "algorithm-missing": 9,
    "decision-differs": 6,
    "expired": 7,
    "list-implausible": 9,
    "list-stale": 7,
    "not-yet-valid": 7,
    "superseded": 7,
    "review-not-possible": 9,
    "role-not-permitted": 9,
    "too-few-signers": 9,
}


def exit_code_of(verdict: str) -> int:
    """The exit code of a verdict."""
    return _BY_VERDICT[verdict]


def exit_code_of_code(code: str) -> int:
    """The exit code of a code of `CODES`."""
    return _BY_CODE.get(code, _BY_BLAME[CODES[code].blame])


def exit_code_of_failure(failure: BaseException) -> int:
    """The exit code of an exception; 1 when it is not an `AttestError`."""
    return exit_code_of_code(failure.code) if isinstance(failure, AttestError) else 1


@contextmanager
def about(name: str) -> Iterator[None]:
    """Note on every error raised inside that it is about the file or document `name`."""
    try:
        yield
    except AttestError as error:
        error.add_note(name)
        raise


def wants(flag: str, arguments: Sequence[str]) -> bool:
    """Whether the flag stands among the arguments of the command line."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return flag in options


def report_failure(failure: BaseException, *, as_json: bool, plain: bool) -> int:
    """Print the failure, as far as somebody reads, and return its exit code."""
    if isinstance(failure, BrokenPipeError):
        _fall_silent()
        return 1
    if isinstance(failure, OSError):
        failure = InputError("file", (failure.strerror or "cannot be used").lower())
    screen = Screen.open(as_json=as_json, plain=plain)
    document = failure_document(failure)
    try:
        screen.document(document)
        if isinstance(failure, NoArgsIsHelpError) and not as_json:
            screen.say(failure.format_message())
        elif not as_json:
            screen.failure(document)
    except OSError:
        _fall_silent()
    return exit_code_of_failure(failure)


def _fall_silent() -> None:
    """Drop what is still to be written: its reader has gone, or its disk is full."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)


def failure_document(failure: BaseException) -> dict[str, Json]:
    """A failure as data: `code`, `title`, `where`, `why`, `mend`, `exit` (SPEC 17 without HTTP)."""
    if isinstance(failure, AttestError):
        return {
            "code": failure.code,
            "title": CODES[failure.code].title,
            "where": _place(failure),
            "why": failure.detail,
            "mend": failure.mend,
            "exit": exit_code_of_failure(failure),
        }
    if isinstance(failure, click.ClickException):
        command = (
            failure.ctx.command_path
            if isinstance(failure, click.UsageError) and failure.ctx
            else "attest"
        )
        return {
            "code": "usage",
            "title": "The command was not called as it should be",
            "where": command,
            "why": "a command is missing"
            if isinstance(failure, NoArgsIsHelpError)
            else failure.format_message(),
            "mend": f"See {command} --help.",
            "exit": 1,
        }
    if isinstance(failure, KeyboardInterrupt | click.Abort):
        return {
            "code": "stopped",
            "title": "Stopped before it was done",
            "where": "",
            "why": "interrupted, or not agreed to",
            "mend": "Run it again.",
            "exit": 1,
        }
    return {
        "code": "internal",
        "title": CODES["internal"].title,
        "where": "",
        "why": f"unexpected {type(failure).__name__}",
        "mend": "Run it again with --debug and report what it shows.",
        "exit": 1,
    }


def _place(error: AttestError) -> str:
    places = list(getattr(error, "__notes__", ()))
    if error.entry is not None:
        places.append(f"entry {error.entry}")
    if error.pointer is not None:
        places.append(f"at {error.pointer or '/'}")
    return " ".join(dict.fromkeys(places))
