"""What every decision rests on: the newest trust snapshot of a log, with its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from attest.encoding import digest
from attest.errors import TrustError
from attest.log.entry import parse_entry
from attest.trust import STANDING, Trust, load_trust
from service.records import Records


@dataclass(frozen=True)
class Standing:
    """What every decision rests on: the active trust, its documents and their entries.

    `snapshot` is the document of `trust`, `bodies` what it is opened with, by digest; `refs` maps
    `trust`, `keyset`, `list`, `mandate` and `pack` to sorted entry indices (SPEC 12.6).
    """

    trust: Trust
    snapshot: bytes
    bodies: Mapping[str, bytes]
    refs: Mapping[str, tuple[int, ...]]

    def screening_as(self, before: Standing) -> Standing:
        """The same with the lists as they were opened before, where they are the same ones."""
        if self.trust.documents["list"] != before.trust.documents["list"]:
            return self
        return replace(self, trust=replace(self.trust, lists=before.trust.lists))


def active_standing(records: Records) -> Standing:
    """Open the newest trust snapshot of a log.

    Raises:
        TrustError: trust-incomplete.
        InputError, RuleError: a document of the snapshot is not what it should be.
    """
    _, index = active_snapshot(records)
    snapshot = records.item(index)
    named = parse_entry(snapshot.entry).refs
    refs = {kind: named[kind] for kind in STANDING if kind in named}
    raws = [records.item(at).body for indices in refs.values() for at in indices]
    bodies = {digest(raw): raw for raw in raws}
    return Standing(
        trust=load_trust(snapshot.body, bodies),
        snapshot=snapshot.body,
        bodies=bodies,
        refs={"trust": (index,), **refs},
    )


def active_snapshot(records: Records) -> tuple[int, int]:
    """The newest trust snapshot of a log: which one it is, from 1, and the index of its entry.

    Raises:
        TrustError: trust-incomplete (there is none).
    """
    number, index = 0, None
    while (later := records.find("trust", str(number + 1))) is not None:
        number, index = number + 1, later
    if index is None:
        raise TrustError("trust-incomplete", "the log holds no trust snapshot")
    return number, index
