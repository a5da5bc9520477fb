"""`attest lists`: published lists of parties as snapshots, compared, read and checked.

A file is imported as it was published, and its digest stands in the snapshot. `pull` brings it from
its publisher and changes nothing in it, so that it can be imported again years later.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from attest import encoding, limits
from attest.cli import clock
from attest.cli.failures import about
from attest.cli.files import name_of, read_bytes, require_free, write_new
from attest.cli.lists_impact import impact
from attest.cli.lists_match import match
from attest.cli.lists_show import diff, open_snapshot, show
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.screening.importers import FORMS, Imported, import_list
from attest.screening.lists import CHANGE_PERCENT_MAX, check_fresh, check_plausible
from attest.screening.snapshot import ListSnapshot, read_snapshot, write_snapshot

_SHOWN_MAX = 20


@click.group("lists", short_help="Import, compare, read, check and search lists of parties.")
def command() -> None:
    """Import, compare, read, check and search published lists of parties.

    A SNAPSHOT is one list, or one publication of several, as it stood on a day: canonical JSON of
    schemas/v1/list.schema.json. Files are imported as they were published.
    """


command.add_command(diff)
command.add_command(impact)
command.add_command(match)
command.add_command(show)

_FORM = click.Choice(list(FORMS))


@command.command(short_help="Fetch a published list, as it is.")
@click.argument("url")
@click.option("-o", "--output", required=True, metavar="FILE", help="The file to write.")
@screened
def pull(screen: Screen, *, url: str, output: str) -> int:
    """Fetch a published list, as it is, over https.

    Redirects are not followed: give the address where the list is. What was fetched is not looked
    at; attest lists import does that. Keep FILE: with it anybody can make the snapshot again.
    """
    from attest import client

    require_free(output)
    raw = client.get_publication(url)
    write_new(output, raw)
    digest = encoding.digest(raw)
    screen.document({"file": output, "bytes": len(raw), "digest": digest})
    screen.out(f"digest {digest}")
    screen.say(f"{output} written, {len(raw):,} bytes; attest lists import makes a snapshot of it")
    return 0


@command.command("import", short_help="Bring a published list into a snapshot.")
@click.argument("file")
@click.option("--format", "form", type=_FORM, required=True, help="How FILE is written.")
@click.option("--as-of", type=clock.DATE, required=True, help="The day on which the list stood so.")
@click.option("--list", "code", default="", help="Code of the list, for --format csv.")
@click.option("--source", help="What FILE is, for people (default: its name).")
@click.option("-o", "--output", required=True, metavar="SNAPSHOT", help="The snapshot to write.")
@click.option("--previous", metavar="SNAPSHOT", help="The snapshot that this one follows.")
@click.option(
    "--max-change",
    type=click.IntRange(0, 100),
    default=CHANGE_PERCENT_MAX,
    show_default=True,
    help="Percent of a list that may come or go since --previous.",
)
@click.option("--approve", is_flag=True, help="A person has looked at the change since --previous.")
@screened
def import_(
    screen: Screen,
    *,
    file: str,
    form: str,
    as_of: dt.date,
    code: str,
    source: str | None,
    output: str,
    previous: str | None,
    max_change: int,
    approve: bool,
) -> int:
    """Bring a published list into a snapshot.

    \b
    csl-csv      Consolidated Screening List, CSV: as published, or projected to ten columns
    csl-json     Consolidated Screening List, JSON
    ecfr-entity  Entity List (supplement 4 to part 744), table of the eCFR as CSV
    ecfr-meu     Military End-User List (supplement 7), likewise
    ecfr-uvl     Unverified List (supplement 6), likewise
    us-other     1260H, 1286, UFLPA, FCC, NS-CMIC, denied persons, nonproliferation
    csv          any list, such as Taiwan's: docs/CLI.md section 3.5 has the headers

    Every row becomes an entry or is reported. With --previous a change that is larger than
    --max-change, or a day before it, is refused until somebody has looked and says --approve.
    """
    require_free(output)
    raw = read_bytes(file, bytes_max=limits.LIST_BYTES_MAX)
    with about(name_of(file)):
        imported = import_list(raw, form=form, code=code)
        written = _snapshot_of(imported, raw, source or Path(name_of(file)).name, as_of)
    new = read_snapshot(written)
    if previous and not approve:
        with about(output):
            check_plausible(open_snapshot(previous), new, percent_max=max_change)
    write_new(output, written)
    screen.document(
        {
            "file": output,
            **_heading(new),
            "rows": imported.rows,
            "entries": len(imported.entries),
            "flags": imported.flags(),
            "passed_over": [each._asdict() for each in imported.passed_over],
        }
    )
    _tell(screen, new, imported, output)
    return 0


def _snapshot_of(imported: Imported, raw: bytes, source: str, as_of: dt.date) -> bytes:
    return write_snapshot(
        code=imported.list,
        source=source,
        source_digest=encoding.digest(raw),
        as_of=as_of,
        entries=imported.entries,
    )


def _heading(snapshot: ListSnapshot) -> dict[str, Json]:
    return {
        "list": snapshot.list,
        "as_of": snapshot.as_of.isoformat(),
        "digest": snapshot.digest,
        "source": snapshot.source,
        "source_digest": snapshot.source_digest,
    }


def _tell(screen: Screen, snapshot: ListSnapshot, imported: Imported, output: str) -> None:
    screen.out(f"{snapshot.list} as of {snapshot.as_of}: {len(imported.entries):,} entries")
    screen.out(f"digest {snapshot.digest}")
    for flag, count in imported.flags().items():
        screen.say(f"{count:,} entries: {flag}")
    for each in imported.passed_over[:_SHOWN_MAX]:
        screen.say(f"line {each.line}: {each.reason}")
    if (more := len(imported.passed_over) - _SHOWN_MAX) > 0:
        screen.say(f"and {more:,} rows more; --json lists them all")
    screen.say(f"{output} written")


@command.command(short_help="Check a snapshot, its age, and that it came from a publication.")
@click.argument("snapshot")
@click.option("--publication", metavar="FILE", help="The published list: import it again, compare.")
@click.option("--format", "form", type=_FORM, help="How the publication is written.")
@click.option("--max-age", type=click.IntRange(0), metavar="DAYS", help="The oldest it may be.")
@click.option("--as-of", type=clock.DATE, help="The day for --max-age (default: today).")
@screened
def verify(
    screen: Screen,
    *,
    snapshot: str,
    publication: str | None,
    form: str | None,
    max_age: int | None,
    as_of: dt.date | None,
) -> int:
    """Check a snapshot: its schema, canonical form, order and digest.

    With --publication the published list is imported again and must give the same bytes. With
    --max-age a snapshot that is older than so many days is stale (exit code 7).
    """
    if (publication is None) != (form is None):
        raise click.UsageError("--publication and --format are given together")
    opened = open_snapshot(snapshot)
    day = as_of or clock.today()
    if publication is not None and form is not None:
        _compare(opened, publication, form)
    if max_age is not None:
        with about(snapshot):
            check_fresh(opened, day=day, days_max=max_age)
    screen.document(
        {
            **_heading(opened),
            "entries": len(opened.entries),
            "age_days": opened.age_days(day),
            "from_publication": publication is not None,
        }
    )
    text = f"{opened.list} as of {opened.as_of}, {len(opened.entries):,} entries"
    screen.result("PASS", "snapshot", f"{text}, {opened.digest}")
    if publication is not None:
        screen.result("PASS", "publication", "imported again, the same bytes")
    if max_age is not None:
        screen.result("PASS", "age", f"{opened.age_days(day)} days on {day}")
    return 0


def _compare(opened: ListSnapshot, publication: str, form: str) -> None:
    raw = read_bytes(publication, bytes_max=limits.LIST_BYTES_MAX)
    with about(name_of(publication)):
        if encoding.digest(raw) != opened.source_digest:
            raise InputError("list-malformed", "the snapshot was made from another publication")
        imported = import_list(raw, form=form, code=opened.list)
        if encoding.digest(_snapshot_of(imported, raw, opened.source, opened.as_of)) != (
            opened.digest
        ):
            raise InputError("list-malformed", "importing it again gives another snapshot")
