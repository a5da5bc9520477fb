"""`attest determine`: the foundry's or OSAT's own facts about a declared product."""

from __future__ import annotations

import click

from attest.cli import files, sources
from attest.cli.declare import echo_figures, read_source, targets_of, write_statements
from attest.cli.documents import payload_of
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.cli.statements import determination_statement


@click.command("determine", short_help="Make the foundry's or OSAT's determination statement.")
@click.argument("source")
@click.option(
    "--declaration",
    metavar="FILE",
    required=True,
    help="The declaration, signed or not: its statement digest is linked.",
)
@click.option("--format", "form", type=click.Choice(sources.FORMATS), help="Default: by suffix.")
@click.option("-o", "--output", metavar="FILE", help="Write the statement there.")
@screened
def command(
    screen: Screen, *, source: str, declaration: str, form: str | None, output: str | None
) -> int:
    """Make the statement that a foundry or OSAT signs about the product of one declaration.

    SOURCE has the members of docs/SPEC.md section 5 without `declaration`, in TOML, JSON or CSV
    with one row; the shorthands of attest declare hold.
    """
    predicates = read_source(source, form, "determination")
    payload = payload_of(declaration)
    with about(files.name_of(source)):
        statements = [determination_statement(each, declaration=payload) for each in predicates]
    for statement in statements:
        echo_figures(screen, statement["predicate"])
    write_statements(screen, statements, targets_of(statements, output=output))
    return 0
