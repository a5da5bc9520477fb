"""`attest lists impact`: whom of the parties of a log other lists would name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from attest.cli.failures import exit_code_of
from attest.cli.log_keys import log_keys_option
from attest.cli.screen import Screen, screened
from attest.encoding import Json

if TYPE_CHECKING:
    from attest.cli.asking import Answers, Asked
    from attest.screened import Hit


@click.command("impact", short_help="Show which cases of a log other lists would touch.")
@click.argument("lists", metavar="SNAPSHOT")
@click.argument("log")
@log_keys_option(required=False)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option(
    "--threshold",
    type=click.IntRange(1, 1000),
    help="Permille from which a hit is shown (default: what docs/screening.md recommends).",
)
@screened
def impact(
    screen: Screen,
    *,
    lists: str,
    log: str,
    log_keys: str | None,
    processes: int,
    threshold: int | None,
) -> int:
    """Screen the parties of every case of a LOG against other lists, and show whom they name.

    SNAPSHOT is a snapshot of a list, or a folder of them: all the lists that would be in force. LOG
    is an export or the data folder of a service; nothing is written. Shown are hits that the
    decision of the case did not have and no review has cleared, released and refused cases among
    them. A declaration that was replaced does not count. The exit code is 5 when there are any.
    """
    from attest.cli import asking
    from attest.cli.whatif import read_lists, used_json
    from attest.screening.match import HOLD_PERMILLE
    from attest.whatif import Variations

    least = HOLD_PERMILLE if threshold is None else threshold
    question = Variations(lists=(read_lists(lists),))
    answers = asking.ask_log(screen, asking.Sources.of_log(log, log_keys, processes), question)
    touched = [(each, new) for each in answers.products if (new := _new(each, least))]
    screen.document(
        {
            **answers.source,
            "lists": used_json(question.lists[0]),
            "threshold": least,
            "products": len(answers.products),
            "touched": [_told(each, new) for each, new in touched],
        }
    )
    _show(screen, answers, touched, asking.left_aside(answers))
    return exit_code_of("HOLD" if touched else "PASS")


def _new(asked: Asked, least: int) -> list[Hit]:
    (after,) = asked.answer.after
    return [hit for hit in after.found if hit.score_permille >= least]


def _told(asked: Asked, new: list[Hit]) -> Json:
    (after,) = asked.answer.after
    return {
        "product": asked.name,
        "tape_out_id": asked.tape_out_id,
        **asked.place,
        "before": after.before,
        "verdict": after.verdict,
        "found": [hit.to_json() for hit in new],
    }


def _show(
    screen: Screen,
    answers: Answers,
    touched: list[tuple[Asked, list[Hit]]],
    left_aside: list[str],
) -> None:
    for asked, new in touched:
        (after,) = asked.answer.after
        place = f"entry {asked.place['entry']}"
        screen.result("HOLD", place, f"{asked.name} ({asked.tape_out_id}), decided {after.before}")
        for hit in new:
            screen.out(f"        {hit.role} {hit.name}")
            screen.out(f"            {'may be':<12} {hit.listed} ({hit.list} {hit.id})")
            screen.out(f"            {'because of':<12} {hit.reason}, {hit.score_permille} of 1000")
    screen.out()
    screen.out(f"{len(touched)} of {len(answers.products)} cases are touched. Nothing is written.")
    for line in left_aside:
        screen.out(f"    left aside: {line}")
