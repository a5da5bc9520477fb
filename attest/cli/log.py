"""`attest log`: a log of one's own in a folder, in the very format of the service.

DIR/log.sqlite               entries, salts and bodies
DIR/keys/log-*.pem           the log's two private keys, mode 0600
DIR/log.vkeys                its two verifier keys, for readers
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from attest import encoding, limits, schemas
from attest.cli import clock, files
from attest.cli.bodies import Shelf, check_body
from attest.cli.failures import about
from attest.cli.log_keys import STORE as _STORE
from attest.cli.log_keys import VKEYS as _VKEYS
from attest.cli.log_keys import log_keys_option, read_log_keys
from attest.cli.log_ledger import ledger
from attest.cli.log_monitor import check_misbehaviour, convict, monitor
from attest.cli.log_policy import policy
from attest.cli.passphrase import new_passphrase, passphrase_file, passphrase_for
from attest.cli.private import read_key, require_outside_git
from attest.cli.progress import progress
from attest.cli.screen import Screen, json_bytes, screened
from attest.cli.timestamps import timestamp
from attest.errors import InputError
from attest.log.check import check_export, check_store
from attest.log.checkpoint import CheckpointSigner, LogKeys
from attest.log.entry import KINDS
from attest.log.export import Export, write_export
from attest.log.merkle import ReadNodes
from attest.log.monitor import compare, held_checkpoints, nodes_of_tiles
from attest.log.proof import proof_document, prove
from attest.log.sqlite import SqliteStore
from attest.log.stamp_files import read_stamps
from attest.log.writer import Draft, LogWriter

_PEMS: Final = ("keys/log-ed25519.pem", "keys/log-ml-dsa-44.pem")
_DECISION_KEY: Final = "keys/decision.pem"
_PARTY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@click.group("log", short_help="Keep a local log: init, append, prove, check, export.")
def command() -> None:
    """Keep a local log: init, append, prove, check, export.

    DIR is the folder of the log. Bodies and salts lie beside the log, never in it: what an export
    shows of a submission is its commitment until you hand over the body.
    """


command.add_command(policy)
command.add_command(ledger)


@command.command("init", short_help="Make a log and its keys.")
@click.argument("folder", metavar="DIR")
@click.option("--origin", required=True, help="The log's name, such as log.example.org/2026.")
@click.option("--foundry", metavar="PARTY", required=True, help="The party that keeps the log.")
@click.option("--no-passphrase", is_flag=True, help="Leave the private keys unencrypted.")
@click.option("--at", type=clock.INSTANT, help="Time of the first entries (default: now).")
@passphrase_file
@screened
def init(
    screen: Screen,
    *,
    folder: str,
    origin: str,
    foundry: str,
    no_passphrase: bool,
    at: dt.datetime | None,
    passphrase_file: str | None,
) -> int:
    """Make a log: its keys, its genesis entry and the released schemas.

    DIR must not be there; it appears only when all of it is written.
    """
    if _PARTY.fullmatch(foundry) is None:
        raise click.UsageError("a PARTY is named in small letters, digits and hyphens")
    root = Path(folder)
    with about(folder):
        require_outside_git(str(root / _PEMS[0]))
    with files.new_folder(root) as partial:
        signer = CheckpointSigner.generate(origin)
        passphrase = new_passphrase(passphrase_file, none=no_passphrase)
        (partial / "keys").mkdir(mode=0o700)
        for name, pem in zip(_PEMS, signer.to_pem(passphrase), strict=True):
            files.write_new(str(partial / name), pem, mode=0o600)
        vkeys = "".join(f"{key}\n" for key in signer.keys.vkeys())
        files.write_new(str(partial / _VKEYS), vkeys.encode())
        genesis = encoding.canonical({"v": 1, "origin": origin, "foundry": foundry})
        drafts = [Draft("genesis", genesis)]
        drafts += [Draft("schema", raw) for _, raw in sorted(schemas.SCHEMAS.items())]
        with contextlib.closing(SqliteStore.create(partial / _STORE)) as store:
            LogWriter.open(store, signer).append(drafts, at=at or clock.now())
    if no_passphrase:
        screen.say("! The log's private keys are NOT encrypted.")
    screen.document({"folder": folder, "size": len(drafts), "verifier_keys": signer.keys.vkeys()})
    screen.out(f"Made the log {origin} in {folder} with {len(drafts)} entries.")
    screen.out(f"Readers need {root / _VKEYS}; give it to them by a channel of its own.")
    return 0


@command.command("append", short_help="Append bodies in one batch.")
@click.argument("folder", metavar="DIR")
@click.argument("bodies", nargs=-1, required=True, metavar="KIND=FILE...")
@click.option("--at", type=clock.INSTANT, help="Time of the entries (default: now).")
@passphrase_file
@screened
def append(
    screen: Screen,
    *,
    folder: str,
    bodies: tuple[str, ...],
    at: dt.datetime | None,
    passphrase_file: str | None,
) -> int:
    """Append bodies in one batch, each with the references that its kind needs (SPEC 12.6).

    A submission comes with its decision, right after it in the same call. References to keysets,
    packs, trust and decisions are found in the log; what they name must be there.
    """
    root = Path(folder)
    if (root / _DECISION_KEY).exists():
        raise click.UsageError("the log belongs to a service; submit to it with attest submit")
    read = [_read_body(each) for each in bodies]
    with _store(root) as store:
        writer = LogWriter.open(store, _signer(screen, root, passphrase_file))
        shelf = Shelf.of(store, writer.head.size)
        drafts = shelf.drafts(read)
        appended = writer.append(drafts, at=at or clock.now())
    rows = [
        {"index": index, "kind": kind, "refs": dict(draft.refs)}
        for index, (kind, draft) in enumerate(
            zip((kind for kind, _ in read), drafts, strict=True), appended.first_index
        )
    ]
    screen.document({"entries": rows, "checkpoint": appended.checkpoint.decode("utf-8")})
    for row in rows:
        screen.out(f"entry {row['index']}  {row['kind']}")
    return 0


def _read_body(argument: str) -> tuple[str, bytes]:
    kind, equals, path = argument.partition("=")
    if not equals or kind not in KINDS or kind == "genesis":
        kinds = ", ".join(sorted(set(KINDS) - {"genesis"}))
        raise click.UsageError(f"write KIND=FILE; kinds are {kinds}")
    raw = files.read_bytes(path, bytes_max=limits.CASEFILE_BYTES_MAX)
    with about(files.name_of(path)):
        check_body(kind, raw)
    return kind, raw


@command.command("prove", short_help="Prove that the log holds an entry.")
@click.argument("folder", metavar="DIR")
@click.argument("index", type=click.IntRange(0))
@click.option("--text", is_flag=True, help="The c2sp.org/tlog-proof@v1 text alone.")
@click.option("-o", "--output", metavar="FILE", help="Write the proof there.")
@screened
def prove_(screen: Screen, *, folder: str, index: int, text: bool, output: str | None) -> int:
    """Prove that the log holds entry INDEX: a document of SPEC 14."""
    with _store(Path(folder), read_only=True) as store:
        raw = prove(store, index) if text else json_bytes(proof_document(store, index))
    if output is None:
        if text and screen.as_json:
            screen.document({"tlog_proof": raw.decode("utf-8")})
        else:
            screen.raw(raw)
        return 0
    files.write_new(output, raw)
    screen.document({"file": output, "index": index})
    screen.out(f"Wrote {output}")
    return 0


@command.command("check", short_help="Check a log or an export.")
@click.argument("folder", metavar="DIR")
@log_keys_option(required=False)
@click.option(
    "--proof",
    "--checkpoint",
    "held",
    metavar="FILE",
    multiple=True,
    help="A proof, case file or checkpoint that you hold: check that the log extends it.",
)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True)
@screened
def check(
    screen: Screen, *, folder: str, log_keys: str | None, held: tuple[str, ...], processes: int
) -> int:
    """Check a log or an export: signatures, chain, tree, order, time, commitments.

    An export needs --log-keys. A log is checked with the keys beside it unless
    others are given. Whether the decisions are right is for attest replay. What you
    hold of old, an operator who rewrites the log cannot change: give it with --proof.
    """
    root = Path(folder)
    live = (root / _STORE).is_file()
    if log_keys is None and not live:
        raise click.UsageError("an export is checked with --log-keys, as you hold them")
    if log_keys is None:
        screen.say("! Checked with the keys beside the log; readers use the keys they hold.")
    keys = read_log_keys(log_keys or str(root / _VKEYS))
    with _opened(root, live=live) as store, about(folder):
        if store is not None:
            checkpoint, note = check_store(store, keys=keys), store.head().checkpoint or b""
            nodes: ReadNodes = store.nodes
        else:
            with progress(screen, "entries checked") as advance:
                checkpoint = check_export(root, keys=keys, processes=processes, progress=advance)
            export = Export.open(root, keys=keys)
            nodes, note = nodes_of_tiles(export.checkpoint.size, export.tile), export.note
        for path in held:
            found = _contradicted(path, note, keys, nodes)
            if found is not None:
                return convict(screen, found, keys=keys, beside=path)
    found_root = encoding.encode_base64(checkpoint.root)
    screen.document(
        {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": found_root,
            "extends": list(held),
        }
    )
    screen.result("PASS", "checkpoint", f"{checkpoint.origin} signed {checkpoint.size} entries")
    screen.result("PASS", "entries", "chain, order, time, commitments and bodies hold")
    screen.result("PASS", "tree", f"root {found_root}")
    for path in held:
        screen.result("PASS", "extends", f"what the log had signed in {path}")
    return 0


def _contradicted(path: str, note: bytes, keys: LogKeys, nodes: ReadNodes) -> bytes | None:
    """The proof that a log contradicts a checkpoint that a file holds, if it does."""
    raw = files.read_bytes(path, bytes_max=limits.CASEFILE_BYTES_MAX)
    with about(files.name_of(path)):
        for before in held_checkpoints(raw):
            compared = compare(before, note, keys=keys, read_nodes=nodes)
            if compared.misbehaviour is not None:
                return compared.misbehaviour
    return None


@contextlib.contextmanager
def _opened(root: Path, *, live: bool) -> Iterator[SqliteStore | None]:
    if not live:
        yield None
        return
    with _store(root, read_only=True) as store:
        yield store


@command.command("export", short_help="Write the log as static files.")
@click.argument("folder", metavar="DIR")
@click.argument("target", metavar="EXPORT")
@screened
def export(screen: Screen, *, folder: str, target: str) -> int:
    """Write the log as a folder of static files (SPEC 16), bodies and salts included."""
    with _store(Path(folder), read_only=True) as store, about(target):
        write_export(store, Path(target), stamps=read_stamps(Path(folder))[0])
        size = store.head().signed
    screen.document({"export": target, "size": size})
    screen.out(f"Wrote {size} entries to {target}. It holds every body: hand it on with care.")
    return 0


@contextlib.contextmanager
def _store(root: Path, *, read_only: bool = False) -> Iterator[SqliteStore]:
    with about(str(root)):
        store = SqliteStore.open(root / _STORE, read_only=read_only)
    with contextlib.closing(store):
        yield store


def _signer(screen: Screen, root: Path, passphrase_path: str | None) -> CheckpointSigner:
    pems = [read_key(screen, str(root / name)) for name in _PEMS]
    origin = read_log_keys(str(root / _VKEYS)).origin
    passphrase = passphrase_for(pems[0], passphrase_path)
    with about(str(root / "keys")):
        signer = CheckpointSigner.from_pem(origin, (pems[0], pems[1]), passphrase)
        if signer.keys != read_log_keys(str(root / _VKEYS)):
            raise InputError("key-malformed", "the private keys are not those of the verifier keys")
    return signer


command.add_command(monitor)
command.add_command(check_misbehaviour)
command.add_command(timestamp)
