"""`attest explain`: what a code, a rule or an open point of the law means, and what to do about it.

`attest explain --all --markdown` writes docs/ERRORS.md.

>>> describe_code("expired")["mend"]
'Make and sign a new one.'
"""

from __future__ import annotations

from typing import Final

import click

from attest.cli.failures import exit_code_of_code
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.errors import CODES, InputError

BLAMES: Final = {
    "InputError": "the bytes that were given",
    "TrustError": "the proof: keys, signatures, audience, validity, links",
    "RuleError": "a rule pack",
    "LogError": "the log, or a proof from it",
    "RemoteError": "the other side of a connection",
    "InternalError": "this program",
}
"""Each class of error and what it blames."""

_WORDS: Final = {
    "PASS": "No rule objects and nothing is missing. It is not legal advice and not a licence.",
    "HOLD": "Something is unknown, or a person has to look. attest review releases or refuses it.",
    "FAIL": "A rule is not met by known facts, or the submission could not be relied on.",
    "N-A": "The rule does not apply to these facts.",
}
"""The words of results and what they mean."""


@click.command("explain", short_help="Say what a code, a rule or an open point of the law means.")
@click.argument("subject", required=False, metavar="[CODE|PACK/RULE|AMB-NN|VERDICT]")
@click.option("--all", "everything", is_flag=True, help="Every code.")
@click.option("--markdown", is_flag=True, help="With --all: the page docs/ERRORS.md.")
@screened
def command(screen: Screen, *, subject: str | None, everything: bool, markdown: bool) -> int:
    """Explain an error code, a rule (us-ear/n1_way_b), an ambiguity (AMB-01) or a verdict."""
    if subject is not None and not everything and not markdown:
        _show(screen, _find(subject))
    elif subject is None and everything and markdown:
        if screen.as_json:
            screen.document({"markdown": page()})
        else:
            screen.raw(page().encode("utf-8"))
    elif subject is None and everything:
        screen.document([describe_code(code) for code in CODES])
        screen.table(
            ("code", "exit", "what", "how to mend"),
            [
                (code, str(exit_code_of_code(code)), entry.title, entry.mend)
                for code, entry in CODES.items()
            ],
        )
    else:
        raise click.UsageError("name one thing to explain, or --all, or --all --markdown")
    return 0


def describe_code(code: str) -> dict[str, Json]:
    """Everything that is to say about a code of `CODES`."""
    entry = CODES[code]
    return {
        "kind": "code",
        "name": code,
        "title": entry.title,
        "blame": BLAMES[entry.blame],
        "mend": entry.mend,
        "exit": exit_code_of_code(code),
    }


def page() -> str:
    """docs/ERRORS.md."""
    lines = [
        "# Errors",
        "",
        "Every code, its exit code, what it means and how to mend it. A code never changes its",
        "meaning. This page is written by `attest explain --all --markdown`.",
    ]
    for blame, whose in BLAMES.items():
        lines += ["", f"## {blame}", "", f"To blame: {whose}.", ""]
        lines += ["| code | exit | what | how to mend |", "|---|---|---|---|"]
        lines += [
            f"| `{code}` | {exit_code_of_code(code)} | {entry.title} | {entry.mend} |"
            for code, entry in CODES.items()
            if entry.blame == blame
        ]
    return "\n".join(lines) + "\n"


def _find(subject: str) -> dict[str, Json]:
    if subject in CODES:
        return describe_code(subject)
    if subject.upper() in _WORDS:
        word = subject.upper()
        return {"kind": "verdict", "name": word, "title": _WORDS[word]}
    from attest.cli import packs

    found = packs.describe(subject)
    if found is None:
        raise InputError("not-found", "no code, rule, ambiguity or verdict of that name")
    return found


def _show(screen: Screen, description: dict[str, Json]) -> None:
    screen.document(description)
    for name, value in description.items():
        if isinstance(value, list):
            for item in value:
                screen.out(f"{name:<12} {item}")
        elif value not in (None, ""):
            screen.out(f"{name:<12} {value}")
