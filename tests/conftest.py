"""Fixtures for all tests, and a loud count of those that did not run."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for want of shared data or of another's program."""
    skipped = [
        str(getattr(report, "longrepr", "")) for report in terminalreporter.getreports("skipped")
    ]
    for reason in (ABSENT, STRANGER_ABSENT):
        if count := sum(reason in text for text in skipped):
            terminalreporter.write_line(f"{reason}: {count} tests skipped", yellow=True)
