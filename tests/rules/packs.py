"""A small pack for the tests of the engine: one presumption, two ways, two tests, dated params."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attest.encoding import Json, canonical
from attest.rules.evaluate import Finding, evaluate
from attest.rules.facts import facts_from_json
from attest.rules.pack import Pack, compile_pack, read_pack_folder

FILES: Mapping[str, str] = {
    "pack.toml": """
id = "mini"
edition = "2026-11-24"
layer = "law"
engine = 1
title = "A small pack"
[effective]
from = 2025-01-31
""",
    "params/limits.toml": """
[limit]
type = "int"
unit = "transistors"
[[limit.version]]
from = 2027-01-01
value = 35_000_000_000
citation = "Note 1.b(b)(i)"
confidence = "A"
as_of = 2026-07-23
[[limit.version]]
from = 2025-01-31
until = 2026-12-31
value = 30_000_000_000
citation = "Note 1.b(a)"
confidence = "A"
as_of = 2026-07-23

[strict_limit]
type = "int"
note = "The other reading."
[[strict_limit.version]]
from = 2025-01-31
value = 30_000_000_000
citation = "Note 1.b"
confidence = "B"
as_of = 2026-07-23
""",
    "params/places.toml": """
[prohibited]
type = "list(string)"
tested_on = "decision"
[[prohibited.version]]
from = 2025-01-31
value = ["CN", "MO"]
citation = "Country Group D:5"
confidence = "A"
as_of = 2026-07-23

[cliff]
type = "date"
[[cliff.version]]
from = 2026-04-07
value = 2026-12-31
citation = "91 FR 17851"
confidence = "A"
as_of = 2026-07-23
""",
    "definitions.toml": """
[[define]]
name = "logic"
parameter = "die"
value = "die.function == 'logic'"
citation = "15 CFR 772.1"

[[define]]
name = "count"
value = "sum(fabricator.dies.filter(d, logic(d)).map(d, d.units * d.gds_transistors))"
citation = "15 CFR 772.1"

[[define]]
name = "site_allowed"
value = "!(fabricator.packaging_country in params.prohibited)"
citation = "Note 1.b"
""",
    "ambiguities.toml": """
[[ambiguity]]
id = "AMB-01"
title = "No tier for 2028"
problem = "The text names no limit for 2028."
reading = "The limit of 30 bn holds."
others = ["The limit of 35 bn goes on."]
citation = "Note 1.b(b)"
confidence = "A"
as_of = 2026-07-23
""",
    "scope.toml": """
title = "A logic die"
kind = "scope"
[[version]]
from = 2025-01-31
citation = "Note 1"
confidence = "A"
as_of = 2026-07-23
holds = "fabricator.dies.exists(d, logic(d))"
says = { pass = "Applies.", fail = "No logic die.", unknown = "Not known." }
clears_with = ["The fabricator's determination"]
""",
    "way_count.toml": """
title = "The count"
kind = "way"
[[version]]
from = 2025-01-31
citation = "Note 1.b"
confidence = "A"
as_of = 2026-07-23
applies = "rule.scope"
holds = \"\"\"
fabricator.packages && define.site_allowed
  && define.count < params.limit\"\"\"
says = { pass = "Below.", fail = "Not below.", unknown = "Not known." }
clears_with = ["The count on the layout file"]
[[version.reading]]
ambiguity = "AMB-01"
name = "the strict reading"
when = "params.limit != params.strict_limit"
holds = "define.count < params.strict_limit"
""",
    "way_name.toml": """
title = "The name"
kind = "way"
[[version]]
from = 2025-01-31
citation = "Note 1.a"
confidence = "B"
as_of = 2026-07-23
holds = "declared.designer_name == 'Listed, Inc.'"
says = { pass = "Listed.", fail = "Not listed.", unknown = "Name not known." }
clears_with = ["The designer's keyset"]
""",
    "presumption.toml": """
title = "The presumption"
kind = "presumption"
[[version]]
from = 2025-01-31
citation = "Note 1"
confidence = "A"
as_of = 2026-07-23
scope = "scope"
overcome_by = ["way_name", "way_count"]
on_fail = "FAIL"
says = { pass = "Overcome.", fail = "Presumed.", unknown = "Presumed until shown." }
clears_with = ["A licence"]
""",
    "test_hbm.toml": """
title = "High-bandwidth memory"
kind = "test"
[[version]]
from = 2026-01-01
tested_on = "decision"
citation = "House rule 3"
confidence = "C"
as_of = 2026-01-01
holds = "!fabricator.hbm"
on_fail = "HOLD"
says = { pass = "None.", fail = "There is some.", unknown = "Not known.", not_applicable = "Out." }
""",
}

DIE: Mapping[str, Json] = {
    "name": "core",
    "units": 1,
    "function": "logic",
    "gds_transistors": 29_999_999_999,
}
FACTS: Mapping[str, Mapping[str, Json]] = {
    "declared": {"designer_name": "Someone Ltd."},
    "fabricator": {"packages": True, "packaging_country": "TW", "dies": [DIE], "hbm": False},
    "transaction": {"completion_date": "2026-11-30", "decision_date": "2026-11-24"},
}

SAYS = {"pass": "P", "fail": "F", "unknown": "U"}
CITED = {"citation": "c", "confidence": "A", "as_of": "2026-07-23"}


def folder(path: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write the pack with some files replaced, added or (None) left out."""
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text, encoding="utf-8")
    return path


def changed(name: str, old: str, new: str) -> dict[str, str | None]:
    """A change of one file of the pack; the old text must be there."""
    assert FILES[name].count(old) >= 1
    return {name: FILES[name].replace(old, new, 1)}


def pack_of(path: Path, changes: Mapping[str, str | None] | None = None) -> Pack:
    return compile_pack(read_pack_folder(folder(path, changes)))


def facts_with(**groups: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """The facts of `FACTS` with members replaced, or taken out where the new value is None."""
    merged = {group: {**FACTS.get(group, {}), **groups.get(group, {})} for group in FACTS}
    return {
        group: {name: value for name, value in members.items() if value is not None}
        for group, members in merged.items()
    }


def findings_of(pack: Pack, **groups: Mapping[str, Json]) -> dict[str, Finding]:
    findings = evaluate(pack, facts_from_json(facts_with(**groups)))
    return {finding.rule: finding for finding in findings}


def rule(name: str, kind: str, **version: Json) -> Json:
    """A rule of a pack document with one version."""
    dated = {"from": "2025-01-31", "tested_on": "completion", "says": SAYS, **CITED, **version}
    return {"name": name, "title": name, "kind": kind, "versions": [dated]}


def made(*rules: Json, **members: Json) -> Pack:
    """A pack of these rules; other members of the document as given."""
    document: dict[str, Json] = {
        "v": 1,
        "engine": 1,
        "id": "made",
        "edition": "2026-11-24",
        "layer": "house",
        "title": "Made for a test",
        "effective": {"from": "2025-01-31"},
        "params": [],
        "definitions": [],
        "ambiguities": [],
        "rules": sorted(rules, key=lambda each: str(each["name"])),
    }
    return compile_pack(canonical({**document, **members}))
