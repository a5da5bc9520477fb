"""The two stores side by side: durable decided submissions over HTTP, and appends alone.

Every process of the service decides by itself, so that two of them show what a second one brings.
The load generator, PostgreSQL and the services share the processors of one machine. Rounds
alternate, so drift hits all.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from attest.log.store import LogStore
from benchmarks.figures import median_seconds, show
from benchmarks.http import CONNECTIONS, serving
from benchmarks.load import Load, post_all
from service.places import DatabasePlace, FilePlace
from tests import postgres
from tests.log.store_contract import batch_after
from tests.papers import submissions
from tests.world import World
from tests.world_log import found_world

ROUNDS = 3
SUBMISSIONS = 2_000
VARIABLE = "FOUNDRY_BENCHMARK_DATABASE"
PAIRS = {"one submission": 1, "256 submissions": 256}


def measure(folder: Path, divisor: int) -> None:
    """Print rates of both stores, each beside SQLite's in the same run."""
    with postgres.served() as server:
        print(f"stores: {CONNECTIONS} connections, medians of {ROUNDS} alternating rounds")
        _submissions(folder, server, SUBMISSIONS // divisor)
        _appends(folder, server)


def _submissions(folder: Path, server: postgres.Server, count: int) -> None:
    world = World()
    with ExitStack() as stack:
        kinds = {
            name: [stack.enter_context(serving(command, _processors())) for command in commands]
            for name, commands in _commands(folder, server, world)
        }
        runs: dict[str, list[Load]] = {name: [] for name in kinds}
        for number in range(ROUNDS):
            bodies = submissions(world, count, first=number * count)
            for name, ports in kinds.items():
                runs[name].append(
                    post_all(ports, "/v1/submissions", bodies, connections=CONNECTIONS, status=201)
                )
    rates = {
        name: statistics.median(load.per_second for load in loads) for name, loads in runs.items()
    }
    for name, rate in rates.items():
        show(f"submissions, {name}", rate, "/s", floor=("SQLite", rates["SQLite"]))
        for part in ("p50_ms", "p99_ms"):
            value = statistics.median(getattr(load, part) for load in runs[name])
            show(f"    {part[:3]} under that load", value, "ms")


def _commands(
    folder: Path, server: postgres.Server, world: World
) -> Iterator[tuple[str, list[list[str]]]]:
    """What is started of each kind: a service per command, with a folder of its own."""
    service = [sys.executable, "-m", "service", "run"]
    options = ["--processes", "0", "--no-access-log"]
    found_world(world, folder / "file")
    yield "SQLite", [[*service, str(folder / "file"), *options, "--port"]]
    for name, count in (("PostgreSQL", 1), ("PostgreSQL, two processes", 2)):
        variable = f"{VARIABLE}_{count}"
        os.environ[variable] = server.address(server.database())
        first = folder / f"{count}-0"
        found_world(world, first, place=DatabasePlace(os.environ[variable]))
        folders = [first, *(folder / f"{count}-{at}" for at in range(1, count))]
        for other in folders[1:]:
            shutil.copytree(first, other)
        store = ["--store", f"env:{variable}"]
        yield name, [[*service, str(each), *options, *store, "--port"] for each in folders]


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _appends(folder: Path, server: postgres.Server) -> None:
    stores = {
        "SQLite": FilePlace(folder / "bare.sqlite").create(),
        "PostgreSQL": DatabasePlace(server.address(server.database())).open(),
    }
    with closing(stores["SQLite"]) as file, closing(stores["PostgreSQL"]) as database:
        for title, pairs in PAIRS.items():
            rates = [_rate(store, 2 * pairs) for store in (file, database)]
            for name, rate in zip(stores, rates, strict=True):
                show(
                    f"entries appended, batches of {title}, {name}",
                    rate,
                    "/s",
                    floor=("SQLite", rates[0]),
                )


def _rate(store: LogStore, entries: int) -> float:
    def append() -> None:
        head = store.head()
        store.append(head, batch_after(head, entries))

    return entries / median_seconds(append, rounds=20)
