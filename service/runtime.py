"""Opening a data folder for service: the lock, the keys, the log, the application.

One process at a time has a folder open for writing; the lock ends with the process. Several that
share a log in a database have a folder each, with the same keys. A log that was left between commit
and signature is signed when it is opened.
"""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvicorn
from fastapi import FastAPI

from attest.errors import InputError, LogError
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.policy import Policy
from attest.log.timestamp import Authorities
from attest.log.writer import LogWriter
from attest.signing import load_signer
from service.app import create_app
from service.cosigning import Cosigner
from service.deciders import DeciderPool
from service.files import open_file, read_file, read_private
from service.founding import DECISION_KEY, LOG_KEYS, STORE, VERIFIER_KEYS
from service.later import Later
from service.places import DatabasePlace, FilePlace, Place
from service.records import Records
from service.registrar import Registrar
from service.sequencer import Sequencer, utc_now
from service.stamping import Stamper
from service.standing import Standing, active_standing
from service.wire import GuardedProtocol

STOP_SECONDS_MAX: Final = 30
"""How long open requests may take once the server is told to stop."""


class Timestamping(NamedTuple):
    """Who timestamps the log, and how often: addresses, and the roots of whoever answers there."""

    urls: tuple[str, ...]
    authorities: Authorities
    every: dt.timedelta


@contextmanager
def open_application(
    folder: Path,
    passphrase: bytes | None,
    *,
    place: DatabasePlace | None = None,
    processes: int = 0,
    public_hosts: Sequence[str] = (),
    policy: Policy | None = None,
    fail_closed: bool = False,
    timestamping: Timestamping | None = None,
    clock: Callable[[], dt.datetime] = utc_now,
) -> Iterator[FastAPI]:
    """The application over a data folder, until the block ends.

    The log is in the folder unless a `place` is given. `processes` workers decide; without any, the
    sequencer's thread does. `public_hosts` are names that requests may call the service by besides
    loopback ones. `policy` names the witnesses that are asked; with `fail_closed` no submission is
    taken while they do not follow. `clock` gives the instant of receipt: aware, UTC, whole seconds.

    Raises:
        LogError: store-missing, store-exists (the folder holds a log, and another is meant), and
            what is wrong with the log.
        InputError: file (another process has the folder open, a file cannot be read, others can
            read a private key), passphrase, key-malformed.
        TrustError, RuleError: what is wrong with the trust snapshot.
    """
    with ExitStack() as stack:
        writer, records = stack.enter_context(open_log(folder, passphrase, place))
        kept = place_of(folder, place)
        signer = load_signer(read_private(folder / DECISION_KEY), passphrase)
        standing = active_standing(records)
        registrar = Registrar(
            writer=writer,
            records=records,
            standing=standing,
            signer=signer,
            deciders=stack.enter_context(_deciders(standing, processes)),
        )
        cosigner = stack.enter_context(
            _cosigner(folder, kept, writer.keys, policy, fail_closed=fail_closed)
        )
        stamper = stack.enter_context(
            _stamper(folder, kept, writer.keys, timestamping, cosigner=cosigner, clock=clock)
        )
        reading = stack.enter_context(closing(kept.open(read_only=True)))
        sequencer = Sequencer(registrar, clock=clock)
        later = Later(
            kept.spool(),
            sequencer,
            signer,
            foundry=standing.trust.foundry.id,
            origin=writer.keys.origin,
        )
        yield create_app(
            sequencer=sequencer,
            later=later,
            records=Records(reading, _newest_of(cosigner)),
            standing=standing,
            cosigner=cosigner,
            stamper=stamper,
            public_hosts=public_hosts,
            today=lambda: clock().date(),
        )


@contextmanager
def _cosigner(
    folder: Path, place: Place, keys: LogKeys, policy: Policy | None, *, fail_closed: bool
) -> Iterator[Cosigner | None]:
    if policy is None:
        yield None
        return
    with ExitStack() as stack:
        store = stack.enter_context(closing(place.open(read_only=True)))
        shared = place.cosigned()
        if shared is not None:
            stack.enter_context(closing(shared))
        yield stack.enter_context(
            Cosigner(
                store,
                keys=keys,
                policy=policy,
                folder=folder,
                fail_closed=fail_closed,
                shared=shared,
            )
        )


@contextmanager
def _stamper(
    folder: Path,
    place: Place,
    keys: LogKeys,
    timestamping: Timestamping | None,
    *,
    cosigner: Cosigner | None,
    clock: Callable[[], dt.datetime],
) -> Iterator[Stamper | None]:
    if timestamping is None:
        yield None
        return

    def newest() -> bytes | None:
        if cosigner is None:
            return store.head().checkpoint
        return None if cosigner.newest is None else cosigner.newest[0]

    with (
        closing(place.open(read_only=True)) as store,
        Stamper(
            store,
            keys=keys,
            authorities=timestamping.authorities,
            urls=timestamping.urls,
            folder=folder,
            every=timestamping.every,
            clock=clock,
            newest=newest,
        ) as stamper,
    ):
        yield stamper


def _newest_of(cosigner: Cosigner | None) -> Callable[[], tuple[bytes, int] | None] | None:
    return None if cosigner is None else lambda: cosigner.newest


def place_of(folder: Path, place: DatabasePlace | None) -> Place:
    """Where the log of a data folder is: in it, unless a place is given.

    Raises:
        LogError: store-exists (a place is given, and the folder holds a log too: going on with both
            would be two logs under one name).
    """
    if place is None:
        return FilePlace(folder / STORE)
    if (folder / STORE).exists():
        raise LogError("store-exists", f"the folder holds {STORE} too; move that file away")
    return place


@contextmanager
def open_log(
    folder: Path, passphrase: bytes | None, place: DatabasePlace | None = None
) -> Iterator[tuple[LogWriter, Records]]:
    """The log of a data folder, which is locked for writing until the block ends.

    Raises:
        LogError: store-missing, store-exists, and what is wrong with the log.
        InputError: file, passphrase, key-malformed (as `open_application`).
    """
    kept = place_of(folder, place)
    if isinstance(kept, FilePlace) and not kept.path.is_file():
        raise LogError("store-missing", "the folder holds no log")
    with _locked(folder):
        pems = (read_private(folder / LOG_KEYS[0]), read_private(folder / LOG_KEYS[1]))
        vkeys = read_file(folder / VERIFIER_KEYS).decode("ascii", "replace")
        log_keys = LogKeys.parse(vkeys.splitlines())
        log_signer = CheckpointSigner.from_pem(log_keys.origin, pems, passphrase)
        store = kept.open()
        try:
            yield LogWriter.open(store, log_signer), Records(store)
        finally:
            store.close()


@contextmanager
def _deciders(standing: Standing, processes: int) -> Iterator[DeciderPool | None]:
    if processes == 0:
        yield None
        return
    pool = DeciderPool(standing.snapshot, standing.bodies, processes=processes)
    try:
        pool.decide_all([b""] * processes, utc_now())  # returns once each of them is ready
        yield pool
    finally:
        pool.close()


def server_over(application: FastAPI) -> uvicorn.Server:
    """The server of an application: guarded, silent about itself, trusting no forwarded address."""
    config = uvicorn.Config(
        application,
        http=GuardedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    return uvicorn.Server(config)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open_file(folder / "lock", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("file", "another process has the folder open") from None
        yield
