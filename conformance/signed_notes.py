"""Suite signed-note: verifier keys, notes taken apart, checkpoints opened under a log's keys."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, sha512

from attest import limits
from attest.encoding import Json, encode_base64
from attest.log.checkpoint import Checkpoint, cosigned_message, format_checkpoint
from attest.log.note import NoteKey, key_id
from conformance.binary import Documents, repeated
from conformance.keys import LOG, OTHER_LOG, TIME, WITNESSES, Cosigner, seed, signed
from conformance.vectors import Vector, accept, refuse

SUITE = "signed-note"
ROOT = sha256(b"a root").digest()
CHECKPOINT = Checkpoint(LOG.name, 7, ROOT)
TEXT = format_checkpoint(CHECKPOINT)
NOTE = signed(CHECKPOINT, LOG)
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
UNKNOWN = "\u2014 somebody.example AAAAAAAAAAAA\n".encode()


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    documents.share(NOTE)
    log = documents.write_lines(LOG.vkeys)
    for vector_id, about, vkey, expect in [*_good_keys(), *_bad_keys()]:
        yield Vector(SUITE, f"vkey-{vector_id}", about, {"do": "read-vkey", "vkey": vkey}, expect)
    for vector_id, about, note, expect in [*_good_notes(), *_bad_notes()]:
        written = encode_base64(note) if isinstance(note, bytes) else note
        yield Vector(
            SUITE, f"note-{vector_id}", about, {"do": "read-note", "note": written}, expect
        )
    rows = [*_good_checkpoints(), *_bad_texts(), *_bad_ed25519(), *_bad_ml_dsa()]
    for vector_id, about, raw, expect in rows:
        yield _opened(vector_id, about, documents.write(raw), log, expect)
    for vector_id, about, keys, expect in _key_pairs():
        yield _opened(vector_id, about, documents.write(NOTE), documents.write_lines(keys), expect)


def _opened(vector_id: str, about: str, note: Json, log: Json, expect: Json) -> Vector:
    asked = {"do": "open-checkpoint", "note": note, "log": log}
    return Vector(SUITE, f"checkpoint-{vector_id}", about, asked, expect)


def _vkey(name: str, kind: int, public: bytes) -> str:
    identifier = key_id(name, kind, public).hex()
    return f"{name}+{identifier}+{encode_base64(bytes((kind,)) + public)}"


def _good_keys() -> Iterator[tuple[str, str, str, Json]]:
    long_name = NoteKey("n" * 255, LOG.ed25519.kind, LOG.ed25519.public)
    for vector_id, about, key in [
        ("ed25519", "An Ed25519 key of a log (0x01).", LOG.ed25519),
        ("cosignature-ed25519", "An Ed25519 key of a witness (0x04).", WITNESSES[0].ed25519),
        ("cosignature-ml-dsa-44", "An ML-DSA-44 key of a witness (0x06).", WITNESSES[0].ml_dsa),
        ("name-longest", "A name of 255 characters is the longest.", long_name),
    ]:
        yield (
            vector_id,
            about,
            key.vkey,
            accept(
                name=key.name,
                type=key.kind,
                key_id=key.identifier.hex(),
                public_key=encode_base64(key.public),
            ),
        )


def _bad_keys() -> Iterator[tuple[str, str, str, Json]]:
    good, public = LOG.ed25519.vkey, LOG.ed25519.public
    name, identifier, encoded = good.split("+", 2)
    rows = [
        ("id-of-another-name", "The ID belongs to another name.", f"x{good}"),
        (
            "id-upper-case",
            "The ID is written in upper case.",
            f"{name}+{identifier.upper()}+{encoded}",
        ),
        ("two-parts", "The ID is missing.", f"{name}+{encoded}"),
        ("name-empty", "The name is empty.", _vkey("", 1, public)),
        ("name-blank", "The name holds a blank.", _vkey("a b", 1, public)),
        (
            "name-not-ascii",
            "The name holds a letter outside ASCII.",
            _vkey("b\u00fccher", 1, public),
        ),
        ("name-too-long", "A name of 256 characters.", _vkey("n" * 256, 1, public)),
        ("not-base64", "The key is not base64.", f"{name}+{identifier}+{encoded[:-1]}"),
        ("type-ecdsa", "Type 0x02 is not known here.", _vkey(name, 2, public)),
        ("type-tree-head", "Type 0x05 is not known here.", _vkey(name, 5, public)),
        ("key-short", "A public key of 31 bytes.", _vkey(name, 1, public[:31])),
        ("key-of-other-type", "32 bytes as an ML-DSA-44 key.", _vkey(name, 6, public)),
        ("small-order", "The point is the neutral element.", _vkey(name, 1, b"\1" + bytes(31))),
        (
            "not-canonical",
            "The y coordinate is the prime and so is not reduced.",
            _vkey(name, 4, (2**255 - 19).to_bytes(32, "little")),
        ),
    ]
    for vector_id, about, vkey in rows:
        yield vector_id, about, vkey, refuse("key-malformed")


def _taken_apart(text: bytes, lines: list[tuple[str, bytes, bytes]]) -> Json:
    return accept(
        text=encode_base64(text),
        signatures=[
            {"name": name, "key_id": identifier.hex(), "signature": encode_base64(signature)}
            for name, identifier, signature in lines
        ],
    )


def _good_notes() -> Iterator[tuple[str, str, bytes, Json]]:
    nobody = ("somebody.example", bytes(4), bytes(5))
    yield (
        "one-line",
        "A text and one signature.",
        b"A text.\n\n" + UNKNOWN,
        _taken_apart(b"A text.\n", [nobody]),
    )
    yield (
        "empty-lines",
        "The last empty line ends the text; earlier ones belong to it.",
        b"One.\n\n\nTwo.\n\n" + UNKNOWN,
        _taken_apart(b"One.\n\n\nTwo.\n", [nobody]),
    )
    yield (
        "many-signatures",
        "Sixteen signatures and one more are read.",
        b"A text.\n\n" + UNKNOWN * 17,
        _taken_apart(b"A text.\n", [nobody] * 17),
    )
    yield (
        "text-not-ascii",
        "A text may hold any UTF-8 but control characters.",
        "\u82af\u7247\n\n".encode() + UNKNOWN,
        _taken_apart("\u82af\u7247\n".encode(), [nobody]),
    )


def _bad_notes() -> Iterator[tuple[str, str, bytes | Json, Json]]:
    line = UNKNOWN.decode()
    rows: list[tuple[str, str, bytes | Json]] = [
        ("not-utf-8", "A byte that UTF-8 does not have.", b"A t\xe9xt.\n\n" + UNKNOWN),
        ("no-empty-line", "Nothing between text and signatures.", b"A text.\n" + UNKNOWN),
        ("no-signature", "No signature line.", b"A text.\n\n"),
        ("no-text", "No text.", b"\n\n" + UNKNOWN),
        ("no-last-line-feed", "The last line is not ended.", b"A text.\n\n" + UNKNOWN[:-1]),
        ("line-after", "An empty line after the signatures.", b"A text.\n\n" + UNKNOWN + b"\n"),
        ("carriage-return", "Lines end in CR LF.", b"A text.\r\n\n" + UNKNOWN),
        ("control-in-text", "A tab in the text.", b"A\ttext.\n\n" + UNKNOWN),
        ("control-c1", "U+0085 in the text.", "A\u0085text.\n\n".encode() + UNKNOWN),
        (
            "hyphen",
            "A hyphen for the dash.",
            f"A text.\n\n{line.replace(chr(0x2014), '-')}".encode(),
        ),
        (
            "two-blanks",
            "Two blanks after the dash.",
            b"A text.\n\n" + UNKNOWN.replace(b" ", b"  ", 1),
        ),
        ("plus-in-name", "A plus in the name.", b"A text.\n\n" + UNKNOWN.replace(b"y.", b"y+", 1)),
        (
            "signature-short",
            "A key ID and no signature.",
            "A text.\n\n\u2014 a AAAAAA==\n".encode(),
        ),
        ("base64-open", "Base64 without padding.", "A text.\n\n\u2014 a AAAAAAA\n".encode()),
        ("base64-loose", "Bits set that padding drops.", "A text.\n\n\u2014 a AAAAAAB=\n".encode()),
        ("base64-url", "The URL-safe alphabet.", "A text.\n\n\u2014 a AAAAAA-_\n".encode()),
    ]
    room = limits.CHECKPOINT_BYTES_MAX - len(UNKNOWN) - 2
    rows.append(
        ("too-large", "One byte over 65536.", repeated(b"", b"a", room + 1, b"\n\n" + UNKNOWN))
    )
    for vector_id, about, note in rows:
        yield vector_id, about, note, refuse("checkpoint-malformed")


def _said(checkpoint: Checkpoint) -> Json:
    root = encode_base64(checkpoint.root)
    return accept(origin=checkpoint.origin, size=checkpoint.size, root=root)


def _good_checkpoints() -> Iterator[tuple[str, str, bytes, Json]]:
    empty = Checkpoint(LOG.name, 0, sha256(b"").digest())
    largest = Checkpoint(LOG.name, limits.LOG_ENTRIES_MAX, ROOT)
    said = _said(CHECKPOINT)
    yield "good", "Signed with both keys.", NOTE, said
    yield "empty", "The log is empty.", signed(empty, LOG), _said(empty)
    yield "size-largest", "The largest size, 2^40.", signed(largest, LOG), _said(largest)
    yield "cosigned", "Lines of strangers follow.", signed(CHECKPOINT, LOG, WITNESSES[0]), said
    yield "order", "A stranger's lines stand first.", signed(CHECKPOINT, WITNESSES[0], LOG), said
    yield "line-twice", "A good line stands twice.", NOTE + LOG.ed25519_line(TEXT), said
    stranger = Cosigner("foundry.example/log2")
    forged = stranger.ed25519.line(bytes(72)).replace(
        encode_base64(stranger.ed25519.identifier + bytes(72)).encode(),
        encode_base64(LOG.ed25519.identifier + bytes(72)).encode(),
    )
    yield (
        "id-alone",
        "A stranger's line with the ID of the log's key: passed over.",
        NOTE + forged,
        said,
    )


def _signed_text(text: bytes) -> bytes:
    """A text with a true Ed25519 line and the ML-DSA-44 line of the good checkpoint."""
    return text + b"\n" + LOG.ed25519_line(text) + LOG.ml_dsa_line(CHECKPOINT)


def _bad_texts() -> Iterator[tuple[str, str, bytes, Json]]:
    root = encode_base64(ROOT)
    loose = root[:-2] + chr(ord(root[-2]) + 1) + "="
    over = limits.LOG_ENTRIES_MAX + 1
    rows = [
        ("extension", "An extension line, which ML-DSA-44 does not sign.", TEXT + b"extra\n"),
        ("size-leading-zero", "A size with a leading zero.", TEXT.replace(b"\n7\n", b"\n07\n")),
        ("size-negative", "A negative size.", TEXT.replace(b"\n7\n", b"\n-7\n")),
        ("size-over", "A size of 2^40 + 1.", TEXT.replace(b"\n7\n", b"\n%d\n" % over)),
        ("origin-blank", "An origin with a blank.", TEXT.replace(b"foundry.", b"foundry ")),
        (
            "root-short",
            "A root of 31 bytes.",
            f"{LOG.name}\n7\n{encode_base64(ROOT[:31])}\n".encode(),
        ),
        (
            "root-loose",
            "A root with bits set that padding drops.",
            TEXT.replace(root.encode(), loose.encode()),
        ),
        ("root-missing", "No root.", f"{LOG.name}\n7\n".encode()),
    ]
    for vector_id, about, text in rows:
        yield vector_id, about, _signed_text(text), refuse("checkpoint-malformed")


def _bad_ed25519() -> Iterator[tuple[str, str, bytes, Json]]:
    other = signed(Checkpoint(OTHER_LOG.name, 7, ROOT), OTHER_LOG)
    yield "other-log", "Another log's, well signed.", other, refuse("checkpoint-origin")
    root, changed = encode_base64(ROOT), encode_base64(bytes((ROOT[0] ^ 1,)) + ROOT[1:])
    start, ml_dsa = TEXT + b"\n", LOG.ml_dsa_line(CHECKPOINT)
    good = LOG.sign_ed25519(TEXT)
    scalar = (int.from_bytes(good[32:], "little") + ED25519_ORDER).to_bytes(32, "little")

    def with_signature(signature: bytes) -> bytes:
        return start + LOG.ed25519.line(signature) + ml_dsa

    rows = [
        ("size-changed", "The size was changed.", NOTE.replace(b"\n7\n", b"\n8\n")),
        ("root-changed", "A bit of the root.", NOTE.replace(root.encode(), changed.encode())),
        ("ed25519-missing", "The Ed25519 line is missing.", start + ml_dsa),
        ("both-missing", "Only strangers signed.", start + WITNESSES[0].lines(CHECKPOINT)),
        (
            "ed25519-false",
            "A false Ed25519 line.",
            with_signature(bytes((good[0] ^ 1,)) + good[1:]),
        ),
        (
            "false-beside-true",
            "A false line of a known key after true ones.",
            NOTE + LOG.ed25519.line(bytes(32) + good[32:]),
        ),
        (
            "ed25519-scalar",
            "S of the Ed25519 signature plus the group order.",
            with_signature(good[:32] + scalar),
        ),
        (
            "ed25519-small-r",
            "R is the neutral element, and the equation holds.",
            with_signature(_neutral_r(TEXT)),
        ),
    ]
    for vector_id, about, raw in rows:
        yield vector_id, about, raw, refuse("checkpoint-signature")


def _bad_ml_dsa() -> Iterator[tuple[str, str, bytes, Json]]:
    start = TEXT + b"\n" + LOG.ed25519_line(TEXT)
    good = LOG.sign_ml_dsa(cosigned_message(CHECKPOINT, name=LOG.name, at=TIME))
    undated = LOG.sign_ml_dsa(cosigned_message(CHECKPOINT, name=LOG.name, at=0))

    def with_signature(signature: bytes, at: int = TIME) -> bytes:
        return start + LOG.ml_dsa.line(at.to_bytes(8, "big") + signature)

    rows = [
        ("missing", "The ML-DSA-44 line is missing.", start),
        ("false", "A bit of it.", with_signature(good[:-1] + bytes((good[-1] ^ 1,)))),
        ("short", "It lacks a byte.", with_signature(good[:-1])),
        ("time", "Its time was changed.", with_signature(good, TIME + 1)),
        ("undated", "A true one of time 0.", with_signature(undated, 0)),
    ]
    for vector_id, about, raw in rows:
        yield f"ml-dsa-44-{vector_id}", about, raw, refuse("checkpoint-signature")


def _neutral_r(message: bytes) -> bytes:
    """A signature of the log that holds by the equation, with the neutral element for R."""
    half = bytearray(sha512(seed(f"{LOG.name} Ed25519")).digest()[:32])
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    r = b"\1" + bytes(31)
    k = int.from_bytes(sha512(r + LOG.ed25519.public + message).digest(), "little")
    s = k * int.from_bytes(half, "little") % ED25519_ORDER
    return r + s.to_bytes(32, "little")


def _key_pairs() -> Iterator[tuple[str, str, list[str], Json]]:
    ed25519, ml_dsa = LOG.vkeys
    for vector_id, about, keys in [
        ("keys-one", "One key of the log is missing.", [ed25519]),
        ("keys-one-type", "Two keys of one type.", [ed25519, OTHER_LOG.vkeys[0]]),
        ("keys-two-logs", "The keys of two logs.", [ed25519, OTHER_LOG.vkeys[1]]),
        ("keys-of-witness", "Keys of a witness.", WITNESSES[0].vkeys),
    ]:
        yield vector_id, about, keys, refuse("key-malformed")
    yield "keys-swapped", "Keys in either order.", [ml_dsa, ed25519], _said(CHECKPOINT)
