"""Replay: walk an exported log, decide everything again, offline (the auditor).

    1 integrity: signatures, chain, tree, commitments, nothing missing    `attest.log.export`
    2 order: genesis first, every submission followed by its decision, every reference right
    3 every decision: signed by the foundry, and `decide` gives the same bytes again
    4 every review: of an open HOLD, by enough people

Step 3 is the costly one and needs no order once it is known what had been superseded when: the
range is cut into pieces for a pool of processes. What a piece assumed about supersessions (read
from the recorded decisions) is what deciding again then confirms.

Nothing is trusted but the log's verifier keys. The first fault ends the walk and names its entry.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from attest import encoding, limits
from attest.errors import AttestError, InternalError, LogError, TrustError
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.entry import Entry, parse_entry
from attest.log.check import check_export
from attest.log.export import Export
from attest.models import DECLARATION_TYPE
from attest.recorded import decide_again, open_decision, read_decision
from attest.review import open_review
from attest.trust import Trust, load_trust

PIECE_DECISIONS: Final = 256
Supersession = tuple[str, str]
Confirmed = tuple[str, str | None]
"""A decision's verdict and, for a refusal, its code."""


@dataclass(frozen=True)
class Report:
    """What a replay found identical: the checkpoint it is relative to, and counts."""

    checkpoint: Checkpoint
    decisions: int
    verdicts: Mapping[str, int]
    refusals: Mapping[str, int]
    reviews: int


@dataclass(frozen=True)
class _Piece:
    """Decisions to make again under one trust; `starts` are the indices of their submissions."""

    trust: int
    starts: tuple[int, ...]
    superseded: frozenset[Supersession]


@dataclass(frozen=True)
class _ReviewEntry:
    index: int
    decision: int
    trust: int


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
    reviews: list[_ReviewEntry] = []
    pieces = _walk(export, origin=log_keys.origin, reviews=reviews)
    for confirmed in _confirm_all(pieces, export, processes):
        counts.update(verdict for verdict, _ in confirmed)
        refusals.update(code for _, code in confirmed if code is not None)
        if progress is not None:
            progress(len(confirmed))
    _confirm_reviews(export, reviews)
    return Report(
        checkpoint=checkpoint,
        decisions=counts.total(),
        verdicts=dict(sorted(counts.items())),
        refusals=dict(sorted(refusals.items())),
        reviews=len(reviews),
    )


def _walk(export: Export, *, origin: str, reviews: list[_ReviewEntry]) -> Iterator[_Piece]:
    """Check the order of entries (step 2), cut the decisions into pieces and note the reviews."""
    trust: Entry | None = None
    superseded: set[Supersession] = set()
    at_start: frozenset[Supersession] = frozenset()
    starts: list[int] = []
    submission: Entry | None = None
    for stored in export.entries(0, export.checkpoint.size):
        entry = parse_entry(stored.entry)
        if submission is not None and entry.kind != "decision":
            break
        full = entry.kind == "trust" or len(starts) == PIECE_DECISIONS
        if trust is not None and starts and full:
            yield _Piece(trust.index, tuple(starts), at_start)
            starts, at_start = [], frozenset(superseded)
        if entry.kind == "genesis":
            _check_genesis(stored.body, origin)
        elif entry.kind == "trust":
            trust = entry
        elif entry.kind == "submission":
            submission = entry
        elif entry.kind == "decision":
            _check_decision_entry(entry, submission, trust)
            starts.append(entry.index - 1)
            superseded |= _supersession_of(stored.body, entry.index)
            submission = None
        elif entry.kind == "review":
            reviews.append(_review_entry(entry, trust))
    if submission is not None:
        raise LogError("decision-missing", "no decision follows it", entry=submission.index)
    if trust is not None and starts:
        yield _Piece(trust.index, tuple(starts), at_start)


def _check_genesis(body: bytes, origin: str) -> None:
    genesis = encoding.loads(body)
    if not isinstance(genesis, dict) or genesis.get("origin") != origin:
        raise LogError("reference-broken", "the genesis names another log", entry=0)


def _check_decision_entry(entry: Entry, submission: Entry | None, trust: Entry | None) -> None:
    expected: dict[str, tuple[int, ...]] = {}
    if submission is not None and trust is not None:
        expected = {
            "submission": (submission.index,),
            "trust": (trust.index,),
            **{kind: trust.refs[kind] for kind in ("keyset", "pack") if kind in trust.refs},
        }
    if entry.refs != expected:
        raise LogError(
            "reference-broken",
            "not the submission before it, under the newest trust snapshot",
            entry=entry.index,
        )
    if submission is None or entry.time != submission.time:
        raise LogError("reference-broken", "not decided when it was received", entry=entry.index)


def _review_entry(entry: Entry, trust: Entry | None) -> _ReviewEntry:
    decision = entry.refs.get("decision", ())
    if trust is None or len(decision) != 1 or entry.refs.get("trust") != (trust.index,):
        raise LogError(
            "reference-broken",
            "not one decision, under the newest trust snapshot",
            entry=entry.index,
        )
    return _ReviewEntry(entry.index, decision[0], trust.index)


def _supersession_of(envelope: bytes, index: int) -> set[Supersession]:
    """Read, unverified, what a decision supersedes; deciding it again confirms it."""
    try:
        document = encoding.loads(
            envelope,
            bytes_max=limits.CASEFILE_BYTES_MAX,
            string_bytes_max=limits.CASEFILE_BYTES_MAX,
        )
        payload = encoding.decode_base64(document["payload"])
        if b'"supersedes"' not in payload:
            return set()
        predicate = read_decision(payload)["predicate"]
        return {
            (signed["signers"][0]["party"], predicate["supersedes"])
            for signed in predicate["statements"]
            if "supersedes" in predicate and signed.get("predicate_type") == DECLARATION_TYPE
        }
    except (AttestError, KeyError, TypeError):
        raise TrustError("decision-differs", "not a decision", entry=index) from None


def _confirm_all(
    pieces: Iterator[_Piece], export: Export, processes: int
) -> Iterator[list[Confirmed]]:
    confirm = partial(_confirm, export)
    if processes == 1:
        yield from map(confirm, pieces)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        try:
            yield from pool.map(confirm, pieces)
        except BrokenProcessPool:
            raise InternalError("internal", "a worker process died") from None


def _confirm(export: Export, piece: _Piece) -> list[Confirmed]:
    """Decide a piece again (step 3); the same function whatever the number of processes."""
    trust = _trust_at(export, piece.trust)
    superseded = set(piece.superseded)
    confirmed: list[Confirmed] = []
    starts = frozenset(piece.starts)
    first, stop = piece.starts[0], piece.starts[-1] + 2
    stored = enumerate(export.entries(first, stop), first)
    for index, submission in stored:
        if index not in starts:
            continue
        _, decision = next(stored)
        entry = parse_entry(decision.entry)
        try:
            payload = open_decision(decision.body, trust=trust, at=entry.time)
            decided = decide_again(
                submission.body, payload, trust=trust, at=entry.time, prior=superseded
            )
        except AttestError as error:
            raise _located(error, entry.index) from None
        if decided.supersession is not None:
            superseded.add(decided.supersession)
        confirmed.append((decided.verdict, decided.refusal_code))
    return confirmed


def _trust_at(export: Export, index: int) -> Trust:
    (stored,) = export.entries(index, index + 1)
    return _load_trust(export, stored.entry)


@cache
def _load_trust(export: Export, trust_entry: bytes) -> Trust:
    """Load a snapshot once; the entry commits to it, so the entry's bytes are the key."""
    entry = parse_entry(trust_entry)
    (stored,) = export.entries(entry.index, entry.index + 1)
    bodies: dict[str, bytes] = {}
    for ref in (*entry.refs.get("keyset", ()), *entry.refs.get("pack", ())):
        (public,) = export.entries(ref, ref + 1)
        bodies[encoding.digest(public.body)] = public.body
    try:
        return load_trust(stored.body, bodies)
    except AttestError as error:
        raise _located(error, entry.index) from None


def _confirm_reviews(export: Export, reviews: Iterable[_ReviewEntry]) -> None:
    """Open every review again (step 4)."""
    closed: set[int] = set()
    for review in reviews:
        (decision,) = export.entries(review.decision, review.decision + 1)
        (stored,) = export.entries(review.index, review.index + 1)
        decision_entry, entry = parse_entry(decision.entry), parse_entry(stored.entry)
        if decision_entry.kind != "decision":
            raise LogError("reference-broken", "not a review of a decision", entry=review.index)
        decided_under = _trust_at(export, decision_entry.refs["trust"][0])
        try:
            opened = open_review(
                stored.body,
                trust=_trust_at(export, review.trust),
                at=entry.time,
                decision=open_decision(decision.body, trust=decided_under, at=decision_entry.time),
                closed=review.decision in closed,
            )
        except AttestError as error:
            raise _located(error, review.index) from None
        if opened.closes:
            closed.add(review.decision)


def _located(error: AttestError, index: int) -> AttestError:
    return type(error)(error.code, error.detail, pointer=error.pointer, entry=index)
