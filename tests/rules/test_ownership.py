"""Owners through every tier: what counts for sure, what does not, and what nobody knows."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.data import data_dir
from attest.encoding import Json
from attest.rules import toml
from attest.rules.ownership import COUNTED, Owner, ownership_facts
from tests.world import claim, party

PPM = 1_000_000
COMPANIES = ("C0", "C1", "C2", "C3", "C4")
OTHERS = ("person", "fund on the Entity List", "blocked person", "unverified fund", "unasked fund")


def owner(
    name: str, share: int | None, listed_on: str | None = "", kind: str = "company"
) -> dict[str, Json]:
    """A direct owner; None for what is not known."""
    return {
        "name": name,
        "kind": kind,
        "share_bp": claim(share),
        "listed_on": claim(listed_on),
    }


def owned(name: str, *owners: Json) -> dict[str, Json]:
    """The record of a company."""
    return {"name": name, "owners": list(owners)}


def divided(*records: Json, name: str = "Chips") -> list[Owner]:
    """The owners of a consignee."""
    return list(ownership_facts([party("consignee", name)], records)["party.owners"])


def bounds(*records: Json, name: str = "Chips") -> tuple[int, int]:
    """What listed parties hold of a consignee, at least and at most, in millionths."""
    (owned_party,) = ownership_facts([party("consignee", name)], records)["party.owned"]
    least, most = int(owned_party["least_ppm"]), int(owned_party["most_ppm"])
    if least == most:
        assert owned_party["share_ppm"] == least
    else:
        assert "share_ppm" not in owned_party
    return least, most


def shares(owners: Sequence[Owner]) -> list[tuple[object, ...]]:
    """The owners with what matters of them: name, share, standing and list."""
    return [
        tuple(each.get(name) for name in ("name", "share_ppm", "standing", "list"))
        for each in owners
    ]


def by_owners(owners: Sequence[Owner]) -> tuple[int, int]:
    """The bounds as the owners add up to them; a share that is not known may be all."""
    least = most = 0
    for each in owners:
        share: Any = each.get("share_ppm")
        if each.get("standing") == "captured" or each.get("list") in COUNTED:
            least += share or 0
            most += PPM if share is None else share
        elif "standing" not in each:
            most += PPM if share is None else share
    return least, min(most, PPM)


PUBLIC = owner("the market", 5000, kind="dispersed")
LI = owner("Li", 4990, kind="person")
HALF_BUT_A_BIT = owner("A", 4990, "EL")


def test_the_lists_that_count_are_those_of_the_pack() -> None:
    raw = (data_dir("rules") / "us-ear-parties" / "params" / "owners.toml").read_bytes()
    versions = toml.loads(raw, bytes_max=len(raw))["owner_lists"]["version"]
    assert [sorted(each["value"]) for each in versions] == [sorted(COUNTED)]


@pytest.mark.parametrize(
    ("code", "counts"), [("EL", True), ("MEU", True), ("SDN", True), ("UVL", False)]
)
def test_a_listed_owner_counts_by_its_list(code: str, counts: bool) -> None:
    found = divided(owned("Chips", owner("Fund", 5000, code), PUBLIC))
    assert shares(found) == (
        [("Fund", 500_000, "listed", code), ("the market", 500_000, "unlisted", None)]
        if counts
        # Who owns an owner that itself does not count is asked all the same.
        else [("Fund", 500_000, None, None), ("the market", 500_000, "unlisted", None)]
    )


def test_two_listed_owners_are_added_up() -> None:
    record = owned("Chips", owner("A", 2500, "EL"), owner("B", 2500, "MEU"), PUBLIC)
    assert bounds(record) == (500_000, 500_000)


def test_a_captured_owner_counts_whole() -> None:
    """The Entity List holds half of B, and B half of C: C is captured."""
    found = divided(
        owned("Chips", owner("B", 5000), PUBLIC), owned("B", owner("A", 5000, "EL"), PUBLIC)
    )
    assert shares(found) == [
        ("B", 500_000, "captured", "EL"),
        ("the market", 500_000, "unlisted", None),
    ]


def test_an_owner_just_below_passes_on_what_is_held_of_it() -> None:
    below = owned("B", owner("A", 4999, "EL"), owner("the market", 5001, kind="dispersed"))
    found = divided(owned("Chips", owner("B", 6000), owner("A", 4000, "EL")), below)
    assert shares(found) == [
        ("B", 299_940, "listed", "EL"),
        ("B", 300_060, "unlisted", None),
        ("A", 400_000, "listed", "EL"),
    ]


def test_two_tiers_make_one_half_exactly() -> None:
    """0.4 of 0.4 and 0.34 beside it: 0.5 to the millionth."""
    records = [
        owned("Chips", owner("B", 4000), owner("A", 3400, "EL"), owner("Li", 2600, kind="person")),
        owned("B", owner("A", 4000, "EL"), owner("Li", 6000, kind="person")),
    ]
    assert bounds(*records) == (500_000, 500_000)


@pytest.mark.parametrize(
    "records",
    [
        [owned("Chips", owner("A", 4990, "EL"), owner("S", 20, "MEU"), LI)],
        [owned("Chips", owner("B", 9980), owner("S", 20, "SDN")), owned("B", HALF_BUT_A_BIT, LI)],
        [
            owned("Chips", owner("B", 4990), owner("A", 4990, "EL"), owner("C", 20)),
            owned("B", owner("C", 10_000)),
            owned("C", owner("B", 4990), owner("A", 5010, "EL")),
        ],
    ],
    ids=["two listed owners", "reset at a tier", "through a circle"],
)
def test_one_half_cannot_be_cut_up(records: list[Json]) -> None:
    least, _ = bounds(*records)
    assert least >= 500_000


def test_blocked_persons_are_told_apart_inside_a_captured_owner() -> None:
    found = divided(
        owned("Chips", owner("B", 10_000)),
        owned("B", owner("S", 3000, "SDN"), owner("A", 2000, "EL"), PUBLIC),
    )
    assert shares(found) == [("B", 300_000, "captured", "SDN"), ("B", 700_000, "captured", "EL")]


def test_what_is_owned_by_a_listed_party_says_nothing_of_its_owners() -> None:
    """The parent of a listed company is not captured by it."""
    records = [owned("Chips", owner("Li", 10_000, kind="person"))]
    assert bounds(*records, owned("Sub", owner("Chips", 10_000))) == (0, 0)


@pytest.mark.parametrize(
    "records",
    [
        [owned("Chips", owner("B", 10_000))],
        [owned("Chips", owner("Li", 10_000, None, kind="person"))],
        [owned("Chips", owner("Li", None, kind="person"))],
        [owned("Chips", owner("Li", 4999, kind="person"))],
        [owned("Chips", owner("B", 10_000)), owned("B", owner("Chips", 10_000))],
        [owned("Chips", owner("Chips", 10_000))],
        [
            owned(
                "Chips",
                owner("Li", 6000, kind="person"),
                owner("Wu", 6000, kind="person"),
                owner("B", 1),
            )
        ],
        [owned("another", owner("Li", 10_000, kind="person"))],
    ],
    ids=[
        "no record",
        "not screened",
        "no share",
        "no rest",
        "a circle",
        "itself",
        "too much",
        "none",
    ],
)
def test_what_nobody_knows_may_be_all(records: list[Json]) -> None:
    least, most = bounds(*records)
    assert least == 0
    assert most > 500_000


def test_an_unknown_share_of_a_listed_owner_stays_unknown() -> None:
    found = divided(owned("Chips", owner("A", None, "EL"), PUBLIC))
    assert shares(found) == [
        ("A", None, "listed", "EL"),
        ("the market", 500_000, "unlisted", None),
        (None, 500_000, None, None),
    ]


@pytest.mark.parametrize(
    ("held_by", "expected"),
    [
        ([("A", 5000, "EL")], ("captured", "EL")),
        ([("S", 5000, "SDN")], ("captured", "SDN")),
        ([("S", 3000, "SDN"), ("A", 2000, "EL")], (None, None)),
        ([("A", 4999, "EL")], (None, None)),
        ([], ("unlisted", None)),
    ],
)
def test_an_unknown_share_has_the_standing_of_its_owner(
    held_by: list[tuple[str, int, str]], expected: tuple[str | None, str | None]
) -> None:
    rest = 10_000 - sum(share for _, share, _ in held_by)
    record = owned("B", *(owner(*each) for each in held_by), owner("Li", rest, kind="person"))
    found = divided(owned("Chips", owner("B", None)), record)
    assert shares(found)[0] == ("B", None, *expected)


def test_a_circle_is_enclosed() -> None:
    """x = 0.3 + 0.4 y and y = 0.4 x, so x is 5/14."""
    least, most = bounds(
        owned("Chips", owner("A", 3000, "EL"), owner("B", 4000), owner("Li", 3000, kind="person")),
        owned("B", owner("Chips", 4000), owner("Li", 6000, kind="person")),
    )
    assert least < Fraction(5, 14) * PPM < most < 500_000


def test_two_names_of_a_party_are_one() -> None:
    parties = [{**party("consignee", "芯片"), "name_latin": "Chips"}, party("foundry", "Foundry")]
    found = ownership_facts(
        parties,
        [owned("Chips", owner("B", 10_000)), owned("B", owner("芯片", 1), owner("A", 9999, "EL"))],
    )
    assert [(each["of"], each["name"], each["standing"]) for each in found["party.owners"]] == [
        ("芯片", "B", "captured")
    ]
    assert [each["name"] for each in found["party.owned"]] == ["芯片"]


def test_every_party_but_the_foundry_is_asked_for_its_owners() -> None:
    parties = [
        party("designer", "D"),
        party("foundry", "F"),
        party("payer", "D"),
        party("end-user", "E"),
    ]
    facts = ownership_facts(parties, [owned("E", owner("E", 10_000, kind="person"))])
    assert facts == {
        "party.owners": (
            {"of": "D"},
            {"of": "E", "name": "E", "share_ppm": PPM, "standing": "unlisted"},
        ),
        "party.owned": (
            {"name": "D", "least_ppm": 0, "most_ppm": PPM},
            {"name": "E", "least_ppm": 0, "most_ppm": 0, "share_ppm": 0, "blocked_ppm": 0},
        ),
    }


def test_a_person_among_the_parties_has_no_owners() -> None:
    parties = [party("ultimate-parent", "Li"), party("designer", "D")]
    facts = ownership_facts(parties, [owned("D", owner("Li", 10_000, kind="person"))])
    assert [each["most_ppm"] for each in facts["party.owned"]] == [0, 0]


def test_one_owner_in_two_records_is_the_gravest_of_what_is_said() -> None:
    first, second = owner("A", 2500, "UVL", kind="person"), owner("A", 2500, "EL")
    found = divided(owned("Chips", first, PUBLIC), owned("Chips", second))
    assert shares(found)[0] == ("A", 500_000, "listed", "EL")


def split(pieces: list[int]) -> list[int]:
    """Shares that make the whole or less, in the proportion of the pieces."""
    whole = sum(pieces)
    return [max(1, piece * 9_000 // whole) for piece in pieces]


ANYBODY = st.sampled_from((*COMPANIES, *OTHERS))
LISTED = {OTHERS[1]: "EL", OTHERS[2]: "SDN", OTHERS[3]: "UVL", OTHERS[4]: None}


@st.composite
def records(draw: st.DrawFn, *, circles: bool = True) -> list[dict[str, Json]]:
    """Records of some companies; without circles a company is owned by later ones only."""
    made = []
    for number, company in enumerate(COMPANIES):
        pool = (*COMPANIES, *OTHERS) if circles else (*COMPANIES[number + 1 :], *OTHERS)
        names = draw(st.lists(st.sampled_from(pool), max_size=4, unique=True))
        if names:
            pieces = draw(st.lists(st.integers(1, 1000), min_size=len(names), max_size=len(names)))
            made.append(owned(company, *map(stated, names, split(pieces))))
    return made


def stated(name: str, share: int) -> dict[str, Json]:
    """An owner as it always stands in these records."""
    kind = "company" if name in COMPANIES else "person"
    return owner(name, share, LISTED.get(name, ""), kind)


def without_knowledge(made: list[dict[str, Json]], gone: set[int], member: str) -> list[Json]:
    """The same records, the owners at these places without a claim."""
    vague = copy.deepcopy(made)
    for place, each in enumerate(each for record in vague for each in record["owners"]):
        if place in gone:
            each[member] = claim(None)
    return vague


@given(records())
def test_shares_make_the_whole_and_never_more(made: list[Json]) -> None:
    found = divided(*made, name="C0")
    known = [int(each["share_ppm"]) for each in found if "share_ppm" in each]
    if any(record["name"] == "C0" for record in made):
        assert sum(known) == PPM
    least, most = bounds(*made, name="C0")
    assert 0 <= least <= most <= PPM


@given(records())
def test_the_owners_add_up_to_the_bounds(made: list[Json]) -> None:
    """Each part of a share is rounded down for itself."""
    exact, shown = bounds(*made, name="C0"), by_owners(divided(*made, name="C0"))
    lost = sum(len(COUNTED) + 1 for record in made for _ in record["owners"])
    assert 0 <= exact[0] - shown[0] <= lost
    assert 0 <= shown[1] - exact[1] <= lost + 1


@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_records_and_owners_is_irrelevant(made: list[Json], shuffled: Any) -> None:
    other = copy.deepcopy(made)
    shuffled.shuffle(other)
    for record in other:
        shuffled.shuffle(record["owners"])
    one, two = ([*map(repr, divided(*each, name="C0"))] for each in (made, other))
    assert sorted(one) == sorted(two)


@given(records(), ANYBODY, st.sampled_from(COUNTED))
def test_one_more_listed_owner_never_lowers_a_bound(made: list[Json], name: str, code: str) -> None:
    more = copy.deepcopy(made)
    for record in more:
        for each in record["owners"]:
            if each["name"] == name:
                each["listed_on"] = claim(code)
    before, after = (bounds(*each, name="C0") for each in (made, more))
    assert all(one <= other for one, other in zip(before, after, strict=True))


@given(records(), st.sets(st.integers(0, 15)), st.sampled_from(("share_bp", "listed_on")))
def test_knowing_more_never_widens_the_bounds(
    made: list[Json], gone: set[int], member: str
) -> None:
    vague = without_knowledge(made, gone, member)
    wide, narrow = (bounds(*each, name="C0") for each in (vague, made))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


@given(records(circles=False))
def test_without_circles_the_bounds_are_those_of_adding_up_by_hand(made: list[Json]) -> None:
    owners: Mapping[str, Any] = {record["name"]: record["owners"] for record in made}

    def held(name: str) -> Fraction:
        if LISTED.get(name, "") in COUNTED:
            return Fraction(1)
        below = direct(name, held)
        return Fraction(1) if 2 * below >= 1 else below

    def free(name: str) -> Fraction:
        if name not in COMPANIES:
            return Fraction(LISTED.get(name, "") not in (*COUNTED, None))
        below = direct(name, free)
        return below if 2 * below > 1 else Fraction(0)

    def direct(name: str, part: Any) -> Fraction:
        each = owners.get(name, ())
        return sum(
            (Fraction(one["share_bp"]["value"], 10_000) * part(one["name"]) for one in each),
            Fraction(0),
        )

    if "C0" in owners:
        expected = (direct("C0", held), 1 - direct("C0", free))
        assert bounds(*made, name="C0") == tuple(int(part * PPM) for part in expected)
