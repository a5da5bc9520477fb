"""What a person sees: words, glyphs, colour, escapes, numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.cli.figures import in_words, without_cjk
from attest.cli.screen import Screen, json_bytes, visible


def screen(*, glyphs: bool = True, colour: bool = False, as_json: bool = False) -> Screen:
    return Screen(as_json=as_json, glyphs=glyphs, colour=colour, utf8=glyphs)


@pytest.mark.parametrize(
    ("word", "glyph", "fallback"),
    [("PASS", "✓", "+"), ("FAIL", "✗", "x"), ("HOLD", "!", "!"), ("N-A", "–", "-")],
)
def test_a_mark_always_carries_its_word(word: str, glyph: str, fallback: str) -> None:
    assert screen().mark(word) == f"{glyph} {word}"
    assert screen(glyphs=False).mark(word) == f"{fallback} {word}"
    assert word in screen(colour=True).mark(word)
    assert "\x1b[" in screen(colour=True).mark(word)


def test_no_colour_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Screen.open(as_json=False, plain=False).colour
    assert not Screen.open(as_json=False, plain=True).colour
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Screen.open(as_json=False, plain=False).colour


def test_results_and_tables_are_silent_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = screen(as_json=True)
    quiet.out("text")
    quiet.result("PASS", "name", "text")
    quiet.table(("a",), [("b",)])
    assert capsys.readouterr().out == ""
    quiet.document({"a": 1})
    assert capsys.readouterr().out == '{\n  "a": 1\n}\n'


def test_plain_tables_are_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    screen(glyphs=False).table(("name", "value"), [("limit", "30 萬")])
    printed = capsys.readouterr().out
    printed.encode("ascii")
    assert "limit" in printed
    assert "\\u842c" in printed


def test_without_utf8_the_unit_of_others_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    screen(glyphs=False).out(f"{in_words(28_430_000_000)} transistors, 天")
    printed = capsys.readouterr().out
    assert printed == "28,430,000,000 (28.43 billion) transistors, \\u5929\n"


def test_tables_take_words_of_others_literally(capsys: pytest.CaptureFixture[str]) -> None:
    screen().table(("[bold]name", "value"), [("[red]x[/red]", "a\x1b[31mb")])
    printed = capsys.readouterr().out
    assert "[red]x[/red]" in printed
    assert "\x1b" not in printed


def test_escapes_of_others_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a\x1b]0;title\x07b\u202ec\x9bd\re"
    screen().out(evil)
    screen().say(evil)
    screen().result("HOLD", evil, evil)
    printed = capsys.readouterr()
    for character in "\x1b\x07\u202e\x9b\r":
        assert character not in printed.out + printed.err


@given(st.text())
def test_visible_text_commands_nothing(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(
        character == "\n" or character.isprintable() or ord(character) > 0x9F for character in shown
    )


def test_json_for_people_is_utf8_and_ends_in_a_newline() -> None:
    assert json_bytes({"name": "天秋"}) == '{\n  "name": "天秋"\n}\n'.encode()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (999_999, "999,999"),
        (1_000_000, "1,000,000 (1 million, 100萬)"),
        (814_000_000, "814,000,000 (814 million, 8.14億)"),
        (28_430_000_000, "28,430,000,000 (28.43 billion, 284.3億)"),
        (28_430_112_640, "28,430,112,640 (over 28.4301 billion, over 284.3011億)"),
        (29_999_999_999, "29,999,999,999 (over 29.9999 billion, over 299.9999億)"),
        (30_000_000_000, "30,000,000,000 (30 billion, 300億)"),
        (1_200_000_000_000, "1,200,000,000,000 (1.2 trillion, 12,000億)"),
        (2**53 - 1, "9,007,199,254,740,991 (over 9,007.1992 trillion, over 90,071,992.5474億)"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


@given(st.integers(min_value=10**6, max_value=2**53 - 1))
def test_words_never_say_more_than_the_number(number: int) -> None:
    words = in_words(number, cjk=False)
    said = words.partition("(")[2].removeprefix("over ").removesuffix(")")
    figure, unit = said.split(" ")
    whole, _, decimals = figure.replace(",", "").partition(".")
    scale = {"million": 10**6, "billion": 10**9, "trillion": 10**12}[unit]
    told = int(whole) * scale + int(decimals.ljust(4, "0")) * scale // 10**4
    assert told <= number < told + scale // 10**4 + 1
    assert ("over" in words) == (told != number)


@pytest.mark.parametrize(
    "text",
    [
        "Training, 100億 parameters, 5萬 units",
        "5,000,000 (5 million, 900億)",
        "5,000,000 (5 million, 5百萬)",
        "天秋 (半導體), 2兆",
    ],
)
def test_only_what_the_digits_say_is_left_out(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """A person who signs on a plain terminal sees every word of others."""
    Screen(as_json=False, glyphs=False, colour=False, utf8=True).say(text)
    assert capsys.readouterr().err == f"{text}\n"


@given(st.integers(min_value=10**6, max_value=2**53 - 1), st.text("0123456789,() 億萬o"))
def test_a_number_keeps_its_digits_without_the_units_of_others(number: int, around: str) -> None:
    shown = without_cjk(f"{around}|{in_words(number)}|{around}")
    assert shown == f"{around}|{in_words(number, cjk=False)}|{around}"
