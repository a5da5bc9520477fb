"""Activating packs: how the rules of a log change after its founding (SPEC 9.2).

    statement    subject: the new trust snapshot, by digest
    predicate    {"must_understand": [], "replaces": digest of the snapshot before, "mode",
                  "packs": [{"id", "edition", "digest"}], "lists"?: [{"list", "as_of", "digest"}],
                  "mandate"?: digest, "reason", "activated_at"}
    signed by    as many people of the foundry as a review asks for, with review keys

An activation binds both snapshots. A snapshot can be in force a second time, so a log holds an
activation statement once. It changes the packs, the mode, the lists against which parties are
screened and the mandate; of the last two each stays where it names none. The foundry, the keysets
(`attest.keyset_change`) and the threshold stay what they were.

>>> snapshot_after(
...     {"v": 1, "foundry": "formosa", "mode": "cfr_text", "review_threshold": 2,
...      "keysets": [], "packs": ["sha256:" + "0" * 64], "schemas": []},
...     packs=["sha256:" + "2" * 64, "sha256:" + "1" * 64], mode="bis_practice",
... )[:79]
b'{"foundry":"formosa","keysets":[],"mode":"bis_practice","packs":["sha256:111111'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import InputError, TrustError
from attest.models import ACTIVATION_TYPE, Activation, parse
from attest.screening.names import Used
from attest.trust import Trust, people_of

NO_LISTS: Final[Mapping[str, Used]] = {}


@dataclass(frozen=True)
class OpenedActivation:
    """An activation whose signatures and threshold hold.

    `digest` is that of its statement, `snapshot` that of the trust snapshot that it puts in force;
    `holders` are the people who signed.
    """

    activation: Activation
    digest: str
    snapshot: str
    holders: tuple[str, ...]


def snapshot_after(
    before: Json,
    *,
    packs: Iterable[str],
    mode: str,
    lists: Iterable[str] = (),
    mandate: str | None = None,
) -> bytes:
    """The trust snapshot that follows another, with these packs and lists (digests) and this mode.

    `before` is the document of the snapshot that is active; its lists stay where none are given,
    and its mandate where no other one (a digest) is.
    """
    screened = sorted(lists)
    return encoding.canonical(
        {
            **before,
            **({"lists": screened} if screened else {}),
            **({} if mandate is None else {"mandate": mandate}),
            "mode": mode,
            "packs": sorted(packs),
            "schemas": sorted(schemas.schema_digest(name) for name in schemas.SCHEMAS),
        }
    )


def open_activation(raw: bytes, *, trust: Trust, at: dt.datetime) -> OpenedActivation:
    """Open an activation under the trust that it replaces.

    Raises:
        InputError: the bytes are not an envelope, statement or activation of their schemas.
        TrustError: the signatures do not hold or are not those of the mandate, too-few-signers,
            role-not-permitted, activation-not-possible (it replaces another snapshot),
            not-yet-valid.
    """
    envelope = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    schemas.validate("envelope", envelope)
    opened = open_envelope(envelope, ring=trust.ring, at=at, purpose="review")
    statement = encoding.loads(opened.payload)
    activation = _read_activation(statement)
    if activation.replaces != trust.digest:
        raise TrustError("activation-not-possible", "it replaces another trust snapshot")
    if activation.activated_at > at:
        raise TrustError("not-yet-valid", "activated after it was received")
    holders = people_of(opened, trust)
    trust.mandate.check(opened, "activation", author=trust.foundry, at=at)
    return OpenedActivation(
        activation=activation,
        digest=encoding.digest(opened.payload),
        snapshot=_snapshot_named(statement),
        holders=holders,
    )


def check_activated(
    opened: OpenedActivation, *, before: Trust, after: Trust, lists: Mapping[str, Used] = NO_LISTS
) -> None:
    """Check that a snapshot is the one that was activated, and changes nothing else.

    `lists` says of digests which lists they are, of which day.

    Raises:
        TrustError: activation-not-possible.
    """
    activation = opened.activation
    named = sorted((pack.id, pack.edition.isoformat(), pack.digest) for pack in activation.packs)
    active = sorted((pack.id, pack.edition, pack.digest) for pack in after.packs)
    if (opened.snapshot, activation.mode, named) != (after.digest, after.mode, active):
        raise TrustError(
            "activation-not-possible", "the snapshot is not the one that was activated"
        )
    screened = before.documents["list"]
    if activation.lists is not None:
        screened = tuple(sorted(each.digest for each in activation.lists))
        for each in activation.lists:
            if lists.get(each.digest) != (each.list, each.as_of, each.digest):
                raise TrustError("activation-not-possible", "a list is not what it is called")
    if after.documents["list"] != screened:
        raise TrustError("activation-not-possible", "the lists are not those that were activated")
    mandate = activation.mandate
    mandated = before.documents["mandate"] if mandate is None else (mandate,)
    if after.documents["mandate"] != mandated:
        raise TrustError("activation-not-possible", "the mandate is not the one that was activated")
    kept = [(t.foundry, t.review_threshold, t.documents["keyset"]) for t in (before, after)]
    if kept[0] != kept[1]:
        raise TrustError(
            "activation-not-possible", "it changes more than packs, mode, lists and mandate"
        )


def _read_activation(statement: Json) -> Activation:
    schemas.validate("statement", statement)
    if statement["predicateType"] != ACTIVATION_TYPE:
        raise InputError("unknown-predicate-type", "not an activation", pointer="/predicateType")
    if statement["predicate"].get("must_understand"):
        raise InputError("must-understand", "version 1 knows no extension")
    schemas.validate("activation", statement["predicate"])
    return parse(Activation, statement["predicate"])


def _snapshot_named(statement: Json) -> str:
    named = [(each["name"], each["digest"].get("sha256")) for each in statement["subject"]]
    if len(named) != 1 or named[0][0] != "trust":
        raise InputError("schema-violation", "expected one subject named trust", pointer="/subject")
    return f"sha256:{named[0][1]}"
