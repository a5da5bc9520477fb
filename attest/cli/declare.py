"""`attest declare`: declaration statements from a file of TOML, JSON or CSV, or from questions.

What comes out is not signed yet: read it, run `attest lint` on it, then `attest sign`.
"""

from __future__ import annotations

import hashlib
import secrets
import sys
from pathlib import Path
from typing import Final

import click

from attest import encoding
from attest.cli import files, sources
from attest.cli.failures import about
from attest.cli.figures import in_words
from attest.cli.questions import Questions
from attest.cli.screen import Screen, json_bytes, screened
from attest.cli.shapes import shape_of
from attest.cli.statements import declaration_statement
from attest.encoding import Json
from attest.errors import InputError
from attest.models import DECLARATION_TYPE

_SALT_SUFFIX: Final = ".salt.json"


@click.command(
    "declare", short_help="Make declaration statements from TOML, JSON, CSV or questions."
)
@click.argument("source", required=False)
@click.option("--format", "form", type=click.Choice(sources.FORMATS), help="Default: by suffix.")
@click.option(
    "--ask", is_flag=True, help="Ask each question (default without SOURCE on a terminal)."
)
@click.option("--design", metavar="FILE", multiple=True, help="Name FILE by its digest.")
@click.option(
    "--design-commitment",
    metavar="FILE",
    multiple=True,
    help="Commit to FILE with a fresh salt, kept in FILE.salt.json.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the statement there.")
@click.option(
    "--output-dir", metavar="DIR", help="Write <tape-out id>.declaration.json files there."
)
@click.option("--template", type=click.Choice(["csv"]), help="Print the headers of a table.")
@screened
def command(
    screen: Screen,
    *,
    source: str | None,
    form: str | None,
    ask: bool,
    design: tuple[str, ...],
    design_commitment: tuple[str, ...],
    output: str | None,
    output_dir: str | None,
    template: str | None,
) -> int:
    """Make the statement that a designer signs about a product.

    SOURCE has the members of docs/SPEC.md section 4. A claim may be a bare value when the source
    states `knowledge` once at its top, and "unknown" is always allowed for a claim. In CSV each row
    is a product and each header the path of a member, such as dies.0.area_um2; several countries
    in a cell are separated by a semicolon; cells are text, never formulas.
    """
    if template:
        names = sources.headers("declaration")
        screen.document({"headers": names})
        screen.out(",".join(names))
        return 0
    if output and output_dir:
        raise click.UsageError("--output and --output-dir exclude each other")
    salts = {path: f"{path}{_SALT_SUFFIX}" for path in design_commitment}
    files.require_free(*salts.values())
    committed = {salts[path]: _committed(path) for path in salts}
    designs = [_design(path) for path in design] + [each for each, _ in committed.values()]
    given: dict[str, Json] = {"design": designs} if designs else {}
    if source is not None and ask:
        raise click.UsageError("--ask takes no SOURCE")
    if source is None:
        if not ask and not sys.stdin.isatty():
            raise click.UsageError("name a SOURCE file, - for stdin, or --ask")
        predicates = [_asked(screen, given)]
    else:
        predicates = [{**each, **given} for each in read_source(source, form, "declaration")]
    place = "the answers" if source is None else files.name_of(source)
    if designs and len(predicates) > 1:
        raise click.UsageError("a design belongs to one product; name it in its row")
    statements = _declared(predicates, place)
    targets = targets_of(statements, output=output, output_dir=output_dir)
    for statement in statements:
        echo_figures(screen, statement["predicate"])
    for target, (_, kept) in committed.items():
        files.write_new(target, json_bytes(kept), mode=0o600)
    write_statements(screen, statements, targets)
    return 0


def _declared(predicates: list[dict[str, Json]], place: str) -> list[dict[str, Json]]:
    statements = []
    for number, predicate in enumerate(predicates, 1):
        with about(place if len(predicates) == 1 else f"{place}, product {number}"):
            statements.append(declaration_statement(predicate))
    return statements


def _asked(screen: Screen, given: dict[str, Json]) -> dict[str, Json]:
    shape = shape_of("declaration")
    return Questions(screen).ask_document(shape, {"must_understand": [], **given})


def read_source(path: str, form: str | None, schema: str) -> list[dict[str, Json]]:
    """The predicates in a source file, its format by option or suffix.

    Raises:
        InputError: what is wrong with the source.
    """
    form = form or Path(path).suffix.removeprefix(".").lower()
    if form not in sources.FORMATS:
        raise click.UsageError("the suffix does not tell the format; give --format")
    raw = files.read_bytes(path)
    with about(files.name_of(path)):
        return sources.read(raw, form, schema)


def targets_of(
    statements: list[dict[str, Json]], *, output: str | None, output_dir: str | None = None
) -> list[str]:
    """The files to write statements to, none of them there yet; empty for stdout.

    Raises:
        InputError: file.
    """
    targets = []
    if output is not None:
        if len(statements) != 1:
            raise click.UsageError("several statements; give --output-dir")
        targets = [output]
    elif output_dir is not None:
        targets = [_target(output_dir, each) for each in statements]
        if len(set(targets)) != len(targets):
            raise InputError("file", "two products would be written to one file")
    files.require_free(*targets)
    return targets


def write_statements(screen: Screen, statements: list[dict[str, Json]], targets: list[str]) -> None:
    """Write statements to files, or to stdout: one as it is, several as an array."""
    if not targets:
        screen.raw(json_bytes(statements[0] if len(statements) == 1 else statements))
        return
    for target, statement in zip(targets, statements, strict=True):
        files.write_new(target, json_bytes(statement))
    rows = [
        {"file": target, "digest": encoding.digest(encoding.canonical(each))}
        for target, each in zip(targets, statements, strict=True)
    ]
    screen.document({"written": rows})
    for row in rows:
        screen.out(f"Wrote {row['file']}  statement digest {row['digest']}")
    step = "lint" if statements[0]["predicateType"] == DECLARATION_TYPE else "sign"
    screen.say(f"Not signed yet. Next: attest {step} {targets[0]}")


def _target(folder: str, statement: dict[str, Json]) -> str:
    identifier = statement["subject"][0]["name"]
    safe = "".join(each if each.isalnum() or each in "-_" else "_" for each in identifier)
    return str(Path(folder) / f"{safe}.declaration.json")


def echo_figures(screen: Screen, predicate: dict[str, Json]) -> None:
    """Say large numbers in words, so that a slip of a digit is seen."""
    for die in predicate["dies"]:
        count = die.get("transistors", {}).get("count")
        if count is not None:
            screen.say(f"{die['units']} x {die['name']}: {in_words(count)} transistors each")
        area = die["area_um2"].get("value")
        if area is not None:
            screen.say(f"{die['units']} x {die['name']}: {in_words(area)} um2 each")


def _design(path: str) -> Json:
    digest = files.sha256(path).hex()
    return {"form": "file", "sha256": digest, "describes": Path(path).name}


def _committed(path: str) -> tuple[Json, Json]:
    """The design as SHA-256(salt || file digest) (SPEC 4.2), and what opens that, to be kept."""
    name, digest, salt = Path(path).name, files.sha256(path), secrets.token_bytes(32)
    commitment = hashlib.sha256(salt + digest).hexdigest()
    return (
        {"form": "commitment", "sha256": commitment, "describes": name},
        {"file": name, "sha256": digest.hex(), "salt": encoding.encode_base64(salt)},
    )
