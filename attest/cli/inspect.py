"""`attest inspect`: any document of ours in words, and what of it its reader sees.

Nothing is verified here, and the output says so: `attest verify` and `attest replay` do that.
"""

from __future__ import annotations

import click

from attest import encoding
from attest.cli import documents, findings
from attest.cli.contents import Contents, Found, look_into
from attest.cli.documents import Recognised, predicate_word
from attest.cli.screen import Screen, screened
from attest.cli.sentences import sentences, what_leaves
from attest.encoding import Json
from attest.errors import InputError

_HEADINGS = {
    "clear": "in clear",
    "digests": "as digest (who has the same file recognises it)",
    "commitments": "as salted commitment (opened only with the salt)",
    "stays": "never leaves",
}


@click.command("inspect", short_help="Show any document of foundry-attest to a person.")
@click.argument("document")
@click.option(
    "--what-leaves", "leaving", is_flag=True, help="List what its reader sees, and what stays."
)
@screened
def command(screen: Screen, *, document: str, leaving: bool) -> int:
    """Show an envelope, statement, submission, keyset, trust, pack, proof, entry or case file.

    The answer that attest submit saved is shown as well. Signatures are not checked and nobody's
    word is taken for anything; exit code 2 tells that the document does not follow its schema.
    """
    found = documents.read(document)
    contents = look_into(found)
    if leaving and not contents.statements:
        raise click.UsageError("--what-leaves needs statements: a statement, envelope, submission")
    digest = encoding.digest(found.raw)
    screen.document(_described(found, contents, digest, leaving=leaving))
    screen.out(f"{found.kind}, {len(found.raw)} bytes, {digest}")
    _show_signatures(screen, found)
    for each in contents.statements:
        _show_statement(screen, each, leaving=leaving)
    if not contents.statements:
        _show_content(screen, found, sound=not contents.faults)
    for pointer, why in contents.faults:
        screen.result("FAIL", "shape", f"at {pointer or '/'}: {why}")
    screen.say("! Nothing was verified: these are the document's own words.")
    return 2 if contents.faults else 0


def _described(
    found: Recognised, contents: Contents, digest: str, *, leaving: bool
) -> dict[str, Json]:
    described: dict[str, Json] = {
        "kind": found.kind,
        "bytes": len(found.raw),
        "digest": digest,
        "faults": [{"pointer": pointer, "why": why} for pointer, why in contents.faults],
        "verified": False,
        "statements": [
            {"digest": each.digest, "statement": each.statement} for each in contents.statements
        ],
        "content": found.content,
    }
    if leaving:
        described["what_leaves"] = [
            what_leaves(each.statement["predicate"]) for each in contents.statements
        ]
    return described


def _show_signatures(screen: Screen, found: Recognised) -> None:
    if found.kind != "envelope" or not isinstance(found.content["signatures"], list):
        return
    for signature in found.content["signatures"]:
        hint = signature.get("keyid", "none") if isinstance(signature, dict) else "none"
        screen.out(f"signature, key hint {hint} (not checked)")


def _show_statement(screen: Screen, found: Found, *, leaving: bool) -> None:
    word = predicate_word(found.statement)
    screen.out(f"\n{word}, statement digest {found.digest}")
    if leaving:
        for kind, places in what_leaves(found.statement["predicate"]).items():
            screen.out(f"  {_HEADINGS[kind]}: {len(places)}")
            for place in places:
                screen.out(f"    {place}")
    elif not found.sound:
        screen.out("  (does not follow a schema of ours; see --json)")
    elif word == "decision":
        _show_decision(screen, found.statement["predicate"])
    else:
        for sentence in sentences(found.statement):
            screen.out(f"  {sentence}")


def _show_decision(screen: Screen, predicate: Json) -> None:
    screen.out(f"  {predicate['foundry']} decided at {predicate['decided_at']}")
    for pack in predicate["packs"]:
        screen.out(f"  under {pack['id']} {pack['edition']} {pack['digest']}")
    findings.show_decision(screen, predicate)


def _show_content(screen: Screen, found: Recognised, *, sound: bool) -> None:
    if isinstance(found.content, str):
        screen.out(found.content)
    elif found.kind == "keyset" and sound:
        _show_keyset(screen, found.content)
    elif found.kind == "proof" and sound:
        _show_proof(screen, found.content)
    else:
        for name, value in found.content.items():
            many = isinstance(value, list | dict)
            screen.out(f"{name:<16} {f'{len(value)} members' if many else value}")


def _show_keyset(screen: Screen, content: Json) -> None:
    party = content["party"]
    screen.out(f"{party['id']}: {party['legal_name']} ({party['name_latin']}), {party['country']}")
    screen.out(f"roles {', '.join(party['roles'])}")
    for line in _entity(party):
        screen.out(line)
    screen.table(
        ("keyid", "algorithm", "purpose", "holder", "valid"),
        [
            (
                key["keyid"],
                key["algorithm"],
                key["purpose"],
                f"{key['holder']['name']}, {key['holder']['title']}",
                f"{key['valid_from']} to {key['valid_until']}"
                + (f", revoked: {key['revoked']['reason']}" if "revoked" in key else ""),
            )
            for key in content["keys"]
        ],
    )


def _entity(party: Json) -> list[str]:
    """The record of the legal entity, as far as the keyset holds it."""
    lines = [f"LEI {party['lei']}"] if "lei" in party else []
    lines += [f"{each['authority']}: {each['number']}" for each in party.get("registrations", ())]
    lines += [f"formerly {name}" for name in party.get("former_names", ())]
    if "headquarters" in party:
        lines.append(f"headquarters in {party['headquarters']}")
    if "ultimate_parent" in party:
        parent = party["ultimate_parent"]
        lines.append(f"ultimate parent {parent['name']}, {parent['country']}")
    return lines + [f"site {each['address']}, {each['country']}" for each in party.get("sites", ())]


def _show_proof(screen: Screen, content: Json) -> None:
    try:
        entry = encoding.decode_base64(content["entry"]).decode("ascii", "replace")
        proof = encoding.decode_base64(content["tlog_proof"]).decode("utf-8", "replace")
    except InputError as error:
        screen.out(f"(cannot be shown: {error.detail})")
        return
    screen.out(f"entry {entry}\n\n{proof}")
