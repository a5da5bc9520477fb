"""Running the command in tests, and the papers of `tests.world` as files."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from attest import schemas
from attest.cli import main
from attest.decision import decide
from attest.encoding import Json, canonical, digest, loads
from attest.envelope import seal
from attest.models import DECLARATION_TYPE
from attest.signing import KeySigner, private_key_pem
from tests.world import NOW, World, statement

ROOT = Path(__file__).resolve().parent.parent.parent
AT = "2026-11-24T14:00:00Z"


def attest(
    *arguments: object, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """Run the command in this process."""
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(main, texts, input=stdin, env=env)


def attest_process(
    *arguments: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "attest.cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **(env or {})},
        cwd=cwd or ROOT,
        timeout=60,
        check=False,
    )


def attest_terminal(*arguments: object, typed: Sequence[tuple[str, str]] = ()) -> tuple[int, str]:
    """Run the command on a terminal; returns its exit code and all that it showed there.

    `typed` are prompts to wait for, each with the line to type then.
    """
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "attest.cli", *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
        start_new_session=True,
    )
    os.close(terminal)
    shown, answered = "", 0
    waiting = list(typed)
    decoder = codecs.getincrementaldecoder("utf-8")()
    with contextlib.suppress(OSError):  # the terminal hangs up when the process ends
        while piece := os.read(controller, 65536):
            shown += decoder.decode(piece)
            if waiting and waiting[0][0] in shown[answered:]:
                answered = len(shown)
                os.write(controller, f"{waiting.pop(0)[1]}\n".encode())
    os.close(controller)
    return process.wait(timeout=60), shown


def succeeded(result: Result, code: int = 0) -> Result:
    """The result, which must have that exit code."""
    assert result.exit_code == code, f"{result.exit_code}\n{result.stdout}\n{result.stderr}"
    return result


def check_failed(result: Result, code: int, error: str) -> str:
    """What stderr says of a failure that must have that exit code and error code."""
    assert result.exit_code == code, f"{result.exit_code}\n{result.stdout}\n{result.stderr}"
    assert error in result.stderr.splitlines()[-5:][0] or f" {error} " in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return result.stderr


def document(result: Result) -> Any:
    """The one JSON document on stdout."""
    return json.loads(result.stdout)


def declared(source: str | bytes, form: str = "toml") -> Json:
    """The statement that comes out of a source on stdin."""
    result = succeeded(attest("declare", "-", "--format", form, stdin=source))
    told = document(result)
    assert isinstance(told, dict)
    schemas.validate("statement", told)
    schemas.validate("declaration", told["predicate"])
    return told


def write_json(path: Path, value: Json) -> Path:
    """A JSON file."""
    path.write_bytes(canonical(value))
    return path


def write_key(path: Path, signer: KeySigner, passphrase: bytes | None = None) -> Path:
    """The private key of a signer as a PEM file."""
    path.touch(mode=0o600)
    path.write_bytes(private_key_pem(signer._private, passphrase))
    return path


def declaration_file(folder: Path, world: World, **changes: Json) -> Path:
    """The world's declaration statement, not signed."""
    predicate = world.declaration(**changes)
    return write_json(folder / "declaration.json", loads(statement(DECLARATION_TYPE, predicate)))


def decision_of(world: World, submission: bytes) -> bytes:
    """The signed decision on a submission at `NOW`."""
    decided = decide(submission, trust=world.trust(), at=NOW)
    return seal(decided.payload, [world.decision_signer])


class Log:
    """A log in a folder, made by the command itself, of the world's submissions."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder / "log"
        self.world = world
        succeeded(
            attest(
                *("log", "init", self.folder, "--origin", "example.org/log"),
                *("--foundry", world.foundry.id, "--no-passphrase", "--at", AT),
            )
        )
        bodies = [f"keyset={self._body(raw)}" for raw in world.keysets().values()]
        bodies += [f"pack={self._body(raw)}" for raw in world.packs.values()]
        bodies += [f"mandate={self._body(raw)}" for raw in filter(None, [world.mandate])]
        self.append(*bodies, f"trust={self._body(world.trust_bytes())}")

    @property
    def keys(self) -> Path:
        """The verifier keys."""
        return self.folder / "log.vkeys"

    def append(self, *bodies: str) -> Result:
        """Append bodies that are files already."""
        return succeeded(attest("log", "append", self.folder, *bodies, "--at", AT))

    def record(self, submission: bytes, decision: bytes | None = None) -> None:
        """Append a submission with its decision, the right one unless another is given."""
        decision = decision or decision_of(self.world, submission)
        bodies = (f"submission={self._body(submission)}", f"decision={self._body(decision)}")
        self.append(*bodies)

    def export(self) -> Path:
        """Export the log."""
        target = self.folder.parent / "export"
        succeeded(attest("log", "export", self.folder, target))
        return target

    def body(self, raw: bytes) -> Path:
        """A body as a file."""
        return Path(self._body(raw))

    def _body(self, raw: bytes) -> str:
        path = self.folder.parent / f"{digest(raw).removeprefix('sha256:')[:16]}.body"
        path.write_bytes(raw)
        return str(path)
