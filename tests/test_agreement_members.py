"""Members that depend on each other: every combination, and the schema and the model agree.

Which combinations are good is stated here once more, in a third way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from attest import models
from attest.encoding import Json
from attest.errors import InputError, InternalError
from attest.schemas import validate
from tests.mutations import read_examples

EXAMPLES = read_examples()
ABSENT: Any = object()


def combinations(**choices: Sequence[Json]) -> Iterator[dict[str, Json]]:
    """Every combination of the choices; what is ABSENT is left out."""
    for values in product(*choices.values()):
        yield {
            name: value for name, value in zip(choices, values, strict=True) if value is not ABSENT
        }


def accepted(name: str, model: type[models.Model], document: Json) -> bool:
    """Whether schema and model accept the document; they must agree."""
    try:
        validate(name, document)
        by_schema = True
    except InputError:
        by_schema = False
    try:
        models.parse(model, document)
        by_model = True
    except InternalError:
        by_model = False
    assert by_schema == by_model, document
    return by_schema


def good_finding(finding: Mapping[str, Json]) -> bool:
    applies = finding["result"] != "n/a"
    contributes = applies and finding["kind"] in {"presumption", "test"}
    return (
        ("verdict" in finding) == contributes
        and ("outcome" not in finding or finding["kind"] == "presumption")
        and ("ways" in finding) == (finding.get("outcome") == "overcome")
        and ("citation" in finding or not applies)
    )


def test_the_members_of_a_finding() -> None:
    decision = EXAMPLES["decision"]
    plain = {"pack": "example", "rule": "a_rule", "layer": "law", "says": "A result."}
    cited = {"version": "2026-01-01", "confidence": "A", "as_of": "2026-01-01"}
    good = 0
    for members in combinations(
        kind=("scope", "way", "presumption", "test"),
        result=("pass", "fail", "unknown", "n/a"),
        verdict=(ABSENT, "PASS", "HOLD"),
        outcome=(ABSENT, "not-applicable", "presumed", "overcome"),
        ways=(ABSENT, ["way_b"]),
        citation=(ABSENT, "Section 1"),
    ):
        finding = {**plain, **members, **(cited if "citation" in members else {})}
        is_good = accepted("decision", models.Decision, {**decision, "findings": [finding]})
        assert is_good == good_finding(finding), finding
        good += is_good
    assert good == 50


def test_the_members_of_a_citation() -> None:
    decision = EXAMPLES["decision"]
    finding = decision["findings"][0]
    for name in ("version", "citation", "confidence", "as_of"):
        less = {key: value for key, value in finding.items() if key != name}
        assert not accepted("decision", models.Decision, {**decision, "findings": [less]})


def test_the_members_of_a_decision() -> None:
    decision = EXAMPLES["decision"]
    parts = ("verdict", "findings", "refusal", "completion_date", "statements")
    rest = {name: value for name, value in decision.items() if name not in parts}
    untyped = [
        {k: v for k, v in s.items() if k != "predicate_type"} for s in decision["statements"]
    ]
    good = 0
    for members in combinations(
        verdict=("PASS", "HOLD", "FAIL"),
        findings=(ABSENT, [], decision["findings"]),
        refusal=(ABSENT, {"step": 6, "code": "expired", "pointer": ""}),
        completion_date=(ABSENT, "2026-12-15"),
        statements=(decision["statements"], untyped, []),
    ):
        is_good = accepted("decision", models.Decision, {**rest, **members})
        if "refusal" in members:
            expected = members["verdict"] == "FAIL" and "findings" not in members
        else:
            typed = members["statements"] is not untyped
            expected = {"findings", "completion_date"} <= set(members) and typed
        assert is_good == expected, members
        good += is_good
    assert good == 6 + 12


def test_the_members_of_an_entry() -> None:
    entry = EXAMPLES["entry"]
    public = ("genesis", "schema", "pack", "keyset", "trust", "policy")
    acts = ("activation", "keyset-change")
    kinds = (*public, *acts, "submission", "decision", "review")
    good = 0
    for members in combinations(
        kind=kinds, index=(0, 1), salted=(True, False), prev=("0" * 64, "1" * 64)
    ):
        first = members["index"] == 0
        expected = (
            members["salted"] == (members["kind"] in {"submission", "decision", "review"})
            and first == (members["kind"] == "genesis")
            and (not first or members["prev"] == "0" * 64)
        )
        assert accepted("entry", models.Entry, {**entry, **members}) == expected, members
        good += expected
    assert good == 1 + 10 * 2


def test_the_members_of_claims_and_states() -> None:
    declaration = EXAMPLES["declaration"]
    status = declaration["designer_status"]
    day = "2026-02-02"

    def good(document: Json) -> bool:
        return accepted("declaration", models.Declaration, {**declaration, **document})

    for claim in combinations(
        knowledge=(ABSENT, "first-hand", "supplier", "estimate", "unknown", ""),
        value=(ABSENT, True, False),
    ):
        expected = ("value" in claim) == (claim.get("knowledge") != "unknown")
        expected = expected and claim.get("knowledge", "") != ""
        assert good({"datacenter": claim}) == expected, claim
    for application in combinations(
        status=(ABSENT, "none", "unknown", "filed", "denied"),
        filed_on=(ABSENT, day),
        denied_on=(ABSENT, day),
    ):
        days = {"filed": {"filed_on"}, "denied": {"filed_on", "denied_on"}}
        said = application.get("status")
        expected = said is not None and set(application) - {"status"} == days.get(said, set())
        assert good({"designer_status": {**status, "application_748_16": application}}) == expected
    for agreed in combinations(status=("agreed", "not-agreed", "unknown"), on=(ABSENT, day)):
        expected = ("on" in agreed) == (agreed["status"] == "agreed")
        assert good({"designer_status": {**status, "agreed_743_9": agreed}}) == expected


def test_the_roles_of_the_parties() -> None:
    declaration = EXAMPLES["declaration"]
    party = declaration["parties"][0]
    for counts in combinations(
        **dict.fromkeys(("designer", "ultimate-parent", "foundry", "end-user"), (0, 1, 2)),
        consignee=(0, 1, 2),
        osat=(0, 1),
    ):
        parties = [{**party, "role": role} for role, count in counts.items() for _ in range(count)]
        once = all(
            counts[role] == 1 for role in ("designer", "ultimate-parent", "foundry", "end-user")
        )
        expected = once and counts["consignee"] > 0
        document = {**declaration, "parties": parties}
        assert accepted("declaration", models.Declaration, document) == expected, counts


def test_a_confirmed_mapping_names_the_company() -> None:
    determination = EXAMPLES["determination"]
    for mapping in combinations(
        confirmed=(
            {"knowledge": "first-hand", "value": True},
            {"knowledge": "first-hand", "value": False},
            {"knowledge": "unknown"},
        ),
        listed_name=("", "Example Group, Inc."),
        reference=("", "Letter of 2026-10-30"),
    ):
        expected = not mapping["confirmed"].get("value") or (
            mapping["listed_name"] != "" and mapping["reference"] != ""
        )
        document = {**determination, "designer_status": {"listed_mapping": mapping}}
        assert accepted("determination", models.Determination, document) == expected, mapping
