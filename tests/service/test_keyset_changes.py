"""Keyset changes over HTTP: the running service goes on under the new keys, by log position."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from attest.casefile import open_casefile
from attest.encoding import canonical, digest, loads
from attest.envelope import bundle, seal
from attest.errors import LogError, TrustError
from attest.log.entry import parse_entry
from attest.log.export import write_export
from attest.log.proof import open_proof_document
from attest.log.sqlite import SqliteStore
from attest.models import DECLARATION_TYPE
from attest.replay import Report, replay
from attest.signing import KeySigner, private_key_pem
from service.__main__ import main
from service.founding import DECISION_KEY, STORE
from service.records import Records
from service.standing import Standing
from tests.keyset_changes import (
    COMPROMISED,
    NEXT,
    THIRD,
    add_key,
    changed,
    enrol,
    new_reviewer,
    revoke,
    revoked,
    rotate,
    signed_change,
)
from tests.service.house import DSSE, House, held, payload_of, running
from tests.service.test_refused import JSON_PROBES, check_problem
from tests.world import NOW, World, derived_signer, key_record, statement


def post(house: House, raw: bytes) -> httpx.Response:
    return house.client.post("/v1/keyset-changes", content=raw, headers=DSSE)


def declared(world: World, number: int, signer: KeySigner) -> bytes:
    """A declaration of the designer's, signed with one of its keys; each number gives another."""
    predicate = world.declaration(end_use=f"Packet processing, variant {number}.")
    return bundle([seal(statement(DECLARATION_TYPE, predicate), [signer])])


def refusal_of(answer: httpx.Response) -> str | None:
    assert answer.status_code in (200, 201)
    code: str | None = answer.json().get("refusal_code")
    return code


def replayed(house: House, tmp_path: Path) -> Report:
    """The log replays, whatever keys it has now."""
    store = SqliteStore.open(house.folder / STORE, read_only=True)
    try:
        write_export(store, tmp_path / "export")
    finally:
        store.close()
    return replay(tmp_path / "export", log_keys=house.log_keys)


def test_a_revocation_counts_from_its_entry_on(house: House, tmp_path: Path) -> None:
    """What was logged before stands, what comes after does not: one entry decides."""
    designer = house.world.designer.signer
    after = changed(revoke, house.world)
    first = declared(house.world, 1, designer)
    assert refusal_of(house.post(first)) is None
    before = house.size()
    answer = post(house, signed_change(house.world, after))
    assert answer.status_code == 201
    document = answer.json()
    entries = [
        parse_entry(house.client.get(f"/v1/log/entries/{index}").content)
        for index in range(before, house.size())
    ]
    assert [entry.kind for entry in entries] == ["keyset", "keyset-change", "trust"]
    assert (document["change_index"], document["trust_index"]) == (before + 1, before + 2)
    assert entries[2].refs["keyset-change"] == (before + 1,)
    assert document["trust"] == after.trust().digest
    refused = house.post(declared(house.world, 2, designer))
    assert refusal_of(refused) == "key-revoked"
    assert refused.json()["submission_index"] == before + 3
    again = house.post(first)
    assert (again.status_code, refusal_of(again)) == (200, None)
    report = replayed(house, tmp_path)
    assert report.refusals == {"key-revoked": 1}
    assert [entry for entry, _ in report.trusts][1:] == [before + 2]


def test_a_change_is_proven_and_recorded_once(house: House) -> None:
    after = changed(rotate, house.world)
    raw = signed_change(house.world, after)
    first = post(house, raw)
    size = house.size()
    entry, checkpoint = open_proof_document(first.json()["proof"], body=raw, keys=house.log_keys)
    assert (entry.kind, checkpoint.size) == ("keyset-change", size)
    reordered = loads(raw)
    reordered["signatures"].reverse()
    for same in (raw, canonical(reordered)):
        again = post(house, same)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
        assert again.json()["change_index"] == first.json()["change_index"]
    assert house.size() == size


def test_the_answers_show_the_keys_of_now(house: House) -> None:
    after = changed(enrol, changed(rotate, house.world))
    assert house.client.get("/v1/keysets/newcomer").status_code == 404
    before = house.client.get("/v1/keysets/tianqiu").content
    assert before == house.world.designer.keyset()
    assert post(house, signed_change(house.world, after)).status_code == 201
    assert house.client.get("/v1/keysets/newcomer").content == after.actors[-1].keyset()
    shown = house.client.get("/v1/keysets/tianqiu").json()
    assert [key.get("revoked") for key in shown["keys"]] == [revoked(), None]
    assert house.client.get("/v1/trust").content == after.trust_bytes()
    assert house.client.get("/v1/rules").json()["trust"] == after.trust().digest


def test_new_keys_and_parties_sign_at_once(house: House) -> None:
    old, after = house.world.designer.signer, changed(rotate, house.world)
    assert refusal_of(house.post(declared(house.world, 1, NEXT))) == "unknown-key"
    assert post(house, signed_change(house.world, after)).status_code == 201
    assert refusal_of(house.post(declared(house.world, 2, NEXT))) is None
    assert refusal_of(house.post(declared(house.world, 3, old))) == "key-revoked"


@pytest.mark.parametrize("processes", [0, 1])
def test_workers_go_on_under_the_new_keys(folder: Path, world: World, processes: int) -> None:
    after = changed(revoke, world)
    with running(folder, world, processes=processes) as house:
        designer = world.designer.signer
        assert refusal_of(house.post(declared(world, 1, designer))) is None
        assert post(house, signed_change(world, after)).status_code == 201
        assert refusal_of(house.post(declared(world, 2, designer))) == "key-revoked"


def test_reviewers_follow_each_other(house: House, tmp_path: Path) -> None:
    """A HOLD of the old people's time is released by the new ones, and everything verifies."""
    after = changed(new_reviewer, house.world)
    early, late = house.post(held(house.world, 1)).json(), house.post(held(house.world, 2)).json()
    url = f"/v1/submissions/{early['id']}/reviews"
    assert house.client.post(url, content=house.review_of(early), headers=DSSE).status_code == 201
    before = house.client.get(f"/v1/submissions/{early['id']}/casefile").content
    assert post(house, signed_change(house.world, after)).status_code == 201
    url = f"/v1/submissions/{late['id']}/reviews"
    refused = house.client.post(url, content=house.review_of(late), headers=DSSE)
    check_problem(refused, 422, "key-revoked")
    newer = house.review_of(late, signers=[house.world.reviewers[1], THIRD])
    assert house.client.post(url, content=newer, headers=DSSE).status_code == 201
    for raw, holders in [
        (before, ("Ana Costa", "Wei Lin")),
        (
            house.client.get(f"/v1/submissions/{early['id']}/casefile").content,
            ("Ana Costa", "Wei Lin"),
        ),
        (
            house.client.get(f"/v1/submissions/{late['id']}/casefile").content,
            ("Ana Costa", "Kai Ito"),
        ),
    ]:
        case = open_casefile(raw, log_keys=house.log_keys)
        assert [review.holders for review in case.reviews] == [holders]
    assert replayed(house, tmp_path).open_holds == 0


def test_the_decision_key_is_rotated_in_three_steps(folder: Path, world: World) -> None:
    """Enrol the next one, change the file, revoke the old one; no submission is lost."""
    signer = derived_signer("next decision key")
    record = key_record(signer, "decision", "Decision service")
    both = changed(lambda w: w.foundry.extra_keys.append(record), world)
    only = changed(
        lambda w: w.foundry.revoked.update({world.decision_signer.keyid: revoked()}), both
    )
    with running(folder, world) as house:
        first = house.post(held(world, 1)).json()
        assert post(house, signed_change(world, both)).status_code == 201
        assert house.client.get("/readyz").status_code == 200
    (folder / DECISION_KEY).unlink()
    (folder / DECISION_KEY).write_bytes(private_key_pem(signer._private, None))
    (folder / DECISION_KEY).chmod(0o600)
    with running(folder, world) as house:
        assert post(house, signed_change(both, only)).status_code == 201
        answer = house.post(held(world, 2)).json()
        signed_by = [each["keyid"] for each in answer["decision"]["signatures"]]
        assert (answer["verdict"], signed_by) == ("HOLD", [signer.keyid])
        for each in (first, answer):
            raw = house.client.get(f"/v1/submissions/{each['id']}/casefile").content
            assert open_casefile(raw, log_keys=house.log_keys).verdict == "HOLD"


def test_a_service_whose_own_key_is_revoked_decides_nothing(folder: Path, world: World) -> None:
    gone = changed(
        lambda w: w.foundry.revoked.update({world.decision_signer.keyid: COMPROMISED}), world
    )
    with running(folder, world) as house:
        assert post(house, signed_change(world, gone)).status_code == 201
        size = house.size()
        check_problem(house.post(held(world, 1)), 503, "not-ready")
        check_problem(house.client.get("/readyz"), 503, "not-ready")
        assert house.size() == size
    with pytest.raises(TrustError) as caught, running(folder, world):
        pass
    assert caught.value.code == "key-revoked"


def test_what_is_refused_changes_nothing(house: House) -> None:
    world, size, after = house.world, house.size(), changed(rotate, house.world)
    stale = signed_change(after, changed(enrol, after))
    for raw, status, code in [
        (signed_change(world, after, signers=world.reviewers[:1]), 422, "too-few-signers"),
        (signed_change(world, after, signers=[world.designer.signer]), 422, "key-purpose"),
        (signed_change(world, after, enrolled=[]), 409, "keyset-change-not-possible"),
        (signed_change(world, after, subject=b"other"), 409, "keyset-change-not-possible"),
        (stale, 409, "keyset-change-not-possible"),
    ]:
        check_problem(post(house, raw), status, code)
    for probe, status, refused in JSON_PROBES.values():
        check_problem(post(house, probe), status, refused)
    assert house.size() == size
    assert house.client.get("/v1/trust").content == world.trust_bytes()


def test_a_key_of_another_party_is_not_enrolled(house: House) -> None:
    """Whoever enrols somebody else's key would answer for what that one signs."""
    key = key_record(house.world.osat.signer)
    after = changed(lambda w: w.designer.extra_keys.append(key), house.world)
    raw = signed_change(house.world, after)
    check_problem(post(house, raw), 409, "keyset-change-not-possible")


def test_nothing_goes_on_under_the_old_keys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails between the commit and the next decision stops the service."""

    def fails(_: Records) -> Standing:
        raise LogError("commitment-mismatch", "the disk gave other bytes")

    monkeypatch.setattr("service.registrar.active_standing", fails)
    raw = signed_change(house.world, changed(revoke, house.world))
    check_problem(post(house, raw), 500, "log-stopped")
    check_problem(house.post(held(house.world)), 500, "log-stopped")


def test_a_clock_that_runs_backwards_changes_no_keysets(house: House) -> None:
    raw = signed_change(house.world, changed(enrol, house.world), changed_at=NOW.replace(hour=13))
    house.clock.move(-1)
    check_problem(post(house, raw), 503, "clock-backwards")
    house.clock.move(1)
    assert post(house, raw).status_code == 201


def test_the_command_records_a_change_while_the_service_is_stopped(
    folder: Path, world: World, tmp_path: Path
) -> None:
    after = changed(add_key, world)
    (tmp_path / "change.json").write_bytes(
        signed_change(world, after, changed_at=NOW.replace(year=2024))
    )
    arguments = ["change-keysets", str(folder), str(tmp_path / "change.json")]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "the new trust snapshot is entry" in result.stderr
    again = CliRunner().invoke(main, arguments)
    assert again.stderr == result.stderr
    with running(folder, world) as house:
        house.clock.move(366 * 24 * 3600)
        assert house.client.get("/v1/trust").content == after.trust_bytes()


def test_decisions_name_the_snapshot_of_their_time(house: House) -> None:
    after = changed(add_key, house.world)
    first = house.post(held(house.world, 1)).json()
    assert post(house, signed_change(house.world, after)).status_code == 201
    second = house.post(held(house.world, 2)).json()
    names = [json.loads(payload_of(each))["predicate"]["trust"] for each in (first, second)]
    assert names == [digest(house.world.trust_bytes()), digest(after.trust_bytes())]
