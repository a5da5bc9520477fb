"""What surrounds every request: the access log and the last catch."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from service.records import Records
from tests.service.house import House, held, running
from tests.world import World

SECRET = "canary-51c0"


def access_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [each.getMessage() for each in caplog.records if each.name == "foundry.access"]
    return [re.sub(r"[0-9]+ms$", "ms", line) for line in lines]


def test_the_access_log_names_routes_and_nothing_that_was_sent(
    folder: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="foundry")
    with running(folder, world) as house:
        identifier = house.post(held(world)).json()["id"]
        house.client.get(f"/v1/submissions/{identifier}")
        house.client.get(f"/v1/log/consistency?from=1&to=2&x={SECRET}")
        house.client.get(f"/{SECRET}")
        house.client.put(f"/v1/submissions?{SECRET}", content=SECRET)
        house.client.request(SECRET.upper().replace("-", ""), "/healthz")
        house.client.get("/healthz", headers={"x-forwarded-for": SECRET, "user-agent": SECRET})
    assert access_lines(caplog) == [
        "127.0.0.1 POST /v1/submissions 201 ms",
        "127.0.0.1 GET /v1/submissions/{submission_id} 200 ms",
        "127.0.0.1 GET /v1/log/consistency 200 ms",
        "127.0.0.1 GET - 404 ms",
        "127.0.0.1 PUT - 405 ms",
        "127.0.0.1 GET /healthz 200 ms",
    ]


def test_a_defect_is_a_problem_and_a_place_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(self: Records) -> bytes:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(Records, "checkpoint", failing)
    answer = house.client.get("/v1/log/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert SECRET not in answer.text
    served = [each for each in caplog.records if each.name.startswith(("foundry", "uvicorn"))]
    assert [each for each in served if "ZeroDivisionError at" in each.getMessage()]
    assert [each for each in served if SECRET in each.getMessage() or each.exc_info] == []
    assert house.client.get("/healthz").status_code == 200
