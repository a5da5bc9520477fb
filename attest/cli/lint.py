"""`attest lint`: everything a foundry would say, before anybody has signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import click

from attest import encoding
from attest.cli import clock, documents, files, findings, packs
from attest.cli.contents import Found, look_into
from attest.cli.documents import predicate_word
from attest.cli.failures import exit_code_of, exit_code_of_code
from attest.cli.rehearsal import one_declaration, rehearse
from attest.cli.screen import Screen, screened
from attest.cli.sentences import knowledge_of
from attest.encoding import Json
from attest.rules.register import EXPORTERS, MODES

_WORST_FIRST: Final = ("FAIL", "HOLD", "PASS")


@click.command("lint", short_help="Check a statement and dry-run the rules before anyone signs.")
@click.argument("statements", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--as-of",
    "days",
    type=clock.DATE,
    multiple=True,
    help="Day of completion; may be repeated (default: as stated).",
)
@click.option("--decided", type=clock.INSTANT, help="Instant of decision (default: now).")
@click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True)
@click.option(
    "--exporter",
    type=click.Choice(EXPORTERS),
    default=EXPORTERS[0],
    show_default=True,
    help="The role of the foundry that decides.",
)
@packs.pack_option
@screened
def command(
    screen: Screen,
    *,
    statements: tuple[str, ...],
    days: tuple[dt.date, ...],
    decided: dt.datetime | None,
    mode: str,
    exporter: str,
    names: tuple[str, ...],
) -> int:
    """Check a declaration with its determinations and rehearse the decision.

    Each FILE is a statement, an envelope or a submission. Faults of shape are all listed; then the
    very code that a foundry runs decides, with throw-away keys, once for each --as-of. Nothing is
    sent.
    """
    contents = [(files.name_of(path), look_into(documents.read(path))) for path in statements]
    faults = [
        {"file": name, "pointer": pointer, "why": why}
        for name, each in contents
        for pointer, why in each.faults
    ]
    if faults:
        screen.document({"faults": faults})
        for fault in faults:
            screen.result("FAIL", fault["file"], f"at {fault['pointer'] or '/'}: {fault['why']}")
        return 2
    declaration, determinations = one_declaration(
        [found for _, each in contents for found in each.statements]
    )
    at = decided or clock.now()
    compiled = [each.pack for each in packs.load_all(names)]
    rehearsals = [
        rehearse(
            declaration,
            determinations,
            packs=compiled,
            mode=mode,
            exporter=exporter,
            at=at,
            completion=day,
        )
        for day in (days or (None,))
    ]
    unknown = _unknown([declaration, *determinations])
    screen.document(
        {
            "decided": encoding.format_instant(at),
            "rehearsals": [
                {**each, "will_ask": findings.questions(each.get("findings", []))}
                for each in rehearsals
            ],
            "unknown": unknown,
        }
    )
    before: Json = None
    for each in rehearsals:
        _show(screen, each, before)
        before = each
    _show_summary(screen, rehearsals, unknown)
    return _exit_code(rehearsals)


def _unknown(statements: Sequence[Found]) -> list[str]:
    return [
        f"{predicate_word(each.statement)}: {path}"
        for each in statements
        for path, knowledge, _ in knowledge_of(each.statement["predicate"])
        if knowledge == "unknown"
    ]


def _show(screen: Screen, predicate: Json, before: Json) -> None:
    screen.out(f"Completion {predicate.get('completion_date', 'not learnt')}")
    if before is not None and _told(before) == _told(predicate):
        screen.out("    the same as before")
    else:
        findings.show_decision(screen, predicate)
    screen.out()


def _told(predicate: Json) -> list[tuple[str, str]]:
    if "refusal" in predicate:
        return [(predicate["refusal"]["code"], "")]
    return [(finding["rule"], finding["says"]) for finding in predicate["findings"]]


def _show_summary(screen: Screen, rehearsals: list[Json], unknown: list[str]) -> None:
    if len(rehearsals) > 1:
        rows = [
            (each.get("completion_date", ""), each["verdict"], ", ".join(_reasons(each)))
            for each in rehearsals
        ]
        screen.table(("completion", "verdict", "because of"), rows)
    asked = dict.fromkeys(
        text for each in rehearsals for text in findings.questions(each.get("findings", []))
    )
    if asked:
        screen.out("The foundry will ask for:")
        for text in asked:
            screen.out(f"  - {text}")
    if unknown:
        screen.out(f"Stated as unknown: {', '.join(unknown)}")


def _reasons(predicate: Json) -> list[str]:
    if "refusal" in predicate:
        return [predicate["refusal"]["code"]]
    verdict = predicate["verdict"]
    return [
        finding["rule"]
        for finding in predicate["findings"]
        if verdict != "PASS" and finding.get("verdict") == verdict
    ]


def _exit_code(rehearsals: list[Json]) -> int:
    for each in rehearsals:
        if "refusal" in each:
            return exit_code_of_code(each["refusal"]["code"])
    verdicts = {each["verdict"] for each in rehearsals}
    return exit_code_of(next(word for word in _WORST_FIRST if word in verdicts))
