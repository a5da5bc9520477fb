"""Questions to `decide` with the outcome that their author expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attest.encoding import Json
from conformance import papers
from conformance.papers import AT, declaration, determination, submission

GOOD = submission(declaration(), determination(declaration()))


@dataclass(frozen=True)
class Asked:
    """What is decided, and the outcome that its author expects: a verdict or a refusal's code."""

    id: str
    about: str
    raw: bytes
    expect: str
    step: int = 0
    at: str = AT
    prior: Sequence[tuple[str, str]] = ()
    trust: bytes = papers.trust_document()


def pair(declared: Mapping[str, Any] | None = None, **determined: Json) -> bytes:
    """A submission of the two papers, each with changes."""
    paper = declaration(**(declared or {}))
    return submission(paper, determination(paper, **determined))
