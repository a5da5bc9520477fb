"""Two registrars on one log: what the other records between a decision and its turn."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from attest.encoding import digest
from attest.errors import AttestError, LogError, TrustError
from attest.log.check import check_store
from attest.log.entry import parse_entry
from attest.log.export import write_export
from attest.log.proof import open_proof
from attest.log.store import Head
from attest.log.writer import Draft
from attest.models import DECLARATION_TYPE
from attest.replay import replay
from service.places import DatabasePlace
from service.postgres import PostgresStore
from service.records import Recorded, label, payload_of
from service.registrar import Registrar
from service.sequencer import Sequencer
from tests.postgres import Server
from tests.service.house import Clock, found_house, held, registrar_over
from tests.world import NOW, World, statement

Pair = tuple[Registrar, Registrar]


@pytest.fixture
def pair(tmp_path: Path, world: World, place: DatabasePlace) -> Iterator[Pair]:
    """Two registrars on one database."""
    one, two = tmp_path / "one", tmp_path / "two"
    found_house(one, world, place)
    shutil.copytree(one, two)
    with registrar_over(one, place=place) as first, registrar_over(two, place=place) as second:
        yield first, second


def recorded(outcomes: Sequence[Recorded | AttestError]) -> list[Recorded]:
    assert all(isinstance(each, Recorded) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Recorded)]


def meanwhile(
    registrar: Registrar, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have something happen after the next decisions of a registrar and before its turn."""
    decide = registrar._decide_apart

    def deciding(*given: Any) -> Any:
        decided = decide(*given)
        monkeypatch.undo()
        act()
        return decided

    monkeypatch.setattr(registrar, "_decide_apart", deciding)


def check_replays(registrar: Registrar, folder: Path, decisions: int) -> None:
    """The log checks and replays, with so many decisions."""
    keys = registrar._writer.keys
    check_store(registrar._writer._store, keys=keys)
    write_export(registrar._writer._store, folder)
    assert replay(folder, log_keys=keys).decisions == decisions


def test_what_the_other_recorded_meanwhile_is_found(
    pair: Pair, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    meanwhile(two, lambda: recorded(one.register([held(world, 1)], NOW)), monkeypatch)
    known, fresh = recorded(two.register([held(world, 1), held(world, 2)], NOW))
    assert (known.replayed, fresh.replayed) == (True, False)
    assert fresh.submission_index == known.submission_index + 2
    (again,) = recorded(one.register([held(world, 2)], NOW))
    assert again.decision == fresh.decision
    check_replays(one, tmp_path / "export", 2)


def test_what_the_other_superseded_meanwhile_is_decided_again(
    pair: Pair, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    earlier = digest(statement(DECLARATION_TYPE, world.declaration()))
    superseding = world.submission({"supersedes": earlier})
    meanwhile(two, lambda: recorded(one.register([superseding], NOW)), monkeypatch)
    (outcome,) = recorded(two.register([world.submission()], NOW))
    assert outcome.refusal_code == "superseded"
    check_replays(two, tmp_path / "export", 2)


def test_a_review_of_what_the_other_recorded(pair: Pair, world: World, tmp_path: Path) -> None:
    one, two = pair
    (outcome,) = recorded(one.register([held(world)], NOW))
    payload = payload_of(outcome.decision.body)
    subject = json.loads(payload)["subject"]
    asks = [world.review(payload, subject, action="ask") for _ in range(2)]
    assert not two.review(outcome.submission_id, asks[0], NOW).replayed
    assert one.review(outcome.submission_id, asks[0], NOW).replayed
    releasing = world.review(payload, subject)
    one.review(outcome.submission_id, releasing, NOW)
    with pytest.raises(TrustError) as caught:
        two.review(outcome.submission_id, world.review(payload, subject, action="refuse"), NOW)
    assert caught.value.code == "review-not-possible"
    check_replays(one, tmp_path / "export", 1)


def test_what_the_other_left_unsigned_is_signed_and_found(
    pair: Pair, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between commit and signature: the same bytes still get the one decision."""
    one, two = pair

    def failing(size: int, note: bytes) -> None:
        raise LogError("store-unavailable", "killed here")

    monkeypatch.setattr(one._writer._store, "put_checkpoint", failing)
    with pytest.raises(LogError) as caught:
        one.register([held(world)], NOW)
    assert caught.value.code == "store-unavailable"
    (outcome,) = recorded(two.register([held(world)], NOW))
    assert outcome.replayed
    monkeypatch.undo()
    (again,) = recorded(one.register([held(world)], NOW))
    assert (again.replayed, again.submission_index) == (True, outcome.submission_index)
    check_replays(one, tmp_path / "export", 1)


def test_what_this_one_left_unsigned_is_signed_and_found(
    pair: Pair, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair

    def failing(size: int, note: bytes) -> None:
        raise LogError("store-unavailable", "the network is gone")

    monkeypatch.setattr(one._writer._store, "put_checkpoint", failing)
    with pytest.raises(LogError):
        one.register([held(world)], NOW)
    monkeypatch.undo()
    (outcome,) = recorded(one.register([held(world)], NOW))
    assert outcome.replayed
    check_replays(one, tmp_path / "export", 1)


def test_a_turn_that_was_lost_after_the_commit_costs_nothing(
    pair: Pair, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other signs a larger log first; what this one signed is proven all the same."""
    one, two = pair
    store = one._writer._store
    assert isinstance(store, PostgresStore)
    put = store.put_checkpoint

    def overtaken(size: int, note: bytes) -> None:
        monkeypatch.undo()
        store._turns.roll_back()
        recorded(two.register([held(world, 2)], NOW))
        put(size, note)

    monkeypatch.setattr(store, "put_checkpoint", overtaken)
    (outcome,) = recorded(one.register([held(world, 1)], NOW))
    index, checkpoint = open_proof(
        outcome.decision.tlog_proof, entry=outcome.decision.entry, keys=one._writer.keys
    )
    assert (index, checkpoint.size) == (outcome.decision.index, outcome.decision.index + 1)
    (again,) = recorded(one.register([held(world, 1)], NOW))
    assert again.submission_index == outcome.submission_index
    check_replays(one, tmp_path / "export", 2)


def test_a_failure_while_catching_up_is_not_taken_for_another_log(
    pair: Pair, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    recorded(one.register([held(world, 1)], NOW))

    def failing(ids: object) -> list[bytes]:
        raise LogError("store-unavailable", "the network is gone")

    def head() -> Head:
        seen = type(store).head(store)
        monkeypatch.setattr(store, "nodes", failing)
        return seen

    store, before = two._writer._store, two._writer.head
    monkeypatch.setattr(store, "head", head)
    with pytest.raises(LogError) as caught:
        two.catch_up()
    assert caught.value.code == "store-unavailable"
    assert two._writer.head == before  # what was not checked is not known
    monkeypatch.undo()
    two.catch_up()
    assert two._writer.head.size == one._writer.head.size


def test_rules_that_the_other_put_in_force_stop_this_one(pair: Pair, world: World) -> None:
    one, two = pair
    index = one._writer.head.size
    body = one._standing.snapshot
    one._writer.append(
        [Draft("trust", body, one._standing.refs)], at=NOW, labels=[(label("trust", "2"), index)]
    )
    with pytest.raises(LogError) as caught:
        two.register([held(world)], NOW)
    assert caught.value.code == "log-stopped"
    assert two._records.lookup_briefly(digest(held(world))) is None
    with pytest.raises(LogError) as caught:
        Registrar(
            writer=two._writer, records=two._records, standing=two._standing, signer=two._signer
        )
    assert caught.value.code == "log-stopped"


def test_an_older_state_of_the_database_is_noticed(
    pair: Pair, world: World, tmp_path: Path, postgres_server: Server
) -> None:
    """What this process knew is not there any more: it records nothing on top."""
    one, _ = pair
    recorded(one.register([held(world)], NOW))
    other = DatabasePlace(postgres_server.address(postgres_server.database()))
    found_house(tmp_path / "other", world, other)
    with closing(other.open()) as store:
        before = store.head()
        one._writer._store, kept = store, one._writer._store
        with pytest.raises(LogError) as caught:
            one.register([held(world, 2)], NOW)
        assert caught.value.code == "root-mismatch"
        assert store.head() == before
        one._writer._store = kept


def test_a_clock_that_is_a_moment_behind_the_others_is_waited_for(
    pair: Pair, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clocks a second apart: nobody is refused for it, and time does not go back."""
    one, two = pair
    recorded(one.register([held(world, 1)], NOW + dt.timedelta(seconds=1)))
    clock, looks = Clock(), count()

    def slow() -> dt.datetime:
        if next(looks) == 3:
            clock.move(1)
        return clock()

    async def submit() -> Recorded:
        async with Sequencer(two, clock=slow) as sequencer:
            return await sequencer.submit(held(world, 2))

    outcome = asyncio.run(submit())
    assert not outcome.replayed
    assert parse_entry(outcome.decision.entry).time == NOW + dt.timedelta(seconds=1)


def test_a_clock_that_is_far_behind_is_not_waited_for(pair: Pair, world: World) -> None:
    one, two = pair
    recorded(one.register([held(world, 1)], NOW + dt.timedelta(seconds=2)))

    async def submit() -> None:
        async with Sequencer(two, clock=Clock()) as sequencer:
            with pytest.raises(LogError) as caught:
                await sequencer.submit(held(world, 2))
            assert caught.value.code == "clock-backwards"
            assert sequencer.ready

    asyncio.run(submit())


def test_a_turn_that_is_not_to_be_had_is_told_and_tried_again(
    pair: Pair, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    monkeypatch.setattr("service.database.LOCK_MILLISECONDS", 50)
    clock = Clock()

    async def submit() -> None:
        async with Sequencer(two, clock=clock) as sequencer:
            with one._writer.turn():
                with pytest.raises(LogError) as caught:
                    await sequencer.submit(held(world))
                assert caught.value.code == "head-moved"
            assert not (await sequencer.submit(held(world))).replayed
            assert sequencer.ready

    asyncio.run(submit())
