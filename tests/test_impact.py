"""What a key had signed: nothing missed, nothing invented, by the key itself and to the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.encoding import canonical, loads
from attest.envelope import bundle, seal
from attest.errors import AttestError, InputError, LogError
from attest.impact import Impact, impact
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from attest.signing import KeySigner
from service.activation import record_policy
from service.founding import STORE
from service.keyset_changes import change_keysets
from service.records import payload_of
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.keyset_changes import NEXT, changed, rotate, signed_change
from tests.test_forgery import append
from tests.test_witnessing import policy
from tests.world import NOW, World, derived_signer, statement
from tests.world_log import WorldLog, open_log, world_log

WORLD = World()
ROTATED = changed(rotate, WORLD)
DESIGNER, (FIRST, SECOND) = WORLD.designer.signer, WORLD.reviewers
HOUR = dt.timedelta(hours=1)


def declared(number: int, signer: KeySigner = DESIGNER) -> bytes:
    predicate = WORLD.declaration(end_use=f"Packet processing, variant {number}.")
    return seal(statement(DECLARATION_TYPE, predicate), [signer])


def passing(number: int) -> bytes:
    predicate = WORLD.declaration(end_use=f"Packet processing, variant {number}.")
    first = statement(DECLARATION_TYPE, predicate)
    second = statement(DETERMINATION_TYPE, WORLD.determination(first))
    return bundle([seal(first, [DESIGNER]), seal(second, [WORLD.fabricator.signer])])


def without_hints(raw: bytes) -> bytes:
    document = loads(raw)
    for signature in document["signatures"]:
        del signature["keyid"]
    return canonical(document)


def review(log: WorldLog, raw: bytes, action: str, at: dt.datetime) -> None:
    (recorded,) = log.register([raw], at)
    payload = payload_of(recorded.decision.body)
    body = WORLD.review(payload, loads(payload, bytes_max=10**7)["subject"], action=action)
    log.registrar.review(recorded.submission_id, body, at)


def indices(found: Impact) -> list[tuple[int, str]]:
    return [(each.entry, each.kind) for each in found.signed]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hours one to six of a log: PASS, HOLD, HOLD without hints, released, policy, rotation."""
    folder = tmp_path_factory.mktemp("impact") / "data"
    with world_log(WORLD, folder) as log:
        log.register([passing(1)], NOW + HOUR)
        log.register([declared(2)], NOW + 2 * HOUR)
        log.register([without_hints(declared(3))], NOW + 3 * HOUR)
        held = declared(4)
        log.register([held], NOW + 4 * HOUR)
        review(log, held, "ask", NOW + 4 * HOUR)
        review(log, held, "release", NOW + 4 * HOUR)
        record_policy(log.writer, log.records, policy=policy(), at=NOW + 5 * HOUR)
        raw = signed_change(WORLD, ROTATED)
        change_keysets(log.writer, log.records, change=raw, at=NOW + 6 * HOUR)
    with open_log(WORLD, folder) as log:
        log.register([declared(5), declared(6, NEXT)], NOW + 7 * HOUR)
    return folder


@pytest.fixture(params=["store", "export"])
def place(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Path]:
    if request.param == "store":
        yield folder / STORE
        return
    with open_log(WORLD, folder) as log:
        yield log.export(tmp_path / "export")


def ask(place: Path, folder: Path, signer: KeySigner, since: dt.datetime = NOW) -> Impact:
    with open_log(WORLD, folder) as log:
        keys = log.keys
    return impact(place, signer.keyid, since=since, log_keys=keys)


def test_a_designers_key(place: Path, folder: Path) -> None:
    """With hints and without, relied on, released, refused; with its newest record."""
    found = ask(place, folder, DESIGNER)
    assert [
        (each.kind, each.verdict, each.refusal, each.let_go, each.types) for each in found.signed
    ] == [
        ("submission", "PASS", None, True, (DECLARATION_TYPE,)),
        ("submission", "HOLD", None, False, (DECLARATION_TYPE,)),
        ("submission", "HOLD", None, False, (DECLARATION_TYPE,)),
        ("submission", "HOLD", None, True, (DECLARATION_TYPE,)),
        ("submission", "FAIL", "key-revoked", False, (DECLARATION_TYPE,)),
    ]
    assert all(each.product == "Tianqiu A1" for each in found.signed)
    assert [each.decision for each in found.signed] == [each.entry + 1 for each in found.signed]
    assert found.key.record.revoked is not None


def test_other_keys(place: Path, folder: Path) -> None:
    """A determination, decisions, reviews and acts; each under its own key alone."""
    fabricator = ask(place, folder, WORLD.fabricator.signer)
    assert [each.types for each in fabricator.signed] == [(DETERMINATION_TYPE,)]
    kinds = [each.kind for each in ask(place, folder, WORLD.decision_signer).signed]
    assert kinds == ["decision"] * 6
    reviewer = ask(place, folder, FIRST).signed
    assert [each.kind for each in reviewer] == ["review", "review", "policy", "keyset-change"]
    assert [each.action for each in reviewer] == ["ask", "release", None, None]
    assert [each.let_go for each in reviewer] == [True, True, False, False]
    assert indices(ask(place, folder, SECOND)) == [(each.entry, each.kind) for each in reviewer]
    assert [each.verdict for each in ask(place, folder, NEXT).signed] == ["HOLD"]
    assert ask(place, folder, WORLD.osat.signer).signed == ()


@pytest.mark.parametrize(("seconds", "found"), [(-1, 5), (0, 5), (1, 4)])
def test_since_when_to_the_second(folder: Path, seconds: int, found: int) -> None:
    since = NOW + HOUR + dt.timedelta(seconds=seconds)
    assert len(ask(folder / STORE, folder, DESIGNER, since).signed) == found


def test_a_hint_does_not_make_a_signature(folder: Path, tmp_path: Path) -> None:
    """Somebody writes the key's name beside a signature of his own: the key did not sign that."""
    document = loads(declared(7, derived_signer("nobody")))
    document["signatures"][0]["keyid"] = DESIGNER.keyid
    with world_log(WORLD, tmp_path / "data") as log:
        log.register([canonical(document)])
    assert ask(tmp_path / "data" / STORE, tmp_path / "data", DESIGNER).signed == ()


def test_a_key_that_the_log_does_not_know(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        ask(folder / STORE, folder, derived_signer("nobody"))
    assert caught.value.code == "not-found"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [("decision", b"{}", "schema-violation"), ("review", b"{}", "reference-broken")],
)
def test_a_log_that_is_no_log_names_the_entry(
    kind: str, body: bytes, code: str, tmp_path: Path
) -> None:
    """Its integrity holds, its operator wrote junk."""
    with world_log(WORLD, tmp_path / "data") as log:
        if kind == "decision":
            append(log, "submission", declared(1))
        junk = append(log, kind, body)
    with pytest.raises(AttestError) as caught:
        ask(tmp_path / "data" / STORE, tmp_path / "data", DESIGNER)
    assert (caught.value.code, caught.value.entry) == (code, junk)
    assert isinstance(caught.value, InputError | LogError)


def test_the_command(folder: Path, place: Path) -> None:
    arguments = ("keys", "impact", DESIGNER.keyid, "--since", "2026-11-24", "--log", place)
    keys = ("--log-keys", folder / "log.vkeys")
    told = document(succeeded(attest(*arguments, *keys, "--json"), 5))
    assert set(told) == json_members("`keys impact`")
    rows = told["signed"]
    assert [row["statements"] for row in rows] == [["declaration"]] * 5
    assert [row["let_go"] for row in rows] == [True, False, False, True, False]
    assert "stop what has not left" in rows[0]["look_at"]
    assert "nothing rests on it" in rows[4]["look_at"]
    shown = succeeded(attest(*arguments, *keys), 5).stdout
    assert "HOLD, released" in shown
    assert "FAIL, refused: key-revoked" in shown
    assert "resting on it and let go: 2." in shown
    reviewer = ("keys", "impact", FIRST.keyid, "--since", "2026-11-24T19:00:00Z", "--log", place)
    told = succeeded(attest(*reviewer, *keys), 5).stdout
    assert "ask the other signers" in told


def test_a_command_that_finds_nothing(folder: Path) -> None:
    arguments = ("keys", "impact", DESIGNER.keyid[7:], "--since", "2026-11-26", "--log", folder)
    told = succeeded(attest(*arguments))
    assert "Signed: nothing" in told.stdout
    assert "keys beside the log" in told.stderr


def test_what_the_command_refuses(folder: Path, tmp_path: Path) -> None:
    start = ("keys", "impact")
    since = ("--since", "2026-11-24")
    check_failed(attest(*start, "0" * 64, *since, "--log", folder), 2, "not-found")
    check_failed(attest(*start, DESIGNER.keyid, "--since", "today", "--log", folder), 1, "usage")
    check_failed(attest(*start, DESIGNER.keyid, *since, "--log", tmp_path), 1, "usage")
