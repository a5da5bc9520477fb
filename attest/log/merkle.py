"""The Merkle tree of the log: RFC 9162 sections 2.1.1 to 2.1.4 with SHA-256 (the tree of RFC 6962).

    leaf  = SHA-256(0x00 || entry)
    node  = SHA-256(0x01 || left || right)
    root of no leaves = SHA-256("")

A tree of n leaves splits at the largest power of two below n. A *node* (level, index) is the root
of the 2^level leaves from index * 2^level on; nodes never change once their leaves are there, so
they are what a store keeps. Roots and proofs are folded from them:

>>> leaves = [leaf_hash(entry) for entry in (b"a", b"b", b"c")]
>>> frontier, nodes = Frontier().extend(leaves)
>>> frontier.root() == root_of(leaves) == node_hash(node_hash(*leaves[:2]), leaves[2])
True
>>> kept = {(level, index): value for level, index, value in nodes}
>>> proof = prove_inclusion(1, 3, lambda ids: [kept[node] for node in ids])
>>> check_inclusion(index=1, size=3, leaf=leaves[1], proof=proof, root=frontier.root())
>>> check_inclusion(index=2, size=3, leaf=leaves[1], proof=proof, root=frontier.root())
Traceback (most recent call last):
attest.errors.LogError: proof-malformed: the number of hashes does not fit the index and the size
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from attest.errors import InputError, LogError

NodeId = tuple[int, int]
"""Level and index of a node."""

Node = tuple[int, int, bytes]
"""Level, index and hash of a node."""

ReadNodes = Callable[[Sequence[NodeId]], Sequence[bytes]]

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of a tree with these leaf hashes."""
    return root_of_packed(b"".join(leaf_hashes))


def root_of_packed(hashes: bytes) -> bytes:
    """The root over concatenated hashes of 32 bytes, as a hash tile holds them."""
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > HASH_BYTES:
        paired = len(hashes) // 64 * 64
        above = [sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, paired, 64)]
        above.append(hashes[paired:])  # the odd one out moves up as it is
        hashes = b"".join(above)
    return hashes


@dataclass(frozen=True)
class Frontier:
    """All that appending needs of a tree: its size and the roots of its perfect subtrees.

    `hashes` run from the left, the largest subtree first: one for each one-bit of `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extend(self, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[Node]]:
        """Append leaves; also returns the nodes that this completes, in the order of `position`."""
        stack = list(self.hashes)
        nodes: list[Node] = []
        for size, leaf in enumerate(leaf_hashes, self.size):
            level, index, value = 0, size, leaf
            nodes.append((level, index, value))
            while index & 1:
                value = sha256(b"\x01" + stack.pop() + value).digest()
                level, index = level + 1, index >> 1
                nodes.append((level, index, value))
            stack.append(value)
        return Frontier(self.size + len(leaf_hashes), tuple(stack)), nodes

    def root(self) -> bytes:
        """The root of the tree."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def nodes(self) -> list[Node]:
        """The hashes with the nodes they belong to."""
        ids = frontier_nodes(self.size)
        return [
            (level, index, value) for (level, index), value in zip(ids, self.hashes, strict=True)
        ]


def frontier_nodes(size: int) -> list[NodeId]:
    """The nodes that make the frontier of a tree of `size` leaves, from the left."""
    return _range_nodes(0, size)


def position(level: int, index: int) -> int:
    """The place of a node in the order in which appending completes nodes, from 0.

    A tree of n leaves has the positions below 2n - popcount(n), so a store can only ever append.

    >>> [position(*node) for node in ((0, 0), (0, 1), (1, 0), (0, 2), (0, 3), (1, 1), (2, 0))]
    [0, 1, 2, 3, 4, 5, 6]
    """
    last_leaf = ((index + 1) << level) - 1
    return node_count(last_leaf) + level


def node_count(size: int) -> int:
    """How many nodes a tree of `size` leaves has."""
    return 2 * size - size.bit_count()


def prove_inclusion(index: int, size: int, read_nodes: ReadNodes) -> list[bytes]:
    """The inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf upwards.

    `read_nodes` is asked once, for nodes that the tree has.

    Raises:
        InputError: not-found (the tree has no such leaf).
    """
    if not 0 <= index < size:
        raise InputError("not-found", "the tree has no such leaf")
    low, high = 0, size
    ranges: list[tuple[int, int]] = []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return _assemble(ranges[::-1], read_nodes)


def prove_consistency(size1: int, size2: int, read_nodes: ReadNodes) -> list[bytes]:
    """The proof that the tree of `size2` leaves starts with the tree of `size1` leaves.

    Raises:
        InputError: not-found (no such trees, or the earlier one is empty: nothing to prove).
    """
    if not 0 < size1 <= size2:
        raise InputError("not-found", "there are no two such trees")
    low, high = 0, size2
    ranges: list[tuple[int, int]] = []
    while size1 != high:
        middle = low + _split(high - low)
        if size1 <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        ranges.append((low, high))
    return _assemble(ranges[::-1], read_nodes)


def consistency_path(size1: int, size2: int, read_nodes: ReadNodes) -> list[bytes]:
    """A consistency proof with what it leaves out: the root of an earlier tree that is perfect.

    Unlike the proof it leads to both roots by itself; see `roots_of_path`.

    Raises:
        InputError: not-found (not `0 < size1 < size2`).
    """
    if size1 == size2:
        raise InputError("not-found", "there are no two such trees")
    proof = prove_consistency(size1, size2, read_nodes)
    if not _is_perfect(size1):
        return proof
    return [*read_nodes([(size1.bit_length() - 1, 0)]), *proof]


def _is_perfect(size: int) -> bool:
    return size & (size - 1) == 0


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _range_nodes(low: int, high: int) -> list[NodeId]:
    """The perfect subtrees of leaves low to high - 1, where low is a multiple of the largest."""
    nodes: list[NodeId] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _fold(hashes: Sequence[bytes]) -> bytes:
    value = hashes[-1]
    for left in reversed(hashes[:-1]):
        value = node_hash(left, value)
    return value


def _assemble(ranges: list[tuple[int, int]], read_nodes: ReadNodes) -> list[bytes]:
    groups = [_range_nodes(low, high) for low, high in ranges]
    values = iter(read_nodes([node for group in groups for node in group]))
    return [_fold([next(values) for _ in group]) for group in groups]


def check_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` (a leaf hash) is leaf `index` of the tree (RFC 9162 section 2.1.3.2).

    Raises:
        LogError: proof-malformed (lengths, counts), proof-invalid (another root).
    """
    _check_lengths(leaf, root, *proof)
    if not 0 <= index < size:
        raise LogError("proof-malformed", "the index is outside the tree")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise LogError(
            "proof-malformed", "the number of hashes does not fit the index and the size"
        )
    value = leaf
    for level, sibling in enumerate(proof[:inner]):
        if index >> level & 1:
            value = node_hash(sibling, value)
        else:
            value = node_hash(value, sibling)
    for sibling in proof[inner:]:
        value = node_hash(sibling, value)
    if value != root:
        raise LogError("proof-invalid", "the proof leads to another root")


def check_consistency(
    *, size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `size2` leaves starts with the other (RFC 9162 section 2.1.4.2).

    An empty earlier tree is refused: it is the start of every tree, so nothing is proven.

    Raises:
        LogError: proof-malformed (lengths, counts, sizes), proof-invalid (another root).
    """
    if size1 == size2:
        _check_same(size1, root1, root2, proof)
        return
    _check_lengths(root1, root2)
    path = [root1, *proof] if _is_perfect(size1) else proof
    if roots_of_path(size1, size2, path) != (root1, root2):
        raise LogError("proof-invalid", "the proof leads to other roots")


def roots_of_path(size1: int, size2: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots to which a `consistency_path` leads: of the earlier tree, and of the later.

    If the second is the root of a tree, the first is that of its first `size1` leaves: whoever
    finds a path to the one and not to the other breaks SHA-256.

    Raises:
        LogError: proof-malformed (lengths, counts, sizes).
    """
    _check_lengths(*path)
    if not 0 < size1 < size2:
        raise LogError("proof-malformed", "the earlier tree is empty or not the smaller one")
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    if len(path) != 1 + _path_length(first, last):
        raise LogError("proof-malformed", "the number of hashes does not fit the sizes")
    old = new = path[0]
    for sibling in path[1:]:
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    return old, new


def _check_same(size: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise LogError("proof-malformed", "trees of one size need no proof")
    if root1 != root2 or (size == 0 and root1 != EMPTY_ROOT):
        raise LogError("proof-invalid", "trees of one size have two roots")


def _path_length(first: int, last: int) -> int:
    """How many siblings stand between node `first` and the root, `last` being the last node."""
    inner = (first ^ last).bit_length()
    return inner + (first >> inner).bit_count()


def _check_lengths(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise LogError("proof-malformed", "a hash is not 32 bytes")
