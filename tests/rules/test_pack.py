"""Packs: from TOML to the canonical document and to a compiled pack; every defect has its place."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from attest.encoding import Json, canonical, digest
from attest.errors import AttestError, InputError, RuleError
from attest.rules.pack import OPEN_END, Gap, compile_pack, coverage, read_pack_folder
from tests.rules.packs import FILES, changed, folder, pack_of


def defect(path: Path, changes: Mapping[str, str | None]) -> tuple[str, str]:
    with pytest.raises(AttestError) as caught:
        read_pack_folder(folder(path, changes))
    return caught.value.code, caught.value.detail


@pytest.fixture
def document(tmp_path: Path) -> Json:
    return json.loads(read_pack_folder(folder(tmp_path)))


def test_the_document_is_canonical_and_sorted(tmp_path: Path, document: Json) -> None:
    raw = read_pack_folder(tmp_path)
    assert raw == canonical(document)
    assert [param["name"] for param in document["params"]] == [
        "cliff",
        "limit",
        "prohibited",
        "strict_limit",
    ]
    assert [rule["name"] for rule in document["rules"]] == sorted(
        rule["name"] for rule in document["rules"]
    )
    limit = document["params"][1]
    assert [version["from"] for version in limit["versions"]] == ["2027-01-01", "2025-01-31"]
    assert (limit["tested_on"], limit["unit"]) == ("completion", "transistors")
    assert document["params"][3]["note"] == "The other reading."
    assert (document["v"], document["engine"], document["effective"]) == (
        1,
        1,
        {"from": "2025-01-31"},
    )


def test_texts_stand_on_one_line(document: Json) -> None:
    (rule,) = [rule for rule in document["rules"] if rule["name"] == "way_count"]
    assert rule["versions"][0]["holds"] == (
        "fabricator.packages && define.site_allowed && define.count < params.limit"
    )


def test_the_digest_is_that_of_the_document(tmp_path: Path) -> None:
    raw = read_pack_folder(folder(tmp_path))
    pack = compile_pack(raw)
    assert pack.digest == digest(raw)
    assert (pack.id, pack.edition, pack.layer, pack.title) == (
        "mini",
        "2026-11-24",
        "law",
        "A small pack",
    )
    assert (pack.first, pack.last) == (dt.date(2025, 1, 31).toordinal(), OPEN_END)


def test_rules_stand_after_what_they_rest_on(tmp_path: Path) -> None:
    names = [rule.name for rule in pack_of(tmp_path).rules]
    assert names == ["scope", "way_count", "way_name", "presumption", "test_hbm"]


def test_the_document_does_not_depend_on_the_order_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = read_pack_folder(folder(tmp_path / "a"))
    for name in reversed([*FILES]):
        (tmp_path / "b" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "b" / name).write_text(FILES[name])
    assert read_pack_folder(tmp_path / "b") == first


def test_a_readme_and_cases_may_stand_beside_the_rules(tmp_path: Path) -> None:
    plain = read_pack_folder(folder(tmp_path))
    beside = {"README.md": "About this pack.", "cases/a.toml": "not read here"}
    assert read_pack_folder(folder(tmp_path, beside)) == plain


WAY = "way_count.toml"
LIMITS = "params/limits.toml"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"pack.toml": None}, "pack.toml: the file is missing"),
        ({"notes.txt": "x"}, "the folder: a file has no place in a pack; notes go to README.md"),
        ({"scope.toml": "kind = "}, "scope.toml: not TOML (at the end, line 1)"),
        ({"scope.toml": "a = 1\na = 2"}, "scope.toml: not TOML (at the end, line 2)"),
        ({"scope.toml": f"zz = {'9' * 5000}"}, "scope.toml: not TOML"),
        ({"scope.toml": f"a{'.a' * 900} = 1"}, "scope.toml: a dotted key has over 32 parts"),
        (
            changed("pack.toml", 'layer = "law"', 'layer = "habit"'),
            "pack.toml, line 4: layer: not one",
        ),
        (changed("pack.toml", "2026-11-24", "soon"), "pack.toml, line 3: edition: not a date"),
        (changed("pack.toml", '"mini"', '"Mini"'), "pack.toml, line 2: id: not an id"),
        (changed("pack.toml", "title", "titel"), "pack.toml, line 6: a member is un"),
        (
            changed("pack.toml", "from = 2025-01-31", "from = 2025-01-31T00:00:00"),
            "line 8: effecti",
        ),
        (
            changed("pack.toml", "from = 2025-01-31", "from = 2025-01-31\nuntil = 2025-01-30"),
            "pack.toml, line 7: effective: ends before it begins",
        ),
        (
            changed(LIMITS, "citation", "cite"),
            "limits.toml, line 5: limit, version 1: citation is mis",
        ),
        (changed(LIMITS, 'confidence = "A"', ""), "limit, version 1: confidence is missing"),
        (changed(LIMITS, "as_of = 2026-07-23", ""), "limit, version 1: as_of is missing"),
        (changed(LIMITS, 'confidence = "A"', 'confidence = "D"'), "confidence: not one of A, B, C"),
        (
            changed(LIMITS, "35_000_000_000", "35e9"),
            "limits.toml, line 7: limit, version 1, value: a",
        ),
        (changed(LIMITS, "35_000_000_000", "true"), "value: not a value of the param's type"),
        (changed(LIMITS, "35_000_000_000", "'many'"), "value: not a value of the param's type"),
        (
            changed(LIMITS, "35_000_000_000", "9007199254740992"),
            "line 7: limit, version 1, value: a number is bey",
        ),
        (changed(LIMITS, '"int"', '"float"'), "limit, type: not one of bool, int, string, date"),
        (changed(LIMITS, "unit", "units"), "limit: a member is unknown; there may be name, note"),
        (changed(LIMITS, "as_of", "asof"), "limit, version 1: as_of is missing"),
        (changed(LIMITS, '"Note 1.b(b)(i)"', '""'), "limit, version 1, citation: not a text"),
        (changed(LIMITS, "until = 2026-12-31", ""), "version 2: overlaps the version before it"),
        (changed(LIMITS, "2026-12-31", "2027-01-01"), "version 2: overlaps the version before it"),
        (changed(LIMITS, "2026-12-31", "2026-12-30"), "version 2: leaves a gap to the version bef"),
        (changed(LIMITS, "from = 2027-01-01", "from = 2024-01-01"), "versions stand newest first"),
        (changed(LIMITS, "2026-12-31", "2024-12-31"), "limit, version 2: ends before it begins"),
        ({"params/more.toml": FILES[LIMITS]}, "limit: stands twice, first in params/l"),
        ({"params/more.toml": "[x]\nname = 'x'"}, "line 2: x: the name stands in the heading"),
        (
            changed(LIMITS, "[[limit.version]]", "versions = []\n[[limit.version]]"),
            "write version ",
        ),
        ({"scope.toml": f"title = {'[' * 31}{']' * 31}"}, "the folder: nested deeper than 32 le"),
        ({"params/more.toml": "x = 1"}, "params/more.toml, line 1: x: not a table"),
        ({"params/Big.toml": "[Big]\ntype = 'int'"}, "name: not a name of lower-case letters"),
        (changed("params/places.toml", '"CN", "MO"', '"CN", "CN"'), "value: an item stands twice"),
        (changed("params/places.toml", '"CN", "MO"', '"CN", 7'), "value, item 2: not a text"),
        (changed("params/places.toml", "value = 2026-12-31", "value = 7"), "value: not a date"),
        (changed("definitions.toml", "[[define]]", "[[defin]]"), "definitions.toml, line 2: a mem"),
        (
            changed("definitions.toml", 'name = "count"', ""),
            "definitions.toml, line 8: a define has no name",
        ),
        (changed("definitions.toml", '"count"', '"logic"'), "line 8: logic: stands twice, first"),
        (changed("definitions.toml", '"die"\nvalue', '"params"\nvalue'), "name belongs to the lan"),
        (changed("ambiguities.toml", "AMB-01", "amb 1"), "id: not an identifier such as AMB-01"),
        (changed("ambiguities.toml", "problem", "question"), "AMB-01: problem is missing"),
        (changed(WAY, 'kind = "way"', 'kind = "route"'), "count.toml, line 3: kind: not one of sc"),
        (changed(WAY, "AMB-01", "AMB-02"), "reading 1, ambiguity: not in the ambiguities of the p"),
        (changed(WAY, "clears_with", "clears"), "count.toml, line 14: version 1: a member"),
        (changed(WAY, "unknown = ", "unknwn = "), "version 1, says: unknown is missing"),
        (changed(WAY, '= ["The count on the layout file"]', "= []"), "clears_with: not a list of"),
        (changed(WAY, "kind", "on_fail = 'FAIL'\nkind"), "way_count.toml, line 3: a member is"),
        (changed(WAY, "citation", "on_fail = 'FAIL'\ncitation"), "version 1: a member is unknown"),
        (changed("presumption.toml", 'on_fail = "FAIL"', ""), "version 1: on_fail is missing"),
        (changed("presumption.toml", '"FAIL"', '"PASS"'), "on_fail: not one of FAIL, HOLD"),
        (changed("presumption.toml", 'scope = "scope"', ""), "version 1: scope is missing"),
        (changed("presumption.toml", '= "scope"', '= "way_name"'), "scope: not a rule of kind sco"),
        (changed("presumption.toml", '"way_name"', '"scope"'), "not different rules of kind way"),
        (changed("presumption.toml", '"way_name"', '"nobody"'), "not different rules of kind way"),
        (changed("presumption.toml", '"way_name"', '"way_count"'), "not different rules of kind"),
        (changed("presumption.toml", '"way_name", ', ""), "way_name.toml, line 1: no presumption"),
        (
            changed("presumption.toml", "scope = ", "holds = 'true'\nscope = "),
            "a member is unknown",
        ),
        (changed("test_hbm.toml", 'on_fail = "HOLD"', ""), "version 1: on_fail is missing"),
        (changed("test_hbm.toml", "holds = ", "tests = "), "version 1: holds is missing"),
        ({"Upper.toml": FILES["scope.toml"]}, "name: not a name of lower-case letters, digits"),
        ({"scope.toml": "name = 'x'"}, "scope.toml, line 1: the file's name is"),
        ({"scope.toml": "version = 7"}, "scope.toml, line 1: title is missing"),
        ({"scope.toml": "title = 'x'\nkind = 'way'"}, "scope.toml, line 1: version is missing"),
        (
            changed("scope.toml", "kind", "odd = 1\nkind"),
            "there may be kind, name, note, title, ver",
        ),
    ],
)
def test_defects_are_named_with_their_place(
    tmp_path: Path, changes: Mapping[str, str | None], detail: str
) -> None:
    code, got = defect(tmp_path, changes)
    assert code == "pack-invalid"
    assert detail in got


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        (
            changed(WAY, 'params.limit"""', 'params.limt"""'),
            "pack-invalid",
            "way_count.toml, line 10: version 1, holds: unknown name params.limt",
        ),
        (
            changed(WAY, "define.site_allowed", "define.site"),
            "pack-invalid",
            "way_count.toml, line 10: version 1, holds: unknown name define.site",
        ),
        (
            changed(WAY, "rule.scope", "rule.scop"),
            "pack-invalid",
            "way_count.toml, line 9: version 1, applies: unknown name rule.scop",
        ),
        (
            changed(WAY, "fabricator.packages", "fabricator.packs"),
            "expression-invalid",
            "way_count.toml, line 11, column 1: version 1, holds: unknown name fabricator.packs",
        ),
        (
            changed(WAY, "fabricator.packages", "fabricator.packages &"),
            "expression-invalid",
            "way_count.toml, line 11, column 21: version 1, holds: this character is not",
        ),
        (
            changed(WAY, '"define.count < params.strict_limit"', '"define.count"'),
            "expression-invalid",
            "way_count.toml, line 19, column 10: version 1, reading 1, holds: this is int, not",
        ),
        (
            changed(WAY, "params.limit != params.strict_limit", "params.limit != params.cliff"),
            "expression-invalid",
            "line 18, column 9: version 1, reading 1, when: != cannot take int and date",
        ),
        (
            changed("definitions.toml", "d.units * d.gds_transistors", "d.units * d.function"),
            "expression-invalid",
            "definitions.toml, line 10, column 57: count, value: * cannot take int and string",
        ),
        (
            changed("definitions.toml", "die.function ==", "die.size =="),
            "expression-invalid",
            "line 10: count, value: die has no member size (in the macro logic, definitions.toml, "
            "line 5, column 10)",
        ),
    ],
)
def test_defects_of_expressions(
    tmp_path: Path, changes: Mapping[str, str | None], code: str, detail: str
) -> None:
    got_code, got = defect(tmp_path, changes)
    assert got_code == code
    assert detail in got


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (
            changed(
                "scope.toml", "fabricator.dies.exists", "rule.way_count && fabricator.dies.exists"
            ),
            "scope.toml, line 1: rests on itself: rule.scope, rule.way_count",
        ),
        (
            changed("test_hbm.toml", "!fabricator.hbm", "!rule.test_hbm"),
            "test_hbm.toml, line 1: rests on itself: rule.test_hbm",
        ),
        (
            changed("definitions.toml", "die.function == 'logic'", "logic(die)"),
            "definitions.toml, line 2: logic: rests on itself: logic()",
        ),
        (
            changed("definitions.toml", "!(fabricator", "rule.way_count && !(fabricator"),
            "definitions.toml, line 13: site_allowed: rests on itself: define.site_allowed, "
            "rule.way_count",
        ),
        (
            changed(WAY, "params.limit != params.strict_limit", "rule.presumption"),
            "presumption.toml, line 1: rests on itself: rule.presumption, rule.way_count",
        ),
    ],
)
def test_cycles_are_refused(tmp_path: Path, changes: Mapping[str, str | None], detail: str) -> None:
    assert defect(tmp_path, changes) == ("pack-invalid", detail)


def test_a_macro_that_nothing_uses_is_refused(tmp_path: Path) -> None:
    spare = '[[define]]\nname = "spare"\nparameter = "x"\nvalue = "x > 1"\ncitation = "None"\n'
    changes = {"definitions.toml": FILES["definitions.toml"] + spare}
    assert defect(tmp_path, changes) == (
        "pack-invalid",
        "definitions.toml, line 17: spare: nothing uses this macro",
    )


def test_versions_of_a_rule_are_tested_on_one_date(tmp_path: Path) -> None:
    version = FILES["test_hbm.toml"].partition("[[version]]")[2]
    older = version.replace("from = 2026-01-01", "from = 2025-01-31\nuntil = 2025-12-31")
    both = FILES["test_hbm.toml"] + "[[version]]" + older
    assert pack_of(tmp_path, {"test_hbm.toml": both}).rules[-1].tested_on == "decision"
    mixed = FILES["test_hbm.toml"] + "[[version]]" + older.replace('"decision"', '"completion"')
    assert defect(tmp_path, {"test_hbm.toml": mixed}) == (
        "pack-invalid",
        "test_hbm.toml, line 1: all versions are tested on the same date",
    )


def test_another_engine_is_refused(tmp_path: Path, document: Json) -> None:
    code, _ = defect(tmp_path, changed("pack.toml", "engine = 1", "engine = 2"))
    assert code == "engine-unknown"
    document["engine"] = 7
    with pytest.raises(RuleError) as caught:
        compile_pack(canonical(document))
    assert caught.value.code == "engine-unknown"
    assert caught.value.detail == "the pack needs engine 7; this is engine 1"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "scope.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(RuleError) as broken:
        read_pack_folder(tmp_path)
    assert (broken.value.code, broken.value.detail) == (
        "pack-invalid",
        "scope.toml: not UTF-8 at byte 9, line 1",
    )
    (tmp_path / "scope.toml").unlink()
    (tmp_path / "scope.toml").mkdir()
    with pytest.raises(InputError) as unreadable:
        read_pack_folder(tmp_path)
    assert (unreadable.value.code, unreadable.value.detail) == (
        "file",
        "scope.toml cannot be read",
    )
    with pytest.raises(RuleError) as missing:
        read_pack_folder(tmp_path / "nowhere")
    assert missing.value.detail == "pack.toml: the file is missing"


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\\u0007", "\ufeff"])
def test_invisible_characters_are_refused(tmp_path: Path, hidden: str) -> None:
    changes = changed("scope.toml", "A logic die", f"A logic{hidden} die")
    code, detail = defect(tmp_path, changes)
    assert code == "pack-invalid"
    assert detail.startswith("scope.toml, line 2: title: a")
    assert "forbidden character" in detail


def test_an_unusual_space_is_a_character_like_others(tmp_path: Path) -> None:
    changes = changed("scope.toml", "A logic die", "A\u3000logic die")
    assert "A\u3000logic die".encode() in read_pack_folder(folder(tmp_path, changes))


def test_gaps_of_coverage_are_found(tmp_path: Path) -> None:
    pack = pack_of(tmp_path)
    until = dt.date(2030, 12, 31)
    assert coverage(pack, until=until) == (
        Gap(name="params.cliff", first=dt.date(2025, 1, 31), last=dt.date(2026, 4, 6)),
        Gap(name="rule.test_hbm", first=dt.date(2025, 1, 31), last=dt.date(2025, 12, 31)),
    )
    ended = changed(LIMITS, "from = 2027-01-01", "from = 2027-01-01\nuntil = 2027-12-31")
    gaps = coverage(pack_of(tmp_path, ended), until=until)
    assert Gap(name="params.limit", first=dt.date(2028, 1, 1), last=until) in gaps
    assert coverage(pack, until=dt.date(2025, 1, 30)) == ()
    early = coverage(pack, until=dt.date(2025, 1, 31))
    assert {gap.last for gap in early} == {dt.date(2025, 1, 31)}


def test_a_pack_does_not_change(tmp_path: Path) -> None:
    pack = pack_of(tmp_path)
    with pytest.raises(AttributeError):
        pack.id = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        pack.params["params.limit"] = pack.params["params.cliff"]  # type: ignore[index]
