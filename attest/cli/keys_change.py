"""`attest keys enrol | rotate | revoke | submit`: keys into a running log and out of it (SPEC 9.3).

Each of the first three makes one statement from files: the active snapshot, the keysets as they
are enrolled, and as they shall be. People sign it one after the other; the last command sends it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from attest import encoding, limits, schemas
from attest.cli import clock, documents, files
from attest.cli.declare import targets_of, write_statements
from attest.cli.failures import about
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.passphrase import passphrase_file
from attest.cli.rules_sign import read_snapshot
from attest.cli.screen import Screen, screened
from attest.cli.sign import agreed_signer, write_signed
from attest.cli.statements import keyset_change_statement
from attest.encoding import Json
from attest.envelope import seal
from attest.errors import InputError, LogError, RemoteError
from attest.log.proof import open_proof_document

REASONS: Final = ("superseded", "retired", "withdrawn", "compromised")
PREFIX_MIN: Final = 8
"""How many digits of an identifier tell a key at least."""
_OPTIONS: Final = (
    click.option(
        "--trust",
        metavar="FILE",
        required=True,
        help="The active snapshot: GET /v1/trust of the service.",
    ),
    click.option("--reason", required=True, help="The reason in a sentence."),
    click.option("--changed-at", type=clock.INSTANT, help="Default: now."),
    click.option("--key", metavar="FILE", help="Sign with this review key (PEM) or signer file."),
    click.option("--keyset", metavar="FILE", help="Check that the key is fit for this."),
    click.option("--yes", is_flag=True, help="Sign without typing the word keys."),
    click.option("-o", "--output", metavar="FILE", help="Write the statement or envelope there."),
    passphrase_file,
)


def _changing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that make a change."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("enrol", short_help="Enrol parties with their keys in a running log.")
@click.argument("keysets", nargs=-1, required=True, metavar="KEYSET...")
@_changing
@screened
def enrol(screen: Screen, *, keysets: tuple[str, ...], **options: Any) -> int:
    """Make the statement that enrols the parties of KEYSETs, with all their keys.

    Confirm each fingerprint by another channel before. Without --key the statement is written for
    attest sign; a second person adds a signature with attest sign --add, and attest keys submit
    sends it.
    """
    return _make(screen, before=[], after=[_canonical(path) for path in keysets], **options)


@click.command("rotate", short_help="Enrol further keys of a party, and end older ones.")
@click.argument("enrolled")
@click.argument("new", metavar="KEYSET")
@click.option("--retire", metavar="KEYID", multiple=True, help="End this key; may be repeated.")
@_changing
@screened
def rotate(
    screen: Screen, *, enrolled: str, new: str, retire: tuple[str, ...], **options: Any
) -> int:
    """Make the statement that puts KEYSET in the place of the ENROLLED one of the same party.

    ENROLLED is what GET /v1/keysets/PARTY answers; KEYSET is that with further keys, as attest
    keygen --into adds them. Keys that are not retired end by themselves at their valid_until.
    """
    at = options["changed_at"] = options["changed_at"] or clock.now()
    before, document = _exact(enrolled), documents.read_keyset(new)
    with about(new):
        for key in _chosen(document, retire):
            key["revoked"] = _revocation("superseded", at, None)
    return _make(screen, before=[before], after=[encoding.canonical(document)], **options)


@click.command("revoke", short_help="Revoke keys of a party, or the whole party.")
@click.argument("enrolled")
@click.argument("keyids", nargs=-1, metavar="[KEYID...]")
@click.option("--all", "everything", is_flag=True, help="Every key that is not revoked yet.")
@click.option("--because", type=click.Choice(REASONS), required=True, help="Why.")
@click.option(
    "--suspect-from",
    type=clock.INSTANT,
    help="With compromised: from when on its signatures may be somebody else's.",
)
@_changing
@screened
def revoke(
    screen: Screen,
    *,
    enrolled: str,
    keyids: tuple[str, ...],
    everything: bool,
    because: str,
    suspect_from: dt.datetime | None,
    **options: Any,
) -> int:
    """Make the statement that revokes keys of the ENROLLED keyset (GET /v1/keysets/PARTY).

    A revoked key counts for no entry after the change; what was logged before stays. A party that
    leaves is revoked with --all --because withdrawn. attest keys impact names what a compromised
    key had signed.
    """
    if (because == "compromised") is not (suspect_from is not None):
        raise click.UsageError("--because compromised, and nothing else, takes --suspect-from")
    if everything is bool(keyids):
        raise click.UsageError("name KEYIDs, or give --all")
    at = options["changed_at"] = options["changed_at"] or clock.now()
    before = _exact(enrolled)
    with about(enrolled):
        document = encoding.loads(before, bytes_max=limits.KEYSET_BYTES_MAX)
        live = [key for key in document["keys"] if "revoked" not in key]
        for key in live if everything else _chosen(document, keyids):
            key["revoked"] = _revocation(because, at, suspect_from)
    return _make(screen, before=[before], after=[encoding.canonical(document)], **options)


@click.command("submit", short_help="Send a signed keyset change to a service.")
@click.argument("url")
@click.argument("change")
@log_keys_option(required=False)
@screened
def submit(screen: Screen, *, url: str, change: str, log_keys: str | None) -> int:
    """Send a CHANGE that enough people have signed to the service at URL.

    With --log-keys the proof that the change was logged is checked.
    """
    raw = files.read_bytes(change, bytes_max=limits.SUBMISSION_BYTES_MAX)
    keys = None if log_keys is None else read_log_keys(log_keys)
    from attest import client

    answer = client.submit_keyset_change(url, raw)
    told = answer.document
    with about(url):
        try:
            indices = told["change_index"], told["trust_index"]
            if keys is not None:
                entry, _ = open_proof_document(told["proof"], body=raw, keys=keys)
                if (entry.kind, entry.index) != ("keyset-change", indices[0]):
                    raise LogError("reference-broken", "not the entry that the answer names")
        except (KeyError, TypeError, InputError):
            raise RemoteError("remote", "the answer is not that of a keyset change") from None
    screen.document(told)
    again = " (recorded before)" if answer.replayed else ""
    screen.out(f"The change is entry {indices[0]}{again}.")
    screen.out(f"The trust snapshot of entry {indices[1]} is in force: {told.get('trust')}")
    if keys is None:
        screen.say("! The proof was not checked; give --log-keys.")
    return 0


def _make(
    screen: Screen,
    *,
    before: Sequence[bytes],
    after: Sequence[bytes],
    trust: str,
    reason: str,
    changed_at: dt.datetime | None,
    key: str | None,
    keyset: str | None,
    yes: bool,
    output: str | None,
    passphrase_file: str | None,
) -> int:
    if key is None and (keyset is not None or yes or passphrase_file is not None):
        raise click.UsageError("--keyset, --yes and --passphrase-file go with --key")
    files.require_free(*(() if output is None else (output,)))
    snapshot = read_snapshot(trust)
    with about(trust):
        statement = keyset_change_statement(
            snapshot,
            before=before,
            after=after,
            reason=reason,
            changed_at=changed_at or clock.now(),
        )
    if key is None:
        write_statements(screen, [statement], targets_of([statement], output=output))
        return 0
    signer = agreed_signer(
        screen, statement, key=key, keyset=keyset, yes=yes, passphrase_file=passphrase_file
    )
    payload = encoding.canonical(statement)
    with about(key):
        envelope = seal(payload, [signer])
    write_signed(screen, envelope, payload=payload, keyid=signer.keyid, output=output)
    return 0


def _canonical(path: str) -> bytes:
    return encoding.canonical(documents.read_keyset(path))


def _exact(path: str) -> bytes:
    """The very bytes of an enrolled keyset: the snapshot names them by digest."""
    raw = files.read_bytes(path, bytes_max=limits.KEYSET_BYTES_MAX)
    with about(files.name_of(path)):
        schemas.validate("keyset", encoding.loads(raw, bytes_max=limits.KEYSET_BYTES_MAX))
    return raw


def _chosen(document: Json, keyids: Sequence[str]) -> list[dict[str, Json]]:
    """The records of keys that are told by their identifier or its first digits."""
    chosen = []
    for keyid in keyids:
        digits = keyid.removeprefix("sha256:").lower()
        if len(digits) < PREFIX_MIN:
            raise click.UsageError(f"a KEYID is told by {PREFIX_MIN} digits at least")
        found = [key for key in document["keys"] if key["keyid"][7:].startswith(digits)]
        if len(found) != 1:
            raise InputError("not-found", "no key of the keyset has an identifier that starts so")
        chosen += found
    return chosen


def _revocation(reason: str, at: dt.datetime, suspect_from: dt.datetime | None) -> Json:
    revocation = {"reason": reason, "at": encoding.format_instant(at)}
    if suspect_from is not None:
        revocation["suspect_from"] = encoding.format_instant(suspect_from)
    return revocation
