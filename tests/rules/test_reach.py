"""What conditions rest on: directly, through definitions, through macros, and what they ask."""

from __future__ import annotations

import json
from pathlib import Path

from attest.rules.pack import read_pack_folder
from attest.rules.reach import conditions, parts, reached
from tests.rules.packs import folder


def test_conditions_are_those_of_a_version_and_of_its_readings(tmp_path: Path) -> None:
    document = json.loads(read_pack_folder(folder(tmp_path)))
    (version,) = next(each for each in document["rules"] if each["name"] == "way_count")["versions"]
    assert conditions(version) == [
        "rule.scope",
        "fabricator.packages && define.site_allowed && define.count < params.limit",
        "define.count < params.strict_limit",
        "params.limit != params.strict_limit",
    ]
    names = reached(conditions(version), parts(document)).names
    assert names == {
        *("rule.scope", "define.site_allowed", "define.count", "logic()", "sum()"),
        *("fabricator.packages", "fabricator.packaging_country", "fabricator.dies"),
        *("params.limit", "params.strict_limit", "params.prohibited"),
        *("d.units", "d.gds_transistors", "die.function"),
    }


def test_what_is_asked_is_told_apart_however_deep_it_stands() -> None:
    document = {"definitions": [{"name": "known", "value": "has(params.a) && true"}]}
    found = reached(["define.known ? params.a > 1 : params.b > 1"], parts(document))
    assert found.asked == {"params.a"}
    assert {"params.a", "params.b"} <= found.names


def test_nothing_rests_on_nothing() -> None:
    assert reached([], {}) == (frozenset(), frozenset())
    assert conditions({"scope": "a", "overcome_by": ["b"]}) == []
