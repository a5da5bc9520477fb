"""The verifier page as the service hands it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.house import House, found_house, held, running
from tests.web.chromium import Chromium
from tests.web.csp import PAGE, policy_of
from tests.web.verifying import verify
from tests.world import World


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running service."""
    world = World()
    found_house(tmp_path / "data", world)
    with running(tmp_path / "data", world) as house:
        yield house


def test_the_page_is_served_under_its_own_policy(house: House) -> None:
    answer = house.client.get("/verify")
    assert answer.status_code == 200
    assert answer.content == PAGE.read_bytes()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = policy_of(answer.text)
    assert answer.headers["content-security-policy"] == f"{policy}; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_case_of_the_service_is_verified_in_its_page(
    browser: Chromium, house: House, tmp_path: Path
) -> None:
    """The page asks the service for nothing but itself."""
    identifier = house.post(held(house.world)).json()["id"]
    case = tmp_path / "case.json"
    case.write_bytes(house.client.get(f"/v1/submissions/{identifier}/casefile").content)
    keys = "\n".join(house.log_keys.vkeys())
    page, shown = verify(browser, case, keys, url=f"{house.url}/verify")
    assert shown.word == "PASS"
    assert "formosa.example/log: entries " in shown.decision
    assert page.requests == [f"{house.url}/verify"]
    assert page.console == []
    page.close()
