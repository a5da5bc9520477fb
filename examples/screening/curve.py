"""The curve of docs/screening.md as an SVG picture, drawn from the table on that page.

Each line is a column of the table: a share in percent by threshold in permille. The picture is
plain SVG with its own background, in light and dark, and says in words what it shows:

>>> page = "| threshold | found | right |\\n|---|---|---|\\n| 600 | 95.0 | 82 |\\n| 700 | 94 | 84 |"
>>> columns = read_table(page)
>>> columns
{'threshold': [600.0, 700.0], 'found': [95.0, 94.0], 'right': [82.0, 84.0]}
>>> picture(columns, marked=667).startswith("<svg ")
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_WIDTH: Final = 900
_HEIGHT: Final = 420
_LEFT: Final = 60
_RIGHT: Final = 640
_TOP: Final = 60
_BOTTOM: Final = 370
_PERCENT_STEP: Final = 10
_LINE: Final = re.compile(r"^\|(.+)\|$", re.MULTILINE)
_LOOKS: Final = ("a", "b", "c", "d", "e", "f")

Columns = Mapping[str, Sequence[float]]


def read_table(page: str) -> dict[str, list[float]]:
    """The columns of the first table of a page whose first header is `threshold`."""
    lines = [[cell.strip() for cell in found.split("|")] for found in _LINE.findall(page)]
    start = next(number for number, cells in enumerate(lines) if cells[0] == "threshold")
    width = len(lines[start])
    rows = []
    for cells in lines[start + 2 :]:
        if len(cells) != width or not cells[0].strip("*").isdigit():
            break
        rows.append([float(cell.strip("*")) for cell in cells])
    return {name: [row[at] for row in rows] for at, name in enumerate(lines[start])}


def picture(columns: Columns, *, marked: int) -> str:
    """The SVG; `marked` is the threshold that is recommended."""
    thresholds, *_ = columns.values()
    lines = {name: values for name, values in columns.items() if name != "threshold"}
    lowest = int(min(map(min, lines.values()))) // _PERCENT_STEP * _PERCENT_STEP
    first, last = thresholds[0], thresholds[-1]

    def across(threshold: float) -> float:
        return round(_LEFT + (threshold - first) * (_RIGHT - _LEFT) / (last - first), 1)

    def down(percent: float) -> float:
        return round(_TOP + (100 - percent) * (_BOTTOM - _TOP) / (100 - lowest), 1)

    title = "What is found and what is right, by threshold"
    spoken = "; ".join(
        f"{name}: "
        + ", ".join(f"{v:g} % at {t:g}" for t, v in zip(thresholds, values, strict=True))
        for name, values in lines.items()
    )
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{escape(spoken)}.</desc>',
        _STYLE,
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}" rx="10"/>',
        f'<text class="heading" x="20" y="32">{title}</text>',
    ]
    for percent in range(lowest, 101, _PERCENT_STEP):
        y = down(percent)
        body.append(f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_RIGHT}" y2="{y}"/>')
        body.append(f'<text class="axis end" x="{_LEFT - 8}" y="{y + 4}">{percent} %</text>')
    for threshold in thresholds:
        x = across(threshold)
        body.append(f'<text class="axis middle" x="{x}" y="{_BOTTOM + 20}">{threshold:g}</text>')
    x = across(marked)
    body.append(f'<line class="mark" x1="{x}" y1="{_TOP}" x2="{x}" y2="{_BOTTOM}"/>')
    body.append(f'<text class="axis middle" x="{x}" y="{_TOP - 6}">{marked}</text>')
    for number, (name, values) in enumerate(lines.items()):
        body += _line(
            name,
            [(across(t), down(v)) for t, v in zip(thresholds, values, strict=True)],
            look=_LOOKS[number],
            at=_TOP + 26 * number,
        )
    return "\n".join([*body, "</svg>"]) + "\n"


def _line(name: str, points: Sequence[tuple[float, float]], *, look: str, at: int) -> list[str]:
    """A line with its points, and its name in the legend."""
    path = " ".join(f"{x},{y}" for x, y in points)
    left = _RIGHT + 24
    return [
        f'<g><title>{escape(name)}</title><polyline class="line {look}" points="{path}"/>',
        *(f'<circle class="dot {look}" cx="{x}" cy="{y}" r="3"/>' for x, y in points),
        f'<line class="line {look}" x1="{left}" y1="{at}" x2="{left + 24}" y2="{at}"/>',
        f'<text class="name" x="{left + 32}" y="{at + 4}">{escape(name)}</text></g>',
    ]


_STYLE: Final = """<style>
  text { font-family: "DejaVu Sans", Verdana, "Segoe UI", sans-serif; font-size: 12px; }
  .heading { font-size: 18px; font-weight: 700; fill: #1b2430; }
  .name { fill: #1b2430; }
  .axis { fill: #4a5a6c; }
  .middle { text-anchor: middle; }
  .end { text-anchor: end; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d9e0e7; }
  .mark { stroke: #c01f3a; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .line { fill: none; stroke-width: 2.5; }
  .a { stroke: #1f5f99; } .dot.a { fill: #1f5f99; }
  .b { stroke: #b3541e; } .dot.b { fill: #b3541e; }
  .c { stroke: #3a7d5d; } .dot.c { fill: #3a7d5d; }
  .d { stroke: #7a4fa3; } .dot.d { fill: #7a4fa3; }
  .e { stroke: #8a6d00; } .dot.e { fill: #8a6d00; }
  .f { stroke: #4a5a6c; } .dot.f { fill: #4a5a6c; }
  @media (prefers-color-scheme: dark) {
    .heading, .name { fill: #eef2f6; }
    .axis { fill: #a9b7c6; }
    .ground { fill: #12181f; }
    .grid { stroke: #2b3643; }
  }
</style>"""
