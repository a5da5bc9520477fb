"""Timestamps in a case file: what they cover is checked; the page says that tokens stay closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.casefile import open_casefile
from attest.encoding import Json, canonical, digest, loads
from attest.errors import AttestError
from attest.log.merkle import leaf_hash, prove_inclusion
from attest.log.stamps import Link, Stamp, next_stamped, open_stamps
from tests.web.cases import LIMIT, Cases, changed, flipped, inside, line_changed, signature_flipped
from tests.web.conftest import Check
from tests.world import World
from tests.world_log import world_log

Stamped = tuple[Cases, bytes]
COVERS, RENEWS = "Timestamp 1: covers the decision", "Timestamp 2: renews the one before"
TEXT = "Timestamp 1: text that was dated"


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    """A case with two timestamps, over two checkpoints."""
    world = World()
    with world_log(world, tmp_path_factory.mktemp("stamped") / "data") as log:
        cases = Cases(log, "\n".join(log.keys.vkeys()), {})
        raw = world.submission()
        stamps: list[Stamp] = []
        for token in (b"the first token", b"the second token", b"the third token"):
            log.register([world.submission({"end_use": token.decode()})] + [raw] * (not stamps))
            stamps.append(Stamp(next_stamped(stamps, log.records.checkpoint()), token))
        recorded, first = log.records.lookup(digest(raw)), open_stamps(stamps, keys=log.keys)[0]
        path = prove_inclusion(recorded.decision.index, first.checkpoint.size, log.store.nodes)
        renewed = (leaf_hash(stamps[1].token),)
        found = [Link(stamps[0], tuple(path)), Link(stamps[2], renewed)]
        log.register([world.submission({"end_use": "After it."})])
        made = cases.made(recorded.submission_index, recorded.decision.index, timestamps=found)
        yield cases, made


def test_what_timestamps_cover_is_checked(stamped: Stamped, check: Check) -> None:
    cases, raw = stamped
    assert len(open_casefile(raw, log_keys=cases.log.keys).timestamps) == 2
    shown = check(raw, cases.keys)
    assert shown.word == "PASS"
    assert {COVERS, RENEWS, "Checkpoint 3: ML-DSA-44 signature of the log"} < shown.named("PASS")
    for number in (1, 2):
        status, told = shown.rows[f"Timestamp {number}: token of the authority"]
        assert (status, "attest verify opens it" in told) == ("NOT CHECKED", True)
    assert "Timestamp 1: token of the authority" in shown.unchecked


def timestamps(raw: bytes, change: list[Json]) -> bytes:
    document = loads(raw, bytes_max=LIMIT, string_bytes_max=LIMIT)
    return canonical(document | {"timestamps": change})


def test_changed_timestamps_are_named(stamped: Stamped, check: Check, tmp_path: Path) -> None:
    cases, raw = stamped
    first, second = loads(raw, bytes_max=LIMIT, string_bytes_max=LIMIT)["timestamps"]

    def text(number: int, line: int, to: bytes) -> bytes:
        change = line_changed(line, lambda _: to)
        return changed(raw, "timestamps", number, "stamped", to=inside(change))

    signature = inside(line_changed(-3, signature_flipped))
    for tampered, failing in (
        (changed(raw, "timestamps", 0, "hashes", 0, to=inside(flipped)), {COVERS}),
        (changed(raw, "timestamps", 0, "hashes", to=lambda all_: all_[1:]), {COVERS}),
        (changed(raw, "timestamps", 0, "token", to=inside(flipped)), {RENEWS}),
        (text(1, 1, b"3"), {RENEWS}),
        (text(1, 2, b"A" * 43 + b"="), {RENEWS}),
        (text(0, 0, b"foundry-attest/timestamp/v2"), {TEXT}),
        (text(0, 1, b"1000000"), {TEXT}),
        (timestamps(raw, [second]), {COVERS}),
        (timestamps(raw, [first, first]), {RENEWS}),
        (timestamps(raw, [first | {"x": 1}]), {TEXT}),
        (timestamps(raw, []), {"Case file is strict JSON of its form"}),
        (
            changed(raw, "timestamps", 0, "stamped", to=signature),
            {"Checkpoint 2: Ed25519 signature of the log"},
        ),
    ):
        with pytest.raises(AttestError):
            open_casefile(tampered, log_keys=cases.log.keys)
        shown = check(tampered, cases.keys)
        assert shown.named("FAIL") == failing
        assert shown.word == "FAIL"
    assert check(timestamps(raw, [first]), cases.keys).word == "PASS"
