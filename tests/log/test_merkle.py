"""The tree against RFC 9162 word for word, public vectors, and every tree up to 130 leaves."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError, LogError
from attest.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    frontier_nodes,
    leaf_hash,
    node_count,
    node_hash,
    position,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from tests.log.sample import reader_of

LARGEST = 130
LEAVES = [leaf_hash(bytes([number])) for number in range(LARGEST)]


def recursive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = max(1 << bit for bit in range(8) if 1 << bit < len(leaves))
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


ROOTS = [recursive_root(LEAVES[:size]) for size in range(LARGEST + 1)]


def flip(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def check_refused(code: str, check: Callable[[], None]) -> None:
    with pytest.raises(LogError) as caught:
        check()
    assert caught.value.code == code


def test_the_example_tree_of_certificate_transparency() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves.append("606162636465666768696a6b6c6d6e6f")
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in leaves]
    root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert root_of(hashes).hex() == root
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")
    assert hashes[0].hex().startswith("6e340b9cffb37a98")


def test_every_root_is_that_of_the_recursive_definition() -> None:
    for size in range(LARGEST + 1):
        frontier, _ = Frontier().extend(LEAVES[:size])
        assert root_of(LEAVES[:size]) == frontier.root() == ROOTS[size]
        assert frontier.size == size
        assert len(frontier.hashes) == size.bit_count()


def test_every_record_of_every_tree_is_proven_and_a_flipped_byte_is_not() -> None:
    read = reader_of(LEAVES)
    checked = 0
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = prove_inclusion(index, size, read)
            check = partial(
                check_inclusion, index=index, size=size, leaf=LEAVES[index], root=ROOTS[size]
            )
            check(proof=proof)
            for at, sibling in enumerate(proof):
                wrong = [*proof[:at], flip(sibling, (index + at) % 32), *proof[at + 1 :]]
                check_refused("proof-invalid", partial(check, proof=wrong))
            checked += 1
    assert checked == LARGEST * (LARGEST + 1) // 2


def test_every_earlier_tree_is_proven_and_a_flipped_byte_is_not() -> None:
    read = reader_of(LEAVES)
    for size2 in range(1, LARGEST + 1):
        for size1 in range(1, size2 + 1):
            proof = prove_consistency(size1, size2, read)
            check = partial(
                check_consistency,
                size1=size1,
                root1=ROOTS[size1],
                size2=size2,
                root2=ROOTS[size2],
            )
            check(proof=proof)
            for at, sibling in enumerate(proof):
                wrong = [*proof[:at], flip(sibling, (size1 + at) % 32), *proof[at + 1 :]]
                check_refused("proof-invalid", partial(check, proof=wrong))


def test_a_proof_holds_for_its_index_size_and_root_only() -> None:
    read = reader_of(LEAVES)
    for size, index in itertools.product((1, 2, 5, 8, 13), range(13)):
        if index >= size:
            continue
        proof = prove_inclusion(index, size, read)
        for other in range(16):
            if other == index:
                continue
            with pytest.raises(LogError):
                check_inclusion(
                    index=other, size=size, leaf=LEAVES[index], proof=proof, root=ROOTS[size]
                )
        with pytest.raises(LogError) as caught:
            check_inclusion(
                index=index, size=size, leaf=LEAVES[index], proof=proof, root=ROOTS[size - 1]
            )
        assert caught.value.code == "proof-invalid"


def test_one_rolling_hash_over_all_proofs() -> None:
    """The accumulated vectors of draft-ietf-plants-merkle-tree-certs, "Subtree Test Vectors".

    A subtree from `start` to `end` is a tree of its own, aligned to the power of two that holds it.
    """
    hashes, proofs = sha256(), sha256()
    for end in range(1, LARGEST + 1):
        for start in range(end):
            size = end - start
            if start % (1 << (size - 1).bit_length()):
                continue
            leaves = LEAVES[start:end]
            read = reader_of(leaves)
            hashes.update(f"[{start}, {end}) {root_of(leaves).hex()}\n".encode())
            for index in range(size):
                path = "".join(f" {node.hex()}" for node in prove_inclusion(index, size, read))
                proofs.update(f"{start + index} [{start}, {end}){path}\n".encode())
    assert hashes.hexdigest() == "94a95384a8c69acea9b50d035a58285b3a777cb7a724005faa5e1f1e1190007f"
    assert proofs.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


@given(st.lists(st.integers(0, 40), max_size=6))
def test_leaves_may_come_in_any_portions(portions: list[int]) -> None:
    size = min(sum(portions), LARGEST)
    frontier, nodes = Frontier(), []
    for portion in portions:
        start = frontier.size
        frontier, completed = frontier.extend(LEAVES[start : min(start + portion, size)])
        nodes += completed
    whole, all_nodes = Frontier().extend(LEAVES[:size])
    assert (frontier, nodes) == (whole, all_nodes)
    assert [position(level, index) for level, index, _ in nodes] == list(range(node_count(size)))
    assert [node for node in frontier.nodes() if node not in nodes] == []
    assert [(level, index) for level, index, _ in frontier.nodes()] == frontier_nodes(size)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (4, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(InputError) as caught:
        prove_inclusion(index, size, reader_of(LEAVES))
    assert caught.value.code == "not-found"


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 3), (-1, 3), (4, 3)])
def test_there_is_no_proof_between_trees_that_are_not_there(size1: int, size2: int) -> None:
    with pytest.raises(InputError) as caught:
        prove_consistency(size1, size2, reader_of(LEAVES))
    assert caught.value.code == "not-found"


@pytest.mark.parametrize(
    "change",
    [
        {"index": 3},
        {"index": -1},
        {"size": 0},
        {"size": 2},
        {"proof": [LEAVES[0]]},
        {"proof": [LEAVES[0], LEAVES[2], LEAVES[2]]},
        {"proof": [LEAVES[0][:31], LEAVES[2]]},
        {"leaf": LEAVES[1] + b"\0"},
        {"root": b""},
    ],
)
def test_malformed_inclusion_proofs(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "index": 1,
        "size": 3,
        "leaf": LEAVES[1],
        "proof": [LEAVES[0], LEAVES[2]],
        "root": ROOTS[3],
    }
    check_inclusion(**good)
    check_refused("proof-malformed", lambda: check_inclusion(**good | change))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"size1": 0}, "proof-malformed"),
        ({"size1": 4}, "proof-malformed"),
        ({"size1": -1}, "proof-malformed"),
        ({"proof": []}, "proof-malformed"),
        ({"proof": [LEAVES[2], LEAVES[2]]}, "proof-malformed"),
        ({"proof": [LEAVES[2][1:]]}, "proof-malformed"),
        ({"root1": b"", "size1": 1}, "proof-malformed"),
        ({"root2": ROOTS[2]}, "proof-invalid"),
        ({"root1": ROOTS[1]}, "proof-invalid"),
        ({"size1": 3}, "proof-malformed"),
        ({"size1": 3, "proof": []}, "proof-invalid"),
        (
            {"size1": 0, "size2": 0, "root1": ROOTS[1], "root2": ROOTS[1], "proof": []},
            "proof-invalid",
        ),
    ],
)
def test_faulty_consistency_proofs(change: dict[str, Any], code: str) -> None:
    good: dict[str, Any] = {
        "size1": 2,
        "root1": ROOTS[2],
        "size2": 3,
        "root2": ROOTS[3],
        "proof": [LEAVES[2]],
    }
    check_consistency(**good)
    check_refused(code, lambda: check_consistency(**good | change))


def vectors(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.rglob("*.json"))]


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except LogError:
        return False
    return True


def decoded(case: dict[str, Any], name: str) -> bytes:
    return base64.b64decode(case[name] or "")


def test_public_inclusion_vectors(shared_dir: Path) -> None:
    cases = vectors(shared_dir / "vectors" / "merkle" / "inclusion")
    assert len(cases) == 98
    for case in cases:
        held = holds(
            partial(
                check_inclusion,
                index=case["leafIdx"],
                size=case["treeSize"],
                leaf=decoded(case, "leafHash"),
                proof=[base64.b64decode(node) for node in case["proof"] or []],
                root=decoded(case, "root"),
            )
        )
        assert held is not case["wantErr"], case["desc"]


def test_public_consistency_vectors(shared_dir: Path) -> None:
    cases = vectors(shared_dir / "vectors" / "merkle" / "consistency")
    assert len(cases) == 98
    for case in cases:
        held = holds(
            partial(
                check_consistency,
                size1=case["size1"],
                root1=decoded(case, "root1"),
                size2=case["size2"],
                root2=decoded(case, "root2"),
                proof=[base64.b64decode(node) for node in case["proof"] or []],
            )
        )
        assert held is not case["wantErr"], case["desc"]
