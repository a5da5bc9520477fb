"""A wrong pack is refused with file, line and reason: one fault at a time, through the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.rules.packs import FILES, folder

LIMITS, WAY, DEFINITIONS = "params/limits.toml", "way_count.toml", "definitions.toml"
CASE = """
[defaults.transaction]
completion_date = 2026-11-30

[[case]]
id = "1"
title = "Nothing stated"
citation = "Note 1"
confidence = "H"
decided = 2026-11-24
[case.expect]
verdict = "HOLD"
"""
OLDER = """
[[version]]
from = 2025-01-31
until = 2025-06-30
tested_on = "decision"
citation = "House rule 3"
confidence = "C"
as_of = 2026-01-01
holds = "!fabricator.hbm"
on_fail = "HOLD"
says = { pass = "None.", fail = "There is some.", unknown = "Not known." }
"""

# fault: file, old text, new text, a text of the line that is named (none: the first), code, reason
FAULTS: dict[str, tuple[str, str, str, str, str, str]] = {
    "type error": (
        *(WAY, "&& define.count < params.limit", "&& define.count < params.cliff"),
        *("&& define.count < params.cliff", "expression-invalid", "< cannot take int and date"),
    ),
    "type error in a macro": (
        *(DEFINITIONS, "die.function == 'logic'", "die.function == 7"),
        *("value = \"sum(", "expression-invalid", "== cannot take string and int (in the macro"),
    ),
    "unknown fact": (
        *(WAY, "fabricator.packages &&", "fabricator.packed &&"),
        *("fabricator.packed", "expression-invalid", "unknown name fabricator.packed"),
    ),
    "unknown param": (
        *(WAY, "params.limit\"\"\"", "params.limt\"\"\""),
        *("holds = \"\"\"", "pack-invalid", "unknown name params.limt"),
    ),
    "expression that ends too early": (
        *(WAY, "params.limit\"\"\"", "\"\"\""),
        *("&& define.count <", "expression-invalid", "the expression ends too early"),
    ),
    "missing citation": (
        *(LIMITS, 'citation = "Note 1.b(a)"\n', ""),
        *("[[limit.version]]\nfrom = 2025", "pack-invalid", "citation is missing"),
    ),
    "missing confidence of a rule": (
        *(WAY, 'confidence = "A"\n', ""),
        *("[[version]]", "pack-invalid", "confidence is missing"),
    ),
    "missing date of the text": (
        *("ambiguities.toml", "as_of = 2026-07-23\n", ""),
        *("[[ambiguity]]", "pack-invalid", "as_of is missing"),
    ),
    "overlapping versions": (
        *(LIMITS, "until = 2026-12-31", "until = 2027-01-01"),
        *("[[limit.version]]\nfrom = 2025", "pack-invalid", "overlaps the version before it"),
    ),
    "gap between versions": (
        *(LIMITS, "until = 2026-12-31", "until = 2026-12-30"),
        *("[[limit.version]]\nfrom = 2025", "pack-invalid", "leaves a gap to the version before"),
    ),
    "gap between versions of a rule": (
        *("test_hbm.toml", "", OLDER),
        *("[[version]]\nfrom = 2025-01-31", "pack-invalid", "leaves a gap to the version before"),
    ),
    "older version first": (
        *(LIMITS, "from = 2027-01-01", "from = 2024-01-01"),
        *("[[limit.version]]\nfrom = 2025", "pack-invalid", "versions stand newest first"),
    ),
    "float": (
        *(LIMITS, "35_000_000_000", "35.5"),
        *("value = 35.5", "pack-invalid", "a number has a fraction"),
    ),
    "unknown member": (
        *(LIMITS, 'confidence = "B"', 'confidence = "B"\ncomment = "?"'),
        *("comment =", "pack-invalid", "a member is unknown"),
    ),
    "unknown member of a rule": (
        *(WAY, "clears_with", "clear_with"),
        *("clear_with", "pack-invalid", "a member is unknown"),
    ),
    "unknown confidence": (
        *("way_name.toml", 'confidence = "B"', 'confidence = "D"'),
        *("confidence", "pack-invalid", "not one of A, B, C"),
    ),
    "syntax error": (
        *("way_name.toml", 'kind = "way"', "kind = way"),
        *("kind = way", "pack-invalid", "not TOML"),
    ),
    "syntax error at the end": (
        *("way_name.toml", "clears_with = [\"The designer's keyset\"]", "clears_with = ["),
        *("clears_with", "pack-invalid", "not TOML"),
    ),
    "key twice": (
        *("way_name.toml", 'confidence = "B"', 'confidence = "B"\nconfidence = "B"\n# here'),
        *('confidence = "B"\n# here', "pack-invalid", "not TOML"),
    ),
    "param twice": (
        *("params/places.toml", "", FILES[LIMITS]),
        *("[limit]", "pack-invalid", f"limit: stands twice, first in {LIMITS}, line 2"),
    ),
    "definition twice": (
        *(DEFINITIONS, '"count"', '"logic"'),
        *('[[define]]\nname = "logic"\nvalue', "pack-invalid", "logic: stands twice"),
    ),
    "unknown way": (
        *("presumption.toml", '"way_name"', '"way_nobody"'),
        *("overcome_by", "pack-invalid", "not different rules of kind way"),
    ),
    "empty text": (
        *(WAY, '"Below."', '""'),
        *("says =", "pack-invalid", "version 1, says, pass: not a text"),
    ),
    "a date that is none": (
        *(WAY, "from = 2025-01-31", 'from = "soon"'),
        *("from =", "pack-invalid", "version 1, from: not a date"),
    ),
    "number as date": (
        *("pack.toml", "edition = \"2026-11-24\"", "edition = 7"),
        *("edition", "pack-invalid", "edition: not a date"),
    ),
    "case of an unknown fact": (
        *("cases/a.toml", "[case.expect]", "[case.facts.osat]\npackage = true\n[case.expect]"),
        *("[case.facts.osat]", "pack-invalid", "case 1: facts /osat: holds a name that is not"),
    ),
    "case with a wrong default": (
        *("cases/a.toml", "completion_date = 2026-11-30", "completion_date = 7"),
        *("completion_date", "pack-invalid", "case 1: facts /transaction/completion_date"),
    ),
    "case without a verdict": (
        *("cases/a.toml", 'verdict = "HOLD"', ""),
        *("[case.expect]", "pack-invalid", "case 1, expect: verdict is missing"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_file_line_and_reason(tmp_path: Path, fault: str) -> None:
    name, old, new, marker, code, reason = FAULTS[fault]
    files = {**FILES, "cases/a.toml": CASE}
    text = files[name].replace(old, new, 1) if old else files[name] + new
    assert text != files[name]
    assert text.count(marker) >= 1
    line = text[: text.index(marker)].count("\n") + 1
    pack = folder(tmp_path, {"cases/a.toml": CASE, name: text})
    told = check_failed(attest("rules", "test", pack), 2, code)
    (why,) = [each.strip() for each in told.splitlines() if each.strip().startswith("why ")]
    assert why.startswith(f"why    {name}")
    (first, *_) = re.findall(r"line ([0-9]+)", why)
    assert int(first) == line
    assert reason in why
    assert str(tmp_path) in told
    failure = document(attest("rules", "test", pack, "--json"))
    assert failure["code"] == code
    assert failure["why"] == why.removeprefix("why    ")


def test_the_pack_without_a_fault_is_good(tmp_path: Path) -> None:
    succeeded(attest("rules", "test", folder(tmp_path, {"cases/a.toml": CASE})))
