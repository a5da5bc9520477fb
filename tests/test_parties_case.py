"""The violation on record: wafers went to an OSAT that stood in no screening set, 74 times.

A foundry shipped to its customer's OSAT, which a slip of data entry had kept out of the parties of
the transaction, and which was listed after the customer had been set up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from attest.decision import decide, decide_each, submitted_facts
from attest.encoding import Json, digest, loads
from attest.rules.edition import open_edition
from attest.rules.facts import Facts
from attest.screening.names import Listed
from attest.screening.snapshot import ListEntry, read_snapshot, write_snapshot
from attest.whatif import After, Variations
from tests.world import DECLARATION, NOW, World, known, pack_bytes, party

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


def test_not_one_of_the_shipments_goes_out() -> None:
    world = World(packs=HOUSE)
    decided = decide_each([(raw, NOW, ()) for raw in shipments(world, PAYER)], trust=world.trust())
    assert [getattr(each, "verdict", each) for each in decided] == ["HOLD"] * SHIPMENTS


def listed(day: str, *names: str) -> Listed:
    """The Entity List of a day, with an entry for each name."""
    entries = [
        ListEntry(list="EL", id=str(number), kind="entity", names=(name,), footnotes=())
        for number, name in enumerate(names)
    ]
    raw = write_snapshot(
        code="EL",
        source="an example",
        source_digest=digest(b""),
        as_of=dt.date.fromisoformat(day),
        entries=entries,
    )
    return Listed.of([read_snapshot(raw)])


@pytest.mark.parametrize("others", [(PAYER, SITE), (PAYER,)], ids=["named", "only as packager"])
def test_an_osat_that_was_listed_after_set_up_blocks_when_the_list_is_tried(
    others: tuple[Json, ...],
) -> None:
    """What-if over the lists of both days; a decision does not see lists yet."""
    world = World(packs=HOUSE)
    editions = [open_edition(pack_bytes("us-ear-parties"))]
    question = Variations(
        lists=(
            listed("2026-07-31", "Somebody Else Ltd."),
            listed("2026-11-20", "Somebody Else Ltd.", OSAT.upper()),
        )
    )
    for raw in shipments(world, *others):
        told = submitted_facts(raw, trust=world.trust(), at=NOW)
        unlicensed = Facts({**told.facts.values, "trade.licence": False})
        for facts, result, verdict in (
            (told.facts, "unknown", "HOLD"),
            (unlicensed, "fail", "FAIL"),
        ):
            _, (set_up, now) = question.answer(facts, editions, told.parties)
            assert entity_list(set_up) == "pass"
            assert (entity_list(now), now.verdict) == (result, verdict)


def entity_list(after: After) -> str | None:
    """The result of the rule, which is unknown as long as no list is tried."""
    changed = [each.after for each in after.changes if each.rule == "entity_list"]
    return changed[0] if changed else "unknown"
