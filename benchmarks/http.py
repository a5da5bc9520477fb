"""Durable decided submissions over HTTP, beside an empty FastAPI POST in the same run.

Both servers run as a process of their own on loopback, first pinned to one processor (the load
generator on another), then free to use all. The rounds alternate, so drift hits both.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import median_seconds, show
from benchmarks.load import Load, post_all
from tests.papers import declarations, submissions
from tests.world import World
from tests.world_log import found_world

CONNECTIONS = 128
ROUNDS = 3
SUBMISSIONS = 4_000

_EMPTY_SOURCE = """
import sys, uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()

@app.get("/healthz")
async def health() -> Response:
    return Response()

@app.post("/v1/submissions")
async def submit(request: Request) -> Response:
    await request.body()
    return Response(b"{}", status_code=201, media_type="application/json")

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
"""
_PIN = """
import os, sys
os.sched_setaffinity(0, [int(processor) for processor in sys.argv[1].split(",")])
os.execv(sys.argv[2], sys.argv[2:])
"""
EMPTY = [sys.executable, "-c", _EMPTY_SOURCE]


def measure(folder: Path, divisor: int) -> None:
    """Print submissions a second and latencies, each beside the empty POST."""
    print(f"http: {CONNECTIONS} connections, medians of {ROUNDS} alternating rounds")
    show("fdatasync of 2 kB", 1 / _fdatasync_seconds(folder / "sync"), "/s")
    processors = sorted(os.sched_getaffinity(0))
    placements = {"1 processor": processors[-1:], f"{len(processors)} processors": processors}
    world, count = World(), SUBMISSIONS // divisor
    linked = [submissions(world, count, first=count * number) for number in range(ROUNDS)]
    alone = declarations(world, count * ROUNDS)
    for label, placement in placements.items():
        data = folder / label.replace(" ", "-")
        found_world(world, data)
        runs: dict[str, list[Load]] = {"empty": [], "linked": [], "alone": []}
        with (
            serving(EMPTY, placement) as empty,
            serving(service(data, placement), placement) as ours,
        ):
            for number in range(ROUNDS):
                runs["empty"].append(post(empty, linked[number]))
                runs["linked"].append(post(ours, linked[number]))
                runs["alone"].append(post(ours, alone[count * number : count * (number + 1)]))
            single = post(ours, submissions(world, 200, first=10**6), connections=1)
        _report(label, runs, single)


def _report(label: str, runs: dict[str, list[Load]], single: Load) -> None:
    empty = statistics.median(load.per_second for load in runs["empty"])
    show(f"empty FastAPI POST, {label}", empty, "/s")
    for name, title in [("linked", "declaration + determination"), ("alone", "declaration alone")]:
        rate = statistics.median(load.per_second for load in runs[name])
        show(f"{title}, {label}", rate, "/s", floor=("the empty POST", empty))
        for part in ("p50_ms", "p99_ms"):
            value = statistics.median(getattr(load, part) for load in runs[name])
            show(f"    {part[:3]} under that load", value, "ms")
    show("    p50 of one connection", single.p50_ms, "ms")
    show("    p99 of one connection", single.p99_ms, "ms")


def post(port: int, bodies: Sequence[bytes], *, connections: int = CONNECTIONS) -> Load:
    """Post submissions, each of which has to be recorded."""
    return post_all([port], "/v1/submissions", bodies, connections=connections, status=201)


def _fdatasync_seconds(path: Path) -> float:
    with path.open("wb") as file:

        def append() -> None:
            file.write(bytes(2048))
            file.flush()
            os.fdatasync(file.fileno())

        return median_seconds(append, rounds=200)


def service(data: Path, processors: Sequence[int]) -> Sequence[str]:
    """The service: on one processor it decides in its own process, on more in workers."""
    workers = str(len(processors) if len(processors) > 1 else 0)
    options = ["--processes", workers, "--no-access-log", "--port"]
    return [sys.executable, "-m", "service", "run", str(data), *options]


@contextmanager
def serving(command: Sequence[str], processors: Sequence[int]) -> Iterator[int]:
    """Start a server whose last argument is its port, pinned to processors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    pinned = [sys.executable, "-c", _PIN, ",".join(map(str, processors))]
    process = subprocess.Popen([*pinned, *command, str(port)], stdout=subprocess.DEVNULL)
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")
