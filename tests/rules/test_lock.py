"""The lock: a locked edition never changes, and every edition that ships is locked."""

from __future__ import annotations

import pytest

from attest.cli import packs
from attest.data import data_dir
from attest.errors import RuleError
from attest.rules.lock import extended, read_lock, write_lock

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
LOCK = {"a/2026-11-24": ONE, "b/2026-11-24": TWO}
TEXT = f"{ONE}  a/2026-11-24\n{TWO}  b/2026-11-24\n"


def test_a_lock_is_read_and_written() -> None:
    assert read_lock(TEXT) == LOCK
    assert write_lock(LOCK) == write_lock(dict(reversed(LOCK.items()))) == TEXT
    assert read_lock("") == {}
    assert write_lock({}) == ""


def test_editions_are_added_and_older_ones_stay() -> None:
    assert extended(LOCK, {"a/2026-11-24": ONE, "a/2027-01-04": TWO}) == {
        **LOCK,
        "a/2027-01-04": TWO,
    }


def test_a_locked_edition_that_changed_is_refused() -> None:
    with pytest.raises(RuleError) as caught:
        extended(LOCK, {"b/2026-11-24": ONE, "a/2026-11-24": TWO, "c/2026-11-24": ONE})
    assert caught.value.code == "edition-changed"
    assert caught.value.detail == "a/2026-11-24, b/2026-11-24"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (f"{ONE} a/2026-11-24\n", "LOCK, line 1: not a digest, two spaces, and id/edition"),
        (f"{TEXT}\n", "LOCK, line 3: not a digest"),
        (TEXT + TEXT, "LOCK, line 3: the edition stands twice"),
        (f"{ONE}  a/soon\n", "LOCK, line 1: not a digest"),
        (f"{ONE[:-1]}  a/2026-11-24\n", "LOCK, line 1: not a digest"),
        (f"{ONE}  ../a/2026-11-24\n", "LOCK, line 1: not a digest"),
    ],
)
def test_a_lock_of_another_shape_is_refused(text: str, detail: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_lock(text)
    assert caught.value.code == "pack-invalid"
    assert caught.value.detail.startswith(detail)


def test_the_lock_holds_every_edition_that_ships_and_its_own_form() -> None:
    text = (data_dir("rules") / "LOCK").read_text(encoding="ascii")
    held = read_lock(text)
    assert write_lock(held) == text
    loaded = [packs.load(name).pack for name in packs.bundled()]
    editions = {f"{pack.id}/{pack.edition}": pack.digest for pack in loaded}
    assert extended(held, editions) == held
