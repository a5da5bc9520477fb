"""What changes, for people and as data; shared by `attest whatif` and `attest calendar`.

Products that change in the same way, for the same reasons, are told together:

>>> import datetime as dt
>>> was = Change("us-ear", "n1_way_b", "way", "fail", "pass", "Below the limit.", "Note 1.b")
>>> after = After(dt.date(2027, 1, 1), "FAIL", "PASS", False, (was,))
>>> told = [Told("TQ-7", "TQ-7-R0", {"entry": 12}, "FAIL", after)]
>>> verdicts(told)
[{'before': 'FAIL', 'after': 'PASS', 'products': 1}]
>>> exit_code(told)
0
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attest.cli.failures import exit_code_of
from attest.cli.figures import in_words
from attest.cli.screen import Screen
from attest.encoding import Json
from attest.rules.compare import Change, Moved, Turned
from attest.whatif import VERDICTS, After

_NAMES_SHOWN: Final = 10
_TEXTS_SHOWN: Final = 8


@dataclass(frozen=True)
class Told:
    """One product under one variation: names, where it came from, its first verdict, what came."""

    name: str
    tape_out_id: str
    place: Mapping[str, Json]
    start: str
    after: After

    @property
    def label(self) -> str:
        """How people call the product."""
        return f"{self.name} ({self.tape_out_id})" if self.tape_out_id else self.name


def after_json(after: After) -> dict[str, Json]:
    """What came, as data."""
    return {
        "on": None if after.on is None else after.on.isoformat(),
        "before": after.before,
        "verdict": after.verdict,
        "depends_on_reading": after.depends_on_reading,
        "changes": [each.to_json() for each in after.changes],
        "found": [each.to_json() for each in after.found],
    }


def verdicts(told: Iterable[Told]) -> list[Json]:
    """How many products go from which verdict to which, the worst first."""
    counts = Counter((each.after.before, each.after.verdict) for each in told)
    worst = sorted(counts, key=lambda pair: [-VERDICTS.index(word) for word in reversed(pair)])
    return [
        {"before": before, "after": after, "products": counts[before, after]}
        for before, after in worst
    ]


def exit_code(told: Iterable[Told]) -> int:
    """0 when no verdict gets worse; else that of the worst verdict that something got to."""
    worse = {each.after.verdict for each in told if each.after.worse}
    return max(
        (exit_code_of(word) for word in worse), default=0, key=lambda code: {5: 1, 4: 2}[code]
    )


def summary(screen: Screen, told: Sequence[Told], *, others: int = 0) -> str:
    """`1 PASS→HOLD, 2 the same`, and for how many a reading of the law would change a rule.

    `others` are further products, which stay the same.
    """
    arrow = "→" if screen.glyphs else "->"
    same = others + sum(each.after.before == each.after.verdict for each in told)
    parts = [
        f"{each['products']} {each['before']}{arrow}{each['after']}"
        for each in verdicts(told)
        if each["before"] != each["after"]
    ]
    parts.append(f"{same} the same")
    readings = sum(each.after.depends_on_reading for each in told)
    if readings:
        parts.append(f"for {readings} an open reading of the law gives a rule another result")
    return ", ".join(parts)


def show(screen: Screen, told: Iterable[Told], *, everything: bool) -> None:
    """Print what changes, those together that change alike; `everything` names all products."""
    alike: dict[tuple[str, str, tuple[Change, ...]], list[str]] = {}
    for each in told:
        if everything or each.after.changes:
            key = (each.after.before, each.after.verdict, each.after.changes)
            alike.setdefault(key, []).append(each.label)
    for key in sorted(alike, key=lambda key: (-VERDICTS.index(key[1]), VERDICTS.index(key[0]))):
        before, verdict, changes = key
        names = alike[key]
        shown = names if everything else names[:_NAMES_SHOWN]
        rest = len(names) - len(shown)
        more = f" and {rest} more (--all names them)" if rest else ""
        way = f"was {before}" if before != verdict else "as before"
        screen.result(verdict, way, f"{', '.join(shown)}{more}")
        causes = [each for each in changes if each.moved or each.turned] or changes[:1]
        for change in causes:
            _show_cause(screen, change)
        follow = [f"{each.rule} {_results(each)}" for each in changes if each not in causes]
        if follow:
            screen.out(f"        {'it follows':<12} {', '.join(follow)}")


def _results(change: Change) -> str:
    return f"{change.before or 'no such rule'} -> {change.after or 'no such rule'}"


def _show_cause(screen: Screen, change: Change) -> None:
    screen.out(f"        {change.rule:<12} {_results(change)}. {change.says}".rstrip())
    details = [("citation", change.citation)]
    details += [("because", _moved(each)) for each in change.moved]
    details += [("because", _turned(each)) for each in change.turned]
    for label, text in details:
        if text:
            screen.out(f"            {label:<12} {text}")


def _turned(turned: Turned) -> str:
    text = turned.expr
    for name, value, _ in turned.params:
        told = f"{value:,}" if type(value) is int else str(value)
        text = f"{name} ({told})".join(re.split(rf"{re.escape(name)}\b", text))
    return f"{text}: {turned.before} -> {turned.after}"


def _moved(moved: Moved) -> str:
    cited = f" ({moved.citation})" if moved.citation else ""
    if moved.added or moved.removed:
        told = [f"{sign}{_listed(texts)}" for sign, texts in _sides(moved) if texts]
        return f"{moved.name}: {'; '.join(told)}{cited}"
    return f"{moved.name}: {_value(moved.before)} -> {_value(moved.after)}{cited}"


def _sides(moved: Moved) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("added ", moved.added), ("removed ", moved.removed)


def _listed(texts: tuple[str, ...]) -> str:
    rest = len(texts) - _TEXTS_SHOWN
    return ", ".join(texts[:_TEXTS_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _value(value: int | str | bool | None) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "true" if value else "false"
    return in_words(value) if isinstance(value, int) and value >= 0 else str(value)
