"""Fixtures for all tests, and a loud count of those that did not run."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
ABSENT = "shared data absent"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Public test vectors and data that are too large for the project, in `../shared` beside it."""
    if not SHARED.is_dir():
        pytest.skip(f"{ABSENT}: there is no folder ../shared beside the project")
    return SHARED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for want of shared data."""
    skipped = [
        report
        for report in terminalreporter.getreports("skipped")
        if ABSENT in str(getattr(report, "longrepr", ""))
    ]
    if skipped:
        terminalreporter.write_line(f"{ABSENT}: {len(skipped)} tests skipped", yellow=True)
