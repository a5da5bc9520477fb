"""A pack: one immutable edition of rules, compiled and ready to evaluate (SPEC 8).

`read_pack_folder` makes the canonical document out of TOML, `compile_pack` makes a `Pack` out of
the document. The digest of the document is the identity of the edition:

>>> raw = canonical({"v": 1, "engine": 1, "id": "none", "edition": "2026-11-24", "layer": "house",
...     "title": "No rules", "effective": {"from": "2026-11-24"},
...     "params": [], "definitions": [], "ambiguities": [], "rules": []})
>>> pack = compile_pack(raw)
>>> pack.id, pack.digest == digest(raw), pack.rules
('none', True, ())
>>> compile_pack(raw.replace(b'"engine":1', b'"engine":2'))
Traceback (most recent call last):
attest.errors.RuleError: engine-unknown: the pack needs engine 2; this is engine 1
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from attest import limits
from attest.encoding import Json, canonical, digest, loads
from attest.errors import InputError, RuleError
from attest.rules import source, syntax
from attest.rules.expr import Compiler, Expression, Macro
from attest.rules.facts import FACTS
from attest.rules.folder import Folder
from attest.rules.order import at, check_links, evaluation_order
from attest.rules.places import Place, Places, place_of, refuse
from attest.rules.runtime import NOTHING, TRACE
from attest.rules.shape import check_shape
from attest.rules.types import BOOL, DATE, INT, STRING, Type, Value, named_type

ENGINE: Final = 1
"""The semantics of rules that this version has; a pack names the one it was written for."""

OPEN_END: Final = dt.date.max.toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamVersion:
    """A value from day `first` to day `last` (ordinals, both included)."""

    first: int
    last: int
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A dated value; `tested_on` is `completion` or `decision`; versions newest first."""

    tested_on: str
    versions: tuple[ParamVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How an ambiguous point touches a rule: when it matters and what the other reading says."""

    ambiguity: str
    name: str
    when: Expression
    holds: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """One rule from day `first` to day `last` (ordinals, both included)."""

    first: int
    last: int
    stated: Mapping[str, Json]
    """What every finding of this version says: pack, rule, layer, kind, version, citation, …"""
    applies: Expression | None
    holds: Expression | None
    scope: str
    overcome_by: tuple[str, ...]
    on_fail: str
    says: Mapping[str, str]
    clears_with: tuple[str, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of one of the four kinds; versions newest first. `node` is `rule.` and its name."""

    name: str
    node: str
    kind: str
    tested_on: str
    stated: Mapping[str, Json]
    versions: tuple[RuleVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pack:
    """A compiled pack; its digest, not its object, tells whether it is the same as another.

    `params` and `definitions` are keyed by dotted name (`params.x`, `define.y`), `rules` stand in
    the order of evaluation.
    """

    id: str
    edition: str
    layer: str
    title: str
    digest: str
    first: int
    last: int
    params: Mapping[str, Param]
    definitions: Mapping[str, Expression]
    rules: tuple[Rule, ...]
    order: tuple[str, ...]
    """Definitions and rules by dotted name, each after what it rests on."""
    dates: frozenset[str]
    """The names whose values are dates."""
    rewritten: frozenset[str]
    """The names whose values may not be JSON as they are: dates, lists, computed integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days (both included) on which a param or rule has no version."""

    name: str
    first: dt.date
    last: dt.date


def read_pack_folder(folder: Folder) -> bytes:
    """Read a folder of TOML files (docs/RULES.md) into a canonical pack document.

    The document has been compiled once, so it is a good pack.

    Raises:
        InputError: file.
        RuleError: pack-invalid, expression-invalid, engine-unknown; the detail names the file.
    """
    document, places = source.read_folder(folder)
    try:
        raw = canonical(document)
    except InputError as error:
        raise RuleError("pack-invalid", f"the folder: {error.detail}") from None
    _compile(raw, places)
    return raw


def compile_pack(raw: bytes) -> Pack:
    """Compile a pack document: the exact bytes that its digest names.

    Raises:
        RuleError: pack-invalid, expression-invalid, engine-unknown.
    """
    return _compile(raw, {})


def coverage(pack: Pack, *, until: dt.date) -> tuple[Gap, ...]:
    """The days from the first day of a pack to `until` on which a param or rule has no version.

    Two versions never cover one day: such a pack does not compile.
    """
    dated: list[tuple[str, Sequence[ParamVersion | RuleVersion]]] = [
        *((name, param.versions) for name, param in sorted(pack.params.items())),
        *((f"rule.{rule.name}", rule.versions) for rule in pack.rules),
    ]
    last = min(until.toordinal(), pack.last)
    gaps = []
    for name, versions in dated:
        spans = ((pack.first, versions[-1].first - 1), (versions[0].last + 1, last))
        gaps += [
            Gap(name=name, first=dt.date.fromordinal(a), last=dt.date.fromordinal(min(b, last)))
            for a, b in spans
            if a <= min(b, last)
        ]
    return tuple(gaps)


def _compile(raw: bytes, places: Places) -> Pack:
    document = _open(raw)
    check_shape(document, places)
    first, last = _span(document["effective"], place_of(places, "pack", "").member("effective"))
    check_links(document, places)
    order = evaluation_order(document, places)
    names: dict[str, Type] = dict(FACTS)
    for param in document["params"]:
        kind = named_type(param["type"])
        if kind is not None:
            names[f"params.{param['name']}"] = kind
    names |= {f"rule.{rule['name']}": BOOL for rule in document["rules"]}
    written = {definition["name"]: definition for definition in document["definitions"]}
    macros = {name: _macro(each) for name, each in written.items() if "parameter" in each}
    compiler = Compiler(names, macros)
    definitions = {}
    for node in order:
        root, _, name = node.partition(".")
        if root == "define":
            with at(place_of(places, "definitions", name).member("value"), places):
                definitions[node] = compiler.define(name, written[name]["value"])
    conditions = _Conditions(compiler, places)
    rules = {rule["name"]: _rule(rule, document, conditions) for rule in document["rules"]}
    for name in macros:
        if name not in compiler.macros_used:
            refuse(place_of(places, "definitions", name), "nothing uses this macro")
    return Pack(
        id=document["id"],
        edition=document["edition"],
        layer=document["layer"],
        title=document["title"],
        digest=digest(raw),
        first=first,
        last=last,
        params=MappingProxyType(
            {f"params.{param['name']}": _param(param, places) for param in document["params"]}
        ),
        definitions=MappingProxyType(definitions),
        rules=tuple(rules[node[5:]] for node in order if node.startswith("rule.")),
        order=tuple(node for node in order if not node.endswith("()")),
        dates=frozenset(name for name, kind in compiler.names.items() if kind == DATE),
        rewritten=frozenset(
            name
            for name, kind in compiler.names.items()
            if kind not in (BOOL, STRING) and (kind != INT or name in definitions)
        ),
    )


def _open(raw: bytes) -> Json:
    try:
        document = loads(raw, bytes_max=limits.PACK_BYTES_MAX)
    except InputError as error:
        raise RuleError("pack-invalid", f"the document: {error.code}: {error.detail}") from None
    if not isinstance(document, dict) or type(document.get("engine")) is not int:
        refuse(Place(("the document",)), "not a pack")
    if document["engine"] != ENGINE:
        detail = f"the pack needs engine {document['engine']}; this is engine {ENGINE}"
        raise RuleError("engine-unknown", detail)
    if canonical(document) != raw:
        refuse(Place(("the document",)), "not canonical JSON")
    return document


def _span(version: Mapping[str, str], place: Place) -> tuple[int, int]:
    first = dt.date.fromisoformat(version["from"]).toordinal()
    until = version.get("until")
    last = dt.date.fromisoformat(until).toordinal() if until else OPEN_END
    if last < first:
        refuse(place, "ends before it begins")
    return first, last


def _spans(versions: Sequence[Json], place: Place) -> list[tuple[int, int]]:
    """First and last day of each version; newest first, no day twice, none left out between."""
    places = [place.member("versions").item("version", n + 1) for n in range(len(versions))]
    spans = [_span(each, here) for each, here in zip(versions, places, strict=True)]
    for here, (newer, older) in zip(places[1:], pairwise(spans), strict=True):
        if older[0] >= newer[0]:
            refuse(here, "versions stand newest first")
        if older[1] >= newer[0]:
            refuse(here, "overlaps the version before it")
        if older[1] + 1 < newer[0]:
            refuse(here, "leaves a gap to the version before it")
    return spans


def _macro(definition: Json) -> Macro:
    return Macro(
        name=definition["name"],
        parameter=definition["parameter"],
        source=definition["value"],
        tree=syntax.parse(definition["value"]),
    )


def _param(param: Json, places: Places) -> Param:
    spans = _spans(param["versions"], place_of(places, "params", param["name"]))
    return Param(
        tested_on=param["tested_on"],
        versions=tuple(
            ParamVersion(first=first, last=last, value=_value(param["type"], version["value"]))
            for (first, last), version in zip(spans, param["versions"], strict=True)
        ),
    )


def _value(kind: str, value: Json) -> Value:
    if named_type(kind) == DATE:
        return dt.date.fromisoformat(value).toordinal()
    if isinstance(value, list):
        return tuple(value)
    known: Value = value
    return known


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Compiles the conditions of rules."""

    compiler: Compiler
    places: Places

    def of(
        self, table: Json, member: str, place: Place, *, notes: frozenset[str] = TRACE
    ) -> Expression:
        """A condition; those of a reading note nothing, since a flag shows no trace."""
        with at(place.member(member), self.places):
            return self.compiler.expression(table[member], BOOL, notes=notes)

    def maybe(
        self, table: Json, member: str, place: Place, *, notes: frozenset[str] = TRACE
    ) -> Expression | None:
        return self.of(table, member, place, notes=notes) if member in table else None


def _rule(rule: Json, document: Json, conditions: _Conditions) -> Rule:
    place = place_of(conditions.places, "rules", rule["name"])
    versions = place.member("versions")
    stated = {
        "pack": document["id"],
        "rule": rule["name"],
        "layer": document["layer"],
        "kind": rule["kind"],
    }
    spans = _spans(rule["versions"], place)
    return Rule(
        name=rule["name"],
        node=f"rule.{rule['name']}",
        kind=rule["kind"],
        tested_on=rule["versions"][0]["tested_on"],
        stated=stated,
        versions=tuple(
            _rule_version(version, span, stated, conditions, versions.item("version", number))
            for number, (version, span) in enumerate(zip(rule["versions"], spans, strict=True), 1)
        ),
    )


def _rule_version(
    version: Json,
    span: tuple[int, int],
    stated: Mapping[str, str],
    conditions: _Conditions,
    place: Place,
) -> RuleVersion:
    readings = [
        Reading(
            ambiguity=reading["ambiguity"],
            name=reading["name"],
            when=conditions.of(reading, "when", here, notes=NOTHING),
            holds=conditions.maybe(reading, "holds", here, notes=NOTHING),
        )
        for number, reading in enumerate(version.get("readings", []), 1)
        for here in [place.member("readings").item("reading", number)]
    ]
    return RuleVersion(
        first=span[0],
        last=span[1],
        stated={
            **stated,
            "version": version["from"],
            "citation": version["citation"],
            "confidence": version["confidence"],
            "as_of": version["as_of"],
        },
        applies=conditions.maybe(version, "applies", place),
        holds=conditions.maybe(version, "holds", place),
        scope=version.get("scope", ""),
        overcome_by=tuple(version.get("overcome_by", [])),
        on_fail=version.get("on_fail", ""),
        says=version["says"],
        clears_with=tuple(version.get("clears_with", [])),
        readings=tuple(readings),
    )
