"""Every door for JSON is the same door: each probe of the parser, through each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from attest.casefile import open_casefile
from attest.decision import decide
from attest.envelope import bundle
from attest.errors import AttestError
from attest.log.checkpoint import CheckpointSigner
from attest.review import open_review
from attest.rules.pack import compile_pack
from attest.trust import load_trust, open_keyset
from tests.test_encoding import REFUSED
from tests.world import NOW, World

TRUST = World().trust()
LOG_KEYS = CheckpointSigner.generate("doors.example/log").keys
DOORS: dict[str, Callable[[bytes], Any]] = {
    "submission": lambda raw: decide(raw, trust=TRUST, at=NOW),
    "envelope to bundle": lambda raw: bundle([raw]),
    "review": lambda raw: open_review(raw, trust=TRUST, at=NOW, decision=b"", closed=False),
    "trust": lambda raw: load_trust(raw, {}),
    "keyset": open_keyset,
    "pack": compile_pack,
    "case file": lambda raw: open_casefile(raw, log_keys=LOG_KEYS),
}
OWN_LIMITS = {"long string", "long in bytes", "long document", "100,000 levels"}
"""Probes of limits that differ from door to door; `tests/test_encoding.py` holds them."""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("raw", "code"), [probe for probe in REFUSED if probe.id not in OWN_LIMITS]
)
def test_a_probe_has_one_code_at_every_door(door: str, raw: bytes, code: str) -> None:
    """Refused before anything else looks at it; a broken pack says so in its own way."""
    with pytest.raises(AttestError) as caught:
        DOORS[door](raw)
    assert caught.value.code == ("pack-invalid" if door == "pack" else code)
    assert "abc" not in str(caught.value)
