"""Suite witness: what a witness answers to add-checkpoint requests, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from attest import limits
from attest.encoding import Json, encode_base64
from attest.log.checkpoint import Checkpoint, format_checkpoint
from attest.log.witness import AddCheckpoint, format_add_checkpoint
from conformance.binary import Documents, repeated
from conformance.keys import LOG, OTHER_LOG, log_named, signed
from conformance.trees import Tree
from conformance.vectors import Vector, accept

SUITE = "witness"
TREE = Tree([b"record %d" % number for number in range(8)])
FORKED = Tree([b"RECORD 0", *TREE.items[1:]])
OTHER_TREE = Tree(TREE.items[:4], OTHER_LOG.name)
LOGS = {LOG.name: LOG.vkeys, OTHER_LOG.name: OTHER_LOG.vkeys[:1]}


class Step(NamedTuple):
    """A request, its answer, and what the witness has cosigned of a log after it."""

    request: bytes | Json
    answer: Json
    after: Mapping[str, int] = {}


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    for size in (3, 5):
        documents.share(signed(TREE.checkpoint(size), LOG))
    for vector_id, about, steps in [*_followed(), *_turned_away(), *_bad_proofs(), *_unread()]:
        asked = {
            "do": "add-checkpoints",
            "logs": {origin: documents.write_lines(vkeys) for origin, vkeys in LOGS.items()},
            "requests": [_written(each.request, documents) for each in steps],
        }
        sizes = dict.fromkeys(LOGS, 0)
        for each in steps:
            sizes.update(each.after)
        expect = accept(answers=[each.answer for each in steps], sizes=sizes)
        yield Vector(SUITE, vector_id, about, asked, expect)


def _written(request: bytes | Json, documents: Documents) -> Json:
    return documents.write(request) if isinstance(request, bytes) else request


def behind(size: int) -> Json:
    """The answer to a request that starts elsewhere."""
    return {"status": 409, "body": f"{size}\n", "type": "text/x.tlog.size"}


def refused(status: int) -> Json:
    """The answer to a request that was refused; the witness keeps what it has."""
    return {"status": status}


def raw_request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of a request."""
    return format_add_checkpoint(AddCheckpoint(old, tuple(proof), note))


def step(old: int, new: int, answer: Json = None, *, tree: Tree = TREE) -> Step:
    """A well-made request from one size to another; granted unless there is another answer."""
    proof = tree.consistency(old, new) if 0 < old < new else []
    log = LOG if tree.origin == LOG.name else OTHER_LOG
    request = raw_request(old, proof, signed(tree.checkpoint(new), log))
    if answer is not None:
        return Step(request, answer)
    return Step(request, {"status": 200}, {tree.origin: new})


def _followed() -> Iterator[tuple[str, str, list[Step]]]:
    first = step(0, 3)
    yield "first", "The first checkpoint of a log.", [first]
    yield "grows", "Three steps, all proven.", [first, step(3, 5), step(5, 8)]
    yield "from-power", "From a size that is a power of two.", [step(0, 4), step(4, 7)]
    yield "again", "The same checkpoint again.", [first, step(3, 3)]
    yield "empty", "An empty log, then its first entries.", [step(0, 0), step(0, 2)]
    yield (
        "two-logs",
        "Two logs do not disturb each other.",
        [first, step(0, 4, tree=OTHER_TREE), step(3, 4)],
    )
    text = format_checkpoint(TREE.checkpoint(3))
    only = text + b"\n" + LOG.ed25519_line(text)
    granted = Step(raw_request(0, [], only), {"status": 200}, {LOG.name: 3})
    yield "one-signature", "One signature by a known key of the log is enough.", [granted]


def _turned_away() -> Iterator[tuple[str, str, list[Step]]]:
    first = step(0, 3)
    yield (
        "behind",
        "From 0, when more was cosigned: the client learns the size.",
        [first, step(0, 5, behind(3))],
    )
    yield "ahead", "From a size that was never cosigned.", [step(3, 5, behind(0))]
    yield (
        "learns",
        "The client asks again from the size that it was told.",
        [first, step(2, 5, behind(3)), step(3, 5)],
    )
    yield "back", "Back to a smaller size.", [step(0, 5), step(5, 3, refused(400))]
    yield "old-over", "The old size is over the new one.", [step(4, 3, refused(400))]
    yield (
        "unknown-log",
        "A log that is not witnessed.",
        [Step(raw_request(0, [], _strange()), refused(404))],
    )
    unsigned = format_checkpoint(TREE.checkpoint(3)) + b"\n" + OTHER_LOG.lines(TREE.checkpoint(3))
    yield (
        "unsigned",
        "Signed by another log's keys.",
        [Step(raw_request(0, [], unsigned), refused(403))],
    )
    note = signed(TREE.checkpoint(3), LOG)
    changed = note.replace(b"\n3\n", b"\n4\n")
    yield (
        "signature",
        "The size was changed after signing.",
        [Step(raw_request(0, [], changed), refused(403))],
    )
    spoilt = note + LOG.ed25519.line(bytes(64))
    yield (
        "signature-spoilt",
        "A false signature beside true ones.",
        [Step(raw_request(0, [], spoilt), refused(403))],
    )


def _strange() -> bytes:
    tree = Tree([b"x"], "strange.example/log")
    return signed(tree.checkpoint(), log_named(tree.origin))


def _bad_proofs() -> Iterator[tuple[str, str, list[Step]]]:
    first = step(0, 3)
    proof, note = TREE.consistency(3, 5), signed(TREE.checkpoint(5), LOG)

    def asked(old: int, hashes: Sequence[bytes], new: bytes) -> Step:
        return Step(raw_request(old, hashes, new), refused(422))

    flipped = [bytes((proof[0][0] ^ 1,)) + proof[0][1:], *proof[1:]]
    after = step(3, 5)
    yield "fork", "Another history.", [first, step(3, 5, refused(422), tree=FORKED), after]
    yield (
        "fork-same-size",
        "Another root of the same size.",
        [first, step(3, 3, refused(422), tree=FORKED)],
    )
    yield "proof-flipped", "A bit of a hash.", [first, asked(3, flipped, note), after]
    yield "proof-missing", "No hashes.", [first, asked(3, [], note)]
    yield "proof-short", "A hash too few.", [first, asked(3, proof[:-1], note)]
    yield "proof-long", "A hash too many.", [first, asked(3, [*proof, proof[0]], note)]
    yield "proof-needless", "Hashes from 0.", [asked(0, proof, note)]
    same = signed(TREE.checkpoint(3), LOG)
    yield "proof-needless-same-size", "Hashes for the same size.", [first, asked(3, proof, same)]
    wrong = Checkpoint(LOG.name, 0, sha256(b"not empty").digest())
    yield "empty-root", "An empty log with another root.", [asked(0, [], signed(wrong, LOG))]


def _unread() -> Iterator[tuple[str, str, list[Step]]]:
    note = signed(TREE.checkpoint(3), LOG)
    text = format_checkpoint(TREE.checkpoint(3)) + b"extra\n"
    extended = text + b"\n" + LOG.ed25519_line(text)
    hashes = b"".join(encode_base64(TREE.leaves[0]).encode() + b"\n" for _ in range(64))
    rows: list[tuple[str, str, bytes]] = [
        ("no-old", "No old size.", b"\n" + note),
        ("old-zero-led", "An old size with a leading zero.", b"old 00\n\n" + note),
        ("old-negative", "A negative old size.", b"old -1\n\n" + note),
        ("no-empty-line", "No empty line.", b"old 0\n" + note),
        (
            "hash-short",
            "A hash of 31 bytes.",
            b"old 0\n" + encode_base64(bytes(31)).encode() + b"\n\n" + note,
        ),
        (
            "hash-loose",
            "A hash with bits that padding drops.",
            b"old 0\n" + b"A" * 42 + b"B=\n\n" + note,
        ),
        ("hashes-64", "64 hashes.", b"old 0\n" + hashes + b"\n" + note),
        ("no-note", "No checkpoint.", b"old 0\n\n"),
        ("extension", "A checkpoint with an extension line.", b"old 0\n\n" + extended),
        ("empty", "No bytes.", b""),
    ]
    for vector_id, about, raw in rows:
        yield f"unread-{vector_id}", about, [Step(raw, refused(400))]
    room = limits.WITNESS_REQUEST_BYTES_MAX + 1
    yield (
        "unread-too-large",
        "One byte over 69632.",
        [Step(repeated(b"", b"a", room), refused(413))],
    )
