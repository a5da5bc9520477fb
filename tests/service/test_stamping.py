"""Timestamp authorities that a service asks: real ones over HTTP, slow ones, lying ones."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from attest import client, limits
from attest.encoding import decode_base64
from attest.errors import AttestError, InputError, LogError, RemoteError
from attest.log.checkpoint import CheckpointSigner
from attest.log.sqlite import SqliteStore
from attest.log.stamp_files import keep_stamp, read_stamps
from attest.log.stamps import Stamp, next_stamped, open_stamps, parse_stamped
from attest.log.timestamp import Authorities, make_request, open_timestamp
from attest.log.writer import LogWriter
from service import stamping
from service.__main__ import main
from service.authorities import timestamping_of
from service.stamping import RETRY, Stamper
from tests.authorities import END, Authority, OpensslAuthority, answering
from tests.conftest import STRANGER_ABSENT
from tests.log.sample import NOON, ORIGIN, drafts, filled, later

LOG = CheckpointSigner.generate(ORIGIN)
AUTHORITY = Authority.make()
TRUSTED = Authorities.parse(AUTHORITY.root.pem)
EVERY = dt.timedelta(hours=24)
SECOND = dt.timedelta(seconds=1)
NOWHERE = "http://127.0.0.1:9"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a log of 40 entries."""
    (tmp_path / "data").mkdir()
    filled(tmp_path / "data" / "log.sqlite", LOG, 40).close()
    return tmp_path / "data"


def grow(folder: Path, count: int) -> None:
    with closing(SqliteStore.open(folder / "log.sqlite")) as store:
        writer = LogWriter.open(store, LOG)
        writer.append(drafts(writer.head.size, count), at=later(10_000))


@contextmanager
def stamper(folder: Path, urls: Sequence[str], clock: Clock) -> Iterator[Stamper]:
    """A stamper over the log in a folder, asking only when it is told to."""
    with closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store:
        yield Stamper(
            store,
            keys=LOG.keys,
            authorities=TRUSTED,
            urls=urls,
            folder=folder,
            every=EVERY,
            clock=clock,
            newest=lambda: store.head().checkpoint,
        )


def note_of(folder: Path) -> bytes:
    """The newest checkpoint of a log."""
    with closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store:
        return store.head().checkpoint or b""


def sizes(stamper: Stamper) -> list[int]:
    return [each["size"] for each in stamper.status()["timestamps"]]


def failure_of(stamper: Stamper) -> str | None:
    (authority,) = stamper.status()["authorities"]
    failure: str | None = authority.get("failure")
    return failure


def at_the(clock: Clock) -> Callable[[bytes], bytes]:
    """An honest authority that goes by a clock."""
    return lambda request: AUTHORITY.answer_request(request, at=clock.now)


def test_a_growing_log_is_timestamped_every_so_often(folder: Path, clock: Clock) -> None:
    with answering(at_the(clock)) as url:
        with stamper(folder, [url], clock) as asked:
            for more, later_by, expected in (
                (1, 0 * EVERY, [41]),
                (1, EVERY - SECOND, [41]),
                (1, SECOND, [41, 43]),
                (0, SECOND, [41, 43]),
            ):
                if more:
                    grow(folder, more)
                clock.now += later_by
                asked.ask_due()
                assert sizes(asked) == expected
        with stamper(folder, [url], clock) as again:  # after a restart it goes on where it was
            assert sizes(again) == [41, 43]
            clock.now += EVERY - 2 * SECOND
            again.ask_due()
            assert sizes(again) == [41, 43]
            clock.now += SECOND
            again.ask_due()
            assert sizes(again) == [41, 43, 43]
    stamps, _ = read_stamps(folder)
    opened = open_stamps(stamps, keys=LOG.keys, authorities=TRUSTED)
    assert [each.checkpoint.size for each in opened] == [41, 43, 43]


def test_a_clock_that_was_set_back_does_not_put_it_off(folder: Path, clock: Clock) -> None:
    with answering(at_the(clock)) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
        clock.now -= 3 * EVERY
        asked.ask_due()
        assert failure_of(asked) == "timestamp-invalid"  # dated before the one it has
        clock.now += 5 * EVERY
        asked.ask_due()
        assert (sizes(asked), failure_of(asked)) == ([40, 40], None)


def test_every_authority_is_asked_and_one_is_enough(folder: Path, clock: Clock) -> None:
    with answering(at_the(clock)) as url, stamper(folder, [NOWHERE, url], clock) as asked:
        asked.ask_due()
        assert sizes(asked) == [40]
        down, up = asked.status()["authorities"]
        assert (down, up) == ({"url": NOWHERE, "failure": "network"}, {"url": url})
        clock.now += RETRY
        asked.ask_due()
        assert sizes(asked) == [40]


def test_an_authority_that_failed_is_asked_again(folder: Path, clock: Clock) -> None:
    answers = [b"junk", b"junk"]

    def answer(request: bytes) -> bytes:
        return answers.pop() if answers else at_the(clock)(request)

    with answering(answer) as url, stamper(folder, [url], clock) as asked:
        for left, moved in ((1, 0 * SECOND), (1, RETRY - SECOND), (0, SECOND), (0, RETRY)):
            clock.now += moved
            asked.ask_due()
            assert len(answers) == left
        assert (sizes(asked), failure_of(asked)) == ([40], None)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda _: b"", "timestamp-malformed"),
        (lambda _: b"<html>", "timestamp-malformed"),
        (lambda _: AUTHORITY.answer(b"other", at=NOON), "timestamp-invalid"),
        (lambda _: AUTHORITY.answer(b"", at=NOON, status=2), "timestamp-invalid"),
        (lambda _: bytes(10_000_000), "remote"),
        (
            lambda request: Authority.make().answer_request(request, at=NOON),
            "timestamp-untrusted",
        ),
        (lambda request: AUTHORITY.answer_request(request, at=END), "timestamp-expired"),
        (lambda request: AUTHORITY.answer_request(request, at=NOON)[:-1], "timestamp-malformed"),
    ],
    ids=["empty", "page", "other", "refused", "huge", "untrusted", "expired", "cut"],
)
def test_an_authority_that_lies(
    answer: Callable[[bytes], bytes], failure: str, folder: Path, clock: Clock
) -> None:
    with answering(answer) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
        assert (sizes(asked), failure_of(asked)) == ([], failure)
    assert read_stamps(folder) == ([], None)


@pytest.mark.parametrize("status", [201, 301, 404, 500])
def test_an_authority_that_answers_with_an_error(status: int, folder: Path, clock: Clock) -> None:
    with answering(at_the(clock), status=status) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
        assert (sizes(asked), failure_of(asked)) == ([], "remote")


def test_an_authority_that_takes_for_ever(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS_MAX", 0.3)
    done = threading.Event()

    def answer(request: bytes) -> bytes:
        done.wait(60)
        return b""

    with answering(answer) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
        done.set()
        assert (sizes(asked), failure_of(asked)) == ([], "network")


def test_what_the_client_brings_back(folder: Path) -> None:
    token = AUTHORITY.answer(b"data", at=NOON)
    with answering(lambda _: token) as url:
        assert client.ask_timestamp(url, make_request(b"data")) == token
        assert client.ask_timestamp(url + "/", make_request(b"data")) == token
        host = url.removesuffix("/tsa")
        assert client.ask_timestamp(host, make_request(b"data")) == token
    with answering(lambda _: bytes(limits.TIMESTAMP_BYTES_MAX)) as url:
        assert len(client.ask_timestamp(url, b"")) == limits.TIMESTAMP_BYTES_MAX
    with answering(lambda _: bytes(limits.TIMESTAMP_BYTES_MAX + 1)) as url:
        with pytest.raises(RemoteError) as caught:
            client.ask_timestamp(url, b"")
        assert caught.value.detail == "HTTP 200: the answer is too large"


def test_a_log_without_a_checkpoint_to_stamp_waits(folder: Path, clock: Clock) -> None:
    with (
        answering(at_the(clock)) as url,
        closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store,
    ):
        asked = Stamper(
            store,
            keys=LOG.keys,
            authorities=TRUSTED,
            urls=[url],
            folder=folder,
            every=EVERY,
            clock=clock,
            newest=lambda: None,
        )
        asked.ask_due()
        assert (sizes(asked), failure_of(asked)) == ([], None)


def test_a_restored_older_log_is_noticed(folder: Path, tmp_path: Path, clock: Clock) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(folder, backup)
    grow(folder, 1)
    with answering(at_the(clock)) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
    shutil.copytree(folder / "timestamps", backup / "timestamps")
    with pytest.raises(LogError) as caught, stamper(backup, [NOWHERE], clock):
        pass
    assert caught.value.code == "rolled-back"


def test_kept_timestamps_that_were_changed_are_refused(folder: Path, clock: Clock) -> None:
    with answering(at_the(clock)) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
    path = folder / "timestamps/0.stamped"
    path.write_bytes(path.read_bytes().replace(b"\n40\n", b"\n41\n"))
    with pytest.raises(AttestError) as caught, stamper(folder, [NOWHERE], clock):
        pass
    assert caught.value.code == "checkpoint-signature"


def test_timestamps_of_an_authority_that_is_no_longer_named(folder: Path, clock: Clock) -> None:
    """They are kept and shown without a time, and the next authority is asked at once."""
    other = Authority.make("Former Time")
    text = next_stamped([], note_of(folder))
    keep_stamp(folder, 0, Stamp(text, other.answer(text, at=NOON)))
    with answering(at_the(clock)) as url, stamper(folder, [url], clock) as asked:
        assert asked.status()["timestamps"] == [{"number": 0, "size": 40}]
        asked.ask_due()
        assert [each.get("time") for each in asked.status()["timestamps"]] == [
            None,
            "2026-11-24T12:00:00Z",
        ]


def test_the_thread_outlives_a_failure_that_nobody_foresaw(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stamping, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(stamping, "RETRY", 0 * SECOND)
    seen = threading.Event()
    failures = [ZeroDivisionError("secret"), ZeroDivisionError("secret")]

    def newest() -> bytes | None:
        if failures:
            raise failures.pop()
        seen.set()
        return None

    with (
        closing(SqliteStore.open(folder / "log.sqlite", read_only=True)) as store,
        Stamper(
            store,
            keys=LOG.keys,
            authorities=TRUSTED,
            urls=[NOWHERE],
            folder=folder,
            every=EVERY,
            clock=clock,
            newest=newest,
        ),
    ):
        assert seen.wait(60)
    assert caplog.text.count("ZeroDivisionError") == 2
    assert "secret" not in caplog.text


def test_what_is_shown_of_a_timestamp(folder: Path, clock: Clock) -> None:
    with answering(at_the(clock)) as url, stamper(folder, [url], clock) as asked:
        asked.ask_due()
        shown = asked.stamp(0)
        opened = open_timestamp(
            decode_base64(shown["token"]), decode_base64(shown["stamped"]), TRUSTED
        )
        assert opened.at == NOON
        assert (shown["size"], shown["time"]) == (40, "2026-11-24T12:00:00Z")
        assert parse_stamped(decode_base64(shown["stamped"])).number == 0
        with pytest.raises(InputError) as caught:
            asked.stamp(1)
        assert caught.value.code == "not-found"


@pytest.mark.parametrize(("apart", "failure"), [(300, None), (301, "timestamp-contradicts")])
@pytest.mark.parametrize("sign", [1, -1])
def test_clocks_that_are_far_apart(
    apart: int, sign: int, failure: str | None, folder: Path, clock: Clock
) -> None:
    at = clock.now + sign * apart * SECOND
    with (
        answering(lambda request: AUTHORITY.answer_request(request, at=at)) as url,
        stamper(folder, [url], clock) as asked,
    ):
        asked.ask_due()
        assert failure_of(asked) == failure


def test_an_authority_of_openssl_serves(folder: Path, tmp_path: Path, clock: Clock) -> None:
    if shutil.which("openssl") is None:
        pytest.skip(f"{STRANGER_ABSENT}: there is no openssl")
    (tmp_path / "tsa").mkdir()
    openssl = OpensslAuthority(AUTHORITY, tmp_path / "tsa")
    clock.now = dt.datetime.now(dt.UTC)
    with answering(openssl.answer) as url, stamper(folder, [url, f"{url}/2"], clock) as asked:
        asked.ask_due()
        assert sizes(asked) == [40, 40]
    stamps, _ = read_stamps(folder)
    for stamp in stamps:
        assert openssl.accepts(stamp.token, stamp.stamped)
        assert not openssl.accepts(stamp.token, stamp.stamped + b"\n")
    assert not openssl.accepts(stamps[0].token, stamps[1].stamped)


@pytest.mark.parametrize("option", ["--timestamp", "--timestamp-root"])
def test_address_and_root_need_each_other(option: str, tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(AUTHORITY.root.pem)
    value = NOWHERE if option == "--timestamp" else str(root)
    result = CliRunner().invoke(main, ["run", str(tmp_path), option, value])
    assert result.exit_code == 2
    assert "need each other" in result.output


def test_what_the_options_say(tmp_path: Path) -> None:
    roots = tmp_path / "a.pem", tmp_path / "b.pem"
    for path in roots:
        path.write_bytes(AUTHORITY.root.pem.rstrip())
    assert timestamping_of((), (), 24) is None
    found = timestamping_of((NOWHERE,), roots, 7)
    assert found is not None
    assert (found.urls, found.every) == ((NOWHERE,), dt.timedelta(hours=7))
    assert [each.name for each in found.authorities.authorities] == ["Example Time"] * 2


def test_a_root_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(b"words")
    result = CliRunner().invoke(
        main, ["run", str(tmp_path), "--timestamp", NOWHERE, "--timestamp-root", str(root)]
    )
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "key-malformed"
