"""Whom of the listed a party may be: candidates, their reasons and their order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import InputError
from attest.screening.match import FLOOR, HOLD_PERMILLE, Index, Party
from attest.screening.snapshot import Identifier
from tests.screening.listed import ADDRESSES, NAMES, entry, everybody, index_of, snapshot

ALL = everybody()
LISTED = st.sampled_from(NAMES)


def found(name: str, *listed: str) -> tuple[int, str]:
    """Score and reason of a name against listed ones; 0 where there is no candidate."""
    candidates = index_of(*listed).candidates(Party("consignee", (name,)))
    return (candidates[0].score_permille, candidates[0].reason) if candidates else (0, "")


def held(name: str) -> set[str]:
    """The listed names for which a person would have to look at a name."""
    candidates = ALL.candidates(Party("consignee", (name,)))
    return {each.listed for each in candidates if each.score_permille >= HOLD_PERMILLE}


@pytest.mark.parametrize(
    ("name", "listed", "reason"),
    [
        ("HUAXIN Example (Semiconductor) Co Ltd", NAMES[0], "same-name"),
        ("Example Huaxin Semiconductors GmbH", NAMES[0], "same-words"),
        ("Huаxin Examрle Semiсonductor", NAMES[0], "same-words"),
        ("НОХА СОМЕТ", "Hoxa Comet", "transliteration"),
        ("Grunwald und Sohne Optik", NAMES[11], "same-words"),
        ("Zvezdomir Instrument Making Zavod OAO", NAMES[3], "same-words"),
        ("Huaxin Example Semiconductor Holding (Shenzhen)", NAMES[0], "part-of-name"),
        ("Huaxing Exampel Semiconductor", NAMES[0], "near-spelling"),
        ("Mohammed Yousef Karzanov", NAMES[6], "same-words"),
        ("M. Y. Karzanov", NAMES[6], "initials"),
        ("Lumen Ora Photonics", NAMES[14], "same-words"),
        ("华芯示例半导体", "Huaxin Shili Semiconductor", "transliteration"),
        ("華芯示例半導體有限公司", "华芯示例半导体股份有限公司", "transliteration"),
        ("长海存储", NAMES[15], "transliteration"),
        ("ООО «Кометамаш»", NAMES[4], "transliteration"),
        ("권태성", NAMES[7], "transliteration"),
        ("코메타 전자", "Kometa Electronics Co., Ltd.", "transliteration"),
        ("ពត", "Pot", "transliteration"),
        ("Karzanov Muhammad Petrovich", "Muhammad Petrovich Karzanov", "same-words"),
        ("Kometa Mashinostroitelny Zavod", "Kometa Machine Plant", "same-words"),
        ("JC Karzanov", "Jean-Carlo Karzanov", "initials"),
        ("77 Research Institute, China Example Electronic Group", NAMES[10], "same-words"),
    ],
)
def test_what_is_held_and_why(name: str, listed: str, reason: str) -> None:
    permille, why = found(name, listed)
    assert why == reason
    assert permille >= HOLD_PERMILLE


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Shanghai Semiconductor Technology Co., Ltd.", NAMES[0]),
        ("Example Electronics Trading", "Example Petroleum Karzanov Trading"),
        ("Blue Star Shipping", NAMES[18]),
        ("China Electronics Group Corporation", "China Petroleum Group Corporation"),
        ("Karzanova Semiconductor", NAMES[0]),
        ("Co., Ltd.", NAMES[0]),
        ("...", NAMES[0]),
        ("", NAMES[0]),
        ("\U00011f00\U00011f01", NAMES[0]),
    ],
)
def test_what_is_not_held(name: str, listed: str) -> None:
    assert found(name, listed)[0] < HOLD_PERMILLE


@pytest.mark.parametrize(
    ("name", "listed", "permille"),
    [
        ("Huaxin", "Huaxin", 1000),
        ("Huaxin Ltd", "Huaxin", 990),
        ("Huaxing", "Huaxin", 858),
        ("Huaxin Chips", "Huaxin", 900),
        ("Huaxin Minglan", "Huaxin", 500),
        ("Zvezdomir Kometamash Elbrus", "Zvezdomir Kometamash", 833),
        ("Zvezdomir Kometamash", "Zvezdomir Elbrusneft", 0),
    ],
)
def test_scores_are_counted(name: str, listed: str, permille: int) -> None:
    index = index_of(listed)
    candidates = index.candidates(Party("payer", (name,)))
    assert [each.score_permille for each in candidates] == [permille] * (permille >= FLOOR)


def test_initials_of_a_few_letters_are_shown_and_not_held() -> None:
    assert found("QIC", "Qirui Integrated Circuit") == (550, "initials")
    assert found("AEQIC", "Advanced Electronic Qirui Integrated Circuit") == (750, "initials")
    assert FLOOR <= 550 < HOLD_PERMILLE <= 750


def test_the_best_of_an_entry_counts_and_the_likeliest_stands_first() -> None:
    index = Index.of(
        [
            snapshot([entry(7, list="SDN", names=("Huaxing Example",))], "SDN"),
            snapshot(
                [
                    entry(2, names=("Other", "Huaxin Example")),
                    entry(1, names=("Huaxin Example", "Huaxin Exampel")),
                ]
            ),
        ]
    )
    party = Party("osat", names=("Nobody at All", "Huaxin Example", "Huaxing Example"))
    assert [
        (each.list, each.entry, each.listed, each.matched, each.score_permille)
        for each in index.candidates(party)
    ] == [
        ("EL", "1", "Huaxin Example", "Huaxin Example", 1000),
        ("EL", "2", "Other", "Huaxin Example", 1000),
        ("SDN", "7", "Huaxing Example", "Huaxing Example", 1000),
    ]
    assert {each.role for each in index.candidates(party)} == {"osat"}


def test_an_identifier_is_held_to_scheme_and_value() -> None:
    number = Identifier("uscc", "91310000MA1FL-00000")
    index = index_of("Nobody", identifiers=(number,))
    (found_by,) = index.candidates(Party("payer", identifiers=(("USCC", "91310000ma1fl00000"),)))
    assert (found_by.kind, found_by.reason, found_by.score_permille) == (
        "identifier",
        "same-identifier",
        1000,
    )
    assert found_by.matched == number.value
    for other in (("lei", number.value), ("uscc", "91310000MA1FL00001")):
        assert index.candidates(Party("payer", identifiers=(other,))) == ()


def test_a_name_that_cannot_be_read_is_compared_by_its_key() -> None:
    index = index_of("☭☭", "Huaxin")
    assert [each.entry for each in index.candidates(Party("payer", ("☭ ☭",)))] == ["0"]


def test_the_title_of_an_entry_that_lists_an_address_is_nobodys_name() -> None:
    assert held("Address 1") == set()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (ADDRESSES[0], 0),
        ("Suite 7, Lung Fat Bldg, 22 Example St., Mongkok", 0),
        ("香港 Lung Fat 大厦 20 Example Street 12楼", 0),
        ("77 Fictive Rd, Wanchai, HK", 1),
        ("Ornek Sokak 9, Sisli / Istanbul", 2),
    ],
)
def test_a_listed_address_is_found_in_any_room(text: str, place: int) -> None:
    (candidate,) = ALL.candidates(Party("consignee", addresses=(text,)))
    assert (candidate.kind, candidate.matched) == ("address", ADDRESSES[place])
    assert candidate.score_permille >= HOLD_PERMILLE


@pytest.mark.parametrize(
    "text",
    [
        "30 Example Street, Mong Kok, Hong Kong",
        "79 Fictive Road, Wan Chai, Hong Kong",
        "Mong Kok, Kowloon, Hong Kong",
        "77 Johnston Road, Wan Chai, Hong Kong",
        "9",
        "",
    ],
)
def test_another_house_is_not_held(text: str) -> None:
    candidates = ALL.candidates(Party("consignee", addresses=(text,)))
    assert [each for each in candidates if each.score_permille >= HOLD_PERMILLE] == []


def test_two_snapshots_of_a_list_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        Index.of([snapshot([entry(1)]), snapshot([entry(2)])])
    assert caught.value.code == "list-malformed"


def test_the_order_of_snapshots_does_not_matter() -> None:
    one = snapshot([entry(at, names=(name,)) for at, name in enumerate(NAMES)])
    other = snapshot([entry(at, list="SDN", names=(n,)) for at, n in enumerate(NAMES)], "SDN")
    forth, back = Index.of([one, other]), Index.of([other, one])
    assert forth.used == back.used
    for name in NAMES:
        party = Party("consignee", (name.upper(),))
        assert forth.candidates(party) == back.candidates(party)


@given(LISTED, st.text(max_size=12))
def test_what_else_is_listed_does_not_matter(name: str, other: str) -> None:
    alone = index_of(name).candidates(Party("payer", (f"{name} {other}",)))
    among = ALL.candidates(Party("payer", (f"{name} {other}",)))
    scores = {each.matched: each.score_permille for each in among}
    assert [each.score_permille for each in alone] == [scores[each.matched] for each in alone]


CHANGES: list[tuple[str, Callable[[str], str]]] = [
    ("upper case", str.upper),
    ("blanks", lambda name: f"  {name.replace(' ', '  ')}\t"),
    ("hidden", "\u200b".join),
    ("direction", lambda name: f"\u202e{name}\u202c"),
    ("punctuation", lambda name: name.replace(".", "").replace(",", " ").replace("-", " ")),
    ("full width", lambda name: name.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)})),
]


@pytest.mark.parametrize(("change", "made"), CHANGES, ids=[name for name, _ in CHANGES])
def test_dress_does_not_matter(change: str, made: Callable[[str], str]) -> None:
    for name in NAMES:
        (best, *_) = ALL.candidates(Party("consignee", (made(name),)))
        assert (best.listed, best.score_permille >= 990) == (name, True)


@given(LISTED, st.sampled_from(["Inc.", "GmbH", "S.A.", "Sp. z o.o.", "Pte Ltd", "AG", "LLC"]))
def test_legal_forms_do_not_matter(name: str, form: str) -> None:
    candidates = ALL.candidates(Party("consignee", (f"{name} {form}",)))
    assert (name, 990) in [(each.listed, each.score_permille) for each in candidates]


@given(LISTED, st.integers(0, 60), st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\u202e\u2066"))
def test_hidden_characters_change_nothing(name: str, place: int, hidden: str) -> None:
    party, plain = (
        Party("payer", (each,)) for each in (name[:place] + hidden + name[place:], name)
    )
    assert ALL.candidates(party) == ALL.candidates(plain)


@given(st.text(max_size=80))
def test_any_name_has_an_answer(name: str) -> None:
    candidates = ALL.candidates(Party("payer", (name,), (name,), "", (("lei", name),)))
    assert all(FLOOR <= each.score_permille <= 1000 for each in candidates)
