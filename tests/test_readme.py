"""The README is run: its tour as it stands, then its library example on what the tour left."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "README.md").read_text("utf-8")
SETUP = "make setup"
"""The block that prepares a shell; this test has a shell prepared."""

READY = r"""until (exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null; do sleep 0.1; done"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def commands() -> list[str]:
    """The tour's commands, one each, continued lines joined."""
    tour = PAGE.partition("## Five minutes on the command line")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", tour, re.MULTILINE | re.DOTALL)
    lines = "".join(block for block in blocks if SETUP not in block).replace("\\\n", " ")
    return [line for line in lines.splitlines() if line.strip()]


def script(port: int) -> str:
    """A program that stops at the first command with another exit code than the page says."""
    steps = ["trap 'kill %1 2>/dev/null' EXIT"]
    for command in commands():
        stated = re.search(r"# exit code ([0-9]+)", command)
        expected = stated.group(1) if stated else "0"
        steps += [
            command.replace("8000", str(port)),
            f'code=$?; [[ $code == {expected} ]] || {{ echo "exit code $code" >&2; exit 99; }}',
        ]
        if command.endswith("&"):
            steps.append(READY.replace("PORT", str(port)))
    return "\n".join(steps)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("tour")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    secrets = {"ATTEST_PASSPHRASE": "tour", "FOUNDRY_ATTEST_PASSPHRASE": "tour"}
    run = subprocess.run(
        ["bash", "-c", script(free_port())],
        cwd=folder,
        env={
            **os.environ,
            **secrets,
            "EXAMPLES": str(ROOT / "examples"),
            "PATH": path,
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    return folder, run


def test_the_tour_has_commands() -> None:
    assert len(commands()) > 15


def test_the_tour_runs_as_written(tour: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, run = tour
    assert run.returncode == 0, run.stderr[-3000:]
    (entry,) = re.findall(r"# exit code 6: (entry [0-9]+)", PAGE)
    assert f"export {entry}\n" in run.stderr


def test_the_library_example_runs_on_it(
    tour: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = tour
    (example,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, check=True
    )
    verdict, *_ = run.stdout.split()
    assert verdict == "PASS"
    assert "n1_presumption pass 15 CFR 774" in run.stdout
