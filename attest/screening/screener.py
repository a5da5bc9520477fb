"""The lists of a trust snapshot: named by digest, opened and indexed when they are first needed.

A log may hold the lists of many days, each some megabytes, so that a trust snapshot only remembers
where they are. Only the indexes that were used last stay in memory:

>>> import datetime as dt
>>> from attest.screening.snapshot import ListEntry, write_snapshot
>>> entry = ListEntry(list="EL", id="1", kind="entity", names=("Sugon",))
>>> raw = write_snapshot(code="EL", source="an example", source_digest=digest(b""),
...     as_of=dt.date(2026, 7, 31), entries=[entry])
>>> lists = Screener([digest(raw)], {digest(raw): raw})
>>> [used.list for used in lists.index.used]
['EL']
>>> Screener([digest(raw)], {}) == lists, Screener([digest(b"")], {}) == lists
(True, False)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from attest.encoding import digest
from attest.errors import TrustError
from attest.screening.match import Index
from attest.screening.snapshot import read_snapshot

_INDEXES_KEPT: Final = 2


class Screener:
    """Snapshots of lists by digest; equal to another one of the same snapshots."""

    def __init__(self, names: Iterable[str], bodies: Mapping[str, bytes]) -> None:
        self.names = tuple(sorted(names))
        self._bodies = bodies

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Screener) and other.names == self.names

    def __hash__(self) -> int:
        return hash(self.names)

    @property
    def index(self) -> Index:
        """The index of these snapshots.

        Raises:
            TrustError: trust-incomplete (a snapshot is missing, or another one).
            InputError: a snapshot is not of its schema; two are of one list.
        """
        return _indexed(self)

    def snapshot(self, name: str) -> bytes:
        """The bytes of a snapshot.

        Raises:
            TrustError: trust-incomplete.
        """
        raw = self._bodies.get(name)
        if raw is None or digest(raw) != name:
            raise TrustError("trust-incomplete", "a list that the snapshot names is missing")
        return raw


@lru_cache(maxsize=_INDEXES_KEPT)
def _indexed(lists: Screener) -> Index:
    return Index.of(read_snapshot(lists.snapshot(name)) for name in lists.names)
