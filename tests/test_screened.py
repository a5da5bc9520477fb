"""Screening in a decision: what is found, what the rules make of it, what a review clears."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.decision import NOTHING, Decided, Prior, decide, submitted_facts
from attest.encoding import digest, loads
from attest.errors import InputError, TrustError
from attest.screened import Clearance, Screened, recorded_screening, screen
from attest.screening.match import EDITION, HOLD_PERMILLE
from attest.screening.screener import Screener
from attest.screening.snapshot import ListEntry
from attest.trust import load_trust, open_lists
from tests import world_lists
from tests.world import NOW, World, known, party
from tests.world_lists import DAY, ENTRIES, NUMBER, named_list, snapshot

LIST = snapshot()
PACKS = ("us-ear-parties", "house-screening")
WORLD = World(packs=PACKS, lists=[LIST])
NAMESAKE = "BEIJING EXAMPLE HUAXIN SEMICONDUCTOR CO LTD"
STRANGER = "Nordlicht Kamerabau AG"
REVIEW = digest(b"a review")


def parties(**consignee: Any) -> list[Any]:
    """The parties of the example, with another consignee."""
    declared = copy.deepcopy(WORLD.declaration()["parties"])
    return [each for each in declared if each["role"] != "consignee"] + [
        {**party("consignee", STRANGER, "DE", "DE"), **consignee}
    ]


def submitted(world: World = WORLD, **consignee: Any) -> bytes:
    return world.submission({"parties": parties(**consignee)}, fabricator={})


def named(name: str) -> dict[str, Any]:
    return {"name": name, "name_latin": name}


def decided(raw: bytes, world: World = WORLD, prior: Prior = NOTHING) -> tuple[Decided, Any]:
    result = decide(raw, trust=world.trust(), at=NOW, prior=prior)
    return result, loads(result.payload)["predicate"]


def results(predicate: Any) -> dict[str, str]:
    return {each["rule"]: each["result"] for each in predicate["findings"]}


def test_nobody_is_found() -> None:
    result, predicate = decided(submitted())
    assert predicate["screening"] == {
        "edition": EDITION,
        "lists": [named_list(LIST)],
        "hits": [],
    }
    assert result.hits == ()
    found = results(predicate)
    assert (found["lists_current"], found["no_open_hit"]) == ("pass", "pass")
    assert found["blocked_party"] == "pass"


def test_a_namesake_holds_with_the_entry_shown() -> None:
    _, predicate = decided(submitted(**named(NAMESAKE)))
    (hit,) = predicate["screening"]["hits"]
    assert (hit["role"], hit["name"], hit["id"]) == ("consignee", NAMESAKE, "1")
    assert hit["listed"] == ENTRIES[0].names[0]
    assert (hit["kind"], hit["reason"], hit["footnotes"]) == ("name", "same-name", [4])
    found = results(predicate)
    assert (predicate["verdict"], found["no_open_hit"]) == ("HOLD", "fail")
    assert found["entity_list"] == "unknown"  # whether it is the listed party is for a person


def test_a_registration_number_is_the_listed_party() -> None:
    numbered: dict[str, Any] = {"registration_ids": [{"scheme": "uscc", "value": NUMBER}]}
    _, predicate = decided(submitted(**numbered))
    (hit,) = predicate["screening"]["hits"]
    assert (hit["kind"], hit["score_permille"], hit["matched"]) == ("identifier", 1000, NUMBER)
    assert (predicate["verdict"], results(predicate)["blocked_party"]) == ("FAIL", "fail")
    facts = submitted_facts(submitted(**numbered), trust=WORLD.trust(), at=NOW).facts
    assert facts.get("party.listings") == (
        {
            "name": ENTRIES[1].names[0],
            "role": "consignee",
            "list": "SDN",
            "address_only": False,
            "country": "CN",
        },
    )
    pair = hit["party"], hit["entry"]
    cleared = Prior(cleared={pair: Clearance(REVIEW, dt.date.max)})
    assert "cleared" not in decided(submitted(**numbered), prior=cleared)[1]["screening"]["hits"][0]


@pytest.mark.parametrize(
    ("days", "holds"), [(-1, False), (0, True), (1, True)], ids=["ended", "last day", "before"]
)
def test_a_clearance_holds_until_its_last_day(days: int, holds: bool) -> None:
    raw = submitted(**named(NAMESAKE))
    (hit,) = decided(raw)[1]["screening"]["hits"]
    until = NOW.date() + dt.timedelta(days=days)
    prior = Prior(cleared={(hit["party"], hit["entry"]): Clearance(REVIEW, until)})
    _, predicate = decided(raw, prior=prior)
    (now,) = predicate["screening"]["hits"]
    assert now.get("cleared") == (REVIEW if holds else None)
    assert results(predicate)["no_open_hit"] == ("pass" if holds else "fail")
    assert results(predicate)["entity_list"] == ("pass" if holds else "unknown")


@pytest.mark.parametrize(
    "change",
    [{"address": "2 Example Road"}, {"registration_ids": []}, {"name_latin": NAMESAKE.title()}],
)
def test_a_clearance_ends_when_something_else_is_declared(change: dict[str, Any]) -> None:
    (hit,) = decided(submitted(**named(NAMESAKE)))[1]["screening"]["hits"]
    prior = Prior(cleared={(hit["party"], hit["entry"]): Clearance(REVIEW, dt.date.max)})
    _, predicate = decided(submitted(**{**named(NAMESAKE), **change}), prior=prior)
    assert "cleared" not in predicate["screening"]["hits"][0]


def test_a_clearance_ends_when_the_entry_changes() -> None:
    (hit,) = decided(submitted(**named(NAMESAKE)))[1]["screening"]["hits"]
    prior = Prior(cleared={(hit["party"], hit["entry"]): Clearance(REVIEW, dt.date.max)})
    changed = ListEntry(list="EL", id="1", kind="entity", names=ENTRIES[0].names, footnotes=(4, 5))
    world = World(packs=PACKS, lists=[snapshot(changed)])
    _, predicate = decided(submitted(world, **named(NAMESAKE)), world, prior)
    assert "cleared" not in predicate["screening"]["hits"][0]


def test_the_role_is_no_part_of_the_party() -> None:
    """One party in two roles is found once, and cleared once."""
    twice = parties(**named(NAMESAKE))
    twice.append({**twice[-1], "role": "distributor"})
    _, predicate = decided(WORLD.submission({"parties": twice}, fabricator={}))
    assert [each["role"] for each in predicate["screening"]["hits"]] == ["consignee"]


def test_who_determines_is_screened_too() -> None:
    """An OSAT that nobody declares, but that signs a determination, is a party."""
    world = World(packs=PACKS, lists=[LIST], osat_name=NAMESAKE)
    raw = world.submission({"parties": parties()}, fabricator={}, osat={})
    _, predicate = decided(raw, world)
    assert [(each["role"], each["name"]) for each in predicate["screening"]["hits"]] == [
        ("osat", NAMESAKE)
    ]


def test_a_packager_that_is_no_party_is_screened_too() -> None:
    package = {**WORLD.declaration()["package"], "packager": known("Huaxin Example")}
    raw = WORLD.submission({"parties": parties(), "package": package}, fabricator={})
    _, predicate = decided(raw)
    assert [(each["role"], each["name"]) for each in predicate["screening"]["hits"]] == [
        ("osat", "Huaxin Example")
    ]


def test_a_party_listed_after_set_up_blocks() -> None:
    """The same submission, before and after its packager was listed."""
    before = snapshot(ENTRIES[1], as_of=DAY - dt.timedelta(days=1))
    packagers = [*parties(), party("osat", "Huaxin Example Packaging")]
    listed = ListEntry(list="EL", id="3", kind="entity", names=("Huaxin Example Packaging",))
    after = snapshot(*ENTRIES, listed)
    verdicts = []
    for lists in (before, after):
        world = World(packs=PACKS, lists=[lists])
        raw = world.submission({"parties": packagers}, fabricator={})
        verdicts.append(results(decided(raw, world)[1])["no_open_hit"])
    assert verdicts == ["pass", "fail"]


@pytest.mark.parametrize("name", ["...", "\u2665", "\U00011f10\U00011f12"])
def test_a_party_without_a_name_that_can_be_compared_is_unknown(name: str) -> None:
    """Punctuation, a symbol, letters younger than Unicode 14: not found is not screened."""
    _, predicate = decided(submitted(**named(name)))
    found = results(predicate)
    assert (found["no_open_hit"], found["blocked_party"]) == ("unknown", "unknown")
    assert predicate["verdict"] == "HOLD"
    latin = decided(submitted(name=name, name_latin=STRANGER))[1]
    assert results(latin)["no_open_hit"] == "pass"


@pytest.mark.parametrize(("age", "result"), [(7, "pass"), (8, "fail")])
def test_a_stale_list_holds(age: int, result: str) -> None:
    world = World(packs=PACKS, lists=[snapshot(as_of=NOW.date() - dt.timedelta(days=age))])
    assert results(decided(submitted(world), world)[1])["lists_current"] == result


def test_without_lists_nothing_is_screened() -> None:
    world = World(packs=PACKS)
    _, predicate = decided(submitted(world), world)
    assert "screening" not in predicate
    found = results(predicate)
    assert (found["no_open_hit"], found["lists_current"]) == ("unknown", "unknown")
    assert predicate["verdict"] == "HOLD"


def test_a_refusal_is_not_screened() -> None:
    raw = WORLD.submission({"audience": "another", "parties": parties(**named(NAMESAKE))})
    result, predicate = decided(raw)
    assert result.refusal_code == "wrong-audience"
    assert (result.hits, "screening" in predicate) == ((), False)


def test_the_order_of_lists_and_parties_does_not_change_what_is_found() -> None:
    other = snapshot(ListEntry(list="SHTC", id="9", kind="entity", names=(NAMESAKE,)), code="SHTC")
    raws = [LIST, other]
    screeners = [
        Screener(map(digest, each), {digest(raw): raw for raw in each})
        for each in itertools.permutations(raws)
    ]
    two = [{**party("osat", ENTRIES[1].names[0])}, {**party("consignee", NAMESAKE)}]
    found = [
        screen(each, lists, on=NOW.date())
        for lists in screeners
        for each in itertools.permutations(two)
    ]
    assert len({frozenset(each.hits) for each in found}) == 1
    assert len(found[0].hits) == 3


def test_submitted_facts_are_those_of_the_decision() -> None:
    raw = submitted(**named(NAMESAKE))
    facts = submitted_facts(raw, trust=WORLD.trust(), at=NOW).facts
    assert facts.get("screening.lists") == ({"list": "CSL", "age_days": 1},)
    assert facts.get("party.listings") is None
    (hit,) = decided(raw)[0].hits
    assert facts.get("screening.hits") == (
        {
            "listed": hit.listed,
            "role": "consignee",
            "list": "EL",
            "kind": "name",
            "reason": "same-name",
            "score_permille": hit.score_permille,
            "cleared": False,
        },
    )


@given(name=st.sampled_from([NAMESAKE, "Huaxin Example", STRANGER, ENTRIES[1].names[0]]))
def test_what_a_decision_records_stands_for_screening(name: str) -> None:
    """Deciding with what was recorded gives the same bytes as deciding with the lists."""
    raw = submitted(**named(name))
    result, predicate = decided(raw)
    recorded = recorded_screening(predicate)
    bare = load_trust(WORLD.trust_bytes(), WORLD.keysets() | WORLD.packs)
    again = decide(raw, trust=bare, at=NOW, screened=recorded)
    assert again.payload == result.payload
    assert recorded_screening({}) == Screened((), ())


@pytest.mark.parametrize("swapped", [False, True], ids=["missing", "another"])
def test_a_list_that_is_not_there_stops_deciding(swapped: bool) -> None:
    """Of a list that no other test opens, for an index that is open needs no bytes."""
    world = World(packs=PACKS, lists=[snapshot(ENTRIES[1], as_of=DAY)])
    bodies = {name: LIST for name in world.lists if swapped}
    bare = load_trust(world.trust_bytes(), world.keysets() | world.packs | bodies)
    for ask in (lambda: open_lists(bare), lambda: decide(submitted(), trust=bare, at=NOW)):
        with pytest.raises(TrustError) as caught:
            ask()
        assert caught.value.code == "trust-incomplete"


def test_two_snapshots_of_one_list_do_not_open() -> None:
    world = World(packs=PACKS, lists=[LIST, snapshot(ENTRIES[0])])
    with pytest.raises(InputError) as caught:
        open_lists(world.trust())
    assert caught.value.code == "list-malformed"


def test_a_decision_names_so_many_hits_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has cleared is not cut in favour of what somebody has."""
    monkeypatch.setattr("attest.limits.SCREENING_HITS_MAX", 3)
    entries = [
        ListEntry(list="EL", id=str(number), kind="entity", names=(NAMESAKE, f"alias {number}"))
        for number in range(1, 6)
    ]
    lists = snapshot(*entries)
    screener = Screener([digest(lists)], {digest(lists): lists})
    who = [party("consignee", NAMESAKE)]
    first = screen(who, screener, on=NOW.date())
    assert [hit.id for hit in first.hits] == ["1", "2", "3"]
    cleared = {(hit.party, hit.entry): Clearance(REVIEW, dt.date.max) for hit in first.hits}
    second = screen(who, screener, on=NOW.date(), cleared=cleared)
    assert [(hit.id, hit.open) for hit in second.hits] == [("4", True), ("5", True), ("1", False)]


def test_the_example_of_a_threshold_is_the_measured_one() -> None:
    (pack,) = (each for each in WORLD.trust().packs if each.id == "house-screening")
    document = loads(WORLD.packs[pack.digest])
    values = {each["name"]: each["versions"][0]["value"] for each in document["params"]}
    assert values["hold_score_permille"] == HOLD_PERMILLE


def test_the_world_lists_follow_their_schema() -> None:
    assert world_lists.snapshot() == LIST
