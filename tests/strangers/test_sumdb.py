"""Go's checksum database reads our exports: signatures, tiles, bundles and every proof."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.log.checkpoint import CheckpointSigner
from tests.log.sample import ORIGIN
from tests.papers import submissions
from tests.strangers.sample import SIZES, Signers, grown, other_draft
from tests.world import World
from tests.world_log import world_log

TILES = {1: 1, 2: 1, 7: 1, 255: 1, 256: 2, 257: 3, 300: 3}


@pytest.fixture
def keys(signers: Signers, tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text("\n".join(signers.vkeys()))
    return path


@pytest.fixture
def copy(exports: Path, tmp_path: Path) -> Path:
    """The largest export, to be changed."""
    return Path(shutil.copytree(exports / "300", tmp_path / "300"))


def run(sumdb: Path, keys: Path, *folders: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sumdb, keys, *folders], capture_output=True, text=True)


def refusal(sumdb: Path, keys: Path, *folders: Path) -> str:
    """What it says when it refuses; it must refuse, and not for want of anything else."""
    done = run(sumdb, keys, *folders)
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("refused: ")
    return done.stderr


def test_every_size_is_accepted(sumdb: Path, keys: Path, exports: Path) -> None:
    """In the order of growth: each signed checkpoint extends the one before."""
    done = run(sumdb, keys, *(exports / str(size) for size in SIZES))
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{ORIGIN}: 4 keys, {size} entries, {TILES[size]} tiles, {2 * size} proofs of the log"
        for size in SIZES
    ]


def test_a_log_of_real_papers_is_accepted(sumdb: Path, tmp_path: Path) -> None:
    """Schemas, packs, keysets, trust, submissions and decisions, as the service records them."""
    world = World()
    with world_log(world, tmp_path / "log") as log:
        log.register(submissions(world, 3))
        export = log.export(tmp_path / "export")
        (tmp_path / "keys").write_text("\n".join(log.keys.vkeys()))
        size = log.store.head().size
    done = run(sumdb, tmp_path / "keys", export)
    assert (done.stderr, done.returncode) == ("", 0)
    assert f" 2 keys, {size} entries, " in done.stdout


def changed(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(export: Path) -> None:
        file = export / path
        before = file.read_bytes()
        after = change(before)
        assert after != before
        file.write_bytes(after)

    return apply


def flipped(at: int) -> Callable[[bytes], bytes]:
    def apply(raw: bytes) -> bytes:
        altered = bytearray(raw)
        altered[at] ^= 1
        return bytes(altered)

    return apply


def signature_line(number: int, change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Changes one of the four signature lines, which follow the text and an empty line."""

    def apply(raw: bytes) -> bytes:
        lines = raw.decode().splitlines(keepends=True)
        assert len(lines) == 8
        lines[4 + number] = change(lines[4 + number])
        return "".join(lines).encode()

    return apply


def false(line: str) -> str:
    return line[:-20] + ("A" if line[-20] != "A" else "B") + line[-19:]


CHANGES = {
    "the last byte of the first bundle": (changed("tile/entries/000", flipped(-1)), "the entries"),
    "a byte in the partial bundle": (changed("tile/entries/001.p/44", flipped(40)), "the entries"),
    "a bundle that is cut off": (changed("tile/entries/000", lambda raw: raw[:-1]), "cut off"),
    "a bundle that goes on": (changed("tile/entries/000", lambda raw: raw + b"\0"), "goes on"),
    "a tile of leaves": (changed("tile/0/000", flipped(0)), "not the tile of the entries"),
    "a partial tile": (changed("tile/0/001.p/44", flipped(-1)), "not the tile of the entries"),
    "a tile of nodes": (changed("tile/1/000.p/1", flipped(7)), "not the tile of the entries"),
    "a short tile": (changed("tile/0/001.p/44", lambda raw: raw[:-32]), "of another length"),
    "a tile that is missing": (lambda export: (export / "tile/0/000").unlink(), "no such file"),
    "the size": (
        changed("checkpoint", lambda raw: raw.replace(b"\n300\n", b"\n299\n")),
        "invalid signature",
    ),
    "the root": (
        changed("checkpoint", lambda raw: raw.replace(b"=\n", b"A\n", 1)),
        "invalid signature",
    ),
    "the origin": (changed("checkpoint", lambda raw: b"x" + raw), "invalid signature"),
    **{
        f"signature {number}": (
            changed("checkpoint", signature_line(number, false)),
            "invalid signature",
        )
        for number in range(4)
    },
    **{
        f"no signature {number}": (
            changed("checkpoint", signature_line(number, lambda line: "")),
            "no signature by",
        )
        for number in range(4)
    },
    "a hash of a proof": (changed("proofs", flipped(20)), "proof 0 of the log"),
    "a proof of another entry": (
        changed("proofs", lambda raw: raw.replace(b"inclusion 8 ", b"inclusion 9 ")),
        "proof 8 of the log",
    ),
    "a proof of another size": (
        changed("proofs", lambda raw: raw.replace(b"consistency 9 ", b"consistency 8 ")),
        "proof 308 of the log",
    ),
    "a proof too long": (
        changed("proofs", lambda raw: raw[:-1] + b" " + b"A" * 43 + b"=\n"),
        "proof 599 of the log",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_export_is_refused(sumdb: Path, keys: Path, copy: Path, what: str) -> None:
    change, says = CHANGES[what]
    change(copy)
    assert says in refusal(sumdb, keys, copy)


@pytest.fixture(scope="module")
def fork(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another history, signed by the same log and witness."""
    folder = tmp_path_factory.mktemp("fork")
    with grown(folder, signers, other_draft):
        return folder


def test_another_history_under_a_good_checkpoint_is_refused(
    sumdb: Path, keys: Path, copy: Path, fork: Path
) -> None:
    """Entries and tiles agree with each other, and not with the signed root."""
    shutil.rmtree(copy / "tile")
    shutil.copytree(fork / "300" / "tile", copy / "tile")
    assert "inconsistent tile" in refusal(sumdb, keys, copy)


@pytest.mark.parametrize("older", [7, 255, 256, 257, 300])
def test_a_fork_is_refused(sumdb: Path, keys: Path, exports: Path, fork: Path, older: int) -> None:
    """Each export is good by itself; together they convict the log."""
    assert run(sumdb, keys, fork / "300").returncode == 0
    says = refusal(sumdb, keys, exports / str(older), fork / "300")
    assert f"consistency with size {older}" in says


def test_a_log_that_shrinks_is_refused(sumdb: Path, keys: Path, exports: Path) -> None:
    assert "smaller" in refusal(sumdb, keys, exports / "300", exports / "257")


def test_under_other_keys_nothing_is_accepted(
    sumdb: Path, exports: Path, signers: Signers, tmp_path: Path
) -> None:
    others = Signers(log=CheckpointSigner.generate(ORIGIN))
    for position, vkey in enumerate(others.vkeys()):
        vkeys = list(signers.vkeys())
        vkeys[position] = vkey
        (tmp_path / "keys").write_text("\n".join(vkeys))
        assert "no signature by" in refusal(sumdb, tmp_path / "keys", exports / "7")


def test_it_reads_the_log_of_others_alike(sumdb: Path, shared_dir: Path, tmp_path: Path) -> None:
    """What it is made for is the format and not our log: Tessera's test log passes too."""
    log = shared_dir / "vectors" / "tessera-log"
    vkey = json.loads((log / "keys.json").read_bytes())["verifier_key"]
    (tmp_path / "keys").write_text(vkey)
    done = run(sumdb, tmp_path / "keys", log)
    assert (done.stdout, done.stderr) == (
        "example.com/log/testdata: 1 keys, 15 entries, 1 tiles, 0 proofs of the log\n",
        "",
    )
