"""`attest classify`: the paragraphs of the control list that a chip falls under, and what follows.

One chip from options, or many from a table. The rules decide (`attest.classification`); here
figures are read and a question is made of them for each destination:

>>> figures = {"item.name": "TQ-7", "transaction.destinations": ["CN", "VN"]}
>>> asked = list(questions(figures, dt.date(2026, 11, 24), "cfr_text"))
>>> [(place, question["trade"]["consignee_country"]) for place, _, question in asked]
[('CN', 'CN'), ('VN', 'VN')]

What a question takes for granted is told with its answer:

>>> asked[0][1]["transaction.exporter"], asked[0][1]["trade.informed_of"]
('other', [])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import click

from attest.classification import RulePack, classify
from attest.cli import chips, classes, clock, files, packs
from attest.cli.chips import COLUMNS, DESTINATIONS, Column, Row, Table
from attest.cli.classes import Answer, Answered
from attest.cli.failures import about, exit_code_of_code
from attest.cli.progress import progress
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.ledger import Shipment, read_shipments, with_ledger
from attest.limits import FACTS_BYTES_MAX, LEDGER_BYTES_MAX
from attest.rules.facts import facts_from_json
from attest.rules.register import GROUPS, MODES, Field

PACK: Final = "us-ear-chips"

_METAVARS: Final = {
    "name": "TEXT",
    "tops": "BITS:VALUE",
    "from_country": "COUNTRY",
    "destination": "COUNTRY",
    "hq": "COUNTRY",
}
_REPEATED: Final = ("tops", "destination", "hq")
_FLAGS: Final = ("datacenter", "licence")


def _option(column: Column) -> Callable[[Callable[..., int]], Callable[..., int]]:
    flag, name = f"--{column.name.replace('_', '-')}", column.name
    kinds = GROUPS["item"]["kind"]
    if name in _FLAGS:
        return click.option(f"{flag}/--no-{name}", name, default=None, help=column.help)
    if name == "kind" and isinstance(kinds, Field):
        return click.option(flag, type=click.Choice(kinds.choices), help=column.help)
    metavar, repeated = _METAVARS.get(name, "NUMBER"), name in _REPEATED
    text = f"{column.help} May be repeated." if repeated else column.help
    return click.option(flag, name, metavar=metavar, multiple=repeated, help=text)


def _chip_options(function: Callable[..., int]) -> Callable[..., int]:
    for column in reversed(COLUMNS):
        function = _option(column)(function)
    return function


@click.command("classify", short_help="Classify chips: paragraph, licence, exceptions, arithmetic.")
@click.argument("source", required=False)
@_chip_options
@click.option(
    "--fact",
    "stated",
    metavar="NAME=VALUE",
    multiple=True,
    help="Any other fact of docs/RULES.md section 6. May be repeated.",
)
@click.option(
    "--as-of", type=clock.DATE, help="Day of the export and its decision (default: today)."
)
@click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True)
@click.option(
    "--pack",
    "names",
    multiple=True,
    default=[PACK],
    show_default=True,
    help="A pack that ships, a folder or a JSON file; may be repeated.",
)
@click.option(
    "--ledger", metavar="FILE", help="Earlier shipments in JSON: what they add up to is stated."
)
@click.option("--template", type=click.Choice(["csv"]), help="Print the headers of a table.")
@screened
def command(
    screen: Screen,
    *,
    source: str | None,
    stated: tuple[str, ...],
    as_of: dt.date | None,
    mode: str,
    names: tuple[str, ...],
    ledger: str | None,
    template: str | None,
    **options: Any,
) -> int:
    """Classify one chip from options, or every chip of SOURCE, a table in CSV.

    Each destination is a question of its own. What is not stated is unknown, and the answer then
    says so and names what is missing. With a table, options fill the cells that are blank. An
    answer has exit code 0 whatever it says; with faulty rows it is 2, and the others are answered.
    """
    if template:
        screen.document({"headers": chips.headers()})
        screen.out(",".join(chips.headers()))
        return 0
    given = _given(options, stated)
    table = _table(source, given)
    shipments = _shipments(ledger, table)
    rules = [RulePack(each.pack, each.document) for each in packs.load_all(names)]
    day = as_of or clock.today()
    explained = screen.as_json or source is None
    answered: list[Answered] = []
    with progress(screen, "chips classified", total=len(table.rows)) as advance:
        for row in table.rows:
            answers = []
            for destination, assumed, question in questions(row.facts, day, mode):
                facts = facts_from_json(question)
                facts = facts if shipments is None else with_ledger(facts, shipments)
                found = classify(rules, facts, explained=explained)
                answers.append(Answer(destination, assumed, found))
            answered.append(Answered(row, answers))
            if advance:
                advance(1)
    heading = {
        "as_of": day.isoformat(),
        "mode": mode,
        "packs": [
            {"id": each.id, "edition": each.edition, "digest": each.digest} for each, _ in rules
        ],
    }
    classes.show(screen, heading, answered, table.faults, in_table=source is not None)
    return exit_code_of_code("csv-malformed") if table.faults else 0


def _given(options: Mapping[str, Any], stated: Sequence[str]) -> dict[str, Json]:
    """The facts that options state; a bad value is wrong usage, as for every option."""
    facts: dict[str, Json] = {}
    for column in COLUMNS:
        value = options[column.name]
        if isinstance(value, bool):
            facts[column.fact] = value
        elif value:
            text = ";".join(value) if isinstance(value, tuple) else value
            flag = f"--{column.name.replace('_', '-')}"
            facts[column.fact] = _read(column, text, flag)
    for each in stated:
        name, equals, text = each.partition("=")
        column = _fact(name.strip())
        if not equals or not text.strip():
            raise click.BadParameter("expected NAME=VALUE", param_hint="--fact")
        if column.fact in facts:
            raise click.BadParameter(f"{column.name} is stated twice", param_hint="--fact")
        facts[column.fact] = _read(column, text, "--fact")
    return facts


def _fact(name: str) -> Column:
    try:
        return chips.column_of(name)
    except InputError as error:
        raise click.BadParameter(error.detail, param_hint="--fact") from None


def _read(column: Column, text: str, flag: str) -> Json:
    try:
        return chips.value_of(column, text)
    except InputError as error:
        raise click.BadParameter(error.detail, param_hint=flag) from None


def _table(source: str | None, given: Mapping[str, Json]) -> Table:
    if source is None:
        if not any(name.startswith("item.") for name in given):
            raise click.UsageError("nothing is said about a chip; give its figures, or a table")
        return Table((Row(0, given, ""),), ())
    with about(files.name_of(source)):
        table = chips.read_table(files.read_bytes(source, bytes_max=FACTS_BYTES_MAX))
    filled = (row._replace(facts={**given, **row.facts}) for row in table.rows)
    return Table(tuple(filled), table.faults)


def _shipments(ledger: str | None, table: Table) -> tuple[Shipment, ...] | None:
    if ledger is None:
        return None
    if any(name.startswith("ledger.") for row in table.rows for name in row.facts):
        raise click.UsageError("--ledger and facts of the ledger exclude each other")
    with about(files.name_of(ledger)):
        return read_shipments(files.read_bytes(ledger, bytes_max=LEDGER_BYTES_MAX))


def questions(
    facts: Mapping[str, Json], day: dt.date, mode: str
) -> Iterator[tuple[str | None, dict[str, Json], dict[str, dict[str, Json]]]]:
    """For each destination, or once without: destination, what is assumed, the tree of facts.

    Assumed unless stated: the item is shipped on the day, by somebody who is neither front-end
    fabricator nor OSAT and holds no letter of the authority; the consignee is at the destination
    and has the headquarters that are stated for the parties.
    """
    about_day = {
        "transaction.completion_date": day.isoformat(),
        "transaction.decision_date": day.isoformat(),
        "transaction.mode": mode,
    }
    headquarters = facts.get("transaction.party_hqs")
    for each in facts.get(DESTINATIONS) or [None]:
        assumed = {
            "transaction.exporter": "other",
            "trade.shipment_date": day.isoformat(),
            "trade.informed_of": [],
            **({"trade.consignee_country": each} if each else {}),
            **({"trade.consignee_hqs": headquarters} if headquarters is not None else {}),
        }
        assumed = {name: value for name, value in assumed.items() if name not in facts}
        there = {DESTINATIONS: [each] if each else None}
        yield each, assumed, chips.tree_of({**about_day, **assumed, **facts, **there})
