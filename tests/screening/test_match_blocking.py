"""Blocking loses nothing: whatever comparing every name finds, the tables find too."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from attest.screening.addresses import Places, address, nearness
from attest.screening.blocking import Names
from attest.screening.forms import Form, forms
from attest.screening.match import FLOOR
from attest.screening.near import Near, slips, slips_of_names, slips_of_sounds, slips_of_words
from attest.screening.scoring import Likeness, likeness, word_likeness
from tests.screening.evasions import ADDRESS_KINDS, KINDS, evasions
from tests.screening.listed import ADDRESSES, NAMES, ORIGINALS

FORMS = list(dict.fromkeys(form for name in (*NAMES, *ORIGINALS) for form in forms(name)))
PARTS = [
    (part, Names(part, loose=loose))
    for loose in (False, True)
    if (part := [form for form in FORMS if form.loose == loose])
]
WORDS = sorted(
    {word for form in FORMS for word in form.words} | {"ltd", "m", "y", "x", "77", "1st"}
)
PLACES = ("Shanghai", "Zhejiang", "Chengdu", "Chengde", "Jiangsu", "Changzhou", "Zhengzhou")
FOREIGN = ("Αλέξανδρος", "alexander", "Дмитрий", "dmitri", "محمود", "mahmood", "хуавэй", "huavei")
SHORT_WORDS = st.text("abc", min_size=1, max_size=13)


def by_tables(form: Form) -> dict[Form, Likeness]:
    return {
        part[place]: found
        for part, names in PARTS
        for place, found in names.find(form, floor=FLOOR)
    }


def by_comparing_all(form: Form) -> dict[Form, Likeness]:
    compared = ((other, likeness(form, other)) for part, _ in PARTS for other in part)
    return {other: found for other, found in compared if found.permille >= FLOOR}


@pytest.mark.parametrize("kind", KINDS)
def test_every_evasion_is_found_as_by_comparing_all(kind: str) -> None:
    made = [evasion for _, _, evasion in evasions([*NAMES], {kind: KINDS[kind]})]
    assert made
    for name in made:
        for form in forms(name):
            assert by_tables(form) == by_comparing_all(form)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_name_of_known_words_with_slips(words: list[str], chance: random.Random) -> None:
    letters = list(" ".join(words))
    for _ in range(chance.randrange(4)):
        letters[chance.randrange(len(letters))] = chance.choice("aeilnorst ")
    for form in forms("".join(letters)):
        assert by_tables(form) == by_comparing_all(form)


@pytest.mark.parametrize("loose", [False, True])
def test_the_words_like_a_word_are_those_of_comparing_all(loose: bool) -> None:
    listed = [form for word in (*WORDS, *PLACES, *FOREIGN) for form in forms(word)]
    names = Names(listed, loose=loose)
    words = sorted({word for form in listed for word in form.words})
    for word in words:
        likes = {other: word_likeness(word, other, loose=loose) for other in words}
        expected = {other: like for other, like in likes.items() if like}
        assert names._likes_of(word, loose) == expected


@pytest.mark.parametrize(
    "name", ["محمد يوسف", "ΚΟΜΕΤΑΜΑΣ", "Кометамаш", "长海存储", "정", "ᲙᲝᲛᲔᲢᲐᲛᲐᲨ"]
)
def test_a_name_in_another_script(name: str) -> None:
    for form in forms(name):
        assert by_tables(form) == by_comparing_all(form)


@given(st.sampled_from(NAMES + ORIGINALS), st.sampled_from(NAMES + ORIGINALS), st.integers(1, 9))
def test_likeness_is_the_same_both_ways_round(one: str, other: str, length: int) -> None:
    mixed = f"{one[:length]}{other[length:]}"
    for left in forms(mixed):
        for right in forms(other):
            assert likeness(left, right) == likeness(right, left)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), st.data())
def test_likeness_of_the_same_words_in_another_order(words: list[str], data: st.DataObject) -> None:
    other = data.draw(st.permutations(words))
    for left, right in zip(forms(" ".join(words)), forms(" ".join(other)), strict=False):
        assert likeness(left, right) == likeness(right, left)


@pytest.mark.parametrize("allowed", [slips_of_words, slips_of_names, slips_of_sounds])
@given(strings=st.sets(SHORT_WORDS, max_size=40), text=SHORT_WORDS)
def test_near_finds_all_within_the_slips(allowed: object, strings: set[str], text: str) -> None:
    assert callable(allowed)
    most = {each: min(allowed(len(each)), allowed(len(text))) for each in strings}
    apart = {each: slips(text, each, most[each]) for each in strings}
    expected = {each: count for each, count in apart.items() if count <= most[each]}
    assert Near(strings, slips=allowed).find(text) == expected


@given(SHORT_WORDS, SHORT_WORDS, st.integers(1, 4))
def test_slips_are_changes_of_letters_but_for_one_exchange(one: str, other: str, most: int) -> None:
    plain = Levenshtein.distance(one, other)
    assert slips(one, other, most) in {min(plain, most + 1), 1}
    assert slips(one, other, most) == slips(other, one, most)


def test_one_exchange_is_one_slip_and_a_change_more_is_none() -> None:
    assert slips("huaxin", "huaxni", 2) == 1
    assert slips("huaxin", "kuaxni", 2) == 3
    assert slips("huaxin", "huaxin", 0) == 0
    assert slips("huaxin", "huaxni", 0) == 1


def test_a_very_long_string_is_near_itself_alone() -> None:
    longest = "a" * 255
    for allowed in (slips_of_words, slips_of_names, slips_of_sounds):
        assert allowed(255) > 0 == allowed(256)
        near = Near([longest, longest + "b"], slips=allowed)
        assert near.find(longest + "b") == {longest + "b": 0}
        assert near.find("c" + longest[1:]) == {longest: 1}


def test_addresses_are_found_as_by_comparing_all() -> None:
    listed = [address(text) for text in ADDRESSES]
    places = Places(listed)
    for _, _, text in evasions([*ADDRESSES], ADDRESS_KINDS):
        wanted = address(text)
        compared = ((place, nearness(wanted, each)) for place, each in enumerate(listed))
        expected = [(place, permille) for place, permille in compared if permille >= FLOOR]
        assert list(places.find(wanted, floor=FLOOR)) == expected
        assert [nearness(each, wanted) for each in listed] == [nearness(wanted, e) for e in listed]
