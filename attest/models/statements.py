"""The statement around a predicate, and the predicates that parties sign.

SPEC 3 (statement), 4 (declaration), 5 (determination) and 11 (review).

>>> TransistorCount(method="measured", count=28_430_000_000).count
28430000000
"""

from __future__ import annotations

from typing import Annotated, Final, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from attest.models.values import (
    BY_KNOWLEDGE,
    UNIQUE,
    Amount,
    AmountClaim,
    Array,
    BooleanClaim,
    Country,
    CountryClaim,
    Day,
    Digest,
    HexSha256,
    Identifier,
    Instant,
    Knowledge,
    Known,
    Lei,
    Maybe,
    Model,
    MustUnderstand,
    Name,
    NameOrNone,
    PartyId,
    Quantity,
    QuantityClaim,
    Signer,
    Text,
    Units,
    Unknown,
    Validity,
)

IN_TOTO_PAYLOAD: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
DECLARATION_TYPE: Final = "urn:foundry-attest:declaration:v1"
DETERMINATION_TYPE: Final = "urn:foundry-attest:determination:v1"
DECISION_TYPE: Final = "urn:foundry-attest:decision:v1"
REVIEW_TYPE: Final = "urn:foundry-attest:review:v1"
POLICY_TYPE: Final = "urn:foundry-attest:policy:v1"
ACKNOWLEDGEMENT_TYPE: Final = "urn:foundry-attest:acknowledgement:v1"
ACTIVATION_TYPE: Final = "urn:foundry-attest:activation:v1"
KEYSET_CHANGE_TYPE: Final = "urn:foundry-attest:keyset-change:v1"

P = TypeVar("P")

ONCE_ROLES: Final = ("designer", "ultimate-parent", "foundry", "end-user")
"""Roles that exactly one party of a declaration has."""


class SubjectDigest(Model):
    """The digest of a subject in its in-toto form."""

    sha256: HexSha256


class Subject(Model):
    """What a statement is about."""

    name: Name
    digest: SubjectDigest


class Statement(Model, Generic[P]):
    """An in-toto Statement v1 around a predicate."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[Array[Subject], Field(min_length=1, max_length=64)]
    predicate_type: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")
    ] = Field(alias="predicateType")
    predicate: P


class Product(Model):
    """The packaged product that is declared."""

    name: Name
    tape_out_id: Name
    revision: Name


class Design(Model):
    """A design file by its digest, or by a salted commitment to it (SPEC 4.2)."""

    form: Literal["file", "commitment"]
    sha256: HexSha256
    describes: Text


class Process(Model):
    """The process in which a die is made."""

    foundry_name: Name
    node_nm: QuantityClaim
    node_class: Annotated[Known[Literal["16/14-or-below", "above-16/14"]] | Unknown, BY_KNOWLEDGE]
    architecture: Annotated[Known[Literal["planar", "finfet", "gaafet"]] | Unknown, BY_KNOWLEDGE]


class TransistorCount(Model):
    """Transistors of one die, with the method that found the count."""

    method: Literal["measured", "density-area", "supplier", "estimated"]
    count: Quantity


class UnknownTransistors(Model):
    """The statement that the count of a die is not known."""

    method: Literal["unknown"]


DieFunction = Literal["logic", "memory", "io", "interposer", "other"]


class Die(Model):
    """A kind of die in the package, as the designer declares it (SPEC 4.3)."""

    name: Name
    units: Units
    function: DieFunction
    process: Process
    area_um2: QuantityClaim
    transistors: Annotated[TransistorCount | UnknownTransistors, Field(discriminator="method")]


class Memory(Model):
    """A kind of memory in the package."""

    kind: Name
    units: Units
    bandwidth_mbyte_s: AmountClaim
    area_um2: QuantityClaim


Memories = Annotated[Array[Memory], Field(max_length=64)]


class Package(Model):
    """Where and by whom the product is packaged, and the memory in it (SPEC 4.4)."""

    site_country: CountryClaim
    packager: Annotated[Known[Name] | Unknown, BY_KNOWLEDGE]
    hbm: BooleanClaim
    memories: Memories


class Precision(Model):
    """Dense performance at one precision: units of 10^9 operations per second."""

    name: Name
    bit_length: Annotated[int, Field(ge=1, le=4096)]
    dense_gops: Amount


class KnownPerformance(Model):
    """Dense performance by precision (SPEC 4.5)."""

    knowledge: Knowledge
    precisions: Annotated[Array[Precision], Field(min_length=1, max_length=32)]


class RegistrationId(Model):
    """An entry of a party in a public register."""

    scheme: Name
    value: Name


class DeclaredParty(Model):
    """A party to the transaction (SPEC 4.6)."""

    role: Literal[
        "designer",
        "ultimate-parent",
        "foundry",
        "osat",
        "consignee",
        "end-user",
        "payer",
        "forwarder",
        "distributor",
        "other",
    ]
    name: Name
    name_latin: Name
    locations: Annotated[
        Known[Annotated[Array[Country], Field(min_length=1, max_length=64), UNIQUE]] | Unknown,
        BY_KNOWLEDGE,
    ]
    headquarters: CountryClaim
    address: Text
    registration_ids: Annotated[Array[RegistrationId], Field(max_length=16)]
    lei: Maybe[Lei] = None


class Owner(Model):
    """A direct owner of a company, and its share in basis points (SPEC 4.9)."""

    name: Name
    kind: Literal["company", "person", "state", "dispersed"]
    share_bp: Annotated[Known[Annotated[int, Field(ge=1, le=10_000)]] | Unknown, BY_KNOWLEDGE]
    listed_on: Annotated[Known[NameOrNone] | Unknown, BY_KNOWLEDGE]


class Owned(Model):
    """A company and its direct owners (SPEC 4.9)."""

    name: Name
    owners: Annotated[Array[Owner], Field(min_length=1, max_length=16)]


class Agreed(Model):
    """The designer agreed, on that day, to submit the information of 15 CFR 743.9(b)."""

    status: Literal["agreed"]
    on: Day


class NotAgreed(Model):
    """The designer did not agree, or does not know."""

    status: Literal["not-agreed", "unknown"]


class NoApplication(Model):
    """No application is known."""

    status: Literal["none", "unknown"]


class FiledApplication(Model):
    """An application for the status of approved designer was filed."""

    status: Literal["filed"]
    filed_on: Day


class DeniedApplication(Model):
    """The application was denied."""

    status: Literal["denied"]
    filed_on: Day
    denied_on: Day


class DesignerStatus(Model):
    """What the designer claims about its own status (SPEC 4.7)."""

    listed_group: Annotated[Known[NameOrNone] | Unknown, BY_KNOWLEDGE]
    agreed_743_9: Annotated[Agreed | NotAgreed, Field(discriminator="status")]
    application_748_16: Annotated[
        NoApplication | FiledApplication | DeniedApplication, Field(discriminator="status")
    ]


def _roles(parties: tuple[DeclaredParty, ...]) -> tuple[DeclaredParty, ...]:
    roles = [party.role for party in parties]
    if any(roles.count(role) != 1 for role in ONCE_ROLES) or "consignee" not in roles:
        raise ValueError("a role is missing, or stands twice")
    return parties


class DeclaredShipment(Model):
    """What is shipped in the end, for rules that add up shipments (SPEC 4.8)."""

    units: Quantity
    from_country: CountryClaim
    consignee_parent: Annotated[Known[Name] | Unknown, BY_KNOWLEDGE]
    basis: Literal["AIA", "LPP", "licence", "other"]


class Declaration(Model):
    """The predicate in which a designer declares one packaged product (SPEC 4)."""

    must_understand: MustUnderstand
    audience: PartyId
    validity: Validity
    supersedes: Maybe[Digest] = None
    signer: Signer
    product: Product
    design: Annotated[Array[Design], Field(min_length=1, max_length=64)]
    dies: Annotated[Array[Die], Field(min_length=1, max_length=64)]
    package: Package
    performance: Annotated[KnownPerformance | Unknown, Field(discriminator="knowledge")]
    parties: Annotated[
        Array[DeclaredParty], Field(min_length=1, max_length=64), AfterValidator(_roles)
    ]
    roles_not_filled: Maybe[
        Annotated[Array[Literal["osat", "forwarder"]], Field(max_length=2), UNIQUE]
    ] = None
    ownership: Maybe[Annotated[Array[Owned], Field(max_length=32)]] = None
    designer_status: DesignerStatus
    end_use: Text
    datacenter: BooleanClaim
    shipment: Maybe[DeclaredShipment] = None
    planned_completion_date: Day


class DeterminedDie(Model):
    """A kind of die in the package, as the attester knows it (SPEC 5)."""

    name: Name
    units: Units
    function: DieFunction
    process: Process
    area_um2: QuantityClaim
    density_per_mm2: AmountClaim
    gds_transistors: AmountClaim


class DeterminedPackage(Model):
    """The attester's own facts about the package."""

    attester_packages: BooleanClaim
    site_country: CountryClaim
    hbm: BooleanClaim
    memories: Memories


class ListedMapping(Model):
    """The signed mapping of the designer to a listed company; confirmed, it names the company."""

    confirmed: BooleanClaim
    listed_name: NameOrNone
    reference: NameOrNone

    @model_validator(mode="after")
    def _names_what_it_confirms(self) -> Self:
        confirmed = isinstance(self.confirmed, Known) and self.confirmed.value
        if confirmed and not (self.listed_name and self.reference):
            raise ValueError("a confirmed mapping names the company and the reference")
        return self


class DeterminedStatus(Model):
    """What the attester knows about the designer's status."""

    listed_mapping: ListedMapping


class Determination(Model):
    """The predicate in which a fabricator or an OSAT attests its own facts (SPEC 5)."""

    must_understand: MustUnderstand
    audience: PartyId
    validity: Validity
    signer: Signer
    declaration: Digest
    attester_role: Literal["front-end-fabricator", "osat"]
    dies: Annotated[Array[DeterminedDie], Field(min_length=1, max_length=64)]
    aatc_transistors: AmountClaim
    package: DeterminedPackage
    designer_status: DeterminedStatus
    completion_date: Maybe[Day] = None


class Evidence(Model):
    """A document that a reviewer looked at."""

    sha256: HexSha256
    describes: Text


class ClearedHit(Model):
    """A hit that is shown to be another party, and the last day on which that holds."""

    party: Digest
    entry: Digest
    until: Day


class Review(Model):
    """The predicate in which people act on a HOLD (SPEC 11)."""

    must_understand: MustUnderstand
    decision: Digest
    action: Literal["release", "refuse", "ask"]
    reason_code: Identifier
    reason: Text
    evidence: Annotated[Array[Evidence], Field(max_length=64)]
    clears: Maybe[Annotated[Array[ClearedHit], Field(min_length=1, max_length=256)]] = None
    reviewed_at: Instant
