"""What a foundry decides: decision (SPEC 10), activation of packs (SPEC 9.2), problem (SPEC 17).

>>> Refusal(step=6, code="expired", pointer="/validity/not_after").code
'expired'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from attest import limits
from attest.models.lists import Footnotes, ListCode, ListId, ListText, NamedList
from attest.models.values import (
    UNIQUE,
    AmbiguityId,
    Array,
    Confidence,
    Country,
    Day,
    Digest,
    Expression,
    Identifier,
    Instant,
    Layer,
    Maybe,
    Mode,
    Model,
    MustUnderstand,
    Name,
    PartyId,
    Pointer,
    RuleName,
    RuleText,
    Text,
    Verdict,
)

Result = Literal["pass", "fail", "unknown", "n/a"]
FactName = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[a-z][a-z0-9_.\[\]]{0,199}$")
]
_UsedText = Annotated[str, StringConstraints(max_length=4096)]


class UsedSize(Model):
    """The size of a list that is too long to repeat."""

    size: Annotated[int, Field(ge=0, le=limits.LIST_ITEMS_MAX)]


UsedValue = (
    bool
    | Annotated[int, Field(ge=-limits.INTEGER_MAX, le=limits.INTEGER_MAX)]
    | _UsedText
    | Annotated[Array[_UsedText], Field(max_length=8)]
    | UsedSize
)
"""A value on which a result rests: itself, a short list of texts, or the size of a list."""


class UsedTest(Model):
    """A comparison that was evaluated."""

    expr: Expression
    is_: Literal["true", "false", "unknown"] = Field(alias="is")


class Flag(Model):
    """An ambiguous point of the text that touches a result."""

    ambiguity: AmbiguityId
    reading: RuleText
    result: Maybe[Result] = None


class Finding(Model):
    """The result of one rule (SPEC 10.4)."""

    pack: PartyId
    rule: RuleName
    layer: Layer
    kind: Literal["scope", "way", "presumption", "test"]
    result: Result
    verdict: Maybe[Verdict] = None
    outcome: Maybe[Literal["not-applicable", "presumed", "overcome"]] = None
    ways: Maybe[Annotated[Array[RuleName], Field(min_length=1, max_length=64)]] = None
    version: Maybe[Day] = None
    citation: Maybe[RuleText] = None
    confidence: Maybe[Confidence] = None
    as_of: Maybe[Day] = None
    says: RuleText
    used: Maybe[Annotated[Mapping[FactName, UsedValue], Field(max_length=256)]] = None
    tests: Maybe[Annotated[Array[UsedTest], Field(max_length=64)]] = None
    missing: Maybe[Annotated[Array[FactName], Field(max_length=256), UNIQUE]] = None
    flags: Maybe[Annotated[Array[Flag], Field(max_length=64)]] = None
    clears_with: Maybe[Annotated[Array[RuleText], Field(max_length=64)]] = None

    @model_validator(mode="after")
    def _members_fit_together(self) -> Self:
        applies = self.result != "n/a"
        if applies and None in (self.version, self.citation, self.confidence, self.as_of):
            raise ValueError("a rule that applies is cited")
        if (self.verdict is not None) != (applies and self.kind in ("presumption", "test")):
            raise ValueError("only a presumption or a test that applies contributes a verdict")
        if self.outcome is not None and self.kind != "presumption":
            raise ValueError("only a presumption has an outcome")
        if (self.ways is not None) != (self.outcome == "overcome"):
            raise ValueError("only a presumption that is overcome has ways")
        return self


class DecidedPack(Model):
    """A pack that was applied."""

    id: PartyId
    edition: Day
    digest: Digest


class DecidedSigner(Model):
    """A key that signed a statement, and whose it is."""

    party: PartyId
    keyid: Digest


class DecidedStatement(Model):
    """A statement that was opened; a refusal leaves out its type."""

    predicate_type: Maybe[Name] = None
    digest: Digest
    signers: Annotated[Array[DecidedSigner], Field(min_length=1, max_length=16)]


class Refusal(Model):
    """Why a submission could not be relied on (SPEC 10.3)."""

    step: Annotated[int, Field(ge=1, le=6)]
    code: Identifier
    pointer: Pointer


class DecidedHit(Model):
    """An entry of a list that a party may be, and how near they are."""

    role: Identifier
    name: Name
    party: Digest
    list: ListCode
    id: ListId
    entry: Digest
    listed: ListText
    matched: ListText
    kind: Literal["identifier", "name", "address"]
    reason: Identifier
    score_permille: Annotated[int, Field(ge=1, le=1000)]
    footnotes: Maybe[Footnotes] = None
    country: Maybe[Country] = None
    address_only: Maybe[Literal[True]] = None
    cleared: Maybe[Digest] = None


class DecidedScreening(Model):
    """The lists in which the parties were looked for, and what was found there (SPEC 10.7)."""

    edition: Annotated[int, Field(ge=1, le=1000)]
    lists: Annotated[Array[NamedList], Field(min_length=1, max_length=64)]
    hits: Annotated[Array[DecidedHit], Field(max_length=limits.SCREENING_HITS_MAX)]


class Decision(Model):
    """The predicate in which a foundry decides on a submission (SPEC 10)."""

    must_understand: MustUnderstand
    engine: Annotated[int, Field(ge=1, le=1000)]
    foundry: PartyId
    decided_at: Instant
    completion_date: Maybe[Day] = None
    mode: Mode
    trust: Digest
    packs: Annotated[Array[DecidedPack], Field(max_length=64)]
    statements: Annotated[
        Array[DecidedStatement], Field(max_length=limits.ENVELOPES_PER_SUBMISSION_MAX)
    ]
    supersedes: Maybe[Digest] = None
    screening: Maybe[DecidedScreening] = None
    verdict: Verdict
    findings: Maybe[Annotated[Array[Finding], Field(max_length=1024)]] = None
    refusal: Maybe[Refusal] = None

    @model_validator(mode="after")
    def _decides_or_refuses(self) -> Self:
        if self.refusal is None:
            typed = all(statement.predicate_type for statement in self.statements)
            if self.findings is None or self.completion_date is None or not typed:
                raise ValueError("a decision has findings, a day of completion, typed statements")
        elif (self.findings, self.screening, self.verdict) != (None, None, "FAIL"):
            raise ValueError("a refusal is a FAIL without findings or screening")
        return self


class Activation(Model):
    """The predicate in which people of the foundry put packs in force (SPEC 9.2)."""

    must_understand: MustUnderstand
    replaces: Digest
    mode: Mode
    packs: Annotated[Array[DecidedPack], Field(min_length=1, max_length=64)]
    lists: Maybe[Annotated[Array[NamedList], Field(min_length=1, max_length=64)]] = None
    mandate: Maybe[Digest] = None
    reason: Text
    activated_at: Instant


class Acknowledgement(Model):
    """The predicate in which a foundry acknowledges a submission before it decides (SPEC 6.1)."""

    must_understand: MustUnderstand
    foundry: PartyId
    origin: Annotated[str, StringConstraints(max_length=255, pattern=r"^[!-*,-~]{1,255}$")]
    received_at: Instant
    decide_by: Instant


class WitnessPolicy(Model):
    """The predicate in which people of the foundry name the witnesses of its log (SPEC 13.6)."""

    must_understand: MustUnderstand
    origin: Annotated[str, StringConstraints(max_length=255, pattern=r"^[!-*,-~]{1,255}$")]
    lines: Annotated[
        Array[Annotated[str, StringConstraints(max_length=4096, pattern=r"^[ -~]*$")]],
        Field(min_length=1, max_length=1024),
    ]
    valid_from: Instant
    valid_until: Instant
    reason: Text


class Problem(Model):
    """An error as RFC 9457 problem details (SPEC 17)."""

    type: Annotated[
        str,
        StringConstraints(
            max_length=100, pattern=r"^urn:foundry-attest:problem:[a-z0-9]+(-[a-z0-9]+)*$"
        ),
    ]
    title: Name
    status: Annotated[int, Field(ge=400, le=599)]
    code: Identifier
    detail: Text
    pointer: Maybe[Pointer] = None
    mend: Text
