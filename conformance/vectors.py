"""A vector: one input, one expected outcome, a name that says what is tried; and its file.

suites/<suite>/<id>.json     {"id", "about", "input": {"do": …, …}, "expect": {"result": …, …}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attest.encoding import Json

FOLDER = Path(__file__).resolve().parent
SUITES = (
    "signed-note",
    "cosignature",
    "tlog-proof",
    "policy",
    "witness",
    "entry",
    "envelope",
    "decision",
    "casefile",
    "misbehaviour",
    "act",
)


@dataclass(frozen=True)
class Vector:
    """One vector, as its file holds it."""

    suite: str
    id: str
    about: str
    input: Json
    expect: Json

    @property
    def path(self) -> str:
        """Its file, from the folder of all vectors."""
        return f"suites/{self.suite}/{self.id}.json"

    @property
    def code(self) -> str | None:
        """The code that it expects of a refusal, also of one that is a decision."""
        refusal: dict[str, str] = self.expect.get("refusal") or self.expect
        return refusal.get("code")

    def to_text(self) -> str:
        """The file."""
        members = {
            "id": self.id,
            "about": self.about,
            "input": self.input,
            "expect": self.expect,
        }
        return json.dumps(members, indent=1, ensure_ascii=True) + "\n"


def accept(**members: Json) -> Json:
    """The outcome that something holds, with what was found in it."""
    return {"result": "accept", **members}


def refuse(code: str) -> Json:
    """The outcome that something is refused, and why."""
    return {"result": "refuse", "code": code}


def read_vectors(folder: Path = FOLDER) -> Iterator[Vector]:
    """All vectors of a folder, suite by suite in the order of their names."""
    for suite in SUITES:
        for path in sorted((folder / "suites" / suite).glob("*.json")):
            yield Vector(suite=suite, **json.loads(path.read_bytes()))
