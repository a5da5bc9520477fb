"""What the words of a pack come to over facts: every expression as a tree with its values.

`attest.rules.evaluate` decides. This module reads the same trees slowly and keeps what it saw, so
that `attest.rules.explain` can show the arithmetic and `attest.rules.evidence` can look for values:

>>> book = Book({"params": [], "rules": [], "definitions": [
...     {"name": "count", "value": "sum(declared.dies.map(d, d.units * 2))"}]})
>>> terms = Terms(book, {"declared.dies": ({"units": 3},)}, results={}, completion=1, decision=1)
>>> found = terms.find(parse("define.count < 7"))
>>> found.value, [(seen.left, seen.right) for seen in found.decided_by]
(True, [(6, 7)])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from attest.encoding import Json
from attest.rules.register import FACTS
from attest.rules.syntax import (
    INT_MAX,
    INT_MIN,
    Call,
    Conditional,
    Identifier,
    Items,
    Literal,
    Loop,
    Member,
    Node,
    Operation,
    parse,
)
from attest.rules.types import DATE, UNKNOWN, Value

_LAST_DAY: Final = dt.date.max.toordinal()
COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
}


class Bound(NamedTuple):
    """What a variable stands for; of a macro's parameter also what its caller wrote, and where."""

    value: Value
    node: Node | None = None
    env: Mapping[str, Bound] | None = None


Env: TypeAlias = Mapping[str, Bound]
NO_VARIABLES: Final[Env] = {}


class Comparison(NamedTuple):
    """A comparison that was made, with the values of both sides."""

    node: Operation
    env: Env
    left: Value
    right: Value
    result: Value


class Found(NamedTuple):
    """A value and, of a condition, the comparisons that decided it."""

    value: Value
    decided_by: tuple[Comparison, ...] = ()


class Dated(NamedTuple):
    """A version of a param or rule: first and last day (ordinals), and the document's own table."""

    first: int
    last: int
    written: Json


class Book:
    """The parsed expressions of one pack document."""

    def __init__(self, document: Json) -> None:
        self.params = {f"params.{each['name']}": each for each in document["params"]}
        self.rules = {each["name"]: each for each in document["rules"]}
        self.ambiguities = {each["id"]: each for each in document.get("ambiguities", [])}
        self.definitions: dict[str, Node] = {}
        self.macros: dict[str, tuple[str, Node]] = {}
        for each in document["definitions"]:
            tree = parse(each["value"])
            if "parameter" in each:
                self.macros[each["name"]] = (each["parameter"], tree)
            else:
                self.definitions[f"define.{each['name']}"] = tree
        self._versions = {
            name: tuple(map(_dated, each["versions"]))
            for name, each in [*self.params.items(), *self.rules.items()]
        }
        self._trees: dict[str, Node] = {}

    def version_of(self, name: str, day: int) -> Json | None:
        """The version of a param (`params.x`) or rule (`x`) in force on a day, or None."""
        for first, last, written in self._versions[name]:
            if first <= day <= last:
                return written
        return None

    def tested_on(self, name: str) -> str:
        """Which date picks the version of a param or rule: `completion` or `decision`."""
        known = self.params.get(name) or self.rules[name]["versions"][0]
        return str(known.get("tested_on", "completion"))

    def tree(self, source: str) -> Node:
        """An expression, parsed once."""
        known = self._trees.get(source)
        if known is None:
            known = self._trees[source] = parse(source)
        return known


def _dated(version: Json) -> Dated:
    last = version.get("until", "9999-12-31")
    first, last = (dt.date.fromisoformat(day).toordinal() for day in (version["from"], last))
    return Dated(first, last, version)


class Terms:
    """The expressions of a book over facts. `results` are those of the rules, by name.

    `facts` may change between calls when `forget` is called. Every comparison that is made is
    added to `seen` while that is a list.
    """

    def __init__(
        self,
        book: Book,
        facts: Mapping[str, Any],
        *,
        results: Mapping[str, str],
        completion: int,
        decision: int,
    ) -> None:
        self.book = book
        self.facts = facts
        self.results = results
        self.seen: list[Comparison] | None = None
        self._days = {"completion": completion, "decision": decision}
        self._params: dict[str, Value] = {}
        self._known: dict[str, Found] = {}

    def forget(self) -> None:
        """Drop the values of definitions: facts have changed."""
        self._known.clear()

    def version_in_force(self, name: str) -> Json | None:
        """The version of a param (`params.x`) or rule (`x`) on its tested date, or None."""
        return self.book.version_of(name, self._days[self.book.tested_on(name)])

    def name(self, name: str) -> Found:
        """The value of a dotted name."""
        match name.partition("."):
            case "params", _, _:
                return Found(self._param(name))
            case "define", _, _:
                if name not in self._known:
                    self._known[name] = self.find(self.book.definitions[name])
                return self._known[name]
            case "rule", _, rule:
                result = self.results.get(rule, "n/a")
                return Found(UNKNOWN if result == "unknown" else result == "pass")
        return Found(self.facts.get(name, UNKNOWN))

    def find(self, node: Node, env: Env = NO_VARIABLES) -> Found:
        """The value of a node and, of a condition, what decided it."""
        match node:
            case Literal():
                return Found(node.value)
            case Identifier(name=name):
                bound = env[name]
                if bound.node is None:
                    return Found(bound.value)
                return Found(self.find(bound.node, bound.env or NO_VARIABLES).value)
            case Member():
                return self._member(node, env)
            case Operation(operator="&&" | "||" as operator, operands=operands):
                found = [self.find(operand, env) for operand in operands]
                return kleene(found, definite=operator == "||")
            case Operation(operator="!", operands=(operand,)):
                value, decided_by = self.find(operand, env)
                return Found(UNKNOWN if value is UNKNOWN else not value, decided_by)
            case Operation():
                return self._operation(node, env)
            case Conditional(condition=condition, yes=yes, no=no):
                value, _ = self.find(condition, env)
                return Found(UNKNOWN) if value is UNKNOWN else self.find(yes if value else no, env)
            case Items(items=items):
                return Found(_all_known(self.find(item, env).value for item in items))
            case Call():
                return self._call(node, env)
            case Loop():
                return self._loop(node, env)

    def expand(self, node: Call, env: Env) -> tuple[Node, Env]:
        """The body of a macro and the variables in it."""
        parameter, tree = self.book.macros[node.function]
        argument = node.arguments[0]
        return tree, {parameter: Bound(self.find(argument, env).value, argument, env)}

    def elements(self, node: Loop, env: Env) -> list[tuple[Value, Env]] | None:
        """Each element of a loop's list with the variables for its body; None when unknown."""
        listed: Any = self.find(node.operand, env).value
        if listed is UNKNOWN:
            return None
        return [(element, {**env, node.variable: Bound(element)}) for element in listed]

    def is_date(self, node: Node, env: Env = NO_VARIABLES) -> bool:
        """Whether the values of a node are dates."""
        match node:
            case Member():
                name = dotted(node, env)
                if name in self.book.params:
                    return bool(self.book.params[name]["type"] == "date")
                if name in self.book.definitions:
                    return self.is_date(self.book.definitions[name])
                return FACTS.get(name) == DATE
            case Identifier(name=name):
                bound = env[name]
                return bound.node is not None and self.is_date(bound.node, bound.env or {})
            case Operation(operator="+", operands=(left, _)):
                return self.is_date(left, env)
            case Conditional(yes=yes):
                return self.is_date(yes, env)
        return False

    def _param(self, name: str) -> Value:
        if name not in self._params:
            version = self.version_in_force(name)
            value: Any = UNKNOWN if version is None else version["value"]
            if isinstance(value, list):
                value = tuple(value)
            elif isinstance(value, str) and self.book.params[name]["type"] == "date":
                value = dt.date.fromisoformat(value).toordinal()
            self._params[name] = value
        return self._params[name]

    def _member(self, node: Member, env: Env) -> Found:
        name = dotted(node, env)
        if name:
            return self.name(name)
        structure: Any = self.find(node.operand, env).value
        return Found(UNKNOWN if structure is UNKNOWN else structure.get(node.name, UNKNOWN))

    def _operation(self, node: Operation, env: Env) -> Found:
        values = [self.find(operand, env).value for operand in node.operands]
        if node.operator in COMPARE:
            left, right = values
            known = left is not UNKNOWN and right is not UNKNOWN
            result: Value = COMPARE[node.operator](left, right) if known else UNKNOWN
            made = Comparison(node, env, left, right, result)
            if self.seen is not None:
                self.seen.append(made)
            return Found(result, (made,))
        if UNKNOWN in values:
            return Found(UNKNOWN)
        low, high = (1, _LAST_DAY) if self.is_date(node, env) else (INT_MIN, INT_MAX)
        computed = compute(node.operator, values)
        return Found(computed if computed is not None and low <= computed <= high else UNKNOWN)

    def _call(self, node: Call, env: Env) -> Found:
        if node.function in self.book.macros:
            return self.find(*self.expand(node, env))
        argument: Any = self.find(node.arguments[0], env).value
        if node.function == "has":
            return Found(argument is not UNKNOWN)
        if argument is UNKNOWN or (node.function == "max" and not argument):
            return Found(UNKNOWN)
        if node.function == "size":
            return Found(len(argument))
        total = sum(argument) if node.function == "sum" else max(argument)
        return Found(total if INT_MIN <= total <= INT_MAX else UNKNOWN)

    def _loop(self, node: Loop, env: Env) -> Found:
        elements = self.elements(node, env)
        if elements is None:
            return Found(UNKNOWN)
        found = [self.find(node.body, inside) for _, inside in elements]
        if node.method in ("exists", "all"):
            return kleene(found, definite=node.method == "exists")
        values = _all_known(each.value for each in found)
        if node.method == "map" or values is UNKNOWN:
            return Found(values)
        kept = (element for (element, _), each in zip(elements, found, strict=True) if each.value)
        return Found(tuple(kept))


def kleene(found: Iterable[Found], *, definite: bool) -> Found:
    """`||` (`definite` true) or `&&` of what was found; all that could have decided it decided."""
    parts = list(found)
    deciding = [part for part in parts if part.value is definite] or parts
    unknown = any(part.value is UNKNOWN for part in deciding)
    value: Value = UNKNOWN if unknown else deciding[0].value if deciding else not definite
    return Found(value, tuple(each for part in deciding for each in part.decided_by))


def compute(operator: str, values: list[Any]) -> int | None:
    """Arithmetic of the rule language; None for a division by zero."""
    if len(values) == 1:
        return -int(values[0])
    a, b = values
    match operator:
        case "+":
            return int(a + b)
        case "-":
            return int(a - b)
        case "*":
            return int(a * b)
    if b == 0:
        return None
    quotient = abs(a) // abs(b)
    return int(quotient if (a < 0) == (b < 0) else -quotient)


def dotted(node: Node, env: Env) -> str:
    """The dotted name that a node is (`declared.hbm`), or an empty text."""
    if isinstance(node, Member) and isinstance(node.operand, Identifier):
        root = node.operand.name
        if root not in env:
            return f"{root}.{node.name}"
    return ""


def written(node: Node, env: Env = NO_VARIABLES) -> str:
    """A node as an expression again, a macro's parameter as its caller wrote it."""
    match node:
        case Literal(value=bool() as value):
            return str(value).lower()
        case Literal(value=int() as value):
            return f"{value:_}"
        case Literal(value=value):
            return f"'{value}'"
        case Identifier(name=name):
            bound = env.get(name)
            return name if bound is None or bound.node is None else _inner(bound.node, bound.env)
        case Member(operand=operand, name=name):
            return f"{written(operand, env)}.{name}"
        case Operation(operator=operator, operands=(only,)):
            return f"{operator}{_inner(only, env)}"
        case Operation(operator=operator, operands=operands):
            return f" {operator} ".join(_inner(operand, env) for operand in operands)
        case Conditional(condition=condition, yes=yes, no=no):
            return " ".join((_inner(condition, env), "?", _inner(yes, env), ":", _inner(no, env)))
        case Items(items=items):
            return f"[{', '.join(written(item, env) for item in items)}]"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(written(each, env) for each in arguments)})"
        case Loop(operand=operand, method=method, variable=variable, body=body):
            return f"{written(operand, env)}.{method}({variable}, {written(body, env)})"


def _inner(node: Node, env: Env | None) -> str:
    text = written(node, env or {})
    return f"({text})" if isinstance(node, Operation | Conditional) else text


def _all_known(values: Iterable[Value]) -> Value:
    listed = tuple(values)
    return UNKNOWN if any(value is UNKNOWN for value in listed) else listed
