"""Roles that a party has for a time: what it signs outside that is refused, at log time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from attest.decision import decide
from attest.encoding import format_instant, loads
from tests.world import NOW, World

SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)


def span(role: str, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    return {"role": role, "valid_from": format_instant(start), "valid_until": format_instant(end)}


def refusal(world: World, raw: bytes, at: dt.datetime = NOW) -> str | None:
    return decide(raw, trust=world.trust(), at=at).refusal_code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(-1, "role-not-permitted"), (0, None), (1, None)],
    ids=["a second before", "the first second", "after it"],
)
def test_a_role_begins(seconds: int, code: str | None) -> None:
    world = World()
    world.designer.entity = {"role_validity": [span("designer", NOW, NOW + DAY)]}
    assert refusal(world, world.submission(), NOW + seconds * SECOND) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(-1, None), (0, None), (1, "role-not-permitted")],
    ids=["a second before", "the last second", "after it"],
)
def test_a_role_ends(seconds: int, code: str | None) -> None:
    world = World()
    world.designer.entity = {"role_validity": [span("designer", NOW - DAY, NOW)]}
    assert refusal(world, world.submission(), NOW + seconds * SECOND) == code


def test_a_role_that_was_given_again() -> None:
    world = World()
    world.designer.entity = {
        "role_validity": [
            span("designer", NOW - 2 * DAY, NOW - DAY),
            span("designer", NOW + DAY, NOW + 2 * DAY),
        ]
    }
    raw = world.submission()
    codes = [refusal(world, raw, NOW + days * DAY) for days in (-2, 0, 1)]
    assert codes == [None, "role-not-permitted", None]


def test_the_role_of_an_attester_ends_too() -> None:
    world = World()
    world.osat.entity = {"role_validity": [span("osat", NOW - DAY, NOW - SECOND)]}
    raw = world.submission(osat={})
    assert refusal(world, raw) == "role-not-permitted"
    decided = loads(decide(raw, trust=world.trust(), at=NOW).payload)
    assert decided["predicate"]["refusal"]["step"] == 6
    assert refusal(world, raw, NOW - SECOND) is None


def test_a_span_of_one_role_does_not_bound_another() -> None:
    world = World()
    world.designer.roles = ("designer", "distributor")
    world.designer.entity = {"role_validity": [span("distributor", NOW - DAY, NOW - SECOND)]}
    assert refusal(world, world.submission()) is None
    party = world.trust().ring.keys[world.designer.signer.keyid].party
    assert party.roles_at(NOW) == {"designer"}
    assert party.roles_at(NOW - SECOND) == {"designer", "distributor"}
