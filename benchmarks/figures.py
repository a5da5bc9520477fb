"""Timing and printing: medians of several rounds, ratios within one run."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

ROUNDS = 5


def machine() -> str:
    """One line about where the figures are from."""
    cpus = len(os.sched_getaffinity(0))
    return f"Python {platform.python_version()}, {platform.machine()}, {cpus} processors"


def median_seconds(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """The median wall time of a piece of work, after one round that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def show(name: str, value: float, unit: str, *, floor: tuple[str, float] | None = None) -> None:
    """Print a figure and, beside it, its share of a floor."""
    line = f"  {name:<48}{value:>12,.1f} {unit}"
    if floor is not None:
        line += f"   = {value / floor[1]:.2f} of {floor[0]}"
    print(line, flush=True)
