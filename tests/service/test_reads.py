"""The reading routes: what they give verifies with nothing but the log's public keys."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from attest import schemas
from attest.casefile import open_casefile
from attest.encoding import decode_base64, digest
from attest.errors import CODES
from attest.log.checkpoint import open_checkpoint
from attest.log.entry import parse_entry
from attest.log.export import export_paths, write_export
from attest.log.merkle import check_consistency
from attest.log.proof import open_proof
from attest.log.sqlite import SqliteStore
from attest.rules.pack import compile_pack
from service.founding import STORE
from service.problems import STATUS
from tests.service.house import ORIGIN, House, held, unread

SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def test_the_checkpoint_verifies(shared_house: House) -> None:
    answer = shared_house.client.get("/v1/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = open_checkpoint(answer.content, keys=shared_house.log_keys)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, shared_house.size())


def test_every_entry_is_proven(shared_house: House) -> None:
    shared_house.post(held(shared_house.world))
    kinds = []
    for index in range(shared_house.size()):
        entry = shared_house.client.get(f"/v1/log/entries/{index}")
        assert entry.headers["content-type"] == "application/octet-stream"
        proof = shared_house.client.get(f"/v1/log/proofs/{index}")
        found, _ = open_proof(proof.content, entry=entry.content, keys=shared_house.log_keys)
        assert found == index
        kinds.append(parse_entry(entry.content).kind)
    first = ["genesis", *["schema"] * len(schemas.SCHEMAS), "pack", *["keyset"] * 4, "trust"]
    assert kinds[: len(first)] == first
    assert kinds[len(first) :] == ["submission", "decision"] * ((len(kinds) - len(first)) // 2)


def test_the_tiles_are_those_of_an_export(shared_house: House, tmp_path: Path) -> None:
    """Everything public of an export is served, byte for byte, under the prefix `/v1/log`."""
    store = SqliteStore.open(shared_house.folder / STORE, read_only=True)
    write_export(store, tmp_path / "export")
    store.close()
    served = 0
    for path in export_paths(shared_house.size()):
        if not path.startswith("bodies/"):
            answer = shared_house.client.get(f"/v1/log/{path}")
            assert answer.content == (tmp_path / "export" / path).read_bytes(), path
            served += 1
            immutable = "immutable" in answer.headers["cache-control"]
            assert immutable == path.startswith("tile/")
    assert served >= 3


def test_narrower_tiles_stay(shared_house: House) -> None:
    """A reader who holds an older checkpoint finds the tiles of its size."""
    size = shared_house.size()
    widest = shared_house.client.get(f"/v1/log/tile/0/000.p/{size}").content
    for width in range(1, size):
        narrow = shared_house.client.get(f"/v1/log/tile/0/000.p/{width}")
        assert narrow.content == widest[: 32 * width]


@pytest.mark.parametrize(
    "path",
    [
        "0/000",  # not full yet
        "0/001.p/1",
        "1/000.p/1",
        "64/000.p/1",
        "00/000.p/1",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/x000/000.p/1",
        "0/0000.p/1",
        "0/000.p/-1",
        "entries/000.p/%31",
        "entries/..%2f..%2flog.sqlite",
        "bodies/000.p/1",
        "",
    ],
)
def test_what_is_no_tile(shared_house: House, path: str) -> None:
    answer = shared_house.client.get(f"/v1/log/tile/{path}")
    if path == "entries/000.p/%31":
        assert answer.status_code == 200  # the same path, spelled with an escape
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_bodies_are_not_served(shared_house: House) -> None:
    for path in ("/v1/log/bodies/000.p/1", "/v1/log/tile/bodies/000.p/1"):
        assert shared_house.client.get(path).status_code == 404


def test_one_checkpoint_extends_another(house: House) -> None:
    older = open_checkpoint(house.client.get("/v1/log/checkpoint").content, keys=house.log_keys)
    house.post(unread())
    newer = open_checkpoint(house.client.get("/v1/log/checkpoint").content, keys=house.log_keys)
    answer = house.client.get(f"/v1/log/consistency?from={older.size}&to={newer.size}").json()
    assert (answer["from"], answer["to"]) == (older.size, newer.size)
    check_consistency(
        size1=older.size,
        root1=older.root,
        size2=newer.size,
        root2=newer.root,
        proof=[decode_base64(value) for value in answer["hashes"]],
    )


def test_a_tree_extends_itself(shared_house: House) -> None:
    size = shared_house.size()
    answer = shared_house.client.get(f"/v1/log/consistency?from={size}&to={size}")
    assert answer.json() == {"from": size, "hashes": [], "to": size}


def test_a_case_file_verifies_offline(shared_house: House) -> None:
    raw = held(shared_house.world, 7)
    identifier = shared_house.post(raw).json()["id"]
    answer = shared_house.client.get(f"/v1/submissions/{identifier}/casefile")
    case = open_casefile(answer.content, log_keys=shared_house.log_keys)
    assert (case.submission.body, case.verdict, case.reviews) == (raw, "HOLD", ())


def test_the_active_packs_are_shown_with_their_citations(shared_house: House) -> None:
    (shown,) = shared_house.client.get("/v1/rules").json()["packs"]
    raw = shared_house.client.get(f"/v1/rules/{shown['id']}").content
    assert shown["digest"] == digest(raw) == compile_pack(raw).digest
    assert (shown["id"], shown["layer"]) == ("us-ear", "law")
    rules = json.loads(raw)["rules"]
    assert shown["rules"] == len(rules) > 0
    assert all(version["citation"] for rule in rules for version in rule["versions"])


def test_a_rule_is_shown_with_its_versions(shared_house: House) -> None:
    shown = shared_house.client.get("/v1/rules/us-ear/n1_way_b").json()
    assert (shown["id"], shown["rule"]["name"]) == ("us-ear", "n1_way_b")
    assert all(version["citation"] for version in shown["rule"]["versions"])
    assert shown["digest"] == digest(shared_house.client.get("/v1/rules/us-ear").content)


@pytest.mark.parametrize("path", ["/v1/rules/us-ear/no_such_rule", "/v1/rules/none/n1_way_b"])
def test_a_rule_that_is_not_there(shared_house: House, path: str) -> None:
    answer = shared_house.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_the_active_trust_is_the_bytes_that_decisions_name(shared_house: House) -> None:
    snapshot = shared_house.client.get("/v1/trust").content
    assert snapshot == shared_house.world.trust_bytes()
    assert shared_house.client.get("/v1/rules").json()["trust"] == digest(snapshot)


def test_every_code_is_explained(shared_house: House) -> None:
    shown = {each["code"]: each for each in shared_house.client.get("/v1/errors").json()["errors"]}
    assert set(shown) == set(CODES)
    for code, each in shown.items():
        assert each["status"] == STATUS[code]
        assert (each["title"], each["mend"]) == (CODES[code].title, CODES[code].mend)


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/v1/rules", "/v1/errors", "/openapi.json", "/v1/log/entries/0"],
)
def test_a_head_is_a_get_without_its_body(shared_house: House, path: str) -> None:
    got, headed = shared_house.client.get(path), shared_house.client.head(path)
    assert (got.status_code, headed.status_code) == (200, 200)
    assert headed.content == b""
    assert headed.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/healthz", "/v1/nothing", "/v1/log/checkpoint"])
def test_every_answer_carries_the_security_headers(shared_house: House, path: str) -> None:
    answer = shared_house.client.get(path)
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert "server" not in answer.headers
    posted = shared_house.post(held(shared_house.world))
    assert {name: posted.headers[name] for name in SECURITY} == SECURITY


def test_many_read_while_one_writes(house: House) -> None:
    identifier = house.post(held(house.world)).json()["id"]
    paths = [f"/v1/submissions/{identifier}", f"/v1/submissions/{identifier}/casefile"]
    paths += ["/v1/log/checkpoint", "/v1/log/proofs/3", "/v1/log/consistency?from=3&to=9"]

    def read(number: int) -> httpx.Response:
        return house.client.get(paths[number % len(paths)])

    with ThreadPoolExecutor(8) as readers:
        answers = readers.map(read, range(60))
        for number in range(10):
            assert house.post(unread(number)).status_code == 201
    entry = house.client.get("/v1/log/entries/3").content
    for number, answer in enumerate(answers):
        assert answer.status_code == 200
        if paths[number % len(paths)].endswith("casefile"):
            open_casefile(answer.content, log_keys=house.log_keys)
        elif "proofs" in paths[number % len(paths)]:
            open_proof(answer.content, entry=entry, keys=house.log_keys)
