"""What travels around statements: envelope, submission, keyset, trust, entry, proof, case file.

SPEC 2, 6, 7, 9, 12.1, 14 and 15. Members that carry bytes stay base64 text; whoever uses the bytes
decodes them.

>>> Signature(sig="AAAA").keyid is None
True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from attest import limits
from attest.models.values import (
    UNIQUE,
    Array,
    Base64,
    Country,
    Digest,
    FormatVersion,
    HexSha256,
    Instant,
    Lei,
    Maybe,
    Mode,
    Model,
    MustUnderstand,
    Name,
    PartyId,
    Signer,
    Text,
)

_SALTED_KINDS = frozenset({"submission", "decision", "review"})
_ENVELOPE_BASE64 = r"^[A-Za-z0-9+/_-]+={0,2}$"


class Signature(Model):
    """A signature of an envelope; `keyid` is a hint and proves nothing."""

    keyid: Maybe[Annotated[str, StringConstraints(max_length=256)]] = None
    sig: Annotated[str, StringConstraints(min_length=4, max_length=8192, pattern=_ENVELOPE_BASE64)]


class Envelope(Model):
    """A DSSE envelope (SPEC 2)."""

    payload: Annotated[
        str,
        StringConstraints(
            min_length=4, max_length=limits.SUBMISSION_BYTES_MAX, pattern=_ENVELOPE_BASE64
        ),
    ]
    payload_type: Name = Field(alias="payloadType")
    signatures: Annotated[
        Array[Signature], Field(min_length=1, max_length=limits.SIGNATURES_PER_ENVELOPE_MAX)
    ]


class Submission(Model):
    """The envelopes of one declaration and of its determinations (SPEC 6)."""

    v: FormatVersion
    envelopes: Annotated[
        Array[Envelope],
        Field(min_length=1, max_length=limits.ENVELOPES_PER_SUBMISSION_MAX),
    ]


class Registration(Model):
    """The number under which an authority keeps a legal entity."""

    authority: Name
    number: Name


class UltimateParent(Model):
    """The entity at the top of the chain of owners, and where its headquarters are."""

    name: Name
    country: Country


class Site(Model):
    """A place where a party works."""

    address: Text
    country: Country


PartyRole = Literal[
    "designer",
    "foundry",
    "osat",
    "distributor",
    "consignee",
    "end-user",
    "reviewer",
    "auditor",
    "witness",
]


class RoleSpan(Model):
    """A time in which a party has a role, both ends included."""

    role: PartyRole
    valid_from: Instant
    valid_until: Instant


class EnrolledParty(Model):
    """The party that a keyset speaks for, and the record of its legal entity."""

    id: PartyId
    legal_name: Name
    name_latin: Name
    country: Country
    roles: Annotated[Array[PartyRole], Field(min_length=1, max_length=9), UNIQUE]
    role_validity: Maybe[Annotated[Array[RoleSpan], Field(min_length=1, max_length=32)]] = None
    lei: Maybe[Lei] = None
    registrations: Maybe[Annotated[Array[Registration], Field(min_length=1, max_length=16)]] = None
    former_names: Maybe[Annotated[Array[Name], Field(min_length=1, max_length=16), UNIQUE]] = None
    headquarters: Maybe[Country] = None
    ultimate_parent: Maybe[UltimateParent] = None
    sites: Maybe[Annotated[Array[Site], Field(min_length=1, max_length=64)]] = None

    def roles_at(self, at: dt.datetime) -> frozenset[str]:
        """The roles that the party has at an instant."""
        spans = self.role_validity or ()
        bounded = {each.role for each in spans}
        held = {each.role for each in spans if each.valid_from <= at <= each.valid_until}
        return frozenset(role for role in self.roles if role not in bounded or role in held)


class Ended(Model):
    """A key counts no longer, and nothing that it signed is in doubt."""

    reason: Literal["superseded", "retired", "withdrawn"]
    at: Instant


class Compromised(Model):
    """A key counts no longer, and what it signed from an instant on may be somebody else's."""

    reason: Literal["compromised"]
    at: Instant
    suspect_from: Instant


Revocation = Annotated[Ended | Compromised, Field(discriminator="reason")]


class KeyRecord(Model):
    """A public key with its one purpose, its holder and its validity, both ends included.

    A `revoked` one counts for nothing in a log whose newest trust snapshot has the record.
    """

    keyid: Digest
    algorithm: Literal[
        "ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ml-dsa-44", "ml-dsa-65"
    ]
    public_key: Annotated[Base64, Field(max_length=4096)]
    purpose: Literal["statement", "decision", "review"]
    holder: Signer
    function: Maybe[PartyId] = None
    certificates: Maybe[
        Annotated[
            Array[Annotated[Base64, Field(max_length=8192)]], Field(min_length=1, max_length=4)
        ]
    ] = None
    valid_from: Instant
    valid_until: Instant
    revoked: Maybe[Revocation] = None


class Keyset(Model):
    """A party and its dated public keys (SPEC 7)."""

    v: FormatVersion
    party: EnrolledParty
    keys: Annotated[Array[KeyRecord], Field(min_length=1, max_length=64)]


class NewKey(Model):
    """A key that a change enrols, by its identifier."""

    party: PartyId
    keyid: Digest
    purpose: Literal["statement", "decision", "review"]
    holder: Signer


class RevokedKey(Model):
    """A key that a change revokes, by its identifier."""

    party: PartyId
    keyid: Digest
    revoked: Revocation


class KeysetChange(Model):
    """The predicate in which people of the foundry enrol keys and revoke them (SPEC 9.3)."""

    must_understand: MustUnderstand
    replaces: Digest
    keysets: Annotated[
        Array[Annotated[Base64, Field(max_length=87_384)]],
        Field(min_length=1, max_length=64),
        UNIQUE,
    ]
    enrolled: Annotated[Array[NewKey], Field(max_length=4096)]
    revoked: Annotated[Array[RevokedKey], Field(max_length=4096)]
    reason: Text
    changed_at: Instant


_Digests = Annotated[Array[Digest], Field(max_length=4096), UNIQUE]


class TrustDocument(Model):
    """The immutable snapshot of everything that a decision relies on (SPEC 9)."""

    v: FormatVersion
    foundry: PartyId
    mode: Mode
    review_threshold: Annotated[int, Field(ge=2, le=16)]
    keysets: _Digests
    packs: _Digests
    mandate: Maybe[Digest] = None
    schemas: _Digests
    lists: Maybe[Annotated[Array[Digest], Field(min_length=1, max_length=64), UNIQUE]] = None


class Requirement(Model):
    """Who has to sign one kind of statement from an instant on (SPEC 9.4)."""

    statement: Literal["declaration", "determination", "review", "activation", "policy"]
    start: Instant = Field(alias="from")
    role: Maybe[Literal["designer", "foundry", "osat", "auditor"]] = None
    people: Annotated[int, Field(ge=1, le=16)]
    parties: Maybe[Annotated[int, Field(ge=1, le=16)]] = None
    functions: Maybe[Annotated[Array[PartyId], Field(min_length=1, max_length=8), UNIQUE]] = None
    algorithms: Maybe[
        Annotated[
            Array[Literal["classical", "post-quantum"]], Field(min_length=1, max_length=2), UNIQUE
        ]
    ] = None


class MandateDocument(Model):
    """What signatures statements need, and which authorities may vouch for keys (SPEC 9.4)."""

    v: FormatVersion
    signatures: Annotated[Array[Requirement], Field(max_length=64)]
    roots: Annotated[Array[Annotated[Base64, Field(max_length=8192)]], Field(max_length=64)]
    crls: Annotated[Array[Annotated[Base64, Field(max_length=1_048_576)]], Field(max_length=64)]


EntryKind = Literal[
    "genesis",
    "schema",
    "pack",
    "keyset",
    "keyset-change",
    "list",
    "mandate",
    "activation",
    "trust",
    "policy",
    "submission",
    "decision",
    "review",
]
EntryIndex = Annotated[int, Field(ge=0, le=limits.LOG_ENTRIES_MAX - 1)]


class Entry(Model):
    """One leaf of the log (SPEC 12.1)."""

    v: FormatVersion
    index: EntryIndex
    kind: EntryKind
    time: Instant
    prev: HexSha256
    commit: Digest
    salted: bool
    refs: Mapping[
        EntryKind, Annotated[Array[EntryIndex], Field(min_length=1, max_length=4096), UNIQUE]
    ]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.salted != (self.kind in _SALTED_KINDS):
            raise ValueError("submissions, decisions and reviews are salted, nothing else is")
        first = self.index == 0
        if first != (self.kind == "genesis") or (first and self.prev != "0" * 64):
            raise ValueError("entry 0 is the genesis, nothing else is")
        return self


_Salt = Annotated[Base64, Field(min_length=44, max_length=44)]


class PlainProof(Model):
    """What shows that an entry with a plain commitment is in the log (SPEC 14)."""

    v: FormatVersion
    entry: Annotated[Base64, Field(max_length=87_380)]
    tlog_proof: Annotated[Base64, Field(max_length=174_764)]


class SaltedProof(PlainProof):
    """What shows that an entry with a salted commitment is in the log (SPEC 14)."""

    salt: _Salt


class Proof(PlainProof):
    """What shows that an entry is in the log: with the salt if its kind is salted (SPEC 14)."""

    salt: Maybe[_Salt] = None


_Note = Annotated[Base64, Field(max_length=4 * -(-limits.CHECKPOINT_BYTES_MAX // 3))]
_Hash = Annotated[Base64, Field(min_length=44, max_length=44)]


class MisbehaviourDocument(Model):
    """Two checkpoints that one log signed and that contradict each other (SPEC 18)."""

    v: FormatVersion
    first: _Note
    second: _Note
    path: Maybe[Annotated[Array[_Hash], Field(min_length=1, max_length=64)]] = None


_Body = Annotated[Base64, Field(max_length=limits.CASEFILE_BYTES_MAX)]


class ConfidentialBody(Model):
    """A body whose commitment is salted, with its proof."""

    body: _Body
    proof: SaltedProof


class PublicBody(Model):
    """A body whose commitment is not salted, with its proof."""

    body: _Body
    proof: PlainProof


class TimestampLink(Model):
    """A token, what it is over, and what shows that this covers what it should (SPEC 13.5)."""

    stamped: Annotated[Base64, Field(max_length=88_748)]
    token: Annotated[Base64, Field(max_length=87_384)]
    hashes: Annotated[
        Array[Annotated[Base64, Field(min_length=44, max_length=44)]], Field(max_length=63)
    ]


class CaseFile(Model):
    """Everything that is needed to check one submission without a connection (SPEC 15)."""

    v: FormatVersion
    submission: ConfidentialBody
    decision: ConfidentialBody
    reviews: Annotated[Array[ConfidentialBody], Field(max_length=64)]
    trust: PublicBody
    trusts: Maybe[Annotated[Array[PublicBody], Field(min_length=1, max_length=64)]] = None
    keysets: Annotated[Array[_Body], Field(max_length=4096)]
    packs: Annotated[Array[_Body], Field(max_length=4096)]
    mandate: Maybe[_Body] = None
    timestamps: Maybe[Annotated[Array[TimestampLink], Field(min_length=1, max_length=64)]] = None
