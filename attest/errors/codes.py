"""The codes: whom each blames, what it means and how to mend it.

>>> CODES["busy"].blame, CODES["busy"].mend
('InputError', 'Try again after the time in Retry-After.')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attest.errors.log_codes import LOG
from attest.errors.paper_codes import INPUT, TRUST


@dataclass(frozen=True)
class Code:
    """What a code means (`title`) and what its reader can do about it (`mend`)."""

    blame: str
    title: str
    mend: str


def _codes(blame: str, rows: Mapping[str, tuple[str, str]]) -> dict[str, Code]:
    return {code: Code(blame, title, mend) for code, (title, mend) in rows.items()}


_RULE: Mapping[str, tuple[str, str]] = {
    "pack-invalid": (
        "A rule pack is broken",
        "Correct the file and place named; run attest rules test.",
    ),
    "expression-invalid": (
        "A condition is not in the rule language or has the wrong types",
        "See docs/RULES.md for the language.",
    ),
    "engine-unknown": (
        "The pack needs an engine that this version does not have",
        "Use a version of foundry-attest that has the engine.",
    ),
    "edition-changed": (
        "A locked edition of a rule pack has changed",
        "Undo the change, or give its pack.toml a new edition.",
    ),
    "case-failed": (
        "A worked case does not give its stated outcome",
        "Correct the rule or the case; cite the text that decides.",
    ),
}
_REMOTE: Mapping[str, tuple[str, str]] = {
    "network": ("The server cannot be reached", "Check the address and the connection."),
    "signer": (
        "A token or command that holds a private key did not sign",
        "Check the signer file and what it names; run the command by hand to see why.",
    ),
    "remote": (
        "The server refused, or its answer is not one that this version reads",
        "Look up the code after the HTTP status in docs/ERRORS.md, or ask its operator.",
    ),
}
_INTERNAL: Mapping[str, tuple[str, str]] = {
    "internal": (
        "A defect of this program",
        "Report it with the steps that led to it; nothing was recorded.",
    ),
}

CODES: dict[str, Code] = {
    **_codes("InputError", INPUT),
    **_codes("TrustError", TRUST),
    **_codes("RuleError", _RULE),
    **_codes("LogError", LOG),
    **_codes("RemoteError", _REMOTE),
    **_codes("InternalError", _INTERNAL),
}
