"""Keys, notes, proofs, trust snapshots and envelopes: the page opens what the library opens."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from attest.encoding import Json, decode_base64, digest, encode_base64, loads
from attest.envelope import KeyRing, open_envelope, seal
from attest.errors import LogError
from attest.log.checkpoint import cosigned_message, parse_checkpoint_text
from attest.log.cosignature import CosignatureSigner
from attest.log.entry import Entry, check_commitment, format_entry
from attest.log.note import key_id, parse_note, parse_vkey
from attest.log.proof import open_proof_document, parse_tlog_proof
from attest.recorded import check_decision_entry
from attest.schemas import validate
from attest.trust import open_keyset
from tests.web.asking import accepted, answers
from tests.web.cases import LIMIT, Cases, part
from tests.web.chromium import Page
from tests.world import NOW, Actor, World, derived_signer, key_record

NAME, WITNESS = "witness.example/w1", CosignatureSigner.generate("witness.example/w1")


def vkey(kind: int, key: bytes, name: str = NAME) -> str:
    """A verifier key whose ID is right, whatever the key."""
    return f"{name}+{key_id(name, kind, key).hex()}+{encode_base64(bytes((kind,)) + key)}"


def test_verifier_keys_are_read_alike(page: Page, cases: Cases) -> None:
    good = [*cases.keys.split(), *(key.vkey for key in WITNESS.keys)]
    name, identifier, encoded = good[2].split("+", 2)
    ed25519 = WITNESS.keys[0].public
    bad = [
        "",
        "a+b",
        f"{name}+{identifier[:-1]}{'0' if identifier[-1] != '0' else '1'}+{encoded}",
        f"{name}+ABCDEF01+{encoded}",
        f"other+{identifier}+{encoded}",
        f"{name}+{identifier}+{encoded} ",
        vkey(2, ed25519),
        vkey(4, ed25519[:-1]),
        vkey(4, ed25519 + b"\0"),
        vkey(1, WITNESS.keys[1].public),
        vkey(6, ed25519),
        vkey(4, bytes(32)),
        vkey(1, b"\1" + bytes(31)),
        vkey(4, b"\xff" * 32),
        vkey(4, ed25519, "a name"),
        vkey(4, ed25519, "é"),
        vkey(4, ed25519, "n" * 256),
    ]
    wanted = [accepted(lambda line: parse_vkey(line).identifier.hex(), line) for line in good + bad]
    found = answers(page, "async (line) => (await readVerifierKey(line)).id", good + bad)
    assert found == wanted
    assert [each is not None for each in found] == [True] * len(good) + [False] * len(bad)


def note_of(case: bytes) -> bytes:
    """The checkpoint in a case file."""
    proof = open_proof_text(case)
    return parse_tlog_proof(proof).checkpoint


def open_proof_text(case: bytes) -> bytes:
    """The proof of the submission in a case file."""
    return decode_base64(part(case, "submission", "proof", "tlog_proof"))


def test_checkpoints_are_read_alike(page: Page, cases: Cases) -> None:
    good = note_of(cases.good["hold"])
    text, _, lines = good.partition(b"\n\n")
    origin, size, root = text.split(b"\n")
    line = lines.split(b"\n")[0]
    notes = [
        good,
        good + line + b"\n",
        good[:-1],
        good + b"\n",
        good + b"x\n",
        text + b"\n\n",
        text + b"\n" + lines,
        b"\n\n" + lines,
        b"\n".join((origin, size, root, b"extension", b"", lines)),
        b"\n".join((origin, size, b"", lines)),
        b"\n".join((origin, b"0" + size, root, b"", lines)),
        b"\n".join((origin, b"-1", root, b"", lines)),
        b"\n".join((origin, b"0", root, b"", lines)),
        b"\n".join((origin, b"1099511627776", root, b"", lines)),
        b"\n".join((origin, b"1099511627777", root, b"", lines)),
        b"\n".join((origin, size, root[:-2] + b"9=", b"", lines)),
        b"\n".join((origin, size, root[:-4] + b"AA==", b"", lines)),
        b"\n".join((b"a b", size, root, b"", lines)),
        good.replace(b"\n", b"\r\n"),
        good.replace(b"\n\n", b"\n\n\n"),
        good.replace(line, line.replace(b" ", b"  ", 1)),
        good.replace(line, "\u2014 name AAAA".encode()),
        good.replace(line, "\u2014 name AAAAAAA=".encode()),
        good.replace(line, "\u2014 na+me AAAAAAA=".encode()),
        good.replace(line, "\u2014 name AAAAAAB=".encode()),
        good.replace(line, b"- name AAAAAAA="),
        good + "\u2014 na\x7fme AAAAAAA=\n".encode(),
        b"\xff" + good,
        b"\0" + good,
        "\u0085".encode() + good,
        good + (line + b"\n") * 1000,
    ]

    def read(note: bytes) -> list[str]:
        checkpoint = parse_checkpoint_text(parse_note(note).text)
        if checkpoint.origin != origin.decode():
            raise LogError("checkpoint-origin", "the checkpoint is of another log")
        return [checkpoint.origin, str(checkpoint.size), checkpoint.root.hex()]

    call = """(text) => {
      const [, found] = readCheckpoint(base64(text), { origin: %s });
      return [found.origin, String(found.size), hex(found.root)];
    }"""
    asked = [encode_base64(each) for each in notes]
    found = answers(page, call % json.dumps(origin.decode()), asked)
    assert found == [accepted(read, each) for each in notes]
    assert 1 < sum(each is not None for each in found) < len(notes) / 2


def test_times_of_cosignatures_are_bounded(page: Page, cases: Cases) -> None:
    """A cosignature is dated from 1 s after 1970 to below 2^63, whatever it signs."""
    note = note_of(cases.good["hold"])
    call = """async ([text, line, kind, key, at]) => {
      const [, checkpoint] = readCheckpoint(base64(text), { origin: "foundry.example/log" });
      const signature = join(u64(BigInt(at)), base64(line).slice(8));
      return Boolean(await openLine(checkpoint, { kind, key: base64(key), name: "%s" }, signature));
    }"""
    lines = parse_note(note + WITNESS.cosign(note, at=NOW)).signatures[-2:]
    text, pair = parse_note(note).text, WITNESS._pair
    checkpoint = parse_checkpoint_text(text)
    dated = [
        (key.kind, key.public, bytes(8) + signature, at)
        for at in (1, 0, 2**63 - 1, 2**63)
        for key, signature in zip(
            WITNESS.keys,
            (
                pair.ed25519.sign(b"cosignature/v1\ntime %d\n%b" % (at, text)),
                pair.ml_dsa_44.sign(cosigned_message(checkpoint, name=NAME, at=at)),
            ),
            strict=True,
        )
    ]
    signed = [
        [encode_base64(note), encode_base64(line), kind, encode_base64(key), str(at)]
        for kind, key, line, at in dated
    ]
    found = answers(page, call % NAME, signed)
    assert [each[0] for each in found] == [True, True, False, False] * 2
    asked = [
        [encode_base64(note), encode_base64(each), key.kind, encode_base64(key.public), str(at)]
        for key, (_, _, signature) in zip(WITNESS.keys, lines, strict=True)
        for each in (signature, signature[:-1], signature[:7] + b"\0")
        for at in (int(NOW.timestamp()), int(NOW.timestamp()) + 1, 0, 2**63, 2**64 - 1)
    ]
    found = answers(page, call % NAME, asked)
    assert [each[0] for each in found] == ([True] + [False] * 14) * 2


def proofs(good: Json, text: bytes) -> list[Json]:
    """Proof documents, the good one first."""
    entry, checkpoint = good["entry"], text.partition(b"\n\n")[2]

    def with_text(changed: bytes) -> Json:
        return good | {"tlog_proof": encode_base64(changed)}

    return [
        good,
        with_text(text.replace(b"@v1", b"@v2")),
        with_text(text.replace(b"index ", b"index 0")),
        with_text(text.replace(b"\nindex", b"\nextra AAAA\nindex")),
        with_text(text.replace(b"\n\n", b"\n", 1)),
        with_text(text.replace(b"=\n", b"\n", 1)),
        with_text(text.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1)),
        with_text(text.replace(b"\n\n", (b"\n" + b"A" * 43 + b"=") * 64 + b"\n\n", 1)),
        with_text(text.removesuffix(checkpoint)),
        with_text(b"\n" + text),
        with_text(text + b"\xff"),
        with_text(text + b"\n" * (128 * 1024)),
        good | {"v": 2},
        good | {"v": True},
        good | {"x": 1},
        good | {"salt": 1},
        good | {"salt": encode_base64(bytes(31))},
        good | {"salt": encode_base64(bytes(32))},
        {name: value for name, value in good.items() if name != "salt"},
        good | {"entry": entry[:-4]},
        good | {"entry": None},
        [],
    ]


def test_proofs_are_read_alike(page: Page, cases: Cases) -> None:
    """Form and path together, of each document with a body."""
    case, keys = cases.good["hold"], cases.log.keys
    good = part(case, "submission", "proof")
    body = part(case, "submission", "body")
    documents = proofs(good, open_proof_text(case))

    def opened(document: Json) -> int:
        whole = loads(case, bytes_max=LIMIT, string_bytes_max=LIMIT)
        validate("casefile", whole | {"submission": {"body": body, "proof": document}})
        return open_proof_document(document, body=decode_base64(body), keys=keys)[0].index

    call = """async ([proof, body, origin, keys]) => {
      const clean = (value) => JSON.parse(JSON.stringify(value));
      const part = { proof: clean(proof), body };
      const [, read] = await readProof(part, "submission");
      const [, checkpoint] = readCheckpoint(encode(read.note), { origin });
      const [, included] = await checkInclusion(read, checkpoint);
      for (const key of (await readLogKeys(keys)).slice(1)) {
        await checkLines(checkpoint, key.ed25519);
        await checkLines(checkpoint, key.mlDsa);
      }
      return Number((await checkCommitment(included, part))[1].entry.index);
    }"""
    asked = [[each, body, keys.origin, cases.keys] for each in documents]
    found = answers(page, call, asked)
    assert found == [accepted(opened, each) for each in documents]
    assert [each is not None for each in found] == [True] + [False] * (len(documents) - 1)


def test_a_salt_has_32_bytes_or_none(page: Page) -> None:
    call = """async ([kind, salt, body, commit]) => {
      const entry = { kind, commit, index: 1n };
      const bytes = (text) => (text ? base64(text) : new Uint8Array());
      return (await checkCommitment({ entry, salt: bytes(salt) }, { body })).length;
    }"""
    asked, wanted = [], []
    for kind in ("submission", "decision", "review", "trust", "pack"):
        for length in (0, 1, 31, 32, 33):
            salt, body = bytes(range(length)), b"body"
            commit = digest(salt + body)
            asked.append([kind, encode_base64(salt), encode_base64(body), commit])
            entry = Entry(index=1, kind=kind, time=NOW, prev=bytes(32), commit=commit, refs={})
            wanted.append(accepted(check_commitment, entry, body, salt))
    found = answers(page, call, asked)
    assert [each is None for each in found] == [each is None for each in wanted]
    assert sum(each is not None for each in found) == 5


def test_a_decision_follows_its_submission_in_every_way(page: Page) -> None:
    """Place, hash and time, each of them alone."""
    leaf = bytes(range(32))
    entries = [
        Entry(index=index, kind="decision", time=time, prev=prev, commit=digest(b""), refs={})
        for index in (7, 8, 9)
        for time in (NOW, NOW + dt.timedelta(seconds=1), NOW - dt.timedelta(seconds=1))
        for prev in (leaf, bytes(32))
    ]
    submission = Entry(
        index=7, kind="submission", time=NOW, prev=bytes(32), commit=digest(b""), refs={}
    )
    trust = Entry(index=1, kind="trust", time=NOW, prev=bytes(32), commit=digest(b""), refs={})

    def follows(entry: Entry) -> int:
        rests = Entry(**{**vars(entry), "refs": {"submission": (7,), "trust": (1,)}})
        check_decision_entry(rests, submission=submission, leaf=leaf, trust=trust)
        return 1

    call = """([decision, submission, leaf]) => checkFollows({ entry: readEntry(base64(decision)) },
      { entry: readEntry(base64(submission)), leaf: base64(leaf) }).length"""
    plain = encode_base64(format_entry(submission))
    asked = [[encode_base64(format_entry(each)), plain, encode_base64(leaf)] for each in entries]
    found = answers(page, call, asked)
    assert found == [accepted(follows, each) for each in entries]
    assert sum(each is not None for each in found) == 1


def changed_envelope(**changes: Json) -> Callable[[Json], Json]:
    return lambda envelope: envelope | changes


def first_signature(**changes: Json) -> Callable[[Json], Json]:
    def change(envelope: Json) -> Json:
        first, *rest = envelope["signatures"]
        return envelope | {"signatures": [first | changes, *rest]}

    return change


def url_safe(envelope: Json) -> Json:
    payload = envelope["payload"].replace("+", "-").replace("/", "_")
    return first_signature(
        sig=envelope["signatures"][0]["sig"].replace("+", "-").replace("/", "_")
    )(envelope | {"payload": payload})


def without_hints(envelope: Json) -> Json:
    return envelope | {"signatures": [{"sig": each["sig"]} for each in envelope["signatures"]]}


def test_envelopes_are_opened_alike(page: Page) -> None:
    world = World()
    world.foundry.extra_keys[2]["valid_from"] = "2026-11-24T14:00:00Z"
    world.foundry.extra_keys[2]["valid_until"] = "2026-11-24T14:00:00Z"
    one, two = world.reviewers
    payload = '{"name":"天秋~~~???"}'.encode()
    good = [loads(seal(payload, signers)) for signers in ([one], [two], [one, two])]
    same: list[Callable[[Json], Json]] = [dict, url_safe, without_hints]
    worse: list[Callable[[Json], Json]] = [
        changed_envelope(payloadType="application/json"),
        changed_envelope(payload=encode_base64(payload + b" ")),
        changed_envelope(payload="e30"),
        changed_envelope(signatures=[]),
        changed_envelope(x=1),
        changed_envelope(signatures=good[0]["signatures"] * 2),
        changed_envelope(signatures=good[0]["signatures"] * 17),
        first_signature(keyid="sha256:" + "0" * 64),
        first_signature(keyid=None),
        first_signature(keyid=two.keyid + " "),
        first_signature(sig=encode_base64(bytes(64))),
        first_signature(sig="-_+/"),
        first_signature(x=1),
    ]
    documents = [change(each) for each in good for change in same + worse]
    documents += [loads(seal(payload, signers)) for signers in _others(world)]
    instants = [NOW + dt.timedelta(seconds=seconds) for seconds in (-1, 0, 1)]
    sets = list(world.keysets().values())
    ring = KeyRing.of(map(open_keyset, sets))

    def opened(document: Json, at: dt.datetime) -> Json:
        validate("envelope", document)
        found = open_envelope(document, ring=ring, at=at, purpose="review")
        return [found.digest, [key.public.keyid for key in found.signers]]

    call = """async ([envelope, at, keysets, names, foundry]) => {
      const [, { ring }] = await readKeysets({ keysets }, { keysets: names, foundry });
      const found = await openEnvelope(envelope, ring, at, "review");
      return [found.digest, found.signers.map((key) => key.keyid)];
    }"""
    rest = [[encode_base64(each) for each in sets], list(map(digest, sets)), world.foundry.id]
    asked = [
        [document, at.isoformat().replace("+00:00", "Z"), *rest]
        for document in documents
        for at in instants
    ]
    found = answers(page, call, asked)
    wanted = [accepted(opened, document, at) for document in documents for at in instants]
    assert found == wanted
    assert sum(each is not None for each in found) == 3 * (3 + 1 + 1)


def _others(world: World) -> list[list[Any]]:
    return [
        [world.decision_signer],
        [world.designer.signer],
        [derived_signer("nobody")],
        [world.reviewers[0], world.decision_signer],
    ]


@pytest.mark.parametrize("count", [31, 32])
def test_without_a_hint_only_so_many_keys_are_tried(page: Page, count: int) -> None:
    actor = Actor("many", "Many", ("foundry",))
    actor.extra_keys = [
        key_record(derived_signer(f"key {number}"), "review") for number in range(count)
    ]
    raw = actor.keyset()
    envelope = without_hints(loads(seal(b"{}", [derived_signer("key 5")])))
    ring = KeyRing.of([open_keyset(raw)])
    wanted = accepted(
        lambda: open_envelope(envelope, ring=ring, at=NOW, purpose="review").signers[0].public.keyid
    )
    call = """async ([envelope, keyset, name]) => {
      const trust = { keysets: [name], foundry: "many" };
      const [, { ring }] = await readKeysets({ keysets: [keyset] }, trust);
      const { signers } = await openEnvelope(envelope, ring, "2026-11-24T14:00:00Z", "review");
      return signers[0].keyid;
    }"""
    assert answers(page, call, [[envelope, encode_base64(raw), digest(raw)]]) == [wanted]
    assert (wanted is not None) == (count == 31)
