"""What a service is asked besides statements: an evaluation of bare facts.

>>> EvaluationRequest(facts={}, on=("2027-01-01",)).on[0].isoformat()
'2027-01-01'
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from attest import limits
from attest.models.values import UNIQUE, Array, Day, Maybe, Mode, Model, PartyId


class EvaluationRequest(Model):
    """Facts to evaluate, and how: see `service.evaluations`."""

    facts: Annotated[
        dict[str, Any],
        Field(description=f"At most {limits.EVALUATION_ITEMS_MAX} items in all lists together."),
    ]
    packs: Maybe[Annotated[Array[PartyId], Field(min_length=1, max_length=16), UNIQUE]] = None
    on: Annotated[Array[Day], Field(max_length=64), UNIQUE] = ()
    mode: Maybe[Mode] = None
    evidence: Annotated[
        bool, Field(description="Also search for missing papers, which may take seconds.")
    ] = False
