"""The sources in examples/cli, and the walk through of docs/CLI.md, as they stand there."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from attest.encoding import loads
from attest.rules.facts import derive_facts, facts_to_json
from tests.cli.helpers import AT, ROOT, attest, document, succeeded
from tests.cli.pages import CLI_PAGE

EXAMPLES = ROOT / "examples" / "cli"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples, with a design file, as the current folder."""
    copy = Path(shutil.copytree(EXAMPLES, tmp_path / "cli"))
    (copy / "layout.oas").write_bytes(b"the layout")
    monkeypatch.chdir(copy)
    return copy


def statements_of(folder: Path) -> tuple[Path, Path]:
    """The declaration and the determination that the sources make."""
    declaration, determination = folder / "d.json", folder / "t.json"
    succeeded(
        attest("declare", folder / "tianqiu-a1.toml", "--design", "layout.oas", "-o", declaration)
    )
    source = folder / "tianqiu-a1.determination.toml"
    succeeded(attest("determine", source, "--declaration", declaration, "-o", determination))
    return declaration, determination


def test_the_sources_pass_below_the_limit(folder: Path) -> None:
    told = document(succeeded(attest("lint", *statements_of(folder), "--decided", AT, "--json")))
    assert told["rehearsals"][0]["verdict"] == "PASS"


def test_the_facts_are_those_of_the_sources(folder: Path) -> None:
    declaration, determination = (
        loads(path.read_bytes())["predicate"] for path in statements_of(folder)
    )
    facts = derive_facts(
        declaration=declaration,
        designer_name="Tianqiu Design Inc.",
        determinations=[(determination, "Formosa Example Foundry Co., Ltd.")],
        exporter="front-end-fabricator",
        decided=dt.date(2026, 11, 24),
        mode="cfr_text",
    )
    assert json.loads((folder / "facts.json").read_bytes()) == facts_to_json(facts)
    succeeded(attest("evaluate", folder / "facts.json"))


def test_the_table_makes_two_statements(folder: Path) -> None:
    told = document(succeeded(attest("declare", "products.csv", "--output-dir", folder, "--json")))
    first, second = (loads(Path(each["file"]).read_bytes()) for each in told["written"])
    from_toml = loads(statements_of(folder)[0].read_bytes())["predicate"]
    for member in from_toml.keys() - {"design"}:
        assert first["predicate"][member] == from_toml[member]
    assert second["predicate"]["package"]["hbm"] == {"knowledge": "unknown"}
    assert second["subject"][0]["name"] == "TQ-B2-R1"


def test_the_walk_through_works_as_it_stands(folder: Path) -> None:
    text = CLI_PAGE.read_text(encoding="utf-8").split("## 3. From a chip")[1].split("### 3.1")[0]
    lines = [shlex.split(line) for line in re.findall(r"^attest (.*)$", text, re.MULTILINE)]
    ran = []
    for words in lines:
        if words[0] in ("keygen", "declare", "lint", "inspect", "determine", "evaluate"):
            options = ["--decided", AT] if words[0] == "lint" else []
        elif words[0] == "sign" and "review" not in words[1]:
            options = ["--yes"]
        else:
            continue  # needs a service; tests/cli/test_submit.py goes that way
        result = attest(*words, *options, env={"ATTEST_PASSPHRASE": "correct horse"})
        assert result.exit_code in (0, 4, 5), f"{words}\n{result.stderr}"
        ran.append(words[0])
    assert len(ran) == 10
    assert (folder / "determination.dsse.json").exists()
