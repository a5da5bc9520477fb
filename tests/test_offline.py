"""The library verifies without a network: no module but the client can even open a connection."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import attest

ROOT = Path(__file__).resolve().parent.parent
NETWORK = {
    "asyncio", "fastapi", "http.client", "httpx", "requests", "ssl", "urllib.request", "uvicorn",
}  # fmt: skip
"""Without `socket` and `urllib.parse`: jsonschema and process pools load those, unused."""

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(attest.__path__, "attest.")
    if not module.name.endswith(".__main__")
)

PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted(sys.modules))
"""


def loaded_after(*names: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_the_library_without_its_client_brings_in_no_network() -> None:
    names = [name for name in MODULES if name != "attest.client"]
    assert len(names) > 20
    loaded = loaded_after(*names)
    assert set(names) <= loaded
    assert loaded & NETWORK == set()
    assert "attest.client" not in loaded


def test_the_probe_sees_a_network_module() -> None:
    assert loaded_after("attest.client") & NETWORK


@pytest.mark.parametrize(
    "heavy", ["rich", "pydantic", "cryptography", "jsonschema_rs", "rfc3161_client"]
)
def test_help_starts_without_the_heavy_libraries(heavy: str) -> None:
    assert heavy not in loaded_after("attest.cli")
