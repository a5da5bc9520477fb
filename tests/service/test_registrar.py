"""The registrar, batch by batch, and what others make of what it recorded."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.casefile import open_casefile
from attest.encoding import digest
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.entry import parse_entry
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.models import DECLARATION_TYPE
from attest.replay import replay
from service.answers import casefile_answer
from service.deciders import DeciderPool
from service.founding import STORE
from service.records import Recorded, Records, payload_of
from service.registrar import Registrar, decision_key
from service.standing import active_standing
from tests.service.house import held, registrar_over, unread
from tests.world import NOW, World, derived_signer, statement


@pytest.fixture(scope="module")
def pool(world: World) -> Iterator[DeciderPool]:
    """Two processes that decide."""
    pool = DeciderPool(world.trust_bytes(), world.keysets() | world.packs, processes=2)
    yield pool
    pool.close()


@pytest.fixture(params=["alone", "with workers"])
def registrar(
    folder: Path, pool: DeciderPool, request: pytest.FixtureRequest
) -> Iterator[Registrar]:
    """A registrar that decides by itself, and one that has workers."""
    with registrar_over(folder, pool if request.param == "with workers" else None) as registrar:
        yield registrar


def recorded(outcomes: list[Recorded | AttestError]) -> list[Recorded]:
    """The outcomes, none of which is an error."""
    assert [each for each in outcomes if isinstance(each, AttestError)] == []
    return [each for each in outcomes if isinstance(each, Recorded)]


def test_a_batch_keeps_its_order(registrar: Registrar, world: World) -> None:
    raws = [held(world, number) for number in range(5)]
    first, *others = outcomes = recorded(registrar.register(raws, NOW))
    assert [each.submission_id for each in outcomes] == [digest(raw) for raw in raws]
    steps = [each.submission_index - first.submission_index for each in others]
    assert steps == [2, 4, 6, 8]
    for each in outcomes:
        assert each.decision.index == each.submission_index + 1
        entry = parse_entry(each.decision.entry)
        assert (entry.kind, entry.refs["submission"]) == ("decision", (each.submission_index,))
        assert dict(entry.refs) == {
            "submission": (each.submission_index,),
            **registrar._standing.refs,
        }


def test_one_batch_holds_no_submission_twice(registrar: Registrar, world: World) -> None:
    raw, other = held(world, 1), held(world, 2)
    first, second, third = recorded(registrar.register([raw, other, raw], NOW))
    assert (first.replayed, second.replayed, third.replayed) == (False, False, True)
    assert third.decision == first.decision
    assert second.submission_index == first.submission_index + 2


def test_errors_stand_beside_what_was_recorded(registrar: Registrar, world: World) -> None:
    good = held(world)
    broken, outcome, again = registrar.register([b"{", good, b"{"], NOW)
    assert isinstance(broken, InputError)
    assert broken.code == "json-malformed"
    assert isinstance(again, InputError)
    assert isinstance(outcome, Recorded)
    assert not outcome.replayed


def test_nothing_to_record_is_no_commit(registrar: Registrar, folder: Path) -> None:
    before = SqliteStore.open(folder / STORE).head()
    assert registrar.register([], NOW) == []
    assert isinstance(registrar.register([b""], NOW)[0], InputError)
    assert SqliteStore.open(folder / STORE).head() == before


def test_an_empty_batch_may_come_before_the_newest_entry(registrar: Registrar) -> None:
    earlier = NOW - dt.timedelta(seconds=1)
    (outcome,) = registrar.register([b""], earlier)
    assert isinstance(outcome, InputError)


def test_the_second_of_one_batch_sees_what_the_first_supersedes(
    registrar: Registrar, world: World
) -> None:
    earlier = digest(statement(DECLARATION_TYPE, world.declaration()))
    later = world.submission({"supersedes": earlier})
    latest = world.submission({"supersedes": earlier, "end_use": "Another use."})
    outcomes = recorded(registrar.register([later, world.submission(), latest], NOW))
    assert [each.refusal_code for each in outcomes] == [None, "superseded", None]
    (again,) = recorded(registrar.register([world.submission() + b"\n"], NOW))
    assert again.refusal_code == "superseded"


def test_the_first_of_one_batch_is_not_touched_by_the_second(
    registrar: Registrar, world: World
) -> None:
    earlier = digest(statement(DECLARATION_TYPE, world.declaration()))
    later = world.submission({"supersedes": earlier})
    outcomes = recorded(registrar.register([world.submission(), later], NOW))
    assert [each.refusal_code for each in outcomes] == [None, None]


def test_everything_replays(
    registrar: Registrar, folder: Path, world: World, tmp_path: Path
) -> None:
    earlier = digest(statement(DECLARATION_TYPE, world.declaration()))
    raws = [
        world.submission(fabricator={}),
        unread(),
        world.submission({"supersedes": earlier}),
        held(world),
        world.submission(),
    ]
    *_, known = recorded(registrar.register(raws[:4], NOW))
    tomorrow = NOW + dt.timedelta(days=1)
    (refused,) = recorded(registrar.register(raws[4:], tomorrow))
    assert refused.refusal_code == "superseded"
    payload = payload_of(known.decision.body)
    review = world.review(payload, json.loads(payload)["subject"])
    registrar.review(known.submission_id, review, tomorrow)
    store = SqliteStore.open(folder / STORE)
    write_export(store, tmp_path / "export")
    report = replay(tmp_path / "export", log_keys=registrar._writer.keys)
    assert report.verdicts == {"FAIL": 2, "HOLD": 2, "PASS": 1}
    assert report.refusals == {"superseded": 1, "unknown-key": 1}
    assert (report.decisions, report.reviews) == (5, 1)
    for raw in raws:
        case = open_casefile(
            casefile_answer(Records(store), digest(raw)), log_keys=registrar._writer.keys
        )
        assert case.submission.body == raw
    assert case.superseded_unchecked
    store.close()


def test_a_body_that_was_changed_in_the_store_is_not_served(
    registrar: Registrar, folder: Path, world: World
) -> None:
    (outcome,) = recorded(registrar.register([held(world)], NOW))
    with sqlite3.connect(folder / STORE) as database:
        database.execute("DROP TRIGGER entries_not_update")
        database.execute(
            "UPDATE entries SET body = ? WHERE position = ?", (b"{}", outcome.decision.index)
        )
    database.close()
    (again, other) = registrar.register([held(world), held(world, 2)], NOW)
    assert isinstance(again, LogError)
    assert (again.code, again.entry) == ("commitment-mismatch", outcome.decision.index)
    assert isinstance(other, Recorded)


def test_a_log_without_trust_cannot_be_served(tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / STORE)
    with pytest.raises(TrustError) as caught:
        active_standing(Records(store))
    assert caught.value.code == "trust-incomplete"
    store.close()


def test_only_the_foundrys_decision_key_signs_decisions(world: World) -> None:
    trust = world.trust()
    assert decision_key(world.decision_signer, trust).record.purpose == "decision"
    for signer, code in [
        (derived_signer("somebody else"), "unknown-key"),
        (world.fabricator.signer, "key-purpose"),
        (world.designer.signer, "key-purpose"),
        (world.reviewers[0], "key-purpose"),
    ]:
        with pytest.raises(TrustError) as caught:
            decision_key(signer, trust)
        assert caught.value.code == code
