"""`attest rules` for those who change the law: diff, build and lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.encoding import digest
from attest.rules.pack import compile_pack, read_pack_folder
from tests.cli.helpers import attest, check_failed, document, succeeded
from tests.cli.pages import json_members
from tests.rules.packs import changed, folder
from tests.rules.test_cases import CASES, FILE
from tests.world import pack_bytes

LIMITS = "params/limits.toml"
LOWER = changed(LIMITS, "value = 30_000_000_000", "value = 20_000_000_000")
LATER = changed("pack.toml", "2026-11-24", "2027-01-04")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of packs with two editions of one pack."""
    folder(tmp_path / "old", {FILE: CASES})
    folder(tmp_path / "new", {FILE: CASES, **LOWER, **LATER})
    return tmp_path


def test_diff_shows_what_changed_and_which_cases(rules: Path) -> None:
    result = succeeded(attest("rules", "diff", rules / "old", rules / "new"))
    for part in (
        "mini 2026-11-24 -> mini 2027-01-04\n",
        "changed  pack, edition\n    - 2026-11-24\n    + 2027-01-04\n",
        "changed  params.limit, from 2025-01-31, value\n"
        "    - 30,000,000,000\n    + 20,000,000,000\n",
        "PASS -> FAIL",
        "way_count pass -> fail",
        "2 changes; 1 of 3 cases come out otherwise",
    ):
        assert part in result.stdout
    told = document(succeeded(attest("rules", "diff", rules / "old", rules / "new", "--json")))
    assert set(told) == json_members("`rules diff`")
    assert (told["old"]["edition"], told["new"]["edition"]) == ("2026-11-24", "2027-01-04")
    assert told["changes"][1] == {
        "part": "params.limit",
        "version": "2025-01-31",
        "member": "value",
        "old": 30_000_000_000,
        "new": 20_000_000_000,
    }
    assert told["cases"] == [
        {
            "id": "1",
            "title": "Below the limit",
            "old": "PASS",
            "new": "FAIL",
            "results": {"way_count": ["pass", "fail"], "presumption": ["pass", "fail"]},
        }
    ]
    assert told["cases_run"] == 3


def test_diff_shows_a_version_that_was_ended(rules: Path) -> None:
    folder(
        rules / "new", changed(LIMITS, "from = 2027-01-01", "from = 2027-01-01\nuntil = 2027-12-31")
    )
    text = succeeded(attest("rules", "diff", rules / "old", rules / "new")).stdout
    ended = "changed  params.limit, from 2027-01-01, until\n    - (nothing)\n    + 2027-12-31\n"
    assert ended in text


def test_diff_of_the_same_says_nothing(rules: Path) -> None:
    result = succeeded(attest("rules", "diff", "us-ear", "us-ear"))
    assert "0 changes; 0 of " in result.stdout
    assert "come out otherwise\n" in result.stdout
    assert "changed" not in result.stdout


def test_diff_of_documents_runs_the_cases_of_the_folder(rules: Path) -> None:
    built = rules / "old.json"
    succeeded(attest("rules", "build", rules / "old", "--out", built))
    told = document(succeeded(attest("rules", "diff", built, rules / "new", "--json")))
    assert (len(told["cases"]), told["cases_run"]) == (1, 3)
    told = document(succeeded(attest("rules", "diff", built, built, "--json")))
    assert (told["changes"], told["cases_run"]) == ([], 0)


def test_diff_runs_a_case_of_each_once_and_both_where_its_facts_differ(rules: Path) -> None:
    other = CASES.replace("completion_date = 2027-01-01", "completion_date = 2027-06-01")
    (rules / "new" / FILE).write_text(other)
    told = document(succeeded(attest("rules", "diff", rules / "old", rules / "new", "--json")))
    assert told["cases_run"] == 4


def test_diff_shows_parts_that_come_and_go(rules: Path) -> None:
    (rules / "new" / "test_hbm.toml").rename(rules / "new" / "test_memory.toml")
    text = succeeded(attest("rules", "diff", rules / "old", rules / "new")).stdout
    assert "removed  rule.test_hbm\n    - title: High-bandwidth memory\n" in text
    assert "added    rule.test_memory\n    + title: High-bandwidth memory\n" in text


def test_diff_of_what_is_not_there(rules: Path) -> None:
    check_failed(attest("rules", "diff", "us-ear"), 1, "usage")
    check_failed(attest("rules", "diff", "us-ear", "nothing"), 2, "not-found")
    (rules / "new" / LIMITS).write_text("[limit")
    assert LIMITS in check_failed(attest("rules", "diff", "us-ear", rules / "new"), 2, "pack-inval")


def test_build_writes_the_bytes_that_the_digest_names(rules: Path) -> None:
    out = rules / "us-ear.json"
    told = document(succeeded(attest("rules", "build", "us-ear", "--out", out, "--json")))
    assert set(told) == json_members("`rules build`")
    assert out.read_bytes() == pack_bytes("us-ear")
    assert told["digest"] == digest(out.read_bytes()) == compile_pack(out.read_bytes()).digest
    shown = succeeded(attest("rules", "build", rules / "old", "--out", rules / "old.json")).stdout
    assert shown == f"{digest(read_pack_folder(rules / 'old'))}  mini/2026-11-24\n"


def test_build_overwrites_nothing_and_builds_nothing_broken(rules: Path) -> None:
    out = rules / "mini.json"
    out.write_text("mine")
    check_failed(attest("rules", "build", rules / "old", "--out", out), 2, "file")
    assert out.read_text() == "mine"
    (rules / "old" / LIMITS).write_text("[limit")
    check_failed(attest("rules", "build", rules / "old", "--out", rules / "x.json"), 2, "pack-inv")
    assert not (rules / "x.json").exists()
    check_failed(attest("rules", "build", rules / "old"), 1, "usage")


def test_lock_keeps_the_editions_of_a_folder(rules: Path) -> None:
    told = document(succeeded(attest("rules", "lock", rules, "--json")))
    assert set(told) == json_members("`rules lock`")
    assert told == {"locked": [], "new": ["mini/2026-11-24", "mini/2027-01-04"]}
    lines = (rules / "LOCK").read_text().splitlines()
    assert lines == [
        f"{digest(read_pack_folder(rules / 'old'))}  mini/2026-11-24",
        f"{digest(read_pack_folder(rules / 'new'))}  mini/2027-01-04",
    ]
    before = (rules / "LOCK").stat().st_mtime_ns
    again = document(succeeded(attest("rules", "lock", rules, "--json")))
    assert again == {"locked": told["new"], "new": []}
    assert (rules / "LOCK").stat().st_mtime_ns == before


def test_lock_refuses_an_edition_that_changed(rules: Path) -> None:
    succeeded(attest("rules", "lock", rules))
    held = (rules / "LOCK").read_bytes()
    folder(rules / "old", LOWER)
    for arguments in ([], ["--check"]):
        told = check_failed(attest("rules", "lock", rules, *arguments), 2, "edition-changed")
        assert "mini/2026-11-24" in told
        assert "mini/2027-01-04" not in told
    assert (rules / "LOCK").read_bytes() == held


def test_a_new_edition_is_added_and_the_old_line_stays(rules: Path) -> None:
    succeeded(attest("rules", "lock", rules))
    held = (rules / "LOCK").read_text()
    folder(rules / "old", {**LOWER, **changed("pack.toml", "2026-11-24", "2027-02-01")})
    succeeded(attest("rules", "lock", rules))
    assert (rules / "LOCK").read_text().startswith(held)
    assert "mini/2027-02-01" in (rules / "LOCK").read_text()


def test_lock_check_writes_nothing(rules: Path) -> None:
    result = succeeded(attest("rules", "lock", rules, "--check"), 4)
    assert "not in LOCK yet" in result.stdout
    assert not (rules / "LOCK").exists()
    succeeded(attest("rules", "lock", rules))
    result = succeeded(attest("rules", "lock", rules, "--check"))
    assert "HOLD" not in result.stdout


def test_a_lock_out_of_order_is_written_in_order(rules: Path) -> None:
    succeeded(attest("rules", "lock", rules))
    good = (rules / "LOCK").read_text()
    (rules / "LOCK").write_text("".join(reversed(good.splitlines(keepends=True))))
    succeeded(attest("rules", "lock", rules, "--check"), 4)
    succeeded(attest("rules", "lock", rules))
    assert (rules / "LOCK").read_text() == good


def test_what_cannot_be_locked(rules: Path) -> None:
    check_failed(attest("rules", "lock", rules / "nowhere"), 2, "not-found")
    (rules / "LOCK").write_bytes(b"\xff\n")
    assert "LOCK, line 1" in check_failed(attest("rules", "lock", rules), 2, "pack-invalid")
    (rules / "LOCK").unlink()
    (rules / "LOCK").mkdir()
    check_failed(attest("rules", "lock", rules), 2, "file")
    assert json.loads(attest("rules", "lock", rules, "--json").stdout)["code"] == "file"
