"""Names in blocks: which of many names may be like a given one, so that few need be compared.

A comparison can only find names that share a telling word, near enough, or are near as a whole: in
letters, in sound or in initials. Each of these is a look into a table, so nothing is missed that
comparing all names would find:

>>> from attest.screening.forms import forms
>>> names = Names([forms("Huaxin Semiconductor")[0], forms("Minxin Chips")[0]], loose=False)
>>> list(names.find(forms("Semiconductor HUAXING Ltd")[0], floor=500))
[(0, Likeness(permille=786, reason='near-spelling'))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from attest.screening import scoring
from attest.screening.forms import Form
from attest.screening.glossary import NAME, TELLING
from attest.screening.near import Near, slips_of_names, slips_of_sounds, slips_of_words
from attest.screening.scoring import Likeness
from attest.screening.sounds import sound

_REMEMBERED: Final = 1 << 12
"""How many words a search remembers the like of."""


class Names:
    """Forms of names, all loose or none, ready to be searched."""

    def __init__(self, forms: Sequence[Form], *, loose: bool) -> None:
        self._forms: Final = forms
        self._loose: Final = loose
        self._weights: Final[dict[str, int]] = {}
        self._bearing: Final[dict[str, list[int]]] = {}
        self._plain: Final[dict[str, list[int]]] = {}
        self._joined: Final[dict[str, tuple[int, ...]]] = {}
        self._wholes: Final[dict[str, tuple[int, ...]]] = {}
        words: dict[str, None] = {}
        for place, form in enumerate(forms):
            self._add(place, form)
            words.update(dict.fromkeys(form.words))
        self._words: Final = Near(words, slips=slips_of_words)
        self._names: Final = Near(self._joined, slips=slips_of_names)
        self._by_sound: Final = _grouped(words, sound)
        self._by_letters: Final = _grouped(words, scoring.letters)
        self._sounds: Final = Near(self._by_sound, slips=slips_of_sounds)
        self._likes: Final = lru_cache(maxsize=_REMEMBERED)(self._likes_of)

    def _add(self, place: int, form: Form) -> None:
        tells = max(form.weights) >= TELLING
        for word, weight in zip(form.words, form.weights, strict=True):
            self._weights[word] = max(weight, self._weights.get(word, 0))
            if weight >= NAME:
                self._bearing.setdefault(word, []).append(place)
            if not tells:
                self._plain.setdefault(word, []).append(place)
        self._joined[form.joined] = (*self._joined.get(form.joined, ()), place)
        for whole in (form.whole, form.sound, scoring.initials(form)):
            if whole and whole != form.joined:
                self._wholes[whole] = (*self._wholes.get(whole, ()), place)

    def find(self, form: Form, *, floor: int) -> Iterator[tuple[int, Likeness]]:
        """The places of the forms that are like a form, so many permille at least, and how much."""
        loose = self._loose or form.loose
        places: set[int] = set()
        hits: dict[str, list[tuple[int, int]]] = {}
        plain = max(form.weights) < TELLING
        for at, (word, weight) in enumerate(zip(form.words, form.weights, strict=True)):
            for other, like in self._likes(word, loose).items():
                hits.setdefault(other, []).append((like, at))
                theirs = self._weights[other]
                if min(weight, theirs) >= NAME and max(weight, theirs) >= TELLING:
                    places.update(self._bearing[other])
                if plain:
                    places.update(self._plain.get(other, ()))
        places.update(self._as_a_whole(form))
        for place in sorted(places):
            found = scoring.compared(form, self._forms[place], hits)
            if found.permille >= floor:
                yield place, found

    def _as_a_whole(self, form: Form) -> Iterator[int]:
        """The places of the forms that may be like a form beyond their single words."""
        for joined in self._names.find(form.joined):
            yield from self._joined[joined]
        for whole in (form.joined, form.whole, form.sound, scoring.initials(form)):
            yield from self._joined.get(whole, ())
            yield from self._wholes.get(whole, ())

    def _likes_of(self, word: str, loose: bool) -> dict[str, int]:
        """The words here that are like a word, and how much."""
        likes = {
            other: scoring.by_slips(word, other, count)
            for other, count in self._words.find(word).items()
        }
        for other in self._by_letters.get(scoring.letters(word), ()):
            likes[other] = max(likes.get(other, 0), scoring.SAME_LETTERS)
        heard = sound(word)
        if len(heard) >= scoring.sound_length_min(loose=loose):
            for other in self._by_sound.get(heard, ()):
                if like := scoring.by_sound(word, other, loose=loose):
                    likes[other] = max(likes.get(other, 0), like)
        if loose:
            for near in self._sounds.find(heard):
                for other in self._by_sound[near]:
                    if scoring.alike(word, other, loose=loose):
                        likes[other] = max(likes.get(other, 0), scoring.NEAR_SOUND)
        return likes


def _grouped(words: Iterable[str], group: Callable[[str], str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for word in words:
        if key := group(word):
            grouped.setdefault(key, []).append(word)
    return grouped
