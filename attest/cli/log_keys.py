"""The verifier keys of a log: two lines in a file, held by the reader and never taken on trust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from attest import limits
from attest.cli import files
from attest.cli.failures import about
from attest.cli.screen import Screen
from attest.errors import InputError
from attest.log.checkpoint import LogKeys
from attest.log.policy import Policy, parse_policy

STORE: Final = "log.sqlite"
VKEYS: Final = "log.vkeys"
_BYTES_MAX: Final = 64 * 1024


def read_log_keys(path: str) -> LogKeys:
    """Read a file with the two verifier keys of a log (SPEC 13).

    Raises:
        InputError: file, too-large, key-malformed.
    """
    raw = files.read_bytes(path, bytes_max=_BYTES_MAX)
    with about(files.name_of(path)):
        try:
            lines = raw.decode("ascii").splitlines()
        except UnicodeDecodeError:
            raise InputError("key-malformed", "verifier keys are lines of ASCII") from None
        return LogKeys.parse(lines)


def read_policy(path: str) -> Policy:
    """Read a file that names witnesses (SPEC 13.3).

    Raises:
        InputError: file, too-large, policy-malformed.
    """
    raw = files.read_bytes(path, bytes_max=limits.POLICY_CHARACTERS_MAX)
    with about(files.name_of(path)):
        return parse_policy(raw.decode("utf-8", "replace"))


def find_log(screen: Screen, path: Path, log_keys: str | None) -> tuple[Path, LogKeys]:
    """The log at a path (its folder, its store or an export), and the keys to check it with.

    Those beside a store serve when none are given.

    Raises:
        InputError: file, too-large, key-malformed.
    """
    live = path / STORE if (path / STORE).is_file() else path
    beside = live.with_name(VKEYS)
    if log_keys is None and not (live.is_file() and beside.is_file()):
        raise click.UsageError("a log is checked with --log-keys, as you hold them")
    if log_keys is None:
        screen.say("! Checked with the keys beside the log; readers use the keys they hold.")
    return live, read_log_keys(log_keys or str(beside))


def log_keys_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--log-keys`."""
    return click.option(
        "--log-keys",
        metavar="FILE",
        required=required,
        help="The log's two verifier keys, as you hold them.",
    )
