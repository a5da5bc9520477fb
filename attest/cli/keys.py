"""`attest keys`: what public keys a keyset holds, and how they come into a log and out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from attest import encoding
from attest.cli import clock, files
from attest.cli.certificate_files import described, groups, halves, lines_of
from attest.cli.documents import read_keyset
from attest.cli.failures import about
from attest.cli.keys_certify import certify
from attest.cli.keys_change import PREFIX_MIN, enrol, revoke, rotate, submit
from attest.cli.keys_impact import impact_
from attest.cli.keys_mandate import mandate
from attest.cli.passphrase import passphrase_file
from attest.cli.private import open_key, read_key
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.envelope import EnrolledKey, KeyRing
from attest.errors import InputError, TrustError
from attest.models import Keyset, dump, parse

_SHORT: Final = 16
_LINE: Final = 64


@click.group("keys", short_help="Look at public keys; enrol, rotate and revoke them.")
def command() -> None:
    """Look at public keys; enrol, rotate and revoke them in a running log.

    A KEYSET is a file, or a folder of them. keys/README.md says how to enrol, rotate and revoke.
    """


command.add_command(certify)
command.add_command(mandate)


@command.command("list", short_help="List the keys of keysets.")
@click.argument("keysets", nargs=-1, required=True, metavar="KEYSET...")
@click.option("--at", type=clock.INSTANT, help="Say which are valid then (default: now).")
@screened
def list_(screen: Screen, *, keysets: tuple[str, ...], at: dt.datetime | None) -> int:
    """List every key with its holder, purpose and validity; each key is checked."""
    instant = at or clock.now()
    rows = [
        {"file": path, **_described(key, instant)}
        for path in _files(keysets)
        for key in _ring(path).keys.values()
    ]
    screen.document(rows)
    screen.table(
        ["party", "purpose", "algorithm", "holder", "valid from", "valid until", "state", "keyid"],
        [
            [
                *(row[name] for name in ("party", "purpose", "algorithm", "holder")),
                *(row[name][:10] for name in ("valid_from", "valid_until")),
                f"{row['state']} {row['revoked']['at'][:10]}" if "revoked" in row else row["state"],
                row["keyid"].removeprefix("sha256:")[:_SHORT],
            ]
            for row in rows
        ],
    )
    return 0


@command.command("show", short_help="Show a key with its fingerprint.")
@click.argument("keyset")
@click.argument("keyid")
@click.option("--at", type=clock.INSTANT, help="Say whether it is valid then (default: now).")
@click.option("--pem", is_flag=True, help="Only the public key, as PEM for other programs.")
@screened
def show(screen: Screen, *, keyset: str, keyid: str, at: dt.datetime | None, pem: bool) -> int:
    """Show a key with its fingerprint, to be read out and compared over another channel.

    KEYID is its identifier or the first digits of it, eight at least.
    """
    key = _chosen(keyset, keyid)
    if pem:
        screen.raw(_public_pem(key.public.spki))
        return 0
    told = _described(key, at or clock.now())
    fingerprint = groups(key.public.keyid.removeprefix("sha256:"))
    path = [described(each) for each in key.path.certificates] if key.path else []
    screen.document(
        {
            **told,
            "roles": list(key.party.roles),
            "country": key.party.country,
            "fingerprint": " ".join(fingerprint),
            "public_key": key.record.public_key,
            "certificates": path,
        }
    )
    party = key.party
    as_function = f", signs as {key.record.function}" if key.record.function else ""
    screen.out(f"{told['holder']}, {told['title']}{as_function}")
    screen.out(f"for {party.legal_name} ({party.name_latin}), {party.country}, as {party.id}")
    screen.out(f"roles {', '.join(party.roles)}; {told['purpose']} key, {key.public.algorithm}")
    screen.out(f"{told['valid_from']} to {told['valid_until']}: {told['state']}")
    if "revoked" in told:
        screen.out(_revoked(told["revoked"]))
    screen.out("fingerprint (SHA-256 of the public key)")
    for line in halves(fingerprint):
        screen.out(f"  {line}")
    if path:
        screen.out("certificates, its own first (fingerprint: SHA-256); a mandate names the root")
    for each in path:
        for line in lines_of(each):
            screen.out(line)
    return 0


@command.command("export-csr", short_help="Make a request for a certificate (PKCS#10).")
@click.argument("keyset")
@click.option("--key", metavar="FILE", required=True, help="The private key (PEM) or signer file.")
@click.option("-o", "--output", metavar="FILE", help="Write the request there.")
@passphrase_file
@screened
def export_csr(
    screen: Screen, *, keyset: str, key: str, output: str | None, passphrase_file: str | None
) -> int:
    """Make a request for a certificate (PKCS#10) of an enrolled key, signed with it.

    Its subject is the holder and the party of KEYSET, in Latin script.
    """
    from attest.signing.request import certificate_request, subject_of

    files.require_free(*(() if output is None else (output,)))
    raw = read_key(screen, key)
    with about(key):
        signer = open_key(raw, passphrase_file=passphrase_file)
    with about(keyset):
        enrolled = _ring(keyset).keys.get(signer.keyid)
        if enrolled is None:
            raise TrustError("unknown-key", "the keyset does not hold this key")
        holder, party = enrolled.record.holder, enrolled.party
        subject = subject_of(
            country=party.country,
            organisation=party.name_latin,
            person=holder.name,
            title=holder.title,
        )
    with about(key):
        request = certificate_request(signer, subject)
    document = {"keyid": signer.keyid, "subject": subject.rfc4514_string()}
    if output is None:
        if screen.as_json:
            screen.document({**document, "request": request.decode()})
        else:
            screen.raw(request)
        return 0
    files.write_new(output, request)
    screen.document({**document, "file": output})
    screen.out(f"Wrote {output} for {document['subject']}")
    return 0


def _files(paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        if Path(path).is_dir():
            yield from sorted(str(file) for file in Path(path).glob("*.json"))
        else:
            yield path


def _ring(path: str) -> KeyRing:
    keyset = parse(Keyset, read_keyset(path))
    with about(path):
        return KeyRing.of([keyset])


def _chosen(path: str, keyid: str) -> EnrolledKey:
    digits = keyid.removeprefix("sha256:").lower()
    with about(path):
        if len(digits) < PREFIX_MIN:
            raise click.UsageError(f"a KEYID is told by {PREFIX_MIN} digits at least")
        found = [
            key
            for name, key in _ring(path).keys.items()
            if name.removeprefix("sha256:").startswith(digits)
        ]
        if len(found) != 1:
            raise InputError("not-found", "no key of the keyset has an identifier that starts so")
    return found[0]


def _described(key: EnrolledKey, at: dt.datetime) -> dict[str, Json]:
    record = key.record
    if record.revoked is not None:
        state = "revoked"
    elif at < record.valid_from:
        state = "not yet valid"
    else:
        state = "valid" if at <= record.valid_until else "ended"
    return {
        "keyid": key.public.keyid,
        "party": key.party.id,
        "legal_name": key.party.legal_name,
        "algorithm": key.public.algorithm,
        "purpose": record.purpose,
        "holder": record.holder.name,
        "title": record.holder.title,
        "function": record.function,
        "valid_from": encoding.format_instant(record.valid_from),
        "valid_until": encoding.format_instant(record.valid_until),
        "state": state,
        **({} if record.revoked is None else {"revoked": dump(record.revoked)}),
    }


def _revoked(revocation: Json) -> str:
    since = f"; suspect from {revocation['suspect_from']}" if "suspect_from" in revocation else ""
    return f"revoked {revocation['at']}: {revocation['reason']}{since}"


def _public_pem(spki: bytes) -> bytes:
    text = encoding.encode_base64(spki)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    body = "\n".join(lines)
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()


for each in (enrol, rotate, revoke, submit, impact_):
    command.add_command(each)
