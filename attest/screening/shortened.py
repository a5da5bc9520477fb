"""Words that stand for others: initials, a word cut short, two words written as one.

>>> mine, theirs = [600, 0], [800, 900, 0]
>>> shortened(("jc", "karzanov"), mine, ("jose", "camino", "karzanov"), theirs)
Short(mass_one=480000, mass_other=1360000)
>>> mine, theirs
([0, 0], [0, 0, 0])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from attest.screening.near import slips, slips_of_words

SHORT: Final = 800
"""How much initials, or a word cut short, are like what they stand for."""
JOINED: Final = 1000
_PREFIX_MIN: Final = 3
_RUN_MAX: Final = 6

_Places = tuple[int, ...]


class Short(NamedTuple):
    """What words that stand for others add to each of two names: their weights times likenesses."""

    mass_one: int
    mass_other: int


def shortened(
    one: Sequence[str], mine: list[int], other: Sequence[str], theirs: list[int]
) -> Short | None:
    """Find the words that stand for others among those whose weight is not 0, and make it 0.

    What is found is the same both ways round: the likest first, then the longest.
    """
    found = [
        *((like, (place,), run) for like, place, run in _standing(one, mine, other, theirs)),
        *((like, run, (place,)) for like, place, run in _standing(other, theirs, one, mine)),
    ]
    if not found:
        return None
    found.sort(
        key=lambda each: (-each[0], -len(each[1]) - len(each[2]), min(each[1:]), max(each[1:]))
    )
    mass_one = mass_other = 0
    for like, places, others in found:
        if all(mine[place] for place in places) and all(theirs[place] for place in others):
            mass_one += like * _taken(mine, places)
            mass_other += like * _taken(theirs, others)
    return Short(mass_one, mass_other)


def _taken(weights: list[int], places: _Places) -> int:
    weight = sum(weights[place] for place in places)
    for place in places:
        weights[place] = 0
    return weight


def _standing(
    words: Sequence[str], weights: list[int], others: Sequence[str], free: list[int]
) -> Iterator[tuple[int, int, _Places]]:
    for place, word in enumerate(words):
        if not weights[place]:
            continue
        for start, first in enumerate(others):
            if first[0] != word[0]:
                continue
            for end in range(start + 1, min(start + _RUN_MAX, len(others)) + 1):
                if not free[end - 1]:
                    break
                if like := _stands_for(word, others[start:end]):
                    yield like, place, tuple(range(start, end))


def _stands_for(word: str, run: Sequence[str]) -> int:
    if len(run) == 1:
        full = run[0]
        cut = len(full) > len(word) and (len(word) == 1 or len(word) >= _PREFIX_MIN)
        return SHORT if cut and full.startswith(word) else 0
    together = "".join(run)
    most = slips_of_words(min(len(together), len(word)))
    if together == word or (most and slips(together, word, most) <= most):
        return JOINED
    return SHORT if len(word) == len(run) and word == "".join(each[0] for each in run) else 0
