"""`attest rules`: read the packs as a lawyer, test them as an engineer."""

from __future__ import annotations

import datetime as dt

import click

from attest.cli import clock, packs
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.encoding import Json, canonical
from attest.errors import InputError
from attest.rules.cases import read_cases, run_cases


@click.group("rules", short_help="List, show and test the rule packs.")
def command() -> None:
    """List, show and test the rule packs.

    A PACK is the name of one that ships, a folder, or a pack document as JSON.
    """


@command.command("list", short_help="List the packs that ship.")
@screened
def list_(screen: Screen) -> int:
    """List the packs that ship, with the digest that identifies each edition."""
    loaded = [packs.load(name) for name in packs.bundled()]
    screen.document(
        [
            {
                "id": each.pack.id,
                "edition": each.pack.edition,
                "layer": each.pack.layer,
                "title": each.pack.title,
                "digest": each.pack.digest,
                "rules": [rule.name for rule in each.pack.rules],
            }
            for each in loaded
        ]
    )
    screen.table(
        ("pack", "edition", "layer", "rules", "digest", "title"),
        [
            (
                each.pack.id,
                each.pack.edition,
                each.pack.layer,
                str(len(each.pack.rules)),
                each.pack.digest,
                each.pack.title,
            )
            for each in loaded
        ],
    )
    return 0


@command.command("show", short_help="Show a pack or a rule with its citations.")
@click.argument("pack")
@click.argument("rule", required=False)
@click.option("--as-of", type=clock.DATE, help="Only what is in force on this day.")
@click.option("--document", is_flag=True, help="The canonical pack document, byte for byte.")
@screened
def show(
    screen: Screen, *, pack: str, rule: str | None, as_of: dt.date | None, document: bool
) -> int:
    """Show a pack, or one RULE of it, with its texts, dates and citations."""
    loaded = packs.load(pack)
    if document:
        screen.raw(loaded.raw)
        return 0
    chosen = [each for each in loaded.document["rules"] if rule in (None, each["name"])]
    if not chosen:
        with about(pack):
            raise InputError("not-found", "the pack has no rule of that name")
    shown = [{**each, "versions": _in_force(each["versions"], as_of)} for each in chosen]
    params = [
        {**each, "versions": _in_force(each["versions"], as_of)}
        for each in loaded.document["params"]
    ]
    screen.document({"id": loaded.pack.id, "edition": loaded.pack.edition, "rules": shown})
    screen.out(f"{loaded.pack.id} {loaded.pack.edition} ({loaded.pack.layer}): {loaded.pack.title}")
    for each in shown:
        _show_rule(screen, each)
    if rule is None:
        screen.out("\nparams")
        screen.table(("name", "from", "until", "value", "citation"), _param_rows(params))
    return 0


def _in_force(versions: Json, day: dt.date | None) -> list[Json]:
    return [
        version
        for version in versions
        if day is None or version["from"] <= day.isoformat() <= version.get("until", "9999-12-31")
    ]


def _show_rule(screen: Screen, rule: Json) -> None:
    screen.out(f"\n{rule['name']} ({rule['kind']}): {rule['title']}")
    if not rule["versions"]:
        screen.out("    not in force")
    for version in rule["versions"]:
        until = version.get("until", "further notice")
        screen.out(f"    from {version['from']} until {until}, by day of {version['tested_on']}")
        rows = [
            ("citation", version["citation"]),
            ("confidence", f"{version['confidence']}, as of {version['as_of']}"),
            ("applies", version.get("applies", "")),
            ("holds", version.get("holds", "")),
            ("scope", version.get("scope", "")),
            ("overcome by", ", ".join(version.get("overcome_by", []))),
            ("on fail", version.get("on_fail", "")),
            *((f"says {result}", text) for result, text in version["says"].items()),
            *(("clears with", text) for text in version.get("clears_with", [])),
            *(
                ("open point", f"{reading['ambiguity']}, {reading['name']}")
                for reading in version.get("readings", [])
            ),
        ]
        for label, text in rows:
            if text:
                screen.out(f"        {label:<12} {text}")


def _param_rows(params: list[Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for param in params:
        for version in param["versions"]:
            value = version["value"]
            if isinstance(value, list):
                text = f"{len(value)}: {', '.join(value)}"
            elif isinstance(value, int) and not isinstance(value, bool):
                text = f"{value:,} {param.get('unit', '')}".strip()
            else:
                text = canonical(value).decode().strip('"')
            until = version.get("until", "")
            rows.append((param["name"], version["from"], until, text, version["citation"]))
    return rows


@command.command("test", short_help="Run the worked cases.")
@click.argument("names", nargs=-1, metavar="[PACK]...")
@screened
def test(screen: Screen, *, names: tuple[str, ...]) -> int:
    """Run the worked cases of packs (default: all that ship); exit code 4 when one fails."""
    results: list[Json] = []
    for name in names or packs.bundled():
        if name.endswith(".json"):
            raise click.UsageError("a pack document holds no cases; name the folder of the pack")
        loaded = packs.load(name)
        with about(name):
            cases = read_cases(packs.folder_of(name))
            results += [
                {
                    "pack": loaded.pack.id,
                    "case": result.id,
                    "title": result.title,
                    "citation": result.citation,
                    "ok": result.ok,
                    "expected": result.expected,
                    "got": result.got,
                }
                for result in run_cases(loaded.pack, cases)
            ]
    failed = [each for each in results if not each["ok"]]
    screen.document({"cases": results, "failed": len(failed)})
    for each in results:
        word = "PASS" if each["ok"] else "FAIL"
        screen.result(
            word, f"{each['pack']} {each['case']}", f"{each['title']}  {each['citation']}"
        )
        if not each["ok"]:
            screen.out(f"        expected     {each['expected']}")
            screen.out(f"        got          {each['got']}")
    screen.out(f"\n{len(results)} cases, {len(failed)} failed")
    return 4 if failed else 0
