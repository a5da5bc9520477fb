"""An operator who holds every key of the log: what replay and case file name nevertheless.

Each forgery bears the real signatures of the log and of the foundry, so its integrity holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pytest

from attest.casefile import Logged, make_casefile, open_casefile
from attest.decision import NOTHING, Prior, decide
from attest.encoding import canonical, digest, loads
from attest.envelope import seal
from attest.errors import AttestError
from attest.log.check import check_export
from attest.log.entry import parse_entry
from attest.log.writer import Draft
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from attest.replay import replay
from service.records import payload_of
from tests.world import NOW, World, derived_signer, statement
from tests.world_log import WorldLog, world_log

WORLD = World()
LATER = NOW + dt.timedelta(minutes=20)
FIRST = statement(DECLARATION_TYPE, WORLD.declaration())
SUCCESSOR = statement(
    DECLARATION_TYPE, WORLD.declaration(end_use="Another use.", supersedes=digest(FIRST))
)
HELD = seal(FIRST, [WORLD.designer.signer])
PASSED = WORLD.submission(fabricator={})


class Everything(Container[tuple[str, str]]):
    """As if every declaration had been replaced."""

    def __contains__(self, item: object) -> bool:
        return True


def append(log: WorldLog, kind: str, body: bytes, **refs: tuple[int, ...]) -> int:
    """Append an entry past the registrar; its index."""
    index = log.writer.head.size
    log.writer.append([Draft(kind, body, refs)], at=LATER)
    return index


def documents(log: WorldLog) -> dict[str, tuple[int, ...]]:
    """The references of the trust snapshot."""
    return dict(parse_entry(log.records.entry(log.standing.refs["trust"][0])).refs)


def activate(log: WorldLog, snapshot: bytes) -> int:
    """Append an activation that enough people signed, and its trust snapshot; that one's index."""
    activation = append(log, "activation", WORLD.activation(snapshot))
    return append(log, "trust", snapshot, **documents(log), activation=(activation,))


def record(
    log: WorldLog,
    raw: bytes,
    *,
    decided_at: dt.datetime = LATER,
    prior: Prior = NOTHING,
    change: Callable[[Any], None] | None = None,
) -> int:
    """Append a submission and a decision of the operator's own making; the decision's index."""
    document = loads(decide(raw, trust=WORLD.trust(), at=decided_at, prior=prior).payload)
    if change is not None:
        change(document)
    decision = seal(canonical(document), [WORLD.decision_signer])
    start = append(log, "submission", raw)
    return append(log, "decision", decision, **log.standing.refs, submission=(start,))


def review(log: WorldLog, decision: int, *, action: str = "release", of: int | None = None) -> int:
    """Append a well-signed review of a decision, under the reference `of`; its index."""
    payload = payload_of(log.records.item(decision).body)
    body = WORLD.review(payload, read_decision(payload)["subject"], action=action)
    refs = {"decision": (decision if of is None else of,), **log.standing.refs}
    return append(log, "review", body, **refs)


def swap_trust_in_the_middle(log: WorldLog) -> int:
    start = append(log, "submission", PASSED)
    append(log, "trust", log.standing.snapshot, **documents(log))
    decision = seal(decide(PASSED, trust=WORLD.trust(), at=LATER).payload, [WORLD.decision_signer])
    append(log, "decision", decision, **log.standing.refs, submission=(start,))
    return start


def use_the_old_trust(log: WorldLog) -> int:
    activate(log, log.standing.snapshot)
    return record(log, PASSED)


def ignore_a_supersession(log: WorldLog) -> int:
    record(log, seal(SUCCESSOR, [WORLD.designer.signer]))
    return record(log, HELD)


def drop_findings(log: WorldLog) -> int:
    return record(log, PASSED, change=lambda document: document["predicate"]["findings"].pop())


def record_junk(log: WorldLog) -> int:
    start = append(log, "submission", b"junk")
    decision = seal(decide(PASSED, trust=WORLD.trust(), at=LATER).payload, [WORLD.decision_signer])
    return append(log, "decision", decision, **log.standing.refs, submission=(start,))


def release_what_was_refused(log: WorldLog) -> int:
    decision = record(log, HELD)
    review(log, decision, action="refuse")
    return review(log, decision)


def review_a_review(log: WorldLog) -> int:
    decision = record(log, HELD)
    return review(log, decision, of=review(log, decision, action="ask"))


def release_another_case(log: WorldLog) -> int:
    decision = record(log, HELD)
    return review(log, decision, of=record(log, HELD + b" "))


def date_it_back(log: WorldLog) -> int:
    return record(log, PASSED, decided_at=NOW)


def invent_a_supersession(log: WorldLog) -> int:
    return record(log, HELD, prior=Prior(Everything()))


def refuse_a_pass(log: WorldLog) -> int:
    return review(log, record(log, PASSED), action="refuse")


def release_a_refusal(log: WorldLog) -> int:
    return review(log, record(log, seal(FIRST, [derived_signer("nobody")])))


FORGERIES: list[tuple[Callable[[WorldLog], int], str]] = [
    (swap_trust_in_the_middle, "decision-missing"),
    (use_the_old_trust, "reference-broken"),
    (date_it_back, "decision-differs"),
    (invent_a_supersession, "decision-differs"),
    (ignore_a_supersession, "decision-differs"),
    (drop_findings, "decision-differs"),
    (record_junk, "decision-differs"),
    (release_what_was_refused, "review-not-possible"),
    (review_a_review, "reference-broken"),
    (release_another_case, "review-not-possible"),
    (release_a_refusal, "review-not-possible"),
    (refuse_a_pass, "review-not-possible"),
]


@pytest.mark.parametrize(("forge", "code"), FORGERIES)
def test_a_well_signed_forgery_is_named(
    forge: Callable[[WorldLog], int], code: str, tmp_path: Path
) -> None:
    """Integrity holds, and replay names the entry all the same."""
    with world_log(WORLD, tmp_path / "data") as log:
        forged = forge(log)
        export = log.export(tmp_path / "export")
        assert check_export(export, keys=log.keys).size == log.writer.head.size
        with pytest.raises(AttestError) as caught:
            replay(export, log_keys=log.keys)
    assert (caught.value.code, caught.value.entry) == (code, forged)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{}", b'{"payload":1}', b'{"payload":null}', b'{"payload":{}}']
)
def test_a_decision_that_is_none(body: bytes, tmp_path: Path) -> None:
    """Any bytes in the place of a decision."""
    with world_log(WORLD, tmp_path / "data") as log:
        start = append(log, "submission", PASSED)
        forged = append(log, "decision", body, **log.standing.refs, submission=(start,))
        with pytest.raises(AttestError) as caught:
            replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert (caught.value.code, caught.value.entry) == ("decision-differs", forged)


def case_of(log: WorldLog, submission: int, decision: int, *reviews: int) -> bytes:
    """A case file put together from any entries of the log."""

    def logged(index: int) -> Logged:
        item = log.records.item(index)
        return Logged(body=item.body, proof=item.proof_document())

    return make_casefile(
        submission=logged(submission),
        decision=logged(decision),
        reviews=[logged(index) for index in reviews],
        trust=logged(log.standing.refs["trust"][0]),
        keysets=list(WORLD.keysets().values()),
        packs=list(WORLD.packs.values()),
    )


def test_a_case_file_mixed_from_two_cases(tmp_path: Path) -> None:
    """Every part is in the log and proven, and they do not belong together."""
    with world_log(WORLD, tmp_path / "data") as log:
        one, other = record(log, HELD), record(log, HELD + b" ")
        asked, settled = review(log, one, action="ask"), review(log, one)
        case = open_casefile(case_of(log, one - 1, one, asked, settled), log_keys=log.keys)
        assert [each.review.action for each in case.reviews] == ["ask", "release"]
        for parts, code in [
            ((other - 1, one), "reference-broken"),
            ((one - 1, other), "reference-broken"),
            ((other - 1, other, settled), "reference-broken"),
            ((one - 1, one, settled, asked), "reference-broken"),
            ((one - 1, one, asked, asked), "reference-broken"),
            ((one, one), "reference-broken"),
        ]:
            with pytest.raises(AttestError) as caught:
                open_casefile(case_of(log, *parts), log_keys=log.keys)
            assert caught.value.code == code
