"""The grammar of the rule language: text in, tree out (docs/RULES.md section 5).

A subset of CEL. Precedence from loose to tight: `?:`, `||`, `&&`, comparisons and `in`, `+ -`,
`* /`, `! -`, member access. Chains of `&&` and of `||` are one node, so a long chain is not deep:

>>> tree = parse("a.x && b.x && c.x")
>>> type(tree).__name__, tree.operator, len(tree.operands), tree.depth
('Operation', '&&', 3, 3)
>>> parse("a.x &&")
Traceback (most recent call last):
attest.errors.RuleError: expression-invalid: line 1, column 7: the expression ends too early
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, NoReturn, TypeAlias

from attest import limits
from attest.errors import RuleError

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
LIST_MACROS: Final = frozenset({"exists", "all", "filter", "map"})

_IDENTIFIER_LENGTH_MAX = 64
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<int>[0-9]+(?:_[0-9]+)*(?![A-Za-z0-9_.]))
    |(?P<text>'[^'\\\x00-\x1f]*'|"[^"\\\x00-\x1f]*")
    |(?P<mark>&&|\|\||==|!=|<=|>=|[<>!?:+\-*/.,()\[\]])""",
    re.VERBOSE,
)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_RESERVED = frozenset({"in", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(_Place):
    """`true`, `35_000_000_000`, `'osat'`."""

    value: bool | int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier(_Place):
    """A word on its own: a root of names or a variable."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(_Place):
    """`operand.name`."""

    operand: Node
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(_Place):
    """An operator with its operands: one (`!`, `-`), two, or, for `&&` and `||`, two or more."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(_Place):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(_Place):
    """`[a, b, c]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(_Place):
    """`function(arguments)`."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(_Place):
    """`operand.method(variable, body)` for a list macro."""

    operand: Node
    method: str
    variable: str
    body: Node


Node: TypeAlias = Literal | Identifier | Member | Operation | Conditional | Items | Call | Loop


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def refuse(source: str, offset: int, why: str) -> NoReturn:
    """Raise expression-invalid for a place in a source text."""
    line = source.count("\n", 0, offset) + 1
    column = offset - (source.rfind("\n", 0, offset) + 1) + 1
    raise RuleError("expression-invalid", f"line {line}, column {column}: {why}")


def parse(source: str) -> Node:
    """Parse an expression.

    Raises:
        RuleError: expression-invalid, with line and column; also for more than
            `limits.EXPRESSION_BYTES_MAX` bytes, brackets inside each other over
            `EXPRESSION_BRACKETS_MAX` and a tree deeper than `EXPRESSION_DEPTH_MAX`.
    """
    if len(source.encode("utf-8", "replace")) > limits.EXPRESSION_BYTES_MAX:
        refuse(source, 0, f"the expression is over {limits.EXPRESSION_BYTES_MAX} bytes")
    parser = _Parser(source)
    tree = parser.expression()
    if parser.here.kind != "end":
        parser.refuse_here("an operator is missing before this")
    return tree


def children(tree: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in the order of the text."""
    match tree:
        case Literal() | Identifier():
            return ()
        case Member(operand=operand):
            return (operand,)
        case Operation(operands=below) | Items(items=below) | Call(arguments=below):
            return below
        case Conditional(condition=condition, yes=yes, no=no):
            return (condition, yes, no)
        case Loop(operand=operand, body=body):
            return (operand, body)


def references(tree: Node) -> frozenset[str]:
    """The dotted names (`define.x`, `rule.y`, …) and called functions (`f()`) in a tree."""
    below = frozenset[str]().union(*map(references, children(tree)))
    match tree:
        case Member(operand=Identifier(name=root), name=name):
            return below | {f"{root}.{name}"}
        case Call(function=function):
            return below | {f"{function}()"}
        case _:
            return below


def occurrences(tree: Node, name: str) -> tuple[Identifier, ...]:
    """Where an identifier stands in a tree, in the order of the text."""
    if isinstance(tree, Identifier):
        return (tree,) if tree.name == name else ()
    return tuple(found for child in children(tree) for found in occurrences(child, name))


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    offset = 0
    while offset < len(source):
        match = _TOKEN.match(source, offset)
        if match is None or match.lastgroup is None:
            refuse(source, offset, _what_is_wrong(source[offset]))
        if match.lastgroup != "blank":
            found.append(_Token(match.lastgroup, match.group(), offset, match.end()))
        offset = match.end()
    found.append(_Token("end", "", offset, offset))
    return found


def _what_is_wrong(character: str) -> str:
    if character in "'\"":
        return "a text does not end, or holds a backslash or a line break"
    if character.isascii() and character.isdigit():
        return "numbers are whole and decimal, without suffix"
    return "this character is not of the language"


class _Parser:
    """Recursive descent; `nesting` bounds the recursion, a node's `depth` the tree."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.position = 0
        self.nesting = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.position]

    def refuse_here(self, why: str) -> NoReturn:
        ended = self.here.kind == "end"
        refuse(self.source, self.here.start, "the expression ends too early" if ended else why)

    def take(self) -> _Token:
        token = self.here
        self.position += 1
        return token

    def at(self, *marks: str) -> bool:
        token = self.here
        return token.kind in ("mark", "word") and token.text in marks

    def expect(self, mark: str) -> _Token:
        if not self.at(mark):
            self.refuse_here(f"expected {mark}")
        return self.take()

    def depth_over(self, *below: Node) -> int:
        depth = 1 + max((node.depth for node in below), default=0)
        if depth > limits.EXPRESSION_DEPTH_MAX:
            refuse(self.source, below[0].start, "the expression is nested too deeply")
        return depth

    def expression(self) -> Node:
        self.nesting += 1
        if self.nesting > limits.EXPRESSION_BRACKETS_MAX:
            self.refuse_here("the expression is nested too deeply")
        condition = self.chain("||", lambda: self.chain("&&", self.comparison))
        if not self.at("?"):
            self.nesting -= 1
            return condition
        self.take()
        yes = self.chain("||", lambda: self.chain("&&", self.comparison))
        self.expect(":")
        no = self.expression()
        self.nesting -= 1
        return Conditional(
            start=condition.start,
            end=no.end,
            depth=self.depth_over(condition, yes, no),
            condition=condition,
            yes=yes,
            no=no,
        )

    def chain(self, operator: str, operand: Callable[[], Node]) -> Node:
        operands = [operand()]
        while self.at(operator):
            self.take()
            operands.append(operand())
        return operands[0] if len(operands) == 1 else self.operation(operator, *operands)

    def operation(self, operator: str, *operands: Node) -> Operation:
        return Operation(
            start=operands[0].start,
            end=operands[-1].end,
            depth=self.depth_over(*operands),
            operator=operator,
            operands=operands,
        )

    def comparison(self) -> Node:
        return self.left_to_right(
            _COMPARISONS, lambda: self.left_to_right({"+", "-"}, self.product)
        )

    def product(self) -> Node:
        return self.left_to_right({"*", "/"}, self.unary)

    def left_to_right(
        self, operators: set[str] | frozenset[str], operand: Callable[[], Node]
    ) -> Node:
        left = operand()
        while self.at(*operators):
            operator = self.take().text
            left = self.operation(operator, left, operand())
        return left

    def unary(self) -> Node:
        signs: list[_Token] = []
        while self.at("!", "-"):
            signs.append(self.take())
        if len({sign.text for sign in signs}) > 1:
            refuse(self.source, signs[0].start, "put brackets between ! and -")
        if signs and signs[-1].text == "-" and self.here.kind == "int":
            signs.pop()
            node = self.members(self.integer(negative=True))
        else:
            node = self.members(self.primary())
        for sign in reversed(signs):
            node = Operation(
                start=sign.start,
                end=node.end,
                depth=self.depth_over(node),
                operator=sign.text,
                operands=(node,),
            )
        return node

    def members(self, node: Node) -> Node:
        while self.at("."):
            self.take()
            name = self.word()
            if not self.at("("):
                depth = self.depth_over(node)
                node = Member(
                    start=node.start, end=name.end, depth=depth, operand=node, name=name.text
                )
                continue
            if name.text not in LIST_MACROS:
                refuse(self.source, name.start, "lists have exists, all, filter and map only")
            self.take()
            variable = self.word()
            self.expect(",")
            body = self.expression()
            end = self.expect(")").end
            node = Loop(
                start=node.start,
                end=end,
                depth=self.depth_over(node, body),
                operand=node,
                method=name.text,
                variable=variable.text,
                body=body,
            )
        return node

    def word(self) -> _Token:
        token = self.here
        if token.kind != "word" or token.text in _RESERVED or token.text in ("true", "false"):
            self.refuse_here("expected a name")
        if len(token.text) > _IDENTIFIER_LENGTH_MAX:
            self.refuse_here(f"a name is over {_IDENTIFIER_LENGTH_MAX} characters")
        return self.take()

    def integer(self, *, negative: bool = False) -> Literal:
        token = self.here
        digits = token.text.replace("_", "").lstrip("0")
        value = int(digits[:20] or "0") * (-1 if negative else 1)
        if len(digits) > 19 or not INT_MIN <= value <= INT_MAX:
            self.refuse_here("the number is beyond 64 bits")
        start = self.tokens[self.position - 1].start if negative else token.start
        self.take()
        return Literal(start=start, end=token.end, depth=1, value=value)

    def primary(self) -> Node:
        token = self.here
        if token.kind == "int":
            return self.integer()
        if token.kind == "text":
            self.take()
            return Literal(start=token.start, end=token.end, depth=1, value=token.text[1:-1])
        if self.at("true", "false"):
            self.take()
            return Literal(start=token.start, end=token.end, depth=1, value=token.text == "true")
        if self.at("("):
            self.take()
            inner = self.expression()
            return replace(inner, start=token.start, end=self.expect(")").end)
        if self.at("["):
            self.take()
            items, end = self.arguments("]")
            depth = self.depth_over(*items)
            return Items(start=token.start, end=end, depth=depth, items=items)
        name = self.word()
        if not self.at("("):
            return Identifier(start=name.start, end=name.end, depth=1, name=name.text)
        self.take()
        arguments, end = self.arguments(")")
        return Call(
            start=name.start,
            end=end,
            depth=self.depth_over(*arguments),
            function=name.text,
            arguments=arguments,
        )

    def arguments(self, closing: str) -> tuple[tuple[Node, ...], int]:
        found: list[Node] = []
        while not self.at(closing):
            if found:
                self.expect(",")
            found.append(self.expression())
        return tuple(found), self.take().end
