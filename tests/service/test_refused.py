"""What is refused before it is recorded: a typed answer, an unchanged log, no echo."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence

import httpx
import pytest

from attest import limits, schemas
from attest.encoding import canonical, encode_base64
from attest.envelope import bundle, seal
from tests.service.house import House, payload_of, unread

CANARY = "canary-9f2c77e1"


def envelope_with(member: str) -> bytes:
    """An envelope with one more member, spelt as given."""
    return unread()[:-1] + f",{member}}}".encode()


def nested(depth: int) -> bytes:
    return envelope_with(f'"{CANARY}":' + "[" * depth + "]" * depth)


JSON_PROBES = {
    "duplicate member": (envelope_with(f'"payload":"{CANARY}"'), 422, "json-duplicate-key"),
    "duplicate deep down": (envelope_with(f'"x":[{{"{CANARY}":1,"{CANARY}":1}}]'), 422, None),
    "NaN": (envelope_with(f'"{CANARY}":NaN'), 422, "json-float"),
    "Infinity": (envelope_with(f'"{CANARY}":Infinity'), 422, "json-float"),
    "-Infinity": (envelope_with(f'"{CANARY}":-Infinity'), 422, "json-float"),
    "exponent": (envelope_with(f'"{CANARY}":2.9e10'), 422, "json-float"),
    "fraction of nothing": (envelope_with(f'"{CANARY}":29000000000.0'), 422, "json-float"),
    "huge exponent": (envelope_with(f'"{CANARY}":1e400'), 422, "json-float"),
    "underscores": (envelope_with(f'"{CANARY}":29_000_000_000'), 400, "json-malformed"),
    "full-width digits": (envelope_with(f'"{CANARY}":２９'), 400, "json-malformed"),
    "leading zero": (envelope_with(f'"{CANARY}":029'), 400, "json-malformed"),
    "5,000 digits": (envelope_with(f'"{CANARY}":{"9" * 5000}'), 422, "json-number-range"),
    "2^53": (envelope_with(f'"{CANARY}":{2**53}'), 422, "json-number-range"),
    "-2^53": (envelope_with(f'"{CANARY}":-{2**53}'), 422, "json-number-range"),
    "UTF-16, little end": (f'{{"x":"{CANARY}"}}'.encode("utf-16-le"), 400, "json-encoding"),
    "UTF-16, big end": (f'{{"x":"{CANARY}"}}'.encode("utf-16-be"), 400, "json-encoding"),
    "UTF-16 with its mark": (f'{{"x":"{CANARY}"}}'.encode("utf-16"), 400, "json-encoding"),
    "UTF-32": (f'{{"x":"{CANARY}"}}'.encode("utf-32"), 400, "json-encoding"),
    "byte-order mark": (b"\xef\xbb\xbf" + unread(), 400, "json-encoding"),
    "Latin-1": (envelope_with(f'"{CANARY}":"ü"').decode().encode("latin-1"), 400, "json-encoding"),
    "surrogate": (envelope_with(f'"{CANARY}":"\\ud800"'), 422, "json-text"),
    "surrogate as bytes": (
        envelope_with(f'"{CANARY}":"?"').replace(b"?", b"\xed\xa0\x80"),
        400,
        "json-encoding",
    ),
    "NUL": (envelope_with(f'"{CANARY}":"a\x00b"'), 422, "json-text"),
    "NUL, escaped": (envelope_with(f'"{CANARY}":"a\\u0000b"'), 422, "json-text"),
    "bidirectional override": (envelope_with(f'"{CANARY}":"a\u202eb"'), 422, "json-text"),
    "the same, escaped": (envelope_with(f'"{CANARY}":"a\\u202eb"'), 422, "json-text"),
    "zero-width": (envelope_with(f'"{CANARY}":"a\u200bb"'), 422, "json-text"),
    "in a member name": (envelope_with(f'"{CANARY}\\u200b":1'), 422, "json-text"),
    "final newline": (envelope_with(f'"{CANARY}":"a\\n"'), 422, "json-text"),
    "33 levels": (nested(33), 422, "json-too-deep"),
    "900 levels": (nested(900), 422, "json-too-deep"),
    "100,000 levels": (nested(100_000), 422, "json-too-deep"),
    "no end": (unread()[:-1], 400, "json-malformed"),
    "two documents": (unread() + b"{}", 400, "json-malformed"),
    "comment": (b"/* " + CANARY.encode() + b" */" + unread(), 400, "json-malformed"),
    "empty": (b"", 400, "json-malformed"),
    "long string": (envelope_with(f'"x":"{CANARY * 100_000}"'), 413, "too-large"),
    "at the limit": (b" " * limits.SUBMISSION_BYTES_MAX, 400, "json-malformed"),
    "over the limit": (b" " * (limits.SUBMISSION_BYTES_MAX + 1), 413, "too-large"),
}

SHAPE_PROBES = {
    "null": b"null",
    "an array": b"[]",
    "text": f'"{CANARY}"'.encode(),
    "an empty object": b"{}",
    "a member too many": envelope_with(f'"{CANARY}":1'),
    "a member too few": canonical({"payload": encode_base64(CANARY.encode())}),
    "true for a version": canonical({"v": True, "envelopes": [json.loads(unread())]}),
    "text for a version": canonical({"v": "1", "envelopes": [json.loads(unread())]}),
    "full-width text": canonical({"v": "１", "envelopes": [json.loads(unread())]}),
    "another version": canonical({"v": 2, "envelopes": [json.loads(unread())]}),
    "no envelope": canonical({"v": 1, "envelopes": []}),
    "nine envelopes": canonical({"v": 1, "envelopes": [json.loads(unread())] * 9}),
    "an envelope as text": canonical({"v": 1, "envelopes": [CANARY]}),
    "not base64": unread().replace(b"bm90aGluZw==", b"bm90*" + CANARY.encode()),
    "no signature": canonical({"payload": "bm90aGluZw==", "payloadType": CANARY, "signatures": []}),
}


def check_problem(answer: httpx.Response, status: int, code: str | None) -> None:
    """An error of HTTP is a problem of its schema that repeats nothing of the request."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    schemas.validate("problem", document)
    assert answer.status_code == document["status"] == status
    if code is not None:
        assert document["code"] == code
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)


def check_logged(records: Sequence[logging.LogRecord]) -> None:
    """Nothing that the sender chose is in what the server logged."""
    served = [each for each in records if each.name.startswith(("foundry", "uvicorn"))]
    assert [each.getMessage() for each in served if CANARY in each.getMessage()] == []
    assert "uvicorn.access" not in {each.name for each in served}


@pytest.fixture(autouse=True)
def nothing_is_recorded_or_repeated(
    shared_house: House, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """The log has the same head afterwards, and the server's own log not a word of the sender."""
    before = shared_house.client.get("/v1/log/checkpoint").content
    with caplog.at_level("DEBUG"):
        yield
    assert shared_house.client.get("/v1/log/checkpoint").content == before
    check_logged(caplog.get_records("call"))


@pytest.mark.parametrize("name", JSON_PROBES)
def test_json_probes(shared_house: House, name: str) -> None:
    raw, status, code = JSON_PROBES[name]
    check_problem(shared_house.post(raw), status, code)


@pytest.mark.parametrize("name", JSON_PROBES)
def test_json_probes_as_reviews(shared_house: House, name: str) -> None:
    raw, status, code = JSON_PROBES[name]
    absent = "/v1/submissions/sha256:" + "0" * 64 + "/reviews"
    headers = {"content-type": "application/json"}
    answer = shared_house.client.post(absent, content=raw, headers=headers)
    if status == 413 and len(raw) > limits.SUBMISSION_BYTES_MAX:
        check_problem(answer, status, code)
    else:
        check_problem(answer, 404, "not-found")


@pytest.mark.parametrize("name", SHAPE_PROBES)
def test_shape_probes(shared_house: House, name: str) -> None:
    check_problem(shared_house.post(SHAPE_PROBES[name]), 422, "schema-violation")


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        f"application/{CANARY}",
        "application/json, text/plain",
    ],
)
def test_media_types(shared_house: House, media_type: str) -> None:
    answer = shared_house.post(unread(), **{"content-type": media_type})
    check_problem(answer, 415, "media-type")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", CANARY])
def test_compressed_bodies(shared_house: House, encoding: str) -> None:
    answer = shared_house.post(unread(), **{"content-encoding": encoding})
    check_problem(answer, 415, "media-type")


def test_ten_megabytes(shared_house: House) -> None:
    check_problem(shared_house.post(b" " * 10_000_000), 413, "too-large")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/{CANARY}",
        f"/v1/submissions/{CANARY}",
        f"/v1/submissions/{CANARY}/casefile",
        "/v1/submissions/sha256:" + "0" * 64,
        "/v1/submissions/sha256:" + "0" * 64 + "/casefile",
        "/v1/submissions/sha256:" + "A" * 64,
        "/v1/submissions/sha256:" + "a" * 63,
        "/v1/submissions/sha256:" + "a" * 64 + "%0A",
        "/v1/submissions/sha256:" + "a" * 64 + "/",
        "/v1/submissions/..%2f..%2fetc%2fpasswd",
        "/v1/submissions/" + "a" * 20_000,
        "/v1/submissions/",
        "/v1/submissions//casefile",
        "/v1/log/entries/-1",
        "/v1/log/entries/01",
        "/v1/log/entries/1e3",
        "/v1/log/entries/%D9%A3",
        "/v1/log/entries/%00",
        "/v1/log/entries/999999",
        "/v1/log/entries/" + "9" * 5000,
        "/v1/log/proofs/999999",
        f"/v1/log/proofs/{CANARY}",
        "/v1/log/consistency",
        "/v1/log/consistency?from=1",
        "/v1/log/consistency?from=0&to=1",
        "/v1/log/consistency?from=2&to=1",
        "/v1/log/consistency?from=1&to=999999",
        f"/v1/log/consistency?from=1&to={CANARY}",
        f"/v1/rules/{CANARY}",
        "/v1/rules/us-ear/",
        "/docs",
        "/redoc",
        "/favicon.ico",
        "//v1/rules",
    ],
)
def test_what_is_not_there(shared_house: House, path: str) -> None:
    check_problem(shared_house.client.get(path), 404, "not-found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/submissions/sha256:" + "0" * 64,
        "/v1/submissions/sha256:" + "0" * 64 + "/casefile",
        "/v1/log/checkpoint",
        "/v1/log/entries/0",
        "/v1/log/proofs/0",
        "/v1/log/consistency",
        "/v1/rules",
        "/v1/errors",
    ],
)
def test_recorded_resources_are_never_changed(shared_house: House, method: str, path: str) -> None:
    answer = shared_house.client.request(method, path, content=CANARY.encode())
    check_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/submissions/x/reviews"])
def test_what_is_written_is_only_posted(shared_house: House, method: str, path: str) -> None:
    answer = shared_house.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    if method != "HEAD":
        check_problem(answer, 405, "method-not-allowed")


def test_signed_probes_are_recorded_as_refusals_without_their_words(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    before = house.size()
    for number, (name, (raw, _, code)) in enumerate(JSON_PROBES.items(), 1):
        if len(raw) > limits.SUBMISSION_BYTES_MAX // 2 or not raw:
            continue
        sealed = bundle([seal(raw, [house.world.designer.signer])])
        answer = house.post(sealed)
        document = answer.json()
        assert (name, answer.status_code, document["verdict"]) == (name, 201, "FAIL")
        if code is not None:
            assert (name, document["refusal_code"]) == (name, code)
        assert CANARY.encode() not in payload_of(document)
        assert house.size() > before, number
        before = house.size()
    assert "foundry.access" in {each.name for each in caplog.records}
    check_logged(caplog.records)
