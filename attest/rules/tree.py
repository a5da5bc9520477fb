"""Typed trees: what an expression of the rule language does, once its types are checked.

`attest.rules.expr` makes a tree out of text; `attest.rules.compile` makes a function out of a tree.
Names are resolved, macros expanded and types right, so a tree says nothing about types. Texts are
those of comparisons as a trace shows them:

>>> tree = Compare("<", "a.x < 7", Known("a.x"), Constant(7))
>>> tree.text, list(names(tree))
('a.x < 7', ['a.x'])
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from attest.rules.types import Value


class Constant(NamedTuple):
    """A literal, or a list of literals."""

    value: Value


class Variable(NamedTuple):
    """An element of a list, or the argument of a macro; no two variables share a number."""

    number: int


class Known(NamedTuple):
    """A fact or a param, which may be absent."""

    name: str


class Condition(NamedTuple):
    """A definition that is true or false."""

    name: str


class Quantity(NamedTuple):
    """A definition of any other type."""

    name: str


class Result(NamedTuple):
    """The result of a rule."""

    name: str


class Part(NamedTuple):
    """A member of a structure; `label` is the name under which it may be missing."""

    operand: Tree
    member: str
    label: str


class Has(NamedTuple):
    """Whether a name is known or a structure has a member."""

    text: str
    operand: Known | Condition | Quantity | Result | Part


class Compare(NamedTuple):
    """`==`, `!=`, `<`, `<=`, `>`, `>=` or `in`."""

    operator: str
    text: str
    left: Tree
    right: Tree


class Chain(NamedTuple):
    """`&&` with `definite` false, `||` with `definite` true: Kleene, in order, up to `definite`."""

    definite: bool
    operands: tuple[Tree, ...]


class Not(NamedTuple):
    """`!operand`."""

    operand: Tree


class Choice(NamedTuple):
    """`condition ? yes : no`."""

    condition: Tree
    yes: Tree
    no: Tree


class Negative(NamedTuple):
    """`-operand`."""

    operand: Tree


class Arithmetic(NamedTuple):
    """`+`, `-`, `*`, `/`: integers of 64 bits or, with `date`, days of the calendar."""

    operator: str
    date: bool
    left: Tree
    right: Tree


class Listed(NamedTuple):
    """`[a, b, c]`."""

    items: tuple[Tree, ...]


class Measure(NamedTuple):
    """`size`, `sum` or `max` of a list."""

    function: str
    operand: Tree


class Quantifier(NamedTuple):
    """`exists` with `definite` true, `all` with `definite` false: Kleene over the elements."""

    operand: Tree
    variable: Variable
    body: Tree
    definite: bool


class Selection(NamedTuple):
    """`filter` (`keep`: the elements for which the body is true) or `map` (the body's values).

    An unknown body makes the whole unknown, but every element is still looked at, so that all that
    is missing is named.
    """

    operand: Tree
    variable: Variable
    body: Tree
    keep: bool


class Bind(NamedTuple):
    """A macro: its argument, evaluated once, and its body, which reads it as a variable."""

    variable: Variable
    argument: Tree
    body: Tree


Tree: TypeAlias = (
    Constant
    | Variable
    | Known
    | Condition
    | Quantity
    | Result
    | Part
    | Has
    | Compare
    | Chain
    | Not
    | Choice
    | Negative
    | Arithmetic
    | Listed
    | Measure
    | Quantifier
    | Selection
    | Bind
)


def names(tree: tuple[object, ...]) -> Iterator[str]:
    """The facts, params, definitions and rules that a tree reads, each as often as it does."""
    if isinstance(tree, Known | Condition | Quantity | Result):
        yield tree.name
        return
    for part in tree:
        if isinstance(part, tuple):
            yield from names(part)
