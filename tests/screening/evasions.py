"""Evasions: one listed name or address in the disguises in which it could be declared.

Each kind is a function of the name and a source of chance; it gives None where it does not apply.

>>> import random
>>> KINDS["word-order"]("Huaxin Semiconductor Co., Ltd.", random.Random(1))
'Semiconductor Huaxin Co., Ltd.'
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Final

Evasion = Callable[[str, random.Random], str | None]

_CYRILLIC: Final = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")
_GREEK: Final = str.maketrans("oABEHIKMNOPTXYZ", "οΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
_SYLLABLE: Final = re.compile(
    "(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])"
    "(?:i?ang|i?ong|uang|eng|ing|ian|iao|uai?|uan|ai|ei|ao|ou|an|en|in|un|i[aeu]|u[oie]|[aoeiu])"
)
_CHINESE: Final = re.compile(f"(?:{_SYLLABLE.pattern}){{2,}}")
_PINYIN: Final = ("zh", "ch", "q", "j", "x", "z", "c", "b", "p", "d", "t", "g", "k", "r")
_OLDER: Final = ("ch", "ch'", "ch'", "ch", "hs", "ts", "ts'", "p", "p'", "t", "t'", "k", "k'", "j")
_WADE_GILES: Final = dict(zip(_PINYIN, _OLDER, strict=True))
_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_LEGAL: Final = re.compile(
    r"\b(?:limited liability|(?:open |public )?joint stock) company\b"
    r"|,?\s*\b(?:co|ltd|limited|inc|llc|corp|corporation|company|jsc|gmbh|pte|sdn|bhd)\b\.?",
    re.IGNORECASE,
)


def _longest(name: str) -> str:
    return max(re.findall("[A-Za-z]+", name), key=len, default="")


def _in_longest(name: str, change: Callable[[str], str], least: int = 6) -> str | None:
    word = _longest(name)
    return name.replace(word, change(word), 1) if len(word) >= least else None


def _stem(name: str) -> str:
    return _LEGAL.sub("", name).strip(" ,.")


def _some(name: str, chance: random.Random, table: dict[int, int]) -> str | None:
    at = [place for place, each in enumerate(name) if ord(each) in table]
    chosen = set(chance.sample(at, min(2, len(at))))
    return "".join(
        chr(table[ord(each)]) if place in chosen else each for place, each in enumerate(name)
    ) if at else None  # fmt: skip


def _inserted(name: str, chance: random.Random, signs: str) -> str:
    place = chance.randrange(1, max(2, len(name)))
    return name[:place] + chance.choice(signs) + name[place:]


def _word_order(name: str, _: random.Random) -> str | None:
    words = name.split()
    return " ".join([words[1], words[0], *words[2:]]) if len(words) > 1 else None


def _joined(name: str, _: random.Random) -> str | None:
    words = name.split()
    return " ".join(["".join(words[:2]), *words[2:]]) if len(words) > 2 else None


def _exchanged(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _by_syllables(name: str, change: Callable[[list[str]], str]) -> str:
    """A name with each word of several Chinese syllables changed."""

    def changed(found: re.Match[str]) -> str:
        word = found[0].lower()
        if not _CHINESE.fullmatch(word):
            return found[0]
        return change([each[0] for each in _SYLLABLE.finditer(word)]).capitalize()

    return re.sub("[A-Za-z]{4,}", changed, name)


def _wade_giles(syllable: str) -> str:
    begin = next((each for each in _WADE_GILES if syllable.startswith(each)), "")
    return _WADE_GILES.get(begin, "") + syllable[len(begin) :]


KINDS: Final[Mapping[str, Evasion]] = {
    "upper-case": lambda name, _: name.upper(),
    "cyrillic-look-alikes": lambda name, chance: _some(name, chance, _CYRILLIC),
    "greek-look-alikes": lambda name, chance: _some(name, chance, _GREEK),
    "full-width": lambda name, _: name.translate(_FULL_WIDTH),
    "zero-width": lambda name, chance: _inserted(name, chance, "\u200b\u200c\u200d\u2060\ufeff"),
    "soft-hyphen": lambda name, chance: _inserted(name, chance, "\u00ad"),
    "right-to-left": lambda name, _: f"\u202e{name}\u202c",
    "marks": lambda name, _: re.sub("([aeiou])", "\\1\u0301", name),
    "no-punctuation": lambda name, _: re.sub(r"[^\w\s]", " ", name),
    "dots-for-blanks": lambda name, _: name.replace(" ", "\u00b7"),
    "no-legal-form": lambda name, _: _stem(name) or None,
    "other-legal-form": lambda name, _: f"{_stem(name)} GmbH" if _stem(name) else None,
    "legal-form-in-front": lambda name, _: f"OOO {_stem(name)}" if _stem(name) else None,
    "word-order": _word_order,
    "words-joined": _joined,
    "word-split": lambda name, _: _in_longest(name, lambda w: f"{w[:3]} {w[3:]}"),
    "letter-dropped": lambda name, chance: _in_longest(
        name, lambda w: _without(w, chance.randrange(1, len(w) - 1))
    ),
    "letter-doubled": lambda name, chance: _in_longest(name, lambda w: w[:3] + w[2] + w[3:]),
    "letter-changed": lambda name, chance: _in_longest(
        name, lambda w: w[:2] + chance.choice(string.ascii_lowercase) + w[3:]
    ),
    "letters-exchanged": lambda name, chance: _in_longest(name, lambda w: _exchanged(w, chance)),
    "digit-for-letter": lambda name, _: _in_longest(
        name, lambda w: w[0] + w[1:-1].replace("o", "0").replace("i", "1") + w[-1]
    ),
    "syllables-apart": lambda name, _: _by_syllables(name, " ".join),
    "wade-giles": lambda name, _: _by_syllables(
        name, lambda each: "-".join(map(_wade_giles, each))
    ),
    "branch": lambda name, _: f"{name} Shanghai Branch",
    "place-in-brackets": lambda name, _: f"{_stem(name)} (Hong Kong) Limited",
    "and": lambda name, _: f"The {name.replace(' & ', ' and ')}",
}
"""Kinds of evasion of a name in Latin letters."""


def _without(word: str, place: int) -> str:
    return word[:place] + word[place + 1 :]


def _other_room(text: str, chance: random.Random) -> str | None:
    changed = re.sub(
        r"(?i)\b(flat/rm|flat|room|rm\.?|unit|office)\s*\w+(-\d+)?",
        lambda found: f"Suite {chance.randrange(100, 3000)}",
        text,
        count=1,
    )
    return changed if changed != text else None


ADDRESS_KINDS: Final[Mapping[str, Evasion]] = {
    "other-room": _other_room,
    "no-room": lambda text, _: re.sub(r"(?i)^(flat|room|rm|unit|office)[^,]*,\s*", "", text),
    "no-floor": lambda text, _: re.sub(r"(?i)\b\d+/?F\b,?\s*", "", text),
    "district-joined": lambda text, _: re.sub(r"Mong Kok|Wan Chai", _close, text),
    "district-split": lambda text, _: text.replace("Fayuen", "Fa Yuen"),
    "street-cut-short": lambda text, _: text.replace("Road", "Rd.").replace("Street", "St."),
    "upper-case": lambda text, _: text.upper(),
    "country-left-out": lambda text, _: re.sub(r",?\s*(Hong Kong|Turkey)$", "", text),
    "parts-reversed": lambda text, _: ", ".join(reversed(re.split(r",\s*", text))),
    "building-left-out": lambda text, _: re.sub(
        r"(?<=, )[^,\d]*\b(?:Centre|Center|Plaza|Building|Tower)\b[^,\d]*,\s*", "", text
    ),
}
"""Kinds of evasion of an address."""


def _close(found: re.Match[str]) -> str:
    first, second = found[0].split()
    return first + second.lower()


def evasions(
    texts: list[str], kinds: Mapping[str, Evasion], *, seed: int = 1
) -> Iterator[tuple[str, str, str]]:
    """Kind, original and evasion of every text by every kind that changes it."""
    for kind, change in kinds.items():
        chance = random.Random(f"{seed}{kind}")
        for text in texts:
            if (changed := change(text, chance)) and changed != text:
                yield kind, text, changed
