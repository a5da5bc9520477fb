"""The released JSON Schemas, and validation against them.

The files in `schemas/v1/` are normative for shapes (docs/SPEC.md is for meaning). Each is JSON
Schema 2020-12 and self-contained; patterns are ECMA-262 and formats are asserted. `validate` is
the hot path and raises the first fault; `explain` lists every fault with the reference validator:

>>> validate("review", {"action": "release"})
Traceback (most recent call last):
attest.errors.InputError: schema-violation at /: required: expected also must_understand, \
decision, reason_code, reason, evidence, reviewed_at
>>> explain("submission", {"v": 2, "envelopes": []})
[('/v', 'const: expected 1'), ('/envelopes', 'minItems: expected at least 1')]

Faults stand in document order, those inside a value before those of the value as a whole. A
message is made of words of the schema, never of the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import jsonschema_rs

from attest import encoding
from attest.data import data_dir
from attest.encoding import Json
from attest.errors import InputError
from attest.lei import is_lei

VERSION: Final = "v1"
_SUFFIX: Final = ".schema.json"
_MEMBERS_MAX: Final = 64
"""No object of a schema has more members than this."""

_EXPLAINED_BY: Final[Mapping[str, set[str]]] = {"type": set(), "format": {"type", "pattern"}}
"""A keyword's fault says nothing where one of these fails too; for every other, the type."""

SCHEMAS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        file.name.removesuffix(_SUFFIX): file.read_bytes()
        for file in sorted((data_dir("schemas") / VERSION).iterdir(), key=lambda file: file.name)
        if file.name.endswith(_SUFFIX)
    }
)
"""The schemas as released: name of the document -> bytes of the file."""


class Fault(NamedTuple):
    """Where a document departs from its schema, by which keyword, and what was expected."""

    path: tuple[str | int, ...]
    keyword: str
    expected: str


def schema_digest(name: str) -> str:
    """The digest of a schema's bytes as released (SPEC 1.3)."""
    return encoding.digest(SCHEMAS[name])


def is_valid(name: str, document: Json) -> bool:
    """Whether a document follows the schema of that name."""
    return _fast_validator(name).is_valid(document)


def validate(name: str, document: Json) -> None:
    """Check a document of `encoding.loads` against the schema of that name.

    Raises:
        InputError: schema-violation, with the pointer and the keyword of the first fault.
    """
    if not is_valid(name, document):
        pointer, message = _listed(fast_faults(name, document), document)[0]
        raise InputError("schema-violation", message, pointer=pointer)


def explain(name: str, document: Json) -> list[tuple[str, str]]:
    """Every fault as (JSON pointer, message), in document order; empty for a valid document.

    The first is the one that `validate` raises. The reference validator finds them, slower by two
    orders of magnitude than `validate`.
    """
    return _listed(reference_faults(name, document), document)


def fast_faults(name: str, document: Json) -> frozenset[Fault]:
    """The faults that jsonschema-rs finds, without those that another one explains.

    No reader needs a million faults: arrays and objects are looked at as far as a valid one could
    go, and one item further.
    """
    faults = []
    for error in _fast_validator(name).iter_errors(_cut(document, _items_max(name))):
        schema = _schema(name)
        *place, keyword = error.schema_path
        for step in place:
            schema = schema[step]
        faults.append(_fault(tuple(error.instance_path), str(keyword), schema, error.instance))
    return _telling(faults)


def reference_faults(name: str, document: Json) -> frozenset[Fault]:
    """The same faults as jsonschema finds them."""
    return _telling(
        _fault(tuple(error.absolute_path), str(error.validator), error.schema, error.instance)
        for error in _reference_validator(name).iter_errors(_cut(document, _items_max(name)))
    )


@cache
def _schema(name: str) -> Json:
    return json.loads(SCHEMAS[name])


@cache
def _items_max(name: str) -> int:
    bounds = re.findall(rb'"max(?:Items|Properties)":\s*([0-9]+)', SCHEMAS[name])
    return max([_MEMBERS_MAX, *map(int, bounds)])


def _cut(value: Json, items_max: int) -> Json:
    if isinstance(value, list):
        return [_cut(item, items_max) for item in value[: items_max + 1]]
    if isinstance(value, dict):
        members = islice(value.items(), items_max + 1)
        return {name: _cut(member, items_max) for name, member in members}
    return value


@cache
def _fast_validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        _schema(name), validate_formats=True, formats={"lei": is_lei}
    )


@cache
def _reference_validator(name: str) -> Any:
    import jsonschema  # late: only the slow path needs it

    def ecma_pattern(_validator: Any, pattern: str, text: Json, _schema: Json) -> Iterator[Any]:
        # Python's `$` also matches before a final line feed; that of ECMA-262 does not.
        if isinstance(text, str) and not re.search(pattern.replace("$", r"\Z"), text):
            yield jsonschema.ValidationError("pattern")

    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date", raises=InputError)(_parses(encoding.parse_date))
    formats.checks("date-time", raises=InputError)(_parses(encoding.parse_instant))
    formats.checks("lei")(lambda value: not isinstance(value, str) or is_lei(value))
    extend: Callable[..., Any] = jsonschema.validators.extend
    extended = extend(jsonschema.Draft202012Validator, {"pattern": ecma_pattern})
    return extended(_schema(name), format_checker=formats)


def _parses(parse: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or parse(value) is not None


def _fault(path: tuple[str | int, ...], keyword: str, schema: Json, instance: Json) -> Fault:
    if keyword == "maxContains":  # the two validators name a failing `contains` differently
        keyword = "contains"
    return Fault(path, keyword, _expected(keyword, schema, instance))


def _expected(keyword: str, schema: Json, instance: Json) -> str:
    wanted = schema[keyword]
    match keyword:
        case "required":
            return "also " + ", ".join(name for name in wanted if name not in instance)
        case "additionalProperties":
            known = [*schema.get("properties", ()), *schema.get("patternProperties", ())]
            return "only " + ", ".join(known)
        case "type":
            return wanted if isinstance(wanted, str) else " or ".join(wanted)
        case "enum" | "format" if "title" in schema:
            return str(schema["title"])
        case "enum":
            return "one of " + ", ".join(wanted)
        case "const":
            return json.dumps(wanted)
        case "not" | "contains":
            return f"that {schema['title']}"
        case "uniqueItems":
            return "no item twice"
        case _ if keyword.startswith("min"):
            return f"at least {wanted}"
        case _ if keyword.startswith("max"):
            return f"at most {wanted}"
    return f"{keyword} {wanted}"


def _telling(faults: Iterable[Fault]) -> frozenset[Fault]:
    distinct = frozenset(faults)
    keywords: dict[tuple[str | int, ...], set[str]] = {}
    for fault in distinct:
        keywords.setdefault(fault.path, set()).add(fault.keyword)
    return frozenset(
        fault
        for fault in distinct
        if not keywords[fault.path] & _EXPLAINED_BY.get(fault.keyword, {"type"})
    )


def _listed(faults: Iterable[Fault], document: Json) -> list[tuple[str, str]]:
    in_order = sorted(faults, key=lambda fault: (_place(fault.path, document), fault[1:]))
    return [
        (_pointer(fault.path), f"{fault.keyword}: expected {fault.expected}") for fault in in_order
    ]


def _place(path: tuple[str | int, ...], document: Json) -> list[int]:
    """Sorts by where a value ends: by its position at each level, and after all that is in it."""
    place: list[int] = []
    for step in path:
        place.append(step if isinstance(step, int) else list(document).index(step))
        document = document[step]
    inside = len(document) if isinstance(document, dict | list) else 0
    return [*place, inside]


def _pointer(path: Iterable[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
