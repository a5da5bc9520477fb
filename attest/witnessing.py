"""Whose cosignatures a log's readers may rely on, as the log itself says, and when (SPEC 13.6).

    statement    subject: the policy's text, by digest
    predicate    {"must_understand": [], "origin", "lines": […], "valid_from", "valid_until",
                  "reason"}
    signed by    as many people of the foundry as a review asks for, with review keys

Policies are entries: added, dated, never replaced. Whoever checks a checkpoint years later finds in
the log which witnesses were named for its day, even when they have all gone since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import open_envelope
from attest.errors import InputError, LogError, TrustError
from attest.log.checkpoint import LogKeys
from attest.log.policy import Cosigned, Policy, open_cosigned, parse_policy
from attest.models import POLICY_TYPE, WitnessPolicy, parse
from attest.trust import Trust, people_of


@dataclass(frozen=True)
class OpenedPolicy:
    """A policy whose signatures and threshold hold; `holders` are the people who signed."""

    witness_policy: WitnessPolicy
    policy: Policy
    holders: tuple[str, ...]

    def covers(self, at: dt.datetime) -> bool:
        """Whether the policy is in force at an instant, both ends included."""
        return self.witness_policy.valid_from <= at <= self.witness_policy.valid_until


def text_of(lines: Iterable[str]) -> str:
    """The text of a policy, whose digest is the statement's subject."""
    return "".join(f"{line}\n" for line in lines)


def open_policy(raw: bytes, *, trust: Trust, at: dt.datetime, origin: str) -> OpenedPolicy:
    """Open a policy for the log `origin` that is entered at an instant.

    Raises:
        InputError: the bytes are not an envelope, statement or policy of their schemas;
            policy-malformed.
        TrustError: the signatures do not hold or are not those of the mandate, too-few-signers,
            role-not-permitted, wrong-audience (it is for another log), expired (it ends before it
            begins, or has ended).
    """
    envelope = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    schemas.validate("envelope", envelope)
    opened = open_envelope(envelope, ring=trust.ring, at=at, purpose="review")
    statement = encoding.loads(opened.payload)
    named = _read_policy(statement)
    text = text_of(named.lines)
    policy = parse_policy(text)
    subject = [(each["name"], each["digest"].get("sha256")) for each in statement["subject"]]
    if subject != [("policy", encoding.digest(text.encode()).removeprefix("sha256:"))]:
        raise InputError("schema-violation", "the subject is not the policy", pointer="/subject")
    if named.origin != origin:
        raise TrustError("wrong-audience", "the policy is for another log")
    if named.valid_until < named.valid_from or named.valid_until < at:
        raise TrustError("expired", "the policy has ended")
    holders = people_of(opened, trust)
    trust.mandate.check(opened, "policy", author=trust.foundry, at=at)
    return OpenedPolicy(named, policy, holders)


def open_witnessed(
    note: bytes, *, keys: LogKeys, policies: Iterable[OpenedPolicy], at: dt.datetime
) -> Cosigned:
    """Verify a checkpoint by a policy of its own log that is in force at an instant.

    A policy that asks for no quorum names nobody to rely on.

    Raises:
        LogError: what `open_cosigned` raises; quorum-missing also when no policy is in force.
    """
    failure = LogError("quorum-missing", "the log names no witnesses for that day")
    for each in policies:
        if each.covers(at) and each.policy.quorum is not None:
            try:
                return open_cosigned(note, keys=keys, policy=each.policy)
            except LogError as error:
                if error.code != "quorum-missing":
                    raise
                failure = error
    raise failure


def _read_policy(statement: Json) -> WitnessPolicy:
    schemas.validate("statement", statement)
    if statement["predicateType"] != POLICY_TYPE:
        raise InputError("unknown-predicate-type", "not a policy", pointer="/predicateType")
    if statement["predicate"].get("must_understand"):
        raise InputError("must-understand", "version 1 knows no extension")
    schemas.validate("policy", statement["predicate"])
    return parse(WitnessPolicy, statement["predicate"])
