"""`attest sign`: show a person what the statement says, then sign its bytes."""

from __future__ import annotations

import sys

import click

from attest import encoding, limits
from attest.cli import clock, documents, files
from attest.cli.failures import about
from attest.cli.passphrase import passphrase_file
from attest.cli.private import open_key, read_key
from attest.cli.screen import Screen, screened
from attest.cli.sentences import ended, sentences, word_to_type
from attest.cli.statements import SCHEMA_OF, check_statement
from attest.encoding import Json
from attest.envelope import KeyRing, pae, seal
from attest.errors import InputError, TrustError
from attest.keys import PublicKey
from attest.models import (
    ACTIVATION_TYPE,
    DECISION_TYPE,
    KEYSET_CHANGE_TYPE,
    POLICY_TYPE,
    REVIEW_TYPE,
    Keyset,
    parse,
)
from attest.signing import Signer


@click.command("sign", short_help="Sign a statement, or add a signature to an envelope.")
@click.argument("document")
@click.option("--key", metavar="FILE", required=True, help="The private key (PEM) or signer file.")
@click.option("--keyset", metavar="FILE", help="Check that the key is fit for this by its record.")
@click.option("--add", is_flag=True, help="DOCUMENT is an envelope; add a signature to it.")
@click.option("--yes", is_flag=True, help="Sign without typing the name of the product.")
@click.option("-o", "--output", metavar="FILE", help="Write the envelope there.")
@passphrase_file
@screened
def command(
    screen: Screen,
    *,
    document: str,
    key: str,
    keyset: str | None,
    add: bool,
    yes: bool,
    output: str | None,
    passphrase_file: str | None,
) -> int:
    """Sign a declaration, determination, review, activation, keyset change or policy.

    The sentences that the statement amounts to are shown first. On a terminal the name of the
    product is typed to agree; elsewhere --yes is needed. What is signed are the statement's
    canonical bytes, or with --add the very bytes that others signed before.
    """
    files.require_free(*(() if output is None else (output,)))
    found = documents.read(document)
    if add != (found.kind == "envelope"):
        raise click.UsageError(
            "--add needs an envelope" if add else "already signed; --add adds another signature"
        )
    with about(files.name_of(document)):
        payload = documents.payload_in(found)
    statement = check_statement(documents.loads(payload))
    if statement["predicateType"] == DECISION_TYPE:
        raise click.UsageError("decisions are made by the foundry's service, not by hand")
    signer = agreed_signer(
        screen, statement, key=key, keyset=keyset, yes=yes, passphrase_file=passphrase_file
    )
    with about(key):
        envelope = seal(payload, [signer])
    if add:
        envelope = _added(envelope, found.content, payload=payload, public=signer.public)
    write_signed(screen, envelope, payload=payload, keyid=signer.keyid, output=output)
    return 0


def agreed_signer(
    screen: Screen,
    statement: Json,
    *,
    key: str,
    keyset: str | None,
    yes: bool,
    passphrase_file: str | None,
) -> Signer:
    """Show what a statement says, have a person agree, and open the key that signs it.

    Raises:
        InputError: file, passphrase, key-malformed, what is wrong with a signer file.
        RemoteError: signer.
        TrustError: the key is not fit for this by its record in the keyset.
    """
    raw = read_key(screen, key)
    _agree(screen, statement, yes=yes)
    with about(key):
        signer = open_key(raw, passphrase_file=passphrase_file)
    if keyset is not None:
        _check_fitness(screen, keyset, signer, statement)
    return signer


def _agree(screen: Screen, statement: Json, *, yes: bool) -> None:
    screen.say(f"This {SCHEMA_OF[statement['predicateType']]} says:\n")
    for sentence in sentences(statement):
        screen.say(f"  {sentence}")
    screen.say("")
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("no terminal to agree on; read the sentences above and give --yes")
    word = word_to_type(statement)
    typed: str = click.prompt(f"Type {word} to sign", err=True)
    if typed.strip() != word:
        raise click.Abort


def _check_fitness(screen: Screen, path: str, signer: Signer, statement: Json) -> None:
    keyset = parse(Keyset, documents.read_keyset(path))
    with about(path):
        enrolled = KeyRing.of([keyset]).keys.get(signer.keyid)
        if enrolled is None:
            raise TrustError("unknown-key", "the keyset does not hold this key")
        acts = (REVIEW_TYPE, ACTIVATION_TYPE, KEYSET_CHANGE_TYPE, POLICY_TYPE)
        needed = "review" if statement["predicateType"] in acts else "statement"
        if enrolled.record.purpose != needed:
            raise TrustError("key-purpose", f"not a {needed} key")
        if enrolled.record.revoked is not None:
            raise TrustError("key-revoked", "the key is revoked")
        if not enrolled.record.valid_from <= clock.now() <= enrolled.record.valid_until:
            raise TrustError("key-not-valid-then", "the key is not valid today")
    holder = enrolled.record.holder
    who = f"{holder.name}, {holder.title}, for {enrolled.party.legal_name}"
    screen.say(ended(f"Signing as {who}"))


def _added(sealed: bytes, before: Json, *, payload: bytes, public: PublicKey) -> bytes:
    message = pae(before["payloadType"], payload)
    if any(_is_by(public, each, message) for each in before["signatures"]):
        raise TrustError("signature-repeated", "this key has signed the envelope already")
    signatures = [*before["signatures"], *_signatures(sealed)]
    if len(signatures) > limits.SIGNATURES_PER_ENVELOPE_MAX:
        raise InputError("schema-violation", "too many signatures", pointer="/signatures")
    return encoding.canonical({**before, "signatures": signatures})


def _is_by(key: PublicKey, signature: Json, message: bytes) -> bool:
    if signature.get("keyid") == key.keyid:
        return True
    try:
        key.check(encoding.decode_base64(signature["sig"], url_safe=True), message)
    except TrustError:
        return False
    return True


def _signatures(envelope: bytes) -> list[Json]:
    document = encoding.loads(envelope, string_bytes_max=limits.SUBMISSION_BYTES_MAX)
    return list(document["signatures"])


def write_signed(
    screen: Screen, envelope: bytes, *, payload: bytes, keyid: str, output: str | None
) -> None:
    """Write a signed envelope to a new file, or to stdout."""
    if output is None:
        screen.raw(envelope + b"\n")
        return
    files.write_new(output, envelope)
    digest = encoding.digest(payload)
    screen.document({"file": output, "statement": digest, "keyid": keyid})
    screen.out(f"Wrote {output}  statement digest {digest}")
