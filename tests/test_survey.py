"""A question to a whole log: every product once, what was refused counted, nothing written."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.decision import decide
from attest.encoding import digest, loads
from attest.envelope import bundle, seal
from attest.errors import AttestError, InputError, LogError
from attest.log.checkpoint import CheckpointSigner
from attest.log.sqlite import SqliteStore
from attest.log.writer import Draft
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from attest.survey import Survey, survey
from attest.whatif import Question, Span, Variations
from service.founding import STORE
from tests.papers import submissions
from tests.world import NOW, World, derived_signer, pack_bytes, statement
from tests.world_log import ORIGIN, WorldLog, world_log

WORLD = World(packs=("us-ear", "house-example"))
NEW_YEAR = dt.date(2027, 1, 1)
DAYS = Variations(on=(dt.date(2026, 12, 31), NEW_YEAR))
MINUTE = dt.timedelta(minutes=1)


def declaration(**changes: Any) -> bytes:
    """A declaration statement."""
    return statement(DECLARATION_TYPE, WORLD.declaration(**changes))


def sealed(body: bytes) -> bytes:
    """The statement signed by the designer."""
    return seal(body, [WORLD.designer.signer])


def determined(declared: bytes) -> bytes:
    """The submission of a declaration with the fabricator's determination."""
    predicate = WORLD.determination(declared)
    other = seal(statement(DETERMINATION_TYPE, predicate), [WORLD.fabricator.signer])
    return bundle([sealed(declared), other])


def named(name: str) -> dict[str, Any]:
    """The change that gives the product another name."""
    return {"product": {"name": name, "tape_out_id": "TQ-A1-R0", "revision": "0"}}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldLog]:
    """A log with one of everything that can happen to a product."""
    twice, old = declaration(**named("Twice")), declaration(**named("Old"))
    new = declaration(**named("New"), supersedes=digest(old))
    raws = [
        sealed(twice),
        determined(old),
        determined(new),
        determined(twice),
        bundle([sealed(old)]),
        seal(declaration(), [derived_signer("nobody")]),
        sealed(declaration(audience="another-foundry")),
    ]
    with world_log(WORLD, tmp_path_factory.mktemp("log") / "data") as log:
        for number, raw in enumerate(raws):
            log.register([raw], NOW + number * MINUTE)
        log.export(log.folder.parent / "export")
        yield log


def asked(log: WorldLog, question: Question = DAYS, **options: Any) -> Survey:
    return survey(log.folder.parent / "export", question, log_keys=log.keys, **options)


def test_each_product_counts_once_as_decided_last(log: WorldLog) -> None:
    found = asked(log)
    assert [each.name for each in found.products] == ["New", "Twice"]
    assert found.decisions == 7
    assert found.replaced == 2
    assert found.refusals == {"superseded": 1, "unknown-key": 1, "wrong-audience": 1}
    new, twice = (each.answer.before for each in found.products)
    assert (new, twice) == ("PASS", "PASS")
    stored = list(log.store.entries(0, log.writer.head.size))
    for each in found.products:
        assert b"envelopes" in stored[each.entry].body
        assert each.tape_out_id == "TQ-A1-R0"


def test_store_and_export_and_any_number_of_processes_say_the_same(log: WorldLog) -> None:
    found = asked(log)
    assert survey(log.folder / STORE, DAYS, log_keys=log.keys) == found
    assert asked(log, processes=2) == found


@pytest.mark.parametrize("entries", range(1, 6))
def test_portions_of_any_size_say_the_same(
    log: WorldLog, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision may be the first entry of the portion after that of its submission."""
    found = asked(log)
    monkeypatch.setattr("attest.survey._PORTION", entries)
    assert asked(log) == found
    assert survey(log.folder / STORE, DAYS, log_keys=log.keys) == found


def test_nothing_is_written(log: WorldLog) -> None:
    def state() -> dict[str, str]:
        return {
            path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in log.folder.parent.rglob("*")
            if path.is_file() and not path.name.endswith("-shm")
        }

    before = state()
    asked(log)
    survey(log.folder / STORE, DAYS, log_keys=log.keys)
    assert state() == before


def test_progress_counts_every_submission(log: WorldLog) -> None:
    seen: list[int] = []
    asked(log, progress=seen.append)
    assert sum(seen) == 7


def test_answers_are_those_of_decide(tmp_path: Path) -> None:
    """What survey says of a large log is what `decide` says of each submission, on both days."""
    raws = submissions(WORLD, 300)
    with world_log(WORLD, tmp_path / "data") as log:
        for start in range(0, len(raws), 100):
            log.register(raws[start : start + 100])
        found = survey(log.folder / STORE, Variations(on=(NEW_YEAR,)), log_keys=log.keys)
        trust = WORLD.trust()
        expected = []
        for raw in raws:
            predicate = loads(decide(raw, trust=trust, at=NOW).payload)["predicate"]
            if "refusal" not in predicate:
                expected.append(predicate["verdict"])
        assert [each.answer.before for each in found.products] == expected
        assert found.refusals == {"wrong-audience": len(raws) - len(expected)}
        seen = {each.answer.before: each.answer for each in found.products}
        assert set(seen) == {"PASS", "HOLD", "FAIL"}
        assert len({id(each.answer) for each in found.products}) < 10


def test_other_packs_are_tried_in_the_place_of_the_recorded(log: WorldLog) -> None:
    found = asked(log, Variations(packs=(pack_bytes("us-ear"),)))
    for each in found.products:
        (after,) = each.answer.after
        assert {change.pack for change in after.changes} == {"house-example"}
        assert {change.after for change in after.changes} == {None}


def test_a_calendar_of_a_log(log: WorldLog) -> None:
    found = asked(log, Span(first=NOW.date(), until=dt.date(2029, 11, 24)))
    assert [(each.answer.before, each.answer.after) for each in found.products] == [
        ("PASS", ()),
        ("PASS", ()),
    ]


def test_a_day_before_the_packs_names_the_entry(log: WorldLog) -> None:
    with pytest.raises(InputError) as caught:
        asked(log, Variations(on=(dt.date(2024, 1, 1),)))
    assert caught.value.code == "not-in-force"
    assert caught.value.entry is not None


def test_a_log_without_submissions_has_no_products(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        found = survey(log.folder / STORE, DAYS, log_keys=log.keys)
    assert (found.decisions, found.products) == (0, ())


def test_a_changed_body_is_named(log: WorldLog, tmp_path: Path) -> None:
    export = Path(shutil.copytree(log.folder.parent / "export", tmp_path / "export"))
    (bodies,) = (export / "bodies").rglob("*.p/*")
    raw = bodies.read_bytes()
    bodies.write_bytes(raw.replace(b"Head of Trade", b"Head of Train", 1))
    assert bodies.read_bytes() != raw
    with pytest.raises(LogError) as caught:
        survey(export, DAYS, log_keys=log.keys)
    assert caught.value.code == "commitment-mismatch"
    assert caught.value.entry is not None


@pytest.mark.parametrize("missing", ["checkpoint", "bodies"])
def test_an_export_that_lacks_a_file_is_refused(
    log: WorldLog, tmp_path: Path, missing: str
) -> None:
    export = Path(shutil.copytree(log.folder.parent / "export", tmp_path / "export"))
    if missing == "bodies":
        shutil.rmtree(export / missing)
    else:
        (export / missing).unlink()
    with pytest.raises(LogError) as caught:
        survey(export, DAYS, log_keys=log.keys)
    assert caught.value.code == "export-incomplete"


def test_other_keys_are_refused(log: WorldLog) -> None:
    keys = CheckpointSigner.generate(ORIGIN).keys
    for place in (log.folder / STORE, log.folder.parent / "export"):
        with pytest.raises(LogError) as caught:
            survey(place, DAYS, log_keys=keys)
        assert caught.value.code == "checkpoint-signature"


def test_a_store_without_a_checkpoint_is_refused(log: WorldLog, tmp_path: Path) -> None:
    SqliteStore.create(tmp_path / STORE).close()
    with pytest.raises(LogError) as caught:
        survey(tmp_path / STORE, DAYS, log_keys=log.keys)
    assert caught.value.code == "checkpoint-malformed"


def test_what_is_no_log_is_refused(log: WorldLog, tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(b"not a log")
    for place, code in ((tmp_path / STORE, "store-missing"), (tmp_path, "export-incomplete")):
        with pytest.raises(AttestError) as caught:
            survey(place, DAYS, log_keys=log.keys)
        assert caught.value.code == code


def test_a_fault_in_a_worker_is_the_same_fault(log: WorldLog) -> None:
    with pytest.raises(InputError) as caught:
        asked(log, Variations(on=(dt.date(2024, 1, 1),)), processes=2)
    assert caught.value.code == "not-in-force"


@pytest.mark.parametrize("refs", [{}, {"submission": [0], "trust": [0]}, {"trust": [0]}])
def test_a_decision_out_of_its_place_is_named(tmp_path: Path, refs: dict[str, list[int]]) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        size = log.writer.head.size
        drafts = [Draft("submission", b"{}"), Draft("decision", b"{}", refs)]
        log.writer.append(drafts, at=NOW)
        with pytest.raises(LogError) as caught:
            survey(log.folder / STORE, DAYS, log_keys=log.keys)
    assert (caught.value.code, caught.value.entry) == ("reference-broken", size + 1)


def test_a_trust_that_does_not_open_is_named(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        size = log.writer.head.size
        refs = {"submission": [size + 1], "trust": [size]}
        drafts = [Draft("trust", b"{}"), Draft("submission", b"{}"), Draft("decision", b"{}", refs)]
        log.writer.append(drafts, at=NOW)
        with pytest.raises(InputError) as caught:
            survey(log.folder / STORE, DAYS, log_keys=log.keys)
    assert (caught.value.code, caught.value.entry) == ("schema-violation", size)
