"""`attest whatif --lists`: the same products under other snapshots of lists."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest.decision import submitted_facts
from attest.encoding import Json, digest
from attest.rules.edition import open_edition
from attest.rules.facts import Facts
from attest.screening.screener import Screener
from attest.screening.snapshot import Identifier, ListEntry, write_snapshot
from attest.whatif import Variations, under_lists
from tests.cli.helpers import Log, attest, check_failed, document, succeeded, write_json
from tests.cli.pages import CLI_PAGE, json_members
from tests.cli.test_whatif import DECIDED, NEW_YEAR, signed, statements, verdicts, whatif, written
from tests.test_whatif_ledger import limited
from tests.world import NOW, World, pack_bytes, party

CONSIGNEE = "Example Cloud Sdn. Bhd."
PARTIES = ("--base-pack", "us-ear-parties")
FACTS: dict[str, Any] = {
    "item": {
        "name": "TQ-7",
        "kind": "integrated-circuit",
        "eccn": "3A090.b",
        "eccn_within": ["3A090", "3A090.b"],
        "transistors": 20_000_000_000,
        "hbm": False,
        "direct_product": True,
        "contains_plant_ic": True,
    },
    "trade": {
        "consignee_name": CONSIGNEE,
        "end_uses": ["ordinary"],
        "ultimate_customer_hqs": ["SG"],
        "licence": False,
    },
    "party": {
        "listings": [],
        "owners": [],
        "listed_subsidiary": False,
        "red_flags": [],
        "red_flags_resolved": [],
    },
    "transaction": {
        "completion_date": "2026-12-15",
        "decision_date": "2026-11-24",
        "destinations": ["TW"],
        "party_hqs": ["SG", "TW"],
    },
}
EDITIONS = [open_edition(pack_bytes("us-ear-parties"))]


def entry(number: int = 1, *, code: str = "EL", **members: Any) -> ListEntry:
    given = {"list": code, "id": str(number), "kind": "entity", "names": (CONSIGNEE,), **members}
    return ListEntry(**given)


OTHER = entry(9, names=("Somebody Else",))


def listed(*entries: ListEntry, code: str = "EL", on: str = "2026-07-31") -> bytes:
    return write_snapshot(
        code=code,
        source="an example",
        source_digest=digest(b""),
        as_of=dt.date.fromisoformat(on),
        entries=entries,
    )


def screener(raw: bytes) -> Screener:
    return Screener([digest(raw)], {digest(raw): raw})


def facts_file(folder: Path, **changes: Json) -> Path:
    return write_json(folder / "facts.json", {**FACTS, **changes})


def lists(folder: Path, *raws: bytes) -> list[object]:
    """Options for snapshots, each in a file of its own."""
    files = [written(folder, f"list-{at}.json", raw) for at, raw in enumerate(raws)]
    return [part for each in files for part in ("--lists", each)]


def listings(told: Any, variation: int = 0) -> list[str]:
    """What the rule on the Entity List says under a variation, where it says another thing."""
    (result,) = told["results"]
    changes = result["after"][variation]["changes"]
    return [each["after"] for each in changes if each["rule"] == "entity_list"]


def test_a_consignee_put_on_the_entity_list_between_two_snapshots(tmp_path: Path) -> None:
    old, new = listed(OTHER), listed(OTHER, entry(footnotes=(5,)), on="2026-11-20")
    source = facts_file(tmp_path)
    told = whatif(source, *PARTIES, *lists(tmp_path, old, new), code=5)
    assert set(told) == json_members("`whatif`") | {"packs"}
    assert verdicts(told) == [["PASS", "PASS", "HOLD"]]
    assert listings(told, 1) == ["unknown"]
    assert [each["lists"] for each in told["variations"]] == [
        [{"list": "EL", "as_of": "2026-07-31", "digest": digest(old)}],
        [{"list": "EL", "as_of": "2026-11-20", "digest": digest(new)}],
    ]
    shown = succeeded(attest("whatif", source, *PARTIES, *lists(tmp_path, old, new), *DECIDED), 5)
    assert f"under EL as of 2026-11-20, {digest(new)}" in shown.stdout
    assert "No pack" not in shown.stderr
    assert "whoever is in none of them counts as not listed" in shown.stderr


def test_each_of_the_lists_on_each_of_the_days(tmp_path: Path) -> None:
    given = lists(tmp_path, listed(entry()), listed(OTHER))
    days = ("--on", "2026-12-01", "--on", NEW_YEAR)
    told = whatif(facts_file(tmp_path), *PARTIES, *given, *days, code=5)
    tried = [(each["lists"][0]["digest"], each["on"]) for each in told["variations"]]
    digests = [digest(listed(entry())), digest(listed(OTHER))]
    assert tried == [(each, day) for each in digests for day in ("2026-12-01", NEW_YEAR)]
    assert verdicts(told) == [["PASS", "HOLD", "HOLD", "PASS", "PASS"]]
    assert [each["on"] for each in told["results"][0]["after"]] == [on for _, on in tried]
    alone = whatif(facts_file(tmp_path), *PARTIES, "--on", NEW_YEAR)
    assert alone["variations"][0]["lists"] is None


def test_a_folder_is_one_variation(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    written(folder, "sdn.json", listed(entry(code="SDN"), code="SDN"))
    written(folder, "el.json", listed(OTHER))
    written(folder, "README.md", b"Imported by hand.")
    told = whatif(facts_file(tmp_path), *PARTIES, "--lists", folder, code=5)
    (variation,) = told["variations"]
    assert [each["list"] for each in variation["lists"]] == ["EL", "SDN"]
    assert verdicts(told) == [["PASS", "HOLD"]]
    assert listings(told) == ["unknown"]


@pytest.mark.parametrize(
    ("name", "members", "verdict"),
    [
        ("example cloud SDN BHD", {}, "HOLD"),
        ("Example\u00ad Cloud Sdn.\u00a0Bhd.", {}, "HOLD"),
        (CONSIGNEE, {"names": ("Huaxin", CONSIGNEE)}, "HOLD"),
        (CONSIGNEE, {"names": ("Huaxin",), "original": ("EXAMPLE CLOUD SDN BHD",)}, "HOLD"),
        ("Former Example", {"names": (CONSIGNEE, "Alias", "Former Example")}, "HOLD"),
        (CONSIGNEE, {"footnotes": (1, 4)}, "HOLD"),
        (CONSIGNEE, {"address_only": True}, "PASS"),
        ("Example Clouds Sdn. Bhd.", {}, "PASS"),
        ("Example Cloud", {}, "PASS"),
    ],
)
def test_the_law_waits_for_the_very_name(
    tmp_path: Path, name: str, members: dict[str, Any], verdict: str
) -> None:
    """Whether a namesake is the listed party is for a person; near names are for a house rule."""
    source = facts_file(tmp_path, trade={**FACTS["trade"], "consignee_name": name})
    given = lists(tmp_path, listed(entry(**members)))
    told = whatif(source, *PARTIES, *given, "--all", code=5 if verdict == "HOLD" else 0)
    assert verdicts(told) == [["PASS", verdict]]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [(CONSIGNEE, "HOLD"), ("Exampel Clouds Sdn. Bhd.", "HOLD"), ("Nordlicht Optik AG", "PASS")],
)
def test_a_house_rule_holds_near_names(tmp_path: Path, name: str, verdict: str) -> None:
    source = facts_file(tmp_path, trade={**FACTS["trade"], "consignee_name": name})
    given = lists(tmp_path, listed(entry(), code="CSL", on="2026-11-20"))
    told = whatif(source, "--base-pack", "house-screening", *given, "--all")
    assert verdicts(told) == [["HOLD", verdict]]


def test_without_a_named_party_the_listings_are_unknown(tmp_path: Path) -> None:
    trade = {name: value for name, value in FACTS["trade"].items() if name != "consignee_name"}
    told = whatif(
        facts_file(tmp_path, trade=trade), *PARTIES, *lists(tmp_path, listed(OTHER)), code=5
    )
    assert verdicts(told) == [["PASS", "HOLD"]]
    assert listings(told) == ["unknown"]


def test_not_screened_before_is_screened_by_the_lists(tmp_path: Path) -> None:
    without = {name: value for name, value in FACTS["party"].items() if name != "listings"}
    given = lists(tmp_path, listed(OTHER))
    told = whatif(facts_file(tmp_path, party=without), *PARTIES, *given)
    assert verdicts(told) == [["HOLD", "PASS"]]


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ({"list": "EL", "name": "Agent Ltd"}, "PASS"),
        ({"list": "EL", "name": "Somebody Else"}, "HOLD"),
        ({"list": "EL"}, "FAIL"),
    ],
)
def test_a_stated_listing_is_looked_up_again(
    tmp_path: Path, listing: dict[str, Any], expected: str
) -> None:
    source = facts_file(tmp_path, party={**FACTS["party"], "listings": [listing]})
    told = whatif(source, *PARTIES, *lists(tmp_path, listed(OTHER)), "--all")
    assert verdicts(told) == [["FAIL", expected]]


@pytest.fixture
def unlisted(tmp_path: Path) -> Path:
    """A pack that fails as soon as a party is listed."""
    return written(tmp_path, "pack.json", limited("size(party.listings) == 0"))


@pytest.mark.parametrize(
    "name", ["Tianqiu Logistics LLC", "Tianqiu Holdings Inc.", "Example Networks Inc.", "天球"]
)
def test_every_party_of_a_declaration_is_looked_up(
    tmp_path: Path, unlisted: Path, name: str
) -> None:
    world, folder = World(), tmp_path / "papers"
    parties = world.declaration()["parties"]
    parties[4]["name"] = "天球" if name == "天球" else parties[4]["name"]
    folder.mkdir()
    declared, determined = statements(world, parties=parties)
    papers = [written(folder, "d.json", declared), written(folder, "t.json", determined)]
    given = lists(tmp_path, listed(OTHER), listed(entry(names=(name,))))
    told = whatif(*papers, "--base-pack", unlisted, *given)
    assert verdicts(told) == [["HOLD", "PASS", "HOLD"]]
    told = whatif(*papers, *PARTIES, *given)
    assert [listings(told, at) for at in (0, 1)] == [["pass"], []]


def test_the_osat_of_a_determination_is_looked_up() -> None:
    facts = Facts({"osat.attester_name": "Example Packaging"})
    found: Any = under_lists(facts, screener(listed(entry(names=("EXAMPLE PACKAGING",)))))[0].get(
        "screening.hits"
    )
    assert [each["role"] for each in found] == ["osat"]


def test_a_log_under_lists(tmp_path: Path, unlisted: Path) -> None:
    log = Log(tmp_path, World())
    other = [each for each in log.world.declaration()["parties"] if each["role"] != "consignee"]
    log.record(signed(log.world))
    log.record(signed(log.world, parties=[*other, party("consignee", "Plain LLC")]))
    given = lists(tmp_path, listed(OTHER), listed(entry(names=("Plain L.L.C.",))))
    arguments = ("whatif", log.folder, "--pack", unlisted, *given, "--json", "--all")
    told = document(succeeded(attest(*arguments)))
    assert verdicts(told) == [["FAIL", "PASS", "PASS"], ["FAIL", "PASS", "HOLD"]]
    assert document(succeeded(attest(*arguments, "--processes", 2))) == told


def test_the_command_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CLI_PAGE.read_text(encoding="utf-8")
    ((_, *words),) = map(
        shlex.split, re.findall(r"^attest whatif .*--lists.*$", text, re.MULTILINE)
    )
    facts_file(tmp_path)
    written(tmp_path, "el-july.json", listed(OTHER))
    written(tmp_path, "el-november.json", listed(OTHER, entry(), on="2026-11-20"))
    monkeypatch.chdir(tmp_path)
    assert re.search("PASS(→|->)HOLD", succeeded(attest(*words), 5).stdout)


def test_packs_that_read_no_listings_are_pointed_out(tmp_path: Path) -> None:
    given = lists(tmp_path, listed(entry()))
    said = attest("whatif", facts_file(tmp_path), *given, *DECIDED)
    assert "No pack that is tried reads what screening finds" in succeeded(said).stderr


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    source = facts_file(tmp_path)
    told = check_failed(attest("whatif", source, "--lists", folder), 2, "file")
    assert str(folder) in told
    check_failed(attest("whatif", source, "--lists", tmp_path / "none.json"), 2, "file")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{}", "schema-violation"),
        (b"EL", "json-malformed"),
        (listed(OTHER) + b"\n", "list-malformed"),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, raw: bytes, code: str) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    written(folder, "el.json", listed(OTHER))
    bad = written(folder, "other.json", raw)
    told = check_failed(attest("whatif", facts_file(tmp_path), "--lists", folder), 2, code)
    assert str(bad) in told


def test_two_snapshots_of_one_list_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    written(folder, "old.json", listed(OTHER))
    written(folder, "new.json", listed(entry(), on="2026-11-20"))
    failed = attest("whatif", facts_file(tmp_path), "--lists", folder)
    assert str(folder) in check_failed(failed, 2, "list-malformed")


NAMES = st.sampled_from(["Alpha", "Beta", "Gamma", "Delta", CONSIGNEE])
ENTRIES = st.lists(
    st.builds(
        entry,
        st.integers(1, 99),
        code=st.sampled_from(["EL", "SDN", "UVL"]),
        names=st.lists(NAMES, min_size=1, max_size=2, unique=True).map(tuple),
        footnotes=st.lists(st.integers(1, 5), max_size=2, unique=True).map(tuple),
        countries=st.sampled_from([(), ("CN",), ("CN", "SG")]),
        identifiers=st.sampled_from([(), (Identifier("Register", "77"),)]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: (each.list, each.id),
)


@settings(max_examples=60, deadline=None)
@given(ENTRIES, st.lists(NAMES, max_size=3), st.booleans())
def test_what_if_under_lists_is_what_a_decision_under_them_sees(
    entries: Sequence[ListEntry], names: list[str], numbered: bool
) -> None:
    """The same submission under a trust without lists and then tried, and under one with them."""
    raw = listed(*entries, code="CSL")
    bare, screened = World(), World(lists=[raw])
    parties = [*bare.declaration()["parties"], *(party("other", name) for name in names)]
    if numbered:
        parties[-1]["registration_ids"] = [{"scheme": "register", "value": "77"}]
    paper = bare.submission({"parties": parties}, fabricator={})
    without = submitted_facts(paper, trust=bare.trust(), at=NOW)
    within = submitted_facts(paper, trust=screened.trust(), at=NOW)
    listed_facts, found = under_lists(without.facts, screener(raw), without.parties)
    assert listed_facts == within.facts
    assert {hit.pair for hit in found} == within.parties.known
    (after,) = (
        Variations(lists=(screener(raw),)).answer(without.facts, EDITIONS, without.parties).after
    )
    assert after.verdict == Variations(mode="cfr_text").answer(within.facts, EDITIONS).before
