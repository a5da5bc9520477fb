"""Rule packs by name: those that ship, a folder of TOML, or a pack document as JSON.

>>> "us-ear" in bundled(), "common" in bundled()
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from attest import encoding, limits
from attest.cli import files
from attest.cli.failures import about
from attest.data import data_dir
from attest.encoding import Json
from attest.errors import InputError
from attest.rules.folder import Folder
from attest.rules.pack import Pack, compile_pack, read_pack_folder

pack_option: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.option(
    "--pack",
    "names",
    multiple=True,
    default=["us-ear"],
    show_default=True,
    help="A pack that ships, a folder or a JSON file; may be repeated.",
)
"""The option `--pack` of commands that run rules."""


@dataclass(frozen=True)
class Loaded:
    """A pack: its bytes, the same as JSON for reading, and compiled."""

    raw: bytes
    document: Json
    pack: Pack


def bundled() -> list[str]:
    """The names of the packs that ship."""
    return sorted(
        entry.name for entry in data_dir("rules").iterdir() if (entry / "pack.toml").is_file()
    )


def folder_of(name: str) -> Folder:
    """The folder of a pack: a path with a pack.toml, or one that ships.

    Raises:
        InputError: not-found.
    """
    path = Path(name)
    if (path / "pack.toml").is_file():
        return path
    if name in bundled():
        return data_dir("rules") / name
    raise InputError("not-found", f"no folder with a pack.toml; {', '.join(bundled())} ship")


def load(name: str) -> Loaded:
    """Load a pack by the name of one that ships, a folder, or a JSON file.

    Raises:
        InputError: not-found, file.
        RuleError: pack-invalid, expression-invalid, engine-unknown.
    """
    with about(name):
        if name.endswith(".json"):
            raw = files.read_bytes(name, bytes_max=limits.PACK_BYTES_MAX)
        else:
            raw = read_pack_folder(folder_of(name))
        pack = compile_pack(raw)
        return Loaded(raw, encoding.loads(raw, bytes_max=limits.PACK_BYTES_MAX), pack)


def load_all(names: Iterable[str]) -> list[Loaded]:
    """Load packs, each once.

    Raises:
        InputError, RuleError: as `load`.
    """
    return [load(name) for name in dict.fromkeys(names)]


def describe(subject: str) -> dict[str, Json] | None:
    """A rule (`pack/rule`, or `rule` alone) or ambiguity of the packs that ship; None for neither.

    Raises:
        RuleError: a pack that ships is broken.
    """
    wanted = subject.casefold()
    for loaded in map(load, bundled()):
        for description in _descriptions(loaded):
            local = str(description["name"]).rpartition("/")[2].casefold()
            if wanted in (local, f"{loaded.pack.id}/{local}"):
                return description
    return None


def _descriptions(loaded: Loaded) -> Iterator[dict[str, Json]]:
    for rule in loaded.document["rules"]:
        newest = rule["versions"][0]
        yield {
            "kind": rule["kind"],
            "name": f"{loaded.pack.id}/{rule['name']}",
            "title": rule["title"],
            "layer": loaded.pack.layer,
            "in force": [_span(version) for version in rule["versions"]],
            "citation": newest["citation"],
            "confidence": newest["confidence"],
            "as of": newest["as_of"],
            "says": [f"{result}: {text}" for result, text in newest["says"].items()],
            "clears with": newest.get("clears_with", []),
            "open points": sorted({each["ambiguity"] for each in newest.get("readings", [])}),
        }
    for ambiguity in loaded.document["ambiguities"]:
        yield {
            "kind": "ambiguity",
            "name": ambiguity["id"],
            "title": ambiguity["title"],
            "pack": loaded.pack.id,
            "problem": ambiguity["problem"],
            "reading": ambiguity["reading"],
            "others": ambiguity["others"],
            "citation": ambiguity["citation"],
            "confidence": ambiguity["confidence"],
            "as of": ambiguity["as_of"],
        }


def _span(version: Json) -> str:
    return f"{version['from']} to {version.get('until', 'further notice')}"
