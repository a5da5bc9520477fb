"""Fixtures for all tests, and a loud count of those that did not run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.softhsm import TOKEN_ABSENT, SoftToken, make_token, module

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
ABSENT = "shared data absent"
STRANGER_ABSENT = "stranger absent"
NO_BROWSER = "Chromium absent"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Public test vectors and data that are too large for the project, in `../shared` beside it."""
    if not SHARED.is_dir():
        pytest.skip(f"{ABSENT}: there is no folder ../shared beside the project")
    return SHARED


@pytest.fixture(scope="session")
def soft_token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    """A PKCS#11 token in software; the tests of it are skipped where SoftHSM2 is not installed."""
    library = module()
    if library is None:
        pytest.skip(f"{TOKEN_ABSENT}: install the package softhsm2 to run this")
    pytest.importorskip("pkcs11", reason=f"{TOKEN_ABSENT}: install python-pkcs11 to run this")
    return make_token(library, tmp_path_factory.mktemp("token"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of the test run's own; tests are skipped where none can be started."""
    with _postgres() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server that a test may end."""
    with _postgres() as server:
        yield server


@contextmanager
def _postgres() -> Iterator[postgres.Server]:
    try:
        with postgres.served() as server:
            yield server
    except postgres.AbsentError as absent:
        pytest.skip(f"{postgres.ABSENT}: {absent}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for want of shared data or of another's program."""
    skipped = [
        str(getattr(report, "longrepr", "")) for report in terminalreporter.getreports("skipped")
    ]
    for reason in (ABSENT, STRANGER_ABSENT, TOKEN_ABSENT, postgres.ABSENT):
        if count := sum(reason in text for text in skipped):
            terminalreporter.write_line(f"{reason}: {count} tests skipped", yellow=True)
