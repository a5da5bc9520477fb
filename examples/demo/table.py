"""The demo's words: what a signed decision says, as a line a person can read.

The reason comes from the decision alone: the finding that settled the verdict, its citation, the
comparison that decided it (from the finding's trace) and the evidence that would settle it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attest.errors import CODES
from examples.demo.chips import Chip, Row, Scenario

WIDTH: Final = 120
STYLES: Final = {"PASS": "green", "HOLD": "yellow", "FAIL": "red"}

_ACT: Final = ("15 CFR 774 Supp. 1, ", "ECCN 3A090, ")
_WAYS: Final = ("n1_way_a", "n1_way_b", "n1_way_c")
_COMPARISON: Final = re.compile(r"(\S+) (<|<=|>|>=|==) (\S+)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SCALES: Final = {"_milli": 3, "_micro": 6}
_MISSING_SHOWN: Final = 2
_CLEARS_SHOWN: Final = 2


@dataclass(frozen=True)
class Reason:
    """Why a decision is as it is: a text, its citation, the evidence that would settle it."""

    text: str
    citation: str
    clears: Sequence[str] = ()


def reason_of(predicate: Mapping[str, Any]) -> Reason:
    """The reason of a decision, from its predicate (SPEC 10)."""
    if "refusal" in predicate:
        refusal = predicate["refusal"]
        title = CODES[refusal["code"]].title
        return Reason(f"refused in step {refusal['step']}: {title}", refusal["code"])
    findings = {finding["rule"]: finding for finding in predicate["findings"]}
    presumption = findings["n1_presumption"]
    ways = [findings[name] for name in _WAYS]
    if predicate["verdict"] == "PASS":
        shown = [way for way in ways if way["result"] == "pass"]
        if shown:
            return _about(shown, "presumption overcome")
        return _about([findings["n1_scope"]], "the presumption does not apply")
    if presumption["result"] == "fail":
        compared = [way for way in ways if _comparison(way)][:1]
        if compared:
            return _about(compared, _comparison(compared[0]))
        return _about([presumption], "presumed, and none of the three ways is open")
    if predicate["verdict"] == "HOLD" and presumption["result"] == "unknown":
        unknown = [way for way in ways if way["result"] == "unknown"]
        missing = sorted({name for way in unknown for name in way["missing"]})
        more = f" and {len(missing) - _MISSING_SHOWN} more" * (len(missing) > _MISSING_SHOWN)
        return _about(unknown, f"not known: {', '.join(missing[:_MISSING_SHOWN])}{more}")
    settling = next(
        finding
        for finding in predicate["findings"]
        if finding.get("verdict") not in (None, "PASS") and finding != presumption
    )
    return _about([settling])


def _about(findings: Sequence[Mapping[str, Any]], text: str | None = None) -> Reason:
    rules = ", ".join(finding["rule"] for finding in findings)
    held = [finding for finding in findings if finding["result"] in ("unknown", "fail")]
    return Reason(
        text=f"{rules}: {text or findings[0]['says']}",
        citation=", ".join(_short(finding["citation"]) for finding in findings),
        clears=[_nearest(finding) for finding in held if finding.get("clears_with")],
    )


def _short(citation: str) -> str:
    """The provision itself: the first of several, without the name of the act and remarks."""
    provision = re.split(r"[;(]", citation)[0].strip()
    for part in _ACT:
        provision = provision.removeprefix(part)
    return provision.split(",")[0]


def _nearest(finding: Mapping[str, Any]) -> str:
    """Of the evidence that a finding names, the one closest to what was missing.

    Where all is known, it is the last: rules name statements first, licences and advice last.
    """
    words = {word for name in finding.get("missing", []) for word in re.split(r"[._]", name)}
    evidence: list[str] = finding["clears_with"]
    if not words:
        return evidence[-1]
    return max(evidence, key=lambda each: len(words & set(re.findall(r"[a-z]+", each.lower()))))


def _comparison(finding: Mapping[str, Any]) -> str | None:
    """The last comparison of two known quantities or dates that the finding rests on."""
    if finding["result"] != "fail":
        return None
    used = finding["used"]
    for test in reversed(finding.get("tests", [])):
        match = _COMPARISON.fullmatch(test["expr"])
        if match is None or test["is"] == "unknown":
            continue
        left, operator, right = match.groups()
        if left in used and right in used and _is_quantity(used[left]):
            known = f"{_write(left, used[left])} {operator} {_write(right, used[right])}"
            return f"{known} is {test['is']}"
    return None


def _is_quantity(value: object) -> bool:
    if isinstance(value, str):
        return _DATE.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _write(name: str, value: int | str) -> str:
    if isinstance(value, str):
        return value
    for suffix, digits in _SCALES.items():
        if name.endswith(suffix):
            return f"{Decimal(value).scaleb(-digits).normalize():,f}"
    return f"{value:,}"


def billions(chip: Chip) -> str:
    """The published count in billions; `unknown` where there is none."""
    if chip.transistors is None:
        return "unknown"
    return f"{Decimal(chip.transistors).scaleb(-9).quantize(Decimal('0.01')):,f}"


def decisions_table() -> Table:
    """The empty table; `add_decision` fills it."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Figures of\nstand-ins: designer, packager", width=29)
    table.add_column("10^9\nHBM", justify="right", no_wrap=True)
    table.add_column("Completion", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Why, and what would clear it", ratio=1)
    return table


def add_decision(table: Table, row: Row, scenario: Scenario, predicate: Mapping[str, Any]) -> None:
    """Add one row: the chip, the stand-ins around it, and what was decided."""
    reason = reason_of(predicate)
    verdict = predicate["verdict"]
    why = Text(f"{row.point}\n")
    why.append(f"{reason.text} [{reason.citation}]", style="dim")
    flags = _flags(predicate)
    if flags:
        why.append(f" open: {', '.join(flags)}", style="dim")
    if verdict == "HOLD":
        for clears in reason.clears[:_CLEARS_SHOWN]:
            why.append(f"\nclears with: {clears}", style="dim")
    table.add_row(
        Text(f"{row.chip.maker} {row.chip.name}\n").append(_stand_ins(row, scenario), style="dim"),
        Text(f"{billions(row.chip)}\n").append("HBM" if row.chip.hbm else "", style="dim"),
        row.completion.isoformat(),
        Text(verdict, style=STYLES[verdict]),
        why,
    )


def _flags(predicate: Mapping[str, Any]) -> list[str]:
    findings = predicate.get("findings", [])
    return sorted({flag["ambiguity"] for each in findings for flag in each.get("flags", [])})


def _stand_ins(row: Row, scenario: Scenario) -> str:
    designer = scenario.designers[row.designer]
    status = "listed (demo key)" if designer.listed else designer.hq or "unknown"
    by, site = row.packaging.by, row.packaging.site
    if by is None:
        return f"{status}; unknown"
    who = {"foundry": "foundry", "listed": "listed (demo key)"}.get(by, "unlisted")
    return f"{status}; {who}, {site}"


def make_console() -> Console:
    """A console that reads well in a terminal, in a file and with NO_COLOR."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal or console.width > WIDTH:
        console.width = WIDTH
    return console
