"""Screening in a log: recorded, cleared by reviews, replayed, and in case files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.activation import snapshot_after
from attest.casefile import Case, make_casefile, open_casefile
from attest.decision import decide
from attest.encoding import canonical, digest, loads
from attest.envelope import seal
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.writer import Draft
from attest.recorded import read_decision
from attest.replay import Report, replay
from service.activation import activate
from service.answers import casefile_answer
from service.records import payload_of
from tests.keyset_changes import add_key, changed, signed_change
from tests.test_casefile import logged
from tests.test_screened import NAMESAKE, PACKS, named, parties
from tests.world import NOW, World
from tests.world_lists import DAY, ENTRIES, named_list, snapshot
from tests.world_log import WorldLog, open_log, world_log

LIST = snapshot()
WORLD = World(packs=PACKS, lists=[LIST])
TOMORROW = NOW + dt.timedelta(days=1)
UNTIL = NOW.date() + dt.timedelta(days=180)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[WorldLog]:
    with world_log(WORLD, tmp_path / "data") as opened:
        yield opened


def submitted(number: int = 1, name: str = NAMESAKE) -> bytes:
    """A submission of a consignee of that name; each number another one."""
    return WORLD.submission(
        {"parties": parties(**named(name)), "end_use": f"use {number}"}, fabricator={}
    )


def predicate_of(log: WorldLog, raw: bytes) -> Any:
    recorded = log.records.lookup(digest(raw))
    return read_decision(payload_of(recorded.decision.body))["predicate"]


def hits_of(log: WorldLog, raw: bytes) -> list[Any]:
    hits: list[Any] = predicate_of(log, raw)["screening"]["hits"]
    return hits


def review(log: WorldLog, raw: bytes, **changes: Any) -> bytes:
    """A review that clears every hit of a decision, unless the changes say otherwise."""
    payload = payload_of(log.records.lookup(digest(raw)).decision.body)
    clears = [
        {"party": hit["party"], "entry": hit["entry"], "until": UNTIL.isoformat()}
        for hit in loads(payload)["predicate"].get("screening", {"hits": []})["hits"]
    ]
    return WORLD.review(payload, loads(payload)["subject"], **{"clears": clears, **changes})


def replayed(log: WorldLog, folder: Path) -> Report:
    return replay(log.export(folder), log_keys=log.keys)


def case_of(log: WorldLog, raw: bytes, **given: Any) -> Case:
    return open_casefile(casefile_answer(log.records, digest(raw)), log_keys=log.keys, **given)


def test_a_review_clears_for_later_submissions(log: WorldLog, tmp_path: Path) -> None:
    """Recorded, found by both processes that decide, and confirmed by replay."""
    first, second, third = submitted(1), submitted(2), submitted(3, "Huaxin Example")
    log.register([first])
    said = review(log, first)
    reviewed = log.registrar.review(digest(first), said, NOW)
    log.register([second, third], TOMORROW)
    (hit,) = hits_of(log, second)
    assert hit["cleared"] == digest(payload_of(reviewed.review.body))
    (other,) = hits_of(log, third)  # another name is another party
    assert "cleared" not in other
    assert [hit["id"] for hit in hits_of(log, first)] == ["1"]
    assert "cleared" not in hits_of(log, first)[0]
    report = replayed(log, tmp_path / "export")
    assert (report.decisions, report.reviews) == (3, 1)


def test_the_newest_review_counts(log: WorldLog, tmp_path: Path) -> None:
    """A later review of another decision gives the pair another last day."""
    raws = [submitted(number) for number in range(3)]
    log.register(raws[:2])
    for raw, until in zip(raws, (UNTIL, NOW.date()), strict=False):
        (hit,) = hits_of(log, raw)
        clears = [{"party": hit["party"], "entry": hit["entry"], "until": until.isoformat()}]
        log.registrar.review(digest(raw), review(log, raw, clears=clears), NOW)
    log.register(raws[2:], TOMORROW)
    assert "cleared" not in hits_of(log, raws[2])[0]
    assert replayed(log, tmp_path / "export").decisions == 3


def test_other_keys_are_screened_against_the_same_lists(log: WorldLog, tmp_path: Path) -> None:
    """A keyset change keeps the lists, opened as they are, and what reviews had cleared."""
    first, second = submitted(1), submitted(2)
    log.register([first])
    said = review(log, first)
    log.registrar.review(digest(first), said, NOW)
    before = log.registrar.standing
    log.registrar.change_keysets(signed_change(WORLD, changed(add_key, WORLD)), NOW)
    after = log.registrar.standing
    assert after.trust.lists is before.trust.lists
    assert after.refs["trust"] != before.refs["trust"]
    assert after.refs["list"] == before.refs["list"]
    log.register([second], TOMORROW)
    assert "cleared" in hits_of(log, second)[0]
    assert case_of(log, second, lists=[LIST]).trust.digest == after.trust.digest
    assert len(replayed(log, tmp_path / "export").trusts) == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"action": "refuse"}, "/predicate/clears"),
        ({"action": "ask"}, "/predicate/clears"),
        ({"until": NOW.date() - dt.timedelta(days=1)}, "/predicate/clears/0/until"),
        ({"until": NOW.date() + dt.timedelta(days=367)}, "/predicate/clears/0/until"),
        ({"party": digest(b"another")}, "/predicate/clears/0"),
        ({"entry": digest(b"another")}, "/predicate/clears/0"),
    ],
)
def test_a_review_that_cannot_clear(log: WorldLog, change: dict[str, Any], pointer: str) -> None:
    raw = submitted()
    log.register([raw])
    (hit,) = hits_of(log, raw)
    action = change.pop("action", "release")
    cleared = {"party": hit["party"], "entry": hit["entry"], "until": UNTIL.isoformat()}
    cleared |= {name: str(value) for name, value in change.items()}
    with pytest.raises(TrustError) as caught:
        log.registrar.review(digest(raw), review(log, raw, action=action, clears=[cleared]), NOW)
    assert (caught.value.code, caught.value.pointer) == ("review-not-possible", pointer)


@pytest.mark.parametrize("days", [0, 366])
def test_the_first_and_the_last_day_that_a_review_may_name(log: WorldLog, days: int) -> None:
    raw = submitted()
    log.register([raw])
    (hit,) = hits_of(log, raw)
    until = (NOW.date() + dt.timedelta(days=days)).isoformat()
    clears = [{"party": hit["party"], "entry": hit["entry"], "until": until}]
    reviewed = log.registrar.review(digest(raw), review(log, raw, clears=clears), NOW)
    assert reviewed.action == "release"


def forged(log: WorldLog, raw: bytes, change: Callable[[Any], None]) -> int:
    """Record a decision that its operator has changed before signing; the submission's entry."""
    decided = decide(raw, trust=log.standing.trust, at=NOW)
    document = loads(decided.payload)
    change(document["predicate"]["screening"])
    envelope = seal(canonical(document), [WORLD.decision_signer])
    start = log.writer.head.size
    refs = {**log.standing.refs, "submission": (start,)}
    log.writer.append([Draft("submission", raw), Draft("decision", envelope, refs)], at=NOW)
    return start


def clear_without_review(screening: Any) -> None:
    screening["hits"][0]["cleared"] = digest(b"no such review")


def hide_a_hit(screening: Any) -> None:
    screening["hits"].pop()


def date_a_list_forward(screening: Any) -> None:
    screening["lists"][0]["as_of"] = NOW.date().isoformat()


@pytest.mark.parametrize("change", [clear_without_review, hide_a_hit, date_a_list_forward])
def test_a_decision_that_says_something_else_is_named(
    log: WorldLog, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    start = forged(log, submitted(), change)
    with pytest.raises(TrustError) as caught:
        replayed(log, tmp_path / "export")
    assert (caught.value.code, caught.value.entry) == ("decision-differs", start + 1)


def test_a_case_file_carries_what_was_found(log: WorldLog) -> None:
    """Without the lists what was found is taken from the decision; with them it is done again."""
    raw = submitted()
    log.register([raw])
    written = casefile_answer(log.records, digest(raw))
    assert LIST not in written
    case = case_of(log, raw)
    assert case.decision["predicate"]["screening"]["lists"] == [named_list(LIST)]
    assert (case.screening_unchecked, case.cleared_unchecked) == (True, ())
    again = case_of(log, raw, lists=[LIST])
    assert (again.screening_unchecked, again.decision) == (False, case.decision)


def test_a_case_file_names_the_review_that_cleared(log: WorldLog) -> None:
    first, second = submitted(1), submitted(2)
    log.register([first])
    reviewed = log.registrar.review(digest(first), review(log, first), NOW)
    log.register([second])
    for given in ({}, {"lists": [LIST]}):
        case = case_of(log, second, **given)
        assert case.cleared_unchecked == (digest(payload_of(reviewed.review.body)),)


def name_another_list(screening: Any) -> None:
    screening["lists"][0]["digest"] = digest(b"another")


def test_a_case_file_under_other_lists_is_refused(log: WorldLog) -> None:
    """A decision that says it was screened against lists that its trust does not name."""
    start = forged(log, submitted(), name_another_list)
    refs = log.standing.refs
    written = make_casefile(
        submission=logged(log, start),
        decision=logged(log, start + 1),
        reviews=[],
        trust=logged(log, refs["trust"][0]),
        keysets=[log.records.item(index).body for index in refs["keyset"]],
        packs=[log.records.item(index).body for index in refs["pack"]],
    )
    with pytest.raises(TrustError) as caught:
        open_casefile(written, log_keys=log.keys)
    assert caught.value.code == "decision-differs"


def activation(raw: bytes, **changes: Any) -> bytes:
    """An activation of that list over the packs that are active; the changes are to its name."""
    after = snapshot_after(
        loads(WORLD.trust_bytes()), packs=WORLD.packs, mode=WORLD.mode, lists=[digest(raw)]
    )
    return WORLD.activation(after, lists=[{**named_list(raw, as_of=NOW.date()), **changes}])


def test_lists_change_by_activation(log: WorldLog, tmp_path: Path) -> None:
    """Decisions before rest on the old list, those after on the new one; both replay."""
    first, second = submitted(1), submitted(2)
    log.register([first])
    newer = snapshot(ENTRIES[1], as_of=NOW.date())
    index = activate(
        log.writer,
        log.records,
        activation=activation(newer),
        packs=(),
        lists=[newer],
        at=NOW,
    )
    entry = log.records.item(index)
    assert loads(entry.body)["lists"] == [digest(newer)]
    with open_log(WORLD, log.folder) as after:
        after.register([second], TOMORROW)
        assert (len(hits_of(after, first)), hits_of(after, second)) == (1, [])
        assert predicate_of(after, second)["screening"]["lists"] == [
            named_list(newer, as_of=NOW.date())
        ]
        report = replayed(after, tmp_path / "export")
    assert (report.decisions, len(report.trusts)) == (2, 2)


def test_lists_stay_where_an_activation_names_none(log: WorldLog) -> None:
    said = WORLD.activation(
        snapshot_after(loads(WORLD.trust_bytes()), packs=WORLD.packs, mode=WORLD.mode)
    )
    index = activate(log.writer, log.records, activation=said, packs=(), at=NOW)
    assert loads(log.records.item(index).body)["lists"] == [digest(LIST)]


@pytest.mark.parametrize("change", [{"as_of": "2026-11-22"}, {"list": "EL"}])
def test_a_list_that_is_called_something_else(log: WorldLog, change: dict[str, Any]) -> None:
    newer = snapshot(ENTRIES[1], as_of=NOW.date())
    said = activation(newer, **change)
    with pytest.raises(TrustError) as caught:
        activate(log.writer, log.records, activation=said, packs=(), lists=[newer], at=NOW)
    assert caught.value.code == "activation-not-possible"


def test_a_list_that_nobody_gives(log: WorldLog) -> None:
    said = activation(snapshot(ENTRIES[1], as_of=DAY - dt.timedelta(days=9)))
    with pytest.raises(TrustError) as caught:
        activate(log.writer, log.records, activation=said, packs=(), at=NOW)
    assert caught.value.code == "trust-incomplete"


def test_a_malformed_list_in_the_log_is_named(log: WorldLog, tmp_path: Path) -> None:
    start = log.writer.head.size
    log.writer.append([Draft("list", LIST + b" ")], at=NOW)
    with pytest.raises(AttestError) as caught:
        replayed(log, tmp_path / "export")
    assert isinstance(caught.value, InputError)
    assert (caught.value.code, caught.value.entry) == ("list-malformed", start)


def test_a_list_rests_on_nothing(log: WorldLog, tmp_path: Path) -> None:
    start = log.writer.head.size
    log.writer.append([Draft("list", LIST, {"genesis": (0,)})], at=NOW)
    with pytest.raises(LogError) as caught:
        replayed(log, tmp_path / "export")
    assert (caught.value.code, caught.value.entry) == ("reference-broken", start)


def test_a_trust_snapshot_names_a_list_of_a_kind_once(tmp_path: Path) -> None:
    world = World(packs=PACKS, lists=[LIST, snapshot(ENTRIES[0])])
    with pytest.raises(InputError) as caught, world_log(world, tmp_path / "data"):
        pass
    assert caught.value.code == "list-malformed"
    assert not (tmp_path / "data").exists()
