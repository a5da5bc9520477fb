"""Case files that bring a timestamp of their decision with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from attest.casefile import Case, make_casefile, open_casefile
from attest.encoding import Json, canonical, decode_base64, encode_base64, loads
from attest.errors import AttestError
from attest.log.merkle import prove_inclusion
from attest.log.stamps import Stamp, links, next_stamped, open_stamps, require_standing
from attest.log.timestamp import Authorities
from service.records import Recorded
from tests.authorities import Authority
from tests.test_casefile import LIMIT, logged
from tests.world import NOW, World
from tests.world_log import WorldLog, world_log

WORLD = World()
YEAR = dt.timedelta(days=365)
OLD = Authority.make("Old Time", end=NOW + YEAR)
NEW = Authority.make("New Time", end=NOW + 5 * YEAR)
BOTH = Authorities.parse(OLD.root.pem + NEW.root.pem)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldLog]:
    """A log that holds two decisions, stamped by two authorities, years apart."""
    with world_log(WORLD, tmp_path_factory.mktemp("stamped") / "data") as opened:
        opened.register([WORLD.submission()])
        yield opened


@pytest.fixture(scope="module")
def recorded(log: WorldLog) -> Recorded:
    (one,) = log.register([WORLD.submission(fabricator={})])
    return one


def stamp(log: WorldLog, stamps: Sequence[Stamp], authority: Authority, at: dt.datetime) -> Stamp:
    text = next_stamped(stamps, log.records.checkpoint())
    return Stamp(text, authority.answer(text, at=at))


@pytest.fixture(scope="module")
def stamps(log: WorldLog, recorded: Recorded) -> list[Stamp]:
    first = stamp(log, [], OLD, NOW + dt.timedelta(hours=1))
    log.register([WORLD.submission({"end_use": "Something else, later."})])
    return [first, stamp(log, [first], NEW, NOW + YEAR / 2)]


@pytest.fixture
def raw(log: WorldLog, recorded: Recorded, stamps: list[Stamp]) -> bytes:
    """The case file of the second decision."""
    refs = log.standing.refs
    opened = open_stamps(stamps, keys=log.keys, authorities=BOTH)
    return make_casefile(
        submission=logged(log, recorded.submission_index),
        decision=logged(log, recorded.decision.index),
        reviews=[],
        trust=logged(log, refs["trust"][0]),
        keysets=[log.records.item(index).body for index in refs["keyset"]],
        packs=[log.records.item(index).body for index in refs["pack"]],
        timestamps=links(
            stamps,
            opened,
            index=recorded.decision.index,
            prove=lambda index, size: prove_inclusion(index, size, log.store.nodes),
        ),
    )


def opened(raw: bytes, log: WorldLog, authorities: Authorities | None = BOTH) -> Case:
    return open_casefile(raw, log_keys=log.keys, authorities=authorities)


def with_timestamps(raw: bytes, change: Sequence[Json] | None) -> bytes:
    document = loads(raw, bytes_max=LIMIT, string_bytes_max=LIMIT)
    del document["timestamps"]
    if change is not None:
        document["timestamps"] = change
    return canonical(document)


def timestamps_of(raw: bytes) -> list[Json]:
    document = loads(raw, bytes_max=LIMIT, string_bytes_max=LIMIT)
    found: list[Json] = document["timestamps"]
    return found


def fault(raw: bytes, log: WorldLog, authorities: Authorities | None = BOTH) -> str:
    with pytest.raises(AttestError) as caught:
        opened(raw, log, authorities)
    return caught.value.code


def test_a_case_proves_when_its_decision_existed(raw: bytes, log: WorldLog) -> None:
    case = opened(raw, log)
    assert [each.number for each in case.timestamps] == [0, 1]
    for years in (0, 1, 4):  # the older authority has ended, the newer one renewed it
        proven = require_standing(case.timestamps, at=NOW + years * YEAR)
        assert (proven.at, proven.authority) == (NOW + dt.timedelta(hours=1), "Old Time")
    with pytest.raises(AttestError) as caught:
        require_standing(case.timestamps, at=NOW + 5 * YEAR)
    assert caught.value.code == "timestamp-lapsed"


def test_without_authorities_the_tokens_stay_closed(raw: bytes, log: WorldLog) -> None:
    case = opened(raw, log, None)
    assert [each.timestamp for each in case.timestamps] == [None, None]
    bare = opened(with_timestamps(raw, None), log)
    assert (bare.timestamps, bare.decision) == ((), case.decision)


def test_the_renewal_may_be_left_out_and_the_first_may_not(raw: bytes, log: WorldLog) -> None:
    first, second = timestamps_of(raw)
    case = opened(with_timestamps(raw, [first]), log)
    with pytest.raises(AttestError):
        require_standing(case.timestamps, at=NOW + YEAR)
    assert fault(with_timestamps(raw, [second]), log) in ("proof-malformed", "proof-invalid")
    assert fault(with_timestamps(raw, [second, first]), log).startswith("proof-")
    assert fault(with_timestamps(raw, [first, first]), log).startswith("proof-")
    assert fault(with_timestamps(raw, []), log) == "schema-violation"


def test_a_timestamp_by_another_authority(raw: bytes, log: WorldLog) -> None:
    trusted = Authorities.parse(Authority.make().root.pem)
    assert fault(raw, log, trusted) == "timestamp-untrusted"


@pytest.mark.parametrize("member", ["stamped", "token"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_part_of_the_other_timestamp(raw: bytes, log: WorldLog, member: str, place: int) -> None:
    pair = timestamps_of(raw)
    pair[place][member] = pair[1 - place][member]
    code = fault(with_timestamps(raw, pair), log)
    assert code.startswith(("proof-", "timestamp-"))


def test_a_checkpoint_of_the_same_size_with_another_root(
    raw: bytes, log: WorldLog, tmp_path: Path
) -> None:
    """A log that shows two histories is caught by its own two signatures."""
    with world_log(WORLD, tmp_path / "fork") as fork:
        size = log.writer.head.size
        note = log.writer._signer.sign(size=size, root=fork.store.nodes([(0, 0)])[0], at=NOW)
    text = next_stamped([], note)
    token = OLD.answer(text, at=NOW)
    link = {
        "stamped": encode_base64(text),
        "token": encode_base64(token),
        "hashes": timestamps_of(raw)[0]["hashes"],
    }
    assert fault(with_timestamps(raw, [link]), log).startswith("proof-")


@pytest.mark.parametrize(("behind", "code"), [(300, None), (301, "timestamp-contradicts")])
def test_a_decision_dated_after_a_time_when_it_existed(
    raw: bytes, log: WorldLog, behind: int, code: str | None
) -> None:
    text = decode_base64(timestamps_of(raw)[0]["stamped"])
    token = OLD.answer(text, at=NOW - dt.timedelta(seconds=behind))
    link = timestamps_of(raw)[0] | {"token": encode_base64(token)}
    changed = with_timestamps(raw, [link])
    if code is None:
        assert opened(changed, log).timestamps
    else:
        assert fault(changed, log) == code
