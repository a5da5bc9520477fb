"""The OpenAPI document: true to the routes, and its examples to the schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from fastapi.routing import APIRoute
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from starlette.routing import Route

from attest import schemas
from attest.encoding import canonical
from service.app import create_app
from service.openapi import openapi_document
from tests.service.house import House, held, standing_of, unread

DOCUMENT = openapi_document()
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
ROOT = "urn:the-document"
REGISTRY: Registry[Any] = Registry().with_resource(ROOT, DRAFT202012.create_resource(DOCUMENT))


def walk(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every object of the document with where it stands."""
    yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for name, child in children:
        if isinstance(child, dict | list):
            yield from walk(child, f"{path}/{name}")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media type object with a schema."""
    for path, node in walk(DOCUMENT):
        if (
            isinstance(node, dict)
            and "schema" in node
            and path.rpartition("/")[0].endswith("content")
        ) or (isinstance(node, dict) and "schema" in node and "/content/" in path):
            yield path, node


def validator(schema: Any) -> jsonschema.Draft202012Validator:
    """A validator that resolves references within the document."""
    absolute = json.loads(json.dumps(schema).replace('"#/components', f'"{ROOT}#/components'))
    return jsonschema.Draft202012Validator(absolute, registry=REGISTRY)


def test_the_document_has_what_openapi_demands() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    identifiers = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(identifiers)) == len(identifiers) == 24
    for path, _, operation in operations():
        assert operation["summary"]
        assert all(
            set(answer) & {"description", "$ref"} for answer in operation["responses"].values()
        )
        assert "default" in operation["responses"]
        declared = {
            parameter["name"]
            for parameter in DOCUMENT["paths"][path].get("parameters", [])
            if parameter["in"] == "path"
        }
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_reference_leads_somewhere() -> None:
    references = [
        node["$ref"]
        for _, node in walk(DOCUMENT)
        if isinstance(node, dict) and isinstance(node.get("$ref"), str)
    ]
    assert len(references) > 20
    for reference in references:
        target: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            target = target[name]
        assert target


def test_the_schemas_are_the_released_ones() -> None:
    shown = DOCUMENT["components"]["schemas"]
    for name, raw in schemas.SCHEMAS.items():
        here = json.dumps(shown[name]).replace(f"#/components/schemas/{name}/", "#/")
        released = json.loads(raw)
        kept = {key: released[key] for key in released if key not in ("$id", "$schema")}
        assert json.loads(here) == kept
    for schema in shown.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_example_is_of_its_schema() -> None:
    checked = 0
    for _, content in contents():
        for example in content.get("examples", {}).values():
            validator(content["schema"]).validate(example["value"])
            checked += 1
    assert checked >= 9


@pytest.mark.parametrize("name", ["envelope", "submission", "problem"])
def test_examples_are_of_the_released_schemas(name: str) -> None:
    found = [
        example["value"]
        for _, content in contents()
        if content["schema"].get("$ref") == f"#/components/schemas/{name}"
        for example in content.get("examples", {}).values()
    ]
    assert found
    for value in found:
        schemas.validate(name, value)


def test_the_paths_are_the_routes(house: House) -> None:
    application = create_app(
        sequencer=None,  # type: ignore[arg-type]
        later=None,  # type: ignore[arg-type]
        records=None,  # type: ignore[arg-type]
        standing=standing_of(house.world),
    )
    routes = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in application.routes
        if isinstance(route, Route | APIRoute)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert routes == {(path, method) for path, method, _ in operations()}
    assert house.client.get("/openapi.json").json() == DOCUMENT


def test_an_example_that_is_sent_is_answered(house: House) -> None:
    body = DOCUMENT["paths"]["/v1/submissions"]["post"]["requestBody"]["content"]
    for media_type, content in body.items():
        raw = canonical(content["examples"]["shape"]["value"])
        answer = house.post(raw, **{"content-type": media_type})
        assert (answer.status_code, answer.json()["refusal_code"]) == (201, "unknown-key")


def test_real_answers_are_of_the_schemas(house: House) -> None:
    answers = DOCUMENT["components"]["schemas"]
    hold = house.post(held(house.world)).json()
    validator(answers["submission-answer"]).validate(hold)
    validator(answers["submission-answer"]).validate(house.post(unread()).json())
    review = house.client.post(
        f"/v1/submissions/{hold['id']}/reviews",
        content=house.review_of(hold),
        headers={"content-type": "application/json"},
    )
    assert review.status_code == 201
    validator(answers["review-answer"]).validate(review.json())
    shown = house.client.get(f"/v1/submissions/{hold['id']}").json()
    validator(answers["submission-answer"]).validate(shown)
    assert set(shown) <= set(answers["submission-answer"]["properties"])
    casefile = house.client.get(f"/v1/submissions/{hold['id']}/casefile").json()
    schemas.validate("casefile", casefile)
