"""Lists of the simulated world: invented parties, one of them an address, one with a number."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from attest.encoding import digest
from attest.screening.snapshot import Identifier, ListEntry, write_snapshot

DAY: Final = dt.date(2026, 11, 23)
NUMBER: Final = "91110108EXAMPLE001"

ENTRIES: Final = (
    ListEntry(
        list="EL",
        id="1",
        kind="entity",
        names=("Beijing Example Huaxin Semiconductor Co., Ltd.", "Huaxin Example"),
        countries=("CN",),
        footnotes=(4,),
    ),
    ListEntry(
        list="SDN",
        id="2",
        kind="entity",
        names=("Qiming Numbered Trading Ltd.",),
        countries=("CN",),
        identifiers=(Identifier("uscc", NUMBER),),
    ),
)


def snapshot(*entries: ListEntry, code: str = "CSL", as_of: dt.date = DAY) -> bytes:
    """A snapshot of a list with these entries; of all of them where none is given."""
    return write_snapshot(
        code=code,
        source="invented",
        source_digest=digest(code.encode()),
        as_of=as_of,
        entries=entries or ENTRIES,
    )


def named_list(raw: bytes, *, code: str = "CSL", as_of: dt.date = DAY) -> dict[str, Any]:
    """A list as an activation or a decision names it."""
    return {"list": code, "as_of": as_of.isoformat(), "digest": digest(raw)}
