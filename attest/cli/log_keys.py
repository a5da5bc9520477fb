"""The verifier keys of a log: two lines in a file, held by the reader and never taken on trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from attest import limits
from attest.cli import files
from attest.cli.failures import about
from attest.errors import InputError
from attest.log.checkpoint import LogKeys
from attest.log.policy import Policy, parse_policy

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


def log_keys_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--log-keys`."""
    return click.option(
        "--log-keys",
        metavar="FILE",
        required=required,
        help="The log's two verifier keys, as you hold them.",
    )
