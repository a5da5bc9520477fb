"""The ledger: what earlier shipments add up to, as the facts `ledger.*` of a new transaction.

A ledger is a list of recorded shipments, in the order of the log or of a JSON file:

    [{"product": "H100", "consignee": "Example Cloud Sdn. Bhd.", "ultimate_parent": "Example Group",
      "from_country": "TW", "destination": "MY", "completion_date": "2026-03-02", "units": 1699,
      "total_tpp_milli": 26898568000, "basis": "LPP"}]

Who counts what came before hands over the shipments before it; their order does not matter.

    fact                  sum of       of the shipments
    lpp_tpp_milli         performance  under LPP to the ultimate parent, in the calendar year of the
                                       new completion (15 CFR 740.29)
    aia_tpp_milli         performance  under AIA to the consignee (15 CFR 740.27)
    allocation_tpp_milli  performance  under a licence to the country, completed from 2025 to 2027
                                       (15 CFR 742.6(b)(10)(iii)(B))
    china_units           units        of the product into China, Hong Kong and Macau from outside
    us_units              units        of the product to the United States, completed by the new
                                       completion and by the decision (both 91 FR 1684)

>>> from attest.rules.facts import facts_from_json
>>> (shipment,) = read_shipments(b'''[{"product": "H100", "consignee": "Example Cloud Sdn. Bhd.",
... "ultimate_parent": "Example Group", "from_country": "TW", "destination": "MY", "units": 1699,
... "completion_date": "2026-03-02", "total_tpp_milli": 26898568000, "basis": "LPP"}]''')
>>> facts = facts_from_json({"trade": {"ultimate_parent_name": "Example Group"},
...     "transaction": {"completion_date": "2026-12-15", "decision_date": "2026-11-24"}})
>>> ledger_facts([shipment], facts)
{'ledger.lpp_tpp_milli': 26898568000}

A figure whose key nobody states stays unknown. Shipments of other exporters count too where the law
counts them (LPP) and stand in the ledger like one's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple, NoReturn

from attest import limits
from attest.countries import COUNTRIES
from attest.encoding import Json, canonical, loads, parse_date
from attest.errors import InputError
from attest.rules.facts import Facts

BASES: Final = ("AIA", "LPP", "licence", "other")
"""What a shipment went under: a licence exception, a BIS licence, anything else."""

_ALLOCATION_YEARS: Final = range(2025, 2028)
_CHINA_AND_MACAU: Final = frozenset({"CN", "HK", "MO"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A recorded shipment.

    Names are legal names, compared letter by letter. `destination` is the consignee's country,
    `total_tpp_milli` the total processing performance of all units together, in thousandths.
    """

    product: str
    consignee: str
    ultimate_parent: str
    from_country: str
    destination: str
    completion_date: dt.date
    units: int
    total_tpp_milli: int
    basis: str


def read_shipments(raw: bytes) -> tuple[Shipment, ...]:
    """Read a ledger from JSON, in its order.

    Raises:
        InputError: ledger-malformed, with the pointer of the member; too-large, json-….
    """
    document = loads(raw, bytes_max=limits.LEDGER_BYTES_MAX)
    if not isinstance(document, list):
        _refuse("expected a list of shipments", "")
    return tuple(_shipment(each, f"/{at}") for at, each in enumerate(document))


def write_shipments(shipments: Iterable[Shipment]) -> bytes:
    """Write a ledger as JSON that `read_shipments` reads, in its order."""
    return canonical(
        [
            {**asdict(each), "completion_date": each.completion_date.isoformat()}
            for each in shipments
        ]
    )


def ledger_facts(shipments: Iterable[Shipment], facts: Facts) -> dict[str, int]:
    """The facts `ledger.*` of the transaction that `facts` describe, after these shipments.

    Read are `item.name`, `trade.consignee_name`, `trade.ultimate_parent_name`,
    `trade.consignee_country` and the two days of the transaction; what depends on one that nobody
    states is left out. A sum stops at the largest integer of a document.
    """
    earlier = tuple(shipments)
    found = {}
    for name, figure in _FIGURES.items():
        stated = [facts.get(key) for key in figure.keys]
        if None not in stated:
            total = sum(figure.amount(each) for each in earlier if figure.counts(each, *stated))
            found[name] = min(total, limits.INTEGER_MAX)
    return found


def with_ledger(facts: Facts, shipments: Iterable[Shipment]) -> Facts:
    """The same facts with those of the ledger.

    Raises:
        InputError: facts-malformed when the facts state a figure of the ledger themselves.
    """
    if any(name.startswith("ledger.") for name in facts.values):
        raise InputError(
            "facts-malformed", "the facts state what the ledger is for", pointer="/ledger"
        )
    return Facts({**facts.values, **ledger_facts(shipments, facts)})


def _under_lpp(shipment: Shipment, parent: str, completed: int) -> bool:
    year = dt.date.fromordinal(completed).year
    return (
        shipment.basis == "LPP"
        and shipment.ultimate_parent == parent
        and shipment.completion_date.year == year
    )


def _under_aia(shipment: Shipment, consignee: str) -> bool:
    return shipment.basis == "AIA" and shipment.consignee == consignee


def _of_allocation(shipment: Shipment, country: str) -> bool:
    return (
        shipment.basis == "licence"
        and shipment.completion_date.year in _ALLOCATION_YEARS
        and _ear_country(shipment.destination) == _ear_country(country)
    )


def _to_china(shipment: Shipment, product: str) -> bool:
    return (
        shipment.product == product
        and shipment.destination in _CHINA_AND_MACAU
        and shipment.from_country not in _CHINA_AND_MACAU
    )


def _in_the_us(shipment: Shipment, product: str, completed: int, decided: int) -> bool:
    return (
        shipment.product == product
        and shipment.destination == "US"
        and shipment.completion_date.toordinal() <= min(completed, decided)
    )


def _ear_country(country: str) -> str:
    """Hong Kong is treated as China (15 CFR 740 Supp. 1)."""
    return "CN" if country == "HK" else country


def _performance(shipment: Shipment) -> int:
    return shipment.total_tpp_milli


def _units(shipment: Shipment) -> int:
    return shipment.units


class _Figure(NamedTuple):
    """A sum: the facts that `counts` takes after the shipment, and what is added up."""

    keys: tuple[str, ...]
    counts: Callable[..., bool]
    amount: Callable[[Shipment], int]


_COMPLETED: Final = "transaction.completion_date"
_DECIDED: Final = "transaction.decision_date"
_FIGURES: Final[Mapping[str, _Figure]] = {
    "ledger.lpp_tpp_milli": _Figure(
        ("trade.ultimate_parent_name", _COMPLETED), _under_lpp, _performance
    ),
    "ledger.aia_tpp_milli": _Figure(("trade.consignee_name",), _under_aia, _performance),
    "ledger.allocation_tpp_milli": _Figure(
        ("trade.consignee_country",), _of_allocation, _performance
    ),
    "ledger.china_units": _Figure(("item.name",), _to_china, _units),
    "ledger.us_units": _Figure(("item.name", _COMPLETED, _DECIDED), _in_the_us, _units),
}


def _refuse(why: str, pointer: str) -> NoReturn:
    raise InputError("ledger-malformed", why, pointer=pointer)


def _name(value: Json, pointer: str) -> str:
    return value if isinstance(value, str) and value else _refuse("expected a name", pointer)


def _country(value: Json, pointer: str) -> str:
    if isinstance(value, str) and value in COUNTRIES:
        return value
    _refuse("expected an officially assigned ISO 3166-1 alpha-2 code", pointer)


def _day(value: Json, pointer: str) -> dt.date:
    try:
        if isinstance(value, str):
            return parse_date(value)
    except InputError:
        pass
    _refuse("expected a date such as 2026-11-24", pointer)


def _integer(least: int) -> Callable[[Json, str], int]:
    def read(value: Json, pointer: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        _refuse(f"expected a whole number from {least} on", pointer)

    return read


def _basis(value: Json, pointer: str) -> str:
    if isinstance(value, str) and value in BASES:
        return value
    _refuse(f"expected one of {', '.join(BASES)}", pointer)


_READERS: Final[Mapping[str, Callable[[Json, str], Any]]] = {
    "product": _name,
    "consignee": _name,
    "ultimate_parent": _name,
    "from_country": _country,
    "destination": _country,
    "completion_date": _day,
    "units": _integer(1),
    "total_tpp_milli": _integer(0),
    "basis": _basis,
}


def _shipment(value: Json, pointer: str) -> Shipment:
    if not isinstance(value, dict):
        _refuse("expected an object", pointer)
    for name in _READERS:
        if name not in value:
            _refuse(f"{name} is missing", pointer)
    if value.keys() != _READERS.keys():
        _refuse(f"there may only be {', '.join(_READERS)}", pointer)
    return Shipment(
        **{name: read(value[name], f"{pointer}/{name}") for name, read in _READERS.items()}
    )
