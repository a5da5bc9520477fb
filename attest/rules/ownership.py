"""Who owns the parties of a declaration, added up through every tier (docs/RULES.md section 6).

A declaration states direct shares in basis points (SPEC 4.9). What listed parties hold of a party
is between two bounds, as the fact `party.owned` has them. The fact `party.owners` has its owners,
with each share divided into what counts for sure, what does not, and the rest, of which that is not
known. An owner of which listed parties hold one half or more is captured, and its whole share
counts:

>>> def owner(name, kind, share, listed_on=""):
...     return {"name": name, "kind": kind, "share_bp": {"knowledge": "first-hand", "value": share},
...             "listed_on": {"knowledge": "first-hand", "value": listed_on}}
>>> chips = [owner("Holding", "company", 6000), owner("Li", "person", 4000)]
>>> holding = [owner("Fund", "company", 5000, "EL")]
>>> parties = [{"role": "consignee", "name": "Chips", "name_latin": "Chips"}]
>>> facts = ownership_facts(
...     parties, [{"name": "Chips", "owners": chips}, {"name": "Holding", "owners": holding}]
... )
>>> for each in facts["party.owners"]:
...     print(each["name"], each["share_ppm"], each["standing"])
Holding 600000 captured
Li 400000 unlisted
>>> facts["party.owned"][0]["least_ppm"], facts["party.owned"][0]["most_ppm"]
(600000, 600000)

Below one half an owner passes on what listed parties hold of it, so that direct shares and shares
through others are added up. In a circle of owners the certain parts grow towards their limit and
are taken after as many rounds as there are companies; what is not reached by then is not known.
All of it is exact; only what is shown is rounded down to millionths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from attest.encoding import Json

COUNTED: Final = ("SDN", "MEU", "EL")
"""Lists whose parties capture what they own (90 FR 47201), by their codes in the Consolidated
Screening List. What parties of several lists hold is told apart in this order."""

_WHOLE_BP: Final = 10_000
_PPM_PER_BP: Final = 100

Owner: TypeAlias = Mapping[str, str | int | bool]
"""An owner or an owned party, as the facts hold them."""

_Parts: TypeAlias = Mapping[str, Fraction]
_Shares: TypeAlias = Mapping[str, Mapping[str, int | None]]


def ownership_facts(
    parties: Sequence[Json], ownership: Sequence[Json]
) -> dict[str, tuple[Owner, ...]]:
    """The facts `party.owners` and `party.owned` of every party but the foundry, in their order.

    Both are those of a declaration, by its schema. A company without a record has owners that
    nobody knows: one owner without a name, a share or a standing.
    """
    called = {each["name_latin"]: each["name"] for each in parties}
    holdings = _Holdings.of(ownership, called)
    names = dict.fromkeys(each["name"] for each in parties if each["role"] != "foundry")
    return {
        "party.owners": tuple(each for name in names for each in holdings.owners(name)),
        "party.owned": tuple(map(holdings.owned, names)),
    }


class _Holdings(NamedTuple):
    """Direct shares in basis points, None for an unknown one; and the parts that follow.

    `kinds` are those of the owners. `listed_on` is the code of a list, "" for none, None for not
    known. `least` are the parts of an owner's share that count for sure, for parties of the lists
    up to that code; `clean` the part that does not count for sure.
    """

    shares: _Shares
    kinds: Mapping[str, str]
    listed_on: Mapping[str, str | None]
    least: Sequence[tuple[str, _Parts]]
    clean: _Parts

    @classmethod
    def of(cls, ownership: Sequence[Json], called: Mapping[str, str]) -> _Holdings:
        shares: dict[str, dict[str, int | None]] = {}
        claims: dict[str, list[Json]] = {}
        for record in ownership:
            owners = shares.setdefault(called.get(record["name"], record["name"]), {})
            for each in record["owners"]:
                name = called.get(each["name"], each["name"])
                owners[name] = _sum(owners.get(name, 0), each["share_bp"].get("value"))
                claims.setdefault(name, []).append(each)
        kinds = {
            name: "company" if any(each["kind"] == "company" for each in said) else said[0]["kind"]
            for name, said in claims.items()
        }
        listed_on = {
            name: min((each["listed_on"].get("value") for each in said), key=_weight)
            for name, said in claims.items()
        }
        believed = {company: owners for company, owners in shares.items() if _is_whole(owners)}
        least = [
            (
                code,
                _passed_on(
                    believed,
                    {name for name, on in listed_on.items() if on in COUNTED[: number + 1]},
                    _captured,
                ),
            )
            for number, code in enumerate(COUNTED)
        ]
        free = {name for name, on in listed_on.items() if on is not None and on not in COUNTED}
        clean = _passed_on(
            {company: owners for company, owners in believed.items() if company in free},
            {name for name in free if kinds[name] != "company"},
            _cleared,
        )
        return cls(shares, kinds, listed_on, least, clean)

    def owners(self, company: str) -> Iterator[Owner]:
        """The owners of one company, every share divided."""
        shares = self.shares.get(company)
        if shares is None:
            if self.kinds.get(company, "company") == "company":
                yield {"of": company}
            return
        for owner, share in shares.items():
            about = {"of": company, "name": owner}
            if share is None or not _is_whole(shares):
                yield {**about, **self._standing(owner)}
            else:
                for part, standing in self._divided(owner, share * _PPM_PER_BP):
                    yield {**about, "share_ppm": part, **standing}
        rest = _WHOLE_BP - sum(share or 0 for share in shares.values())
        if rest > 0:
            yield {"of": company, "share_ppm": rest * _PPM_PER_BP}

    def owned(self, company: str) -> Owner:
        """What listed parties hold of a company: at least, at most, and exactly where it is known.

        So much is rounded down that it is at one half only where the exact share is.
        """
        nobody: Mapping[str, int | None] = {}
        shares = self.shares.get(company, nobody)
        known = {owner: share for owner, share in shares.items() if share and _is_whole(shares)}
        blocked, *_, least = (_held(known, parts) for _, parts in self.least)
        most = 1 - _held(known, self.clean)
        if not shares and self.kinds.get(company, "company") != "company":
            most = least
        exact = {"share_ppm": _ppm(least), "blocked_ppm": _ppm(blocked)} if least == most else {}
        return {"name": company, "least_ppm": _ppm(least), "most_ppm": _ppm(most), **exact}

    def _divided(self, owner: str, ppm: int) -> Iterator[tuple[int, Owner]]:
        counted = 0
        for code, parts in self.least:
            upto = math.floor(ppm * parts.get(owner, 0))
            if upto > counted:
                yield upto - counted, self._counting(owner, code)
            counted = upto
        clean = math.floor(ppm * self.clean.get(owner, 0))
        if clean + counted < ppm:
            yield ppm - clean - counted, {}
        if clean:
            yield clean, self._clean(owner)

    def _standing(self, owner: str) -> Owner:
        """The standing of an owner whose share is not known; empty where parts of it differ."""
        for code, parts in self.least:
            if part := parts.get(owner):
                return self._counting(owner, code) if part == 1 else {}
        return self._clean(owner) if self.clean.get(owner) == 1 else {}

    def _counting(self, owner: str, code: str) -> Owner:
        _, parts = self.least[-1]
        if parts[owner] == 1 and self.listed_on[owner] not in COUNTED:
            return {"standing": "captured", "list": code}
        return {"standing": "listed", "list": code, "address_only": False}

    def _clean(self, owner: str) -> Owner:
        code = self.listed_on[owner]
        return (
            {"standing": "listed", "list": code, "address_only": False}
            if code
            else {"standing": "unlisted"}
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _weight(code: str | None) -> tuple[int, str]:
    """Of several words on one owner the gravest counts: a list that counts, not known, another."""
    if code is None:
        return len(COUNTED), ""
    return (COUNTED.index(code), code) if code in COUNTED else (len(COUNTED) + (not code) + 1, code)


def _is_whole(shares: Mapping[str, int | None]) -> bool:
    """Whether shares are no more than the whole; else none of them is believed."""
    return sum(share or 0 for share in shares.values()) <= _WHOLE_BP


def _held(shares: Mapping[str, int], parts: _Parts) -> Fraction:
    """What is held by way of these owners of a company, as a part of the whole."""
    return sum(
        (
            Fraction(share, _WHOLE_BP) * parts[name]
            for name, share in shares.items()
            if name in parts
        ),
        Fraction(0),
    )


def _ppm(share: Fraction) -> int:
    return math.floor(share * _WHOLE_BP * _PPM_PER_BP)


def _captured(value: int, whole: int) -> int:
    return whole if 2 * value >= whole else value


def _cleared(value: int, whole: int) -> int:
    return value if 2 * value > whole else 0


def _passed_on(
    shares: _Shares, sources: set[str], passes: Callable[[int, int], int]
) -> dict[str, Fraction]:
    """The part of a share in what it owns that an owner passes on from the sources, at least.

    It grows with every round and each round's is certain, for `passes` grows with its value. The
    numbers are exact: after n rounds they are parts of the n-th power of the whole.
    """
    whole, held = 1, dict.fromkeys(sources, 1)
    for _ in range(len(shares) + 1):
        whole *= _WHOLE_BP
        after: dict[str, int] = {
            company: passes(
                sum((share or 0) * held.get(owner, 0) for owner, share in owners.items()), whole
            )
            for company, owners in shares.items()
        }
        after |= dict.fromkeys(sources, whole)
        settled = all(value == held.get(name, 0) * _WHOLE_BP for name, value in after.items())
        held = after
        if settled:
            break
    return {name: Fraction(value, whole) for name, value in held.items() if value}
