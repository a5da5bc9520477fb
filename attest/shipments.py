"""Shipments of a log: what its decisions let go, as the ledger of later ones (`attest.ledger`).

A decision lets its product go when its verdict is PASS, or HOLD and then released, and nothing has
superseded its declaration. What it lets go stands in the declaration's `shipment` (SPEC 4.8). One
whose performance, countries or parent nobody states cannot be added up; it is named, not left out
in silence, since a sum without it would be too small.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from attest import encoding, limits
from attest.encoding import Json
from attest.ledger import Shipment
from attest.log.entry import parse_entry
from attest.log.export import Export
from attest.models import DECLARATION_TYPE

LET_GO: Final = "PASS"


@dataclass(frozen=True)
class Uncounted:
    """A shipment that cannot be added up: the decision's entry, and the members nobody states."""

    decision: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Shipped:
    """What a log let go, in its order; `uncounted` are those that no sum can hold."""

    shipments: tuple[Shipment, ...]
    uncounted: tuple[Uncounted, ...]


@dataclass
class _Case:
    declared: Json
    digest: str
    verdict: str
    completion: str
    decision: int


def shipments_of(export: Export) -> Shipped:
    """The shipments of an export that was replayed (`attest.replay`): nothing is checked again."""
    cases: dict[int, _Case] = {}
    superseded: set[str] = set()
    submission = b""
    for stored in export.entries(0, export.checkpoint.size):
        entry = parse_entry(stored.entry)
        if entry.kind == "submission":
            submission = stored.body
        elif entry.kind == "decision":
            decided = _predicate(stored.body)
            superseded |= {decided["supersedes"]} if "supersedes" in decided else set()
            for digest, declared in _declarations(submission):
                if "findings" in decided and "shipment" in declared:
                    cases[entry.index] = _Case(
                        declared,
                        digest,
                        decided["verdict"],
                        decided["completion_date"],
                        entry.index,
                    )
        elif entry.kind == "review":
            (reviewed,) = entry.refs["decision"]
            if reviewed in cases and _predicate(stored.body)["action"] == "release":
                cases[reviewed].verdict = LET_GO
    counted = [
        each for each in cases.values() if each.verdict == LET_GO and each.digest not in superseded
    ]
    return _sorted_out(counted)


def _sorted_out(cases: Iterable[_Case]) -> Shipped:
    shipments, uncounted = [], []
    for each in cases:
        shipment = _shipment(each)
        if isinstance(shipment, Uncounted):
            uncounted.append(shipment)
        else:
            shipments.append(shipment)
    return Shipped(tuple(shipments), tuple(uncounted))


def _shipment(case: _Case) -> Shipment | Uncounted:
    declared, shipment = case.declared, case.declared["shipment"]
    consignees = [each for each in declared["parties"] if each["role"] == "consignee"]
    places = consignees[0]["locations"].get("value", [])
    precisions = declared["performance"].get("precisions", [])
    stated: dict[str, Json] = {
        "performance": max(
            (each["dense_gops"] * each["bit_length"] for each in precisions), default=None
        ),
        "shipment.from_country": shipment["from_country"].get("value"),
        "shipment.consignee_parent": shipment["consignee_parent"].get("value"),
        "parties (one consignee in one country)": places[0]
        if len(consignees) == 1 and len(places) == 1
        else None,
    }
    missing = tuple(name for name, value in stated.items() if value is None)
    if missing:
        return Uncounted(case.decision, missing)
    performance, from_country, parent, destination = stated.values()
    total_tpp_milli = performance * shipment["units"]
    if total_tpp_milli > limits.INTEGER_MAX:
        return Uncounted(case.decision, ("total_tpp_milli",))
    return Shipment(
        product=declared["product"]["name"],
        consignee=consignees[0]["name"],
        ultimate_parent=parent,
        from_country=from_country,
        destination=destination,
        completion_date=dt.date.fromisoformat(case.completion),
        units=shipment["units"],
        total_tpp_milli=total_tpp_milli,
        basis=shipment["basis"],
    )


def _declarations(submission: bytes) -> Iterator[tuple[str, Json]]:
    """Statement digest and predicate of the declaration of a submission that was decided."""
    document = _loads(submission)
    for envelope in document.get("envelopes", [document]):
        payload = encoding.decode_base64(envelope["payload"], url_safe=True)
        statement = encoding.loads(payload)
        if isinstance(statement, dict) and statement.get("predicateType") == DECLARATION_TYPE:
            yield encoding.digest(payload), statement["predicate"]


def _predicate(envelope: bytes) -> Json:
    payload = encoding.decode_base64(_loads(envelope)["payload"], url_safe=True)
    return encoding.loads(payload, bytes_max=limits.CASEFILE_BYTES_MAX)["predicate"]


def _loads(raw: bytes) -> Json:
    return encoding.loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )
