"""The register of facts: which names rules may use, and what a value of each may be.

docs/RULES.md section 6 describes them. A shape is a scalar with its bounds, a list, or the members
of a structure:

>>> GROUPS["transaction"]["mode"].choices
('cfr_text', 'bis_practice')
>>> FACTS["osat.dies"].item.members["units"].name
'int'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from attest.countries import COUNTRIES
from attest.rules.types import BOOL, DATE, INT, STRING, ListOf, Scalar, Struct, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A scalar with its bounds: the least integer, the allowed texts, the form of a text.

    `called` says what the allowed texts are, where they are too many to be listed in a message.
    """

    type: Scalar
    least: int = 0
    choices: tuple[str, ...] = ()
    called: str = ""
    form: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list of scalars or structures, and how many there are at least."""

    item: Field | Members
    least: int = 0


@dataclass(frozen=True, slots=True)
class Members:
    """A structure; any member may be absent."""

    name: str
    fields: Mapping[str, Field]


Shape: TypeAlias = Field | Items

_FLAG = Field(type=BOOL)
_DAY = Field(type=DATE)
_AMOUNT = Field(type=INT)
_COUNT = Field(type=INT, least=1)
_TEXT = Field(type=STRING)
_NAME = Field(type=STRING, form=re.compile(r".+", re.DOTALL))
_COUNTRY = Field(
    type=STRING,
    choices=tuple(sorted(COUNTRIES)),
    called="an officially assigned ISO 3166-1 alpha-2 code",
)
_PLACES = Items(_COUNTRY, least=1)
"""Somewhere: who does not know where leaves the list out, for nowhere is no place."""

ATTESTER_ROLES: Final = ("front-end-fabricator", "osat")
EXPORTERS: Final = (*ATTESTER_ROLES, "other")
MODES: Final = ("cfr_text", "bis_practice")


def _choice(*choices: str) -> Field:
    return Field(type=STRING, choices=choices)


_DIE = Members(
    "die",
    {
        "name": _NAME,
        "units": _COUNT,
        "function": _choice("logic", "memory", "io", "interposer", "other"),
        "node_nm": _COUNT,
        "node_class": _choice("16/14-or-below", "above-16/14"),
        "architecture": _choice("planar", "finfet", "gaafet"),
        "area_um2": _COUNT,
        "transistors": _COUNT,
        "density_per_mm2": _AMOUNT,
        "gds_transistors": _AMOUNT,
    },
)
_PRECISION = Members("precision", {"bit_length": _COUNT, "dense_gops": _AMOUNT})
_MEMORY = Members(
    "memory",
    {"kind": _NAME, "units": _COUNT, "bandwidth_mbyte_s": _AMOUNT, "area_um2": _COUNT},
)

_LISTING = Members(
    "listing",
    {
        "name": _NAME,
        "role": _NAME,
        "list": _NAME,
        "footnote": _AMOUNT,
        "country": _COUNTRY,
        "address_only": _FLAG,
    },
)
_PARTY = Members(
    "party",
    {
        "role": _NAME,
        "name": _NAME,
        "name_latin": _NAME,
        "address": _NAME,
        "country": _COUNTRY,
    },
)
_OWNER = Members(
    "owner",
    {
        "of": _NAME,
        "name": _NAME,
        "share_ppm": _AMOUNT,
        "standing": _choice("listed", "captured", "unlisted"),
        "list": _NAME,
        "footnote": _AMOUNT,
        "address_only": _FLAG,
    },
)
_SEARCHED = Members("searched", {"list": _NAME, "age_days": Field(type=INT, least=-36_525)})
_HIT = Members(
    "hit",
    {
        "listed": _NAME,
        "role": _NAME,
        "list": _NAME,
        "kind": _choice("identifier", "name", "address"),
        "reason": _NAME,
        "score_permille": _COUNT,
        "cleared": _FLAG,
    },
)
_OWNED = Members(
    "owned",
    {
        "name": _NAME,
        "least_ppm": _AMOUNT,
        "most_ppm": _AMOUNT,
        "share_ppm": _AMOUNT,
        "blocked_ppm": _AMOUNT,
    },
)
_ANSWER = Members("answer", {"question": _NAME, "answer": _choice("yes", "no"), "resolved": _FLAG})

_ATTESTER: Mapping[str, Shape] = {
    "attester_name": _NAME,
    "packages": _FLAG,
    "packaging_country": _COUNTRY,
    "dies": Items(_DIE),
    "aatc_attested": _AMOUNT,
    "hbm": _FLAG,
    "memories": Items(_MEMORY),
    "listed_mapping_confirmed": _FLAG,
}

GROUPS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "declared": {
        "designer_name": _NAME,
        "designer_group": _TEXT,
        "designer_hq": _COUNTRY,
        "designer_parent_hq": _COUNTRY,
        "designer_locations": _PLACES,
        "agreed_743_9": _FLAG,
        "agreed_743_9_on": _DAY,
        "application_748_16": _choice("none", "filed", "denied"),
        "application_filed_on": _DAY,
        "application_denied_on": _DAY,
        "dies": Items(_DIE),
        "precisions": Items(_PRECISION),
        "hbm": _FLAG,
        "memories": Items(_MEMORY),
        "packaging_country": _COUNTRY,
        "packager_name": _NAME,
        "datacenter": _FLAG,
        "parties": Items(_PARTY),
        "roles_not_filled": Items(_choice("forwarder", "osat")),
    },
    "fabricator": _ATTESTER,
    "osat": _ATTESTER,
    "transaction": {
        "exporter": _choice(*EXPORTERS),
        "completion_date": _DAY,
        "decision_date": _DAY,
        "mode": _choice(*MODES),
        "attested_by": Items(_choice(*ATTESTER_ROLES)),
        "destinations": _PLACES,
        "party_hqs": _PLACES,
    },
    "item": {
        "name": _NAME,
        "kind": _choice(
            "integrated-circuit", "assembly", "memory-stack", "model-weights", "equipment", "other"
        ),
        "eccn": _NAME,
        "eccn_within": Items(_NAME),
        "controlled_in": Items(_choice("CN", "EU", "JP", "KR", "NL", "TW")),
        "units": _COUNT,
        "circuits": _COUNT,
        "precisions": Items(_PRECISION),
        "tpp_milli": _AMOUNT,
        "applicable_area_um2": _COUNT,
        "performance_density_micro": _AMOUNT,
        "datacenter": _FLAG,
        "presumed": _FLAG,
        "designer_status": _choice("approved", "authorized", "neither"),
        "transfer_rate_mbyte_s": _AMOUNT,
        "dram_bandwidth_mbyte_s": _AMOUNT,
        "stack_bandwidth_mbyte_s": _AMOUNT,
        "stack_area_um2": _COUNT,
        "copackaged": _FLAG,
        "us_sale_since": _DAY,
        "transistors": _COUNT,
        "hbm": _FLAG,
        "direct_product": _FLAG,
        "contains_plant_ic": _FLAG,
        "model_operations_e18": _AMOUNT,
        "model_additional_e18": _AMOUNT,
        "model_published": _FLAG,
        "model_from_published": _FLAG,
    },
    "trade": {
        "from_country": _COUNTRY,
        "act": _choice("export", "reexport", "transfer-in-country"),
        "shipment_date": _DAY,
        "consignee_country": _COUNTRY,
        "consignee_name": _NAME,
        "ultimate_parent_name": _NAME,
        "consignee_hqs": _PLACES,
        "ultimate_customer_hqs": _PLACES,
        "consignee_private": _FLAG,
        "distributor": _FLAG,
        "end_uses": Items(
            _choice(
                "advanced-node-production",
                "development-or-production",
                "military",
                "ordinary",
                "storage",
                "supercomputer",
                "training",
            )
        ),
        "purchase_order": _FLAG,
        "notified_on": _DAY,
        "certified": Items(
            _choice(
                "aia-consignee",
                "enough-us-supply",
                "hbm-conditions",
                "lpp-consignee",
                "nac-conditions",
                "no-foundry-diversion",
                "not-military",
                "recipient-security",
                "us-laboratory-test",
            )
        ),
        "licence": _FLAG,
        "informed_of": Items(_NAME),
        "permits": Items(_choice("CN", "EU", "JP", "KR", "NL", "TW")),
    },
    "party": {
        "listings": Items(_LISTING),
        "listed_subsidiary": _FLAG,
        "owners": Items(_OWNER),
        "owned": Items(_OWNED),
        "partner_hqs": Items(_COUNTRY),
        "red_flags": Items(_NAME),
        "red_flags_resolved": Items(_NAME),
        "answers": Items(_ANSWER),
    },
    "screening": {"lists": Items(_SEARCHED), "hits": Items(_HIT)},
    "ledger": {
        "lpp_tpp_milli": _AMOUNT,
        "aia_tpp_milli": _AMOUNT,
        "allocation_tpp_milli": _AMOUNT,
        "china_units": _AMOUNT,
        "us_units": _AMOUNT,
    },
    "record": {
        "sale_date": _DAY,
        "reported_on": _DAY,
        "kyc_form": _FLAG,
        "model_number": _FLAG,
        "termination_date": _DAY,
        "destruction_date": _DAY,
        "agency_request": _FLAG,
    },
}


def _type(shape: Shape | Members) -> Type:
    if isinstance(shape, Field):
        return shape.type
    if isinstance(shape, Items):
        return ListOf(_type(shape.item))
    return Struct(shape.name, {name: field.type for name, field in shape.fields.items()})


FACTS: Final[Mapping[str, Type]] = MappingProxyType(
    {
        f"{group}.{name}": _type(shape)
        for group, shapes in GROUPS.items()
        for name, shape in shapes.items()
    }
)
"""Every fact with its type."""
