"""Acknowledgements, and what they show when a log lacks what was acknowledged (SPEC 6.1)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from attest.acknowledgement import acknowledge, open_acknowledgement
from attest.encoding import canonical, digest, loads
from attest.envelope import seal
from attest.errors import AttestError, InputError, TrustError
from attest.log.export import Export
from attest.models import DECISION_TYPE
from attest.omission import Kept, check_acknowledged
from attest.signing import KeySigner
from tests.test_forgery import HELD, PASSED
from tests.world import NOW, World, derived_signer, key_record, statement
from tests.world_log import ORIGIN, WorldLog, world_log

WORLD = World()
TRUST = WORLD.trust()
MINUTE = dt.timedelta(minutes=1)


def acknowledged(
    raw: bytes = HELD,
    *,
    at: dt.datetime = NOW,
    seconds: int = 60,
    origin: str = ORIGIN,
    foundry: str = "formosa",
    signer: KeySigner | None = None,
) -> bytes:
    text = acknowledge(digest(raw), foundry=foundry, origin=origin, at=at, seconds=seconds)
    return seal(text, [signer or WORLD.decision_signer])


def test_an_acknowledgement_says_by_when() -> None:
    opened = open_acknowledgement(acknowledged(), trust=TRUST)
    assert opened.submission == digest(HELD)
    promised = opened.acknowledgement
    assert (promised.received_at, promised.decide_by) == (NOW, NOW + MINUTE)
    assert (promised.foundry, promised.origin) == ("formosa", ORIGIN)


def sealed(predicate_changes: dict[str, object], **others: object) -> bytes:
    document = loads(acknowledge(digest(HELD), foundry="formosa", origin=ORIGIN, at=NOW, seconds=9))
    document["predicate"] |= predicate_changes
    return seal(canonical(document | others), [WORLD.decision_signer])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "json-malformed"),
        (b"{}", "schema-violation"),
        (seal(statement(DECISION_TYPE, {}), [WORLD.decision_signer]), "unknown-predicate-type"),
        (sealed({"must_understand": ["more"]}), "must-understand"),
        (sealed({"decide_by": "soon"}), "schema-violation"),
        (sealed({"more": 1}), "schema-violation"),
        (sealed({}, subject=[]), "schema-violation"),
        (sealed({}, subject=[{"name": "x", "digest": {"sha256": "0" * 64}}]), "schema-violation"),
        (acknowledged(signer=derived_signer("stranger")), "unknown-key"),
        (acknowledged(signer=WORLD.reviewers[0]), "key-purpose"),
        (acknowledged(foundry="packager"), "party-mismatch"),
        (acknowledged(at=NOW.replace(year=2040)), "key-not-valid-then"),
    ],
)
def test_an_acknowledgement_that_does_not_hold(raw: bytes, code: str) -> None:
    with pytest.raises((InputError, TrustError)) as caught:
        open_acknowledgement(raw, trust=TRUST)
    assert caught.value.code == code


def test_a_changed_promise_is_not_the_foundrys() -> None:
    envelope = loads(acknowledged())
    payload = acknowledge(digest(HELD), foundry="formosa", origin=ORIGIN, at=NOW, seconds=61)
    other = loads(seal(payload, [derived_signer("stranger")]))
    with pytest.raises(TrustError) as caught:
        open_acknowledgement(canonical(envelope | {"payload": other["payload"]}), trust=TRUST)
    assert caught.value.code == "bad-signature"


def test_only_the_deciding_foundry_acknowledges() -> None:
    world = World()
    signer = derived_signer("elsewhere")
    world.osat.extra_keys.append(key_record(signer, "decision", "Somebody"))
    with pytest.raises(TrustError) as caught:
        open_acknowledgement(acknowledged(signer=signer), trust=world.trust())
    assert caught.value.code == "party-mismatch"


def checked(log: WorldLog, folder: Path, *raws: bytes) -> list[Kept]:
    export = Export.open(log.export(folder), keys=log.keys)
    return check_acknowledged(export, raws)


def code_of(log: WorldLog, folder: Path, raw: bytes) -> tuple[str, int | None]:
    with pytest.raises(AttestError) as caught:
        checked(log, folder, raw)
    return caught.value.code, caught.value.entry


def test_what_was_acknowledged_and_kept(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        (recorded,) = log.register([HELD], NOW + MINUTE)
        (kept,) = checked(log, tmp_path / "export", acknowledged())
    assert kept == Kept(digest(HELD), recorded.decision.index, NOW + MINUTE)


def test_what_is_not_due_is_no_omission(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([PASSED], NOW + MINUTE)
        (kept,) = checked(log, tmp_path / "export", acknowledged())
    assert (kept.decision, kept.due) == (None, NOW + MINUTE)


@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_log_that_went_on_without_it_convicts_its_operator(seconds: int, tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([PASSED], NOW + MINUTE + dt.timedelta(seconds=seconds))
        assert code_of(log, tmp_path / "export", acknowledged()) == ("acknowledged-missing", None)


def test_a_decision_after_its_time_is_named(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        (recorded,) = log.register([HELD], NOW + MINUTE + dt.timedelta(seconds=1))
        assert code_of(log, tmp_path / "export", acknowledged()) == (
            "acknowledged-late",
            recorded.decision.index,
        )


def test_an_acknowledgement_of_another_log(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        raw = acknowledged(origin="other.example/log")
        assert code_of(log, tmp_path / "export", raw) == ("wrong-audience", None)


def test_an_acknowledgement_of_nobody(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        raw = acknowledged(signer=derived_signer("stranger"))
        assert code_of(log, tmp_path / "export", raw) == ("unknown-key", None)
