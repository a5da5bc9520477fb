"""`attest rules show`: a pack, or one rule of it, as a lawyer reads it.

>>> value_text(30_000_000_000, "transistors"), value_text(["CN", "MO"], "")
('30,000,000,000 transistors', '2: CN; MO')
>>> value_text(["a long legal name"] * 30, "", columns=60)
'30: a long legal name; a long legal name; and 28 more'
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import click

from attest.cli import clock, packs
from attest.cli.failures import about
from attest.cli.screen import Screen, columns, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.cases import Case, read_cases
from attest.rules.reach import conditions, parts, reached

_COLUMNS: Final = 116
_LABEL: Final = 12
_CASES_LISTED: Final = 12
_CLAUSE: Final = re.compile(r" (?=&& |\|\| )")
_SAYS: Final = {
    "pass": "says pass",
    "fail": "says fail",
    "unknown": "says unknown",
    "not_applicable": "says n/a",
}
_CONFIDENCE: Final = {"A": "primary text", "B": "official excerpt", "C": "secondary source"}


@dataclass(frozen=True)
class _Reader:
    """A pack as it is read on a day; `day` is None for every version."""

    loaded: packs.Loaded
    day: dt.date | None
    today: dt.date
    cases: tuple[Case, ...]

    def part(self, section: str, name: str) -> Json:
        return next(each for each in self.loaded.document[section] if each["name"] == name)

    def described(self, rule: Json) -> Json:
        """A rule with the versions of the day, what it uses, and its worked cases."""
        versions = _in_force(rule["versions"], self.day)
        written = parts(self.loaded.document)
        texts = [text for version in versions for text in conditions(version)]
        names = reached(texts, written).names
        definitions = {name.partition(".")[2] or name[:-2] for name in names & written.keys()}
        return {
            **rule,
            "versions": versions,
            "params": sorted(name[7:] for name in names if name.startswith("params.")),
            "definitions": sorted(definitions),
            "cases": [
                {
                    "id": case.id,
                    "title": case.title,
                    "citation": case.citation,
                    "expected": case.expected,
                }
                for case in self.cases
                if _is_about(case, rule)
            ],
        }


@click.command("show", short_help="Show a pack or a rule with its citations.")
@click.argument("pack")
@click.argument("rule", required=False)
@click.option("--as-of", type=clock.DATE, help="Only what is in force on this day.")
@click.option("--document", is_flag=True, help="The canonical pack document, byte for byte.")
@screened
def show(
    screen: Screen, *, pack: str, rule: str | None, as_of: dt.date | None, document: bool
) -> int:
    """Show a pack, or one RULE of it, with its texts, dates and citations.

    Rules stand in the order in which they rest on each other: scopes, ways, presumptions, tests.
    A RULE comes with the terms that it uses, the values of its params on the day (default: today),
    the open points of the text that touch it, and its worked cases.
    """
    loaded = packs.load(pack)
    if document:
        screen.raw(loaded.raw)
        return 0
    written = {each["name"]: each for each in loaded.document["rules"]}
    chosen = [written[each.name] for each in loaded.pack.rules if rule in (None, each.name)]
    if not chosen:
        with about(pack):
            raise InputError("not-found", "the pack has no rule of that name")
    reader = _Reader(loaded, as_of, as_of or clock.today(), _cases(pack))
    rules = [reader.described(each) for each in chosen]
    screen.document(_document(reader, rules))
    _show_head(screen, reader)
    for each in rules:
        _show_rule(screen, each, reader)
        if rule is not None:
            _show_grounds(screen, each, reader)
    if rule is None:
        screen.out("\nparams")
        params = loaded.document["params"]
        rows = [row for param in params for row in _param_rows(param, as_of)]
        screen.table(("name", "from", "until", "value", "confidence", "citation"), rows)
        screen.out(f"One rule with its terms and cases: attest rules show {pack} RULE")
    return 0


def value_text(value: Json, unit: str, *, columns: int = 0) -> str:
    """A value for people; of a list only so much as fits into `columns` (0: all of it)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,} {unit}".strip()
    if not isinstance(value, list):
        return str(value)
    text = "; ".join(value)
    if not columns or len(text) <= columns:
        return f"{len(value)}: {text}" if len(value) > 1 else text or "none"
    kept: list[str] = []
    while sum(len(item) + 2 for item in [*kept, value[len(kept)]]) <= columns - 12:
        kept.append(value[len(kept)])
    return f"{len(value)}: {'; '.join([*kept, f'and {len(value) - len(kept)} more'])}"


def _cases(pack: str) -> tuple[Case, ...]:
    """The worked cases of a pack; a document holds none."""
    if pack.endswith(".json"):
        return ()
    with about(pack):
        return read_cases(packs.folder_of(pack))


def _is_about(case: Case, rule: Json) -> bool:
    named = rule["name"] in case.results or rule["name"] in (case.ways or ())
    return named or (rule["kind"] == "presumption" and case.outcome is not None)


def _in_force(versions: Json, day: dt.date | None) -> list[Json]:
    return [
        version
        for version in versions
        if day is None or version["from"] <= day.isoformat() <= version.get("until", "9999-12-31")
    ]


def _document(reader: _Reader, rules: list[Json]) -> Json:
    document = reader.loaded.document
    used = {name for rule in rules for name in rule["params"]}
    params = [
        {**each, "versions": _in_force(each["versions"], reader.day)}
        for each in document["params"]
        if each["name"] in used
    ]
    return {
        "id": document["id"],
        "edition": document["edition"],
        "digest": reader.loaded.pack.digest,
        "rules": rules,
        "params": params,
    }


def _show_head(screen: Screen, reader: _Reader) -> None:
    document, pack = reader.loaded.document, reader.loaded.pack
    effective = document["effective"]
    until = effective.get("until", "further notice")
    screen.out(f"{pack.id} {pack.edition} ({pack.layer}): {pack.title}")
    screen.out(f"from {effective['from']} until {until}; {pack.digest}")
    if reader.day is not None:
        screen.out(f"as in force on {reader.day}")


def _show_rule(screen: Screen, rule: Json, reader: _Reader) -> None:
    screen.out(f"\n{rule['name']} ({rule['kind']}): {rule['title']}")
    if not rule["versions"]:
        screen.out("    not in force")
    for version in rule["versions"]:
        until = version.get("until", "further notice")
        screen.out(f"    from {version['from']} until {until}, by day of {version['tested_on']}")
        confidence = f"{version['confidence']} ({_CONFIDENCE[version['confidence']]})"
        _rows(
            screen,
            [
                ("citation", version["citation"]),
                ("confidence", f"{confidence}, as of {version['as_of']}"),
                ("applies", _clauses(version.get("applies", ""))),
                ("holds", _clauses(version.get("holds", ""))),
                ("scope", version.get("scope", "")),
                ("overcome by", ", ".join(version.get("overcome_by", []))),
                ("on fail", version.get("on_fail", "")),
                *((label, version["says"].get(name, "")) for name, label in _SAYS.items()),
                *(("clears with", text) for text in version.get("clears_with", [])),
                *(
                    ("open point", f"{reading['ambiguity']}, {reading['name']}")
                    for reading in version.get("readings", [])
                ),
                ("note", version.get("note", "")),
            ],
        )
    cases = [case["id"] for case in rule["cases"]]
    more = [f"and {len(cases) - _CASES_LISTED} more"] if len(cases) > _CASES_LISTED else []
    none = "none states the result of this rule" if reader.cases else ""
    listed = f"{len(cases)}: {', '.join([*cases[:_CASES_LISTED], *more])}" if cases else none
    _rows(screen, [("params", ", ".join(rule["params"])), ("cases", listed)])


def _show_grounds(screen: Screen, rule: Json, reader: _Reader) -> None:
    """What a rule rests on: params, terms, open points and cases."""
    if rule["params"]:
        screen.out(f"\nparams on {reader.today}")
        for name in rule["params"]:
            _show_param(screen, reader.part("params", name), reader.today)
    if rule["definitions"]:
        screen.out("\nterms")
        for name in rule["definitions"]:
            definition = reader.part("definitions", name)
            parameter = f"({definition['parameter']})" if "parameter" in definition else ""
            screen.out(f"    {name}{parameter}")
            members = [(member, definition.get(member, "")) for member in ("citation", "note")]
            _rows(screen, [("means", _clauses(definition["value"])), *members])
    _show_open_points(screen, rule, reader)
    if rule["cases"]:
        screen.out("\ncases")
        rows = [(case["id"], case["title"], case["expected"]) for case in rule["cases"]]
        screen.table(("case", "title", "expected"), rows)


def _show_param(screen: Screen, param: Json, day: dt.date) -> None:
    screen.out(f"    {param['name']}")
    versions = _in_force(param["versions"], day)
    if not versions:
        _rows(screen, [("value", "none on this day")])
    for version in versions:
        span = f"{version['from']} until {version.get('until', 'further notice')}"
        confidence = f"{version['confidence']} ({_CONFIDENCE[version['confidence']]})"
        _rows(
            screen,
            [
                ("value", value_text(version["value"], param.get("unit", ""))),
                ("from", f"{span}, by day of {param['tested_on']}"),
                ("citation", version["citation"]),
                ("confidence", f"{confidence}, as of {version['as_of']}"),
                ("note", version.get("note", "")),
            ],
        )


def _show_open_points(screen: Screen, rule: Json, reader: _Reader) -> None:
    touched = {
        reading["ambiguity"]
        for version in rule["versions"]
        for reading in version.get("readings", [])
    }
    if touched:
        screen.out("\nopen points of the text")
    for point in reader.loaded.document["ambiguities"]:
        if point["id"] in touched:
            screen.out(f"    {point['id']}: {point['title']}")
            _rows(
                screen,
                [
                    ("problem", point["problem"]),
                    ("reading", point["reading"]),
                    *(("or", other) for other in point["others"]),
                    ("citation", point["citation"]),
                    ("note", point.get("note", "")),
                ],
            )


def _rows(screen: Screen, rows: Iterable[tuple[str, str]]) -> None:
    """Labelled texts, folded to the width; those that are empty are left out."""
    width = max(min(_COLUMNS, columns()) - _LABEL - 9, _COLUMNS // 4)
    for label, text in rows:
        for line in text.splitlines():
            for folded in textwrap.wrap(line, width, break_on_hyphens=False):
                screen.out(f"        {label:<{_LABEL}} {folded}")
                label = ""


def _clauses(expression: str) -> str:
    """An expression with each of its clauses on a line of its own."""
    return _CLAUSE.sub("\n", expression)


def _param_rows(param: Json, day: dt.date | None) -> Sequence[tuple[str, ...]]:
    return [
        (
            param["name"],
            version["from"],
            version.get("until", ""),
            value_text(version["value"], param.get("unit", ""), columns=_COLUMNS),
            version["confidence"],
            version["citation"],
        )
        for version in _in_force(param["versions"], day)
    ]
