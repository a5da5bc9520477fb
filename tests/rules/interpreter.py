"""The meaning of typed trees, said once more as plainly as possible: a walk over the tree.

The tests hold `attest.rules.compile` to it: the same value, and the same trace in the same order.
Nothing is remembered here: what is read twice is noted twice.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attest.rules import tree as t
from attest.rules.runtime import Frame
from attest.rules.types import UNKNOWN, Value

Variables = Mapping[t.Variable, Any]
NONE: Variables = MappingProxyType({})

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, items: item in items,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else UNKNOWN,
}


def interpret(tree: t.Tree, frame: Frame, variables: Variables = NONE) -> Any:
    """The value of a tree, with its trace left in the frame."""

    def value(of: t.Tree, **_: None) -> Any:
        return interpret(of, frame, variables)

    match tree:
        case t.Constant(constant):
            return constant
        case t.Variable():
            return variables[tree]
        case t.Known(name):
            return _noted(frame, name, frame.values.get(name, UNKNOWN))
        case t.Condition(name):
            return frame.condition(name)
        case t.Quantity(name):
            return frame.quantity(name)
        case t.Result(name):
            return frame.result(name)
        case t.Part(operand, member, label):
            structure = value(operand)
            if structure is UNKNOWN:
                return UNKNOWN
            if member not in structure:
                frame.miss(label)
            return structure.get(member, UNKNOWN)
        case t.Has():
            return _tested(frame, tree.text, _has(tree, frame, variables))
        case t.Compare(sign, text, left, right):
            return _tested(frame, text, _strict(OPERATORS[sign], value(left), value(right)))
        case t.Chain(definite, operands):
            seen = set()
            for operand in operands:
                seen.add(value(operand))
                if definite in seen:
                    return definite
            return UNKNOWN if UNKNOWN in seen else not definite
        case t.Choice(condition, yes, no):
            decided = value(condition)
            return UNKNOWN if decided is UNKNOWN else value(yes if decided else no)
        case t.Bind(variable, argument, body):
            return interpret(body, frame, {**variables, variable: value(argument)})
        case t.Quantifier() | t.Selection():
            return _loop(tree, frame, variables)
        case t.Not(operand):
            return _strict(operator.not_, value(operand))
        case t.Negative(operand):
            return _bounded(_strict(operator.neg, value(operand)))
        case t.Arithmetic(sign, date, left, right):
            result = _strict(OPERATORS[sign], value(left), value(right))
            return _bounded(result, date=date)
        case t.Listed(items):
            return _strict(lambda *values: values, *map(value, items))
        case t.Measure("size", operand):
            return _strict(len, value(operand))
        case t.Measure("sum", operand):
            return _bounded(_strict(sum, value(operand)))
        case t.Measure("max", operand):
            return _strict(lambda values: max(values, default=UNKNOWN), value(operand))
    raise AssertionError(tree)


def _noted(frame: Frame, name: str, value: Value) -> Value:
    if value is UNKNOWN:
        frame.miss(name)
    else:
        frame.used[name] = value
    return value


def _tested(frame: Frame, text: str, result: Value) -> Value:
    frame.tests[text, {True: "true", False: "false", UNKNOWN: "unknown"}[result]] = None
    return result


def _has(tree: t.Has, frame: Frame, variables: Variables) -> bool:
    match tree.operand:
        case t.Known(name):
            if name in frame.values:
                frame.used[name] = frame.values[name]
            return name in frame.values
        case t.Part(operand, member):
            structure = interpret(operand, frame, variables)
            return structure is not UNKNOWN and member in structure
        case result:
            return interpret(result, frame, variables) is not UNKNOWN


def _loop(tree: t.Quantifier | t.Selection, frame: Frame, variables: Variables) -> Any:
    elements = interpret(tree.operand, frame, variables)
    if elements is UNKNOWN:
        return UNKNOWN
    bodies = []
    for element in elements:
        bodies.append(interpret(tree.body, frame, {**variables, tree.variable: element}))
        if isinstance(tree, t.Quantifier) and bodies[-1] is tree.definite:
            return tree.definite
    if UNKNOWN in bodies:
        return UNKNOWN
    if isinstance(tree, t.Quantifier):
        return not tree.definite
    if tree.keep:
        return tuple(element for element, body in zip(elements, bodies, strict=True) if body)
    return tuple(bodies)


def _strict(compute: Callable[..., Any], *operands: Any) -> Any:
    return UNKNOWN if any(each is UNKNOWN for each in operands) else compute(*operands)


def _bounded(value: Any, *, date: bool = False) -> Any:
    low, high = (1, dt.date.max.toordinal()) if date else (-(2**63), 2**63 - 1)
    return value if value is not UNKNOWN and low <= value <= high else UNKNOWN
