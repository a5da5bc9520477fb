"""Submitting over HTTP: decisions, refusals, idempotency, supersession."""

from __future__ import annotations

import asyncio
import datetime as dt
import json

import httpx
import pytest

from attest.encoding import digest
from attest.envelope import bundle, seal
from attest.log.proof import open_proof_document
from attest.models import DECLARATION_TYPE
from attest.recorded import open_decision, read_decision
from tests.service.house import DSSE, House, held, payload_of, unread
from tests.world import NOW, derived_signer, statement


def test_a_submission_is_decided_recorded_and_proven(house: House) -> None:
    raw = house.world.submission(fabricator={})
    before = house.size()
    answer = house.post(raw)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in answer.headers
    document = answer.json()
    assert document["id"] == digest(raw)
    assert answer.headers["location"] == f"/v1/submissions/{digest(raw)}"
    assert document["verdict"] == "PASS"
    assert "refusal_code" not in document
    assert (document["submission_index"], document["decision_index"]) == (before, before + 1)
    envelope = json.dumps(document["decision"]).encode()
    payload = open_decision(envelope, trust=house.world.trust(), at=NOW)
    assert read_decision(payload)["predicate"]["verdict"] == "PASS"
    body = answer.content.removeprefix(b'{"decision":').partition(b',"decision_index"')[0]
    entry, checkpoint = open_proof_document(document["proof"], body=body, keys=house.log_keys)
    assert (entry.kind, entry.index) == ("decision", before + 1)
    assert entry.refs["submission"] == (before,)
    assert checkpoint.size == before + 2 == house.size()


def test_a_hold_is_recorded_as_such(house: House) -> None:
    answer = house.post(held(house.world))
    assert (answer.status_code, answer.json()["verdict"]) == (201, "HOLD")


def test_a_bare_envelope_is_a_submission(house: House) -> None:
    payload = statement(DECLARATION_TYPE, house.world.declaration())
    answer = house.post(seal(payload, [house.world.designer.signer]))
    assert (answer.status_code, answer.json()["verdict"]) == (201, "HOLD")


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_as_good_a_media_type(house: House, media_type: str) -> None:
    answer = house.post(held(house.world), **{"content-type": media_type})
    assert answer.status_code == 201


def test_a_refusal_is_recorded_too(house: House) -> None:
    before = house.size()
    answer = house.post(unread())
    assert answer.status_code == 201
    document = answer.json()
    assert (document["verdict"], document["refusal_code"]) == ("FAIL", "unknown-key")
    assert house.size() == before + 2


def test_an_outsiders_signature_is_refused_and_recorded(house: House) -> None:
    payload = statement(DECLARATION_TYPE, house.world.declaration())
    answer = house.post(bundle([seal(payload, [derived_signer("somebody else")])]))
    assert (answer.status_code, answer.json()["refusal_code"]) == (201, "unknown-key")


def test_the_same_bytes_get_the_same_answer(house: House) -> None:
    raw = held(house.world)
    first = house.post(raw)
    size = house.size()
    house.clock.move(3600)
    again = house.post(raw)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert house.size() == size


def test_other_bytes_with_the_same_meaning_are_another_submission(house: House) -> None:
    raw = held(house.world)
    assert house.post(raw).json()["id"] != house.post(raw + b"\n").json()["id"]


def test_fifty_at_once_make_one_pair_of_entries(house: House) -> None:
    raw = held(house.world)
    before = house.size()

    async def submit_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=house.url, trust_env=False, timeout=30) as client:
            posts = [client.post("/v1/submissions", content=raw, headers=DSSE) for _ in range(50)]
            return list(await asyncio.gather(*posts))

    answers = asyncio.run(submit_all())
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert house.size() == before + 2


def test_a_superseded_declaration_is_refused_once_the_later_one_is_in(house: House) -> None:
    earlier = statement(DECLARATION_TYPE, house.world.declaration())
    assert house.post(house.world.submission()).json()["verdict"] == "HOLD"
    later = house.world.submission({"supersedes": digest(earlier)})
    assert house.post(later).json()["verdict"] == "HOLD"
    again = house.post(house.world.submission() + b"\n").json()
    assert (again["verdict"], again["refusal_code"]) == ("FAIL", "superseded")


def test_an_outsider_supersedes_nothing(house: House) -> None:
    earlier = statement(DECLARATION_TYPE, house.world.declaration())
    changed = house.world.declaration(supersedes=digest(earlier))
    forged = statement(DECLARATION_TYPE, changed)
    assert house.post(bundle([seal(forged, [derived_signer("somebody else")])])).status_code == 201
    assert house.post(house.world.submission()).json()["verdict"] == "HOLD"


def test_a_clock_that_runs_backwards_records_nothing(house: House) -> None:
    known = held(house.world, 1)
    assert house.post(known).status_code == 201
    before = house.size()
    house.clock.move(-1)
    answer = house.post(held(house.world, 2))
    assert (answer.status_code, answer.json()["code"]) == (503, "clock-backwards")
    assert answer.headers["retry-after"] == "1"
    assert house.post(known).status_code == 200
    assert house.size() == before
    house.clock.move(1)
    assert house.post(held(house.world, 2)).status_code == 201


def test_without_a_valid_decision_key_nothing_is_decided(house: House) -> None:
    house.clock.now = dt.datetime(2032, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert house.post(held(house.world, 1)).status_code == 201
    assert house.client.get("/readyz").status_code == 200
    before = house.size()
    house.clock.move(1)
    answer = house.post(held(house.world, 2))
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert house.client.get("/readyz").json()["code"] == "not-ready"
    assert house.size() == before


def test_what_is_answered_is_what_is_recorded(house: House) -> None:
    answer = house.post(held(house.world)).json()
    found = house.client.get(f"/v1/submissions/{answer['id']}")
    assert found.status_code == 200
    assert found.json() == answer | {"reviews": []}
    assert json.loads(payload_of(answer))["predicate"]["verdict"] == "HOLD"
