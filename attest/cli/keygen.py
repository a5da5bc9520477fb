"""`attest keygen`: a private key, encrypted and readable by its owner alone, and its public record.

The record is a keyset (SPEC 7). A second key of the party is added to its keyset with `--into`. A
key that is there already, in a file, a token or behind a command, gets its record with `--key`.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from attest import encoding, schemas
from attest.cli import clock, files
from attest.cli.documents import read_keyset
from attest.cli.failures import about
from attest.cli.passphrase import new_passphrase, passphrase_file
from attest.cli.private import open_key, read_key, require_outside_git
from attest.cli.screen import Screen, json_bytes, screened
from attest.encoding import Json
from attest.envelope import KeyRing
from attest.errors import InputError
from attest.keys import ALGORITHMS, ED25519
from attest.models import Keyset, parse
from attest.signing import PrivateKey, Signer, generate_private_key, private_key_pem, signer_of

_ROLES: Final = ("designer", "foundry", "osat", "reviewer", "auditor", "witness")
_PURPOSES: Final = ("statement", "decision", "review")
_DEFAULT_LIFE: Final = dt.timedelta(days=365)


@click.command("keygen", short_help="Make a signing key and its keyset record.")
@click.argument("name")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help=f"Default: {ED25519}.")
@click.option("--purpose", type=click.Choice(_PURPOSES), default="statement", show_default=True)
@click.option("--holder", required=True, help="The person who holds the key.")
@click.option("--title", required=True, help="The holder's title.")
@click.option("--function", help="What the holder signs as, in the words of the foundry's mandate.")
@click.option("--key", metavar="FILE", help="Make no key: enrol that of this PEM or signer file.")
@click.option("--into", metavar="KEYSET", help="Add the record to this keyset of the party.")
@click.option("--party", help="Identifier of the party, such as tianqiu.")
@click.option("--legal-name", help="The party's legal name in its original script.")
@click.option("--name-latin", help="The name in Latin script (default: the legal name).")
@click.option("--country", help="ISO 3166-1 alpha-2 code of the party's seat.")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES))
@click.option("--valid-from", type=clock.INSTANT, help="Default: now.")
@click.option("--valid-until", type=clock.INSTANT, help="Default: 365 days after --valid-from.")
@click.option("--no-passphrase", is_flag=True, help="Leave the private key unencrypted.")
@passphrase_file
@screened
def command(
    screen: Screen,
    *,
    name: str,
    algorithm: str | None,
    purpose: str,
    holder: str,
    title: str,
    function: str | None,
    key: str | None,
    into: str | None,
    valid_from: dt.datetime | None,
    valid_until: dt.datetime | None,
    no_passphrase: bool,
    passphrase_file: str | None,
    roles: tuple[str, ...],
    **party: str | None,
) -> int:
    """Make a key pair: NAME.pem (private, mode 0600) and NAME.keyset.json (public).

    Neither file is ever overwritten, and no private key is written inside a git work tree. Send the
    keyset to those who are to rely on your signatures, and confirm its keyid by another channel.
    """
    if key is not None and (algorithm is not None or no_passphrase):
        raise click.UsageError("--key is of a key that is there; leave out how to make one")
    if into is not None and (roles or any(party.values())):
        raise click.UsageError("--into takes the party from its keyset; leave out its options")
    key_path, keyset_path = key or f"{name}.pem", into or f"{name}.keyset.json"
    files.require_free(*[p for p, given in ((key_path, key), (keyset_path, into)) if given is None])
    start = valid_from or clock.now()
    if into is None:
        keyset: dict[str, Json] = {"v": 1, "party": _party(party, roles), "keys": []}
    else:
        keyset = read_keyset(into)
    made = _made(key_path, algorithm or ED25519) if key is None else None
    signer = signer_of(made) if made else _given(screen, key_path, passphrase_file)
    record = _record(
        signer,
        purpose=purpose,
        holder={"name": holder, "title": title},
        function=function,
        valid_from=start,
        valid_until=valid_until or start + _DEFAULT_LIFE,
    )
    keyset = encoding.loads(encoding.canonical({**keyset, "keys": [*keyset["keys"], record]}))
    schemas.validate("keyset", keyset)
    with about(keyset_path):
        KeyRing.of([parse(Keyset, keyset)])
    if made:
        pem = private_key_pem(made, new_passphrase(passphrase_file, none=no_passphrase))
        files.write_new(key_path, pem, mode=0o600)
    (files.replace if into else files.write_new)(keyset_path, json_bytes(keyset))
    if no_passphrase:
        screen.say(f"! {key_path} is NOT encrypted: whoever reads the file can sign as {holder}.")
    screen.document({"key": key_path, "keyset": keyset_path, "keyid": signer.keyid})
    written = f"{key_path} (private) and {keyset_path}" if made else keyset_path
    screen.out(f"Wrote {written} (public).")
    screen.out(f"keyid {signer.keyid}")
    return 0


def _made(path: str, algorithm: str) -> PrivateKey:
    with about(path):
        require_outside_git(path)
    return generate_private_key(algorithm)


def _given(screen: Screen, path: str, passphrase_file: str | None) -> Signer:
    raw = read_key(screen, path)
    with about(path):
        return open_key(raw, passphrase_file=passphrase_file)


def _party(names: dict[str, str | None], roles: tuple[str, ...]) -> dict[str, Json]:
    missing = [
        f"--{name.replace('_', '-')}"
        for name in ("party", "legal_name", "country")
        if names[name] is None
    ]
    if missing or not roles:
        wanted = ", ".join([*missing, *([] if roles else ["--role"])])
        raise click.UsageError(f"a new keyset needs {wanted}")
    return {
        "id": names["party"],
        "legal_name": names["legal_name"],
        "name_latin": names["name_latin"] or names["legal_name"],
        "country": names["country"],
        "roles": sorted(set(roles)),
    }


def _record(
    signer: Signer,
    *,
    purpose: str,
    holder: dict[str, str],
    function: str | None,
    valid_from: dt.datetime,
    valid_until: dt.datetime,
) -> dict[str, Json]:
    if valid_until < valid_from:
        raise InputError("schema-violation", "valid until before valid from")
    return {
        "keyid": signer.keyid,
        "algorithm": signer.public.algorithm,
        "public_key": encoding.encode_base64(signer.public.spki),
        "purpose": purpose,
        "holder": holder,
        **({} if function is None else {"function": function}),
        "valid_from": encoding.format_instant(valid_from),
        "valid_until": encoding.format_instant(valid_until),
    }
