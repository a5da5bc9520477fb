"""The violation on record: wafers went to an OSAT that stood in no screening set, 74 times.

A foundry shipped to its customer's OSAT, which a slip of data entry had kept out of the parties of
the transaction, and which was listed after the customer had been set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from attest.decision import NOTHING, decide, decide_each, submitted_facts
from attest.encoding import Json, digest, loads
from attest.rules.edition import open_edition
from attest.screening.screener import Screener
from attest.screening.snapshot import ListEntry
from attest.whatif import Variations
from tests.world import DECLARATION, NOW, World, known, pack_bytes, party
from tests.world_lists import snapshot

SHIPMENTS = 74
OSAT = "ASE Technology Holding Co., Ltd."
SITE = party("osat", OSAT, "TW", "TW")
PAYER = party("payer", "Tianqiu Design Inc.")
PACKAGED = {**DECLARATION["package"], "packager": known(OSAT)}
PACKS_ITSELF: Json = {
    "attester_packages": known(True),
    "site_country": known("TW"),
    "hbm": known(False),
    "memories": [],
}
"""What the OSAT determines of the package."""


def submission(world: World, *others: Json, **changes: Json) -> bytes:
    """The OSAT packages and attests; `others` are parties beside the designer's own."""
    declared = {
        "parties": [*world.declaration()["parties"], *others],
        "package": PACKAGED,
        "roles_not_filled": ["forwarder"],
        **changes,
    }
    return world.submission(declared, osat={"package": PACKS_ITSELF})


def findings(world: World, raw: bytes) -> tuple[str, dict[str, Any]]:
    """The verdict, and what was found by rule."""
    decided = decide(raw, trust=world.trust(), at=NOW)
    assert decided.refusal_code is None
    found = loads(decided.payload)["predicate"]["findings"]
    return decided.verdict, {each["rule"]: each for each in found}


HOUSE = ("us-ear", "house-parties")


def test_the_law_alone_lets_an_osat_pass_that_nobody_named() -> None:
    world = World(packs=("us-ear",))
    assert findings(world, submission(world, PAYER))[0] == "PASS"


def test_an_osat_that_is_not_named_at_all_blocks() -> None:
    world = World(packs=HOUSE)
    verdict, found = findings(world, submission(world, PAYER))
    assert verdict == "HOLD"
    holding = {rule for rule, each in found.items() if each.get("verdict") == "HOLD"}
    assert holding == {"osat", "packager", "attesting_osat"}
    assert found["packager"]["says"] == (
        "The packager that the package names is no party of the transaction: "
        "it would not be screened."
    )
    assert found["osat"]["clears_with"] == [
        "A declaration that names every OSAT with its site, or states that the foundry packages"
    ]


def test_it_passes_once_it_is_named_with_its_site() -> None:
    world = World(packs=HOUSE)
    assert findings(world, submission(world, PAYER, SITE))[0] == "PASS"


def test_to_state_that_there_is_no_osat_does_not_help_where_one_packages() -> None:
    world = World(packs=HOUSE)
    raw = submission(world, PAYER, roles_not_filled=["forwarder", "osat"])
    verdict, found = findings(world, raw)
    assert verdict == "HOLD"
    assert found["osat"]["result"] == "pass"
    assert found["packager"]["result"] == found["attesting_osat"]["result"] == "fail"


def test_a_foundry_that_packages_itself_states_so() -> None:
    world = World(packs=HOUSE)
    parties = [*world.declaration()["parties"], PAYER]
    told = world.submission(
        {"parties": parties, "roles_not_filled": ["osat", "forwarder"]}, fabricator={}
    )
    untold = world.submission({"parties": parties}, fabricator={})
    assert findings(world, told)[0] == "PASS"
    verdict, found = findings(world, untold)
    assert verdict == "HOLD"
    holding = {rule for rule, each in found.items() if each.get("verdict") == "HOLD"}
    assert holding == {"osat", "forwarder"}


@pytest.mark.parametrize(
    ("others", "changes", "rule"),
    [
        ([SITE], {}, "payer"),
        ([SITE, PAYER], {"roles_not_filled": []}, "forwarder"),
        ([SITE, PAYER, party("forwarder", "Example Freight")], {}, "forwarder"),
        ([PAYER, party("osat", OSAT, None, "TW")], {}, "osat_site"),
        ([PAYER, party("osat", OSAT, "MY", "TW")], {}, "osat_site"),
        ([SITE, PAYER], {"package": {**PACKAGED, "packager": known("Another")}}, "packager"),
    ],
)
def test_each_gap_holds_by_the_rule_that_names_it(
    others: list[Json], changes: dict[str, Json], rule: str
) -> None:
    world = World(packs=HOUSE)
    verdict, found = findings(world, submission(world, *others, **changes))
    assert verdict == "HOLD"
    assert [name for name, each in found.items() if each.get("verdict") == "HOLD"] == [rule]


def shipments(world: World, *others: Json) -> Iterator[bytes]:
    """The same product, set up once and shipped again and again."""
    for number in range(SHIPMENTS):
        yield submission(world, *others, end_use=f"Packet processing, lot {number}.")


def verdicts(world: World, *others: Json) -> list[object]:
    """What becomes of the shipments."""
    every = [(raw, NOW, NOTHING) for raw in shipments(world, *others)]
    return [getattr(each, "verdict", each) for each in decide_each(every, trust=world.trust())]


def test_not_one_of_the_shipments_goes_out() -> None:
    assert verdicts(World(packs=HOUSE), PAYER) == ["HOLD"] * SHIPMENTS


SOMEBODY = ListEntry(list="EL", id="1", kind="entity", names=("Somebody Else Ltd.",))
LISTED = ListEntry(list="EL", id="2", kind="entity", names=(OSAT.upper(),), countries=("TW",))
SET_UP = [snapshot(SOMEBODY)]
"""The list of the day on which the customer was set up."""
LATER = [snapshot(SOMEBODY, LISTED)]


@pytest.mark.parametrize(
    ("packs", "others"),
    [((*HOUSE, "house-screening"), (PAYER, SITE)), (("us-ear", "house-screening"), (PAYER,))],
    ids=["named", "only as packager"],
)
def test_an_osat_that_was_listed_after_set_up_blocks(
    packs: tuple[str, ...], others: tuple[Json, ...]
) -> None:
    for lists, verdict in ((SET_UP, "PASS"), (LATER, "HOLD")):
        assert verdicts(World(packs=packs, lists=lists), *others) == [verdict] * SHIPMENTS


def test_the_entry_is_shown_with_the_role_of_the_party() -> None:
    world = World(packs=(*HOUSE, "house-screening"), lists=LATER)
    decided = decide(submission(world, PAYER, SITE), trust=world.trust(), at=NOW)
    (hit,) = loads(decided.payload)["predicate"]["screening"]["hits"]
    assert (hit["role"], hit["list"], hit["id"], hit["listed"]) == ("osat", "EL", "2", OSAT.upper())
    _, found = findings(world, submission(world, PAYER, SITE))
    assert [rule for rule, each in found.items() if each.get("verdict") == "HOLD"] == [
        "no_open_hit"
    ]


def test_trying_the_later_list_says_so_beforehand() -> None:
    """What-if: the case that passed under the list of its day, under the one that came after."""
    world = World(packs=(*HOUSE, "house-screening"), lists=SET_UP)
    told = submitted_facts(submission(world, PAYER, SITE), trust=world.trust(), at=NOW)
    later = Screener([digest(raw) for raw in LATER], {digest(raw): raw for raw in LATER})
    editions = [open_edition(pack_bytes(name)) for name in (*HOUSE, "house-screening")]
    before, (after,) = Variations(lists=(later,)).answer(told.facts, editions, told.parties)
    assert (before, after.verdict) == ("PASS", "HOLD")
    assert [each.rule for each in after.changes] == ["no_open_hit"]
