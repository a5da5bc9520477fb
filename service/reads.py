"""The routes that only read, in worker threads, through a read-only connection."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from fastapi import Request, Response

from attest import limits
from attest.encoding import Json, canonical
from attest.errors import InputError
from service import answers
from service.cosigning import Cosigner
from service.openapi import openapi_document
from service.records import Records
from service.sequencer import Sequencer
from service.stamping import Stamper
from service.standing import Standing

SUBMISSION_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
INDEX: Final = re.compile(r"0|[1-9][0-9]{0,12}")
IMMUTABLE: Final = "public, max-age=31536000, immutable"
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"


class Reads:
    """The routes that only read."""

    def __init__(
        self,
        sequencer: Sequencer,
        records: Records,
        standing: Standing,
        cosigner: Cosigner | None,
        stamper: Stamper | None,
    ) -> None:
        self._sequencer = sequencer
        self._cosigner = cosigner
        self._stamper = stamper
        self._records = records
        packs = [standing.bodies[pack.digest] for pack in standing.trust.packs]
        self._packs = {json.loads(raw)["id"]: raw for raw in packs}
        self._rules = lru_cache(maxsize=1)(partial(answers.rules_answer, packs))
        self._errors = answers.errors_answer()
        self._openapi = json.dumps(openapi_document()).encode()

    def routes(self) -> dict[str, Callable[..., Response]]:
        """The paths that are read, each with what answers there."""
        return {
            "/v1/submissions/{submission_id}": self.submission,
            "/v1/submissions/{submission_id}/casefile": self.casefile,
            "/v1/log/checkpoint": self.checkpoint,
            "/v1/log/tile/{path:path}": self.tile,
            "/v1/log/entries/{index}": self.entry,
            "/v1/log/proofs/{index}": self.proof,
            "/v1/log/consistency": self.consistency,
            "/v1/log/witnesses": self.witnesses,
            "/v1/log/timestamps": self.timestamps,
            "/v1/log/timestamps/{number}": self.timestamp,
            "/v1/rules": self.rules,
            "/v1/rules/{pack}": self.rule_pack,
            "/v1/rules/{pack}/{rule}": self.rule,
            "/v1/trust": self.trust,
            "/v1/keysets/{party}": self.keyset,
            "/v1/errors": self.errors,
            "/openapi.json": self.openapi,
            "/healthz": self.healthy,
            "/readyz": self.ready,
        }

    def submission(self, submission_id: str) -> Response:
        """A submission with its decision, proof and reviews."""
        recorded = self._records.lookup(submission_id_of(submission_id))
        return json_answer(answers.submission_answer(recorded, with_reviews=True))

    def casefile(self, submission_id: str) -> Response:
        """Everything to verify a submission offline."""
        submission_id = submission_id_of(submission_id)
        return json_answer(answers.casefile_answer(self._records, submission_id, self._stamper))

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
        return json_answer(answers.consistency_answer(size1, size2, hashes))

    def witnesses(self) -> Response:
        """How the witnesses of the log stand; a log without any says so."""
        status = {"witnesses": []} if self._cosigner is None else self._cosigner.status()
        return json_answer(canonical(status))

    def timestamps(self) -> Response:
        """The timestamps of the log, and how its authorities stand; a log without any says so."""
        none: Json = {"timestamps": [], "authorities": []}
        return json_answer(canonical(none if self._stamper is None else self._stamper.status()))

    def timestamp(self, number: str) -> Response:
        """A timestamp with its token and what that is over."""
        if self._stamper is None:
            raise InputError("not-found", "the log has no timestamps")
        return json_answer(canonical(self._stamper.stamp(_number(number))))

    def rules(self) -> Response:
        """The active packs."""
        return json_answer(self._rules(trust=self._sequencer.standing.trust.digest))

    def rule_pack(self, pack: str) -> Response:
        """One active pack, the bytes that its digest is of."""
        return json_answer(self._active(pack))

    def rule(self, pack: str, rule: str) -> Response:
        """One rule of an active pack: its versions with text and citation."""
        return json_answer(answers.rule_answer(self._active(pack), rule))

    def trust(self) -> Response:
        """The active trust snapshot, the bytes that its digest is of."""
        return json_answer(self._sequencer.standing.snapshot)

    def keyset(self, party: str) -> Response:
        """The active keyset of a party, the bytes that its digest is of."""
        standing = self._sequencer.standing
        if party not in standing.trust.keysets:
            raise InputError("not-found", "no enrolled party of that name")
        return json_answer(standing.bodies[standing.trust.keysets[party]])

    def _active(self, pack: str) -> bytes:
        raw = self._packs.get(pack)
        if raw is None:
            raise InputError("not-found", "no active pack of that name")
        return raw

    def errors(self) -> Response:
        """Every code."""
        return json_answer(self._errors)

    def openapi(self) -> Response:
        """The description of this interface."""
        return json_answer(self._openapi)

    def healthy(self) -> Response:
        """The process answers."""
        return json_answer(b'{"status":"ok"}')

    def ready(self) -> Response:
        """Submissions can be decided and recorded."""
        if not self._sequencer.ready:
            raise InputError("not-ready", "submissions cannot be decided or recorded")
        if self._cosigner is not None:
            self._cosigner.check()
        return json_answer(b'{"status":"ready"}')


def json_answer(body: bytes) -> Response:
    """An answer of JSON that is written already."""
    return Response(body, media_type=JSON)


def submission_id_of(text: str) -> str:
    """The identifier of a submission.

    Raises:
        InputError: not-found (it is none).
    """
    if SUBMISSION_ID.fullmatch(text) is None:
        raise InputError("not-found", "not an identifier of a submission")
    return text


def _number(text: str) -> int:
    if INDEX.fullmatch(text) is None or int(text) > limits.LOG_ENTRIES_MAX:
        raise InputError("not-found", "not the number of an entry or the size of a tree")
    return int(text)
