"""The documents as Python objects: strict, frozen mirrors of the JSON Schemas.

The schema decides whether a document is valid; the model gives its values types (`datetime.date`,
aware `datetime`, tuples, claims). The two accept the same documents (tests/test_agreement.py), so a
model that refuses what its schema accepted is a defect of this program, never of the sender.

>>> review = {
...     "must_understand": [], "decision": "sha256:" + "0" * 64, "action": "ask",
...     "reason_code": "site", "reason": "Which site packages?", "evidence": [],
...     "reviewed_at": "2026-11-24T14:00:00Z",
... }
>>> parse(Review, review).reviewed_at.year
2026
>>> dump(parse(Review, review)) == review
True
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from attest.encoding import Json
from attest.errors import InternalError
from attest.models.decision import (
    Acknowledgement,
    Activation,
    DecidedPack,
    DecidedSigner,
    DecidedStatement,
    Decision,
    Finding,
    Flag,
    Problem,
    Refusal,
    UsedSize,
    UsedTest,
    WitnessPolicy,
)
from attest.models.lists import ListDocument
from attest.models.records import (
    CaseFile,
    Compromised,
    ConfidentialBody,
    Ended,
    EnrolledParty,
    Entry,
    Envelope,
    KeyRecord,
    Keyset,
    KeysetChange,
    MandateDocument,
    MisbehaviourDocument,
    NewKey,
    PlainProof,
    Proof,
    PublicBody,
    Requirement,
    Revocation,
    RevokedKey,
    SaltedProof,
    Signature,
    Submission,
    TrustDocument,
)
from attest.models.statements import (
    ACKNOWLEDGEMENT_TYPE,
    ACTIVATION_TYPE,
    DECISION_TYPE,
    DECLARATION_TYPE,
    DETERMINATION_TYPE,
    IN_TOTO_PAYLOAD,
    KEYSET_CHANGE_TYPE,
    POLICY_TYPE,
    REVIEW_TYPE,
    STATEMENT_TYPE,
    Agreed,
    Declaration,
    DeclaredParty,
    DeclaredShipment,
    DeniedApplication,
    Design,
    DesignerStatus,
    Determination,
    DeterminedDie,
    DeterminedPackage,
    DeterminedStatus,
    Die,
    Evidence,
    FiledApplication,
    KnownPerformance,
    ListedMapping,
    Memory,
    NoApplication,
    NotAgreed,
    Package,
    Precision,
    Process,
    Product,
    RegistrationId,
    Review,
    Statement,
    Subject,
    SubjectDigest,
    TransistorCount,
    UnknownTransistors,
)
from attest.models.values import Known, Model, Signer, Unknown, Validity

__all__ = [
    "POLICY_TYPE",
    "WitnessPolicy",
    "ACKNOWLEDGEMENT_TYPE",
    "Acknowledgement",
    "ACTIVATION_TYPE",
    "Activation",
    "Agreed",
    "CaseFile",
    "Compromised",
    "ConfidentialBody",
    "DECISION_TYPE",
    "DECLARATION_TYPE",
    "DETERMINATION_TYPE",
    "DecidedPack",
    "DecidedSigner",
    "DecidedStatement",
    "Decision",
    "Declaration",
    "DeclaredParty",
    "DeclaredShipment",
    "DeniedApplication",
    "Design",
    "DesignerStatus",
    "Determination",
    "DeterminedDie",
    "DeterminedPackage",
    "DeterminedStatus",
    "Die",
    "Ended",
    "EnrolledParty",
    "Entry",
    "Envelope",
    "Evidence",
    "FiledApplication",
    "Finding",
    "Flag",
    "IN_TOTO_PAYLOAD",
    "KEYSET_CHANGE_TYPE",
    "KeyRecord",
    "Keyset",
    "KeysetChange",
    "Known",
    "KnownPerformance",
    "ListDocument",
    "ListedMapping",
    "MandateDocument",
    "Memory",
    "MisbehaviourDocument",
    "Model",
    "NewKey",
    "NoApplication",
    "NotAgreed",
    "Package",
    "PlainProof",
    "Precision",
    "Problem",
    "Process",
    "Product",
    "Proof",
    "PublicBody",
    "REVIEW_TYPE",
    "Refusal",
    "Requirement",
    "Revocation",
    "RevokedKey",
    "RegistrationId",
    "Review",
    "STATEMENT_TYPE",
    "SaltedProof",
    "Signature",
    "Signer",
    "Statement",
    "Subject",
    "SubjectDigest",
    "Submission",
    "TransistorCount",
    "TrustDocument",
    "Unknown",
    "UnknownTransistors",
    "UsedSize",
    "UsedTest",
    "Validity",
    "dump",
    "parse",
]

M = TypeVar("M", bound=Model)


def parse(model: type[M], document: Json) -> M:
    """A document that has passed its schema, as an object.

    Raises:
        InternalError: internal (the model disagrees with the schema).
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        reason = error.errors(include_input=False, include_context=False)[0]["type"]
        raise InternalError(
            "internal", f"{model.__name__} refuses what its schema accepts ({reason})"
        ) from None


def dump(model: Model) -> Json:
    """The document of a model; what is absent stays absent, so `parse`, `dump` changes nothing."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
