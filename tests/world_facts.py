"""From facts back to signed papers, so that a worked case goes the whole way through `decide`.

Facts say what is known; the papers say the same with everything else marked unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attest.encoding import Json
from tests.world import UNKNOWN, World, claim, known, party

Tree = Mapping[str, Mapping[str, Json]]


def world_of(facts: Tree, *, packs: tuple[str, ...] = ("us-ear",)) -> World:
    """A world whose parties bear the names that the facts give."""
    transaction = facts.get("transaction", {})
    names = {
        "designer_name": facts.get("declared", {}).get("designer_name"),
        "fabricator_name": facts.get("fabricator", {}).get("attester_name"),
        "osat_name": facts.get("osat", {}).get("attester_name"),
    }
    return World(
        packs=packs,
        mode=transaction.get("mode", "cfr_text"),
        exporter=transaction.get("exporter", "front-end-fabricator"),
        **{name: value for name, value in names.items() if value is not None},
    )


def submission_of(world: World, facts: Tree) -> bytes:
    """The signed submission that says what the facts say."""
    return world.submission(
        declaration_of(facts["declared"], facts["transaction"]),
        **{
            group: determination_of(facts[group], facts["declared"].get("designer_group", ""))
            for group in ("fabricator", "osat")
            if group in facts
        },
    )


def declaration_of(
    declared: Mapping[str, Json], transaction: Mapping[str, Json]
) -> dict[str, Json]:
    """The changes to the example declaration that make it say these facts and no others."""
    return {
        "dies": [_die(die, transistors=True) for die in declared.get("dies", [_SILENT_DIE])],
        "package": {
            "site_country": claim(declared.get("packaging_country")),
            "packager": claim(declared.get("packager_name")),
            "hbm": claim(declared.get("hbm")),
            "memories": [_memory(memory) for memory in declared.get("memories", [])],
        },
        "performance": _performance(declared),
        "parties": _parties(declared, transaction),
        "designer_status": {
            "listed_group": claim(declared.get("designer_group")),
            "agreed_743_9": _agreed(declared),
            "application_748_16": _application(declared),
        },
        "datacenter": claim(declared.get("datacenter")),
        "planned_completion_date": transaction["completion_date"],
        "validity": {"not_before": "2024-01-01T00:00:00Z", "not_after": "2039-12-31T23:59:59Z"},
    }


def determination_of(attested: Mapping[str, Json], group: str) -> dict[str, Json]:
    """The changes to the example determination that make it say these facts and no others.

    `group` is the listed company to which a confirmed mapping leads.
    """
    confirmed = attested.get("listed_mapping_confirmed")
    name = "" if confirmed is None else group
    return {
        "dies": [_die(die, transistors=False) for die in attested.get("dies", [_SILENT_DIE])],
        "aatc_transistors": claim(attested.get("aatc_attested")),
        "package": {
            "attester_packages": claim(attested.get("packages")),
            "site_country": claim(attested.get("packaging_country")),
            "hbm": claim(attested.get("hbm")),
            "memories": [_memory(memory) for memory in attested.get("memories", [])],
        },
        "designer_status": {
            "listed_mapping": {
                "confirmed": claim(confirmed),
                "listed_name": name,
                "reference": name,
            }
        },
        "validity": {"not_before": "2024-01-01T00:00:00Z", "not_after": "2039-12-31T23:59:59Z"},
    }


_SILENT_DIE: Mapping[str, Json] = {"name": "die", "units": 1, "function": "logic"}


def _die(die: Mapping[str, Json], *, transistors: bool) -> Json:
    papers: dict[str, Any] = {
        "name": die["name"],
        "units": die["units"],
        "function": die["function"],
        "process": {
            "foundry_name": "as the foundry names it",
            "node_nm": claim(die.get("node_nm")),
            "node_class": claim(die.get("node_class")),
            "architecture": claim(die.get("architecture")),
        },
        "area_um2": claim(die.get("area_um2")),
    }
    if transistors:
        count = die.get("transistors")
        papers["transistors"] = (
            {"method": "unknown"} if count is None else {"method": "measured", "count": count}
        )
    else:
        papers["density_per_mm2"] = claim(die.get("density_per_mm2"))
        papers["gds_transistors"] = claim(die.get("gds_transistors"))
    return papers


def _memory(memory: Mapping[str, Json]) -> Json:
    return {
        "kind": memory["kind"],
        "units": memory["units"],
        "bandwidth_mbyte_s": claim(memory.get("bandwidth_mbyte_s")),
        "area_um2": claim(memory.get("area_um2")),
    }


def _performance(declared: Mapping[str, Json]) -> Json:
    if "precisions" not in declared:
        return UNKNOWN
    return {
        "knowledge": "first-hand",
        "precisions": [{"name": "a precision", **each} for each in declared["precisions"]],
    }


def _parties(declared: Mapping[str, Json], transaction: Mapping[str, Json]) -> Json:
    hqs = transaction.get("party_hqs", [None])
    places = transaction.get("destinations", [None])
    designer = party("designer", declared["designer_name"], None, declared.get("designer_hq"))
    if "designer_locations" in declared:
        designer["locations"] = known(declared["designer_locations"])
    return [
        designer,
        party("ultimate-parent", "The parent", None, declared.get("designer_parent_hq")),
        party("foundry", "The foundry", None, None),
        *(party("consignee", f"Consignee {n}", place, hqs[0]) for n, place in enumerate(places)),
        *(party("other", f"Party {n}", None, hq) for n, hq in enumerate(hqs)),
        party("end-user", "The end user", places[0], hqs[0]),
    ]


def _agreed(declared: Mapping[str, Json]) -> Json:
    if "agreed_743_9" not in declared:
        return {"status": "unknown"}
    if declared["agreed_743_9"]:
        return {"status": "agreed", "on": declared["agreed_743_9_on"]}
    return {"status": "not-agreed"}


def _application(declared: Mapping[str, Json]) -> Json:
    status = declared.get("application_748_16", "unknown")
    dates = {"filed": ["filed_on"], "denied": ["filed_on", "denied_on"]}.get(status, [])
    return {"status": status, **{date: declared[f"application_{date}"] for date in dates}}
