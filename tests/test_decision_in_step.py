"""`decide_each`: many submissions step by step, each decided as if it were alone."""

from __future__ import annotations

import datetime as dt

from attest.decision import NOTHING, TOGETHER, Decided, Prior, decide, decide_each
from attest.errors import InputError
from tests.world import NOW, World, known

WORLD = World()
TRUST = WORLD.trust()


def test_submissions_decided_in_step_are_decided_as_each_alone() -> None:
    later = dt.timedelta(days=1)
    raws = [
        WORLD.submission(fabricator={}),
        b"{",
        WORLD.submission({"audience": "another-foundry"}),
        WORLD.submission(),
        WORLD.submission(fabricator={"aatc_transistors": known(31_000_000_000)}),
    ] * (TOGETHER // 2)
    given: list[tuple[bytes, dt.datetime, Prior]] = [
        (raw, NOW + later * (number % 2), NOTHING) for number, raw in enumerate(raws)
    ]
    together = decide_each(given, trust=TRUST)
    assert len(together) == len(raws)
    for (raw, at, _), outcome in zip(given, together, strict=True):
        if raw == b"{":
            assert isinstance(outcome, InputError)
            assert outcome.code == "json-malformed"
        else:
            assert outcome == decide(raw, trust=TRUST, at=at)


def test_what_had_been_superseded_is_known_of_each_submission() -> None:
    raw = WORLD.submission(fabricator={})
    declaration = decide(raw, trust=TRUST, at=NOW).declaration
    assert declaration is not None
    first, second = decide_each(
        [(raw, NOW, Prior({declaration})), (raw, NOW, NOTHING)], trust=TRUST
    )
    assert isinstance(first, Decided)
    assert isinstance(second, Decided)
    assert (first.refusal_code, second.refusal_code) == ("superseded", None)
