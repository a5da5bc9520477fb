"""An edition is for ever: the same pairs score the same, on every Python.

If the digest differs, a score has changed: that is a new EDITION, with a line in the changelog.
"""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from importlib.metadata import version

from attest.encoding import digest
from attest.screening.addresses import address, nearness
from attest.screening.forms import forms, latin
from attest.screening.letters import of_known, spelt, without_later
from attest.screening.match import EDITION
from attest.screening.names import key
from attest.screening.scoring import likeness
from tests.screening.evasions import ADDRESS_KINDS, KINDS, evasions
from tests.screening.listed import ADDRESSES, NAMES, ORIGINALS

SCORES = {1: "sha256:8c9dcb631e5eb1544d1b8a440a725fe4a4d61011c0f12ca79480c0007572a70e"}
LETTERS = "sha256:5eea4743da73720247e7c39dcb7dd743d320ea80b99d7f4b511e4e6c433a4463"
KNOWN = "sha256:355aad5ce3c106b056566ecc059a3dff09db5b5fb163f3b972a3dacafd289ab5"
PINNED = {"rapidfuzz": "3.14.6", "opencc": "1.4.2", "pypinyin": "0.55.0", "anyascii": "0.3.3"}
_EVERY = 7
"""Of the characters of Unicode one in so many is tried; all of them take minutes."""
ASK = "from tests.screening.test_match_edition import scores; print(scores())"


def scores() -> str:
    """A digest over the scores of every invented name and address against every disguise of one."""
    found = [
        f"{listed}\t{name}\t{likeness(one, other)}"
        for _, listed, name in evasions([*NAMES, *ORIGINALS], KINDS)
        for each in (listed, NAMES[2])
        for one in forms(each)
        for other in forms(name)
    ]
    found += [
        f"{text}\t{nearness(address(text), address(other))}"
        for _, text, other in evasions([*ADDRESSES], ADDRESS_KINDS)
    ]
    return digest("\n".join(found).encode())


def test_scores_are_those_of_the_edition() -> None:
    assert scores() == SCORES[EDITION]


def test_scores_do_not_depend_on_the_seed_of_hashes() -> None:
    for seed in ("0", "1", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", ASK],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PATH": ""},
        )
        assert run.stdout.strip() == SCORES[EDITION]


def test_letters_do_not_depend_on_the_database_of_this_python() -> None:
    characters = [chr(code) for code in range(0, 0x110000, _EVERY) if not 0xD800 <= code < 0xE000]
    told = (
        f"{spelt(t)}\t{key(t)}\t{latin(t)}\t{forms(t)}" for t in (f"a{c}b {c}" for c in characters)
    )
    assert digest("\n".join(told).encode()) == LETTERS


def test_what_came_after_unicode_14_is_known_as_such() -> None:
    """A database that is newer than the table would know a character that the table does not."""
    assigned = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    known = [each for each in assigned if unicodedata.category(each) != "Cn"]
    left = without_later("".join(known))
    assert digest(left.encode()) == KNOWN


def test_a_later_character_stays_as_it_is() -> None:
    assert of_known(str.upper, "a\U00011f00b\U0001fae8") == "A\U00011f00B\U0001fae8"
    assert key("A\U00011f00 B") == "a\U00011f00b"
    assert forms("Huaxin\U00011f00") == forms("Huaxin")


def test_libraries_are_those_of_the_edition() -> None:
    assert {name: version(name) for name in PINNED} == PINNED
