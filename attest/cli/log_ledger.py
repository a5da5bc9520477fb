"""`attest log ledger`: the shipments that a log let go, for rules that add them up."""

from __future__ import annotations

from pathlib import Path

import click

from attest.cli import files
from attest.cli.failures import about
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.progress import progress
from attest.cli.screen import Screen, screened
from attest.encoding import loads
from attest.ledger import write_shipments
from attest.limits import LEDGER_BYTES_MAX
from attest.log.export import Export
from attest.replay import replay
from attest.shipments import shipments_of


@click.command("ledger", short_help="Write the shipments of a log, for --ledger.")
@click.argument("export")
@log_keys_option(required=True)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write the ledger there.")
@screened
def ledger(
    screen: Screen, *, export: str, log_keys: str, processes: int, output: str | None
) -> int:
    """Replay an export and write what its decisions let go: the FILE of classify and whatif.

    A shipment that nobody can add up, because its performance, a country or the parent is unknown,
    is named on stderr; the exit code is then that of a HOLD.
    """
    files.require_free(*(() if output is None else (output,)))
    keys = read_log_keys(log_keys)
    with about(export), progress(screen, "decided again") as advance:
        replay(Path(export), log_keys=keys, processes=processes, progress=advance)
        shipped = shipments_of(Export.open(Path(export), keys=keys))
    written = write_shipments(shipped.shipments)
    if output is None:
        screen.raw(written + b"\n")
    else:
        files.write_new(output, written)
        screen.document(
            {
                "file": output,
                "shipments": loads(written, bytes_max=LEDGER_BYTES_MAX),
                "uncounted": [
                    {"decision": each.decision, "missing": list(each.missing)}
                    for each in shipped.uncounted
                ],
            }
        )
        screen.out(f"Wrote {output} with {len(shipped.shipments)} shipments.")
    for each in shipped.uncounted:
        screen.say(
            f"! Entry {each.decision} is not counted; nobody states {', '.join(each.missing)}."
        )
    return 5 if shipped.uncounted else 0
