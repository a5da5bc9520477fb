"""Addresses: where a house stands, apart from the room in it and the words for street and floor.

>>> listed = address("Flat/RM 2309, 23/F, Ho King Commercial Centre, 2-16 Fa Yuen Street, Mong Kok")
>>> listed
Address(words=('ho', 'king', 'fa', 'yuen', 'mong', 'kok'), houses=((2, 16),))
>>> nearness(listed, address("8 Fayuen St., Ho King Bldg, Mongkok, Kowloon"))
1000
>>> nearness(address("135 Bonham Strand, Hong Kong"), address("111 Bonham Strand, Hong Kong"))
0

Suites, floors and postal codes are left out: a tenant changes rooms more easily than houses. Two
addresses are one house if the numbers do not contradict each other and the words of the shorter are
in the longer, near enough or written together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from attest.screening.forms import latin
from attest.screening.glossary import STREET_WORDS, TELLING, spelt_out
from attest.screening.near import Near, slips, slips_of_words
from attest.screening.scoring import SAME, by_slips

_WITHOUT_NUMBER: Final = 900
"""The most that two addresses score of which one has no number."""
_WORDS_MIN: Final = 3
"""How many telling words two addresses share without a number."""
_HOUSE_MAX: Final = 9999
"""A number above is a postal code."""

_ROOMS: Final = re.compile(
    r"\b(?:flat|room|rm|unit|suite|ste|office|apt|apartment|shop|level|floor|daire|ic kapi no)\b"
    r"[\s.:#/]*(?:rm\b[\s.:#]*)?(?:[a-z]?\d+[a-z]?(?:\s*[-&]\s*\d+[a-z]?(?![\w/]))?|[a-z])\b"
    r"|\b(?:tower|block)\s+\d+\b"
    r"|\b\d+[a-z]?\s*/\s*f\b|\b\d+(?:st|nd|rd|th)?\s*(?:floor|fl|f|room)\b"
)
"""A room, floor or tower of a building, and its number."""
_RANGE: Final = re.compile(r"\b(\d{1,4})[a-z]?(?:\s*[-–~]\s*(\d{1,4})[a-z]?)?\b")
_WORD: Final = re.compile("[a-z]{2,}")


class Address(NamedTuple):
    """The words that tell a place, and the numbers of its houses from one to another."""

    words: tuple[str, ...]
    houses: tuple[tuple[int, int], ...]


def address(text: str) -> Address:
    """What of an address tells where a house stands."""
    plain = _ROOMS.sub(" ", latin(text))
    houses = (
        (int(low), max(int(low), int(high or low)))
        for low, high in _RANGE.findall(plain)
        if int(low) and int(low) <= _HOUSE_MAX
    )
    words = spelt_out([word for word in _WORD.findall(plain) if word not in STREET_WORDS])
    telling = (word.text for word in words if word.weight >= TELLING)
    return Address(tuple(telling), tuple(dict.fromkeys(houses)))


def nearness(one: Address, other: Address) -> int:
    """How near two addresses are, in permille; 0 for two houses."""
    numbered = bool(one.houses and other.houses)
    if numbered and not any(
        low <= end and start <= high for low, high in one.houses for start, end in other.houses
    ):
        return 0
    shorter, longer = sorted(
        (one.words, other.words), key=lambda words: (len("".join(words)), words)
    )
    parts = (*longer, *_together(longer))
    whole, found, proofs, place = len("".join(shorter)), 0, 0, 0
    while place < len(shorter):
        length = 1
        like = _best(shorter[place], parts)
        if not like and place + 1 < len(shorter):
            like = _best("".join(shorter[place : place + 2]), longer)
            length = 2 if like else 1
        found += like * len("".join(shorter[place : place + length]))
        proofs += length if like else 0
        place += length
    if proofs < (1 if numbered else _WORDS_MIN):
        return 0
    return found // whole if numbered else min(found // whole, _WITHOUT_NUMBER)


def _together(words: Sequence[str]) -> Iterator[str]:
    """Each two neighbours as one word."""
    return map("".join, pairwise(words))


def _best(word: str, parts: Sequence[str]) -> int:
    if word in parts:
        return SAME
    likes = (
        by_slips(word, part, count)
        for part in parts
        if (most := min(slips_of_words(len(word)), slips_of_words(len(part))))
        and (count := slips(word, part, most)) <= most
    )
    return max(likes, default=0)


class Places:
    """Addresses, ready to be searched: every address near enough shares a word with a given one."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses: Final = addresses
        self._bearing: Final[dict[str, list[int]]] = {}
        for place, each in enumerate(addresses):
            for word in {*each.words, *_together(each.words)}:
                self._bearing.setdefault(word, []).append(place)
        self._words: Final = Near(self._bearing, slips=slips_of_words)

    def find(self, wanted: Address, *, floor: int) -> Iterator[tuple[int, int]]:
        """The places of the addresses near one, so many permille at least, and how near."""
        words = {*wanted.words, *_together(wanted.words)}
        places = {
            place
            for word in words
            for near in self._words.find(word)
            for place in self._bearing[near]
        }
        for place in sorted(places):
            if (permille := nearness(wanted, self._addresses[place])) >= floor:
                yield place, permille
