"""Whether a pack could still pass if certain missing facts became known.

An upper bound, which prunes the search of `attest.rules.evidence`: every fact that the given papers
could show may be anything, every other missing fact stays unknown. A condition is then a pair: can
it be true, can it be false? What no such pair allows, no assignment reaches:

>>> from attest.rules.terms import Book
>>> book = Book({"params": [], "definitions": [], "rules": [{"name": "small", "kind": "test",
...     "versions": [{"from": "2025-01-31", "holds": "osat.hbm && fabricator.hbm"}]}]})
>>> day = 740_000
>>> def bound(*shown):
...     return Bounds(book, {}, completion=day, decision=day, may_show=shown.__contains__)
>>> bound("osat.hbm").could_pass(), bound("osat.hbm", "fabricator.hbm").could_pass()
(False, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

from attest.rules.syntax import (
    Call,
    Conditional,
    Identifier,
    Items,
    Literal,
    Loop,
    Member,
    Node,
    Operation,
)
from attest.rules.terms import COMPARE, Book, Terms, compute
from attest.rules.types import UNKNOWN


class Anything(Enum):
    """The type of `ANY`, which stands for a value that a paper may show."""

    ANY = "any"


ANY: Final = Anything.ANY


class Can(NamedTuple):
    """What a condition can be; neither means that it stays unknown."""

    be_true: bool
    be_false: bool


_ANY_TRUTH: Final = Can(True, True)
_NO_TRUTH: Final = Can(False, False)
_Env: TypeAlias = Mapping[str, Any]


class Bounds:
    """What the rules of a book can come to. `may_show(fact)` says which missing facts may appear.

    A structure in a list of `facts` carries under `""` the name of the list: its missing members
    may appear with it.
    """

    def __init__(
        self,
        book: Book,
        facts: Mapping[str, Any],
        *,
        completion: int,
        decision: int,
        may_show: Callable[[str], bool],
    ) -> None:
        self._terms = Terms(book, facts, results={}, completion=completion, decision=decision)
        self._facts = facts
        self._may_show = may_show
        self._known: dict[str, Any] = {}

    def could_pass(self) -> bool:
        """Whether no rule that counts is out of reach."""
        return all(
            self._counted(name)
            for name, rule in self._terms.book.rules.items()
            if rule["kind"] in ("test", "presumption")
        )

    def _counted(self, name: str) -> bool:
        version = self._terms.version_in_force(name)
        if version is None:
            return True
        if "scope" in version:
            ways = [self._rule(way) for way in version["overcome_by"]]
            return self._rule(version["scope"]).be_false or any(way.be_true for way in ways)
        return self._applies(version).be_false or self._rule(name).be_true

    def _applies(self, version: Any) -> Can:
        if "applies" not in version:
            return Can(True, False)
        return self._truth(self._terms.book.tree(version["applies"]), {})

    def _rule(self, name: str) -> Can:
        key = f"rule.{name}"
        if key not in self._known:
            self._known[key] = self._rule_anew(name)
        can: Can = self._known[key]
        return can

    def _rule_anew(self, name: str) -> Can:
        version = self._terms.version_in_force(name)
        if version is None:
            return Can(False, True)
        if "scope" in version:
            scope = self._rule(version["scope"])
            ways = [self._rule(way) for way in version["overcome_by"]]
            way = _can(_kleene(list(ways), definite=True))
            return Can(scope.be_true and way.be_true, scope.be_false or way.be_false)
        applies = self._applies(version)
        holds = self._truth(self._terms.book.tree(version["holds"]), {})
        return Can(applies.be_true and holds.be_true, applies.be_false or holds.be_false)

    def _truth(self, node: Node, env: _Env) -> Can:
        return _can(self._find(node, env))

    def _find(self, node: Node, env: _Env) -> Any:
        """A value or `UNKNOWN`, when that is certain; else `ANY`, or `Can` of a condition."""
        match node:
            case Literal():
                return node.value
            case Identifier(name=name):
                return env[name]
            case Member():
                return self._member(node, env)
            case Operation(operator="&&" | "||" as operator, operands=operands):
                found = [self._find(operand, env) for operand in operands]
                return _kleene(found, definite=operator == "||")
            case Operation(operator="!", operands=(operand,)):
                return _negated(self._find(operand, env))
            case Operation():
                return self._operation(node, env)
            case Conditional():
                return self._conditional(node, env)
            case Items(items=items):
                return _listed([self._plain(item, env) for item in items])
            case Call():
                return self._call(node, env)
            case Loop():
                return self._loop(node, env)

    def _plain(self, node: Node, env: _Env) -> Any:
        """As `_find`, but a condition that is not certain is `ANY`, or `UNKNOWN`."""
        return _certain(self._find(node, env))

    def _member(self, node: Member, env: _Env) -> Any:
        if isinstance(node.operand, Identifier) and node.operand.name not in env:
            return self._name(f"{node.operand.name}.{node.name}")
        structure = self._find(node.operand, env)
        if structure is UNKNOWN or structure is ANY:
            return structure
        if node.name in structure:
            return structure[node.name]
        return ANY if self._may_show(structure.get("", "")) else UNKNOWN

    def _name(self, name: str) -> Any:
        root, _, rest = name.partition(".")
        if root == "rule":
            return self._rule(rest)
        if root == "params":
            return self._terms.name(name).value
        if root == "define":
            if name not in self._known:
                self._known[name] = self._find(self._terms.book.definitions[name], {})
            return self._known[name]
        if name in self._facts:
            return self._facts[name]
        return ANY if self._may_show(name) else UNKNOWN

    def _operation(self, node: Operation, env: _Env) -> Any:
        values = [self._plain(operand, env) for operand in node.operands]
        compare = COMPARE.get(node.operator)
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        if any(value is ANY for value in values):
            return ANY
        if compare is not None:
            return compare(*values)
        computed = compute(node.operator, values)
        return UNKNOWN if computed is None else computed

    def _conditional(self, node: Conditional, env: _Env) -> Any:
        condition = self._find(node.condition, env)
        if condition is UNKNOWN or isinstance(condition, bool):
            if condition is UNKNOWN:
                return UNKNOWN
            return self._find(node.yes if condition else node.no, env)
        yes, no = self._find(node.yes, env), self._find(node.no, env)
        if not isinstance(yes, Can | bool) or not isinstance(no, Can | bool):
            return ANY
        first, second, can = _can(yes), _can(no), _can(condition)
        return Can(
            (can.be_true and first.be_true) or (can.be_false and second.be_true),
            (can.be_true and first.be_false) or (can.be_false and second.be_false),
        )

    def _call(self, node: Call, env: _Env) -> Any:
        book = self._terms.book
        if node.function in book.macros:
            parameter, tree = book.macros[node.function]
            return self._find(tree, {parameter: self._find(node.arguments[0], env)})
        found = self._plain(node.arguments[0], env)
        if node.function == "has":
            return _ANY_TRUTH if found is ANY else found is not UNKNOWN
        if found is ANY or found is UNKNOWN:
            return found
        if node.function == "size":
            return len(found)
        if node.function == "max" and not found:
            return UNKNOWN
        return sum(found) if node.function == "sum" else max(found)

    def _loop(self, node: Loop, env: _Env) -> Any:
        listed = self._plain(node.operand, env)
        if listed is ANY or listed is UNKNOWN:
            return listed
        inside = [{**env, node.variable: element} for element in listed]
        found = [self._find(node.body, each) for each in inside]
        if node.method in ("exists", "all"):
            return _kleene(found, definite=node.method == "exists")
        values = _listed([_certain(each) for each in found])
        if node.method == "map" or values is UNKNOWN or values is ANY:
            return values
        return tuple(element for element, kept in zip(listed, values, strict=True) if kept)


def _can(found: Any) -> Can:
    if isinstance(found, Can):
        return found
    if found is ANY:
        return _ANY_TRUTH
    return _NO_TRUTH if found is UNKNOWN else Can(found is True, found is False)


def _certain(found: Any) -> Any:
    if not isinstance(found, Can):
        return found
    return UNKNOWN if found == _NO_TRUTH else ANY


def _negated(found: Any) -> Any:
    if isinstance(found, bool):
        return not found
    can = _can(found)
    return UNKNOWN if found is UNKNOWN else Can(can.be_false, can.be_true)


def _kleene(found: list[Any], *, definite: bool) -> Any:
    """`||` (`definite` true) or `&&` of what was found."""
    if any(each is definite for each in found):
        return definite
    open_ones = [each for each in found if not isinstance(each, bool)]
    if all(each is UNKNOWN for each in open_ones):
        return UNKNOWN if open_ones else not definite
    cans = [_can(each) for each in found]
    if definite:
        return Can(any(can.be_true for can in cans), all(can.be_false for can in cans))
    return Can(all(can.be_true for can in cans), any(can.be_false for can in cans))


def _listed(values: list[Any]) -> Any:
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return ANY if any(value is ANY for value in values) else tuple(values)
