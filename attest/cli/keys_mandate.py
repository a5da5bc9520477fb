"""`attest keys mandate`: what signatures statements need, and who may vouch for keys."""

from __future__ import annotations

import click

from attest import encoding, limits
from attest.cli import certificate_files as certificates
from attest.cli import files
from attest.cli.documents import read_keyset
from attest.cli.failures import about
from attest.cli.screen import Screen, screened
from attest.encoding import Json
from attest.envelope import EnrolledKey, KeyRing
from attest.mandate import Mandate, open_mandate
from attest.models import Keyset, parse


@click.command("mandate", short_help="Say who has to sign, and which authorities vouch for keys.")
@click.option("--signatures", metavar="FILE", help="The requirements, as a JSON array (SPEC 9.4).")
@click.option("--root", "roots", metavar="FILE", multiple=True, help="Trusted roots; repeat.")
@click.option("--crl", "crls", metavar="FILE", multiple=True, help="A revocation list; repeat.")
@click.option(
    "--keyset", "keysets", metavar="FILE", multiple=True, help="Check its certificates; repeat."
)
@click.option("-o", "--output", metavar="FILE", required=True, help="Write the mandate there.")
@screened
def mandate(
    screen: Screen,
    *,
    signatures: str | None,
    roots: tuple[str, ...],
    crls: tuple[str, ...],
    keysets: tuple[str, ...],
    output: str,
) -> int:
    """Make a mandate: who has to sign what, and which authorities may vouch for keys.

    Roots and revocation lists are PEM or DER. A mandate counts once a snapshot names it: give it to
    python -m service init, or to attest rules sign --mandate and python -m service activate.
    """
    files.require_free(output)
    asked: Json = []
    if signatures is not None:
        asked = files.read_json(signatures, bytes_max=limits.KEYSET_BYTES_MAX)
    raw = encoding.canonical(
        {
            "v": 1,
            "signatures": asked,
            "roots": [
                encoding.encode_base64(der)
                for path in roots
                for der in certificates.read_certificates(path)
            ],
            "crls": [encoding.encode_base64(certificates.read_crl(path)) for path in crls],
        }
    )
    opened = open_mandate(raw)
    keys = [key for path in keysets for key in _certified(path, opened)]
    files.write_new(output, raw)
    _tell(screen, opened, keys, output=output, digest=encoding.digest(raw))
    return 0


def _certified(path: str, opened: Mandate) -> list[EnrolledKey]:
    keyset = parse(Keyset, read_keyset(path))
    with about(path):
        ring = KeyRing.of([keyset], opened.anchors)
    return [key for key in ring.keys.values() if key.path is not None]


def _tell(
    screen: Screen, opened: Mandate, keys: list[EnrolledKey], *, output: str, digest: str
) -> None:
    roots = [certificates.described(root) for root in opened.anchors.roots]
    fresh = [crl.until for crl in opened.anchors.crls]
    until = None if not fresh else encoding.format_instant(min(fresh))
    certified = [
        {
            "keyid": key.public.keyid,
            "revoked": key.path.anchored.revoked,
            "until": encoding.format_instant(
                min(key.path.anchored.end, key.path.anchored.fresh_until)
            ),
        }
        for key in keys
        if key.path is not None and key.path.anchored is not None
    ]
    screen.document(
        {
            "mandate": output,
            "digest": digest,
            "requirements": len(opened.requirements),
            "roots": roots,
            "crls": len(fresh),
            "crls_until": until,
            "certified": certified,
        }
    )
    screen.out(f"Wrote {output}: {len(opened.requirements)} requirements, {len(fresh)} CRLs")
    for told in roots:
        for line in certificates.lines_of(told):
            screen.out(line)
    if until is not None:
        screen.out(f"the first CRL ends at {until}: put a newer one in force before")
    for each in certified:
        word = "FAIL" if each["revoked"] else "PASS"
        screen.out(f"{screen.mark(word)} {each['keyid']} until {each['until']}")
    screen.out(f"digest {digest}")
