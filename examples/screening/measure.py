"""What matching finds of labelled names, measured: the tables of docs/screening.md and its curve.

    python -m examples.screening.measure DATA

DATA is a folder with `parties/` (lists as published) and `names/` (labelled names). Neither ships
with the project; their names and sources stand on the page. The table is printed, to be put on the
page; the curve is written from it.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attest.screening.forms import forms
from attest.screening.importers import import_list
from attest.screening.match import HOLD_PERMILLE, Index, Party
from attest.screening.names import key
from attest.screening.scoring import likeness
from attest.screening.snapshot import ListSnapshot
from examples.screening.curve import picture, read_table
from tests.screening.evasions import ADDRESS_KINDS, KINDS, evasions
from tests.screening.test_lists_shared import FILES

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "screening.md"
CURVE: Final = PAGE.with_suffix(".svg")
THRESHOLDS: Final = (550, 600, 650, 700, 750, 800, 850, 900)
EVADED_EVERY: Final = 80
"""Of so many entries of the Entity List the first name of one is disguised in every way."""

Scores = list[int]


def snapshots_of(folder: Path) -> list[ListSnapshot]:
    """The lists of a folder as published, each as a snapshot."""
    read = (import_list((folder / name).read_bytes(), form=form) for form, name in FILES.items())
    return [
        ListSnapshot(
            list=each.list,
            source=each.list,
            source_digest="",
            as_of=dt.date.min,
            digest="",
            entries=each.entries,
        )
        for each in read
    ]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table by header; lines of remarks left out."""
    lines = path.read_text("utf-8").splitlines()
    return [*csv.DictReader(line for line in lines if line and not line.startswith("#"))]


def pair_score(one: str, other: str) -> int:
    """The score of two names, without any list."""
    scores = (likeness(a, b).permille for a in forms(one) for b in forms(other))
    return max(scores, default=0)


def labelled(names: Path) -> tuple[Scores, Scores]:
    """The scores of the pairs that are one name, and of those that are not."""
    pairs = rows_of(names / "opensanctions_name_bench_cases.csv")
    scored = [(pair_score(row["name1"], row["name2"]), row["is_match"] == "true") for row in pairs]
    return [score for score, same in scored if same], [score for score, same in scored if not same]


def entry_score(index: Index, known: dict[tuple[str, str], set[str]]) -> Callable[[str, str], int]:
    """The score that a name gives to an entry with a listed name, by searching an index."""

    def score(listed: str, name: str) -> int:
        found = (
            each.score_permille
            for each in index.candidates(Party("", (name,)))
            if key(listed) in known[each.list, each.entry]
        )
        return max(found, default=0)

    return score


def names_by_entry(index: Index) -> dict[tuple[str, str], set[str]]:
    """The keys of all names of each entry, by list and identifier."""
    known: dict[tuple[str, str], set[str]] = {}
    for entry in index.entries:
        known.setdefault((entry.list, entry.id), set()).update(map(key, entry.names))
    return known


def columns(data: Path) -> dict[str, Callable[[int], float]]:
    """The columns of the table: a share in percent for each threshold."""
    snapshots = snapshots_of(data / "parties")
    index = Index.of(snapshots)
    other = Index.of(each for each in snapshots if each.list == "CSL")
    aliases = [
        (row["listed_name"], row["query"])
        for row in rows_of(data / "names" / "entity_list_official_alias_pairs.csv")
    ]
    true, false = labelled(data / "names")
    score, score_other = (entry_score(each, names_by_entry(each)) for each in (index, other))
    entities = [each for each in index.entries if each.list == "EL" and not each.address_only]
    disguised = evasions([each.names[0] for each in entities[::EVADED_EVERY]], KINDS)
    return {
        "labelled: found": shares(true),
        "labelled: right": lambda line: _precision(true, false, line),
        "aliases, all lists": shares([score(*pair) for pair in aliases]),
        "aliases, one list": shares([score_other(*pair) for pair in aliases]),
        "evasions": shares([score(name, evasion) for _, name, evasion in disguised]),
        "aliases, name to name": shares([pair_score(*pair) for pair in aliases]),
    }


def shares(scores: Sequence[int]) -> Callable[[int], float]:
    """How many of 100 scores reach a threshold."""
    return lambda line: 100 * sum(score >= line for score in scores) / len(scores)


def _precision(true: Sequence[int], false: Sequence[int], line: int) -> float:
    right = sum(score >= line for score in true)
    return 100 * right / (right + sum(score >= line for score in false))


def table(measured: dict[str, Callable[[int], float]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| threshold | {' | '.join(measured)} |"
    yield "|---|" + "---:|" * len(measured)
    for line in THRESHOLDS:
        cells = " | ".join(f"{share(line):.1f}" for share in measured.values())
        yield f"| {line} | {cells} |"


def by_kind(data: Path) -> Iterator[str]:
    """The lines of a table of evasions by kind."""
    index = Index.of(snapshots_of(data / "parties"))
    score = entry_score(index, names_by_entry(index))
    entities = [each for each in index.entries if each.list == "EL" and not each.address_only]
    names = [each.names[0] for each in entities[::EVADED_EVERY]]
    places = [text for each in index.entries if each.address_only for text in each.addresses]
    yield "| kind | tried | held |"
    yield "|---|---:|---:|"
    for kind in KINDS:
        tried = [*evasions(names, {kind: KINDS[kind]})]
        held = sum(score(name, evasion) >= HOLD_PERMILLE for _, name, evasion in tried)
        yield f"| {kind} | {len(tried)} | {held} |"
    for kind in ADDRESS_KINDS:
        tried = [*evasions(places, {kind: ADDRESS_KINDS[kind]})]
        held = sum(_place_held(index, text, evasion) for _, text, evasion in tried)
        yield f"| address: {kind} | {len(tried)} | {held} |"


def _place_held(index: Index, text: str, evasion: str) -> bool:
    return any(
        each.matched == text and each.score_permille >= HOLD_PERMILLE
        for each in index.candidates(Party("", addresses=(evasion,)))
    )


def draw() -> str:
    """The curve, from the table that stands on the page."""
    return picture(read_table(PAGE.read_text("utf-8")), marked=HOLD_PERMILLE)


def main(folder: str) -> None:
    """Print the tables measured on a folder of data, and write the curve of the page."""
    print(*table(columns(Path(folder))), "", *by_kind(Path(folder)), sep="\n")
    CURVE.write_text(draw(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
