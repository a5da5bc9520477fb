"""The stage: the real service, under the scenario's clock.

    python -m examples.demo.stage DATA PORT

The scenario's dates lie around the end of 2026. The service asks its clock for the instant of
receipt, so the demo gives it one that starts at `OPENS` and runs on from there: the same story is
told on any day. The passphrase of the keys comes from FOUNDRY_ATTEST_PASSPHRASE.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from service.runtime import open_application, server_over

OPENS: Final = dt.datetime(2026, 11, 24, 14, 0, 0, tzinfo=dt.UTC)


def clock_from(opens: dt.datetime) -> Callable[[], dt.datetime]:
    """A clock that shows `opens` now and goes on at its usual pace, in whole seconds."""
    started = time.monotonic()
    return lambda: opens + dt.timedelta(seconds=int(time.monotonic() - started))


def main() -> None:
    """Serve a data folder on a loopback port until terminated."""
    data, port = Path(sys.argv[1]), int(sys.argv[2])
    passphrase = os.environ["FOUNDRY_ATTEST_PASSPHRASE"].encode()
    with (
        open_application(data, passphrase, clock=clock_from(OPENS)) as application,
        socket.create_server(("127.0.0.1", port), backlog=2048) as listener,
    ):
        server_over(application).run(sockets=[listener])


if __name__ == "__main__":
    main()
