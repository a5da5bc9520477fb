"""Forms of a name: its words in Latin letters, each in one spelling and with a weight.

>>> forms("The HUAXIN Technologies Co., Ltd.")[0].words
('huaxin', 'technology')
>>> [form.joined for form in forms("华新科技有限公司")]
['huaxintechnology']

A name has several forms where its characters have several readings, of which FORMS_MAX count. A
name that is all legal forms and particles keeps its words, and one without a letter or digit has no
form. A form depends on the name alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, product
from typing import Final, NamedTuple

from attest.screening.glossary import COMMON, LETTER, spelt_out
from attest.screening.han import SYLLABLES, Reading, han, hangul
from attest.screening.letters import looks, spelt
from attest.screening.sounds import sound

FORMS_MAX: Final = 12
WORDS_MAX: Final = 24
"""How many words of a name count."""

_DOTTED: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}[^\W\d_]?(?![^\W_])")
_APOSTROPHES: Final = re.compile("['`´ʹʻʼʽˈ‘’‛′]")
_LATIN: Final = re.compile("[a-z0-9]+")
_HAN_RANGES: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134a々〇"
_KANA_RANGES: Final = "\u3041-\u30ff\u31f0-\u31ff"
_HAN: Final = re.compile(f"[{_HAN_RANGES}]")
_RUNS: Final = re.compile(
    f"([{_HAN_RANGES}]+)|([\uac00-\ud7a3]+)|[{_KANA_RANGES}]+"
    f"|[^{_HAN_RANGES}\uac00-\ud7a3{_KANA_RANGES}]+"
)
_LOOSE: Final = re.compile(
    "[^\0-\u02af\u0300-\u036f\u1d00-\u1eff\u2000-\u206f\u2c60-\u2c7f\u3000-\u303f\ua720-\ua7ff"
    f"{_HAN_RANGES}]|[{_HAN_RANGES}][·・•][{_HAN_RANGES}]"
)
"""Letters that are neither Latin nor Han, and the dot in a foreign name that is written in Han."""
_WITH_FORMS: Final = re.compile("[a-z\u0370-\u03ff\u0400-\u052f]")
"""Letters in which the legal forms of the glossary are written: Latin, Greek and Cyrillic ones."""
_NOT_ASCII: Final = re.compile("[^\0-\x7f]+")
_LONG_WORD: Final = re.compile(r"[^\W_]{4}")
_DIGIT_IN_WORD: Final = re.compile("(?<=[a-z])[0135](?=[a-z])")
_SYLLABLES_MAX: Final = 4
"""How many syllables make one word at most."""
_DIGIT_LETTERS: Final = {"0": "o", "1": "i", "3": "e", "5": "s"}


class Form(NamedTuple):
    """A name in Latin letters.

    `words` are those that count, `weights` theirs in permille, `total` the sum of these. `joined`
    is all words in one, of which `own` letters are of words that few names share; `whole` has the
    legal forms too, as they were written. `sound` is how the words sound, empty where words that
    many names share are among them. `romanised` says that the name was written in other letters,
    `loose` that these do not tell its spelling in Latin ones.
    """

    words: tuple[str, ...]
    weights: tuple[int, ...]
    total: int
    joined: str
    own: int
    whole: str
    sound: str
    romanised: bool
    loose: bool


@lru_cache(maxsize=4096)
def forms(name: str) -> tuple[Form, ...]:
    """The forms of a name, the likeliest first."""
    text = _APOSTROPHES.sub("", spelt(name))
    if "." in text:
        text = _DOTTED.sub(lambda found: found[0].replace(".", ""), text)
    found = _forms(text)
    sides = text.split("/")
    if len(sides) == 2 and all(map(_LONG_WORD.search, sides)):
        found += tuple(form for side in sides for form in _forms(side))
    return tuple(dict.fromkeys(found))


def _forms(text: str) -> tuple[Form, ...]:
    if text.isascii():
        return tuple(_variants(_LATIN.findall(text)))
    loose = _LOOSE.search(text) is not None
    romanised = loose or _HAN.search(text) is not None
    forms_too = loose and not _WITH_FORMS.search(text)
    return tuple(
        form
        for readings in islice(product(*_readings(text)), FORMS_MAX)
        for form in _variants(
            [word for reading in readings for word in reading],
            romanised=romanised,
            loose=loose,
            forms_too=forms_too,
        )
    )


def _variants(words: list[str], **how: bool) -> Iterator[Form]:
    """The form of words, and where they differ those without digits for letters, or joined."""
    yield from _form(words, **how)
    read = [_DIGIT_IN_WORD.sub(lambda digit: _DIGIT_LETTERS[digit[0]], word) for word in words]
    if read != words:
        yield from _form(read, **how)
    together = _syllables_together(words)
    if len(together) < len(words):
        yield from _form(together, **how)


def _syllables_together(words: list[str]) -> list[str]:
    """Words, those in a row that may be syllables of one Chinese word written as one."""
    together: list[str] = []
    run = 0
    for word in words:
        run = run + 1 if word in SYLLABLES and run < _SYLLABLES_MAX else int(word in SYLLABLES)
        if run > 1:
            together[-1] += word
        else:
            together.append(word)
    return together


def _form(
    words: list[str], *, romanised: bool = False, loose: bool = False, forms_too: bool = False
) -> tuple[Form, ...]:
    words = words[:WORDS_MAX]
    kept = spelt_out(words, forms_too=forms_too)
    texts = tuple(word.text for word in kept) or tuple(words)
    if not texts:
        return ()
    weights = tuple(word.weight for word in kept) or (LETTER,) * len(texts)
    heard = "" if COMMON in weights else "".join(map(sound, texts))
    joined, whole = "".join(texts), "".join(words)
    own = sum(len(text) for text, weight in zip(texts, weights, strict=True) if weight != COMMON)
    return (Form(texts, weights, sum(weights), joined, own, whole, heard, romanised, loose),)


def _readings(text: str) -> Iterable[tuple[Reading, ...]]:
    """The readings of each part of a text, in their order."""
    spaced = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in text)
    for word in spaced.split():
        for run in _RUNS.finditer(word):
            if run[1]:
                yield han(run[1])
            elif run[2]:
                yield hangul(run[2])
            elif readings := _romanised(run[0]):
                yield readings


def latin(text: str) -> str:
    """Text in Latin letters of ASCII: the first reading of what is none, signs of ASCII kept."""
    return _NOT_ASCII.sub(_in_latin, spelt(text))


def _in_latin(found: re.Match[str]) -> str:
    from anyascii import anyascii

    return "".join(
        f" {' '.join(han(run[1])[0])} " if run[1] else anyascii(run[0]).lower()
        for run in _RUNS.finditer(found[0])
    )


def _romanised(word: str) -> tuple[Reading, ...]:
    """Letters of any other script in Latin ones; and as they look, if all look Latin."""
    from anyascii import anyascii

    alike = looks(word)
    texts = (anyascii(word).lower(), alike if alike.isascii() else "")
    readings = ("".join(_LATIN.findall(text)) for text in texts)
    return tuple(dict.fromkeys((reading,) for reading in readings if reading))
