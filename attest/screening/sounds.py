"""The sound of a word: its consonants, those that romanisations write alike being one.

Vowels go, and h, w, y and j, which come and go with them. Hard and soft consonants are one, and l
and r, which many languages do not tell apart; one that follows itself counts once:

>>> sound("mohammed"), sound("muhamad"), sound("mhmd")
('mt', 'mt', 'mt')
>>> sound("xijinping"), sound("hsichinping"), sound("barack"), sound("beilake")
('snpnk', 'snpnk', 'plk', 'plk')
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_GROUPS: Final = (
    (re.compile("shch|sch|tch|hs|ch|sh|zh|cz|ts|tz|dz|dj|c(?=[eiy])|^x|^j"), "s"),
    (re.compile("ph"), "f"),
    (re.compile("kh|gh|ck|q"), "k"),
    (re.compile("^w"), "v"),
    (re.compile("[aeiouyhwj]"), ""),
)
_DOUBLED: Final = re.compile(r"([a-z])\1+")
_ALIKE: Final = str.maketrans(
    {"b": "p", "c": "k", "g": "k", "z": "s", "d": "t", "r": "l", "x": "ks"}
)


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """The consonants of a word in lower case, by groups; empty for one that holds a digit."""
    if not word.isalpha():
        return ""
    for pattern, letters in _GROUPS:
        word = pattern.sub(letters, word)
    return _DOUBLED.sub(r"\1", word.translate(_ALIKE))
