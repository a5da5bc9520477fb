"""`in-toto-attestation`, the framework's own code, reads our statements."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, Parse, ParseError  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement_pb2 import (  # type: ignore[import-untyped]
    Statement as Message,
)

from attest.encoding import decode_base64, loads
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from tests.papers import submissions
from tests.world import World, statement
from tests.world_log import world_log


def read(raw: bytes) -> Any:
    """A statement as they read it, valid by their rules."""
    message = Parse(raw, Message())
    Statement.copy_from_pb(message).validate()
    return MessageToDict(message)


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A statement of every kind, as it is signed."""
    world = World()
    declared = statement(DECLARATION_TYPE, world.declaration())
    folder = tmp_path_factory.mktemp("world") / "log"
    with world_log(world, folder) as log:
        log.register(submissions(world, 1))
        head = log.store.head()
        (decision,) = [
            stored.body
            for stored in log.store.entries(0, head.size)
            if loads(stored.entry)["kind"] == "decision"
        ]
    envelopes = {
        "decision": decision,
        "review": world.review(declared, [{"name": "submission", "digest": {"sha256": "0" * 64}}]),
        "activation": world.activation(World(mode="bis_practice").trust_bytes()),
    }
    opened = {
        kind: decode_base64(json.loads(envelope)["payload"]) for kind, envelope in envelopes.items()
    }
    determined = statement(DETERMINATION_TYPE, world.determination(declared))
    return opened | {"declaration": declared, "determination": determined}


KINDS = ["declaration", "determination", "decision", "review", "activation"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_as_it_was_written(payloads: dict[str, bytes], kind: str) -> None:
    """Their reader keeps numbers as doubles, which hold every integer that we write."""
    assert payloads.keys() == set(KINDS)
    assert read(payloads[kind]) == loads(payloads[kind], string_bytes_max=1 << 20)
    assert json.loads(payloads[kind])["predicateType"] == f"urn:foundry-attest:{kind}:v1"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "Wrong statement type"),
        ({"_type": None}, "Wrong statement type"),
        ({"subject": []}, "At least one subject required"),
        ({"subject": [{"name": "design"}]}, "At least one digest required"),
        ({"subject": [{}]}, "At least one of name, URI, or digest"),
        ({"predicateType": ""}, "Predicate type required"),
        ({"predicate": {}}, "Predicate object required"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_changed_is_refused(
    payloads: dict[str, bytes], kind: str, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        read(json.dumps(json.loads(payloads[kind]) | changes).encode())


@pytest.mark.parametrize("changes", [{"more": 1}, {"subject": "design"}, {"predicate": []}])
def test_another_shape_is_not_parsed(payloads: dict[str, bytes], changes: dict[str, Any]) -> None:
    with pytest.raises(ParseError):
        read(json.dumps(json.loads(payloads["declaration"]) | changes).encode())
    with pytest.raises(ParseError):
        read(payloads["declaration"][:-1])
