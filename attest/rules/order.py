"""What rests on what in a pack: links, cycles, order (docs/RULES.md section 4).

A pack document of good shape goes in. Rules, definitions and macros form one graph without cycles;
among what is ready, scopes come before ways, ways before presumptions, tests last, else by name:

>>> rule = {"kind": "scope", "versions": [{"holds": "define.z", "tested_on": "completion"}]}
>>> document = {"params": [], "ambiguities": [], "rules": [{**rule, "name": "a"}],
...             "definitions": [{"name": "z", "value": "true"}]}
>>> evaluation_order(document, {})
['define.z', 'rule.a']
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Final, TypeAlias

from attest.encoding import Json
from attest.errors import RuleError
from attest.rules import syntax
from attest.rules.expr import FUNCTIONS, ROOTS
from attest.rules.places import Place, Places, place_of, refuse
from attest.rules.shape import KINDS


def check_links(document: Json, places: Places) -> None:
    """Check the scopes, ways and ambiguities that rules name, and that every way is named.

    Raises:
        RuleError: pack-invalid.
    """
    kinds = {rule["name"]: rule["kind"] for rule in document["rules"]}
    ambiguities = {ambiguity["id"] for ambiguity in document["ambiguities"]}
    named: set[str] = set()
    for rule in document["rules"]:
        place = place_of(places, "rules", rule["name"])
        if len({version["tested_on"] for version in rule["versions"]}) > 1:
            refuse(place, "all versions are tested on the same date")
        for number, version in enumerate(rule["versions"], 1):
            here = place.member("versions").item("version", number)
            if "scope" in version and kinds.get(version["scope"]) != "scope":
                refuse(here.member("scope"), "not a rule of kind scope")
            ways = version.get("overcome_by", [])
            if len(set(ways)) < len(ways) or any(kinds.get(way) != "way" for way in ways):
                refuse(here.member("overcome_by"), "not different rules of kind way")
            named.update(ways)
            for count, reading in enumerate(version.get("readings", []), 1):
                if reading["ambiguity"] not in ambiguities:
                    why = "not in the ambiguities of the pack"
                    refuse(here.member("readings").item("reading", count).member("ambiguity"), why)
    for name, kind in kinds.items():
        if kind == "way" and name not in named:
            refuse(place_of(places, "rules", name), "no presumption names this way")


_IN_MACRO: Final = re.compile(r"\(in the macro ([a-z0-9_]+)\)$")

_Graph: TypeAlias = dict[str, list[str]]


def evaluation_order(document: Json, places: Places) -> list[str]:
    """Rules (`rule.x`), definitions (`define.x`) and macros (`x()`), each after what it rests on.

    Raises:
        RuleError: pack-invalid (a cycle, an unknown name), expression-invalid.
    """
    graph, ranks = _graph(document, places)
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = list(dict.fromkeys(error.args[1]))
        section, name = _section_of(min(cycle))
        refuse(place_of(places, section, name), f"rests on itself: {', '.join(sorted(cycle))}")
    order: list[str] = []
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        for node in sorter.get_ready():
            heapq.heappush(ready, (ranks[node], node))
        _, node = heapq.heappop(ready)
        order.append(node)
        sorter.done(node)
    return order


def _section_of(node: str) -> tuple[str, str]:
    root, _, name = node.partition(".")
    return ("rules", name) if root == "rule" else ("definitions", (name or root).rstrip("()"))


def _graph(document: Json, places: Places) -> tuple[_Graph, dict[str, int]]:
    """What each rule (`rule.x`), definition (`define.x`) and macro (`x()`) rests on."""
    nodes: dict[str, list[tuple[Place, str]]] = {}
    for definition in document["definitions"]:
        name = definition["name"]
        place = place_of(places, "definitions", name)
        if "parameter" in definition and (name in FUNCTIONS or definition["parameter"] in ROOTS):
            refuse(place, "the name belongs to the language")
        node = f"{name}()" if "parameter" in definition else f"define.{name}"
        nodes[node] = [(place.member("value"), definition["value"])]
    links: _Graph = {}
    for rule in document["rules"]:
        node = f"rule.{rule['name']}"
        nodes[node] = _sources(rule, place_of(places, "rules", rule["name"]))
        links[node] = [
            f"rule.{name}"
            for version in rule["versions"]
            for name in (version.get("scope"), *version.get("overcome_by", []))
            if name is not None
        ]
    params = {f"params.{param['name']}" for param in document["params"]}
    graph: _Graph = {}
    for node, sources in nodes.items():
        found: set[str] = set(links.get(node, []))
        for place, text in sources:
            with at(place, places):
                names = syntax.references(syntax.parse(text))
            for name in sorted(names):
                known = name in nodes or name in params
                if name.startswith(("params.", "define.", "rule.")) and not known:
                    refuse(place, f"unknown name {name}")
            found |= names & nodes.keys()
        graph[node] = sorted(found)
    kinds = {f"rule.{rule['name']}": KINDS.index(rule["kind"]) for rule in document["rules"]}
    return graph, {node: kinds.get(node, -1) for node in nodes}


def _sources(rule: Json, place: Place) -> list[tuple[Place, str]]:
    """The expressions of a rule, each with its place."""
    found = []
    for number, version in enumerate(rule["versions"], 1):
        here = place.member("versions").item("version", number)
        tables = [(here, version)]
        for count, reading in enumerate(version.get("readings", []), 1):
            tables.append((here.member("readings").item("reading", count), reading))
        found += [
            (within.member(member), table[member])
            for within, table in tables
            for member in ("applies", "holds", "when")
            if member in table
        ]
    return found


@contextmanager
def at(place: Place, places: Places) -> Iterator[None]:
    """Put the place in front of what is wrong with an expression."""
    try:
        yield
    except RuleError as error:
        macro = _IN_MACRO.search(error.detail)
        body = place_of(places, "definitions", macro[1]) if macro else None
        raise RuleError(error.code, place.in_expression(error.detail, body)) from None
