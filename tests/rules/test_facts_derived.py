"""Facts from signed papers."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

from attest.encoding import Json
from attest.errors import InputError
from attest.models import Declaration, Determination, parse
from attest.rules.facts import (
    FACTS,
    Facts,
    completion_date,
    derive_facts,
    facts_from_json,
    facts_to_json,
)
from attest.schemas import validate
from tests.mutations import mutations, name_of, read_examples
from tests.rules.model_facts import facts_of_models
from tests.world import DECLARATION, DETERMINATION, UNKNOWN, known, party

DECIDED = dt.date(2026, 11, 24)


def derive(
    declaration: dict[str, Any] | None = None, *determinations: dict[str, Any], **more: Any
) -> Facts:
    """The facts of papers, which must be those of their models too."""
    chosen: dict[str, Any] = {
        "designer_name": "The Designer Inc.",
        "exporter": "front-end-fabricator",
        "decided": DECIDED,
        "mode": "cfr_text",
        **more,
    }
    facts = derive_facts(
        declaration=declaration or DECLARATION,
        determinations=[(each, "The Attester Ltd.") for each in determinations],
        **chosen,
    )
    assert facts == facts_of_models(
        declaration=parse(Declaration, declaration or DECLARATION),
        determinations=[
            (parse(Determination, each), "The Attester Ltd.") for each in determinations
        ],
        **chosen,
    )
    return facts


def changed(document: dict[str, Any], **changes: Json) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    copied.update(changes)
    return copied


def with_parties(*others: Json, **of_role: Json) -> dict[str, Any]:
    """The example declaration with changed members of the parties of a role, and more parties."""
    copied = copy.deepcopy(DECLARATION)
    for each in copied["parties"]:
        each.update(of_role.get(each["role"].replace("-", "_"), {}))
    copied["parties"] += others
    return copied


def acting(role: str, name: str, country: str = "US") -> Json:
    """A party as a fact."""
    where = {"address": "1 Example Road", "country": country}
    return {"role": role, "name": name, "name_latin": name, **where}


def test_the_facts_of_a_declaration_alone() -> None:
    assert facts_to_json(derive()) == {
        "declared": {
            "designer_name": "The Designer Inc.",
            "designer_group": "",
            "designer_hq": "US",
            "designer_parent_hq": "US",
            "designer_locations": ["US"],
            "agreed_743_9": False,
            "application_748_16": "none",
            "dies": [
                {
                    "name": "compute",
                    "units": 1,
                    "function": "logic",
                    "node_nm": 5,
                    "node_class": "16/14-or-below",
                    "architecture": "finfet",
                    "area_um2": 120_000_000,
                    "transistors": 12_000_000_000,
                }
            ],
            "precisions": [{"bit_length": 8, "dense_gops": 50_000}],
            "hbm": False,
            "memories": [],
            "packaging_country": "TW",
            "packager_name": "Formosa Example Foundry Co., Ltd.",
            "datacenter": False,
            "parties": [
                acting("designer", "Tianqiu Design Inc."),
                acting("ultimate-parent", "Tianqiu Holdings Inc."),
                acting("foundry", "Formosa Example Foundry Co., Ltd.", "TW"),
                acting("consignee", "Tianqiu Logistics LLC"),
                acting("end-user", "Example Networks Inc."),
            ],
            "roles_not_filled": [],
        },
        "transaction": {
            "exporter": "front-end-fabricator",
            "completion_date": "2026-12-15",
            "decision_date": "2026-11-24",
            "mode": "cfr_text",
            "attested_by": [],
            "destinations": ["US"],
            "party_hqs": ["US"],
        },
    }


def test_the_facts_of_a_determination() -> None:
    facts = derive(None, DETERMINATION)
    assert facts_to_json(facts)["fabricator"] == {
        "attester_name": "The Attester Ltd.",
        "packages": True,
        "packaging_country": "TW",
        "dies": [
            {
                "name": "compute",
                "units": 1,
                "function": "logic",
                "node_nm": 5,
                "node_class": "16/14-or-below",
                "architecture": "finfet",
                "area_um2": 120_000_000,
                "density_per_mm2": 100_000_000,
            }
        ],
        "aatc_attested": 12_000_000_000,
        "hbm": False,
        "memories": [],
    }
    assert facts.get("transaction.attested_by") == ("front-end-fabricator",)


def test_each_attester_role_has_its_own_facts() -> None:
    osat = changed(DETERMINATION, attester_role="osat", aatc_transistors=known(7))
    facts = derive(None, osat, DETERMINATION, exporter="osat", mode="bis_practice")
    assert facts.get("osat.aatc_attested") == 7
    assert facts.get("fabricator.aatc_attested") == 12_000_000_000
    assert facts.get("transaction.attested_by") == ("front-end-fabricator", "osat")
    assert facts.get("transaction.exporter") == "osat"
    assert facts.get("transaction.mode") == "bis_practice"


SILENT_PROCESS = {
    "foundry_name": "N5",
    "node_nm": UNKNOWN,
    "node_class": UNKNOWN,
    "architecture": UNKNOWN,
}
SILENT_PACKAGE = {"site_country": UNKNOWN, "packager": UNKNOWN, "hbm": UNKNOWN, "memories": []}


def test_what_the_designer_does_not_know_is_no_fact() -> None:
    die = changed(
        DECLARATION["dies"][0],
        process=SILENT_PROCESS,
        area_um2=UNKNOWN,
        transistors={"method": "unknown"},
    )
    silent = with_parties(
        designer={"locations": UNKNOWN, "headquarters": UNKNOWN},
        ultimate_parent={"headquarters": UNKNOWN},
    )
    silent.update(
        dies=[die],
        package=SILENT_PACKAGE,
        performance=UNKNOWN,
        datacenter=UNKNOWN,
        designer_status={
            "listed_group": UNKNOWN,
            "agreed_743_9": {"status": "unknown"},
            "application_748_16": {"status": "unknown"},
        },
    )
    assert facts_to_json(derive(silent))["declared"] == {
        "designer_name": "The Designer Inc.",
        "dies": [{"name": "compute", "units": 1, "function": "logic"}],
        "memories": [],
        "parties": [
            {name: value for name, value in each.items() if name != "country" or index > 0}
            for index, each in enumerate(facts_to_json(derive())["declared"]["parties"])
        ],
        "roles_not_filled": [],
    }


def test_what_the_attester_does_not_know_is_no_fact() -> None:
    die = changed(
        DETERMINATION["dies"][0],
        process=SILENT_PROCESS,
        area_um2=UNKNOWN,
        density_per_mm2=UNKNOWN,
    )
    silent = changed(
        DETERMINATION,
        dies=[die],
        aatc_transistors=UNKNOWN,
        package={
            "attester_packages": UNKNOWN,
            "site_country": UNKNOWN,
            "hbm": UNKNOWN,
            "memories": [],
        },
    )
    assert facts_to_json(derive(None, silent))["fabricator"] == {
        "attester_name": "The Attester Ltd.",
        "dies": [{"name": "compute", "units": 1, "function": "logic"}],
        "memories": [],
    }


@pytest.mark.parametrize("knowledge", ["first-hand", "supplier", "estimate"])
def test_every_ground_of_knowledge_gives_a_fact(knowledge: str) -> None:
    assert derive(changed(DECLARATION, datacenter=known(True, knowledge))).get(
        "declared.datacenter"
    )


def test_memories_keep_what_is_known_of_them() -> None:
    memories = [
        {
            "kind": "HBM3",
            "units": 4,
            "bandwidth_mbyte_s": known(819_000),
            "area_um2": known(110_000_000),
        },
        {"kind": "LPDDR5", "units": 1, "bandwidth_mbyte_s": UNKNOWN, "area_um2": UNKNOWN},
    ]
    package = changed(DECLARATION["package"], memories=memories)
    assert derive(changed(DECLARATION, package=package)).get("declared.memories") == (
        {"kind": "HBM3", "units": 4, "bandwidth_mbyte_s": 819_000, "area_um2": 110_000_000},
        {"kind": "LPDDR5", "units": 1},
    )


def test_agreement_and_application() -> None:
    def status_facts(agreed: Json, application: Json) -> dict[str, Any]:
        status = {
            "listed_group": known("Nvidia Corporation"),
            "agreed_743_9": agreed,
            "application_748_16": application,
        }
        declared = facts_to_json(derive(changed(DECLARATION, designer_status=status)))["declared"]
        return {name: value for name, value in declared.items() if re.search("743|748|appl", name)}

    assert status_facts(
        {"status": "agreed", "on": "2026-02-02"}, {"status": "filed", "filed_on": "2026-12-15"}
    ) == {
        "agreed_743_9": True,
        "agreed_743_9_on": "2026-02-02",
        "application_748_16": "filed",
        "application_filed_on": "2026-12-15",
    }
    denied = {"status": "denied", "filed_on": "2026-12-15", "denied_on": "2027-03-01"}
    assert status_facts({"status": "unknown"}, denied) == {
        "application_748_16": "denied",
        "application_filed_on": "2026-12-15",
        "application_denied_on": "2027-03-01",
    }


def mapping(confirmed: Json, name: str) -> dict[str, Any]:
    listed = {"confirmed": confirmed, "listed_name": name, "reference": "memo 7" if name else ""}
    return changed(DETERMINATION, designer_status={"listed_mapping": listed})


def claiming(group: Json) -> dict[str, Any]:
    return changed(
        DECLARATION, designer_status={**DECLARATION["designer_status"], "listed_group": group}
    )


@pytest.mark.parametrize(
    ("claimed", "confirmed", "name", "fact"),
    [
        (known("Nvidia Corporation"), known(True), "Nvidia Corporation", True),
        (known("Nvidia Corporation"), known(False), "Nvidia Corporation", False),
        (known("Nvidia Corporation"), UNKNOWN, "Nvidia Corporation", None),
        (known("Nvidia Corporation"), known(True), "Realtek Semiconductor Corporation", None),
        (known("Nvidia Corporation"), UNKNOWN, "", None),
        (UNKNOWN, known(True), "Nvidia Corporation", None),
    ],
)
def test_a_mapping_counts_for_the_company_that_the_designer_names(
    claimed: Json, confirmed: Json, name: str, fact: bool | None
) -> None:
    facts = derive(claiming(claimed), mapping(confirmed, name))
    assert facts.get("fabricator.listed_mapping_confirmed") is fact


def test_the_fabricator_knows_the_completion_date_best() -> None:
    late = {"fabricator": "2027-01-02", "osat": "2027-01-05"}
    fabricator = changed(DETERMINATION, completion_date=late["fabricator"])
    osat = changed(DETERMINATION, attester_role="osat", completion_date=late["osat"])
    silent = changed(DETERMINATION)
    for papers, expected in [
        ((), "2026-12-15"),
        ((silent,), "2026-12-15"),
        ((osat, silent), "2027-01-05"),
        ((osat, fabricator), "2027-01-02"),
    ]:
        facts = derive(None, *papers)
        assert facts_to_json(facts)["transaction"]["completion_date"] == expected
        assert completion_date(DECLARATION, papers).isoformat() == expected


def test_destinations_are_those_of_consignees_and_end_users() -> None:
    declaration = with_parties(
        party("consignee", "Second", "MY"),
        party("distributor", "Third", "VN"),
        consignee={"locations": known(["TW", "SG"])},
    )
    assert derive(declaration).get("transaction.destinations") == ("MY", "SG", "TW", "US")


@pytest.mark.parametrize("role", ["consignee", "end_user"])
def test_one_unknown_destination_makes_them_unknown(role: str) -> None:
    assert (
        derive(with_parties(**{role: {"locations": UNKNOWN}})).get("transaction.destinations")
        is None
    )


def test_headquarters_are_those_of_all_but_foundry_and_osat() -> None:
    declaration = with_parties(
        party("osat", "Packager", "MY", "MY"),
        party("distributor", "Distributor", "VN", "VN"),
        party("other", "Broker", "CH", "CH"),
        ultimate_parent={"headquarters": known("CN")},
        end_user={"headquarters": known("JP")},
    )
    assert derive(declaration).get("transaction.party_hqs") == ("CH", "CN", "JP", "US", "VN")


@pytest.mark.parametrize("role", ["designer", "ultimate_parent", "consignee", "end_user"])
def test_one_unknown_headquarters_makes_them_unknown(role: str) -> None:
    facts = derive(with_parties(**{role: {"headquarters": UNKNOWN}}))
    assert facts.get("transaction.party_hqs") is None


def test_the_foundrys_own_headquarters_do_not_matter() -> None:
    facts = derive(with_parties(foundry={"headquarters": UNKNOWN}))
    assert facts.get("transaction.party_hqs") == ("US",)


def test_derived_facts_are_of_the_register() -> None:
    osat = changed(DETERMINATION, attester_role="osat")
    facts = derive(None, DETERMINATION, osat)
    assert facts_from_json(facts_to_json(facts)) == facts
    assert set(facts.values) <= set(FACTS)


def spoiled(name: str) -> Iterator[Json]:
    """The examples of a predicate with one change each, as far as the schema accepts them."""
    for example, document in read_examples().items():
        if name_of(example) == name:
            for _, changed_document in mutations(document):
                try:
                    validate(name, changed_document)
                except InputError:
                    continue
                yield changed_document


def test_every_accepted_declaration_has_the_facts_of_its_model() -> None:
    counted = 0
    for declaration in spoiled("declaration"):
        derive(declaration, DETERMINATION)
        counted += 1
    assert counted > 1_000


def test_every_accepted_determination_has_the_facts_of_its_model() -> None:
    counted = 0
    for determination in spoiled("determination"):
        derive(None, determination)
        counted += 1
    assert counted > 300
