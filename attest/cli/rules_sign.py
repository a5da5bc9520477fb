"""`attest rules sign`: put packs in force, as a statement that people of the foundry sign."""

from __future__ import annotations

import datetime as dt

import click

from attest import encoding, limits, schemas
from attest.cli import clock, files, packs
from attest.cli.failures import about
from attest.cli.lists_show import open_snapshot
from attest.cli.passphrase import passphrase_file
from attest.cli.screen import Screen, screened
from attest.cli.sign import agreed_signer, write_signed
from attest.cli.statements import activation_statement
from attest.encoding import Json
from attest.envelope import seal
from attest.mandate import open_mandate
from attest.rules.register import MODES
from attest.screening.names import Used


@click.command("sign", short_help="Sign the activation of packs for a foundry's log.")
@click.argument("names", nargs=-1, required=True, metavar="PACK...")
@click.option(
    "--trust",
    metavar="FILE",
    required=True,
    help="The active snapshot: GET /v1/trust of the service.",
)
@click.option(
    "--list",
    "lists",
    metavar="SNAPSHOT",
    multiple=True,
    help="A list to screen parties against; repeat for all. Default: those of the snapshot.",
)
@click.option("--mode", type=click.Choice(MODES), help="Default: the mode of the snapshot.")
@click.option("--mandate", metavar="FILE", help="Default: that of the snapshot, if any.")
@click.option("--reason", required=True, help="The reason in a sentence.")
@click.option("--activated-at", type=clock.INSTANT, help="Default: now.")
@click.option("--key", metavar="FILE", required=True, help="A review key (PEM) or signer file.")
@click.option("--keyset", metavar="FILE", help="Check that the key is fit for this by its record.")
@click.option("--yes", is_flag=True, help="Sign without typing the word activate.")
@click.option("-o", "--output", metavar="FILE", help="Write the envelope there.")
@passphrase_file
@screened
def sign(
    screen: Screen,
    *,
    names: tuple[str, ...],
    trust: str,
    lists: tuple[str, ...],
    mode: str | None,
    mandate: str | None,
    reason: str,
    activated_at: dt.datetime | None,
    key: str,
    keyset: str | None,
    yes: bool,
    output: str | None,
    passphrase_file: str | None,
) -> int:
    """Sign the statement that these packs, and no others, decide from now on.

    It names each pack, each list and the mandate by their digests, and the snapshot that it
    replaces. A second person adds a signature with attest sign --add; python -m service activate
    then records it.
    """
    files.require_free(*(() if output is None else (output,)))
    before = read_snapshot(trust)
    statement, _ = activation_statement(
        before=before,
        packs={
            each.pack.digest: (each.pack.id, each.pack.edition) for each in packs.load_all(names)
        },
        lists=[Used.of(open_snapshot(path)) for path in lists],
        mode=mode or before["mode"],
        mandate=None if mandate is None else _mandate(mandate),
        reason=reason,
        activated_at=activated_at or clock.now(),
    )
    signer = agreed_signer(
        screen, statement, key=key, keyset=keyset, yes=yes, passphrase_file=passphrase_file
    )
    payload = encoding.canonical(statement)
    with about(key):
        envelope = seal(payload, [signer])
    write_signed(screen, envelope, payload=payload, keyid=signer.keyid, output=output)
    return 0


def _mandate(path: str) -> str:
    raw = files.read_bytes(path)
    with about(files.name_of(path)):
        open_mandate(raw)
    return encoding.digest(raw)


def read_snapshot(path: str) -> Json:
    """Read the document of a trust snapshot.

    Raises:
        InputError: file, too-large, schema-violation, the json codes.
    """
    document = files.read_json(path, bytes_max=limits.KEYSET_BYTES_MAX)
    with about(files.name_of(path)):
        schemas.validate("trust", document)
    return document
