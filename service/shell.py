"""What surrounds every request: security headers, the last catch of errors, the access log.

The access log has a line per request: the client's address, the method, the *route* (never the
path, the query or the body, which are the sender's words), the status and the milliseconds.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from service.problems import Problem, where
from service.wire import Application, Body, Message, Receive, Scope, Send, send_answer

_access = logging.getLogger("foundry.access")
_log = logging.getLogger("foundry.service")

HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Shell:
    """ASGI middleware, outermost of the application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter_ns()
        status = 0
        body = Body(scope, receive)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in HEADERS if header[0] not in own),
                ]
                if not await body.discard():
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, body.receive, answer)
        except Exception as error:  # noqa: BLE001  the last catch: answer, and log only the place
            _log.error("unexpected: %s", where(error))
            if not status:
                problem = Problem.of_defect()
                await send_answer(answer, problem.status, problem.headers(), problem.body)
        finally:
            if _access.isEnabledFor(logging.INFO):
                _access.info("%s", _line(scope, status, time.perf_counter_ns() - started))


def _line(scope: Scope, status: int, nanoseconds: int) -> str:
    client = scope.get("client")
    route = getattr(scope.get("route"), "path", "-")
    method = scope["method"] if scope["method"] in METHODS else "-"
    address = client[0] if client else "-"
    return f"{address} {method} {route} {status} {nanoseconds // 1_000_000}ms"
