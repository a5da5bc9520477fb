"""Papers of an invented transaction: keysets, declaration, determination, reviews, trust."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attest.encoding import Json, canonical, digest, encode_base64
from attest.envelope import bundle, seal
from attest.keys import ECDSA_P256
from attest.models import (
    DECLARATION_TYPE,
    DETERMINATION_TYPE,
    REVIEW_TYPE,
    STATEMENT_TYPE,
)
from attest.rules.pack import read_pack_folder
from conformance.keys import StatementSigner

AT: Final = "2026-11-24T14:00:00Z"
TAPE_OUT: Final = "TQ-A1-R0"
DESIGN: Final = sha256(b"an invented layout").hexdigest()
VALID: Final = ("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z")
UNKNOWN: Final[Json] = {"knowledge": "unknown"}

DESIGNER = StatementSigner("designer", ECDSA_P256)
DESIGNER_TWO = StatementSigner("designer, second key")
FABRICATOR = StatementSigner("fabricator")
OSAT = StatementSigner("packager")
DECIDER = StatementSigner("decision key")
OSAT_DECIDER = StatementSigner("packager, decision key")
REVIEWERS = (StatementSigner("reviewer one"), StatementSigner("reviewer two"))
STRANGER = StatementSigner("stranger")


def known(value: Json) -> Json:
    """A claim that its author knows at first hand."""
    return {"knowledge": "first-hand", "value": value}


def key_record(
    signer: StatementSigner,
    purpose: str = "statement",
    holder: str = "Lin Example",
    valid: tuple[str, str] = VALID,
) -> dict[str, Json]:
    """The keyset's record of a key."""
    return {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encode_base64(signer.public.spki),
        "purpose": purpose,
        "holder": {"name": holder, "title": "Head of Compliance"},
        "valid_from": valid[0],
        "valid_until": valid[1],
    }


def keyset(party: str, name: str, roles: Sequence[str], *keys: Mapping[str, Json]) -> bytes:
    """The keyset of a party."""
    return canonical(
        {
            "v": 1,
            "party": {
                "id": party,
                "legal_name": name,
                "name_latin": name,
                "country": "TW",
                "roles": list(roles),
            },
            "keys": list(keys),
        }
    )


KEYSETS: Final = (
    keyset(
        "tianqiu",
        "Tianqiu Design Inc.",
        ["designer"],
        key_record(DESIGNER),
        key_record(DESIGNER_TWO, holder="Mei Example"),
    ),
    keyset(
        "formosa",
        "Formosa Example Foundry Co., Ltd.",
        ["foundry"],
        key_record(FABRICATOR),
        key_record(DECIDER, "decision", "Decision service"),
        key_record(REVIEWERS[0], "review", "Wei Example"),
        key_record(REVIEWERS[1], "review", "Ana Example"),
    ),
    keyset(
        "packager",
        "Example Packaging Ltd.",
        ["osat"],
        key_record(OSAT),
        key_record(OSAT_DECIDER, "decision", "Decision service"),
    ),
)


@cache
def pack() -> bytes:
    """The invented pack as a document."""
    return read_pack_folder(Path(__file__).with_name("pack"))


def trust_document(**changes: Json) -> bytes:
    """The trust snapshot over all of these. It names no schema: those are version 1."""
    return canonical(
        {
            "v": 1,
            "foundry": "formosa",
            "mode": "cfr_text",
            "review_threshold": 2,
            "keysets": sorted(map(digest, KEYSETS)),
            "packs": [digest(pack())],
            "schemas": [],
            **changes,
        }
    )


def statement(kind: str, predicate: Json, *, subject: Json = None) -> bytes:
    """A statement over the design."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject or [{"name": TAPE_OUT, "digest": {"sha256": DESIGN}}],
            "predicateType": kind,
            "predicate": predicate,
        }
    )


def declaration(**changes: Json) -> bytes:
    """A declaration statement."""
    return statement(DECLARATION_TYPE, {**copy.deepcopy(_DECLARED), **changes})


def determination(declared: bytes, **changes: Json) -> bytes:
    """The fabricator's determination for a declaration statement."""
    predicate = {**copy.deepcopy(_DETERMINED), "declaration": digest(declared), **changes}
    return statement(DETERMINATION_TYPE, predicate)


def submission(declared: bytes, *determined: bytes) -> bytes:
    """A declaration and the fabricator's determinations, signed."""
    envelopes = [seal(declared, [DESIGNER]), *(seal(each, [FABRICATOR]) for each in determined)]
    return bundle(envelopes)


def review(
    decision: bytes, subject: Json, signers: Sequence[StatementSigner] = REVIEWERS, **changes: Json
) -> bytes:
    """A signed review of a decision's payload."""
    predicate = {
        "must_understand": [],
        "decision": digest(decision),
        "action": "release",
        "reason_code": "evidence-received",
        "reason": "The certificate of the site was received.",
        "evidence": [{"sha256": "00" * 32, "describes": "certificate"}],
        "reviewed_at": AT,
        **changes,
    }
    return seal(statement(REVIEW_TYPE, predicate, subject=subject), signers)


def _party(role: str, name: str, country: str = "US") -> Json:
    return {
        "role": role,
        "name": name,
        "name_latin": name,
        "locations": known([country]),
        "headquarters": known(country),
        "address": "1 Example Road",
        "registration_ids": [],
    }


PROCESS: Final[Json] = {
    "foundry_name": "N5",
    "node_nm": known(5),
    "node_class": known("16/14-or-below"),
    "architecture": known("finfet"),
}
_DIE: Final[Json] = {
    "name": "compute",
    "units": 1,
    "function": "logic",
    "process": PROCESS,
    "area_um2": known(120_000_000),
}
_DECLARED: Final[dict[str, Any]] = {
    "must_understand": [],
    "audience": "formosa",
    "validity": {"not_before": "2026-02-01T00:00:00Z", "not_after": "2026-11-30T23:59:59Z"},
    "signer": {"name": "Lin Example", "title": "Head of Compliance"},
    "product": {"name": "Tianqiu A1", "tape_out_id": TAPE_OUT, "revision": "0"},
    "design": [{"form": "file", "sha256": DESIGN, "describes": "layout"}],
    "dies": [{**_DIE, "transistors": {"method": "measured", "count": 12_000_000_000}}],
    "package": {
        "site_country": known("TW"),
        "packager": known("Formosa Example Foundry Co., Ltd."),
        "hbm": known(False),
        "memories": [],
    },
    "performance": UNKNOWN,
    "parties": [
        _party("designer", "Tianqiu Design Inc."),
        _party("ultimate-parent", "Tianqiu Holdings Inc."),
        _party("foundry", "Formosa Example Foundry Co., Ltd.", "TW"),
        _party("consignee", "Tianqiu Logistics LLC"),
        _party("end-user", "Example Networks Inc."),
    ],
    "designer_status": {
        "listed_group": known(""),
        "agreed_743_9": {"status": "unknown"},
        "application_748_16": {"status": "none"},
    },
    "end_use": "Packet processing.",
    "datacenter": known(False),
    "planned_completion_date": "2026-12-15",
}
_DETERMINED: Final[dict[str, Any]] = {
    "must_understand": [],
    "audience": "formosa",
    "validity": _DECLARED["validity"],
    "signer": {"name": "Wei Example", "title": "Programme Manager"},
    "declaration": "sha256:" + "00" * 32,
    "attester_role": "front-end-fabricator",
    "dies": [{**_DIE, "density_per_mm2": known(100_000_000), "gds_transistors": UNKNOWN}],
    "aatc_transistors": known(12_000_000_000),
    "package": {
        "attester_packages": known(True),
        "site_country": known("TW"),
        "hbm": known(False),
        "memories": [],
    },
    "designer_status": {
        "listed_mapping": {"confirmed": UNKNOWN, "listed_name": "", "reference": ""}
    },
}


def memory(bandwidth: Json, units: int = 1, kind: str = "HBM3") -> Json:
    """A memory of a package."""
    return {"kind": kind, "units": units, "bandwidth_mbyte_s": bandwidth, "area_um2": UNKNOWN}


def package_with(*memories: Json) -> Json:
    """The declared package with memories."""
    return {**_DECLARED["package"], "memories": list(memories)}


def fabricator_package(**changes: Json) -> Json:
    """The package as the fabricator determines it."""
    return {**_DETERMINED["package"], **changes}


def parties_with(role: str, **changes: Json) -> list[Json]:
    """The parties of the declaration, one of them changed."""
    return [
        {**party, **changes} if party["role"] == role else party for party in _DECLARED["parties"]
    ]


def declared_die(**process: Json) -> list[Json]:
    """The die of the declaration with another process."""
    (die,) = _DECLARED["dies"]
    return [{**die, "process": {**PROCESS, **process}}]


def determined_die(**process: Json) -> list[Json]:
    """The die of the determination with another process."""
    (die,) = _DETERMINED["dies"]
    return [{**die, "process": {**PROCESS, **process}}]
