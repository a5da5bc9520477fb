"""Case files whose log is at fault: its entries, its decisions, its reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from attest.encoding import Json, canonical, loads
from attest.envelope import seal
from conformance import papers
from conformance.books import STANDING, TRUST, Refs, decided, record
from conformance.papers import DECIDER, DESIGNER, FABRICATOR, REVIEWERS, declaration
from conformance.questions import GOOD
from conformance.trees import NOON, Log, Tree
from conformance.vectors import refuse

Make = Callable[[], bytes]
Row = tuple[str, str, Make, Json]
"""Identifier, what is tried, the case file once the log is complete, what is expected."""

HELD = seal(declaration(), [DESIGNER])
LIMIT = 2**24


def rows(log: Log) -> Iterator[Row]:
    """All of them; each is recorded at once and made into a case file later."""
    yield from _wrong_entries(log)
    yield from _wrong_decisions(log)
    yield from _wrong_reviews(log)


def _wrong_entries(log: Log) -> Iterator[Row]:
    broken = refuse("reference-broken")
    yield (
        "entry-between",
        "Another entry between the two.",
        record(log, GOOD, between=True).case,
        broken,
    )
    yield (
        "entry-prev",
        "The decision does not name the hash before it.",
        record(log, GOOD, prev=b"\1" * 32).case,
        broken,
    )
    later = NOON + dt.timedelta(seconds=1)
    yield "entry-time", "The decision is a second later.", record(log, GOOD, at=later).case, broken
    for name in ("submission", "trust", "pack", "keyset"):
        book = record(log, GOOD, refs=_without(name))
        yield f"entry-no-{name}", f"The decision does not refer to the {name}.", book.case, broken
    more = record(log, GOOD, refs=lambda refs: {**refs, "schema": (1,)})
    yield "entry-more", "The decision refers to more than it rests on.", more.case, broken
    book = record(log, GOOD)

    def forked() -> bytes:
        """Two roots for one size: genesis was written twice, and all else is the same."""
        other = Log(tree=Tree([log.tree.items[0].replace(b"14:00:00", b"13:59:59")]))
        other.tree.items += log.tree.items[1:]
        other.salts, other.bodies = log.salts, log.bodies
        document = loads(book.case(), bytes_max=LIMIT, string_bytes_max=LIMIT)
        document["trust"]["proof"] = other.proof(TRUST)
        return canonical(document)

    about = "The log signed two roots for one size: this file convicts it."
    yield "entry-fork", about, forked, refuse("root-mismatch")


def _without(kind: str) -> Callable[[Refs], Refs]:
    return lambda refs: {name: indices for name, indices in refs.items() if name != kind}


def _wrong_decisions(log: Log) -> Iterator[Row]:
    def by(change: Callable[[bytes], bytes]) -> Make:
        return record(log, GOOD, envelope=change).case

    def rewritten(old: bytes, new: bytes) -> Make:
        return by(lambda payload: seal(payload.replace(old, new, 1), [DECIDER]))

    held = decided(HELD)
    for vector_id, about, make, code in [
        (
            "verdict",
            "The foundry signed another verdict.",
            rewritten(b'"verdict":"PASS"}', b'"verdict":"HOLD"}'),
            "decision-differs",
        ),
        (
            "spelling",
            "The same decision, spelt with a blank.",
            by(lambda p: seal(p + b" ", [DECIDER])),
            "decision-differs",
        ),
        (
            "of-other",
            "A decision on another submission.",
            by(lambda _: seal(held, [DECIDER])),
            "decision-differs",
        ),
        ("no-envelope", "Bytes that are no decision.", by(lambda _: b"PASS"), "decision-differs"),
        (
            "key-purpose",
            "Signed with a statement key.",
            by(lambda p: seal(p, [FABRICATOR])),
            "key-purpose",
        ),
        (
            "other-party",
            "Signed with another party's decision key.",
            by(lambda p: seal(p, [papers.OSAT_DECIDER])),
            "party-mismatch",
        ),
        (
            "unknown-key",
            "Signed by a stranger.",
            by(lambda p: seal(p, [papers.STRANGER])),
            "unknown-key",
        ),
        (
            "signature",
            "A false signature.",
            by(lambda p: seal(p, [DECIDER]).replace(b'"sig":"', b'"sig":"AAAA')),
            "bad-signature",
        ),
        (
            "type",
            "A statement of another type.",
            by(lambda _: seal(declaration(), [DECIDER])),
            "unknown-predicate-type",
        ),
    ]:
        yield f"decision-{vector_id}", about, make, refuse(code)


def _wrong_reviews(log: Log) -> Iterator[Row]:
    def reviewed(*raws: bytes, refs: Refs | None = None) -> Make:
        book = record(log, HELD)
        for raw in raws:
            book.add_review(raw, refs)
        return book.case

    payload = decided(HELD)
    subject = loads(payload)["subject"]
    good = papers.review(payload, subject)
    one = papers.review(payload, subject, REVIEWERS[:1])
    by_decider = papers.review(payload, subject, [DECIDER])
    other = papers.review(decided(GOOD), subject)
    early = papers.review(payload, subject, reviewed_at="2026-11-24T14:00:01Z")
    elsewhere = record(log, HELD)
    demanding = papers.review(payload, subject, must_understand=["x"])
    for vector_id, about, make, code in [
        ("one-person", "One person signed.", reviewed(one), "too-few-signers"),
        ("purpose", "Signed with a decision key.", reviewed(by_decider), "key-purpose"),
        ("other", "A review of another decision.", reviewed(other), "review-not-possible"),
        (
            "after-release",
            "A review after the release.",
            reviewed(good, papers.review(payload, subject, action="refuse")),
            "review-not-possible",
        ),
        ("early", "Dated after its entry.", reviewed(early), "not-yet-valid"),
        ("extension", "An extension is demanded.", reviewed(demanding), "must-understand"),
        ("no-envelope", "Bytes that are no review.", reviewed(b"release"), "json-malformed"),
        (
            "type",
            "A statement of another type.",
            reviewed(seal(declaration(), REVIEWERS)),
            "unknown-predicate-type",
        ),
        (
            "refs",
            "The entry refers to no decision.",
            reviewed(good, refs=STANDING),
            "reference-broken",
        ),
        (
            "refs-other",
            "The entry refers to another decision.",
            reviewed(good, refs={"decision": (elsewhere.decision,), **STANDING}),
            "reference-broken",
        ),
    ]:
        yield f"review-{vector_id}", about, make, refuse(code)
    book = record(log, GOOD)
    book.add_review(papers.review(book.payload, loads(book.payload)["subject"]))
    yield "review-of-pass", "A review of a PASS.", book.case, refuse("review-not-possible")
    book = record(log, HELD)
    for action in ("ask", "release"):
        book.add_review(papers.review(book.payload, subject, action=action))
    book.reviews = book.reviews[::-1]
    yield (
        "review-order",
        "Two reviews out of their order.",
        book.case,
        refuse("reference-broken"),
    )
