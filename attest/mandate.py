"""The mandate: what signatures statements need, and who may vouch for keys (SPEC 9.4).

    signatures   requirements: of declarations by designers from 2027 on, two people, an officer and
                 an engineer, each with a classical and a post-quantum key
    roots, crls  certificates of authorities, and what these have revoked

Requirements add up: every one that is in force at an instant holds. People are counted, not keys: a
person is a holder of one party. What `open_envelope` accepted is not looked at again.

>>> mandate = open_mandate(
...     b'{"v": 1, "roots": [], "crls": [], "signatures": [{"statement": "declaration",'
...     b' "from": "2027-01-01T00:00:00Z", "role": "auditor", "people": 1}]}')
>>> days = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2026, 2027)]
>>> [sorted(mandate.beside("declaration", day)) for day in days]
[[], ['auditor']]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from attest import encoding, limits, schemas
from attest.certpath import Anchors
from attest.encoding import Json, decode_base64
from attest.envelope import EnrolledKey, Opened
from attest.errors import InputError, TrustError
from attest.keys import POST_QUANTUM
from attest.models import EnrolledParty, MandateDocument, Requirement, parse

AUTHORS: Final[Mapping[str, frozenset[str]]] = {
    "declaration": frozenset({"designer"}),
    "determination": frozenset({"foundry", "osat"}),
}
"""Who may make a statement; all others are by people of the deciding foundry."""


@dataclass(frozen=True)
class Mandate:
    """An opened mandate."""

    requirements: tuple[Requirement, ...]
    anchors: Anchors

    def beside(self, statement: str, at: dt.datetime) -> frozenset[str]:
        """The roles in which other parties than its author may sign a statement at an instant."""
        return frozenset(
            each.role for each in self._in_force(statement, at) if each.role and _is_beside(each)
        )

    def check(
        self,
        opened: Opened,
        statement: str,
        *,
        author: EnrolledParty,
        role: str | None = None,
        at: dt.datetime,
    ) -> None:
        """Return if the signatures of a statement are all that the mandate asks for at an instant.

        `role` is that in which the author makes it, where the statement is one of `AUTHORS`.

        Raises:
            TrustError: too-few-signers, algorithm-missing, function-missing.
        """
        for each in self._in_force(statement, at):
            if _is_beside(each):
                _require(
                    each,
                    [
                        key
                        for key in opened.signers
                        if key.party.id != author.id and each.role in key.party.roles_at(at)
                    ],
                )
            elif each.role in (None, role):
                _require(each, [key for key in opened.signers if key.party.id == author.id])

    def _in_force(self, statement: str, at: dt.datetime) -> Iterable[Requirement]:
        return (
            each for each in self.requirements if each.statement == statement and each.start <= at
        )


NOTHING: Final = Mandate((), Anchors((), ()))
"""The mandate of a trust snapshot that names none."""


def open_mandate(raw: bytes) -> Mandate:
    """Open a mandate.

    Raises:
        InputError: not JSON of its schema, certificate-malformed; schema-violation also for a role
            or a number of parties where the author is the foundry, or nobody else signs.
        TrustError: certificate-unfit, crl-invalid.
    """
    document = encoding.loads(
        raw, bytes_max=limits.MANDATE_BYTES_MAX, string_bytes_max=limits.MANDATE_BYTES_MAX
    )
    schemas.validate("mandate", document)
    model = parse(MandateDocument, document)
    for position, each in enumerate(model.signatures):
        pointer = f"/signatures/{position}"
        if each.role is not None and each.statement not in AUTHORS:
            raise InputError("schema-violation", "is by the foundry", pointer=f"{pointer}/role")
        if each.parties is not None and not _is_beside(each):
            raise InputError("schema-violation", "is by one party", pointer=f"{pointer}/parties")
    roots, crls = (_ders(document, name) for name in ("roots", "crls"))
    return Mandate(requirements=model.signatures, anchors=Anchors.load(roots, crls))


def _ders(document: Json, name: str) -> list[bytes]:
    return [
        decode_base64(text, pointer=f"/{name}/{position}")
        for position, text in enumerate(document[name])
    ]


def _is_beside(requirement: Requirement) -> bool:
    role = requirement.role
    return role is not None and role not in AUTHORS[requirement.statement]


def _require(requirement: Requirement, keys: Sequence[EnrolledKey]) -> None:
    asked = frozenset(requirement.algorithms or ())
    if len(_people(keys)) < requirement.people:
        raise TrustError(
            "too-few-signers", f"the mandate asks for {requirement.people} different people"
        )
    of_kind = [key for key in keys if not asked or _kind(key) in asked]
    counting = {
        person: held for person, held in _people(of_kind).items() if asked <= {*map(_kind, held)}
    }
    if len(counting) < requirement.people:
        raise TrustError(
            "algorithm-missing",
            f"the mandate asks {requirement.people} people for {' and '.join(sorted(asked))}",
        )
    if len({party for party, _ in counting}) < (requirement.parties or 1):
        raise TrustError(
            "too-few-signers", f"the mandate asks for {requirement.parties} other parties"
        )
    functions = [{key.record.function for key in held} for held in counting.values()]
    if not _shared_out(requirement.functions or (), functions):
        raise TrustError("function-missing", "the mandate asks for a person in each function")


def _people(keys: Iterable[EnrolledKey]) -> dict[tuple[str, str], list[EnrolledKey]]:
    people: dict[tuple[str, str], list[EnrolledKey]] = {}
    for key in keys:
        people.setdefault((key.party.id, key.record.holder.name), []).append(key)
    return people


def _kind(key: EnrolledKey) -> str:
    return "post-quantum" if key.public.algorithm in POST_QUANTUM else "classical"


def _shared_out(asked: Collection[str], held: Sequence[Collection[str | None]]) -> bool:
    """Whether each function can be given to a person of its own (Hall's theorem)."""
    return all(
        sum(not wanted.isdisjoint(one) for one in held) >= len(wanted)
        for size in range(1, len(asked) + 1)
        for wanted in map(frozenset, combinations(asked, size))
    )
