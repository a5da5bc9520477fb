"""How near two names are, in permille, and why.

>>> from attest.screening.forms import forms
>>> def compare(one: str, other: str) -> Likeness:
...     return likeness(forms(one)[0], forms(other)[0])
>>> compare("Huaxin Semiconductor Co., Ltd.", "SEMICONDUCTOR HUAXIN GMBH")
Likeness(permille=990, reason='same-words')
>>> compare("Huaxin Semiconductor", "Huaxing Semiconductor (Shenzhen)")
Likeness(permille=712, reason='near-spelling')
>>> compare("Huaxin Semiconductor", "Minxin Semiconductor")
Likeness(permille=0, reason='')

Permille are whole numbers, made of counted letters and of the weights of words. They depend on the
two names and on nothing else, and are the same both ways round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from attest.screening.forms import Form
from attest.screening.glossary import COMMON, NAME, TELLING
from attest.screening.near import slips, slips_of_names, slips_of_sounds, slips_of_words
from attest.screening.shortened import shortened
from attest.screening.sounds import sound

SAME: Final = 1000
SAME_WORDS: Final = 990
"""Two names that differ in their legal forms, in case, marks and order of words at most."""
SAME_SOUND: Final = 850
SAME_LETTERS: Final = 800
ALIKE: Final = 600
ALIKE_LOOSE: Final = 400
"""What of the longer word two that sound alike must have in common; vowels may not be written."""
NEAR_SOUND: Final = 750
LONG_INITIALS: Final = 750
"""Five initials or more; fewer are those of too many names."""
SHORT_INITIALS: Final = 550
LONE: Final = 100
"""What it costs that the one word that tells is only near."""
CONTRADICTION: Final = 2500
"""What a share of words weighs that both names have and that do not agree."""

Hits = Mapping[str, Sequence[tuple[int, int]]]
"""For words of another name: how much which words of the one are like it, and their places."""


class Likeness(NamedTuple):
    """How near two names are, and the strongest reason; 0 and none where they are not."""

    permille: int
    reason: str


NOTHING: Final = Likeness(0, "")


def sound_length_min(*, loose: bool) -> int:
    """How many consonants make a word known by them."""
    return 2 if loose else 3


def name_sound_length_min(*, loose: bool) -> int:
    """How many consonants make a whole name known by them."""
    return 2 if loose else 5


def letters(word: str) -> str:
    """The letters of a word in the order of the alphabet; empty for a short one."""
    return "".join(sorted(word)) if len(word) > 4 else ""


def initials(form: Form) -> str:
    """The first letters of the words of a name that has three or more; else empty."""
    return "".join(word[0] for word in form.words) if len(form.words) > 2 else ""


def by_slips(one: str, other: str, count: int) -> int:
    """What of the longer of two strings is as in the other, so many slips apart."""
    return SAME - SAME * count // max(len(one), len(other))


def word_likeness(one: str, other: str, *, loose: bool) -> int:
    """How near two words are, in permille; 0 if they are not."""
    if one == other:
        return SAME
    like = 0
    most = min(slips_of_words(len(one)), slips_of_words(len(other)))
    if most and (count := slips(one, other, most)) <= most:
        like = by_slips(one, other, count)
    if letters(one) and letters(one) == letters(other):
        like = max(like, SAME_LETTERS)
    mine, theirs = sound(one), sound(other)
    least = min(len(mine), len(theirs))
    if mine == theirs and least >= sound_length_min(loose=loose):
        like = max(like, by_sound(one, other, loose=loose))
    elif loose and slips_of_sounds(least) and slips(mine, theirs, 1) <= 1:
        like = max(like, NEAR_SOUND if alike(one, other, loose=loose) else 0)
    return like


def alike(one: str, other: str, *, loose: bool) -> bool:
    """Whether two strings that sound alike have enough of their letters in common."""
    return _letters_in_common(one, other) >= (ALIKE_LOOSE if loose else ALIKE)


def by_sound(one: str, other: str, *, loose: bool) -> int:
    """How near two words are that sound the same; 0 if too few letters are."""
    common = _letters_in_common(one, other)
    if common < (ALIKE_LOOSE if loose else ALIKE):
        return 0
    return SAME_SOUND if loose else (SAME_SOUND + common) // 2


def _letters_in_common(one: str, other: str) -> int:
    return by_slips(one, other, Levenshtein.distance(one, other))


def likeness(one: Form, other: Form) -> Likeness:
    """How near two names are."""
    loose = one.loose or other.loose
    hits = {
        word: [
            (like, place)
            for place, mine in enumerate(one.words)
            if (like := word_likeness(mine, word, loose=loose))
        ]
        for word in other.words
    }
    return compared(one, other, hits)


def compared(one: Form, other: Form, hits: Hits) -> Likeness:
    """How near two names are whose words have these likenesses."""
    loose = one.loose or other.loose
    romanised = one.romanised or other.romanised
    if one.whole == other.whole or one.joined == other.joined:
        return Likeness(SAME_WORDS, "transliteration" if romanised else "same-words")
    best = max(_by_words(one, other, hits), _by_initials(one, other), _by_initials(other, one))
    most = min(slips_of_names(len(one.joined)), slips_of_names(len(other.joined)))
    if most and (count := slips(one.joined, other.joined, most)) <= most:
        own = max(one.own, other.own) or max(len(one.joined), len(other.joined))
        best = max(best, Likeness(SAME - min(SAME, SAME * count // own), "near-spelling"))
    if best.permille < SAME_SOUND:
        heard = one.sound == other.sound and len(one.sound) >= name_sound_length_min(loose=loose)
        if heard and alike(one.joined, other.joined, loose=loose):
            best = Likeness(SAME_SOUND, "near-spelling")
    return best._replace(reason="transliteration") if romanised and best.permille else best


def _by_initials(one: Form, other: Form) -> Likeness:
    if len(one.words) == 1 and one.joined == initials(other):
        return Likeness(LONG_INITIALS if len(one.joined) > 4 else SHORT_INITIALS, "initials")
    return NOTHING


def _by_words(one: Form, other: Form, hits: Hits) -> Likeness:
    """The mean of how much of each name is found in the other, less what contradicts.

    Words that tell nothing, such as those of a trade, prove nothing by themselves. One word that
    tells does not make two names one where another is left over: then the smaller share counts.
    What is merely short for another word counts for no more than what is written out.
    """
    found = [
        (like, place, at)
        for at, word in enumerate(other.words)
        for like, place in hits.get(word, ())
    ]
    if len(found) > 1:
        found.sort(key=_likest)
    mine, theirs = [*one.weights], [*other.weights]
    mass_one = mass_other = proofs = strongest = 0
    exact = True
    for like, place, at in found:
        weight_one, weight_other = mine[place], theirs[at]
        if weight_one and weight_other:
            mine[place] = theirs[at] = 0
            mass_one += like * weight_one
            mass_other += like * weight_other
            exact = exact and like == SAME
            if weight_one >= NAME and weight_other >= NAME:
                proofs += 1
                strongest = max(strongest, weight_one, weight_other)
    telling = strongest >= TELLING
    if not mass_one or not (
        telling or (max(one.weights) < TELLING and max(other.weights) < TELLING)
    ):
        return NOTHING
    short = any(mine) and any(theirs) and shortened(one.words, mine, other.words, theirs)
    if short:
        mass_one += min(mass_one, short.mass_one)
        mass_other += min(mass_other, short.mass_other)
    left_one, left_other = _left(mine, telling=telling), _left(theirs, telling=telling)
    share_one, share_other = mass_one // one.total, mass_other // other.total
    lone = telling and proofs == 1 and max(left_one, left_other) >= TELLING
    if lone or not proofs:
        share = min(share_one, share_other)
    else:
        share = (share_one + share_other) // 2
    if proofs == 1 and not exact and not (one.loose or other.loose):
        share -= LONE
    share -= CONTRADICTION * min(left_one, left_other) // max(one.total, other.total)
    if share <= 0:
        return NOTHING
    return Likeness(min(share, SAME_WORDS), _reason(mine, theirs, short=bool(short), exact=exact))


def _likest(pair: tuple[int, int, int]) -> tuple[int, int, int]:
    """An order of pairs that is the same both ways round."""
    like, place, at = pair
    return (-like, place, at) if place < at else (-like, at, place)


def _left(weights: list[int], *, telling: bool) -> int:
    """The weight of the words that are left over; common ones count among common ones."""
    return sum(weight for weight in weights if weight != COMMON or not telling)


def _reason(mine: list[int], theirs: list[int], *, short: bool, exact: bool) -> str:
    if short:
        return "initials"
    if not exact:
        return "near-spelling"
    if any(mine) and any(theirs):
        return "shared-words"
    return "part-of-name" if any(mine) or any(theirs) else "same-words"
