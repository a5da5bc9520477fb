"""A simulated world: a designer, a foundry, an OSAT, reviewers, their keys and their papers.

Keys are derived from labels, so that every document of the world has the same bytes on every run.
The companies are invented, except where a test needs a name that a legal list holds.
"""

from __future__ import annotations

import copy
import datetime as dt
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey

from attest.encoding import Json, canonical, digest, encode_base64
from attest.envelope import bundle, seal
from attest.keys import CURVES, ECDSA_P256, ED25519, ML_DSA_44, ML_DSA_65
from attest.models import (
    ACTIVATION_TYPE,
    DECLARATION_TYPE,
    DETERMINATION_TYPE,
    REVIEW_TYPE,
    STATEMENT_TYPE,
)
from attest.rules.pack import read_pack_folder
from attest.signing import KeySigner, signer_of
from attest.trust import Trust, load_trust, make_trust

ROOT = Path(__file__).resolve().parent.parent
NOW = dt.datetime(2026, 11, 24, 14, 0, 0, tzinfo=dt.UTC)
TAPE_OUT = "TQ-A1-R0"
DESIGN = hashlib.sha256(b"the layout of the example").hexdigest()


def known(value: Json, knowledge: str = "first-hand") -> Json:
    """A claim whose value is known."""
    return {"knowledge": knowledge, "value": value}


UNKNOWN: Json = {"knowledge": "unknown"}


def claim(value: Json | None) -> Json:
    """A claim: unknown when the value is None."""
    return UNKNOWN if value is None else known(value)


def derived_seed(label: str) -> bytes:
    """The private bytes that belong to a label."""
    return hashlib.sha256(label.encode()).digest()


def derived_signer(label: str, algorithm: str = ED25519) -> KeySigner:
    """The signer whose private key is derived from a label."""
    seed = derived_seed(label)
    if algorithm == ED25519:
        return signer_of(Ed25519PrivateKey.from_private_bytes(seed))
    if algorithm == ML_DSA_44:
        return signer_of(MLDSA44PrivateKey.from_seed_bytes(seed))
    if algorithm == ML_DSA_65:
        return signer_of(MLDSA65PrivateKey.from_seed_bytes(seed))
    number = int.from_bytes(seed, "big") >> 1 | 1
    return signer_of(ec.derive_private_key(number, CURVES[algorithm].curve))


def key_record(
    signer: KeySigner,
    purpose: str = "statement",
    holder: str = "Mei-Ling Chen",
    valid: tuple[str, str] = ("2024-01-01T00:00:00Z", "2032-12-31T23:59:59Z"),
) -> dict[str, Json]:
    """The keyset's record of a key."""
    return {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encode_base64(signer.public.spki),
        "purpose": purpose,
        "holder": {"name": holder, "title": "Head of Trade Compliance"},
        "valid_from": valid[0],
        "valid_until": valid[1],
    }


@dataclass
class Actor:
    """A party with its keys; `record` is what that of the first one says besides, `entity` what the
    party's does."""

    id: str
    legal_name: str
    roles: tuple[str, ...]
    country: str = "US"
    algorithm: str = ED25519
    signer: KeySigner = field(init=False)
    extra_keys: list[dict[str, Json]] = field(default_factory=list)
    revoked: dict[str, Json] = field(default_factory=dict)
    """Revocations by keyid."""
    record: dict[str, Json] = field(default_factory=dict)
    entity: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signer = derived_signer(self.id, self.algorithm)

    def keyset(self) -> bytes:
        """The party's keyset as it is enrolled."""
        return canonical(
            {
                "v": 1,
                "party": {
                    "id": self.id,
                    "legal_name": self.legal_name,
                    "name_latin": self.legal_name,
                    "country": self.country,
                    "roles": list(self.roles),
                    **self.entity,
                },
                "keys": [
                    {**record, **({"revoked": found} if found else {})}
                    for record in [key_record(self.signer) | self.record, *self.extra_keys]
                    for found in [self.revoked.get(record["keyid"])]
                ],
            }
        )


@functools.cache
def pack_bytes(name: str) -> bytes:
    """The canonical document of a pack that the project ships."""
    return read_pack_folder(ROOT / "rules" / name)


PACKS: Final = ("us-ear", "house-example")


class World:
    """Everybody, and a trust snapshot that enrols them."""

    def __init__(
        self,
        *,
        packs: Sequence[str] = ("us-ear",),
        lists: Sequence[bytes] = (),
        mode: str = "cfr_text",
        designer_name: str = "Tianqiu Design Inc.",
        osat_name: str = "ASE Technology Holding Co., Ltd.",
        fabricator_name: str = "Formosa Example Foundry Co., Ltd.",
        exporter: str = "front-end-fabricator",
        mandate: bytes | None = None,
    ) -> None:
        self.mandate = mandate
        self.packs = {digest(raw): raw for raw in map(pack_bytes, packs)}
        self.lists = {digest(raw): raw for raw in lists}
        self.mode = mode
        self.designer = Actor("tianqiu", designer_name, ("designer",), algorithm=ECDSA_P256)
        self.fabricator = Actor("formosa", fabricator_name, ("foundry",), country="TW")
        self.osat = Actor("packager", osat_name, ("osat",), country="TW")
        self.trader = Actor("trader", "Example Trading Ltd.", ("auditor",), country="SG")
        self.foundry = {
            "front-end-fabricator": self.fabricator,
            "osat": self.osat,
            "other": self.trader,
        }[exporter]
        self.decision_signer = derived_signer("decision key")
        self.reviewers = [derived_signer("reviewer one"), derived_signer("reviewer two")]
        self.foundry.extra_keys += [
            key_record(self.decision_signer, "decision", "Decision service"),
            key_record(self.reviewers[0], "review", "Wei Lin"),
            key_record(self.reviewers[1], "review", "Ana Costa"),
        ]
        self.actors = [self.designer, self.fabricator, self.osat, self.trader]

    def keysets(self) -> dict[str, bytes]:
        """All keysets by digest."""
        return {digest(raw): raw for raw in (actor.keyset() for actor in self.actors)}

    def trust_bytes(self) -> bytes:
        """The trust snapshot's document."""
        return make_trust(
            foundry=self.foundry.id,
            mode=self.mode,
            review_threshold=2,
            keysets=self.keysets(),
            packs=self.packs,
            lists=self.lists,
            mandate=self.mandate,
        )

    def bodies(self) -> dict[str, bytes]:
        """What the trust snapshot is opened with, by digest."""
        mandates = {} if self.mandate is None else {digest(self.mandate): self.mandate}
        return {**self.keysets(), **self.packs, **self.lists, **mandates}

    def trust(self) -> Trust:
        """The opened trust snapshot."""
        return load_trust(self.trust_bytes(), self.bodies())

    def declaration(self, **changes: Json) -> dict[str, Json]:
        """A complete declaration of a 5 nm package of 12 bn transistors without HBM."""
        predicate = copy.deepcopy(DECLARATION)
        predicate["audience"] = self.foundry.id
        for party in predicate["parties"]:
            if party["role"] == "designer":
                party["name"] = party["name_latin"] = self.designer.legal_name
        predicate.update(changes)
        return predicate

    def determination(self, declaration: bytes, **changes: Json) -> dict[str, Json]:
        """The fabricator's determination for a declaration statement."""
        predicate = copy.deepcopy(DETERMINATION)
        predicate["audience"] = self.foundry.id
        predicate["declaration"] = digest(declaration)
        predicate.update(changes)
        return predicate

    def submission(
        self,
        declaration: Mapping[str, Json] | None = None,
        *,
        fabricator: Mapping[str, Json] | None = None,
        osat: Mapping[str, Json] | None = None,
    ) -> bytes:
        """A signed submission; the determinations are given as changes to the example."""
        declared = statement(DECLARATION_TYPE, self.declaration(**(declaration or {})))
        envelopes = [seal(declared, [self.designer.signer])]
        for role, actor, changes in [
            ("front-end-fabricator", self.fabricator, fabricator),
            ("osat", self.osat, osat),
        ]:
            if changes is not None:
                determined = self.determination(declared, **{"attester_role": role, **changes})
                envelopes.append(seal(statement(DETERMINATION_TYPE, determined), [actor.signer]))
        return bundle(envelopes)

    def review(
        self,
        decision: bytes,
        subject: Json,
        *,
        signers: Sequence[KeySigner] | None = None,
        **changes: Json,
    ) -> bytes:
        """A sealed review of a decision's payload."""
        predicate: dict[str, Json] = {
            "must_understand": [],
            "decision": digest(decision),
            "action": "release",
            "reason_code": "evidence-received",
            "reason": "The packager's certificate for the site was received and checked.",
            "evidence": [{"sha256": "00" * 32, "describes": "certificate"}],
            "reviewed_at": "2026-11-24T14:00:00Z",
            **changes,
        }
        return seal(
            statement(REVIEW_TYPE, predicate, subject=subject),
            self.reviewers if signers is None else signers,
        )

    def activation(
        self,
        snapshot: bytes,
        *,
        signers: Sequence[KeySigner] | None = None,
        subject: Json = None,
        bodies: Mapping[str, bytes] | None = None,
        **changes: Json,
    ) -> bytes:
        """A sealed activation that replaces this world's snapshot by another."""
        packs = {digest(raw): raw for raw in map(pack_bytes, PACKS)}
        trust = load_trust(snapshot, {**self.bodies(), **packs, **(bodies or {})})
        predicate: dict[str, Json] = {
            "must_understand": [],
            "replaces": digest(self.trust_bytes()),
            "mode": trust.mode,
            "packs": [
                {"id": pack.id, "edition": pack.edition, "digest": pack.digest}
                for pack in sorted(trust.packs, key=lambda pack: pack.id)
            ],
            "reason": "The counsel has approved the editions.",
            "activated_at": "2026-11-24T14:00:00Z",
            **changes,
        }
        named = [{"name": "trust", "digest": {"sha256": digest(snapshot).removeprefix("sha256:")}}]
        return seal(
            statement(ACTIVATION_TYPE, predicate, subject=subject or named),
            self.reviewers if signers is None else signers,
        )


def statement(kind: str, predicate: Json, *, subject: Json = None) -> bytes:
    """An in-toto statement over the example's design, as canonical JSON."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject or [{"name": TAPE_OUT, "digest": {"sha256": DESIGN}}],
            "predicateType": kind,
            "predicate": predicate,
        }
    )


def party(role: str, name: str, country: str | None = "US", hq: str | None = "US") -> Json:
    """A party to the transaction."""
    return {
        "role": role,
        "name": name,
        "name_latin": name,
        "locations": claim(None if country is None else [country]),
        "headquarters": claim(hq),
        "address": "1 Example Road",
        "registration_ids": [{"scheme": "example-register", "value": "12345678"}],
    }


PROCESS: Json = {
    "foundry_name": "N5",
    "node_nm": known(5),
    "node_class": known("16/14-or-below"),
    "architecture": known("finfet"),
}
VALIDITY: Json = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2029-12-31T23:59:59Z"}
SIGNER: Json = {"name": "Mei-Ling Chen", "title": "Head of Trade Compliance"}
DECLARATION: dict[str, Any] = {
    "must_understand": [],
    "audience": "formosa",
    "validity": VALIDITY,
    "signer": SIGNER,
    "product": {"name": "Tianqiu A1", "tape_out_id": TAPE_OUT, "revision": "0"},
    "design": [{"form": "file", "sha256": DESIGN, "describes": "layout, OASIS"}],
    "dies": [
        {
            "name": "compute",
            "units": 1,
            "function": "logic",
            "process": PROCESS,
            "area_um2": known(120_000_000),
            "transistors": {"method": "measured", "count": 12_000_000_000},
        }
    ],
    "package": {
        "site_country": known("TW"),
        "packager": known("Formosa Example Foundry Co., Ltd."),
        "hbm": known(False),
        "memories": [],
    },
    "performance": {
        "knowledge": "first-hand",
        "precisions": [{"name": "INT8", "bit_length": 8, "dense_gops": 50_000}],
    },
    "parties": [
        party("designer", "Tianqiu Design Inc."),
        party("ultimate-parent", "Tianqiu Holdings Inc."),
        party("foundry", "Formosa Example Foundry Co., Ltd.", "TW", "TW"),
        party("consignee", "Tianqiu Logistics LLC"),
        party("end-user", "Example Networks Inc."),
    ],
    "designer_status": {
        "listed_group": known(""),
        "agreed_743_9": {"status": "not-agreed"},
        "application_748_16": {"status": "none"},
    },
    "end_use": "Packet processing in network switches.",
    "datacenter": known(False),
    "planned_completion_date": "2026-12-15",
}
DETERMINATION: dict[str, Any] = {
    "must_understand": [],
    "audience": "formosa",
    "validity": VALIDITY,
    "signer": {"name": "Wei Lin", "title": "Packaging Programme Manager"},
    "declaration": "sha256:" + "00" * 32,
    "attester_role": "front-end-fabricator",
    "dies": [
        {
            "name": "compute",
            "units": 1,
            "function": "logic",
            "process": PROCESS,
            "area_um2": known(120_000_000),
            "density_per_mm2": known(100_000_000),
            "gds_transistors": UNKNOWN,
        }
    ],
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
