"""The documents that the service answers with, as bytes.

A decision's envelope goes out as it was signed: its bytes are spliced in, not written again.

    {"decision": <envelope>, "decision_index", "id", "proof": <proof of the decision's entry>,
     "refusal_code"?, "reviews"?, "submission_index", "verdict"}
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from attest import encoding
from attest.casefile import Logged, make_casefile
from attest.encoding import Json
from attest.errors import CODES, InputError
from attest.log.entry import parse_entry
from service.keyset_changes import KeysetsChanged
from service.problems import STATUS
from service.records import Item, Recorded, Records, predicate_of
from service.registrar import Reviewed
from service.stamping import Stamper


def submission_answer(recorded: Recorded, *, with_reviews: bool = False) -> bytes:
    """What a sender gets for a submission; the reviews only when they were asked for."""
    rest: dict[str, Json] = {
        "decision_index": recorded.decision.index,
        "id": recorded.submission_id,
        "proof": recorded.decision.proof_document(),
        "submission_index": recorded.submission_index,
        "verdict": recorded.verdict,
    }
    if recorded.refusal_code is not None:
        rest["refusal_code"] = recorded.refusal_code
    if with_reviews:
        rest["reviews"] = [_review(item) for item in recorded.reviews]
    # "decision" sorts before every other member, so this is canonical JSON.
    return b'{"decision":' + recorded.decision.body + b"," + encoding.canonical(rest)[1:]


def review_answer(reviewed: Reviewed) -> bytes:
    """What a reviewer gets for a review."""
    return encoding.canonical({"id": reviewed.submission_id} | _review(reviewed.review))


def _review(item: Item) -> dict[str, Json]:
    return {
        "action": predicate_of(item.body)["action"],
        "envelope": json.loads(item.body),
        "proof": item.proof_document(),
        "review_index": item.index,
    }


def keysets_answer(changed: KeysetsChanged) -> bytes:
    """What a sender gets for a keyset change."""
    return encoding.canonical(
        {
            "change_index": changed.change.index,
            "proof": changed.change.proof_document(),
            "trust": changed.trust,
            "trust_index": changed.trust_index,
        }
    )


def casefile_answer(records: Records, submission_id: str, stamper: Stamper | None = None) -> bytes:
    """The case file of a submission (SPEC 15), with the timestamps that cover its decision.

    Raises:
        InputError: not-found.
        LogError: commitment-mismatch.
    """
    recorded = records.lookup(submission_id)
    refs = [parse_entry(item.entry).refs for item in (recorded.decision, *recorded.reviews)]
    named = {
        kind: list(dict.fromkeys(index for each in refs for index in each.get(kind, ())))
        for kind in ("trust", "keyset", "pack", "mandate")
    }
    trust, *newer = [_logged(records.item(index)) for index in named["trust"]]
    return make_casefile(
        submission=_logged(records.item(recorded.submission_index)),
        decision=_logged(recorded.decision),
        reviews=[_logged(item) for item in recorded.reviews],
        trust=trust,
        trusts=newer,
        keysets=[records.item(index).body for index in named["keyset"]],
        packs=[records.item(index).body for index in named["pack"]],
        mandate=next((records.item(index).body for index in named["mandate"]), None),
        timestamps=()
        if stamper is None
        else stamper.links(recorded.decision.index, records.inclusion),
    )


def _logged(item: Item) -> Logged:
    return Logged(body=item.body, proof=item.proof_document())


def consistency_answer(size1: int, size2: int, hashes: Iterable[bytes]) -> bytes:
    """A consistency proof between two sizes."""
    encoded = [encoding.encode_base64(value) for value in hashes]
    return encoding.canonical({"from": size1, "hashes": encoded, "to": size2})


def rules_answer(packs: Iterable[bytes], *, trust: str) -> bytes:
    """The active packs, without their rules, and the digest of the trust that names them."""
    shown = ("edition", "effective", "engine", "id", "layer", "title")
    return encoding.canonical(
        {
            "packs": [
                {"digest": encoding.digest(raw), "rules": len(document["rules"])}
                | {name: document[name] for name in shown}
                for raw in packs
                for document in [json.loads(raw)]
            ],
            "trust": trust,
        }
    )


def rule_answer(pack: bytes, name: str) -> bytes:
    """One rule of a pack, with the pack's identity.

    Raises:
        InputError: not-found.
    """
    document = json.loads(pack)
    for rule in document["rules"]:
        if rule["name"] == name:
            shown = {"id": document["id"], "edition": document["edition"], "rule": rule}
            return encoding.canonical({"digest": encoding.digest(pack), **shown})
    raise InputError("not-found", "the pack has no rule of that name")


def errors_answer() -> bytes:
    """Every code of an error with its title, its mend and its status."""
    return encoding.canonical(
        {
            "errors": [
                {"code": code, "title": text.title, "mend": text.mend, "status": STATUS[code]}
                for code, text in sorted(CODES.items())
            ]
        }
    )
