"""`attest log monitor` and `check-misbehaviour`: a log under watch, and what convicts it.

MEMORY                               the newest checkpoint that was seen, as its log signed it
MEMORY.lock                          held while a run goes on
MEMORY.misbehaviour-<digest>.json    proofs, as they were found (SPEC 18)
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import click

from attest import limits
from attest.cli import files
from attest.cli.failures import about, exit_code_of_failure, failure_document
from attest.cli.log_keys import log_keys_option, read_log_keys, read_policy
from attest.cli.screen import Screen, screened
from attest.encoding import Json, encode_base64, format_instant, loads
from attest.errors import InputError, LogError
from attest.log.checkpoint import Checkpoint, LogKeys, open_checkpoint
from attest.log.export import CHECKPOINT_PATH, Export
from attest.log.misbehaviour import Misbehaviour, open_misbehaviour
from attest.log.monitor import Memory, ReadTile, compare, nodes_of_tiles
from attest.log.policy import Policy, open_cosigned
from attest.log.tiles import Tile, tile_path

PROOFS_MAX: Final = 100
"""How many proofs are kept beside one file: one is enough to convict."""


@click.command("monitor", short_help="Check that a log still extends what was seen of it.")
@click.argument("memory")
@click.argument("source")
@log_keys_option(required=True)
@click.option("--policy", metavar="FILE", help="Demand the quorum of witnesses of this policy.")
@click.option("--first", is_flag=True, help="Start: there is no memory yet.")
@screened
def monitor(
    screen: Screen, *, memory: str, source: str, log_keys: str, policy: str | None, first: bool
) -> int:
    """Check that a log extends the checkpoint in the file MEMORY, and remember its newest.

    SOURCE is the address of a log's tiles, such as https://foundry.example/v1/log,
    or an export. A log that contradicts what was seen convicts itself: the proof is
    shown, kept beside MEMORY, and can be checked by anyone with attest log
    check-misbehaviour. MEMORY then stays as it is. One run is one look: for cron.

    A log that shows nothing newer passes: watch its size as well, for a log that
    is frozen, or whose witnesses no longer cosign, does not contradict itself.
    """
    keys = read_log_keys(log_keys)
    demanded = None if policy is None else read_policy(policy)
    with Memory(Path(memory)) as kept:
        before = kept.read()
        if first is not (before is None):
            why = "there is one already: leave out --first" if first else "start with --first"
            with about(memory):
                raise InputError("file", why)
        with about(source):
            note, read_tile = _look(source, keys)
            after = open_checkpoint(note, keys=keys)
            witnesses = _witnesses(note, keys, demanded)
            if before is not None:
                nodes = nodes_of_tiles(after.size, read_tile)
                compared = compare(before, note, keys=keys, read_nodes=nodes)
                if compared.misbehaviour is not None:
                    return convict(screen, compared.misbehaviour, keys=keys, beside=memory)
        kept.keep(note)
    _show(screen, after, None if before is None else compared.before.size, witnesses)
    return 0


def _look(source: str, keys: LogKeys) -> tuple[bytes, ReadTile]:
    """The newest checkpoint of a log, and how to read its tiles."""
    if source.startswith(("http://", "https://")):
        from attest import client

        def fetch(tile: Tile) -> bytes:
            return client.get_from_log(source, tile_path(tile.level, tile.index, tile.width))

        return client.get_from_log(source, CHECKPOINT_PATH), fetch
    export = Export.open(Path(source), keys=keys)
    return export.note, export.tile


def _witnesses(note: bytes, keys: LogKeys, policy: Policy | None) -> list[str] | None:
    if policy is None:
        return None
    return list(open_cosigned(note, keys=keys, policy=policy).witnesses)


def _show(
    screen: Screen, after: Checkpoint, before: int | None, witnesses: list[str] | None
) -> None:
    screen.document(
        {
            "origin": after.origin,
            "size": after.size,
            "root": encode_base64(after.root),
            "before": before,
            "witnesses": witnesses,
        }
    )
    screen.result("PASS", "checkpoint", f"{after.origin} signed {after.size} entries")
    if witnesses is not None:
        screen.result("PASS", "quorum", f"cosigned by {', '.join(witnesses) or 'nobody'}")
    if before is None:
        screen.result("N-A", "extends", "the first look: there is nothing to compare with")
    else:
        screen.result("PASS", "extends", f"{before} entries as before, {after.size - before} new")


def convict(screen: Screen, proof: bytes, *, keys: LogKeys, beside: str) -> int:
    """Show a proof of misbehaviour, keep it beside a file, and say what it means.

    Raises:
        InputError: file (the proof was shown, and could not be kept).
    """
    found = open_misbehaviour(proof, keys=keys)
    error = LogError("rolled-back" if found.kind == "rollback" else "log-forked", found.says)
    path = Path(f"{beside}.misbehaviour-{sha256(proof).hexdigest()[:16]}.json")
    told = failure_document(error) | _told(found)
    screen.document(told | {"file": str(path), "proof": loads(proof, string_bytes_max=len(proof))})
    if not screen.as_json:
        screen.raw(proof + b"\n")
        screen.failure(told | {"where": f"{found.first.origin}, proven by {path}"})
    kept = list(path.parent.glob(f"{Path(beside).name}.misbehaviour-*.json"))
    if path not in kept and len(kept) < PROOFS_MAX:
        files.write_new(str(path), proof)
    return exit_code_of_failure(error)


def _told(found: Misbehaviour) -> dict[str, Json]:
    return {
        "origin": found.first.origin,
        "kind": found.kind,
        **{
            name: {
                "size": checkpoint.size,
                "root": encode_base64(checkpoint.root),
                "signed_at": format_instant(at),
            }
            for name, checkpoint, at in (
                ("first", found.first, found.first_at),
                ("second", found.second, found.second_at),
            )
        },
    }


@click.command("check-misbehaviour", short_help="Check a proof that a log contradicts itself.")
@click.argument("document", metavar="FILE")
@log_keys_option(required=True)
@screened
def check_misbehaviour(screen: Screen, *, document: str, log_keys: str) -> int:
    """Check offline a proof that a log has signed what contradicts itself (SPEC 18).

    The exit code is 0 when the document convicts the log, and 6 when it proves
    nothing. Nothing is believed but the log's verifier keys.
    """
    keys = read_log_keys(log_keys)
    raw = files.read_bytes(document, bytes_max=limits.MISBEHAVIOUR_BYTES_MAX)
    with about(files.name_of(document)):
        found = open_misbehaviour(raw, keys=keys)
    screen.document(_told(found))
    screen.result("PASS", "signatures", f"{found.first.origin} signed both with both its keys")
    for name, checkpoint, at in (
        ("first", found.first, found.first_at),
        ("second", found.second, found.second_at),
    ):
        root = encode_base64(checkpoint.root)
        said = f"{checkpoint.size} entries, root {root}, signed {format_instant(at)}"
        screen.result("PASS", name, said)
    screen.result("PASS", found.kind, found.says)
    screen.out(f"This convicts whoever holds the keys of {found.first.origin}.")
    return 0
