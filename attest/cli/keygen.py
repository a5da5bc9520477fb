"""`attest keygen`: a private key, encrypted and readable by its owner alone, and its public record.

The record is a keyset (SPEC 7). A second key of the party is added to its keyset with `--into`.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click

from attest import encoding, schemas
from attest.cli import clock, files
from attest.cli.documents import read_keyset
from attest.cli.passphrase import new_passphrase, passphrase_file
from attest.cli.screen import Screen, json_bytes, screened
from attest.encoding import Json
from attest.errors import InputError
from attest.keys import ECDSA_P256, ED25519
from attest.signing import KeySigner, generate_private_key, private_key_pem, signer_of

_ROLES: Final = ("designer", "foundry", "osat", "reviewer", "auditor", "witness")
_PURPOSES: Final = ("statement", "decision", "review")
_DEFAULT_LIFE: Final = dt.timedelta(days=365)


@click.command("keygen", short_help="Make a signing key and its keyset record.")
@click.argument("name")
@click.option(
    "--algorithm", type=click.Choice([ED25519, ECDSA_P256]), default=ED25519, show_default=True
)
@click.option("--purpose", type=click.Choice(_PURPOSES), default="statement", show_default=True)
@click.option("--holder", required=True, help="The person who holds the key.")
@click.option("--title", required=True, help="The holder's title.")
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
    algorithm: str,
    purpose: str,
    holder: str,
    title: str,
    into: str | None,
    valid_from: dt.datetime | None,
    valid_until: dt.datetime | None,
    no_passphrase: bool,
    passphrase_file: str | None,
    roles: tuple[str, ...],
    **party: str | None,
) -> int:
    """Make a key pair: NAME.pem (private, mode 0600) and NAME.keyset.json (public).

    Neither file is ever overwritten. Send the keyset to those who are to rely on your signatures,
    and confirm its keyid by another channel.
    """
    key_path, keyset_path = f"{name}.pem", into or f"{name}.keyset.json"
    files.require_free(key_path)
    if into is None:
        files.require_free(keyset_path)
    start = valid_from or clock.now()
    if into is None:
        keyset: dict[str, Json] = {"v": 1, "party": _party(party, roles), "keys": []}
    elif roles or any(party.values()):
        raise click.UsageError("--into takes the party from its keyset; leave out its options")
    else:
        keyset = read_keyset(into)
    private = generate_private_key(algorithm)
    signer = signer_of(private)
    keyset["keys"] = [
        *keyset["keys"],
        _record(
            signer,
            purpose=purpose,
            holder={"name": holder, "title": title},
            valid_from=start,
            valid_until=valid_until or start + _DEFAULT_LIFE,
        ),
    ]
    keyset = encoding.loads(encoding.canonical(keyset))
    schemas.validate("keyset", keyset)
    pem = private_key_pem(private, new_passphrase(passphrase_file, none=no_passphrase))
    files.write_new(key_path, pem, mode=0o600)
    (files.replace if into else files.write_new)(keyset_path, json_bytes(keyset))
    if no_passphrase:
        screen.say(f"! {key_path} is NOT encrypted: whoever reads the file can sign as {holder}.")
    screen.document({"key": key_path, "keyset": keyset_path, "keyid": signer.keyid})
    screen.out(f"Wrote {key_path} (private) and {keyset_path} (public).")
    screen.out(f"keyid {signer.keyid}")
    return 0


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
    signer: KeySigner,
    *,
    purpose: str,
    holder: dict[str, str],
    valid_from: dt.datetime,
    valid_until: dt.datetime,
) -> dict[str, Json]:
    if valid_until < valid_from:
        raise InputError("schema-violation", "valid until before valid from")
    return {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encoding.encode_base64(signer.public.spki),
        "purpose": purpose,
        "holder": holder,
        "valid_from": encoding.format_instant(valid_from),
        "valid_until": encoding.format_instant(valid_until),
    }
