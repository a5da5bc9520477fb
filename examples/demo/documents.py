"""The demo's papers: keys, keysets, declarations, determinations and submissions of the stand-ins.

Keys are made anew in every run and live in memory. Names that a legal list holds are used only
where a rule asks for one; the holder of such a key is called what it is, a demo key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attest.encoding import Json, canonical, digest, encode_base64, format_instant
from attest.envelope import bundle, seal
from attest.keys import ECDSA_P256, ED25519
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, REVIEW_TYPE, STATEMENT_TYPE
from attest.signing import KeySigner, generate_private_key, signer_of
from examples.demo.chips import Designer, Die, Row, Scenario

DEMO_HOLDER: Final = "Demo key, not of the company"
REVIEWERS: Final = ("Demo reviewer one", "Demo reviewer two")

_DAY: Final = dt.timedelta(days=1)
_NOWHERE: Final = "AQ"
"""A keyset names a country; nobody has a seat in Antarctica."""
_UNKNOWN: Final[Json] = {"knowledge": "unknown"}


@dataclass(frozen=True)
class Party:
    """A stand-in with its key."""

    id: str
    name: str
    country: str
    role: str
    signer: KeySigner


@dataclass(frozen=True)
class Cast:
    """Everybody who signs in the demo, and the instant at which their keys were made."""

    at: dt.datetime
    foundry: Party
    osats: Mapping[str, Party]
    designers: Mapping[str, Party]
    reviewers: tuple[KeySigner, ...]

    def keysets(self) -> dict[str, bytes]:
        """The keysets to enrol, by party; the service adds its own decision key."""
        parties = [self.foundry, *self.osats.values(), *self.designers.values()]
        return {party.id: self._keyset(party) for party in parties}

    def _keyset(self, party: Party) -> bytes:
        keys = [self._key_record(party.signer, "statement", DEMO_HOLDER)]
        if party == self.foundry:
            keys += [
                self._key_record(signer, "review", name)
                for signer, name in zip(self.reviewers, REVIEWERS, strict=True)
            ]
        return canonical(
            {
                "v": 1,
                "party": {
                    "id": party.id,
                    "legal_name": party.name,
                    "name_latin": party.name,
                    "country": party.country,
                    "roles": [party.role],
                },
                "keys": keys,
            }
        )

    def _key_record(self, signer: KeySigner, purpose: str, holder: str) -> Json:
        return {
            "keyid": signer.keyid,
            "algorithm": signer.algorithm,
            "public_key": encode_base64(signer.public.spki),
            "purpose": purpose,
            "holder": {"name": holder, "title": "Stand-in of the demo"},
            "valid_from": format_instant(self.at - _DAY),
            "valid_until": format_instant(self.at + 365 * _DAY),
        }


def make_cast(scenario: Scenario, *, at: dt.datetime) -> Cast:
    """Make a key for every stand-in; designers sign with P-256, everybody else with Ed25519."""

    def key(algorithm: str = ED25519) -> KeySigner:
        return signer_of(generate_private_key(algorithm))

    foundry = scenario.foundry
    return Cast(
        at=at,
        foundry=Party(foundry.id, foundry.name, foundry.country, "foundry", key()),
        osats={
            name: Party(osat.id, osat.name, osat.country, "osat", key())
            for name, osat in scenario.osats.items()
        },
        designers={
            name: Party(
                f"demo-designer-{name}",
                designer.name,
                designer.hq or _NOWHERE,
                "designer",
                key(ECDSA_P256),
            )
            for name, designer in scenario.designers.items()
        },
        reviewers=tuple(key() for _ in REVIEWERS),
    )


def make_submission(row: Row, *, scenario: Scenario, cast: Cast) -> bytes:
    """The signed papers of one row as a submission (SPEC 6)."""
    designer = cast.designers[row.designer]
    design = _commitment(row)
    declared = _statement(DECLARATION_TYPE, _declaration(row, scenario, cast, design), row, design)
    envelopes = [seal(declared, [designer.signer])]
    for attester in row.attests:
        by_foundry = attester == "foundry"
        party = cast.foundry if by_foundry else cast.osats[_packager_key(row)]
        determined = _determination(row, cast, declaration=digest(declared), by_foundry=by_foundry)
        statement = _statement(DETERMINATION_TYPE, determined, row, design)
        envelopes.append(seal(statement, [party.signer]))
    return bundle(envelopes)


def make_review(
    decision: bytes, subject: Json, *, signers: Sequence[KeySigner], at: dt.datetime
) -> bytes:
    """A release on evidence that came later (SPEC 11); the evidence is a placeholder."""
    predicate: Json = {
        "must_understand": [],
        "decision": digest(decision),
        "action": "release",
        "reason_code": "evidence-received",
        "reason": "Counsel's signed mapping of the stand-in to the listed group was received.",
        "evidence": [
            {
                "sha256": hashlib.sha256(b"placeholder of the demo").hexdigest(),
                "describes": "placeholder for counsel's signed mapping",
            }
        ],
        "reviewed_at": format_instant(at),
    }
    statement = canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject,
            "predicateType": REVIEW_TYPE,
            "predicate": predicate,
        }
    )
    return seal(statement, signers)


def _statement(kind: str, predicate: Json, row: Row, design: str) -> bytes:
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": row.label, "digest": {"sha256": design}}],
            "predicateType": kind,
            "predicate": predicate,
        }
    )


def _commitment(row: Row) -> str:
    """A salted commitment (SPEC 4.2) to a placeholder: the demo has no layout."""
    placeholder = hashlib.sha256(row.label.encode()).digest()
    return hashlib.sha256(secrets.token_bytes(32) + placeholder).hexdigest()


def _declaration(row: Row, scenario: Scenario, cast: Cast, design: str) -> Json:
    designer = scenario.designers[row.designer]
    return {
        "must_understand": [],
        "audience": "demo-other-foundry" if row.fault == "wrong-audience" else cast.foundry.id,
        "validity": _validity(row, cast),
        "signer": {"name": DEMO_HOLDER, "title": "Stand-in of the demo"},
        "product": {
            "name": f"Demo part with the published figures of {row.chip.maker} {row.chip.name}",
            "tape_out_id": row.label,
            "revision": "0",
        },
        "design": [
            {
                "form": "commitment",
                "sha256": design,
                "describes": "commitment to a placeholder; the demo has no layout",
            }
        ],
        "dies": [
            {
                "name": die.name,
                "units": die.units,
                "function": die.function,
                "process": _process(die),
                "area_um2": _claim(_area(row, die)),
                "transistors": (
                    {"method": "unknown"}
                    if die.transistors is None
                    else {"method": "estimated", "count": die.transistors}
                ),
            }
            for die in row.chip.dies
        ],
        "package": {
            "site_country": _claim(row.packaging.site),
            "packager": _claim(_packager_name(row, cast)),
            "hbm": _claim(row.chip.hbm),
            "memories": _memories(row),
        },
        "performance": _performance(row),
        "parties": list(_parties(row, designer, cast)),
        "designer_status": _status(designer),
        "end_use": "None: an invented transaction of the demo.",
        "datacenter": _claim(row.chip.datacenter),
        "planned_completion_date": row.completion.isoformat(),
    }


def _determination(row: Row, cast: Cast, *, declaration: str, by_foundry: bool) -> Json:
    by = row.packaging.by
    return {
        "must_understand": [],
        "audience": cast.foundry.id,
        "validity": _validity(row, cast),
        "signer": {"name": DEMO_HOLDER, "title": "Stand-in of the demo"},
        "declaration": declaration,
        "attester_role": "front-end-fabricator" if by_foundry else "osat",
        "dies": [
            {
                "name": die.name,
                "units": die.units,
                "function": die.function,
                "process": _process(die),
                "area_um2": _claim(_area(row, die)),
                "density_per_mm2": _UNKNOWN,
                "gds_transistors": _claim(die.transistors),
            }
            for die in row.chip.dies
        ],
        "aatc_transistors": _claim(row.chip.aggregated),
        "package": {
            "attester_packages": _claim(None if by is None else (by == "foundry") == by_foundry),
            "site_country": _claim(row.packaging.site),
            "hbm": _claim(row.chip.hbm),
            "memories": _memories(row),
        },
        "designer_status": {
            "listed_mapping": {"confirmed": _UNKNOWN, "listed_name": "", "reference": ""}
        },
    }


def _claim(value: Json | None) -> Json:
    return _UNKNOWN if value is None else {"knowledge": "first-hand", "value": value}


def _validity(row: Row, cast: Cast) -> Json:
    if row.fault == "expired":
        start, end = cast.at - 30 * _DAY, cast.at - _DAY
    else:
        start, end = cast.at - _DAY, cast.at + 90 * _DAY
    return {"not_before": format_instant(start), "not_after": format_instant(end)}


def _process(die: Die) -> Json:
    return {
        "foundry_name": die.process.name or "not known",
        "node_nm": _claim(die.process.node_nm),
        "node_class": _claim(die.process.node_class),
        "architecture": _claim(die.process.architecture),
    }


def _area(row: Row, die: Die) -> int | None:
    return die.area_um2 if die.area_um2 is not None else row.area_um2


def _memories(row: Row) -> list[Json]:
    return [
        {
            "kind": memory.kind,
            "units": memory.units,
            "bandwidth_mbyte_s": _claim(memory.bandwidth_mbyte_s),
            "area_um2": _claim(row.memory_area_um2),
        }
        for memory in row.chip.memories
    ]


def _performance(row: Row) -> Json:
    if not row.precisions:
        return _UNKNOWN
    return {
        "knowledge": "first-hand",
        "precisions": [
            {"name": each.name, "bit_length": each.bit_length, "dense_gops": each.dense_gops}
            for each in row.precisions
        ],
    }


def _status(designer: Designer) -> Json:
    agreed, filed = designer.agreed_743_9, designer.application_filed
    not_agreed = "unknown" if designer.hq is None else "not-agreed"
    return {
        "listed_group": _claim(designer.claims_group),
        "agreed_743_9": (
            {"status": not_agreed}
            if agreed is None
            else {"status": "agreed", "on": agreed.isoformat()}
        ),
        "application_748_16": (
            {"status": "none"}
            if filed is None
            else {"status": "filed", "filed_on": filed.isoformat()}
        ),
    }


def _packager_key(row: Row) -> str:
    if row.packaging.by in (None, "foundry"):
        raise ValueError(f"{row.label}: no packager that could attest")
    return str(row.packaging.by)


def _packager_name(row: Row, cast: Cast) -> str | None:
    if row.packaging.by is None:
        return None
    if row.packaging.by == "foundry":
        return cast.foundry.name
    return cast.osats[row.packaging.by].name


def _parties(row: Row, designer: Designer, cast: Cast) -> Iterable[Json]:
    named: Sequence[tuple[str, str, str | None]] = (
        ("designer", designer.name, designer.hq),
        ("ultimate-parent", "Demo ultimate parent of the designer", designer.parent_hq),
        ("foundry", cast.foundry.name, cast.foundry.country),
        ("consignee", "Demo Consignee", row.buyer),
        ("end-user", "Demo End User", row.buyer),
    )
    for role, name, country in named:
        yield {
            "role": role,
            "name": name,
            "name_latin": name,
            "locations": _claim(None if country is None else [country]),
            "headquarters": _claim(country),
            "address": "1 Demo Road",
            "registration_ids": [],
        }
