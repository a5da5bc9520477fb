"""`attest lists diff` and `attest lists show`: what a snapshot holds, and what changed in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from attest import limits
from attest.cli.failures import about
from attest.cli.files import name_of, read_bytes
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.screening import lists
from attest.screening.snapshot import ListEntry, ListSnapshot, read_snapshot

_SHOWN_MAX = 100


def open_snapshot(path: str) -> ListSnapshot:
    """The snapshot in a file, or on stdin for `-`.

    Raises:
        InputError: file, too-large and what `read_snapshot` raises.
    """
    raw = read_bytes(path, bytes_max=limits.LIST_BYTES_MAX)
    with about(name_of(path)):
        return read_snapshot(raw)


@click.command("diff", short_help="Compare two snapshots of a list.")
@click.argument("old")
@click.argument("new")
@screened
def diff(screen: Screen, *, old: str, new: str) -> int:
    """Compare two snapshots of a list: entries added, removed and changed.

    Entries are matched by their identifiers, and those left by name.
    """
    before, after = open_snapshot(old), open_snapshot(new)
    found = lists.diff(before, after)
    screen.document(
        {
            "old": _name(before),
            "new": _name(after),
            "added": [entry_to_json(entry) for entry in found.added],
            "removed": [entry_to_json(entry) for entry in found.removed],
            "changed": [
                {
                    "members": list(change.members()),
                    "old": entry_to_json(change.old),
                    "new": entry_to_json(change.new),
                }
                for change in found.changed
            ],
        }
    )
    screen.out(f"{before.list} as of {before.as_of} -> {after.list} as of {after.as_of}")
    lines = [
        *(("added", entry, "") for entry in found.added),
        *(("removed", entry, "") for entry in found.removed),
        *(("changed", each.new, ": " + ", ".join(each.members())) for each in found.changed),
    ]
    for word, entry, rest in lines[:_SHOWN_MAX]:
        screen.out(f"{word:<8} {entry.list} {entry.names[0]}{rest}")
    _more(screen, len(lines))
    counts = f"{len(found.added):,} added, {len(found.removed):,} removed"
    screen.out(f"\n{counts}, {len(found.changed):,} changed of {len(before.entries):,} entries")
    return 0


@click.command("show", short_help="Show a snapshot, or the entries that bear a name.")
@click.argument("snapshot")
@click.argument("name", required=False)
@screened
def show(screen: Screen, *, snapshot: str, name: str | None) -> int:
    """Show what a snapshot holds; with NAME its entries with that text in a name, or that number.

    This is a look-up, not a screening: a name that is spelt otherwise is not found.
    """
    opened = open_snapshot(snapshot)
    found = lists.find(opened, name) if name is not None else ()
    codes = dict(sorted(Counter(entry.list for entry in opened.entries).items()))
    kinds = dict(sorted(Counter(entry.kind for entry in opened.entries).items()))
    screen.document(
        {
            **_name(opened),
            "source": opened.source,
            "lists": codes,
            "kinds": kinds,
            "entries": [entry_to_json(entry) for entry in found],
        }
    )
    if name is None:
        screen.out(f"{opened.list} as of {opened.as_of}, from {opened.source}")
        screen.out(f"digest {opened.digest}")
        screen.table(("list", "entries"), [(code, f"{count:,}") for code, count in codes.items()])
        return 0
    if not found:
        with about(name_of(snapshot)):
            raise InputError("not-found", "no entry has that text in a name, or that number")
    for entry in found[:_SHOWN_MAX]:
        _show(screen, entry)
    _more(screen, len(found))
    return 0


def entry_to_json(entry: ListEntry) -> Json:
    """An entry as data, what it does not say left out."""
    document = {name: value for name, value in asdict(entry).items() if value}
    for pairs in ("identifiers", "remarks"):
        if pairs in document:
            document[pairs] = [each._asdict() for each in getattr(entry, pairs)]
    return document


def _name(snapshot: ListSnapshot) -> dict[str, Json]:
    return {
        "list": snapshot.list,
        "as_of": snapshot.as_of.isoformat(),
        "digest": snapshot.digest,
    }


def _more(screen: Screen, count: int) -> None:
    if count > _SHOWN_MAX:
        screen.out(f"and {count - _SHOWN_MAX:,} more; --json lists them all")


def _show(screen: Screen, entry: ListEntry) -> None:
    screen.out(f"{entry.list} {entry.names[0]}")
    rows = [
        ("id", entry.id),
        ("kind", entry.kind),
        *(("also", name) for name in entry.names[1:]),
        *(("address", address) for address in entry.addresses),
        ("in", ", ".join(entry.countries)),
        ("footnote", ", ".join(map(str, entry.footnotes))),
        ("needs", entry.requirement),
        ("policy", entry.policy),
        ("cite", entry.citation),
        *((each.scheme, each.value) for each in entry.identifiers),
        *((each.name, each.text) for each in entry.remarks),
        ("flags", ", ".join(entry.flags)),
    ]
    for label, text in rows:
        if text:
            screen.out(f"    {label:<12} {text}")
