"""What findings show of their evaluation, always the same and never more than JSON can hold."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from attest import limits
from attest.countries import COUNTRIES
from attest.encoding import Json, canonical, loads
from attest.rules.evaluate import TESTS_MAX, evaluate
from attest.rules.facts import facts_from_json
from attest.rules.in_force import LISTED_TEXTS_MAX
from attest.rules.pack import Pack
from tests.rules.packs import facts_with, findings_of, folder, made, pack_of, rule


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return pack_of(tmp_path)


def used_by(holds: str, **groups: Mapping[str, Json]) -> Mapping[str, Json]:
    pack = made(rule("only", "test", holds=holds, on_fail="FAIL"))
    return findings_of(pack, **groups)["only"].used


def test_dates_are_written_as_dates() -> None:
    used = used_by("transaction.completion_date - transaction.decision_date == 6")
    assert used == {
        "transaction.completion_date": "2026-11-30",
        "transaction.decision_date": "2026-11-24",
    }


@pytest.mark.parametrize(
    ("area", "written"),
    [
        (limits.INTEGER_MAX // 1_000, limits.INTEGER_MAX // 1_000 * 1_000),
        (limits.INTEGER_MAX // 1_000 + 1, str((limits.INTEGER_MAX // 1_000 + 1) * 1_000)),
        (limits.INTEGER_MAX, str(limits.INTEGER_MAX * 1_000)),
    ],
)
def test_integers_that_json_cannot_hold_are_written_as_digits(
    area: int, written: int | str
) -> None:
    define = {
        "name": "large",
        "value": "sum(declared.dies.map(d, d.area_um2 * 1000))",
        "citation": "c",
    }
    pack = made(
        rule("only", "test", holds="define.large > 7", on_fail="FAIL"), definitions=[define]
    )
    dies = [{"name": "core", "units": 1, "area_um2": area}]
    finding = findings_of(pack, declared={"dies": dies})["only"]
    assert finding.used == {"define.large": written}
    assert loads(canonical(finding.to_json())) == finding.to_json()


def test_long_lists_are_given_by_their_size() -> None:
    holds = "size(fabricator.dies) > 0 && size(transaction.destinations) > 0"
    places = sorted(COUNTRIES)
    few = {"destinations": places[:LISTED_TEXTS_MAX]}
    assert used_by(holds, transaction=few) == {
        "fabricator.dies": {"size": 1},
        "transaction.destinations": places[:LISTED_TEXTS_MAX],
    }
    many = {"destinations": places[: LISTED_TEXTS_MAX + 1]}
    assert used_by(holds, transaction=many)["transaction.destinations"] == {"size": 9}


def test_a_long_trace_keeps_its_last_comparisons() -> None:
    holds = " && ".join(f"size(fabricator.dies) != {n}" for n in range(10, 30))
    pack = made(rule("only", "test", holds=holds, on_fail="FAIL"))
    tests = findings_of(pack)["only"].to_json()["tests"]
    assert len(tests) == TESTS_MAX
    assert tests[-1] == {"expr": "size(fabricator.dies) != 29", "is": "true"}


def shuffled(value: Json, chance: random.Random) -> Json:
    if isinstance(value, dict):
        members = [(name, shuffled(member, chance)) for name, member in value.items()]
        chance.shuffle(members)
        return dict(members)
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def test_the_order_of_members_does_not_matter(pack: Pack) -> None:
    facts = facts_with(fabricator={"packaging_country": None})
    first = [finding.to_json() for finding in evaluate(pack, facts_from_json(facts))]
    for seed in range(20):
        other = facts_from_json(shuffled(facts, random.Random(seed)))
        again = [finding.to_json() for finding in evaluate(pack, other)]
        assert canonical(again) == canonical(first)
        assert json.dumps(again) == json.dumps(first)


def test_the_order_of_hashes_does_not_matter(tmp_path: Path) -> None:
    program = """
import json, sys
from pathlib import Path
from tests.rules.packs import findings_of, compile_pack, read_pack_folder
pack = compile_pack(read_pack_folder(Path(sys.argv[1])))
findings = findings_of(pack, fabricator={"packages": None, "packaging_country": None})
print(json.dumps([finding.to_json() for finding in findings.values()]))
"""
    folder(tmp_path)
    root = str(Path(__file__).parents[2])
    answers = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1
