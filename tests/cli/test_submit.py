"""`attest submit`, `attest verify`, `attest review`: against a running service."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from attest.encoding import Json, canonical, digest, loads
from tests.cli.helpers import (
    attest,
    check_failed,
    decision_of,
    document,
    succeeded,
    write_json,
    write_key,
)
from tests.cli.pages import json_members
from tests.service.house import House, found_house, running
from tests.world import World


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running service for all tests here; each sends a submission of its own."""
    world = World()
    folder = tmp_path_factory.mktemp("house") / "data"
    found_house(folder, world)
    with running(folder, world) as house:
        yield house


def keys_of(house: House) -> Path:
    """The file with the log's verifier keys."""
    return house.folder / "log.vkeys"


def envelope_files(folder: Path, submission: bytes) -> list[Path]:
    """The envelopes of a submission, a file each."""
    envelopes = loads(submission, string_bytes_max=10**6)["envelopes"]
    return [write_json(folder / f"{n}.json", each) for n, each in enumerate(envelopes)]


def submission_of(house: House, name: str, **more: Any) -> bytes:
    """A submission that no other test sends."""
    return house.world.submission({"end_use": f"Test {name}."}, **more)


def test_several_envelopes_make_one_submission(house: House, tmp_path: Path) -> None:
    submission = submission_of(house, "several", fabricator={})
    files = envelope_files(tmp_path, submission)
    saved = tmp_path / "answer.json"
    result = attest("submit", house.url, *files, "--log-keys", keys_of(house), "-o", saved)
    text = succeeded(result).stdout
    assert "Verdict:" in text
    assert "PASS" in text
    assert f"submission {digest(submission)}" in text
    assert result.stderr == ""
    assert json.loads(saved.read_bytes())["verdict"] == "PASS"
    assert "n1_presumption" in succeeded(attest("inspect", saved)).stdout


def test_a_hold_is_exit_code_5_and_a_repetition_is_the_same(house: House, tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, submission_of(house, "hold"))
    first = succeeded(attest("submit", house.url, path, "--json"), 5)
    again = attest("submit", house.url, path)
    assert "(recorded before)" in succeeded(again, 5).stdout
    assert "were not checked" in again.stderr
    second = succeeded(attest("submit", house.url, path, "--json"), 5)
    assert document(first) == document(second)


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"audience": "somebody-else"}, 3, "wrong-audience"),
        (
            {
                "validity": {
                    "not_before": "2020-01-01T00:00:00Z",
                    "not_after": "2021-01-01T00:00:00Z",
                }
            },
            7,
            "expired",
        ),
    ],
)
def test_a_refusal_has_the_exit_code_of_its_code(
    house: House, tmp_path: Path, changes: dict[str, Json], code: int, error: str
) -> None:
    (path,) = envelope_files(tmp_path, house.world.submission(changes))
    text = succeeded(attest("submit", house.url, path), code).stdout
    assert error in text
    assert "mend" in text


def test_a_dry_run_sends_nothing(house: House, tmp_path: Path) -> None:
    before = house.size()
    submission = submission_of(house, "dry", fabricator={})
    files = envelope_files(tmp_path, submission)
    told = succeeded(attest("submit", house.url, *files, "--dry-run")).stdout
    assert told.encode() == submission + b"\n"
    assert house.size() == before


def test_what_is_not_sent(house: House, tmp_path: Path) -> None:
    before = house.size()
    statement = write_json(
        tmp_path / "s.json",
        loads(b64decode(loads(house.world.submission())["envelopes"][0]["payload"])),
    )
    check_failed(attest("submit", house.url, statement), 2, "not-a-submission")
    whole = tmp_path / "whole.json"
    whole.write_bytes(house.world.submission())
    (envelope,) = envelope_files(tmp_path, house.world.submission())
    check_failed(attest("submit", house.url, whole, envelope), 2, "not-a-submission")
    check_failed(attest("submit", house.url, tmp_path / "none.json"), 2, "file")
    check_failed(attest("submit", house.url), 1, "usage")
    check_failed(attest("submit", house.url, envelope, "-o", statement), 2, "file")
    assert house.size() == before


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, World().submission())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    check_failed(attest("submit", f"http://127.0.0.1:{port}", path), 8, "network")
    check_failed(attest("submit", "ftp://example.org", path), 8, "network")


@contextmanager
def answering(body: bytes, status: int = 201) -> Iterator[str]:
    """A server that gives everyone the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"id": "x", "submission_index": 1, "decision_index": 2}',
        b'{"id": "x", "submission_index": 1, "decision_index": 2, "decision": 3}',
        b'{"id": 1, "submission_index": 1, "decision_index": 2, "decision": {}}',
        b"<html>",
    ],
)
def test_a_server_that_answers_something_else(tmp_path: Path, answer: bytes) -> None:
    (path,) = envelope_files(tmp_path, World().submission())
    with answering(answer) as url:
        check_failed(attest("submit", url, path), 8, "remote")


def test_a_server_that_answers_about_something_else(tmp_path: Path) -> None:
    world = World()
    (path,) = envelope_files(tmp_path, world.submission())
    other = loads(decision_of(world, world.submission(fabricator={})), string_bytes_max=10**6)
    answer = {"id": "x", "submission_index": 1, "decision_index": 2, "decision": other}
    with answering(canonical(answer)) as url:
        told = check_failed(attest("submit", url, path), 8, "remote")
    assert "another submission" in told


def test_a_server_that_proves_nothing(house: House, tmp_path: Path) -> None:
    """A decision that is not in the log of the reader's keys is not taken."""
    world = World()
    submission = world.submission({"end_use": "Unproven."})
    (path,) = envelope_files(tmp_path, submission)
    honest = document(succeeded(attest("submit", house.url, path, "--json"), 5))
    forged = loads(decision_of(world, path.read_bytes()), string_bytes_max=10**6)
    forged["signatures"][0]["sig"] = b64encode(bytes(64)).decode()
    answer = {**honest, "decision": forged}
    with answering(canonical(answer)) as url:
        result = attest("submit", url, path, "--log-keys", keys_of(house))
    check_failed(result, 6, "commitment-mismatch")
    elsewhere = {**honest, "decision_index": honest["decision_index"] + 2}
    with answering(canonical(elsewhere)) as url:
        result = attest("submit", url, path, "--log-keys", keys_of(house))
    check_failed(result, 6, "reference-broken")


def test_a_problem_of_the_server_is_named(tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, World().submission())
    problem = {"code": "busy", "title": "<b>words of the server</b>", "status": 503}
    with answering(canonical(problem), 503) as url:
        told = check_failed(attest("submit", url, path), 8, "remote")
    assert "HTTP 503: busy" in told
    assert "words of the server" not in told


def test_from_hold_to_release_to_a_verified_case_file(house: House, tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, submission_of(house, "whole way"))
    answer, case = tmp_path / "answer.json", tmp_path / "case.json"
    arguments = ["submit", house.url, path, "-o", answer, "--casefile", case]
    succeeded(attest(*arguments), 5)
    verify = ["--log-keys", keys_of(house), "--foundry", house.world.foundry.id]
    held = succeeded(attest("verify", case, *verify), 5).stdout
    for part in (
        "PASS  log",
        "PASS  decided again",
        "Verdict: ! HOLD",
        "Tianqiu Design Inc.",
        "not that it is",
    ):
        assert part in held

    keyset = tmp_path / "foundry.json"
    keyset.write_bytes(house.world.foundry.keyset())
    evidence = tmp_path / "certificate.pdf"
    evidence.write_bytes(b"%PDF")
    review, once, twice = (tmp_path / f"{name}.json" for name in ("review", "once", "twice"))
    reason = ["--reason-code", "evidence-received", "--reason", "The certificate was checked."]
    made = attest(
        *("review", answer, "--action", "release", *reason, "--evidence", evidence),
        *("--keyset", keyset, "--reviewed-at", "2026-11-24T14:00:00Z", "-o", review),
    )
    succeeded(made)
    predicate = loads(review.read_bytes())["predicate"]
    assert predicate["evidence"] == [
        {"sha256": digest(b"%PDF").removeprefix("sha256:"), "describes": "certificate.pdf"}
    ]
    first = write_key(tmp_path / "first.pem", house.world.reviewers[0])
    second = write_key(tmp_path / "second.pem", house.world.reviewers[1])
    succeeded(attest("sign", review, "--key", first, "--yes", "-o", once))
    identifier = digest(path.read_bytes())
    refused = attest("submit", house.url, once, "--review-of", identifier)
    assert "too-few-signers" in check_failed(refused, 8, "remote")
    succeeded(attest("sign", once, "--add", "--key", second, "--yes", "-o", twice))
    reviewed = tmp_path / "reviewed.json"
    succeeded(attest("submit", house.url, twice, "--review-of", identifier, "-o", reviewed))
    assert "I release it" in succeeded(attest("inspect", reviewed)).stdout
    refused = attest("submit", house.url, twice, "--review-of", "nonsense")
    check_failed(refused, 2, "not-found")

    released = tmp_path / "released.json"
    succeeded(attest("submit", house.url, path, "--casefile", released), 5)
    told = document(succeeded(attest("verify", released, *verify, "--json"), 0))
    assert (told["verdict"], told["outcome"]) == ("HOLD", "PASS")
    assert told["reviews"][0]["holders"] == ["Ana Costa", "Wei Lin"]
    text = succeeded(attest("verify", released, *verify)).stdout
    assert "release by Ana Costa and Wei Lin" in text
    assert "After review: ✓ PASS" in text


@pytest.fixture(scope="module")
def case(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case file of a PASS."""
    folder = tmp_path_factory.mktemp("case")
    files = envelope_files(folder, submission_of(house, "case", fabricator={}))
    target = folder / "case.json"
    succeeded(attest("submit", house.url, *files, "--casefile", target))
    return target


def test_a_case_file_of_a_pass(house: House, case: Path) -> None:
    told = document(succeeded(attest("verify", case, "--log-keys", keys_of(house), "--json")))
    assert set(told) == json_members("`verify`")
    assert told["outcome"] == "PASS"
    assert told["foundry"] == house.world.foundry.id
    names = [each["name"] for each in told["checks"]]
    expected = ["log", "commitments", "references", "trust", "decision", "signature", "signature"]
    assert names == [*expected, "decided again"]
    signed = [each["found"] for each in told["checks"] if each["name"] == "signature"]
    assert signed[0].startswith("declaration by Mei-Ling Chen, Head of Trade Compliance, Tianqiu")
    assert signed[1].startswith("determination by ")
    assert succeeded(attest("inspect", case)).stdout.startswith("casefile")


def test_a_case_file_of_a_refusal(house: House, tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, house.world.submission({"audience": "not-this-one"}))
    target = tmp_path / "case.json"
    succeeded(attest("submit", house.url, path, "--casefile", target), 3)
    result = attest("verify", target, "--log-keys", keys_of(house))
    assert "wrong-audience" in succeeded(result, 3).stdout


def test_verification_needs_keys_and_takes_no_other_foundry(
    house: House, case: Path, tmp_path: Path
) -> None:
    check_failed(attest("verify", case), 1, "usage")
    keys = keys_of(house)
    check_failed(attest("verify", case, "--log-keys", keys, "--foundry", "x"), 3, "party-mismatch")
    other = tmp_path / "other"
    origin = keys.read_text().partition("+")[0]
    arguments = ["--origin", origin, "--foundry", "x", "--no-passphrase"]
    succeeded(attest("log", "init", other, *arguments))
    result = attest("verify", case, "--log-keys", other / "log.vkeys")
    check_failed(result, 6, "checkpoint-signature")


@pytest.mark.parametrize(
    ("member", "code", "error"),
    [
        ("submission", 6, "commitment-mismatch"),
        ("decision", 6, "commitment-mismatch"),
        ("trust", 6, "commitment-mismatch"),
        ("keysets", 3, "trust-incomplete"),
        ("packs", 3, "trust-incomplete"),
    ],
)
def test_a_changed_case_file_is_refused(
    house: House, case: Path, tmp_path: Path, member: str, code: int, error: str
) -> None:
    content = json.loads(case.read_bytes())
    holder = content[member]
    name = "body" if isinstance(holder, dict) else 0
    body = b64decode(holder[name])
    holder[name] = b64encode(body.replace(b"a", b"b", 1)).decode()
    changed = write_json(tmp_path / "changed.json", content)
    told = check_failed(attest("verify", changed, "--log-keys", keys_of(house)), code, error)
    assert "changed.json" in told


def test_what_is_no_case_file(house: House, tmp_path: Path) -> None:
    keys = keys_of(house)
    path = write_json(tmp_path / "x.json", {"v": 1})
    check_failed(attest("verify", path, "--log-keys", keys), 2, "schema-violation")
    check_failed(attest("verify", "-", "--log-keys", keys, stdin=b"{"), 2, "json-malformed")
    check_failed(attest("verify", tmp_path / "none", "--log-keys", keys), 2, "file")


def test_only_a_hold_is_reviewed(house: House, case: Path, tmp_path: Path) -> None:
    arguments = ["--action", "release", "--reason-code", "x", "--reason", "because"]
    told = check_failed(attest("review", case, *arguments), 9, "review-not-possible")
    assert "PASS" in told
    (path,) = envelope_files(tmp_path, submission_of(house, "review"))
    check_failed(attest("review", path, *arguments), 2, "unknown-predicate-type")
    held = write_json(
        tmp_path / "held.json",
        loads(decision_of(house.world, path.read_bytes()), string_bytes_max=10**6),
    )
    result = succeeded(attest("review", held, *arguments))
    assert "signature was not checked" in result.stderr
    stranger = tmp_path / "stranger.json"
    stranger.write_bytes(house.world.osat.keyset())
    check_failed(attest("review", held, *arguments, "--keyset", stranger), 3, "party-mismatch")
    forged = json.loads(held.read_bytes())
    forged["signatures"][0]["sig"] = b64encode(bytes(64)).decode()
    keyset = tmp_path / "foundry.json"
    keyset.write_bytes(house.world.foundry.keyset())
    wrong = write_json(tmp_path / "forged.json", forged)
    check_failed(attest("review", wrong, *arguments, "--keyset", keyset), 3, "bad-signature")
    check_failed(attest("review", held, *arguments[2:]), 1, "usage")
    check_failed(
        attest("review", held, "--action", "ask", "--reason-code", "Not A Code", "--reason", "x"),
        2,
        "schema-violation",
    )


def test_what_does_not_go_with_a_review(tmp_path: Path) -> None:
    (path,) = envelope_files(tmp_path, World().submission())
    send = ["submit", "http://127.0.0.1:1", str(path), "--review-of", digest(b"")]
    for more in (["--casefile", "c"], ["--log-keys", "k"], [str(path)]):
        check_failed(attest(*send, *more), 1, "usage")


def test_a_refusal_for_an_unknown_reason(tmp_path: Path) -> None:
    world = World()
    (path,) = envelope_files(tmp_path, world.submission({"audience": "somebody-else"}))
    decision = loads(decision_of(world, path.read_bytes()), string_bytes_max=10**6)
    payload = b64decode(decision["payload"]).replace(b'"wrong-audience"', b'"of-next-year"')
    decision["payload"] = b64encode(payload).decode()
    answer = {"id": "x", "submission_index": 1, "decision_index": 2, "decision": decision}
    with answering(canonical(answer)) as url:
        told = check_failed(attest("submit", url, path), 8, "remote")
    assert "does not know" in told
