"""What an operator with all keys may try with public documents, references and forks."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from attest.casefile import open_casefile
from attest.decision import decide
from attest.encoding import canonical, loads
from attest.envelope import seal
from attest.errors import AttestError
from attest.log.writer import Draft
from attest.replay import replay
from attest.trust import make_trust
from service import founding
from tests.test_forgery import (
    HELD,
    LATER,
    PASSED,
    WORLD,
    activate,
    append,
    case_of,
    documents,
    record,
    review,
)
from tests.world import World
from tests.world_log import ORIGIN, WorldLog, open_log, world_log


def fault(log: WorldLog, tmp_path: Path) -> tuple[str, int | None]:
    """The code and entry with which the log is refused."""
    with pytest.raises(AttestError) as caught:
        replay(log.export(tmp_path / "export"), log_keys=log.keys)
    return caught.value.code, caught.value.entry


def test_one_submission_has_one_decision(tmp_path: Path) -> None:
    """Deciding the same bytes again, under the same or another snapshot, is named."""
    with world_log(WORLD, tmp_path / "data") as log:
        record(log, PASSED)
        second = record(log, PASSED)
        assert fault(log, tmp_path) == ("recorded-twice", second - 1)


def test_one_review_counts_once(tmp_path: Path) -> None:
    """The same review recorded again is named."""
    with world_log(WORLD, tmp_path / "data") as log:
        held = record(log, HELD)
        review(log, held, action="ask")
        again = review(log, held, action="ask")
        assert fault(log, tmp_path) == ("recorded-twice", again)


@pytest.mark.parametrize("kind", ["keyset", "pack", "schema", "trust"])
def test_documents_that_nothing_uses_are_opened_too(kind: str, tmp_path: Path) -> None:
    """Junk under the name of a document is named, also where no decision rests on it."""
    with world_log(WORLD, tmp_path / "data") as log:
        index = append(log, kind, b"junk")
        code, entry = fault(log, tmp_path)
    assert entry == index
    assert code == {"schema": "trust-incomplete", "pack": "pack-invalid"}.get(
        kind, "json-malformed"
    )


@pytest.mark.parametrize(
    ("genesis", "code"),
    [
        (canonical({"v": 2, "origin": ORIGIN, "foundry": "formosa"}), "reference-broken"),
        (canonical({"v": 1, "origin": ORIGIN}), "reference-broken"),
        (canonical({"v": 1, "origin": "other.example", "foundry": "formosa"}), "reference-broken"),
        (
            canonical({"v": 1, "origin": ORIGIN, "foundry": "formosa", "more": 1}),
            "reference-broken",
        ),
        (canonical([]), "reference-broken"),
        (b"junk", "json-malformed"),
    ],
)
def test_the_genesis_is_held_to_its_form(
    genesis: bytes, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, origin, foundry and nothing else."""
    found_with(genesis, monkeypatch)
    with world_log(WORLD, tmp_path / "data") as log:
        assert fault(log, tmp_path) == (code, 0)


def test_the_log_is_one_foundrys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot of another foundry than the genesis names is refused."""
    found_with(canonical({"v": 1, "origin": ORIGIN, "foundry": "nobody"}), monkeypatch)
    with world_log(WORLD, tmp_path / "data") as log:
        assert fault(log, tmp_path) == ("reference-broken", log.standing.refs["trust"][0])


def found_with(genesis: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next log founded with another genesis body."""
    first_entries = founding._first_entries

    def forged(*arguments: Any) -> Any:
        drafts, labels = first_entries(*arguments)
        return [Draft("genesis", genesis), *drafts[1:]], labels

    monkeypatch.setattr(founding, "_first_entries", forged)


@pytest.mark.parametrize("kind", ["submission", "schema", "pack", "keyset"])
def test_what_rests_on_nothing_names_nothing(kind: str, tmp_path: Path) -> None:
    """References where none belong are named."""
    with world_log(WORLD, tmp_path / "data") as log:
        bodies = {
            "submission": PASSED,
            "schema": log.records.item(1).body,
            "pack": log.records.item(documents(log)["pack"][0]).body,
            "keyset": log.records.item(documents(log)["keyset"][0]).body,
        }
        index = append(log, kind, bodies[kind], schema=(1,))
        assert fault(log, tmp_path) == ("reference-broken", index)


@pytest.mark.parametrize("broken", ["kinds", "missing", "more"])
def test_a_snapshot_rests_on_what_it_names(broken: str, tmp_path: Path) -> None:
    """Documents under another kind, left out or added are named."""
    with world_log(WORLD, tmp_path / "data") as log:
        refs = documents(log)
        if broken == "kinds":
            refs["pack"], refs["keyset"] = refs["keyset"], refs["pack"]
        elif broken == "missing":
            refs["schema"] = refs["schema"][1:]
        else:
            extra = World(designer_name="Another Design Inc.").designer.keyset()
            refs["keyset"] = (*refs["keyset"], append(log, "keyset", extra))
        index = append(log, "trust", log.standing.snapshot, **refs)
        assert fault(log, tmp_path) == ("reference-broken", index)


def test_every_snapshot_is_reported(tmp_path: Path) -> None:
    """A second snapshot is no fault, and no secret either."""
    with world_log(WORLD, tmp_path / "data") as log:
        record(log, HELD)
        lenient = make_trust(
            foundry=WORLD.foundry.id,
            mode="bis_practice",
            review_threshold=2,
            keysets=WORLD.keysets(),
            packs=WORLD.packs,
        )
        index = activate(log, lenient)
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    first = log.standing.refs["trust"][0]
    assert [entry for entry, _ in report.trusts] == [first, index]
    assert len({digest for _, digest in report.trusts}) == 2


def test_an_earlier_wrong_decision_is_named_before_a_later_fault(tmp_path: Path) -> None:
    """The walk's fault waits until what came before it is decided again."""
    with world_log(WORLD, tmp_path / "data") as log:
        wrong = record(log, HELD, change=lambda d: d["predicate"].update(verdict="PASS"))
        append(log, "submission", PASSED)
        assert fault(log, tmp_path) == ("decision-differs", wrong)


def refused_case(case: bytes, log: WorldLog) -> str:
    """The code with which a case file is refused."""
    with pytest.raises(AttestError) as caught:
        open_casefile(case, log_keys=log.keys)
    return caught.value.code


def test_a_case_is_held_to_what_replay_demands(tmp_path: Path) -> None:
    """Decided later than received, or under fewer documents: neither opens."""
    later = LATER + dt.timedelta(minutes=1)
    with world_log(WORLD, tmp_path / "data") as log:
        start = append(log, "submission", PASSED)
        payload = decide(PASSED, trust=WORLD.trust(), at=later).payload
        refs = {**log.standing.refs, "submission": (start,)}
        draft = Draft("decision", seal(payload, [WORLD.decision_signer]), refs)
        log.writer.append([draft], at=later)
        assert refused_case(case_of(log, start, start + 1), log) == "reference-broken"
        start = log.writer.head.size
        payload = decide(HELD, trust=WORLD.trust(), at=later).payload
        drafts = [
            Draft("submission", HELD),
            Draft(
                "decision",
                seal(payload, [WORLD.decision_signer]),
                {"trust": log.standing.refs["trust"], "submission": (start,)},
            ),
        ]
        log.writer.append(drafts, at=later)
        assert refused_case(case_of(log, start, start + 1), log) == "reference-broken"


def test_a_case_mixed_from_two_forks(tmp_path: Path) -> None:
    """A log continued in two ways under the same keys: parts of both do not make a case."""
    with world_log(WORLD, tmp_path / "one"):
        pass
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with open_log(WORLD, tmp_path / "one") as one, open_log(WORLD, tmp_path / "two") as two:
        decision = record(one, PASSED)
        assert record(two, PASSED) == decision
        open_casefile(case_of(one, decision - 1, decision), log_keys=one.keys)
        mixed = splice(case_of(one, decision - 1, decision), case_of(two, decision - 1, decision))
        assert refused_case(mixed, one) == "reference-broken"
        other_trust = splice(
            case_of(one, decision - 1, decision),
            case_of(two, decision - 1, decision),
            part="trust",
        )
        assert refused_case(other_trust, one) == "root-mismatch"


def splice(case: bytes, other: bytes, *, part: str = "submission") -> bytes:
    """A case file with one part of another."""
    most = 2**24
    document = loads(case, bytes_max=most, string_bytes_max=most)
    document[part] = loads(other, bytes_max=most, string_bytes_max=most)[part]
    return canonical(document)
