"""Options that name timestamp authorities: where to ask, whom to believe, how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from attest.log.timestamp import Authorities
from service.runtime import Timestamping

_OPTIONS = (
    click.option(
        "--timestamp",
        "timestamps",
        metavar="URL",
        multiple=True,
        help="A timestamp authority (RFC 3161) to ask; may be repeated. Needs --timestamp-root.",
    ),
    click.option(
        "--timestamp-root",
        "roots",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        help="Root certificates (PEM) of the authorities; may be repeated.",
    ),
    click.option(
        "--timestamp-every",
        "hours",
        metavar="HOURS",
        type=click.IntRange(1, 24 * 366),
        default=24,
        show_default=True,
        help="How often each authority is asked.",
    ),
)


def timestamp_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--timestamp`, `--timestamp-root` and `--timestamp-every`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def timestamping_of(
    timestamps: tuple[str, ...], roots: tuple[Path, ...], hours: int
) -> Timestamping | None:
    """What the options say, None where nobody is to be asked.

    Raises:
        InputError: key-malformed.
    """
    if bool(timestamps) != bool(roots):
        raise click.UsageError("--timestamp and --timestamp-root need each other")
    if not timestamps:
        return None
    authorities = Authorities.parse(b"\n".join(path.read_bytes() for path in roots))
    return Timestamping(timestamps, authorities, dt.timedelta(hours=hours))
