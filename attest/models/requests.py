"""What a service is asked besides statements: an evaluation of bare facts.

>>> EvaluationRequest(facts={}, on=("2027-01-01",)).on[0].isoformat()
'2027-01-01'
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from attest.models.values import UNIQUE, Array, Day, Maybe, Mode, Model, PartyId


class EvaluationRequest(Model):
    """Facts to evaluate, and how: see `service.evaluations`."""

    facts: dict[str, Any]
    packs: Maybe[Annotated[Array[PartyId], Field(min_length=1, max_length=16), UNIQUE]] = None
    on: Annotated[Array[Day], Field(max_length=64), UNIQUE] = ()
    mode: Maybe[Mode] = None
    evidence: bool = False
