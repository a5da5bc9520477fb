"""Runs the vectors against any program: `python -m conformance.run [OPTIONS] -- COMMAND...`.

For every vector `COMMAND... SUITE` is started, gets the vector's input as JSON on stdin, and
answers on stdout with what README.md defines. Status 3 says that the program does not know the
suite or the question. What is printed:

    suite          passed  failed  unsupported
    signed-note        73       0            0

Status 0 if nothing failed, 1 if something did, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.encoding import Json
from conformance.binary import expand, reader
from conformance.vectors import FOLDER, SUITES, Vector, read_vectors

UNSUPPORTED: Final = 3
OUTCOMES: Final = ("passed", "failed", "unsupported")
SECONDS_MAX: Final = 60


@dataclass(frozen=True)
class Outcome:
    """How a program did on a vector: one of `OUTCOMES`, and what it said if that was wrong."""

    vector: Vector
    outcome: str
    said: str = ""


def judge(vector: Vector, result: Json, *, any_code: bool = False) -> Outcome:
    """Compare a result with what is expected; `any_code` takes a refusal for whatever reason."""
    expected = vector.expect
    if any_code and expected["result"] == "refuse" and isinstance(result, dict):
        result = {"result": result.get("result"), "code": expected["code"]}
    if result == expected:
        return Outcome(vector, "passed")
    return Outcome(vector, "failed", json.dumps(result))


def ask(vector: Vector, command: Sequence[str], folder: Path, *, any_code: bool) -> Outcome:
    """Put a vector to a program."""
    question = json.dumps(expand(vector.input, read=reader(folder)))
    try:
        done = subprocess.run(
            [*command, vector.suite],
            input=question.encode(),
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(vector, "failed", f"no answer within {SECONDS_MAX} seconds")
    if done.returncode == UNSUPPORTED:
        return Outcome(vector, "unsupported")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return Outcome(vector, "failed", f"status {done.returncode}: {said}")
    try:
        return judge(vector, json.loads(done.stdout), any_code=any_code)
    except ValueError:
        return Outcome(vector, "failed", "no JSON on stdout")


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes counted, a line for each suite."""
    counts = Counter((each.vector.suite, each.outcome) for each in outcomes)
    lines = ["suite          passed  failed  unsupported"]
    for suite in SUITES:
        if any(counts[suite, outcome] for outcome in OUTCOMES):
            passed, failed, unsupported = (counts[suite, outcome] for outcome in OUTCOMES)
            lines.append(f"{suite:<13} {passed:>7} {failed:>7} {unsupported:>12}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the vectors and print what came of it; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m conformance.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this suite")
    parser.add_argument("--only", metavar="TEXT", default="", help="only ids that hold a text")
    parser.add_argument("--any-code", action="store_true", help="a refusal may give any code")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the vectors are")
    parser.add_argument("command", nargs="+", help="the program, after --")
    asked = parser.parse_args(arguments)
    chosen = [
        vector
        for vector in read_vectors(asked.folder)
        if vector.suite in (asked.suite or SUITES) and asked.only in vector.id
    ]
    if not chosen:
        parser.error("no vector is chosen")
    if shutil.which(asked.command[0]) is None:
        parser.error("there is no such program")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(
            pool.map(
                lambda vector: ask(vector, asked.command, asked.folder, any_code=asked.any_code),
                chosen,
            )
        )
    failed = [each for each in outcomes if each.outcome == "failed"]
    for each in failed:
        print(f"{each.vector.suite}/{each.vector.id}: {each.vector.about}")
        print(f"  expected {json.dumps(each.vector.expect)[:500]}")
        print(f"  got      {each.said[:500]}")
    print(table(outcomes))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
