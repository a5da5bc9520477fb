"""Python code as data: the few statements that rules are made of, and a function out of them.

Nothing here is source text. A function has one argument, `frame`, and reaches nothing else but the
names in `_GLOBALS`:

>>> double = function([ast.Return(ast.BinOp(name("frame"), ast.Mult(), ast.Constant(2)))])
>>> double(21)
42
>>> function([ast.Return(call("open", ast.Constant("/etc/passwd")))])(None)
Traceback (most recent call last):
NameError: name 'open' is not defined
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType
from typing import Any, Final

from attest.rules import types


def _divide(a: int, b: int) -> types.Value:
    """The quotient, truncated towards zero."""
    if b == 0:
        return types.UNKNOWN
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


_GLOBALS: Final[dict[str, Any]] = {
    "__builtins__": {},
    "UNKNOWN": types.UNKNOWN,
    "divide": _divide,
    "len": len,
    "max": max,
    "sum": sum,
    "tuple": tuple,
}


def function(body: Sequence[ast.stmt]) -> Callable[[Any], Any]:
    """The function of one argument, `frame`, with these statements."""
    definition = ast.FunctionDef(
        name="rule",
        args=ast.arguments([], [ast.arg("frame")], None, [], [], None, []),
        body=list(body),
        decorator_list=[],
    )
    module = ast.fix_missing_locations(ast.Module([definition], []))
    code = compile(module, "<rule>", "exec")
    (inner,) = (each for each in code.co_consts if isinstance(each, CodeType))
    return FunctionType(inner, _GLOBALS)


def name(of: str) -> ast.expr:
    """A variable, or a name in `_GLOBALS`, read."""
    return ast.Name(of, ast.Load())


def assign(variable: str, value: ast.expr) -> ast.stmt:
    """`variable = value`."""
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def constant(value: object) -> ast.expr:
    """A constant of the code: a truth, a whole number, a text, None, or a tuple of such."""
    return ast.Constant(value)  # type: ignore[arg-type]  # typeshed leaves out tuples


def call(of: str, *arguments: ast.expr) -> ast.expr:
    """`of(arguments)`."""
    return ast.Call(name(of), list(arguments), [])


def method(value: ast.expr, of: str, *arguments: ast.expr) -> ast.expr:
    """`value.of(arguments)`."""
    return ast.Call(ast.Attribute(value, of, ast.Load()), list(arguments), [])


def same(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is right`."""
    return ast.Compare(left, [ast.Is()], [right])


def is_not(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is not right`."""
    return ast.Compare(left, [ast.IsNot()], [right])


UNKNOWN: Final = name("UNKNOWN")
