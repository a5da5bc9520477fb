"""The test log of Tessera, sizes 0 to 15: what a reader of tlog-tiles does, on bytes by others."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from attest.errors import LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint, signed_by
from attest.log.checkpoint import parse_checkpoint_text as parse_text
from attest.log.merkle import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    root_of_packed,
)
from attest.log.note import NoteKey, parse_note, parse_vkey
from attest.log.tiles import bundle_path, format_bundle, split_bundle, tile_path, tiles_of_level
from tests.log.sample import reader_of

SIZES = range(16)


@pytest.fixture(scope="module")
def log(shared_dir: Path) -> Path:
    return shared_dir / "vectors" / "tessera-log"


@pytest.fixture(scope="module")
def facts(log: Path) -> Any:
    return json.loads((log / "keys.json").read_bytes())


@pytest.fixture(scope="module")
def key(facts: Any) -> NoteKey:
    return parse_vkey(facts["verifier_key"])


def opened(raw: bytes, key: NoteKey) -> Checkpoint:
    note = parse_note(raw)
    assert signed_by(note, [key]) == {key}
    return parse_text(note.text)


def test_every_checkpoint_is_signed(log: Path, facts: Any, key: NoteKey) -> None:
    for size in SIZES:
        raw = (log / f"checkpoint.{size}").read_bytes()
        leaves = [leaf_hash(entry.encode()) for entry in facts["entries_in_order"][:size]]
        assert opened(raw, key) == Checkpoint(facts["origin"], size, root_of(leaves))
        changed = raw.replace(b"\n%d\n" % size, b"\n%d\n" % (size + 1))
        with pytest.raises(LogError) as caught:
            signed_by(parse_note(changed), [key])
        assert caught.value.code == "checkpoint-signature"
    assert (log / "checkpoint").read_bytes() == (log / f"checkpoint.{SIZES[-1]}").read_bytes()
    assert len(list(log.glob("checkpoint.*"))) == len(SIZES)


def test_a_log_without_ml_dsa_is_not_ours(log: Path, key: NoteKey) -> None:
    """Ours asks for both signatures; this log has one."""
    both = LogKeys(key.name, key.public, bytes(1312))
    with pytest.raises(LogError) as caught:
        open_checkpoint((log / "checkpoint").read_bytes(), keys=both)
    assert caught.value.code == "checkpoint-signature"


def test_every_tile_and_bundle_leads_to_its_checkpoint(log: Path, facts: Any, key: NoteKey) -> None:
    entries = [entry.encode() for entry in facts["entries_in_order"]]
    files = 0
    for size in SIZES:
        checkpoint = opened((log / f"checkpoint.{size}").read_bytes(), key)
        for tile in tiles_of_level(size, 0):
            bundle = (log / bundle_path(tile.index, tile.width)).read_bytes()
            assert split_bundle(bundle) == (entries[:size], True)
            assert format_bundle(entries[:size]) == bundle
            hashes = (log / tile_path(0, tile.index, tile.width)).read_bytes()
            assert hashes == b"".join(map(leaf_hash, entries[:size]))
            assert root_of_packed(hashes) == checkpoint.root
            files += 2
    assert files == sum(path.is_file() for path in log.glob("tile/**/*")) == 30


def test_every_inclusion_and_consistency(log: Path, facts: Any, key: NoteKey) -> None:
    """Proofs from our code, between roots that Tessera signed."""
    leaves = [leaf_hash(entry.encode()) for entry in facts["entries_in_order"]]
    read = reader_of(leaves)
    roots = [opened((log / f"checkpoint.{size}").read_bytes(), key).root for size in SIZES]
    proofs = 0
    for size in SIZES:
        for index in range(size):
            proof = prove_inclusion(index, size, read)
            check_inclusion(
                index=index, size=size, leaf=leaves[index], proof=proof, root=roots[size]
            )
            proofs += 1
    assert proofs == 120
    for size1, size2 in combinations(SIZES[1:], 2):
        proof = prove_consistency(size1, size2, read)
        check_consistency(
            size1=size1, root1=roots[size1], size2=size2, root2=roots[size2], proof=proof
        )
        with pytest.raises(LogError) as caught:
            check_consistency(
                size1=size1, root1=roots[size1 - 1], size2=size2, root2=roots[size2], proof=proof
            )
        assert caught.value.code == "proof-invalid"
        proofs += 1
    assert proofs == 120 + 105
