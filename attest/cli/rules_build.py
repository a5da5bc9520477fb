"""`attest rules build` and `attest rules lock`: editions as documents, and their digests kept."""

from __future__ import annotations

from pathlib import Path

import click

from attest import limits
from attest.cli import files, packs
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.errors import InputError
from attest.rules.lock import extended, read_lock, write_lock

_LOCK = "LOCK"


@click.command("build", short_help="Write an edition as one document.")
@click.argument("pack")
@click.option("--out", "output", metavar="FILE", required=True, help="A new file, *.json.")
@screened
def build(screen: Screen, *, pack: str, output: str) -> int:
    """Write an edition as one canonical document: the bytes that its digest names.

    The document needs no other file: what the pack uses of the common files is in it.
    """
    loaded = packs.load(pack)
    files.write_new(output, loaded.raw)
    told = {"id": loaded.pack.id, "edition": loaded.pack.edition, "digest": loaded.pack.digest}
    screen.document({**told, "file": output})
    screen.out(f"{loaded.pack.digest}  {loaded.pack.id}/{loaded.pack.edition}")
    return 0


@click.command("lock", short_help="Keep the digests of editions.")
@click.argument("folder", default="rules")
@click.option("--check", is_flag=True, help="Write nothing; exit code 4 if LOCK is not up to date.")
@screened
def lock(screen: Screen, *, folder: str, check: bool) -> int:
    """Put the edition of every pack in FOLDER (default: rules) into FOLDER/LOCK.

    A locked edition never changes: a pack that has changed and kept its edition is refused.
    Lines of older editions stay.
    """
    names = sorted(path.parent.name for path in Path(folder).glob("*/pack.toml"))
    if not names:
        with about(folder):
            raise InputError("not-found", "no folder of packs")
    loaded = [packs.load(str(Path(folder) / name)) for name in names]
    editions = {f"{each.pack.id}/{each.pack.edition}": each.pack.digest for each in loaded}
    path = Path(folder) / _LOCK
    with about(str(path)):
        written = path.exists()
        raw = files.read_bytes(str(path), bytes_max=limits.PACK_BYTES_MAX) if written else b""
        held = read_lock(raw.decode("ascii", "replace"))
        text = write_lock(extended(held, editions))
    fresh = sorted(editions.keys() - held.keys())
    if not check and text.encode() != raw:
        files.replace(str(path), text.encode())
    screen.document({"locked": sorted(editions.keys() & held.keys()), "new": fresh})
    for name in sorted(editions):
        word = "HOLD" if check and name in fresh else "PASS"
        screen.result(word, name, "not in LOCK yet" if name in fresh and check else editions[name])
    return 4 if check and text.encode() != raw else 0
