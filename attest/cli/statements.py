"""Statements around predicates (SPEC 3), each held to its schema before anyone sees it.

>>> try:
...     declaration_statement({"must_understand": []})
... except InputError as error:
...     error.code, error.pointer
('schema-violation', '/predicate')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attest import encoding, limits, schemas
from attest.activation import snapshot_after
from attest.encoding import Json
from attest.errors import InputError
from attest.keyset_change import keyset_change
from attest.log.policy import parse_policy
from attest.models import (
    ACKNOWLEDGEMENT_TYPE,
    ACTIVATION_TYPE,
    DECISION_TYPE,
    DECLARATION_TYPE,
    DETERMINATION_TYPE,
    KEYSET_CHANGE_TYPE,
    POLICY_TYPE,
    REVIEW_TYPE,
    STATEMENT_TYPE,
)
from attest.screening.names import Used
from attest.witnessing import text_of

SCHEMA_OF: Final[Mapping[str, str]] = {
    DECLARATION_TYPE: "declaration",
    DETERMINATION_TYPE: "determination",
    DECISION_TYPE: "decision",
    REVIEW_TYPE: "review",
    ACKNOWLEDGEMENT_TYPE: "acknowledgement",
    ACTIVATION_TYPE: "activation",
    KEYSET_CHANGE_TYPE: "keyset-change",
    POLICY_TYPE: "policy",
}
"""The predicate types and the names of their schemas."""


def declaration_statement(predicate: Mapping[str, Json]) -> dict[str, Json]:
    """The statement that makes a declaration; its subject are the designs that it names.

    Raises:
        InputError: schema-violation and the codes of `encoding.loads` for text and numbers.
    """
    checked = _checked("declaration", predicate)
    subject = [
        {"name": checked["product"]["tape_out_id"], "digest": {"sha256": design["sha256"]}}
        for design in checked["design"]
    ]
    return _statement(DECLARATION_TYPE, subject, checked)


def determination_statement(
    predicate: Mapping[str, Json], *, declaration: bytes
) -> dict[str, Json]:
    """The statement that makes a determination, linked to the payload of its declaration.

    Raises:
        InputError: schema-violation and the codes of `encoding.loads` for text and numbers.
    """
    declared = check_statement(encoding.loads(declaration), DECLARATION_TYPE)
    checked = _checked("determination", {**predicate, "declaration": encoding.digest(declaration)})
    return _statement(DETERMINATION_TYPE, declared["subject"], checked)


def review_statement(
    *,
    decision: bytes,
    action: str,
    reason_code: str,
    reason: str,
    evidence: list[Json],
    reviewed_at: dt.datetime,
    clears: Mapping[int, dt.date] | None = None,
) -> dict[str, Json]:
    """The statement that reviews the decision with that payload (SPEC 11).

    `clears` are hits of the decision by number, from 1, with the last day on which they are
    cleared.

    Raises:
        InputError: schema-violation and the codes of `encoding.loads` for text; not-found (the
            decision has no hit of that number).
    """
    decided = check_statement(
        encoding.loads(decision, bytes_max=limits.CASEFILE_BYTES_MAX), DECISION_TYPE
    )
    checked = _checked(
        "review",
        {
            "must_understand": [],
            "decision": encoding.digest(decision),
            "action": action,
            "reason_code": reason_code,
            "reason": reason,
            "evidence": evidence,
            **_cleared(decided["predicate"], clears or {}),
            "reviewed_at": encoding.format_instant(reviewed_at),
        },
    )
    return _statement(REVIEW_TYPE, decided["subject"], checked)


def _cleared(decided: Json, clears: Mapping[int, dt.date]) -> dict[str, Json]:
    hits = decided["screening"]["hits"] if "screening" in decided else []
    if not all(1 <= number <= len(hits) for number in clears):
        raise InputError("not-found", f"the decision has {len(hits)} hits, numbered from 1")
    pairs = [
        {
            "party": hits[number - 1]["party"],
            "entry": hits[number - 1]["entry"],
            "until": until.isoformat(),
        }
        for number, until in clears.items()
    ]
    return {"clears": pairs} if pairs else {}


def activation_statement(
    *,
    before: Json,
    packs: Mapping[str, tuple[str, str]],
    lists: Iterable[Used] = (),
    mode: str,
    mandate: str | None = None,
    reason: str,
    activated_at: dt.datetime,
) -> tuple[dict[str, Json], bytes]:
    """The statement that puts packs in force after a trust snapshot, and the next snapshot.

    `before` is the document of the active snapshot; `packs` maps digests to (id, edition). Its
    lists stay where no `lists` are given, and its mandate where no other one (a digest) is.

    Raises:
        InputError: schema-violation and the codes of `encoding.loads` for text.
    """
    used = sorted(lists)
    snapshot = snapshot_after(
        before, packs=packs, mode=mode, lists=[each.digest for each in used], mandate=mandate
    )
    screened = [{**each._asdict(), "as_of": each.as_of.isoformat()} for each in used]
    checked = _checked(
        "activation",
        {
            "must_understand": [],
            "replaces": encoding.digest(encoding.canonical(before)),
            "mode": mode,
            "packs": sorted(
                (
                    {"id": name, "edition": edition, "digest": digest}
                    for digest, (name, edition) in packs.items()
                ),
                key=lambda pack: pack["id"],
            ),
            **({"lists": screened} if screened else {}),
            **({} if mandate is None else {"mandate": mandate}),
            "reason": reason,
            "activated_at": encoding.format_instant(activated_at),
        },
    )
    return _statement(ACTIVATION_TYPE, _trust(snapshot), checked), snapshot


def keyset_change_statement(
    snapshot: Json,
    *,
    before: Sequence[bytes],
    after: Sequence[bytes],
    reason: str,
    changed_at: dt.datetime,
) -> dict[str, Json]:
    """The statement that changes the keysets of a trust snapshot, as `keyset_change` takes them.

    Raises:
        InputError, TrustError: what `keyset_change` raises; schema-violation and the codes of
            `encoding.loads` for text.
    """
    predicate, changed = keyset_change(
        snapshot, before=before, after=after, reason=reason, changed_at=changed_at
    )
    checked = _checked("keyset-change", predicate)
    return _statement(KEYSET_CHANGE_TYPE, _trust(changed), checked)


def _trust(snapshot: bytes) -> list[Json]:
    digest = encoding.digest(snapshot).removeprefix("sha256:")
    return [{"name": "trust", "digest": {"sha256": digest}}]


def policy_statement(
    *,
    origin: str,
    text: str,
    valid_from: dt.datetime,
    valid_until: dt.datetime,
    reason: str,
) -> dict[str, Json]:
    """The statement that names the witnesses of a log for a time (SPEC 13.6).

    Raises:
        InputError: policy-malformed, schema-violation and the codes of `encoding.loads` for text.
    """
    parse_policy(text)
    checked = _checked(
        "policy",
        {
            "must_understand": [],
            "origin": origin,
            "lines": text.replace("\t", " ").rstrip("\n").split("\n"),
            "valid_from": encoding.format_instant(valid_from),
            "valid_until": encoding.format_instant(valid_until),
            "reason": reason,
        },
    )
    digest = encoding.digest(text_of(checked["lines"]).encode()).removeprefix("sha256:")
    return _statement(POLICY_TYPE, [{"name": "policy", "digest": {"sha256": digest}}], checked)


def check_statement(document: Json, predicate_type: str | None = None) -> dict[str, Json]:
    """Hold a statement of ours to its schemas and return it.

    Raises:
        InputError: schema-violation, unknown-predicate-type (also when another type was expected).
    """
    schemas.validate("statement", document)
    kind = document["predicateType"]
    if kind not in SCHEMA_OF or predicate_type not in (None, kind):
        expected = "a statement of ours" if predicate_type is None else SCHEMA_OF[predicate_type]
        raise InputError("unknown-predicate-type", f"expected {expected}", pointer="/predicateType")
    _validated(SCHEMA_OF[kind], document["predicate"])
    statement: dict[str, Json] = document
    return statement


def _checked(schema: str, predicate: Mapping[str, Json]) -> dict[str, Json]:
    checked: dict[str, Json] = encoding.loads(
        encoding.canonical(dict(predicate)), string_bytes_max=limits.SUBMISSION_BYTES_MAX
    )
    _validated(schema, checked)
    return checked


def _validated(schema: str, predicate: Json) -> None:
    try:
        schemas.validate(schema, predicate)
    except InputError as error:
        pointer = f"/predicate{error.pointer or ''}"
        raise InputError(error.code, error.detail, pointer=pointer) from None


def _statement(
    predicate_type: str, subject: list[Json], predicate: dict[str, Json]
) -> dict[str, Json]:
    document = {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    schemas.validate("statement", document)
    return document
