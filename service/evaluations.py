"""Asking without submitting: rules over bare facts, on one day or many. Nothing is recorded.

    {"facts": {…},                            docs/RULES.md section 6
     "packs": ["us-ear", "us-ear-chips"],     default: the active packs
     "on": ["2026-12-31", "2027-01-01"],      days to try besides; each for completion and decision
     "mode": "bis_practice",                  default: in the facts, else the active mode
     "evidence": true}                        also the smallest sets of papers that would give PASS

The packs that are active decide, and those that ship may be asked by name. The answer is what
`attest evaluate`, `attest classify` and `attest whatif` compute, by the same functions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from attest import encoding, limits
from attest.classification import RulePack, classify
from attest.data import data_dir
from attest.encoding import Json
from attest.errors import InputError
from attest.models.requests import EvaluationRequest
from attest.rules.edition import Edition, open_edition
from attest.rules.evaluate import evaluate, verdict_of
from attest.rules.evidence import missing_evidence
from attest.rules.explain import explain
from attest.rules.facts import Facts, facts_from_json
from attest.rules.pack import read_pack_folder
from attest.rules.terms import Book
from attest.whatif import After, Variations, check_in_force

CLASSIFYING: Final = "us-ear-chips"
"""The pack whose findings are also sorted as a classification."""


class Evaluations:
    """Answers questions; `active` are the documents of the active packs, `mode` is theirs."""

    def __init__(
        self, active: Mapping[str, bytes], mode: str, *, today: Callable[[], dt.date]
    ) -> None:
        self._active = dict(active)
        self._mode = mode
        self._today = today

    def answer(self, raw: bytes) -> bytes:
        """Evaluate what a request asks for.

        Raises:
            InputError: the json codes, schema-violation, too-large, facts-malformed, not-found (no
                pack of that name), not-in-force.
        """
        request = _read(raw)
        facts = self._facts(request)
        packs = [_Asked.of(each) for each in self._documents(request.packs)]
        editions = [each.edition for each in packs]
        check_in_force(editions, _completion(facts))
        findings = [evaluate(each.edition.pack, facts) for each in packs]
        _, after = Variations(on=request.on).answer(facts, editions)
        answer: dict[str, Json] = {
            "packs": [
                {"id": each.pack.id, "edition": each.pack.edition, "digest": each.pack.digest}
                for each in editions
            ],
            "verdict": verdict_of(finding for found in findings for finding in found),
            "findings": [
                explanation.to_json()
                for each, found in zip(packs, findings, strict=True)
                for explanation in explain(
                    Book(each.document), facts, [finding.to_json() for finding in found]
                )
            ],
            "on": [_told(each) for each in after if each.on is not None],
        }
        chips = [each for each in packs if each.edition.pack.id == CLASSIFYING]
        if chips:
            asked = [RulePack(each.edition.pack, each.document) for each in chips]
            answer["classification"] = classify(asked, facts).to_json()
        if request.evidence:
            read = [(each.edition.pack, each.document) for each in packs]
            answer["evidence"] = missing_evidence(read, facts).to_json()
        return encoding.canonical(answer)

    def _facts(self, request: EvaluationRequest) -> Facts:
        """The facts, with the dates and the mode that they leave open."""
        groups: dict[str, Any] = dict(request.facts)
        transaction = groups.get("transaction", {})
        if isinstance(transaction, dict):
            today = self._today().isoformat()
            open_ones = {"completion_date": today, "decision_date": today, "mode": self._mode}
            asked = {} if request.mode is None else {"mode": request.mode}
            groups["transaction"] = {**open_ones, **transaction, **asked}
        try:
            return facts_from_json(groups)
        except InputError as error:
            pointer = f"/facts{error.pointer or ''}"
            raise InputError(error.code, error.detail, pointer=pointer) from None

    def _documents(self, names: tuple[str, ...] | None) -> list[bytes]:
        if names is None:
            return list(self._active.values())
        return [self._active.get(name) or _shipped(name) for name in names]


class _Asked(NamedTuple):
    """A pack that is asked: compiled, and as a document."""

    edition: Edition
    document: Json

    @staticmethod
    def of(raw: bytes) -> _Asked:
        return _Asked(open_edition(raw), encoding.loads(raw, bytes_max=limits.PACK_BYTES_MAX))


def _completion(facts: Facts) -> dt.date:
    day = facts.values["transaction.completion_date"]
    return dt.date.fromordinal(day if isinstance(day, int) else 1)


def _told(after: After) -> dict[str, Json]:
    return {
        "date": None if after.on is None else after.on.isoformat(),
        "before": after.before,
        "verdict": after.verdict,
        "depends_on_reading": after.depends_on_reading,
        "changes": [change.to_json() for change in after.changes],
    }


@lru_cache(maxsize=64)
def _shipped(name: str) -> bytes:
    folder = data_dir("rules") / name
    if not (folder / "pack.toml").is_file():
        raise InputError("not-found", "no pack of that name is active or ships")
    return read_pack_folder(folder)


def _read(raw: bytes) -> EvaluationRequest:
    document: Any = encoding.loads(raw, bytes_max=limits.FACTS_BYTES_MAX)
    try:
        request = EvaluationRequest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        pointer = "".join(f"/{step}" for step in first["loc"] if step in _MEMBERS)
        raise InputError("schema-violation", first["type"], pointer=pointer) from None
    if _items(request.facts) > limits.EVALUATION_ITEMS_MAX:
        detail = f"facts of over {limits.EVALUATION_ITEMS_MAX} items of lists"
        raise InputError("too-large", detail, pointer="/facts")
    return request


def _items(value: Json) -> int:
    if isinstance(value, dict):
        return sum(map(_items, value.values()))
    return len(value) + sum(map(_items, value)) if isinstance(value, list) else 0


_MEMBERS: Final = frozenset(EvaluationRequest.model_fields)
