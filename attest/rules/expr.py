"""Expressions of the rule language: parsed, type-checked, compiled (docs/RULES.md section 5).

A `Compiler` knows the names with their types and the macros of one pack. Each expression becomes a
function that answers true, false, a value or `UNKNOWN` and leaves a trace in its frame:

>>> from attest.rules.runtime import frame_over
>>> compiler = Compiler({"a.count": INT, "a.hbm": BOOL})
>>> rule = compiler.expression("a.count < 30_000_000_000 && !a.hbm", BOOL)
>>> frame = frame_over({"a.count": 29_999_999_999})
>>> rule.run(frame), frame.used, sorted(frame.missing)
(UNKNOWN, {'a.count': 29999999999}, ['a.hbm'])
>>> list(frame.tests)
[('a.count < 30_000_000_000', 'true')]
>>> compiler.expression("a.count < 'many'", BOOL)
Traceback (most recent call last):
attest.errors.RuleError: expression-invalid: line 1, column 1: < cannot take int and string
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, NamedTuple, NoReturn

from attest import limits
from attest.rules import syntax, tree
from attest.rules.compile import compiled
from attest.rules.runtime import MISSING, NOTHING, TRACE, Run
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
from attest.rules.tree import Tree, Variable
from attest.rules.types import (
    BOOL,
    DATE,
    INT,
    STRING,
    UNKNOWN,
    ListOf,
    Scalar,
    Struct,
    Type,
    type_name,
)

__all__ = ["UNKNOWN", "Compiler", "Expression", "Macro"]

ROOTS: Final = frozenset(
    {"declared", "fabricator", "osat", "transaction", "params", "define", "rule"}
)
FUNCTIONS: Final = frozenset({"has", "size", "sum", "max"})

_RESULTS: Final = ("define.", "rule.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """A definition over one list element; `tree` is the parsed `source`."""

    name: str
    parameter: str
    source: str
    tree: Node


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A checked expression. `depth` counts the levels, with definitions and macros expanded.

    `notes` are what it leaves in its frame.
    """

    source: str
    type: Type
    tree: Tree
    depth: int
    notes: frozenset[str]

    @cached_property
    def run(self) -> Run:
        """The function of the expression; made when it is first needed, as most never are."""
        return compiled(self.tree, self.notes)

    @cached_property
    def bare(self) -> Run:
        """The function that answers the same and leaves nothing in its frame."""
        return compiled(self.tree, NOTHING) if self.notes else self.run

    @cached_property
    def reads(self) -> frozenset[str]:
        """The facts, params, definitions and rules that the expression names itself."""
        return frozenset(tree.names(self.tree))


class _Typed(NamedTuple):
    type: Type
    tree: Tree
    origin: str = ""
    """For a list of facts, the name that it comes from; for a variable, that name and `[]`."""


@dataclass(frozen=True, kw_only=True)
class _Context:
    source: str
    variables: Mapping[str, _Typed] = field(default_factory=dict)
    depth: int = 0
    loops: int = 0
    macro: Macro | None = None
    argument: str = ""
    """What the caller wrote for the macro's parameter."""

    def refuse(self, node: Node, why: str) -> NoReturn:
        place = f" (in the macro {self.macro.name})" if self.macro else ""
        syntax.refuse(self.source, node.start, why + place)

    def text(self, *nodes: Node) -> str:
        """The source from the first node to the last, a macro's parameter as its argument."""
        pieces, offset = [], nodes[0].start
        for node in nodes:
            for place in syntax.occurrences(node, self.macro.parameter) if self.macro else ():
                pieces += [self.source[offset : place.start], self.argument]
                offset = place.end
        return " ".join("".join([*pieces, self.source[offset : nodes[-1].end]]).split())


class Compiler:
    """Compiles the expressions of one pack.

    `names` maps each dotted name (`declared.hbm`, `params.x`, `rule.y`) to its type; `define` adds
    a definition to them.
    """

    def __init__(
        self, names: Mapping[str, Type], macros: Mapping[str, Macro] | None = None
    ) -> None:
        self.macros_used: set[str] = set()
        self.names = dict(names)
        self._macros = macros or {}
        self._depths: dict[str, int] = {}
        self._variables = 0
        self._nodes = 0
        self._deepest = 0

    def define(self, name: str, source: str) -> Expression:
        """Compile a definition of any type and make it known as `define.<name>`.

        Raises:
            RuleError: expression-invalid.
        """
        expression = self.expression(source)
        if expression.type != BOOL:
            expression = replace(expression, notes=MISSING)
        self.names[f"define.{name}"] = expression.type
        self._depths[f"define.{name}"] = expression.depth
        return expression

    def expression(
        self, source: str, expected: Type | None = None, *, notes: frozenset[str] = TRACE
    ) -> Expression:
        """Compile an expression, of type `expected` if one is given, that leaves `notes`.

        Raises:
            RuleError: expression-invalid, with line, column and reason; also for what would cost
                more than `limits.PACK_NODES_MAX`, `EXPRESSION_DEPTH_MAX` or `LOOPS_NESTED_MAX`.
        """
        self._deepest = 0
        parsed = syntax.parse(source)
        typed = self._compile(parsed, _Context(source=source))
        if expected is not None and typed.type != expected:
            why = f"this is {type_name(typed.type)}, not {type_name(expected)}"
            syntax.refuse(source, parsed.start, why)
        return Expression(
            source=source,
            type=typed.type,
            tree=typed.tree,
            depth=self._deepest,
            notes=notes,
        )

    def _compile(self, node: Node, outer: _Context) -> _Typed:
        context = replace(outer, depth=outer.depth + 1)
        self._nodes += 1
        if self._nodes > limits.PACK_NODES_MAX:
            context.refuse(node, "the expressions of the pack are too large together")
        self._reach(node, context, context.depth)
        match node:
            case Literal():
                return _literal(node)
            case Identifier():
                return self._identifier(node, context)
            case Member():
                return self._member(node, context)
            case Operation():
                return self._operation(node, context)
            case Conditional():
                return self._conditional(node, context)
            case Items():
                return self._items(node, context)
            case Call():
                return self._call(node, context)
            case Loop():
                return self._loop(node, context)

    def _reach(self, node: Node, context: _Context, depth: int) -> None:
        if depth > limits.EXPRESSION_DEPTH_MAX:
            context.refuse(node, "the expression with its definitions is nested too deeply")
        self._deepest = max(self._deepest, depth)

    def _identifier(self, node: Identifier, context: _Context) -> _Typed:
        found = context.variables.get(node.name)
        if found is None:
            context.refuse(node, f"unknown name {node.name}")
        return found

    def _dotted(self, node: Member, context: _Context) -> str | None:
        if isinstance(node.operand, Identifier) and node.operand.name not in context.variables:
            name = f"{node.operand.name}.{node.name}"
            if name not in self.names:
                context.refuse(node, f"unknown name {name}")
            return name
        return None

    def _structure(self, node: Member, context: _Context) -> tuple[_Typed, Type]:
        operand = self._compile(node.operand, context)
        kind = operand.type
        if not isinstance(kind, Struct) or node.name not in kind.members:
            context.refuse(node, f"{type_name(kind)} has no member {node.name}")
        return operand, kind.members[node.name]

    def _member(self, node: Member, context: _Context) -> _Typed:
        name = self._dotted(node, context)
        if name is None:
            operand, kind = self._structure(node, context)
            label = f"{operand.origin or type_name(operand.type)}.{node.name}"
            return _Typed(kind, tree.Part(operand.tree, node.name, label))
        return _Typed(self.names[name], self._read(name, node, context), name)

    def _read(
        self, name: str, node: Node, context: _Context
    ) -> tree.Known | tree.Condition | tree.Quantity | tree.Result:
        self._reach(node, context, context.depth + self._depths.get(name, 0))
        match name.partition(".")[0]:
            case "rule":
                return tree.Result(name)
            case "define" if self.names[name] == BOOL:
                return tree.Condition(name)
            case "define":
                return tree.Quantity(name)
            case _:
                return tree.Known(name)

    def _operation(self, node: Operation, context: _Context) -> _Typed:
        operands = [self._compile(operand, context) for operand in node.operands]
        trees = tuple(operand.tree for operand in operands)
        types = tuple(operand.type for operand in operands)
        match node.operator, types:
            case "&&" | "||", _ if set(types) == {BOOL}:
                return _Typed(BOOL, tree.Chain(node.operator == "||", trees))
            case "!", (kind,) if kind == BOOL:
                return _Typed(BOOL, tree.Not(*trees))
            case "-", (kind,) if kind == INT:
                return _Typed(INT, tree.Negative(*trees))
            case operator, (left, right) if _comparable(operator, left, right):
                text = context.text(*node.operands)
                return _Typed(BOOL, tree.Compare(operator, text, *trees))
            case "+" | "-" | "*" | "/" as operator, (left, right):
                result = _arithmetic_type(operator, left, right)
                if result is not None:
                    return _Typed(result, tree.Arithmetic(operator, result == DATE, *trees))
        taken = " and ".join(dict.fromkeys(map(type_name, types)))
        return context.refuse(node, f"{node.operator} cannot take {taken}")

    def _conditional(self, node: Conditional, context: _Context) -> _Typed:
        condition = self._compile(node.condition, context)
        yes = self._compile(node.yes, context)
        no = self._compile(node.no, context)
        if condition.type != BOOL:
            context.refuse(node, f"?: cannot decide on {type_name(condition.type)}")
        if yes.type != no.type:
            context.refuse(node, f"?: cannot give {type_name(yes.type)} or {type_name(no.type)}")
        return _Typed(yes.type, tree.Choice(condition.tree, yes.tree, no.tree))

    def _items(self, node: Items, context: _Context) -> _Typed:
        items = [self._compile(item, context) for item in node.items]
        if not items:
            context.refuse(node, "an empty list has no type")
        kind = items[0].type
        if any(item.type != kind for item in items):
            context.refuse(node, "the items of a list are of one type")
        literals = [item.value for item in node.items if isinstance(item, Literal)]
        if len(literals) == len(items):
            return _Typed(ListOf(kind), tree.Constant(tuple(literals)))
        return _Typed(ListOf(kind), tree.Listed(tuple(item.tree for item in items)))

    def _call(self, node: Call, context: _Context) -> _Typed:
        if node.function not in FUNCTIONS and node.function not in self._macros:
            context.refuse(node, f"unknown function {node.function}")
        if len(node.arguments) != 1:
            context.refuse(node, f"{node.function} takes one argument")
        argument = node.arguments[0]
        if node.function in self._macros:
            return self._expand(self._macros[node.function], argument, context)
        if node.function == "has":
            return self._has(node, argument, context)
        operand = self._compile(argument, context)
        if node.function == "size" and isinstance(operand.type, ListOf):
            return _Typed(INT, tree.Measure("size", operand.tree))
        if node.function != "size" and operand.type == ListOf(INT):
            return _Typed(INT, tree.Measure(node.function, operand.tree))
        return context.refuse(node, f"{node.function} cannot take {type_name(operand.type)}")

    def _has(self, node: Call, argument: Node, context: _Context) -> _Typed:
        if not isinstance(argument, Member):
            context.refuse(node, "has takes a name such as x.y")
        text = f"has({context.text(argument)})"
        name = self._dotted(argument, context)
        if name is None:
            operand, _ = self._structure(argument, context)
            return _Typed(BOOL, tree.Has(text, tree.Part(operand.tree, argument.name, "")))
        if name.startswith(_RESULTS):
            return _Typed(BOOL, tree.Has(text, self._read(name, argument, context)))
        return _Typed(BOOL, tree.Has(text, tree.Known(name)))

    def _expand(self, macro: Macro, argument: Node, context: _Context) -> _Typed:
        self.macros_used.add(macro.name)
        given = self._compile(argument, context)
        variable = self._variable()
        inside = _Context(
            source=macro.source,
            variables={macro.parameter: given._replace(tree=variable)},
            depth=context.depth,
            loops=context.loops,
            macro=macro,
            argument=context.text(argument),
        )
        body = self._compile(macro.tree, inside)
        return body._replace(tree=tree.Bind(variable, given.tree, body.tree))

    def _variable(self) -> Variable:
        self._variables += 1
        return Variable(self._variables)

    def _loop(self, node: Loop, context: _Context) -> _Typed:
        operand = self._compile(node.operand, context)
        if not isinstance(operand.type, ListOf):
            context.refuse(node, f"{type_name(operand.type)} is no list")
        if node.variable in context.variables or node.variable in ROOTS:
            context.refuse(node, f"the variable {node.variable} is already a name here")
        if context.loops == limits.LOOPS_NESTED_MAX:
            context.refuse(node, f"more than {limits.LOOPS_NESTED_MAX} list macros are nested")
        item = operand.type.item
        variable = self._variable()
        origin = f"{operand.origin}[]" if operand.origin else type_name(item)
        variables = {**context.variables, node.variable: _Typed(item, variable, origin)}
        inside = replace(context, variables=variables, loops=context.loops + 1)
        body = self._compile(node.body, inside)
        loop = (operand.tree, variable, body.tree)
        if node.method == "map":
            return _Typed(ListOf(body.type), tree.Selection(*loop, keep=False))
        if body.type != BOOL:
            context.refuse(node, f"{node.method} cannot decide on {type_name(body.type)}")
        if node.method == "filter":
            return _Typed(operand.type, tree.Selection(*loop, keep=True), operand.origin)
        return _Typed(BOOL, tree.Quantifier(*loop, definite=node.method == "exists"))


def _literal(node: Literal) -> _Typed:
    value = node.value
    kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else STRING
    return _Typed(kind, tree.Constant(value))


def _comparable(operator: str, left: Type, right: Type) -> bool:
    if operator == "in":
        return isinstance(left, Scalar) and right == ListOf(left)
    if operator in ("==", "!="):
        simple = left.item if isinstance(left, ListOf) else left
        return left == right and isinstance(simple, Scalar)
    return operator in ("<", "<=", ">", ">=") and left == right and left in (INT, DATE)


def _arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    if left == right == INT:
        return INT
    if operator == "-" and left == right == DATE:
        return INT
    if operator == "+" and (left, right) == (DATE, INT):
        return DATE
    return None
