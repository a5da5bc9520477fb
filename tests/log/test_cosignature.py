"""Cosignatures and policies: by whom, when, and whether that is enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import InputError, InternalError, LogError
from attest.log.checkpoint import CheckpointSigner, signed_by
from attest.log.cosignature import CosignatureSigner, cosignatures
from attest.log.note import (
    ED25519_COSIGNATURE,
    ED25519_NOTE,
    KeyPair,
    NoteKey,
    lines_by,
    parse_note,
    parse_vkey,
)
from attest.log.policy import Policy, open_cosigned, parse_policy
from tests.log.sample import NOON, ORIGIN, later

ROOT = bytes(range(32))
LOG = CheckpointSigner.generate(ORIGIN)
WITNESS = CosignatureSigner.generate("witness.example.org/w1")
OTHER = CosignatureSigner.generate("witness.example.org/w2")
NOTE = LOG.sign(size=3, root=ROOT, at=NOON)
LINES = WITNESS.cosign(NOTE, at=later(5))
COSIGNED = NOTE + LINES


def code_of(note: bytes, signer: CosignatureSigner = WITNESS) -> str:
    with pytest.raises(LogError) as caught:
        cosignatures(note, signer.keys)
    return caught.value.code


def test_both_cosignatures_verify_and_tell_their_time() -> None:
    found = cosignatures(COSIGNED, WITNESS.keys)
    assert [each.key for each in found] == list(WITNESS.keys)
    assert {each.at for each in found} == {int(later(5).timestamp())}


def test_those_of_others_are_passed_over() -> None:
    assert cosignatures(COSIGNED, OTHER.keys) == ()
    assert cosignatures(NOTE, WITNESS.keys) == ()


def test_a_cosigned_note_still_is_the_logs() -> None:
    keys = LOG.keys.note_keys()
    assert signed_by(parse_note(COSIGNED), keys) == set(keys)


@pytest.mark.parametrize("line", [0, 1])
def test_a_changed_time_or_signature_is_refused(line: int) -> None:
    lines = LINES.decode().splitlines()
    name, blob = lines[line].rsplit(" ", 1)
    for position in (8, -6):  # of the base64 text: inside the time, inside the signature
        changed = "B" if blob[position] != "B" else "C"
        bad = blob[:position] + changed + blob[position + 1 :]
        note = NOTE + f"{name} {bad}\n".encode()
        assert code_of(note) == "checkpoint-signature"


def test_a_cosignature_is_of_one_checkpoint() -> None:
    for other in (
        LOG.sign(size=4, root=ROOT, at=NOON),
        LOG.sign(size=3, root=bytes(32), at=NOON),
        CheckpointSigner.generate("other.example.org").sign(size=3, root=ROOT, at=NOON),
    ):
        assert code_of(other + LINES) == "checkpoint-signature"


def test_a_time_of_zero_is_no_time() -> None:
    """Zero marks cosignatures of subtrees, which say nothing of a whole log."""
    key = WITNESS.keys[0]
    message = b"cosignature/v1\ntime 0\n" + parse_note(NOTE).text
    line = key.line(bytes(8) + WITNESS._pair.ed25519.sign(message))
    assert code_of(NOTE + line) == "checkpoint-signature"
    with pytest.raises(InternalError) as caught:
        WITNESS.cosign(NOTE, at=NOON.replace(year=1969))
    assert caught.value.code == "internal"


def test_a_logs_key_is_no_cosigners() -> None:
    with pytest.raises(InternalError) as caught:
        cosignatures(NOTE, LOG.keys.note_keys()[:1])
    assert caught.value.code == "internal"


def test_keys_travel_as_text_and_pem() -> None:
    assert [parse_vkey(key.vkey) for key in WITNESS.keys] == list(WITNESS.keys)
    for passphrase in (None, b"secret"):
        pems = WITNESS.to_pem(passphrase)
        again = CosignatureSigner.from_pem(WITNESS.name, (pems[0], pems[1]), passphrase)
        assert again.keys == WITNESS.keys
    with pytest.raises(InputError) as caught:
        CosignatureSigner.from_pem(WITNESS.name, (pems[1], pems[0]), b"secret")
    assert caught.value.code == "key-malformed"


@pytest.mark.parametrize(
    ("name", "kind", "public"),
    [
        ("", ED25519_NOTE, bytes(range(32))),
        ("a+b", ED25519_NOTE, bytes(range(32))),
        ("a b", ED25519_NOTE, bytes(range(32))),
        ("a", 0x02, bytes(range(32))),
        ("a", 0x05, bytes(range(32))),
        ("a", ED25519_NOTE, bytes(31)),
        ("a", ED25519_COSIGNATURE, bytes(32)),  # of small order
    ],
)
def test_what_can_be_no_key(name: str, kind: int, public: bytes) -> None:
    with pytest.raises(InputError) as caught:
        NoteKey(name, kind, public)
    assert caught.value.code == "key-malformed"


# --- policies -------------------------------------------------------------------------------------

W1, W1_PQ = (key.vkey for key in WITNESS.keys)
W2, W2_PQ = (key.vkey for key in OTHER.keys)
LOG_VKEY = LOG.keys.vkeys()[0]
TWO_OPERATORS = f"""
# whom we rely on
log {LOG_VKEY} https://log.example.org
witness w1 {W1} https://w1.example.org/  # this one answers
witness\tw1-pq\t{W1_PQ}
witness w2 {W2}
witness w2-pq {W2_PQ}
group one any w1 w1-pq
group two any w2 w2-pq
group both all one two
quorum both
"""


def test_a_policy_counts_operators_and_not_keys() -> None:
    policy = parse_policy(TWO_OPERATORS)
    assert policy.witnesses["w1"].url == "https://w1.example.org/"
    assert policy.logs[0][1] == "https://log.example.org"
    assert not policy.satisfied_by({"w1", "w1-pq"})
    assert policy.satisfied_by({"w1", "w2-pq"})


def test_a_checkpoint_that_enough_have_cosigned_is_opened() -> None:
    policy = parse_policy(TWO_OPERATORS)
    with pytest.raises(LogError) as caught:
        open_cosigned(COSIGNED, keys=LOG.keys, policy=policy)
    assert caught.value.code == "quorum-missing"
    both = COSIGNED + OTHER.cosign(NOTE, at=NOON)
    opened = open_cosigned(both, keys=LOG.keys, policy=policy)
    assert (opened.checkpoint.size, opened.witnesses) == (3, ("w1", "w1-pq", "w2", "w2-pq"))
    assert len(opened.cosignatures) == 4


def test_a_false_cosignature_spoils_what_would_be_enough() -> None:
    policy = parse_policy(f"witness w1 {W1}\nwitness w2 {W2}\ngroup any any w1 w2\nquorum any\n")
    false = OTHER.cosign(LOG.sign(size=4, root=ROOT, at=NOON), at=NOON)
    with pytest.raises(LogError) as caught:
        open_cosigned(COSIGNED + false, keys=LOG.keys, policy=policy)
    assert caught.value.code == "checkpoint-signature"


def test_no_quorum_asks_for_nobody() -> None:
    policy = parse_policy("quorum none")
    assert policy.quorum is None
    assert open_cosigned(NOTE, keys=LOG.keys, policy=policy).witnesses == ()


@given(st.integers(1, 6), st.integers(1, 6), st.sets(st.integers(0, 5)))
def test_a_threshold_is_a_count(threshold: int, members: int, present: set[int]) -> None:
    threshold = min(threshold, members)
    names = [f"w{number}" for number in range(members)]
    lines = [
        f"witness {name} {CosignatureSigner(name, PAIRS[number]).keys[0].vkey}"
        for number, name in enumerate(names)
    ]
    lines += [f"group g {threshold} {' '.join(names)}", "quorum g"]
    policy = parse_policy("\n".join(lines))
    here = {name for number, name in enumerate(names) if number in present}
    assert policy.satisfied_by(here) == (len(here) >= threshold)


PAIRS = [KeyPair.generate() for _ in range(6)]


def test_a_policy_may_be_large() -> None:
    names = [f"w{number}" for number in range(64)]
    lines = [f"witness {name} {CosignatureSigner.generate(name).keys[0].vkey}" for name in names]
    policy = parse_policy("\n".join([*lines, f"group all all {' '.join(names)}", "quorum all"]))
    assert isinstance(policy, Policy)
    assert policy.satisfied_by(names)
    assert not policy.satisfied_by(names[1:])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("quorum w1", 1),
        ("quorum none\nquorum none", 2),
        ("quorum", 1),
        ("quorum none x", 1),
        ("wittness w1 x\nquorum none", 1),
        (f"witness w1 {W1}\nwitness w1 {W2}\nquorum none", 2),
        (f"witness w1 {W1}\nwitness w2 {W1}\nquorum none", 2),
        (f"witness none {W1}\nquorum none", 1),
        (f"witness w1 {LOG_VKEY}\nquorum none", 1),
        (f"witness w1 {W1[:-2]}\nquorum none", 1),
        (f"witness w1 {W1} ftp://w1\nquorum none", 1),
        (f"witness w1 {W1} https://w1 more\nquorum none", 1),
        (f"log {W1}\nquorum none", 1),
        (f"witness w1 {W1}\ngroup g any w2\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g 2 w1\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g 0 w1\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g -1 w1\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g some w1\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g any\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g any w1 w1\nquorum none", 2),
        (f"witness w1 {W1}\ngroup g any w1\ngroup h any w1\nquorum none", 3),
        (f"witness w1 {W1}\ngroup g any w1 g\nquorum none", 2),
        (f"witness w1 {W1}\nquorum w2", 2),
        (f"witness w1\u00a0{W1}\nquorum none", 1),
    ],
    ids=map(str, range(25)),
)
def test_a_policy_of_another_form(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(text)
    assert (caught.value.code, caught.value.detail.partition(":")[0]) == (
        "policy-malformed",
        f"line {line}",
    )


def test_a_policy_has_a_bound() -> None:
    with pytest.raises(InputError) as caught:
        parse_policy("#" * (limits.POLICY_CHARACTERS_MAX + 1))
    assert caught.value.code == "too-large"


# --- cosignatures by others -----------------------------------------------------------------------


def test_the_worked_log_is_cosigned_by_its_witness(shared_dir: Path) -> None:
    worked: Any = json.loads((shared_dir / "vectors" / "c2sp" / "minilog.json").read_bytes())
    keys = [
        parse_vkey(worked["keys"][name]["vkey"]) for name in ("witness_ed25519", "witness_mldsa44")
    ]
    found = cosignatures(worked["checkpoint_signed"].encode(), keys)
    assert [(each.key, each.at) for each in found] == [
        (key, worked["cosignature_timestamp"]) for key in keys
    ]
    seeds = worked["seeds"]
    pair = KeyPair(
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seeds["witness_ed25519"]["seed_hex"])),
        MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(seeds["witness_mldsa44"]["seed_hex"])),
    )
    signer = CosignatureSigner(worked["witness_name"], pair)
    assert list(signer.keys) == keys
    at = NOON.fromtimestamp(worked["cosignature_timestamp"], tz=NOON.tzinfo)
    lines = signer.cosign(worked["checkpoint_signed"].encode(), at=at).decode().splitlines()
    assert lines[0] == worked["signature_lines"]["witness_0x04"]


@pytest.mark.parametrize("folder", ["witness", "witness2", "witness/mirror"])
def test_sunlights_cosigners_verify(folder: str, shared_dir: Path) -> None:
    here = shared_dir / "vectors" / "sunlight-cosign" / folder
    (description,) = here.glob("*.v0.json")
    (key,) = [parse_vkey(text) for text in json.loads(description.read_text())["verifier_keys"]]
    (path,) = [path for path in here.glob("*/checkpoint") if "mirror" not in path.parent.name]
    (found,) = cosignatures(path.read_bytes(), [key])
    assert found.key == key
    changed = path.read_bytes().replace(b"\n300\n", b"\n301\n")
    with pytest.raises(LogError) as caught:
        cosignatures(changed, [key])
    assert caught.value.code == "checkpoint-signature"


def test_only_the_lines_of_known_keys_are_passed_on() -> None:
    crowded = NOTE + OTHER.cosign(NOTE, at=NOON) + LINES + WITNESS.cosign(NOTE, at=NOON)
    assert lines_by(crowded, WITNESS.keys) == LINES
    assert lines_by(crowded, LOG.keys.note_keys()) == NOTE.partition(b"\n\n")[2]
    assert lines_by(crowded, ()) == b""
    with pytest.raises(LogError) as caught:
        lines_by(b"no note", WITNESS.keys)
    assert caught.value.code == "checkpoint-malformed"
