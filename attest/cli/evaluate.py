"""`attest evaluate`: rules on bare facts, for whoever asks "what if" without signing anything."""

from __future__ import annotations

import datetime as dt

import click

from attest import limits
from attest.cli import clock, files, findings, packs
from attest.cli.failures import about, exit_code_of
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.evidence import missing_evidence
from attest.rules.explain import explain
from attest.rules.facts import facts_from_json
from attest.rules.register import MODES
from attest.rules.terms import Book


@click.command("evaluate", short_help="Run rule packs on a file of facts.")
@click.argument("facts")
@click.option("--as-of", type=clock.DATE, help="Day of completion (default: in FACTS).")
@click.option("--decided", type=clock.DATE, help="Day of decision (default: in FACTS, else today).")
@click.option("--mode", type=click.Choice(MODES), help="Default: in FACTS, else cfr_text.")
@packs.pack_option
@click.option("--trace", is_flag=True, help="Show the values and comparisons of each finding.")
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Show the arithmetic, the margins, the readings, and which papers would turn a HOLD.",
)
@screened
def command(
    screen: Screen,
    *,
    facts: str,
    as_of: dt.date | None,
    decided: dt.date | None,
    mode: str | None,
    names: tuple[str, ...],
    trace: bool,
    explained: bool,
) -> int:
    """Evaluate a JSON tree of facts (docs/RULES.md section 6). Nothing is recorded or sent."""
    document = files.read_json(facts, bytes_max=limits.FACTS_BYTES_MAX)
    with about(files.name_of(facts)):
        _place_in_time(document, as_of=as_of, decided=decided, mode=mode)
        known = facts_from_json(document)
    loaded = packs.load_all(names)
    found = [finding for each in loaded for finding in evaluate(each.pack, known)]
    verdict = verdict_of(found)
    described = [finding.to_json() for finding in found]
    told = {
        "transaction": document["transaction"],
        "packs": [
            {"id": each.pack.id, "edition": each.pack.edition, "digest": each.pack.digest}
            for each in loaded
        ],
        "verdict": verdict,
        "findings": described,
    }
    if not explained:
        screen.document(told)
        findings.show(screen, described, verdict, trace=trace)
        return exit_code_of(verdict)
    explanations = [
        explanation
        for each in loaded
        for explanation in explain(
            Book(each.document), known, [one for one in described if one["pack"] == each.pack.id]
        )
    ]
    evidence = missing_evidence([(each.pack, each.document) for each in loaded], known)
    told["explanations"] = [explanation.to_json() for explanation in explanations]
    screen.document(told | {"evidence": evidence.to_json()})
    findings.show_explained(screen, explanations, verdict)
    findings.show_evidence(screen, evidence, verdict)
    return exit_code_of(verdict)


def _place_in_time(
    document: Json, *, as_of: dt.date | None, decided: dt.date | None, mode: str | None
) -> None:
    if not isinstance(document, dict) or not isinstance(document.get("transaction", {}), dict):
        raise InputError("facts-malformed", "expected an object of groups", pointer="")
    transaction = document.setdefault("transaction", {})
    if as_of is not None:
        transaction["completion_date"] = as_of.isoformat()
    if decided is not None or "decision_date" not in transaction:
        transaction["decision_date"] = (decided or clock.today()).isoformat()
    if mode is not None or "mode" not in transaction:
        transaction["mode"] = mode or MODES[0]
    if "completion_date" not in transaction:
        raise click.UsageError("FACTS has no transaction.completion_date; give --as-of")
