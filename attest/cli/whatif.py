"""`attest whatif`: what becomes of every product on another day, under other packs."""

from __future__ import annotations

import datetime as dt

import click

from attest.cli import asking, changes, clock, packs
from attest.cli.asking import Answers, Sources
from attest.cli.changes import Told
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.whatif import Variations


@click.command("whatif", short_help="Try every product on other days, packs or modes.")
@asking.sourced
@click.option("--on", "days", type=clock.DATE, multiple=True, help="Day to try; may be repeated.")
@asking.pack_option
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
    mode: str | None,
    ledger: str | None,
    only_changes: bool,
) -> int:
    """Compare the verdicts of products with those of another day, other packs, another mode.

    SOURCE is a declaration (signed, or as `attest declare` takes it) with its determinations, a
    table, a file of facts, a folder of these; or a log: DIR, its log.sqlite, or an export. A day
    of --on is the day of completion and of decision alike. Products of a log are tried under the
    packs of their own decisions unless --pack names others.

    The exit code is 0 when nothing gets worse, else that of the worst verdict that something gets
    to: 5 for HOLD, 4 for FAIL.
    """
    if not (days or names or mode):
        raise click.UsageError("name what to try: --on, --pack or --mode")
    loaded = packs.load_all(names)
    question = Variations(
        on=tuple(dict.fromkeys(days)),
        packs=tuple(each.raw for each in loaded),
        mode=mode,
        shipments=asking.read_ledger(ledger),
    )
    answers = asking.ask(screen, given, question)
    told = [
        [
            Told(each.name, each.tape_out_id, each.place, each.answer.before, after)
            for each, after in zip(
                answers.products, (each.answer.after[at] for each in answers.products), strict=True
            )
        ]
        for at in range(len(question.on) or 1)
    ]
    screen.document(
        {
            **answers.source,
            "products": len(answers.products),
            "refused": dict(answers.refused),
            "replaced": answers.replaced,
            "tried_packs": asking.packs_json([each.pack for each in loaded]),
            "tried_mode": mode,
            "variations": [_variation(each) for each in told],
            "results": _results(answers, only_changes=only_changes),
        }
    )
    _show(screen, answers, told, only_changes=only_changes)
    return changes.exit_code([each for variation in told for each in variation])


def _variation(told: list[Told]) -> dict[str, Json]:
    afters = [each.after for each in told]
    return {
        "on": _day(afters[0].on),
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


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _show(screen: Screen, answers: Answers, told: list[list[Told]], *, only_changes: bool) -> None:
    screen.out(f"{_products(len(answers.products))}. Nothing is written.")
    for line in asking.left_aside(answers):
        screen.out(f"    left aside: {line}")
    for variation in told:
        day = _day(variation[0].after.on) if variation else None
        screen.out()
        screen.out(f"{day or 'On their own days'}: {changes.summary(screen, variation)}")
        changes.show(screen, variation, everything=not only_changes)


def _products(count: int) -> str:
    return f"{count} product{'s' * (count != 1)}"
