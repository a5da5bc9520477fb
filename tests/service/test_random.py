"""Any bytes to any route: never a defect, always a problem document, never an entry but for 201."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attest import schemas
from service.openapi import openapi_document
from tests.service.house import House, held, unread

PATHS = sorted(openapi_document()["paths"])
IDENTIFIERS = st.one_of(
    st.just("sha256:" + "0" * 64),
    st.from_regex(r"sha256:[0-9a-f]{63,65}", fullmatch=True),
    st.text(st.characters(codec="utf-8"), max_size=80),
)
NUMBERS = st.one_of(st.integers(-2, 40).map(str), st.integers().map(str), st.text(max_size=8))
VALUES = {"submission_id": IDENTIFIERS, "index": NUMBERS, "pack": st.text(max_size=20)}
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
MEDIA_TYPES = st.one_of(
    st.sampled_from(["application/json", "application/vnd.dsse+json", "text/plain"]),
    st.from_regex(r"([!-~]([ -~]{0,28}[!-~])?)?", fullmatch=True),
)

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    JSON_VALUES.map(lambda value: json.dumps({"v": 1, "envelopes": [value]}).encode()),
    st.fixed_dictionaries(
        {},
        optional={
            "payload": JSON_VALUES | st.just("bm90aGluZw=="),
            "payloadType": JSON_VALUES | st.just("application/vnd.in-toto+json"),
            "signatures": JSON_VALUES | st.just([{"sig": "bm90aGluZw=="}]),
        },
    ).map(lambda value: json.dumps(value).encode()),
)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """A path of the interface with drawn values, or any path at all; sometimes a query."""
    path: str = draw(st.sampled_from(PATHS) | st.text(max_size=40).map(lambda text: "/" + text))
    for name, values in VALUES.items():
        path = path.replace(f"{{{name}}}", quoted(draw(values)))
    query = draw(st.dictionaries(st.sampled_from(["from", "to", "x"]), NUMBERS, max_size=3))
    encoded = "&".join(f"{name}={quoted(value)}" for name, value in query.items())
    return quoted(path, safe="/:%") + (f"?{encoded}" if encoded else "")


def quoted(text: str, safe: str = ":") -> str:
    """Percent-encoded for a request line, lone surrogates too."""
    raw = text.encode("utf-8", "surrogatepass")
    plain = safe.encode() + b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in raw)


def check_answer(house: House, method: str, target: str, body: bytes, media_type: str) -> None:
    before = house.size()
    answer = house.client.request(
        method, f"{house.url}{target}", content=body, headers={"content-type": media_type}
    )
    assert answer.status_code != 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        if method != "HEAD":
            schemas.validate("problem", answer.json())
            assert answer.json()["status"] == answer.status_code
    else:
        assert answer.status_code in (200, 201)
    assert house.size() == before + (2 if answer.status_code == 201 else 0)


QUICKLY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICKLY
@given(METHODS, targets(), BODIES, MEDIA_TYPES)
def test_any_request(
    shared_house: House, method: str, target: str, body: bytes, media_type: str
) -> None:
    check_answer(shared_house, method, target, body, media_type)


@QUICKLY
@given(BODIES)
def test_any_body_as_a_submission(shared_house: House, body: bytes) -> None:
    check_answer(shared_house, "POST", "/v1/submissions", body, "application/json")


@QUICKLY
@given(st.data())
def test_any_damage_to_a_submission(shared_house: House, data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([held(shared_house.world), unread()])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    check_answer(shared_house, "POST", "/v1/submissions", bytes(raw), "application/vnd.dsse+json")


@QUICKLY
@given(BODIES)
def test_any_body_as_a_review(shared_house: House, body: bytes) -> None:
    identifier = shared_house.post(held(shared_house.world)).json()["id"]
    path = f"/v1/submissions/{identifier}/reviews"
    check_answer(shared_house, "POST", path, body, "application/json")
