"""A question put to every product of a log, without writing to it.

    1 integrity: signatures, chain, tree, commitments, nothing missing    `attest.log.check`
    2 every submission: opened and bound as it was when it was decided    `attest.decision`
    3 its facts: asked, under the packs of the trust snapshot of that day  `attest.whatif`

What was refused has no facts and is counted by its code. A declaration that was decided again, with
more determinations for example, counts once, as decided last; one that its signer has replaced does
not count at all. Whether the recorded decisions are right is for `attest.replay`; what they say
that screening found is taken from them.

The log is read in portions, which a pool of processes shares. Of each product its name, one digest
and what changes stay in memory, and what changes for many products is kept once.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, NamedTuple

from attest.decision import Submitted, submitted_facts
from attest.errors import AttestError, InputError, InternalError, LogError, TrustError
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.entry import parse_entry
from attest.log.source import Source, open_source
from attest.recorded import Documents, screening_of
from attest.rules.edition import Edition, open_edition
from attest.trust import Trust, load_trust
from attest.walk import located
from attest.whatif import Answer, Question

_PORTION: Final = 512
"""So many entries are read, opened and asked about together."""

_DECISION: Final = b'"kind":"decision"'
"""What the entry of a decision holds, in the one spelling that entries have, and no other does."""

_Declaration = tuple[str, str]


class Surveyed(NamedTuple):
    """A product of the log: the entry of its submission, its names, and the answer."""

    entry: int
    name: str
    tape_out_id: str
    answer: Answer


@dataclass(frozen=True)
class Survey:
    """What a question found: the checkpoint that it is relative to, the products, and counts.

    `refusals` are the refused submissions by code; `replaced` counts the decisions that a later one
    on the same declaration, or a declaration that supersedes it, stands in the place of.
    """

    checkpoint: Checkpoint
    decisions: int
    refusals: Mapping[str, int]
    replaced: int
    products: tuple[Surveyed, ...]


def survey(
    place: Path,
    question: Question,
    *,
    log_keys: LogKeys,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Survey:
    """Ask a question of every product of a log: an export's folder, or the file of a store.

    Args:
        progress: called with the number of submissions just asked about.

    Raises:
        LogError: the log does not hold; `entry` names the first faulty entry.
        InputError: not-in-force, file; a recorded document is not of its schema.
        TrustError, RuleError: a recorded document does not hold; `entry` names it.
    """
    checkpoint, source = open_source(place, keys=log_keys)
    found = _Found()
    for rows in _asked(source, question, checkpoint.size, processes):
        for row in rows:
            found.take(row)
        if progress is not None:
            progress(len(rows))
    return Survey(
        checkpoint=checkpoint,
        decisions=found.decisions,
        refusals=dict(sorted(found.refusals.items())),
        replaced=found.replaced,
        products=tuple(sorted(found.live.values())),
    )


class _Row(NamedTuple):
    """One submission: what it says of which product, or the code of its refusal."""

    entry: int
    refused: str = ""
    declaration: _Declaration = ("", "")
    supersedes: _Declaration | None = None
    name: str = ""
    tape_out_id: str = ""
    answer: Answer = Answer("", ())


class _Found:
    """What is counted so far, in the order of the log."""

    def __init__(self) -> None:
        self.decisions = 0
        self.replaced = 0
        self.refusals: Counter[str] = Counter()
        self.live: dict[_Declaration, Surveyed] = {}
        self._superseded: set[_Declaration] = set()
        self._answers: dict[Answer, Answer] = {}

    def take(self, row: _Row) -> None:
        self.decisions += 1
        refused = row.refused or ("superseded" if row.declaration in self._superseded else "")
        if refused:
            self.refusals[refused] += 1
            return
        self.replaced += row.declaration in self.live
        answer = self._answers.setdefault(row.answer, row.answer)
        self.live[row.declaration] = Surveyed(row.entry, row.name, row.tape_out_id, answer)
        if row.supersedes is not None:
            self._superseded.add(row.supersedes)
            self.replaced += self.live.pop(row.supersedes, None) is not None


def _asked(source: Source, question: Question, size: int, processes: int) -> Iterator[list[_Row]]:
    ask = partial(_ask, source, question, size)
    starts = range(0, size, _PORTION)
    if processes == 1:
        yield from map(ask, starts)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(ask,)) as pool:
        try:
            yield from pool.map(_ask_here, starts)
        except BrokenProcessPool:
            raise InternalError("internal", "a worker process died") from None


_here: list[Callable[[int], list[_Row]]] = []
"""What this worker process asks; a question with lists is too large to be sent with each task."""


def _begin(ask: Callable[[int], list[_Row]]) -> None:
    _here[:] = [ask]
    gc.freeze()


def _ask_here(start: int) -> list[_Row]:
    return _here[0](start)


def _ask(source: Source, question: Question, size: int, start: int) -> list[_Row]:
    """Ask about a portion; the same function whatever the number of processes.

    All of it is opened before anything is asked: each kind of work keeps its code in the
    processor's cache.
    """
    same: dict[Answer, Answer] = {}
    opened = list(_opened(source, start, min(start + _PORTION, size - 1)))
    rows = []
    for index, submitted, editions in opened:
        if isinstance(submitted, str):
            rows.append(_Row(index, refused=submitted))
            continue
        try:
            answer = question.answer(submitted.facts, editions, submitted.parties)
        except AttestError as error:
            raise located(error, index) from None
        rows.append(_row(index, submitted, same.setdefault(answer, answer)))
    return rows


def _opened(
    source: Source, start: int, stop: int
) -> Iterator[tuple[int, Submitted | str, Sequence[Edition]]]:
    """The submissions of entries `start` to `stop` - 1, or the codes of their refusals.

    The entry after a submission is its decision, which has its time and names the trust then.
    """
    body = b""
    for submission, stored in enumerate(source.entries(start, stop + 1), start - 1):
        if submission >= start and _DECISION in stored.entry:
            entry = parse_entry(stored.entry)
            standing = entry.refs.get("trust", ())
            if entry.refs.get("submission") != (submission,) or len(standing) != 1:
                raise LogError("reference-broken", "not after its submission", entry=entry.index)
            trust, editions = _standing(source, standing[0])
            screened = None if trust.lists is None else screening_of(stored.body)
            try:
                submitted = submitted_facts(body, trust=trust, at=entry.time, screened=screened)
                yield submission, submitted, editions
            except (InputError, TrustError) as error:
                yield submission, error.code, editions
        body = stored.body


def _row(index: int, submitted: Submitted, answer: Answer) -> _Row:
    return _Row(
        entry=index,
        declaration=submitted.declaration,
        supersedes=submitted.supersession,
        name=submitted.product,
        tape_out_id=submitted.tape_out_id,
        answer=answer,
    )


@lru_cache(maxsize=8)
def _standing(source: Source, index: int) -> tuple[Trust, tuple[Edition, ...]]:
    """A trust snapshot and the editions that it names, in the order of its packs."""
    (stored,) = source.entries(index, index + 1)
    entry = parse_entry(stored.entry)
    bodies = Documents(source.entries, entry)
    try:
        trust = load_trust(stored.body, bodies)
    except AttestError as error:
        raise located(error, index) from None
    return trust, tuple(open_edition(bodies[pack.digest]) for pack in trust.packs)
