"""Trust snapshots that do not open: `decide` is asked, and answers with a code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attest.encoding import Json, canonical, digest, loads
from conformance import papers
from conformance.papers import STRANGER

Row = tuple[str, str, bytes, Sequence[bytes], str]
"""Identifier, what is tried, the snapshot, the documents that are given, the code."""


def bad_trust() -> Iterator[Row]:
    """All of them."""
    pack, keysets = papers.pack(), papers.KEYSETS
    trust = papers.trust_document
    everything = [*keysets, pack]
    yield (
        "trust-keyset-missing",
        "A keyset is missing.",
        trust(),
        everything[1:],
        "trust-incomplete",
    )
    yield "trust-pack-missing", "The pack is missing.", trust(), keysets, "trust-incomplete"
    yield "trust-pack-other", "Another pack.", trust(), [*keysets, pack + b" "], "trust-incomplete"
    yield (
        "trust-foundry",
        "The foundry has no keyset.",
        trust(foundry="nobody"),
        everything,
        "trust-incomplete",
    )
    schema = ["sha256:" + "00" * 32]
    yield (
        "trust-schema",
        "A schema that is not known.",
        trust(schemas=schema),
        everything,
        "trust-incomplete",
    )
    names = sorted(map(digest, keysets), reverse=True)
    yield (
        "trust-unsorted",
        "Keysets out of order.",
        trust(keysets=names),
        everything,
        "schema-violation",
    )
    yield (
        "trust-threshold",
        "One reviewer is enough.",
        trust(review_threshold=1),
        everything,
        "schema-violation",
    )
    again = papers.keyset("tianqiu", "Other Inc.", ["designer"], papers.key_record(STRANGER))
    names = sorted(map(digest, [*keysets, again]))
    yield (
        "trust-party-twice",
        "Two keysets of one party.",
        trust(keysets=names),
        [*everything, again],
        "trust-incomplete",
    )
    yield from _bad_packs()


def _bad_packs() -> Iterator[Row]:
    pack, keysets = papers.pack(), papers.KEYSETS
    trust = papers.trust_document
    broken: list[tuple[str, str, dict[str, Json], str]] = [
        ("engine", "A pack of engine 2.", {"engine": 2}, "engine-unknown"),
        (
            "expression",
            "A condition that is not in the language.",
            {"rules": _broken_rules()},
            "expression-invalid",
        ),
        (
            "rule",
            "A presumption without its scope.",
            {"rules": _rules_without("in_scope")},
            "pack-invalid",
        ),
    ]
    for vector_id, about, changed, code in broken:
        raw = canonical({**loads(pack), **changed})
        yield f"trust-pack-{vector_id}", about, trust(packs=[digest(raw)]), [*keysets, raw], code
    newer = canonical({**loads(pack), "edition": "2026-11-25"})
    names = sorted(map(digest, [pack, newer]))
    yield (
        "trust-pack-twice",
        "Two editions of one pack.",
        trust(packs=names),
        [*keysets, pack, newer],
        "trust-incomplete",
    )


def _rules_without(name: str) -> list[Json]:
    return [rule for rule in loads(papers.pack())["rules"] if rule["name"] != name]


def _broken_rules() -> list[Json]:
    rules: list[Json] = loads(papers.pack())["rules"]
    for rule in rules:
        if rule["name"] == "in_scope":
            rule["versions"][0]["holds"] = "declared.dies.exists(die, die.units + 'a' == 1)"
    return rules
