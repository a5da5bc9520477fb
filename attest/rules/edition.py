"""A pack with what its document tells beside the rules: params as cited, days on which it turns.

>>> from attest.encoding import canonical
>>> limit = {"name": "limit", "type": "int", "tested_on": "completion", "versions": [{
...     "from": "2027-01-01", "value": 35, "citation": "Note 1.b", "confidence": "A",
...     "as_of": "2026-07-23"}]}
>>> rule = {"name": "below", "title": "Below", "kind": "scope", "versions": [{
...     "from": "2025-01-31", "tested_on": "completion", "citation": "Note 1.b",
...     "confidence": "A", "as_of": "2026-07-23", "holds": "item.units < params.limit",
...     "says": {"pass": "Below.", "fail": "Not below.", "unknown": "Not known."}}]}
>>> edition = open_edition(canonical({"v": 1, "engine": 1, "id": "a", "edition": "2026-11-24",
...     "layer": "house", "title": "A", "effective": {"from": "2025-01-31"}, "params": [limit],
...     "definitions": [], "ambiguities": [], "rules": [rule]}))
>>> new_year = dt.date(2027, 1, 1).toordinal()
>>> edition.version("params.limit", Facts({"transaction.completion_date": new_year}))
Version(first=739982, last=3652059, value=35, citation='Note 1.b')
>>> edition.version("params.limit", Facts({"transaction.completion_date": new_year - 1}))
>>> new_year in edition.turns.fixed
True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from attest import limits
from attest.encoding import Json, loads
from attest.rules.facts import Facts
from attest.rules.pack import OPEN_END, Pack, compile_pack
from attest.rules.turns import Turns


class Version(NamedTuple):
    """One version of a param: first and last day as ordinals, value as JSON, citation."""

    first: int
    last: int
    value: Json
    citation: str


@dataclass(frozen=True, eq=False)
class Edition:
    """A pack, and what its document tells beside: the days it turns on, its params as cited."""

    pack: Pack
    turns: Turns
    params: Mapping[str, tuple[Version, ...]]

    def version(self, name: str, facts: Facts) -> Version | None:
        """The version of a param, by full name, that is in force for these facts."""
        known = self.pack.params[name].tested_on if name in self.pack.params else ""
        day = facts.values.get(f"transaction.{known}_date")
        for version in self.params.get(name, ()):
            if isinstance(day, int) and version.first <= day <= version.last:
                return version
        return None


@lru_cache(maxsize=16)
def open_edition(raw: bytes) -> Edition:
    """Compile a pack document (SPEC 8) and read what it dates.

    Raises:
        RuleError: pack-invalid, expression-invalid, engine-unknown.
    """
    pack = compile_pack(raw)
    document = loads(raw, bytes_max=limits.PACK_BYTES_MAX)
    params = {
        f"params.{param['name']}": tuple(map(_version, param["versions"]))
        for param in document["params"]
    }
    return Edition(pack, Turns.of(document), params)


def _version(version: Json) -> Version:
    until = version.get("until")
    return Version(
        first=dt.date.fromisoformat(version["from"]).toordinal(),
        last=dt.date.fromisoformat(until).toordinal() if until else OPEN_END,
        value=version["value"],
        citation=version["citation"],
    )
