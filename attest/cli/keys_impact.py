"""`attest keys impact`: what a key had signed, and what somebody has to look at again."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any, Final

import click

from attest.cli import clock
from attest.cli.failures import about, exit_code_of
from attest.cli.log_keys import find_log, log_keys_option
from attest.cli.progress import progress
from attest.cli.screen import Screen, screened
from attest.cli.statements import SCHEMA_OF
from attest.encoding import Json, encode_base64, format_instant
from attest.impact import Signed, impact

_LOOK_AT: Final = {
    "refused": "refused: nothing rests on it",
    "let go": "the product was let go: stop what has not left, have it signed and decided anew",
    "HOLD": "open: do not release it, have it signed and decided anew",
    "FAIL": "nothing was let go; a true statement may be signed and decided anew",
    "decision": "attest replay makes it again from what was submitted; believe that, not the key",
    "review": "review the case anew; a hit that it cleared counts as cleared until its day",
    "act": "ask the other signers whether they meant it; undo it by an act of its own",
}


@click.command("impact", short_help="Name what a key had signed in a log.")
@click.argument("keyid")
@click.option(
    "--since",
    type=click.UNPROCESSED,
    required=True,
    metavar="DATE",
    help="Logged from this day, or instant, on.",
)
@click.option("--log", "path", metavar="LOG", required=True, help="DIR, log.sqlite or an export.")
@log_keys_option(required=False)
@screened
def impact_(screen: Screen, *, keyid: str, since: str, path: str, log_keys: str | None) -> int:
    """Name every statement in a log that the key KEYID signed, with what rests on it.

    Submissions, decisions, reviews and the acts of the foundry's people. A log is checked first,
    with the keys beside it unless others are given. The exit code is 0 when nothing is found, 5
    when somebody has to look.
    """
    place, keys = find_log(screen, Path(path), log_keys)
    start = _instant(since)
    with about(path), progress(screen, "entries looked at") as advance:
        found = impact(place, _full(keyid), since=start, log_keys=keys, progress=advance)
    rows = [_row(each) for each in found.signed]
    record = found.key.record
    screen.document(
        {
            "origin": found.checkpoint.origin,
            "size": found.checkpoint.size,
            "root": encode_base64(found.checkpoint.root),
            "keyid": record.keyid,
            "party": found.key.party.id,
            "holder": record.holder.name,
            "purpose": record.purpose,
            "since": format_instant(start),
            "signed": rows,
        }
    )
    screen.out(
        f"{record.purpose} key of {record.holder.name} for {found.key.party.legal_name}, "
        f"from {format_instant(start)} on, in {found.checkpoint.size} entries"
    )
    for row in rows:
        what = ", ".join(row["statements"]) or "no statement"
        screen.out(f"\nentry {row['entry']}  {row['time']}  {row['kind']}: {what}")
        if "product" in row:
            screen.out(f"  {row['product']}, tape-out {row['tape_out_id']}")
        if "verdict" in row:
            screen.out(f"  decision entry {row['decision']}: {row['verdict']}{_aside(row)}")
        screen.out(f"  {row['look_at']}")
    counts = Counter(each.kind for each in found.signed)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    let_go = sum(each.let_go for each in found.signed)
    screen.out(f"\nSigned: {told or 'nothing'}; resting on it and let go: {let_go}.")
    return exit_code_of("HOLD") if rows else 0


def _full(keyid: str) -> str:
    return keyid if keyid.startswith("sha256:") else f"sha256:{keyid}"


def _instant(text: str) -> dt.datetime:
    """The instant, or the first second of the day."""
    whole = text if "T" in text else f"{text}T00:00:00Z"
    return clock.INSTANT.convert(whole, None, None)


def _aside(row: dict[str, Any]) -> str:
    if "refusal" in row:
        return f", refused: {row['refusal']}"
    return ", released" if row["let_go"] and row["verdict"] == "HOLD" else ""


def _row(signed: Signed) -> dict[str, Json]:
    named = {
        "product": signed.product,
        "tape_out_id": signed.tape_out_id,
        "decision": signed.decision,
        "verdict": signed.verdict,
        "refusal": signed.refusal,
        "action": signed.action,
    }
    return {
        "entry": signed.entry,
        "time": format_instant(signed.time),
        "kind": signed.kind,
        "statements": [SCHEMA_OF.get(each, "statement") for each in signed.types if each],
        **{name: value for name, value in named.items() if value is not None},
        "let_go": signed.let_go,
        "look_at": _LOOK_AT[_case(signed)],
    }


def _case(signed: Signed) -> str:
    if signed.kind in ("decision", "review"):
        return signed.kind
    if signed.verdict is None:
        return "act"
    if signed.refusal is not None:
        return "refused"
    return "let go" if signed.let_go else signed.verdict
