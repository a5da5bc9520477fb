"""Facts from JSON and back to JSON, and the register of facts."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.facts import (
    FACTS,
    facts_from_json,
    facts_to_json,
)
from attest.rules.register import GROUPS, Field, Items, Members, Shape
from attest.rules.types import BOOL, DATE, INT, ListOf, Struct, type_name
from tests.world import ROOT

COMPLETION = dt.date(2026, 12, 15)
DECIDED = dt.date(2026, 11, 24)
ASSIGNED = "expected an officially assigned ISO 3166-1 alpha-2 code"


def test_dates_are_ordinals_and_lists_are_tuples() -> None:
    facts = facts_from_json(
        {
            "declared": {"designer_locations": ["TW", "US"], "dies": [{"name": "a", "units": 2}]},
            "transaction": {"completion_date": "2026-12-15"},
        }
    )
    assert facts.get("transaction.completion_date") == COMPLETION.toordinal()
    assert facts.get("declared.designer_locations") == ("TW", "US")
    assert facts.get("declared.dies") == ({"name": "a", "units": 2},)


def test_what_nobody_stated_is_absent() -> None:
    assert facts_from_json({}).values == {}
    assert facts_from_json({"osat": {}}).get("osat.hbm") is None


@pytest.mark.parametrize("document", [None, 7, "facts", [], True])
def test_facts_are_an_object(document: Json) -> None:
    assert refused(document) == ("", "expected an object")


@pytest.mark.parametrize(
    ("document", "pointer", "why"),
    [
        ({"designer": {}}, "", "not registered"),
        ({"declared": {"tpp": 7}}, "/declared", "not registered"),
        ({"declared": {"attester_name": "A"}}, "/declared", "not registered"),
        ({"declared": {"dies": [{"colour": "red"}]}}, "/declared/dies/0", "not registered"),
        ({"declared": []}, "/declared", "an object"),
        ({"declared": {"dies": {}}}, "/declared/dies", "a list"),
        ({"declared": {"dies": ["core"]}}, "/declared/dies/0", "an object"),
        ({"declared": {"designer_locations": "TW"}}, "/declared/designer_locations", "a list"),
        ({"declared": {"designer_hq": None}}, "/declared/designer_hq", "a text"),
        ({"declared": {"designer_hq": "tw"}}, "/declared/designer_hq", ASSIGNED),
        ({"declared": {"designer_hq": "TW\n"}}, "/declared/designer_hq", ASSIGNED),
        ({"declared": {"designer_hq": "TWN"}}, "/declared/designer_hq", ASSIGNED),
        ({"declared": {"designer_hq": "UK"}}, "/declared/designer_hq", ASSIGNED),
        ({"declared": {"packaging_country": "XX"}}, "/declared/packaging_country", ASSIGNED),
        ({"fabricator": {"packaging_country": "XX"}}, "/fabricator/packaging_country", ASSIGNED),
        ({"osat": {"packaging_country": "XK"}}, "/osat/packaging_country", ASSIGNED),
        ({"declared": {"designer_parent_hq": "EU"}}, "/declared/designer_parent_hq", ASSIGNED),
        (
            {"declared": {"designer_locations": ["TW", "ZZ"]}},
            "/declared/designer_locations/1",
            ASSIGNED,
        ),
        ({"transaction": {"destinations": ["AA"]}}, "/transaction/destinations/0", ASSIGNED),
        ({"transaction": {"party_hqs": ["QM"]}}, "/transaction/party_hqs/0", ASSIGNED),
        ({"declared": {"designer_name": ""}}, "/declared/designer_name", "of the form"),
        ({"declared": {"hbm": "no"}}, "/declared/hbm", "true or false"),
        ({"declared": {"hbm": 0}}, "/declared/hbm", "true or false"),
        ({"declared": {"agreed_743_9_on": 739000}}, "/declared/agreed_743_9_on", "a text"),
        ({"declared": {"agreed_743_9_on": "2026-02-30"}}, "/declared/agreed_743_9_on", "a date"),
        ({"declared": {"agreed_743_9_on": "24.11.2026"}}, "/declared/agreed_743_9_on", "a date"),
        ({"declared": {"application_748_16": "lost"}}, "/declared/application_748_16", "one of"),
        ({"osat": {"aatc_attested": -1}}, "/osat/aatc_attested", "least is 0"),
        ({"osat": {"aatc_attested": True}}, "/osat/aatc_attested", "whole number"),
        ({"osat": {"aatc_attested": "7"}}, "/osat/aatc_attested", "whole number"),
        ({"osat": {"aatc_attested": 2**53}}, "/osat/aatc_attested", "most is"),
        ({"osat": {"dies": [{}, {"units": 0}]}}, "/osat/dies/1/units", "least is 1"),
        ({"osat": {"dies": [{"area_um2": 0}]}}, "/osat/dies/0/area_um2", "least is 1"),
        ({"osat": {"dies": [{"area_um2": -5}]}}, "/osat/dies/0/area_um2", "least is 1"),
        ({"osat": {"dies": [{"function": "gpu"}]}}, "/osat/dies/0/function", "one of"),
        ({"osat": {"memories": [{"area_um2": 0}]}}, "/osat/memories/0/area_um2", "least is 1"),
        (
            {"declared": {"precisions": [{"bit_length": 0}]}},
            "/declared/precisions/0/bit_length",
            "least is 1",
        ),
        ({"transaction": {"mode": "strict"}}, "/transaction/mode", "one of"),
        ({"transaction": {"attested_by": ["designer"]}}, "/transaction/attested_by/0", "one of"),
    ],
)
def test_refused(document: Json, pointer: str, why: str) -> None:
    place, detail = refused(document)
    assert place == pointer
    assert why in detail


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("declared", "designer_locations"),
        ("transaction", "destinations"),
        ("transaction", "party_hqs"),
        ("trade", "consignee_hqs"),
        ("trade", "ultimate_customer_hqs"),
    ],
)
def test_nowhere_is_no_place(group: str, name: str) -> None:
    place, why = refused({group: {name: []}})
    assert place == f"/{group}/{name}"
    assert "leave out what is not known" in why
    assert facts_from_json({group: {name: ["TW"]}}).get(f"{group}.{name}") == ("TW",)


def test_a_joint_venture_may_have_no_partners() -> None:
    assert facts_from_json({"party": {"partner_hqs": []}}).get("party.partner_hqs") == ()


def test_a_list_has_a_limit() -> None:
    item_limit = limits.LIST_ITEMS_MAX
    assert refused({"transaction": {"destinations": ["US"] * (item_limit + 1)}})[0] == (
        "/transaction/destinations"
    )
    full = facts_from_json({"transaction": {"destinations": ["US"] * item_limit}})
    assert full.get("transaction.destinations") == ("US",) * item_limit


def test_a_refusal_holds_no_value_of_the_sender() -> None:
    place, detail = refused({"declared": {"designer_hq": "canary"}})
    assert "canary" not in f"{place} {detail}"


def refused(document: Json) -> tuple[str | None, str]:
    with pytest.raises(InputError) as caught:
        facts_from_json(document)
    assert caught.value.code == "facts-malformed"
    return caught.value.pointer, caught.value.detail


def values_of(shape: Shape | Members) -> st.SearchStrategy[Any]:
    if isinstance(shape, Members):
        return st.fixed_dictionaries(
            {}, optional={n: values_of(f) for n, f in shape.fields.items()}
        )
    if isinstance(shape, Items):
        return st.lists(values_of(shape.item), min_size=shape.least, max_size=3)
    return scalars_of(shape)


def scalars_of(field: Field) -> st.SearchStrategy[Any]:
    if field.choices:
        return st.sampled_from(field.choices)
    if field.type == BOOL:
        return st.booleans()
    if field.type == INT:
        return st.integers(field.least, limits.INTEGER_MAX)
    if field.type == DATE:
        return st.dates().map(dt.date.isoformat)
    return st.from_regex(field.form, fullmatch=True) if field.form else st.text(max_size=5)


TREES = st.fixed_dictionaries(
    {},
    optional={
        group: st.fixed_dictionaries({}, optional={n: values_of(s) for n, s in shapes.items()})
        for group, shapes in GROUPS.items()
    },
)


@given(TREES)
def test_what_was_read_is_written_again(tree: dict[str, Any]) -> None:
    facts = facts_from_json(tree)
    assert facts_to_json(facts) == {group: members for group, members in tree.items() if members}
    assert facts_from_json(facts_to_json(facts)) == facts


def test_the_register_is_the_table_of_the_docs() -> None:
    text = (ROOT / "docs" / "RULES.md").read_text(encoding="utf-8")
    section = text[text.index("## 6. Facts") : text.index("## 7.")]
    written = {
        name: kind
        for names, kind in re.findall(r"^\| (`[^|]+`) \| ([a-z()]+) \|", section, re.MULTILINE)
        for name in re.findall(r"`([a-z]+\.[a-z0-9_]+)`", names)
    }
    assert written == {name: type_name(kind) for name, kind in FACTS.items()}
    for name in ("die", "precision", "memory", "listing", "owner", "answer"):
        members = re.search(rf"(?:^|\s){name}: ([^.]+)\.", section)
        assert members is not None
        assert dict(re.findall(r"`([a-z0-9_]+)` ([a-z]+)", members.group(1))) == {
            member: type_name(kind) for member, kind in structure(name).members.items()
        }


def structure(name: str) -> Struct:
    for kind in FACTS.values():
        if isinstance(kind, ListOf) and isinstance(kind.item, Struct) and kind.item.name == name:
            return kind.item
    raise AssertionError(name)
