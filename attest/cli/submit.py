"""`attest submit`: the one command that talks to a server.

What is sent are the envelopes named, as one submission, and nothing else: `--dry-run` shows it. The
client, and with it the network, is imported only when something is to be sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from attest import encoding, limits
from attest.cli import documents, files, findings
from attest.cli.failures import about, exit_code_of, exit_code_of_code
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.screen import Screen, screened
from attest.cli.statements import check_statement
from attest.encoding import Json
from attest.envelope import bundle
from attest.errors import CODES, InputError, LogError, RemoteError
from attest.log.checkpoint import LogKeys
from attest.log.proof import open_proof_document
from attest.models import ACKNOWLEDGEMENT_TYPE, DECISION_TYPE

if TYPE_CHECKING:
    from attest.client import Answer


@click.command("submit", short_help="Send signed statements to a foundry and print its decision.")
@click.argument("url")
@click.argument("envelopes", nargs=-1, required=True, metavar="FILE...")
@click.option("--review-of", metavar="ID", help="FILE is a signed review of this submission.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent and send nothing.")
@click.option(
    "--no-wait", is_flag=True, help="Do not wait for the decision; needs -o for what is received."
)
@click.option("--casefile", metavar="FILE", help="Fetch the case file and write it there.")
@click.option("-o", "--output", metavar="FILE", help="Write the server's answer there.")
@log_keys_option(required=False)
@screened
def command(
    screen: Screen,
    *,
    url: str,
    envelopes: tuple[str, ...],
    review_of: str | None,
    dry_run: bool,
    no_wait: bool,
    casefile: str | None,
    output: str | None,
    log_keys: str | None,
) -> int:
    """Send a declaration, alone or with determinations, to the service at URL.

    Each FILE is an envelope; one FILE may be a whole submission. The exit code is that of the
    verdict. With --log-keys the proof that the decision was logged is checked. With --no-wait the
    foundry's signed acknowledgement is written to the file of -o: keep it; it shows later that the
    decision is missing, should it be (attest replay --acknowledged).
    """
    if no_wait and (output is None or review_of or casefile or log_keys):
        raise click.UsageError(
            "--no-wait takes -o FILE, and no --review-of, --casefile, --log-keys"
        )
    if review_of is not None and (casefile or log_keys or len(envelopes) > 1):
        raise click.UsageError("--review-of takes one FILE, and no --casefile or --log-keys")
    files.require_free(*(path for path in (casefile, output) if path is not None))
    raw = _submission(envelopes)
    if dry_run:
        screen.raw(raw + b"\n")
        return 0
    from attest import client

    keys = None if log_keys is None else read_log_keys(log_keys)
    if review_of is not None:
        return _send_review(screen, url, review_of, raw, output)
    if no_wait and output is not None:
        return _send_without_waiting(screen, url, raw, output)
    answer = client.submit(url, raw)
    if output is not None:
        files.write_new(output, answer.raw)
    with about(url):
        predicate = _decision_of(answer, raw, keys)
    if casefile is not None:
        files.write_new(casefile, client.get_casefile(url, encoding.digest(raw)))
    screen.document(answer.document)
    _show(screen, answer, predicate)
    if keys is None:
        screen.say("! The proof and the signature were not checked; give --log-keys, or verify a")
        screen.say("  case file with attest verify.")
    if "refusal" in predicate:
        return exit_code_of_code(predicate["refusal"]["code"])
    return exit_code_of(predicate["verdict"])


def _submission(paths: tuple[str, ...]) -> bytes:
    """The bytes to send: one file as it is, several joined (SPEC 6)."""
    found = [documents.read(path) for path in paths]
    for path, each in zip(paths, found, strict=True):
        if each.kind != "envelope" and (each.kind != "submission" or len(found) > 1):
            with about(files.name_of(path)):
                raise InputError("not-a-submission", f"a {each.kind}; signed envelopes are sent")
    raws = [each.raw for each in found]
    return raws[0] if len(raws) == 1 else bundle(raws)


def _decision_of(answer: Answer, raw: bytes, keys: LogKeys | None) -> Json:
    """The predicate of the decision that was answered, which must be about what was sent."""
    document = answer.document
    if not _has_members(document):
        raise RemoteError("remote", "the answer is not that of a submission")
    try:
        envelope = document["decision"]
        payload = documents.unverified_payload(envelope)
        statement = check_statement(
            encoding.loads(payload, bytes_max=limits.CASEFILE_BYTES_MAX), DECISION_TYPE
        )
        if keys is not None:
            body = encoding.canonical(envelope)
            entry, _ = open_proof_document(document["proof"], body=body, keys=keys)
            if (entry.kind, entry.index) != ("decision", document["decision_index"]):
                raise LogError("reference-broken", "not the entry that the answer names")
    except (KeyError, TypeError, InputError):
        raise RemoteError("remote", "the answer holds no decision") from None
    about_what = statement["subject"][0]["digest"]["sha256"]
    if f"sha256:{about_what}" != encoding.digest(raw):
        raise RemoteError("remote", "the decision is about another submission")
    predicate = statement["predicate"]
    if "refusal" in predicate and predicate["refusal"]["code"] not in CODES:
        raise RemoteError("remote", "refused for a reason that this version does not know")
    return predicate


def _has_members(document: Json) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("id"), str)
        and isinstance(document.get("submission_index"), int)
        and isinstance(document.get("decision_index"), int)
    )


def _show(screen: Screen, answer: Answer, predicate: Json) -> None:
    document = answer.document
    again = " (recorded before)" if answer.replayed else ""
    screen.out(f"submission {document['id']}{again}")
    screen.out(f"log entries {document['submission_index']} and {document['decision_index']}")
    screen.out(f"decided by {predicate['foundry']} at {predicate['decided_at']}\n")
    findings.show_decision(screen, predicate)


def _send_without_waiting(screen: Screen, url: str, raw: bytes, output: str) -> int:
    from attest import client

    received = client.submit_later(url, raw)
    with about(url):
        envelope = documents.recognise(received)
        if envelope.kind != "envelope":
            raise RemoteError("remote", "the answer is not an acknowledgement")
        statement = check_statement(
            encoding.loads(documents.unverified_payload(envelope.content)), ACKNOWLEDGEMENT_TYPE
        )
        if statement["subject"][0]["digest"]["sha256"] != encoding.digest(raw)[7:]:
            raise RemoteError("remote", "the acknowledgement is of another submission")
    files.write_new(output, received)
    promised = statement["predicate"]
    screen.document({"file": output, "id": encoding.digest(raw), **promised})
    screen.out(f"submission {encoding.digest(raw)}")
    screen.out(f"Wrote {output}: {promised['foundry']} decides by {promised['decide_by']}.")
    screen.say("! Its signature was not checked: attest replay --acknowledged does that.")
    return 0


def _send_review(screen: Screen, url: str, review_of: str, raw: bytes, output: str | None) -> int:
    from attest import client

    answer = client.submit_review(url, review_of, raw)
    if output is not None:
        files.write_new(output, answer.raw)
    screen.document(answer.document)
    screen.out("The review is recorded.")
    return 0
