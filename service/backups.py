"""Backups of a log: made, restored and rehearsed, each held against what was signed before.

A backup is a copy of the log in a SQLite file, with its newest checkpoint in a file beside it. The
checkpoint is worth keeping elsewhere: whoever restores holds the backup against the newest one
that anybody kept (a checkpoint, a proof, a case file, what witnesses cosigned), and an older state
is refused and named. Going on from it would give two histories under one name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from attest.errors import LogError
from attest.log.check import check_store
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.copy import copy_log
from attest.log.export import write_export
from attest.log.monitor import compare
from attest.log.store import LogStore
from attest.replay import Report, replay
from service.places import FilePlace

Progress = Callable[[int], None]


def copy_checked(
    source: LogStore,
    target: LogStore,
    *,
    keys: LogKeys,
    progress: Progress | None = None,
) -> tuple[int, Checkpoint]:
    """Copy what a target lacks of a log, and check all of the target.

    Returns how many entries were copied, and the checkpoint of the target.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature (the target holds a
            log of other keys), and what `copy_log` and `check_store` raise.
    """
    before = target.head().checkpoint
    if before is not None:
        open_checkpoint(before, keys=keys)
    copied = copy_log(source, target, progress=progress)
    return copied, check_store(target, keys=keys)


def check_extends(store: LogStore, held: Iterable[bytes], *, keys: LogKeys) -> Checkpoint:
    """Check that a log extends every checkpoint that somebody kept; returns its newest one.

    Raises:
        LogError: checkpoint-malformed, checkpoint-origin, checkpoint-signature (of either);
            rolled-back, log-forked; tile-altered.
    """
    newest = store.head().checkpoint or b""
    now = open_checkpoint(newest, keys=keys)
    for note in held:
        before = open_checkpoint(note, keys=keys)
        if before.size > now.size:
            lost = f"an older state: it holds {now.size} entries, and {before.size} were signed"
            raise LogError("rolled-back", lost, entry=now.size)
        if compare(note, newest, keys=keys, read_nodes=store.nodes).misbehaviour is not None:
            raise LogError("log-forked", "the log is not the one that signed what is held")
    return now


def rehearse(
    backup: LogStore, *, keys: LogKeys, held: Iterable[bytes], progress: Progress | None = None
) -> Report:
    """Restore a backup to a folder that is deleted afterwards, and replay what is there.

    Raises:
        LogError, TrustError, RuleError, InputError: what `check_extends`, `copy_checked` and
            `replay` raise.
    """
    check_extends(backup, held, keys=keys)
    with tempfile.TemporaryDirectory(prefix="attest-drill-") as name:
        folder = Path(name)
        store = FilePlace(folder / "log.sqlite").create()
        try:
            copy_checked(backup, store, keys=keys, progress=progress)
            write_export(store, folder / "export")
        finally:
            store.close()
        return replay(folder / "export", log_keys=keys)
