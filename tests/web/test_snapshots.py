"""Trust snapshots with keysets and packs: the page opens those that the library opens."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey

from attest.encoding import Json, canonical, digest, encode_base64, loads
from attest.signing import KeySigner, signer_of
from attest.trust import load_trust
from tests.web.asking import accepted, answers
from tests.web.chromium import Page
from tests.world import Actor, World, derived_signer, key_record

TRUST = """async ([trust, keysets, packs]) => {
  const file = { keysets, packs };
  const [, snapshot] = await readTrust({ body: base64(trust) });
  const [, { ring }] = await readKeysets(file, snapshot);
  const [, found] = await readPacks(file, snapshot);
  return [snapshot.digest, [...ring.keys()].sort(), found.map((pack) => pack.id)];
}"""


def keyset(actor: Actor, **changes: Json) -> bytes:
    """The actor's keyset with members of its first key changed."""
    document = loads(actor.keyset())
    document["keys"][0].update(changes)
    return canonical(document)


def changed_records(signer: KeySigner) -> list[dict[str, Json]]:
    """Changes of the record of a P-256 key after which it holds no key."""
    public = signer.public.spki
    low = bytes.fromhex("302a300506032b6570032100") + bytes(32)
    point = public[:26] + b"\2" + public[27:59]
    montgomery = bytes.fromhex("302a300506032b656e032100") + derived_signer("x").public.spki[-32:]
    return [
        {"valid_from": "2033-01-01T00:00:00Z"},
        {"valid_from": "2026-02-30T00:00:00Z"},
        {"valid_until": "x"},
        {"keyid": "sha256:" + "0" * 64},
        {"algorithm": "ed25519"},
        {"algorithm": "constructor"},
        {"public_key": encode_base64(public + b"\0")},
        {"public_key": encode_base64(public[:-1])},
        {"public_key": encode_base64(point), "keyid": digest(point)},
        {"public_key": encode_base64(public + b"\0"), "keyid": digest(public + b"\0")},
        {
            "public_key": encode_base64(montgomery),
            "keyid": digest(montgomery),
            "algorithm": "ed25519",
        },
        {"public_key": encode_base64(low), "keyid": digest(low), "algorithm": "ed25519"},
        {"holder": {"name": 1, "title": "x"}},
    ]


def of_all_kinds() -> Actor:
    """A party with a key of every algorithm."""
    kinds = Actor("all-kinds", "All Kinds", ("auditor",))
    kinds.extra_keys += [
        key_record(signer_of(private))
        for private in (
            ec.generate_private_key(ec.SECP384R1()),
            MLDSA44PrivateKey.generate(),
            MLDSA65PrivateKey.generate(),
        )
    ]
    return kinds


def snapshots() -> list[tuple[bytes, list[bytes], list[bytes]]]:
    """Snapshots with keysets and packs, the first ones good."""
    world = World(packs=("us-ear", "house-example"))
    sets, packs = list(world.keysets().values()), list(world.packs.values())

    def made(sets: list[bytes], rules: list[bytes] = packs, **changes: Json) -> Any:
        document = loads(world.trust_bytes()) | {
            "keysets": sorted(map(digest, sets)),
            "packs": sorted(map(digest, rules)),
            **changes,
        }
        return canonical(document), sets, rules

    designer, signer = world.designer, world.designer.signer
    twice = Actor("second", "Second", ("auditor",))
    twice.extra_keys.append(key_record(signer))
    names = sorted(map(digest, sets))
    others = [each for each in sets if each != designer.keyset()]
    second_edition = canonical(loads(packs[0]) | {"edition": "2026-01-01"})
    third = Actor(designer.id, "Third", ("auditor",))
    third.signer = derived_signer("third")
    return [
        made([*sets, of_all_kinds().keyset()]),
        made(sets),
        made([*sets, twice.keyset()][:4]),
        (made(sets)[0], [*sets, twice.keyset()], packs),
        *(made([*others, keyset(designer, **changes)]) for changes in changed_records(signer)),
        made([*others, canonical(loads(designer.keyset()) | {"v": 2})]),
        made([*sets, twice.keyset()]),
        made([*sets, third.keyset()]),
        made([*sets, keyset(designer, valid_from="2025-01-01T00:00:00Z")]),
        made(sets[:-1], foundry="nobody"),
        made(sets, [*packs, second_edition]),
        (made(sets)[0], sets[1:], packs),
        (made(sets)[0], sets, packs[1:]),
        made(sets, review_threshold=1),
        made(sets, review_threshold=17),
        made(sets, review_threshold="2"),
        made(sets, v=2),
        made(sets, x=1),
        made(sets, keysets=names[::-1]),
        made(sets, keysets=[*names, names[-1]]),
        made(sets, keysets=names[0]),
        made(sets, packs=["sha256:x"]),
    ]


def test_trust_snapshots_are_opened_alike(page: Page) -> None:
    def opened(trust: bytes, sets: list[bytes], packs: list[bytes]) -> Json:
        found = load_trust(trust, {digest(each): each for each in (*sets, *packs)})
        return [found.digest, list(found.ring.keys), [pack.id for pack in found.packs]]

    given = snapshots()
    asked = [
        [encode_base64(trust), *([encode_base64(each) for each in all_] for all_ in rest)]
        for trust, *rest in given
    ]
    found = answers(page, f"(input) => ({TRUST})(input).catch(() => refuse('refused'))", asked)
    assert found == [accepted(opened, *each) for each in given]
    assert [each is not None for each in found] == [True] * 4 + [False] * (len(asked) - 4)
