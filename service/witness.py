"""A witness: it cosigns checkpoints of logs that it follows, and of no log two that disagree.

    POST /witness/add-checkpoint                      c2sp.org/tlog-witness; 200 with two lines
    GET  /witness/<hex SHA-256 of origin>/checkpoint  the newest cosigned checkpoint of a log
    GET  /witness/vkeys                               the witness's verifier keys
    GET  /healthz

    DATA/
      witness.sqlite    what was seen          witness.vkeys    the verifier keys, public
      keys/witness-ed25519.pem  keys/witness-ml-dsa-44.pem

      misbehaviour/     proofs against operators of logs (SPEC 18), which anyone can check:
                        <hex SHA-256 of origin>-<hex SHA-256 of proof>.json

What is answered was kept before. A checkpoint that contradicts the one cosigned last is not
cosigned, and what proves the contradiction is kept.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from attest import limits
from attest.errors import InputError, LogError
from attest.log.checkpoint import parse_checkpoint_text
from attest.log.cosignature import CosignatureSigner
from attest.log.misbehaviour import prove_misbehaviour
from attest.log.note import (
    ED25519_NOTE,
    ML_DSA_44_COSIGNATURE,
    NoteKey,
    lines_by,
    parse_note,
    parse_vkey,
)
from attest.log.witness import AddCheckpoint, Behind, check_request, parse_add_checkpoint
from service.files import read_file, read_private, write_file
from service.frame import HANDLERS, SILENT
from service.hosts import Addressed
from service.problems import Problem
from service.seen import SqliteSeen
from service.shell import Shell
from service.wire import read_body

_log = logging.getLogger("foundry.witness")

STORE: Final = "witness.sqlite"
VERIFIER_KEYS: Final = "witness.vkeys"
KEYS: Final = ("keys/witness-ed25519.pem", "keys/witness-ml-dsa-44.pem")
MISBEHAVIOUR: Final = "misbehaviour"
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT: Final = "text/plain; charset=utf-8"
PROOFS_MAX: Final = 100
"""How many proofs are kept against one log: one is enough to convict."""
PARTIAL: Final = ".partial"
LOG_KEY_KINDS: Final = frozenset({ED25519_NOTE, ML_DSA_44_COSIGNATURE})
"""The types of keys that sign a log's checkpoints."""
STATUS: Final = {
    "checkpoint-malformed": 400,
    "checkpoint-signature": 403,
    "proof-malformed": 422,
    "proof-invalid": 422,
}
"""The statuses of c2sp.org/tlog-witness, where they differ from those of our own interface."""


class WitnessDesk:
    """A witness at work: one request at a time, whichever thread brings it."""

    def __init__(
        self,
        folder: Path,
        signer: CosignatureSigner,
        logs: Mapping[str, Sequence[NoteKey]],
        *,
        clock: Callable[[], dt.datetime],
    ) -> None:
        """Take over a folder; `logs` maps origins to the keys of the logs that are followed.

        Raises:
            LogError: store-missing.
        """
        self._folder = folder
        self._signer = signer
        self._logs = dict(logs)
        self._clock = clock
        self._seen = SqliteSeen.open(folder / STORE)
        self._lock = threading.Lock()
        self._by_digest = {sha256(origin.encode()).hexdigest(): origin for origin in logs}

    def add_checkpoint(self, raw: bytes) -> bytes:
        """The cosignature lines for a request, once it is kept that they were given.

        Raises:
            InputError, LogError, Behind: as `attest.log.witness.check_request`; log-stopped.
        """
        request = parse_add_checkpoint(raw)
        with self._lock:
            try:
                before, after = check_request(request, logs=self._logs, seen=self._seen)
            except LogError:
                self._keep_contradiction(request)
                raise
            lines = self._signer.cosign(request.note, at=self._clock())
            if not self._seen.advance(before, after, self._as_signed(request.note) + lines):
                newest = self._seen.newest(after.origin)
                raise Behind(0 if newest is None else newest.size)
        return lines

    def checkpoint(self, digest: str) -> bytes:
        """The newest cosigned checkpoint of the log whose origin has this SHA-256, in hex.

        Raises:
            InputError: not-found.
        """
        origin = self._by_digest.get(digest)
        with self._lock:
            note = None if origin is None else self._seen.note(origin)
        if note is None:
            raise InputError("not-found", "no checkpoint of such a log was cosigned")
        return note

    def vkeys(self) -> bytes:
        """The witness's verifier keys, a line each."""
        return "".join(f"{key.vkey}\n" for key in self._signer.keys).encode()

    def close(self) -> None:
        """Let go of the file."""
        self._seen.close()

    def _as_signed(self, note: bytes) -> bytes:
        """A note of a log that is followed, with the signatures of that log alone."""
        text = parse_note(note).text
        keys = self._logs[parse_checkpoint_text(text).origin]
        return text + b"\n" + lines_by(note, keys)

    def _keep_contradiction(self, request: AddCheckpoint) -> None:
        """Keep what proves that a log contradicts what was cosigned, up to so many proofs a log."""
        try:
            origin = parse_checkpoint_text(parse_note(request.note).text).origin
            first = self._seen.note(origin)
            if first is None:
                return
            second = self._as_signed(request.note)
            raw = prove_misbehaviour(first, second, keys=self._logs[origin], path=request.proof)
        except LogError:
            return
        if raw is None:
            return
        folder = self._folder / MISBEHAVIOUR
        log = sha256(origin.encode()).hexdigest()
        path = folder / f"{log}-{sha256(raw).hexdigest()}.json"
        partial = path.with_suffix(PARTIAL)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            if not path.exists() and len(list(folder.glob(f"{log}-*.json"))) < PROOFS_MAX:
                partial.unlink(missing_ok=True)
                write_file(partial, raw, mode=0o600)
                partial.replace(path)
        except OSError as error:
            _log.error("a proof of misbehaviour cannot be kept: %s", error.strerror)


def make_witness(folder: Path, name: str, passphrase: bytes | None) -> None:
    """Make the folder of a new witness: keys, and a memory without anything in it.

    `passphrase` encrypts the private keys; None leaves them open.

    Raises:
        LogError: store-exists.
        InputError: key-malformed (the name cannot name a key), file.
    """
    if folder.exists():
        raise LogError("store-exists", "the folder exists already")
    signer = CosignatureSigner.generate(name)
    vkeys = "".join(f"{key.vkey}\n" for key in signer.keys)
    partial = folder.with_name(folder.name + ".partial")
    try:
        (partial / "keys").mkdir(mode=0o700, parents=True)
    except FileExistsError:
        detail = f"{partial.name} is left of a start that did not end: delete it"
        raise InputError("file", detail) from None
    except OSError as error:
        raise InputError("file", f"the folder cannot be made: {error.strerror}") from None
    try:
        for path, pem in zip(KEYS, signer.to_pem(passphrase), strict=True):
            write_file(partial / path, pem, mode=0o600)
        write_file(partial / VERIFIER_KEYS, vkeys.encode(), mode=0o644)
        SqliteSeen.create(partial / STORE)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial)
        raise


def open_witness(
    folder: Path,
    logs: Mapping[str, Sequence[NoteKey]],
    passphrase: bytes | None,
    *,
    clock: Callable[[], dt.datetime],
) -> WitnessDesk:
    """Open the folder of a witness; proofs of which only a part was written are removed.

    Raises:
        LogError: store-missing.
        InputError: file, passphrase; key-malformed (among others: a log's key is of a type that
            signs no checkpoint).
    """
    if not all(key.kind in LOG_KEY_KINDS for keys in logs.values() for key in keys):
        detail = "a verifier key of a log is of type 0x01 or 0x06; this one is a witness's"
        raise InputError("key-malformed", detail)
    if not (folder / STORE).is_file():
        raise LogError("store-missing", "the folder is not a witness's")
    pems = (read_private(folder / KEYS[0]), read_private(folder / KEYS[1]))
    named = parse_vkey(read_file(folder / VERIFIER_KEYS).decode("ascii", "replace").split("\n")[0])
    signer = CosignatureSigner.from_pem(named.name, pems, passphrase)
    for partial in (folder / MISBEHAVIOUR).glob(f"*{PARTIAL}"):
        partial.unlink(missing_ok=True)
    return WitnessDesk(folder, signer, logs, clock=clock)


def create_witness_app(desk: WitnessDesk, *, public_hosts: Sequence[str] = ()) -> FastAPI:
    """The HTTP application of a witness."""
    app = FastAPI(
        title="foundry-attest witness",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=SILENT,
        exception_handlers=HANDLERS,
    )
    app.add_middleware(Addressed, public_hosts=public_hosts)
    app.add_middleware(Shell)

    async def add_checkpoint(request: Request) -> Response:
        raw = await read_body(
            request.scope,
            request.receive,
            media_types=None,
            bytes_max=limits.WITNESS_REQUEST_BYTES_MAX,
        )
        try:
            lines = await run_in_threadpool(desk.add_checkpoint, raw)
        except Behind as behind:
            return Response(f"{behind.size}\n", 409, {"content-type": SIZE_TYPE})
        except LogError as error:
            problem = Problem.of(error, status=STATUS.get(error.code))
            return Response(problem.body, problem.status, problem.headers())
        return Response(lines, media_type=TEXT)

    def checkpoint(digest: str) -> Response:
        return Response(desk.checkpoint(digest), media_type=TEXT)

    def vkeys() -> Response:
        return Response(desk.vkeys(), media_type=TEXT)

    def healthy() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    app.add_api_route("/witness/add-checkpoint", add_checkpoint, methods=["POST"])
    app.add_api_route("/witness/{digest}/checkpoint", checkpoint, methods=["GET", "HEAD"])
    app.add_api_route("/witness/vkeys", vkeys, methods=["GET", "HEAD"])
    app.add_api_route("/healthz", healthy, methods=["GET", "HEAD"])
    return app
