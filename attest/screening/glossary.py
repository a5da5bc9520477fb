"""The words that names of companies and people share: legal forms, trades, places, given names.

A legal form says nothing of who a company is, and is written in many ways: it is left out of a
comparison. A word that many bear has one spelling, and weighs little beside one that tells:

>>> told("technologies"), told("gmbh"), told("huaxin")
(Word(text='technology', weight=250), Word(text='', weight=0), Word(text='huaxin', weight=1000))
>>> [word.text for word in spelt_out(["gazprom", "joint", "stock", "company", "forty", "four"])]
['gazprom', '44']

The words stand in `glossary.toml`, our own.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from attest.screening.near import Near

COMMON: Final = 250
"""The weight of a word of trade, kind or place."""
LETTER: Final = 300
NAME: Final = 400
"""The weight of a given name that hundreds bear, and of a patronymic."""
NUMBER: Final = 500
TELLING: Final = 600
"""The least weight of a word that tells one bearer from another: one of two letters."""
WHOLE: Final = 1000
"""The weight of such a word of six letters and more; every letter fewer weighs 100 less."""
_WHOLE_LETTERS: Final = 6


class Word(NamedTuple):
    """A word in its one spelling, and its weight in permille; no text for a word left out."""

    text: str
    weight: int


_NONE: Final = Word("", 0)
_TABLES: Final = tomllib.loads((files(__package__) / "glossary.toml").read_text(encoding="utf-8"))


def _by_spelling(lines: str) -> dict[str, str]:
    groups = (line.split() for line in lines.strip().splitlines())
    return {spelling: group[0] for group in groups for spelling in group}


STREET_WORDS: Final = frozenset(_TABLES["street_words"].split())
"""Words for streets and buildings."""
_LEFT_OUT: Final = frozenset(_TABLES["left_out"].split())
_KINDS: Final = _by_spelling(_TABLES["common"]["words"])
_COMMON: Final = {**_KINDS, **_by_spelling(_TABLES["common"]["places"])}
_NAMES: Final = _by_spelling(_TABLES["names"]["words"])
_NUMBERS: Final = {
    word: number for number, words in _TABLES["numbers"].items() for word in words.split()
}
_STEMS: Final[dict[str, str]] = _TABLES["stems"]
_STEM_LENGTHS: Final = sorted({len(stem) for stem in _STEMS}, reverse=True)

_PHRASES: Final[dict[str, list[tuple[list[str], str]]]] = {}
"""By its first word, what is written in several: the longest first, and the one word for it."""
for _phrase, _word in sorted(
    (
        *((form, "") for form in _TABLES["forms"].strip().splitlines()),
        *((phrase, word) for word, phrases in _TABLES["joined"].items() for phrase in phrases),
    ),
    key=lambda each: (-len(each[0].split()), each),
):
    _PHRASES.setdefault(_phrase.split()[0], []).append((_phrase.split(), _word))

_ADJECTIVE: Final = re.compile(
    "(?<=[a-z]{4})(?:in)?sk(?:i[iyj]?|y[yij]?|o[eyij]|oye|ogo|a[yi]a|ye)$"
)
"""The endings of Russian adjectives made of the names of places and people."""
_PATRONYMIC: Final = re.compile("(?<=[a-z]{3})(?:ovi|evi|yevi|ov|ev)(?:ch|c|cz|na)$")


def _slips(length: int) -> int:
    """How many slips a common word of that length may have, to be known for what it is."""
    return 0 if length < 7 else 1 if length < 10 else 2


_MISSPELT: Final = Near((*_KINDS, *_LEFT_OUT), slips=_slips)


@lru_cache(maxsize=1 << 16)
def told(word: str) -> Word:
    """What a word of ASCII in lower case says of who bears it."""
    if word in _LEFT_OUT:
        return _NONE
    if word in _COMMON:
        return Word(_COMMON[word], COMMON)
    if word in _NAMES:
        return Word(_NAMES[word], NAME)
    if _PATRONYMIC.search(word):
        return Word(word, NAME)
    if number := _NUMBERS.get(word) or _digits(word):
        return Word(number, NUMBER)
    for length in _STEM_LENGTHS:
        if stem := _STEMS.get(word[:length]):
            return Word(stem, COMMON)
    if near := _MISSPELT.find(word):
        meant = min(near, key=lambda each: (near[each], each))
        return _NONE if meant in _LEFT_OUT else Word(_KINDS[meant], COMMON)
    word = _ADJECTIVE.sub("", word)
    return Word(word, _weight(len(word)))


def _weight(length: int) -> int:
    return LETTER if length == 1 else min(WHOLE, WHOLE - 100 * (_WHOLE_LETTERS - length))


def _digits(word: str) -> str:
    digits = word.rstrip("stndrh")
    return (digits.lstrip("0") or "0") if digits.isdigit() else ""


def spelt_out(words: list[str], *, forms_too: bool = False) -> list[Word]:
    """Words in their one spelling, without those left out; what is written in several made one.

    With `forms_too` nothing is left out: in letters that have no such legal forms, what looks like
    one is a word.
    """
    kept: list[Word] = []
    place = 0
    while place < len(words):
        written = words[place]
        length, word = 1, told(written)
        for phrase, text in _PHRASES.get(written, ()):
            if words[place : place + len(phrase)] == phrase:
                length, word = len(phrase), told(text) if text else _NONE
                break
        if forms_too and not word.text:
            word = Word(written, _weight(len(written)))
        if word.weight == NUMBER and kept and _continues(kept[-1], words[place - 1], word):
            kept[-1] = Word(kept[-1].text[0] + word.text, NUMBER)
        elif word.text:
            kept.append(word)
        place += length
    return kept


def _continues(tens: Word, written: str, unit: Word) -> bool:
    """Whether a number of one digit follows tens that were written in letters."""
    return (
        tens.weight == NUMBER
        and written.isalpha()
        and (len(tens.text), tens.text[-1], len(unit.text)) == (2, "0", 1)
    )
