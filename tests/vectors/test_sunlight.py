"""Sunlight's test data: a tree with a full tile, and a checkpoint signed in a way that is not ours.

Its cosignatures are in tests/log/test_cosignature.py.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from attest.encoding import encode_base64
from attest.errors import InputError, LogError
from attest.log.checkpoint import CheckpointSigner, open_checkpoint, parse_checkpoint_text
from attest.log.cosignature import cosignatures
from attest.log.merkle import (
    Frontier,
    check_inclusion,
    leaf_hash,
    prove_inclusion,
    root_of_packed,
)
from attest.log.note import key_id, parse_note, parse_vkey
from attest.log.tiles import hash_tiles, tile_path
from tests.log.sample import reader_of

SIZE = 300
RFC_6962_TREE_HEAD = 0x05


@pytest.fixture(scope="module")
def sunlight(shared_dir: Path) -> Path:
    return shared_dir / "vectors" / "sunlight-cosign"


def test_a_tree_with_a_full_tile(sunlight: Path) -> None:
    """300 leaves: tile, partial tile and the tile above are ours byte for byte; the root too."""
    (note,) = (sunlight / "witness" / "mirror").glob("*/checkpoint")
    (description,) = (sunlight / "witness" / "mirror").glob("*.v0.json")
    (vkey,) = json.loads(description.read_text())["verifier_keys"]
    assert len(cosignatures(note.read_bytes(), [parse_vkey(vkey)])) == 1
    checkpoint = parse_checkpoint_text(parse_note(note.read_bytes()).text)
    leaves = [leaf_hash(b"record %d" % index) for index in range(SIZE)]
    frontier, _ = Frontier().extend(leaves)
    assert (checkpoint.size, checkpoint.root) == (SIZE, frontier.root())
    read, files = reader_of(leaves), 0
    for tile in hash_tiles(SIZE):
        ids = [(8 * tile.level, 256 * tile.index + at) for at in range(tile.width)]
        path = note.parent / tile_path(tile.level, tile.index, tile.width)
        assert path.read_bytes() == b"".join(read(ids))
        files += 1
    assert files == sum(path.is_file() for path in note.parent.glob("tile/**/*")) == 3
    full = (note.parent / "tile/0/000").read_bytes()
    assert root_of_packed(full) == (note.parent / "tile/1/000.p/1").read_bytes()
    for index in range(SIZE):
        proof = prove_inclusion(index, SIZE, read)
        check_inclusion(
            index=index, size=SIZE, leaf=leaves[index], proof=proof, root=checkpoint.root
        )
    with pytest.raises(LogError) as caught:
        check_inclusion(index=0, size=SIZE, leaf=leaves[0], proof=proof, root=checkpoint.root)
    assert caught.value.code in {"proof-malformed", "proof-invalid"}


def test_a_tree_head_of_certificate_transparency_is_passed_over(sunlight: Path) -> None:
    """Type 0x05 signs a tree head and not a note: no key of it is read, and none counts."""
    raw = (sunlight / "tree" / "checkpoint").read_bytes()
    description = json.loads((sunlight / "tree" / "log.v3.json").read_text())
    note = parse_note(raw)
    checkpoint = parse_checkpoint_text(note.text)
    ((name, identifier, _),) = note.signatures
    log_id = base64.b64decode(description["log_id"])
    assert (checkpoint.size, name) == (SIZE, checkpoint.origin)
    assert identifier == key_id(name, RFC_6962_TREE_HEAD, log_id)

    vkey = f"{name}+{identifier.hex()}+{encode_base64(bytes((RFC_6962_TREE_HEAD,)) + log_id)}"
    with pytest.raises(InputError) as refused:
        parse_vkey(vkey)
    assert refused.value.code == "key-malformed"
    ours = CheckpointSigner.generate(checkpoint.origin).keys
    with pytest.raises(LogError) as caught:
        open_checkpoint(raw, keys=ours)
    assert (caught.value.code, caught.value.detail) == (
        "checkpoint-signature",
        "a signature by the log is missing",
    )
    assert cosignatures(raw, ours.note_keys()[1:]) == ()


def test_its_line_beside_ours_does_no_harm(sunlight: Path) -> None:
    """A note that bears it beside a cosignature is read for the cosignature."""
    (path,) = [p for p in (sunlight / "witness").glob("*/checkpoint") if p.parent.name != "mirror"]
    (vkey,) = json.loads((sunlight / "witness" / "witness.v0.json").read_text())["verifier_keys"]
    assert len(parse_note(path.read_bytes()).signatures) == 2
    assert len(cosignatures(path.read_bytes(), [parse_vkey(vkey)])) == 1
