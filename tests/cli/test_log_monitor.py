"""`attest log monitor`: one look at a log, what it remembers, and what it keeps of a log that lies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.encoding import canonical, loads
from attest.log.checkpoint import CheckpointSigner
from attest.log.export import write_export
from attest.log.misbehaviour import format_misbehaviour
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from service.founding import STORE
from tests.cli.helpers import attest, attest_process, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.log.sample import NOON, ORIGIN, drafts, filled, later
from tests.service.house import DSSE, House, found_house, held, running, unread
from tests.service.test_cosigning import Liar, lines_of, witness
from tests.service.house import serving
from tests.world import World

LOG = CheckpointSigner.generate(ORIGIN)


def export(folder: Path, name: str, size: int, batch: int) -> None:
    """An export of a log of the sample entries; another batch size is another history."""
    store = filled(folder / f"{name}.sqlite", LOG, size, batch=batch)
    write_export(store, folder / name)
    store.close()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports: `small` and `large` of one log, `forked`, `other` and `back` of another branch."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "keys").write_text("\n".join(LOG.keys.vkeys()))
    for name, size, batch in (
        ("small", 300, 50),
        ("large", 700, 50),
        ("forked", 300, 60),
        ("other", 700, 70),
        ("back", 299, 299),
    ):
        export(folder, name, size, batch)
    store = SqliteStore.open(folder / "back.sqlite")
    LogWriter.open(store, LOG).append(drafts(299, 1), at=later(9_000))
    store.close()
    return folder


def look(memory: Path, source: object, exports: Path, *more: object) -> object:
    return attest("log", "monitor", memory, source, "--log-keys", exports / "keys", *more)


@pytest.fixture
def memory(exports: Path, tmp_path: Path) -> Path:
    """What was seen: the small export."""
    path = tmp_path / "memory"
    succeeded(look(path, exports / "small", exports, "--first"))  # type: ignore[arg-type]
    return path
