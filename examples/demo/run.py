"""The demo: 46 invented transactions around real chips, decided, reviewed, logged, replayed.

    python examples/demo/run.py [--keep DIR]

The service runs as a process of its own on a free loopback port; everything else happens here, with
the library. Nothing leaves the machine. `--keep` leaves the log, its export and a case file behind.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from attest import client
from attest.data import data_dir
from attest.encoding import Json, decode_base64
from attest.errors import AttestError, RemoteError
from attest.keys import ED25519
from attest.log.checkpoint import LogKeys
from attest.log.export import write_export
from attest.log.sqlite import SqliteStore
from attest.replay import replay
from attest.rules.pack import read_pack_folder
from attest.signing import generate_private_key, private_key_pem
from examples.demo.chips import Row, Scenario, load_chips, load_scenario
from examples.demo.documents import REVIEWERS, Cast, make_cast, make_review, make_submission
from examples.demo.stage import OPENS
from examples.demo.table import STYLES, add_decision, decisions_table, make_console
from service.founding import Charter, found

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ORIGIN: Final = "demo.example/log"
REVIEWED_CHIP: Final = "t4"
START_SECONDS: Final = 30


class DemoError(Exception):
    """The demo could not go on, or did not show what it says it shows."""


@dataclass(frozen=True)
class Decided:
    """What the service answered for one row."""

    row: Row
    id: str
    payload: bytes
    predicate: Mapping[str, Any]
    subject: Json


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 when everything came out as the scenario expects."""
    parser = argparse.ArgumentParser(description="Decide, review, log and replay, with real chips.")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep the files in a new folder")
    options = parser.parse_args(arguments)
    console = make_console()
    started = time.monotonic()
    try:
        if options.keep is None:
            with tempfile.TemporaryDirectory(prefix="foundry-attest-demo-") as folder:
                _show(console, Path(folder))
        else:
            options.keep.mkdir(mode=0o700, parents=True)
            _show(console, options.keep)
    except FileExistsError:
        console.print(f"{options.keep} exists already; name a new folder")
        return 1
    except (AttestError, DemoError) as error:
        console.print(f"The demo stopped: {error}", style="red")
        return 1
    except KeyboardInterrupt:
        console.print("The demo was interrupted.")
        return 130
    _say_what_next(console, options.keep, seconds=time.monotonic() - started)
    return 0


def _show(console: Console, folder: Path) -> None:
    scenario = load_scenario(load_chips())
    cast = make_cast(scenario, at=OPENS)
    console.print(
        "Chip figures are published and sourced. The transactions around them are invented: "
        "designers, foundry, packagers, sites, dates and buyers are stand-ins with keys of this "
        "run. Nothing here is a statement about a company. The clock starts at "
        f"{OPENS:%Y-%m-%d %H:%M} UTC, the scenario's day, whenever the demo runs."
    )
    passphrase = secrets.token_urlsafe(24)
    data = _found(console, folder, cast, passphrase)
    with _service(data, passphrase, log=folder / "service.log") as url:
        decided = _submit_all(console, url, scenario, cast)
        _review(console, url, cast, decided)
        casefile = client.get_casefile(url, _reviewed(decided).id)
        (folder / "casefile.json").write_bytes(casefile)
    _replay(console, data, folder / "export", submissions=len(decided))
    unexpected = [each.row.label for each in decided if not _as_expected(each)]
    if unexpected:
        raise DemoError(f"not decided as the scenario expects: {', '.join(unexpected)}")


def _heading(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold")


def _found(console: Console, folder: Path, cast: Cast, passphrase: str) -> Path:
    """Enrol everybody and found the log."""
    _heading(console, "1  Keys, trust and a log")
    charter = Charter(
        origin=ORIGIN,
        foundry=cast.foundry.id,
        mode="cfr_text",
        review_threshold=2,
        keysets=list(cast.keysets().values()),
        packs=[read_pack_folder(data_dir("rules") / "us-ear")],
    )
    decision_key = private_key_pem(generate_private_key(ED25519), passphrase.encode())
    found(
        folder / "service",
        charter,
        decision_pem=decision_key,
        passphrase=passphrase.encode(),
        at=OPENS,
    )
    console.print(
        f"{len(cast.keysets())} parties enrolled, {len(REVIEWERS)} reviewers, rules us-ear, "
        f"log {ORIGIN} with an Ed25519 and an ML-DSA-44 key"
    )
    return folder / "service"


@contextmanager
def _service(data: Path, passphrase: str, *, log: Path) -> Iterator[str]:
    """Run the service as a process until the block ends; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "examples.demo.stage", str(data), str(port)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "FOUNDRY_ATTEST_PASSPHRASE": passphrase},
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _await(process, url, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            client.get_checkpoint(url)
        except RemoteError:
            time.sleep(0.1)
        else:
            return
    raise DemoError(f"the service did not start: {log.read_text('utf-8', 'replace')[-500:]}")


def _submit_all(console: Console, url: str, scenario: Scenario, cast: Cast) -> list[Decided]:
    _heading(console, f"2  {len(scenario.rows)} signed submissions over HTTP, each decided")
    started = time.monotonic()
    table = decisions_table()
    decided = []
    for row in scenario.rows:
        answer = client.submit(url, make_submission(row, scenario=scenario, cast=cast))
        each = _read(row, answer.document)
        add_decision(table, row, scenario, each.predicate)
        decided.append(each)
    seconds = time.monotonic() - started
    console.print(table)
    verdicts = Counter(each.predicate["verdict"] for each in decided)
    refused = sum("refusal" in each.predicate for each in decided)
    summary = Text("\n")
    for verdict, style in STYLES.items():
        summary.append(verdict, style=style).append(f" {verdicts[verdict]}   ")
    summary.append(f"({refused} of the FAIL refused before any rule), decided in {seconds:.1f} s")
    console.print(summary)
    console.print(
        "PASS: the presumption is overcome or does not apply, and performance asks no licence; end "
        "user and end use are separate questions. FAIL: refused, or a licence is required and none "
        "is part of what was submitted. open: points where the text allows two readings.",
        style="dim",
    )
    return decided


def _read(row: Row, answer: Mapping[str, Any]) -> Decided:
    payload = decode_base64(answer["decision"]["payload"])
    statement = json.loads(payload)
    return Decided(
        row=row,
        id=answer["id"],
        payload=payload,
        predicate=statement["predicate"],
        subject=statement["subject"],
    )


def _as_expected(each: Decided) -> bool:
    expect = each.row.expect
    refusal = each.predicate.get("refusal", {}).get("code")
    return (each.predicate["verdict"], refusal) == (expect["verdict"], expect.get("refusal"))


def _reviewed(decided: list[Decided]) -> Decided:
    return next(each for each in decided if each.row.chip.id == REVIEWED_CHIP)


def _review(console: Console, url: str, cast: Cast, decided: list[Decided]) -> None:
    held = _reviewed(decided)
    _heading(console, f"3  Two people look at a HOLD: figures of {held.row.chip.name}")
    alone = make_review(held.payload, held.subject, signers=cast.reviewers[:1], at=OPENS)
    try:
        client.submit_review(url, held.id, alone)
    except RemoteError as error:
        console.print(f"{REVIEWERS[0]} alone: not accepted, {error.detail}")
    else:
        raise DemoError("one reviewer alone was accepted")
    both = make_review(held.payload, held.subject, signers=cast.reviewers, at=OPENS)
    answer = client.submit_review(url, held.id, both)
    console.print(
        f"{' and '.join(REVIEWERS)}: recorded as entry {answer.document['review_index']}, "
        f"action {answer.document['action']}"
    )


def _replay(console: Console, data: Path, export: Path, *, submissions: int) -> None:
    """Export the log, decide everything again from the export alone, then tamper with it."""
    _heading(console, "4  The service is stopped; the log is exported and replayed offline")
    keys = LogKeys.parse((data / "log.vkeys").read_text("utf-8").splitlines())
    store = SqliteStore.open(data / "log.sqlite", read_only=True)
    try:
        write_export(store, export)
    finally:
        store.close()
    started = time.monotonic()
    report = replay(export, log_keys=keys)
    if report.decisions != submissions:
        raise DemoError(f"{report.decisions} decisions replayed, {submissions} expected")
    console.print(
        f"{report.checkpoint.size} entries; {report.decisions} decisions made again, all identical "
        f"byte for byte; {report.reviews} review opened again ({time.monotonic() - started:.1f} s)"
    )
    _heading(console, "5  One byte of the export is changed")
    path = next((export / "bodies").rglob("*.p/*"), None) or next((export / "bodies").rglob("*"))
    raw = bytearray(path.read_bytes())
    place = len(raw) // 2
    raw[place] ^= 1
    path.write_bytes(raw)
    try:
        replay(export, log_keys=keys)
    except AttestError as error:
        console.print(f"byte {place:,} of {path.relative_to(export)}: {error}")
    else:
        raise DemoError("the change was not noticed")
    raw[place] ^= 1
    path.write_bytes(raw)


def _say_what_next(console: Console, kept: Path | None, *, seconds: float) -> None:
    _heading(console, f"Done in {seconds:.0f} s. What to try next")
    attest = _shown(Path(sys.executable).with_name("attest"))
    if kept is None:
        suggestions = [
            ('make demo ARGS="--keep demo-out"', "keep the log, an export and a case file")
        ]
    else:
        keys = f"--log-keys {_shown(kept / 'service' / 'log.vkeys')}"
        suggestions = [
            (f"{attest} verify {_shown(kept / 'casefile.json')} {keys}", "the reviewed HOLD"),
            (f"{attest} replay {_shown(kept / 'export')} {keys}", "everything, offline"),
        ]
    suggestions += [
        (f"{attest} explain us-ear/n1_way_b", "one rule, with its citation"),
        (f"{attest} rules test us-ear", "the worked cases of the rules"),
        ("make serve", "the service, to submit to yourself"),
    ]
    for command, purpose in suggestions:
        console.print(f"  {command}", soft_wrap=True)
        console.print(f"      {purpose}", style="dim")


def _shown(path: Path) -> str:
    """A path as it is typed here."""
    try:
        return shlex.quote(str(path.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(path))


if __name__ == "__main__":
    sys.exit(main())
