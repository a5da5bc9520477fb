"""A log in which submissions, decisions and reviews were recorded, rightly and wrongly.

All cases lie in one log, whose operator signs whatever stands in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from attest.casefile import Logged, make_casefile
from attest.decision import NOTHING, Prior, decide
from attest.encoding import canonical, digest, parse_instant
from attest.envelope import seal
from attest.trust import load_trust
from conformance import papers
from conformance.keys import LOG
from conformance.papers import DECIDER
from conformance.trees import NOON, Log

Refs = dict[str, tuple[int, ...]]
TRUST = 5
STANDING: Refs = {"trust": (TRUST,), "keyset": (2, 3, 4), "pack": (1,)}
"""What decisions and reviews rest on, besides their submission or decision."""


def decided(raw: bytes, *, prior: Prior = NOTHING) -> bytes:
    """The decision's payload of a submission at noon."""
    bodies = [*papers.KEYSETS, papers.pack()]
    trust = load_trust(papers.trust_document(), {digest(each): each for each in bodies})
    return decide(raw, trust=trust, at=parse_instant(papers.AT), prior=prior).payload


@dataclass
class Book:
    """A submission in the log with what followed it: indices of entries."""

    log: Log
    submission: int
    decision: int
    payload: bytes
    reviews: tuple[int, ...] = ()

    def case(self) -> bytes:
        """The case file, proven at the log's size when it is asked for."""
        return make_casefile(
            submission=self.logged(self.submission),
            decision=self.logged(self.decision),
            reviews=[self.logged(index) for index in self.reviews],
            trust=self.logged(TRUST),
            keysets=papers.KEYSETS,
            packs=[papers.pack()],
        )

    def logged(self, index: int) -> Logged:
        """A body with its proof."""
        return Logged(body=self.log.bodies[index], proof=self.log.proof(index))

    def add_review(self, raw: bytes, refs: Refs | None = None) -> None:
        """Record a review, of this decision unless it refers to another."""
        refs = {"decision": (self.decision,), **STANDING} if refs is None else refs
        self.reviews = (*self.reviews, self.log.append("review", raw, refs))


def found() -> Log:
    """A log with the documents of the trust snapshot."""
    log = Log()
    log.append("genesis", canonical({"v": 1, "origin": LOG.name, "foundry": "formosa"}))
    log.append("pack", papers.pack())
    for raw in papers.KEYSETS:
        log.append("keyset", raw)
    log.append("trust", papers.trust_document(), {"pack": (1,), "keyset": (2, 3, 4)})
    return log


def record(
    log: Log,
    raw: bytes,
    *,
    prior: Prior = NOTHING,
    envelope: Callable[[bytes], bytes] = lambda payload: seal(payload, [DECIDER]),
    refs: Callable[[Refs], Refs] = lambda refs: refs,
    at: dt.datetime = NOON,
    between: bool = False,
    prev: bytes | None = None,
) -> Book:
    """Record a submission and its decision, rightly unless an argument says otherwise."""
    submission = log.append("submission", raw)
    if between:
        log.append("schema", b"something between")
    payload = decided(raw, prior=prior)
    named = refs({"submission": (submission,), **STANDING})
    decision = log.append("decision", envelope(payload), named, at=at, prev=prev)
    return Book(log, submission, decision, payload)
