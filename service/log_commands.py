"""`python -m service log`: a log that may be in a database, from the side of who operates it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from attest import limits
from attest.cli.files import read_bytes
from attest.cli.log_keys import read_log_keys
from attest.log.checkpoint import LogKeys
from attest.log.export import write_export
from attest.log.monitor import held_checkpoints
from attest.log.stamp_files import read_stamps
from service.backups import check_extends, copy_checked, rehearse
from service.cosigning import FILE as COSIGNED
from service.founding import VERIFIER_KEYS
from service.migrate import migrate as migrate_database
from service.places import DatabasePlace, DatabaseType, FilePlace, Place, PlaceType, store_option
from service.runtime import place_of

_path = click.Path(path_type=Path)
_data = click.argument("data", type=_path)
_log_keys = click.option(
    "--log-keys", metavar="FILE", required=True, help="The log's two verifier keys (log.vkeys)."
)
_held = click.option(
    "--held",
    metavar="FILE",
    multiple=True,
    help="A checkpoint, proof or case file that was kept: the log must extend it; may be repeated.",
)


@click.group()
def log() -> None:
    """Look after a log: its database, copies, backups, exports.

    A PLACE is a SQLite file, such as foundry/log.sqlite, or env:NAME for PostgreSQL: the
    environment variable that holds the database's address. An address stands on no command line.
    """


@log.command()
@click.argument("place", type=DatabaseType(), metavar="env:NAME")
@click.option("--role", required=True, help="The role that the service connects as.")
def migrate(place: DatabasePlace, role: str) -> None:
    """Bring a database up to date, as the owner of its schema.

    ROLE must exist. It may then read the log and add to it, and nothing else.
    """
    done = migrate_database(place.address, role)
    click.echo(f"migrations applied: {', '.join(map(str, done)) or 'none was missing'}", err=True)


@log.command()
@click.argument("source", type=PlaceType(), metavar="FROM")
@click.argument("target", type=PlaceType(), metavar="TO")
@_log_keys
@_held
def copy(source: Place, target: Place, log_keys: str, held: tuple[str, ...]) -> None:
    """Copy a log from one PLACE to another, every byte of it, and check the copy.

    A copy that was cut off goes on where it stopped, and one that is behind is brought up to date.
    Stop the service before you let it go on from the copy: two that go on apart are two logs under
    one name.
    """
    _copy(source, target, read_log_keys(log_keys), held)


@log.command()
@_data
@click.argument("backup", type=_path)
@store_option
def backup(data: Path, backup: Path, place: DatabasePlace | None) -> None:
    """Back the log of a data folder up to a SQLite file, or bring that file up to date.

    The service may run. The newest checkpoint is written beside it, to BACKUP.checkpoint: keep it
    elsewhere, for restore and drill. The keys in DATA are not part of a backup.
    """
    beside = _checkpoint_of(backup)
    held = (str(beside),) if beside.exists() else ()
    note = _copy(place_of(data, place), FilePlace(backup), _keys_of(data), held)
    partial = Path(f"{beside}.partial")
    partial.write_bytes(note)
    partial.replace(beside)


@log.command()
@click.argument("backup", type=_path)
@_data
@store_option
@_held
def restore(backup: Path, data: Path, place: DatabasePlace | None, held: tuple[str, ...]) -> None:
    """Restore a backup to where the log of a data folder was: an empty database, or no file.

    Held against every checkpoint that is given, and against what DATA says that witnesses cosigned:
    an older state is refused. Entries that were signed and are lost cannot be made good by going on
    without them.
    """
    cosigned = data / COSIGNED
    kept = (str(cosigned),) if cosigned.exists() else ()
    _copy(FilePlace(backup), place_of(data, place), _keys_of(data), (*held, *kept))


@log.command()
@click.argument("backup", type=PlaceType(), metavar="PLACE")
@_log_keys
@_held
def drill(backup: Place, log_keys: str, held: tuple[str, ...]) -> None:
    """Rehearse a disaster: restore a backup to a temporary folder, check it and replay it."""
    keys, notes = read_log_keys(log_keys), _notes(held)
    with (
        closing(backup.open(read_only=True)) as store,
        _progress("restored", store.head().size) as advance,
    ):
        report = rehearse(store, keys=keys, held=notes, progress=advance)
    click.echo(f"PASS  restored  {report.checkpoint.size} entries, every byte checked")
    for path in held:
        click.echo(f"PASS  extends   what the log had signed in {path}")
    click.echo(f"PASS  replayed  {report.decisions} decisions, {report.reviews} reviews")
    if not held:
        click.echo("HOLD  no checkpoint was given with --held: it may be an older state")


@log.command()
@_data
@click.argument("export", type=_path)
@store_option
def export(data: Path, export: Path, place: DatabasePlace | None) -> None:
    """Write the log of a data folder as static files (SPEC 16), bodies and salts included."""
    with closing(place_of(data, place).open(read_only=True)) as store:
        write_export(store, export, stamps=read_stamps(data)[0])
        size = store.head().signed
    click.echo(f"wrote {size} entries; the export holds every body: hand it on with care")


def _copy(source: Place, target: Place, keys: LogKeys, held: tuple[str, ...]) -> bytes:
    """Copy, say what was done, and give the checkpoint of the copy."""
    with closing(source.open(read_only=True)) as origin:
        check_extends(origin, _notes(held), keys=keys)
        with closing(target.begin()) as kept:
            missing = origin.head().size - kept.head().size
            with _progress("copied", missing) as advance:
                copied, checkpoint = copy_checked(origin, kept, keys=keys, progress=advance)
            note = kept.head().checkpoint or b""
    click.echo(f"copied {copied} entries; the copy holds {checkpoint.size} under its checkpoint")
    return note


def _notes(held: tuple[str, ...]) -> list[bytes]:
    raws = (read_bytes(path, bytes_max=limits.CASEFILE_BYTES_MAX) for path in held)
    return [note for raw in raws for note in held_checkpoints(raw)]


def _keys_of(data: Path) -> LogKeys:
    return read_log_keys(str(data / VERIFIER_KEYS))


def _checkpoint_of(backup: Path) -> Path:
    return backup.with_name(backup.name + ".checkpoint")


@contextmanager
def _progress(words: str, total: int) -> Iterator[Callable[[int], Any]]:
    with click.progressbar(
        length=max(total, 0), label=words, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield bar.update
