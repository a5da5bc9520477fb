"""`attest lists match`: whom of the listed a party may be, with scores and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from attest import limits
from attest.cli.failures import about, exit_code_of
from attest.cli.files import name_of, read_bytes
from attest.cli.lists_show import open_snapshot
from attest.cli.progress import progress
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.screening.importers_table import Row, read_table, split

if TYPE_CHECKING:
    from attest.screening.match import Candidate, Index, Party

_OPTIONAL: Final = ("role", "addresses", "country", "identifiers")
_PERMILLE: Final = click.IntRange(1, 1000)


def _identifier(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[list[str]]:
    pairs = [value.split("=", 1) for value in values]
    if any(len(pair) == 1 or not all(pair) for pair in pairs):
        raise click.BadParameter("an identifier is SCHEME=VALUE, such as uscc=91310000MA1FL00000")
    return pairs


@click.command("match", short_help="Find whom of the listed a party may be.")
@click.argument("snapshots", nargs=-1, required=True, metavar="SNAPSHOT...")
@click.option("--name", "names", multiple=True, help="A name of the party; may be repeated.")
@click.option("--address", "addresses", multiple=True, help="An address; may be repeated.")
@click.option(
    "--identifier",
    "identifiers",
    multiple=True,
    metavar="SCHEME=VALUE",
    callback=_identifier,
    help="A number under which it is registered; may be repeated.",
)
@click.option("--role", default="party", show_default=True, help="Its role, for people.")
@click.option("--parties", metavar="FILE", help="Parties as CSV: docs/CLI.md section 3.5.")
@click.option(
    "--threshold",
    type=_PERMILLE,
    help="Permille from which a candidate is HOLD (default: what docs/screening.md recommends).",
)
@screened
def match(
    screen: Screen,
    *,
    snapshots: tuple[str, ...],
    names: tuple[str, ...],
    addresses: tuple[str, ...],
    identifiers: list[tuple[str, str]],
    role: str,
    parties: str | None,
    threshold: int | None,
) -> int:
    """Find whom of the listed a party may be: by name, address or registered number.

    Each candidate has a score in permille and the reason of it, and is HOLD at the threshold; lower
    ones are shown and are not. A party without a name that can be compared is HOLD too. One
    SNAPSHOT of a list counts. The exit code is 5 where somebody has to look, else 0. Nothing is
    decided: docs/screening.md says what scores mean.
    """
    from attest.screening.match import HOLD_PERMILLE, Index, Party

    given = Party(role, names, addresses, "", tuple((s, v) for s, v in identifiers))
    asked = [*([given] if _stated(given) else []), *(_read(parties) if parties else [])]
    if not asked:
        raise click.UsageError("a party is given by --name, --address, --identifier or --parties")
    index = Index.of(map(open_snapshot, snapshots))
    line = HOLD_PERMILLE if threshold is None else threshold
    found = []
    with progress(screen, "parties", total=len(asked)) as advance:
        for party in asked:
            found.append((party, index.candidates(party)))
            if advance:
                advance(1)
    screen.document(_document(index, line, found))
    for party, candidates in found:
        _show(screen, party, candidates, line)
    verdicts = {_verdict(party, candidates, line) for party, candidates in found}
    return exit_code_of("HOLD" if "HOLD" in verdicts else "PASS")


def _read(path: str) -> list[Party]:
    raw = read_bytes(path, bytes_max=limits.LIST_BYTES_MAX)
    with about(name_of(path)):
        try:
            rows = read_table(raw, ("names",), optional=_OPTIONAL)
        except InputError as error:
            code = "csv-malformed" if error.code == "list-malformed" else error.code
            raise InputError(code, error.detail) from None
        return [_party(row) for row in rows]


def _party(row: Row) -> Party:
    from attest.screening.match import Party

    identifiers = [each.split("=", 1) for each in split(row["identifiers"], "|")]
    if any(len(pair) == 1 for pair in identifiers):
        raise InputError("csv-malformed", f"line {row.line}: an identifier is scheme=value")
    party = Party(
        row["role"] or "party",
        tuple(split(row["names"], "|")),
        tuple(split(row["addresses"], "|")),
        row["country"],
        tuple((scheme, value) for scheme, value in identifiers),
    )
    if not _stated(party):
        raise InputError("csv-malformed", f"line {row.line}: no name, address or identifier")
    return party


def _stated(party: Party) -> list[str]:
    """All by which a party can be found."""
    return [*party.names, *party.addresses, *(value for _, value in party.identifiers)]


def _held(candidates: tuple[Candidate, ...], line: int) -> int:
    return sum(each.score_permille >= line for each in candidates)


def _nameless(party: Party) -> bool:
    """Whether it has names, and none with a letter or digit that can be compared."""
    from attest.screening.forms import forms

    return bool(party.names) and not any(map(forms, party.names))


def _verdict(party: Party, candidates: tuple[Candidate, ...], line: int) -> str:
    return "HOLD" if _held(candidates, line) or _nameless(party) else "PASS"


def _document(
    index: Index, line: int, found: list[tuple[Party, tuple[Candidate, ...]]]
) -> dict[str, Json]:
    from attest.screening.match import EDITION

    return {
        "edition": EDITION,
        "threshold": line,
        "lists": [
            {"list": each.list, "as_of": each.as_of.isoformat(), "digest": each.digest}
            for each in index.used
        ],
        "parties": [
            {
                "role": party.role,
                "names": [*party.names],
                "addresses": [*party.addresses],
                "country": party.country,
                "identifiers": [list(pair) for pair in party.identifiers],
                "verdict": _verdict(party, candidates, line),
                "candidates": [
                    {name: each for name, each in found._asdict().items() if name != "place"}
                    for found in candidates
                ],
            }
            for party, candidates in found
        ],
    }


def _show(screen: Screen, party: Party, candidates: tuple[Candidate, ...], line: int) -> None:
    held = _held(candidates, line)
    lower = f", {len(candidates) - held:,} below" if len(candidates) > held else ""
    text = f"{_stated(party)[0]}: {held:,} candidates at {line} or more{lower}"
    if _nameless(party):
        text += "; it has no name that can be compared"
    screen.result(_verdict(party, candidates, line), party.role, text)
    if candidates:
        screen.table(
            ("score", "list", "id", "listed", "matched", "reason"),
            [
                (
                    str(each.score_permille),
                    each.list,
                    each.entry,
                    each.listed,
                    "" if each.matched == each.listed else each.matched,
                    each.reason,
                )
                for each in candidates
            ],
        )
