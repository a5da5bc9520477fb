"""Appending an act of the foundry's people, and the trust snapshot that it puts in force.

The documents that the active snapshot does not name, the act and the new snapshot are appended in
one commit, so a log never holds half of a change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from attest.log.entry import parse_entry
from attest.log.writer import Draft, LogWriter
from attest.trust import STANDING, Trust
from attest.walk import ACTS
from service.records import Records, label, payload_of
from service.standing import active_snapshot

DOCUMENTS: Final = ("schema", *STANDING)


def append_act(
    writer: LogWriter,
    records: Records,
    *,
    act: Draft,
    snapshot: bytes,
    trust: Trust,
    given: Mapping[str, bytes],
    at: dt.datetime,
) -> int:
    """Append an act that holds and its snapshot; returns the index of the new trust entry.

    `trust` is the snapshot opened, `given` its documents, by digest, that may not be active yet.

    Raises:
        LogError: clock-backwards; head-moved and whatever else the store fails with.
    """
    number, before = active_snapshot(records)
    places = {
        parse_entry(records.entry(index)).commit: index
        for kind in DOCUMENTS
        for index in parse_entry(records.entry(before)).refs.get(kind, ())
    }
    first = writer.head.size
    drafts: list[Draft] = []
    refs: dict[str, list[int]] = {}
    for kind in DOCUMENTS:
        for name in trust.documents[kind]:
            if name not in places:
                places[name] = first + len(drafts)
                drafts.append(Draft(kind, given[name]))
            refs.setdefault(kind, []).append(places[name])
    refs[act.kind] = [first + len(drafts)]
    drafts.append(act)
    index = first + len(drafts)
    drafts.append(Draft("trust", snapshot, refs))
    writer.append(drafts, at=at, labels=[(label("trust", str(number + 1)), index)])
    return index


def recorded_before(records: Records, act: bytes) -> int | None:
    """The trust entry that follows the same statement, however that was signed, if there is one.

    `act` is an envelope of its schema.
    """
    payload = payload_of(act)
    number = 2  # the first one is the log's founding
    while (index := records.find("trust", str(number))) is not None:
        refs = parse_entry(records.entry(index)).refs
        (recorded,) = (place for kind in ACTS for place in refs.get(kind, ()))
        if payload_of(records.item(recorded).body) == payload:
            return index
        number += 1
    return None
