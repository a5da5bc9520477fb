"""Which requests are meant for this service: by the host that they name and where they come from.

A web page can have its visitor's browser call a service on that visitor's machine, under a name of
the page's own that was made to lead to 127.0.0.1. Such a call names that host in `Host`, or the
page in `Origin`, and a page cannot forge either. So a request must name a loopback host, or one
that the operator named; and a page may call only the host that it came from itself.

>>> check_addressee([(b"host", b"[::1]:8000")], frozenset())
>>> check_addressee([(b"host", b"rebound.example")], frozenset())
Traceback (most recent call last):
attest.errors.InputError: host: the request names a host that is not this service's
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from attest.errors import InputError
from service.wire import Application, Receive, Scope, Send, send_problem

_AUTHORITY: Final = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]*)?")
_ORIGIN: Final = re.compile(rb"https?://(.+)")


class Addressed:
    """ASGI middleware that refuses what is not meant for this service.

    `public_hosts` are the names, without a port, that it may be called by besides loopback ones.
    """

    def __init__(self, app: Application, public_hosts: Sequence[str]) -> None:
        self._app = app
        self._public = frozenset(name.lower() for name in public_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                check_addressee(scope["headers"], self._public)
            except InputError as error:
                await send_problem(send, error)
                return
        await self._app(scope, receive, send)


def check_addressee(fields: Sequence[tuple[bytes, bytes]], public: frozenset[str]) -> None:
    """Check `Host`, and `Origin` where there is one; `public` are names in lower case.

    Raises:
        InputError: host.
    """
    hosts = [value.lower() for name, value in fields if name == b"host"]
    if len(hosts) != 1:
        raise InputError("host", "a request has one Host field")
    if not _is_ours(hosts[0], public):
        raise InputError("host", "the request names a host that is not this service's")
    for name, value in fields:
        if name == b"origin":
            origin = _ORIGIN.fullmatch(value.lower())
            if origin is None or (origin[1] != hosts[0] and _name_in(origin[1]) not in public):
                raise InputError("host", "the request comes from a page of another site")


def _is_ours(authority: bytes, public: frozenset[str]) -> bool:
    name = _name_in(authority)
    if name == "localhost" or name in public:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name_in(authority: bytes) -> str:
    match = _AUTHORITY.fullmatch(authority)
    return match[1].decode().strip("[]") if match else ""
