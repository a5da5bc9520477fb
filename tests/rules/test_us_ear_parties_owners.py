"""Owners in the pack us-ear-parties: shares reckoned in another way, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.encoding import Json
from attest.rules.evaluate import Finding
from tests.rules.test_us_ear_parties import SUSPENDED, found

HALF = 500_000
IN_FORCE, RETURNED = "2025-10-15", "2026-12-15"

SHARES = st.one_of(
    st.integers(0, 1_000_000), st.sampled_from([1, 249_999, 250_000, 499_999, 500_000, 500_001])
)
OWNERS = st.fixed_dictionaries(
    {
        "share_ppm": SHARES,
        "standing": st.sampled_from(["captured", "listed", "unlisted"]),
        "list": st.sampled_from(["EL", "MEU", "SDN", "UVL"]),
        "footnote": st.sampled_from([0, 1, 4, 5]),
        "address_only": st.booleans(),
    }
)
LISTS_OF_OWNERS = st.lists(OWNERS, max_size=4)
VAGUE = LISTS_OF_OWNERS.flatmap(
    lambda owners: st.tuples(
        st.just(owners),
        st.lists(
            st.sets(st.sampled_from(["share_ppm", "standing", "list", "address_only"])),
            min_size=len(owners),
            max_size=len(owners),
        ),
    )
)


def captured(owners: list[dict[str, Json]], day: str = IN_FORCE) -> Finding:
    return found(
        "102",
        party={"owners": owners},
        transaction={"completion_date": day},
    )["affiliates"]


def counted(owner: Mapping[str, Any]) -> bool:
    """Whether an owner counts, written apart from the pack."""
    if owner["standing"] == "captured":
        return True
    named = owner["list"] in {"EL", "MEU", "SDN"} and not owner["address_only"]
    return owner["standing"] == "listed" and named


@given(LISTS_OF_OWNERS)
def test_shares_are_added_up_exactly(owners: list[dict[str, Json]]) -> None:
    total = sum(owner["share_ppm"] for owner in owners if counted(owner))
    finding = captured(owners)
    assert finding.result == ("fail" if total >= HALF else "pass")
    assert finding.used["define.least_share_ppm"] == total


@pytest.mark.parametrize(("step", "result"), [(-1, "pass"), (0, "fail"), (1, "fail")])
@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_one_half_is_exact_however_it_is_split(parts: int, step: int, result: str) -> None:
    share, rest = divmod(HALF + step, parts)
    shares = [share + (1 if number < rest else 0) for number in range(parts)]
    owners: list[dict[str, Json]] = [
        {"share_ppm": each, "standing": "listed", "list": "EL", "address_only": False}
        for each in shares
    ]
    assert captured(owners).result == result


@given(LISTS_OF_OWNERS, SHARES, st.integers(0, 4))
def test_an_unlisted_owner_changes_nothing(
    owners: list[dict[str, Json]], share: int, place: int
) -> None:
    more = [*owners]
    more.insert(place, {"share_ppm": share, "standing": "unlisted", "address_only": False})
    before, after = captured(owners), captured(more)
    assert (after.result, after.verdict) == (before.result, before.verdict)


@given(LISTS_OF_OWNERS, st.randoms(use_true_random=False))
def test_the_order_of_owners_is_irrelevant(owners: list[dict[str, Json]], shuffled: Any) -> None:
    other = [*owners]
    shuffled.shuffle(other)
    day = {"completion_date": IN_FORCE}
    results = [
        {name: each.result for name, each in found("102", transaction=day, party=party).items()}
        for party in ({"owners": owners}, {"owners": other})
    ]
    assert results[0] == results[1]


@given(VAGUE)
def test_what_is_not_known_decides_nothing_that_could_be_otherwise(
    drawn: tuple[list[dict[str, Json]], list[set[str]]],
) -> None:
    owners, missing = drawn
    vague = [
        {name: value for name, value in owner.items() if name not in gone}
        for owner, gone in zip(owners, missing, strict=True)
    ]
    result = captured(vague).result
    if result != "unknown":
        assert captured(owners).result == result
    elif not any(missing):
        pytest.fail("everything is known")


@given(LISTS_OF_OWNERS)
def test_the_three_times_of_the_rule(owners: list[dict[str, Json]]) -> None:
    before, between, after = (captured(owners, day) for day in (IN_FORCE, SUSPENDED, RETURNED))
    assert between.result == "pass"
    assert between.verdict == "PASS"
    assert after.result == before.result
    assert (before.verdict, after.verdict) in {("PASS", "PASS"), ("FAIL", "HOLD")}
    assert [flag.ambiguity for flag in after.flags] == (
        ["AMB-16"] if after.result == "fail" else []
    )


@given(LISTS_OF_OWNERS, st.sampled_from([1, 4, 5]))
def test_one_captured_owner_with_a_footnote_is_enough(
    owners: list[dict[str, Json]], number: int
) -> None:
    item = {"eccn": "3B993", "eccn_within": ["3B993"], "direct_product": True}
    day = {"completion_date": IN_FORCE}
    scope = found("102", item=item, party={"owners": owners}, transaction=day)
    counting = [owner for owner in owners if counted(owner)]
    carries = any(
        owner["footnote"] == number and (owner["standing"] == "captured" or owner["list"] == "EL")
        for owner in counting
    )
    enough = sum(owner["share_ppm"] for owner in counting) >= HALF
    assert (scope[f"fdp_footnote_{number}"].result == "pass") == (carries and enough)
