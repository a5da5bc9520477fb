"""The clock of the command line, and the dates and instants that replace it.

Nothing below `cli` reads a clock: a command asks here once and hands the instant on. Each command
that does so has an option to name the time instead, but for `sign --keyset`, which asks whether the
key is valid now.

>>> INSTANT.convert("2026-11-24T14:00:00Z", None, None).isoformat()
'2026-11-24T14:00:00+00:00'
>>> DATE.convert("2027-01-04", None, None).isoformat()
'2027-01-04'
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from attest.encoding import parse_date, parse_instant
from attest.errors import InputError


def now() -> dt.datetime:
    """This instant, in UTC and whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def today() -> dt.date:
    """This day, in UTC."""
    return now().date()


class _Instant(click.ParamType[dt.datetime]):
    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime:
        try:
            return value if isinstance(value, dt.datetime) else parse_instant(str(value))
        except InputError as error:
            self.fail(error.detail, param, ctx)


class _Date(click.ParamType[dt.date]):
    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.date:
        try:
            return value if isinstance(value, dt.date) else parse_date(str(value))
        except InputError as error:
            self.fail(error.detail, param, ctx)


INSTANT: Final = _Instant()
DATE: Final = _Date()
