"""What-if and calendar say what `decide` says of the same papers on the other day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.decision import decide, submitted_facts
from attest.encoding import Json, canonical, loads
from attest.errors import AttestError, InputError, RuleError
from attest.rules.compare import Change, Moved, Turned
from attest.rules.edition import Edition, open_edition
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import Facts, facts_from_json
from attest.whatif import Span, Variations, varied
from tests.rules.us_ear import changed
from tests.world import NOW, UNKNOWN, World, known, pack_bytes

PACKS = ("us-ear", "house-example")
EDITIONS = [open_edition(pack_bytes(name)) for name in PACKS]
LAW = EDITIONS[:1]
NEW_YEAR = dt.date(2027, 1, 1)
BN = 10**9

DAYS = st.sampled_from(
    [
        dt.date(2026, 12, 30),
        dt.date(2026, 12, 31),
        NEW_YEAR,
        dt.date(2027, 12, 31),
        dt.date(2028, 1, 1),
        dt.date(2029, 1, 1),
    ]
) | st.dates(dt.date(2026, 6, 1), dt.date(2029, 6, 1))
VALIDITY: Json = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2029-12-31T23:59:59Z"}


@st.composite
def papers(draw: st.DrawFn) -> dict[str, Any]:
    """What may vary in a submission of the world: who attests which count, and the designer."""
    count = draw(st.sampled_from([12, 29, 30, 34, 35, 36, 39, 41])) * BN - draw(st.integers(0, 1))
    agreed = draw(st.booleans())
    filed = draw(st.none() | st.dates(dt.date(2026, 5, 1), dt.date(2027, 3, 1)))
    application: Json = {"status": "none"}
    if filed is not None:
        application = {"status": "filed", "filed_on": filed.isoformat()}
    return {
        "count": count,
        "attested": draw(st.sampled_from([count, count, None])),
        "fabricator": draw(st.booleans()),
        "designer_status": {
            "listed_group": known(""),
            "agreed_743_9": {"status": "agreed", "on": "2025-03-03"}
            if agreed
            else {"status": "unknown"},
            "application_748_16": application,
        },
        "site": draw(st.sampled_from(["TW", "KH", "MY"])),
    }


def submission(world: World, drawn: dict[str, Any], completion: dt.date) -> bytes:
    """The signed papers, to be completed on that day."""
    declared = {
        "designer_status": drawn["designer_status"],
        "planned_completion_date": completion.isoformat(),
        "validity": VALIDITY,
    }
    dies = world.determination(b"")["dies"]
    dies[0]["gds_transistors"] = known(drawn["count"])
    fabricator = {
        "dies": dies,
        "aatc_transistors": UNKNOWN if drawn["attested"] is None else known(drawn["attested"]),
        "package": {
            "attester_packages": known(True),
            "site_country": known(drawn["site"]),
            "hbm": known(False),
            "memories": [],
        },
        "validity": VALIDITY,
    }
    return world.submission(declared, fabricator=fabricator if drawn["fabricator"] else None)


WORLDS = {mode: World(packs=PACKS, mode=mode) for mode in ("cfr_text", "bis_practice")}
TRUSTS = {mode: world.trust() for mode, world in WORLDS.items()}


def decided(raw: bytes, mode: str, at: dt.datetime) -> Any:
    """The predicate of the decision."""
    return loads(decide(raw, trust=TRUSTS[mode], at=at).payload)["predicate"]


def results(findings: list[Json]) -> dict[tuple[str, str], str]:
    return {(each["pack"], each["rule"]): each["result"] for each in findings}


def instant(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, NOW.time(), dt.UTC)


@settings(max_examples=80, deadline=None)
@given(papers(), DAYS, DAYS, DAYS, st.sampled_from(sorted(WORLDS)))
def test_another_day_is_what_decide_says_on_it(
    drawn: dict[str, Any], planned: dt.date, first: dt.date, day: dt.date, mode: str
) -> None:
    """Whichever day was tried before it."""
    world, trust = WORLDS[mode], TRUSTS[mode]
    raw = submission(world, drawn, planned)
    recorded = decided(raw, mode, NOW)
    facts = submitted_facts(raw, trust=trust, at=NOW).facts

    itself = Variations(mode=mode).answer(facts, EDITIONS)
    assert itself.before == recorded["verdict"] == itself.after[0].verdict
    assert itself.after[0].changes == ()
    found = [each.to_json() for one in EDITIONS for each in evaluate(one.pack, facts)]
    assert found == recorded["findings"]

    moved = decided(submission(world, drawn, day), mode, instant(day))
    before, (_, after) = Variations(on=(first, day)).answer(facts, EDITIONS)
    assert (before, after.before, after.on) == (recorded["verdict"], recorded["verdict"], day)
    assert after.verdict == moved["verdict"]
    facts_then = varied(facts, on=day)
    then = [each.to_json() for one in EDITIONS for each in evaluate(one.pack, facts_then)]
    assert then == moved["findings"]
    expected = results(moved["findings"])
    told = results(recorded["findings"])
    for change in after.changes:
        assert told[change.pack, change.rule] == change.before != change.after
        told[change.pack, change.rule] = str(change.after)
    assert told == expected


@settings(max_examples=25, deadline=None)
@given(papers(), st.integers(0, 1100), st.sampled_from([(), (pack_bytes("us-ear"),)]))
def test_a_calendar_is_every_day_one_by_one(
    drawn: dict[str, Any], offset: int, packs: tuple[bytes, ...]
) -> None:
    raw = submission(WORLDS["cfr_text"], drawn, dt.date(2026, 12, 15))
    facts = submitted_facts(raw, trust=TRUSTS["cfr_text"], at=NOW).facts
    first = dt.date(2026, 6, 1) + dt.timedelta(offset)
    until = first + dt.timedelta(90)
    start, turns = Span(first=first, until=until, packs=packs).answer(facts, EDITIONS)
    used = LAW if packs else EDITIONS
    verdict, expected = verdict_on(first, facts, used), []
    assert start == verdict
    for number in range(1, 91):
        day = first + dt.timedelta(number)
        now = verdict_on(day, facts, used)
        if now != verdict:
            expected.append((day, verdict, now))
        verdict = now
    assert [(each.on, each.before, each.verdict) for each in turns] == expected
    assert all(each.changes for each in turns)


def verdict_on(day: dt.date, facts: Facts, editions: list[Edition]) -> str:
    moved = varied(facts, on=day)
    return verdict_of([each for one in editions for each in evaluate(one.pack, moved)])


def product(count: int = 12 * BN, **changes: Any) -> Facts:
    """A product of a U.S. designer without high-bandwidth memory, packaged by its fabricator."""
    die = {**changed("38")["fabricator"]["dies"][0], "gds_transistors": count}
    plain = {"hbm": False, "memories": []}
    us = {"designer_hq": "US", "designer_parent_hq": "US", "designer_locations": ["US"]}
    tree = changed(
        "38",
        declared=plain | us,
        fabricator=plain | {"dies": [die], "aatc_attested": count},
        transaction={"destinations": ["US"], "party_hqs": ["US"]},
    )
    for group, members in changes.items():
        tree[group] |= members
    return facts_from_json(tree)


def test_the_new_limit_is_named_with_its_citation() -> None:
    before, (after,) = Variations(on=(NEW_YEAR,)).answer(product(34 * BN), LAW)
    (change,) = [each for each in after.changes if each.rule == "n1_way_b"]
    assert (change.before, change.after) == ("fail", "pass")
    assert change.moved == (
        Moved(
            "params.limit_no_hbm",
            30 * BN,
            35 * BN,
            citation='15 CFR 774 Supp. 1, ECCN 3A090, Note 1.b(b)(i) and 1.c(b)(i) ("in 2027")',
        ),
    )
    assert not after.worse
    assert before == "FAIL"


def test_the_date_of_the_designers_is_named_with_its_citation() -> None:
    span = Span(first=dt.date(2026, 11, 24), until=dt.date(2027, 11, 24))
    agreed = {"agreed_743_9": True, "agreed_743_9_on": "2025-03-03"}
    facts = product(declared=agreed, fabricator={"packages": False})
    start, (turn,) = span.answer(facts, LAW)
    assert (start, turn.on, turn.verdict) == ("PASS", dt.date(2026, 12, 31), "FAIL")
    assert turn.worse
    (change,) = [each for each in turn.changes if each.rule == "n1_way_a"]
    assert change.turned == (
        Turned(
            "transaction.completion_date < params.authorized_cliff",
            "true",
            "false",
            (
                (
                    "params.authorized_cliff",
                    "2026-12-31",
                    "15 CFR 774 Supp. 1, ECCN 3A090, Note 1.a(2) and (3); 91 FR 17851",
                ),
            ),
        ),
    )


def test_a_list_says_what_came_and_what_went() -> None:
    day = dt.date(2025, 11, 7)
    before, (after,) = Variations(on=(day,)).answer(
        product(
            fabricator={"packaging_country": "KH"},
            transaction={"completion_date": "2025-11-06", "decision_date": "2025-11-06"},
        ),
        LAW,
    )
    (change,) = [each for each in after.changes if each.rule == "n1_way_b"]
    (moved,) = change.moved
    assert (moved.name, moved.added, moved.removed) == ("params.group_d5", (), ("KH",))
    assert moved.to_json()["removed"] == ["KH"]
    assert "before" not in moved.to_json()
    assert (before, after.verdict) == ("FAIL", "PASS")


def test_another_mode_and_other_packs() -> None:
    facts = product(fabricator={"packages": False})
    _, (after,) = Variations(mode="bis_practice").answer(facts, LAW)
    assert {each.rule for each in after.changes} == {"licence_3a090_a"}
    _, (after,) = Variations(packs=tuple(map(pack_bytes, PACKS))).answer(facts, LAW)
    assert {each.pack for each in after.changes} == {"house-example"}
    assert {each.before for each in after.changes} == {None}
    _, (after,) = Variations(packs=(pack_bytes("house-example"),)).answer(facts, LAW)
    gone = {each.rule: each for each in after.changes if each.pack == "us-ear"}
    assert gone["n1_way_b"] == Change(
        pack="us-ear",
        rule="n1_way_b",
        kind="way",
        before="fail",
        after=None,
        says="",
        citation="15 CFR 774 Supp. 1, ECCN 3A090, Note 1.b",
    )


def test_an_open_reading_is_told() -> None:
    days = (dt.date(2028, 1, 1), dt.date(2029, 1, 1))
    _, (then, later) = Variations(on=days).answer(product(34 * BN), LAW)
    assert (then.depends_on_reading, later.depends_on_reading) == (True, False)


@pytest.mark.parametrize(
    "question",
    [
        Variations(on=(NEW_YEAR, dt.date(2025, 1, 30))),
        Span(first=dt.date(2025, 1, 30), until=NEW_YEAR),
    ],
)
def test_a_day_before_every_pack_is_refused(question: Variations | Span) -> None:
    with pytest.raises(InputError) as caught:
        question.answer(product(), LAW)
    assert caught.value.code == "not-in-force"
    assert "2025-01-30" in caught.value.detail


def test_the_first_day_of_a_pack_can_be_asked() -> None:
    day = dt.date(2025, 1, 31)
    assert Variations(on=(day,)).answer(product(), LAW).after[0].on == day
    assert Span(first=day, until=day).answer(product(), LAW).after == ()


def test_a_calendar_does_not_run_beyond_its_packs() -> None:
    document = loads(pack_bytes("house-example"), bytes_max=2**20)
    document["effective"]["until"] = "2027-03-01"
    until = dt.date(2027, 3, 1)
    packs = (canonical(document),)
    facts = product()
    Span(first=NEW_YEAR, until=until, packs=packs).answer(facts, LAW)
    with pytest.raises(InputError) as caught:
        Span(first=NEW_YEAR, until=until + dt.timedelta(1), packs=packs).answer(facts, LAW)
    assert caught.value.code == "not-in-force"


def test_a_broken_pack_is_refused() -> None:
    with pytest.raises(RuleError):
        Variations(packs=(b"{}",)).answer(product(), LAW)


def test_facts_without_a_day_are_refused() -> None:
    with pytest.raises(AttestError) as caught:
        Variations(on=(NEW_YEAR,)).answer(facts_from_json({}), LAW)
    assert caught.value.code == "facts-malformed"


def test_json_leaves_out_what_there_is_none_of() -> None:
    plain = Change("a", "b", "test", "pass", "fail", "Says.", "Cited.")
    assert set(plain.to_json()) == {"pack", "rule", "kind", "before", "after", "says", "citation"}
    full = plain._replace(
        moved=(Moved("params.x", 1, None),),
        turned=(Turned("x < y", "true", "false", (("params.y", 1, "Cited."),)),),
        clears_with=("Evidence.",),
    )
    assert full.to_json()["values"] == [{"name": "params.x", "before": 1, "after": None}]
    assert full.to_json()["turned"] == [
        {
            "expr": "x < y",
            "before": "true",
            "after": "false",
            "params": [{"name": "params.y", "value": 1, "citation": "Cited."}],
        }
    ]
    assert full.to_json()["clears_with"] == ["Evidence."]
