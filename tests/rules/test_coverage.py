"""Coverage: no day without a version, none with two, none on which a rule lacks a param."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.cli import packs
from attest.encoding import Json
from attest.rules.coverage import Fault, Span, examine
from attest.rules.pack import read_pack_folder
from tests.rules.packs import CITED, FILES, SAYS, changed, folder

DAY = dt.timedelta(days=1)
FIRST = dt.date(2025, 1, 31)


def document_of(*rules: Json, **members: Json) -> Json:
    return {
        "effective": {"from": "2025-01-31"},
        "params": [],
        "definitions": [],
        "rules": list(rules),
        **members,
    }


def version(first: str, until: str | None = None, **members: Json) -> Json:
    dated = {"from": first} if until is None else {"from": first, "until": until}
    return {**dated, **CITED, **members}


def param(name: str, *versions: Json) -> Json:
    return {"name": name, "versions": [{"value": 7, **each} for each in versions]}


def rule(name: str, *versions: Json) -> Json:
    return {"name": name, "versions": [{"says": SAYS, **each} for each in versions]}


def faults(document: Json, until: dt.date | None = None) -> list[tuple[str, str, str, str]]:
    return [
        (each.name, each.why, str(each.first), str(each.last))
        for each in examine(document, until=until).faults
    ]


@pytest.mark.parametrize("name", packs.bundled())
def test_every_pack_that_ships_covers_every_day(name: str) -> None:
    assert examine(packs.load(name).document).faults == ()


@pytest.mark.parametrize("name", packs.bundled())
def test_every_value_that_ships_is_cited_graded_and_dated(name: str) -> None:
    document = packs.load(name).document
    dated = [
        each
        for section in ("params", "rules")
        for part in document[section]
        for each in part["versions"]
    ]
    assert dated
    for each in [*dated, *document["ambiguities"]]:
        assert each["citation"].strip()
        assert each["confidence"] in ("A", "B", "C")
        assert dt.date.fromisoformat(each["as_of"]) <= dt.date(2026, 11, 24)
    assert all(each["citation"].strip() for each in document["definitions"])


def test_a_pack_that_is_covered(tmp_path: Path) -> None:
    covered = examine(json.loads(read_pack_folder(folder(tmp_path))))
    assert covered.faults == ()
    assert covered.days == (
        FIRST,
        dt.date(2026, 1, 1),
        dt.date(2026, 4, 7),
        dt.date(2027, 1, 1),
    )
    spans = {span.name: span for span in covered.spans}
    assert spans["params.limit"] == Span("params.limit", FIRST, None, 2)
    assert spans["params.cliff"] == Span("params.cliff", dt.date(2026, 4, 7), None, 1)
    assert spans["rule.test_hbm"].first == dt.date(2026, 1, 1)
    assert set(spans) >= {"rule.scope", "rule.presumption", "params.prohibited"}


def test_a_param_that_begins_after_the_rule_that_uses_it(tmp_path: Path) -> None:
    late = changed("params/limits.toml", "from = 2025-01-31\nuntil", "from = 2025-02-01\nuntil")
    document = json.loads(read_pack_folder(folder(tmp_path, late)))
    assert examine(document).faults == (
        Fault("params.limit", "no version, but rule.way_count uses it", FIRST, FIRST),
    )


def test_a_param_that_ends_before_the_rule_that_uses_it(tmp_path: Path) -> None:
    text = FILES["params/places.toml"].replace(
        "from = 2025-01-31\nvalue", "from = 2025-01-31\nuntil = 2028-02-29\nvalue"
    )
    document = json.loads(read_pack_folder(folder(tmp_path, {"params/places.toml": text})))
    why = "no version, but rule.way_count uses it"
    assert examine(document).faults == (Fault("params.prohibited", why, dt.date(2028, 3, 1), None),)
    assert examine(document, until=dt.date(2028, 2, 29)).faults == ()
    on_the_day = examine(document, until=dt.date(2028, 3, 1)).faults
    assert on_the_day == (
        Fault("params.prohibited", why, dt.date(2028, 3, 1), dt.date(2028, 3, 1)),
    )


def test_a_use_in_a_reading_counts_and_one_in_an_older_version_only_then() -> None:
    limit = param("limit", version("2026-01-01"))
    reading = {"ambiguity": "AMB-01", "name": "other", "when": "params.limit > 1"}
    newer = version("2026-01-01", holds="params.limit > 1")
    older = version("2025-01-31", "2025-12-31", holds="true")
    assert faults(document_of(rule("a", newer, older), params=[limit])) == []
    older["readings"] = [reading]
    assert faults(document_of(rule("a", newer, older), params=[limit])) == [
        ("params.limit", "no version, but rule.a uses it", "2025-01-31", "2025-12-31")
    ]


def test_a_rule_that_asks_whether_there_is_a_value_has_none_missing() -> None:
    limit = param("limit", version("2026-01-01"))
    guarded = "!has(params.limit) || item.units < params.limit"
    assert (
        faults(document_of(rule("a", version("2025-01-31", holds=guarded)), params=[limit])) == []
    )


def test_two_versions_on_a_day_and_a_gap_are_found_without_the_compiler() -> None:
    spans = [version("2026-03-01"), version("2025-01-31", "2026-03-02")]
    assert faults(document_of(rule("a", *[{**each, "holds": "true"} for each in spans]))) == [
        ("rule.a", "two versions", "2026-03-01", "2026-03-02")
    ]
    gap = [version("2026-03-01"), version("2025-06-01", "2026-02-27")]
    assert faults(document_of(params=[param("p", *gap)])) == [
        ("params.p", "no version", "2026-02-28", "2026-02-28")
    ]


def test_a_pack_that_ends_is_looked_at_until_then() -> None:
    document = document_of(
        rule("a", version("2025-01-31", holds="params.p > 1")),
        params=[param("p", version("2025-01-31", "2026-12-31"))],
        effective={"from": "2025-01-31", "until": "2027-06-30"},
    )
    assert faults(document) == [
        ("params.p", "no version, but rule.a uses it", "2027-01-01", "2027-06-30")
    ]
    assert faults(document, until=dt.date(2025, 1, 30)) == []
    assert examine(document, until=dt.date(2025, 1, 30)).days == ()


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 8)), min_size=1, max_size=4, unique=True
)


@given(SPANS, SPANS)
def test_it_finds_what_looking_at_every_day_finds(
    param_spans: list[tuple[int, int]], rule_spans: list[tuple[int, int]]
) -> None:
    """Versions at random, neither ordered nor apart: the faults are those of a day-by-day count."""

    def dated(spans: list[tuple[int, int]]) -> list[Json]:
        ordered = sorted(spans, reverse=True)
        return [
            version(str(FIRST + a * DAY), str(FIRST + (a + b) * DAY), holds="params.p > 1")
            for a, b in ordered
        ]

    document = document_of(rule("r", *dated(rule_spans)), params=[param("p", *dated(param_spans))])
    covered = examine(document)
    found = {
        (each.name, each.why, number)
        for each in covered.faults
        for number in range(60)
        if each.first <= FIRST + number * DAY <= (each.last or dt.date.max)
    }
    expected = set()
    for number in range(60):
        held = {
            name: sum(a <= number <= a + b for a, b in spans)
            for name, spans in (("params.p", param_spans), ("rule.r", rule_spans))
        }
        for name, spans in (("params.p", param_spans), ("rule.r", rule_spans)):
            newest = max(spans)
            if held[name] > 1:
                expected.add((name, "two versions", number))
            if not held[name] and min(spans)[0] <= number <= sum(newest):
                expected.add((name, "no version", number))
        if held["rule.r"] and not held["params.p"]:
            expected.add(("params.p", "no version, but rule.r uses it", number))
    assert found == expected
