"""Letters: one text, one form, on every Python.

Python carries a Unicode database, and a newer Python a newer one. A character that was assigned
after Unicode 14 therefore has no form, case or kind here, whatever the running database says of it:
`of_known` gives a function only what lies between such characters, and leaves them as they are.

>>> of_known(str.upper, "a\\U00011f00b") == "A\\U00011f00B"
True

`spelt` is the form in which names are read: NFKC, casefolded, without hidden characters, marks on
letters kept, look-alikes of another alphabet in a word of Latin letters made Latin:

>>> spelt("Ｈｕａ\\u200bwei"), spelt("Huаwei"), spelt("Хуавэй")
('huawei', 'huawei', 'хуавэй')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_LATER_RANGES: Final = """
558 58b-58c 5c8-5c9 88f 897 b53-b54 c5c cdc cf3 ece 1acf-1af0 1b4e-1b4f 1b7f 1c89-1c8a 208f
209d-209f 20c1-20c4 2427-2429 2b96 2e60-2e63 2ffc-2fff 31e4-31ef a7cb-a7cf a7d2 a7d4 a7da-a7f1
ab6c-ab6d fbc3-fbd2 fd90-fd91 fdc8-fdce 105c0-105f3 107bb-107bf 10940-10959 10d40-10d8f 10ec2-10eff
1123f-11241 11380-113e2 116d0-116e3 11b00-11bf9 11db0-11df1 11f00-11f5a 1246f 12475-1247f
12550-12686 1342f 13439-143fa 16100-16139 16d40-16d79 16ea0-16ed3 16ff2-16ff6 187f8-187ff
18cd6-18cff 18d09-191d2 1b123-1b132 1b155 1b168 1cc00-1cefd 1d127-1d128 1d1eb-1d1ff 1d250-1d2d3
1d6a6 1db00-1db1c 1df1f-1dfff 1e030-1e08f 1e4d0-1e6ff 1f1ae 1f6d8-1f6dc 1f774-1f77f 1f7d9-1f7db
1f7f1-1f7ff 1f8b2-1f8d8 1fa54-1fa57 1fa75-1fa77 1fa87-1fa8f 1faad-1faaf 1fabb-1fabf 1fac6-1facf
1fada-1fadf 1fae8-1faef 1faf7-1fafa 1fbcb-1fbef 1fbfa 2b739-2b73f 2b81e 2cea2-2cead 2ebf0-2ee5d
31350-3fc3f
"""
"""What Unicode 15 to 18 assigned, widened where Unicode 14 has nothing between."""

_LATER: Final = re.compile(
    "(["
    + "".join(
        "-".join(f"\\U{int(end, 16):08x}" for end in each.split("-"))
        for each in _LATER_RANGES.split()
    )
    + "]+)"
)
VARIATIONS: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Selectors of a variant of the character before them; of the category of marks, and unseen."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile("[A-Za-z]")
_LOOK_ALIKES: Final = str.maketrans(
    "АВЕІЈКМНОРСТУХЅԚԜҮҺӀаегикмнопрстухѕіјԛԝһѵӏвүΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεγηικνορτυχωՕօսոհᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏚᎢᎳᏃ",
    "ABEIJKMHOPCTYXSQWYHIaerukmhonpctyxsijqwhvlbyABEZHIKMNOPTYXabeynikvoptuxwOounhABCDEHJKLMPSTWZ",
)


def of_known(change: Callable[[str], str], text: str) -> str:
    """Text with a change made to what Unicode 14 knows of it; what came later stays as it is."""
    if text.isascii():
        return change(text)
    pieces = _LATER.split(text)
    pieces[::2] = map(change, pieces[::2])
    return "".join(pieces)


def without_later(text: str) -> str:
    """Text without what came after Unicode 14."""
    return _LATER.sub("", text)


def spelt(text: str) -> str:
    """Text as it is read: composed, in lower case, nothing hidden, no letter in disguise."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", without_later(text))
    seen = "".join(
        each
        for each in VARIATIONS.sub("", composed)
        if unicodedata.category(each) != "Cf" and each not in "\u034f\u3164\uffa0\u115f\u1160"
    )
    latin = _WORD.sub(lambda found: unmasked(found[0]), seen)
    return unicodedata.normalize("NFKC", latin.casefold())


def unmasked(word: str) -> str:
    """A word that mixes Latin letters with others, the look-alikes among them made Latin."""
    return looks(word) if _LATIN.search(word) else word


def looks(word: str) -> str:
    """A word with every Greek, Cyrillic, Armenian or Cherokee letter that looks Latin made so."""
    return word.translate(_LOOK_ALIKES)
