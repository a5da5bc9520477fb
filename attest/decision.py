"""Deciding a submission: the numbered steps, pure (SPEC 10).

    1 strict JSON      2 envelope shape     3 signatures     4 statement and predicate     5 claims
    6 binding          7 facts              8 rules          9 verdict

`decide` is a function of the submission's bytes, the trust snapshot, the instant and what the log
already held. It reads no clock, no network and no log. The service calls it once, `attest.replay`
calls it again: there is no other path to a decision.

A failure in steps 1 and 2 raises: the bytes are no submission. A failure in steps 3 to 6 is itself
a decision, a refusal with verdict FAIL, so that what was refused can be shown and replayed too.
Step 5 takes what its schema accepted: a failure there is a defect of this program.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Generator, Sequence
from typing import Final, NamedTuple

from attest import encoding
from attest.bound import Bound, bind
from attest.encoding import Json
from attest.envelope import Opened, open_envelope
from attest.errors import AttestError, InputError, TrustError
from attest.models import DECISION_TYPE, STATEMENT_TYPE
from attest.received import Received, Sealed, read_claims, read_envelopes, read_statement
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import Facts, completion_date, derive_facts
from attest.rules.pack import ENGINE
from attest.screened import NOTHING_CLEARED, Cleared, Hit, Parties, Screened, screen
from attest.trust import Trust


class Prior(NamedTuple):
    """What the log held before.

    (party, statement digest) is in `superseded` when that party has superseded that declaration by
    a later one that was not refused. `cleared` are the pairs of a party and an entry of a list that
    reviews have shown to be different.
    """

    superseded: Container[tuple[str, str]] = frozenset()
    cleared: Cleared = NOTHING_CLEARED


NOTHING: Final = Prior()

TOGETHER: Final = 32
"""So many submissions go step by step; 8 to 256 were measured to differ little."""


class Decided(NamedTuple):
    """A decision before the foundry signs it.

    `payload` is the decision statement as canonical JSON. `declaration` is (party, statement
    digest) of the declaration that was decided and `supersession` (party, statement digest) of the
    one that it replaces, which later decisions must know; both are None for a refusal. `hits` are
    what screening found.
    """

    payload: bytes
    verdict: str
    refusal_code: str | None
    declaration: tuple[str, str] | None
    supersession: tuple[str, str] | None
    hits: tuple[Hit, ...] = ()


def decide(
    raw: bytes,
    *,
    trust: Trust,
    at: dt.datetime,
    prior: Prior = NOTHING,
    screened: Screened | None = None,
) -> Decided:
    """Decide one submission at an instant (aware, UTC, whole seconds).

    `screened` stands in the place of screening, for who has no lists but a decision that says what
    was found in them.

    Raises:
        InputError: steps 1 and 2 only: json-…, too-large, base64, schema-violation.
        TrustError: trust-incomplete (a list is missing).
        InternalError: internal; our defect, nothing is decided.
    """
    steps = _steps(raw, trust=trust, at=at, prior=prior, screened=screened)
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        decided: Decided = ended.value
        return decided


def decide_each(
    submissions: Sequence[tuple[bytes, dt.datetime, Prior]], *, trust: Trust
) -> list[Decided | Exception]:
    """Decide submissions apart from each other, in order; each is what `decide` returns or raises.

    They go step by step, step 3 of `TOGETHER` of them and then step 4: the code and the tables of a
    step stay in the processor's cache, which saves a fifth of the time.
    """
    outcomes: list[Decided | Exception] = []
    for start in range(0, len(submissions), TOGETHER):
        outcomes += _in_step(
            [
                _steps(raw, trust=trust, at=at, prior=prior)
                for raw, at, prior in submissions[start : start + TOGETHER]
            ]
        )
    return outcomes


def _in_step(deciding: Sequence[Generator[None, None, Decided]]) -> list[Decided | Exception]:
    outcomes: dict[int, Decided | Exception] = {}
    running = list(range(len(deciding)))
    while running:
        further = []
        for number in running:
            try:
                next(deciding[number])
                further.append(number)
            except StopIteration as decided:
                outcomes[number] = decided.value
            except Exception as error:  # noqa: BLE001  it concerns this submission alone
                outcomes[number] = error
        running = further
    return [outcomes[number] for number in range(len(deciding))]


def _steps(
    raw: bytes,
    *,
    trust: Trust,
    at: dt.datetime,
    prior: Prior,
    screened: Screened | None = None,
) -> Generator[None, None, Decided]:
    """Decide a submission; pauses after each step."""
    envelopes = read_envelopes(raw)  # steps 1 and 2
    yield
    opened: list[Opened] = []
    step = 3
    try:
        opened.extend(_opened(sealed, trust=trust, at=at) for sealed in envelopes)
        yield
        step = 4
        statements = [read_statement(each.payload) for each in opened]
        yield
        step = 5
        received = list(map(read_claims, opened, statements))
        step = 6
        bound = _unreplaced(bind(received, trust=trust, at=at), prior)
    except (InputError, TrustError) as error:
        return _refusal(raw, step=step, error=error, opened=opened, trust=trust, at=at)
    yield
    if screened is None:
        screened = _screened(bound, trust=trust, at=at, prior=prior)
        yield
    facts = _facts_of(bound, screened, trust=trust, at=at)  # step 7
    yield
    findings = [  # step 8
        finding for pack in trust.packs for finding in evaluate(pack, facts)
    ]
    yield
    return _decided(raw, received, bound, screened, findings, trust=trust, at=at)  # step 9


class Submitted(NamedTuple):
    """A submission after step 7: the product that it is about, and the facts that follow.

    `declaration` and `supersession` are as in `Decided`; `parties` are those that are screened.
    """

    product: str
    tape_out_id: str
    declaration: tuple[str, str]
    supersession: tuple[str, str] | None
    facts: Facts
    parties: Parties


def submitted_facts(
    raw: bytes,
    *,
    trust: Trust,
    at: dt.datetime,
    prior: Prior = NOTHING,
    screened: Screened | None = None,
) -> Submitted:
    """Steps 1 to 7 of `decide`: what the rules would see, without asking them.

    `screened` is as in `decide`.

    Raises:
        InputError, TrustError: what `decide` answers with, or makes a refusal of.
    """
    opened = [_opened(sealed, trust=trust, at=at) for sealed in read_envelopes(raw)]
    statements = [read_statement(each.payload) for each in opened]
    received = list(map(read_claims, opened, statements))
    bound = _unreplaced(bind(received, trust=trust, at=at), prior)
    if screened is None:
        screened = _screened(bound, trust=trust, at=at, prior=prior)
    return Submitted(
        product=bound.declaration["product"]["name"],
        tape_out_id=bound.declaration["product"]["tape_out_id"],
        declaration=bound.name,
        supersession=bound.supersession,
        facts=_facts_of(bound, screened, trust=trust, at=at),
        parties=Parties(bound.parties()) if screened is None else screened.of(bound.parties()),
    )


def _unreplaced(bound: Bound, prior: Prior) -> Bound:
    if bound.name in prior.superseded:
        raise TrustError("superseded", "the signer has replaced this declaration")
    return bound


def _screened(bound: Bound, *, trust: Trust, at: dt.datetime, prior: Prior) -> Screened | None:
    if trust.lists is None:
        return None
    return screen(bound.parties(), trust.lists, on=at.date(), cleared=prior.cleared)


def _facts_of(bound: Bound, screened: Screened | None, *, trust: Trust, at: dt.datetime) -> Facts:
    facts = derive_facts(
        declaration=bound.declaration,
        designer_name=bound.designer.legal_name,
        determinations=[(claims, party.legal_name) for claims, party in bound.determinations],
        exporter=trust.exporter,
        decided=at.date(),
        mode=trust.mode,
    )
    if screened is None:
        return facts
    return Facts({**facts.values, **screened.facts(at.date(), bound.parties())})


def _opened(sealed: Sealed, *, trust: Trust, at: dt.datetime) -> Opened:
    return open_envelope(
        sealed.document, ring=trust.ring, at=at, purpose="statement", payload=sealed.payload
    )


def _refusal(
    raw: bytes,
    *,
    step: int,
    error: AttestError,
    opened: Sequence[Opened],
    trust: Trust,
    at: dt.datetime,
) -> Decided:
    refusal = {"step": step, "code": error.code, "pointer": error.pointer or ""}
    predicate = _predicate_start(trust, at) | {
        "statements": [{"digest": each.digest, "signers": _signers_of(each)} for each in opened],
        "verdict": "FAIL",
        "refusal": refusal,
    }
    return Decided(
        payload=_statement_over(raw, predicate),
        verdict="FAIL",
        refusal_code=error.code,
        declaration=None,
        supersession=None,
    )


def _decided(
    raw: bytes,
    received: Sequence[Received],
    bound: Bound,
    screened: Screened | None,
    findings: Sequence[Finding],
    *,
    trust: Trust,
    at: dt.datetime,
) -> Decided:
    verdict = verdict_of(findings)
    predicate = _predicate_start(trust, at) | {
        "completion_date": completion_date(
            bound.declaration, [each for each, _ in bound.determinations]
        ).isoformat(),
        "statements": [
            {
                "predicate_type": each.statement["predicateType"],
                "digest": each.opened.digest,
                "signers": _signers_of(each.opened),
            }
            for each in received
        ],
        "verdict": verdict,
        "findings": [finding.to_json() for finding in findings],
    }
    if screened is not None:
        predicate["screening"] = screened.to_json()
    if bound.supersession is not None:
        predicate["supersedes"] = bound.supersession[1]
    return Decided(
        payload=_statement_over(raw, predicate),
        verdict=verdict,
        refusal_code=None,
        declaration=bound.name,
        supersession=bound.supersession,
        hits=() if screened is None else screened.hits,
    )


def _predicate_start(trust: Trust, at: dt.datetime) -> dict[str, Json]:
    return {
        "must_understand": [],
        "engine": ENGINE,
        "foundry": trust.foundry.id,
        "decided_at": encoding.format_instant(at),
        "mode": trust.mode,
        "trust": trust.digest,
        "packs": [
            {"id": pack.id, "edition": pack.edition, "digest": pack.digest} for pack in trust.packs
        ],
    }


def _signers_of(opened: Opened) -> list[Json]:
    return [{"party": key.party.id, "keyid": key.public.keyid} for key in opened.signers]


def _statement_over(raw: bytes, predicate: dict[str, Json]) -> bytes:
    return encoding.canonical_unchecked(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {
                    "name": "submission",
                    "digest": {"sha256": encoding.digest(raw).removeprefix("sha256:")},
                }
            ],
            "predicateType": DECISION_TYPE,
            "predicate": predicate,
        }
    )
