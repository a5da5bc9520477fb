"""`attest keys certify`: a certification path into the record of the key that it is for."""

from __future__ import annotations

import click

from attest import encoding, schemas
from attest.cli import files
from attest.cli.certificate_files import read_certificates
from attest.cli.documents import read_keyset
from attest.cli.failures import about
from attest.cli.screen import Screen, json_bytes, screened
from attest.envelope import KeyRing
from attest.errors import TrustError
from attest.models import Keyset, parse


@click.command("certify", short_help="Put certificates into the record of their key.")
@click.argument("keyset")
@click.argument("certificates", nargs=-1, required=True, metavar="FILE...")
@screened
def certify(screen: Screen, *, keyset: str, certificates: tuple[str, ...]) -> int:
    """Put certificates into the record of the key that they are for.

    The FILEs (PEM or DER) hold that of the key first, then each issuer's; not the root, which the
    recipient has to trust by its own mandate. Those that the record held are replaced. What they
    say of key, party and person is checked; whether a root issued them shows under a mandate.
    """
    from attest.certificates import load_certificate, spki_of

    document = read_keyset(keyset)
    path = [der for name in certificates for der in read_certificates(name)]
    with about(files.name_of(certificates[0])):
        keyid = encoding.digest(spki_of(load_certificate(path[0])))
        records = {key["keyid"]: key for key in document["keys"]}
        if keyid not in records:
            raise TrustError("certificate-mismatch", "the keyset does not hold its key")
        records[keyid]["certificates"] = [encoding.encode_base64(der) for der in path]
        schemas.validate("keyset", document)
        ring = KeyRing.of([parse(Keyset, document)])
    files.replace(keyset, json_bytes(document))
    enrolled = ring.keys[keyid]
    screen.document({"keyset": keyset, "keyid": keyid, "certificates": len(path)})
    screen.out(f"{keyset}: {len(path)} certificates for {enrolled.record.holder.name}")
    screen.out(f"keyid {keyid}")
    return 0
