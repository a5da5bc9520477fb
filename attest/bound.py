"""What binds the statements of a submission to each other and to who decides (SPEC 10, step 6).

one declaration, and determinations for that very declaration, at most one of a role
each signed by one party, enrolled in the role in which it speaks, and as the mandate asks
each addressed to the deciding foundry, at an instant of its validity
the declared designer is who signed, the declared design what was signed
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from attest.encoding import Json
from attest.errors import InputError, TrustError
from attest.models import EnrolledParty
from attest.received import PREDICATES, Received
from attest.trust import Trust

_ATTESTER_PARTY_ROLE = {"front-end-fabricator": "foundry", "osat": "osat"}


class Bound(NamedTuple):
    """The statements of one submission: the claims of each, and who signed them.

    `digest` is that of the declaration's statement, which the `designer` signed.
    """

    declaration: Json
    digest: str
    designer: EnrolledParty
    determinations: list[tuple[Json, EnrolledParty]]

    @property
    def name(self) -> tuple[str, str]:
        """The declaration as later ones name it: (party, statement digest)."""
        return self.designer.id, self.digest

    @property
    def supersession(self) -> tuple[str, str] | None:
        """The declaration that it replaces, likewise."""
        superseded = self.declaration.get("supersedes")
        return None if superseded is None else (self.designer.id, superseded)

    def parties(self) -> list[Json]:
        """The declared parties, and whom else the statements name: packager, attesters, owners."""
        parties: list[Json] = list(self.declaration["parties"])
        declared = {each[name] for each in parties for name in ("name", "name_latin")}
        packager = self.declaration["package"]["packager"].get("value")
        besides = [] if packager is None else [("osat", packager, packager)]
        besides += [
            (_ATTESTER_PARTY_ROLE[claims["attester_role"]], party.legal_name, party.name_latin)
            for claims, party in self.determinations
        ]
        besides += [
            ("owner", owner["name"], owner["name"])
            for record in self.declaration.get("ownership", ())
            for owner in record["owners"]
        ]
        return parties + [
            {"role": role, "name": name, "name_latin": latin}
            for role, name, latin in besides
            if name not in declared
        ]


def bind(received: Sequence[Received], *, trust: Trust, at: dt.datetime) -> Bound:
    """Bind the statements of a submission received at an instant.

    Raises:
        InputError: not-a-submission (no declaration or several; two determinations in one role).
        TrustError: party-mismatch, role-not-permitted, wrong-audience, not-yet-valid, expired,
            determination-not-linked, and what `Mandate.check` raises.
    """
    declared = [each for each in received if each.declares]
    determined = [each for each in received if not each.declares]
    if len(declared) != 1:
        raise InputError("not-a-submission", "a submission has exactly one declaration")
    for each in received:
        _check_signers(each, trust=trust, at=at)
        _check_addressed(each, trust=trust, at=at)
    (declaration,) = declared
    _check_designer(declaration)
    for each in determined:
        if (
            each.claims["declaration"] != declaration.opened.digest
            or each.statement["subject"] != declaration.statement["subject"]
        ):
            raise TrustError("determination-not-linked", "not a determination for the declaration")
    if len({each.claims["attester_role"] for each in determined}) != len(determined):
        raise InputError("not-a-submission", "two determinations in one attester role")
    return Bound(
        declaration=declaration.claims,
        digest=declaration.opened.digest,
        designer=declaration.party,
        determinations=[(each.claims, each.party) for each in determined],
    )


def _check_signers(each: Received, *, trust: Trust, at: dt.datetime) -> None:
    party, kind = each.party, PREDICATES[each.statement["predicateType"]]
    beside = trust.mandate.beside(kind, at)
    for signer in each.opened.signers:
        if signer.party.id != party.id and beside.isdisjoint(signer.party.roles_at(at)):
            raise TrustError("party-mismatch", "the signatures are of different parties")
    if each.declares:
        needed = "designer"
    else:
        role = each.claims["attester_role"]
        needed = _ATTESTER_PARTY_ROLE[role]
        if role == trust.exporter and party.id != trust.foundry.id:
            raise TrustError("role-not-permitted", "only this foundry attests in its own role")
    if needed not in party.roles_at(at):
        raise TrustError("role-not-permitted", f"the signer is not enrolled as {needed} then")
    trust.mandate.check(each.opened, kind, author=party, role=needed, at=at)


def _check_addressed(each: Received, *, trust: Trust, at: dt.datetime) -> None:
    if each.claims["audience"] != trust.foundry.id:
        raise TrustError(
            "wrong-audience", "addressed to another foundry", pointer="/predicate/audience"
        )
    if at < each.not_before:
        raise TrustError("not-yet-valid", "before its validity", pointer="/predicate/validity")
    if at > each.not_after:
        raise TrustError("expired", "after its validity", pointer="/predicate/validity")


def _check_designer(declaration: Received) -> None:
    claims = declaration.claims
    designer = next(party for party in claims["parties"] if party["role"] == "designer")
    if declaration.party.legal_name not in (designer["name"], designer["name_latin"]):
        raise TrustError(
            "party-mismatch",
            "the declared designer is not the signer",
            pointer="/predicate/parties",
        )
    subject = {
        (each["name"], each["digest"].get("sha256")) for each in declaration.statement["subject"]
    }
    tape_out = claims["product"]["tape_out_id"]
    if subject != {(tape_out, design["sha256"]) for design in claims["design"]}:
        raise TrustError(
            "party-mismatch", "the subject is not the declared design", pointer="/subject"
        )
