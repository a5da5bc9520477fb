"""A program that appends to a log for ever and says what was acknowledged; `test_crash` kills it.

python -m tests.log.appender STORE KEYS        prints "<first index> <size>" per batch
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from attest.log.checkpoint import CheckpointSigner
from attest.log.sqlite import SqliteStore
from attest.log.writer import LogWriter
from tests.log.sample import ORIGIN, drafts, later


def main(store: Path, keys: Path) -> None:
    """Append batches of one to nine entries until killed."""
    pems = ((keys / "ed25519.pem").read_bytes(), (keys / "ml-dsa-44.pem").read_bytes())
    writer = LogWriter.open(SqliteStore.open(store), CheckpointSigner.from_pem(ORIGIN, pems, None))
    for turn in itertools.count():
        first = writer.head.size
        appended = writer.append(drafts(first, 1 + turn % 9), at=later(first))
        print(appended.first_index, first + len(appended.entries), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
