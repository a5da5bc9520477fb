"""Legal entity identifiers: the check digits, and that every door asks for them."""

from __future__ import annotations

import copy
import csv
import string
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attest import schemas
from attest.decision import decide
from attest.encoding import Json, canonical, loads
from attest.errors import InputError
from attest.lei import is_lei
from attest.trust import open_keyset
from tests.mutations import read_examples
from tests.world import DECLARATION, NOW, World

PUBLIC = (
    "HWUPKR0MPOU8FGXBT394",  # Apple Inc.
    "INR2EJN1ERAN0W5ZP974",  # Microsoft Corporation
    "549300KB6NK5SBD14S87",  # Taiwan Semiconductor Manufacturing Company Limited
)
UNSEEN = {(letter, digit) for letter, digit in zip("BMX", "123", strict=True)}
"""Neighbours whose exchange changes the number by a multiple of 97: 9 x (letter - 11 x digit)."""
BASES = st.text(string.digits + string.ascii_uppercase, min_size=18, max_size=18)
LEIS = BASES.map(lambda base: base + check_digits(base))


def check_digits(base: str) -> str:
    """The two digits of ISO 7064 MOD 97-10, by its own recipe: remainder by remainder."""
    rest = 0
    for each in base + "00":
        for digit in str(int(each, 36)):
            rest = (rest * 10 + int(digit)) % 97
    return f"{98 - rest:02d}"


@pytest.mark.parametrize("lei", PUBLIC)
def test_published_identifiers_fit(lei: str) -> None:
    assert is_lei(lei)
    assert check_digits(lei[:18]) == lei[18:]


@given(LEIS)
def test_what_the_recipe_makes_fits(lei: str) -> None:
    assert is_lei(lei)


@given(LEIS, st.integers(0, 19), st.data())
def test_every_wrong_digit_and_every_wrong_letter_is_found(
    lei: str, place: int, data: st.DataObject
) -> None:
    alphabet = string.digits if lei[place].isdigit() else string.ascii_uppercase
    other = data.draw(st.sampled_from(alphabet.replace(lei[place], "")))
    assert not is_lei(lei[:place] + other + lei[place + 1 :])


@given(LEIS, st.integers(0, 18))
def test_every_exchange_of_neighbours_is_found_but_for_three_pairs(lei: str, place: int) -> None:
    first, second = lei[place], lei[place + 1]
    assume(first != second)
    changed = lei[:place] + second + first + lei[place + 2 :]
    unseen = {(first, second), (second, first)} & UNSEEN
    assert is_lei(changed) == bool(unseen and changed[18:].isdecimal())


def test_the_three_pairs_are_all_that_there_are() -> None:
    found = {
        (letter, digit)
        for letter, digit in product(string.ascii_uppercase, string.digits)
        if 9 * (int(letter, 36) - 11 * int(digit)) % 97 == 0
    }
    assert found == UNSEEN


@pytest.mark.parametrize(
    "text",
    ["", PUBLIC[0][:-1], PUBLIC[0] + "4", PUBLIC[0].lower(), " " + PUBLIC[0][1:], PUBLIC[0] + "\n"],
)
def test_another_form_is_none(text: str) -> None:
    assert not is_lei(text)


def test_digits_of_other_scripts_are_none() -> None:
    arabic = PUBLIC[0].translate({ord(str(each)): 0x660 + each for each in range(10)})
    assert not is_lei(arabic)


def with_lei(lei: str) -> list[Json]:
    """The parties of the example declaration, the foundry with an LEI."""
    parties: list[Json] = copy.deepcopy(DECLARATION["parties"])
    parties[2]["lei"] = lei
    return parties


@pytest.mark.parametrize("wrong", [f"{PUBLIC[0][:18]}49", "529900EXAMPLE0000112"])
def test_a_declaration_with_a_wrong_one_is_refused_at_its_place(wrong: str) -> None:
    world = World()
    decided = decide(world.submission({"parties": with_lei(wrong)}), trust=world.trust(), at=NOW)
    assert loads(decided.payload)["predicate"]["refusal"] == {
        "step": 4,
        "code": "schema-violation",
        "pointer": "/predicate/parties/2/lei",
    }
    faults = schemas.explain("declaration", world.declaration(parties=with_lei(wrong)))
    assert faults == [
        ("/parties/2/lei", "format: expected an LEI of ISO 17442 whose check digits fit")
    ]


def test_a_declaration_with_a_good_one_is_decided() -> None:
    world = World()
    submission = world.submission({"parties": with_lei(PUBLIC[2])})
    assert decide(submission, trust=world.trust(), at=NOW).refusal_code is None


def test_a_keyset_keeps_the_record_of_the_legal_entity() -> None:
    document = read_examples()["keyset-entity"]
    party = open_keyset(canonical(document)).party
    assert party.lei == document["party"]["lei"]
    assert party.ultimate_parent is not None
    assert party.ultimate_parent.country == "TW"
    assert party.sites is not None
    assert [each.address for each in party.sites] == ["1 Example Road"]


def test_a_keyset_with_a_wrong_one_is_refused_at_its_place() -> None:
    document = read_examples()["keyset-entity"]
    wrong = copy.deepcopy(document)
    wrong["party"]["lei"] = f"{PUBLIC[0][:18]}49"
    with pytest.raises(InputError) as caught:
        open_keyset(canonical(wrong))
    assert (caught.value.code, caught.value.pointer) == ("schema-violation", "/party/lei")


def test_a_list_of_real_ones_is_sorted_into_right_and_wrong(shared_dir: Path) -> None:
    path = shared_dir / "data" / "reference" / "lei_sample.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    for row in rows:
        assert is_lei(row["lei"]) == (row["iso7064_checksum_ok"] == "True")
