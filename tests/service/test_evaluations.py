"""Asking without submitting: the same answers as the commands, and nothing recorded."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from attest import limits
from attest.classification import RulePack, classify
from attest.encoding import Json, canonical, loads
from attest.errors import InputError
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.facts import facts_from_json
from attest.rules.pack import compile_pack
from service.evaluations import Evaluations
from service.openapi_examples import EVALUATION
from tests.service.house import House
from tests.world import NOW, PACKS, ROOT, pack_bytes

FACTS: Json = json.loads((ROOT / "examples" / "cli" / "facts.json").read_bytes())
ACTIVE = {name: pack_bytes(name) for name in PACKS}
TODAY = NOW.date()


def asked(**request: Any) -> Any:
    evaluations = Evaluations(ACTIVE, "cfr_text", today=lambda: TODAY)
    return json.loads(evaluations.answer(canonical({"facts": FACTS, **request})))


def test_the_active_packs_are_asked_unless_others_are_named() -> None:
    answer = asked()
    assert [pack["id"] for pack in answer["packs"]] == list(PACKS)
    facts = facts_from_json(FACTS)
    findings = [each for raw in ACTIVE.values() for each in evaluate(compile_pack(raw), facts)]
    assert answer["verdict"] == verdict_of(findings)
    assert [each["rule"] for each in answer["findings"]] == [each.rule for each in findings]
    assert all(each["citation"] for each in answer["findings"] if "version" in each)
    assert "classification" not in answer
    assert "evidence" not in answer


def test_what_is_left_open_is_today_and_the_active_mode() -> None:
    facts = {group: dict(members) for group, members in FACTS.items() if group != "transaction"}
    answer = asked(facts=facts, mode="bis_practice")
    placed = {"completion_date": TODAY.isoformat(), "decision_date": TODAY.isoformat()}
    same = asked(facts={**facts, "transaction": {**placed, "mode": "bis_practice"}})
    assert answer == same


def test_days_are_tried_and_told_with_what_turns() -> None:
    days = ["2026-12-30", "2026-12-31", "2027-01-01", "2029-01-01"]
    answer = asked(on=days)
    assert [each["date"] for each in answer["on"]] == days
    for each in answer["on"]:
        moved = {**FACTS, "transaction": {**FACTS["transaction"], "completion_date": each["date"]}}
        moved["transaction"]["decision_date"] = each["date"]
        assert asked(facts=moved)["verdict"] == each["verdict"]
        assert each["before"] == answer["verdict"]


def test_a_chip_is_classified_too() -> None:
    answer = asked(**EVALUATION)
    facts = json.loads(json.dumps(EVALUATION["facts"]))
    facts["transaction"] |= {"decision_date": TODAY.isoformat(), "mode": "cfr_text"}
    raw = pack_bytes("us-ear-chips")
    pack = RulePack(compile_pack(raw), loads(raw, bytes_max=len(raw)))
    assert answer["classification"] == json.loads(
        canonical(classify([pack], facts_from_json(facts)).to_json())
    )
    assert "3A090.a.1" in answer["classification"]["classes"]


def test_the_evidence_is_told_when_it_is_asked_for() -> None:
    answer = asked(evidence=True)
    assert set(answer["evidence"]) == {"sets", "complete"}


@pytest.mark.parametrize(
    ("request_", "code", "pointer"),
    [
        (b"", "json-malformed", None),
        (b"[]", "schema-violation", ""),
        (b"{}", "schema-violation", "/facts"),
        (b'{"facts": {}, "facts": {}}', "json-duplicate-key", None),
        (b'{"facts": {"item": {"units": 1.5}}}', "json-float", None),
        ({"facts": []}, "schema-violation", "/facts"),
        ({"facts": {}, "more": 1}, "schema-violation", ""),
        ({"facts": {}, "packs": []}, "schema-violation", "/packs"),
        ({"facts": {}, "packs": ["us-ear", "us-ear"]}, "schema-violation", "/packs"),
        ({"facts": {}, "packs": ["../us-ear"]}, "schema-violation", "/packs"),
        ({"facts": {}, "packs": ["common"]}, "not-found", None),
        ({"facts": {}, "packs": ["no-such-pack"]}, "not-found", None),
        ({"facts": {}, "packs": None}, "schema-violation", "/packs"),
        ({"facts": {}, "on": ["tomorrow"]}, "schema-violation", "/on"),
        ({"facts": {}, "on": ["2026-02-30"]}, "schema-violation", "/on"),
        ({"facts": {}, "on": ["2020-01-01"]}, "not-in-force", None),
        ({"facts": {}, "mode": "both"}, "schema-violation", "/mode"),
        ({"facts": {}, "evidence": 1}, "schema-violation", "/evidence"),
        ({"facts": {"transaction": []}}, "facts-malformed", "/facts/transaction"),
        ({"facts": {"item": {"units": 0}}}, "facts-malformed", "/facts/item/units"),
        ({"facts": {"item": {"colour": 1}}}, "facts-malformed", "/facts/item"),
        (
            {"facts": {"transaction": {"completion_date": "2020-01-01"}}},
            "not-in-force",
            None,
        ),
    ],
)
def test_what_cannot_be_asked(
    request_: bytes | Json, code: str, pointer: str | None, shared_house: House
) -> None:
    raw = request_ if isinstance(request_, bytes) else canonical(request_)
    answer = shared_house.client.post(
        "/v1/evaluations", content=raw, headers={"content-type": "application/json"}
    )
    problem = answer.json()
    assert (problem["code"], problem.get("pointer")) == (code, pointer)
    assert answer.status_code == problem["status"] >= 400


def test_nothing_is_recorded(shared_house: House) -> None:
    before = shared_house.size()
    answer = shared_house.client.post("/v1/evaluations", json=EVALUATION)
    assert answer.status_code == 200
    assert answer.json()["packs"][0]["id"] == "us-ear-chips"
    assert shared_house.size() == before


def test_the_day_is_the_services(shared_house: House) -> None:
    facts = {"item": EVALUATION["facts"]["item"]}
    answer = shared_house.client.post("/v1/evaluations", json={"facts": facts}).json()
    same = {"completion_date": TODAY.isoformat(), "decision_date": TODAY.isoformat()}
    placed = {**facts, "transaction": same}
    assert answer == shared_house.client.post("/v1/evaluations", json={"facts": placed}).json()
    assert dt.date.fromisoformat(same["completion_date"]) == TODAY


def test_a_large_question_is_refused(shared_house: House) -> None:
    headers = {"content-type": "application/json"}
    raw = b'{"facts": {"item": {"name": "' + b"x" * 2_000_000 + b'"}}}'
    answer = shared_house.client.post("/v1/evaluations", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_lists_that_would_take_minutes_are_refused() -> None:
    """Every evaluation looks at every item, and the search for evidence makes hundreds."""
    longest = limits.EVALUATION_ITEMS_MAX
    for hqs, destinations in ((longest - 1, 1), (longest // 2, longest // 2)):
        lists = {"party_hqs": ["TW"] * hqs, "destinations": ["TW"] * destinations}
        assert asked(facts={"transaction": lists})["verdict"] == "HOLD"
        with pytest.raises(InputError) as caught:
            asked(facts={"transaction": lists | {"destinations": ["TW"] * (destinations + 1)}})
        assert (caught.value.code, caught.value.pointer) == ("too-large", "/facts")
    memories = [{"product": "x"}] * longest
    with pytest.raises(InputError) as nested:
        asked(facts={"item": {"memories": [*memories, {}]}})
    assert nested.value.code == "too-large"
