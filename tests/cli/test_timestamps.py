"""`attest log timestamp`, and what `attest verify` says of a case file with a timestamp."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from attest.casefile import make_casefile
from attest.log.merkle import prove_inclusion
from attest.log.sqlite import SqliteStore
from attest.log.stamps import Link, Stamp, next_stamped
from attest.log.timestamp import make_request
from tests.authorities import Authority, OpensslAuthority
from tests.cli.helpers import Log, attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.conftest import STRANGER_ABSENT
from tests.test_casefile import logged
from tests.world import NOW, World
from tests.world_log import world_log

WORLD = World()
YEAR = dt.timedelta(days=365)
OLD = Authority.make("Old Time", end=NOW + YEAR)
NEW = Authority.make("New Time", end=NOW + 5 * YEAR)
SOON = ("--at", "2026-12-01T00:00:00Z")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of one's own."""
    return Log(tmp_path, WORLD)


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """The root certificates of the older and the newer authority."""
    paths = tmp_path / "old.pem", tmp_path / "new.pem"
    for path, authority in zip(paths, (OLD, NEW), strict=True):
        path.write_bytes(authority.root.pem)
    return paths


def ask(log: Log) -> bytes:
    """Write a request and read it."""
    path = log.folder.parent / "q.tsq"
    path.unlink(missing_ok=True)
    succeeded(attest("log", "timestamp", "request", log.folder, "-o", path))
    return path.read_bytes()


def answered(log: Log, token: bytes) -> Path:
    path = log.folder.parent / "r.tsr"
    path.write_bytes(token)
    return path


def stamp(log: Log, authority: Authority, root: Path, at: dt.datetime) -> None:
    """Have the log timestamped by hand."""
    token = answered(log, authority.answer_request(ask(log), at=at))
    succeeded(attest("log", "timestamp", "add", log.folder, token, "--timestamp-root", root))


def check_arguments(log: Log, folder: Path, *roots: Path) -> list[object]:
    named = [word for root in roots for word in ("--timestamp-root", root)]
    return ["log", "timestamp", "check", folder, "--log-keys", log.keys, *named]


def test_by_hand_from_request_to_export(log: Log, roots: tuple[Path, Path]) -> None:
    old, new = roots
    stamp(log, OLD, old, NOW)
    log.record(WORLD.submission())
    told = document(
        succeeded(
            attest("log", "timestamp", "request", log.folder, "-o", old.parent / "x", "--json")
        )
    )
    assert set(told) == json_members("`log timestamp request`")
    assert told["number"] == 1
    token = answered(log, NEW.answer_request((old.parent / "x").read_bytes(), at=NOW + YEAR / 2))
    added = document(
        succeeded(
            attest(
                *("log", "timestamp", "add", log.folder, token, "--timestamp-root", new, "--json")
            )
        )
    )
    assert set(added) == json_members("`log timestamp add`")
    assert (added["number"], added["authority"]) == (1, "New Time")
    export = log.export()
    succeeded(attest("log", "check", export, "--log-keys", log.keys))
    succeeded(attest("replay", export, "--log-keys", log.keys))
    for folder in (export, log.folder):
        arguments = check_arguments(log, folder, old, new)
        shown = succeeded(attest(*arguments, *SOON)).stdout
        assert "existed before 2026-11-24T14:00:00Z, says Old Time; good until" in shown
        assert shown.count("PASS") == 2
        later = succeeded(attest(*arguments, "--at", "2028-01-01T00:00:00Z")).stdout
        assert "its certificates ended 2027-11-24T14:00:00Z, renewed before" in later
        checked = document(succeeded(attest(*arguments, *SOON, "--json")))
        assert set(checked) == json_members("`log timestamp check`") | {"origin"}
        assert [each["stands"] for each in checked["timestamps"]] == [True, True]
        check_failed(attest(*arguments, "--at", "2040-01-01T00:00:00Z"), 3, "timestamp-lapsed")


def test_a_gap_is_told_exactly(log: Log, roots: tuple[Path, Path]) -> None:
    old, new = roots
    stamp(log, OLD, old, NOW)
    stamp(log, NEW, new, NOW + YEAR)
    arguments = check_arguments(log, log.folder, old, new)
    shown = succeeded(attest(*arguments, "--at", "2028-01-01T00:00:00Z")).stdout
    first, second = shown.splitlines()
    assert "HOLD" in first
    assert first.endswith("lapsed: its certificates ended 2027-11-24T14:00:00Z and nothing "
                          "renewed it before")  # fmt: skip
    assert "PASS" in second


def test_an_authority_that_was_not_named_is_passed_over(log: Log, roots: tuple[Path, Path]) -> None:
    old, new = roots
    stamp(log, OLD, old, NOW)
    arguments = check_arguments(log, log.folder, new)
    check_failed(attest(*arguments, *SOON), 3, "timestamp-untrusted")
    stamp(log, NEW, new, NOW)
    shown = succeeded(attest(*arguments, *SOON)).stdout.splitlines()
    assert "N-A" in shown[0]
    assert "by an authority that you did not name" in shown[0]
    assert "says New Time" in shown[1]


def test_answers_that_are_not_kept(log: Log, roots: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = roots
    add = ["log", "timestamp", "add", log.folder]
    nothing = answered(log, b"junk")
    check_failed(attest(*add, nothing, "--timestamp-root", old), 2, "not-found")
    request = ask(log)
    for token, root, code, error in (
        (b"junk", old, 6, "timestamp-malformed"),
        (OLD.answer(b"other", at=NOW), old, 6, "timestamp-invalid"),
        (OLD.answer_request(request, at=NOW), new, 3, "timestamp-untrusted"),
        (OLD.answer_request(request, at=NOW + YEAR), old, 3, "timestamp-expired"),
        (bytes(10_000_000), old, 2, "too-large"),
    ):
        path = answered(log, token)
        check_failed(attest(*add, path, "--timestamp-root", root), code, error)
    assert [path.name for path in (log.folder / "timestamps").iterdir()] == ["0.stamped"]
    words = tmp_path / "words.pem"
    words.write_bytes(b"words")
    check_failed(attest(*add, nothing, "--timestamp-root", words), 2, "key-malformed")
    stamp(log, OLD, old, NOW)
    check_failed(attest(*add, nothing, "--timestamp-root", old), 2, "not-found")


def test_a_log_of_a_service_is_left_to_it(log: Log, roots: tuple[Path, Path]) -> None:
    (log.folder / "keys/decision.pem").write_bytes(b"")
    output = log.folder.parent / "q"
    check_failed(attest("log", "timestamp", "request", log.folder, "-o", output), 1, "usage")
    add = ("log", "timestamp", "add", log.folder, answered(log, b""))
    check_failed(attest(*add, "--timestamp-root", roots[0]), 1, "usage")


def test_a_request_is_made_of_a_log_and_never_overwrites(log: Log, tmp_path: Path) -> None:
    output = tmp_path / "q.tsq"
    request = ("log", "timestamp", "request")
    check_failed(attest(*request, tmp_path / "nothing", "-o", output), 6, "store-missing")
    (tmp_path / "empty").mkdir()
    SqliteStore.create(tmp_path / "empty/log.sqlite").close()
    empty = attest(*request, tmp_path / "empty", "-o", output)
    check_failed(empty, 6, "checkpoint-malformed")
    output.write_bytes(b"mine")
    check_failed(attest(*request, log.folder, "-o", output), 2, "file")
    assert output.read_bytes() == b"mine"


def test_openssl_is_an_authority_and_a_reader(
    log: Log, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    """The whole way with another's program, the files as they lie in the export."""
    if shutil.which("openssl") is None:
        pytest.skip(f"{STRANGER_ABSENT}: there is no openssl")
    (tmp_path / "tsa").mkdir()
    openssl = OpensslAuthority(Authority(NEW.root, NEW.signer), tmp_path / "tsa")
    token = answered(log, openssl.answer(ask(log)))
    add = ("log", "timestamp", "add", log.folder, token, "--timestamp-root", roots[1])
    succeeded(attest(*add))
    export = log.export()
    stamped = (export / "timestamps/0.stamped").read_bytes()
    kept = (export / "timestamps/0.tsr").read_bytes()
    assert openssl.accepts(kept, stamped)
    assert not openssl.accepts(kept, stamped.replace(b"\n0\n", b"\n1\n", 1))
    assert make_request(stamped) == (tmp_path / "q.tsq").read_bytes()
    succeeded(attest(*check_arguments(log, export, roots[1])))


@pytest.fixture
def case(tmp_path: Path) -> tuple[Path, Path]:
    """A case file with a timestamp, and the keys of its log."""
    with world_log(WORLD, tmp_path / "data") as log:
        (recorded,) = log.register([WORLD.submission(fabricator={})])
        text = next_stamped([], log.records.checkpoint())
        index, size = recorded.decision.index, log.writer.head.size
        hashes = prove_inclusion(index, size, log.store.nodes)
        link = Link(Stamp(text, OLD.answer(text, at=NOW)), tuple(hashes))
        refs = log.standing.refs
        raw = make_casefile(
            submission=logged(log, recorded.submission_index),
            decision=logged(log, index),
            reviews=[],
            trust=logged(log, refs["trust"][0]),
            keysets=[log.records.item(index).body for index in refs["keyset"]],
            packs=[log.records.item(index).body for index in refs["pack"]],
            timestamps=[link],
        )
    (tmp_path / "case.json").write_bytes(raw)
    return tmp_path / "case.json", tmp_path / "data/log.vkeys"


def test_verify_says_when_the_decision_existed(
    case: tuple[Path, Path], roots: tuple[Path, Path]
) -> None:
    path, keys = case
    arguments = ["verify", path, "--log-keys", keys]
    unchecked = succeeded(attest(*arguments)).stdout
    assert "not checked: name the authority that you trust" in unchecked
    named = [*arguments, "--timestamp-root", roots[0]]
    shown = succeeded(attest(*named, *SOON)).stdout
    assert "the decision existed before 2026-11-24T14:00:00Z, says Old Time" in shown
    told = document(succeeded(attest(*named, *SOON, "--json")))
    assert told["timestamps"][0]["time"] == "2026-11-24T14:00:00Z"
    check_failed(attest(*named, "--at", "2028-01-01T00:00:00Z"), 3, "timestamp-lapsed")
    other = [*arguments, "--timestamp-root", roots[1]]
    check_failed(attest(*other, *SOON), 3, "timestamp-untrusted")


def test_verify_of_a_case_without_timestamps(tmp_path: Path, roots: tuple[Path, Path]) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        (recorded,) = log.register([WORLD.submission(fabricator={})])
        refs = log.standing.refs
        raw = make_casefile(
            submission=logged(log, recorded.submission_index),
            decision=logged(log, recorded.decision.index),
            reviews=[],
            trust=logged(log, refs["trust"][0]),
            keysets=[log.records.item(index).body for index in refs["keyset"]],
            packs=[log.records.item(index).body for index in refs["pack"]],
        )
    path = tmp_path / "case.json"
    path.write_bytes(raw)
    arguments = ["verify", path, "--log-keys", tmp_path / "data/log.vkeys"]
    shown = succeeded(attest(*arguments)).stdout
    assert "imestamp" not in shown
    named = [*arguments, "--timestamp-root", roots[0]]
    check_failed(attest(*named), 3, "timestamp-untrusted")
