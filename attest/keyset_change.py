"""Changing keysets: how keys come into a log and out of it after its founding (SPEC 9.3).

    statement    subject: the new trust snapshot, by digest
    predicate    {"must_understand": [], "replaces": digest of the snapshot before,
                  "keysets": [bytes of each keyset that is new or other than before],
                  "enrolled": [{"party", "keyid", "purpose", "holder"}],
                  "revoked": [{"party", "keyid", "revoked": {"reason", "at", "suspect_from"?}}],
                  "reason", "changed_at"}
    signed by    as many people of the foundry as a review asks for, with review keys that the
                 snapshot before enrols: they are the root, of their own keyset too

What people sign is all that changes: `enrolled` and `revoked` are exactly the difference between
the two snapshots. A record never changes but by being revoked, a revoked key never counts again,
and no party leaves: whatever the log ever took for good can be looked up in its newest keysets,
but for keys whose validity has ended; compromised ones stay for ever. As a snapshot holds from its
entry on, so does a revocation: earlier entries rest on earlier snapshots and stay what they were.

>>> before = {"v": 1, "foundry": "formosa", "mode": "cfr_text", "review_threshold": 2,
...           "keysets": ["sha256:" + "3" * 64], "packs": [], "schemas": []}
>>> snapshot_with(before, out=["sha256:" + "3" * 64], keysets=["sha256:" + "1" * 64])[:56]
b'{"foundry":"formosa","keysets":["sha256:1111111111111111'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import EnrolledKey, KeyRing, open_envelope
from attest.errors import InputError, TrustError
from attest.models import (
    KEYSET_CHANGE_TYPE,
    Compromised,
    KeyRecord,
    KeysetChange,
    NewKey,
    Revocation,
    RevokedKey,
    dump,
    parse,
)
from attest.trust import Trust, open_keyset, people_of

REVIEW: Final = "review"


@dataclass(frozen=True)
class OpenedKeysetChange:
    """A keyset change whose signatures and threshold hold, received `at` an instant.

    `keysets` are its documents by digest, `parties` the digests by party; `digest` is that of its
    statement, `snapshot` that of the trust snapshot that it puts in force; `holders` are the people
    who signed.
    """

    change: KeysetChange
    at: dt.datetime
    keysets: Mapping[str, bytes]
    parties: Mapping[str, str]
    digest: str
    snapshot: str
    holders: tuple[str, ...]


def snapshot_with(before: Json, *, out: Iterable[str], keysets: Iterable[str]) -> bytes:
    """The trust snapshot that follows another: some keysets (digests) out, others in.

    `before` is the document of the snapshot that is active.
    """
    return encoding.canonical(
        {
            **before,
            "keysets": sorted({*before["keysets"]} - {*out} | {*keysets}),
            "schemas": sorted(schemas.schema_digest(name) for name in schemas.SCHEMAS),
        }
    )


def keyset_change(
    snapshot: Json,
    *,
    before: Sequence[bytes],
    after: Sequence[bytes],
    reason: str,
    changed_at: dt.datetime,
) -> tuple[dict[str, Json], bytes]:
    """The predicate of a change, and the snapshot that it puts in force.

    Args:
        snapshot: the document of the active trust snapshot.
        before: the enrolled keysets of those parties of `after` that are enrolled.
        after: the keysets as they shall be.

    Raises:
        InputError: a keyset is not of its schema, key-malformed.
        TrustError: trust-incomplete (a keyset of `before` is not one of the snapshot's, a record
            is wrong), keyset-change-not-possible.
    """
    out = [encoding.digest(raw) for raw in before]
    if not set(out) <= set(snapshot["keysets"]):
        raise TrustError("trust-incomplete", "a keyset is not one that the snapshot names")
    rings = [KeyRing.of(map(open_keyset, raws)) for raws in (before, after)]
    _check_kept(*rings, at=changed_at)
    enrolled, revoked = _difference(*rings)
    changed = snapshot_with(snapshot, out=out, keysets=map(encoding.digest, after))
    predicate = {
        "must_understand": [],
        "replaces": encoding.digest(encoding.canonical(snapshot)),
        "keysets": [encoding.encode_base64(raw) for raw in after],
        "enrolled": [dump(each) for each in enrolled],
        "revoked": [dump(each) for each in revoked],
        "reason": reason,
        "changed_at": encoding.format_instant(changed_at),
    }
    return predicate, changed


def open_keyset_change(raw: bytes, *, trust: Trust, at: dt.datetime) -> OpenedKeysetChange:
    """Open a keyset change under the trust that it replaces.

    Raises:
        InputError: the bytes are not an envelope, statement or keyset change of their schemas, or
            one of its keysets is none.
        TrustError: the signatures do not hold or are not those that the mandate asks of an
            activation, too-few-signers, role-not-permitted, keyset-change-not-possible (it
            replaces another snapshot, it has two keysets of a party), not-yet-valid.
    """
    envelope = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    schemas.validate("envelope", envelope)
    opened = open_envelope(envelope, ring=trust.ring, at=at, purpose=REVIEW)
    statement = encoding.loads(opened.payload, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    change = _read_change(statement)
    if change.replaces != trust.digest:
        raise TrustError("keyset-change-not-possible", "it replaces another trust snapshot")
    if change.changed_at > at:
        raise TrustError("not-yet-valid", "changed after it was received")
    bodies = [
        encoding.decode_base64(text, pointer=f"/predicate/keysets/{position}")
        for position, text in enumerate(change.keysets)
    ]
    holders = people_of(opened, trust)
    trust.mandate.check(opened, "activation", author=trust.foundry, at=at)
    parties = {open_keyset(body).party.id: encoding.digest(body) for body in bodies}
    if len(parties) != len(bodies):
        raise TrustError("keyset-change-not-possible", "two keysets are of one party")
    return OpenedKeysetChange(
        change=change,
        at=at,
        keysets={encoding.digest(body): body for body in bodies},
        parties=parties,
        digest=encoding.digest(opened.payload),
        snapshot=_snapshot_named(statement),
        holders=holders,
    )


def check_changed(opened: OpenedKeysetChange, *, before: Trust, after: Trust) -> None:
    """Check that a snapshot is the one that was signed, and changes what is said and nothing else.

    Raises:
        TrustError: keyset-change-not-possible.
    """
    change = opened.change
    expected = {**before.keysets, **opened.parties}
    if opened.snapshot != after.digest or expected != dict(after.keysets):
        raise TrustError(
            "keyset-change-not-possible", "the snapshot is not the one that was signed"
        )
    if _rest(before) != _rest(after):
        raise TrustError("keyset-change-not-possible", "it changes more than keysets")
    _check_kept(before.ring, after.ring, at=opened.at)
    if (change.enrolled, change.revoked) != _difference(before.ring, after.ring):
        raise TrustError(
            "keyset-change-not-possible", "the keysets change otherwise than the statement says"
        )
    if not all(_is_dated(each.revoked, change.changed_at) for each in change.revoked):
        raise TrustError(
            "keyset-change-not-possible", "a revocation is dated otherwise than the change"
        )
    if len(_root(after, opened.at)) < after.review_threshold:
        raise TrustError(
            "keyset-change-not-possible", "too few people would be left to sign the next change"
        )


def _is_dated(revocation: Revocation, at: dt.datetime) -> bool:
    suspect_from = revocation.suspect_from if isinstance(revocation, Compromised) else at
    return revocation.at == at and suspect_from <= at


def _rest(trust: Trust) -> tuple[Json, ...]:
    kept = {k: v for k, v in trust.documents.items() if k not in ("keyset", "schema")}
    return (trust.foundry.id, trust.mode, trust.review_threshold, kept)


def _root(trust: Trust, at: dt.datetime) -> set[str]:
    """The people who can sign the next act at an instant."""
    return {
        key.record.holder.name
        for key in trust.ring.keys.values()
        if key.party == trust.foundry
        and key.record.purpose == REVIEW
        and key.record.revoked is None
        and key.record.valid_from <= at <= key.record.valid_until
    }


def _check_kept(before: KeyRing, after: KeyRing, *, at: dt.datetime) -> None:
    parties = {key.party.id: key.party for key in before.keys.values()}
    if any(parties.get(key.party.id, key.party) != key.party for key in after.keys.values()):
        raise TrustError(
            "keyset-change-not-possible", "a party that changes is enrolled under a new identifier"
        )
    for keyid, key in before.keys.items():
        kept = after.keys.get(keyid)
        stays = isinstance(key.record.revoked, Compromised)
        if kept is None and key.record.valid_until < at and not stays:
            continue
        if kept is None or _unrevoked(kept) != _unrevoked(key):
            raise TrustError(
                "keyset-change-not-possible", "a key record stays as it is until its validity ends"
            )
        if key.record.revoked is not None and kept.record.revoked is None:
            raise TrustError("keyset-change-not-possible", "a revoked key never counts again")


def _unrevoked(key: EnrolledKey) -> tuple[str, KeyRecord]:
    return key.party.id, key.record.model_copy(update={"revoked": None})


def _difference(
    before: KeyRing, after: KeyRing
) -> tuple[tuple[NewKey, ...], tuple[RevokedKey, ...]]:
    enrolled = tuple(
        NewKey(
            party=key.party.id,
            keyid=keyid,
            purpose=key.record.purpose,
            holder=key.record.holder,
        )
        for keyid, key in after.keys.items()
        if keyid not in before.keys
    )
    revoked = tuple(
        RevokedKey(party=key.party.id, keyid=keyid, revoked=key.record.revoked)
        for keyid, key in after.keys.items()
        if key.record.revoked is not None
        and (keyid not in before.keys or before.keys[keyid].record.revoked != key.record.revoked)
    )
    return enrolled, revoked


def _read_change(statement: Json) -> KeysetChange:
    schemas.validate("statement", statement)
    if statement["predicateType"] != KEYSET_CHANGE_TYPE:
        raise InputError("unknown-predicate-type", "not a keyset change", pointer="/predicateType")
    if statement["predicate"].get("must_understand"):
        raise InputError("must-understand", "version 1 knows no extension")
    schemas.validate("keyset-change", statement["predicate"])
    return parse(KeysetChange, statement["predicate"])


def _snapshot_named(statement: Json) -> str:
    named = [(each["name"], each["digest"].get("sha256")) for each in statement["subject"]]
    if len(named) != 1 or named[0][0] != "trust":
        raise InputError("schema-violation", "expected one subject named trust", pointer="/subject")
    return f"sha256:{named[0][1]}"
