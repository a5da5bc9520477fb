"""What is read fast is read as strictly as by the strict door: envelopes and statements."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from attest import encoding, limits, schemas
from attest.encoding import Json, canonical
from attest.errors import AttestError
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from attest.received import _check_statement, read_envelopes, read_statement
from tests.mutations import mutations, name_of, read_examples
from tests.world import statement

TYPES = {"declaration": DECLARATION_TYPE, "determination": DETERMINATION_TYPE}
EXAMPLES = {
    example: document for example, document in read_examples().items() if name_of(example) in TYPES
}


def strictly(payload: bytes) -> Json:
    read = encoding.loads(payload)
    _check_statement(read)
    return read


def told(payload: bytes, reader: object) -> tuple[Json, str, str | None]:
    """What a reader reads, or why it refuses."""
    assert callable(reader)
    try:
        return reader(payload), "", None
    except AttestError as error:
        return None, str(error), error.pointer


def check_same(payload: bytes) -> bool:
    """Whether both readers accept the payload, about which they must agree."""
    fast, strict = told(payload, read_statement), told(payload, strictly)
    assert fast == strict
    assert json.dumps(fast[0]) == json.dumps(strict[0])  # 1 == 1.0 == True
    return not fast[1]


def places(value: Json) -> Iterator[tuple[Json, str | int]]:
    """Every member and item, as its container and its place in it."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for place, member in members:
        yield value, place
        if isinstance(member, dict | list):
            yield from places(member)


def compact(document: Json) -> bytes:
    """Canonical JSON, but for numbers that cannot be written so."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def spelled(example: str) -> Json:
    document = {**EXAMPLES[example], "must_understand": []}
    return encoding.loads(statement(TYPES[name_of(example)], document))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_change_is_read_alike(example: str) -> None:
    accepted = [0, 0]
    for _, document in mutations(spelled(example)):
        accepted[check_same(compact(document))] += 1
    assert min(accepted) > 10


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_fraction_is_refused_wherever_it_stands(example: str) -> None:
    numbers = 0
    document = spelled(example)
    for container, place in list(places(document)):
        value = container[place]
        for other in (5.0, -0.0, 0.5, 1e15, 1e16, 1e300, 2.0**53 - 1, 2.0**53):
            container[place] = other
            payload = compact(document)
            _, why, _ = told(payload, read_statement)
            assert why.startswith("json-float")
            numbers += 1
        container[place] = value
    assert numbers > 300


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_deep_value_is_refused_wherever_it_stands(example: str) -> None:
    document = spelled(example)
    for container, place in list(places(document)):
        value = container[place]
        for levels in (20, 40):
            deep: Json = value
            for _ in range(levels):
                deep = [deep]
            container[place] = deep
            payload = compact(document)
            assert not check_same(payload)
        container[place] = value


def test_other_spellings_are_read_too() -> None:
    document = spelled("declaration")
    document["predicate"]["product"]["revision"] = "1.0"
    for payload in (
        json.dumps(document).encode(),
        json.dumps(document, indent=2, ensure_ascii=False).encode(),
        canonical(document),
        canonical(document).replace(b"1.0", b"1\\u002e0"),
    ):
        assert read_statement(payload) == document
        assert check_same(payload)


def envelopes_strictly(raw: bytes) -> list[Json]:
    document = encoding.loads(raw, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    if isinstance(document, dict) and "envelopes" not in document:
        schemas.validate("envelope", document)
        return [document]
    schemas.validate("submission", document)
    envelopes: list[Json] = document["envelopes"]
    return envelopes


def documents_of(raw: bytes) -> list[Json]:
    """The envelopes as they are read fast; what was decoded is what the strict reader decodes."""
    read = read_envelopes(raw)
    for sealed in read:
        if sealed.payload is not None:
            text = sealed.document["payload"]
            assert encoding.decode_base64(text, url_safe=True) == sealed.payload
    return [sealed.document for sealed in read]


@pytest.mark.parametrize("example", ["envelope", "submission"])
def test_every_change_of_an_envelope_is_read_alike(example: str) -> None:
    accepted = [0, 0]
    for _, document in mutations(read_examples()[example]):
        payload = compact(document)
        fast, strict = told(payload, documents_of), told(payload, envelopes_strictly)
        assert fast == strict
        accepted[not fast[1]] += 1
    assert min(accepted) > 10


@pytest.mark.parametrize(
    "text", ["", "A", "AAAA", "AA==", "AB==", "AA", "+_AA", "--__", "é", "A\n=="]
)
@pytest.mark.parametrize("many", [False, True])
def test_every_spelling_of_a_payload_is_read_alike(text: str, many: bool) -> None:
    envelope = {**read_examples()["envelope"], "payload": text}
    document = {"v": 1, "envelopes": [envelope, read_examples()["envelope"]]} if many else envelope
    payload = compact(document)
    assert told(payload, documents_of) == told(payload, envelopes_strictly)
