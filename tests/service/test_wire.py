"""Bounds on the wire, over bare sockets: what is slow, endless or not HTTP is cut off."""

from __future__ import annotations

import json
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from attest import limits, schemas
from service.shell import Shell
from service.wire import (
    HEAD_BYTES_MAX,
    PART_BYTES,
    PIPELINED_MAX,
    Receive,
    Scope,
    Send,
    send_answer,
)
from tests.service.house import House, held, serving

POST = b"POST /v1/submissions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
GET = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n"
CLOSE = b"\r\nconnection: close\r\n\r\n"


LARGE_BYTES = 16 * 1024 * 1024
"""More than a system keeps of what a client does not read."""


@contextmanager
def connected_to(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        yield connection


def connected(house: House) -> AbstractContextManager[socket.socket]:
    return connected_to(house.port)


class Large:
    """An application with large answers; `answered` counts those that it is done with."""

    def __init__(self) -> None:
        self.answered = threading.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        else:
            await send_answer(send, 200, {"content-length": str(LARGE_BYTES)}, bytes(LARGE_BYTES))
            self.answered.release()


def answer_to_the_end(connection: socket.socket) -> tuple[int, bytes, bytes]:
    """Status, head and body of the one answer after which the server closes."""
    head, _, body = everything_from(connection).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head.lower(), body


def check_refused(connection: socket.socket, status: int, code: str) -> None:
    answered, head, body = answer_to_the_end(connection)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    schemas.validate("problem", document)
    assert (answered, document["status"], document["code"]) == (status, status, code)


def everything_from(connection: socket.socket) -> bytes:
    """What the server sends until it closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def send_until_cut(connection: socket.socket, part: bytes, times: int) -> int:
    """Send a part again and again; gives how often it could be sent."""
    for sent in range(times):
        try:
            connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return times


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests must arrive within a fifth of a second."""
    monkeypatch.setattr(limits, "REQUEST_SECONDS_MAX", 0.2)


def test_a_stated_length_over_the_limit_is_refused_unread(shared_house: House) -> None:
    with connected(shared_house) as connection:
        connection.sendall(POST + b"content-length: 10000000\r\n\r\n")
        check_refused(connection, 413, "too-large")


def test_nothing_is_asked_for_that_would_be_refused(shared_house: House) -> None:
    with connected(shared_house) as connection:
        connection.sendall(POST + b"expect: 100-continue\r\ncontent-length: 10000000\r\n\r\n")
        check_refused(connection, 413, "too-large")


def test_chunks_over_the_limit_are_counted(shared_house: House) -> None:
    with connected(shared_house) as connection:
        connection.sendall(CHUNKED)
        part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        send_until_cut(connection, part, limits.SUBMISSION_BYTES_MAX // 0x10000 + 1)
        check_refused(connection, 413, "too-large")


def test_chunks_within_the_limit_are_joined(shared_house: House) -> None:
    raw = held(shared_house.world)
    chunks = [raw[at : at + 1000] for at in range(0, len(raw), 1000)]
    with connected(shared_house) as connection:
        connection.sendall(CHUNKED.replace(b"host:", b"connection: close\r\nhost:", 1))
        for chunk in chunks:
            connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        connection.sendall(b"0\r\n\r\n")
        status, _, body = answer_to_the_end(connection)
    assert status == 201
    assert json.loads(body)["verdict"] == "HOLD"


def test_a_body_that_stalls_is_given_up(shared_house: House, hurried: None) -> None:
    with connected(shared_house) as connection:
        connection.sendall(POST + b"content-length: 100\r\n\r\n{")
        check_refused(connection, 408, "timeout")


def test_a_head_that_stalls_is_given_up(shared_house: House, hurried: None) -> None:
    with connected(shared_house) as connection:
        connection.sendall(b"GET /healthz HT")
        check_refused(connection, 408, "timeout")


def test_a_connection_that_says_nothing_is_given_up(shared_house: House, hurried: None) -> None:
    with connected(shared_house) as connection:
        check_refused(connection, 408, "timeout")


def test_a_second_request_must_arrive_in_time_too(shared_house: House, hurried: None) -> None:
    with connected(shared_house) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /healthz HT")
        received = everything_from(connection)
    first, _, second = received.partition(b'{"status":"ok"}')
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "start",
    [
        b"GET /healthz HTTP/1.1\r\nx: ",
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n" + b"a: b\r\n" * 8000,
        b"GET /",
        CHUNKED + b"1;",
        CHUNKED + b"0\r\nx: ",
    ],
    ids=["field", "fields", "request line", "chunk extension", "trailer"],
)
def test_all_but_the_body_is_bounded(shared_house: House, start: bytes) -> None:
    with connected(shared_house) as connection:
        connection.sendall(start)
        send_until_cut(connection, b"a" * 8192, HEAD_BYTES_MAX // 8192 + 2)
        check_refused(connection, 413, "too-large")


@pytest.mark.parametrize(
    "raw",
    [
        POST
        + b"content-length: 2\r\nx: "
        + b"a" * HEAD_BYTES_MAX
        + b"a" * PART_BYTES
        + b"\r\n\r\n{}",
        CHUNKED + b"2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["field", "chunk extension"],
)
def test_a_head_that_ends_is_bounded_too(shared_house: House, raw: bytes) -> None:
    with connected(shared_house) as connection:
        send_until_cut(connection, raw, 1)
        check_refused(connection, 413, "too-large")


def test_a_head_within_the_bound_is_served(shared_house: House) -> None:
    with connected(shared_house) as connection:
        connection.sendall(GET + b"x: " + b"a" * (HEAD_BYTES_MAX - 100) + CLOSE)
        assert answer_to_the_end(connection)[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        POST + b"content-length: -1\r\n\r\n",
        POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
        POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"GET http://[ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ],
    ids=["TLS", "version", "NUL", "negative", "two lengths", "smuggled", "chunk size", "target"],
)
def test_what_is_not_http_is_answered_with_a_problem(shared_house: House, raw: bytes) -> None:
    with connected(shared_house) as connection:
        connection.sendall(raw)
        check_refused(connection, 400, "json-malformed")


@pytest.mark.parametrize("more", [b"\x16\x03", POST + b"content-length: 5\r\n\r\n{\r\n"])
def test_no_error_takes_the_place_of_an_answer_that_is_due(
    shared_house: House, more: bytes
) -> None:
    raw = held(shared_house.world, 100 + len(more))
    with connected(shared_house) as connection:
        connection.sendall(POST + b"content-length: %d\r\n\r\n" % len(raw) + raw + more)
        if more.startswith(POST):
            connection.sendall(b"x" * 5 + b"\x16\x03")
        received = everything_from(connection)
    assert received == b"" or received.startswith(b"HTTP/1.1 201 ")
    assert shared_house.post(raw).status_code == 200


def test_a_sender_who_leaves_midway_leaves_nothing(shared_house: House) -> None:
    before = shared_house.size()
    with connected(shared_house) as connection:
        connection.sendall(POST + b"content-length: 100\r\n\r\n{")
    assert shared_house.client.get("/healthz").status_code == 200
    assert shared_house.size() == before


def test_requests_in_one_pipe_are_answered_in_order(shared_house: House) -> None:
    with connected(shared_house) as connection:
        connection.sendall(
            (GET + b"\r\n") * PIPELINED_MAX + GET.replace(b"/healthz", b"/") + CLOSE[2:]
        )
        received = everything_from(connection)
    statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200"] * PIPELINED_MAX + [b"404"]


@pytest.mark.parametrize("more", [GET, POST + b"content-length: 0\r\n"], ids=["GET", "POST"])
def test_too_many_requests_in_one_pipe_end_it(shared_house: House, more: bytes) -> None:
    """Whoever sends requests and reads no answers is cut off before they fill the memory."""
    with connected(shared_house) as connection:
        sent = send_until_cut(connection, (more + b"\r\n") * 1000, 1000)
        assert sent < 1000
        assert everything_from(connection).count(b"HTTP/1.1 ") < 1000
    assert shared_house.client.get("/healthz").status_code == 200


def test_an_answer_that_did_not_wait_for_the_body_ends_the_connection(
    shared_house: House,
) -> None:
    """A byte more must not keep it: nothing would time the rest."""
    with connected(shared_house) as connection:
        connection.sendall(GET + b"content-length: 100\r\n\r\n")
        received = b""
        while not received.endswith(b'{"status":"ok"}'):
            received += connection.recv(65536)
        send_until_cut(connection, b"a", 1)
        assert everything_from(connection) == b""


def test_a_client_that_reads_no_answers_is_given_up(hurried: None) -> None:
    large = Large()
    with serving(Shell(large)) as port, connected_to(port) as connection:
        connection.sendall((GET + b"\r\n") * 2)
        assert large.answered.acquire(timeout=30)
        assert large.answered.acquire(timeout=30)  # given up: nothing was read meanwhile
        assert len(everything_from(connection)) < 2 * LARGE_BYTES


def test_a_client_that_leaves_before_its_answers_is_no_defect(
    caplog: pytest.LogCaptureFixture,
) -> None:
    large = Large()
    with serving(Shell(large)) as port, connected_to(port) as connection:
        connection.sendall((GET + b"\r\n") * 3)
        assert large.answered.acquire(timeout=30)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    served = [each for each in caplog.records if each.name.startswith(("foundry", "uvicorn"))]
    assert [each.getMessage() for each in served if each.levelno >= logging.WARNING] == []


def test_a_connection_too_many_is_told_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS_MAX", 1)
    with connected(house) as first:
        first.sendall(GET + b"\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
        with connected(house) as second:
            check_refused(second, 503, "busy")
        first.sendall(GET + CLOSE[2:])
        assert answer_to_the_end(first)[0] == 200


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "GET"])
def test_an_early_answer_is_not_lost_to_a_reset(shared_house: House, method: str) -> None:
    """The body follows the head after a moment: the answer, given before it, still arrives."""
    for _ in range(20):
        with connected(shared_house) as connection:
            head = f"{method} /nowhere HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4\r\n\r\n"
            connection.sendall(head.encode())
            connection.sendall(b"null")
            assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            assert b"HTTP/1.1 200 " in connection.recv(4096)
