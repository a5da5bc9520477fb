"""The log on its own: append, export, full check, proofs, tiles, time to inclusion.

A log of small bodies, so that the cost of the log itself shows and not that of hashing papers. The
check is measured in processor time, which neighbours on the machine do not lengthen, beside bare
hashing of the same bytes; everything else in wall time.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

import uvloop

from attest.casefile import open_casefile
from attest.log.check import check_export
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.export import Export, write_export
from attest.log.merkle import check_inclusion, leaf_hash
from attest.log.proof import open_proof, parse_tlog_proof, prove
from attest.log.sqlite import SqliteStore
from attest.log.store import StoredEntry
from attest.log.tiles import hash_tiles, tile_path, tiles_of_level
from attest.log.writer import Draft, LogWriter
from benchmarks.figures import ROUNDS, show
from benchmarks.http import service, serving
from benchmarks.replay import _hash_all
from service.answers import casefile_answer
from tests.papers import submissions
from tests.world import NOW, World
from tests.world_log import found_world, world_log

ENTRIES = 1_000_000
BATCH = 2_000
SAMPLE = 100_000
PROOFS = 5_000
SERVED = 2_000
CONNECTIONS = 32
ORIGIN = "bench.example/log"
_CHECK = """
import resource, statistics, sys, time
from pathlib import Path
from attest.log.check import check_export
from attest.log.checkpoint import LogKeys

def cores():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)

folder, keys = Path(sys.argv[1]), LogKeys.parse((Path(sys.argv[1]) / "keys").read_text().split())
rounds = []
for _ in range(3):
    before, start = cores(), time.perf_counter()
    check_export(folder / "whole", keys=keys, processes=int(sys.argv[2]))
    rounds.append((cores() - before, time.perf_counter() - start))
print(*map(statistics.median, zip(*rounds, strict=True)))
"""


def measure(folder: Path, divisor: int) -> None:
    """Print what the log costs, part by part."""
    size = ENTRIES // divisor
    print(f"log: {size} entries with bodies of about 100 bytes")
    signer = CheckpointSigner.generate(ORIGIN)
    (folder / "keys").write_text("\n".join(signer.keys.vkeys()))
    for name, entries in (("tenth", size // 10), ("whole", size)):
        store = SqliteStore.create(folder / f"{name}.sqlite")
        start = time.perf_counter()
        _fill(store, signer, entries)
        appended = entries / (time.perf_counter() - start)
        start = time.perf_counter()
        write_export(store, folder / name)
        exported = entries / (time.perf_counter() - start)
        if name == "whole":
            show(f"append, durable batches of {BATCH}", appended, "entries/s")
            show("export", exported, "entries/s")
            _proofs(store, signer.keys, size)
        store.close()
    _check(folder, signer.keys, size)
    _case(folder)
    _served(folder, SERVED // divisor)


def _fill(store: SqliteStore, signer: CheckpointSigner, size: int) -> None:
    writer = LogWriter.open(store, signer)
    writer.append([Draft("genesis", b"the beginning"), Draft("keyset", b"one")], at=NOW)
    while (first := writer.head.size) < size:
        drafts: list[Draft] = []
        for index in range(first, min(first + BATCH, size), 2):
            body = b"a body of no more bytes than its digest and a name would have: %d" % index
            drafts.append(Draft("submission", body))
            refs = {"submission": [index], "keyset": [1], "pack": [1], "trust": [1]}
            drafts.append(Draft("decision", body + b", decided by a foundry", refs))
        writer.append(drafts, at=NOW)


def _check(folder: Path, keys: LogKeys, size: int) -> None:
    opened = Export.open(folder / "whole", keys=keys)
    bare = _bare_rate(list(opened.entries(0, min(SAMPLE, size))))
    show("bare hashing (leaf, node, commitment), a core", bare, "entries/s")
    for processes in (1, 2):
        command = [sys.executable, "-c", _CHECK, str(folder), str(processes)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        core, clock = (size / float(seconds) for seconds in run.stdout.split())
        name = f"full check, {processes} process{'es' * (processes > 1)}"
        show(f"{name}, a core", core, "entries/s", floor=("the bare hashing", bare))
        show("    by the clock", clock, "entries/s")
    for name in ("tenth", "whole"):
        tracemalloc.start()
        check_export(folder / name, keys=keys)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        show(f"    memory at its peak, {name} log", peak, "MiB")
        tracemalloc.stop()


def _bare_rate(stored: list[StoredEntry]) -> float:
    return len(stored) / _of_a_core(lambda: _hash_all(stored))


def _proofs(store: SqliteStore, keys: LogKeys, size: int) -> None:
    places = random.Random(7).sample(range(size), PROOFS)
    made, times = [], []
    for index in places:
        start = time.perf_counter()
        made.append(prove(store, index))
        times.append(time.perf_counter() - start)
    show("inclusion proofs from the store", 1 / statistics.mean(times), "/s")
    show("    p50", statistics.median(times) * 1e6, "us")
    entries = [next(iter(store.entries(index, index + 1))).entry for index in places]
    _, checkpoint = open_proof(made[0], entry=entries[0], keys=keys)
    checks = [
        (index, leaf_hash(entry), parse_tlog_proof(proof).hashes)
        for index, entry, proof in zip(places, entries, made, strict=True)
    ]

    def verify() -> None:
        for index, leaf, hashes in checks:
            check_inclusion(index=index, size=size, leaf=leaf, proof=hashes, root=checkpoint.root)

    show("    verified, without the checkpoint's signatures", PROOFS / _of_a_core(verify), "/s")


def _case(folder: Path) -> None:
    """The first case file after the imports, and the ones after it."""
    world = World()
    with world_log(world, folder / "case") as log:
        (recorded,) = log.register(list(submissions(world, 1)))
        raw = casefile_answer(log.records, recorded.submission_id)
        start = time.perf_counter()
        open_casefile(raw, log_keys=log.keys)
        show("case file verified, the first one", (time.perf_counter() - start) * 1e3, "ms")
        times = [_timed(lambda: open_casefile(raw, log_keys=log.keys)) for _ in range(20)]
        show("    and each after it, p50", statistics.median(times) * 1e3, "ms")


def _served(folder: Path, count: int) -> None:
    """Tiles and proofs over HTTP, and how long a submission takes until it is proven."""
    world = World()
    data = folder / "served"
    found_world(world, data)
    with serving(service(data, [0]), [0, 1]) as port:
        proven = []
        url = f"http://127.0.0.1:{port}"
        for raw in submissions(world, max(count // 10, 20)):
            start = time.perf_counter()
            index = json.loads(_fetch(f"{url}/v1/submissions", raw))["decision_index"]
            _fetch(f"{url}/v1/log/proofs/{index}")
            proven.append(time.perf_counter() - start)
        show("submission to proof, one after the other, p50", statistics.median(proven) * 1e3, "ms")
        size = int(_fetch(f"{url}/v1/log/checkpoint").split(b"\n")[1])
        paths = [tile_path(each.level, each.index, each.width) for each in hash_tiles(size)]
        bundles = [
            tile_path(0, each.index, each.width).replace("tile/0", "tile/entries")
            for each in tiles_of_level(size, 0)
        ]
        for name, chosen in (("hash tiles", paths), ("entry bundles", bundles)):
            asked = [f"/v1/log/{chosen[number % len(chosen)]}" for number in range(count)]
            show(f"{name} over HTTP, {CONNECTIONS} connections", _get_all(port, asked), "/s")


def _fetch(url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: bytes = response.read()
    return answer


def _get_all(port: int, paths: Iterable[str]) -> float:
    """Answers a second; every status is checked."""
    pending = list(paths)
    count = len(pending)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while pending:
            path = pending.pop()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"unexpected answer: {head[:30]!r}")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
        writer.close()

    async def run() -> None:
        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))

    start = time.perf_counter()
    uvloop.run(run())
    return count / (time.perf_counter() - start)


def _of_a_core(work: Callable[[], object]) -> float:
    """The median time that a piece of work takes of one core, after one round not counted."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
