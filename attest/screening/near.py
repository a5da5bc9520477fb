"""Near strings: all those of an index within a few slips of the pen, and none missed.

Two strings are so far apart as one needs to insert, drop or change letters to make one the other;
two neighbours that changed places are one slip if nothing else is amiss. How many slips are let
pass grows with the length of the shorter string:

>>> near = Near(["huaxin", "huawei"], slips=slips_of_words)
>>> near.find("huaxni"), near.find("hauwei"), near.find("kuaxing")
({'huaxin': 1}, {'huawei': 1}, {})

A string is kept in one segment more than the slips it allows. Whatever is within those slips of it
still has one of the segments unharmed, at nearly its old place, so a few looks into a table find
every candidate, and only those are measured (Li, Deng, Wang, Feng: Pass-Join, 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

Slips = Callable[[int], int]
_LENGTH_MAX: Final = 255
"""A longer string is near no other."""
_Table = dict[str, tuple[str, ...]]


def slips_of_words(length: int) -> int:
    """How many slips a word of that length may have."""
    return 0 if length < 4 or length > _LENGTH_MAX else 1 if length < 8 else 2


def slips_of_names(length: int) -> int:
    """How many slips a whole name of that length may have."""
    if length < 5 or length > _LENGTH_MAX:
        return 0
    return 1 if length < 8 else 2 if length < 20 else 3


def slips_of_sounds(length: int) -> int:
    """How many slips the sound of a foreign word of that length may have."""
    return 0 if length < 5 or length > _LENGTH_MAX else 1


def slips(one: str, other: str, most: int) -> int:
    """How many slips lie between two strings, `most` + 1 if there are more."""
    if most and len(one) == len(other) and _exchanged(one, other):
        return 1
    return Levenshtein.distance(one, other, score_cutoff=most)


def _exchanged(one: str, other: str) -> bool:
    place = next((at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), None)
    return place is not None and (
        one[place : place + 2] == other[place : place + 2][::-1]
        and one[place + 2 :] == other[place + 2 :]
    )


@lru_cache(maxsize=1 << 12)
def _cuts(length: int, segments: int) -> tuple[tuple[int, int], ...]:
    """Where the segments of a string of that length begin and end; they differ by one at most."""
    short = length // segments
    longer = length % segments
    ends = [short * (each + 1) + max(0, each + 1 - (segments - longer)) for each in range(segments)]
    return tuple(zip([0, *ends], ends, strict=False))


class Near:
    """Distinct strings, ready to find those near a given one."""

    def __init__(self, strings: Iterable[str], *, slips: Slips) -> None:
        self._slips = slips
        self._tables: dict[int, tuple[_Table, ...]] = {}
        self._windows: dict[int, tuple[tuple[_Table, int, int], ...]] = {}
        self._strings: set[str] = set()
        for each in strings:
            self._add(each)

    def _add(self, string: str) -> None:
        self._strings.add(string)
        length = len(string)
        allowed = self._slips(length)
        if not allowed:
            return
        cuts = _cuts(length, allowed + 1)
        tables = self._tables.get(length)
        if tables is None:
            tables = self._tables[length] = tuple({} for _ in cuts)
        for table, (start, end) in zip(tables, cuts, strict=True):
            segment = string[start:end]
            table[segment] = (*table.get(segment, ()), string)

    def find(self, text: str) -> dict[str, int]:
        """The strings near a text, each with the slips between."""
        found = {text: 0} if text in self._strings else {}
        length = len(text)
        most = self._slips(length)
        if not most:
            return found
        windows = self._windows.get(length)
        if windows is None:
            windows = self._windows[length] = self._looks(length)
        candidates: set[str] = set()
        for table, start, end in windows:
            if strings := table.get(text[start:end]):
                candidates.update(strings)
        distance = Levenshtein.distance
        for each in candidates:
            allowed = most if len(each) >= length else self._slips(len(each))
            apart = distance(text, each, score_cutoff=allowed)
            if apart <= allowed:
                found[each] = apart
        for at in range(length - 1):
            other = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            if other in self._strings and found.get(other) != 0:
                found[other] = 1
        return found

    def _looks(self, length: int) -> tuple[tuple[_Table, int, int], ...]:
        """Where to look for strings near a text of that length: a table, and a part of the text."""
        windows = []
        most = self._slips(length)
        for other, tables in self._tables.items():
            allowed = len(tables) - 1
            if abs(other - length) > min(allowed, most):
                continue
            shift = length - other
            for number, (table, (start, end)) in enumerate(
                zip(tables, _cuts(other, allowed + 1), strict=True)
            ):
                first = max(0, start - number, start + shift - (allowed - number))
                last = min(length - (end - start), start + number, start + shift + allowed - number)
                windows += [(table, at, at + end - start) for at in range(first, last + 1)]
        return tuple(windows)
