"""`attest log timestamp`: an outside authority's word that a log existed by some time (RFC 3161).

DIR/timestamps/<N>.stamped   what is or will be timestamped
DIR/timestamps/<N>.tsr       the token of the authority over it
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from attest import limits
from attest.cli import clock, files
from attest.cli.failures import about
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.screen import Screen, screened
from attest.encoding import Json, format_instant
from attest.errors import InputError, LogError, TrustError
from attest.log.check import check_stamps
from attest.log.checkpoint import LogKeys, open_checkpoint
from attest.log.export import Export
from attest.log.sqlite import SqliteStore
from attest.log.stamp_files import keep_stamp, keep_stamped, read_stamps
from attest.log.stamps import (
    OpenedStamp,
    Stamp,
    check_times,
    check_trees,
    next_stamped,
    open_stamps,
    standing,
)
from attest.log.timestamp import Authorities, Timestamp, make_request, open_timestamp

_STORE: Final = "log.sqlite"
_ROOTS_BYTES_MAX: Final = 1024 * 1024


def timestamp_roots(*, required: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """The option `--timestamp-root`."""
    return click.option(
        "--timestamp-root",
        "roots",
        metavar="FILE",
        multiple=True,
        required=required,
        help="Root certificates (PEM) of a timestamp authority that you trust; may be repeated.",
    )


def read_authorities(paths: Sequence[str]) -> Authorities | None:
    """The authorities in files, None without any file.

    Raises:
        InputError: file, too-large, key-malformed.
    """
    authorities = Authorities(())
    for path in paths:
        raw = files.read_bytes(path, bytes_max=_ROOTS_BYTES_MAX)
        with about(files.name_of(path)):
            authorities += Authorities.parse(raw)
    return authorities if paths else None


@click.group("timestamp", short_help="Timestamps of the log: request, add, check.")
def timestamp() -> None:
    """Timestamps of the log by outside authorities: request, add, check."""


@timestamp.command("request", short_help="Write a request for an authority.")
@click.argument("folder", metavar="DIR")
@click.option("-o", "--output", metavar="FILE", required=True, help="Write the request (.tsq).")
@screened
def request(screen: Screen, *, folder: str, output: str) -> int:
    """Write a request that any authority of RFC 3161 answers, over the newest checkpoint.

    Send it with media type application/timestamp-query, and hand the answer to
    attest log timestamp add. A later request replaces one that got no answer yet.
    """
    root = Path(folder)
    files.require_free(output)
    with about(folder):
        _refuse_of_service(root)
        with contextlib.closing(SqliteStore.open(root / _STORE, read_only=True)) as store:
            note, size = _newest(store), store.head().signed
        stamps, _ = read_stamps(root)
        stamped = next_stamped(stamps, note)
        keep_stamped(root, len(stamps), stamped)
    files.write_new(output, make_request(stamped))
    screen.document({"file": output, "number": len(stamps), "size": size})
    screen.out(f"Wrote {output}: a request to timestamp the {size} entries of {folder}.")
    return 0


@timestamp.command("add", short_help="Verify and keep an authority's answer.")
@click.argument("folder", metavar="DIR")
@click.argument("token", metavar="TOKEN")
@timestamp_roots(required=True)
@screened
def add(screen: Screen, *, folder: str, token: str, roots: tuple[str, ...]) -> int:
    """Verify TOKEN, the answer (.tsr) to the newest request, and keep it with the log."""
    authorities = read_authorities(roots) or Authorities(())
    root = Path(folder)
    raw = files.read_bytes(token, bytes_max=limits.TIMESTAMP_BYTES_MAX)
    with about(folder):
        _refuse_of_service(root)
        keys = read_log_keys(str(root / "log.vkeys"))
        stamps, stamped = read_stamps(root)
        if stamped is None:
            raise InputError("not-found", "no request waits for an answer")
        stamp = Stamp(stamped, raw)
        with about(files.name_of(token)):
            added = open_timestamp(raw, stamped, authorities)
            opened = open_stamps([*stamps, stamp], keys=keys, authorities=authorities)[-1]
        keep_stamp(root, len(stamps), stamp)
    screen.document(stamp_json(opened))
    told = told_of(added, stands=True, at=added.at)
    said = f"size {opened.checkpoint.size:,} existed before {told}"
    screen.result("PASS", f"timestamp {opened.number}", said)
    return 0


@timestamp.command("check", short_help="Check a log's timestamps and say what they prove.")
@click.argument("folder", metavar="DIR")
@log_keys_option(required=True)
@timestamp_roots(required=True)
@click.option("--at", type=clock.INSTANT, help="What they prove at that time (default: now).")
@screened
def check(
    screen: Screen,
    *,
    folder: str,
    log_keys: str,
    roots: tuple[str, ...],
    at: dt.datetime | None,
) -> int:
    """Check the timestamps of a log or an export DIR: tokens, order, and that the log extends all.

    A timestamp proves its time until its authority's certificates end, and longer if a later one,
    made before that, renews it. It fails when none of them proves anything. The entries
    themselves are for attest log check.
    """
    at = at or clock.now()
    root, keys = Path(folder), read_log_keys(log_keys)
    authorities = read_authorities(roots)
    with about(folder):
        if (root / _STORE).is_file():
            with contextlib.closing(SqliteStore.open(root / _STORE, read_only=True)) as store:
                opened = _stamps_of(root, store, keys, authorities)
        else:
            export = Export.open(root, keys=keys)
            opened = check_stamps(export, keys=keys, authorities=authorities)
        _require_one(opened, at=at)
    stands = standing([each.timestamp for each in opened], at=at)
    screen.document(
        {
            "origin": keys.origin,
            "timestamps": [
                stamp_json(each) | {"stands": so} for each, so in zip(opened, stands, strict=True)
            ],
        }
    )
    for each, so in zip(opened, stands, strict=True):
        name, size = f"timestamp {each.number}", f"{each.checkpoint.size:,}"
        if each.timestamp is None:
            screen.result("N-A", name, f"size {size}: by an authority that you did not name")
        else:
            said = f"size {size} existed before {told_of(each.timestamp, stands=so, at=at)}"
            screen.result("PASS" if so else "HOLD", name, said)
    return 0


def _refuse_of_service(root: Path) -> None:
    if (root / "keys" / "decision.pem").exists():
        raise click.UsageError("the log belongs to a service, which asks for timestamps itself")


def _newest(store: SqliteStore) -> bytes:
    note = store.head().checkpoint
    if note is None:
        raise LogError("checkpoint-malformed", "the log has no checkpoint yet")
    return note


def _stamps_of(
    root: Path, store: SqliteStore, keys: LogKeys, authorities: Authorities | None
) -> tuple[OpenedStamp, ...]:
    newest = open_checkpoint(_newest(store), keys=keys)
    opened = open_stamps(read_stamps(root)[0], keys=keys, authorities=authorities)
    check_trees(opened, newest, read_nodes=store.nodes)
    check_times(opened, lambda index: next(iter(store.entries(index, index + 1))).entry)
    return opened


def _require_one(opened: Sequence[OpenedStamp], *, at: dt.datetime) -> None:
    timestamps = [each.timestamp for each in opened]
    if not any(timestamps):
        raise TrustError("timestamp-untrusted", "no timestamp of the log is by one of these")
    if not any(standing(timestamps, at=at)):
        raise TrustError("timestamp-lapsed", "the certificates of all timestamps have ended")


def stamp_json(opened: OpenedStamp) -> dict[str, Json]:
    """A stamp as data."""
    document: dict[str, Json] = {"number": opened.number, "size": opened.checkpoint.size}
    timestamp = opened.timestamp
    if timestamp is not None:
        document |= {
            "time": format_instant(timestamp.at),
            "authority": timestamp.authority,
            "serial": f"{timestamp.serial:x}",
            "until": format_instant(timestamp.until),
        }
    return document


def told_of(timestamp: Timestamp, *, stands: bool, at: dt.datetime) -> str:
    """A timestamp in words: when, says who, and how long that is good."""
    said = f"{format_instant(timestamp.at)}, says {timestamp.authority}"
    until = format_instant(timestamp.until)
    if not stands:
        return f"{said}; lapsed: its certificates ended {until} and nothing renewed it before"
    if at >= timestamp.until:
        return f"{said}; its certificates ended {until}, renewed before"
    return f"{said}; good until {until}"
