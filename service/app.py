"""The HTTP application.

Three routes write: submissions, their reviews, and keyset changes. `POST /v1/submissions` is the
hot one: plain ASGI inside the application, raw bytes in, prebuilt bytes out, and its only wait is
for the sequencer. `POST /v1/evaluations` only computes. All other routes read (`service.reads`).

Every error is a problem document (SPEC 17), those of the framework included, and none repeats
anything of the request.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from attest import limits
from attest.encoding import digest
from attest.errors import AttestError, InputError
from service import answers
from service.cosigning import Cosigner
from service.evaluations import Evaluations
from service.frame import HANDLERS, SILENT
from service.hosts import Addressed
from service.later import Later
from service.pages import verifier
from service.reads import JSON, Reads, json_answer, submission_id_of
from service.records import Records
from service.sequencer import Sequencer, utc_now
from service.shell import Shell
from service.stamping import Stamper
from service.standing import Standing
from service.wire import Receive, Scope, Send, read_body, send_answer, send_problem

EVALUATIONS_AT_ONCE: Final = 2
"""How many evaluations run at a time: they take processor time from decisions."""
ENVELOPE: Final = "application/vnd.dsse+json"


def create_app(
    *,
    sequencer: Sequencer,
    later: Later,
    records: Records,
    standing: Standing,
    cosigner: Cosigner | None = None,
    stamper: Stamper | None = None,
    public_hosts: Sequence[str] = (),
    today: Callable[[], dt.date] = lambda: utc_now().date(),
) -> FastAPI:
    """The application over a sequencer that is not yet running.

    Args:
        later: decides what is to be acknowledged at once.
        records: reads for requests; its store is no other thread's.
        standing: what decisions rest on: its packs are shown.
        cosigner: asks witnesses, and may refuse submissions for want of them.
        stamper: has the log timestamped.
        today: the day that an evaluation is placed on unless it says another.
        public_hosts: names that requests may call it by besides loopback ones.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sequencer, later:
            yield

    app = FastAPI(
        title="foundry-attest",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=SILENT,
        exception_handlers=HANDLERS,
    )
    app.add_middleware(Addressed, public_hosts=public_hosts)
    app.add_middleware(Shell)
    app.router.routes.append(
        Route(
            Submissions.path,
            Submissions(sequencer, later, cosigner),
            methods=["POST"],
            name="submit",
        )
    )
    reads = Reads(sequencer, records, standing, cosigner, stamper)
    for path, endpoint in reads.routes().items():
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_model=None)
    app.add_api_route("/verify", verifier, methods=["GET", "HEAD"], response_model=None)
    active = {pack.id: standing.bodies[pack.digest] for pack in standing.trust.packs}
    app.add_api_route(
        "/v1/evaluations",
        _evaluating(Evaluations(active, standing.trust.mode, today=today)),
        methods=["POST"],
        response_model=None,
    )
    app.add_api_route(
        "/v1/submissions/{submission_id}/reviews",
        _reviewing(sequencer),
        methods=["POST"],
        response_model=None,
    )
    app.add_api_route(
        "/v1/keyset-changes", _changing_keysets(sequencer), methods=["POST"], response_model=None
    )
    return app


class Submissions:
    """The hot route: a submission in, a decision out, or at once its acknowledgement."""

    path = "/v1/submissions"

    def __init__(self, sequencer: Sequencer, later: Later, cosigner: Cosigner | None) -> None:
        self._sequencer = sequencer
        self._later = later
        self._cosigner = cosigner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 201 with a new decision, 200 with the one that the same bytes got before.

        Who prefers an answer at once (`Prefer: respond-async`, RFC 7240) gets 202 with the signed
        acknowledgement that the submission will be decided.
        """
        scope["route"] = self
        try:
            if self._cosigner is not None:
                self._cosigner.check()
            raw = await read_body(scope, receive)
            if _prefers_async(scope["headers"]):
                await _acknowledge(send, raw, await self._later.acknowledge(raw))
                return
            recorded = await self._sequencer.submit(raw)
        except AttestError as error:
            await send_problem(send, error)
            return
        body = answers.submission_answer(recorded)
        status, headers = _recorded_head(recorded.replayed, f"{self.path}/{recorded.submission_id}")
        headers["content-length"] = str(len(body))
        await send_answer(send, status, headers, body)


def _prefers_async(fields: Iterable[tuple[bytes, bytes]]) -> bool:
    preferences = [value for name, value in fields if name == b"prefer"]
    return any(
        preference.partition(b";")[0].strip().lower() == b"respond-async"
        for value in preferences
        for preference in value.split(b",")
    )


async def _acknowledge(send: Send, raw: bytes, acknowledgement: bytes) -> None:
    headers = {
        "content-type": ENVELOPE,
        "content-length": str(len(acknowledgement)),
        "location": f"/v1/submissions/{digest(raw)}",
        "preference-applied": "respond-async",
    }
    await send_answer(send, 202, headers, acknowledgement)


def _recorded_head(replayed: bool, location: str) -> tuple[int, dict[str, str]]:
    headers = {"content-type": JSON, "location": location}
    if replayed:
        headers["idempotent-replayed"] = "true"
    return 200 if replayed else 201, headers


def _reviewing(sequencer: Sequencer) -> Callable[[str, Request], Awaitable[Response]]:
    async def review(submission_id: str, request: Request) -> Response:
        submission_id_of(submission_id)
        raw = await read_body(request.scope, request.receive)
        reviewed = await sequencer.review(submission_id, raw)
        status, headers = _recorded_head(reviewed.replayed, f"{Submissions.path}/{submission_id}")
        return Response(answers.review_answer(reviewed), status, headers)

    return review


def _changing_keysets(sequencer: Sequencer) -> Callable[[Request], Awaitable[Response]]:
    async def change_keysets(request: Request) -> Response:
        raw = await read_body(request.scope, request.receive)
        changed = await sequencer.change_keysets(raw)
        status, headers = _recorded_head(changed.replayed, "/v1/trust")
        return Response(answers.keysets_answer(changed), status, headers)

    return change_keysets


def _evaluating(evaluations: Evaluations) -> Callable[[Request], Awaitable[Response]]:
    waiting = asyncio.Semaphore(EVALUATIONS_AT_ONCE)

    async def evaluate(request: Request) -> Response:
        raw = await read_body(request.scope, request.receive, bytes_max=limits.FACTS_BYTES_MAX)
        if waiting.locked():
            raise InputError("busy", "too many evaluations are asked for at once")
        async with waiting:
            return json_answer(await run_in_threadpool(evaluations.answer, raw))

    return evaluate
