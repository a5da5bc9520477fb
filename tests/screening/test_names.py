"""The normal form of names, and the listings that snapshots give for the parties of a product."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError
from attest.screening.match import Candidate, Index, Party
from attest.screening.names import key
from attest.screening.snapshot import ListEntry, ListSnapshot

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


def found(name: str, *entries: ListEntry) -> list[Candidate]:
    """The entries of the very name."""
    candidates = Index.of([snapshot(*entries)]).candidates(Party("consignee", (name,)))
    return [each for each in candidates if each.reason == "same-name"]


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
        assert [each.listed for each in found(name, listed)] == ["Listed Name"]


def test_two_snapshots_of_one_list_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        Index.of([snapshot(entry()), snapshot(entry(2), code="SDN"), snapshot()])
    assert caught.value.code == "list-malformed"
