"""Reviewing a HOLD: a person's act, by at least two people, signed and logged (SPEC 11).

Rules never release a HOLD; people do, and only a HOLD: a FAIL or a refusal cannot be released. One
review envelope carries the signatures of all reviewers over one text, each with a key of their own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import InputError, TrustError
from attest.models import REVIEW_TYPE, Review, parse
from attest.trust import Trust, people_of


@dataclass(frozen=True)
class OpenedReview:
    """A review whose signatures, threshold and link hold; `holders` are the people who signed."""

    review: Review
    holders: tuple[str, ...]

    @property
    def closes(self) -> bool:
        """True when the HOLD is settled: released or refused, not merely asked about."""
        return self.review.action != "ask"


def open_review(
    raw: bytes, *, trust: Trust, at: dt.datetime, decision: bytes, closed: bool
) -> OpenedReview:
    """Open a review of a decision.

    Args:
        decision: the payload of the decision as the foundry signed it, already opened.
        closed: an earlier review has released or refused it.

    Raises:
        InputError: the bytes are not an envelope, statement or review of their schemas.
        TrustError: the signatures do not hold or are not those of the mandate, too-few-signers,
            role-not-permitted, review-not-possible, not-yet-valid.
    """
    envelope = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    schemas.validate("envelope", envelope)
    opened = open_envelope(envelope, ring=trust.ring, at=at, purpose="review")
    statement = encoding.loads(opened.payload)
    review = _read_review(statement)
    decided = encoding.loads(decision, bytes_max=limits.CASEFILE_BYTES_MAX)
    if review.decision != encoding.digest(decision) or statement["subject"] != decided["subject"]:
        raise TrustError("review-not-possible", "the review is of another decision")
    if decided["predicate"]["verdict"] != "HOLD" or closed:
        raise TrustError("review-not-possible", "the decision is not an open HOLD")
    if review.reviewed_at > at:
        raise TrustError("not-yet-valid", "reviewed after it was received")
    _check_clears(review, decided["predicate"], at.date())
    holders = people_of(opened, trust)
    trust.mandate.check(opened, "review", author=trust.foundry, at=at)
    return OpenedReview(review=review, holders=holders)


def _check_clears(review: Review, decided: Json, on: dt.date) -> None:
    """Only a release clears: names and addresses that the decision found, for a year at most."""
    if review.clears is None:
        return
    if review.action != "release":
        raise TrustError(
            "review-not-possible", "only a release clears", pointer="/predicate/clears"
        )
    hits = decided["screening"]["hits"] if "screening" in decided else []
    found = {(hit["party"], hit["entry"]) for hit in hits if hit["kind"] != "identifier"}
    last = on + dt.timedelta(days=limits.CLEARANCE_DAYS_MAX)
    for number, cleared in enumerate(review.clears):
        pointer = f"/predicate/clears/{number}"
        if (cleared.party, cleared.entry) not in found:
            raise TrustError(
                "review-not-possible", "not a name or address that was found", pointer=pointer
            )
        if not on <= cleared.until <= last:
            raise TrustError(
                "review-not-possible",
                f"it is cleared for {limits.CLEARANCE_DAYS_MAX} days at most",
                pointer=f"{pointer}/until",
            )


def _read_review(statement: Json) -> Review:
    schemas.validate("statement", statement)
    if statement["predicateType"] != REVIEW_TYPE:
        raise InputError("unknown-predicate-type", "not a review", pointer="/predicateType")
    if statement["predicate"].get("must_understand"):
        raise InputError("must-understand", "version 1 knows no extension")
    schemas.validate("review", statement["predicate"])
    return parse(Review, statement["predicate"])
