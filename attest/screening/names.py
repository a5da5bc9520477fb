"""Names of parties: when two are one, whatever their dress.

Two names are one when their keys are equal. A key is the name in Unicode's form NFKC, casefolded,
without hidden and bidirectional characters, variation selectors, controls, punctuation and blanks:

>>> key("Sugon  Example, Co. Ltd.") == key("SUGON EXAMPLE CO LTD")
True

Nothing else is done. Accents, legal forms, word order and spelling count, so that a name that is
merely near is another one here; `attest.screening.match` scores those:

>>> key("Sugon Example Company Limited") == key("Sugon Example Co Ltd")
False
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

from attest.errors import InputError
from attest.screening.letters import VARIATIONS, of_known
from attest.screening.snapshot import ListSnapshot

_DROPPED: Final = frozenset(
    ("Cc", "Cf", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl", "Zp", "Zs")
)
_ROUNDS: Final = 2
"""What casefolding makes, or dropping brings together, is composed in the second round."""


class Used(NamedTuple):
    """A snapshot that an index was made of."""

    list: str
    as_of: dt.date
    digest: str

    @classmethod
    def of(cls, snapshot: ListSnapshot) -> Used:
        """The name of a snapshot."""
        return cls(snapshot.list, snapshot.as_of, snapshot.digest)


def key(name: str) -> str:
    """The form in which names are compared; empty for a name without a letter, digit or symbol."""
    return of_known(_key, name)


def _key(name: str) -> str:
    for _ in range(_ROUNDS):
        folded = unicodedata.normalize("NFKC", name).casefold()
        kept = (each for each in folded if unicodedata.category(each) not in _DROPPED)
        name = unicodedata.normalize("NFKC", VARIATIONS.sub("", "".join(kept)))
    return name


def in_order(snapshots: Iterable[ListSnapshot]) -> tuple[list[ListSnapshot], tuple[Used, ...]]:
    """Snapshots by list, at most one of each, and what names them.

    Raises:
        InputError: list-malformed (two snapshots of one list).
    """
    ordered = sorted(snapshots, key=lambda each: each.list)
    if len({each.list for each in ordered}) < len(ordered):
        raise InputError("list-malformed", "two snapshots are of one list")
    return ordered, tuple(map(Used.of, ordered))
