"""`attest rules diff`: what changed between two editions, and which cases come out otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import click

from attest.cli import packs
from attest.cli.failures import about
from attest.cli.rules_show import value_text
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.rules.cases import Case, read_cases
from attest.rules.difference import CaseChange, Change, changes, compare_cases
from attest.rules.facts import facts_to_json

_COLUMNS = 90


@click.command("diff", short_help="Compare two editions of a pack.")
@click.argument("old")
@click.argument("new")
@screened
def diff(screen: Screen, *, old: str, new: str) -> int:
    """Compare two editions of a pack: what was added, removed and changed.

    OLD and NEW are names, folders or documents. The worked cases of both, as far as they are
    folders, are run under both editions; those that come out otherwise are listed.
    """
    before, after = packs.load(old), packs.load(new)
    found = changes(before.document, after.document)
    cases = _cases(old, new)
    moved = compare_cases(before.pack, after.pack, cases)
    screen.document(
        {
            "old": _name(before),
            "new": _name(after),
            "changes": [change._asdict() for change in found],
            "cases": [
                {
                    "id": each.id,
                    "title": each.title,
                    "old": each.verdicts[0],
                    "new": each.verdicts[1],
                    "results": {rule: list(pair) for rule, pair in each.results.items()},
                }
                for each in moved
            ],
            "cases_run": len(cases),
        }
    )
    names = [f"{each.pack.id} {each.pack.edition}" for each in (before, after)]
    screen.out(f"{names[0]} -> {names[1]}")
    for change in found:
        _show(screen, change)
    if moved:
        screen.out("\ncases that come out otherwise")
        rows = [(each.id, each.title, _verdicts(each), _results(each)) for each in moved]
        screen.table(("case", "title", "verdict", "results"), rows)
    screen.out(f"\n{len(found)} changes; {len(moved)} of {len(cases)} cases come out otherwise")
    return 0


def _cases(*names: str) -> list[Case]:
    """The cases of packs that are folders, each once: the same number with the same facts."""
    found: dict[tuple[str, str], Case] = {}
    for name in names:
        if not name.endswith(".json"):
            with about(name):
                for case in read_cases(packs.folder_of(name)):
                    found.setdefault((case.id, str(facts_to_json(case.facts))), case)
    return list(found.values())


def _name(loaded: packs.Loaded) -> Json:
    pack = loaded.pack
    return {"id": pack.id, "edition": pack.edition, "digest": pack.digest}


def _show(screen: Screen, change: Change) -> None:
    where = change.part if not change.version else f"{change.part}, from {change.version}"
    if change.member:
        screen.out(f"changed  {where}, {change.member}")
        sides = [("-", change.old), ("+", change.new)]
    else:
        screen.out(f"{'added' if change.old is None else 'removed':<8} {where}")
        sides = [("-" if change.new is None else "+", change.new or change.old)]
    for mark, value in sides:
        for line in _lines(value):
            screen.out(f"    {mark} {line}")


def _lines(value: Json) -> Iterable[str]:
    """A value, a version or a whole part, shortened to what tells it apart."""
    if value is None:
        return ["(nothing)"]
    if not isinstance(value, dict):
        return [value_text(value, "")]
    shown = ("title", "value", "holds", "applies", "citation", "reading")
    return [
        f"{name}: {value_text(value[name], '', columns=_COLUMNS)}"
        for name in shown
        if name in value
    ] or [f"{len(value.get('versions', []))} versions"]


def _verdicts(change: CaseChange) -> str:
    old, new = change.verdicts
    return old if old == new else f"{old} -> {new}"


def _results(change: CaseChange) -> str:
    return "; ".join(f"{rule} {old} -> {new}" for rule, (old, new) in change.results.items())
