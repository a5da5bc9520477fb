"""The verifier keys of a log: two lines in a file, held by the reader and never taken on trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from attest.cli import files
from attest.cli.failures import about
from attest.errors import InputError
from attest.log.checkpoint import LogKeys

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


def log_keys_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--log-keys`."""
    return click.option(
        "--log-keys",
        metavar="FILE",
        required=required,
        help="The log's two verifier keys, as you hold them.",
    )
