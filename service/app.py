"""The HTTP application.

Two routes write. `POST /v1/submissions` is the hot one: plain ASGI inside the application, raw
bytes in, prebuilt bytes out, and its only wait is for the sequencer. All other routes read, in
worker threads, through a read-only connection.

Every error is a problem document (SPEC 17), those of the framework included, and none repeats
anything of the request.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from attest import limits
from attest.encoding import canonical, digest
from attest.errors import AttestError, InputError
from service import answers
from service.cosigning import Cosigner
from service.evaluations import Evaluations
from service.frame import HANDLERS, SILENT
from service.hosts import Addressed
from service.later import Later
from service.openapi import openapi_document
from service.records import Records
from service.registrar import Standing
from service.sequencer import Sequencer, utc_now
from service.shell import Shell
from service.wire import Receive, Scope, Send, read_body, send_answer, send_problem

SUBMISSION_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
INDEX: Final = re.compile(r"0|[1-9][0-9]{0,12}")
EVALUATIONS_AT_ONCE: Final = 2
"""How many evaluations run at a time: they take processor time from decisions."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"
JSON: Final = "application/json"
ENVELOPE: Final = "application/vnd.dsse+json"
BYTES: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"


def create_app(
    *,
    sequencer: Sequencer,
    later: Later,
    records: Records,
    standing: Standing,
    cosigner: Cosigner | None = None,
    public_hosts: Sequence[str] = (),
    today: Callable[[], dt.date] = lambda: utc_now().date(),
) -> FastAPI:
    """The application over a sequencer that is not yet running.

    Args:
        later: decides what is to be acknowledged at once.
        records: reads for requests; its store is no other thread's.
        standing: what decisions rest on: its packs are shown.
        cosigner: asks witnesses, and may refuse submissions for want of them.
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
    reads = Reads(sequencer, records, standing, cosigner)
    get: dict[str, Callable[..., Response]] = {
        "/v1/submissions/{submission_id}": reads.submission,
        "/v1/submissions/{submission_id}/casefile": reads.casefile,
        "/v1/log/checkpoint": reads.checkpoint,
        "/v1/log/tile/{path:path}": reads.tile,
        "/v1/log/entries/{index}": reads.entry,
        "/v1/log/proofs/{index}": reads.proof,
        "/v1/log/consistency": reads.consistency,
        "/v1/log/witnesses": reads.witnesses,
        "/v1/rules": reads.rules,
        "/v1/rules/{pack}": reads.rule_pack,
        "/v1/rules/{pack}/{rule}": reads.rule,
        "/v1/trust": reads.trust,
        "/v1/errors": reads.errors,
        "/openapi.json": reads.openapi,
        "/healthz": reads.healthy,
        "/readyz": reads.ready,
    }
    for path, endpoint in get.items():
        app.add_api_route(path, endpoint, methods=["GET", "HEAD"], response_model=None)
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
        status, headers = _recorded_head(recorded.replayed, recorded.submission_id)
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


def _recorded_head(replayed: bool, submission_id: str) -> tuple[int, dict[str, str]]:
    headers = {"content-type": JSON, "location": f"/v1/submissions/{submission_id}"}
    if replayed:
        headers["idempotent-replayed"] = "true"
    return 200 if replayed else 201, headers


def _reviewing(sequencer: Sequencer) -> Callable[[str, Request], Awaitable[Response]]:
    async def review(submission_id: str, request: Request) -> Response:
        _submission_id(submission_id)
        raw = await read_body(request.scope, request.receive)
        reviewed = await sequencer.review(submission_id, raw)
        status, headers = _recorded_head(reviewed.replayed, submission_id)
        return Response(answers.review_answer(reviewed), status, headers)

    return review


def _evaluating(evaluations: Evaluations) -> Callable[[Request], Awaitable[Response]]:
    waiting = asyncio.Semaphore(EVALUATIONS_AT_ONCE)

    async def evaluate(request: Request) -> Response:
        raw = await read_body(request.scope, request.receive, bytes_max=limits.FACTS_BYTES_MAX)
        if waiting.locked():
            raise InputError("busy", "too many evaluations are asked for at once")
        async with waiting:
            return _json(await run_in_threadpool(evaluations.answer, raw))

    return evaluate


class Reads:
    """The routes that only read."""

    def __init__(
        self,
        sequencer: Sequencer,
        records: Records,
        standing: Standing,
        cosigner: Cosigner | None,
    ) -> None:
        self._sequencer = sequencer
        self._cosigner = cosigner
        self._records = records
        packs = [standing.bodies[pack.digest] for pack in standing.trust.packs]
        self._packs = {json.loads(raw)["id"]: raw for raw in packs}
        self._rules = answers.rules_answer(packs, trust=standing.trust.digest)
        self._snapshot = standing.snapshot
        self._errors = answers.errors_answer()
        self._openapi = json.dumps(openapi_document()).encode()

    def submission(self, submission_id: str) -> Response:
        """A submission with its decision, proof and reviews."""
        recorded = self._records.lookup(_submission_id(submission_id))
        return _json(answers.submission_answer(recorded, with_reviews=True))

    def casefile(self, submission_id: str) -> Response:
        """Everything to verify a submission offline."""
        return _json(answers.casefile_answer(self._records, _submission_id(submission_id)))

    def checkpoint(self) -> Response:
        """The newest signed checkpoint."""
        return Response(self._records.checkpoint(), media_type=TEXT)

    def tile(self, path: str) -> Response:
        """A tile of the log (C2SP tlog-tiles), which never changes."""
        raw = self._records.tile(f"tile/{path}")
        return Response(raw, headers={"cache-control": IMMUTABLE}, media_type=BYTES)

    def entry(self, index: str) -> Response:
        """The bytes of a leaf."""
        return Response(self._records.entry(_number(index)), media_type=BYTES)

    def proof(self, index: str) -> Response:
        """The inclusion proof of an entry."""
        return Response(self._records.tlog_proof(_number(index)), media_type=TEXT)

    def consistency(self, request: Request) -> Response:
        """The proof that one tree extends another."""
        size1 = _number(request.query_params.get("from", ""))
        size2 = _number(request.query_params.get("to", ""))
        hashes = self._records.consistency(size1, size2)
        return _json(answers.consistency_answer(size1, size2, hashes))

    def witnesses(self) -> Response:
        """How the witnesses of the log stand; a log without any says so."""
        status = {"witnesses": []} if self._cosigner is None else self._cosigner.status()
        return _json(canonical(status))

    def rules(self) -> Response:
        """The active packs."""
        return _json(self._rules)

    def rule_pack(self, pack: str) -> Response:
        """One active pack, the bytes that its digest is of."""
        return _json(self._active(pack))

    def rule(self, pack: str, rule: str) -> Response:
        """One rule of an active pack: its versions with text and citation."""
        return _json(answers.rule_answer(self._active(pack), rule))

    def trust(self) -> Response:
        """The active trust snapshot, the bytes that its digest is of."""
        return _json(self._snapshot)

    def _active(self, pack: str) -> bytes:
        raw = self._packs.get(pack)
        if raw is None:
            raise InputError("not-found", "no active pack of that name")
        return raw

    def errors(self) -> Response:
        """Every code."""
        return _json(self._errors)

    def openapi(self) -> Response:
        """The description of this interface."""
        return _json(self._openapi)

    def healthy(self) -> Response:
        """The process answers."""
        return _json(b'{"status":"ok"}')

    def ready(self) -> Response:
        """Submissions can be decided and recorded."""
        if not self._sequencer.ready:
            raise InputError("not-ready", "submissions cannot be decided or recorded")
        if self._cosigner is not None:
            self._cosigner.check()
        return _json(b'{"status":"ready"}')


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON)


def _submission_id(text: str) -> str:
    if SUBMISSION_ID.fullmatch(text) is None:
        raise InputError("not-found", "not an identifier of a submission")
    return text


def _number(text: str) -> int:
    if INDEX.fullmatch(text) is None or int(text) > limits.LOG_ENTRIES_MAX:
        raise InputError("not-found", "not the number of an entry or the size of a tree")
    return int(text)
