"""The timeline of the regime as an SVG picture and as a table, from the versions of the packs.

A row takes its bars from the versions of one rule or param; a bar ends where its version ends. The
picture is plain SVG with its own background, in light and dark, and says in words what it shows:

>>> shown = Row("a", "Limit", "us-ear", "params.limit", "numbers")
>>> versions = [{"from": "2027-01-01", "value": 35_000_000_000, "citation": "Note 1.b(b)(i)"},
...     {"from": "2025-01-31", "until": "2026-12-31", "value": 30_000_000_000, "citation": "1.b"}]
>>> document = {"rules": [], "params": [{"name": "limit", "versions": versions}]}
>>> [(bar.first, bar.last, bar.label) for bar in bars_of(shown, document)]
[('2025-01-31', '2026-12-31', '30 bn'), ('2027-01-01', '', '35 bn')]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, NamedTuple

FIRST_YEAR: Final = 2020
LAST_YEAR: Final = 2029

_LEFT: Final = 236
_RIGHT: Final = 1176
_WIDTH: Final = 1200
_ROW: Final = 30
_BAR: Final = 20
_TOP: Final = 74
_SECTION: Final = 30
_LETTER: Final = 6.1
"""Width of a letter of a label, in pixels, on the safe side."""


class Row(NamedTuple):
    """A row of the picture: its section, its name, and the rule or param that gives the bars.

    `how` is how versions are called: `versions` (V1, V2, …), `numbers` (in billions), `dates`,
    `switch` (true is in force, false suspended), `countries` (who came and went), `enforced` (the
    first version is in force, later ones are not enforced) or `plain`.
    """

    section: str
    name: str
    pack: str
    source: str
    how: str


class Bar(NamedTuple):
    """A version: first and last day as ISO dates (an empty text is an open end), its label, how it
    looks (`solid`, `hatched`), its citation, and a date that it marks."""

    first: str
    last: str
    label: str
    look: str
    citation: str
    mark: str = ""


ROWS: Final = (
    Row("Chips", "3A090 and its licences", "us-ear-chips", "licence_needed", "versions"),
    Row("Chips", "Case by case from the U.S.", "us-ear-chips", "review_case_by_case", "plain"),
    Row("Foundries", "Presumption, Note 1", "us-ear", "n1_presumption", "plain"),
    Row("Foundries", "Limit without HBM", "us-ear", "params.limit_no_hbm", "numbers"),
    Row("Foundries", "Limit with HBM", "us-ear", "params.limit_hbm", "numbers"),
    Row("Foundries", "Authorized designers, date", "us-ear", "params.authorized_cliff", "dates"),
    Row("Foundries", "Report of 743.9", "us-ear-duties", "report_743_9", "plain"),
    Row("Parties", "Affiliates, 50 %", "us-ear-parties", "params.affiliates_in_force", "switch"),
    Row("AI Diffusion", "The rule in the text", "us-ear-diffusion", "diffusion_rule", "enforced"),
    Row("Country groups", "A:5", "us-ear-chips", "params.group_a5", "countries"),
    Row("Country groups", "D:4", "us-ear-chips", "params.group_d4", "countries"),
    Row("Country groups", "D:5", "us-ear-chips", "params.group_d5", "countries"),
    Row("Elsewhere (advisory)", "Taiwan, SHTC list", "tw-shtc", "shtc_listed_party", "plain"),
    Row(
        "Elsewhere (advisory)", "Korea, strategic items", "kr-strategic", "strategic_item", "plain"
    ),
    Row("Elsewhere (advisory)", "Japan, controlled items", "jp-fefta", "listed_item", "plain"),
    Row("Elsewhere (advisory)", "Netherlands, equipment", "nl-sme", "listed_item", "versions"),
    Row("Elsewhere (advisory)", "European Union", "eu-dual-use", "listed_item", "plain"),
    Row(
        "Elsewhere (advisory)", "China, counter-measures", "cn-counter", "conflict_of_law", "plain"
    ),
)
"""The rows from top to bottom; one whose pack, rule or param is not there is left out."""


def bars_of(row: Row, document: Any) -> list[Bar]:
    """The bars of a row, oldest first; none when the pack has no such rule or param."""
    kind, name = ("params", row.source[7:]) if row.source.startswith("params.") else ("rules", "")
    found = [each for each in document[kind] if each["name"] == (name or row.source)]
    versions = list(reversed(found[0]["versions"])) if found else []
    if kind == "params":
        versions = _merged(versions)
    bars = []
    for number, version in enumerate(versions):
        before = versions[number - 1] if number else None
        label, look, mark = _label(row.how, number, version, before)
        if label is not None:
            last = version.get("until", "")
            bars.append(Bar(version["from"], last, label, look, version["citation"], mark))
    return bars


def _merged(versions: Sequence[Any]) -> list[Any]:
    """Versions with one value after another as one."""
    merged: list[Any] = []
    for version in versions:
        if merged and merged[-1]["value"] == version["value"]:
            kept = {name: value for name, value in merged[-1].items() if name != "until"}
            merged[-1] = kept | {name: version[name] for name in ("until",) if name in version}
        else:
            merged.append(version)
    return merged


def _label(how: str, number: int, version: Any, before: Any) -> tuple[str | None, str, str]:
    """What is written on a bar (None for no bar), how it looks, and the date that it marks."""
    value = version.get("value")
    match how:
        case "versions":
            return f"V{number + 1}", "solid", ""
        case "numbers":
            return f"{value // 10**9} bn", "solid", ""
        case "dates":
            return str(value), "solid", str(value)
        case "switch":
            first = before is None and value is False
            sure = ", not confirmed" if "not confirmed" in version.get("note", "") else ""
            words = f"in force{sure}" if value else "suspended"
            return None if first else words, "solid" if value else "hatched", ""
        case "enforced":
            return ("in the text", "solid", "") if number == 0 else ("not enforced", "hatched", "")
        case "countries":
            return _changed(value, before["value"]) if before else "reconstructed", "solid", ""
    return "in force", "solid", ""


def _changed(now: Sequence[str], before: Sequence[str]) -> str:
    came = [f"+{each}" for each in sorted(set(now) - set(before))]
    went = [f"−{each}" for each in sorted(set(before) - set(now))]
    return " ".join(came + went)


def rows_of(documents: Mapping[str, Any]) -> list[tuple[Row, list[Bar]]]:
    """Every row that has bars, with them; `documents` are pack documents by id."""
    known = [(row, bars_of(row, documents[row.pack])) for row in ROWS if row.pack in documents]
    return [(row, bars) for row, bars in known if bars]


def table(documents: Mapping[str, Any]) -> list[str]:
    """The picture in words: the lines of a Markdown table."""
    lines = ["| what | from | until | | source |", "|---|---|---|---|---|"]
    for row, bars in rows_of(documents):
        for bar in bars:
            until = bar.last or "further notice"
            label = bar.label.replace("|", "\\|")
            citation = bar.citation.replace("|", "\\|")
            lines.append(
                f"| {row.section}: {row.name} | {bar.first} | {until} | {label} | {citation} |"
            )
    return lines


def picture(documents: Mapping[str, Any]) -> str:
    """The SVG."""
    rows = rows_of(documents)
    body: list[str] = []
    top, section = _TOP, ""
    for row, bars in rows:
        if row.section != section:
            section = row.section
            body.append(f'<text class="section" x="20" y="{top + 20}">{escape(section)}</text>')
            top += _SECTION
        body += _row(row, bars, top)
        top += _ROW
    height = top + 54
    spoken = "; ".join(
        f"{row.section}, {row.name}: "
        + ", ".join(
            f"{bar.label} from {bar.first} to {bar.last or 'further notice'}" for bar in bars
        )
        for row, bars in rows
    )
    title = f"Chip export rules, {FIRST_YEAR} to {LAST_YEAR}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{escape(spoken)}.</desc>',
        _STYLE,
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="10"/>',
        f'<text class="heading" x="20" y="32">{title}</text>',
    ]
    return "\n".join([*head, *_axis(top), *body, *_legend(top + 30), "</svg>"]) + "\n"


def _x(day: str) -> float:
    """Where a day lies; a day beyond the last year lies on the right edge."""
    first = dt.date(FIRST_YEAR, 1, 1).toordinal()
    last = dt.date(LAST_YEAR + 1, 1, 1).toordinal()
    at = min(max(dt.date.fromisoformat(day).toordinal(), first), last)
    return round(_LEFT + (at - first) * (_RIGHT - _LEFT) / (last - first), 1)


def _end(bar: Bar) -> float:
    if not bar.last:
        return float(_RIGHT)
    return _x((dt.date.fromisoformat(bar.last) + dt.timedelta(days=1)).isoformat())


def _axis(bottom: int) -> list[str]:
    lines = []
    for year in range(FIRST_YEAR, LAST_YEAR + 2):
        x = _x(f"{year}-01-01")
        lines.append(f'<line class="grid" x1="{x}" y1="62" x2="{x}" y2="{bottom + 4}"/>')
        if year <= LAST_YEAR:
            middle = round((x + _x(f"{year + 1}-01-01")) / 2, 1)
            lines.append(f'<text class="year" x="{middle}" y="58">{year}</text>')
    return lines


def _row(row: Row, bars: Sequence[Bar], top: int) -> list[str]:
    lines = [f'<text class="name" x="32" y="{top + 14}">{escape(row.name)}</text>']
    free = 0.0
    for number, bar in enumerate(bars):
        lines += _bar(bar, top, shade="a" if number % 2 == 0 else "b")
        x = _x(bar.first)
        if not _fits(bar) and x >= free:
            lines.append(
                f'<text class="above ink" x="{x}" y="{top - 2}">{escape(bar.label)}</text>'
            )
            free = x + len(bar.label) * _LETTER
    return lines


def _fits(bar: Bar) -> bool:
    return len(bar.label) * _LETTER + 8 <= _end(bar) - _x(bar.first)


def _bar(bar: Bar, top: int, *, shade: str) -> list[str]:
    x, end = _x(bar.first), _end(bar)
    width = max(round(end - x - 1, 1), 2.5)
    look = "hatched" if bar.look == "hatched" else f"solid {shade}"
    told = f"{bar.label}, {bar.first} to {bar.last or 'further notice'}: {bar.citation}"
    shape = f'x="{x}" y="{top}" width="{width}" height="{_BAR}" rx="3"'
    lines = [f'<g><title>{escape(told)}</title><rect class="{look}" {shape}/>']
    if _fits(bar):
        ink = "ink" if bar.look == "hatched" else "light"
        lines.append(
            f'<text class="label {ink}" x="{x + 5}" y="{top + 14}">{escape(bar.label)}</text>'
        )
    if bar.mark:
        at = _x(bar.mark)
        lines.append(f'<path class="mark" d="M{at} {top - 4}v{_BAR + 8}"/>')
    if not bar.last:
        tip = f"M{_RIGHT} {top}l8 {_BAR // 2}l-8 {_BAR // 2}z"
        lines.append(f'<path class="{look}" d="{tip}"/>')
    lines[-1] += "</g>"
    return lines


def _legend(top: int) -> list[str]:
    """What the looks mean, along the bottom."""
    box = f'y="{top}" width="26" height="14" rx="3"'
    marks = (
        (0, f'<rect class="solid a" x="{_LEFT}" {box}/>', 32, "in force"),
        (110, f'<rect class="hatched" x="{_LEFT + 110}" {box}/>', 32, _HATCHED),
        (400, f'<path class="mark" d="M{_LEFT + 400} {top - 2}v18"/>', 8, "the date itself"),
        (520, f'<path class="solid a" d="M{_LEFT + 520} {top}l8 7l-8 7z"/>', 14, "no end set"),
    )
    lines = []
    for left, mark, gap, words in marks:
        lines.append(mark)
        at = f'x="{_LEFT + left + gap}" y="{top + 11}"'
        lines.append(f'<text class="label ink" {at}>{words}</text>')
    return lines


_HATCHED: Final = "in the text, not enforced or suspended"
_STYLE: Final = """<defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" \
patternUnits="userSpaceOnUse"><rect class="under" width="6" height="6"/>\
<rect class="stripe" width="2.5" height="6"/></pattern></defs>
<style>
  text { font-family: "DejaVu Sans", Verdana, "Segoe UI", sans-serif; font-size: 12px; }
  .heading { font-size: 18px; font-weight: 700; fill: #1b2430; }
  .section { font-size: 12px; font-weight: 700; fill: #4a5a6c; }
  .name, .ink { fill: #1b2430; }
  .year { fill: #4a5a6c; text-anchor: middle; font-weight: 700; }
  .label { font-size: 10.5px; }
  .above { font-size: 8.5px; }
  .light { fill: #ffffff; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d9e0e7; stroke-width: 1; }
  .a { fill: #1f5f99; }
  .b { fill: #3a7d5d; }
  .hatched { fill: url(#hatch); stroke: #b3541e; stroke-width: 1; }
  .under { fill: #fdf1e8; }
  .stripe { fill: #f3cdb2; }
  .mark { stroke: #c01f3a; stroke-width: 2.5; fill: none; }
  @media (prefers-color-scheme: dark) {
    .heading, .name, .ink { fill: #eef2f6; }
    .section, .year { fill: #a9b7c6; }
    .ground { fill: #12181f; }
    .grid { stroke: #2b3643; }
    .a { fill: #2d72b0; }
    .b { fill: #3c8562; }
    .hatched { stroke: #e08a4f; }
    .under { fill: #2a2019; }
    .stripe { fill: #59402c; }
    .mark { stroke: #ff7088; }
  }
</style>"""
