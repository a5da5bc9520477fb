"""What-if over a log, beside the bare evaluator on facts that are already there.

The log holds real signed submissions of the corpus. Its decisions are one signed decision again and
again: a what-if does not read them, it makes its own. An evaluation is one product on one day,
however little of it has to be evaluated again for that day.
"""

from __future__ import annotations

import datetime as dt
import gc
import resource
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from attest.decision import decide, submitted_facts
from attest.envelope import seal
from attest.log.writer import Draft
from attest.rules.edition import open_edition
from attest.rules.evaluate import evaluate
from attest.survey import Survey, survey
from attest.whatif import Variations
from benchmarks.figures import ROUNDS, show
from service.founding import STORE
from tests.papers import submissions
from tests.world import NOW, World
from tests.world_log import WorldLog, world_log

DECISIONS = 100_000
BATCH = 250
SAMPLE = 200
DAYS = (dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2029, 1, 1))
EVALUATING = "evaluating"
PHASES = {
    "attest.log.source.check_store": "checking the log",
    "attest.survey.submitted_facts": "opening submissions",
    "attest.keys.PublicKey.check": "    their signatures",
    "attest.rules.results.Results.of": EVALUATING,
    "attest.rules.results.Results.after": EVALUATING,
    "attest.rules.results.Results.finding": EVALUATING,
}
"""What is timed, by the function that does it; what is indented is a part of the one before."""


def measure(folder: Path, divisor: int) -> None:
    """Print evaluations a second, the shares of the time, and the memory of a product."""
    count = DECISIONS // divisor
    world = World()
    print(f"whatif: {count} decisions, {len(DAYS)} days beside the recorded one")
    with world_log(world, folder / "data") as log:
        _fill(log, world, count)
        gc.freeze()
        rates = [_bare_rate(world)]
        before = _peak_bytes()
        found: list[Survey] = []
        seconds = _processor_seconds(lambda: found.append(_survey(log, 1)))
        grown = _peak_bytes() - before
        rates.append(_bare_rate(world))
        bare = statistics.mean(rates)
        products = len(found[0].products)
        evaluations = products * (1 + len(DAYS))
        show("bare evaluator, us-ear, known facts", bare, "evaluations/s")
        floor = ("the bare evaluator", bare)
        show("what-if, a core", evaluations / seconds, "evaluations/s", floor=floor)
        show("    whole log", seconds, "s of a core")
        show("    a product", seconds / products * 1e6, "us")
        show("    peak memory gained, a product", grown / products, "B")
        _show_phases(log)
        start = time.perf_counter()
        if _survey(log, 2) != found[0]:
            raise RuntimeError("two processes found something else")
        show("what-if, 2 processes", evaluations / (time.perf_counter() - start), "evaluations/s")


def _show_phases(log: WorldLog) -> None:
    """Print the share of each phase, from a run of its own: reading the clock costs some of it."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for target, phase in PHASES.items():
            stack.enter_context(patch(target, _timed(target, spent, phase)))
        whole = _processor_seconds(lambda: _survey(log, 1))
    for phase in dict.fromkeys(PHASES.values()):
        show(f"    {phase}", 100 * spent[phase] / whole, "% of the time")
    show("    outside the evaluator", 100 - 100 * spent[EVALUATING] / whole, "% of the time")


def _timed(target: str, spent: dict[str, float], phase: str) -> Callable[..., Any]:
    """The function of that name, which adds its time to that of a phase."""
    work = resolve_name(target)

    @wraps(work)
    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return work(*arguments, **options)
        finally:
            spent[phase] += time.process_time() - start

    return timed


def _bare_rate(world: World) -> float:
    trust = world.trust()
    facts = [
        submitted_facts(raw, trust=trust, at=NOW).facts
        for number, raw in enumerate(submissions(world, SAMPLE))
        if number % 20 != 7  # refused: it has no facts
    ]
    packs = [open_edition(raw).pack for raw in world.packs.values()]

    def run() -> None:
        for each in facts:
            for pack in packs:
                evaluate(pack, each)

    run()
    return len(facts) / statistics.median(_processor_seconds(run) for _ in range(ROUNDS))


def _fill(log: WorldLog, world: World, count: int) -> None:
    """Write submissions in batches, so that no more than a batch is ever in memory."""
    (first,) = submissions(world, 1)
    decided = decide(first, trust=world.trust(), at=NOW)
    decision = seal(decided.payload, [world.decision_signer])
    standing = log.standing.refs
    for start in range(0, count, BATCH):
        size, drafts = log.writer.head.size, list[Draft]()
        for raw in submissions(world, min(BATCH, count - start), first=start):
            refs = {**standing, "submission": [size + len(drafts)]}
            drafts += [Draft("submission", raw), Draft("decision", decision, refs)]
        log.writer.append(drafts, at=NOW)


def _survey(log: WorldLog, processes: int) -> Survey:
    question = Variations(on=DAYS)
    return survey(log.folder / STORE, question, log_keys=log.keys, processes=processes)


def _processor_seconds(work: Callable[[], object]) -> float:
    """Time of one core, which others that run meanwhile do not lengthen."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
