"""`attest review`: what people say to a HOLD, as a statement that two of them then sign."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import click

from attest import encoding, limits, schemas
from attest.cli import clock, documents, files
from attest.cli.declare import targets_of, write_statements
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.cli.statements import check_statement, review_statement
from attest.encoding import Json
from attest.envelope import KeyRing, open_envelope
from attest.errors import TrustError
from attest.models import DECISION_TYPE, Keyset, parse

ACTIONS: Final = ("release", "refuse", "ask")


@click.command("review", short_help="Make a review statement for a decision on HOLD.")
@click.argument("decision")
@click.option("--action", type=click.Choice(ACTIONS), required=True)
@click.option("--reason-code", required=True, help="A short name, such as evidence-received.")
@click.option("--reason", required=True, help="The reason in a sentence.")
@click.option(
    "--evidence", metavar="FILE", multiple=True, help="Name FILE by digest; may be repeated."
)
@click.option(
    "--clear",
    "cleared",
    metavar="NUMBER",
    type=click.IntRange(1),
    multiple=True,
    help="A hit of the screening that is another party, by its number; may be repeated.",
)
@click.option("--clear-until", type=clock.DATE, help="The last day on which that holds.")
@click.option("--reviewed-at", type=clock.INSTANT, help="Default: now.")
@click.option(
    "--keyset", metavar="FILE", help="The foundry's keyset: check its signature on the decision."
)
@click.option("-o", "--output", metavar="FILE", help="Write the statement there.")
@screened
def command(
    screen: Screen,
    *,
    decision: str,
    action: str,
    reason_code: str,
    reason: str,
    evidence: tuple[str, ...],
    cleared: tuple[int, ...],
    clear_until: dt.date | None,
    reviewed_at: dt.datetime | None,
    keyset: str | None,
    output: str | None,
) -> int:
    """Make the statement that releases, refuses or asks about a decision on HOLD.

    DECISION is the decision's envelope, the answer that attest submit saved, or a case file. Two
    people sign the statement: attest sign, then attest sign --add with the other key.

    A release may clear hits of the screening: as long as neither what is declared of the party nor
    the listed entry changes, later decisions take them for different parties until that day.
    attest verify numbers the hits of a case file.
    """
    if bool(cleared) is not (clear_until is not None):
        raise click.UsageError("--clear and --clear-until need each other.")
    envelope = _decision_in(decision)
    with about(files.name_of(decision)):
        payload = documents.unverified_payload(envelope)
        decided = check_statement(
            encoding.loads(payload, bytes_max=limits.CASEFILE_BYTES_MAX), DECISION_TYPE
        )["predicate"]
        if decided["verdict"] != "HOLD":
            raise TrustError("review-not-possible", f"the decision is {decided['verdict']}")
        if keyset is None:
            screen.say("! The decision's signature was not checked; give --keyset for that.")
        else:
            _check_signature(envelope, decided, keyset)
    statement = review_statement(
        decision=payload,
        action=action,
        reason_code=reason_code,
        reason=reason,
        evidence=[_evidence(path) for path in evidence],
        clears=dict.fromkeys(cleared, clear_until) if clear_until else None,
        reviewed_at=reviewed_at or clock.now(),
    )
    write_statements(screen, [statement], targets_of([statement], output=output))
    return 0


def _decision_in(path: str) -> Json:
    document = files.read_json(path, bytes_max=limits.CASEFILE_BYTES_MAX)
    with about(files.name_of(path)):
        if isinstance(document, dict) and isinstance(document.get("decision"), dict):
            logged = document["decision"]
            if "body" not in logged:
                return logged
            schemas.validate("casefile", document)
            body = encoding.decode_base64(logged["body"], pointer="/decision/body")
            return documents.loads(body)
    return document


def _check_signature(envelope: Json, decided: Json, path: str) -> None:
    keyset = parse(Keyset, documents.read_keyset(path))
    with about(path):
        if keyset.party.id != decided["foundry"]:
            raise TrustError("party-mismatch", "the keyset is not of the deciding foundry")
        at = encoding.parse_instant(decided["decided_at"])
        open_envelope(envelope, ring=KeyRing.of([keyset]), at=at, purpose="decision")


def _evidence(path: str) -> Json:
    return {"sha256": files.sha256(path).hex(), "describes": Path(path).name}
