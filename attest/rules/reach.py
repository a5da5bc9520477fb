"""What the conditions of a rule rest on, through definitions and macros.

>>> document = {"definitions": [{"name": "near", "parameter": "c", "value": "c in params.asia"},
...     {"name": "site", "value": "near(osat.packaging_country)"}]}
>>> found = reached(["define.site && rule.scope"], parts(document))
>>> sorted(found.names)
['define.site', 'near()', 'osat.packaging_country', 'params.asia', 'rule.scope']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from attest.encoding import Json
from attest.rules import syntax
from attest.rules.syntax import Call, Identifier, Member, Node

_CONDITIONS: Final = ("applies", "holds", "when")


class Reach(NamedTuple):
    """The names that were met: facts, `params.x`, `define.x`, `rule.x` and macros `x()`.

    `asked` are those of which `has(…)` is asked somewhere.
    """

    names: frozenset[str]
    asked: frozenset[str]


def parts(document: Json) -> Mapping[str, Node]:
    """The definitions (`define.x`) and macros (`x()`) of a good pack document, parsed."""
    return {
        f"{each['name']}()" if "parameter" in each else f"define.{each['name']}": syntax.parse(
            each["value"]
        )
        for each in document["definitions"]
    }


def conditions(version: Json) -> list[str]:
    """The expressions of a version of a rule, those of its readings included."""
    return [
        table[member]
        for table in (version, *version.get("readings", []))
        for member in _CONDITIONS
        if member in table
    ]


def reached(texts: Iterable[str], written: Mapping[str, Node]) -> Reach:
    """The names that expressions rest on; `written` are the `parts` of their pack."""
    waiting = [syntax.parse(text) for text in texts]
    names: set[str] = set()
    asked: set[str] = set()
    while waiting:
        tree = waiting.pop()
        asked |= _asked(tree)
        fresh = syntax.references(tree) - names
        names |= fresh
        waiting += [written[name] for name in sorted(fresh & written.keys())]
    return Reach(frozenset(names), frozenset(asked))


def _asked(tree: Node) -> set[str]:
    """The names `x.y` of which a tree asks `has(x.y)`."""
    match tree:
        case Call(function="has", arguments=(Member(operand=Identifier(name=root), name=name),)):
            return {f"{root}.{name}"}
        case _:
            return set().union(*map(_asked, syntax.children(tree)))
