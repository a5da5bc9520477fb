"""Keyset changes: who may enrol and revoke keys in a log, and what is never undone (SPEC 9.3)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.encoding import Json, canonical, digest, encode_base64, loads
from attest.errors import AttestError, InputError, TrustError
from attest.keyset_change import (
    OpenedKeysetChange,
    check_changed,
    keyset_change,
    open_keyset_change,
    snapshot_with,
)
from attest.mandate import open_mandate
from attest.models import ACTIVATION_TYPE
from attest.trust import Trust, load_trust, make_trust
from tests.keyset_changes import (
    COMPROMISED,
    NEXT,
    THIRD,
    add_key,
    changed,
    enrol,
    forced_change,
    new_reviewer,
    revoked,
    rotate,
    signed_change,
)
from tests.world import NOW, World, derived_signer, key_record

WORLD = World()
TRUST = WORLD.trust()
ROTATED = changed(rotate, WORLD)
SECOND = dt.timedelta(seconds=1)
NOT_POSSIBLE = "keyset-change-not-possible"


def opened(raw: bytes, before: World = WORLD, at: dt.datetime = NOW) -> OpenedKeysetChange:
    return open_keyset_change(raw, trust=before.trust(), at=at)


def outcome(act: Callable[[], object]) -> str | None:
    """The code with which something is refused; None when it is not."""
    try:
        act()
    except AttestError as error:
        return error.code
    return None


def checked(raw: bytes, after: World, before: World = WORLD) -> str | None:
    """What comes of a change beside the snapshot that follows."""
    change = opened(raw, before)
    return outcome(lambda: check_changed(change, before=before.trust(), after=after.trust()))


def test_enrolling_a_party() -> None:
    after = changed(enrol, WORLD)
    change = opened(signed_change(WORLD, after))
    check_changed(change, before=TRUST, after=after.trust())
    assert change.holders == ("Ana Costa", "Wei Lin")
    named = [(each.party, each.purpose) for each in change.change.enrolled]
    assert named == [("newcomer", "statement")]
    assert (change.snapshot, change.change.revoked) == (after.trust().digest, ())
    assert list(change.keysets.values()) == [after.actors[-1].keyset()]


def test_rotating_names_every_key() -> None:
    change = opened(signed_change(WORLD, ROTATED))
    check_changed(change, before=TRUST, after=ROTATED.trust())
    assert [each.keyid for each in change.change.enrolled] == [NEXT.keyid]
    named = [(each.keyid, each.revoked.reason) for each in change.change.revoked]
    assert named == [(WORLD.designer.signer.keyid, "superseded")]


def test_the_foundrys_own_keys_change_under_the_old_ones() -> None:
    """New people do not bring themselves in: the keys before the change sign it."""
    after = changed(new_reviewer, WORLD)
    assert checked(signed_change(WORLD, after), after) is None
    newer = [WORLD.reviewers[1], THIRD]
    assert outcome(lambda: opened(signed_change(WORLD, after, signers=newer))) == "unknown-key"
    again = changed(add_key, after)
    old = signed_change(after, again, signers=WORLD.reviewers)
    assert outcome(lambda: opened(old, after)) == "key-revoked"
    assert checked(signed_change(after, again, signers=newer), again, after) is None


def good(**changes: Any) -> bytes:
    return signed_change(WORLD, ROTATED, **changes)


TWICE = [encode_base64(WORLD.designer.keyset() + end) for end in (b"", b" ")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "json-malformed"),
        (b"{}", "schema-violation"),
        (good(signers=WORLD.reviewers[:1]), "too-few-signers"),
        (good(signers=[*WORLD.reviewers, WORLD.decision_signer]), "key-purpose"),
        (good(signers=[*WORLD.reviewers, derived_signer("stranger")]), "unknown-key"),
        (good(replaces="sha256:" + "0" * 64), NOT_POSSIBLE),
        (good(changed_at=NOW + SECOND), "not-yet-valid"),
        (good(must_understand=["more"]), "must-understand"),
        (good(keysets=[]), "schema-violation"),
        (good(keysets=["!!!!"]), "schema-violation"),
        (good(keysets=["AAAAA"]), "base64"),
        (good(keysets=[encode_base64(b"{}")]), "schema-violation"),
        (good(keysets=[encode_base64(b"[")]), "json-malformed"),
        (good(keysets=TWICE), NOT_POSSIBLE),
        (good(reason=""), "schema-violation"),
        (good(kind=ACTIVATION_TYPE), "unknown-predicate-type"),
        (good(name="pack"), "schema-violation"),
    ],
)
def test_a_change_that_does_not_hold(raw: bytes, code: str) -> None:
    assert outcome(lambda: opened(raw)) == code


def test_only_people_of_the_foundry_change_keysets() -> None:
    stranger = derived_signer("elsewhere")
    record = key_record(stranger, "review", "Somebody")
    world = changed(lambda w: w.osat.extra_keys.append(record), WORLD)
    raw = signed_change(world, changed(add_key, world), signers=[*world.reviewers, stranger])
    assert outcome(lambda: opened(raw, world)) == "role-not-permitted"


@pytest.mark.parametrize(("people", "code"), [(2, None), (3, "too-few-signers")])
def test_what_a_mandate_asks_of_activations_holds_for_keys_too(
    people: int, code: str | None
) -> None:
    asked = {"statement": "activation", "from": "2026-01-01T00:00:00Z", "people": people}
    raw = canonical({"v": 1, "signatures": [asked], "roots": [], "crls": []})
    trust = dataclasses.replace(TRUST, mandate=open_mandate(raw))
    assert outcome(lambda: open_keyset_change(good(), trust=trust, at=NOW)) == code


@pytest.mark.parametrize(("seconds", "code"), [(-1, "not-yet-valid"), (0, None), (1, None)])
def test_the_day_of_a_change_to_the_second(seconds: int, code: str | None) -> None:
    assert outcome(lambda: opened(good(), at=NOW + seconds * SECOND)) == code


def with_members(world: World, **members: Json) -> tuple[bytes, Trust]:
    raw = canonical(loads(world.trust_bytes()) | members)
    return raw, load_trust(raw, world.keysets() | world.packs)


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        (WORLD.trust_bytes(), TRUST),
        with_members(ROTATED, mode="bis_practice"),
        with_members(ROTATED, review_threshold=3),
        with_members(ROTATED, packs=[]),
        with_members(ROTATED, foundry="packager"),
        with_members(changed(enrol, ROTATED)),
    ],
    ids=["none", "mode", "threshold", "packs", "foundry", "another party"],
)
def test_only_the_snapshot_that_was_signed(raw: bytes, after: Trust) -> None:
    """Nor one that changes more, whether it is the statement's subject or not."""
    for change in (opened(good()), opened(good(subject=raw))):
        code = outcome(lambda c=change: check_changed(c, before=TRUST, after=after))  # type: ignore[misc]
        assert code == NOT_POSSIBLE


OLD_KEY = {"party": "tianqiu", "keyid": WORLD.designer.signer.keyid}
NEW_KEY = {"party": "tianqiu", "keyid": NEXT.keyid, "purpose": "statement"}
SOMEBODY = {"name": "Somebody Else", "title": "Head of Trade Compliance"}


@pytest.mark.parametrize(
    "says",
    [
        {"enrolled": []},
        {"revoked": []},
        {"revoked": [{**OLD_KEY, "revoked": revoked("retired")}]},
        {"enrolled": [{**NEW_KEY, "holder": SOMEBODY}]},
    ],
)
def test_people_sign_all_that_changes(says: dict[str, Json]) -> None:
    """A statement that keeps silent on a key, or says otherwise, puts nothing in force."""
    assert checked(good(**says), ROTATED) == NOT_POSSIBLE


def _party_gone(world: World) -> None:
    world.actors.remove(world.trader)


def _record_gone(world: World) -> None:
    world.foundry.extra_keys.pop()


def _longer_validity(world: World) -> None:
    world.foundry.extra_keys[-1]["valid_until"] = "2040-01-01T00:00:00Z"


def _other_purpose(world: World) -> None:
    world.foundry.extra_keys[-1]["purpose"] = "statement"


def _other_name(world: World) -> None:
    world.designer.legal_name = "Tianqiu Design Ltd."


def _other_role(world: World) -> None:
    world.designer.roles = ("designer", "foundry")


def _dated_later(world: World) -> None:
    world.designer.revoked[world.designer.signer.keyid] = revoked(at="2026-11-24T14:00:01Z")


def _dated_earlier(world: World) -> None:
    world.designer.revoked[world.designer.signer.keyid] = revoked(at="2026-11-24T13:59:59Z")


def _suspect_later(world: World) -> None:
    later = revoked("compromised", suspect_from="2026-11-24T14:00:01Z")
    world.designer.revoked[world.designer.signer.keyid] = later


def _a_reviewer_less(world: World) -> None:
    world.foundry.revoked[world.reviewers[0].keyid] = revoked("retired")


@pytest.mark.parametrize(
    "change",
    [
        _party_gone,
        _record_gone,
        _longer_validity,
        _other_purpose,
        _other_name,
        _other_role,
        _dated_later,
        _dated_earlier,
        _suspect_later,
        _a_reviewer_less,
    ],
    ids=lambda each: each.__name__,
)
def test_what_nobody_may_change(change: Callable[[World], None]) -> None:
    """Not even with a statement that says it and enough people who signed it."""
    after = changed(change, WORLD)
    assert checked(forced_change(WORLD, after), after) == NOT_POSSIBLE


def test_what_is_forced_is_otherwise_in_order() -> None:
    after = changed(lambda w: w.designer.revoked.update({OLD_KEY["keyid"]: revoked()}), WORLD)
    assert checked(forced_change(WORLD, after), after) is None


@pytest.mark.parametrize(("later", "code"), [({}, NOT_POSSIBLE), (COMPROMISED, None)])
def test_a_revocation_stands_and_may_get_worse(later: Json, code: str | None) -> None:
    after = changed(lambda w: w.designer.revoked.update({OLD_KEY["keyid"]: later}), ROTATED)
    assert checked(forced_change(ROTATED, after), after, ROTATED) == code


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ("2026-11-24T13:59:59Z", None),
        ("2026-11-24T14:00:00Z", NOT_POSSIBLE),
        ("2026-11-24T14:00:01Z", NOT_POSSIBLE),
    ],
)
def test_a_record_is_left_out_only_once_it_has_ended(ended: str, code: str | None) -> None:
    old = key_record(derived_signer("old key"), valid=("2024-01-01T00:00:00Z", ended))
    before = changed(lambda w: w.designer.extra_keys.append(old), WORLD)
    after = changed(lambda w: w.designer.extra_keys.remove(old), before)
    assert checked(forced_change(before, after), after, before) == code


@pytest.mark.parametrize(("reason", "code"), [("superseded", None), ("compromised", NOT_POSSIBLE)])
def test_a_compromised_key_is_remembered_for_ever(reason: str, code: str | None) -> None:
    """It could be enrolled anew otherwise, with other dates."""
    said = COMPROMISED if reason == "compromised" else revoked(reason)
    valid = ("2024-01-01T00:00:00Z", "2026-11-24T13:59:59Z")
    record = {**key_record(NEXT, valid=valid), "revoked": said}
    before = changed(lambda w: w.designer.extra_keys.append(record), WORLD)
    after = changed(lambda w: w.designer.extra_keys.remove(record), before)
    assert checked(forced_change(before, after), after, before) == code


@pytest.mark.parametrize(
    ("until", "code"),
    [
        ("2026-11-24T13:59:59Z", NOT_POSSIBLE),
        ("2026-11-24T14:00:00Z", None),
        ("2026-11-24T14:00:01Z", None),
    ],
)
def test_enough_people_are_left_on_the_day(until: str, code: str | None) -> None:
    """A third reviewer who is about to go stands in for one who leaves, to the second."""
    record = key_record(THIRD, "review", "Kai Ito", ("2024-01-01T00:00:00Z", until))
    before = changed(lambda w: w.foundry.extra_keys.append(record), WORLD)
    after = changed(_a_reviewer_less, before)
    assert checked(signed_change(before, after), after, before) == code


def test_a_change_is_made_from_what_is_enrolled() -> None:
    """The maker refuses what the log would refuse, before anybody signs."""
    snapshot = loads(WORLD.trust_bytes())
    own, other = WORLD.designer.keyset(), ROTATED.designer.keyset()
    for before, after, code in [
        ([other], [own], "trust-incomplete"),
        ([own], [changed(_other_name, WORLD).designer.keyset()], NOT_POSSIBLE),
        ([own], [b"{}"], "schema-violation"),
    ]:
        with pytest.raises((InputError, TrustError)) as caught:
            keyset_change(snapshot, before=before, after=after, reason="x", changed_at=NOW)
        assert caught.value.code == code


DIGESTS = st.sets(st.builds(digest, st.binary(max_size=2)))


@given(there=DIGESTS, keysets=DIGESTS)
def test_a_snapshot_keeps_what_does_not_change(there: set[str], keysets: set[str]) -> None:
    """In and out again gives the snapshot as it was."""
    raw = make_trust(
        foundry="formosa",
        mode="cfr_text",
        review_threshold=2,
        keysets=dict.fromkeys(there, b""),
        packs={},
    )
    after = loads(snapshot_with(loads(raw), out=[], keysets=keysets))
    assert after["keysets"] == sorted(there | keysets)
    assert snapshot_with(after, out=keysets - there, keysets=[]) == raw
