"""What the log held before a decision, and what earlier decisions of its batch add to that.

Decisions are made apart first, as if there were no past. `touches` tells which ones the past makes
other ones; those are made again with `prior`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from attest.decision import Decided, Prior
from attest.encoding import digest, parse_date
from attest.errors import AttestError
from attest.review import OpenedReview
from attest.screened import Clearance, Pair
from service.records import Records, label, payload_of, predicate_of


class Past:
    """The past of the decisions of one batch.

    `labelled` are the labels to write, with the position in the batch of the decision they lead to.
    """

    def __init__(self, records: Records, decided: Iterable[Decided | AttestError]) -> None:
        """The past of what was decided apart; it holds as long as nobody else records."""
        self.labelled: dict[bytes, int] = {}
        self._superseded = _Superseded(records, decided)
        self._cleared = _Cleared(records)
        self.prior = Prior(self._superseded, self._cleared)
        self._decisions = 0

    def touches(self, outcome: Decided | AttestError) -> bool:
        """Whether a decision that was made apart is another one for what had been before."""
        return isinstance(outcome, Decided) and (
            outcome.declaration in self._superseded
            or any(self._cleared.get(hit.pair) for hit in outcome.hits)
        )

    def add(self, decided: Decided) -> None:
        """Take note of the next decision of the batch and of what it supersedes."""
        pair = decided.supersession
        if pair is not None and pair not in self._superseded:
            self._superseded.in_batch.add(pair)
            self.labelled[label("superseded", *pair)] = self._decisions
        self._decisions += 1


class _Superseded(Container[tuple[str, str]]):
    """What the log and the batch so far have superseded: (party, statement digest).

    Of the declarations that were decided the log is asked once for all.
    """

    def __init__(self, records: Records, decided: Iterable[Decided | AttestError]) -> None:
        self._records = records
        declared = {each.declaration for each in decided if isinstance(each, Decided)}
        words = {("superseded", *pair) for pair in declared if pair is not None}
        found = records.find_all(words)
        self._in_log: dict[tuple[str, ...], bool] = {each[1:]: each in found for each in words}
        self.in_batch: set[tuple[str, str]] = set()

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and (pair in self.in_batch or self._is_in_log(pair))

    def _is_in_log(self, pair: tuple[str, ...]) -> bool:
        if pair not in self._in_log:
            self._in_log[pair] = self._records.find("superseded", *pair) is not None
        return self._in_log[pair]


class _Cleared:
    """What the reviews in the log have cleared; see `attest.screened.Cleared`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, pair: Pair, /) -> Clearance | None:
        """The newest clearance of a pair."""
        _, index = _newest(self._records, pair)
        if index is None:
            return None
        envelope = self._records.item(index).body
        days = [
            parse_date(each["until"])
            for each in predicate_of(envelope)["clears"]
            if (each["party"], each["entry"]) == pair
        ]
        return Clearance(digest(payload_of(envelope)), days[-1])


def clearance_labels(records: Records, opened: OpenedReview) -> list[bytes]:
    """The labels under which a review is found by what it clears."""
    pairs = dict.fromkeys((each.party, each.entry) for each in opened.review.clears or ())
    return [label("clearance", *pair, str(_newest(records, pair)[0] + 1)) for pair in pairs]


def _newest(records: Records, pair: Pair) -> tuple[int, int | None]:
    """How many reviews clear a pair, and the entry of the newest one."""
    number, index = 0, None
    while (later := records.find("clearance", *pair, str(number + 1))) is not None:
        number, index = number + 1, later
    return number, index
