"""A log of the simulated world, made by the foundry's own registrar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attest.errors import AttestError
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from attest.signing import private_key_pem
from service.founding import LOG_KEYS, STORE, VERIFIER_KEYS, Charter, found
from service.places import DatabasePlace
from service.records import Recorded, Records
from service.registrar import Registrar
from service.standing import Standing, active_standing
from tests.world import NOW, World, derived_seed

ORIGIN = "foundry.example/log"


@dataclass(frozen=True)
class WorldLog:
    """An open log with its registrar."""

    folder: Path
    keys: LogKeys
    store: SqliteStore
    writer: LogWriter
    records: Records
    registrar: Registrar
    standing: Standing

    def register(self, raws: Sequence[bytes], at: dt.datetime = NOW) -> list[Recorded]:
        """Record submissions; each of them must be recorded."""
        recorded = []
        for outcome in self.registrar.register(raws, at):
            if isinstance(outcome, AttestError):
                raise outcome
            recorded.append(outcome)
        return recorded

    def export(self, folder: Path) -> Path:
        """Export the log to a folder."""
        write_export(self.store, folder)
        return folder


def found_world(
    world: World, folder: Path, at: dt.datetime = NOW, place: DatabasePlace | None = None
) -> None:
    """Found the world's log in a new folder, with the world's decision key."""
    charter = Charter(
        origin=ORIGIN,
        foundry=world.foundry.id,
        mode=world.mode,
        review_threshold=2,
        keysets=list(world.keysets().values()),
        packs=list(world.packs.values()),
        lists=list(world.lists.values()),
        mandate=world.mandate,
    )
    private = Ed25519PrivateKey.from_private_bytes(derived_seed("decision key"))
    pem = private_key_pem(private, None)
    found(folder, charter, decision_pem=pem, passphrase=None, at=at, place=place)


@contextmanager
def world_log(world: World, folder: Path, at: dt.datetime = NOW) -> Iterator[WorldLog]:
    """A founded log, open until the block ends."""
    found_world(world, folder, at)
    with open_log(world, folder) as log:
        yield log


@contextmanager
def open_log(world: World, folder: Path) -> Iterator[WorldLog]:
    """The world's log in a folder where it was founded, open until the block ends."""
    keys = LogKeys.parse((folder / VERIFIER_KEYS).read_text().splitlines())
    pems = ((folder / LOG_KEYS[0]).read_bytes(), (folder / LOG_KEYS[1]).read_bytes())
    store = SqliteStore.open(folder / STORE)
    try:
        writer = LogWriter.open(store, CheckpointSigner.from_pem(ORIGIN, pems, None))
        records = Records(store)
        standing = active_standing(records)
        registrar = Registrar(
            writer=writer, records=records, standing=standing, signer=world.decision_signer
        )
        yield WorldLog(folder, keys, store, writer, records, registrar, standing)
    finally:
        store.close()
