"""Classifications for people and machines: a block for one chip, a table for many.

A missing fact is named as the option that states it:

>>> named(["item.datacenter", "trade.notified_on", "params.a1_tpp_milli"])
['--datacenter', 'params.a1_tpp_milli', '--fact trade.notified_on']
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from attest.classification import Classification, Clause
from attest.cli.chips import COLUMNS, Fault, Row
from attest.cli.screen import Screen
from attest.encoding import Json
from attest.rules.register import FACTS
from attest.rules.steps import decimal

_FLAGS: Final[Mapping[str, str]] = {
    **{column.fact: f"--{column.name.replace('_', '-')}" for column in COLUMNS},
    "declared.datacenter": "--datacenter",
    "declared.dies": "--area-mm2",
    "declared.precisions": "--tops",
    "trade.consignee_country": "--destination",
    "trade.consignee_hqs": "--hq",
}
"""The option that states a fact, or the one that a rule falls back on when it is not stated."""
_SETTLED: Final = ("applies", "needed", "available", "unknown")
_ALWAYS: Final = ("licence", "together")
"""Groups of one rule each, told whatever the answer."""
_NOTHING: Final = "no paragraph"
_HEADER: Final = (
    *("line", "chip", "class", "undecided", "TPP", "density", "destination", "licence"),
    *("available", "missing"),
)


class Answer(NamedTuple):
    """A classification for one destination; None where none is stated.

    `assumed` are the facts that nobody stated, by full name.
    """

    destination: str | None
    assumed: Mapping[str, Json]
    classification: Classification


class Answered(NamedTuple):
    """A chip with an answer for each destination."""

    row: Row
    answers: Sequence[Answer]

    @property
    def name(self) -> str:
        """What its asker calls the chip."""
        return str(self.row.facts.get("item.name") or "the chip")


def show(
    screen: Screen,
    heading: Mapping[str, Json],
    answered: Sequence[Answered],
    faults: Sequence[Fault],
    *,
    in_table: bool,
) -> None:
    """Print all answers, and on stderr what is wrong with the other rows of a table."""
    screen.document(
        {
            **heading,
            "chips": [_to_json(each, in_table=in_table) for each in answered],
            "faults": [fault._asdict() for fault in faults],
        }
    )
    packs = ", ".join(f"{each['id']} {each['edition']}" for each in heading["packs"])
    screen.out(f"{heading['as_of']}, mode {heading['mode']}, {packs}")
    screen.out()
    if in_table:
        screen.table(_HEADER, [row for each in answered for row in _rows(each)])
    else:
        for each in answered:
            _show_chip(screen, each)
    for fault in faults:
        place = f", column {fault.column} ({fault.header})" if fault.column else ""
        screen.result("FAIL", f"line {fault.line}{place}", fault.why, err=True)


def named(facts: Iterable[str]) -> list[str]:
    """Facts by the option that states them."""
    return [_FLAGS.get(name, f"--fact {name}" if name in FACTS else name) for name in sorted(facts)]


def _to_json(answered: Answered, *, in_table: bool) -> dict[str, Json]:
    row = answered.row
    place = {"line": row.line, "source": row.source} if in_table else {}
    return {
        "name": answered.name,
        **place,
        "answers": [
            {
                "destination": answer.destination,
                "assumed": dict(answer.assumed),
                **answer.classification.to_json(),
            }
            for answer in answered.answers
        ],
    }


def _rows(answered: Answered) -> list[tuple[str, ...]]:
    return [
        (
            str(answered.row.line),
            answered.name,
            ", ".join(found.applying) or ("" if found.undecided else _NOTHING),
            ", ".join(found.undecided),
            _figure(found, "tpp_milli", 3),
            _figure(found, "pd_micro", 6),
            destination or "",
            found.licence,
            ", ".join(found.available),
            ", ".join(named(found.missing)),
        )
        for destination, _, found in answered.answers
    ]


def _figure(found: Classification, name: str, places: int) -> str:
    return decimal(found.figures[name], places) if name in found.figures else ""


def _show_chip(screen: Screen, answered: Answered) -> None:
    first = answered.answers[0].classification
    classes = [", ".join(first.applying)] if first.applying else []
    if first.undecided:
        classes.append(f"undecided: {', '.join(first.undecided)}")
    screen.out(f"{answered.name}: {'; '.join(classes) or _NOTHING}")
    _show_clauses(screen, "paragraph", first.paragraphs)
    for title, lines in (("arithmetic", first.arithmetic), ("margin", first.margins)):
        for each in lines:
            _line(screen, title, each)
    for destination, assumed, found in answered.answers:
        screen.out()
        screen.out(f"{_place(destination)}: {_licence(found)}")
        _line(screen, "assumed", "; ".join(_assumed(assumed)))
        told = {name for clause in first.paragraphs for name in clause.finding.missing}
        for title, clauses in (
            ("letter", found.letters),
            ("licence", found.licences),
            ("review", found.reviews),
            ("exception", found.exceptions),
            ("together", found.together),
        ):
            _show_clauses(screen, title, clauses, told)
            told |= {name for clause in clauses for name in clause.finding.missing}
        for clause in found.others:
            verdict = clause.finding.verdict
            if verdict:
                screen.result(verdict, clause.label, clause.finding.says)
        _show_open_points(screen, found)


def _show_clauses(
    screen: Screen, title: str, clauses: Sequence[Clause], told: Collection[str] = ()
) -> None:
    """What applies or is unknown, each with its reason; the others by name.

    An unknown one that only wants the facts `told` to be missing before is named, no more.
    """
    rest: dict[str, list[str]] = {}
    for clause in clauses:
        finding = clause.finding
        unknown = finding.result == "unknown"
        want = [name for name in finding.missing if name not in told] if unknown else []
        brief = clause.answer not in _SETTLED or (unknown and told and not want)
        if brief and title not in _ALWAYS:
            rest.setdefault(clause.answer, []).append(clause.label)
            continue
        label = "" if title in _ALWAYS and len(clauses) == 1 else f"{clause.label}: "
        _line(screen, title, f"{label}{clause.answer}. {finding.says}")
        _line(screen, "", f"citation  {clause.citation}")
        if want:
            _line(screen, "", f"missing   {', '.join(named(want))}")
    for answer, labels in rest.items():
        _line(screen, title, f"{answer}: {', '.join(labels)}")


def _show_open_points(screen: Screen, found: Classification) -> None:
    flags = dict.fromkeys(
        (flag, clause.label) for clause in found.clauses for flag in clause.finding.flags
    )
    for flag, label in flags:
        result = f" would give {flag.result}" if flag.result else ""
        _line(screen, "open point", f"{flag.ambiguity} at {label}: {flag.reading}{result}")


def _place(destination: str | None) -> str:
    return f"To {destination}" if destination else "Without a destination"


def _licence(found: Classification) -> str:
    told = f"licence {found.licence}" if found.licence else "no rule on licences is in force"
    return f"{told}; available: {', '.join(found.available)}" if found.available else told


def _assumed(facts: Mapping[str, Json]) -> Iterator[str]:
    for name, value in facts.items():
        yield f"{name} = {value if isinstance(value, str) else ', '.join(value) or 'none'}"


def _line(screen: Screen, title: str, text: str) -> None:
    screen.out(f"    {title:<11} {text}".rstrip())
