"""`attest calendar`: every coming day on which the verdict on a product turns."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final

import click

from attest.cli import asking, changes, clock, packs
from attest.cli.asking import Answers, Sources
from attest.cli.changes import Told
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.whatif import VERDICTS, Span

_YEARS: Final = 3


@click.command("calendar", short_help="List every coming day on which a verdict turns.")
@asking.sourced
@click.option("--from", "first", type=clock.DATE, help="First day (default: today).")
@click.option("--until", type=clock.DATE, help="Last day (default: three years later).")
@asking.pack_option
@asking.mode_option
@asking.ledger_option
@click.option("--only-changes/--all", default=True, help="Name ten products alike, or all.")
@screened
def command(
    screen: Screen,
    *,
    given: Sources,
    first: dt.date | None,
    until: dt.date | None,
    names: tuple[str, ...],
    mode: str | None,
    ledger: str | None,
    only_changes: bool,
) -> int:
    """List every day on which a product, completed and decided on that day, gets another verdict.

    SOURCE is as for `attest whatif`. Each turn names the rules whose results turn, the values that
    are new on that day, the comparisons that turn, and the citations.

    The exit code is 0 when nothing gets worse on any day, else that of the worst verdict that
    something gets to: 5 for HOLD, 4 for FAIL.
    """
    first = first or clock.today()
    until = until or _years_later(first)
    if until < first:
        raise click.UsageError("--until is before --from")
    loaded = packs.load_all(names)
    question = Span(
        first=first,
        until=until,
        packs=tuple(each.raw for each in loaded),
        mode=mode,
        shipments=asking.read_ledger(ledger),
    )
    answers = asking.ask(screen, given, question)
    days: dict[dt.date, list[Told]] = {}
    for each in answers.products:
        for turn in each.answer.after:
            if turn.on is not None:
                told = Told(each.name, each.tape_out_id, each.place, each.answer.before, turn)
                days.setdefault(turn.on, []).append(told)
    days = dict(sorted(days.items()))
    start = Counter(each.answer.before for each in answers.products)
    counts = [{"verdict": word, "products": start[word]} for word in VERDICTS if start[word]]
    screen.document(
        {
            **answers.source,
            "from": first.isoformat(),
            "until": until.isoformat(),
            "products": len(answers.products),
            "refused": dict(answers.refused),
            "replaced": answers.replaced,
            "tried_packs": asking.packs_json([each.pack for each in loaded]),
            "tried_mode": mode,
            "start": counts,
            "days": [_day(day, told) for day, told in days.items()],
        }
    )
    _show(screen, answers, first, until, days, counts, everything=not only_changes)
    return changes.exit_code([each for told in days.values() for each in told])


def _years_later(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + _YEARS)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + _YEARS, day=28)


def _day(day: dt.date, told: list[Told]) -> dict[str, Json]:
    return {
        "on": day.isoformat(),
        "verdicts": changes.verdicts(told),
        "results": [
            {
                "product": each.name,
                "tape_out_id": each.tape_out_id,
                **each.place,
                **changes.after_json(each.after),
            }
            for each in told
        ],
    }


def _show(
    screen: Screen,
    answers: Answers,
    first: dt.date,
    until: dt.date,
    days: dict[dt.date, list[Told]],
    counts: list[dict[str, Json]],
    *,
    everything: bool,
) -> None:
    words = ", ".join(f"{each['products']} {each['verdict']}" for each in counts)
    screen.out(f"{first.isoformat()}: {words}. Nothing is written.")
    for line in asking.left_aside(answers):
        screen.out(f"    left aside: {line}")
    for day, told in days.items():
        screen.out()
        summary = changes.summary(screen, told, others=len(answers.products) - len(told))
        screen.out(f"{day.isoformat()}: {summary}")
        changes.show(screen, told, everything=everything)
    screen.out()
    screen.out(f"No other verdict turns until {until.isoformat()}.")
