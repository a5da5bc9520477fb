"""From a typed tree to a Python function: straight-line code, built as a syntax tree.

Nothing is pasted into source text: names and texts of a pack become constants of the code, and the
only identifiers are those of this module. Every value goes into a local variable of its own, in the
order of the text; `&&`, `||`, `?:` and the list macros become branches and loops around what they
may skip. A function reads its `Frame`, answers with a value or `UNKNOWN` and leaves in the frame
what it rests on:

>>> from attest.rules.runtime import NOTHING, frame_over
>>> from attest.rules.tree import Constant
>>> tree = Compare("<", "a.x < 7", Known("a.x"), Constant(7))
>>> frame = frame_over({"a.x": 3})
>>> compiled(tree)(frame), frame.used, list(frame.tests)
(True, {'a.x': 3}, [('a.x < 7', 'true')])
>>> code = ast.fix_missing_locations(ast.Module(_Writer(NOTHING).body(tree), []))
>>> print(ast.unparse(code))
get = frame.values.get
v1 = get('a.x', UNKNOWN)
if v1 is UNKNOWN:
    v2 = UNKNOWN
else:
    v2 = v1 < 7
return v2

What is read a second time was noted the first time: it is taken from its variable, wherever the
first reading is sure to have come before.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from attest.rules.code import UNKNOWN, assign, call, constant, function, is_not, method, name, same
from attest.rules.runtime import TRACE, Run
from attest.rules.syntax import INT_MAX, INT_MIN
from attest.rules.tree import (
    Arithmetic,
    Bind,
    Chain,
    Choice,
    Compare,
    Condition,
    Constant,
    Has,
    Known,
    Listed,
    Measure,
    Negative,
    Not,
    Part,
    Quantifier,
    Quantity,
    Result,
    Selection,
    Tree,
    Variable,
)

_ORDINAL_MAX: Final = dt.date.max.toordinal()

_COMPARISONS: Final[Mapping[str, ast.cmpop]] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
    "in": ast.In(),
}
_ARITHMETIC: Final[Mapping[str, ast.operator]] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult()}


def compiled(tree: Tree, notes: frozenset[str] = TRACE) -> Run:
    """The function of a tree, which leaves `notes` of what it rests on in its frame."""
    return function(_Writer(notes).body(tree))


class _Operand(NamedTuple):
    """A value that was computed: how to read it, and whether it is never unknown."""

    read: ast.expr
    known: bool


class _Writer:
    """Writes the body of one function.

    `_block` takes the statements; `_noted` holds what was read and noted on every way to here.
    """

    def __init__(self, notes: frozenset[str]) -> None:
        self._notes = notes
        self._block: list[ast.stmt] = []
        self._noted: dict[object, _Operand] = {}
        self._variables: dict[Variable, _Operand] = {}
        self._locals = 0
        self._parts: set[str] = set()

    def body(self, tree: Tree) -> list[ast.stmt]:
        """The statements that compute a tree."""
        value = self._write(tree)
        opening = [
            assign(part, ast.Attribute(name("frame"), part, ast.Load()))
            for part in sorted(self._parts - {"get"})
        ]
        if "get" in self._parts:
            values = ast.Attribute(name("frame"), "values", ast.Load())
            opening.append(assign("get", ast.Attribute(values, "get", ast.Load())))
        return [*opening, *self._block, ast.Return(value.read)]

    def _write(self, tree: Tree) -> _Operand:
        match tree:
            case Constant(value):
                return _Operand(constant(value), known=True)
            case Variable():
                return self._variables[tree]
            case Known(known):
                return self._known(known)
            case Condition() | Quantity() | Result():
                return self._result(tree)
            case Part():
                return self._part(tree)
            case Has():
                return self._has(tree)
            case Compare():
                left, right = self._write(tree.left), self._write(tree.right)
                test = ast.Compare(left.read, [_COMPARISONS[tree.operator]], [right.read])
                return self._tested(tree.text, test, left, right)
            case Chain():
                return self._chain(tree)
            case Choice():
                return self._choice(tree)
            case Quantifier():
                return self._quantifier(tree)
            case Selection():
                return self._selection(tree)
            case Bind(variable, argument, body):
                self._variables[variable] = self._write(argument)
                return self._write(body)
            case _:
                return self._computed(tree)

    # Statements

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    def _assigned(self, value: ast.expr, *, known: bool = False) -> _Operand:
        local = self._local()
        self._block.append(assign(local, value))
        return _Operand(name(local), known)

    def _frame(self, part: str) -> ast.expr:
        self._parts.add(part)
        return name(part)

    @contextmanager
    def _inside(self, noted: dict[object, _Operand] | None = None) -> Iterator[list[ast.stmt]]:
        """Write into a block that may be skipped: what is noted there counts only there."""
        outer = self._block, self._noted
        self._block, self._noted = [], dict(self._noted) if noted is None else noted
        yield self._block
        self._block, self._noted = outer

    def _unless_unknown(
        self,
        operands: Sequence[_Operand],
        known: list[ast.stmt],
        unknown: list[ast.stmt],
    ) -> None:
        """Do `unknown` when an operand is unknown, else `known`."""
        checks = [same(each.read, UNKNOWN) for each in operands if not each.known]
        if checks:
            check = checks[0] if len(checks) == 1 else ast.BoolOp(ast.Or(), checks)
            self._block.append(ast.If(check, unknown, known))
        else:
            self._block += known

    def _strict(self, value: ast.expr, *operands: _Operand, total: bool = True) -> _Operand:
        """A value that is unknown when an operand is, and else only if it is not `total`."""
        local = self._local()
        self._unless_unknown(operands, [assign(local, value)], [assign(local, UNKNOWN)])
        return _Operand(name(local), total and all(each.known for each in operands))

    # The trace

    def _note(self, part: str, key: object, value: ast.expr) -> list[ast.stmt]:
        if part not in self._notes:
            return []
        slot = ast.Subscript(self._frame(part), constant(key), ast.Store())
        return [ast.Assign([slot], value)]

    def _miss(self, label: str) -> list[ast.stmt]:
        if "missing" not in self._notes:
            return []
        return [ast.Expr(method(name("frame"), "miss", constant(label)))]

    def _if(self, test: ast.expr, yes: list[ast.stmt], no: list[ast.stmt]) -> list[ast.stmt]:
        """A branch, as far as there is something to do."""
        if yes:
            return [ast.If(test, yes, no)]
        return [ast.If(ast.UnaryOp(ast.Not(), test), no, [])] if no else []

    def _outcome(self, local: str, value: ast.expr, text: str, result: str) -> list[ast.stmt]:
        return [assign(local, value), *self._note("tests", (text, result), constant(None))]

    def _tested(self, text: str, test: ast.expr, *operands: _Operand) -> _Operand:
        """A comparison, which the trace names with what came out."""
        if "tests" not in self._notes:
            return self._strict(test, *operands)
        local = self._local()
        decided = ast.If(
            test,
            self._outcome(local, constant(True), text, "true"),
            self._outcome(local, constant(False), text, "false"),
        )
        self._unless_unknown(operands, [decided], self._outcome(local, UNKNOWN, text, "unknown"))
        return _Operand(name(local), all(each.known for each in operands))

    # Names

    def _known(self, name: str) -> _Operand:
        if name in self._noted:
            return self._noted[name]
        value = self._assigned(ast.Call(self._frame("get"), [constant(name), UNKNOWN], []))
        used = self._note("used", name, value.read)
        self._block += self._if(same(value.read, UNKNOWN), self._miss(name), used)
        self._noted[name] = value
        return value

    def _result(self, tree: Condition | Quantity | Result) -> _Operand:
        if tree.name in self._noted:
            return self._noted[tree.name]
        if self._notes:
            reader = type(tree).__name__.lower()
            value = method(name("frame"), reader, constant(tree.name))
        elif isinstance(tree, Result):
            value = ast.Call(self._frame("get"), [constant(tree.name)], [])
        else:
            value = method(name("frame"), "definition", constant(tree.name))
        self._noted[tree.name] = self._assigned(value)
        return self._noted[tree.name]

    def _part(self, tree: Part) -> _Operand:
        structure = self._write(tree.operand)
        key = (structure.read, tree.member, tree.label)
        if key in self._noted:
            return self._noted[key]
        local = self._local()
        value = _Operand(name(local), known=False)
        read = method(structure.read, "get", constant(tree.member), UNKNOWN)
        missing = self._if(same(value.read, UNKNOWN), self._miss(tree.label), [])
        known = [assign(local, read), *missing]
        self._unless_unknown([structure], known, [assign(local, UNKNOWN)])
        self._noted[key] = value
        return value

    def _has(self, tree: Has) -> _Operand:
        match tree.operand:
            case Known(name):
                value = self._assigned(ast.Call(self._frame("get"), [constant(name)], []))
                has = is_not(value.read, constant(None))
                self._block += self._if(has, self._note("used", name, value.read), [])
            case Part(operand, member):
                structure = self._write(operand)
                has = ast.Compare(constant(member), [ast.In()], [structure.read])
                if not structure.known:
                    has = ast.BoolOp(ast.And(), [is_not(structure.read, UNKNOWN), has])
            case result:
                has = is_not(self._result(result).read, UNKNOWN)
        return self._tested(tree.text, has)

    # Branches and loops

    def _chain(self, tree: Chain) -> _Operand:
        first, *rest = tree.operands
        result = self._local()
        operand = self._write(first)
        known = operand.known
        self._block.append(assign(result, operand.read))
        noted = dict(self._noted)  # an operand is looked at only after all before it
        for each in rest:
            with self._inside(noted) as block:
                operand = self._write(each)
                known = known and operand.known
                counts = is_not(operand.read, constant(not tree.definite))
                block.append(ast.If(counts, [assign(result, operand.read)], []))
            open_still = is_not(name(result), constant(tree.definite))
            self._block.append(ast.If(open_still, block, []))
        return _Operand(name(result), known)

    def _choice(self, tree: Choice) -> _Operand:
        condition = self._write(tree.condition)
        result, known = self._local(), condition.known
        branches = []
        for each in (tree.yes, tree.no):
            with self._inside() as block:
                value = self._write(each)
                known = known and value.known
                block.append(assign(result, value.read))
            branches.append(block)
        decided = ast.If(condition.read, *branches)
        self._unless_unknown([condition], [decided], [assign(result, UNKNOWN)])
        return _Operand(name(result), known)

    def _quantifier(self, tree: Quantifier) -> _Operand:
        elements = self._write(tree.operand)
        result, element = self._local(), self._local()
        self._variables[tree.variable] = _Operand(name(element), known=True)
        with self._inside() as block:
            value = self._write(tree.body)
            definite = [assign(result, constant(tree.definite)), ast.Break()]
            block.append(ast.If(same(value.read, constant(tree.definite)), definite, []))
            if not value.known:
                block.append(ast.If(same(value.read, UNKNOWN), [assign(result, UNKNOWN)], []))
        loop = ast.For(ast.Name(element, ast.Store()), elements.read, block, [])
        start = assign(result, constant(not tree.definite))
        self._unless_unknown([elements], [start, loop], [assign(result, UNKNOWN)])
        return _Operand(name(result), elements.known and value.known)

    def _selection(self, tree: Selection) -> _Operand:
        elements = self._write(tree.operand)
        result, element, unknown = self._local(), self._local(), self._local()
        self._variables[tree.variable] = _Operand(name(element), known=True)
        with self._inside() as block:
            value = self._write(tree.body)
            found = name(element) if tree.keep else value.read
            take: list[ast.stmt] = [ast.Expr(method(name(result), "append", found))]
            if tree.keep:
                take = [ast.If(value.read, take, [])]
            self._unless_unknown([value], take, [assign(unknown, constant(True))])
        loop = [
            assign(result, ast.List([], ast.Load())),
            assign(unknown, constant(False)),
            ast.For(ast.Name(element, ast.Store()), elements.read, block, []),
            assign(result, ast.IfExp(name(unknown), UNKNOWN, call("tuple", name(result)))),
        ]
        self._unless_unknown([elements], loop, [assign(result, UNKNOWN)])
        return _Operand(name(result), elements.known and value.known)

    # Values

    def _computed(self, tree: Not | Negative | Arithmetic | Listed | Measure) -> _Operand:
        match tree:
            case Not(operand):
                value = self._write(operand)
                return self._strict(ast.UnaryOp(ast.Not(), value.read), value)
            case Negative(operand):
                value = self._write(operand)
                return self._bounded(ast.UnaryOp(ast.USub(), value.read), [value])
            case Arithmetic(operator, date, left, right):
                a, b = self._write(left), self._write(right)
                if operator == "/":
                    quotient = self._strict(call("divide", a.read, b.read), a, b, total=False)
                    return self._bounded(quotient.read, [quotient])
                result = ast.BinOp(a.read, _ARITHMETIC[operator], b.read)
                return self._bounded(result, [a, b], date=date)
            case Listed(items):
                values = [self._write(item) for item in items]
                whole = ast.Tuple([value.read for value in values], ast.Load())
                return self._strict(whole, *values)
            case Measure("size", operand):
                value = self._write(operand)
                return self._strict(call("len", value.read), value)
            case Measure("sum", operand):
                value = self._write(operand)
                return self._bounded(call("sum", value.read), [value])
            case Measure(_, operand):
                value = self._write(operand)
                largest = ast.IfExp(value.read, call("max", value.read), UNKNOWN)
                return self._strict(largest, value, total=False)

    def _bounded(
        self, value: ast.expr, operands: Sequence[_Operand], *, date: bool = False
    ) -> _Operand:
        """An integer within 64 bits, or a day within the calendar; anything else is unknown."""
        low, high = (1, _ORDINAL_MAX) if date else (INT_MIN, INT_MAX)
        local = self._local()
        within = ast.Compare(constant(low), [ast.LtE(), ast.LtE()], [name(local), constant(high)])
        outside = ast.If(ast.UnaryOp(ast.Not(), within), [assign(local, UNKNOWN)], [])
        self._unless_unknown(operands, [assign(local, value), outside], [assign(local, UNKNOWN)])
        return _Operand(name(local), known=False)
