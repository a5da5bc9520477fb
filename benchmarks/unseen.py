"""Submissions over HTTP whose parties were never named before, beside a service without lists.

Each submission names eight parties, of which 0, 1 or 8 are new: companies as the benchmark of
screening invents them, half in Latin letters, half in Chinese. The lists are its lists. Rounds
alternate; the servers are those of the benchmark of HTTP, free to use all processors.
"""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from attest.encoding import Json
from benchmarks import screening
from benchmarks.figures import show
from benchmarks.http import ROUNDS, post, service, serving
from tests.world import World, party
from tests.world_log import found_world

PARTIES = 8
UNSEEN = (0, 1, 8)
SUBMISSIONS = 1_200


def measure(folder: Path, divisor: int) -> None:
    """Print submissions a second by new names of eight, each beside the service without lists."""
    count = SUBMISSIONS // divisor
    print(f"unseen: {PARTIES} parties a submission, medians of {ROUNDS} alternating rounds")
    packs = ("us-ear", "house-screening")
    worlds = {
        "without lists": World(packs=packs),
        "with lists": World(packs=packs, lists=screening.lists(divisor)),
    }
    processors = sorted(os.sched_getaffinity(0))
    rates: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        ports, bodies = {}, {}
        for name, world in worlds.items():
            data = folder / name.replace(" ", "-")
            found_world(world, data)
            ports[name] = stack.enter_context(serving(service(data, processors), processors))
            bodies[name] = _bodies(world, random.Random(11))
        for name, unseen in product(worlds, UNSEEN):
            post(ports[name], [next(bodies[name][unseen]) for _ in processors])
        for _, unseen, name in product(range(ROUNDS), UNSEEN, worlds):
            sent = [next(bodies[name][unseen]) for _ in range(count)]
            rates.setdefault((name, unseen), []).append(post(ports[name], sent).per_second)
    for unseen in UNSEEN:
        bare, screened = (statistics.median(rates[name, unseen]) for name in worlds)
        show(f"{unseen} of {PARTIES} names new, without lists", bare, "/s")
        show(
            f"{unseen} of {PARTIES} names new, with lists",
            screened,
            "/s",
            floor=("without lists", bare),
        )


def _bodies(world: World, chance: random.Random) -> dict[int, Iterator[bytes]]:
    return {unseen: _submissions(world, unseen, chance) for unseen in UNSEEN}


def _submissions(world: World, unseen: int, chance: random.Random) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        yield world.submission(
            {
                "parties": _parties(world, [_name(chance) for _ in range(unseen)]),
                "end_use": f"Packet processing, {unseen} new, programme {number}.",
            },
            fabricator={},
        )


def _parties(world: World, new: Sequence[str]) -> list[Json]:
    """Eight parties, of which the last ones, all but the designer, have the new names."""
    parties = list(world.declaration()["parties"])
    parties += [party("other", f"Known Agent {at}") for at in range(PARTIES - len(parties))]
    designer = next(each for each in parties if each["role"] == "designer")
    others = [each for each in parties if each is not designer]
    for each, name in zip(reversed(others), new, strict=False):
        each["name"] = each["name_latin"] = name
    if len(new) > len(others):
        others.append(party("other", new[-1]))
    return [designer, *others]


def _name(chance: random.Random) -> str:
    return chance.choice((screening.company, screening.chinese))(chance)
