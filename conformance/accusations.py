"""Suite misbehaviour: two checkpoints that no honest log signs, and such as an honest one may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attest.encoding import Json, canonical, decode_base64, encode_base64, format_instant, loads
from attest.log.checkpoint import Checkpoint, format_checkpoint
from attest.log.merkle import consistency_path
from attest.log.misbehaviour import format_misbehaviour
from conformance.binary import Documents
from conformance.keys import LOG, OTHER_LOG, TIME, signed
from conformance.trees import NOON, Tree, root_at
from conformance.vectors import Vector, accept, refuse

SUITE = "misbehaviour"
TREE = Tree([b"record %d" % number for number in range(8)])
FORKED = Tree([b"RECORD 0", *TREE.items[1:]])
HOUR = 3600


def note(tree: Tree, size: int, at: int = TIME) -> bytes:
    """A checkpoint of the log at a size, signed at a time."""
    return signed(tree.checkpoint(size), LOG, at=at)


def path(tree: Tree, size1: int, size2: int) -> list[bytes]:
    """The path that leads to the roots of two sizes of one tree."""
    leaves = tree.leaves
    return consistency_path(
        size1, size2, lambda wanted: [root_at(leaves, level, index) for level, index in wanted]
    )


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    for tree in (TREE, FORKED):
        documents.share(note(tree, 5))
    for vector_id, about, raw, expect in [*_good(), *_innocent(), *_malformed(), *_unsigned()]:
        asked = {
            "do": "open-misbehaviour",
            "misbehaviour": documents.write(raw),
            "log": documents.write_lines(LOG.vkeys),
        }
        yield Vector(SUITE, vector_id, about, asked, expect)


def _convicts(kind: str, first: Checkpoint, second: Checkpoint, *, later: int = 0) -> Json:
    def side(checkpoint: Checkpoint) -> Json:
        return {"size": checkpoint.size, "root": encode_base64(checkpoint.root)}

    times = (NOON, NOON.fromtimestamp(TIME + later, NOON.tzinfo))
    return accept(
        kind=kind,
        first=side(first),
        second=side(second),
        signed_at=[format_instant(each) for each in times],
    )


def _good() -> Iterator[tuple[str, str, bytes, Json]]:
    five, forked = TREE.checkpoint(5), FORKED.checkpoint(5)
    yield (
        "fork",
        "One size, two roots.",
        format_misbehaviour(note(TREE, 5), note(FORKED, 5)),
        _convicts("fork", five, forked),
    )
    yield (
        "fork-later",
        "Two roots, signed at two times.",
        format_misbehaviour(note(TREE, 5), note(FORKED, 5, TIME + HOUR)),
        _convicts("fork", five, forked, later=HOUR),
    )
    for size1, size2 in [(3, 5), (4, 7), (1, 8), (7, 8)]:
        yield (
            f"rewriting-{size1}-{size2}",
            f"The log of {size2} does not start with that of {size1}.",
            format_misbehaviour(
                note(TREE, size1), note(FORKED, size2), path=path(FORKED, size1, size2)
            ),
            _convicts("rewriting", TREE.checkpoint(size1), FORKED.checkpoint(size2)),
        )
    yield (
        "rollback",
        "Three entries, signed a second after five had been.",
        format_misbehaviour(note(TREE, 5), note(TREE, 3, TIME + 1)),
        _convicts("rollback", five, TREE.checkpoint(3), later=1),
    )


def _innocent() -> Iterator[tuple[str, str, bytes, Json]]:
    five, forked = note(TREE, 5), note(FORKED, 5)
    honest = path(TREE, 3, 5)
    other = path(FORKED, 3, 5)
    rows: list[tuple[str, str, bytes, bytes, Sequence[bytes]]] = [
        ("same", "The same checkpoint twice.", five, five, ()),
        (
            "same-later",
            "The same size and root, signed again later.",
            five,
            note(TREE, 5, TIME + 9),
            (),
        ),
        ("grown", "A larger log, and no path.", note(TREE, 3), five, ()),
        ("grown-honestly", "The path shows that the log only grew.", note(TREE, 3), five, honest),
        ("path-elsewhere", "The path leads to another later root.", note(TREE, 3), five, other),
        (
            "path-flipped",
            "A bit of the path.",
            note(TREE, 3),
            forked,
            [_flip(other[0]), *other[1:]],
        ),
        (
            "older",
            "A smaller log, signed earlier: a stale copy.",
            five,
            note(TREE, 3, TIME - 1),
            (),
        ),
        ("same-second", "A smaller log, signed in the same second.", five, note(TREE, 3), ()),
    ]
    for vector_id, about, first, second, hashes in rows:
        raw = format_misbehaviour(first, second, path=hashes)
        yield f"innocent-{vector_id}", about, raw, refuse("not-misbehaviour")


def _flip(value: bytes) -> bytes:
    return bytes((value[0] ^ 1,)) + value[1:]


def _malformed() -> Iterator[tuple[str, str, bytes, Json]]:
    first, forked = note(TREE, 3), note(FORKED, 5)
    good = path(FORKED, 3, 5)
    for vector_id, about, one, other, hashes in [
        ("short", "A hash too few.", first, forked, good[:-1]),
        ("long", "A hash too many.", first, forked, [*good, good[0]]),
        ("hash", "A hash of 31 bytes.", first, forked, [good[0][:31], *good[1:]]),
        ("of-fork", "A path where both have one size.", note(TREE, 5), forked, good),
        ("of-rollback", "A path to a smaller log.", forked, note(FORKED, 3, TIME + 1), good),
    ]:
        raw = format_misbehaviour(one, other, path=hashes)
        yield f"path-{vector_id}", about, raw, refuse("proof-malformed")
    document = loads(format_misbehaviour(note(TREE, 5), forked), string_bytes_max=2**16)
    for vector_id, about, changed in [
        ("version", "Version 2.", {**document, "v": 2}),
        ("member", "A member that such documents do not have.", {**document, "kind": "fork"}),
        ("one", "One note only.", {"v": 1, "first": document["first"]}),
        ("path-text", "A path that is no list.", {**document, "path": document["first"]}),
    ]:
        yield f"schema-{vector_id}", about, canonical(changed), refuse("schema-violation")


def _unsigned() -> Iterator[tuple[str, str, bytes, Json]]:
    forked = FORKED.checkpoint(5)
    text = format_checkpoint(forked)
    other = Tree(FORKED.items, OTHER_LOG.name)
    signature = refuse("checkpoint-signature")
    for vector_id, about, second, expect in [
        (
            "ed25519-alone",
            "The second lacks ML-DSA-44.",
            text + b"\n" + LOG.ed25519_line(text),
            signature,
        ),
        (
            "ml-dsa-44-alone",
            "The second lacks Ed25519.",
            text + b"\n" + LOG.ml_dsa_line(forked),
            signature,
        ),
        (
            "stranger",
            "The second is signed by another's keys.",
            text + b"\n" + OTHER_LOG.lines(forked),
            signature,
        ),
        ("redated", "The time of the second was changed.", _redated(note(TREE, 3)), signature),
        (
            "other-log",
            "The second is of another log.",
            signed(other.checkpoint(5), OTHER_LOG),
            refuse("checkpoint-origin"),
        ),
        ("no-note", "The second is no note.", text, refuse("checkpoint-malformed")),
    ]:
        raw = format_misbehaviour(note(TREE, 5), second)
        yield f"signature-{vector_id}", about, raw, expect


def _redated(raw: bytes) -> bytes:
    """A note whose ML-DSA-44 line bears a later time than was signed."""
    head, line, _ = raw.rsplit(b"\n", 2)
    signature = decode_base64(line.split(b" ")[2].decode())[12:]
    return head + b"\n" + LOG.ml_dsa.line((TIME + HOUR).to_bytes(8, "big") + signature)
