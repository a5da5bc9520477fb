"""Timestamps as files: in the folder of a log, and in an export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.errors import AttestError, InputError, LogError
from attest.log.check import check_export, check_stamps
from attest.log.export import Export, write_export
from attest.log.sqlite import SqliteStore
from attest.log.stamp_files import keep_stamp, keep_stamped, read_stamps, stamp_files
from attest.log.stamps import (
    Stamp,
    next_stamped,
    open_stamps,
    standing,
)
from attest.log.writer import LogWriter
from tests.authorities import Authority
from tests.log.sample import NOON, drafts, filled, later
from tests.log.test_stamps import BOTH, CHAIN, DAY, LOG, NEW, OLD, YEAR


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    assert read_stamps(tmp_path) == ([], None)
    keep_stamped(tmp_path, 0, b"first asked")
    keep_stamped(tmp_path, 0, CHAIN[0].stamped)
    assert read_stamps(tmp_path) == ([], CHAIN[0].stamped)
    for number, stamp in enumerate(CHAIN):
        keep_stamp(tmp_path, number, stamp)
        assert read_stamps(tmp_path) == (CHAIN[: number + 1], None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["timestamps"]


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "timestamps").write_bytes(b"")
    for call in (lambda: read_stamps(tmp_path), lambda: keep_stamp(tmp_path, 0, CHAIN[0])):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == "file"
    (tmp_path / "timestamps").unlink()
    (tmp_path / "timestamps/0.stamped").mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        read_stamps(tmp_path)
    assert caught.value.code == "file"


@pytest.fixture
def export(tmp_path: Path) -> Iterator[Path]:
    """An export of 300 entries, stamped at 40, twice, and at 300."""
    store = filled(tmp_path / "log.sqlite", LOG, 40)
    stamps: list[Stamp] = []

    def stamp(opened: SqliteStore, authority: Authority, at: dt.datetime) -> None:
        text = next_stamped(stamps, opened.head().checkpoint or b"")
        stamps.append(Stamp(text, authority.answer(text, at=at)))

    stamp(store, OLD, NOON)
    stamp(store, NEW, NOON + DAY)
    store.close()
    store = SqliteStore.open(tmp_path / "log.sqlite")
    writer = LogWriter.open(store, LOG)
    writer.append(drafts(40, 260), at=later(100_000))
    stamp(store, OLD, NOON + 2 * DAY)
    write_export(store, tmp_path / "export", stamps=stamps)
    yield tmp_path / "export"
    store.close()


def fault_of_export(folder: Path) -> str | None:
    try:
        check_export(folder, keys=LOG.keys)
        check_stamps(Export.open(folder, keys=LOG.keys), keys=LOG.keys, authorities=BOTH)
    except AttestError as error:
        return error.code
    return None


def test_an_export_with_timestamps_is_complete(export: Path) -> None:
    assert check_export(export, keys=LOG.keys).size == 300
    opened = check_stamps(Export.open(export, keys=LOG.keys), keys=LOG.keys, authorities=BOTH)
    assert [each.checkpoint.size for each in opened] == [40, 40, 300]
    assert standing([each.timestamp for each in opened], at=NOON + YEAR) == (True, True, False)


@pytest.mark.parametrize("name", ["0.stamped", "1.tsr", "2.stamped", "2.tsr"])
def test_a_missing_file_of_an_export_is_noticed(export: Path, name: str) -> None:
    (export / "timestamps" / name).unlink()
    assert fault_of_export(export) == "export-incomplete"


@pytest.mark.parametrize("name", ["3.tsr", "3.stamped", "00.tsr", "x", "9.tsr", "0.tsr.partial"])
def test_a_file_too_many_in_an_export_is_noticed(export: Path, name: str) -> None:
    (export / "timestamps" / name).write_bytes(b"")
    assert fault_of_export(export) == "export-incomplete"


def test_a_folder_inside_is_noticed(export: Path) -> None:
    (export / "timestamps/more").mkdir()
    (export / "timestamps/more/0.tsr").write_bytes(b"")
    assert fault_of_export(export) == "export-incomplete"


def test_the_newest_timestamps_may_be_left_out(export: Path) -> None:
    for name in ("2.stamped", "2.tsr"):
        (export / "timestamps" / name).unlink()
    assert fault_of_export(export) is None


@pytest.mark.parametrize("name", ["0.stamped", "0.tsr", "1.stamped", "1.tsr", "2.stamped"])
def test_a_changed_byte_of_an_export_is_noticed(export: Path, name: str) -> None:
    path = export / "timestamps" / name
    raw = path.read_bytes()
    for at in range(0, len(raw), 97):
        path.write_bytes(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
        assert fault_of_export(export) is not None, at
    path.write_bytes(raw)
    assert fault_of_export(export) is None


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_changed_newest_token_proves_nothing_or_the_same(export: Path) -> None:
    """Nothing covers it yet, so what is changed in it may make it one of nobody's."""
    path = export / "timestamps/2.tsr"
    raw = path.read_bytes()
    said = set()
    for at in range(0, len(raw), 3):
        path.write_bytes(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
        stamps, _ = read_stamps(export)
        try:
            said.add(open_stamps(stamps, keys=LOG.keys, authorities=BOTH)[2].timestamp)
        except AttestError as error:
            assert error.code.startswith("timestamp-")  # noqa: PT017
    stamps = [*stamps[:2], Stamp(stamps[2].stamped, raw)]
    same = open_stamps(stamps, keys=LOG.keys, authorities=BOTH)[2].timestamp
    assert None in said <= {None, same}


@pytest.mark.parametrize(("behind", "fault"), [(300, None), (301, "timestamp-contradicts")])
def test_an_entry_dated_after_a_time_when_it_existed(
    behind: int, fault: str | None, tmp_path: Path
) -> None:
    store = filled(tmp_path / "log.sqlite", LOG, 40)  # the last batch is 37 seconds after noon
    text = next_stamped([], store.head().checkpoint or b"")
    at = NOON + dt.timedelta(seconds=37 - behind)
    write_export(store, tmp_path / "export", stamps=[Stamp(text, NEW.answer(text, at=at))])
    store.close()
    assert fault_of_export(tmp_path / "export") == fault


def test_a_bundle_that_is_cut_off_is_noticed(export: Path) -> None:
    """Timestamps can be checked without the entries, but for the last of each checkpoint."""
    opened = Export.open(export, keys=LOG.keys)
    bundle = export / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes()[:1000])
    with pytest.raises(LogError) as caught:
        check_stamps(opened, keys=LOG.keys, authorities=BOTH)
    assert (caught.value.code, caught.value.entry) == ("bundle-malformed", 39)


def test_another_log_of_the_same_keys_under_the_timestamps(export: Path, tmp_path: Path) -> None:
    other = filled(tmp_path / "other.sqlite", LOG, 300, batch=11)
    stamps, _ = read_stamps(export)
    write_export(other, tmp_path / "other", stamps=stamps)
    other.close()
    assert fault_of_export(tmp_path / "other") == "root-mismatch"


def test_the_files_of_a_stamp() -> None:
    assert list(stamp_files(12, CHAIN[0])) == [
        ("timestamps/12.stamped", CHAIN[0].stamped),
        ("timestamps/12.tsr", CHAIN[0].token),
    ]
