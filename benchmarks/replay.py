"""Replay and integrity check of an export, beside the bare cryptography over the same bytes."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from attest import encoding
from attest.envelope import pae
from attest.keys import PublicKey
from attest.log.check import check_export
from attest.log.export import Export
from attest.log.store import StoredEntry
from attest.models import IN_TOTO_PAYLOAD
from attest.replay import replay
from attest.trust import Trust
from benchmarks.figures import median_seconds, show
from tests.papers import submissions
from tests.world import World
from tests.world_log import WorldLog, world_log

DECISIONS = 4_000
BATCH = 256
Check = tuple[PublicKey, bytes, bytes]


def measure(folder: Path, divisor: int) -> None:
    """Print decisions and entries a second, and bytes an entry."""
    count = DECISIONS // divisor
    print(f"replay: {count} decisions, three signatures each, medians of rounds")
    world = World()
    raws = list(submissions(world, count))
    with world_log(world, folder / "data") as log:
        for start in range(0, count, BATCH):
            log.register(raws[start : start + BATCH])
        export = log.export(folder / "export")
        checks = _signature_checks(log, world.trust(), raws)
        entries = log.writer.head.size
        _show_size(folder, entries)
        bare = count / median_seconds(lambda: _check_all(checks), rounds=3)
        show("bare checks of the same signatures", bare, "decisions/s")
        for processes in (1, 2):
            again = partial(replay, export, log_keys=log.keys, processes=processes)
            show(
                f"replay, {processes} process{'es' * (processes > 1)}",
                count / median_seconds(again, rounds=3),
                "decisions/s",
                floor=("the bare checks in one process", bare),
            )
        opened = Export.open(export, keys=log.keys)
        stored = list(opened.entries(0, opened.checkpoint.size))
        hashing = entries / median_seconds(lambda: _hash_all(stored))
        show("bare hashing (leaf, node, commitment)", hashing, "entries/s")
        rate = entries / median_seconds(lambda: check_export(export, keys=log.keys))
        show("integrity-only check", rate, "entries/s", floor=("the bare hashing", hashing))


def _show_size(folder: Path, entries: int) -> None:
    stored = sum(path.stat().st_size for path in (folder / "data").glob("log.sqlite*"))
    exported = sum(path.stat().st_size for path in (folder / "export").rglob("*") if path.is_file())
    show("store, bytes an entry with its body", stored / entries, "B")
    show("export, bytes an entry with its body", exported / entries, "B")


def _signature_checks(log: WorldLog, trust: Trust, raws: list[bytes]) -> list[Check]:
    checks = []
    for raw in raws:
        decision = log.records.lookup(encoding.digest(raw)).decision.body
        submission = encoding.loads(raw, string_bytes_max=2**20)
        for envelope in [
            *submission["envelopes"],
            encoding.loads(decision, string_bytes_max=2**20),
        ]:
            message = pae(IN_TOTO_PAYLOAD, encoding.decode_base64(envelope["payload"]))
            for signature in envelope["signatures"]:
                key = trust.ring.keys[signature["keyid"]].public
                checks.append((key, encoding.decode_base64(signature["sig"]), message))
    return checks


def _check_all(checks: list[Check]) -> None:
    for key, signature, message in checks:
        key.check(signature, message)


def _hash_all(stored: list[StoredEntry]) -> None:
    """Hash what the check must hash at least: every leaf, every node, every commitment."""
    sha256 = hashlib.sha256
    hashes = []
    for each in stored:
        hashes.append(sha256(b"\x00" + each.entry).digest())
        sha256(each.salt + each.body).digest()
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        odd = hashes[len(hashes) & ~1 :]
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
