"""Suite cosignature: what witnesses say of a checkpoint, by Ed25519 (0x04) and ML-DSA-44 (0x06)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from attest.encoding import Json
from attest.log.checkpoint import Checkpoint, cosigned_message, format_checkpoint
from attest.log.note import NoteKey
from conformance.binary import Documents
from conformance.keys import LOG, TIME, WITNESSES, signed
from conformance.vectors import Vector, accept, refuse

SUITE = "cosignature"
CHECKPOINT = Checkpoint(LOG.name, 7, sha256(b"a root").digest())
TEXT = format_checkpoint(CHECKPOINT)
NOTE = signed(CHECKPOINT, LOG)
ONE, TWO, _ = WITNESSES
LATEST = 2**63 - 1
Row = tuple[str, str, bytes, Sequence[str], Json]


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    documents.share(NOTE + ONE.lines(CHECKPOINT))
    for vector_id, about, note, keys, expect in _rows():
        witnesses = documents.write_lines(keys)
        asked = {
            "do": "open-cosignatures",
            "note": documents.write(note),
            "witnesses": witnesses,
        }
        yield Vector(SUITE, vector_id, about, asked, expect)


def _rows() -> Iterator[Row]:
    for vector_id, about, note, found in _good():
        yield (vector_id, about, note, ONE.vkeys, _found(found))
    for vector_id, about, lines in [*_bad_ed25519(), *_bad_ml_dsa()]:
        yield (vector_id, about, NOTE + lines, ONE.vkeys, refuse("checkpoint-signature"))
    both = NOTE + ONE.lines(CHECKPOINT) + TWO.lines(CHECKPOINT)
    yield (
        "two-witnesses",
        "Two witnesses with two keys each; the order is that of the lines.",
        both,
        [*TWO.vkeys, *ONE.vkeys],
        _found([(key, TIME) for each in (ONE, TWO) for key in (each.ed25519, each.ml_dsa)]),
    )
    yield (
        "extension",
        "A checkpoint with an extension line is not taken, though the line is signed.",
        TEXT + b"extra\n\n" + ONE.ed25519_line(TEXT + b"extra\n"),
        ONE.vkeys,
        refuse("checkpoint-malformed"),
    )
    yield ("no-note", "Not a note.", TEXT, ONE.vkeys, refuse("checkpoint-malformed"))
    broken = ONE.vkeys[0].replace("+", "-", 1)
    yield ("vkey", "A verifier key is broken.", NOTE, [broken], refuse("key-malformed"))


def _found(cosignatures: Sequence[tuple[NoteKey, int]]) -> Json:
    return accept(
        cosignatures=[
            {"name": key.name, "key_id": key.identifier.hex(), "type": key.kind, "time": at}
            for key, at in cosignatures
        ]
    )


def _good() -> Iterator[tuple[str, str, bytes, list[tuple[NoteKey, int]]]]:
    old, new = ONE.ed25519, ONE.ml_dsa
    both = [(old, TIME), (new, TIME)]
    yield "both", "Both keys cosigned.", NOTE + ONE.lines(CHECKPOINT), both
    yield "ed25519", "Only Ed25519.", NOTE + ONE.ed25519_line(TEXT), both[:1]
    yield "ml-dsa-44", "Only ML-DSA-44.", NOTE + ONE.ml_dsa_line(CHECKPOINT), both[1:]
    yield "none", "Nobody that is known cosigned.", NOTE + TWO.lines(CHECKPOINT), []
    yield (
        "without-log",
        "The signatures of the log are another matter: they may be missing.",
        TEXT + b"\n" + ONE.lines(CHECKPOINT),
        both,
    )
    yield (
        "log-key-with-witness-key",
        "A false line of the log is passed over: its key is not asked for.",
        NOTE + LOG.ed25519.line(bytes(64)) + ONE.ed25519_line(TEXT),
        both[:1],
    )
    for vector_id, about, at in [("earliest", "Second 1.", 1), ("latest", "2^63 - 1.", LATEST)]:
        lines = ONE.lines(CHECKPOINT, at=at)
        yield f"time-{vector_id}", f"Dated {about}", NOTE + lines, [(old, at), (new, at)]
    yield (
        "twice",
        "One key cosigned at two times: both are told.",
        NOTE + ONE.ed25519_line(TEXT) + ONE.ed25519_line(TEXT, at=TIME + 1),
        [(old, TIME), (old, TIME + 1)],
    )
    disguised = NoteKey(TWO.name, old.kind, old.public)
    yield (
        "other-name",
        "The key under another name has another ID: passed over.",
        NOTE + disguised.line(TIME.to_bytes(8, "big") + bytes(64)),
        [],
    )


def _bad_ed25519() -> Iterator[tuple[str, str, bytes]]:
    key = ONE.ed25519

    def dated(at: int, signature: bytes) -> bytes:
        return key.line(at.to_bytes(8, "big") + signature)

    def over(at: int, text: bytes = TEXT) -> bytes:
        return ONE.sign_ed25519(b"cosignature/v1\ntime %d\n" % at + text)

    good = over(TIME)
    larger = TEXT.replace(b"\n7\n", b"\n8\n")
    yield (
        "ed25519-flipped",
        "A bit of the signature.",
        dated(TIME, bytes((good[0] ^ 1,)) + good[1:]),
    )
    yield "ed25519-time", "The time was changed.", dated(TIME + 1, good)
    yield "ed25519-time-zero", "A true signature of time 0.", dated(0, over(0))
    yield "ed25519-time-over", "A true signature of time 2^63.", dated(LATEST + 1, over(LATEST + 1))
    yield "ed25519-short", "A byte is missing.", dated(TIME, good[:-1])
    yield "ed25519-long", "A byte too many.", dated(TIME, good + b"\0")
    yield "ed25519-undated", "A signature without a time.", key.line(good)
    yield "ed25519-other-size", "Over another size.", dated(TIME, over(TIME, larger))
    yield "ed25519-bare", "Over the text, without header.", dated(TIME, ONE.sign_ed25519(TEXT))
    yield (
        "ed25519-after-true",
        "A false line after a true one of the same key.",
        ONE.ed25519_line(TEXT) + dated(TIME, bytes(32) + good[32:]),
    )
    yield (
        "ed25519-by-other",
        "Signed with another witness's key.",
        dated(TIME, TWO.sign_ed25519(b"cosignature/v1\ntime %d\n" % TIME + TEXT)),
    )


def _bad_ml_dsa() -> Iterator[tuple[str, str, bytes]]:
    key = ONE.ml_dsa
    message = cosigned_message(CHECKPOINT, name=ONE.name, at=TIME)

    def dated(signature: bytes, at: int = TIME) -> bytes:
        return key.line(at.to_bytes(8, "big") + signature)

    def of(checkpoint: Checkpoint = CHECKPOINT, name: str = ONE.name, at: int = TIME) -> bytes:
        return ONE.sign_ml_dsa(cosigned_message(checkpoint, name=name, at=at))

    good = of()
    started = message[:-48] + (1).to_bytes(8, "big") + message[-40:]
    yield "ml-dsa-44-flipped", "A bit of the signature.", dated(bytes((good[0] ^ 1,)) + good[1:])
    yield "ml-dsa-44-time", "The time was changed.", dated(good, TIME + 1)
    yield "ml-dsa-44-time-zero", "A true signature of time 0.", dated(of(at=0), 0)
    yield (
        "ml-dsa-44-time-over",
        "A true signature of time 2^63.",
        dated(of(at=LATEST + 1), LATEST + 1),
    )
    yield "ml-dsa-44-short", "A byte is missing.", dated(good[:-1])
    yield "ml-dsa-44-long", "A byte too many.", dated(good + b"\0")
    yield "ml-dsa-44-name", "Signed under another name.", dated(of(name=TWO.name))
    yield (
        "ml-dsa-44-origin",
        "Over a checkpoint of another log.",
        dated(of(Checkpoint("other.example/log", CHECKPOINT.size, CHECKPOINT.root))),
    )
    yield (
        "ml-dsa-44-size",
        "Over another size.",
        dated(of(Checkpoint(LOG.name, 8, CHECKPOINT.root))),
    )
    yield "ml-dsa-44-start", "Over a subtree that starts at 1.", dated(ONE.sign_ml_dsa(started))
    yield (
        "ml-dsa-44-old-message",
        "Over what an Ed25519 key would sign.",
        dated(ONE.sign_ml_dsa(b"cosignature/v1\ntime %d\n" % TIME + TEXT)),
    )
    yield "ml-dsa-44-by-other", "Signed with another key.", dated(TWO.sign_ml_dsa(message))
