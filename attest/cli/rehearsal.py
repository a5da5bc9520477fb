"""Deciding before signing: the real `decide`, with throw-away keys in the place of the real ones.

What a foundry will say to a set of statements is found by the code that will say it. The names of
the parties come from the declaration; their keys are made for the moment and forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attest import encoding
from attest.cli.contents import Found
from attest.decision import decide
from attest.encoding import Json
from attest.envelope import KeyRing, bundle, seal
from attest.errors import InputError
from attest.keys import ED25519
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, Keyset, parse
from attest.rules.pack import Pack
from attest.signing import KeySigner, generate_private_key, signer_of
from attest.trust import Trust

PARTY_ROLE: Final[Mapping[str, str]] = {"front-end-fabricator": "foundry", "osat": "osat"}
"""The role of the party that signs a determination, by its attester role."""
NOBODY: Final = "nobody named"
"""The legal name of a party that a declaration does not name."""
_NOWHERE: Final = "AQ"
"""A keyset names a country; no rule looks at it, and nobody has a seat in Antarctica."""


@dataclass(frozen=True)
class _Cast:
    """A stand-in for a party: its signer and its keyset."""

    signer: KeySigner
    keyset: Keyset


def rehearse(
    declaration: Found,
    determinations: Sequence[Found],
    *,
    packs: Sequence[Pack],
    mode: str,
    exporter: str,
    at: dt.datetime,
    completion: dt.date | None,
) -> Json:
    """The predicate of the decision that these statements would get (SPEC 10).

    Args:
        completion: another day of completion than the statements name.

    Raises:
        InputError: the statements make no submission.
    """
    declared, determined = _moved(declaration, determinations, completion)
    names = {party["role"]: party["name"] for party in declared["predicate"]["parties"]}
    audience = declared["predicate"]["audience"]
    casts = {
        role: _cast(audience if role == exporter else f"rehearsal-{kind}", names, kind, at)
        for role, kind in PARTY_ROLE.items()
    }
    designer = _cast("rehearsal-designer", names, "designer", at)
    foundry = casts.get(exporter) or _cast(audience, names, "auditor", at)
    envelopes = [seal(encoding.canonical(declared), [designer.signer])] + [
        seal(encoding.canonical(each), [casts[each["predicate"]["attester_role"]].signer])
        for each in determined
    ]
    keysets = {cast.keyset.party.id: cast.keyset for cast in (*casts.values(), designer, foundry)}
    trust = Trust(
        digest=encoding.digest(b""),
        documents={},
        keysets={},
        foundry=foundry.keyset.party,
        mode=mode,
        review_threshold=2,
        ring=KeyRing.of(keysets.values()),
        packs=tuple(sorted(packs, key=lambda pack: (pack.layer != "law", pack.id))),
    )
    decided = decide(bundle(envelopes), trust=trust, at=at)
    return encoding.loads(decided.payload)["predicate"]


def _moved(
    declaration: Found, determinations: Sequence[Found], completion: dt.date | None
) -> tuple[Json, list[Json]]:
    """The statements on another day of completion, still linked to each other."""
    declared = declaration.statement
    if completion is not None:
        day = {"planned_completion_date": completion.isoformat()}
        declared = {**declared, "predicate": {**declared["predicate"], **day}}
    link = encoding.digest(encoding.canonical(declared))
    moved = []
    for each in determinations:
        predicate = dict(each.statement["predicate"])
        if predicate["declaration"] == declaration.digest:
            predicate["declaration"] = link
        if completion is not None and "completion_date" in predicate:
            predicate["completion_date"] = completion.isoformat()
        moved.append({**each.statement, "predicate": predicate})
    return declared, moved


def _cast(identifier: str, names: Mapping[str, str], role: str, at: dt.datetime) -> _Cast:
    name = names.get(role, NOBODY)
    signer = signer_of(generate_private_key(ED25519))
    record = {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encoding.encode_base64(signer.public.spki),
        "purpose": "statement",
        "holder": {"name": "rehearsal", "title": "rehearsal"},
        "valid_from": encoding.format_instant(at),
        "valid_until": encoding.format_instant(at),
    }
    party = {
        "id": identifier,
        "legal_name": name,
        "name_latin": name,
        "country": _NOWHERE,
        "roles": [role],
    }
    return _Cast(signer, parse(Keyset, {"v": 1, "party": party, "keys": [record]}))


def one_declaration(statements: Sequence[Found]) -> tuple[Found, list[Found]]:
    """Split statements into the declaration and its determinations.

    Raises:
        InputError: not-a-submission.
    """
    kinds = [each.statement["predicateType"] for each in statements]
    if kinds.count(DECLARATION_TYPE) != 1 or {*kinds} - {DECLARATION_TYPE, DETERMINATION_TYPE}:
        raise InputError("not-a-submission", "name one declaration with its determinations")
    position = kinds.index(DECLARATION_TYPE)
    return statements[position], [*statements[:position], *statements[position + 1 :]]
