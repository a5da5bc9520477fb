"""Suite policy: who is asked for cosignatures (c2sp.org/tlog-policy), and whether they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attest import limits
from attest.encoding import Json, encode_base64
from attest.log.note import NoteKey
from conformance.binary import Documents, repeated
from conformance.keys import LOG, WITNESSES, signed
from conformance.trees import small_log
from conformance.vectors import Vector, accept, refuse

SUITE = "policy"
ONE, TWO, THREE = WITNESSES
OLD = [witness.ed25519.vkey for witness in WITNESSES]
NEW = [witness.ml_dsa.vkey for witness in WITNESSES]
W1, W2, W3 = (f"witness w{number} {vkey}" for number, vkey in enumerate(OLD, 1))
TWO_OF_THREE = f"{W1}\n{W2}\n{W3}\ngroup g 2 w1 w2 w3\nquorum g\n"
OPERATORS = "\n".join(
    [
        f"log {LOG.vkeys[0]} https://foundry.example/v1/log",
        *(f"witness w{number} {vkey}" for number, vkey in enumerate(OLD[:2], 1)),
        *(f"witness w{number}-pq {vkey}" for number, vkey in enumerate(NEW[:2], 1)),
        "group one any w1 w1-pq",
        "group two any w2 w2-pq",
        "group both all one two",
        "quorum both",
        "",
    ]
)
CHECKPOINT = small_log().tree.checkpoint()


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    documents.share(OPERATORS.encode())
    documents.share(signed(CHECKPOINT, LOG) + ONE.lines(CHECKPOINT))
    for vector_id, about, text, expect in _good():
        yield Vector(SUITE, f"read-{vector_id}", about, _read(text, documents), expect)
    for vector_id, about, text in [*_bad_lines(), *_bad_groups(), *_bad_names()]:
        expect = refuse("policy-malformed")
        yield Vector(SUITE, f"read-{vector_id}", about, _read(text, documents), expect)
    over = repeated(b"quorum none\n", b"#", limits.POLICY_CHARACTERS_MAX - 11)
    about = "One character over 1048576."
    asked = {"do": "read-policy", "policy": over}
    yield Vector(SUITE, "read-too-large", about, asked, refuse("too-large"))
    yield from _quorums(documents)
    yield from _opened(documents)


def _read(text: str, documents: Documents) -> Json:
    return {"do": "read-policy", "policy": documents.write(text.encode())}


def _said(
    witnesses: Sequence[str] = (),
    groups: Json | None = None,
    quorum: str | None = None,
    logs: int = 0,
) -> Json:
    return accept(logs=logs, witnesses=list(witnesses), groups=groups or {}, quorum=quorum)


def _good() -> Iterator[tuple[str, str, str, Json]]:
    three = ("w1", "w2", "w3")
    group = {"threshold": 2, "members": list(three)}
    yield "two-of-three", "Two of three.", TWO_OF_THREE, _said(three, {"g": group}, "g")
    yield "no-quorum", "No cosignature is asked for.", "quorum none\n", _said()
    yield "one", "One witness is the quorum.", f"{W1}\nquorum w1\n", _said(("w1",), None, "w1")
    yield (
        "white-space",
        "Tabs, blanks, empty lines, comments; no line feed at the end.",
        f"# who counts\n\n \twitness\t w1  {OLD[0]}\thttps://w1.example/ # ours\nquorum w1#",
        _said(("w1",), None, "w1"),
    )
    yield (
        "quorum-early",
        "The quorum may stand before lines that it does not name.",
        f"{W1}\nquorum w1\n{W2}\n",
        _said(("w1", "w2"), None, "w1"),
    )
    words = f"{W1}\n{W2}\ngroup a all w1\ngroup b any w2\ngroup c all a b\nquorum c"
    yield (
        "all-any",
        "`all` and `any` are thresholds.",
        words,
        _said(
            ("w1", "w2"),
            {
                "a": {"threshold": 1, "members": ["w1"]},
                "b": {"threshold": 1, "members": ["w2"]},
                "c": {"threshold": 2, "members": ["a", "b"]},
            },
            "c",
        ),
    )
    yield (
        "operators",
        "The two keys of an operator in a group `any`; a log with its address.",
        OPERATORS,
        _said(
            ("w1", "w2", "w1-pq", "w2-pq"),
            {
                "one": {"threshold": 1, "members": ["w1", "w1-pq"]},
                "two": {"threshold": 1, "members": ["w2", "w2-pq"]},
                "both": {"threshold": 2, "members": ["one", "two"]},
            },
            "both",
            logs=1,
        ),
    )


def _bad_lines() -> Iterator[tuple[str, str, str]]:
    yield "empty", "No lines.", ""
    yield "quorum-missing", "No quorum.", f"{W1}\n"
    yield "quorum-twice", "Two quorums.", "quorum none\nquorum none\n"
    yield "quorum-two-names", "A quorum of two names.", f"{W1}\n{W2}\nquorum w1 w2\n"
    yield "keyword", "A line of another kind.", "mirror m\nquorum none\n"
    yield "keyword-upper", "A keyword in upper case.", f"{W1}\nQUORUM w1\n"
    yield "carriage-return", "Lines end in CR LF.", f"{W1}\r\nquorum w1\r\n"
    yield "witness-no-key", "A witness without a key.", "witness w1\nquorum w1\n"
    yield "witness-words", "A word too many.", f"{W1} https://w1.example more\nquorum w1\n"
    yield "url", "An address that is none.", f"{W1} w1.example\nquorum w1\n"
    yield "key-broken", "A key that is none.", f"{W1[:-1]}\nquorum w1\n"
    yield "key-of-log", "A log's key for a witness.", f"witness w1 {LOG.vkeys[0]}\nquorum w1\n"
    yield "key-of-witness", "A witness's key for a log.", f"log {OLD[0]}\nquorum none\n"


def _bad_groups() -> Iterator[tuple[str, str, str]]:
    def group(line: str) -> str:
        return f"{W1}\n{W2}\n{line}\nquorum none"

    yield "group-zero", "A threshold of 0.", group("group g 0 w1 w2")
    yield "group-over", "More than there are members.", group("group g 3 w1 w2")
    yield "group-zero-led", "A threshold with a leading zero.", group("group g 01 w1 w2")
    yield "group-word", "A threshold that is none.", group("group g most w1 w2")
    yield "group-empty", "No members.", group("group g all")
    yield "group-member-twice", "A member twice.", group("group g 2 w1 w1")
    yield "group-itself", "A group in itself.", group("group g any w1 g")
    yield "group-unknown", "A member that is not defined.", group("group g any w1 w3")
    yield "group-two", "A witness in two groups.", group("group g any w1\ngroup h any w1 w2")
    yield "group-none", "A member called none.", group("group g any none")


def _bad_names() -> Iterator[tuple[str, str, str]]:
    yield "name-later", "Defined after its use.", f"quorum w1\n{W1}\n"
    yield "name-unknown", "A quorum that is not defined.", f"{W1}\nquorum w2\n"
    yield "name-twice", "Two witnesses of one name.", f"{W1}\nwitness w1 {OLD[1]}\nquorum w1\n"
    yield "name-shared", "A group called as a witness.", f"{W1}\ngroup w1 any w1\nquorum w1\n"
    yield "name-none", "A witness called none.", f"witness none {OLD[0]}\nquorum none\n"
    yield "name-not-ascii", "A name outside ASCII.", f"witness w\u00e9 {OLD[0]}\nquorum none\n"
    yield "key-twice", "One key for two witnesses.", f"{W1}\nwitness w2 {OLD[0]}\nquorum w1\n"
    again = NoteKey("w.example/x", ONE.ed25519.kind, ONE.ed25519.public)
    yield (
        "key-renamed",
        "One public key under two names and IDs.",
        f"{W1}\nwitness w2 {again.vkey}\nquorum w1\n",
    )


def _quorums(documents: Documents) -> Iterator[Vector]:
    nested = f"{W1}\n{W2}\n{W3}\ngroup a 2 w1 w2\ngroup b any a w3\nquorum b"
    for vector_id, about, text, names, reached in [
        ("two", "Two of three.", TWO_OF_THREE, ["w1", "w3"], True),
        ("three", "More than are asked for.", TWO_OF_THREE, ["w1", "w2", "w3"], True),
        ("one", "One where two are asked for.", TWO_OF_THREE, ["w2"], False),
        ("nobody", "Nobody.", TWO_OF_THREE, [], False),
        ("none", "Nobody, and none is asked for.", "quorum none", [], True),
        ("stranger", "Names that the policy does not have.", TWO_OF_THREE, ["w1", "w4"], False),
        (
            "one-operator",
            "Both keys of one operator count once.",
            OPERATORS,
            ["w1", "w1-pq"],
            False,
        ),
        ("two-operators", "A key of each operator.", OPERATORS, ["w1", "w2-pq"], True),
        ("nested-left", "The inner group.", nested, ["w1", "w2"], True),
        ("nested-right", "The witness beside it.", nested, ["w3"], True),
        ("nested-half", "Half of the inner group.", nested, ["w1"], False),
        (
            "outside",
            "A witness that the quorum does not hold.",
            f"{W1}\n{W2}\nquorum w1",
            ["w2"],
            False,
        ),
    ]:
        asked = {**_read(text, documents), "do": "ask-quorum", "cosigned_by": names}
        yield Vector(SUITE, f"quorum-{vector_id}", about, asked, accept(reached=reached))


def _opened(documents: Documents) -> Iterator[Vector]:
    note = signed(CHECKPOINT, LOG)
    once, twice = note + ONE.lines(CHECKPOINT), note + ONE.lines(CHECKPOINT) + TWO.lines(CHECKPOINT)
    false = note + ONE.ed25519.line(bytes(72)) + TWO.lines(CHECKPOINT)
    for vector_id, about, raw, expect in [
        ("reached", "Both operators cosigned.", twice, ["w1", "w2", "w1-pq", "w2-pq"]),
        ("one-operator", "One operator with two keys.", once, "quorum-missing"),
        ("nobody", "Only the log signed.", note, "quorum-missing"),
        ("false", "A false cosignature spoils the checkpoint.", false, "checkpoint-signature"),
    ]:
        root = encode_base64(CHECKPOINT.root)
        asked = {
            **_read(OPERATORS, documents),
            "do": "open-cosigned",
            "note": documents.write(raw),
            "log": documents.write_lines(LOG.vkeys),
        }
        yield Vector(
            SUITE,
            f"open-{vector_id}",
            about,
            asked,
            refuse(expect)
            if isinstance(expect, str)
            else accept(size=CHECKPOINT.size, root=root, witnesses=expect),
        )
