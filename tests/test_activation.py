"""Activations: who may change the rules of a log, and what else they may not change (SPEC 9.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.activation import check_activated, open_activation, snapshot_after
from attest.encoding import canonical, digest, loads
from attest.envelope import seal
from attest.errors import AttestError, InputError, TrustError
from attest.models import REVIEW_TYPE
from attest.replay import replay
from attest.trust import Trust, load_trust, make_trust
from service.activation import activate
from service.records import predicate_of
from service.standing import active_standing
from tests.test_forgery import HELD, PASSED, append, documents
from tests.test_forgery import activate as append_activated
from tests.test_forgery_documents import fault
from tests.world import NOW, PACKS, World, derived_signer, key_record, pack_bytes, statement
from tests.world_log import WorldLog, open_log, world_log

WORLD = World()
TRUST = WORLD.trust()
BODIES = {**WORLD.keysets(), **{digest(raw): raw for raw in map(pack_bytes, PACKS)}}
HOUSE = digest(pack_bytes("house-example"))
STRICTER = snapshot_after(
    loads(WORLD.trust_bytes()), packs=[*WORLD.packs, HOUSE], mode="bis_practice"
)
GOOD = WORLD.activation(STRICTER)


def test_a_good_activation_is_opened() -> None:
    opened = open_activation(GOOD, trust=TRUST, at=NOW)
    assert opened.holders == ("Ana Costa", "Wei Lin")
    assert opened.snapshot == digest(STRICTER)
    assert [pack.id for pack in opened.activation.packs] == ["house-example", "us-ear"]
    check_activated(opened, before=TRUST, after=load_trust(STRICTER, BODIES))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "json-malformed"),
        (b"{}", "schema-violation"),
        (WORLD.activation(STRICTER, signers=WORLD.reviewers[:1]), "too-few-signers"),
        (WORLD.activation(STRICTER, signers=[WORLD.decision_signer]), "key-purpose"),
        (WORLD.activation(STRICTER, signers=[derived_signer("stranger")]), "unknown-key"),
        (WORLD.activation(STRICTER, replaces=digest(STRICTER)), "activation-not-possible"),
        (WORLD.activation(STRICTER, activated_at="2026-11-24T14:00:01Z"), "not-yet-valid"),
        (WORLD.activation(STRICTER, must_understand=["more"]), "must-understand"),
        (WORLD.activation(STRICTER, packs=[]), "schema-violation"),
        (WORLD.activation(STRICTER, mode="both"), "schema-violation"),
        (
            WORLD.activation(STRICTER, subject=[{"name": "x", "digest": {"sha256": "0" * 64}}]),
            "schema-violation",
        ),
        (seal(statement(REVIEW_TYPE, {}), WORLD.reviewers), "unknown-predicate-type"),
    ],
)
def test_an_activation_that_does_not_hold(raw: bytes, code: str) -> None:
    with pytest.raises((InputError, TrustError)) as caught:
        open_activation(raw, trust=TRUST, at=NOW)
    assert caught.value.code == code


def test_only_people_of_the_foundry_activate() -> None:
    world = World()
    world.osat.extra_keys.append(key_record(derived_signer("elsewhere"), "review", "Somebody"))
    signers = [*world.reviewers, derived_signer("elsewhere")]
    raw = world.activation(world.trust_bytes(), signers=signers)
    with pytest.raises(TrustError) as caught:
        open_activation(raw, trust=world.trust(), at=NOW)
    assert caught.value.code == "role-not-permitted"


def changed(**members: Any) -> Trust:
    """The trust of a snapshot like the activated one, with other members."""
    document = loads(STRICTER) | members
    return load_trust(canonical(document), BODIES)


@pytest.mark.parametrize(
    "after",
    [
        changed(mode="cfr_text"),
        changed(packs=[HOUSE]),
        changed(review_threshold=3),
        changed(keysets=sorted(digest(WORLD.keysets()[name]) for name in WORLD.keysets())[1:]),
        TRUST,
    ],
    ids=["mode", "packs", "threshold", "keysets", "none"],
)
def test_only_the_snapshot_that_was_activated(after: Trust) -> None:
    opened = open_activation(GOOD, trust=TRUST, at=NOW)
    with pytest.raises(TrustError) as caught:
        check_activated(opened, before=TRUST, after=after)
    assert caught.value.code == "activation-not-possible"


@pytest.mark.parametrize("member", ["review_threshold", "keysets"])
def test_signers_cannot_activate_more_than_packs_and_mode(member: str) -> None:
    """Not even with a well-signed activation of a snapshot that changes more."""
    more: dict[str, Any] = {
        "review_threshold": 3,
        "keysets": [digest(raw) for raw in WORLD.keysets().values() if b'"id":"trader"' not in raw],
    }
    snapshot = make_trust(
        foundry=WORLD.foundry.id,
        mode="cfr_text",
        review_threshold=more["review_threshold"] if member == "review_threshold" else 2,
        keysets={
            name: raw
            for name, raw in WORLD.keysets().items()
            if member != "keysets" or name in more["keysets"]
        },
        packs=WORLD.packs,
    )
    opened = open_activation(WORLD.activation(snapshot), trust=TRUST, at=NOW)
    with pytest.raises(TrustError) as caught:
        check_activated(opened, before=TRUST, after=load_trust(snapshot, BODIES))
    assert caught.value.code == "activation-not-possible"


def house_pack(log: WorldLog) -> dict[str, tuple[int, ...]]:
    """Append the house's pack; the references of a snapshot that names it too."""
    index = append(log, "pack", pack_bytes("house-example"))
    refs = documents(log)
    return {**refs, "pack": (*refs["pack"], index)}


def a_trust_nobody_activated(log: WorldLog) -> int:
    return append(log, "trust", STRICTER, **house_pack(log))


def an_activation_of_another_snapshot(log: WorldLog) -> int:
    refs = house_pack(log)
    named = append(log, "activation", GOOD)
    other = snapshot_after(loads(STRICTER), packs=loads(STRICTER)["packs"], mode="cfr_text")
    return append(log, "trust", other, **refs, activation=(named,))


def an_activation_that_is_not_named(log: WorldLog) -> int:
    refs = house_pack(log)
    append(log, "activation", GOOD)
    return append(log, "trust", STRICTER, **refs)


def an_activation_of_one_person(log: WorldLog) -> int:
    return append(log, "activation", WORLD.activation(STRICTER, signers=WORLD.reviewers[:1]))


def an_activation_used_twice(log: WorldLog) -> int:
    refs = house_pack(log)
    first = append(log, "activation", GOOD)
    append(log, "trust", STRICTER, **refs, activation=(first,))
    return append(log, "activation", GOOD)


def an_activation_used_again_after_a_way_back(log: WorldLog) -> int:
    """Its signatures in another order: the statement counts, not the envelope."""
    before, refs = documents(log), house_pack(log)
    first = append(log, "activation", GOOD)
    append(log, "trust", STRICTER, **refs, activation=(first,))
    back = snapshot_after(loads(STRICTER), packs=WORLD.packs, mode="cfr_text")
    returning = append(log, "activation", WORLD.activation(back, replaces=digest(STRICTER)))
    append(log, "trust", back, **before, activation=(returning,))
    reordered = loads(GOOD)
    reordered["signatures"].reverse()
    return append(log, "activation", canonical(reordered))


def an_activation_without_its_trust(log: WorldLog) -> int:
    return append(log, "activation", GOOD)


def a_submission_in_between(log: WorldLog) -> int:
    append(log, "activation", GOOD)
    return append(log, "submission", PASSED)


def an_activation_that_rests_on_something(log: WorldLog) -> int:
    return append(log, "activation", GOOD, pack=documents(log)["pack"])


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (a_trust_nobody_activated, "reference-broken"),
        (an_activation_of_another_snapshot, "activation-not-possible"),
        (an_activation_that_is_not_named, "reference-broken"),
        (an_activation_of_one_person, "too-few-signers"),
        (an_activation_used_twice, "activation-not-possible"),
        (an_activation_used_again_after_a_way_back, "recorded-twice"),
        (an_activation_without_its_trust, "reference-broken"),
        (a_submission_in_between, "reference-broken"),
        (an_activation_that_rests_on_something, "reference-broken"),
    ],
)
def test_an_operator_with_all_keys_but_the_reviewers(
    forge: Callable[[WorldLog], int], code: str, tmp_path: Path
) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        index = forge(log)
        assert fault(log, tmp_path) == (code, index)


def test_a_log_under_two_editions_replays(tmp_path: Path) -> None:
    """Decisions before and after an activation rest on the packs of their own time."""
    with world_log(WORLD, tmp_path / "data") as log:
        first = log.standing.refs["trust"][0]
        (before,) = log.register([HELD])
        index = activate(
            log.writer, log.records, activation=GOOD, packs=[pack_bytes("house-example")], at=NOW
        )
    with open_log(WORLD, tmp_path / "data") as log:
        assert log.standing.refs["trust"] == (index,)
        assert active_standing(log.records).trust.digest == digest(STRICTER)
        (again,) = log.register([HELD])
        (after,) = log.register([PASSED])
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert again.decision.index == before.decision.index
    packs = [pack["id"] for pack in predicate_of(after.decision.body)["packs"]]
    assert packs == ["us-ear", "house-example"]
    assert [pack["id"] for pack in predicate_of(before.decision.body)["packs"]] == ["us-ear"]
    assert [entry for entry, _ in report.trusts] == [first, index]


def test_a_pack_that_is_not_at_hand(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        size = log.writer.head.size
        with pytest.raises(TrustError) as caught:
            activate(log.writer, log.records, activation=GOOD, packs=[], at=NOW)
        assert (caught.value.code, log.writer.head.size) == ("trust-incomplete", size)


def test_an_activation_serves_once(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        given = [pack_bytes("house-example")]
        activate(log.writer, log.records, activation=GOOD, packs=given, at=NOW)
        with pytest.raises(AttestError) as caught:
            activate(log.writer, log.records, activation=GOOD, packs=given, at=NOW)
        assert caught.value.code == "activation-not-possible"


def test_packs_can_be_activated_back(tmp_path: Path) -> None:
    """The pack that is named again is not recorded again while it is active."""
    world = World(packs=PACKS)
    back = snapshot_after(loads(world.trust_bytes()), packs=WORLD.packs, mode="cfr_text")
    with world_log(world, tmp_path / "data") as log:
        before = log.writer.head.size
        activate(log.writer, log.records, activation=world.activation(back), packs=[], at=NOW)
        assert log.writer.head.size == before + 2
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert len(report.trusts) == 2


def test_an_activation_does_not_serve_again_after_a_way_back(tmp_path: Path) -> None:
    """The old snapshot is in force again, and the old signatures still name it."""
    back = snapshot_after(loads(STRICTER), packs=WORLD.packs, mode="cfr_text")
    returning = WORLD.activation(back, replaces=digest(STRICTER))
    given = [pack_bytes("house-example")]
    reordered = loads(GOOD)
    reordered["signatures"].reverse()
    with world_log(WORLD, tmp_path / "data") as log:
        activate(log.writer, log.records, activation=GOOD, packs=given, at=NOW)
        activate(log.writer, log.records, activation=returning, packs=[], at=NOW)
        assert active_standing(log.records).trust.digest == digest(WORLD.trust_bytes())
        for raw in (GOOD, canonical(reordered)):
            with pytest.raises(TrustError) as caught:
                activate(log.writer, log.records, activation=raw, packs=given, at=NOW)
            assert caught.value.code == "activation-not-possible"
        anew = WORLD.activation(STRICTER, reason="Once more, and signed anew.")
        activate(log.writer, log.records, activation=anew, packs=given, at=NOW)


def test_the_forgers_own_helper_makes_what_replays(tmp_path: Path) -> None:
    """What the forgeries above change is otherwise in order."""
    with world_log(WORLD, tmp_path / "data") as log:
        append_activated(log, log.standing.snapshot)
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert len(report.trusts) == 2
