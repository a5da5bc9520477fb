"""Common sources: a pack takes in what it uses of them, and nothing else."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from attest.data import data_dir
from attest.encoding import Json
from attest.errors import AttestError
from attest.rules.evaluate import evaluate
from attest.rules.facts import facts_from_json
from attest.rules.pack import compile_pack, read_pack_folder
from tests.rules.packs import FILES, facts_with, folder

PARAM = """
[{name}]
type = "list(string)"
[[{name}.version]]
from = 2022-10-07
value = ["{code}"]
citation = "15 CFR 740 Supp. 1"
confidence = "C"
as_of = 2026-07-23
"""
DEFINE = """
[[define]]
name = "{name}"
{more}value = "{value}"
citation = "15 CFR 740 Supp. 1"
"""


def macro(name: str, value: str) -> str:
    return DEFINE.format(name=name, value=value, more='parameter = "country"\n')


COUNTRIES = (
    PARAM.format(name="alike", code="HK")
    + PARAM.format(name="near", code="JP")
    + PARAM.format(name="spare", code="IT")
    + macro("mapped", "country in params.alike ? 'CN' : country")
    + macro("nearby", "mapped(country) in params.near")
    + macro("unused", "country in params.spare")
    + DEFINE.format(name="site_nearby", value="nearby(fabricator.packaging_country)", more="")
)
HEAD = FILES["pack.toml"].replace("[effective]", 'common = ["countries"]\n[effective]')
HBM = FILES["test_hbm.toml"]
USES = HBM.replace('"!fabricator.hbm"', '"!fabricator.hbm || define.site_nearby"')


def written(path: Path, common: Mapping[str, str], changes: Mapping[str, str | None]) -> Path:
    """A pack beside a folder of common files."""
    (path / "common").mkdir()
    for name, text in common.items():
        (path / "common" / name).write_text(text, encoding="utf-8")
    return folder(path / "mini", {"pack.toml": HEAD, "test_hbm.toml": USES, **changes})


def document_of(folder: Path) -> Json:
    return json.loads(read_pack_folder(folder))


def names(document: Json, section: str) -> list[str]:
    return [each["name"] for each in document[section]]


def refused(folder: Path) -> tuple[str, str]:
    with pytest.raises(AttestError) as caught:
        read_pack_folder(folder)
    return caught.value.code, caught.value.detail


def test_a_pack_takes_in_what_it_uses_and_what_that_rests_on(tmp_path: Path) -> None:
    document = document_of(written(tmp_path, {"countries.toml": COUNTRIES}, {}))
    assert "common" not in document
    assert names(document, "params") == [
        *("alike", "cliff", "limit", "near", "prohibited", "strict_limit"),
    ]
    assert names(document, "definitions") == [
        *("count", "logic", "mapped", "nearby", "site_allowed", "site_nearby"),
    ]
    taken = next(each for each in document["params"] if each["name"] == "near")
    assert taken["tested_on"] == "completion"
    assert taken["versions"][0]["value"] == ["JP"]


def test_it_takes_nothing_in_that_it_does_not_use(tmp_path: Path) -> None:
    beside = written(tmp_path, {"countries.toml": COUNTRIES}, {"test_hbm.toml": HBM})
    (tmp_path / "alone").mkdir()
    assert read_pack_folder(beside) == read_pack_folder(folder(tmp_path / "alone"))


def test_what_is_taken_in_is_evaluated(tmp_path: Path) -> None:
    pack = compile_pack(read_pack_folder(written(tmp_path, {"countries.toml": COUNTRIES}, {})))
    results = {}
    for country in ("JP", "TW"):
        facts = facts_with(fabricator={"hbm": True, "packaging_country": country})
        found = {each.rule: each.result for each in evaluate(pack, facts_from_json(facts))}
        results[country] = found["test_hbm"]
    assert results == {"JP": "pass", "TW": "fail"}


def test_readings_and_definitions_of_the_pack_use_too(tmp_path: Path) -> None:
    reading = FILES["way_count.toml"].replace(
        "params.limit != params.strict_limit", "nearby(fabricator.packaging_country)"
    )
    own = FILES["definitions.toml"] + DEFINE.format(
        name="spare_site", value="unused(fabricator.packaging_country)", more=""
    )
    changes = {"test_hbm.toml": HBM, "way_count.toml": reading, "definitions.toml": own}
    document = document_of(written(tmp_path, {"countries.toml": COUNTRIES}, changes))
    assert {"mapped", "nearby", "unused"} <= set(names(document, "definitions"))
    assert {"alike", "near", "spare"} <= set(names(document, "params"))
    assert "site_nearby" not in names(document, "definitions")


def test_common_files_may_rest_on_each_other(tmp_path: Path) -> None:
    params, _, rest = COUNTRIES.partition("\n[[define]]")
    common = {"places.toml": params, "areas.toml": f"[[define]]{rest}", "unread.toml": "no TOML"}
    head = HEAD.replace('["countries"]', '["areas", "places"]')
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    del common["unread.toml"]
    two = written(tmp_path / "two", common, {"pack.toml": head})
    one = written(tmp_path / "one", {"countries.toml": COUNTRIES}, {})
    assert read_pack_folder(two) == read_pack_folder(one)


@pytest.mark.parametrize(
    ("common", "changes", "detail"),
    [
        (
            {},
            {},
            "pack.toml, line 7: common, item 1: the folder common beside the pack has no file "
            "countries.toml",
        ),
        (
            {"countries.toml": COUNTRIES},
            {"pack.toml": HEAD.replace('["countries"]', '"countries"')},
            "pack.toml, line 7: common: not a list of names of files, without .toml",
        ),
        (
            {"countries.toml": COUNTRIES},
            {"pack.toml": HEAD.replace('"countries"', '"../countries"')},
            "pack.toml, line 7: common: not a list of names of files, without .toml",
        ),
        (
            {"countries.toml": COUNTRIES},
            {"pack.toml": HEAD.replace('"countries"', '"countries", "countries"')},
            "pack.toml, line 7: common: an item stands twice",
        ),
        (
            {"countries.toml": COUNTRIES + PARAM.format(name="limit", code="FR")},
            {},
            "common/countries.toml, line 52: limit: stands in the pack too: "
            "params/limits.toml, line 2: limit",
        ),
        (
            {"countries.toml": COUNTRIES + macro("logic", "country == 'FR'")},
            {},
            "common/countries.toml, line 52: logic: stands in the pack too: "
            "definitions.toml, line 2: logic",
        ),
        (
            {"countries.toml": COUNTRIES + macro("nearby", "country == 'FR'")},
            {},
            "common/countries.toml, line 52: nearby: stands twice, first in "
            "common/countries.toml, line 35: nearby",
        ),
        (
            {"countries.toml": COUNTRIES.replace('value = ["JP"]', "value = 7")},
            {},
            "common/countries.toml, line 15: near, version 1, value: not a list of 0 to 10000",
        ),
        (
            {"countries.toml": COUNTRIES.replace("in params.near", "in params.naer")},
            {},
            "common/countries.toml, line 38: nearby, value: unknown name params.naer",
        ),
        ({"countries.toml": "define = 7"}, {}, "countries.toml, line 1: write [[define]] for each"),
        ({"countries.toml": "near = 7"}, {}, "common/countries.toml, line 1: near: not a table"),
        ({"countries.toml": "[near"}, {}, "common/countries.toml: not TOML (at the end, line 1)"),
        (
            {"countries.toml": "[[define]]\nvalue = 'true'"},
            {},
            "common/countries.toml, line 1: a define has no name",
        ),
    ],
)
def test_what_is_refused(
    tmp_path: Path, common: Mapping[str, str], changes: Mapping[str, str | None], detail: str
) -> None:
    code, got = refused(written(tmp_path, common, changes))
    assert code == "pack-invalid"
    assert detail in got


def test_a_defect_of_what_is_not_used_does_not_matter(tmp_path: Path) -> None:
    common = {"countries.toml": COUNTRIES.replace("in params.spare", "in params.spare &")}
    assert document_of(written(tmp_path, common, {}))


def test_a_defect_of_the_pack_s_own_is_found_beside_common_files(tmp_path: Path) -> None:
    wrong = USES.replace("define.site_nearby", "define.site_nearby &")
    code, detail = refused(
        written(tmp_path, {"countries.toml": COUNTRIES}, {"test_hbm.toml": wrong})
    )
    assert code == "expression-invalid"
    assert detail.startswith("test_hbm.toml, line 10, column 48: version 1, holds: ")


def test_a_folder_named_by_a_dot_finds_what_is_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = read_pack_folder(written(tmp_path, {"countries.toml": COUNTRIES}, {}))
    monkeypatch.chdir(tmp_path / "mini")
    assert read_pack_folder(Path()) == full


def test_packs_are_read_out_of_an_archive(tmp_path: Path) -> None:
    """An installed package need not be unpacked."""
    archive = tmp_path / "rules.zip"
    root = Path(str(data_dir("rules")))
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(root.rglob("*.toml")):
            target.write(path, f"data/{path.relative_to(root)}")
    held = zipfile.Path(archive, "data/")
    assert read_pack_folder(held / "us-ear") == read_pack_folder(root / "us-ear")
