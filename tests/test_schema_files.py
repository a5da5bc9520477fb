"""The released schema files: named, locked, closed, bounded, and usable alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import attest.data
from attest import encoding, limits
from attest.encoding import Json
from attest.schemas import SCHEMAS, schema_digest
from tests.mutations import name_of, read_examples

NAMES = (
    "acknowledgement",
    "activation",
    "casefile",
    "decision",
    "declaration",
    "determination",
    "entry",
    "envelope",
    "keyset-change",
    "keyset",
    "list",
    "mandate",
    "misbehaviour",
    "pack",
    "policy",
    "problem",
    "proof",
    "review",
    "statement",
    "submission",
    "trust",
)
EXAMPLES = read_examples()
OPEN_OBJECTS = {("statement", "/properties/predicate")}  # the predicate has a schema of its own


def subschemas(node: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema inside a schema, itself included, with its place."""
    if isinstance(node, dict):
        yield where, node
        for keyword in ("properties", "patternProperties", "$defs"):
            for name, each in node.get(keyword, {}).items():
                yield from subschemas(each, f"{where}/{keyword}/{name}")
        for keyword in ("items", "contains", "if", "then", "else", "not"):
            if keyword in node:
                yield from subschemas(node[keyword], f"{where}/{keyword}")
        for keyword in ("allOf", "anyOf"):
            for index, each in enumerate(node.get(keyword, ())):
                yield from subschemas(each, f"{where}/{keyword}/{index}")


def schema_of(name: str) -> Json:
    return json.loads(SCHEMAS[name])


def test_the_schemas_are_these() -> None:
    assert tuple(SCHEMAS) == NAMES


def test_the_lock_holds_the_digest_of_every_file() -> None:
    lines = (attest.data.data_dir("schemas") / "LOCK").read_text().splitlines()
    assert lines == [f"{schema_digest(name)}  v1/{name}.schema.json" for name in NAMES]


def test_the_digest_is_that_of_the_bytes() -> None:
    assert schema_digest("trust") == encoding.digest(SCHEMAS["trust"])


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_named_and_explained(name: str) -> None:
    schema = schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:foundry-attest:schema:{name}:v1"
    assert schema["title"]
    for place, node in subschemas(schema):
        if place == "" or re.fullmatch(r"/\$defs/\w+", place):
            assert node["description"].endswith("."), place


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_stands_alone_and_has_no_unused_part(name: str) -> None:
    schema = schema_of(name)
    used = {node["$ref"] for _, node in subschemas(schema) if "$ref" in node}
    assert used == {f"#/$defs/{part}" for part in schema.get("$defs", {})}


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed_and_says_what_is_required(name: str) -> None:
    for place, node in subschemas(schema_of(name)):
        if node.get("type") == "object" and (name, place) not in OPEN_OBJECTS:
            assert node["additionalProperties"] is False, place
            assert set(node.get("required", ())) <= set(node.get("properties", ())), place


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_bounded(name: str) -> None:
    for place, node in subschemas(schema_of(name)):
        match node.get("type"):
            case "string":
                assert node.get("maxLength") or place == "/$defs/base64", place
            case "integer":
                assert -limits.INTEGER_MAX <= node["minimum"] <= node["maximum"], place
                assert node["maximum"] <= limits.INTEGER_MAX, place
            case "array":
                assert node["maxItems"], place
        if node.get("$ref") == "#/$defs/base64":
            assert node.get("maxLength") or name == "casefile", place
    if name == "casefile":
        places = [node for _, node in subschemas(schema_of(name)) if node.get("$ref")]
        assert all("maxLength" in node for node in places if node["$ref"] == "#/$defs/base64")


@pytest.mark.parametrize("name", NAMES)
def test_patterns_are_anchored_and_of_explicit_classes(name: str) -> None:
    for place, node in subschemas(schema_of(name)):
        for pattern in (*node.get("patternProperties", ()), *filter(None, [node.get("pattern")])):
            assert pattern.startswith("^"), place
            assert pattern.endswith("$"), place
            assert not re.search(r"\\[dDwWpPbB]", pattern), place


def test_parts_of_one_name_are_the_same_in_every_schema() -> None:
    parts: dict[str, Json] = {}
    for name in NAMES:
        for part, node in schema_of(name).get("$defs", {}).items():
            assert parts.setdefault(part, node) == node, (name, part)


def test_every_schema_has_an_example() -> None:
    assert {name_of(example) for example in EXAMPLES} == set(NAMES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_plain_validator_of_somebody_else_can_use_one_file_alone(example: str) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(name_of(example)))
    assert validator.is_valid(EXAMPLES[example])
    assert not validator.is_valid({**EXAMPLES[example], "extra": 1})


def test_no_object_has_more_members_than_validation_looks_at() -> None:
    nodes = (node for name in NAMES for _, node in subschemas(schema_of(name)))
    assert max(len(node.get("properties", ())) for node in nodes) <= 64


def test_the_data_lies_in_the_package_or_beside_it(tmp_path: Path) -> None:
    here = Path(attest.data.__file__).parent
    assert (attest.data.data_dir("schemas") / "LOCK").read_text() == (
        here.parent / "schemas" / "LOCK"
    ).read_text()
    package = tmp_path / "attest"
    (package / "_data" / "schemas").mkdir(parents=True)
    for name in ("__init__.py", "data.py"):
        shutil.copy(here / name, package / name)
    code = "from attest.data import data_dir; print(data_dir('schemas'))"
    printed = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert printed.stdout.strip() == str(package / "_data" / "schemas")
