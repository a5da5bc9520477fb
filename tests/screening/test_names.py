"""The normal form of names, and the listings that snapshots give for the parties of a product."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError
from attest.rules.facts import Facts, facts_from_json, facts_to_json
from attest.screening.names import Listed, Named, Used, key, names_of
from attest.screening.snapshot import ListEntry, ListSnapshot
from tests.world import party

DAY = dt.date(2026, 7, 31)
NAME = "Example Huaxin Semiconductor Co., Ltd."
NAMES = st.text(max_size=16)


def entry(number: int = 1, **members: Any) -> ListEntry:
    given = {"list": "EL", "id": str(number), "kind": "entity", "names": (NAME,), **members}
    return ListEntry(**given)


def snapshot(*entries: ListEntry, code: str = "EL") -> ListSnapshot:
    return ListSnapshot(
        list=code, source="an example", source_digest="x", as_of=DAY, digest=code, entries=entries
    )


def found(name: str, *entries: ListEntry) -> list[dict[str, Any]]:
    listings = Listed.of([snapshot(*entries)]).listings([Named("consignee", name)])
    assert listings is not None
    return [dict(each) for each in listings]


@pytest.mark.parametrize(
    "name",
    [
        NAME.upper(),
        "  example huaxin\u00a0semiconductor co ltd ",
        "Example-Huaxin Semiconductor (Co.) Ltd",
        "Example\u200b Hua\u200dxin Semi\u00adconductor Co., Ltd.",
        "\u202eExample Huaxin Semiconductor Co., Ltd.\u202c",
        "Ｅｘａｍｐｌｅ Huaxin Semiconductor Co．， Ltd．",
        "Example Huaxin\ufe0f Semiconductor\tCo., Ltd.",
    ],
)
def test_one_name_in_other_dress(name: str) -> None:
    assert key(name) == "examplehuaxinsemiconductorcoltd"
    assert found(name, entry())


@pytest.mark.parametrize(
    "name",
    [
        "Example Huaxing Semiconductor Co., Ltd.",
        "Example Huaxin Semiconductor Company Limited",
        "Huaxin Example Semiconductor Co., Ltd.",
        "Example Huáxin Semiconductor Co., Ltd.",
        "Example Huaxin Semiconductor",
        "Exаmple Huaxin Semiconductor Co., Ltd.",
    ],
)
def test_a_name_that_is_merely_near_is_not_found(name: str) -> None:
    assert found(name, entry()) == []


@pytest.mark.parametrize("name", ["Straße AG", "STRASSE AG", "ＳTRASSE (AG)"])
def test_casefolding_is_that_of_unicode(name: str) -> None:
    assert key(name) == "strasseag"


@given(NAMES)
def test_a_key_is_its_own_key(name: str) -> None:
    assert key(key(name)) == key(name)


@given(NAMES)
def test_form_and_blanks_do_not_matter(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert key(unicodedata.normalize(form, name)) == key(name)
    assert key(f" {name}\u200b.") == key(name)


@given(st.text(st.characters(exclude_categories=("Mn", "Cs")), max_size=16))
def test_case_does_not_matter(name: str) -> None:
    assert key(name.casefold()) == key(name)


@given(st.lists(st.sampled_from("\u200b\u200d\u202e\u2066\ufeff\u00ad .,-()/\t\u3000"), max_size=9))
def test_hidden_characters_and_punctuation_have_an_empty_key(parts: list[str]) -> None:
    assert key("".join(parts)) == ""


def test_every_name_of_an_entry_counts() -> None:
    listed = entry(names=("Listed Name", "Alias", "Former Name"), original=("示例半导体有限公司",))
    for name in ("LISTED NAME", "alias", "former-name", "示例半导体有限公司"):
        assert [each["name"] for each in found(name, listed)] == ["Listed Name"]


@pytest.mark.parametrize(
    ("footnotes", "expected"), [((), [None]), ((4,), [4]), ((5, 1), [1, 5]), ((3, 3), [3])]
)
def test_a_listing_for_each_footnote(footnotes: tuple[int, ...], expected: list[Any]) -> None:
    listings = found(NAME, entry(footnotes=footnotes))
    assert [each.get("footnote") for each in listings] == expected


def test_what_a_listing_holds_is_a_fact() -> None:
    (listing,) = found(NAME, entry(countries=("CN",), footnotes=(4,), address_only=True))
    assert listing == {
        "name": NAME,
        "role": "consignee",
        "list": "EL",
        "country": "CN",
        "footnote": 4,
        "address_only": True,
    }
    facts = Facts({"party.listings": (listing,)})
    assert facts_from_json(facts_to_json(facts)) == facts
    (two,) = found(NAME, entry(countries=("CN", "HK")))
    assert "country" not in two


def test_listings_stand_by_list_and_entry_and_once() -> None:
    other = snapshot(entry(7, list="SDN"), code="SDN")
    one = snapshot(entry(1, names=("Other", NAME)), entry(2, names=("Third",)))
    names = [Named("end-user", "THIRD"), Named("designer", NAME), Named("consignee", "other")]
    listed = Listed.of([other, one])
    assert listed == Listed.of([one, other])
    assert listed.used == (Used("EL", DAY, "EL"), Used("SDN", DAY, "SDN"))
    listings = listed.listings(names)
    assert listings is not None
    assert [(each["list"], each["name"], each["role"]) for each in listings] == [
        ("EL", "Other", "designer"),
        ("EL", "Third", "end-user"),
        ("SDN", NAME, "designer"),
    ]


def test_nobody_named_is_unknown_and_somebody_who_is_not_listed_is_none() -> None:
    listed = Listed.of([snapshot(entry(names=("...", "A")))])
    assert listed.listings([]) is None
    assert listed.listings([Named("consignee", "...")]) is None
    assert listed.listings([Named("consignee", "B")]) == ()
    assert listed.listings([Named("consignee", "..."), Named("designer", "B")]) == ()


def test_two_snapshots_of_one_list_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        Listed.of([snapshot(entry()), snapshot(entry(2), code="SDN"), snapshot()])
    assert caught.value.code == "list-malformed"


def test_the_names_of_declared_parties() -> None:
    parties = [{**party("designer", "示例"), "name_latin": "Example"}, party("osat", "Packager")]
    assert names_of(parties) == (
        Named("designer", "示例"),
        Named("designer", "Example"),
        Named("osat", "Packager"),
        Named("osat", "Packager"),
    )
