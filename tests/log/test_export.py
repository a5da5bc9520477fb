"""Exports: the files of SPEC 16, the same bytes whenever they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import InputError, LogError
from attest.log.checkpoint import CheckpointSigner
from attest.log.export import Export, export_paths, write_export
from attest.log.merkle import leaf_hash
from attest.log.sqlite import SqliteStore
from attest.log.tiles import bodies_path, bundle_path, format_bodies, format_bundle
from attest.log.writer import LogWriter
from tests.log.sample import NOON, draft, drafts, filled


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_an_export_is_the_files_of_its_size(
    tmp_path: Path, signer: CheckpointSigner, size: int
) -> None:
    store = filled(tmp_path / "log.sqlite", signer, size)
    write_export(store, tmp_path / "export")
    written = files(tmp_path / "export")
    assert set(written) == set(export_paths(size))
    assert written["checkpoint"] == store.head().checkpoint
    stored = list(store.entries(0, size))
    last, width = (size - 1) // 256, (size - 1) % 256 + 1
    tail = stored[last * 256 :]
    assert written[bundle_path(last, width)] == format_bundle(one.entry for one in tail)
    assert written[bodies_path(last, width)] == format_bodies((one.salt, one.body) for one in tail)
    tiles = [written[path] for path in export_paths(size) if path.startswith("tile/0/")]
    assert b"".join(tiles) == b"".join(leaf_hash(one.entry) for one in stored)


def test_the_same_log_gives_the_same_bytes(tmp_path: Path, signer: CheckpointSigner) -> None:
    store = filled(tmp_path / "log.sqlite", signer, 300)
    for name in ("one", "two"):
        write_export(store, tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_an_export_is_private(tmp_path: Path, signer: CheckpointSigner) -> None:
    write_export(filled(tmp_path / "log.sqlite", signer, 3), tmp_path / "export")
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o700


def test_entries_come_back_in_any_range(tmp_path: Path, signer: CheckpointSigner) -> None:
    store = filled(tmp_path / "log.sqlite", signer, 600)
    write_export(store, tmp_path / "export")
    export = Export.open(tmp_path / "export", keys=signer.keys)
    stored = list(store.entries(0, 600))
    assert export.checkpoint.size == 600
    for start, stop in ((0, 600), (0, 1), (599, 600), (255, 257), (100, 550), (512, 900)):
        assert list(export.entries(start, stop)) == stored[start:stop]
    for start, stop in ((600, 700), (5, 5), (7, 3)):
        assert list(export.entries(start, stop)) == []
    assert stored[7].body == draft(7).body


def test_entries_that_are_not_signed_yet_are_left_out(
    store: SqliteStore, tmp_path: Path, signer: CheckpointSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter.open(store, signer)
    writer.append(drafts(0, 5), at=NOON)
    monkeypatch.setattr(writer, "_sign", lambda at: b"")
    writer.append(drafts(5, 3), at=NOON)
    write_export(store, tmp_path / "export")
    assert store.head().size == 8
    assert Export.open(tmp_path / "export", keys=signer.keys).checkpoint.size == 5
    assert set(files(tmp_path / "export")) == set(export_paths(5))


def test_a_log_without_a_checkpoint_is_not_exported(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(LogError) as caught:
        write_export(store, tmp_path / "export")
    assert caught.value.code == "export-incomplete"
    assert not (tmp_path / "export").exists()


def test_an_export_goes_into_an_empty_folder_only(tmp_path: Path, signer: CheckpointSigner) -> None:
    store = filled(tmp_path / "log.sqlite", signer, 3)
    (tmp_path / "empty").mkdir()
    write_export(store, tmp_path / "empty")
    for folder in (tmp_path / "empty", tmp_path / "log.sqlite"):
        with pytest.raises(InputError) as caught:
            write_export(store, folder)
        assert caught.value.code == "file"


def test_what_is_no_export_is_not_opened(tmp_path: Path, signer: CheckpointSigner) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(LogError) as caught:
            Export.open(folder, keys=signer.keys)
        assert caught.value.code == "export-incomplete"


def test_an_export_of_another_log_is_not_opened(tmp_path: Path, signer: CheckpointSigner) -> None:
    write_export(filled(tmp_path / "log.sqlite", signer, 3), tmp_path / "export")
    other = CheckpointSigner.generate("another.example.org")
    with pytest.raises(LogError) as caught:
        Export.open(tmp_path / "export", keys=other.keys)
    assert caught.value.code == "checkpoint-origin"


def test_a_bundle_with_too_few_entries_is_not_read(
    tmp_path: Path, signer: CheckpointSigner
) -> None:
    store = filled(tmp_path / "log.sqlite", signer, 5)
    write_export(store, tmp_path / "export")
    fewer = format_bundle(one.entry for one in store.entries(0, 4))
    (tmp_path / "export" / bundle_path(0, 5)).write_bytes(fewer)
    with pytest.raises(LogError) as caught:
        list(Export.open(tmp_path / "export", keys=signer.keys).entries(0, 5))
    assert caught.value.code == "bundle-malformed"


@pytest.mark.parametrize("path", [bundle_path(1, 44), bodies_path(1, 44)])
def test_a_bundle_that_is_cut_off_is_not_read(
    tmp_path: Path, signer: CheckpointSigner, path: str
) -> None:
    write_export(filled(tmp_path / "log.sqlite", signer, 300), tmp_path / "export")
    file = tmp_path / "export" / path
    file.write_bytes(file.read_bytes()[:-1])
    export = Export.open(tmp_path / "export", keys=signer.keys)
    assert len(list(export.entries(0, 256))) == 256
    with pytest.raises(LogError) as caught:
        list(export.entries(0, 300))
    assert caught.value.code == "bundle-malformed"
