"""Classification: what rule packs say about an item and where it goes, with the arithmetic.

The law stays in the packs; this module only sorts findings. What a rule is for is told by its kind
and by the first word of its name:

    scope eccn_*       a paragraph of the control list         applies, does not apply
    scope informed_*   a letter of the authority               applies, does not apply
    scope licence_*    a licence requirement                   needed, not needed
    scope review_*     how an application would be reviewed    applies, does not apply
    way                a licence exception, or a licence held  available, not available, or not
                                                               applicable: no licence is needed
    presumption        all of it taken together                overcome, presumed, not-applicable

Each may be unknown instead, with the facts that are missing; any other rule stands under `others`.

>>> from attest.encoding import canonical
>>> from attest.rules.facts import facts_from_json
>>> from attest.rules.pack import compile_pack
>>> says = {"pass": "TPP of 4800 or more.", "fail": "TPP below 4800.", "unknown": "Not known."}
>>> document = {"v": 1, "engine": 1, "id": "chips", "edition": "2026-11-24", "layer": "law",
...     "title": "Chips", "effective": {"from": "2026-01-01"}, "params": [], "definitions": [],
...     "ambiguities": [], "rules": [{"name": "eccn_3a090_a1", "title": "a.1", "kind": "scope",
...     "versions": [{"from": "2026-01-01", "tested_on": "completion", "citation": "3A090.a.1",
...     "confidence": "A", "as_of": "2026-07-23", "holds": "item.tpp_milli >= 4_800_000",
...     "says": says}]}]}
>>> pack = RulePack(compile_pack(canonical(document)), document)
>>> facts = facts_from_json({"item": {"tpp_milli": 4_799_200}, "transaction": {
...     "completion_date": "2026-11-24", "decision_date": "2026-11-24"}})
>>> found = classify([pack], facts)
>>> found.paragraphs[0].label, found.paragraphs[0].answer, found.applying
('3A090.a.1', 'does not apply', ())
>>> found.margins
('3A090.a.1: TPP 4,799.2 < 4,800: 0.8 below (under 0.1 %)',)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from attest.encoding import Json
from attest.rules.evaluate import Finding, evaluate
from attest.rules.explain import Explanation, explain
from attest.rules.facts import Facts
from attest.rules.pack import Pack
from attest.rules.terms import Book

GROUPS: Final = (
    *("paragraphs", "letters", "licences", "reviews", "exceptions", "together"),
    "others",
)
"""The groups of clauses of a `Classification`, in the order in which they are told."""

_BY_KIND: Final[Mapping[str, str]] = {"way": "exceptions", "presumption": "together"}
_SCOPES: Final[Mapping[str, str]] = {
    "eccn": "paragraphs",
    "informed": "letters",
    "licence": "licences",
    "review": "reviews",
}
_APPLIES: Final = ("applies", "does not apply")
_ANSWERS: Final[Mapping[str, tuple[str, str]]] = {
    "licences": ("needed", "not needed"),
    "exceptions": ("available", "not available"),
}
_PARAGRAPH: Final = re.compile(r"([a-z])([0-9]*)")


class RulePack(NamedTuple):
    """A compiled pack and the document that it was compiled from."""

    pack: Pack
    document: Json


def label_of(rule: str) -> str:
    """What people call the paragraph or exception of a rule; else the rule's name.

    >>> label_of("eccn_3a090_b2"), label_of("exception_nac"), label_of("eccn_3a090_2022")
    ('3A090.b.2', 'NAC', '3A090 (2022)')
    """
    first, _, rest = rule.partition("_")
    if first == "exception":
        return rest.replace("_", " ").upper()
    if first != "eccn":
        return rule
    entry, *parts = rest.split("_")
    label = entry.upper()
    for part in parts:
        paragraph = _PARAGRAPH.fullmatch(part)
        if paragraph:
            label += "".join(f".{piece}" for piece in paragraph.groups() if piece)
        else:
            label += f" ({part})"
    return label


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One rule's answer, in the words of its group, with the finding and what explains it."""

    label: str
    answer: str
    finding: Finding
    explanation: Explanation

    @property
    def citation(self) -> str:
        """Where the law says so."""
        return str(self.finding.stated["citation"])

    def to_json(self) -> dict[str, Json]:
        """Label and answer, the finding (SPEC 10.4), arithmetic and margins."""
        return {
            "label": self.label,
            "answer": self.answer,
            **self.finding.to_json(),
            "arithmetic": list(self.explanation.steps),
            "margins": [margin.to_json() for margin in self.explanation.margins],
        }


@dataclass(frozen=True, kw_only=True)
class Classification:
    """What the packs say. The groups hold the rules in force, in the order of their packs.

    `not_in_force` names the rules that have no version on the day.
    """

    paragraphs: tuple[Clause, ...]
    letters: tuple[Clause, ...]
    licences: tuple[Clause, ...]
    reviews: tuple[Clause, ...]
    exceptions: tuple[Clause, ...]
    together: tuple[Clause, ...]
    others: tuple[Clause, ...]
    not_in_force: tuple[str, ...]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, group by group."""
        return tuple(clause for name in GROUPS for clause in getattr(self, name))

    @property
    def applying(self) -> tuple[str, ...]:
        """Labels of the paragraphs that apply."""
        return tuple(each.label for each in self.paragraphs if each.answer == "applies")

    @property
    def undecided(self) -> tuple[str, ...]:
        """Labels of the paragraphs that may apply."""
        return tuple(each.label for each in self.paragraphs if each.answer == "unknown")

    @property
    def licence(self) -> str:
        """`needed` if one requirement stands, `unknown`, `not needed`; empty: no rule says."""
        answers = {each.answer for each in self.licences}
        return next((word for word in ("needed", "unknown", "not needed") if word in answers), "")

    @property
    def available(self) -> tuple[str, ...]:
        """Labels of the exceptions that are available, and of the licence that is held."""
        return tuple(each.label for each in self.exceptions if each.answer == "available")

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts without which a paragraph or the licence requirement stays unknown."""
        unknown = [each for each in (*self.paragraphs, *self.licences) if each.answer == "unknown"]
        return tuple(sorted({name for each in unknown for name in each.finding.missing}))

    @property
    def figures(self) -> dict[str, int]:
        """The quantities that the packs computed for the paragraphs, by name of definition."""
        return {
            name.removeprefix("define."): value
            for each in self.paragraphs
            for name, value in each.finding.used.items()
            if name.startswith("define.") and type(value) is int
        }

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """The steps to the figures of the paragraphs, each once."""
        steps = (step for each in self.paragraphs for step in each.explanation.steps)
        return tuple(dict.fromkeys(steps))

    @property
    def margins(self) -> tuple[str, ...]:
        """How far the figures are from the limits that decided a paragraph, each once."""
        labels: dict[str, list[str]] = {}
        for each in self.paragraphs:
            for margin in each.explanation.margins:
                labels.setdefault(margin.says, []).append(each.label)
        return tuple(f"{', '.join(names)}: {says}" for says, names in labels.items())

    def to_json(self) -> dict[str, Json]:
        """Everything as one JSON object; groups are arrays of clauses."""
        return {
            "classes": list(self.applying),
            "undecided": list(self.undecided),
            "licence": self.licence or None,
            "available": list(self.available),
            "missing": list(self.missing),
            "figures": self.figures,
            "arithmetic": list(self.arithmetic),
            "margins": list(self.margins),
            **{name: [each.to_json() for each in getattr(self, name)] for name in GROUPS},
            "not_in_force": list(self.not_in_force),
        }


def classify(packs: Sequence[RulePack], facts: Facts, *, explained: bool = True) -> Classification:
    """Evaluate the packs over the facts and sort what they say.

    An explanation costs many times as much as the finding; without one a clause has no arithmetic
    and no margins.

    Raises:
        InputError: facts-malformed when the completion or the decision date is absent.
    """
    groups: dict[str, list[Clause]] = {name: [] for name in GROUPS}
    absent = []
    for pack, document in packs:
        findings = evaluate(pack, facts)
        written = [finding.to_json() for finding in findings] if explained else []
        explanations = explain(Book(document), facts, written) or _unexplained(findings)
        for finding, explanation in zip(findings, explanations, strict=True):
            if "version" not in finding.stated:
                absent.append(finding.rule)
                continue
            group = _group_of(finding)
            groups[group].append(
                Clause(
                    label=label_of(finding.rule),
                    answer=_answer(group, finding),
                    finding=finding,
                    explanation=explanation,
                )
            )
    clauses = {name: tuple(found) for name, found in groups.items()}
    return Classification(**clauses, not_in_force=tuple(absent))


def _unexplained(findings: Sequence[Finding]) -> tuple[Explanation, ...]:
    return tuple(Explanation(dict(each.stated), (), (), (), ()) for each in findings)


def _group_of(finding: Finding) -> str:
    if finding.kind == "scope":
        return _SCOPES.get(finding.rule.partition("_")[0], "others")
    return _BY_KIND.get(finding.kind, "others")


def _answer(group: str, finding: Finding) -> str:
    if finding.outcome is not None:
        return finding.outcome
    if group == "others" or finding.result == "unknown":
        return finding.result
    if group == "exceptions" and finding.result == "n/a":
        return "not applicable"
    yes, no = _ANSWERS.get(group, _APPLIES)
    return yes if finding.result == "pass" else no
