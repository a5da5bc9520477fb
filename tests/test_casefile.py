"""Case files: good ones open, every changed one is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.casefile import Logged, make_casefile, open_casefile
from attest.encoding import canonical, decode_base64, digest, encode_base64, loads
from attest.envelope import seal
from attest.errors import AttestError
from attest.log.writer import Draft
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from service.records import payload_of
from tests.world import NOW, World, statement
from tests.world_log import WorldLog, world_log

WORLD = World()
LIMIT = 2**24


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldLog]:
    """A log that holds a PASS, a reviewed HOLD and a refusal for supersession."""
    with world_log(WORLD, tmp_path_factory.mktemp("casefile") / "data") as opened:
        yield opened


def logged(log: WorldLog, index: int) -> Logged:
    """An entry's body with its proof at the newest checkpoint."""
    item = log.records.item(index)
    return Logged(body=item.body, proof=item.proof_document())


def case_of(log: WorldLog, raw: bytes) -> bytes:
    """The case file of a submission."""
    recorded = log.records.lookup(digest(raw))
    refs = log.standing.refs
    return make_casefile(
        submission=logged(log, recorded.submission_index),
        decision=logged(log, recorded.decision.index),
        reviews=[logged(log, review.index) for review in recorded.reviews],
        trust=logged(log, refs["trust"][0]),
        keysets=[log.records.item(index).body for index in refs["keyset"]],
        packs=[log.records.item(index).body for index in refs["pack"]],
    )


def held(log: WorldLog, use: str) -> bytes:
    """Record a declaration alone, which is held."""
    raw = seal(statement(DECLARATION_TYPE, WORLD.declaration(end_use=use)), [WORLD.designer.signer])
    log.register([raw])
    return raw


def refusal(raw: bytes, log: WorldLog) -> str:
    """The code with which a case file is refused."""
    with pytest.raises(AttestError) as caught:
        open_casefile(raw, log_keys=log.keys)
    return caught.value.code


def test_a_case_opens_and_says_what_was_decided(log: WorldLog) -> None:
    """Under 200 kB, everything inside, verified offline."""
    raw = WORLD.submission(fabricator={})
    log.register([raw])
    written = case_of(log, raw)
    case = open_casefile(written, log_keys=log.keys)
    assert case.verdict == "PASS"
    assert case.submission.body == raw
    assert case.decision_entry.entry.index == case.submission.entry.index + 1
    assert case.submission.checkpoint.origin == "foundry.example/log"
    assert not case.superseded_unchecked
    assert len(written) < 200_000


def test_a_reviewed_hold(log: WorldLog) -> None:
    """Questions first, then the release; who signed is told."""
    raw = held(log, "A reviewed one.")
    payload = payload_of(log.records.lookup(digest(raw)).decision.body)
    subject = read_decision(payload)["subject"]
    for action in ("ask", "release"):
        review = WORLD.review(payload, subject, action=action)
        log.registrar.review(digest(raw), review, NOW)
    case = open_casefile(case_of(log, raw), log_keys=log.keys)
    assert [review.review.action for review in case.reviews] == ["ask", "release"]
    assert case.reviews[0].holders == ("Ana Costa", "Wei Lin")


def test_a_superseded_declaration_says_what_it_cannot_show(log: WorldLog) -> None:
    """Only the log can show the supersession, and the case says so."""
    first = statement(DECLARATION_TYPE, WORLD.declaration(end_use="To be replaced."))
    later = statement(
        DECLARATION_TYPE, WORLD.declaration(end_use="Replacing.", supersedes=digest(first))
    )
    raw = seal(first, [WORLD.designer.signer])
    log.register([seal(later, [WORLD.designer.signer])])
    (recorded,) = log.register([raw])
    assert recorded.refusal_code == "superseded"
    case = open_casefile(case_of(log, raw), log_keys=log.keys)
    assert case.superseded_unchecked
    assert case.verdict == "FAIL"


def changed(written: bytes, *path: str | int, to: Any) -> bytes:
    """A copy of a case file with one member changed."""
    document = loads(written, bytes_max=LIMIT, string_bytes_max=LIMIT)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return canonical(document)


def flip(text: str) -> str:
    """Change one bit in the middle of base64 bytes."""
    raw = bytearray(decode_base64(text))
    raw[len(raw) // 2] ^= 1
    return encode_base64(bytes(raw))


def test_every_part_that_is_changed_is_named(log: WorldLog) -> None:
    """Bodies, salts, entries, proofs, trust, keysets and packs."""
    raw = held(log, "To be tampered with.")
    other = held(log, "Another one.")
    written, foreign = (
        case_of(log, raw),
        loads(case_of(log, other), bytes_max=LIMIT, string_bytes_max=LIMIT),
    )
    for part in ("submission", "decision", "trust"):
        assert refusal(changed(written, part, "body", to=flip), log) == "commitment-mismatch"
        entry = refusal(changed(written, part, "proof", "entry", to=flip), log)
        assert entry == "proof-invalid"
        proof = refusal(changed(written, part, "proof", "tlog_proof", to=flip), log)
        assert proof in {
            "proof-malformed",
            "proof-invalid",
            "checkpoint-signature",
            "checkpoint-malformed",
            "checkpoint-origin",
        }
    for part in ("submission", "decision"):
        salt = refusal(changed(written, part, "proof", "salt", to=flip), log)
        assert salt == "commitment-mismatch"
        swapped = refusal(changed(written, part, to=foreign[part]), log)
        assert swapped == "reference-broken"
    assert (
        refusal(changed(written, "decision", to=foreign["submission"]), log) == "reference-broken"
    )
    assert refusal(changed(written, "keysets", to=lambda all_: all_[1:]), log) == "trust-incomplete"
    assert refusal(changed(written, "packs", 0, to=flip), log) == "trust-incomplete"
    assert refusal(changed(written, "packs", to=[]), log) in {
        "schema-violation",
        "trust-incomplete",
    }
    assert refusal(changed(written, "v", to=2), log) == "schema-violation"
    assert refusal(written[:-1], log) == "json-malformed"


def test_the_verifier_keys_decide_which_log_is_meant(log: WorldLog, tmp_path: Path) -> None:
    """A case file from a log with other keys does not open."""
    raw = held(log, "For another reader.")
    with world_log(WORLD, tmp_path / "other") as other:
        assert refusal(case_of(log, raw), other) == "checkpoint-signature"


def test_a_forged_decision_is_caught_by_deciding_again(log: WorldLog) -> None:
    """A decision that the foundry signed and logged, but that the rules do not give."""
    raw = seal(
        statement(DECLARATION_TYPE, WORLD.declaration(end_use="Forged.")), [WORLD.designer.signer]
    )
    (honest,) = log.register([held(log, "Honest.")])
    document = loads(payload_of(honest.decision.body))
    document["predicate"]["verdict"] = "PASS"
    document["subject"][0]["digest"]["sha256"] = digest(raw).removeprefix("sha256:")
    start = log.writer.head.size
    refs = dict(log.standing.refs)
    log.writer.append(
        [
            Draft("submission", raw),
            Draft(
                "decision",
                seal(canonical(document), [WORLD.decision_signer]),
                refs | {"submission": (start,)},
            ),
        ],
        at=NOW,
    )
    forged = make_casefile(
        submission=logged(log, start),
        decision=logged(log, start + 1),
        reviews=[],
        trust=logged(log, refs["trust"][0]),
        keysets=[log.records.item(index).body for index in refs["keyset"]],
        packs=[log.records.item(index).body for index in refs["pack"]],
    )
    assert refusal(forged, log) == "decision-differs"
