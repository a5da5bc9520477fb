"""`attest verify`: one case file, offline, from the bytes up."""

from __future__ import annotations

import datetime as dt

import click

from attest import limits
from attest.casefile import Case, open_casefile
from attest.cli import clock, files, findings
from attest.cli.failures import about, exit_code_of, exit_code_of_code
from attest.cli.log_keys import log_keys_option, read_log_keys, read_policy
from attest.cli.screen import Screen, screened
from attest.cli.statements import SCHEMA_OF
from attest.cli.timestamps import read_authorities, stamp_json, timestamp_roots, told_of
from attest.encoding import Json, format_instant
from attest.errors import TrustError
from attest.log.stamps import require_standing
from attest.log.timestamp import Authorities

_SETTLED = {"release": "PASS", "refuse": "FAIL"}


@click.command("verify", short_help="Check a case file offline, from the bytes up.")
@click.argument("casefile")
@log_keys_option(required=True)
@click.option("--foundry", metavar="PARTY", help="Refuse a case of any other foundry.")
@click.option(
    "--policy", metavar="FILE", help="Witnesses who have to have cosigned (c2sp.org/tlog-policy)."
)
@click.option(
    "--list",
    "lists",
    metavar="SNAPSHOT",
    multiple=True,
    help="A list that the parties were screened against, to do it again; repeat for all.",
)
@timestamp_roots(required=False)
@click.option("--at", type=clock.INSTANT, help="When its timestamp has to hold (default: now).")
@screened
def command(
    screen: Screen,
    *,
    casefile: str,
    log_keys: str,
    foundry: str | None,
    policy: str | None,
    lists: tuple[str, ...],
    roots: tuple[str, ...],
    at: dt.datetime | None,
) -> int:
    """Verify a case file against the keys of its log, and decide it again.

    Says who decided, who signed and every check that was made. The exit code is that of the
    verdict; a HOLD that was released counts as PASS, one that was refused as FAIL.
    """
    keys, authorities, witnesses = (
        read_log_keys(log_keys),
        read_authorities(roots),
        None if policy is None else read_policy(policy),
    )
    snapshots = [files.read_bytes(path, bytes_max=limits.LIST_BYTES_MAX) for path in lists]
    raw = files.read_bytes(casefile, bytes_max=limits.CASEFILE_BYTES_MAX)
    with about(files.name_of(casefile)):
        case = open_casefile(
            raw, log_keys=keys, authorities=authorities, policy=witnesses, lists=snapshots
        )
        if lists and case.screening_unchecked:
            raise TrustError("trust-incomplete", "give every list that the decision names (--list)")
        if foundry not in (None, case.trust.foundry.id):
            raise TrustError("party-mismatch", "the case is of another foundry")
        stamped = _stamped(case, authorities, at or clock.now())
    outcome = _outcome(case)
    checks = _checks(case) + ([] if stamped is None else [("timestamp", stamped)])
    predicate = case.decision["predicate"]
    screen.document(
        {
            "origin": keys.origin,
            "foundry": case.trust.foundry.id,
            "decided_at": predicate["decided_at"],
            "verdict": case.verdict,
            "outcome": outcome,
            "checks": [{"name": name, "found": found} for name, found in checks],
            "reviews": _reviews(case),
            "superseded_unchecked": case.superseded_unchecked,
            "screening_unchecked": case.screening_unchecked,
            "cleared_unchecked": list(case.cleared_unchecked),
            "witnesses": list(case.witnesses),
            "timestamps": [stamp_json(each) for each in case.timestamps],
            "decision": predicate,
        }
    )
    _show(screen, case, checks, outcome)
    if "refusal" in predicate:
        return exit_code_of_code(predicate["refusal"]["code"])
    return exit_code_of(outcome)


def _stamped(case: Case, authorities: Authorities | None, at: dt.datetime) -> str | None:
    """What the timestamp of the case proves, None where no authority is asked for.

    Raises:
        TrustError: timestamp-untrusted (it has none), timestamp-lapsed.
    """
    if authorities is None:
        return None
    if not case.timestamps:
        raise TrustError("timestamp-untrusted", "the case file has no timestamp; ask for a new one")
    timestamp = require_standing(case.timestamps, at=at)
    return f"the decision existed before {told_of(timestamp, stands=True, at=at)}"


def _outcome(case: Case) -> str:
    for opened in case.reviews:
        if opened.closes:
            return _SETTLED[opened.review.action]
    return case.verdict


def _checks(case: Case) -> list[tuple[str, str]]:
    """Every check that opening the case file made, in order, with what it found."""
    submission, decision = case.submission, case.decision_entry
    checkpoint = decision.checkpoint
    return [
        (
            "log",
            f"entries {submission.entry.index} and {decision.entry.index} are in the "
            f"{checkpoint.size} entries that {checkpoint.origin} signed with both its keys",
        ),
        *(("witnesses", f"cosigned by {name}") for name in case.witnesses),
        ("commitments", "submission, decision, reviews and trust are the bodies committed to"),
        ("references", "the entries refer to each other as they must"),
        (
            "trust",
            f"snapshot {case.trust.digest} is complete: {len(case.trust.ring.keys)} keys, "
            f"{', '.join(f'{pack.id} {pack.edition}' for pack in case.trust.packs)}",
        ),
        ("decision", f"signed by a decision key of {case.trust.foundry.legal_name}"),
        *(("signature", who) for who in _signers(case)),
        *_screened_again(case),
        ("decided again", f"the same bytes as on {format_instant(decision.entry.time)}"),
        *(
            ("review", f"{opened.review.action} by {' and '.join(opened.holders)}")
            for opened in case.reviews
        ),
    ]


def _screened_again(case: Case) -> list[tuple[str, str]]:
    screening = case.decision["predicate"].get("screening")
    if screening is None or case.screening_unchecked:
        return []
    lists = ", ".join(f"{each['list']} of {each['as_of']}" for each in screening["lists"])
    return [("screened again", f"the same {len(screening['hits'])} hits in {lists}")]


def _signers(case: Case) -> list[str]:
    """Who said what: statement, person, title, party, key."""
    told = []
    for statement in case.decision["predicate"]["statements"]:
        word = SCHEMA_OF.get(statement.get("predicate_type", ""), "statement")
        for signer in statement["signers"]:
            key = case.trust.ring.keys[signer["keyid"]]
            holder = key.record.holder
            told.append(
                f"{word} by {holder.name}, {holder.title}, "
                f"{key.party.legal_name} (key {signer['keyid']}, valid then)"
            )
    return told


def _reviews(case: Case) -> list[Json]:
    return [
        {
            "action": opened.review.action,
            "reason_code": opened.review.reason_code,
            "reason": opened.review.reason,
            "holders": list(opened.holders),
        }
        for opened in case.reviews
    ]


def _show(screen: Screen, case: Case, checks: list[tuple[str, str]], outcome: str) -> None:
    for name, found in checks:
        screen.result("PASS", name, found)
    if case.superseded_unchecked:
        screen.result("N-A", "superseded", "only a replay of the log can show what came before")
    if case.screening_unchecked:
        told = "taken from the decision; give the lists to do it again (--list)"
        screen.result("N-A", "screening", told)
    for review in case.cleared_unchecked:
        told = f"only a replay of the log can show that review {review} cleared it"
        screen.result("N-A", "cleared", told)
    if case.timestamps and case.timestamps[0].timestamp is None:
        told = "not checked: name the authority that you trust (--timestamp-root)"
        screen.result("N-A", "timestamp", told)
    screen.out()
    findings.show_decision(screen, case.decision["predicate"])
    if outcome != case.verdict:
        screen.out(f"After review: {screen.mark(outcome)}")
    screen.out(
        "This proves who said and decided what, when and under which rules; not that it is true."
    )
