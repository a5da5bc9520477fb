"""Chinese, Japanese and Korean names in Latin letters: in English, or as they sound.

A run of Han characters is brought into simplified form, words of trade and place become English, a
legal form is left out, and the rest is read aloud: with every reading that a character has, up to a
bound. Two or three characters that hold no such word may be a person's, and have a Japanese or a
Korean reading too, where the tables of `han.toml` know one:

>>> han("華芯半導體有限公司")
(('huaxin', 'semiconductor'),)
>>> han("长鑫存储")[:2]
(('zhangxin', 'memory'), ('zhangxun', 'memory'))
>>> hangul("이민호")
(('lee', 'minho'), ('ri', 'minho'), ('yi', 'minho'), ('iminho',))
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import islice, product
from typing import Final

Reading = tuple[str, ...]

READINGS_MAX: Final = 8
"""How many readings a run of characters has at most; those that dictionaries put first are kept."""
_PERSON_MAX: Final = 5

_TABLES: Final = tomllib.loads((files(__package__) / "han.toml").read_text(encoding="utf-8"))


def _by_writing(table: str) -> dict[str, str]:
    return {
        written: latin for latin, several in _TABLES[table].items() for written in several.split()
    }


SYLLABLES: Final = frozenset(
    begin + end
    for begin in _TABLES["syllables"]["begin"].split()
    for end in _TABLES["syllables"]["end"].split()
)
"""Syllables of Chinese in Latin letters, and some that are none: each beginning with each end."""
_TERMS: Final = _by_writing("terms")
_TERM_MAX: Final = max(map(len, _TERMS))
_JAPANESE: Final = _by_writing("japanese")
_KOREAN: Final = _by_writing("korean")
_HANGUL_TERMS: Final = _by_writing("hangul_terms")
_HANGUL_SURNAMES: Final = _by_writing("hangul_surnames")


@lru_cache(maxsize=1)
def _simplifier() -> Callable[[str], str]:
    from opencc import OpenCC

    return OpenCC("t2s").convert


def simplified(run: str) -> str:
    """Han characters, the traditional ones in their simplified form."""
    return _simplifier()(run)


def han(run: str) -> tuple[Reading, ...]:
    """The readings of a run of Han characters, each of words in Latin letters."""
    run = simplified(run)
    parts = _parts(run)
    choices = [[tuple(text.split())] if is_term else _pinyin(text) for text, is_term in parts]
    readings = [sum(words, ()) for words in islice(product(*choices), READINGS_MAX)]
    if len(run) <= _PERSON_MAX and not any(is_term for _, is_term in parts):
        readings += _as_person(run)
    return tuple(dict.fromkeys(readings))


def _parts(run: str) -> list[tuple[str, bool]]:
    """A run divided into words of the glossary, in English, and what lies between."""
    parts: list[tuple[str, bool]] = []
    start = place = 0
    while place < len(run):
        term = _term_at(run, place, after_term=start == place and place > 0)
        if not term:
            place += 1
            continue
        if start < place:
            parts.append((run[start:place], False))
        parts.append((_TERMS[term], True))
        start = place = place + len(term)
    if start < len(run):
        parts.append((run[start:], False))
    return parts


def _term_at(run: str, place: int, *, after_term: bool) -> str:
    """The longest word of the glossary there; one character counts behind another word or last."""
    for length in range(min(_TERM_MAX, len(run) - place), 0, -1):
        if run[place : place + length] in _TERMS:
            alone = length == 1 and not after_term and place + 1 < len(run)
            return "" if alone or length == len(run) == 1 else run[place : place + length]
    return ""


def _pinyin(run: str) -> list[Reading]:
    from pypinyin import Style, pinyin

    syllables = pinyin(run, style=Style.NORMAL, heteronym=True)
    choices = ([each.replace("v", "u") for each in syllable] for syllable in syllables)
    return [("".join(each),) for each in islice(product(*choices), READINGS_MAX)]


def _as_person(run: str) -> list[Reading]:
    japanese: list[Reading] = [
        (_JAPANESE[run[:cut]], _JAPANESE[run[cut:]])
        for cut in range(1, len(run))
        if run[:cut] in _JAPANESE and run[cut:] in _JAPANESE
    ]
    if len(run) not in (2, 3):
        return japanese
    chinese = ((*surname, *given) for surname, given in product(_pinyin(run[0]), _pinyin(run[1:])))
    korean = _as_korean([_KOREAN.get(each, "").split("/") for each in run])
    return [*islice(chinese, READINGS_MAX), *japanese, *islice(korean, READINGS_MAX)]


def _as_korean(syllables: Sequence[Sequence[str]]) -> Iterable[Reading]:
    return ((first, "".join(rest)) for first, *rest in product(*syllables) if first and all(rest))


def hangul(run: str) -> tuple[Reading, ...]:
    """The readings of a run of Korean letters."""
    from anyascii import anyascii

    if (english := _HANGUL_TERMS.get(run)) is not None:
        return (tuple(english.split()),)
    syllables = [anyascii(each).lower() for each in run]
    plain = [each.replace("eo", "o").replace("eu", "u") for each in syllables]
    readings: list[Reading] = []
    if len(run) in (2, 3) and (surnames := _HANGUL_SURNAMES.get(run[0])):
        readings = [(surname, "".join(plain[1:])) for surname in surnames.split("/")]
    return tuple(dict.fromkeys([*readings, ("".join(syllables),), ("".join(plain),)]))
