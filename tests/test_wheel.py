"""The wheel holds the library and its data, nothing of the server, and works where it lands."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
USE = """
import sys
sys.path.insert(0, sys.argv[1])
import attest
from attest import schemas
from attest.data import data_dir
from attest.rules.pack import compile_pack, read_pack_folder

print(attest.__file__)
print(len(schemas.SCHEMAS))
print(compile_pack(read_pack_folder(data_dir("rules") / "us-ear")).digest)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / run.stdout.split()[-1]


def test_the_wheel_holds_the_library_and_its_data_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"attest"}
    held = {name for name in names if name.startswith("attest/_data/")}
    data = {
        f"attest/_data/{f.relative_to(ROOT).as_posix()}"
        for folder in ("schemas", "rules")
        for f in (ROOT / folder).rglob("*")
        if f.is_file()
    }
    assert held == data
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "attest/py.typed" in names


def test_the_data_is_found_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, schemas, digest = run.stdout.split()
    assert Path(where) == tmp_path / "attest" / "__init__.py"
    assert int(schemas) == len(list((ROOT / "schemas").rglob("*.schema.json")))
    assert f"{digest}  us-ear/" in (ROOT / "rules" / "LOCK").read_text("utf-8")
