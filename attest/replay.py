"""Replay: walk an exported log, decide everything again, offline (the auditor).

    1 integrity: signatures, chain, tree, commitments, nothing missing    `attest.log.check`
    2 order: every entry where it may stand, resting on what it must      `attest.walk`
    3 every decision: signed by the foundry, and `decide` gives the same bytes again
    4 every review: of an open HOLD, by enough people

Step 3 is the costly one and needs no order once it is known what had been superseded when: the walk
cuts the decisions into pieces for a pool of processes. What a piece assumed about supersessions
(read from the recorded decisions) is what deciding again then confirms.

Nothing is trusted but the log's verifier keys. A fault ends the replay and names its entry.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from attest.decision import TOGETHER, decide_each
from attest.errors import AttestError, InternalError, LogError
from attest.log.check import check_export
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.entry import Entry, parse_entry
from attest.log.export import Export
from attest.recorded import Documents, confirm, open_decision
from attest.review import open_review
from attest.trust import Trust, load_trust
from attest.walk import Piece, Plan, located, walk

Confirmed = tuple[str, str | None]
"""A decision's verdict and, for a refusal, its code."""


@dataclass(frozen=True)
class Report:
    """What a replay found identical: the checkpoint it is relative to, and counts.

    `trusts` are the trust snapshots in force one after the other: entry index and digest.
    `open_holds` counts the HOLDs that no review has released or refused.
    """

    checkpoint: Checkpoint
    trusts: tuple[tuple[int, str], ...]
    decisions: int
    verdicts: Mapping[str, int]
    refusals: Mapping[str, int]
    reviews: int
    open_holds: int


def replay(
    folder: Path,
    *,
    log_keys: LogKeys,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Replay an export.

    Args:
        progress: called with the number of decisions just confirmed.

    Raises:
        LogError: the log does not hold; `entry` names the first faulty entry.
        TrustError, RuleError, InputError: a recorded document does not hold; `entry` names it.
    """
    checkpoint = check_export(folder, keys=log_keys)
    export = Export.open(folder, keys=log_keys)
    counts: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    plan = walk(export, origin=log_keys.origin)
    for confirmed in _confirm_all(plan.pieces, export, processes):
        counts.update(verdict for verdict, _ in confirmed)
        refusals.update(code for _, code in confirmed if code is not None)
        if progress is not None:
            progress(len(confirmed))
    if plan.fault is not None:
        raise plan.fault
    closed = _confirm_reviews(export, plan)
    return Report(
        checkpoint=checkpoint,
        trusts=tuple((index, trust.digest) for index, trust in plan.trusts.items()),
        decisions=counts.total(),
        verdicts=dict(sorted(counts.items())),
        refusals=dict(sorted(refusals.items())),
        reviews=len(plan.reviews),
        open_holds=counts["HOLD"] - len(closed),
    )


def _confirm_all(
    pieces: Iterable[Piece], export: Export, processes: int
) -> Iterator[list[Confirmed]]:
    confirm_piece = partial(_confirm, export)
    if processes == 1:
        yield from map(confirm_piece, pieces)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        try:
            yield from pool.map(confirm_piece, pieces)
        except BrokenProcessPool:
            raise InternalError("internal", "a worker process died") from None


def _confirm(export: Export, piece: Piece) -> list[Confirmed]:
    """Decide a piece again (step 3); the same function whatever the number of processes."""
    trust = _trust_at(export, piece.trust)
    recorded = _recorded(export, piece)
    confirmed: list[Confirmed] = []
    while together := list(islice(recorded, TOGETHER)):
        submissions = [
            (each.submission, each.entry.time, piece.before(number))
            for number, each in enumerate(together, len(confirmed))
        ]
        for each, outcome in zip(together, decide_each(submissions, trust=trust), strict=True):
            try:
                decided = confirm(outcome, each.envelope, trust=trust, at=each.entry.time)
            except AttestError as error:
                raise located(error, each.entry.index) from None
            confirmed.append((decided.verdict, decided.refusal_code))
    return confirmed


class _Recorded(NamedTuple):
    """A submission, and its decision's entry and envelope."""

    submission: bytes
    entry: Entry
    envelope: bytes


def _recorded(export: Export, piece: Piece) -> Iterator[_Recorded]:
    starts = frozenset(piece.starts)
    first, stop = piece.starts[0], piece.starts[-1] + 2
    stored = enumerate(export.entries(first, stop), first)
    for index, submission in stored:
        if index in starts:
            _, decision = next(stored)
            yield _Recorded(submission.body, parse_entry(decision.entry), decision.body)


def _trust_at(export: Export, index: int) -> Trust:
    (stored,) = export.entries(index, index + 1)
    return _load_trust(export, stored.entry)


@cache
def _load_trust(export: Export, trust_entry: bytes) -> Trust:
    """Load a snapshot once; the entry commits to it, so the entry's bytes are the key."""
    entry = parse_entry(trust_entry)
    (stored,) = export.entries(entry.index, entry.index + 1)
    try:
        return load_trust(stored.body, Documents(export.entries, entry))
    except AttestError as error:
        raise located(error, entry.index) from None


def _confirm_reviews(export: Export, plan: Plan) -> set[int]:
    """Open every review again (step 4); returns the decisions that they closed."""
    closed: set[int] = set()
    for review in plan.reviews:
        (decision,) = export.entries(review.decision, review.decision + 1)
        (stored,) = export.entries(review.index, review.index + 1)
        decision_entry, entry = parse_entry(decision.entry), parse_entry(stored.entry)
        try:
            if decision_entry.kind != "decision":
                raise LogError("reference-broken", "not a review of a decision")
            opened = open_review(
                stored.body,
                trust=plan.trusts[review.trust],
                at=entry.time,
                decision=open_decision(
                    decision.body,
                    trust=plan.trusts[decision_entry.refs["trust"][0]],
                    at=decision_entry.time,
                ),
                closed=review.decision in closed,
            )
        except AttestError as error:
            raise located(error, review.index) from None
        if opened.closes:
            closed.add(review.decision)
    return closed
