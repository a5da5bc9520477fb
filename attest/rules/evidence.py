"""One document away: the smallest sets of missing papers that would turn a HOLD into a PASS.

A set is found by search: for the facts that its papers would show and nobody knows, is there an
assignment under which every rule passes? Only what is missing is ever filled in, and never against
what is known; a FAIL has no evidence. The result names papers and what each has to show:

>>> from attest.encoding import canonical, loads
>>> from attest.rules.facts import facts_from_json
>>> from attest.rules.pack import compile_pack
>>> rule = {"name": "small", "title": "Small", "kind": "test", "versions": [{
...     "from": "2025-01-31", "tested_on": "completion", "citation": "House rule 1",
...     "confidence": "A", "as_of": "2026-07-23", "holds": "fabricator.aatc_attested < 7",
...     "on_fail": "HOLD", "says": {"pass": "P", "fail": "F", "unknown": "U"}}]}
>>> raw = canonical({"v": 1, "engine": 1, "id": "house", "edition": "2026-11-24",
...     "layer": "house", "title": "House", "effective": {"from": "2026-01-01"}, "params": [],
...     "definitions": [], "ambiguities": [], "rules": [rule]})
>>> facts = facts_from_json({
...     "transaction": {"completion_date": "2026-11-30", "decision_date": "2026-11-24"}})
>>> found = missing_evidence([(compile_pack(raw), loads(raw))], facts)
>>> (need,) = found.sets[0].needs
>>> need.paper.signer, need.shows[0].fact, need.shows[0].as_in
('the front-end fabricator', 'fabricator.aatc_attested', ('fabricator.aatc_attested < 7',))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

from attest.encoding import Json
from attest.errors import RuleError
from attest.rules.bounds import Bounds
from attest.rules.candidates import candidates
from attest.rules.evaluate import Finding, evaluate, verdict_of
from attest.rules.facts import Facts
from attest.rules.holes import (
    Hole,
    copied,
    fill,
    filled_in,
    holes_of,
    is_open,
    open_in,
    order,
    shape_of,
)
from attest.rules.pack import Pack
from attest.rules.papers import PAPERS, Paper, paper_of
from attest.rules.register import FACTS, Field
from attest.rules.syntax import Call, Member, Node, children, parse, references
from attest.rules.terms import Book, Terms
from attest.rules.types import BOOL

PAPERS_MAX: Final = 3
"""How many papers a set has at most."""

EVALUATIONS_MAX: Final = 600
SET_EVALUATIONS_MAX: Final = 120
"""How often the packs are evaluated: in all, and for one set of papers."""

_WEIGHTS: Final = {"fail": 4, "unknown": 1}
_CHOICES_SHOWN_MAX: Final = 6


class Shown(NamedTuple):
    """A fact that a paper has to show; `as_in` are the tests that it has to stand."""

    fact: str
    as_in: tuple[str, ...]


class Need(NamedTuple):
    """A paper and what it has to show."""

    paper: Paper
    shows: tuple[Shown, ...]

    def to_json(self) -> dict[str, Json]:
        """The need as JSON."""
        shows = [{"fact": each.fact, "as_in": list(each.as_in)} for each in self.shows]
        paper = self.paper
        return {"paper": paper.id, "title": paper.title, "signer": paper.signer, "shows": shows}


class EvidenceSet(NamedTuple):
    """Papers that suffice together. `facts` is one assignment that passes: an example, no more."""

    needs: tuple[Need, ...]
    facts: Facts


class Evidence(NamedTuple):
    """The smallest sets. Not `complete`: the search met its bounds before it had tried everything,
    so there may be others, and none found does not mean that there is none."""

    sets: tuple[EvidenceSet, ...]
    complete: bool

    def to_json(self) -> dict[str, Json]:
        """The sets as JSON, without the example."""
        sets: list[Json] = [[need.to_json() for need in each.needs] for each in self.sets]
        return {"sets": sets, "complete": self.complete}


def missing_evidence(packs: Sequence[tuple[Pack, Json]], facts: Facts) -> Evidence:
    """Find the smallest sets of papers, `PAPERS_MAX` at most, that would give PASS.

    `packs` are compiled packs with their documents. Without a HOLD there are none.

    Raises:
        InputError: facts-malformed, as `evaluate`.
    """
    search = _Search(packs, facts)
    if verdict_of(search.evaluated(search.start)) != "HOLD":
        return Evidence((), complete=True)
    papers = [paper for paper in PAPERS if search.could_show(paper)]
    for size in range(1, PAPERS_MAX + 1):
        found = [
            each
            for some in combinations(papers, size)
            if (each := search.fill_in(some)) is not None
        ]
        if found:
            return Evidence(tuple(found), complete=search.complete)
    return Evidence((), complete=search.complete)


class _Search:
    """`start` are the facts as they are; every state of the search is a copy of its own."""

    def __init__(self, packs: Sequence[tuple[Pack, Json]], facts: Facts) -> None:
        self.start = copied(facts.values)
        self.complete = True
        in_force = [(pack, document) for pack, document in packs if evaluate(pack, facts)]
        self._packs = [pack for pack, _ in in_force]
        self._books = [Book(document) for _, document in in_force]
        self._left = EVALUATIONS_MAX
        self._set_left = 0
        self._reads: list[dict[str, frozenset[str]]] = [{} for _ in in_force]
        self._asked = sorted({name for book in self._books for name in _asked_members(book)})
        self._read = [
            {name: _facts_of(f"rule.{name}", book, known) for name in book.rules}
            for book, known in zip(self._books, self._reads, strict=True)
        ]

    def evaluated(self, state: dict[str, Any]) -> list[Finding]:
        """The findings of all packs, in order."""
        self._left -= 1
        self._set_left -= 1
        facts = Facts(state)
        return [finding for pack in self._packs for finding in evaluate(pack, facts)]

    def could_show(self, paper: Paper) -> bool:
        """Whether a paper shows a fact that rules read and that is not, or not wholly, known."""
        read = {name for rules in self._read for names in rules.values() for name in names}
        return any(paper_of(name) == paper and open_in(name, self.start) for name in read)

    def fill_in(self, papers: tuple[Paper, ...]) -> EvidenceSet | None:
        """The needs of a set of papers, if some assignment of their missing facts passes."""
        self._set_left = SET_EVALUATIONS_MAX
        state = self._deepen(self.start, self.evaluated(self.start), papers)
        if state is None:
            return None
        filled = self._least(state)
        if {paper_of(hole.fact) for hole in filled} != set(papers):
            return None  # fewer papers do: those were found before
        return EvidenceSet(tuple(self._needs(papers, state, filled)), Facts(state))

    def _within_bounds(self, state: dict[str, Any], papers: tuple[Paper, ...]) -> bool:
        """Whether what these papers do not show yet could still make every rule pass."""
        marked = {
            name: tuple({"": name, **each} if isinstance(each, dict) else each for each in value)
            if isinstance(value, tuple)
            else value
            for name, value in state.items()
        }
        return all(
            Bounds(
                book,
                marked,
                completion=state["transaction.completion_date"],
                decision=state["transaction.decision_date"],
                may_show=lambda name: paper_of(name) in papers,
            ).could_pass()
            for book in self._books
        )

    def _deepen(
        self, state: dict[str, Any], findings: list[Finding], papers: tuple[Paper, ...]
    ) -> dict[str, Any] | None:
        """Fill in one hole after another, the most promising value first; None for a dead end."""
        if not self._within_bounds(state, papers):
            return None
        for hole in self._next_holes(state, findings, papers):
            tried = []
            for number, value in enumerate(self._values(hole, state, findings)):
                if self._left <= 0 or self._set_left <= 0:
                    self.complete = False
                    return None
                filled = copied(state)
                fill(filled, hole, value)
                now = self.evaluated(filled)
                if verdict_of(now) == "PASS":
                    return filled
                tried.append((_distance(now), number, filled, now))
            for _, _, filled, now in sorted(tried, key=lambda each: each[:2]):
                found = self._deepen(filled, now, papers)
                if found is not None:
                    return found
        return None

    def _values(self, hole: Hole, state: dict[str, Any], findings: list[Finding]) -> list[Any]:
        results = {finding.rule: finding.result for finding in findings}
        copy = copied(state)
        terms = [
            Terms(
                book,
                copy,
                results=results,
                completion=copy["transaction.completion_date"],
                decision=copy["transaction.decision_date"],
            )
            for book in self._books
        ]
        return candidates(hole, copy, terms)

    def _next_holes(
        self, state: dict[str, Any], findings: list[Finding], papers: tuple[Paper, ...]
    ) -> list[Hole]:
        """The first hole of these papers that an open finding misses, and what may stand for it.

        A rule that asks whether something is known (`has`) does not miss it: such facts come when
        nothing else is left, such members of a structure beside the one that is missed.
        """
        missed = {name for finding in _open(findings) for name in finding.missing}
        holes = [hole for name in missed for hole in holes_of(name, state)]
        here = sorted((h for h in holes if paper_of(h.fact) in papers), key=order)
        if here:
            first = here[0]
            asked = [Hole(first.fact, first.at, member) for member in self._asked if first.member]
            return [first, *(h for h in asked if h != first and is_open(h, state))]
        read = {
            name
            for finding in _open(findings)
            for rules in self._read
            for name in rules.get(finding.rule, ())
            if name not in state and paper_of(name) in papers
        }
        return sorted(map(Hole, read), key=order)[:1]

    def _least(self, state: dict[str, Any]) -> list[Hole]:
        """Empty again every hole that need not be filled; what remains filled, in order."""
        filled = sorted(filled_in(self.start, state), key=order)
        for hole in reversed(filled):
            value = state[hole.fact][hole.at][hole.member] if hole.member else state[hole.fact]
            fill(state, hole, None)
            if verdict_of(self.evaluated(state)) != "PASS":
                fill(state, hole, value)
        return sorted(filled_in(self.start, state), key=order)

    def _needs(
        self, papers: tuple[Paper, ...], state: dict[str, Any], filled: list[Hole]
    ) -> Iterator[Need]:
        before = {
            finding.rule for finding in self.evaluated(self.start) if finding.result == "pass"
        }
        tests = [
            test
            for finding in self.evaluated(state)
            if finding.result == "pass" and finding.rule not in before
            for test in finding.tests
        ]
        for paper in papers:
            names = dict.fromkeys(hole.fact for hole in filled if paper_of(hole.fact) == paper)
            yield Need(paper, tuple(self._shown(name, state, tests) for name in names))

    def _shown(self, name: str, state: dict[str, Any], tests: list[tuple[str, str]]) -> Shown:
        shape = shape_of(Hole(name))
        value = state[name]
        if isinstance(shape, Field):
            if shape.type == BOOL:
                return Shown(name, (f"{name} is {str(value).lower()}",))
            if 0 < len(shape.choices) <= _CHOICES_SHOWN_MAX:
                return Shown(name, (f"{name} == '{value}'",))
        told = [
            text if result == "true" else f"{text} is false"
            for text, result in tests
            if not text.startswith("has(") and self._tests_of(text, name)
        ]
        return Shown(name, tuple(dict.fromkeys(told)))

    def _tests_of(self, text: str, name: str) -> bool:
        """Whether a comparison, as a finding writes it, reads a fact."""
        try:
            tree = parse(text)
        except RuleError:
            return False  # with what its macros were given it may be too long
        known = zip(self._books, self._reads, strict=True)
        return any(name in _facts_in(tree, book, reads) for book, reads in known)


def _open(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (each for each in findings if each.verdict in ("HOLD", "FAIL"))


def _distance(findings: list[Finding]) -> int:
    """How far findings are from PASS: a fail weighs more than an unknown."""
    missing = {name for finding in _open(findings) for name in finding.missing}
    return sum(_WEIGHTS.get(each.result, 0) * 100 for each in findings) + len(missing)


def _asked_members(book: Book) -> Iterator[str]:
    """The members of structures that a pack asks for with `has`."""
    nodes = [*book.definitions.values(), *(tree for _, tree in book.macros.values())]
    while nodes:
        node = nodes.pop()
        nodes += children(node)
        if isinstance(node, Call) and node.function == "has":
            (asked,) = node.arguments
            if isinstance(asked, Member) and not references(asked) & FACTS.keys():
                yield asked.name


def _facts_of(name: str, book: Book, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """The facts that a rule, a definition, a macro (`name()`) or a fact itself reads."""
    if name in FACTS:
        return frozenset({name})
    if name not in known:
        known[name] = frozenset()
        known[name] = frozenset().union(
            *(_facts_in(tree, book, known) for tree in _trees_of(name, book))
        )
    return known[name]


def _trees_of(name: str, book: Book) -> Iterator[Node]:
    root, _, rest = name.partition(".")
    if name in book.definitions:
        yield book.definitions[name]
    elif name.removesuffix("()") in book.macros:
        yield book.macros[name.removesuffix("()")][1]
    elif root == "rule" and rest in book.rules:
        for version in book.rules[rest]["versions"]:
            for member in ("applies", "holds"):
                if member in version:
                    yield book.tree(version[member])
            for other in (version.get("scope"), *version.get("overcome_by", [])):
                if other:
                    yield book.tree(f"rule.{other}")


def _facts_in(tree: Node, book: Book, known: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(_facts_of(name, book, known) for name in references(tree)))
