"""The facts of a submission, taken from the models of its papers instead of from their JSON.

A second way to the same facts: what `attest.rules.facts` reads out of documents by the names of
their members, this reads out of objects that have types.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from attest.models import (
    Agreed,
    Declaration,
    DeclaredParty,
    DeclaredShipment,
    DeniedApplication,
    Determination,
    DeterminedDie,
    Die,
    FiledApplication,
    Known,
    Memory,
    TransistorCount,
    Unknown,
    dump,
)
from attest.rules.facts import Facts, FactValue
from attest.rules.ownership import ownership_facts
from attest.rules.register import ATTESTER_ROLES


def facts_of_models(
    *,
    declaration: Declaration,
    designer_name: str,
    determinations: Sequence[tuple[Determination, str]],
    exporter: str,
    decided: dt.date,
    mode: str,
) -> Facts:
    """What `derive_facts` gives for the documents of these models."""
    stated: dict[str, FactValue | None] = {}
    _add(stated, "declared", _declared(declaration, designer_name))
    for determination, name in determinations:
        group = "fabricator" if determination.attester_role == "front-end-fabricator" else "osat"
        _add(stated, group, _attested(determination, name, declaration))
    _add(
        stated,
        "transaction",
        {
            "exporter": exporter,
            "completion_date": completion_date(
                declaration, [each for each, _ in determinations]
            ).toordinal(),
            "decision_date": decided.toordinal(),
            "mode": mode,
            "attested_by": _sorted([each.attester_role for each, _ in determinations]),
            **_parties(declaration),
        },
    )
    if declaration.ownership:
        stated |= ownership_facts(
            [dump(party) for party in declaration.parties],
            [dump(record) for record in declaration.ownership],
        )
    if declaration.shipment is not None:
        stated |= _shipped(declaration, declaration.shipment)
    return Facts({name: value for name, value in stated.items() if value is not None})


def _shipped(declaration: Declaration, shipment: DeclaredShipment) -> dict[str, FactValue | None]:
    consignees = [party for party in declaration.parties if party.role == "consignee"]
    countries: Sequence[str] = _known(consignees[0].locations) or ()
    alone = len(consignees) == 1
    return {
        "item.name": declaration.product.name,
        "item.units": shipment.units,
        "trade.from_country": _known(shipment.from_country),
        "trade.ultimate_parent_name": _known(shipment.consignee_parent),
        "trade.consignee_name": consignees[0].name if alone else None,
        "trade.consignee_country": countries[0] if alone and len(countries) == 1 else None,
    }


def completion_date(declaration: Declaration, determinations: Sequence[Determination]) -> dt.date:
    """The day of completion: as the fabricator determines it, else the OSAT, else as planned."""
    for role in ATTESTER_ROLES:
        for determination in determinations:
            if determination.attester_role == role and determination.completion_date is not None:
                return determination.completion_date
    return declaration.planned_completion_date


def _add(
    stated: dict[str, FactValue | None], group: str, members: Mapping[str, FactValue | None]
) -> None:
    stated.update({f"{group}.{name}": value for name, value in members.items()})


def _known(claim: Known[Any] | Unknown) -> Any:
    return claim.value if isinstance(claim, Known) else None


def _struct(**members: FactValue | None) -> FactValue:
    return {name: value for name, value in members.items() if value is not None}


def _sorted(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(items)))


def _declared(declaration: Declaration, designer_name: str) -> dict[str, FactValue | None]:
    status = declaration.designer_status
    agreed, application = status.agreed_743_9, status.application_748_16
    performance = declaration.performance
    designer = next(party for party in declaration.parties if party.role == "designer")
    parent = next(party for party in declaration.parties if party.role == "ultimate-parent")
    locations = _known(designer.locations)
    return {
        "designer_name": designer_name,
        "designer_group": _known(status.listed_group),
        "designer_hq": _known(designer.headquarters),
        "designer_parent_hq": _known(parent.headquarters),
        "designer_locations": None if locations is None else _sorted(locations),
        "agreed_743_9": None if agreed.status == "unknown" else agreed.status == "agreed",
        "agreed_743_9_on": agreed.on.toordinal() if isinstance(agreed, Agreed) else None,
        "application_748_16": None if application.status == "unknown" else application.status,
        "application_filed_on": application.filed_on.toordinal()
        if isinstance(application, FiledApplication | DeniedApplication)
        else None,
        "application_denied_on": application.denied_on.toordinal()
        if isinstance(application, DeniedApplication)
        else None,
        "dies": tuple(
            _struct(
                **_common(die),
                transistors=die.transistors.count
                if isinstance(die.transistors, TransistorCount)
                else None,
            )
            for die in declaration.dies
        ),
        "precisions": None
        if isinstance(performance, Unknown)
        else tuple(
            _struct(bit_length=each.bit_length, dense_gops=each.dense_gops)
            for each in performance.precisions
        ),
        "hbm": _known(declaration.package.hbm),
        "memories": _memories(declaration.package.memories),
        "packaging_country": _known(declaration.package.site_country),
        "packager_name": _known(declaration.package.packager),
        "datacenter": _known(declaration.datacenter),
        "parties": tuple(_party(party) for party in declaration.parties),
        "roles_not_filled": _sorted(declaration.roles_not_filled or ()),
    }


def _party(party: DeclaredParty) -> FactValue:
    countries: Sequence[str] = _known(party.locations) or ()
    return _struct(
        role=party.role,
        name=party.name,
        name_latin=party.name_latin,
        address=party.address,
        country=countries[0] if len(countries) == 1 else None,
    )


def _attested(
    determination: Determination, name: str, declaration: Declaration
) -> dict[str, FactValue | None]:
    package, mapping = determination.package, determination.designer_status.listed_mapping
    maps_the_claim = mapping.listed_name == _known(declaration.designer_status.listed_group)
    return {
        "attester_name": name,
        "packages": _known(package.attester_packages),
        "packaging_country": _known(package.site_country),
        "dies": tuple(
            _struct(
                **_common(die),
                density_per_mm2=_known(die.density_per_mm2),
                gds_transistors=_known(die.gds_transistors),
            )
            for die in determination.dies
        ),
        "aatc_attested": _known(determination.aatc_transistors),
        "hbm": _known(package.hbm),
        "memories": _memories(package.memories),
        "listed_mapping_confirmed": _known(mapping.confirmed) if maps_the_claim else None,
    }


def _common(die: Die | DeterminedDie) -> dict[str, FactValue | None]:
    return {
        "name": die.name,
        "units": die.units,
        "function": die.function,
        "node_nm": _known(die.process.node_nm),
        "node_class": _known(die.process.node_class),
        "architecture": _known(die.process.architecture),
        "area_um2": _known(die.area_um2),
    }


def _memories(memories: Sequence[Memory]) -> tuple[FactValue, ...]:
    return tuple(
        _struct(
            kind=memory.kind,
            units=memory.units,
            bandwidth_mbyte_s=_known(memory.bandwidth_mbyte_s),
            area_um2=_known(memory.area_um2),
        )
        for memory in memories
    )


def _parties(declaration: Declaration) -> dict[str, FactValue | None]:
    """Where the item goes and who is behind the parties; unknown as soon as one of them is."""
    destinations = [
        _known(party.locations)
        for party in declaration.parties
        if party.role in ("consignee", "end-user")
    ]
    headquarters = [
        _known(party.headquarters)
        for party in declaration.parties
        if party.role not in ("foundry", "osat")
    ]
    return {
        "destinations": None
        if None in destinations
        else _sorted([country for countries in destinations for country in countries]),
        "party_hqs": None if None in headquarters else _sorted(headquarters),
    }
