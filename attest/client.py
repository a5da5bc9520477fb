"""The client: the only module of the library that opens a connection.

One request, one answer: no redirects, no proxies, no retries, no cookies. Every wait and every size
is bounded, and an answer is read as strictly as any other document. What a server says when it
refuses is reduced to its status, its code and its pointer; its words are never shown.

    answer = submit("https://foundry.example", raw)     # an envelope or a submission (SPEC 2, 6)
    answer.document["verdict"], answer.replayed

>>> submit("ftp://foundry.example", b"{}")
Traceback (most recent call last):
attest.errors.RemoteError: network: the address is not http:// or https:// with a host
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from attest import encoding, limits
from attest.encoding import Json
from attest.errors import AttestError, InputError, RemoteError
from attest.log.witness import Behind

CONNECT_SECONDS_MAX: Final = 20
ANSWER_SECONDS_MAX: Final = 60
"""How long a connected server may take for everything, its last byte included."""
WITNESS_SECONDS_MAX: Final = 10
"""The same for a witness, and for connecting to it: one of several must not delay the others."""

_SUBMISSION_ID = re.compile(r"sha256:[0-9a-f]{64}")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ENVELOPE_TYPE: Final = "application/vnd.dsse+json"
_ACCEPTED: Final = f"application/json, application/problem+json, {_ENVELOPE_TYPE}, text/plain"
_NOTE_TYPE: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What the service answered to a document.

    `document` is the parsed answer (verdict, decision, proof, … or a review), `raw` its bytes;
    `replayed` that the same bytes had been recorded before.
    """

    status: int
    document: Json
    raw: bytes
    replayed: bool


def submit(url: str, raw: bytes) -> Answer:
    """Submit a declaration, alone or with its determinations, to the service at `url`.

    Raises:
        RemoteError: network (no connection, no answer in time, not an answer of HTTP); remote (the
            service refused or its answer cannot be read). The detail carries the problem's code.
    """
    return _answer(_request(url, "POST", "/v1/submissions", raw))


def submit_later(url: str, raw: bytes) -> bytes:
    """Submit without waiting for the decision; returns the foundry's acknowledgement.

    Nothing of it is verified: `attest.acknowledgement.open_acknowledgement` does that.

    Raises:
        RemoteError: network, remote (among others: the service decides at once only).
    """
    response = _request(
        url, "POST", "/v1/submissions", raw, accepted=(202,), prefer="respond-async"
    )
    return response.body


def get_submission(url: str, submission_id: str) -> Answer:
    """Fetch a submission's decision, proof and reviews.

    Raises:
        InputError: not-found (not an identifier of a submission).
        RemoteError: network, remote.
    """
    return _answer(_request(url, "GET", _path_of(submission_id)))


def get_casefile(url: str, submission_id: str) -> bytes:
    """Fetch a submission's case file; `attest.casefile.open_casefile` verifies it.

    Raises:
        InputError: not-found (not an identifier of a submission).
        RemoteError: network, remote.
    """
    return _request(url, "GET", f"{_path_of(submission_id)}/casefile").body


def submit_review(url: str, submission_id: str, raw: bytes) -> Answer:
    """Submit a sealed review of the decision on a submission.

    Raises:
        InputError: not-found (not an identifier of a submission).
        RemoteError: network, remote.
    """
    return _answer(_request(url, "POST", f"{_path_of(submission_id)}/reviews", raw))


def submit_keyset_change(url: str, raw: bytes) -> Answer:
    """Submit a sealed keyset change (SPEC 9.3).

    Raises:
        RemoteError: network, remote.
    """
    return _answer(_request(url, "POST", "/v1/keyset-changes", raw))


def get_checkpoint(url: str) -> bytes:
    """Fetch the newest checkpoint; `attest.log.checkpoint.open_checkpoint` verifies it.

    Raises:
        RemoteError: network, remote.
    """
    return _request(url, "GET", "/v1/log/checkpoint").body


def get_from_log(prefix: str, path: str) -> bytes:
    """Fetch a file of a log that is served as tiles (C2SP tlog-tiles): `checkpoint`, a tile.

    `prefix` is the address under which they lie, `path` as `attest.log.tiles` writes it.

    Raises:
        RemoteError: network, remote.
    """
    return _request(prefix, "GET", f"/{path}").body


def ask_witness(url: str, request: bytes) -> bytes:
    """Ask the witness at `url` for its cosignatures (c2sp.org/tlog-witness); returns its lines.

    `request` is what `attest.log.witness.format_add_checkpoint` writes. Nothing of the answer is
    verified: `attest.log.cosignature.cosignatures` does that.

    Raises:
        Behind: the witness cosigned another size last, and says which.
        RemoteError: network, remote.
    """
    response = _request(
        url,
        "POST",
        "/add-checkpoint",
        request,
        media_type=_NOTE_TYPE,
        accepted=(200, 409),
        bytes_max=limits.CHECKPOINT_BYTES_MAX,
        seconds_max=WITNESS_SECONDS_MAX,
    )
    if response.status == 200:
        return response.body
    size = re.fullmatch(rb"(0|[1-9][0-9]{0,12})\n", response.body)
    if size is None:
        raise RemoteError("remote", "HTTP 409 without the size that the witness knows")
    raise Behind(int(size[1]))


def ask_timestamp(url: str, request: bytes) -> bytes:
    """Ask the timestamp authority at `url` (RFC 3161, section 3.4); returns its answer, a token.

    `request` is what `attest.log.timestamp.make_request` writes. Nothing of the answer is verified:
    `attest.log.timestamp.open_timestamp` does that.

    Raises:
        RemoteError: network, remote.
    """
    return _request(
        url,
        "POST",
        "",
        request,
        media_type="application/timestamp-query",
        accepts="application/timestamp-reply",
        accepted=(200,),
        bytes_max=limits.TIMESTAMP_BYTES_MAX,
    ).body


def get_publication(url: str) -> bytes:
    """Fetch a published list, as it is, over https; over http from this machine only.

    Raises:
        RemoteError: network (also: over http from elsewhere, where anybody may change it), remote.
    """
    address = _address_of(url)
    if address.scheme != "https" and not _is_here(address.hostname or ""):
        raise RemoteError("network", "a list is fetched over https")
    return _request(
        url, "GET", "", accepts="*/*", accepted=(200,), bytes_max=limits.LIST_BYTES_MAX
    ).body


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class _Response:
    status: int
    replayed: bool
    body: bytes


def _request(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    media_type: str = _ENVELOPE_TYPE,
    accepts: str = _ACCEPTED,
    accepted: tuple[int, ...] = (200, 201),
    prefer: str | None = None,
    bytes_max: int | None = None,
    seconds_max: float | None = None,
) -> _Response:
    address = _address_of(url)
    seconds = (seconds_max or CONNECT_SECONDS_MAX, seconds_max or ANSWER_SECONDS_MAX)
    headers = {"Accept": accepts}
    if body is not None:
        headers["Content-Type"] = media_type
    if prefer is not None:
        headers["Prefer"] = prefer
    target = address.path.rstrip("/") + path if path else address.path or "/"
    try:
        with (
            closing(_connection_to(address, seconds[0])) as connection,
            _connected(connection, seconds[1]),
        ):
            response = _exchange(
                connection, method, target, body, headers, bytes_max or limits.CASEFILE_BYTES_MAX
            )
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RemoteError("network", f"no answer: {type(error).__name__}") from None
    if response.status not in accepted:
        raise _refusal(response)
    return response


def _address_of(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise RemoteError("network", "the address is not http:// or https:// with a host")
    if address.username is not None or address.query or address.fragment:
        raise RemoteError("network", "the address has more than a host, a port and a path")
    return address


def _connection_to(address: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, port, timeout=seconds)


@contextmanager
def _connected(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Connect, and cut the connection when the block takes too long, however busy it is."""
    connection.connect()
    sock = connection.sock
    sock.settimeout(seconds)
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    bytes_max: int,
) -> _Response:
    # A server may refuse and close before it has read everything: hear what it says.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body, headers)
    with connection.getresponse() as response:
        return _Response(
            status=response.status,
            replayed=response.headers.get("Idempotent-Replayed") == "true",
            body=_read(response, bytes_max),
        )


def _read(response: http.client.HTTPResponse, bytes_max: int) -> bytes:
    received = response.read(bytes_max + 1)
    if len(received) > bytes_max:
        raise RemoteError("remote", f"HTTP {response.status}: the answer is too large")
    if response.length:  # bytes that were announced and never came
        raise http.client.IncompleteRead(received, response.length)
    return received


def _answer(response: _Response) -> Answer:
    try:
        document = _loads(response.body)
    except InputError as error:
        raise RemoteError("remote", f"the answer cannot be read: {error.code}") from None
    return Answer(response.status, document, response.body, response.replayed)


def _loads(raw: bytes) -> Json:
    return encoding.loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )


def _refusal(response: _Response) -> AttestError:
    problem: Any
    try:
        problem = _loads(response.body)
    except InputError:
        problem = None
    code = problem.get("code") if isinstance(problem, dict) else None
    if not isinstance(code, str) or len(code) > 64 or not _CODE.fullmatch(code):
        return RemoteError("remote", f"HTTP {response.status}")
    pointer = problem.get("pointer")
    if not isinstance(pointer, str) or len(pointer) > 1000:
        pointer = None
    return RemoteError("remote", f"HTTP {response.status}: {code}", pointer=pointer)


def _path_of(submission_id: str) -> str:
    if not _SUBMISSION_ID.fullmatch(submission_id):
        raise InputError("not-found", "an identifier is sha256: and 64 hex digits")
    return f"/v1/submissions/{submission_id}"
