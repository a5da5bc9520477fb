"""Facts: the only names that rules may use, from statements or from JSON (docs/RULES.md section 6).

A fact is a full name and a value. What nobody stated, or its author called unknown, is absent:

>>> facts = facts_from_json(
...     {"declared": {"hbm": False, "dies": [{"name": "core", "units": 2}]},
...      "transaction": {"completion_date": "2027-01-02"}}
... )
>>> facts.get("declared.dies")
({'name': 'core', 'units': 2},)
>>> facts.get("declared.designer_hq") is None
True
>>> facts_to_json(facts)["transaction"]
{'completion_date': '2027-01-02'}
>>> facts_from_json({"declared": {"dies": [{"units": 0}]}})
Traceback (most recent call last):
attest.errors.InputError: facts-malformed at /declared/dies/0/units: the least is 1
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from attest import limits
from attest.encoding import Json, parse_date
from attest.errors import InputError
from attest.rules.ownership import ownership_facts
from attest.rules.register import ATTESTER_ROLES, FACTS, GROUPS, Field, Members, Shape
from attest.rules.types import BOOL, DATE, INT

__all__ = [
    "FACTS",
    "FactValue",
    "Facts",
    "completion_date",
    "derive_facts",
    "facts_from_json",
    "facts_to_json",
]

FactValue: TypeAlias = "bool | int | str | tuple[FactValue, ...] | Mapping[str, FactValue]"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one submission.

    `values` maps full names to values as `attest.rules.types` describes them at run time; a name
    that is not there is unknown.
    """

    values: Mapping[str, FactValue]

    def get(self, name: str) -> FactValue | None:
        """The value of a fact, None when it is unknown."""
        return self.values.get(name)


def facts_from_json(document: Json) -> Facts:
    """Read a tree of facts; dates are `YYYY-MM-DD`.

    Raises:
        InputError: facts-malformed, with the pointer of the first name or value that is wrong.
    """
    values: dict[str, FactValue] = {}
    for group, members in _object(document, "", GROUPS):
        for name, value in _object(members, f"/{group}", GROUPS[group]):
            values[f"{group}.{name}"] = _read(GROUPS[group][name], value, f"/{group}/{name}")
    return Facts(values)


def _refuse(why: str, pointer: str) -> NoReturn:
    raise InputError("facts-malformed", why, pointer=pointer)


def _object(document: Json, pointer: str, known: Mapping[str, Any]) -> list[tuple[str, Json]]:
    if not isinstance(document, dict):
        _refuse("expected an object", pointer)
    for name in document:
        if name not in known:
            _refuse("holds a name that is not registered", pointer)
    return list(document.items())


def _read(shape: Shape | Members, value: Json, pointer: str) -> FactValue:
    if isinstance(shape, Field):
        return _read_field(shape, value, pointer)
    if isinstance(shape, Members):
        members = _object(value, pointer, shape.fields)
        return {
            name: _read_field(shape.fields[name], member, f"{pointer}/{name}")
            for name, member in members
        }
    if not isinstance(value, list):
        _refuse("expected a list", pointer)
    if len(value) < shape.least:
        _refuse("an empty list states nothing; leave out what is not known", pointer)
    if len(value) > limits.LIST_ITEMS_MAX:
        _refuse(f"over {limits.LIST_ITEMS_MAX} items", pointer)
    return tuple(_read(shape.item, item, f"{pointer}/{at}") for at, item in enumerate(value))


def _read_field(field: Field, value: Json, pointer: str) -> FactValue:
    if field.type is BOOL:
        return value if isinstance(value, bool) else _refuse("expected true or false", pointer)
    if field.type is INT:
        return _read_integer(field, value, pointer)
    if not isinstance(value, str):
        _refuse("expected a text", pointer)
    if field.type is DATE:
        try:
            return parse_date(value).toordinal()
        except InputError:
            _refuse("expected a date such as 2026-11-24", pointer)
    if field.choices and value not in field.choices:
        _refuse(f"expected {field.called or 'one of ' + ', '.join(field.choices)}", pointer)
    if field.form and not field.form.fullmatch(value):
        _refuse(f"expected a text of the form {field.form.pattern}", pointer)
    return value


def _read_integer(field: Field, value: Json, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse("expected a whole number", pointer)
    if value < field.least:
        _refuse(f"the least is {field.least}", pointer)
    if value > limits.INTEGER_MAX:
        _refuse(f"the most is {limits.INTEGER_MAX}", pointer)
    return value


def facts_to_json(facts: Facts) -> Json:
    """The tree that `facts_from_json` reads: groups and names in the order of the register."""
    tree: dict[str, dict[str, Json]] = {}
    for group, shapes in GROUPS.items():
        for name, shape in shapes.items():
            value = facts.get(f"{group}.{name}")
            if value is not None:
                tree.setdefault(group, {})[name] = _write(shape, value)
    return tree


def _write(shape: Shape, value: FactValue) -> Json:
    if isinstance(value, tuple):
        return [dict(item) if isinstance(item, Mapping) else item for item in value]
    if isinstance(shape, Field) and shape.type is DATE and isinstance(value, int):
        return dt.date.fromordinal(value).isoformat()
    return value


def derive_facts(
    *,
    declaration: Json,
    designer_name: str,
    determinations: Sequence[tuple[Json, str]],
    exporter: str,
    decided: dt.date,
    mode: str,
) -> Facts:
    """The facts of one submission (SPEC 10.5, step 7).

    The predicates are of their schemas. `designer_name` and the name beside each determination are
    the legal names to which the signing keys are bound; there is at most one determination of a
    role. A claim whose author does not know gives no fact.
    """
    papers = [each for each, _ in determinations]
    stated: dict[str, FactValue | None] = {
        **_declared(declaration, designer_name),
        "transaction.exporter": exporter,
        "transaction.completion_date": completion_date(declaration, papers).toordinal(),
        "transaction.decision_date": decided.toordinal(),
        "transaction.mode": mode,
        "transaction.attested_by": _sorted(each["attester_role"] for each in papers),
        **_parties(declaration["parties"]),
    }
    if declaration.get("ownership"):
        stated |= ownership_facts(declaration["parties"], declaration["ownership"])
    if "shipment" in declaration:
        stated |= _shipped(declaration)
    for determination, name in determinations:
        stated |= _attested(determination, name, declaration)
    return Facts({name: value for name, value in stated.items() if value is not None})


def completion_date(declaration: Json, determinations: Sequence[Json]) -> dt.date:
    """The day of completion: as the fabricator determines it, else the OSAT, else as planned."""
    for role in ATTESTER_ROLES:
        for determination in determinations:
            if determination["attester_role"] == role and "completion_date" in determination:
                return parse_date(determination["completion_date"])
    return parse_date(declaration["planned_completion_date"])


def _known(claim: Json) -> Any:
    """The value of a claim, None when its author does not know."""
    return claim.get("value")


def _day(status: Json, name: str) -> int | None:
    return parse_date(status[name]).toordinal() if name in status else None


def _sorted(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(items)))


def _declared(declaration: Json, designer_name: str) -> dict[str, FactValue | None]:
    status, package = declaration["designer_status"], declaration["package"]
    agreed, application = status["agreed_743_9"], status["application_748_16"]
    filed = application["status"]
    of_role = {party["role"]: party for party in declaration["parties"]}
    designer = of_role["designer"]
    locations = _known(designer["locations"])
    precisions = declaration["performance"].get("precisions")
    return {
        "declared.designer_name": designer_name,
        "declared.designer_group": _known(status["listed_group"]),
        "declared.designer_hq": _known(designer["headquarters"]),
        "declared.designer_parent_hq": _known(of_role["ultimate-parent"]["headquarters"]),
        "declared.designer_locations": None if locations is None else _sorted(locations),
        "declared.agreed_743_9": _AGREED[agreed["status"]],
        "declared.agreed_743_9_on": _day(agreed, "on"),
        "declared.application_748_16": None if filed == "unknown" else filed,
        "declared.application_filed_on": _day(application, "filed_on"),
        "declared.application_denied_on": _day(application, "denied_on"),
        "declared.dies": tuple([_declared_die(die) for die in declaration["dies"]]),
        "declared.precisions": None
        if precisions is None
        else tuple(
            [
                {"bit_length": each["bit_length"], "dense_gops": each["dense_gops"]}
                for each in precisions
            ]
        ),
        "declared.hbm": _known(package["hbm"]),
        "declared.memories": tuple([_memory(memory) for memory in package["memories"]]),
        "declared.packaging_country": _known(package["site_country"]),
        "declared.packager_name": _known(package["packager"]),
        "declared.datacenter": _known(declaration["datacenter"]),
        "declared.parties": tuple([_party(party) for party in declaration["parties"]]),
        "declared.roles_not_filled": _sorted(declaration.get("roles_not_filled", ())),
    }


def _party(party: Json) -> FactValue:
    """Who acts in a role, and where: the country of a party that is located in only one."""
    members = {name: party[name] for name in ("role", "name", "name_latin", "address")}
    match _known(party["locations"]):
        case [country]:
            members["country"] = country
    return members


_AGREED: Final = {"agreed": True, "not-agreed": False, "unknown": None}


def _attested(determination: Json, name: str, declaration: Json) -> dict[str, FactValue | None]:
    group = "fabricator" if determination["attester_role"] == "front-end-fabricator" else "osat"
    package, mapping = determination["package"], determination["designer_status"]["listed_mapping"]
    claimed = _known(declaration["designer_status"]["listed_group"])
    maps_the_claim = mapping["listed_name"] == claimed
    return {
        f"{group}.attester_name": name,
        f"{group}.packages": _known(package["attester_packages"]),
        f"{group}.packaging_country": _known(package["site_country"]),
        f"{group}.dies": tuple([_determined_die(die) for die in determination["dies"]]),
        f"{group}.aatc_attested": _known(determination["aatc_transistors"]),
        f"{group}.hbm": _known(package["hbm"]),
        f"{group}.memories": tuple([_memory(memory) for memory in package["memories"]]),
        f"{group}.listed_mapping_confirmed": _known(mapping["confirmed"])
        if maps_the_claim
        else None,
    }


def _declared_die(die: Json) -> FactValue:
    members = _die(die)
    if "count" in die["transistors"]:
        members["transistors"] = die["transistors"]["count"]
    return members


def _determined_die(die: Json) -> FactValue:
    members = _die(die)
    _add(members, die, "density_per_mm2", "gds_transistors")
    return members


def _die(die: Json) -> dict[str, FactValue]:
    members = {"name": die["name"], "units": die["units"], "function": die["function"]}
    _add(members, die["process"], "node_nm", "node_class", "architecture")
    _add(members, die, "area_um2")
    return members


def _memory(memory: Json) -> FactValue:
    members = {"kind": memory["kind"], "units": memory["units"]}
    _add(members, memory, "bandwidth_mbyte_s", "area_um2")
    return members


def _add(members: dict[str, FactValue], claims: Json, *names: str) -> None:
    """Take over the claims of these names whose authors know."""
    for name in names:
        value = _known(claims[name])
        if value is not None:
            members[name] = value


def _shipped(declaration: Json) -> dict[str, FactValue | None]:
    """What rules that add up shipments ask for; of a consignee where there is only one."""
    shipment = declaration["shipment"]
    consignees = [each for each in declaration["parties"] if each["role"] == "consignee"]
    countries: Sequence[str] = _known(consignees[0]["locations"]) or ()
    return {
        "item.name": declaration["product"]["name"],
        "item.units": shipment["units"],
        "trade.from_country": _known(shipment["from_country"]),
        "trade.ultimate_parent_name": _known(shipment["consignee_parent"]),
        "trade.consignee_name": consignees[0]["name"] if len(consignees) == 1 else None,
        "trade.consignee_country": countries[0]
        if len(consignees) == 1 and len(countries) == 1
        else None,
    }


def _parties(parties: Sequence[Json]) -> dict[str, FactValue | None]:
    """Where the item goes and who is behind the parties; unknown as soon as one of them is."""
    destinations = [
        _known(party["locations"])
        for party in parties
        if party["role"] in ("consignee", "end-user")
    ]
    headquarters = [
        _known(party["headquarters"])
        for party in parties
        if party["role"] not in ("foundry", "osat")
    ]
    return {
        "transaction.destinations": None
        if None in destinations
        else _sorted([country for countries in destinations for country in countries]),
        "transaction.party_hqs": None if None in headquarters else _sorted(headquarters),
    }
