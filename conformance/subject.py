"""This project as the program under test: `python -m conformance.subject SUITE < input > result`.

Thin over the library: each question of a vector is one call, and an error is its code. A suite or
question that is not known ends with status 3, as the command line of README.md asks for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from attest import schemas
from attest.acknowledgement import open_acknowledgement
from attest.activation import check_activated, open_activation
from attest.casefile import open_casefile
from attest.decision import Prior, decide
from attest.encoding import (
    Json,
    decode_base64,
    digest,
    encode_base64,
    format_instant,
    loads,
    parse_instant,
)
from attest.envelope import KeyRing, open_envelope, require_algorithms
from attest.errors import AttestError
from attest.keyset_change import check_changed, open_keyset_change
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.cosignature import cosignatures
from attest.log.entry import parse_entry
from attest.log.misbehaviour import open_misbehaviour
from attest.log.note import parse_note, parse_vkey
from attest.log.policy import open_cosigned, parse_policy
from attest.log.proof import open_proof, open_proof_document
from attest.trust import Trust, load_trust, open_keyset
from attest.witnessing import open_policy, open_witnessed

UNSUPPORTED: Final = 3


def answer(suite: str, question: Mapping[str, Json]) -> Json:
    """The result for one input; None for a question that is not known."""
    ask = QUESTIONS.get((suite, question["do"]))
    if ask is None:
        return None
    try:
        return {"result": "accept", **ask(question)}
    except AttestError as error:
        return {"result": "refuse", "code": error.code}


def _lines(text: str) -> list[str]:
    return decode_base64(text).decode().splitlines()


def _read_vkey(question: Mapping[str, Json]) -> Json:
    key = parse_vkey(question["vkey"])
    return {
        "name": key.name,
        "type": key.kind,
        "key_id": key.identifier.hex(),
        "public_key": encode_base64(key.public),
    }


def _read_note(question: Mapping[str, Json]) -> Json:
    note = parse_note(decode_base64(question["note"]))
    return {
        "text": encode_base64(note.text),
        "signatures": [
            {"name": name, "key_id": identifier.hex(), "signature": encode_base64(signature)}
            for name, identifier, signature in note.signatures
        ],
    }


def _said(checkpoint: Checkpoint) -> dict[str, Json]:
    root = encode_base64(checkpoint.root)
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": root}


def _open_checkpoint(question: Mapping[str, Json]) -> Json:
    keys = LogKeys.parse(_lines(question["log"]))
    return _said(open_checkpoint(decode_base64(question["note"]), keys=keys))


def _open_cosignatures(question: Mapping[str, Json]) -> Json:
    keys = [parse_vkey(line) for line in _lines(question["witnesses"])]
    return {
        "cosignatures": [
            {
                "name": each.key.name,
                "key_id": each.key.identifier.hex(),
                "type": each.key.kind,
                "time": each.at,
            }
            for each in cosignatures(decode_base64(question["note"]), keys)
        ]
    }


def _open_proof(question: Mapping[str, Json]) -> Json:
    index, checkpoint = open_proof(
        decode_base64(question["proof"]),
        entry=decode_base64(question["entry"]),
        keys=LogKeys.parse(_lines(question["log"])),
    )
    return {"index": index, **_said(checkpoint)}


def _open_proof_document(question: Mapping[str, Json]) -> Json:
    document = question["proof_document"]
    schemas.validate("proof", document)
    entry, checkpoint = open_proof_document(
        document,
        body=decode_base64(question["body"]),
        keys=LogKeys.parse(_lines(question["log"])),
    )
    root = encode_base64(checkpoint.root)
    return {"index": entry.index, "kind": entry.kind, "size": checkpoint.size, "root": root}


def _read_policy(question: Mapping[str, Json]) -> Json:
    policy = parse_policy(decode_base64(question["policy"]).decode())
    return {
        "logs": len(policy.logs),
        "witnesses": list(policy.witnesses),
        "groups": {
            name: {"threshold": group.threshold, "members": list(group.members)}
            for name, group in policy.groups.items()
        },
        "quorum": policy.quorum,
    }


def _ask_quorum(question: Mapping[str, Json]) -> Json:
    policy = parse_policy(decode_base64(question["policy"]).decode())
    return {"reached": policy.satisfied_by(question["cosigned_by"])}


def _open_cosigned(question: Mapping[str, Json]) -> Json:
    opened = open_cosigned(
        decode_base64(question["note"]),
        keys=LogKeys.parse(_lines(question["log"])),
        policy=parse_policy(decode_base64(question["policy"]).decode()),
    )
    root = encode_base64(opened.checkpoint.root)
    return {"size": opened.checkpoint.size, "root": root, "witnesses": list(opened.witnesses)}


def _add_checkpoints(question: Mapping[str, Json]) -> Json:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_ask_witness(question, Path(folder) / "witness"))


async def _ask_witness(question: Mapping[str, Json], folder: Path) -> Json:
    """Put requests to the witness of this project, over its own HTTP interface."""
    import httpx

    from conformance.trees import NOON
    from service.witness import create_witness_app, make_witness, open_witness

    make_witness(folder, "witness.example/under-test", None)
    logs = {
        origin: [parse_vkey(line) for line in _lines(text)]
        for origin, text in question["logs"].items()
    }
    desk = open_witness(folder, logs, None, clock=lambda: NOON)
    transport = httpx.ASGITransport(create_witness_app(desk))
    answers, sizes = [], {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for text in question["requests"]:
            raw = decode_base64(text)
            got = await client.post("/witness/add-checkpoint", content=raw)
            told: dict[str, Json] = {"status": got.status_code}
            if got.status_code == 409:
                told |= {"body": got.text, "type": got.headers["content-type"]}
            if got.status_code == 200:
                note = raw.partition(b"\n\n")[2] + got.content
                if len(cosignatures(note, await _keys_of(client))) != 2:
                    told["status"] = "a cosignature is missing"
            answers.append(told)
        for origin in logs:
            path = f"/witness/{sha256(origin.encode()).hexdigest()}/checkpoint"
            got = await client.get(path)
            sizes[origin] = int(got.text.split("\n")[1]) if got.status_code == 200 else 0
    desk.close()
    return {"answers": answers, "sizes": sizes}


async def _keys_of(client: Json) -> Json:
    return [parse_vkey(line) for line in (await client.get("/witness/vkeys")).text.split("\n")[:2]]


def _read_entry(question: Mapping[str, Json]) -> Json:
    entry = parse_entry(decode_base64(question["entry"]))
    return {
        "index": entry.index,
        "kind": entry.kind,
        "time": format_instant(entry.time),
        "prev": entry.prev.hex(),
        "commit": entry.commit,
        "refs": {kind: list(indices) for kind, indices in entry.refs.items()},
        "salted": entry.salted,
    }


def _open_envelope(question: Mapping[str, Json]) -> Json:
    ring = KeyRing.of(open_keyset(decode_base64(each)) for each in question["keysets"])
    document = loads(decode_base64(question["envelope"]))
    schemas.validate("envelope", document)
    at, purpose = parse_instant(question["at"]), question["purpose"]
    opened = open_envelope(document, ring=ring, at=at, purpose=purpose)
    require = question["require"]
    classical, post_quantum = "classical" in require, "post-quantum" in require
    require_algorithms(opened, classical=classical, post_quantum=post_quantum)
    signers = [{"party": key.party.id, "keyid": key.public.keyid} for key in opened.signers]
    return {"payload": opened.digest, "signers": signers}


def _decide(question: Mapping[str, Json]) -> Json:
    trust = _trust_of(question, question["trust"])
    decided = decide(
        decode_base64(question["submission"]),
        trust=trust,
        at=parse_instant(question["at"]),
        prior=Prior({(each["party"], each["declaration"]) for each in question["prior"]}),
    )
    predicate = loads(decided.payload)["predicate"]
    found: dict[str, Json] = {"verdict": decided.verdict, "payload": digest(decided.payload)}
    if "refusal" in predicate:
        return {**found, "refusal": predicate["refusal"]}
    results = {each["rule"]: each["result"] for each in predicate["findings"]}
    return {**found, "results": results}


def _open_casefile(question: Mapping[str, Json]) -> Json:
    keys = LogKeys.parse(_lines(question["log"]))
    case = open_casefile(decode_base64(question["casefile"]), log_keys=keys)
    return {
        "verdict": case.verdict,
        "submission": digest(case.submission.body),
        "reviews": [each.review.action for each in case.reviews],
        "superseded_unchecked": case.superseded_unchecked,
    }


def _open_misbehaviour(question: Mapping[str, Json]) -> Json:
    keys = LogKeys.parse(_lines(question["log"]))
    opened = open_misbehaviour(decode_base64(question["misbehaviour"]), keys=keys)
    first, second = (
        {"size": each.size, "root": encode_base64(each.root)}
        for each in (opened.first, opened.second)
    )
    times = [format_instant(each) for each in (opened.first_at, opened.second_at)]
    return {"kind": opened.kind, "first": first, "second": second, "signed_at": times}


def _trust_of(question: Mapping[str, Json], snapshot: str) -> Trust:
    bodies = [decode_base64(each) for each in question["documents"]]
    return load_trust(decode_base64(snapshot), {digest(raw): raw for raw in bodies})


def _open_activation(question: Mapping[str, Json]) -> Json:
    trust = _trust_of(question, question["trust"])
    raw, at = decode_base64(question["activation"]), parse_instant(question["at"])
    opened = open_activation(raw, trust=trust, at=at)
    if question["after"] is not None:
        check_activated(opened, before=trust, after=_trust_of(question, question["after"]))
    return {"snapshot": opened.snapshot, "holders": list(opened.holders)}


def _open_keyset_change(question: Mapping[str, Json]) -> Json:
    trust = _trust_of(question, question["trust"])
    raw, at = decode_base64(question["change"]), parse_instant(question["at"])
    opened = open_keyset_change(raw, trust=trust, at=at)
    if question["after"] is not None:
        new = [encode_base64(keyset) for keyset in opened.keysets.values()]
        given = {**question, "documents": [*question["documents"], *new]}
        check_changed(opened, before=trust, after=_trust_of(given, question["after"]))
    return {"snapshot": opened.snapshot, "holders": list(opened.holders)}


def _open_acknowledgement(question: Mapping[str, Json]) -> Json:
    raw = decode_base64(question["acknowledgement"])
    opened = open_acknowledgement(raw, trust=_trust_of(question, question["trust"]))
    decide_by = format_instant(opened.acknowledgement.decide_by)
    origin = opened.acknowledgement.origin
    return {"submission": opened.submission, "origin": origin, "decide_by": decide_by}


def _open_policy(question: Mapping[str, Json]) -> Json:
    opened = open_policy(
        decode_base64(question["policy"]),
        trust=_trust_of(question, question["trust"]),
        at=parse_instant(question["at"]),
        origin=question["origin"],
    )
    return {"holders": list(opened.holders), "quorum": opened.policy.quorum}


def _open_witnessed(question: Mapping[str, Json]) -> Json:
    trust, keys = _trust_of(question, question["trust"]), LogKeys.parse(_lines(question["log"]))
    entered = parse_instant("2026-11-24T14:00:00Z")
    policies = [
        open_policy(decode_base64(each), trust=trust, at=entered, origin=keys.origin)
        for each in question["policies"]
    ]
    note, at = decode_base64(question["note"]), parse_instant(question["at"])
    opened = open_witnessed(note, keys=keys, policies=policies, at=at)
    return {"size": opened.checkpoint.size, "witnesses": list(opened.witnesses)}


QUESTIONS: Final[dict[tuple[str, str], Callable[[Mapping[str, Json]], Json]]] = {
    ("signed-note", "read-vkey"): _read_vkey,
    ("signed-note", "read-note"): _read_note,
    ("signed-note", "open-checkpoint"): _open_checkpoint,
    ("cosignature", "open-cosignatures"): _open_cosignatures,
    ("tlog-proof", "open-proof"): _open_proof,
    ("tlog-proof", "open-proof-document"): _open_proof_document,
    ("policy", "read-policy"): _read_policy,
    ("policy", "ask-quorum"): _ask_quorum,
    ("policy", "open-cosigned"): _open_cosigned,
    ("witness", "add-checkpoints"): _add_checkpoints,
    ("entry", "read-entry"): _read_entry,
    ("envelope", "open-envelope"): _open_envelope,
    ("decision", "decide"): _decide,
    ("casefile", "open-casefile"): _open_casefile,
    ("misbehaviour", "open-misbehaviour"): _open_misbehaviour,
    ("act", "open-activation"): _open_activation,
    ("act", "open-keyset-change"): _open_keyset_change,
    ("act", "open-acknowledgement"): _open_acknowledgement,
    ("act", "open-policy"): _open_policy,
    ("act", "open-witnessed"): _open_witnessed,
}


def main() -> int:
    """Read an input from stdin, write the result to stdout; the exit status."""
    result = answer(sys.argv[1], json.load(sys.stdin))
    if result is None:
        return UNSUPPORTED
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
