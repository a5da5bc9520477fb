"""Bytes in and out over HTTP: bounded reading of a body, prebuilt answers, and a guarded protocol.

Every bound is checked before the bytes are parsed: the media type, the length that the request
states, the bytes that really come, the time they take. What is over a bound is refused with a
problem and never read to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from attest import limits
from attest.errors import AttestError, InputError
from service.problems import Problem

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MEDIA_TYPES: Final = frozenset({b"application/vnd.dsse+json", b"application/json"})
HEAD_BYTES_MAX: Final = 64 * 1024
"""What a request may spend on all but its body: request line, fields, chunk sizes, trailers."""
PART_BYTES: Final = 4 * 1024
"""How much is parsed at a time: by so much at most a bound is passed before it is noticed."""
DISCARDED_BYTES_MAX: Final = 64 * 1024
DISCARDED_SECONDS_MAX: Final = 1
"""How much of a body that nobody wants is read, and for how long, before the answer."""
PIPELINED_MAX: Final = 16
"""How many requests may wait on one connection for the answer to an earlier one."""


class Body:
    """The body of one request, as far as the application reads it.

    A connection that is closed while bytes of its client are unread is reset, and the answer may be
    lost with it. So before an answer goes out, what is left of a small body is thrown away; not the
    body of a client that asks first (`Expect: 100-continue`), since reading would be a yes.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self._asks = any(name == b"expect" for name, _ in scope["headers"])

    async def receive(self) -> Message:
        """The next message of the server, for the application."""
        message = await self._receive()
        self._asks = False
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def discard(self) -> bool:
        """Throw away what is left, within bounds of bytes and time; whether that was all of it."""
        left = DISCARDED_BYTES_MAX
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARDED_SECONDS_MAX):
                while not self._ended and not self._asks and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        return self._ended


async def read_body(
    scope: Scope,
    receive: Receive,
    *,
    media_types: frozenset[bytes] | None = MEDIA_TYPES,
    bytes_max: int = limits.SUBMISSION_BYTES_MAX,
) -> bytes:
    """The body of a request that carries a document; without `media_types`, of any type.

    Raises:
        InputError: media-type, too-large, timeout.
    """
    _check_fields(scope["headers"], media_types, bytes_max)
    received: bytes = b""
    try:
        async with asyncio.timeout(limits.REQUEST_SECONDS_MAX):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise InputError("timeout", "the connection ended before the body did")
                received += message.get("body", b"")
                if len(received) > bytes_max:
                    raise _too_large(bytes_max)
                if not message.get("more_body", False):
                    return received
    except TimeoutError:
        raise InputError(
            "timeout", f"the body took more than {limits.REQUEST_SECONDS_MAX} s"
        ) from None


def _check_fields(
    fields: list[tuple[bytes, bytes]], media_types: frozenset[bytes] | None, bytes_max: int
) -> None:
    media_type = None
    for name, value in fields:
        if name == b"content-type":
            if media_type is not None:
                raise InputError("media-type", "a request has one Content-Type field")
            media_type = value.partition(b";")[0].strip().lower()
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise InputError("media-type", "the body must not be compressed")
        elif name == b"content-length" and (not value.isdigit() or int(value[:16]) > bytes_max):
            raise _too_large(bytes_max)
    if media_types is not None and media_type not in media_types:
        raise InputError("media-type", "expected application/vnd.dsse+json or application/json")


def _too_large(bytes_max: int) -> InputError:
    return InputError("too-large", f"the body is over {bytes_max} bytes")


async def send_answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole answer; names and values of headers are ASCII."""
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def send_problem(send: Send, error: AttestError) -> None:
    """Send the problem that an error is."""
    problem = Problem.of(error)
    await send_answer(send, problem.status, problem.headers(), problem.body)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounds on what comes before, between and after the body's bytes.

    A request whose head does not arrive in time, or that spends more than `HEAD_BYTES_MAX` on
    anything but its body, is answered with a problem and the connection is closed; so is a
    connection too many. A connection also ends when too many requests wait on it, when an answer
    did not wait for its request's body, and when nobody reads its answers.
    """

    _head_deadline: asyncio.TimerHandle | None = None
    _unread_deadline: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None
    _overhead = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self.access_log = False  # it would name paths and queries; `service.shell` has its own
        if len(self.connections) > limits.CONNECTIONS_MAX:
            self._refuse(InputError("busy", "too many connections are open"))
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and tell the request that is being answered."""
        self._head_came()
        self._answers_were_read()
        if self._answering is not None:  # uvicorn tells only the newest request of a pipe
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser in parts and charge what was not body."""
        for start in range(0, len(data), PART_BYTES):
            part = data[start : start + PART_BYTES]
            self._overhead += len(part)
            super().data_received(part)
            if self.transport.is_closing():
                return
            if self._overhead > HEAD_BYTES_MAX:
                self._refuse(InputError("too-large", f"the head is over {HEAD_BYTES_MAX} bytes"))
                return
            if len(self.pipeline) > PIPELINED_MAX:
                self._end()
                return

    def on_message_begin(self) -> None:
        """A request starts: its head must end in time."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is there: what follows is timed by `read_body`."""
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Body bytes are charged to the body's own limit."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request starts with a clean account."""
        self._overhead = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's signature
        """Answer what is not HTTP."""
        self._refuse(InputError("json-malformed", "the request is not HTTP/1.1"))

    def on_response_complete(self) -> None:
        """An answer that did not wait for its request's body ends the connection."""
        if self.transport.is_closing() or (self.cycle.more_body and not self.pipeline):
            self._end()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        self._end()

    def pause_writing(self) -> None:
        """Much of an answer waits to be read: it must be in time."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._answers_were_read()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _end(self) -> None:
        self.transport.close()  # once everything is written, which a client can put off
        self._await_reader()

    def _await_reader(self) -> None:
        if self._unread_deadline is None:
            self._unread_deadline = self.loop.call_later(
                limits.REQUEST_SECONDS_MAX, self.transport.abort
            )

    def _answers_were_read(self) -> None:
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None

    def _await_head(self) -> None:
        if self._head_deadline is None:
            self._head_deadline = self.loop.call_later(limits.REQUEST_SECONDS_MAX, self._late)

    def _head_came(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _answer_is_due(self) -> bool:
        cycle: Any = self.cycle
        return bool(self.pipeline) or (
            cycle is not None and not cycle.more_body and not cycle.response_complete
        )

    def _late(self) -> None:
        if not self.transport.is_closing():
            self._refuse(InputError("timeout", "the request's head did not arrive in time"))

    def _refuse(self, error: InputError) -> None:
        if self._answer_is_due():  # it may say that a submission was recorded: say nothing else
            self._end()
            return
        problem = Problem.of(error)
        fields = {**problem.headers(), "connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.transport.write(f"HTTP/1.1 {problem.status} \r\n{head}\r\n".encode() + problem.body)
        self._end()
