"""Fixtures of the tests in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import NO_BROWSER
from tests.web.cases import Cases, recorded_cases
from tests.web.chromium import Chromium, Page, chromium, installed
from tests.web.verifying import URL, Shown, verify
from tests.world import World
from tests.world_log import world_log

Check = Callable[..., Shown]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A headless browser; without one on this machine the tests in a browser are skipped."""
    executable = installed()
    if executable is None:
        pytest.skip(f"{NO_BROWSER}: install the package chromium")
    with chromium(executable, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="session")
def world() -> World:
    """Everybody; the designer's name stands in its own script."""
    return World(designer_name="天秋設計股份有限公司")


@pytest.fixture(scope="session")
def cases(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    """A log with a case of each kind."""
    with world_log(world, tmp_path_factory.mktemp("cases") / "data") as log:
        yield recorded_cases(world, log)


@pytest.fixture(scope="module")
def page(browser: Chromium) -> Iterator[Page]:
    """The page, for calling its functions."""
    page = browser.page()
    page.go(URL)
    yield page
    page.close()


@pytest.fixture
def check(browser: Chromium, cases: Cases, tmp_path: Path) -> Iterator[Check]:
    """Verify bytes in a new tab; a page that asks the network or complains fails the test."""
    opened = []

    def checked(
        raw: bytes, keys: str | None = None, *, before: str = "", witnesses: str = ""
    ) -> Shown:
        file = tmp_path / "case.json"
        file.write_bytes(raw)
        page, shown = verify(
            browser, file, cases.keys if keys is None else keys, before=before, witnesses=witnesses
        )
        opened.append(page)
        return shown

    yield checked
    for page in opened:
        assert page.console == []
        assert len(page.requests) == 1
        page.close()
