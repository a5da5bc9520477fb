"""A foundry's service, running in this process on a loopback port, and everything to talk to it."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from attest.encoding import Json, canonical, decode_base64, digest
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.writer import LogWriter
from attest.signing import load_signer, private_key_pem
from service.deciders import DeciderPool
from service.founding import DECISION_KEY, LOG_KEYS, STORE, VERIFIER_KEYS, Charter, found
from service.places import DatabasePlace, FilePlace
from service.records import Records
from service.registrar import Registrar
from service.runtime import open_application, server_over
from service.standing import Standing, active_standing
from tests.world import NOW, World

ORIGIN = "formosa.example/log"
DSSE = {"content-type": "application/vnd.dsse+json"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: int) -> None:
        """Move the clock, backwards too."""
        self.now += dt.timedelta(seconds=seconds)


def decision_pem(world: World, passphrase: bytes | None = None) -> bytes:
    """The private decision key of a world's foundry."""
    return private_key_pem(world.decision_signer._private, passphrase)


def charter_of(world: World) -> Charter:
    """The charter of a world's log."""
    return Charter(
        origin=ORIGIN,
        foundry=world.foundry.id,
        mode=world.mode,
        review_threshold=2,
        keysets=list(world.keysets().values()),
        packs=list(world.packs.values()),
    )


def standing_of(world: World) -> Standing:
    """What decisions of a world rest on, outside any log."""
    return Standing(
        trust=world.trust(),
        snapshot=world.trust_bytes(),
        bodies={**world.keysets(), **world.packs},
        refs={},
    )


def found_house(
    folder: Path, world: World, place: DatabasePlace | None = None, at: dt.datetime = NOW
) -> None:
    """Found the log of a world."""
    pem = decision_pem(world)
    found(folder, charter_of(world), decision_pem=pem, passphrase=None, at=at, place=place)


@dataclass
class House:
    """A running service."""

    world: World
    folder: Path
    clock: Clock
    port: int
    client: httpx.Client

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_keys(self) -> LogKeys:
        """The verifier keys that readers of the log hold."""
        return LogKeys.parse((self.folder / VERIFIER_KEYS).read_text().splitlines())

    def post(self, raw: bytes, **headers: str) -> httpx.Response:
        """Submit bytes."""
        return self.client.post("/v1/submissions", content=raw, headers=DSSE | headers)

    def size(self) -> int:
        """How many entries the newest checkpoint covers."""
        return int(self.client.get("/v1/log/checkpoint").text.split("\n")[1])

    def review_of(self, answer: Json, **changes: Any) -> bytes:
        """A sealed review of an answered decision."""
        payload = payload_of(answer)
        return self.world.review(payload, json.loads(payload)["subject"], **changes)


def payload_of(answer: Json) -> bytes:
    """The decision statement in an answer."""
    return decode_base64(answer["decision"]["payload"])


@functools.cache
def held(world: World, number: int = 0) -> bytes:
    """A submission that is held: nobody attests the count. Each number gives another one."""
    return world.submission({"end_use": f"Packet processing, variant {number}."})


def unread(number: int = 0) -> bytes:
    """Bytes that are an envelope and nothing more: recorded, and refused."""
    return canonical(
        {
            "payload": "bm90aGluZw==",
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"keyid": digest(b"%d" % number), "sig": "bm90aGluZw=="}],
        }
    )


@contextmanager
def registrar_over(
    folder: Path, deciders: DeciderPool | None = None, place: DatabasePlace | None = None
) -> Iterator[Registrar]:
    """The registrar of a founded folder, without a server around it."""
    store = (place or FilePlace(folder / STORE)).open()
    try:
        keys = LogKeys.parse((folder / VERIFIER_KEYS).read_text().splitlines())
        pems = ((folder / LOG_KEYS[0]).read_bytes(), (folder / LOG_KEYS[1]).read_bytes())
        yield Registrar(
            writer=LogWriter.open(store, CheckpointSigner.from_pem(keys.origin, pems, None)),
            records=Records(store),
            standing=active_standing(Records(store)),
            signer=load_signer((folder / DECISION_KEY).read_bytes(), None),
            deciders=deciders,
        )
    finally:
        store.close()


@contextmanager
def running(
    folder: Path, world: World, clock: Clock | None = None, processes: int = 0, **options: Any
) -> Iterator[House]:
    """Run the service over a founded folder."""
    clock = clock or Clock()
    with (
        open_application(folder, None, processes=processes, clock=clock, **options) as application,
        serving(application) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        yield House(world, folder, clock, port, client)


@contextmanager
def serving(application: Any) -> Iterator[int]:
    """Serve an application from a thread, the way the command does; gives the port."""
    server = server_over(application)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def served(
    folder: Path, *options: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m service run` in a process of its own, killed at the end; gives its address."""
    command = [sys.executable, "-m", "service", "run", str(folder), "--port", "0", *options]
    process = subprocess.Popen(
        [*command, "--no-access-log"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
