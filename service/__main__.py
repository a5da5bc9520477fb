"""Starting the service: `python -m service init`, `run`, `serve-demo`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from attest.cli.packs import bundled, load
from attest.cli.passphrase import from_text
from attest.errors import AttestError
from attest.keys import ED25519
from attest.log.note import NoteKey, parse_vkey
from attest.log.policy import parse_policy
from attest.signing import generate_private_key, private_key_pem
from service.activation import activate as record_activation
from service.activation import record_policy
from service.authorities import timestamp_options, timestamping_of
from service.demo import PACKS, PAPER, found_demo
from service.founding import Charter, found
from service.keyset_changes import change_keysets
from service.listening import (
    access_log_option,
    host_option,
    listen,
    port_option,
    public_hosts_option,
)
from service.log_commands import log
from service.places import DatabasePlace, store_option
from service.runtime import open_application, open_log
from service.sequencer import utc_now
from service.witness import VERIFIER_KEYS as WITNESS_VKEYS
from service.witness import create_witness_app, make_witness, open_witness

OPEN_KEYS = (
    "WARNING: private keys are written without encryption; whoever reads them can sign as you."
)
_folder = click.argument("data", type=click.Path(path_type=Path))
_existing = click.Path(exists=True, dir_okay=False, path_type=Path)
_passphrase_file = click.option(
    "--passphrase-file",
    type=_existing,
    help="File with the passphrase of the private keys; or set FOUNDRY_ATTEST_PASSPHRASE.",
)


_processes = click.option(
    "--processes",
    default=os.cpu_count() or 1,
    show_default="one for each processor",
    type=click.IntRange(0, 256),
    help="Worker processes that decide; 0: the server decides by itself.",
)


@click.group()
def main() -> None:
    """The foundry's service: decides submissions and records them.

    Exit codes: 0 done, 1 any error, 2 not called as it should be.
    """


main.add_command(log)


@main.command()
@_folder
@click.option("--origin", required=True, help="Name of the log, such as foundry.example/log.")
@click.option("--foundry", required=True, help="Party identifier of the deciding foundry.")
@click.option(
    "--keyset",
    "keysets",
    type=_existing,
    multiple=True,
    required=True,
    help="A keyset to enrol; repeat for each party. One is the foundry's own.",
)
@click.option(
    "--packs",
    multiple=True,
    type=click.Choice(bundled()),
    default=("us-ear",),
    show_default=True,
    help="A rule pack to activate; may be repeated.",
)
@click.option(
    "--list",
    "lists",
    type=_existing,
    multiple=True,
    help="A list to screen parties against: a snapshot of attest lists import; repeat.",
)
@click.option(
    "--mode", type=click.Choice(["cfr_text", "bis_practice"]), default="cfr_text", show_default=True
)
@click.option("--mandate", type=_existing, help="What signatures statements need; who vouches.")
@click.option("--review-threshold", type=click.IntRange(2), default=2, show_default=True)
@click.option(
    "--decision-key", type=_existing, help="Private key (PKCS#8 PEM) that signs decisions."
)
@store_option
@_passphrase_file
@click.option("--no-passphrase", is_flag=True, help="Write private keys without encryption.")
def init(
    data: Path,
    place: DatabasePlace | None,
    origin: str,
    foundry: str,
    keysets: tuple[Path, ...],
    packs: tuple[str, ...],
    lists: tuple[Path, ...],
    mode: str,
    mandate: Path | None,
    review_threshold: int,
    decision_key: Path | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
) -> None:
    """Make a data folder: keys, and a log with schemas, packs, keysets, lists and trust.

    The decision key is made unless one is given, and is added to the foundry's keyset unless it
    stands there.
    """
    passphrase = _new_passphrase(passphrase_file, no_passphrase=no_passphrase)
    if decision_key is None:
        decision_pem = private_key_pem(generate_private_key(ED25519), passphrase)
    else:
        decision_pem = decision_key.read_bytes()
    charter = Charter(
        origin=origin,
        foundry=foundry,
        mode=mode,
        review_threshold=review_threshold,
        keysets=[path.read_bytes() for path in keysets],
        packs=[load(name).raw for name in packs],
        lists=[path.read_bytes() for path in lists],
        mandate=None if mandate is None else mandate.read_bytes(),
    )
    pem, now = decision_pem, utc_now()
    found(data, charter, decision_pem=pem, passphrase=passphrase, at=now, place=place)
    click.echo(f"made {data}; give {data / 'log.vkeys'} to everyone who reads the log", err=True)


@main.command()
@_folder
@host_option
@port_option
@public_hosts_option
@_processes
@click.option(
    "--policy",
    type=_existing,
    help="Witnesses to ask for cosignatures (c2sp.org/tlog-policy), those with an address.",
)
@click.option(
    "--fail-closed",
    is_flag=True,
    help="With --policy: take no submission while the witnesses do not follow.",
)
@timestamp_options
@store_option
@_passphrase_file
@access_log_option
def run(
    data: Path,
    passphrase_file: Path | None,
    policy: Path | None,
    *,
    fail_closed: bool,
    timestamps: tuple[str, ...],
    roots: tuple[Path, ...],
    hours: int,
    **serving: Any,
) -> None:
    """Serve a data folder until interrupted."""
    if fail_closed and policy is None:
        raise click.UsageError("--fail-closed needs --policy")
    witnesses = None if policy is None else parse_policy(policy.read_text("utf-8", "replace"))
    serving |= {"policy": witnesses, "fail_closed": fail_closed}
    serving["timestamping"] = timestamping_of(timestamps, roots, hours)
    _serve(data, _passphrase(passphrase_file), **serving)


@main.command()
@_folder
@click.argument("activation", type=_existing)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    metavar="PACK",
    help="A pack that the log may not hold yet: one that ships, a folder or a document; repeat.",
)
@click.option(
    "--list",
    "lists",
    type=_existing,
    multiple=True,
    metavar="SNAPSHOT",
    help="A list that the log may not hold yet; repeat.",
)
@click.option("--mandate", type=_existing, help="The mandate, if the log may not hold it yet.")
@store_option
@_passphrase_file
def activate(
    data: Path,
    activation: Path,
    packs: tuple[str, ...],
    lists: tuple[Path, ...],
    mandate: Path | None,
    place: DatabasePlace | None,
    passphrase_file: Path | None,
) -> None:
    """Put packs, lists, a mandate in force: record an ACTIVATION that enough people have signed.

    The service must be stopped, and each that shares the log stops when it sees this. What is
    decided after the next start rests on the new packs and lists; earlier decisions keep theirs.
    attest rules sign makes an activation.
    """
    passphrase = _passphrase(passphrase_file)
    with open_log(data, passphrase, place) as (writer, records), writer.turn():
        index = record_activation(
            writer,
            records,
            activation=activation.read_bytes(),
            packs=[load(name).raw for name in packs],
            lists=[path.read_bytes() for path in lists],
            mandate=None if mandate is None else mandate.read_bytes(),
            at=utc_now(),
        )
    click.echo(f"recorded; the new trust snapshot is entry {index}", err=True)


@main.command("change-keysets")
@_folder
@click.argument("change", type=_existing)
@_passphrase_file
def change_keysets_(data: Path, change: Path, passphrase_file: Path | None) -> None:
    """Record a CHANGE of keysets that enough people signed, while the service is stopped."""
    with open_log(data, _passphrase(passphrase_file)) as (writer, records):
        done = change_keysets(writer, records, change=change.read_bytes(), at=utc_now())
    click.echo(f"recorded; the new trust snapshot is entry {done.trust_index}", err=True)


@main.command()
@_folder
@click.argument("policy", type=_existing)
@store_option
@_passphrase_file
def policy(
    data: Path, policy: Path, place: DatabasePlace | None, passphrase_file: Path | None
) -> None:
    """Name the log's witnesses: record a POLICY that enough people have signed.

    The service must be stopped. attest log policy makes one.
    """
    passphrase = _passphrase(passphrase_file)
    with open_log(data, passphrase, place) as (writer, records), writer.turn():
        index = record_policy(writer, records, policy=policy.read_bytes(), at=utc_now())
    click.echo(f"recorded; the policy is entry {index}", err=True)


@main.group("witness")
def witness() -> None:
    """A witness: cosigns the checkpoints of logs that it follows. It runs nothing else."""


@witness.command("init")
@_folder
@click.option("--name", required=True, help="Name of the witness, such as auditor.example/w1.")
@_passphrase_file
@click.option("--no-passphrase", is_flag=True, help="Write private keys without encryption.")
def witness_init(
    data: Path, name: str, passphrase_file: Path | None, *, no_passphrase: bool
) -> None:
    """Make a witness's folder: two keys, and a memory in which nothing was seen yet.

    A witness that loses its memory has to become another one, with a new name and new keys.
    """
    make_witness(data, name, _new_passphrase(passphrase_file, no_passphrase=no_passphrase))
    keys = data / WITNESS_VKEYS
    click.echo(f"made {data}; give {keys} to everyone who relies on the witness", err=True)


@witness.command("run")
@_folder
@click.option(
    "--log",
    "logs",
    type=_existing,
    multiple=True,
    required=True,
    help="Verifier keys of a log that is followed, such as its log.vkeys; repeat for each log.",
)
@host_option
@port_option
@public_hosts_option
@_passphrase_file
@access_log_option
def witness_run(
    data: Path, logs: tuple[Path, ...], passphrase_file: Path | None, **serving: Any
) -> None:
    """Serve a witness until interrupted: POST /witness/add-checkpoint (c2sp.org/tlog-witness)."""
    followed: dict[str, list[NoteKey]] = {}
    for path in logs:
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.strip():
                key = parse_vkey(line.strip())
                followed.setdefault(key.name, []).append(key)
    desk = open_witness(data, followed, _passphrase(passphrase_file), clock=utc_now)
    hosts = serving.pop("public_hosts")
    try:
        listen(create_witness_app(desk, public_hosts=hosts), **serving)
    finally:
        desk.close()


@main.command("serve-demo")
@click.argument("data", type=click.Path(path_type=Path), default=Path("demo-data"))
@host_option
@port_option
@_processes
@access_log_option
def serve_demo(data: Path, **serving: Any) -> None:
    """Serve a demo foundry with demo keys, made in DATA unless it is there."""
    if not data.exists():
        found_demo(data, [load(name).raw for name in PACKS], at=utc_now())
        click.echo(f"made {data} with demo keys, not encrypted", err=True)
    _serve(data, None, paper=data / PAPER, **serving)


def _serve(
    data: Path,
    passphrase: bytes | None,
    *,
    host: str,
    port: int,
    access_log: bool,
    paper: Path | None = None,
    **opening: Any,
) -> None:
    with open_application(data, passphrase, **opening) as application:
        listen(application, host=host, port=port, access_log=access_log, paper=paper)


def _new_passphrase(path: Path | None, *, no_passphrase: bool) -> bytes | None:
    passphrase = None if no_passphrase else _passphrase(path)
    if passphrase is None and not no_passphrase:
        raise click.UsageError("give --passphrase-file, or --no-passphrase to store keys openly")
    if passphrase is None:
        click.echo(OPEN_KEYS, err=True)
    return passphrase


def _passphrase(path: Path | None) -> bytes | None:
    if path is not None:
        return from_text(path.read_bytes())
    raw = os.environb.get(b"FOUNDRY_ATTEST_PASSPHRASE")
    return from_text(raw) if raw else None


def _run() -> None:
    try:
        main(prog_name="python -m service")
    except AttestError as error:
        click.echo(f"error: {error}\n{error.mend}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"error: {error.strerror}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    _run()
