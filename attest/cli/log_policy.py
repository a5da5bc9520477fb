"""`attest log policy`: name the witnesses of a log, as a statement that its people sign."""

from __future__ import annotations

import datetime as dt

import click

from attest import encoding, limits
from attest.cli import clock, files
from attest.cli.failures import about
from attest.cli.passphrase import passphrase_file
from attest.cli.screen import Screen, screened
from attest.cli.sign import agreed_signer, write_signed
from attest.cli.statements import policy_statement
from attest.envelope import seal


@click.command("policy", short_help="Name a log's witnesses, signed for the log.")
@click.argument("policy")
@click.option("--origin", required=True, help="The log's name, as its checkpoints say it.")
@click.option("--valid-from", type=clock.INSTANT, help="Default: now.")
@click.option("--valid-until", type=clock.INSTANT, required=True)
@click.option("--reason", required=True, help="The reason in a sentence.")
@click.option("--key", metavar="FILE", required=True, help="A review key (PEM) or signer file.")
@click.option("--keyset", metavar="FILE", help="Check that the key is fit for this by its record.")
@click.option("--yes", is_flag=True, help="Sign without typing the word witnesses.")
@click.option("-o", "--output", metavar="FILE", help="Write the envelope there.")
@passphrase_file
@screened
def policy(
    screen: Screen,
    *,
    policy: str,
    origin: str,
    valid_from: dt.datetime | None,
    valid_until: dt.datetime,
    reason: str,
    key: str,
    keyset: str | None,
    yes: bool,
    output: str | None,
    passphrase_file: str | None,
) -> int:
    """Sign a POLICY (c2sp.org/tlog-policy): whose cosignatures readers of a log may rely on.

    A second person adds a signature with attest sign --add; python -m service policy then records
    it. Policies are added and dated, so the witnesses of a day are found years later.
    """
    files.require_free(*(() if output is None else (output,)))
    raw = files.read_bytes(policy, bytes_max=limits.POLICY_CHARACTERS_MAX)
    with about(files.name_of(policy)):
        statement = policy_statement(
            origin=origin,
            text=raw.decode("utf-8", "replace"),
            valid_from=valid_from or clock.now(),
            valid_until=valid_until,
            reason=reason,
        )
    signer = agreed_signer(
        screen, statement, key=key, keyset=keyset, yes=yes, passphrase_file=passphrase_file
    )
    payload = encoding.canonical(statement)
    with about(key):
        envelope = seal(payload, [signer])
    write_signed(screen, envelope, payload=payload, keyid=signer.keyid, output=output)
    return 0
