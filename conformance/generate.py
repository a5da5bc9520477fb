"""Writes all vectors: `python -m conformance.generate [FOLDER]`, the folder of this module if none.

    FOLDER/suites/<suite>/<id>.json     one vector
    FOLDER/documents/<64 hex digits>    bytes that several vectors share

The result is the same on every run and every machine. What was there and is no vector any more is
deleted. Each suite is a module that says what it tries and what it expects: signed_notes,
cosigning, proofs, policies, witnesses, entries, envelopes, decisions (with refusals), casefiles,
accusations, acts.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from conformance import (
    accusations,
    acts,
    casefiles,
    cosigning,
    decisions,
    entries,
    envelopes,
    policies,
    proofs,
    signed_notes,
    witnesses,
)
from conformance.binary import Documents, documents_of, file_of
from conformance.vectors import FOLDER, Vector


def all_vectors(documents: Documents) -> list[Vector]:
    """Every vector of every suite; the bytes that they share come into `documents`."""
    found = [
        *signed_notes.vectors(documents),
        *cosigning.vectors(documents),
        *proofs.vectors(documents),
        *policies.vectors(documents),
        *witnesses.vectors(documents),
        *entries.vectors(),
        *decisions.vectors(documents),
        *envelopes.vectors(documents),
        *casefiles.vectors(documents),
        *accusations.vectors(documents),
        *acts.vectors(documents),
    ]
    paths = [vector.path for vector in found]
    if len(set(paths)) != len(paths):
        raise ValueError("two vectors have one name")
    return found


def write_all(folder: Path) -> int:
    """Write all vectors into a folder; how many there are."""
    documents = Documents()
    found = all_vectors(documents)
    for name in ("suites", "documents"):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    for vector in found:
        path = folder / vector.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(vector.to_text(), encoding="ascii", newline="\n")
    used: set[str] = set()
    for vector in found:
        used |= documents_of(vector.input) | {vector.expect.get("payload", "")}
    (folder / "documents").mkdir()
    for name in sorted(used & set(documents.bodies)):
        file_of(folder, name).write_bytes(documents.bodies[name])
    return len(found)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    print(f"{write_all(target)} vectors")
