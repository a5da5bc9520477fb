"""Omissions: what a foundry acknowledged and its log does not hold.

Given an export that has been replayed and an acknowledgement that the foundry signed, the log holds
the decision in time, holds it late, lacks it although it is due, or need not hold it yet. The time
that counts is the log's own: that of an entry, and for what is missing that of the newest entry,
since a log that has gone on past the deadline can no longer take in what was due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from attest import encoding
from attest.acknowledgement import OpenedAcknowledgement, open_acknowledgement
from attest.errors import AttestError, LogError, TrustError
from attest.log.entry import parse_entry
from attest.log.export import Export
from attest.trust import Trust, load_trust


@dataclass(frozen=True)
class Kept:
    """An acknowledgement that was kept, or need not be yet: then `decision` is None.

    `decision` is the index of the decision's entry, `due` the instant of the deadline.
    """

    submission: str
    decision: int | None
    due: dt.datetime


def check_acknowledged(export: Export, acknowledgements: Iterable[bytes]) -> list[Kept]:
    """Check that an export that was replayed holds what was acknowledged.

    Raises:
        InputError: an acknowledgement is not of its schemas.
        TrustError: it is not the foundry's, or of another log.
        LogError: acknowledged-missing, acknowledged-late (with the decision's entry).
    """
    submissions: dict[str, tuple[int, dt.datetime]] = {}
    documents: dict[str, bytes] = {}
    trusts: list[Trust] = []
    newest = dt.datetime.min.replace(tzinfo=dt.UTC)
    for stored in export.entries(0, export.checkpoint.size):
        entry = parse_entry(stored.entry)
        newest = entry.time
        if entry.kind == "submission":
            submissions[encoding.digest(stored.body)] = entry.index + 1, entry.time
        elif entry.kind == "trust":
            trusts.append(load_trust(stored.body, documents))
        elif not entry.salted:
            documents[encoding.digest(stored.body)] = stored.body
    opened = [_open(raw, trusts, export.checkpoint.origin) for raw in acknowledgements]
    return [_kept(each, submissions.get(each.submission), newest) for each in opened]


def _open(raw: bytes, trusts: list[Trust], origin: str) -> OpenedAcknowledgement:
    failure: AttestError = TrustError("trust-incomplete", "the log has no trust snapshot")
    for trust in trusts:
        try:
            opened = open_acknowledgement(raw, trust=trust)
        except TrustError as error:
            failure = error
            continue
        if opened.acknowledgement.origin != origin:
            raise TrustError("wrong-audience", "the acknowledgement is of another log")
        return opened
    raise failure


def _kept(
    opened: OpenedAcknowledgement, found: tuple[int, dt.datetime] | None, newest: dt.datetime
) -> Kept:
    due = opened.acknowledgement.decide_by
    if found is None:
        if newest > due:
            raise LogError(
                "acknowledged-missing", "the log went on past the deadline without the decision"
            )
        return Kept(opened.submission, None, due)
    index, decided = found
    if decided > due:
        raise LogError("acknowledged-late", "decided after the deadline", entry=index)
    return Kept(opened.submission, index, due)
