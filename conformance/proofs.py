"""Suite tlog-proof: that an entry is in the log, and that the log commits to a body."""

from __future__ import annotations

from collections.abc import Iterator

from attest import limits
from attest.encoding import Json, encode_base64
from attest.log.proof import format_tlog_proof
from conformance.binary import Documents, repeated
from conformance.keys import LOG, OTHER_LOG, WITNESSES, signed
from conformance.trees import Log, small_log
from conformance.vectors import Vector, accept, refuse

SUITE = "tlog-proof"
SMALL = small_log()
ENTRY = SMALL.tree.items[4]
PROOF = SMALL.tlog_proof(4)
SIZE = len(SMALL.tree.items)


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    documents.share(PROOF)
    log = documents.write_lines(LOG.vkeys)
    for vector_id, about, proof, entry, expect in [*_good(), *_wrong(), *_misplaced()]:
        yield _proof(vector_id, about, documents.write(proof), entry, log, expect)
    for vector_id, about, written in _malformed():
        proof = documents.write(written) if isinstance(written, bytes) else written
        yield _proof(vector_id, about, proof, ENTRY, log, refuse("proof-malformed"))
    for vector_id, about, document, body, expect in _documents():
        asked = {
            "do": "open-proof-document",
            "proof_document": document,
            "body": encode_base64(body),
            "log": documents.write_lines(LOG.vkeys),
        }
        yield Vector(SUITE, f"document-{vector_id}", about, asked, expect)


def _proof(
    vector_id: str, about: str, proof: Json, entry: bytes, log: Json, expect: Json
) -> Vector:
    asked = {
        "do": "open-proof",
        "proof": proof,
        "entry": encode_base64(entry),
        "log": log,
    }
    return Vector(SUITE, f"proof-{vector_id}", about, asked, expect)


def _found(log: Log, index: int, size: int) -> Json:
    checkpoint = log.tree.checkpoint(size)
    return accept(
        index=index,
        origin=checkpoint.origin,
        size=size,
        root=encode_base64(checkpoint.root),
    )


def _good() -> Iterator[tuple[str, str, bytes, bytes, Json]]:
    for index, size in [(0, 1), (0, 7), (2, 7), (3, 4), (5, 6), (6, 7)]:
        yield (
            f"index-{index}-size-{size}",
            f"Entry {index} of a log of {size}: {len(SMALL.tree.hashes(index, size))} hashes.",
            SMALL.tlog_proof(index, size),
            SMALL.tree.items[index],
            _found(SMALL, index, size),
        )
    cosigned = PROOF + WITNESSES[0].lines(SMALL.tree.checkpoint())
    yield (
        "cosigned",
        "The checkpoint carries lines of witnesses.",
        cosigned,
        ENTRY,
        _found(SMALL, 4, SIZE),
    )


def _malformed() -> Iterator[tuple[str, str, bytes | Json]]:
    header, _, rest = PROOF.partition(b"\n")
    index, _, tail = rest.partition(b"\n")
    first = tail.split(b"\n")[0]
    rows = [
        ("header", "Another version in the header.", PROOF.replace(b"@v1", b"@v2", 1)),
        ("header-missing", "No header.", rest),
        ("extra", "An extra line, which nothing signs.", header + b"\nextra AAAA\n" + rest),
        ("index-zero-led", "An index with a leading zero.", PROOF.replace(b"index 4", b"index 04")),
        ("index-negative", "A negative index.", PROOF.replace(b"index 4", b"index -4")),
        (
            "index-long",
            "An index of 14 digits.",
            PROOF.replace(b"index 4", b"index 10000000000000"),
        ),
        ("index-missing", "No index.", header + b"\n" + tail),
        ("index-outside", "The index is that of the size.", PROOF.replace(b"index 4", b"index 7")),
        (
            "hash-missing",
            "A hash too few.",
            header + b"\n" + index + b"\n" + tail[len(first) + 1 :],
        ),
        (
            "hash-too-many",
            "A hash too many.",
            header + b"\n" + index + b"\n" + first + b"\n" + tail,
        ),
        ("hash-short", "A hash of 31 bytes.", PROOF.replace(first, first[:-4] + b"AA==", 1)),
        (
            "hash-loose",
            "A hash with bits that padding drops.",
            PROOF.replace(first, _loose(first), 1),
        ),
        ("no-empty-line", "No empty line before the checkpoint.", PROOF.replace(b"\n\n", b"\n", 1)),
        ("no-checkpoint", "No checkpoint.", PROOF.partition(b"\n\n")[0] + b"\n\n"),
        ("carriage-return", "CR LF.", PROOF.replace(b"\n", b"\r\n")),
        ("empty", "No bytes.", b""),
    ]
    yield from rows
    many = header + b"\n" + index + b"\n" + (first + b"\n") * 64 + b"\n" + SMALL.note()
    yield "hashes-64", "64 hashes: more than any tree has levels.", many
    room = limits.PROOF_BYTES_MAX - len(PROOF)
    yield "too-large", "One byte over 131072.", repeated(PROOF, b"a", room + 1)


def _loose(line: bytes) -> bytes:
    """A line of base64 with one bit set that its padding drops."""
    return line[:-2] + bytes((line[-2] + 1,)) + b"="


def _wrong() -> Iterator[tuple[str, str, bytes, bytes, Json]]:
    invalid = refuse("proof-invalid")
    hashes, note = SMALL.tree.hashes(4, SIZE), SMALL.note()

    def with_hashes(changed: list[bytes]) -> bytes:
        return format_tlog_proof(index=4, hashes=changed, checkpoint=note)

    yield "entry-other", "Another entry of the log.", PROOF, SMALL.tree.items[3], invalid
    yield "entry-changed", "A byte of the entry was changed.", PROOF, ENTRY[:-1] + b"]", invalid
    yield (
        "hash-flipped",
        "A bit of the last hash.",
        with_hashes([*hashes[:-1], bytes((hashes[-1][0] ^ 1,)) + hashes[-1][1:]]),
        ENTRY,
        invalid,
    )
    yield "hashes-swapped", "Two hashes changed places.", with_hashes(hashes[::-1]), ENTRY, invalid
    yield (
        "index-other",
        "The neighbour's index.",
        PROOF.replace(b"index 4", b"index 5"),
        ENTRY,
        invalid,
    )
    node = SMALL.tree.leaves[4] + SMALL.tree.leaves[5]
    yield (
        "node-as-entry",
        "The inside of a node as an entry: leaves and nodes are hashed differently.",
        format_tlog_proof(index=4, hashes=hashes, checkpoint=note),
        node,
        invalid,
    )
    changed = PROOF.replace(b"\n7\n", b"\n8\n")
    yield "size-changed", "The size was changed.", changed, ENTRY, refuse("checkpoint-signature")
    unsigned = format_tlog_proof(index=4, hashes=hashes, checkpoint=note.partition(b"\n\n")[0])
    yield (
        "unsigned",
        "The checkpoint has no signatures.",
        unsigned,
        ENTRY,
        refuse("checkpoint-malformed"),
    )
    other = Log(OTHER_LOG)
    other.tree.origin = OTHER_LOG.name
    other.append("genesis", b"genesis")
    yield (
        "other-log",
        "A good proof of another log.",
        other.tlog_proof(0),
        other.tree.items[0],
        refuse("checkpoint-origin"),
    )


def _misplaced() -> Iterator[tuple[str, str, bytes, bytes, Json]]:
    """Trees that the log signed although their leaves are wrong."""
    shifted = Log()
    shifted.tree.items.append(SMALL.tree.items[1])
    yield (
        "entry-elsewhere",
        "The log holds an entry of index 1 at 0.",
        format_tlog_proof(index=0, hashes=[], checkpoint=signed(shifted.tree.checkpoint(), LOG)),
        SMALL.tree.items[1],
        refuse("entry-order"),
    )
    strange = Log()
    strange.tree.items.append(b"no entry")
    yield (
        "entry-none",
        "The log holds bytes that are no entry.",
        format_tlog_proof(index=0, hashes=[], checkpoint=signed(strange.tree.checkpoint(), LOG)),
        b"no entry",
        refuse("entry-malformed"),
    )


def _documents() -> Iterator[tuple[str, str, Json, bytes, Json]]:
    salted, plain = SMALL.proof(5), SMALL.proof(4)
    said = SMALL.tree.checkpoint()
    root = encode_base64(said.root)

    def opened(index: int, kind: str) -> Json:
        return accept(index=index, kind=kind, size=said.size, root=root)

    mismatch = refuse("commitment-mismatch")
    yield "plain", "A body without a salt.", plain, b"a trust", opened(4, "trust")
    yield "salted", "A body with its salt.", salted, b"a submission", opened(5, "submission")
    yield "body-other", "Another body.", salted, b"A submission", mismatch
    yield "plain-body-other", "Another body, no salt.", plain, b"a trusT", mismatch
    other = {**salted, "salt": encode_base64(SMALL.salts[6])}
    yield "salt-other", "Another entry's salt.", other, b"a submission", mismatch
    bare = {name: salted[name] for name in ("v", "entry", "tlog_proof")}
    yield "salt-missing", "The salt is missing.", bare, b"a submission", mismatch
    moved = {**salted, "salt": encode_base64(SMALL.salts[5] + b"a")}
    yield "salt-longer", "A byte of the body moved to the salt.", moved, b" submission", mismatch
    needless = {**plain, "salt": encode_base64(SMALL.salts[5])}
    yield "salt-needless", "A salt where the kind has none.", needless, b"a trust", mismatch
    broken = {**salted, "entry": salted["entry"] + "="}
    yield "base64", "A member is not base64.", broken, b"a submission", refuse("base64")
    crossed = {**salted, "entry": plain["entry"]}
    yield (
        "entry-swapped",
        "The entry of another proof.",
        crossed,
        b"a submission",
        refuse("proof-invalid"),
    )
