"""The check digits of a Legal Entity Identifier (ISO 17442): ISO 7064 MOD 97-10.

An LEI is 18 digits and capital letters, and two check digits. Each letter stands for its place in
the alphabet plus nine, A for 10; the long number that comes out leaves 1 when it is divided by 97:

>>> is_lei("HWUPKR0MPOU8FGXBT394")
True
>>> is_lei("HWUPKR0MPOU8FGXBT349")
False

One wrong digit or letter is always found, and so are two neighbours that changed places, unless a
letter is taken for a digit. Of those mistakes about one in 97 is not, such as 1B for B1.
"""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
_MODULUS: Final = 97


def is_lei(text: str) -> bool:
    """Whether a text has the form of an LEI and its check digits fit; not whether it is issued."""
    if not _FORM.fullmatch(text):
        return False
    return int("".join(str(int(each, 36)) for each in text)) % _MODULUS == 1
