"""`attest replay`: an exported log, every decision made again, nothing believed but its keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from attest.cli.failures import about
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.screen import Screen, screened
from attest.encoding import encode_base64
from attest.replay import Report, replay


@click.command("replay", short_help="Decide every submission of an export again and compare.")
@click.argument("export")
@log_keys_option(required=True)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@screened
def command(screen: Screen, *, export: str, log_keys: str, processes: int) -> int:
    """Replay an export: signatures, chain, tree, bodies, references, decisions, reviews.

    A fault ends the replay and names its entry. The exit code is 0 when everything is
    identical, refusals included, whatever the verdicts were.
    """
    keys = read_log_keys(log_keys)
    with about(export), _progress(screen) as advance:
        report = replay(Path(export), log_keys=keys, processes=processes, progress=advance)
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
            "identical": True,
        }
    )
    _show(screen, report)
    return 0


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
    screen.result("PASS", "reviews", f"{report.reviews} opened again")


@contextmanager
def _progress(screen: Screen) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr that counts decisions, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not screen.colour)
    columns = (
        TextColumn("decided again {task.completed}"),
        BarColumn(pulse_style="none"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("replay", total=None)
        yield lambda count: bar.advance(task, count)
