"""Speed on this machine, each figure beside its floor from the same run: `make bench`.

    http     durable decided submissions a second, beside an empty FastAPI POST
    replay   decisions a second, beside bare checks of the same signatures;
             integrity-only entries a second, beside bare hashing of the same bytes
    log      entries a second appended, exported and checked, proofs, tiles over HTTP
    stores   submissions and bare appends a second on PostgreSQL, one process and two, beside SQLite
    whatif   evaluations a second over a log, beside the bare evaluator
    screening  parties held against lists, beside a scan of every listed name
    profile  where the time of one decision goes, step by step

Absolute figures move with the machine; only the ratios of one run may be compared.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import http, log, profile, replay, screening, stores, unseen, whatif
from benchmarks.figures import machine

SECTIONS = {
    "http": http.measure,
    "replay": replay.measure,
    "log": log.measure,
    "stores": stores.measure,
    "whatif": whatif.measure,
    "screening": screening.measure,
    "unseen": unseen.measure,
    "profile": profile.measure,
}


def main() -> None:
    """Run the sections that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="|".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, rougher figures")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"the sections are {', '.join(SECTIONS)}")
    print(machine())
    for name in arguments.sections or SECTIONS:
        with tempfile.TemporaryDirectory(prefix="foundry-attest-bench-") as folder:
            SECTIONS[name](Path(folder), 10 if arguments.quick else 1)


if __name__ == "__main__":
    main()
