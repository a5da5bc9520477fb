"""What people of the foundry sign for its log: the packs in force, and its witnesses.

The service is stopped while this runs: one process has the folder open for writing. The packs and
lists that the active snapshot does not name, the schemas of this version, the activation and the
new snapshot are appended in one commit, so a log never holds half of a change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attest import encoding, schemas
from attest.activation import check_activated, open_activation, snapshot_after
from attest.errors import TrustError
from attest.log.writer import Draft, LogWriter
from attest.trust import load_trust, open_lists
from attest.witnessing import open_policy
from service.acts import append_act, recorded_before
from service.records import Records
from service.standing import active_standing


def activate(
    writer: LogWriter,
    records: Records,
    *,
    activation: bytes,
    packs: Sequence[bytes],
    lists: Sequence[bytes] = (),
    mandate: bytes | None = None,
    at: dt.datetime,
) -> int:
    """Append an activation with what it needs; returns the index of the new trust entry.

    `packs`, `lists` and `mandate` are the documents that the active snapshot does not name.

    Raises:
        InputError: the activation, a list or the mandate is not of its schema.
        TrustError: what `open_activation` and `check_activated` raise; trust-incomplete (a
            document that it names is neither given nor active); activation-not-possible (it was
            recorded before: the snapshot that it replaces may be in force a second time).
        RuleError: a pack is broken.
        LogError: clock-backwards; head-moved and whatever else the store fails with.
    """
    standing = active_standing(records)
    opened = open_activation(activation, trust=standing.trust, at=at)
    if recorded_before(records, activation) is not None:
        raise TrustError("activation-not-possible", "it was recorded before; sign a new one")
    snapshot = snapshot_after(
        encoding.loads(standing.snapshot),
        packs=[pack.digest for pack in opened.activation.packs],
        mode=opened.activation.mode,
        lists=[each.digest for each in opened.activation.lists or ()],
        mandate=opened.activation.mandate,
    )
    mandates = [] if mandate is None else [mandate]
    documents = (*packs, *lists, *mandates, *schemas.SCHEMAS.values())
    given = {encoding.digest(raw): raw for raw in documents}
    trust = load_trust(snapshot, {**standing.bodies, **given})
    check_activated(
        opened,
        before=standing.trust,
        after=trust,
        lists={each.digest: each for each in open_lists(trust)},
    )
    return append_act(
        writer,
        records,
        act=Draft("activation", activation),
        snapshot=snapshot,
        trust=trust,
        given=given,
        at=at,
    )


def record_policy(writer: LogWriter, records: Records, *, policy: bytes, at: dt.datetime) -> int:
    """Append a policy that names the log's witnesses; returns the index of its entry.

    Raises:
        InputError, TrustError: what `open_policy` raises.
        LogError: clock-backwards; head-moved and whatever else the store fails with.
    """
    standing = active_standing(records)
    open_policy(policy, trust=standing.trust, at=at, origin=writer.keys.origin)
    index = writer.head.size
    writer.append([Draft("policy", policy, {"trust": standing.refs["trust"]})], at=at)
    return index
