"""What a submission brings: its envelopes, their statements, the claims in them (SPEC 10, 1 to 5).

Bytes of the usual spelling are read fast and held to their schemas. All others, and whatever a
schema refuses, are read strictly from the start, and refused with what the strict reader says:

>>> read_statement(b'{"_type": "x"}')
Traceback (most recent call last):
attest.errors.InputError: schema-violation at /_type: const: expected \
"https://in-toto.io/Statement/v1"
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import Opened
from attest.errors import InputError, InternalError
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, EnrolledParty

PREDICATES = {DECLARATION_TYPE: "declaration", DETERMINATION_TYPE: "determination"}
"""The schema of each predicate that a submission may hold."""


class Sealed(NamedTuple):
    """A parsed envelope, and its payload where it has been decoded."""

    document: Json
    payload: bytes | None


class Received(NamedTuple):
    """One opened statement of a submission: its claims, and from when to when it counts."""

    opened: Opened
    statement: Json
    claims: Json
    not_before: dt.datetime
    not_after: dt.datetime

    @property
    def declares(self) -> bool:
        """Whether it is a declaration; else it is a determination."""
        return bool(self.statement["predicateType"] == DECLARATION_TYPE)

    @property
    def party(self) -> EnrolledParty:
        """The party that signed it first."""
        return self.opened.signers[0].party


def read_envelopes(raw: bytes) -> list[Sealed]:
    """The envelopes of a submission (steps 1 and 2).

    Base64 that decodes is of the form that its schema asks for, which then need not search it.

    Raises:
        InputError: json-…, too-large, schema-violation.
    """
    document = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    if isinstance(document, dict) and "envelopes" not in document:
        document, schema, alone = {"envelopes": [document]}, "envelope", True
    else:
        schema, alone = "submission", False
    envelopes: Json = document["envelopes"] if isinstance(document, dict) else None
    payloads = _payloads(envelopes)
    if payloads:
        light = [{**envelope, "payload": "AAAA"} for envelope in envelopes]
        if schemas.is_valid(schema, light[0] if alone else {**document, "envelopes": light}):
            return list(map(Sealed, envelopes, payloads))
    schemas.validate(schema, envelopes[0] if alone else document)
    return [Sealed(envelope, None) for envelope in envelopes]


def _payloads(envelopes: Json) -> list[bytes]:
    """The payloads of all envelopes; none where one of them cannot be decoded."""
    payloads = []
    for envelope in envelopes if isinstance(envelopes, list) else ():
        payload = envelope.get("payload") if isinstance(envelope, dict) else None
        if not isinstance(payload, str) or not payload:
            return []
        try:
            payloads.append(encoding.decode_base64(payload, url_safe=True))
        except InputError:
            return []
    return payloads


def read_statement(payload: bytes) -> Json:
    """The statement of an opened envelope (step 4).

    Raises:
        InputError: json-…, too-large, schema-violation, unknown-predicate-type, must-understand.
    """
    statement = encoding.loads_for_schema(payload)
    if statement is encoding.OTHER or not _is_faultless(statement):
        statement = encoding.loads(payload)
        _check_statement(statement)
    return statement


def _is_faultless(statement: Json) -> bool:
    if not schemas.is_valid("statement", statement):
        return False
    kind, predicate = PREDICATES.get(statement["predicateType"]), statement["predicate"]
    return (
        kind is not None and schemas.is_valid(kind, predicate) and not predicate["must_understand"]
    )


def _check_statement(statement: Json) -> None:
    schemas.validate("statement", statement)
    kind = PREDICATES.get(statement["predicateType"])
    if kind is None:
        raise InputError(
            "unknown-predicate-type", "not a declaration or determination", pointer="/predicateType"
        )
    if statement["predicate"].get("must_understand"):
        raise InputError(
            "must-understand", "version 1 knows no extension", pointer="/predicate/must_understand"
        )
    try:
        schemas.validate(kind, statement["predicate"])
    except InputError as error:
        raise InputError(
            error.code, error.detail, pointer=f"/predicate{error.pointer or ''}"
        ) from None


def read_claims(opened: Opened, statement: Json) -> Received:
    """What deciding takes of a statement (step 5).

    Raises:
        InternalError: internal (the schema accepts what this cannot read).
    """
    claims = statement["predicate"]
    try:
        return Received(
            opened=opened,
            statement=statement,
            claims=claims,
            not_before=encoding.parse_instant(claims["validity"]["not_before"]),
            not_after=encoding.parse_instant(claims["validity"]["not_after"]),
        )
    except (InputError, KeyError):
        raise InternalError("internal", "a claim is not what its schema accepts") from None
