"""Enrolling and revoking keys in a log: what people of the foundry signed is put in force."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from attest import encoding, schemas
from attest.errors import TrustError
from attest.keyset_change import check_changed, open_keyset_change, snapshot_with
from attest.log.writer import Draft, LogWriter
from attest.trust import load_trust
from service.acts import append_act, recorded_before
from service.records import Item, Records
from service.standing import active_standing


@dataclass(frozen=True)
class KeysetsChanged:
    """A keyset change with its entry, and the trust snapshot that it put in force.

    `trust_index` is the snapshot's entry, `trust` its digest; `replayed` that the same statement
    was recorded before.
    """

    change: Item
    trust_index: int
    trust: str
    replayed: bool


def change_keysets(
    writer: LogWriter, records: Records, *, change: bytes, at: dt.datetime
) -> KeysetsChanged:
    """Append a keyset change with its keysets and the new snapshot, in one commit.

    A statement that was recorded before gets the answer that it got then.

    Raises:
        InputError: the change, or a keyset in it, is not of its schema; key-malformed.
        TrustError: what `open_keyset_change` and `check_changed` raise.
        LogError: clock-backwards; head-moved and whatever else the store fails with.
    """
    standing = active_standing(records)
    try:
        opened = open_keyset_change(change, trust=standing.trust, at=at)
    except TrustError:
        known = recorded_before(records, change)
        if known is None:
            raise
        return _changed(records, known, replayed=True)
    before = standing.trust.keysets
    snapshot = snapshot_with(
        encoding.loads(standing.snapshot),
        out=[before[party] for party in opened.parties if party in before],
        keysets=opened.keysets,
    )
    released = {encoding.digest(raw): raw for raw in schemas.SCHEMAS.values()}
    given = {**opened.keysets, **released}
    try:
        trust = load_trust(snapshot, {**standing.bodies, **given})
    except TrustError as error:
        raise TrustError("keyset-change-not-possible", error.detail) from None
    check_changed(opened, before=standing.trust, after=trust)
    index = append_act(
        writer,
        records,
        act=Draft("keyset-change", change),
        snapshot=snapshot,
        trust=trust,
        given=given,
        at=at,
    )
    return _changed(records, index, replayed=False)


def _changed(records: Records, trust_index: int, *, replayed: bool) -> KeysetsChanged:
    snapshot = records.item(trust_index)
    change = records.item(trust_index - 1)
    return KeysetsChanged(change, trust_index, encoding.digest(snapshot.body), replayed)
