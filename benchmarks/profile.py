"""Where the time goes when the registrar records a batch: decide, seal, chain, commit.

The profiler inflates small functions; read the shares, not the sums.
"""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

from tests.papers import submissions
from tests.world import World
from tests.world_log import world_log

SUBMISSIONS = 1_000
BATCH = 50
ROWS = 30


def measure(folder: Path, divisor: int) -> None:
    """Print our functions by cumulative time, as shares of the whole."""
    count = SUBMISSIONS // divisor
    world = World()
    raws = submissions(world, count)
    profiler = cProfile.Profile()
    with world_log(world, folder / "data") as log:
        log.register(submissions(world, BATCH, first=count))
        for start in range(0, count, BATCH):
            batch = raws[start : start + BATCH]
            profiler.enable()
            log.register(batch)
            profiler.disable()
    _print(profiler, count)


def _print(profiler: cProfile.Profile, count: int) -> None:
    stats = pstats.Stats(profiler).get_stats_profile()
    print(f"profile: {count} submissions of two statements, registered in batches of {BATCH}")
    print(f"  {'share':>6}  {'us each':>8}  function")
    rows = sorted(
        (
            (profile.cumtime, f"{Path(profile.file_name).stem}.{name}")
            for name, profile in stats.func_profiles.items()
            if "/attest/" in profile.file_name or "/service/" in profile.file_name
        ),
        reverse=True,
    )
    for seconds, name in rows[:ROWS]:
        share = seconds / stats.total_tt
        print(f"  {share:>6.1%}  {seconds / count * 1e6:>8.1f}  {name}")
