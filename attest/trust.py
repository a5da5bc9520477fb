"""The trust snapshot: everything outside a submission that a decision rests on (SPEC 9).

A snapshot names its documents by digest. `load_trust` takes it together with the bodies and returns
it only when each body is the one named, so a decision can be made again years later from the same
bytes and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import KeyRing, Opened
from attest.errors import InputError, TrustError
from attest.mandate import NOTHING, Mandate, open_mandate
from attest.models import EnrolledParty, Keyset, TrustDocument, parse
from attest.rules.pack import Pack, compile_pack
from attest.screening.names import Used
from attest.screening.screener import Screener

STANDING: Final = ("keyset", "list", "mandate", "pack")
"""Kinds of entries that a trust snapshot rests on and that a decision under it names."""


@dataclass(frozen=True)
class Trust:
    """An opened trust snapshot.

    `exporter` is the foundry's own role in the words of the facts; `packs` stand law first, then by
    identifier; `documents` are the digests that the snapshot names, by kind of entry, `keysets`
    those of the keysets by party. `lists` are those against which parties are screened, None where
    none are.
    """

    digest: str
    documents: Mapping[str, tuple[str, ...]]
    keysets: Mapping[str, str]
    foundry: EnrolledParty
    mode: str
    review_threshold: int
    ring: KeyRing
    packs: tuple[Pack, ...]
    lists: Screener | None = None
    mandate: Mandate = NOTHING

    @property
    def exporter(self) -> str:
        """`front-end-fabricator`, `osat` or `other` (15 CFR 772.1 names the first two)."""
        if "foundry" in self.foundry.roles:
            return "front-end-fabricator"
        return "osat" if "osat" in self.foundry.roles else "other"


def make_trust(
    *,
    foundry: str,
    mode: str,
    review_threshold: int,
    keysets: Mapping[str, bytes],
    packs: Mapping[str, bytes],
    lists: Iterable[str] = (),
    mandate: bytes | None = None,
) -> bytes:
    """Write a trust snapshot over keysets, packs and lists, all by digest, and a mandate."""
    screened = {"lists": sorted(lists)} if lists else {}
    return encoding.canonical(
        {
            **screened,
            "v": 1,
            "foundry": foundry,
            "mode": mode,
            "review_threshold": review_threshold,
            "keysets": sorted(keysets),
            "packs": sorted(packs),
            **({} if mandate is None else {"mandate": encoding.digest(mandate)}),
            "schemas": sorted(schemas.schema_digest(name) for name in schemas.SCHEMAS),
        }
    )


def load_trust(raw: bytes, bodies: Mapping[str, bytes]) -> Trust:
    """Open a trust snapshot with the bodies of its keysets, packs, lists and mandate, by digest.

    The lists are opened when something is screened: until then their bodies may be missing.

    Raises:
        InputError: the snapshot, a keyset or the mandate is not of its schema, a key or a
            certificate is malformed.
        TrustError: trust-incomplete (a body is missing or another one, a schema is not one of
            this version's, the foundry has no keyset, a key stands twice); what `open_mandate`
            and `open_path` raise.
        RuleError: a pack is broken.
    """
    document = _read("trust", raw, limits.KEYSET_BYTES_MAX)
    model = parse(TrustDocument, document)
    for name in ("keysets", "packs", "schemas", "lists"):
        if document.get(name, []) != sorted(set(document.get(name, []))):
            raise InputError("schema-violation", "not sorted", pointer=f"/{name}")
    known = {schemas.schema_digest(name) for name in schemas.SCHEMAS}
    if not set(model.schemas) <= known:
        raise TrustError("trust-incomplete", "a schema is not one that this version has")
    keysets = [open_keyset(_body(bodies, name)) for name in model.keysets]
    parties = {keyset.party.id: keyset.party for keyset in keysets}
    if len(parties) != len(keysets):
        raise TrustError("trust-incomplete", "two keysets are of one party")
    if model.foundry not in parties:
        raise TrustError("trust-incomplete", "the foundry has no keyset")
    packs = [open_pack(_body(bodies, name)) for name in model.packs]
    if len({pack.id for pack in packs}) != len(packs):
        raise TrustError("trust-incomplete", "two editions of one pack")
    named = () if model.mandate is None else (model.mandate,)
    mandate = open_mandate(_body(bodies, model.mandate)) if model.mandate else NOTHING
    return Trust(
        digest=encoding.digest(raw),
        documents={
            "keyset": model.keysets,
            "mandate": named,
            "pack": model.packs,
            "schema": model.schemas,
            "list": model.lists or (),
        },
        keysets=dict(zip(parties, model.keysets, strict=True)),
        foundry=parties[model.foundry],
        mode=model.mode,
        review_threshold=model.review_threshold,
        ring=KeyRing.of(keysets, mandate.anchors),
        packs=tuple(sorted(packs, key=lambda pack: (pack.layer != "law", pack.id))),
        lists=None if model.lists is None else Screener(model.lists, bodies),
        mandate=mandate,
    )


def open_lists(trust: Trust) -> tuple[Used, ...]:
    """Open the lists of a trust snapshot, so that no decision has to; returns which they are.

    Raises:
        TrustError: trust-incomplete (a list is missing, or another one).
        InputError: a list is not of its schema; two are of one list.
    """
    return () if trust.lists is None else trust.lists.index.used


def people_of(opened: Opened, trust: Trust) -> tuple[str, ...]:
    """The people of the foundry who signed an envelope, as many as its policy asks for.

    Raises:
        TrustError: role-not-permitted (somebody signs for another party), too-few-signers.
    """
    if any(key.party != trust.foundry for key in opened.signers):
        raise TrustError("role-not-permitted", "the signers sign for the deciding foundry")
    holders = sorted({key.record.holder.name for key in opened.signers})
    if len(holders) < trust.review_threshold:
        raise TrustError(
            "too-few-signers", f"the policy asks for {trust.review_threshold} different people"
        )
    return tuple(holders)


def open_keyset(raw: bytes) -> Keyset:
    """Open a keyset (SPEC 7).

    Raises:
        InputError: not JSON of its schema.
    """
    return parse(Keyset, _read("keyset", raw, limits.KEYSET_BYTES_MAX))


@lru_cache(maxsize=16)
def open_pack(raw: bytes) -> Pack:
    """Compile a pack, once: a pure function of its bytes that costs more than many decisions.

    Raises:
        RuleError: the pack is broken, or needs another engine.
        InputError: not JSON.
    """
    return compile_pack(raw)


def _body(bodies: Mapping[str, bytes], name: str) -> bytes:
    body = bodies.get(name)
    if body is None or encoding.digest(body) != name:
        raise TrustError("trust-incomplete", "a document that the snapshot names is missing")
    return body


def _read(schema: str, raw: bytes, bytes_max: int) -> Json:
    document = encoding.loads(raw, bytes_max=bytes_max)
    schemas.validate(schema, document)
    return document
