"""Fixtures for tests of the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.log.checkpoint import CheckpointSigner
from attest.log.sqlite import SqliteStore
from tests.log.sample import ORIGIN


@pytest.fixture(scope="session")
def signer() -> CheckpointSigner:
    """The keys of the sample log."""
    return CheckpointSigner.generate(ORIGIN)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A new, empty store in a file."""
    made = SqliteStore.create(tmp_path / "log.sqlite")
    yield made
    made.close()
