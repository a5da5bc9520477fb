"""Reviewing over HTTP: only an open HOLD, only by enough people, recorded and proven."""

from __future__ import annotations

import json

import httpx
import pytest

from attest.casefile import open_casefile
from attest.encoding import Json
from attest.log.proof import open_proof_document
from tests.service.house import DSSE, House, held, unread
from tests.service.test_refused import JSON_PROBES, check_problem
from tests.world import derived_signer


def post_review(house: House, answer: Json, raw: bytes) -> httpx.Response:
    return house.client.post(f"/v1/submissions/{answer['id']}/reviews", content=raw, headers=DSSE)


@pytest.fixture
def hold(house: House) -> Json:
    """An answered HOLD."""
    answer = house.post(held(house.world))
    assert answer.json()["verdict"] == "HOLD"
    return answer.json()


def test_a_review_is_recorded_and_proven(house: House, hold: Json) -> None:
    raw = house.review_of(hold)
    before = house.size()
    answer = post_review(house, hold, raw)
    assert answer.status_code == 201
    document = answer.json()
    assert (document["id"], document["action"]) == (hold["id"], "release")
    assert document["review_index"] == before
    assert document["envelope"] == json.loads(raw)
    entry, checkpoint = open_proof_document(document["proof"], body=raw, keys=house.log_keys)
    assert (entry.kind, entry.refs["decision"]) == ("review", (hold["decision_index"],))
    assert checkpoint.size == before + 1
    shown = house.client.get(f"/v1/submissions/{hold['id']}").json()
    assert [each["action"] for each in shown["reviews"]] == ["release"]
    assert shown["verdict"] == "HOLD"
    case = open_casefile(
        house.client.get(f"/v1/submissions/{hold['id']}/casefile").content,
        log_keys=house.log_keys,
    )
    assert [review.review.action for review in case.reviews] == ["release"]


def test_the_same_review_is_recorded_once(house: House, hold: Json) -> None:
    raw = house.review_of(hold)
    first = post_review(house, hold, raw)
    size = house.size()
    again = post_review(house, hold, raw)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert house.size() == size


def test_a_question_leaves_the_hold_open_and_a_release_closes_it(house: House, hold: Json) -> None:
    ask = house.review_of(hold, action="ask", reason_code="evidence-missing")
    assert post_review(house, hold, ask).status_code == 201
    assert post_review(house, hold, house.review_of(hold)).status_code == 201
    late = post_review(house, hold, house.review_of(hold, reason_code="second-thoughts"))
    check_problem(late, 409, "review-not-possible")
    shown = house.client.get(f"/v1/submissions/{hold['id']}").json()
    assert [each["action"] for each in shown["reviews"]] == ["ask", "release"]


def test_one_person_is_not_enough(house: House, hold: Json) -> None:
    raw = house.review_of(hold, signers=house.world.reviewers[:1])
    check_problem(post_review(house, hold, raw), 422, "too-few-signers")


def test_others_do_not_review(house: House, hold: Json) -> None:
    outsider = derived_signer("somebody else")
    raw = house.review_of(hold, signers=[house.world.reviewers[0], outsider])
    check_problem(post_review(house, hold, raw), 422, "unknown-key")
    raw = house.review_of(hold, signers=[house.world.reviewers[0], house.world.designer.signer])
    check_problem(post_review(house, hold, raw), 422, "key-purpose")


@pytest.mark.parametrize("verdict", ["PASS", "FAIL"])
def test_only_a_hold_is_reviewed(house: House, verdict: str) -> None:
    raw = house.world.submission(fabricator={}) if verdict == "PASS" else unread()
    answer = house.post(raw).json()
    assert answer["verdict"] == verdict
    refused = post_review(house, answer, house.review_of(answer))
    check_problem(refused, 409, "review-not-possible")


def test_a_review_is_of_the_decision_it_names(house: House, hold: Json) -> None:
    other = house.post(held(house.world, 2)).json()
    check_problem(post_review(house, other, house.review_of(hold)), 409, "review-not-possible")


def test_what_is_not_there_is_not_reviewed(house: House, hold: Json) -> None:
    raw = house.review_of(hold)
    absent = {"id": "sha256:" + "0" * 64}
    check_problem(post_review(house, absent, raw), 404, "not-found")
    check_problem(post_review(house, {"id": "sha256:0"}, raw), 404, "not-found")


def test_a_clock_that_runs_backwards_records_no_review(house: House, hold: Json) -> None:
    raw = house.review_of(hold, reviewed_at="2026-11-24T13:00:00Z")
    before = house.size()
    house.clock.move(-1)
    check_problem(post_review(house, hold, raw), 503, "clock-backwards")
    assert house.size() == before
    house.clock.move(1)
    assert post_review(house, hold, raw).status_code == 201


def test_probes_as_reviews_of_a_hold(house: House, hold: Json) -> None:
    before = house.size()
    for raw, status, code in JSON_PROBES.values():
        check_problem(post_review(house, hold, raw), status, code)
    assert house.size() == before
