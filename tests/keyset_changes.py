"""Changes of the simulated world's keysets, as people of the foundry sign them (SPEC 9.3)."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from attest.encoding import Json, canonical, digest, encode_base64, format_instant, loads
from attest.envelope import seal
from attest.keyset_change import keyset_change
from attest.models import KEYSET_CHANGE_TYPE
from attest.signing import KeySigner
from tests.world import NOW, Actor, World, derived_signer, key_record, statement

AT: Final = format_instant(NOW)
THIRD = derived_signer("reviewer three")
NEXT = derived_signer("next key")


def revoked(reason: str = "superseded", at: str = AT, **more: str) -> Json:
    """What a record says of its revocation."""
    return {"reason": reason, "at": at, **more}


COMPROMISED: Final = revoked("compromised", suspect_from="2026-10-01T00:00:00Z")


def changed(change: Callable[[World], None], world: World) -> World:
    """A world like another, with something changed."""
    after = copy.deepcopy(world)
    change(after)
    return after


def enrol(world: World) -> None:
    """A designer comes."""
    world.actors.append(Actor("newcomer", "Newcomer Design Inc.", ("designer",)))


def add_key(world: World) -> None:
    """The designer has a second key."""
    world.designer.extra_keys.append(key_record(NEXT))


def revoke(world: World) -> None:
    """The designer's first key was stolen."""
    world.designer.revoked[world.designer.signer.keyid] = COMPROMISED


def rotate(world: World) -> None:
    """The designer's second key takes the place of the first."""
    add_key(world)
    world.designer.revoked[world.designer.signer.keyid] = revoked()


def new_reviewer(world: World) -> None:
    """A third reviewer comes, the first one goes."""
    world.foundry.extra_keys.append(key_record(THIRD, "review", "Kai Ito"))
    world.foundry.revoked[world.reviewers[0].keyid] = revoked("retired")


def signed_change(
    before: World,
    after: World,
    *,
    signers: Sequence[KeySigner] | None = None,
    changed_at: dt.datetime = NOW,
    subject: bytes | None = None,
    kind: str = KEYSET_CHANGE_TYPE,
    name: str = "trust",
    **changes: Json,
) -> bytes:
    """A sealed change from the keysets of one world to those of another."""
    old, new = ({each.id: each.keyset() for each in world.actors} for world in (before, after))
    parties = [party for party, raw in new.items() if old.get(party) != raw]
    predicate, snapshot = keyset_change(
        loads(before.trust_bytes()),
        before=[old[party] for party in parties if party in old],
        after=[new[party] for party in parties],
        reason="The people named in the record confirmed it.",
        changed_at=changed_at,
    )
    return _sealed(
        {**predicate, **changes}, subject or snapshot, signers or before.reviewers, kind, name
    )


def forced_change(before: World, after: World) -> bytes:
    """The same for what `keyset_change` refuses to make: the statement says what is done."""
    old, new = (world.trust() for world in (before, after))
    written = [
        each.keyset() for each in after.actors if old.keysets.get(each.id) != digest(each.keyset())
    ]
    revocations = {keyid: said for each in after.actors for keyid, said in each.revoked.items()}
    predicate: Json = {
        "must_understand": [],
        "replaces": old.digest,
        "keysets": [encode_base64(raw) for raw in written or [after.designer.keyset()]],
        "enrolled": [],
        "revoked": [
            {"party": key.party.id, "keyid": keyid, "revoked": revocations[keyid]}
            for keyid, key in new.ring.keys.items()
            if key.record.revoked not in (None, old.ring.keys[keyid].record.revoked)
        ],
        "reason": "Whatever it takes.",
        "changed_at": AT,
    }
    return _sealed(predicate, after.trust_bytes(), before.reviewers, KEYSET_CHANGE_TYPE, "trust")


def _sealed(
    predicate: Json, snapshot: bytes, signers: Sequence[KeySigner], kind: str, name: str
) -> bytes:
    subject = [{"name": name, "digest": {"sha256": digest(snapshot).removeprefix("sha256:")}}]
    return seal(statement(kind, loads(canonical(predicate)), subject=subject), signers)
