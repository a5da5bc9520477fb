"""`attest rules`: read the packs as a lawyer, test them as an engineer."""

from __future__ import annotations

from collections import Counter

import click

from attest.cli import packs
from attest.cli.failures import about
from attest.cli.rules_build import build, lock
from attest.cli.rules_coverage import coverage
from attest.cli.rules_diff import diff
from attest.cli.rules_show import show
from attest.cli.rules_sign import sign
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.rules.cases import read_cases, run_cases


@click.group("rules", short_help="Read, test, compare and release the rule packs.")
def command() -> None:
    """Read, test, compare and release the rule packs.

    A PACK is the name of one that ships, a folder, or a pack document as JSON.
    """


for _each in (show, coverage, diff, build, lock, sign):
    command.add_command(_each)


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
        ("pack", "edition", "layer", "from", "rules", "title"),
        [
            (
                each.pack.id,
                each.pack.edition,
                each.pack.layer,
                each.document["effective"]["from"],
                str(len(each.pack.rules)),
                each.pack.title,
            )
            for each in loaded
        ],
    )
    for each in loaded:
        screen.out(f"{each.pack.digest}  {each.pack.id}/{each.pack.edition}")
    return 0


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
    screen.out()
    counted = Counter(each["pack"] for each in results)
    for pack, count in counted.items() if len(counted) > 1 else ():
        wrong = sum(each["pack"] == pack for each in failed)
        screen.result("FAIL" if wrong else "PASS", pack, f"{count} cases, {wrong} failed")
    screen.out(f"{len(results)} cases, {len(failed)} failed")
    return 4 if failed else 0
