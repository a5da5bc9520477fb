"""`attest rules coverage`: no day without a version, none with two."""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from attest.cli import clock, packs
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.rules.coverage import Coverage, Fault, examine
from attest.rules.pack import coverage as ends

_DAY: Final = dt.timedelta(days=1)


@click.command("coverage", short_help="Prove that versions leave no day out.")
@click.argument("names", nargs=-1, metavar="[PACK]...")
@click.option("--until", type=clock.DATE, help="The last day to look at (default: without end).")
@screened
def coverage(screen: Screen, *, names: tuple[str, ...], until: dt.date | None) -> int:
    """Prove that the versions of packs (default: all that ship) leave no day out.

    Every day on which a version begins or ends is looked at, from the first day of the pack. A
    rule or param may begin later or end earlier than its pack; that is listed. A day with two
    versions, a gap between versions, and a param without a version on a day on which a rule uses
    it are faults: exit code 4.
    """
    found = []
    for name in names or packs.bundled():
        loaded = packs.load(name)
        found.append((loaded, examine(loaded.document, until=until)))
    screen.document([_document(loaded, covered, until) for loaded, covered in found])
    for loaded, covered in found:
        _show(screen, loaded, covered, until)
    return 4 if any(covered.faults for _, covered in found) else 0


def _document(loaded: packs.Loaded, covered: Coverage, until: dt.date | None) -> Json:
    return {
        "id": loaded.pack.id,
        "edition": loaded.pack.edition,
        "from": loaded.document["effective"]["from"],
        "until": _text(until),
        "days": [day.isoformat() for day in covered.days],
        "spans": [
            {
                "name": span.name,
                "from": span.first.isoformat(),
                "until": _text(span.last),
                "versions": span.versions,
            }
            for span in covered.spans
        ],
        "faults": [
            {
                "name": fault.name,
                "why": fault.why,
                "from": fault.first.isoformat(),
                "until": _text(fault.last),
            }
            for fault in covered.faults
        ],
    }


def _show(screen: Screen, loaded: packs.Loaded, covered: Coverage, until: dt.date | None) -> None:
    counted = f"{len(covered.spans)} rules and params, {len(covered.days)} days looked at"
    word, end = ("FAIL" if covered.faults else "PASS"), _text(until) or "without end"
    first = loaded.document["effective"]["from"]
    screen.result(word, loaded.pack.id, f"{counted} from {first}, {end}")
    for gap in ends(loaded.pack, until=dt.date.max):
        if gap.first.toordinal() == loaded.pack.first:
            screen.out(f"        {gap.name}: begins {gap.last + _DAY}")
        elif until is None or gap.first <= until:
            screen.out(f"        {gap.name}: ends {gap.first - _DAY}")
    for fault in covered.faults:
        screen.out(f"        {fault.name}: {_fault(fault)}")


def _fault(fault: Fault) -> str:
    return f"{fault.why}, from {fault.first} until {fault.last or 'further notice'}"


def _text(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
