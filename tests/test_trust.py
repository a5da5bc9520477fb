"""Trust snapshots: complete or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from attest.encoding import canonical, digest, loads
from attest.errors import AttestError
from attest.trust import load_trust
from tests.world import ROOT, World

WORLD = World(packs=("us-ear", "house-example"))


def refusal(raw: bytes, bodies: dict[str, bytes] | None = None) -> str:
    """The code with which a snapshot is refused."""
    with pytest.raises(AttestError) as caught:
        load_trust(raw, WORLD.keysets() | WORLD.packs if bodies is None else bodies)
    return caught.value.code


def changed(change: Callable[[Any], None]) -> bytes:
    """The world's snapshot with a change."""
    document = loads(WORLD.trust_bytes())
    change(document)
    return canonical(document)


def test_law_stands_before_house_rules() -> None:
    """A snapshot opens with its parties, packs and mode."""
    trust = WORLD.trust()
    assert trust.digest == digest(WORLD.trust_bytes())
    assert [pack.id for pack in trust.packs] == ["us-ear", "house-example"]
    assert trust.foundry.id == "formosa"
    assert trust.mode == "cfr_text"
    assert len(trust.ring.keys) == 7


@pytest.mark.parametrize("exporter", ["front-end-fabricator", "osat", "other"])
def test_the_foundrys_own_role(exporter: str) -> None:
    """What the deciding party is in the words of the rule follows from its roles."""
    assert World(exporter=exporter).trust().exporter == exporter


def test_a_body_that_is_missing_or_another() -> None:
    """Each named document must be there, and be the one named."""
    everything = WORLD.keysets() | WORLD.packs
    for name in everything:
        rest = {other: body for other, body in everything.items() if other != name}
        assert refusal(WORLD.trust_bytes(), rest) == "trust-incomplete"
        assert refusal(WORLD.trust_bytes(), rest | {name: b"{}"}) == "trust-incomplete"


def test_snapshots_that_contradict_themselves() -> None:
    """An unknown schema, no foundry, two editions of a pack, two keysets of a party."""
    nobody = changed(lambda document: document.update(foundry="nobody"))
    assert refusal(nobody) == "trust-incomplete"
    strange = changed(lambda document: document.update(schemas=["sha256:" + "0" * 64]))
    assert refusal(strange) == "trust-incomplete"
    one = changed(lambda document: document.update(review_threshold=1))
    assert refusal(one) == "schema-violation"
    unsorted = changed(lambda document: document["schemas"].reverse())
    assert refusal(unsorted) == "schema-violation"
    again = WORLD.designer.keyset().replace(b"Mei-Ling Chen", b"Mei-Ling Tan")
    twice = changed(
        lambda document: document.update(keysets=sorted([*document["keysets"], digest(again)]))
    )
    bodies = WORLD.keysets() | WORLD.packs | {digest(again): again}
    assert refusal(twice, bodies) == "trust-incomplete"
    (pack, other) = WORLD.packs.values()
    edition = other.replace(loads(other)["title"].encode(), b"Another title")
    editions = changed(
        lambda document: document.update(packs=sorted([*document["packs"], digest(edition)]))
    )
    bodies = WORLD.keysets() | WORLD.packs | {digest(edition): edition}
    assert pack != edition
    assert refusal(editions, bodies) == "trust-incomplete"


def test_no_private_key_is_in_the_tree() -> None:
    """Private material is made where it is used, never shipped."""
    marker = b"PRIVATE" + b" KEY-----"
    for folder in ("attest", "service", "rules", "schemas", "examples", "docs", "keys", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found = b"-----BEGIN" in (raw := path.read_bytes()) and marker in raw
                assert not found or path.suffix == ".py", path
