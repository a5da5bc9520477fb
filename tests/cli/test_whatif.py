"""`attest whatif`: papers, tables, facts, folders and logs on another day."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from attest.encoding import Json, canonical, loads
from attest.envelope import bundle, seal
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from tests.cli.helpers import (
    AT,
    ROOT,
    attest,
    check_failed,
    declaration_file,
    document,
    succeeded,
    write_json,
)
from tests.cli.pages import CLI_PAGE, json_members
from tests.cli.test_table import a_row, table
from tests.world import World, known, pack_bytes, statement

EXAMPLES = ROOT / "examples" / "cli"
BN = 10**9
CLIFF, NEW_YEAR = "2026-12-31", "2027-01-01"
DECIDED = ("--decided", "2026-11-24")
AUTHORIZED = {
    "listed_group": known(""),
    "agreed_743_9": {"status": "agreed", "on": "2025-03-03"},
    "application_748_16": {"status": "none"},
}


def counted(world: World, declared: bytes, count: int) -> dict[str, Any]:
    """A determination of so many transistors."""
    dies = world.determination(declared)["dies"]
    dies[0]["gds_transistors"] = known(count)
    return world.determination(declared, dies=dies, aatc_transistors=known(count))


def statements(world: World, count: int = 34 * BN, **changes: Json) -> tuple[bytes, bytes]:
    """A declaration and its determination."""
    declared = statement(DECLARATION_TYPE, world.declaration(**changes))
    return declared, statement(DETERMINATION_TYPE, counted(world, declared, count))


def written(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def pair(folder: Path, world: World, count: int = 34 * BN) -> list[Path]:
    declared, determined = statements(world, count)
    return [written(folder, "d.json", declared), written(folder, "t.json", determined)]


def signed(world: World, count: int = 34 * BN, **changes: Json) -> bytes:
    declared, determined = statements(world, count, **changes)
    return bundle(
        [seal(declared, [world.designer.signer]), seal(determined, [world.fabricator.signer])]
    )


def whatif(*arguments: object, code: int = 0) -> Any:
    told = document(succeeded(attest("whatif", *arguments, *DECIDED, "--json"), code))
    return told


def verdicts(told: Any) -> list[list[str]]:
    """The verdicts of each product: as it is, then under each variation."""
    return [
        [each["verdict"], *(after["verdict"] for after in each["after"])]
        for each in told["results"]
    ]


def test_papers_on_another_day(tmp_path: Path) -> None:
    told = whatif(*pair(tmp_path, World()), "--on", CLIFF, "--on", NEW_YEAR)
    assert set(told) == json_members("`whatif`") | {"packs"}
    assert verdicts(told) == [["FAIL", "FAIL", "PASS"]]
    assert [each["on"] for each in told["variations"]] == [CLIFF, NEW_YEAR]
    assert told["variations"][1]["verdicts"] == [{"before": "FAIL", "after": "PASS", "products": 1}]
    counts = {name: told["variations"][1][name] for name in ("worse", "better", "same")}
    assert counts == {"worse": 0, "better": 1, "same": 0}
    (result,) = told["results"]
    assert (result["product"], result["tape_out_id"]) == ("Tianqiu A1", "TQ-A1-R0")
    assert result["source"] == str(tmp_path / "d.json")
    assert result["after"][0]["changes"] == []
    (way,) = [each for each in result["after"][1]["changes"] if each["rule"] == "n1_way_b"]
    assert way["values"][0]["after"] == 35 * BN
    assert "in 2027" in way["values"][0]["citation"]
    assert told["packs"][0]["id"] == "us-ear"


def test_the_verdicts_are_those_of_lint(tmp_path: Path) -> None:
    papers = pair(tmp_path, World())
    days = [part for day in (CLIFF, NEW_YEAR, "2028-01-01") for part in ("--on", day)]
    told = whatif(*papers, *days)
    lint = document(
        attest(
            *("lint", *papers, "--decided", AT, "--json"),
            *(each if each != "--on" else "--as-of" for each in days),
        )
    )
    ((_, *tried),) = verdicts(told)
    assert tried == [each["verdict"] for each in lint["rehearsals"]]


@pytest.mark.parametrize(
    ("count", "status", "on", "code"),
    [
        (34 * BN, None, NEW_YEAR, 0),
        (12 * BN, None, NEW_YEAR, 0),
        (36 * BN, None, NEW_YEAR, 0),
        (36 * BN, AUTHORIZED, "2026-12-30", 0),
        (36 * BN, AUTHORIZED, CLIFF, 4),
    ],
)
def test_the_exit_code_tells_whether_something_gets_worse(
    tmp_path: Path, count: int, status: Json, on: str, code: int
) -> None:
    changes = {} if status is None else {"designer_status": status}
    path = written(tmp_path, "s.json", signed(World(), count, **changes))
    told = whatif(path, "--on", on, code=code)
    assert (told["variations"][0]["worse"] > 0) is (code != 0)


def test_a_pass_that_becomes_a_hold_is_exit_5(tmp_path: Path) -> None:
    path = declaration_file(tmp_path, World(), designer_status=AUTHORIZED)
    told = whatif(path, "--on", "2026-12-30", "--on", CLIFF, code=5)
    assert verdicts(told) == [["PASS", "PASS", "HOLD"]]


@pytest.mark.parametrize("form", ["bundle", "envelope", "statement", "casefile"])
def test_every_form_of_a_declaration(tmp_path: Path, form: str) -> None:
    world = World()
    declared, determined = statements(world)
    path = tmp_path / "source.json"
    if form == "bundle":
        path.write_bytes(signed(world))
    elif form == "envelope":
        path.write_bytes(seal(declared, [world.designer.signer]))
        path = tmp_path
        written(tmp_path, "other.json", seal(determined, [world.fabricator.signer]))
    elif form == "statement":
        path.write_bytes(canonical([loads(declared), loads(determined)]))
    else:
        path = ROOT / "examples" / "documents" / "casefile.json"
    told = whatif(path, "--on", NEW_YEAR, "--all")
    assert told["products"] == 1
    if form != "casefile":
        assert verdicts(told) == [["FAIL", "PASS"]]


def test_what_nobody_determined_is_unknown(tmp_path: Path) -> None:
    told = whatif(declaration_file(tmp_path, World()), "--on", NEW_YEAR, "--all")
    assert verdicts(told) == [["HOLD", "HOLD"]]


def test_sources_as_declare_takes_them(tmp_path: Path) -> None:
    for name in ("tianqiu-a1.toml", "tianqiu-a1.determination.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    told = whatif(tmp_path, "--on", NEW_YEAR, "--all")
    assert verdicts(told) == [["PASS", "PASS"]]
    facts = whatif(EXAMPLES / "facts.json", "--on", NEW_YEAR, "--all")
    assert verdicts(facts) == verdicts(told)
    alone = whatif(tmp_path / "tianqiu-a1.toml", "--on", NEW_YEAR, "--all")
    assert verdicts(alone) == [["HOLD", "HOLD"]]


def test_a_source_in_json(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", World().declaration())
    determination = World().determination(b"")
    del determination["declaration"]
    other = write_json(tmp_path / "a.determination.json", determination)
    assert verdicts(whatif(path, other, "--on", NEW_YEAR, "--all")) == [["PASS", "PASS"]]


def test_a_table_has_a_product_in_each_row(tmp_path: Path) -> None:
    rows = [a_row(), a_row(**{"product.tape_out_id": "TQ/B1", "product.name": "B"})]
    path = written(tmp_path, "p.csv", table(*rows).encode())
    told = whatif(path, "--on", NEW_YEAR, "--all")
    assert [each["product"] for each in told["results"]] == ["Tianqiu A1", "B"]
    assert whatif(path, "--on", NEW_YEAR)["results"] == []


def test_facts_take_what_they_do_not_say(tmp_path: Path) -> None:
    facts = loads((EXAMPLES / "facts.json").read_bytes())
    del facts["transaction"]["decision_date"], facts["transaction"]["mode"]
    facts["item"] = {"name": "The thing"}
    told = whatif(write_json(tmp_path / "f.json", facts), "--on", NEW_YEAR, "--all")
    assert told["results"][0]["product"] == "The thing"
    del facts["transaction"]["completion_date"]
    path = write_json(tmp_path / "g.json", facts)
    said = check_failed(attest("whatif", path, "--on", NEW_YEAR), 2, "facts-malformed")
    assert "/transaction" in said


def test_another_mode_and_other_packs(tmp_path: Path) -> None:
    path = written(tmp_path, "s.json", signed(World(), 36 * BN))
    told = whatif(path, "--mode", "bis_practice")
    assert told["tried_mode"] == "bis_practice"
    (variation,) = told["variations"]
    assert variation["on"] is None
    assert verdicts(told) == [["FAIL", "HOLD"]]
    pack = written(tmp_path, "house.pack.json", pack_bytes("house-example"))
    told = whatif(path, "--pack", pack, "--pack", "us-ear")
    assert [each["id"] for each in told["tried_packs"]] == ["house-example", "us-ear"]
    changed = told["results"][0]["after"][0]["changes"]
    assert {each["pack"] for each in changed} == {"house-example"}
    both = whatif(path, "--base-pack", "us-ear", "--base-pack", "house-example", "--on", NEW_YEAR)
    assert [each["id"] for each in both["packs"]] == ["us-ear", "house-example"]


def test_people_read_reason_and_citation(tmp_path: Path) -> None:
    path = written(tmp_path, "s.json", signed(World(), 36 * BN, designer_status=AUTHORIZED))
    told = succeeded(attest("whatif", path, "--on", CLIFF, "--scratch"), 4).stdout
    assert "1 product. Nothing is written." in told
    assert "2026-12-31: 1 PASS→FAIL" in told
    assert "was PASS" in told
    assert "Tianqiu A1 (TQ-A1-R0)" in told
    assert (
        "transaction.completion_date < params.authorized_cliff (2026-12-31): true -> false" in told
    )
    assert "91 FR 17851" in told
    assert "it follows" in told
    plain = succeeded(attest("whatif", path, "--on", CLIFF, "--plain"), 4).stdout
    assert "1 PASS->FAIL" in plain
    assert plain.isascii()


def test_a_list_that_changed_is_told(tmp_path: Path) -> None:
    world = World()
    declared = statement(DECLARATION_TYPE, world.declaration(planned_completion_date="2025-11-06"))
    package = world.determination(declared)["package"]
    package["site_country"] = known("KH")
    determined = statement(DETERMINATION_TYPE, world.determination(declared, package=package))
    paths = [written(tmp_path, "d.json", declared), written(tmp_path, "t.json", determined)]
    told = succeeded(attest("whatif", *paths, "--on", "2025-11-07", *DECIDED)).stdout
    assert "params.group_d5: removed KH" in told


def test_products_that_change_alike_are_told_together(tmp_path: Path) -> None:
    world = World()
    for number in range(12):
        product = {"name": f"P{number:02}", "tape_out_id": "TQ-A1-R0", "revision": "0"}
        written(tmp_path, f"{number:02}.json", signed(world, product=product))
    told = succeeded(attest("whatif", tmp_path, "--on", NEW_YEAR)).stdout
    assert "P09 (TQ-A1-R0) and 2 more (--all names them)" in told
    assert told.count("n1_way_b ") == 1
    assert "P11" in succeeded(attest("whatif", tmp_path, "--on", NEW_YEAR, "--all")).stdout


def test_the_page_shows_commands_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CLI_PAGE.read_text(encoding="utf-8").split("### 3.4 ")[1].split("### 3.5 ")[0]
    lines = [shlex.split(each) for each in re.findall(r"^attest (.*)$", text, re.MULTILINE)]
    papers = [words for words in lines if not {"export", "--lists"} & {*words}]
    assert len(papers) == len(lines) - 3 == 4
    monkeypatch.chdir(EXAMPLES)
    for words in papers:
        succeeded(attest(*words))
