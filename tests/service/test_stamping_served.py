"""What readers of a service get of its timestamps."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attest.casefile import open_casefile
from attest.encoding import Json, decode_base64
from attest.log.checkpoint import LogKeys
from attest.log.policy import open_cosigned, parse_policy
from attest.log.stamps import parse_stamped, require_standing
from attest.log.timestamp import Authorities, open_timestamp
from service.runtime import Timestamping
from service.witness import VERIFIER_KEYS, create_witness_app, make_witness, open_witness
from tests.authorities import Authority, answering
from tests.service.house import House, found_house, held, running, serving
from tests.world import NOW, World

AUTHORITY = Authority.make()
TRUSTED = Authorities.parse(AUTHORITY.root.pem)
EVERY = dt.timedelta(hours=24)


def wait_for(house: House, holds: Callable[[Json], bool]) -> Json:
    """The status once it is as it should be."""
    deadline = time.monotonic() + 60
    while True:
        status = house.client.get("/v1/log/timestamps").json()
        if holds(status):
            return status
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_readers_of_a_service_get_timestamps(tmp_path: Path) -> None:
    """The list, the token, and a case file that proves its time offline."""
    world, data = World(), tmp_path / "data"
    found_house(data, world)
    now = [NOW]
    with answering(lambda request: AUTHORITY.answer_request(request, at=now[0])) as url:
        timestamping = Timestamping((url,), TRUSTED, EVERY)
        with running(data, world, timestamping=timestamping) as house:
            wait_for(house, lambda status: len(status["timestamps"]) == 1)
            answer = house.post(held(world)).json()
            path = f"/v1/submissions/{answer['id']}/casefile"
            assert "timestamps" not in house.client.get(path).json()
            now[0] += EVERY
            house.clock.move(24 * 3600)
            status = wait_for(house, lambda status: len(status["timestamps"]) == 2)
            newest = status["timestamps"][1]
            assert newest["size"] > answer["decision_index"]
            assert (newest["authority"], status["authorities"]) == ("Example Time", [{"url": url}])
            shown = house.client.get("/v1/log/timestamps/1").json()
            open_timestamp(decode_base64(shown["token"]), decode_base64(shown["stamped"]), TRUSTED)
            for number in ("2", "01", "x"):
                missing = house.client.get(f"/v1/log/timestamps/{number}")
                assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
            case = house.client.get(path).content
            opened = open_casefile(case, log_keys=house.log_keys, authorities=TRUSTED)
            assert require_standing(opened.timestamps, at=NOW).at == now[0]
            assert open_casefile(case, log_keys=house.log_keys).verdict == "HOLD"


def test_deciding_does_not_wait_for_an_authority(tmp_path: Path) -> None:
    world, data = World(), tmp_path / "data"
    found_house(data, world)
    asked, done = threading.Event(), threading.Event()

    def answer(request: bytes) -> bytes:
        asked.set()
        done.wait(60)
        return b""

    with (
        answering(answer) as url,
        running(data, world, timestamping=Timestamping((url,), TRUSTED, EVERY)) as house,
    ):
        assert asked.wait(60)
        assert house.post(held(world)).status_code == 201
        assert house.client.get("/readyz").status_code == 200
        done.set()
        wait_for(house, lambda status: status["authorities"][0].get("failure") is not None)


def test_what_witnesses_cosigned_is_what_is_timestamped(tmp_path: Path) -> None:
    world, data = World(), tmp_path / "data"
    found_house(data, world)
    keys = LogKeys.parse((data / "log.vkeys").read_text().splitlines())
    make_witness(tmp_path / "w", "auditor.example/w1", None)
    logs = {keys.origin: keys.note_keys()}
    with (
        closing(open_witness(tmp_path / "w", logs, None, clock=lambda: NOW)) as desk,
        serving(create_witness_app(desk)) as port,
        answering(lambda request: AUTHORITY.answer_request(request, at=NOW)) as url,
    ):
        vkey = (tmp_path / "w" / VERIFIER_KEYS).read_text().split()[0]
        policy = parse_policy(f"witness w {vkey} http://127.0.0.1:{port}/witness\nquorum w\n")
        timestamping = Timestamping((url,), TRUSTED, EVERY)
        with running(data, world, policy=policy, timestamping=timestamping) as house:
            wait_for(house, lambda status: bool(status["timestamps"]))
            shown = house.client.get("/v1/log/timestamps/0").json()
    note = parse_stamped(decode_base64(shown["stamped"])).note
    assert open_cosigned(note, keys=keys, policy=policy).witnesses == ("w",)


def test_a_log_without_timestamps_says_so(tmp_path: Path) -> None:
    world = World()
    found_house(tmp_path / "data", world)
    with running(tmp_path / "data", world) as house:
        shown = house.client.get("/v1/log/timestamps").json()
        assert shown == {"timestamps": [], "authorities": []}
        assert house.client.get("/v1/log/timestamps/0").json()["code"] == "not-found"
