"""`attest whatif`: what becomes of every product on another day, under other packs or lists."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import click

from attest import limits
from attest.cli import asking, changes, clock, files, packs
from attest.cli.asking import Answers, Sources
from attest.cli.changes import Told
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.screening.screener import Screener
from attest.screening.snapshot import read_snapshot
from attest.whatif import Variations

_READ: Final = (b"party.listings", b"screening.")


@click.command("whatif", short_help="Try products on other days, packs, lists, modes.")
@asking.sourced
@click.option("--on", "days", type=clock.DATE, multiple=True, help="Day to try; may be repeated.")
@asking.pack_option
@click.option(
    "--lists",
    "list_paths",
    multiple=True,
    metavar="PATH",
    help="Try these lists: a snapshot, or a folder of them; may be repeated.",
)
@asking.mode_option
@asking.ledger_option
@click.option("--scratch", is_flag=True, expose_value=False, help="Nothing is written (always so).")
@click.option("--only-changes/--all", default=True, help="Name what changes, or all products.")
@screened
def command(
    screen: Screen,
    *,
    given: Sources,
    days: tuple[dt.date, ...],
    names: tuple[str, ...],
    list_paths: tuple[str, ...],
    mode: str | None,
    ledger: str | None,
    only_changes: bool,
) -> int:
    """Compare the verdicts of products with those of another day, other packs, lists, another mode.

    SOURCE is a declaration (signed, or as `attest declare` takes it) with its determinations, a
    table, a file of facts, a folder of these; or a log: DIR, its log.sqlite, or an export. A day
    of --on is the day of completion and of decision alike. Products of a log are tried under the
    packs of their own decisions unless --pack names others.

    The exit code is 0 when nothing gets worse, else that of the worst verdict that something gets
    to: 5 for HOLD, 4 for FAIL.
    """
    if not (days or names or mode or list_paths):
        raise click.UsageError("name what to try: --on, --pack, --lists or --mode")
    loaded = packs.load_all(names)
    question = Variations(
        on=tuple(dict.fromkeys(days)),
        lists=tuple(read_lists(path) for path in list_paths),
        packs=tuple(each.raw for each in loaded),
        mode=mode,
        shipments=asking.read_ledger(ledger),
    )
    answers = asking.ask(screen, given, question)
    if question.lists:
        screen.say("! Only these lists are tried: whoever is in none of them counts as not listed.")
        _say_unread(screen, question.packs or answers.documents)
    told = [
        [
            Told(each.name, each.tape_out_id, each.place, each.answer.before, after)
            for each, after in zip(
                answers.products, (each.answer.after[at] for each in answers.products), strict=True
            )
        ]
        for at in range(len(question.tried))
    ]
    screen.document(
        {
            **answers.source,
            "products": len(answers.products),
            "refused": dict(answers.refused),
            "replaced": answers.replaced,
            "tried_packs": asking.packs_json([each.pack for each in loaded]),
            "tried_mode": mode,
            "variations": [
                _variation(lists, day, each)
                for (lists, day), each in zip(question.tried, told, strict=True)
            ],
            "results": _results(answers, only_changes=only_changes),
        }
    )
    _show(screen, answers, question, told, only_changes=only_changes)
    return changes.exit_code([each for variation in told for each in variation])


def _variation(lists: Screener | None, day: dt.date | None, told: list[Told]) -> dict[str, Json]:
    afters = [each.after for each in told]
    return {
        "on": _day(day),
        "lists": None if lists is None else used_json(lists),
        "verdicts": changes.verdicts(told),
        "worse": sum(each.worse for each in afters),
        "better": sum(each.verdict != each.before and not each.worse for each in afters),
        "same": sum(each.verdict == each.before for each in afters),
        "depend_on_reading": sum(each.depends_on_reading for each in afters),
    }


def _results(answers: Answers, *, only_changes: bool) -> list[Json]:
    return [
        {
            "product": each.name,
            "tape_out_id": each.tape_out_id,
            **each.place,
            "verdict": each.answer.before,
            "after": [changes.after_json(after) for after in each.answer.after],
        }
        for each in answers.products
        if not only_changes or any(after.changes for after in each.answer.after)
    ]


def read_lists(path: str) -> Screener:
    """The lists of one variation: a snapshot, or every JSON file of a folder.

    Raises:
        InputError: file (a folder without one too), too-large, list-malformed (two snapshots of
            one list too), schema-violation, the json codes.
    """
    paths = [path]
    if path != "-" and Path(path).is_dir():
        with about(path):
            try:
                found = sorted(Path(path).iterdir())
            except OSError as error:
                raise InputError("file", (error.strerror or "cannot be read").lower()) from None
            paths = [str(each) for each in found if each.suffix == ".json"]
            if not paths:
                raise InputError("file", "no file in it ends in .json")
    bodies = {}
    for each in paths:
        raw = files.read_bytes(each, bytes_max=limits.LIST_BYTES_MAX)
        with about(files.name_of(each)):
            bodies[read_snapshot(raw).digest] = raw
    lists = Screener(bodies, bodies)
    with about(files.name_of(path)):
        if len({each.list for each in lists.index.used}) < len(paths):
            raise InputError("list-malformed", "two snapshots are of one list")
    return lists


def _say_unread(screen: Screen, documents: tuple[bytes, ...]) -> None:
    if documents and not any(fact in raw for raw in documents for fact in _READ):
        screen.say("! No pack that is tried reads what screening finds: lists change nothing.")


def used_json(lists: Screener) -> list[Json]:
    """Which lists they are, as every command names them."""
    return [{**each._asdict(), "as_of": each.as_of.isoformat()} for each in lists.index.used]


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _show(
    screen: Screen,
    answers: Answers,
    question: Variations,
    told: list[list[Told]],
    *,
    only_changes: bool,
) -> None:
    screen.out(f"{_products(len(answers.products))}. Nothing is written.")
    for line in asking.left_aside(answers):
        screen.out(f"    left aside: {line}")
    for (lists, day), variation in zip(question.tried, told, strict=True):
        screen.out()
        screen.out(f"{_day(day) or 'On their own days'}: {changes.summary(screen, variation)}")
        for used in () if lists is None else lists.index.used:
            screen.out(f"    under {used.list} as of {used.as_of}, {used.digest}")
        changes.show(screen, variation, everything=not only_changes)


def _products(count: int) -> str:
    return f"{count} product{'s' * (count != 1)}"
