"""What-if over a log, beside the bare evaluator on facts that are already there.

The log holds real signed submissions of the corpus. Its decisions are one signed decision again and
again: a what-if does not read them, it makes its own.
"""

from __future__ import annotations

import datetime as dt
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from attest.decision import decide, submitted_facts
from attest.envelope import seal
from attest.log.check import check_store
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


def measure(folder: Path, divisor: int) -> None:
    """Print evaluations a second, their share of the time, and the memory of a product."""
    count = DECISIONS // divisor
    world = World()
    print(f"whatif: {count} decisions, {len(DAYS)} days beside the recorded one")
    bare = _bare_rate(world)
    show("bare evaluator, us-ear, known facts", bare, "evaluations/s")
    with world_log(world, folder / "data") as log:
        _fill(log, world, count)
        checked = _processor_seconds(lambda: check_store(log.store, keys=log.keys))
        before = _peak_bytes()
        found: list[Survey] = []
        seconds = _processor_seconds(lambda: found.append(_survey(log, 1)))
        grown = _peak_bytes() - before
        products = len(found[0].products)
        evaluations = products * (1 + len(DAYS))
        floor = ("the bare evaluator", bare)
        show("what-if, a core", evaluations / seconds, "evaluations/s", floor=floor)
        show("    without the check of the log", evaluations / (seconds - checked), "evaluations/s")
        show("    outside the evaluator", 100 * (1 - evaluations / bare / seconds), "% of the time")
        show("    whole log", seconds, "s of a core")
        show("    peak memory gained, a product", grown / products, "B")
        start = time.perf_counter()
        if _survey(log, 2) != found[0]:
            raise RuntimeError("two processes found something else")
        show("what-if, 2 processes", evaluations / (time.perf_counter() - start), "evaluations/s")


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
