"""The auditor: a good log replays byte for byte, and every manipulation is named."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.decision import decide
from attest.encoding import canonical, digest, loads
from attest.envelope import bundle, seal
from attest.errors import AttestError
from attest.log.check import check_export
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from attest.replay import replay
from service.records import payload_of
from tests.world import NOW, World, derived_signer, known, statement
from tests.world_log import WorldLog, world_log

WORLD = World(packs=("us-ear", "house-example"))
MINUTE = dt.timedelta(minutes=1)


def declaration(**changes: Any) -> bytes:
    """A declaration statement."""
    return statement(DECLARATION_TYPE, WORLD.declaration(**changes))


def sealed(body: bytes) -> bytes:
    """The statement signed by the designer."""
    return seal(body, [WORLD.designer.signer])


def fill(log: WorldLog) -> dict[str, int]:
    """Record one of everything; returns the entry index of each decision by name."""
    first = declaration()
    dies = WORLD.determination(first)["dies"]
    dies[0]["gds_transistors"] = known(52_000_000_000)
    submissions = {
        "pass": WORLD.submission(fabricator={}),
        "hold": sealed(first),
        "fail": WORLD.submission(
            fabricator={"dies": dies, "aatc_transistors": known(52_000_000_000)}
        ),
        "expired": sealed(
            declaration(
                validity={
                    "not_before": "2025-01-01T00:00:00Z",
                    "not_after": "2025-12-31T00:00:00Z",
                }
            )
        ),
        "unknown-key": seal(first, [derived_signer("nobody")]),
        "successor": sealed(declaration(end_use="Another use.", supersedes=digest(first))),
    }
    indices = {}
    for number, (name, raw) in enumerate(submissions.items()):
        (recorded,) = log.register([raw], NOW + number * MINUTE)
        indices[name] = recorded.decision.index
    late = bundle([sealed(first)])
    (recorded,) = log.register([late], NOW + 10 * MINUTE)
    assert recorded.refusal_code == "superseded"
    indices["superseded"] = recorded.decision.index
    payload = payload_of(log.records.item(indices["hold"]).body)
    indices["review"] = log.writer.head.size
    review = WORLD.review(payload, read_decision(payload)["subject"])
    log.registrar.review(digest(submissions["hold"]), review, NOW + 11 * MINUTE)
    return indices


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, WorldLog, Any]]:
    """An export of a log that holds one of everything."""
    folder = tmp_path_factory.mktemp("replay")
    with world_log(WORLD, folder / "data") as log:
        indices = fill(log)
        yield log.export(folder / "export"), log, indices


def fault_of(folder: Path, log: WorldLog, processes: int = 1) -> tuple[str, int | None]:
    """The code and entry with which an export is refused."""
    with pytest.raises(AttestError) as caught:
        replay(folder, log_keys=log.keys, processes=processes)
    return caught.value.code, caught.value.entry


@pytest.mark.parametrize("processes", [1, 2])
def test_every_decision_is_the_same(exported: Any, processes: int) -> None:
    """Passes, holds, failures, refusals, a supersession and a review, in one or two processes."""
    folder, log, indices = exported
    confirmed: list[int] = []
    report = replay(folder, log_keys=log.keys, processes=processes, progress=confirmed.append)
    assert report.decisions == sum(confirmed) == len(indices) - 1
    assert report.verdicts == {"FAIL": 4, "HOLD": 2, "PASS": 1}
    assert report.refusals == {"expired": 1, "superseded": 1, "unknown-key": 1}
    assert report.reviews == 1
    assert report.checkpoint.size == log.writer.head.size


def forged(
    tmp_path: Path, change: Callable[[WorldLog], object], *, fill_first: bool = False
) -> tuple[Path, WorldLog]:
    """A log whose operator wrote something that no honest foundry writes, well signed."""
    with world_log(WORLD, tmp_path / "data") as log:
        if fill_first:
            fill(log)
        change(log)
        return log.export(tmp_path / "export"), log


def append(log: WorldLog, kind: str, body: bytes, **refs: tuple[int, ...]) -> int:
    """Append an entry past the registrar; its index."""
    index = log.writer.head.size
    log.writer.append([Draft(kind, body, refs)], at=NOW + 20 * MINUTE)
    return index


def standing(log: WorldLog) -> dict[str, tuple[int, ...]]:
    """What a decision refers to beside its submission."""
    return dict(log.standing.refs)


def decided_otherwise(raw: bytes, change: Callable[[Any], None]) -> bytes:
    """A decision signed by the foundry that differs from what the rules say."""
    document = loads(decide(raw, trust=WORLD.trust(), at=NOW + 20 * MINUTE).payload)
    change(document)
    return seal(canonical(document), [WORLD.decision_signer])


RAW = WORLD.submission(fabricator={})


def test_a_decision_that_the_rules_do_not_give(tmp_path: Path) -> None:
    """Signed by the foundry and in the log, and still not what these bytes give."""

    def lie(document: Any) -> None:
        document["predicate"]["verdict"] = "HOLD"

    def write(log: WorldLog) -> None:
        start = append(log, "submission", RAW)
        refs = standing(log) | {"submission": (start,)}
        append(log, "decision", decided_otherwise(RAW, lie), **refs)

    folder, log = forged(tmp_path, write)
    assert fault_of(folder, log) == ("decision-differs", log.writer.head.size - 1)
    assert fault_of(folder, log, processes=2)[0] == "decision-differs"


def test_a_decision_signed_by_somebody_else(tmp_path: Path) -> None:
    """Only the foundry's decision key decides."""

    def write(log: WorldLog) -> None:
        payload = decide(RAW, trust=WORLD.trust(), at=NOW + 20 * MINUTE).payload
        start = append(log, "submission", RAW)
        refs = standing(log) | {"submission": (start,)}
        append(log, "decision", seal(payload, [WORLD.fabricator.signer]), **refs)

    folder, log = forged(tmp_path, write)
    assert fault_of(folder, log) == ("key-purpose", log.writer.head.size - 1)


def test_a_submission_without_a_decision(tmp_path: Path) -> None:
    """Silence is provable: at the end of the log and in the middle."""
    folder, log = forged(tmp_path / "end", lambda log: append(log, "submission", RAW))
    assert fault_of(folder, log) == ("decision-missing", log.writer.head.size - 1)

    def twice(log: WorldLog) -> None:
        append(log, "submission", RAW)
        append(log, "submission", b"{}")

    folder, log = forged(tmp_path / "middle", twice)
    assert fault_of(folder, log) == ("decision-missing", log.writer.head.size - 2)


@pytest.mark.parametrize("broken", ["submission", "trust", "pack", "keyset", "none"])
def test_a_decision_that_refers_elsewhere(tmp_path: Path, broken: str) -> None:
    """A decision names its submission, the newest trust and all that belongs to it."""

    def write(log: WorldLog) -> None:
        start = append(log, "submission", RAW)
        refs = standing(log) | {"submission": (start,)}
        if broken == "none":
            refs = {}
        else:
            refs[broken] = (0,)
        append(log, "decision", decided_otherwise(RAW, lambda _: None), **refs)

    folder, log = forged(tmp_path, write)
    assert fault_of(folder, log) == ("reference-broken", log.writer.head.size - 1)


def test_a_decision_without_a_submission(tmp_path: Path) -> None:
    """A decision stands after its submission or nowhere."""

    def write(log: WorldLog) -> None:
        append(log, "decision", b"{}", **standing(log))

    folder, log = forged(tmp_path, write)
    assert fault_of(folder, log) == ("reference-broken", log.writer.head.size - 1)


def test_a_trust_snapshot_whose_documents_are_missing(tmp_path: Path) -> None:
    """A snapshot that names what the log does not hold supports no decision."""

    def write(log: WorldLog) -> None:
        trust = log.store.entries(standing(log)["trust"][0], log.writer.head.size)
        index = append(log, "trust", next(iter(trust)).body)
        start = append(log, "submission", RAW)
        append(
            log,
            "decision",
            decided_otherwise(RAW, lambda _: None),
            submission=(start,),
            trust=(index,),
        )

    folder, log = forged(tmp_path, write)
    assert fault_of(folder, log) == ("trust-incomplete", log.writer.head.size - 3)


def test_reviews_that_do_not_hold(tmp_path: Path) -> None:
    """One reviewer, a second review after the release, a review of nothing."""

    def review(signers: Any) -> Callable[[WorldLog], None]:
        def write(log: WorldLog) -> None:
            (recorded,) = log.register([sealed(declaration())], NOW)
            payload = payload_of(recorded.decision.body)
            body = WORLD.review(payload, read_decision(payload)["subject"], signers=signers)
            refs = {"decision": (recorded.decision.index,), **standing(log)}
            append(log, "review", body, **refs)
            again = WORLD.review(payload, read_decision(payload)["subject"], reason_code="again")
            append(log, "review", again, **refs)

        return write

    folder, log = forged(tmp_path / "one", review([WORLD.reviewers[0]]))
    assert fault_of(folder, log) == ("too-few-signers", log.writer.head.size - 2)
    folder, log = forged(tmp_path / "twice", review(None))
    assert fault_of(folder, log) == ("review-not-possible", log.writer.head.size - 1)
    folder, log = forged(tmp_path / "none", lambda log: append(log, "review", b"{}"))
    assert fault_of(folder, log) == ("reference-broken", log.writer.head.size - 1)


def test_a_log_of_another_origin(exported: Any, tmp_path: Path) -> None:
    """The verifier keys say which log is meant."""
    folder, _, _ = exported
    with world_log(World(), tmp_path / "other") as other:
        assert fault_of(folder, other)[0] == "checkpoint-signature"


def flip(path: Path, position: int) -> None:
    """Change one bit of a file."""
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1
    path.write_bytes(bytes(raw))


def test_one_byte_anywhere_is_named(exported: Any, tmp_path: Path) -> None:
    """A bit of every file, at places spread over it: the replay names a fault, never passes."""
    folder, log, _ = exported
    codes = set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        for position in range(0, size, max(1, size // 12)):
            copy = tmp_path / "copy"
            shutil.copytree(folder, copy)
            flip(copy / path.relative_to(folder), position)
            code, entry = fault_of(copy, log)
            codes.add(code)
            if code in {"entry-altered", "commitment-mismatch"}:
                assert entry is not None
            shutil.rmtree(copy)
    assert {"entry-altered", "commitment-mismatch", "tile-altered"} <= codes
    assert codes <= {
        "bundle-malformed",
        "checkpoint-malformed",
        "checkpoint-origin",
        "checkpoint-signature",
        "commitment-mismatch",
        "entry-altered",
        "entry-malformed",
        "root-mismatch",
        "tile-altered",
    }


def test_the_store_is_what_was_exported(exported: Any) -> None:
    """Export and store stand at one checkpoint."""
    folder, log, _ = exported
    assert check_export(folder, keys=log.keys).root == log.writer.head.frontier.root()
    assert isinstance(log.store, SqliteStore)
