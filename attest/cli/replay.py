"""`attest replay`: an exported log, every decision made again, nothing believed but its keys."""

from __future__ import annotations

from pathlib import Path

import click

from attest import limits
from attest.cli import files
from attest.cli.failures import about
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.progress import progress
from attest.cli.screen import Screen, screened
from attest.encoding import encode_base64, format_instant
from attest.log.checkpoint import LogKeys
from attest.log.entry import parse_entry
from attest.log.export import CHECKPOINT_PATH, Export
from attest.omission import Kept, check_acknowledged
from attest.replay import Report, replay
from attest.walk import walk
from attest.witnessing import open_witnessed


@click.command("replay", short_help="Decide every submission of an export again and compare.")
@click.argument("export")
@log_keys_option(required=True)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option(
    "--acknowledged",
    "acknowledgements",
    metavar="FILE",
    multiple=True,
    help="An acknowledgement of the foundry: check that the log kept it; may be repeated.",
)
@click.option(
    "--witnessed",
    is_flag=True,
    help="Check that the witnesses that the log names have cosigned it.",
)
@screened
def command(
    screen: Screen,
    *,
    export: str,
    log_keys: str,
    processes: int,
    acknowledgements: tuple[str, ...],
    witnessed: bool,
) -> int:
    """Replay an export: signatures, chain, tree, bodies, references, decisions, reviews.

    A fault ends the replay and names its entry. The exit code is 0 when everything is
    identical, refusals included, whatever the verdicts were.
    """
    keys = read_log_keys(log_keys)
    with about(export), progress(screen, "decided again") as advance:
        report = replay(Path(export), log_keys=keys, processes=processes, progress=advance)
    witnesses = _witnesses(Path(export), keys) if witnessed else None
    kept = [_kept(Path(export), keys, path) for path in acknowledgements]
    screen.document(
        {
            "origin": report.checkpoint.origin,
            "size": report.checkpoint.size,
            "trusts": [{"entry": entry, "digest": digest} for entry, digest in report.trusts],
            "root": encode_base64(report.checkpoint.root),
            "decisions": report.decisions,
            "verdicts": dict(report.verdicts),
            "refusals": dict(report.refusals),
            "reviews": report.reviews,
            "open_holds": report.open_holds,
            "identical": True,
            **({} if witnesses is None else {"witnesses": list(witnesses)}),
            "acknowledged": [
                {
                    "submission": each.submission,
                    "decide_by": format_instant(each.due),
                    **({} if each.decision is None else {"decision": each.decision}),
                }
                for each in kept
            ],
        }
    )
    _show(screen, report)
    if witnesses is not None:
        screen.result("PASS", "witnesses", f"cosigned by {', '.join(witnesses)}, as the log names")
    for each in kept:
        if each.decision is None:
            told = f"not decided; due only by {format_instant(each.due)}"
            screen.result("N-A", "acknowledged", f"{each.submission}: {told}")
        else:
            told = f"decided in time, entry {each.decision}"
            screen.result("PASS", "acknowledged", f"{each.submission}: {told}")
    return 0


def _witnesses(folder: Path, keys: LogKeys) -> tuple[str, ...]:
    """The witnesses who cosigned an export that was replayed, by a policy of its own log."""
    note = files.read_bytes(str(folder / CHECKPOINT_PATH), bytes_max=limits.CHECKPOINT_BYTES_MAX)
    export = Export.open(folder, keys=keys)
    plan = walk(export, origin=keys.origin)
    newest = list(export.entries(export.checkpoint.size - 1, export.checkpoint.size))
    at = parse_entry(newest[0].entry).time
    with about(str(folder)):
        opened = open_witnessed(note, keys=keys, policies=plan.policies.values(), at=at)
    return opened.witnesses


def _kept(export: Path, keys: LogKeys, path: str) -> Kept:
    raw = files.read_bytes(path, bytes_max=limits.SUBMISSION_BYTES_MAX)
    with about(files.name_of(path)):
        (kept,) = check_acknowledged(Export.open(export, keys=keys), [raw])
    return kept


def _show(screen: Screen, report: Report) -> None:
    checkpoint = report.checkpoint
    root = encode_base64(checkpoint.root)
    screen.result("PASS", "checkpoint", f"{checkpoint.origin} signed {checkpoint.size} entries")
    screen.result("PASS", "tree", f"all entries hash to root {root}")
    screen.result("PASS", "chain", "each entry names the one before it; time never goes back")
    screen.result("PASS", "bodies", "every body is the one that its entry commits to")
    screen.result("PASS", "order", "every submission has its decision, every reference is right")
    for entry, digest in report.trusts:
        screen.result("PASS", "trust", f"entry {entry}: decided under snapshot {digest} from there")
    verdicts = ", ".join(f"{count} {word}" for word, count in report.verdicts.items())
    screen.result(
        "PASS", "decisions", f"{report.decisions} made again, identical: {verdicts or 'none'}"
    )
    if report.refusals:
        refusals = ", ".join(f"{count} {code}" for code, count in report.refusals.items())
        screen.result("PASS", "refusals", f"among the FAIL, identical too: {refusals}")
    screen.result(
        "PASS", "reviews", f"{report.reviews} opened again; {report.open_holds} HOLD still open"
    )
