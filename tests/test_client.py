"""The client: against the real service, and against servers that misbehave."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from attest import client, limits
from attest.casefile import open_casefile
from attest.encoding import digest
from attest.errors import AttestError, InputError, RemoteError
from attest.log.checkpoint import open_checkpoint
from tests.service.house import House, found_house, held, running
from tests.world import World

ABSENT = "sha256:" + "0" * 64
CANARY = "canary-77aa"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running service."""
    world, folder = World(), tmp_path_factory.mktemp("client") / "data"
    found_house(folder, world)
    with running(folder, world) as house:
        yield house


def test_a_submission_and_all_that_follows(house: House) -> None:
    raw = held(house.world)
    answer = client.submit(house.url, raw)
    assert (answer.status, answer.replayed) == (201, False)
    assert answer.document["verdict"] == "HOLD"
    assert json.loads(answer.raw) == answer.document
    again = client.submit(house.url + "/", raw)
    assert (again.status, again.replayed, again.document) == (200, True, answer.document)
    identifier = answer.document["id"]
    reviewed = client.submit_review(house.url, identifier, house.review_of(answer.document))
    assert (reviewed.status, reviewed.document["action"]) == (201, "release")
    shown = client.get_submission(house.url, identifier)
    assert (shown.status, shown.replayed) == (200, False)
    assert len(shown.document["reviews"]) == 1
    case = open_casefile(client.get_casefile(house.url, identifier), log_keys=house.log_keys)
    assert case.submission.body == raw
    checkpoint = open_checkpoint(client.get_checkpoint(house.url), keys=house.log_keys)
    assert checkpoint.size == house.size()


def test_a_refusal_to_record_carries_its_code_and_place(house: House) -> None:
    with pytest.raises(RemoteError) as caught:
        client.submit(house.url, b'{"v":1,"envelopes":[7]}')
    assert (caught.value.code, caught.value.detail) == ("remote", "HTTP 422: schema-violation")
    assert caught.value.pointer == "/envelopes/0"


def test_a_body_over_the_limit_is_refused_with_its_code(house: House) -> None:
    with pytest.raises(RemoteError) as caught:
        client.submit(house.url, b" " * 10_000_000)
    assert caught.value.detail == "HTTP 413: too-large"


def test_what_is_not_there(house: House) -> None:
    for call in (client.get_submission, client.get_casefile):
        with pytest.raises(RemoteError) as caught:
            call(house.url, ABSENT)
        assert caught.value.detail == "HTTP 404: not-found"


@pytest.mark.parametrize("identifier", ["", "..", "sha256:0", ABSENT + "\n", ABSENT + "/.."])
def test_an_identifier_is_checked_before_it_is_sent(identifier: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.get_submission("http://127.0.0.1:9", identifier),
        lambda: client.get_casefile("http://127.0.0.1:9", identifier),
        lambda: client.submit_review("http://127.0.0.1:9", identifier, b"{}"),
    ]
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == "not-found"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://user:secret@127.0.0.1",
        "http://127.0.0.1/?x=1",
        "http://127.0.0.1/#x",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx: y",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(RemoteError) as caught:
        client.submit(url, b"{}")
    assert caught.value.code == "network"
    assert "secret" not in str(caught.value)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(RemoteError) as caught:
        client.get_checkpoint(f"http://127.0.0.1:{port}")
    assert (caught.value.code, caught.value.detail) == (
        "network",
        "no answer: ConnectionRefusedError",
    )


@contextmanager
def answering(*parts: bytes, wait: float = 0, asked_to_get: bool = False) -> Iterator[str]:
    """A server that reads one request, sends parts with waits between them, and hangs up."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            received = b""
            ends = (b"{}", b"\r\n\r\n") if asked_to_get else (b"{}",)
            while not received.endswith(ends) and (part := connection.recv(65536)):
                received += part
            try:
                for part in parts:
                    connection.sendall(part)
                    if stop.wait(wait):
                        return
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def failure(*parts: bytes, wait: float = 0) -> AttestError:
    """The error of a submission to such a server; it never repeats what the server said."""
    with answering(*parts, wait=wait) as url, pytest.raises(RemoteError) as caught:
        client.submit(url, b"{}")
    assert CANARY not in str(caught.value)
    return caught.value


def http(status: str, body: bytes, *fields: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *fields])
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (f"<html>{CANARY}</html>".encode(), "HTTP 502"),
        (b'{"code": 7}', "HTTP 502"),
        (b'["code"]', "HTTP 502"),
        (f'{{"code": "<b>{CANARY}</b>"}}'.encode(), "HTTP 502"),
        (b'{"code": "busy\\u001b[31m"}', "HTTP 502"),
        (b'{"code": "' + b"a" * 65 + b'"}', "HTTP 502"),
        (f'{{"code": "busy", "detail": "{CANARY}"}}'.encode(), "HTTP 502: busy"),
        (b'{"code": "busy", "code": "other"}', "HTTP 502"),
    ],
)
def test_a_problem_is_reduced_to_its_code(body: bytes, detail: str) -> None:
    error = failure(http("502 Bad Gateway", body))
    assert (error.code, error.detail, error.pointer) == ("remote", detail, None)


def test_a_pointer_is_kept_only_when_it_is_one() -> None:
    long = json.dumps({"code": "busy", "pointer": "/" * 1001}).encode()
    assert failure(http("422 No", long)).pointer is None
    assert failure(http("422 No", b'{"code": "busy", "pointer": 7}')).pointer is None
    assert failure(http("422 No", b'{"code": "busy", "pointer": "/dies/0"}')).pointer == "/dies/0"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"])
def test_redirects_are_not_followed(status: str) -> None:
    with answering() as elsewhere:
        error = failure(http(status, b"", f"location: {elsewhere}/v1/submissions"))
        assert (error.code, error.detail) == ("remote", f"HTTP {status[:3]}")
        # The other server still waits for its first connection: make it, so that it can end.
        host, port = elsewhere.removeprefix("http://").split(":")
        socket.create_connection((host, int(port))).close()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 9999 No\r\n\r\n",
    ],
    ids=["nothing", "SSH", "short", "short chunk", "bad chunk", "fields", "long field", "status"],
)
def test_what_is_not_an_answer(raw: bytes) -> None:
    assert failure(raw).code == "network"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>", "json-malformed"),
        (b'{"n":1,"n":2}', "json-duplicate-key"),
        (b'{"n":1.5}', "json-float"),
        (b"\xff", "json-encoding"),
        (b'{"verdict":"PASS\\u202e"}', "json-text"),
    ],
)
def test_an_answer_is_read_as_strictly_as_anything_else(body: bytes, code: str) -> None:
    error = failure(http("201 Created", body))
    assert (error.code, error.detail) == ("remote", f"the answer cannot be read: {code}")


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CASEFILE_BYTES_MAX", 100_000)
    error = failure(b"HTTP/1.1 200 OK\r\n\r\n", *[b" " * 50_000] * 10)
    assert (error.code, error.detail) == ("remote", "HTTP 200: the answer is too large")
    error = failure(http("200 OK", b" " * 100_001))
    assert (error.code, error.detail) == ("remote", "HTTP 200: the answer is too large")


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b" "] * 100],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b" "] * 100],
        [*[b"x"] * 100],
    ],
    ids=["head", "body", "endless body", "first line"],
)
def test_a_server_that_dawdles_is_cut_off(
    parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS_MAX", 0.3)
    error = failure(*parts, wait=0.05 if len(parts) > 2 else 5)
    assert (error.code, error.detail) == ("network", "no answer: TimeoutError")


def test_a_witness_gets_less_time_and_room(monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"x" * (limits.CHECKPOINT_BYTES_MAX + 1)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", large) as url, pytest.raises(RemoteError) as caught:
        client.ask_witness(url, b"{}")
    assert (caught.value.code, caught.value.detail) == (
        "remote",
        "HTTP 200: the answer is too large",
    )
    monkeypatch.setattr(client, "WITNESS_SECONDS_MAX", 0.3)
    with answering(b"HTTP", b"/1.1", wait=5) as url, pytest.raises(RemoteError) as caught:
        client.ask_witness(url, b"{}")
    assert (caught.value.code, caught.value.detail) == ("network", "no answer: TimeoutError")


def test_a_certificate_that_nobody_vouches_for_is_refused(house: House) -> None:
    with pytest.raises(RemoteError) as caught:
        client.get_checkpoint(house.url.replace("http:", "https:"))
    assert caught.value.code == "network"


@pytest.mark.parametrize("host", ["lists.example", "192.0.2.1", "localhost"])
def test_a_list_comes_over_https(host: str) -> None:
    with pytest.raises(RemoteError) as caught:
        client.get_publication(f"http://{host}/list.csv")
    assert (caught.value.code, caught.value.detail) == ("network", "a list is fetched over https")


def test_a_list_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = "name\r\nExample \ufeffHuaxin\r\n".encode("utf-16")
    with answering(http("200 OK", raw), asked_to_get=True) as url:
        assert client.get_publication(f"{url}/lists/a.csv") == raw
    monkeypatch.setattr(limits, "LIST_BYTES_MAX", len(raw) - 1)
    with (
        answering(http("200 OK", raw), asked_to_get=True) as url,
        pytest.raises(RemoteError) as caught,
    ):
        client.get_publication(url)
    assert caught.value.code == "remote"


def test_a_list_that_was_moved_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
    with answering(moved, asked_to_get=True) as url, pytest.raises(RemoteError) as caught:
        client.get_publication(url)
    assert (caught.value.code, caught.value.detail) == ("remote", "HTTP 302")


def test_the_environment_names_no_proxy(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    assert client.get_checkpoint(house.url).startswith(b"formosa.example/log\n")


def test_the_identifier_is_the_digest_of_the_bytes(house: House) -> None:
    raw = held(house.world, 3)
    assert client.submit(house.url, raw).document["id"] == digest(raw)
