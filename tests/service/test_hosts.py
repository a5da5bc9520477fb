"""Requests that are meant for another host, or that a page of another site makes, are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.runtime import open_application
from tests.service.house import DSSE, House, held, serving
from tests.service.test_refused import CANARY, check_problem
from tests.service.test_wire import check_refused, connected


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.1.2.3:",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]:8000",
    ],
)
def test_loopback_hosts_are_served(shared_house: House, host: str) -> None:
    assert shared_house.client.get("/healthz", headers={"host": host}).status_code == 200


FOREIGN = [
    "",
    CANARY,
    f"{CANARY}:8000",
    "foundry.example",
    "localhost.rebound.example",
    "127.0.0.1.rebound.example",
    "rebound.example#localhost",
    "user@localhost",
    "localhost:8000:8000",
    "localhost, localhost",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "0.0.0.0",
    "[::]",
    "::1]",
    "192.0.2.1",
    "[2001:db8::1]",
]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/healthz", "/v1/log/checkpoint", "/nowhere"])
def test_other_hosts_are_refused(shared_house: House, host: str, path: str) -> None:
    check_problem(shared_house.client.get(path, headers={"host": host}), 403, "host")


def test_nothing_is_recorded_for_another_host(shared_house: House) -> None:
    before = shared_house.size()
    raw = held(shared_house.world)
    check_problem(shared_house.post(raw, host="rebound.example"), 403, "host")
    check_problem(shared_house.post(raw, origin="http://rebound.example"), 403, "host")
    assert shared_house.size() == before


def test_a_refusal_before_the_body_ends_the_connection(shared_house: House) -> None:
    answer = shared_house.post(b" " * 500_000, host="rebound.example")
    check_problem(answer, 403, "host")
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "fields", [b"", b"host: localhost\r\n" * 2, b"host: localhost\r\nhost: rebound.example\r\n"]
)
def test_one_host_is_named(shared_house: House, fields: bytes) -> None:
    with connected(shared_house) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + fields + b"connection: close\r\n\r\n")
        check_refused(connection, 403, "host")


def test_two_media_types_are_refused(shared_house: House) -> None:
    for second in ("text/plain", DSSE["content-type"]):
        fields = [*DSSE.items(), ("content-type", second)]
        answer = shared_house.client.post(
            "/v1/submissions", content=held(shared_house.world), headers=fields
        )
        check_problem(answer, 415, "media-type")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://rebound.example",
        "http://localhost:3000",
        "http://foundry.example",
        "ftp://127.0.0.1",
        "127.0.0.1",
    ],
)
def test_pages_of_other_sites_are_refused(shared_house: House, origin: str) -> None:
    answer = shared_house.client.get("/healthz", headers={"origin": origin})
    check_problem(answer, 403, "host")


def test_a_page_of_the_same_host_is_served(shared_house: House) -> None:
    answer = shared_house.client.get("/healthz", headers={"origin": shared_house.url})
    assert answer.status_code == 200


@pytest.fixture
def public(folder: Path) -> Iterator[httpx.Client]:
    """A client of a service that is called foundry.example too."""
    with (
        open_application(folder, None, public_hosts=["Foundry.example"]) as application,
        serving(application) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


def test_a_host_that_the_operator_named_is_served(public: httpx.Client) -> None:
    for fields in (
        {"host": "foundry.example"},
        {"host": "FOUNDRY.example:443"},
        {"origin": "https://foundry.example"},
        {"host": "foundry.example", "origin": "https://foundry.example"},
        {"host": "localhost"},
    ):
        assert public.get("/healthz", headers=fields).status_code == 200
    for fields in ({"host": "x.foundry.example"}, {"origin": "https://x.foundry.example"}):
        check_problem(public.get("/healthz", headers=fields), 403, "host")
