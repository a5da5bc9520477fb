"""Findings for people: what each rule says, what is missing, what would clear it, who says so.

The verdict is that of SPEC 10.6; scopes and ways explain it and are shown below it as notes.

>>> word_of({"kind": "test", "result": "unknown", "verdict": "HOLD"})
'HOLD'
>>> word_of({"kind": "test", "result": "n/a"})
'N-A'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attest.cli.figures import in_words
from attest.cli.screen import Screen
from attest.encoding import Json, canonical
from attest.errors import CODES
from attest.rules.evidence import PAPERS_MAX, Evidence
from attest.rules.explain import Explanation

_EXPLAINING: Final = ("scope", "way")


def word_of(finding: Json) -> str:
    """The word of a finding's result line; one that does not count is N-A."""
    return str(finding.get("verdict", "N-A"))


def show_decision(screen: Screen, predicate: Json) -> None:
    """Print what a decision found, or the reason of its refusal."""
    if "refusal" not in predicate:
        _show_screening(screen, predicate)
        show(screen, predicate["findings"], predicate["verdict"])
        return
    refusal = predicate["refusal"]
    code = CODES.get(refusal["code"])
    title = f": {code.title}" if code else ""
    screen.result("FAIL", refusal["code"], f"refused in step {refusal['step']}{title}")
    screen.out(f"        where        {refusal['pointer'] or '/'}")
    if code:
        screen.out(f"        mend         {code.mend}")


def _show_screening(screen: Screen, predicate: Json) -> None:
    """The lists that were searched, and the hits by the numbers that attest review takes."""
    if "screening" not in predicate:
        return
    lists = [f"{each['list']} of {each['as_of']}" for each in predicate["screening"]["lists"]]
    screen.out(f"Every party was looked for in: {', '.join(lists)}.")
    for number, hit in enumerate(predicate["screening"]["hits"], 1):
        told = f"{hit['kind']} {hit['matched']}, {hit['reason']}, {hit['score_permille']} of 1000"
        if "cleared" in hit:
            told += f"; cleared by review {hit['cleared']}"
        screen.out(f"{number:>4}. {hit['role']} {hit['name']}")
        screen.out(f"        {'may be':<12} {hit['listed']} ({hit['list']} {hit['id']})")
        screen.out(f"        {'because of':<12} {told}")
    screen.out()


def show(screen: Screen, findings: Sequence[Json], verdict: str, *, trace: bool = False) -> None:
    """Print findings, those that count first, and the verdict.

    `trace` adds the values that each finding rests on and the comparisons that were made.
    """
    for finding in findings:
        if "verdict" in finding:
            _show_counted(screen, finding)
            if trace:
                _show_trace(screen, finding)
    for finding in findings:
        if "verdict" not in finding and finding["kind"] not in _EXPLAINING:
            screen.result(word_of(finding), finding["rule"], finding["says"])
    for finding in findings:
        if finding["kind"] in _EXPLAINING:
            told = f"{finding['kind']} {finding['rule']}: {finding['result']}. {finding['says']}"
            screen.out(f"        {told}")
    screen.out()
    screen.out(f"Verdict: {screen.mark(verdict)}")


def _show_counted(screen: Screen, finding: Json) -> None:
    layer = "" if finding["layer"] == "law" else f"  HOUSE RULE {finding['pack']} (not law)"
    screen.result(word_of(finding), finding["rule"], f"{finding.get('says', '')}{layer}")
    details = [("citation", finding.get("citation", ""))]
    if word_of(finding) != "PASS":
        details += [
            ("missing", ", ".join(finding.get("missing", []))),
            *(("clears with", text) for text in finding.get("clears_with", [])),
        ]
    for flag in finding.get("flags", []):
        result = f" would give {flag['result']}" if "result" in flag else ""
        details.append(("open point", f"{flag['ambiguity']}, {flag['reading']}{result}"))
    for label, text in details:
        if text:
            screen.out(f"        {label:<12} {text}")


def _show_trace(screen: Screen, finding: Json) -> None:
    for name, value in finding.get("used", {}).items():
        number = isinstance(value, int) and not isinstance(value, bool)
        told = in_words(value, cjk=False) if number else canonical(value).decode()
        screen.out(f"        {'rests on':<12} {name} = {told}")
    for test in finding.get("tests", []):
        screen.out(f"        {'tested':<12} {test['expr']}: {test['is']}")


def show_explained(screen: Screen, explanations: Sequence[Explanation], verdict: str) -> None:
    """Print findings with all that they rest on, those that count first, and the verdict."""
    for counted in (True, False):
        for explanation in explanations:
            finding = explanation.finding
            if ("verdict" in finding) is not counted:
                continue
            named = f"{finding['kind']} {finding['rule']}: {finding['result']}."
            told = finding["says"] if counted else f"{named} {finding['says']}"
            screen.result(word_of(finding), finding["rule"], told)
            for label, text in explanation.lines():
                screen.out(f"        {label:<12} {text}")
            for text in finding.get("clears_with", []):
                screen.out(f"        {'clears with':<12} {text}")
    screen.out()
    screen.out(f"Verdict: {screen.mark(verdict)}")


def show_evidence(screen: Screen, evidence: Evidence, verdict: str) -> None:
    """Print which papers would turn a HOLD into a PASS, each with what it has to show."""
    if verdict != "HOLD":
        return
    screen.out()
    if not evidence.sets:
        bound = "" if evidence.complete else ", as far as the search went"
        papers = f"no set of up to {PAPERS_MAX} papers"
        screen.out(f"Missing evidence: {papers} would settle what is open{bound}.")
        return
    screen.out("Missing evidence that would settle what is open, if it shows this:")
    for number, each in enumerate(evidence.sets):
        if number:
            screen.out("    or")
        for need in each.needs:
            screen.out(f"    {need.paper.title}, signed by {need.paper.signer}")
            for shown in need.shows:
                tests = "; ".join(shown.as_in)
                screen.out(f"        {'shows':<12} {shown.fact}{': ' if tests else ''}{tests}")
    if not evidence.complete:
        screen.out("    The search met its bound; there may be other papers that do.")


def questions(findings: Sequence[Json]) -> list[str]:
    """What the reader of these findings will ask for: evidence first, then bare names."""
    asked: list[str] = []
    for finding in findings:
        if word_of(finding) in ("FAIL", "HOLD"):
            asked += finding.get("clears_with", []) or [
                f"{name} ({finding['rule']})" for name in finding.get("missing", [])
            ]
    return list(dict.fromkeys(asked))
