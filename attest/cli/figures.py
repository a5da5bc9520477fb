"""Large numbers for people.

Digits in groups, in words, and in the units of Chinese, Japanese and Korean readers.

>>> in_words(28_430_000_000)
'28,430,000,000 (28.43 billion, 284.3億)'
>>> in_words(29_999_999_999)
'29,999,999,999 (over 29.9999 billion, over 299.9999億)'
>>> in_words(1_200_000_000_000)
'1,200,000,000,000 (1.2 trillion, 12,000億)'
>>> in_words(814), in_words(28_430_000_000, cjk=False)
('814', '28,430,000,000 (28.43 billion)')

A shortened number is cut, never rounded up: nobody reads a count below a threshold as one on it.

>>> without_cjk("28,430,000,000 (28.43 billion, 284.3億) of 天秋, 5億")
'28,430,000,000 (28.43 billion) of 天秋, 5億'
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = ((10**12, " trillion"), (10**9, " billion"), (10**6, " million"))
_CJK: Final = ((10**8, "億"), (10**4, "萬"))
"""Never 兆: it is 10^12 in Taiwan and Japan, and can be read as 10^6 on the mainland."""
_DECIMALS: Final = 4
_FIGURE: Final = re.compile(r"([1-9][0-9,]{8,30}) \([^()]{1,60}\)")


def in_words(number: int, *, cjk: bool = True) -> str:
    """The number in digits and, from a million up, in words; `cjk` adds 萬 or 億."""
    if number < 10**6:
        return f"{number:,}"
    scales = (_WORDS, _CJK) if cjk else (_WORDS,)
    return f"{number:,} ({', '.join(_scaled(number, scale) for scale in scales)})"


def without_cjk(text: str) -> str:
    """The text with each number as `in_words` writes it without 萬 and 億; all else stays."""
    return _FIGURE.sub(_without_cjk, text)


def _without_cjk(found: re.Match[str]) -> str:
    number = int(found[1].replace(",", ""))
    return in_words(number, cjk=False) if found[0] == in_words(number) else found[0]


def _scaled(number: int, scale: tuple[tuple[int, str], ...]) -> str:
    size, unit = next(pair for pair in scale if number >= pair[0])
    whole, rest = divmod(number, size)
    cut, lost = divmod(rest * 10**_DECIMALS, size)
    decimals = f"{cut:0{_DECIMALS}d}".rstrip("0")
    return f"{'over ' if lost else ''}{whole:,}{'.' + decimals if decimals else ''}{unit}"
