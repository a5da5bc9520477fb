"""`rfc8785` writes every one of our canonical documents as we do, byte for byte."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import rfc8785

from attest.encoding import canonical, decode_base64, loads
from attest.log.proof import proof_document
from tests.papers import submissions
from tests.world import World
from tests.world_log import world_log

WORLD_KINDS = {"genesis", "schema", "pack", "keyset", "trust", "submission", "decision"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """Everything canonical that a log holds or hands out: entries, bodies, payloads, proofs."""
    world, found = World(), []
    with world_log(world, tmp_path_factory.mktemp("world") / "log") as log:
        log.register(submissions(world, 2))
        for index, stored in enumerate(log.store.entries(0, log.store.head().size)):
            kind = loads(stored.entry)["kind"]
            found += [("entry", stored.entry), (kind, stored.body)]
            found.append(("proof", canonical(proof_document(log.store, index))))
            if kind == "decision":
                found.append(("payload", decode_base64(json.loads(stored.body)["payload"])))
    return found


def test_every_document_is_written_alike(documents: list[tuple[str, bytes]]) -> None:
    kinds = Counter(kind for kind, _ in documents)
    assert kinds.keys() == WORLD_KINDS | {"entry", "proof", "payload"}
    for kind, raw in documents:
        if kind == "schema":
            continue  # logged as the file is, for people: SPEC 12.2 does not make it canonical
        assert rfc8785.dumps(json.loads(raw)) == raw, kind


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b":", b": "),
        (b'"v":1}', b'"v":1.0}'),
        (b'"v":1}', b'"v":1}\n'),
        (b'"commit"', b'"\\u0063ommit"'),
        (b'"salted"', b'"Salted"'),
    ],
)
def test_another_spelling_is_told_apart(
    documents: list[tuple[str, bytes]], old: bytes, new: bytes
) -> None:
    for raw in (raw for kind, raw in documents if kind == "entry"):
        changed = raw.replace(old, new, 1)
        assert changed != raw
        assert rfc8785.dumps(json.loads(changed)) != changed
