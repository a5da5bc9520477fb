"""Validation: which fault is named, where, and in which words; two validators say the same."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from attest.encoding import Json
from attest.errors import InputError
from attest.schemas import (
    explain,
    fast_faults,
    reference_faults,
    validate,
)
from tests.mutations import mutations, name_of, read_examples

EXAMPLES = read_examples()


def with_change(document: Json, pointer: str, new: Json = ...) -> Json:
    """A copy of the document with another value at the pointer, or without the member."""
    copy = json.loads(json.dumps(document))
    *path, last = pointer.removeprefix("/").split("/")
    node = copy
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    if new is ...:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = new
    return copy


def fault_of(name: str, document: Json) -> tuple[str | None, str]:
    with pytest.raises(InputError) as caught:
        validate(name, document)
    assert caught.value.code == "schema-violation"
    return caught.value.pointer, caught.value.detail


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: str) -> None:
    validate(name_of(example), EXAMPLES[example])
    assert explain(name_of(example), EXAMPLES[example]) == []


def test_a_member_left_out_is_named() -> None:
    document = with_change(EXAMPLES["declaration"], "/datacenter")
    assert fault_of("declaration", document) == ("", "required: expected also datacenter")


@pytest.mark.parametrize(
    ("pointer", "new", "where", "what"),
    [
        ("/datacenter", {}, "/datacenter", "required: expected also knowledge"),
        ("/datacenter", "", "/datacenter", "type: expected object"),
        (
            "/datacenter",
            {"knowledge": "first-hand"},
            "/datacenter",
            "required: expected also value",
        ),
        (
            "/datacenter",
            {"knowledge": "unknown", "value": True},
            "/datacenter",
            "not: expected that an unknown claim has no value",
        ),
        (
            "/datacenter/knowledge",
            "hearsay",
            "/datacenter/knowledge",
            "enum: expected one of first-hand, supplier, estimate, unknown",
        ),
        (
            "/package/packager/value",
            "",
            "/package/packager/value",
            "minLength: expected at least 1",
        ),
        ("/dies/0/units", 0, "/dies/0/units", "minimum: expected at least 1"),
        ("/dies/0/units", True, "/dies/0/units", "type: expected integer"),
        ("/dies/0/area_um2/value", 0, "/dies/0/area_um2/value", "minimum: expected at least 1"),
        (
            "/dies/0/transistors",
            {"method": "unknown", "count": 1},
            "/dies/0/transistors",
            "not: expected that an unknown count is not stated",
        ),
        (
            "/dies/0/transistors",
            {"method": "measured"},
            "/dies/0/transistors",
            "required: expected also count",
        ),
        ("/dies", [], "/dies", "minItems: expected at least 1"),
        (
            "/designer_status/application_748_16",
            {"status": "filed"},
            "/designer_status/application_748_16",
            "required: expected also filed_on",
        ),
        (
            "/designer_status/application_748_16",
            {"status": "denied", "filed_on": "2026-10-01"},
            "/designer_status/application_748_16",
            "required: expected also denied_on",
        ),
        (
            "/designer_status/application_748_16/denied_on",
            "2026-10-02",
            "/designer_status/application_748_16",
            "not: expected that only a denial has a day",
        ),
        (
            "/designer_status/agreed_743_9",
            {"status": "unknown", "on": "2026-02-02"},
            "/designer_status/agreed_743_9",
            "not: expected that only an agreement has a day",
        ),
        (
            "/parties/0/role",
            "other",
            "/parties",
            "contains: expected that exactly one party is the designer",
        ),
        (
            "/parties/3/role",
            "end-user",
            "/parties",
            "contains: expected that exactly one party is the end-user",
        ),
        (
            "/parties/4/role",
            "distributor",
            "/parties",
            "contains: expected that at least one party is a consignee",
        ),
        (
            "/parties/0/locations/value",
            ["TW", "TW"],
            "/parties/0/locations/value",
            "uniqueItems: expected no item twice",
        ),
        (
            "/parties/0/lei",
            "",
            "/parties/0/lei",
            "pattern: expected pattern ^[0-9A-Z]{18}[0-9]{2}$",
        ),
        (
            "/planned_completion_date",
            "2026-02-29",
            "/planned_completion_date",
            "format: expected format date",
        ),
    ],
)
def test_a_declaration_is_refused(pointer: str, new: Json, where: str, what: str) -> None:
    document = with_change(EXAMPLES["declaration"], pointer, new)
    assert fault_of("declaration", document) == (where, what)
    assert explain("declaration", document)[0] == (where, what)


def test_a_confirmed_mapping_names_the_company() -> None:
    mapping = "/designer_status/listed_mapping"
    document = with_change(EXAMPLES["determination-osat"], f"{mapping}/listed_name", "")
    assert fault_of("determination", document) == (
        f"{mapping}/listed_name",
        "minLength: expected at least 1",
    )


def test_a_refusal_is_a_fail_without_findings() -> None:
    refusal = EXAMPLES["decision-refusal"]
    assert fault_of("decision", with_change(refusal, "/verdict", "PASS")) == (
        "/verdict",
        'const: expected "FAIL"',
    )
    assert fault_of("decision", {**refusal, "findings": []}) == (
        "",
        "not: expected that a refusal has no findings",
    )


def test_salted_kinds_are_the_confidential_ones() -> None:
    assert fault_of("entry", with_change(EXAMPLES["entry"], "/salted", False)) == (
        "/salted",
        "const: expected true",
    )
    assert fault_of("casefile", with_change(EXAMPLES["casefile"], "/decision/proof/salt")) == (
        "/decision/proof",
        "required: expected also salt",
    )


def test_a_pack_rule_has_the_members_of_its_kind() -> None:
    pack = EXAMPLES["pack"]
    kinds = [rule["kind"] for rule in pack["rules"]]
    presumption = f"/rules/{kinds.index('presumption')}/versions/0"
    assert fault_of("pack", with_change(pack, f"{presumption}/holds", "true")) == (
        presumption,
        "not: expected that a presumption has no condition of its own",
    )
    way = f"/rules/{kinds.index('way')}/versions/0"
    assert fault_of("pack", with_change(pack, f"{way}/on_fail", "FAIL")) == (
        way,
        "not: expected that only a presumption or a test contributes to the verdict",
    )


def test_a_member_that_the_schema_does_not_know_is_not_named() -> None:
    document = {**EXAMPLES["submission"], "canary": 1}
    assert fault_of("submission", document) == (
        "",
        "additionalProperties: expected only v, envelopes",
    )


def test_faults_stand_in_document_order_and_inner_ones_first() -> None:
    signature = {"sig": "", "keyid": 7}
    document = {
        "envelopes": [{"payload": "e30=", "signatures": [signature], "payloadType": "x"}, "x"],
        "extra": {},
    }
    assert explain("submission", document) == [
        ("/envelopes/0/signatures/0/sig", "minLength: expected at least 4"),
        ("/envelopes/0/signatures/0/sig", "pattern: expected pattern ^[A-Za-z0-9+/_-]+={0,2}$"),
        ("/envelopes/0/signatures/0/keyid", "type: expected string"),
        ("/envelopes/1", "type: expected object"),
        ("", "additionalProperties: expected only v, envelopes"),
        ("", "required: expected also v"),
    ]
    reordered = {"v": 0, "envelopes": []}
    assert [where for where, _ in explain("submission", reordered)] == ["/v", "/envelopes"]
    assert fault_of("submission", dict(reversed(reordered.items())))[0] == "/envelopes"


def test_a_value_of_the_wrong_type_has_no_other_fault() -> None:
    document = with_change(EXAMPLES["declaration"], "/datacenter", [])
    assert explain("declaration", document) == [("/datacenter", "type: expected object")]


def test_the_end_of_a_pattern_is_the_end_of_the_text() -> None:
    document = with_change(EXAMPLES["declaration"], "/audience", "foundry\n")
    expected = ("/audience", "pattern: expected pattern ^[a-z0-9][a-z0-9-]{0,62}$")
    assert fault_of("declaration", document) == expected
    assert explain("declaration", document) == [expected]


def test_a_hostile_document_is_looked_at_only_as_far_as_a_valid_one_could_go() -> None:
    document = {"v": 1, "envelopes": [{}] * 100_000}
    assert len(explain("submission", document)) == 64 + 1 + 1
    assert fault_of("submission", document)[0] == "/envelopes/0"
    assert fault_of("review", {str(number): [] for number in range(100_000)}) == (
        "",
        "additionalProperties: expected only must_understand, decision, action, reason_code, "
        "reason, evidence, clears, reviewed_at",
    )


def test_there_is_no_schema_of_another_name() -> None:
    with pytest.raises(KeyError):
        validate("verdict", {})


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_word_of_the_document_is_repeated(example: str) -> None:
    canary = "<canary>\u3000"

    def spoilt(node: Json) -> Json:
        if isinstance(node, dict):
            return {**{name: spoilt(value) for name, value in node.items()}, canary: canary}
        if isinstance(node, list):
            return [spoilt(item) for item in node]
        return canary

    faults = explain(name_of(example), spoilt(EXAMPLES[example]))
    assert len(faults) > 2
    assert "canary" not in repr(faults)
    assert "canary" not in repr(fault_of(name_of(example), spoilt(EXAMPLES[example])))


@pytest.mark.parametrize("example", EXAMPLES)
def test_both_validators_find_the_same_faults(example: str) -> None:
    name = name_of(example)
    every = list(mutations(EXAMPLES[example]))
    stride = max(1, len(every) // 60)  # the reference validator takes milliseconds
    for what, document in islice(every, 0, None, stride):
        fast, reference = fast_faults(name, document), reference_faults(name, document)
        assert fast == reference, what
        if fast:
            assert fault_of(name, document) == explain(name, document)[0], what


def test_both_validators_agree_on_dates_and_instants() -> None:
    days = [
        f"{year}-{month:02}-{day:02}"
        for year in (1000, 1900, 2000, 2026, 2028, 2999)
        for month in (0, 1, 2, 4, 12, 13)
        for day in (0, 1, 28, 29, 30, 31, 32)
    ]
    clocks = ["T00:00:00Z", "T23:59:59Z", "T23:59:60Z", "T24:00:00Z", "t00:00:00Z", "T00:00:00"]
    review = EXAMPLES["review"]
    for text in [*days, *(day + clock for day in days for clock in clocks)]:
        document = {**review, "reviewed_at": text}
        assert fast_faults("review", document) == reference_faults("review", document), text
