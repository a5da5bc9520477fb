"""Reviews: by whom, of what, and what cannot be released at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from attest.decision import decide
from attest.encoding import canonical, loads
from attest.envelope import seal
from attest.errors import AttestError
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from attest.review import OpenedReview, open_review
from tests.world import NOW, World, derived_signer, key_record, statement

WORLD = World()
TRUST = WORLD.trust()
HELD = decide(
    seal(statement(DECLARATION_TYPE, WORLD.declaration()), [WORLD.designer.signer]),
    trust=TRUST,
    at=NOW,
).payload
PASSED = decide(WORLD.submission(fabricator={}), trust=TRUST, at=NOW).payload
REFUSED = decide(seal(b"{}", [WORLD.designer.signer]), trust=TRUST, at=NOW).payload


def review(decision: bytes = HELD, **changes: Any) -> bytes:
    """A review of a decision."""
    return WORLD.review(decision, read_decision(decision)["subject"], **changes)


def opened(raw: bytes, decision: bytes = HELD, *, closed: bool = False) -> OpenedReview:
    """Open with the defaults of these tests."""
    return open_review(raw, trust=TRUST, at=NOW, decision=decision, closed=closed)


def refusal(raw: bytes, decision: bytes = HELD, **options: Any) -> str:
    """The code with which a review is refused."""
    with pytest.raises(AttestError) as caught:
        opened(raw, decision, **options)
    return caught.value.code


@pytest.mark.parametrize(
    ("action", "closes"), [("release", True), ("refuse", True), ("ask", False)]
)
def test_two_people_settle_a_hold(action: str, closes: bool) -> None:
    """Release and refuse settle it, a question leaves it open."""
    result = opened(review(action=action))
    assert result.closes is closes
    assert result.holders == ("Ana Costa", "Wei Lin")


def test_four_eyes() -> None:
    """One person, the same person with two keys, and a stranger: none is two people."""
    one, two = WORLD.reviewers
    assert refusal(review(signers=[one])) == "too-few-signers"
    assert refusal(review(signers=[one, one])) == "signature-repeated"
    assert refusal(review(signers=[one, derived_signer("nobody")])) == "unknown-key"
    assert refusal(review(signers=[one, two, WORLD.decision_signer])) == "key-purpose"
    world = World()
    second_key = derived_signer("reviewer one, second key")
    world.foundry.extra_keys.append(key_record(second_key, "review", "Wei Lin"))
    with pytest.raises(AttestError) as caught:
        open_review(
            review(signers=[one, second_key]),
            trust=world.trust(),
            at=NOW,
            decision=HELD,
            closed=False,
        )
    assert caught.value.code == "too-few-signers"


def test_reviewers_are_the_foundrys() -> None:
    """A review key of another party settles nothing."""
    world = World()
    foreign = derived_signer("foreign reviewer")
    world.trader.extra_keys.append(key_record(foreign, "review", "Somebody Else"))
    with pytest.raises(AttestError) as caught:
        open_review(
            review(signers=[WORLD.reviewers[0], foreign]),
            trust=world.trust(),
            at=NOW,
            decision=HELD,
            closed=False,
        )
    assert caught.value.code == "role-not-permitted"


def test_only_an_open_hold_can_be_reviewed() -> None:
    """Neither a PASS, nor a refusal, nor a settled HOLD, nor another decision's."""
    assert refusal(review(PASSED), PASSED) == "review-not-possible"
    assert refusal(review(REFUSED), REFUSED) == "review-not-possible"
    assert refusal(review(), closed=True) == "review-not-possible"
    assert refusal(review(PASSED)) == "review-not-possible"
    other_subject = WORLD.review(HELD, read_decision(PASSED)["subject"])
    assert refusal(other_subject) == "review-not-possible"


def test_what_is_no_review() -> None:
    """Each malformed review has its code."""
    assert refusal(b"{") == "json-malformed"
    assert refusal(b"{}") == "schema-violation"
    assert refusal(review(reason="")) == "schema-violation"
    assert refusal(review(action="approve")) == "schema-violation"
    assert refusal(review(must_understand=["more"])) == "must-understand"
    assert refusal(review(reviewed_at="2026-11-24T14:00:01Z")) == "not-yet-valid"
    declaration = statement(DECLARATION_TYPE, WORLD.declaration())
    assert refusal(seal(declaration, WORLD.reviewers)) == "unknown-predicate-type"
    changed = loads(review())
    changed["payload"] = changed["payload"][:-4] + "AAAA"
    assert refusal(canonical(changed)) == "bad-signature"


def test_keys_that_ended() -> None:
    """A review is opened as of its receipt."""
    late = dt.datetime(2033, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(AttestError) as caught:
        open_review(review(), trust=TRUST, at=late, decision=HELD, closed=False)
    assert caught.value.code == "key-not-valid-then"
