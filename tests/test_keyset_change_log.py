"""Keyset changes in a log: what replay names when an operator with all log keys leaves the rules.

The designer's key is revoked by the snapshot of entry i. What was logged up to i - 1 counts for
ever; from i + 1 on nothing does that the key signed, however it is dated.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attest.casefile import Logged, make_casefile, open_casefile
from attest.decision import decide
from attest.encoding import canonical, digest, loads
from attest.envelope import seal
from attest.errors import LogError
from attest.log.export import Export
from attest.log.proof import open_proof_document
from attest.omission import check_acknowledged
from attest.replay import replay
from attest.walk import walk
from service.answers import casefile_answer
from service.keyset_changes import change_keysets
from service.records import payload_of
from tests.keyset_changes import THIRD, changed, new_reviewer, revoke, signed_change
from tests.test_acknowledgement import acknowledged
from tests.test_forgery import HELD, PASSED, append, documents
from tests.test_forgery_documents import fault
from tests.world import NOW, World
from tests.world_log import WorldLog, open_log, world_log

WORLD = World()
REVOKED = changed(revoke, WORLD)
GOOD = signed_change(WORLD, REVOKED)


def refs_after(log: WorldLog) -> dict[str, tuple[int, ...]]:
    """Append the new keyset; the references of a snapshot that names it in place of the old."""
    old = digest(WORLD.designer.keyset())
    places = {digest(log.records.item(at).body): at for at in documents(log)["keyset"]}
    index = append(log, "keyset", REVOKED.designer.keyset())
    kept = [at for name, at in places.items() if name != old]
    return {**documents(log), "keyset": tuple(sorted([*kept, index]))}


def a_snapshot_nobody_signed(log: WorldLog) -> int:
    return append(log, "trust", REVOKED.trust_bytes(), **refs_after(log))


def a_change_of_one_person(log: WorldLog) -> int:
    raw = signed_change(WORLD, REVOKED, signers=WORLD.reviewers[:1])
    return append(log, "keyset-change", raw)


def a_change_that_is_not_named(log: WorldLog) -> int:
    refs = refs_after(log)
    append(log, "keyset-change", GOOD)
    return append(log, "trust", REVOKED.trust_bytes(), **refs)


def a_change_under_the_name_of_an_activation(log: WorldLog) -> int:
    return append(log, "activation", GOOD)


def a_change_that_another_snapshot_follows(log: WorldLog) -> int:
    act = append(log, "keyset-change", GOOD)
    refs = {**documents(log), "keyset-change": (act,)}
    return append(log, "trust", log.standing.snapshot, **refs)


def a_change_without_its_snapshot(log: WorldLog) -> int:
    return append(log, "keyset-change", GOOD)


def a_submission_in_between(log: WorldLog) -> int:
    append(log, "keyset-change", GOOD)
    return append(log, "submission", PASSED)


def a_change_that_rests_on_something(log: WorldLog) -> int:
    return append(log, "keyset-change", GOOD, pack=documents(log)["pack"])


def a_change_used_twice(log: WorldLog) -> int:
    refs = refs_after(log)
    act = append(log, "keyset-change", GOOD)
    append(log, "trust", REVOKED.trust_bytes(), **{**refs, "keyset-change": (act,)})
    return append(log, "keyset-change", GOOD)


def a_decision_that_ignores_it(log: WorldLog) -> int:
    """Under the old snapshot, as if the key still counted."""
    refs = refs_after(log)
    act = append(log, "keyset-change", GOOD)
    append(log, "trust", REVOKED.trust_bytes(), **{**refs, "keyset-change": (act,)})
    start = append(log, "submission", PASSED)
    decided = decide(PASSED, trust=WORLD.trust(), at=log.writer.head.time or NOW)
    decision = seal(decided.payload, [WORLD.decision_signer])
    return append(log, "decision", decision, **log.standing.refs, submission=(start,))


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (a_snapshot_nobody_signed, "reference-broken"),
        (a_change_of_one_person, "too-few-signers"),
        (a_change_that_is_not_named, "reference-broken"),
        (a_change_under_the_name_of_an_activation, "unknown-predicate-type"),
        (a_change_that_another_snapshot_follows, "keyset-change-not-possible"),
        (a_change_without_its_snapshot, "reference-broken"),
        (a_submission_in_between, "reference-broken"),
        (a_change_that_rests_on_something, "reference-broken"),
        (a_change_used_twice, "keyset-change-not-possible"),
        (a_decision_that_ignores_it, "reference-broken"),
    ],
)
def test_an_operator_with_all_keys_but_the_reviewers(
    forge: Callable[[WorldLog], int], code: str, tmp_path: Path
) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        index = forge(log)
        assert fault(log, tmp_path) == (code, index)


def test_the_entry_of_the_snapshot_decides(tmp_path: Path) -> None:
    """i - 1 is good, i is the snapshot, i + 1 is refused, all of one second; all replays."""
    with world_log(WORLD, tmp_path / "data") as log:
        (before,) = log.register([PASSED])
        change = change_keysets(log.writer, log.records, change=GOOD, at=NOW)
    with open_log(WORLD, tmp_path / "data") as log:
        (after,) = log.register([HELD])
        export = log.export(tmp_path / "export")
        report = replay(export, log_keys=log.keys)
        first, i = before.decision.index, change.trust_index
        assert (first + 1, i + 1) == (change.change.index - 1, after.submission_index)
        assert (before.verdict, after.refusal_code) == ("PASS", "key-revoked")
        assert report.refusals == {"key-revoked": 1}
        plan = walk(Export.open(export, keys=log.keys), origin=log.keys.origin)
        assert [piece.trust for piece in plan.pieces][1:] == [i]


def test_old_evidence_outlives_every_key_that_made_it(tmp_path: Path) -> None:
    """Case file, proof and acknowledgement of a time whose designer and reviewer are gone."""
    gone = changed(new_reviewer, REVOKED)
    with world_log(WORLD, tmp_path / "data") as log:
        (held,) = log.register([HELD])
        payload = payload_of(held.decision.body)
        review = WORLD.review(payload, loads(payload, bytes_max=10**7)["subject"])
        log.registrar.review(held.submission_id, review, NOW)
        case = casefile_answer(log.records, held.submission_id)
        proof = held.decision.proof_document()
        promise = acknowledged(HELD)
        change_keysets(log.writer, log.records, change=GOOD, at=NOW)
        second = signed_change(REVOKED, gone)
        change_keysets(log.writer, log.records, change=second, at=NOW)
        later = casefile_answer(log.records, held.submission_id)
        for raw in (case, later):
            opened = open_casefile(raw, log_keys=log.keys)
            assert (opened.verdict, opened.reviews[0].holders) == ("HOLD", ("Ana Costa", "Wei Lin"))
        entry, _ = open_proof_document(proof, body=held.decision.body, keys=log.keys)
        assert entry.index == held.decision.index
        export = log.export(tmp_path / "export")
        (kept,) = check_acknowledged(Export.open(export, keys=log.keys), [promise])
        assert kept.decision == held.decision.index
        assert len(replay(export, log_keys=log.keys).trusts) == 3


def test_a_review_under_a_snapshot_that_was_over(tmp_path: Path) -> None:
    """An operator lets somebody whose key is revoked release a HOLD, under the old snapshot."""
    gone = changed(new_reviewer, WORLD)
    with world_log(WORLD, tmp_path / "data") as log:
        old = log.standing.refs
        change_keysets(log.writer, log.records, change=signed_change(WORLD, gone), at=NOW)
    with open_log(WORLD, tmp_path / "data") as log:
        (held,) = log.register([HELD])
        payload = payload_of(held.decision.body)
        body = WORLD.review(payload, loads(payload, bytes_max=10**7)["subject"])
        index = append(log, "review", body, **{**old, "decision": (held.decision.index,)})
        records = log.records

        def logged(at: int) -> Logged:
            item = records.item(at)
            return Logged(body=item.body, proof=item.proof_document())

        newest = log.standing.refs["trust"][0]
        raw = make_casefile(
            submission=logged(held.submission_index),
            decision=logged(held.decision.index),
            reviews=[logged(index)],
            trust=logged(newest),
            trusts=[logged(old["trust"][0])],
            keysets=[*WORLD.keysets().values(), *gone.keysets().values()],
            packs=list(WORLD.packs.values()),
        )
        with pytest.raises(LogError) as caught:
            open_casefile(raw, log_keys=log.keys)
        assert (caught.value.code, caught.value.entry) == ("reference-broken", index)
        assert fault(log, tmp_path) == ("reference-broken", index)


def test_a_case_file_needs_the_snapshot_of_each_review(tmp_path: Path) -> None:
    """Without the newer snapshot, or with another in its place, a later review does not verify."""
    gone = changed(new_reviewer, WORLD)
    with world_log(WORLD, tmp_path / "data") as log:
        (held,) = log.register([HELD])
        change_keysets(log.writer, log.records, change=signed_change(WORLD, gone), at=NOW)
    with open_log(WORLD, tmp_path / "data") as log:
        payload = payload_of(held.decision.body)
        subject = loads(payload, bytes_max=10**7)["subject"]
        raw = WORLD.review(payload, subject, signers=[WORLD.reviewers[1], THIRD])
        log.registrar.review(held.submission_id, raw, NOW)
        document = loads(
            casefile_answer(log.records, held.submission_id),
            bytes_max=10**8,
            string_bytes_max=10**8,
        )
        opened = open_casefile(canonical(document), log_keys=log.keys)
        assert opened.reviews[0].holders == ("Ana Costa", "Kai Ito")
        without = {name: value for name, value in document.items() if name != "trusts"}
        other = {**document, "trusts": [document["trust"]]}
        for changed_document in (without, other):
            with pytest.raises(LogError) as caught:
                open_casefile(canonical(changed_document), log_keys=log.keys)
            assert caught.value.code == "reference-broken"
